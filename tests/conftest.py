"""What every test stands on: nothing leaves loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import random
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.kit.postgresql import Server

# The same examples in every run, and no opinion about how fast a loaded machine draws them. `make test-all` draws many.
_DRAWN = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("project", max_examples=40, **_DRAWN)
settings.register_profile("thorough", max_examples=150, **_DRAWN)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))

_KNOWN_NAMES = {None, "", "localhost", b"localhost", socket.gethostname()}
_attempts: list[str] = []
_live_test = False  # a test marked `live` runs now, which may reach its platform

pytest.register_assert_rewrite("tests.kit")


# What the policy sweep draws; workers inherit it from the process that starts them.
os.environ.setdefault("SWEEP_SEED", str(random.randrange(1_000_000)))


def pytest_report_header() -> str:
    """Say which scenarios this run draws from the policy's fact space."""
    seed = os.environ["SWEEP_SEED"]
    return f"policy sweep: seed {seed} (SWEEP_SEED={seed} draws the same scenarios again)"


class LeavesLoopback(RuntimeError):
    """A test tried to reach another machine."""


def _is_local(host: object) -> bool:
    if _live_test:
        return True
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in _KNOWN_NAMES:
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%", maxsplit=1)[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _refuse(what: str) -> LeavesLoopback:
    message = f"{what}: tests reach nothing beyond loopback; serve it on 127.0.0.1 or inject a transport"
    _attempts.append(message)
    return LeavesLoopback(message)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse connections and name look-ups beyond 127.0.0.0/8, ::1 and AF_UNIX, whoever makes them."""
    patch = pytest.MonkeyPatch()

    def guard_address(name: str, position: int) -> None:
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, *arguments: object) -> object:
            address = arguments[min(position, len(arguments) - 1)]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
                raise _refuse(f"socket.{name} to {address!r}")
            return original(self, *arguments)

        patch.setattr(socket.socket, name, guarded)

    guard_address("connect", 0)
    guard_address("connect_ex", 0)
    guard_address("sendto", 2)  # sendto(data, [flags,] address)

    look_up, look_up_async = socket.getaddrinfo, asyncio.BaseEventLoop.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        if not _is_local(host):
            raise _refuse(f"getaddrinfo of {host!r}")
        return look_up(host, *arguments, **options)

    async def getaddrinfo_async(self, host, *arguments, **options):
        if not _is_local(host):
            raise _refuse(f"loop.getaddrinfo of {host!r}")
        return await look_up_async(self, host, *arguments, **options)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo_async)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _no_authorities() -> Iterator[None]:
    """Read no list of trusted authorities: nothing on loopback shows a certificate, and reading it takes long."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _tell_who_left_loopback(_loopback_only: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that tried, also when the code under test swallowed the refusal."""
    global _live_test  # noqa: PLW0603 - the guard is patched into the socket module, for the whole session
    _attempts.clear()
    _live_test = request.node.get_closest_marker("live") is not None
    yield
    _live_test = False
    if _attempts:
        pytest.fail("; ".join(_attempts), pytrace=False)


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was skipped, but for tests that need a real platform's credentials or Node.js."""
    if report.skipped and not {"live", "needs_node"} & set(report.keywords) and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run with skips where everything a test needs is said to be there (continuous integration)."""
    if _skipped and os.environ.get("ORDER_GATEWAY_FORBID_SKIPS") == "1":
        print(f"\nskips are forbidden here (ORDER_GATEWAY_FORBID_SKIPS): {', '.join(_skipped)}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# Databases. A test that asks for `database_url` or `empty_database_url` runs on each of them.

_ALWAYS_ON_BOTH = {"storage", "work"}  # folders
# Where cases race and die. What else there is about them says the same on either database.
_CASES_ON_BOTH = {
    "test_case.py",
    "test_effects.py",
    "test_overtaken.py",
}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which tests there are; leave PostgreSQL to `make test-all` where the statements are not what is tried."""
    from tests.kit.found import FOUND  # noqa: PLC0415 - before its first import, rewriting of the kit's asserts is asked for

    config.stash[FOUND] = {item.nodeid.partition("[")[0] for item in items}
    for item in items:
        if (
            item.get_closest_marker("postgresql") is not None
            and item.get_closest_marker("on_both") is None
            and item.path.parent.name not in _ALWAYS_ON_BOTH
            and not (item.path.parent.name == "cases" and item.path.name in _CASES_ON_BOTH)
        ):
            item.add_marker(pytest.mark.slow)


_EACH_DATABASE = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server, started when the first test needs it."""
    from tests.kit.postgresql import running_server  # noqa: PLC0415 - most tests need none

    starting = running_server()
    try:
        server = starting.__enter__()
    except Exception as error:
        pytest.skip(f"no PostgreSQL server can be started here ({error}); TEST_POSTGRES_URL names another")
    yield server
    starting.__exit__(None, None, None)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with this release's tables, to be copied: making them takes longer."""
    from gateway.storage.migrate import upgrade  # noqa: PLC0415 - most tests need none

    file = tmp_path_factory.mktemp("template") / "gateway.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def make_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Make a fresh database of a kind, with this release's tables or empty, and return its URL."""

    def make(kind: str, folder: Path | None = None, *, empty: bool = False) -> str:
        if kind == "postgresql":
            server: Server = request.getfixturevalue("postgresql")
            return server.empty() if empty else server.migrated()
        file = (folder or tmp_path_factory.mktemp("database")) / "gateway.db"
        if not empty:
            shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"

    return make


@pytest.fixture(params=_EACH_DATABASE)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, make_database_url: Callable[..., str]
) -> Iterator[str]:
    """A database with this release's tables."""
    yield from _made(request, make_database_url(request.param, tmp_path))


@pytest.fixture(params=_EACH_DATABASE)
def empty_database_url(
    request: pytest.FixtureRequest, tmp_path: Path, make_database_url: Callable[..., str]
) -> Iterator[str]:
    """A database without tables."""
    yield from _made(request, make_database_url(request.param, tmp_path, empty=True))


def _made(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    yield url
    if server is not None:
        server.give_back(url)

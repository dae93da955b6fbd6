"""The command as a person runs it, over a data folder of its own and, where asked, a simulator's real HTTP."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from typer.main import get_command
from typer.testing import CliRunner

from gateway.bootstrap import running
from gateway.cli.app import build
from mocks.kit.running import serve


@dataclass(frozen=True, slots=True)
class Ended:
    """What one run printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


_app = functools.cache(lambda: build(running))


@pytest.fixture(autouse=True, scope="session")
def _one_command() -> Iterator[None]:
    """Put the command together once, not at each run of it: that takes longer than most runs."""
    patch = pytest.MonkeyPatch()
    patch.setattr("typer.testing._get_command", functools.cache(get_command))
    yield
    patch.undo()


class Command:
    """Runs ``gateway`` in this process."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.app = _app()

    def __call__(self, *arguments: object, env: dict[str, str] | None = None) -> Ended:
        given = ["--data", str(self.data), *(str(each) for each in arguments)]
        ended = CliRunner().invoke(self.app, given, env={"COLUMNS": "200", **(env or {})})
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def done(self, *arguments: object, env: dict[str, str] | None = None) -> Any:
        """Run with ``--json``, expect success, and return the document."""
        ended = self(*arguments, "--json", env=env)
        assert ended.code == 0, ended
        return ended.json


@dataclass(frozen=True, slots=True)
class Shopee:
    """A running simulator's levers."""

    base_url: str
    client: httpx.Client

    def read(self, path: str) -> Any:
        return self.client.get(f"{self.base_url}/_mock{path}").raise_for_status().json()

    def do(self, path: str, what: object) -> Any:
        return self.client.post(f"{self.base_url}/_mock{path}", json=what).raise_for_status().json()

    def orders(self, **like: str) -> list[dict[str, Any]]:
        told = self.read("/orders")
        found = told["orders"] if isinstance(told, dict) else told
        return [each for each in found if all(each[name] == value for name, value in like.items())]

    def effects(self) -> list[dict[str, Any]]:
        told = self.read("/effects")
        return told["effects"] if isinstance(told, dict) else told


@contextmanager
def _in_a_thread(orders: int) -> Iterator[str]:
    """Serve a simulator from a loop of its own, for the command makes its own loop each time."""
    started, addresses = threading.Event(), {}
    loop = asyncio.new_event_loop()
    stop: asyncio.Event = asyncio.Event()

    async def main() -> None:
        async with serve(platforms=["shopee"], orders=orders, clock="real") as served:
            addresses.update(served)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    assert started.wait(60), "the simulator did not start"
    try:
        yield addresses["shopee"]["base_url"]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


@pytest.fixture(autouse=True)
def _quiet_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away what a run set for the log: it writes to a stream that ends with the run."""
    monkeypatch.delenv("ORDER_GATEWAY_DATA", raising=False)
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = before
    structlog.reset_defaults()


@pytest.fixture
def gateway(tmp_path: Path) -> Command:
    """Return the command over a folder that is not there yet."""
    return Command(tmp_path / "data")


@pytest.fixture
def made(gateway: Command) -> Command:
    """Return the command over a fresh data folder."""
    gateway.done("init")
    return gateway


@pytest.fixture
def shopee() -> Iterator[Shopee]:
    """Run a simulator with 40 orders in five shops, on the real clock."""
    with _in_a_thread(40) as base_url, httpx.Client(trust_env=False, timeout=30) as client:
        yield Shopee(base_url, client)


@pytest.fixture
def start_shopee() -> Iterator[Callable[[], Shopee]]:
    """Return what runs one more simulator, which starts like any other."""
    with ExitStack() as stack:

        def start() -> Shopee:
            base_url = stack.enter_context(_in_a_thread(40))
            return Shopee(base_url, stack.enter_context(httpx.Client(trust_env=False, timeout=30)))

        yield start


@pytest.fixture
def registered(made: Command, shopee: Shopee) -> Command:
    """Return the command whose gateway knows the simulator's app as ``demo``."""
    told = shopee.read("/credentials")
    secret = {"APP_SECRET": told["partner_key"]}
    made.done(
        "apps", "add", "demo", "--platform", "shopee", "--key", told["partner_id"], "--secret-env", "APP_SECRET",
        "--base-url", shopee.base_url, env=secret,
    )  # fmt: skip
    return made


@pytest.fixture
def connected(registered: Command, shopee: Shopee) -> Command:
    """Return the command whose gateway has all five shops."""
    told = shopee.read("/credentials")
    registered.done(
        "stores", "connect", "--app", "demo", "--code", told["auth_codes"][0],
        "--main-account-id", told["main_account_id"],
    )  # fmt: skip
    return registered


@pytest.fixture
def pulled(connected: Command) -> Command:
    """Return the command whose gateway has pulled all orders once."""
    connected.done("sync")
    return connected


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

"""Taking pushes in: server CPU a request against a bare handler that only reads the body and checks the same HMAC.

`python -m tests.bench.receiver bare|ours|peer --folder DIR` serves one of them; each line on its input is answered
with the CPU seconds it has used so far. The load comes from another process, over 64 connections, each push another.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from aiohttp import web

from gateway.api.webhooks import add_webhooks
from gateway.clock import SystemClock
from gateway.inbox.receive import LARGEST_BODY, Receiver
from gateway.model.store import App, AppSecret
from gateway.registry import adapter_for
from gateway.storage import stores
from gateway.storage.database import Database
from gateway.storage.migrate import upgrade
from gateway.storage.vault import Vault
from tests.bench.processes import server_cpu

ROOT = Path(__file__).resolve().parents[2]
KEY = "bench-push-key"
URL = "http://gateway.example.com/webhooks/shopee"
PATH = "/webhooks/shopee"
CONNECTIONS = 64
KINDS = ("bare", "ours", "peer")


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of requests cost the server (CPU seconds each), and how the client saw them."""

    cpu: float
    per_second: float
    p99: float


def push(number: int) -> bytes:
    """Return a push of some 470 bytes, unlike any other."""
    data = {"ordersn": f"2611{number:010d}", "status": "READY_TO_SHIP", "update_time": 1_795_000_000, "items": []}
    body = {
        "code": 3,
        "shop_id": 301000101,
        "timestamp": 1_795_000_000,
        "data": data | {"completed_scenario": "x" * 290},
    }
    return json.dumps(body).encode()


def request(number: int) -> bytes:
    """Return the whole request of a push, signed as Shopee signs."""
    body = push(number)
    sign = hmac.new(KEY.encode(), URL.encode() + b"|" + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {sign}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


# the servers


def bare() -> web.Application:
    """Return the yardstick: aiohttp, the body read, the signature checked, nothing kept."""
    key, prefix = KEY.encode(), URL.encode() + b"|"

    async def take(received: web.Request) -> web.Response:
        body = await received.read()
        expected = hmac.digest(key, prefix + body, "sha256").hex()
        if not hmac.compare_digest(expected, received.headers.get("Authorization", "")):
            return web.Response(status=401)
        return web.Response()

    app = web.Application(client_max_size=1024 * 1024)
    app.router.add_post("/webhooks/{platform}", take)
    return app


async def _serve_application(app: web.Application, ready: Callable[[int], Awaitable[None]]) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await ready(runner.addresses[0][1])
    await runner.cleanup()


async def _serve_ours(folder: Path, ready: Callable[[int], Awaitable[None]], url: str = "") -> None:
    url = url or f"sqlite:///{folder / 'gateway.db'}"
    upgrade(url)
    database, vault = Database.open(url, lock=folder / "lock"), Vault(bytes(32))
    app = App(id="bench", platform="shopee", key="1", base_url="http://127.0.0.1:9")
    secret = AppSecret(sign_key="sign", push_key=KEY)
    await database.write(lambda c: stores.add_app(c, vault, app, secret, datetime.now(UTC)))
    receiver = Receiver(
        database=database,
        vault=vault,
        clock=SystemClock(),
        adapter_for=adapter_for,
        base_url="http://gateway.example.com",
    )
    site = web.Application(client_max_size=LARGEST_BODY)
    add_webhooks(site, receiver)
    await _serve_application(site, ready)
    await database.close()


async def _answer_questions(port: int) -> None:
    """Tell the port, then answer each line with the CPU used so far, until the input ends."""
    print(port, flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--database", default="", help="a PostgreSQL database for `ours`, instead of SQLite")
    arguments = parser.parse_args()
    if arguments.kind == "peer":
        from tests.bench.receiver_peer import serve  # noqa: PLC0415 - it needs what the bench extra installs

        uvloop.run(serve(arguments.folder, _answer_questions))
    elif arguments.kind == "ours":
        uvloop.run(_serve_ours(arguments.folder, _answer_questions, arguments.database))
    else:
        uvloop.run(_serve_application(bare(), _answer_questions))


# the load


class Server:
    """One server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._sent = 0
        self.port = int(self._line())

    def cpu(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def load(self, count: int) -> Load:
        """Send ``count`` pushes that were never sent to it before, and check that each was taken."""
        requests = [request(number) for number in range(self._sent, self._sent + count)]
        self._sent += count
        before = self.cpu()
        began = time.perf_counter()
        took = uvloop.run(_send(self.port, requests))
        wall = time.perf_counter() - began
        return Load((self.cpu() - before) / count, count / wall, sorted(took)[int(len(took) * 0.99)])

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server ended: its message stands above")
        return line


@contextmanager
def server(kind: str, database: str = "") -> Iterator[Server]:
    """Yield a server of a kind, with a fresh database: SQLite, or the empty one named."""
    with TemporaryDirectory(prefix="order-gateway-bench-") as folder:
        command = [sys.executable, "-W", "ignore", "-m", "tests.bench.receiver", kind, "--folder", folder]
        command += ["--database", database] if database else []
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            try:
                yield Server(process)
            finally:
                process.stdin.close()  # ends it


def measure(*, rounds: int, count: int, peer_count: int) -> dict[str, list[Load]]:
    """Load each server in turn, ``rounds`` times; the peer only where it is installed, with fewer requests."""
    kinds = [kind for kind in KINDS if kind != "peer" or peer_is_installed()]
    taken: dict[str, list[Load]] = {kind: [] for kind in kinds}
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(server(kind)) for kind in kinds}
        for one in servers.values():
            one.load(200)  # warm
        for _ in range(rounds):
            for kind, one in servers.items():
                taken[kind].append(one.load(peer_count if kind == "peer" else count))
    return taken


@dataclass(frozen=True, slots=True)
class OnServer:
    """The receiver on PostgreSQL beside the bare handler, and the CPU of the database server a push."""

    ours: list[Load]
    bare: list[Load]
    database: list[float]


def measure_on_server(url: str, *, rounds: int, count: int) -> OnServer:
    """Load the bare handler and ours on the empty PostgreSQL database ``url`` in turn."""
    taken = OnServer([], [], [])
    with server("bare") as bare, server("ours", url) as ours:
        for one in (bare, ours):
            one.load(200)  # warm
        for _ in range(rounds):
            taken.bare.append(bare.load(count))
            before = server_cpu(url)
            taken.ours.append(ours.load(count))
            taken.database.append((server_cpu(url) - before) / count)
    return taken


def peer_is_installed() -> bool:
    """Say whether the do-it-yourself peer can be run here."""
    return all(find_spec(name) for name in ("fastapi", "uvicorn", "aiosqlite"))


async def _send(port: int, requests: Sequence[bytes]) -> list[float]:
    took: list[float] = []
    rest = iter(requests)
    await asyncio.gather(*(_connection(port, rest, took) for _ in range(CONNECTIONS)))
    return took


async def _connection(port: int, rest: Iterator[bytes], took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for raw in rest:
        began = time.perf_counter()
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200") or b"content-length: 0\r\n" not in head.lower():
            raise RuntimeError(f"a push was not acknowledged: {head[:60]!r}")
        took.append(time.perf_counter() - began)
    writer.close()


if __name__ == "__main__":
    main()

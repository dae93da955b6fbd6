"""The processes of one measurement: a canned server, and beside it one puller at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of one pull."""

    wall: float
    cpu: float


def cpu_seconds() -> float:
    """Return the CPU time this process has taken, and those of its children that have ended."""
    return sum(os.times()[:4])


def server_cpu(url: str) -> float:
    """Return the CPU seconds that the PostgreSQL server at ``url`` has taken, all its processes; 0 for SQLite.

    The server must run on this machine.
    """
    if url.startswith("sqlite"):
        return 0.0
    import psycopg  # noqa: PLC0415 - it is there with PostgreSQL's only

    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        times = {int(path.name): _times(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        first = times[backend].parent
        own = times[first]
        alive = sum(each.used for each in times.values() if each.parent == first)
        return own.used + own.ended + alive


@dataclass(frozen=True, slots=True)
class _Times:
    parent: int
    used: float  # CPU seconds
    ended: float  # of its children that have ended


def _times(process: Path) -> _Times:
    """Read a process's times; see proc(5)."""
    try:
        fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:  # it has just ended
        return _Times(0, 0.0, 0.0)
    tick = os.sysconf("SC_CLK_TCK")
    user, system, user_ended, system_ended = (int(each) / tick for each in fields[11:15])
    return _Times(int(fields[1]), user + system, user_ended + system_ended)


@contextmanager
def canned_server(orders: int, latency: float) -> Iterator[str]:
    """Yield the URL of a canned server in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.canned", "--orders", str(orders), "--latency", str(latency)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = server.stdout.readline().strip()
            if not port:
                raise RuntimeError("the canned server did not start: its message stands above")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stdin.close()  # ends it


def pull_in_process(module: str, url: str, orders: int, *more: str) -> Measured:
    """Run one puller in a process of its own, into a new folder; it checks what it stored."""
    with tempfile.TemporaryDirectory(prefix="order-gateway-bench-") as folder:
        command = [sys.executable, "-W", "ignore", "-m", f"tests.bench.{module}", "--url", url]
        command += ["--orders", str(orders), "--folder", folder, *more]
        done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"tests.bench.{module} failed: its message stands above")
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(told["wall"], told["cpu"])

"""The guard of tests/conftest.py, tried on tests of their own in a process of their own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each of these must fail, the last two although the code under test swallows what happened.
LEAVERS = """
import asyncio, socket
from gateway.transport.client import make_client

def test_connect():
    with socket.socket() as s:
        s.connect(("203.0.113.7", 80))

def test_connect_ex():
    with socket.socket() as s:
        s.connect_ex(("203.0.113.7", 80))

def test_connect_v6():
    with socket.socket(socket.AF_INET6) as s:
        s.connect(("2001:db8::1", 80))

def test_datagram():
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("203.0.113.7", 53))

def test_name():
    socket.getaddrinfo("platform.example", 443)

def test_swallowed_name():
    async def call():
        try:
            await asyncio.open_connection("platform.example", 443)
        except Exception:
            pass
    asyncio.run(call())

def test_swallowed_by_the_client():
    async def call():
        async with make_client() as client:
            try:
                await client.get("https://203.0.113.7/orders")
            except Exception:
                pass
    asyncio.run(call())
"""


def test_tests_that_leave_loopback_fail_and_say_so(tmp_path: Path) -> None:
    file = tmp_path / "test_leavers.py"
    file.write_text(LEAVERS, "utf-8")
    options = ["-q", "-rEf", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400"}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for name in re.findall(r"def (test_\w+)", LEAVERS):
        line = [line for line in said.splitlines() if f"::{name} " in line and "beyond loopback" in line]
        assert line, f"{name} was not failed by the guard:\n{said}"


def test_loopback_and_unix_sockets_work(tmp_path: Path) -> None:
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, str(tmp_path / "s"))):
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind(address)
            server.listen()
            client.connect(server.getsockname())
    assert socket.getaddrinfo("localhost", 80)

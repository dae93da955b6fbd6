"""MOCKS.md: the `gateway-mocks` command as a process: the ready line, the ports, the clock, a clean end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    pass


def entries(answer: Any) -> list[dict[str, Any]]:
    return list(answer if isinstance(answer, list) else answer["orders"])


async def started(*args: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    command = Path(sys.executable).with_name("gateway-mocks")
    process = await asyncio.create_subprocess_exec(
        str(command),
        *args,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    if not line:
        assert process.stderr is not None
        pytest.fail((await process.stderr.read()).decode())
    return process, json.loads(line)


async def ended(process: asyncio.subprocess.Process) -> int:
    process.terminate()
    await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode is not None
    return process.returncode


def free_base_port() -> int:
    """A port whose next one (Shopee's) is free right now."""
    import socket  # noqa: PLC0415 - only this test asks the system for ports

    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 65_000:
            return port - 1


async def test_the_command_says_when_it_listens_and_where() -> None:
    base = free_base_port()
    process, ready = await started(
        "--base-port", str(base), "--platforms", "shopee", "--seed", "7", "--orders", "12", "--clock", "virtual"
    )
    try:
        url = f"http://127.0.0.1:{base + 1}"
        assert ready == {
            "ready": True,
            "platforms": {"shopee": {"base_url": url, "control_url": url + "/_mock"}},
        }
        async with aiohttp.ClientSession() as http, http.get(url + "/_mock/orders") as answer:
            assert len(entries(await answer.json())) == 12
    finally:
        code = await ended(process)
    assert code == 0


async def test_the_commands_own_clock_is_real() -> None:
    process, ready = await started("--base-port", "0", "--platforms", "shopee", "--orders", "1")
    try:
        control = ready["platforms"]["shopee"]["control_url"]
        async with aiohttp.ClientSession() as http:

            async def now() -> datetime:
                async with http.get(control + "/clock") as answer:
                    return datetime.fromisoformat((await answer.json())["now"])

            first = await now()
            async with http.post(control + "/clock", json={"advance": "PT6H"}) as answer:
                assert answer.status == 200
            later = await now()
            assert 21_600 <= (later - first).total_seconds() < 21_660
    finally:
        await ended(process)

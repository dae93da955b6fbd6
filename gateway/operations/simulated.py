"""Platform simulators in a process of their own, and the door to their control API."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway.errors import ConfigurationError
from gateway.transport.client import Timeouts, make_client

_START_WITHIN = 30  # seconds of real time
_STOP_WITHIN = 5
_PATIENCE = Timeouts(read=300.0)  # a jump of the clock takes as long as all it fires, and its pushes, take


class Simulator:
    """One simulated platform, as its own books and levers show it. Knows nothing of adapters."""

    def __init__(self, base_url: str, control_url: str) -> None:
        self.base_url = base_url
        self.control_url = control_url
        self._client = make_client(timeouts=_PATIENCE)

    async def read(self, path: str) -> Any:
        """Return what the control API tells at ``path``."""
        return self._checked(await self._client.get(f"{self.control_url}{path}"))

    async def do(
        self, path: str, what: Mapping[str, object] | list[Mapping[str, object]], *, method: str = "POST"
    ) -> Any:
        """Pull a lever."""
        return self._checked(await self._client.request(method, f"{self.control_url}{path}", json=what))

    async def orders(self) -> list[dict[str, Any]]:
        """Return every order as the simulator knows it."""
        told = await self.read("/orders")
        found: list[dict[str, Any]] = told["orders"] if isinstance(told, dict) else told
        return found

    async def act(self, order_id: str, act: str, **details: object) -> None:
        """Be the buyer, the courier or the platform for one act."""
        await self.do(f"/orders/{order_id}/acts", {"act": act, **details})

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.aclose()

    def _checked(self, response: Any) -> Any:
        if response.status_code >= 400:
            raise ConfigurationError(f"The simulator refused {response.request.url.path}: {response.text[:300]}")
        return response.json()


async def flow_again(control_url: str) -> None:
    """Let the clock of running simulators flow again after it was made to stand still."""
    door = Simulator("", control_url)
    try:
        await door.do("/clock", {"stands": False})
    finally:
        await door.close()


@asynccontextmanager
async def simulators(*, platforms: str, orders: int, seed: int, push_to: str) -> AsyncIterator[dict[str, Simulator]]:
    """Start ``gateway-mocks`` on free ports, pushing to ``push_to``, and yield a door to each platform.

    The process ends with the block. Raises ConfigurationError when it does not start.
    """
    arguments = [
        "--base-port",
        "0",
        "--platforms",
        platforms,
        "--orders",
        str(orders),
        "--seed",
        str(seed),
        "--push-to",
        push_to,
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mocks.serve",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    doors: dict[str, Simulator] = {}
    try:
        ready = await _ready(process)
        doors = {name: Simulator(at["base_url"], at["control_url"]) for name, at in ready["platforms"].items()}
        yield doors
    finally:
        for door in doors.values():
            await door.close()
        await _stop(process)


async def _ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 - for the type checker: it was asked for
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_WITHIN)
    except TimeoutError:
        line = b""
    if not line:
        raise ConfigurationError(
            "The simulators did not start; what they wrote stands above. Try `gateway-mocks --base-port 9100` by hand."
        )
    ready: dict[str, Any] = json.loads(line)
    return ready


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()

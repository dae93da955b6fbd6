"""Gateway commands as processes of their own: a daemon that can be killed, a command that can be asked."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError

_START_WITHIN = 60  # seconds of real time
_STOP_WITHIN = 20


def _command(data: Path, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "gateway", "--data", str(data), "--json", *arguments)


class Daemon:
    """``gateway serve`` on a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until all its roles run. Raises GatewayError when it does not start."""
        self._process = await asyncio.create_subprocess_exec(
            *_command(self._data, "serve"), stdout=asyncio.subprocess.PIPE, stderr=None
        )
        assert self._process.stdout is not None  # noqa: S101 - for the type checker: it was asked for
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _START_WITHIN)
        except TimeoutError:
            line = b""
        if not line:
            raise GatewayError("The daemon did not start; what it wrote stands above.")

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            # reads what it still writes, so that it never waits for a full pipe
            await asyncio.wait_for(process.communicate(), _STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


async def ask(data: Path, *arguments: str) -> Any:
    """Run one ``gateway`` command and return what it printed. Raises GatewayError with its words when it fails."""
    process = await asyncio.create_subprocess_exec(
        *_command(data, *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        said = err.decode()[-500:] or out.decode()[-2000:]
        raise GatewayError(f"`gateway {' '.join(arguments)}` ended with {process.returncode}: {said}")
    return json.loads(out)

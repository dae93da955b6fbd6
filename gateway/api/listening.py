"""Where the web server listens."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.errors import ConfigurationError


class AddressTaken(ConfigurationError):
    """Another program listens there already, a running gateway most likely."""


@asynccontextmanager
async def listening(app: web.Application, listen: str) -> AsyncIterator[str]:
    """Serve ``app`` at ``listen`` (host:port) and yield its address; port 0 takes a free one.

    Raises ConfigurationError when ``listen`` is malformed or cannot be had, AddressTaken when it is in use.
    """
    host, port = _host_and_port(listen)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)  # an access log would hold codes
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            kind = AddressTaken if error.errno == errno.EADDRINUSE else ConfigurationError
            raise kind(
                f"listen: {listen} cannot be had ({error.strerror or error}). "
                "Stop what listens there, or set another address in gateway.yaml."
            ) from None
        bound = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        await runner.cleanup()


def _host_and_port(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(f"listen: {listen!r} is not host:port. Write it like 127.0.0.1:8600 in gateway.yaml.")
    return host.strip("[]") or "127.0.0.1", int(port)

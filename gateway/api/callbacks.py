"""The page to which a platform sends a seller's browser after an authorisation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from html import escape

import structlog
from aiohttp import web

from gateway.api.health import add_health
from gateway.api.listening import AddressTaken, listening
from gateway.errors import AuthError, ConfigurationError, GatewayError, Unavailable
from gateway.operations.connecting import (
    Connected,
    Link,
    connect_link,
    connect_with_state,
    connected_by,
    no_callback,
)
from gateway.operations.context import Context
from gateway.operations.remote.asking import Asking

log = structlog.get_logger(__name__)

Connect = Callable[[str, Mapping[str, str]], Awaitable[list[Connected]]]
"""Connects the stores that a platform's callback brings."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Order Gateway</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }}</style>
</head><body><h1>{title}</h1>{body}</body></html>
"""
_NOT_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # the address holds a code


def add_callbacks(
    app: web.Application,
    context: Context,
    on_connected: Callable[[Sequence[Connected]], None],
    connect: Connect | None = None,
) -> None:
    """Serve ``/oauth/{platform}/callback``; ``on_connected`` hears of every callback that connected stores.

    ``connect`` acts on what a callback brings; without it this process does, which must hold the lock.
    """
    connect = connect or partial(connect_with_state, context)

    async def callback(request: web.Request) -> web.Response:
        platform = request.match_info["platform"]
        try:
            context.adapter_for(platform)
        except ConfigurationError:
            raise web.HTTPNotFound(text="No such platform.\n") from None
        try:
            connected = await connect(platform, dict(request.query))
        except GatewayError as error:
            log.warning("connect.failed", platform=platform, error=type(error).__name__)
            status = 502 if isinstance(error, AuthError | Unavailable) else 400
            return _page("The shop was not connected", [str(error)], status)
        on_connected(connected)
        log.info("connect.done", platform=platform, stores=[each.store.id for each in connected])
        told = [
            f"{each.store.id} ({each.store.region}): {'connected' if each.new else 'connected again'}, "
            f"mode {each.store.mode}"
            for each in connected
        ]
        return _page("Connected", [*told, "You may close this page."], 200)

    app.router.add_get("/oauth/{platform}/callback", callback)


async def connect_by_callback(
    context: Context,
    ask: Asking,
    app_id: str,
    redirect_url: str | None,
    *,
    told: Callable[[Link], None],
    patience: float,
) -> list[Connected] | Link:
    """Tell the link a seller opens, wait for the platform's callback, and return the stores it connected.

    ``context`` may be read-only: ``ask`` does what writes. When a running gateway listens at the configured address
    the callback is left to it; when another program does, the link is returned.
    Raises Unavailable when no callback has come within ``patience`` seconds of real time, NotFound for an unknown app.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[list[Connected]] = loop.create_future()

    def hear(connected: Sequence[Connected]) -> None:
        if not arrived.done():
            arrived.set_result(list(connected))

    async def connect(platform: str, query: Mapping[str, str]) -> list[Connected]:
        return await ask(connect_with_state, platform, query)

    app = web.Application(client_max_size=64 * 1024)
    add_callbacks(app, context, hear, connect)
    add_health(app, context)
    try:
        async with listening(app, context.configuration.listen) as address:
            base = context.configuration.public_url or address
            link = await ask(connect_link, app_id, redirect_url, base=base)
            told(link)
            try:
                async with asyncio.timeout(patience):
                    return await arrived
            except TimeoutError:
                raise no_callback(link, patience) from None
    except AddressTaken:
        link = await ask(connect_link, app_id, redirect_url)
        told(link)
        return await ask(connected_by, link, patience) if await ask.answered() else link


def _page(title: str, sentences: Sequence[str], status: int) -> web.Response:
    body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    page = _PAGE.format(title=escape(title), body=body)
    return web.Response(text=page, status=status, content_type="text/html", headers=_NOT_KEPT)

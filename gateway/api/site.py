"""The web server of a running gateway, put together from its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.api.callbacks import add_callbacks
from gateway.api.health import add_health
from gateway.api.listening import listening
from gateway.api.webhooks import add_webhooks
from gateway.inbox.receive import LARGEST_BODY
from gateway.operations.context import Context
from gateway.operations.serving import Pages


@asynccontextmanager
async def open_site(context: Context, pages: Pages) -> AsyncIterator[str]:
    """Serve ``pages`` where the configuration says and yield the address. Raises ConfigurationError as `listening`.

    Where no public address is configured, pushes are taken as signed for the one this machine listens at.
    """
    app = web.Application(client_max_size=LARGEST_BODY)
    add_health(app, context)
    if pages.on_connected is not None:
        add_callbacks(app, context, pages.on_connected)
    if pages.receiver is not None:
        add_webhooks(app, pages.receiver)
    async with listening(app, pages.listen or context.configuration.listen) as address:
        if pages.receiver is not None:
            pages.receiver.listens_at(context.configuration.public_url or address)
        yield address

"""Whether the gateway is well enough to be sent to."""

from __future__ import annotations

import structlog
from aiohttp import web
from sqlalchemy import text

from gateway.operations.context import Context

log = structlog.get_logger(__name__)


def add_health(app: web.Application, context: Context) -> None:
    """Serve ``/healthz``: 200 when the database answers, 503 when not."""

    async def health(_request: web.Request) -> web.Response:
        try:
            await context.database.read(lambda c: c.execute(text("select 1")).scalar_one())
        except Exception as error:
            log.warning("health.failed", error=type(error).__name__)
            return web.json_response({"status": "failing", "part": "database"}, status=503)
        return web.json_response({"status": "ok"})

    app.router.add_get("/healthz", health)

"""Where platforms push to: ``/webhooks/{platform}``, and ``/webhooks/{platform}/{app}`` for further apps."""

from __future__ import annotations

import structlog
from aiohttp import web

from gateway.errors import BadSignature, NotFound, RateLimited
from gateway.inbox.receive import RETRY_AFTER, Receiver

log = structlog.get_logger(__name__)


def add_webhooks(app: web.Application, receiver: Receiver) -> None:
    """Serve the addresses of pushes.

    A push that is on disk gets the platform's own acknowledgement. 401: its signature is not the platform's; 404: no
    such platform or app; 413: more than 1 MB; 503 with Retry-After: it was not stored and should come again.
    """

    async def push(request: web.Request) -> web.Response:
        where = request.match_info
        platform, app_id = where["platform"], where.get("app")
        path = f"/webhooks/{platform}" if app_id is None else f"/webhooks/{platform}/{app_id}"
        if query := request.rel_url.raw_query_string:
            path = f"{path}?{query}"  # part of the address as it is registered, which signatures may cover
        try:
            receiver.check_room()  # before the body is taken into memory
            body = await request.read()
            answer = await receiver.take(platform, app_id, path, request.headers, body)
        except BadSignature:
            return web.Response(status=401)
        except NotFound:
            return web.Response(status=404)
        except RateLimited as full:
            return _later(full.retry_after or RETRY_AFTER)
        except web.HTTPException:
            raise  # 413
        except Exception as error:  # it is not on disk, whatever happened: the platform must send it again
            log.warning("push.not_taken", error=type(error).__name__)
            return _later(RETRY_AFTER)
        return web.Response(status=answer.status, body=answer.body or None, headers=answer.headers or None)

    app.router.add_post("/webhooks/{platform}", push)
    app.router.add_post("/webhooks/{platform}/{app}", push)


def _later(seconds: int) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": str(seconds)})

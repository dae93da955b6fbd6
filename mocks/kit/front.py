"""The simulators' front: switched-on faults hit a call here, before or after the platform handled it."""

from __future__ import annotations

import asyncio
import inspect
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

from mocks.kit.faults import Fault, FaultRule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mocks.kit.platform import Platform

HOLD_MS = 200
HOLD_LIMIT_MS = 60_000
SLOW_MS = 1000
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def fault_middleware(platform: Platform) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Make the middleware that spoils calls as the platform's fault table says."""

    @web.middleware
    async def spoil(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        named = platform.operation(request)
        names = await named if inspect.isawaitable(named) else named
        rule = platform.rig.faults.take(names, push=False) if names else None
        if rule is None:
            return await handler(request)
        return await _spoilt(platform, rule, request, handler)

    return spoil


async def _spoilt(
    platform: Platform,
    rule: FaultRule,
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    await request.read()  # a fault after the request was sent must find it wholly read
    applies_anyway = rule.fault in {Fault.TIMEOUT_AFTER, Fault.TRUNCATED_JSON, Fault.SLOW}
    true_answer = await handler(request) if applies_anyway or rule.applied else None
    if rule.fault in {Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER}:
        await _hold(rule.ms, HOLD_MS)
        return _hang_up(request, reset=False)
    if rule.fault is Fault.RESET:
        return _hang_up(request, reset=True)
    if rule.fault is Fault.SLOW and true_answer is not None:
        await _hold(rule.ms, SLOW_MS)
        return true_answer
    return _spoilt_answer(platform, rule, true_answer)


def _spoilt_answer(platform: Platform, rule: FaultRule, true_answer: web.StreamResponse | None) -> web.Response:
    retry_after = rule.seconds or 1
    if isinstance(true_answer, web.Response) and rule.fault is Fault.TRUNCATED_JSON:
        body = true_answer.body if isinstance(true_answer.body, bytes) else b"{}"
        return web.Response(body=body[: len(body) // 2], content_type="application/json")
    match rule.fault:
        case Fault.HTTP_500:
            return web.Response(status=rule.status or 500, text="Internal Server Error")
        case Fault.HTTP_429 | Fault.RATE_LIMIT_CODE:
            status = 429 if rule.fault is Fault.HTTP_429 else 200
            return platform.rate_limited(status=status, retry_after=retry_after)
        case Fault.PLATFORM_ERROR:
            return platform.own_error(rule.code or "", rule.message)
        case _:
            return web.Response(status=rule.status or 502, text=_PAGE, content_type="text/html")


async def _hold(wanted: int | None, usual: int) -> None:
    await asyncio.sleep(min(wanted if wanted is not None else usual, HOLD_LIMIT_MS) / 1000)


def _hang_up(request: web.Request, *, reset: bool) -> web.Response:
    transport = request.transport
    if transport is not None and not transport.is_closing():
        raw = transport.get_extra_info("socket")
        if reset and raw is not None:
            # linger 0 makes the kernel send RST instead of FIN
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
    return web.Response(status=500)  # never reaches the client: the connection is gone

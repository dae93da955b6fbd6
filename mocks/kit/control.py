"""The control API under `/_mock`, the same on every simulator; no part of the simulated platform."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mocks.kit.clock import parse_duration
from mocks.kit.jsonio import answer, read_object
from mocks.kit.page import render_page
from mocks.kit.platform import BadRequest, IllegalAct, UnknownOrder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mocks.kit.clock import Clock
    from mocks.kit.platform import Platform

CONTROL_PREFIX = "/_mock"
_CLOCK_PATIENCE = 1.0  # seconds of real time a follower of the clock waits for its next jump


def install_control(app: web.Application, platform: Platform) -> None:
    """Add the control routes of one simulator."""
    control = _Control(platform)
    routes: list[tuple[str, str, Callable[[web.Request], Awaitable[web.Response]]]] = [
        ("GET", "/", control.page),
        ("GET", "/credentials", control.credentials),
        ("GET", "/orders", control.orders),
        ("POST", "/orders", control.make_order),
        ("GET", "/orders/{id}", control.order),
        ("GET", "/orders/{id}/acts", control.possible_acts),
        ("POST", "/orders/{id}/acts", control.act),
        ("POST", "/acts", control.store_act),
        ("GET", "/clock", control.clock),
        ("POST", "/clock", control.set_clock),
        ("GET", "/faults", control.faults),
        ("POST", "/faults", control.add_faults),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/effects", control.effects),
        ("PUT", "/push", control.set_push),
        ("GET", "/push", control.push),
        ("GET", "/pushes", control.pushes),
        ("POST", "/reset", control.reset),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, CONTROL_PREFIX + path, handler)
    app.on_shutdown.append(control.let_go)
    app.router.add_get(CONTROL_PREFIX, control.page)


@web.middleware
async def control_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn what goes wrong in a control call into 400, 404 or 409 with the reason."""
    if not request.path.startswith(CONTROL_PREFIX):
        return await handler(request)
    try:
        return await handler(request)
    except UnknownOrder as error:
        return answer({"error": f"no order has the id {error}"}, 404)
    except IllegalAct as error:
        return answer({"error": str(error)}, 409)
    except (BadRequest, ValueError) as error:
        return answer({"error": str(error)}, 400)


async def _body(request: web.Request) -> dict[str, Any]:
    return read_object(await request.read())


class _Control:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._followers: set[asyncio.Future[None]] = set()

    async def page(self, request: web.Request) -> web.Response:
        if request.path == CONTROL_PREFIX:
            raise web.HTTPFound(CONTROL_PREFIX + "/")
        return web.Response(text=render_page(self._platform, request.query), content_type="text/html")

    async def credentials(self, _request: web.Request) -> web.Response:
        return answer(self._platform.credentials())

    async def orders(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit")
        if limit is not None and not limit.isdigit():
            raise BadRequest("limit must be a whole number")
        return answer(self._platform.orders(request.query.get("status") or None, int(limit) if limit else None))

    async def order(self, request: web.Request) -> web.Response:
        return answer(self._platform.order(request.match_info["id"]))

    async def make_order(self, request: web.Request) -> web.Response:
        return answer({"id": self._platform.make_order(await _body(request))})

    async def possible_acts(self, request: web.Request) -> web.Response:
        return answer({"acts": self._platform.possible_acts(request.match_info["id"])})

    async def act(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        return answer(self._platform.act(request.match_info["id"], _named_act(wanted), wanted))

    async def store_act(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        return answer(self._platform.store_act(_named_act(wanted), wanted))

    async def clock(self, request: web.Request) -> web.Response:
        clock, seen = self._platform.rig.clock, request.query.get("moves")
        if seen is not None:
            if not seen.isdigit():
                raise BadRequest("moves must be the number that the last answer told")
            jump = asyncio.ensure_future(clock.moved(int(seen), _CLOCK_PATIENCE))
            self._followers.add(jump)
            jump.add_done_callback(self._followers.discard)
            await asyncio.wait([jump])
        return answer(_clock_face(clock))

    async def let_go(self, _app: web.Application) -> None:
        """Answer those who wait for the clock's next jump: the simulator ends."""
        for jump in list(self._followers):
            jump.cancel()

    async def set_clock(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        clock = self._platform.rig.clock
        if "advance" in wanted:
            await clock.advance(parse_duration(str(wanted["advance"])))
        elif "now" in wanted:
            await clock.set(_read_time(wanted["now"]))
        elif isinstance(wanted.get("stands"), bool):
            await clock.stand(still=wanted["stands"])
        else:
            raise BadRequest('send {"advance": "PT6H"}, {"now": "2026-11-22T08:00:00Z"} or {"stands": true}')
        return answer(_clock_face(clock))

    async def faults(self, _request: web.Request) -> web.Response:
        return answer(self._platform.rig.faults.shown())

    async def add_faults(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self._platform.rig.faults.add(wanted)
        return answer(self._platform.rig.faults.shown())

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._platform.rig.faults.clear()
        return answer([])

    async def effects(self, _request: web.Request) -> web.Response:
        return answer(self._platform.rig.journal.shown())

    async def push(self, _request: web.Request) -> web.Response:
        pushes = self._platform.rig.pushes
        return answer({"url": pushes.url, "enabled": pushes.enabled, "lost": len(pushes.lost)})

    async def set_push(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        pushes = self._platform.rig.pushes
        url, enabled = wanted.get("url", pushes.url), wanted.get("enabled", pushes.enabled)
        if not (url is None or isinstance(url, str)) or not isinstance(enabled, bool):
            raise BadRequest('send {"url": "http://...", "enabled": true}')
        pushes.url, pushes.enabled = url, enabled
        return answer({"url": pushes.url, "enabled": pushes.enabled})

    async def pushes(self, _request: web.Request) -> web.Response:
        return answer(self._platform.rig.pushes.shown())

    async def reset(self, request: web.Request) -> web.Response:
        wanted = await _body(request)
        seed, orders = wanted.get("seed", 7), wanted.get("orders", 200)
        if not isinstance(seed, int) or not isinstance(orders, int) or orders < 0:
            raise BadRequest('send {"seed": 7, "orders": 200}')
        rig = self._platform.rig
        await rig.pushes.settle()
        rig.clock.forget(self._platform.name)
        if rig.clock.owners <= {self._platform.name}:
            rig.clock.restart()
        rig.faults.clear()
        rig.journal.clear()
        rig.pushes.clear()
        self._platform.reset(seed, orders)
        return answer({"seed": seed, "orders": orders})


def _named_act(wanted: dict[str, Any]) -> str:
    act = wanted.get("act")
    if not isinstance(act, str):
        raise BadRequest('send {"act": "...", ...}')
    return act


def _clock_face(clock: Clock) -> dict[str, Any]:
    now = clock.now()
    return {
        "now": now.isoformat().replace("+00:00", "Z"),
        "unix": int(now.timestamp()),
        "mode": "real" if clock.flows else "virtual",
        "moves": clock.moves,
    }


def _read_time(value: object) -> datetime:
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC)
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadRequest(f"{value!r} is no time; send 2026-11-22T08:00:00Z or unix seconds") from error
    if when.tzinfo is None:
        raise BadRequest("a time needs its zone; end it with Z")
    return when.astimezone(UTC)

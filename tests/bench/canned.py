"""A server that answers from memory: orders rendered before the clock starts, in Shopee's shapes.

`python -m tests.bench.canned --orders 20000 --latency 0.02` prints its port and serves until its input ends.
Nothing is checked and nothing changes; every answer waits ``latency`` seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from tests.bench import payload

_LIST_PAGE = 100


class Canned:
    """The answers, and how a request finds them."""

    def __init__(self, orders: int, latency: float) -> None:
        self.latency = latency
        self.rendered = [payload.rendered(i) for i in range(orders)]
        self.number = {payload.order_sn(i): i for i in range(orders)}
        pages = range(0, orders, payload.PAGE)
        self.pages = [b",".join(self.rendered[start : start + payload.PAGE]) for start in pages]
        self.calls = 0

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._wait])
        app.router.add_get("/whole_orders", self.whole_orders)
        app.router.add_get("/api/v2/order/get_order_list", self.order_list)
        app.router.add_get("/api/v2/order/get_order_detail", self.order_detail)
        app.router.add_get("/waiting_orders", self.waiting_orders)
        app.router.add_get("/api/v2/order/get_package_detail", self.package_detail)
        app.router.add_get("/api/v2/returns/get_return_list", self.return_list)
        return app

    @web.middleware
    async def _wait(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.calls += 1
        if self.latency:
            await asyncio.sleep(self.latency)
        return await handler(request)

    async def whole_orders(self, request: web.Request) -> web.Response:
        """Return one page of 50 whole orders, by update time. Both sides of the comparison ask here."""
        first, end = self._span(request, payload.PAGE)
        page = int(request.query.get("cursor") or first // payload.PAGE)
        more = (page + 1) * payload.PAGE < end
        told = b'"more":true,"next_cursor":"%d",' % (page + 1) if more else b'"more":false,"next_cursor":"",'
        if page * payload.PAGE >= end:
            return _json(payload.answer([], told))
        return _json(payload.answer([self.pages[page]], told))

    async def order_list(self, request: web.Request) -> web.Response:
        """Return one page of 100 order numbers, as `get_order_list` does."""
        first, end = self._span(request, _LIST_PAGE)
        start = int(request.query.get("cursor") or first)
        stop = min(start + _LIST_PAGE, end)
        told = b'"more":true,"next_cursor":"%d",' % stop if stop < end else b'"more":false,"next_cursor":"",'
        return _json(
            payload.answer([b'{"order_sn":"%s"}' % payload.order_sn(i).encode() for i in range(start, stop)], told)
        )

    async def order_detail(self, request: web.Request) -> web.Response:
        """Return the orders named, whole, as `get_order_detail` does."""
        wanted = request.query["order_sn_list"].split(",")
        return _json(payload.answer([self.rendered[self.number[order_sn]] for order_sn in wanted]))

    async def waiting_orders(self, request: web.Request) -> web.Response:
        """Return the orders named, whole: all alike, paid and to be sent."""
        wanted = request.query["order_sn_list"].split(",")
        return _json(payload.answer([payload.waiting(order_sn) for order_sn in wanted]))

    async def package_detail(self, request: web.Request) -> web.Response:
        """Return the parcels named, as `get_package_detail` does."""
        wanted = request.query["package_number_list"].split(",")
        return _json(payload.parcels([int(number.removeprefix("OFG")) for number in wanted]))

    async def return_list(self, request: web.Request) -> web.Response:
        """Return no returns, as `get_return_list` does when there are none."""
        return _json(b'{"error":"","message":"","request_id":"5f1c3a7e9b2d4860","response":{"more":false,"return":[]}}')

    def _span(self, request: web.Request, page: int) -> tuple[int, int]:
        """Return first order and end of those updated in the time asked for; without one, all."""
        first, end = 0, len(self.rendered)
        if "time_from" in request.query:
            first = max(first, payload.first_after(_instant(request.query["time_from"])))
            end = min(end, payload.first_after(_instant(request.query["time_to"])))
        if page == payload.PAGE and first % page:
            raise web.HTTPBadRequest(text="this span does not begin with a page: pages are rendered beforehand")
        return first, max(first, end)


def _instant(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def _serve(orders: int, latency: float) -> None:
    runner = web.AppRunner(Canned(orders, latency).application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.orders, arguments.latency))


if __name__ == "__main__":
    main()

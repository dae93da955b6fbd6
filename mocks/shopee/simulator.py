"""The Shopee simulator: its HTTP surface, and the doors for the shared control API."""

from __future__ import annotations

import inspect
import random
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mocks.kit.bucket import Buckets
from mocks.kit.faults import FaultTable
from mocks.kit.journal import Journal
from mocks.kit.jsonio import answer, read_object
from mocks.kit.platform import BadRequest, IllegalAct, Rig, UnknownOrder
from mocks.kit.push import PushSender
from mocks.shopee import acts, auth_pages, gate, seed, store_acts, truth
from mocks.shopee.calling import Context
from mocks.shopee.calls import CALLS
from mocks.shopee.errors import TEXTS, ApiError, wrong
from mocks.shopee.forms import read_form
from mocks.shopee.machine import Illegal
from mocks.shopee.params import Params
from mocks.shopee.tokens import hex_hmac
from mocks.shopee.wanted import read_wanted
from mocks.shopee.world import App, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.clock import Clock
    from mocks.kit.platform import JsonObject
    from mocks.shopee.calling import Call, Reply

PREFIX = "/api/v2/"
PARTNER_ID = 2_001_887
MAIN_ACCOUNT = 30_001
PER_SECOND = 100.0
REAL_BURST = 200
VIRTUAL_BURST = 1_000_000
"""A virtual clock stands still, so a bucket would never refill; only a limit set by hand bites then."""
FREE_CODES = 3


class _Pushing:
    """Signs `url|body` with the push key; only a 2xx with an empty body counts as received."""

    def __init__(self, key: str) -> None:
        self._key = key

    def sign(self, url: str, body: bytes) -> dict[str, str]:
        return {"Authorization": hex_hmac(self._key, url.encode() + b"|" + body)}

    def received(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300 and not body


class ShopeeSimulator:
    """A stateful Shopee Open Platform with shops, orders and the app of one developer."""

    name = "shopee"
    store_acts = tuple(store_acts.ACTS)

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.partner_key = f"{rng.getrandbits(200):050x}"
        faults = FaultTable(random.Random(rng.random()))  # noqa: S311 - simulated, must be repeatable
        pushes = PushSender(self.name, clock, faults, _Pushing(self.partner_key))
        self.rig = Rig(clock, faults, Journal(), pushes)
        self.base_url = ""
        self.buckets = Buckets(PER_SECOND, REAL_BURST)
        self.world = self._new_world(0)

    # the platform's own surface

    def install(self, app: web.Application) -> None:
        """Add Shopee's calls, its authorisation pages and the files it serves."""
        auth_pages.install(app, lambda: self.world)
        app.router.add_get("/file/{name}", self._file)
        app.router.add_route("*", "/api/{rest:.*}", self._serve)

    def operation(self, request: web.Request) -> tuple[str, ...]:
        """Name a call `order/cancel_order`, `cancel_order` or by its whole path."""
        if not request.path.startswith("/api/"):
            return ()
        short = request.path.removeprefix(PREFIX)
        return (short, short.rpartition("/")[2], request.path)

    def rate_limited(self, *, status: int, retry_after: int) -> web.Response:
        """Answer with Shopee's rate limit error."""
        error = ApiError("error_rate_limit", gateway=True)
        return self._refusal(error, self.world.request_id(), status, {"Retry-After": str(retry_after)})

    def own_error(self, code: str, message: str | None) -> web.Response:
        """Answer with any of Shopee's errors."""
        error = ApiError(code, message if message is not None else TEXTS.get(code, code))
        return self._refusal(error, self.world.request_id())

    async def _serve(self, request: web.Request) -> web.Response:
        request_id = self.world.request_id()
        try:
            return await self._call(request, request_id)
        except gate.RateLimited as error:
            return self._refusal(error, request_id, headers={"Retry-After": str(error.retry_after)})
        except ApiError as error:
            return self._refusal(error, request_id)

    async def _call(self, request: web.Request, request_id: str) -> web.Response:
        if request.path.startswith("/api/v1/"):
            raise ApiError("api_suspended", gateway=True)
        operation = request.path.removeprefix(PREFIX)
        call = CALLS.get(operation)
        if call is None or call.method != request.method:
            text = "Permission denied. This API is currently offline or the request path is incorrect."
            raise ApiError("error_param", text, gateway=True)
        raw = await request.read()
        caller = None
        if call.kind == "public":
            gate.check_public(self.world, request.path, request.query, request.remote)
        else:
            caller = gate.check_shop(self.world, request.path, request.query, request.remote)
        gate.check_limits(self.world, self.buckets, operation, str(caller.shop_id) if caller else "app")
        ctx = Context(self.world, caller, operation, request_id, self.base_url)
        if request.method == "GET":
            params = Params(dict(request.query))
        elif request.content_type.startswith("multipart/"):
            params = Params(read_form(request.headers["Content-Type"], raw, ctx.uploads))
        else:
            params = Params(_read_body(raw))
        try:
            reply = await _run(call, ctx, params)
        except Illegal as error:
            raise ApiError("error_param", f"Wrong parameters, detail: {error}.") from error
        return _success(reply, request_id)

    def _refusal(
        self, error: ApiError, request_id: str, status: int | None = None, headers: dict[str, str] | None = None
    ) -> web.Response:
        body = {"error": error.code, "message": error.text, "request_id": request_id}
        as_200 = self.world.app.gateway_as_200 and error.status != 429
        usual = 200 if as_200 else error.status
        return answer(body, usual if status is None else status, headers)

    async def _file(self, request: web.Request) -> web.Response:
        found = self.world.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1])

    # the doors of the control API

    def credentials(self) -> JsonObject:
        """Give keys, stores with their newest tokens, and unused authorisation codes."""
        world = self.world
        while len(world.tokens.unused_codes()) < FREE_CODES:
            world.tokens.mint_code(world.holders(), shop_id=None, main_account_id=world.app.main_account_id)
        return {
            "partner_id": world.app.partner_id,
            "partner_key": world.app.partner_key,
            "push_partner_key": world.app.push_key,
            "main_account_id": world.app.main_account_id,
            "stores": [
                {
                    "shop_id": shop.shop_id,
                    "region": shop.region,
                    "currency": shop.currency,
                    "access_token": world.tokens.current[("shop", shop.shop_id)].access_token,
                    "refresh_token": world.tokens.current[("shop", shop.shop_id)].refresh_token,
                }
                for shop in world.shops.values()
            ],
            "auth_codes": world.tokens.unused_codes(),
        }

    def orders(self, status: str | None, limit: int | None) -> list[JsonObject]:
        """Tell the truth about the orders, the newest change first."""
        found = [one for one in self.world.orders.values() if status is None or one.status == status]
        found.sort(key=lambda one: (one.updated, one.sn), reverse=True)
        return [truth.order_truth(self.world, one) for one in found[:limit]]

    def order(self, order_id: str) -> JsonObject:
        """Tell the truth about one order."""
        if order_id not in self.world.orders:
            raise UnknownOrder(order_id)
        return truth.order_truth(self.world, self.world.orders[order_id])

    def make_order(self, wanted: Mapping[str, Any]) -> str:
        """Make an order in the wanted phase; its last change is now."""
        return read_wanted(self.world, wanted).sn

    def act(self, order_id: str, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do an act to an order and give its truth afterwards."""
        before = self.order(order_id)
        acts.perform(self.world, self.world.orders[before["id"]], act, details)
        return self.order(order_id)

    def possible_acts(self, order_id: str) -> list[str]:
        """Name the acts the order's status may allow."""
        status = str(self.order(order_id)["status"])
        return [name for name, act in acts.ACTS.items() if status in act.offered]

    def store_act(self, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do something about a shop or the app."""
        try:
            return store_acts.perform(self.world, self.buckets, act, details)
        except Illegal as error:
            raise IllegalAct(str(error)) from error

    def reset(self, seed_number: int, orders: int) -> None:
        """Start over; keys stay, tokens and orders are new."""
        if orders > 200_000:
            raise BadRequest("at most 200000 orders")
        self.buckets.set(PER_SECOND, REAL_BURST if self.rig.clock.mode == "real" else VIRTUAL_BURST)
        self.world = self._new_world(seed_number)
        seed.open_shops(self.world)
        seed.fill(self.world, orders)
        for shop in self.world.shops.values():
            self.world.tokens.issue((("shop", shop.shop_id),))
        store_acts.start_calendar(self.world)

    def _new_world(self, seed_number: int) -> World:
        app = App(PARTNER_ID, self.partner_key, self.partner_key, MAIN_ACCOUNT)
        return World(self.rig, app, seed_number)


def _read_body(raw: bytes) -> dict[str, Any]:
    try:
        return read_object(raw)
    except ValueError as error:
        raise wrong("the body is not a JSON object.") from error


def _success(reply: Reply, request_id: str) -> web.Response:
    body: dict[str, Any] = {"error": "", "message": reply.message, "request_id": request_id, **reply.beside}
    if reply.response is not None:
        body["response"] = reply.response
    return answer(body)


async def _run(call: Call, ctx: Context, params: Params) -> Reply:
    reply = call.handler(ctx, params)
    return await reply if inspect.isawaitable(reply) else reply

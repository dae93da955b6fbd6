"""The 1688 simulator: its HTTP surface, and the doors for the shared control API."""

from __future__ import annotations

import random
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mocks.alibaba_1688 import acts, auth_pages, gate, goods, seed, store_acts, truth
from mocks.alibaba_1688.calling import Context
from mocks.alibaba_1688.calls import CALLS
from mocks.alibaba_1688.errors import GATEWAY_TEXTS, ApiError, Envelope, GatewayError
from mocks.alibaba_1688.forms import read_call
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import yuan_text
from mocks.alibaba_1688.params import Params
from mocks.alibaba_1688.wanted import read_wanted
from mocks.alibaba_1688.world import App, World
from mocks.kit.bucket import Buckets
from mocks.kit.faults import FaultTable
from mocks.kit.journal import Journal
from mocks.kit.jsonio import answer
from mocks.kit.platform import BadRequest, IllegalAct, Rig, UnknownOrder
from mocks.kit.push import PushSender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.clock import Clock
    from mocks.kit.platform import JsonObject

PREFIX = "/openapi/"
APP_KEY = "7001688"
PER_SECOND = 10.0
REAL_BURST = 20
VIRTUAL_BURST = 1_000_000
"""A virtual clock stands still, so a bucket would never refill; only a limit set by hand bites then."""

_operation: ContextVar[str] = ContextVar("alibaba_1688_operation", default="")


class _Pushing:
    """Messages are forms that carry their own signature; any 2xx means received."""

    def sign(self, _url: str, _body: bytes) -> dict[str, str]:
        return {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}

    def received(self, status: int, _body: bytes) -> bool:
        return 200 <= status < 300


class Alibaba1688Simulator:
    """A stateful 1688 open platform with two accounts, their trades, and the app of one developer."""

    name = "alibaba_1688"
    store_acts = ("set_rate_limit", *store_acts.ACTS)

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._secret = f"{rng.getrandbits(40):010x}"
        faults = FaultTable(random.Random(rng.random()))  # noqa: S311 - simulated, must be repeatable
        pushes = PushSender(self.name, clock, faults, _Pushing())
        self.rig = Rig(clock, faults, Journal(), pushes)
        self.base_url = ""
        self.buckets = Buckets(PER_SECOND, REAL_BURST)
        self.world = self._new_world(0)

    # the platform's own surface

    def install(self, app: web.Application) -> None:
        """Add the calls, the authorisation and the uploaded vouchers."""
        auth_pages.install(app, lambda: self.world)
        app.router.add_get("/vouchers/{name}", self._voucher)
        app.router.add_route("*", "/openapi/{rest:.*}", self._serve)

    def operation(self, request: web.Request) -> tuple[str, ...]:
        """Name a call `alibaba.trade.cancel`, `com.alibaba.trade/alibaba.trade.cancel` or by its whole path."""
        if not request.path.startswith(PREFIX):
            return ()
        parts = request.path.removeprefix(PREFIX).split("/")
        if len(parts) < 4:
            return (request.path,)
        name = f"{parts[2]}/{parts[3]}"
        _operation.set(name)
        return (parts[3], name, request.path)

    def rate_limited(self, *, status: int, retry_after: int) -> web.Response:
        """Answer with 1688's rate limit error."""
        body = GatewayError("gw.QosAppFrequencyLimit").body(self.world.request_id())
        return answer(body, status, {"Retry-After": str(retry_after)})

    def own_error(self, code: str, message: str | None) -> web.Response:
        """Answer with any of 1688's errors, in the envelope of the API that was called."""
        if code.startswith("gw.") or code in GATEWAY_TEXTS:
            return self._turned_away(GatewayError(code, message))
        call = CALLS.get(_operation.get())
        return answer(ApiError(code, message).body(call.envelope if call else Envelope.FLAT))

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            return await self._call(request)
        except GatewayError as error:
            return self._turned_away(error)

    async def _call(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix(PREFIX)
        parts = path.split("/")
        if len(parts) != 5 or parts[0] != "param2":
            raise GatewayError("gw.APIUnsupported", "API is unsupported")
        operation = f"{parts[2]}/{parts[3]}"
        sent, uploads = await read_call(request)
        gate.check_app(self.world, parts[4], path, sent)
        call = CALLS.get(operation)
        if call is None or parts[1] != "1":
            raise GatewayError("gw.APIUnsupported")
        caller = gate.check_user(self.world, call, sent)
        gate.check_limits(self.world, self.buckets, operation)
        ctx = Context(self.world, caller, operation, self.world.request_id(), uploads)
        try:
            return answer(call.handler(ctx, Params(sent)))
        except ApiError as error:
            return answer(error.body(call.envelope))
        except Illegal as error:
            return answer(ApiError(error.code or "ORDER_STATUS_ERROR", str(error)).body(call.envelope))

    def _turned_away(self, error: GatewayError) -> web.Response:
        return answer(error.body(self.world.request_id()), error.status)

    async def _voucher(self, request: web.Request) -> web.Response:
        found = self.world.vouchers.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found, content_type="image/jpeg")

    # the doors of the control API

    def credentials(self) -> JsonObject:
        """Give keys, accounts with their newest tokens, unused codes, and what can be bought from whom."""
        world = self.world
        return {
            "app_key": world.app.app_key,
            "app_secret": world.app.secret,
            "stores": [
                {
                    "member_id": member_id,
                    "login_id": account.member.login_id,
                    "roles": ["seller", "buyer"],
                    "access_token": world.tokens.current[member_id].access_token,
                    "refresh_token": world.tokens.current[member_id].refresh_token,
                    "address_ids": [str(number) for number in world.addresses[member_id]],
                }
                for member_id, account in world.accounts.items()
            ],
            "auth_codes": world.tokens.unused_codes(world.accounts),
            "offers": [_offer(offer) for offer in world.offers.values()],
        }

    def orders(self, status: str | None, limit: int | None) -> list[JsonObject]:
        """Tell the truth about the orders, the newest change first."""
        found = [one for one in self.world.orders.values() if status is None or one.status == status]
        found.sort(key=lambda one: (one.updated, one.order_id), reverse=True)
        return [truth.order_truth(one) for one in found[:limit]]

    def order(self, order_id: str) -> JsonObject:
        """Tell the truth about one order."""
        return truth.order_truth(self._order(order_id))

    def _order(self, order_id: str) -> Any:
        found = self.world.orders.get(int(order_id)) if order_id.isdigit() else None
        if found is None:
            raise UnknownOrder(order_id)
        return found

    def make_order(self, wanted: Mapping[str, Any]) -> str:
        """Make an order in the wanted phase; its last change is now."""
        return str(read_wanted(self.world, wanted).order_id)

    def act(self, order_id: str, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do an act to an order and give its truth afterwards."""
        acts.perform(self.world, self._order(order_id), act, details)
        return self.order(order_id)

    def possible_acts(self, order_id: str) -> list[str]:
        """Name the acts the order's status may allow."""
        return acts.possible(self._order(order_id))

    def store_act(self, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do something about an account or the app."""
        try:
            return store_acts.perform(self.world, self.buckets, act, details)
        except Illegal as error:
            raise IllegalAct(str(error)) from error

    def reset(self, seed_number: int, orders: int) -> None:
        """Start over; the app's first key and secret come back, tokens and orders are new."""
        if orders > 200_000:
            raise BadRequest("at most 200000 orders")
        self.buckets.set(PER_SECOND, REAL_BURST if self.rig.clock.mode == "real" else VIRTUAL_BURST)
        self.world = self._new_world(seed_number)
        goods.open_members(self.world)
        seed.fill(self.world, orders)
        for member_id in self.world.accounts:
            self.world.tokens.issue(member_id)

    def _new_world(self, seed_number: int) -> World:
        return World(self.rig, App(APP_KEY, self._secret), seed_number)


def _offer(offer: goods.Offer) -> JsonObject:
    return {
        "offer_id": str(offer.offer_id),
        "seller": offer.seller.member_id,
        "title": offer.title,
        "depot": offer.depot,
        "specs": [
            {
                "spec_id": spec.spec_id,
                "sku": spec.cargo_number,
                "price": yuan_text(spec.price),
                "stock": spec.stock,
            }
            for spec in offer.specs
        ],
    }

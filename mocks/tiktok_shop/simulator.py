"""The TikTok Shop simulator: its HTTP surface, and the doors for the shared control API."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mocks.kit.bucket import Buckets
from mocks.kit.faults import FaultTable
from mocks.kit.journal import Journal
from mocks.kit.jsonio import answer, read_object
from mocks.kit.platform import BadRequest, IllegalAct, Rig, UnknownOrder
from mocks.kit.push import PushSender
from mocks.tiktok_shop import acts, gate, seed, store_acts, truth
from mocks.tiktok_shop.calling import Context
from mocks.tiktok_shop.calls import TABLE
from mocks.tiktok_shop.calls_auth import TOKEN_GET, TOKEN_REFRESH, ConsentPages, token_get, token_refresh
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.machine import Illegal
from mocks.tiktok_shop.params import Params
from mocks.tiktok_shop.sign import webhook_sign
from mocks.tiktok_shop.wanted import read_wanted
from mocks.tiktok_shop.world import App, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.clock import Clock
    from mocks.kit.platform import JsonObject

PER_SECOND = 50.0
REAL_BURST = 100
VIRTUAL_BURST = 1_000_000
"""A virtual clock stands still, so a bucket would never refill; only a limit set by hand bites then."""


class _Pushing:
    """Signs app key and body with the secret; an answer with HTTP 200 counts as received."""

    def __init__(self, app_key: str, secret: str) -> None:
        self._app_key, self._secret = app_key, secret

    def sign(self, _url: str, body: bytes) -> dict[str, str]:
        return {"Authorization": webhook_sign(self._app_key, self._secret, body)}

    def received(self, status: int, _body: bytes) -> bool:
        return status == 200


class TiktokShopSimulator:
    """A stateful TikTok Shop with sellers, shops, orders and the app of one developer."""

    name = "tiktok_shop"
    store_acts = ("set_rate_limit", *store_acts.ACTS)

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.app_key = f"6{rng.getrandbits(48):012x}"
        self.app_secret = f"{rng.getrandbits(160):040x}"
        faults = FaultTable(random.Random(rng.random()))  # noqa: S311 - simulated, must be repeatable
        pushes = PushSender(self.name, clock, faults, _Pushing(self.app_key, self.app_secret))
        self.rig = Rig(clock, faults, Journal(), pushes)
        self.base_url = ""
        self.buckets = Buckets(PER_SECOND, REAL_BURST)
        self.world = self._new_world(0)

    # the platform's own surface

    def install(self, app: web.Application) -> None:
        """Add the token calls, the consent pages and every signed call."""
        pages = ConsentPages(lambda: self.world)
        for path in pages.paths:
            app.router.add_get(path, pages.show)
            app.router.add_post(path, pages.submit)
        app.router.add_get(TOKEN_GET, self._token)
        app.router.add_get(TOKEN_REFRESH, self._token)
        app.router.add_route("*", "/{area:[a-z][a-z_]*}/{rest:.*}", self._serve)

    def operation(self, request: web.Request) -> tuple[str, ...]:
        """Name a call by its path without version and ids, by its last word, and by its whole path."""
        if request.path in {TOKEN_GET, TOKEN_REFRESH}:
            return (request.path.removeprefix("/api/v2/"), request.path)
        if request.path.startswith("/_mock") or request.path in ConsentPages.paths:
            return ()
        found = TABLE.find(request.method, request.path)
        if found is None:
            return (request.path,)
        name = found[0].operation
        return (name, name.rpartition("/")[2], request.path)

    def rate_limited(self, *, status: int, retry_after: int) -> web.Response:
        """Answer with TikTok Shop's rate limit error."""
        return self._refusal(ApiError(36009002, status=status, retry_after=retry_after), self.world.request_id())

    def own_error(self, code: str, message: str | None) -> web.Response:
        """Answer with any of TikTok Shop's errors."""
        return self._refusal(ApiError(int(code) if code.isdigit() else code, message), self.world.request_id())

    async def _token(self, request: web.Request) -> web.Response:
        request_id = self.world.request_id()
        try:
            work = token_get if request.path == TOKEN_GET else token_refresh
            return _success(work(self.world, request.query), request_id)
        except ApiError as error:
            return self._refusal(error, request_id)

    async def _serve(self, request: web.Request) -> web.Response:
        request_id = self.world.request_id()
        try:
            return _success(await self._call(request, request_id), request_id)
        except Illegal as error:
            return self._refusal(ApiError(36009003, str(error)), request_id)
        except ApiError as error:
            return self._refusal(error, request_id)

    async def _call(self, request: web.Request, request_id: str) -> dict[str, Any]:
        found = TABLE.find(request.method, request.path)
        if found is None:
            raise ApiError(36009009, status=404)
        call, ids = found
        raw = await request.read()
        multipart = request.content_type.startswith("multipart/")
        gate.check_app(self.world, request.query, request.remote)
        gate.check_sign(self.world, request.path, list(request.query.items()), b"" if multipart else raw)
        token = request.headers.get("x-tts-access-token")
        seller, shop = gate.check_caller(self.world, call, request.query, token)
        gate.check_rate(self.world, self.buckets, shop.shop_id if shop else seller.open_id)
        body: dict[str, Any] = {}
        if not multipart and request.method != "GET":
            try:
                body = read_object(raw)
            except ValueError as error:
                raise ApiError(call.malformed, "Invalid parameter: the body is not a JSON object") from error
        ctx = Context(
            world=self.world,
            seller=seller,
            caller=shop,
            operation=call.operation,
            request_id=request_id,
            path=ids,
            query=Params(dict(request.query), call.wrong),
            body=Params(body, call.wrong),
            repeated={name: request.query.getall(name) for name in request.query},
            upload=raw if multipart else None,
        )
        return call.handler(ctx)

    def _refusal(self, error: ApiError, request_id: str) -> web.Response:
        body = {"code": error.code, "message": error.text, "request_id": request_id}
        as_200 = self.world.style.errors_as_200 and error.status != 429
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
        return answer(body, 200 if as_200 else error.status, headers)

    # the doors of the control API

    def credentials(self) -> JsonObject:
        """Give keys, stores with their newest tokens, and an unused authorisation code for each seller."""
        world = self.world
        return {
            "app_key": world.app.app_key,
            "app_secret": world.app.app_secret,
            "stores": [
                {
                    "shop_id": shop.shop_id,
                    "shop_cipher": shop.cipher,
                    "region": shop.region,
                    "currency": shop.currency,
                    "seller_type": shop.seller_type,
                    "open_id": shop.seller.open_id,
                    "access_token": world.tokens.current[shop.seller.open_id].access_token,
                    "refresh_token": world.tokens.current[shop.seller.open_id].refresh_token,
                }
                for shop in world.shops.values()
            ],
            "auth_codes": [world.tokens.unused_code(seller) for seller in world.sellers.values()],
        }

    def orders(self, status: str | None, limit: int | None) -> list[JsonObject]:
        """Tell the truth about the orders, the newest change first."""
        found = [one for one in self.world.orders.values() if status is None or one.status == status]
        found.sort(key=lambda one: (one.updated, one.order_id), reverse=True)
        return [truth.order_truth(self.world, one) for one in found[:limit]]

    def order(self, order_id: str) -> JsonObject:
        """Tell the truth about one order."""
        if order_id not in self.world.orders:
            raise UnknownOrder(order_id)
        return truth.order_truth(self.world, self.world.orders[order_id])

    def make_order(self, wanted: Mapping[str, Any]) -> str:
        """Make an order in the wanted phase; its last change is now."""
        return read_wanted(self.world, wanted).order_id

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
        """Do something about a shop, its seller or the app."""
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
        for seller in self.world.sellers.values():
            self.world.tokens.issue(seller)
        seed.fill(self.world, orders)
        store_acts.start_calendar(self.world)

    def _new_world(self, seed_number: int) -> World:
        return World(self.rig, App(self.app_key, self.app_secret), seed_number)


def _success(data: dict[str, Any], request_id: str) -> web.Response:
    return answer({"code": 0, "message": "Success", "request_id": request_id, "data": data})

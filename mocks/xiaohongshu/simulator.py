"""The Xiaohongshu simulator: its one URL, and the doors for the shared control API."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import web

from mocks.kit.faults import FaultTable
from mocks.kit.journal import Journal
from mocks.kit.jsonio import answer, read_object
from mocks.kit.platform import BadRequest, Rig, UnknownOrder
from mocks.kit.push import PushSender
from mocks.xiaohongshu import acts, auth_pages, gate, seed, store_acts, truth
from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.calls import CALLS
from mocks.xiaohongshu.errors import ApiError, wrong
from mocks.xiaohongshu.machine import Illegal
from mocks.xiaohongshu.params import Params
from mocks.xiaohongshu.wanted import read_wanted
from mocks.xiaohongshu.world import App, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.clock import Clock
    from mocks.kit.platform import JsonObject

PATH = "/ark/open_api/v3/common_controller"
FREE_CODES = 3


class _Pushing:
    """Signs path, query and header parameters, never the body; HTTP 200 with success true is an acknowledgement."""

    def __init__(self, clock: Clock, app_id: str, secret: str) -> None:
        self._clock, self._app_id, self._secret = clock, app_id, secret

    def sign(self, url: str, _body: bytes) -> dict[str, str]:
        parts = urlsplit(url)
        own = {"app-key": self._app_id, "timestamp": str(self._clock.unix())}
        params = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **own}
        return {**own, "sign": gate.push_sign_of(unquote(parts.path) or "/", params, self._secret)}

    def received(self, status: int, body: bytes) -> bool:
        try:
            said = json.loads(body)
        except ValueError:
            return False
        return status == 200 and isinstance(said, dict) and said.get("success") is True


class XiaohongshuSimulator:
    """A stateful ARK open platform with shops, orders, after-sales and the app of one developer."""

    name = "xiaohongshu"
    store_acts = ("set_rate_limit", *store_acts.ACTS)

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.app_id = f"{rng.getrandbits(80):020x}"
        self.app_secret = f"{rng.getrandbits(128):032x}"
        faults = FaultTable(random.Random(rng.random()))  # noqa: S311 - simulated, must be repeatable
        pushes = PushSender(self.name, clock, faults, _Pushing(clock, self.app_id, self.app_secret))
        self.rig = Rig(clock, faults, Journal(), pushes)
        self.base_url = ""
        self.limits = gate.Limits()
        self.world = self._new_world(0)

    # the platform's own surface

    def install(self, app: web.Application) -> None:
        """Add the one URL and the authorisation pages."""
        auth_pages.install(app, lambda: self.world)
        app.router.add_post(PATH, self._serve)

    async def operation(self, request: web.Request) -> tuple[str, ...]:
        """Name a call `order.getOrderList`, `getOrderList` or by its path: the method stands in the body."""
        if request.path != PATH:
            return ()
        try:
            method = str(read_object(await request.read()).get("method", ""))
        except ValueError:
            return (request.path,)
        return (method, method.rpartition(".")[2], request.path)

    def rate_limited(self, *, status: int, retry_after: int) -> web.Response:
        """Answer with the platform's throttling error; a proxy's 429 carries the seconds beside it."""
        response = self._refusal(ApiError("rate_method"), None)
        if status == 200:
            return response
        headers = {"Retry-After": str(retry_after)}
        return web.Response(body=response.body, status=status, headers=headers, content_type="application/json")

    def own_error(self, code: str, message: str | None) -> web.Response:
        """Answer with any error: a name of the table, or a number with its text."""
        row = self.world.app.errors.get(code)
        if row is None and not code.removeprefix("-").isdecimal():
            return self._failure(-1, message or code, None)
        number = row.code if row else int(code)
        known = next((one.text for one in self.world.app.errors.values() if one.code == number), "系统错误")
        return self._failure(number, message if message is not None else (row.text if row else known), None)

    async def _serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        call: Call | None = None
        try:
            params = Params(_read_body(raw))
            method = gate.check_app(self.world, params)
            call = CALLS.get(method)
            if call is None:
                raise ApiError("no_method")
            self.limits.check(self.world, method)
            gate.check_permission(self.world, method)
            caller = None if call.kind == "oauth" else gate.check_token(self.world, params)
            ctx = Context(self.world, caller, method, self.world.request_id())
            return self._success(call, self._handled(call, ctx, params))
        except ApiError as error:
            return self._refusal(error, call)
        finally:
            self.world.flush()

    def _handled(self, call: Call, ctx: Context, params: Params) -> object:
        try:
            return call.handler(ctx, params)
        except Illegal as error:
            raise ApiError(call.refusal) from error

    def _success(self, call: Call, told: object) -> web.Response:
        style = self.world.app.envelope
        if call.success:
            return answer({"code": call.success, "msg": "ok", "success": True, "data": told})
        if style == "code_msg":
            return answer({"code": 0, "msg": "成功", "success": True, "data": told})
        if style == "two_level" and call.nested:
            told = {"success": True, "code": 0, "msg": "成功", "data": told}
        body: dict[str, Any] = {"error_code": 0, "success": True}
        if told is not None or call.nested is False:
            body["data"] = told
        return answer(body)

    def _refusal(self, error: ApiError, call: Call | None) -> web.Response:
        row = self.world.app.errors[error.name]
        text = f"{row.text}：{error.detail}" if error.detail else row.text
        return self._failure(row.code, text, call)

    def _failure(self, code: int, text: str, call: Call | None) -> web.Response:
        style = self.world.app.envelope
        if style == "code_msg":
            return answer({"code": code, "msg": text, "success": False})
        if style == "contradicting":
            return answer({"msg": text, "error_msg": text, "code": code, "success": True, "error_code": code})
        if style == "two_level" and call is not None and call.nested:
            inner = {"success": False, "code": code, "msg": text, "data": None}
            return answer({"error_code": 0, "success": True, "data": inner})
        return answer({"error_code": code, "error_msg": text, "success": False})

    # the doors of the control API

    def credentials(self) -> JsonObject:
        """Give the app's keys, the shops with their newest tokens, and unused codes (for the shops in turn)."""
        world = self.world
        shops = list(world.shops.values())
        while len(world.tokens.unused_codes()) < FREE_CODES:
            taken = [world.tokens.codes[code].seller_id for code in world.tokens.unused_codes()]
            world.tokens.mint_code(min(shops, key=lambda shop: taken.count(shop.seller_id)).seller_id)
        pairs = world.tokens.current
        return {
            "app_id": world.app.app_id,
            "app_secret": world.app.app_secret,
            "stores": [
                {
                    "seller_id": shop.seller_id,
                    "name": shop.name,
                    "access_token": pairs[shop.seller_id].access_token if shop.seller_id in pairs else "",
                    "refresh_token": pairs[shop.seller_id].refresh_token if shop.seller_id in pairs else "",
                }
                for shop in shops
            ],
            "auth_codes": world.tokens.unused_codes(),
        }

    def orders(self, status: str | None, limit: int | None) -> list[JsonObject]:
        """Tell the truth about the orders, the newest change first."""
        found = [one for one in self.world.orders.values() if status is None or str(int(one.status)) == status]
        found.sort(key=lambda one: (one.updated_ms, one.order_id), reverse=True)
        return [truth.order_truth(one) for one in found[:limit]]

    def order(self, order_id: str) -> JsonObject:
        """Tell the truth about one order."""
        if order_id not in self.world.orders:
            raise UnknownOrder(order_id)
        return truth.order_truth(self.world.orders[order_id])

    def make_order(self, wanted: Mapping[str, Any]) -> str:
        """Make an order in the wanted phase; its last change is now."""
        order = read_wanted(self.world, wanted)
        self.world.flush()
        return order.order_id

    def act(self, order_id: str, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do an act to an order and give its truth afterwards."""
        if order_id not in self.world.orders:
            raise UnknownOrder(order_id)
        acts.perform(self.world, self.world.orders[order_id], act, details)
        self.world.flush()
        return self.order(order_id)

    def possible_acts(self, order_id: str) -> list[str]:
        """Name the acts the order's status may allow."""
        if order_id not in self.world.orders:
            raise UnknownOrder(order_id)
        status = self.world.orders[order_id].status
        return [name for name, act in acts.ACTS.items() if status in act.offered]

    def store_act(self, act: str, details: Mapping[str, Any]) -> JsonObject:
        """Do something about a shop or the app."""
        return store_acts.perform(self.world, self.limits, act, details)

    def reset(self, seed_number: int, orders: int) -> None:
        """Start over; keys stay, tokens and orders are new."""
        if orders > 200_000:
            raise BadRequest("at most 200000 orders")
        self.limits.restart(virtual=self.rig.clock.mode == "virtual")
        self.world = self._new_world(seed_number)
        seed.open_shops(self.world)
        seed.fill(self.world, orders)
        for seller_id in self.world.shops:
            self.world.tokens.issue(seller_id)

    def _new_world(self, seed_number: int) -> World:
        return World(self.rig, App(self.app_id, self.app_secret), seed_number)


def _read_body(raw: bytes) -> dict[str, Any]:
    try:
        return read_object(raw)
    except ValueError as error:
        raise wrong("请求体不是JSON对象") from error

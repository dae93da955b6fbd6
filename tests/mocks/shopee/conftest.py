"""A hand-made client of the Shopee simulator: raw HTTP, its own signing, nothing of the product.

Everything here is written from the platform's fact sheet (platforms/shopee/API.md) and the control API (MOCKS.md),
so that a misreading in the simulator and a misreading in the product can not hide each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import pytest
from aiohttp import web

from mocks.kit.running import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

DAY = 86_400
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32


def sign_of(partner_key: str, base: str) -> str:
    """Section 2: lowercase hex of HMAC-SHA256 with the key's text, over the plain concatenation."""
    return hmac.new(partner_key.encode(), base.encode(), hashlib.sha256).hexdigest()


def push_sign_of(push_key: str, url: str, raw_body: bytes) -> str:
    """Section 12: lowercase hex of HMAC-SHA256 over url, a bar, and the body's raw bytes."""
    return hmac.new(push_key.encode(), url.encode() + b"|" + raw_body, hashlib.sha256).hexdigest()


def text_fits(text: str, expected: str | None) -> bool:
    """A message as the sheet prints it; `...` stands for a part the sheet left out, None for 'no text given'."""
    if expected is None:
        return bool(text.strip())
    head, dots, tail = expected.partition("...")
    return text.startswith(head) and text.endswith(tail.strip()) if dots else text == expected


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the platform."""

    http: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def error(self) -> str:
        return str(self.body["error"]).strip()

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def ok(self) -> dict[str, Any]:
        """The `response` object of a success."""
        assert self.error == "", self.body
        assert self.http == 200, self.body
        assert self.body["request_id"]
        response = self.body.get("response", {})
        assert isinstance(response, dict), self.body
        return response

    @property
    def flat(self) -> dict[str, Any]:
        """The body of a success that has no `response` wrapper."""
        assert self.error == "", self.body
        assert self.http == 200, self.body
        assert "response" not in self.body, self.body
        return self.body

    def refused(self, error: str, message: str | None = None) -> None:
        """The whole failure envelope of section 4, with this code and this text."""
        assert self.body["error"] == error, self.body
        assert text_fits(self.message, message), self.body
        assert self.body["request_id"], self.body
        assert "response" not in self.body, self.body

    def refused_as_one_of(self, *rows: tuple[str, str | None]) -> None:
        """Refused with one of several rows between which the sheet does not decide."""
        assert any(self.body["error"] == e and text_fits(self.message, m) for e, m in rows), self.body
        assert "response" not in self.body, self.body


@dataclass(slots=True)
class Api:
    """One running simulator, seen from outside: the platform's calls and the control API."""

    http: aiohttp.ClientSession
    base_url: str
    control_url: str
    credentials: dict[str, Any] = field(default_factory=dict)

    # -- the control API ------------------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: object = None, query: Any = None) -> tuple[int, Any]:
        async with self.http.request(
            method, self.control_url + path, json=body if body is not None else None, params=query
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def control_ok(self, method: str, path: str, body: object = None, query: Any = None) -> Any:
        status, answer = await self.control(method, path, body, query)
        assert status in {200, 201, 202, 204}, (method, path, body, status, answer)
        return answer

    async def load_credentials(self) -> None:
        self.credentials = await self.control_ok("GET", "/credentials")

    async def now(self) -> int:
        answer = await self.control_ok("GET", "/clock")
        return int(datetime.fromisoformat(answer["now"]).timestamp())

    async def advance(self, duration: str) -> None:
        await self.control_ok("POST", "/clock", {"advance": duration})

    async def order(self, **fields: Any) -> str:
        """Make an order, in the first store unless told; its order_sn."""
        fields.setdefault("store", self.store["shop_id"])
        answer = await self.control_ok("POST", "/orders", fields)
        return str(answer["id"])

    async def act(self, order_sn: str, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", f"/orders/{order_sn}/acts", {"act": act, **fields})

    async def illegal_act(self, order_sn: str, act: str, **fields: Any) -> Any:
        status, answer = await self.control("POST", f"/orders/{order_sn}/acts", {"act": act, **fields})
        assert status == 409, (act, status, answer)
        return answer

    async def store_act(self, act: str, **fields: Any) -> Any:
        fields.setdefault("store", self.store["shop_id"])
        return await self.control_ok("POST", "/acts", {"act": act, **fields})

    async def app_act(self, act: str, **fields: Any) -> Any:
        """An act about the app or the whole platform, not about one store."""
        return await self.control_ok("POST", "/acts", {"act": act, **fields})

    async def answers(self, error: str, *, message: str | None = None, operation: str = "*", times: int = 1) -> None:
        """Make the platform answer a documented error that no act of a client brings about.

        Without `message` the text is the simulator's own: a test that knows the sheet's text leaves it away.
        """
        fault: dict[str, Any] = {"operation": operation, "fault": "platform_error", "code": error, "times": times}
        if message is not None:
            fault["message"] = message
        await self.faults(fault)

    async def renewed(self, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The store with a fresh pair of tokens, for tests that let more than four hours pass."""
        store = store or self.store
        body = {
            "refresh_token": store["refresh_token"],
            "partner_id": self.partner_id,
            "shop_id": store["shop_id"],
        }
        return {**store, **(await self.public_post("auth/access_token/get", body)).flat}

    async def faults(self, *faults: dict[str, Any]) -> None:
        await self.control_ok("POST", "/faults", list(faults))

    async def truth(self, order_sn: str) -> dict[str, Any]:
        answer = await self.control_ok("GET", f"/orders/{order_sn}")
        assert isinstance(answer, dict)
        return answer

    async def effects(self, operation: str | None = None) -> list[dict[str, Any]]:
        answer = await self.control_ok("GET", "/effects")
        entries: list[dict[str, Any]] = answer if isinstance(answer, list) else answer["effects"]
        return [e for e in entries if operation is None or e["operation"] == operation]

    async def push_attempts(self) -> list[dict[str, Any]]:
        answer = await self.control_ok("GET", "/pushes")
        entries: list[dict[str, Any]] = answer if isinstance(answer, list) else answer["pushes"]
        return entries

    # -- who calls ------------------------------------------------------------------------------------------------

    @property
    def partner_id(self) -> int:
        return int(self.credentials["partner_id"])

    @property
    def partner_key(self) -> str:
        return str(self.credentials["partner_key"])

    @property
    def push_key(self) -> str:
        return str(self.credentials.get("push_partner_key") or self.partner_key)

    @property
    def stores(self) -> list[dict[str, Any]]:
        return list(self.credentials["stores"])

    @property
    def store(self) -> dict[str, Any]:
        return self.stores[0]

    def store_in(self, region: str) -> dict[str, Any]:
        return next(s for s in self.stores if s["region"] == region)

    # -- the platform ---------------------------------------------------------------------------------------------

    async def raw(
        self, method: str, path: str, query: Mapping[str, Any], body: object = None, data: Any = None
    ) -> Reply:
        """Exactly this request; nothing signed, nothing added."""
        sent = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in query.items()}
        async with self.http.request(
            method, self.base_url + path, params=sent, json=body if data is None else None, data=data
        ) as answer:
            return Reply(answer.status, json.loads(await answer.read()), dict(answer.headers))

    async def shop_query(self, path: str, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The five common parameters of a Shop API, signed for now."""
        store = store or self.store
        now = await self.now()
        base = f"{self.partner_id}{path}{now}{store['access_token']}{store['shop_id']}"
        return {
            "partner_id": self.partner_id,
            "timestamp": now,
            "sign": sign_of(self.partner_key, base),
            "access_token": store["access_token"],
            "shop_id": store["shop_id"],
        }

    async def public_query(self, path: str) -> dict[str, Any]:
        now = await self.now()
        sign = sign_of(self.partner_key, f"{self.partner_id}{path}{now}")
        return {"partner_id": self.partner_id, "timestamp": now, "sign": sign}

    async def get(self, call: str, store: Any = None, **params: Any) -> Reply:
        path = f"/api/v2/{call}"
        return await self.raw("GET", path, {**await self.shop_query(path, store), **params})

    async def post(
        self, call: str, body: object = None, store: Mapping[str, Any] | None = None, data: Any = None
    ) -> Reply:
        path = f"/api/v2/{call}"
        return await self.raw("POST", path, await self.shop_query(path, store), body, data)

    async def public_get(self, call: str, **params: Any) -> Reply:
        path = f"/api/v2/{call}"
        return await self.raw("GET", path, {**await self.public_query(path), **params})

    async def public_post(self, call: str, body: object = None, data: Any = None) -> Reply:
        path = f"/api/v2/{call}"
        return await self.raw("POST", path, await self.public_query(path), body, data)

    # -- what most tests read -------------------------------------------------------------------------------------

    async def detail(
        self, order_sn: str, fields: str = "", store: Mapping[str, Any] | None = None, *, pending: bool = False
    ) -> dict[str, Any]:
        params: dict[str, Any] = {"order_sn_list": order_sn}
        if fields:
            params["response_optional_fields"] = fields
        if pending:
            params["request_order_status_pending"] = True
        orders = (await self.get("order/get_order_detail", store, **params)).ok["order_list"]
        assert [o["order_sn"] for o in orders] == [order_sn]
        found = orders[0]
        assert isinstance(found, dict)
        return found

    async def status(self, order_sn: str, store: Mapping[str, Any] | None = None) -> str:
        return str((await self.detail(order_sn, "", store, pending=True))["order_status"])

    async def listed(self, store: Mapping[str, Any] | None = None, **params: Any) -> list[dict[str, Any]]:
        """All pages of get_order_list over the last 15 days."""
        now = await self.now()
        asked = {
            "time_range_field": "create_time",
            "time_from": now - 15 * DAY + 60,
            "time_to": now + 60,
            "page_size": 100,
            "cursor": "",
            **params,
        }
        found: list[dict[str, Any]] = []
        while True:
            page = (await self.get("order/get_order_list", store, **asked)).ok
            found += page["order_list"]
            if not page["more"]:
                assert page["next_cursor"] == ""
                return found
            asked["cursor"] = page["next_cursor"]

    async def lines(self, order_sn: str, store: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return list((await self.detail(order_sn, "item_list", store))["item_list"])

    async def cancel(self, order_sn: str, reason: str = "CUSTOMER_REQUEST", **fields: Any) -> Reply:
        """cancel_order; with OUT_OF_STOCK every line is named as the one without stock."""
        store = fields.pop("store", None)
        if reason == "OUT_OF_STOCK" and "item_list" not in fields:
            lines = await self.lines(order_sn, store)
            fields["item_list"] = [{"item_id": i["item_id"], "model_id": i["model_id"]} for i in lines]
        return await self.post("order/cancel_order", {"order_sn": order_sn, "cancel_reason": reason, **fields}, store)

    async def ship(self, order_sn: str, store: Mapping[str, Any] | None = None) -> Reply:
        """ship_order in the way get_shipping_parameter asks for."""
        asked = (await self.get("logistics/get_shipping_parameter", store, order_sn=order_sn)).ok
        needed = asked["info_needed"]
        body: dict[str, Any] = {"order_sn": order_sn}
        if needed.get("pickup") is not None:
            address = asked["pickup"]["address_list"][0]
            body["pickup"] = {
                "address_id": address["address_id"],
                "pickup_time_id": (address["time_slot_list"] or [{"pickup_time_id": ""}])[0]["pickup_time_id"],
            }
        else:
            body["dropoff"] = {}
        return await self.post("logistics/ship_order", body, store)

    async def return_of(self, order_sn: str, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The newest return of an order, by its list entry."""
        page = (await self.get("returns/get_return_list", store, page_no=1, page_size=100)).ok
        found = [r for r in page["return"] if r["order_sn"] == order_sn]
        assert found, page
        newest = max(found, key=lambda r: (r["create_time"], r["return_sn"]))
        assert isinstance(newest, dict)
        return newest

    async def return_detail(self, return_sn: str, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return (await self.get("returns/get_return_detail", store, return_sn=return_sn)).ok

    async def returned(
        self, act: str = "buyer_requests_return", phase: str = "delivered", **fields: Any
    ) -> tuple[str, str]:
        """An order on which the buyer asked for a return: (order_sn, return_sn)."""
        order_sn = await self.order(phase=phase)
        await self.act(order_sn, act, **fields)
        return order_sn, str((await self.return_of(order_sn))["return_sn"])

    async def disputed(self, **fields: Any) -> tuple[str, str]:
        order_sn, return_sn = await self.returned(**fields)
        (await self.dispute(return_sn)).ok  # noqa: B018 - asserts the success
        return order_sn, return_sn

    async def picture(self, return_sn: str, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A picture the platform keeps: {url, thumbnail}."""
        form = aiohttp.FormData()
        form.add_field("return_sn", return_sn)
        form.add_field("upload_image", JPEG, filename="parcel.jpg", content_type="image/jpeg")
        return (await self.post("returns/convert_image", store=store, data=form)).ok

    async def dispute_reasons(self, return_sn: str) -> dict[int, list[dict[str, Any]]]:
        """The reasons open to the seller now, each with the evidence modules it asks for."""
        found = (await self.get("returns/get_return_dispute_reason", return_sn=return_sn)).ok
        return {r["dispute_reason"]: r["evidence_module_list"] for r in found["dispute_reason_list"]}

    async def dispute(self, return_sn: str, reason: int | None = None, **changed: Any) -> Reply:
        """A complete dispute for this or the first open reason; a field set to None is left out."""
        reasons = await self.dispute_reasons(return_sn)
        chosen = reason if reason is not None else next(iter(reasons))
        url = (await self.picture(return_sn))["url"]
        body = {
            "return_sn": return_sn,
            "email": "seller@example.com",
            "dispute_reason_id": chosen,
            "dispute_text_reason": "The parcel held what was ordered.",
            "image_list": [
                {"module_index": m["module_index"], "requirement": m["requirement"], "image_url": [url]}
                for m in reasons[chosen]
            ],
            **changed,
        }
        return await self.post("returns/dispute", {k: v for k, v in body.items() if v is not None})


class Start(Protocol):
    """Starts a simulator for the length of the test."""

    def __call__(self, *, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Awaitable[Api]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One push as it came in."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        parsed = json.loads(self.raw)
        assert isinstance(parsed, dict)
        return parsed

    @property
    def code(self) -> int | None:
        return self.body.get("code")


@dataclass(slots=True)
class Receiver:
    """A webhook end point that keeps what it got and answers what it is told."""

    url: str = ""
    base: str = ""
    status: int = 200
    text: str = ""
    got: list[Delivery] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        delivery = Delivery(request.path, dict(request.headers), await request.read())
        async with self.changed:
            self.got.append(delivery)
            self.changed.notify_all()
        return web.Response(status=self.status, text=self.text)

    def of(self, code: int, order_sn: str | None = None) -> list[Delivery]:
        return [
            d
            for d in self.got
            if d.code == code
            and (order_sn is None or order_sn in {d.body["data"].get("ordersn"), d.body["data"].get("order_sn")})
        ]

    async def forget_the_making_of(self, order_sn: str) -> None:
        """Wait for the push that tells of a new order, and start counting after it."""
        await self.expect(3, 1, order_sn)
        self.got.clear()

    async def wait(self, enough: Callable[[], bool]) -> None:
        """Until the condition holds; fails after 10 real seconds."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(enough), 10)

    async def expect(self, code: int, n: int = 1, order_sn: str | None = None) -> list[Delivery]:
        await self.wait(lambda: len(self.of(code, order_sn)) >= n)
        return self.of(code, order_sn)


class Signing(Protocol):
    """The tests' own reading of section 2 and section 12."""

    def __call__(self, key: str, base: str) -> str: ...


@pytest.fixture
def sign() -> Callable[[str, str], str]:
    return sign_of


@pytest.fixture
def push_sign() -> Callable[[str, str, bytes], str]:
    return push_sign_of


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))

        async def run(*, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Api:
            running = await stack.enter_async_context(
                serve(platforms=["shopee"], seed=seed, orders=orders, clock="virtual", push_to=push_to)
            )
            api = Api(http, running["shopee"]["base_url"], running["shopee"]["control_url"])
            await api.load_credentials()
            return api

        yield run


@pytest.fixture
async def api(start: Start) -> Api:
    """A simulator without orders."""
    return await start()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    end = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", end.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    end.base = f"http://{host}:{port}"
    end.url = f"{end.base}/hooks/shopee?from=simulator"
    yield end
    await runner.cleanup()


@pytest.fixture
async def pushed(api: Api, receiver: Receiver) -> Receiver:
    """The receiver, registered as the place where the simulator's pushes go."""
    await api.control_ok("PUT", "/push", {"url": receiver.url, "enabled": True})
    receiver.got.clear()
    return receiver

"""A hand-made client of the TikTok Shop simulator: raw HTTP, its own signing, nothing of the product.

Everything here is written from the platform's fact sheet (platforms/tiktok_shop/API.md) and the control API
(MOCKS.md), so that a misreading in the simulator and a misreading in the product can not hide each other.
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
from yarl import URL

from mocks.kit.running import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

OUT_OF_STOCK = "seller_cancel_reason_out_of_stock"
NO_LONGER = "ecom_order_unpaid_canceled_reason_no_longer_needed"
PACKED = "seller_reject_apply_product_has_been_packed"
CORRECT = "seller_reject_apply_item_is_correct"


def sign_of(secret: str, path: str, query: Mapping[str, str], body: str = "") -> str:
    """Section 2.3: sorted key+value pairs without sign and access_token, path before, raw body after, wrapped."""
    pairs = "".join(k + query[k] for k in sorted(query) if k not in {"sign", "access_token"})
    text = f"{secret}{path}{pairs}{body}{secret}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def push_sign_of(app_key: str, secret: str, raw: bytes) -> str:
    """Section 7.2: lowercase hex of HMAC-SHA256 over app key and raw body."""
    return hmac.new(secret.encode(), app_key.encode() + raw, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the platform."""

    http: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def code(self) -> Any:
        return self.body["code"]

    @property
    def ok(self) -> dict[str, Any]:
        """The `data` of a success, in the whole envelope of section 1."""
        assert self.body["code"] == 0, self.body
        assert (self.http, self.body["message"]) == (200, "Success")
        assert self.body["request_id"]
        data = self.body["data"]
        assert isinstance(data, dict)
        return data

    def refused(self, code: int, message: str | None = None, *, http: int = 200) -> None:
        """The failure envelope with this code; business errors come with HTTP 200."""
        assert self.body["code"] == code, self.body
        assert self.http == http, self.body
        assert self.body["message"], self.body
        assert self.body["request_id"], self.body
        assert not self.body.get("data"), self.body
        if message is not None:
            assert message in self.body["message"], self.body


@dataclass(slots=True)
class Api:
    """One running simulator, seen from outside: the platform's calls and the control API."""

    http: aiohttp.ClientSession
    base_url: str
    control_url: str
    credentials: dict[str, Any] = field(default_factory=dict)
    version: str = "202309"

    # -- the control API ------------------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: object = None, query: Any = None) -> tuple[int, Any]:
        async with self.http.request(method, self.control_url + path, json=body, params=query) as answer:
            return answer.status, json.loads(await answer.text())

    async def control_ok(self, method: str, path: str, body: object = None, query: Any = None) -> Any:
        status, answer = await self.control(method, path, body, query)
        assert status == 200, (method, path, body, status, answer)
        return answer

    async def load_credentials(self) -> None:
        self.credentials = await self.control_ok("GET", "/credentials")

    async def now(self) -> int:
        answer = await self.control_ok("GET", "/clock")
        return int(datetime.fromisoformat(answer["now"]).timestamp())

    async def advance(self, duration: str) -> None:
        await self.control_ok("POST", "/clock", {"advance": duration})

    async def order(self, **fields: Any) -> str:
        fields.setdefault("store", self.store["shop_id"])
        return str((await self.control_ok("POST", "/orders", fields))["id"])

    async def act(self, order_id: str, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", f"/orders/{order_id}/acts", {"act": act, **fields})

    async def illegal_act(self, order_id: str, act: str, **fields: Any) -> str:
        status, answer = await self.control("POST", f"/orders/{order_id}/acts", {"act": act, **fields})
        assert status == 409, (act, status, answer)
        return str(answer["error"])

    async def store_act(self, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", "/acts", {"act": act, **fields})

    async def faults(self, *faults: dict[str, Any]) -> None:
        await self.control_ok("POST", "/faults", list(faults))

    async def truth(self, order_id: str) -> dict[str, Any]:
        answer = await self.control_ok("GET", f"/orders/{order_id}")
        assert isinstance(answer, dict)
        return answer

    async def effects(self, operation: str | None = None) -> list[dict[str, Any]]:
        entries = await self.control_ok("GET", "/effects")
        return [one for one in entries if operation is None or one["operation"] == operation]

    # -- the platform ---------------------------------------------------------------------------------------------

    @property
    def stores(self) -> list[dict[str, Any]]:
        return list(self.credentials["stores"])

    @property
    def store(self) -> dict[str, Any]:
        return self.stores[0]

    async def raw(
        self, method: str, path: str, query: Any, body: str | bytes = "", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Exactly this request; nothing signed, nothing added."""
        async with self.http.request(
            method, self.base_url + path, params=query, data=body or None, headers=dict(headers or {})
        ) as answer:
            return Reply(answer.status, json.loads(await answer.read()), dict(answer.headers))

    async def query(self, path: str, store: Mapping[str, Any] | None = None, **more: str) -> dict[str, str]:
        store = store or self.store
        query = {"app_key": self.credentials["app_key"], "timestamp": str(await self.now()), **more}
        if not path.startswith("/authorization/"):
            query.setdefault("shop_cipher", store["shop_cipher"])
        return query

    async def call(
        self,
        method: str,
        tail: str,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        *,
        store: Mapping[str, Any] | None = None,
        version: str | None = None,
    ) -> Reply:
        """A signed call; `tail` is area and resource without the version."""
        store = store or self.store
        area, _, rest = tail.partition("/")
        path = f"/{area}/{version or self.version}/{rest}"
        asked = await self.query(path, store, **{k: str(v) for k, v in (query or {}).items()})
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        asked["sign"] = sign_of(self.credentials["app_secret"], path, asked, text)
        headers = {"x-tts-access-token": store["access_token"], "content-type": "application/json"}
        return await self.raw(method, path, asked, text.encode(), headers)

    async def get(self, tail: str, query: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        return await self.call("GET", tail, query, **more)

    async def post(self, tail: str, body: object = None, query: Mapping[str, Any] | None = None, **more: Any) -> Reply:
        return await self.call("POST", tail, query, body, **more)

    async def token(self, what: str, **query: str) -> Reply:
        app = {"app_key": self.credentials["app_key"], "app_secret": self.credentials["app_secret"]}
        return await self.raw("GET", f"/api/v2/token/{what}", {**app, **query})

    # -- what most tests read -------------------------------------------------------------------------------------

    async def detail(self, order_id: str, store: Mapping[str, Any] | None = None) -> dict[str, Any]:
        (found,) = (await self.get("order/orders", {"ids": order_id}, store=store)).ok["orders"]
        assert found["id"] == order_id
        return dict(found)

    async def status(self, order_id: str) -> str:
        return str((await self.detail(order_id))["status"])

    async def search(self, body: object = None, **query: Any) -> list[dict[str, Any]]:
        """All pages of the order search."""
        asked: dict[str, Any] = {"page_size": 50, **query}
        found: list[dict[str, Any]] = []
        while True:
            page = (await self.post("order/orders/search", body or {}, asked)).ok
            found += page["orders"]
            if not page["next_page_token"]:
                assert page["total_count"] == len(found)
                return found
            asked["page_token"] = page["next_page_token"]

    async def cancel(self, order_id: str, reason: str = OUT_OF_STOCK, **more: Any) -> Reply:
        store = more.pop("store", None)
        body = {"order_id": order_id, "cancel_reason": reason, **more}
        return await self.post("return_refund/cancellations", body, store=store)

    async def cancellation(self, order_id: str, **body: Any) -> dict[str, Any]:
        """The newest cancellation of an order."""
        page = (await self.post("return_refund/cancellations/search", {"order_ids": [order_id], **body})).ok
        assert page["cancellations"], page
        return dict(page["cancellations"][-1])

    async def asked(self, **fields: Any) -> tuple[str, str]:
        """An order on which the buyer asked for cancellation: (order id, cancel id)."""
        order_id = await self.order(**fields)
        await self.act(order_id, "buyer_requests_cancellation", reason=NO_LONGER)
        return order_id, str((await self.cancellation(order_id))["cancel_id"])

    async def return_of(self, order_id: str) -> dict[str, Any]:
        page = (await self.post("return_refund/returns/search", {"order_ids": [order_id]})).ok
        return dict(page["return_orders"][-1])

    async def returned(
        self,
        act: str = "buyer_requests_refund",
        phase: str = "delivered",
        order: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> tuple[str, str]:
        """An order with a request after the sale: (order id, return id)."""
        order_id = await self.order(phase=phase, **(order or {}))
        await self.act(order_id, act, **how)
        return order_id, str((await self.return_of(order_id))["return_id"])

    async def decide(self, return_id: str, decision: str, *, key: str = "", **body: Any) -> Reply:
        how = "reject" if decision.startswith("REJECT") or "AFTER_RECEIVING" in decision else "approve"
        query = {"idempotency_key": key} if key else {}
        return await self.post(f"return_refund/returns/{return_id}/{how}", {"decision": decision, **body}, query)

    async def package(self, order_id: str) -> str:
        return str((await self.detail(order_id))["packages"][0]["id"])

    async def ship(self, order_id: str, **body: Any) -> Reply:
        own = {"self_shipment": {"tracking_number": "TRACK1", "shipping_provider_id": "6841743441349700001"}}
        return await self.post(f"fulfillment/packages/{await self.package(order_id)}/ship", body or own)


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
    def data(self) -> dict[str, Any]:
        return dict(self.body["data"])


@dataclass(slots=True)
class Receiver:
    """A webhook end point that keeps what it got and answers what it is told."""

    url: str = ""
    status: int = 200
    got: list[Delivery] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        delivery = Delivery(request.path, dict(request.headers), await request.read())
        async with self.changed:
            self.got.append(delivery)
            self.changed.notify_all()
        return web.Response(status=self.status)

    def of(self, kind: int, order_id: str | None = None) -> list[Delivery]:
        return [
            one
            for one in self.got
            if one.body["type"] == kind and (order_id is None or one.data.get("order_id") == order_id)
        ]

    async def expect(self, kind: int, n: int = 1, order_id: str | None = None) -> list[Delivery]:
        """Until that many came; fails after 10 real seconds."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: len(self.of(kind, order_id)) >= n), 10)
        return self.of(kind, order_id)

    async def forget_the_making_of(self, order_id: str) -> None:
        await self.expect(1, 1, order_id)
        self.got.clear()


@pytest.fixture
def sign() -> Callable[..., str]:
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
                serve(platforms=["tiktok_shop"], seed=seed, orders=orders, clock="virtual", push_to=push_to)
            )
            api = Api(http, running["tiktok_shop"]["base_url"], running["tiktok_shop"]["control_url"])
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
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    end.url = str(URL.build(scheme="http", host=host, port=port, path="/hooks/tiktok"))
    yield end
    await runner.cleanup()


@pytest.fixture
async def pushed(api: Api, receiver: Receiver) -> Receiver:
    """The receiver, registered as the place where the simulator's pushes go."""
    await api.control_ok("PUT", "/push", {"url": receiver.url, "enabled": True})
    return receiver

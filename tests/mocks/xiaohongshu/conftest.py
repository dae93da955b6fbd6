"""A hand-made client of the Xiaohongshu simulator: raw HTTP, its own signing, nothing of the product.

Everything here is written from the platform's fact sheet (platforms/xiaohongshu/API.md) and the control API
(MOCKS.md), so that a misreading in the simulator and one in the product can not hide each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import pytest
from aiohttp import web

from mocks.kit.running import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

URL = "/ark/open_api/v3/common_controller"
DAY = 86_400


def sign_of(method: str, app_id: str, timestamp: str, version: str, secret: str) -> str:
    """Section 2."""
    text = method + "?appId=" + app_id + "&timestamp=" + timestamp + "&version=" + version + secret
    return hashlib.md5(text.encode()).hexdigest()


def push_sign_of(path: str, params: Mapping[str, str], secret: str) -> str:
    """Section 9: path, ?, parameters sorted by name and joined raw, secret."""
    joined = "&".join(k + "=" + params[k] for k in sorted(params))
    return hashlib.md5((path + "?" + joined + secret).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the platform in its usual envelope."""

    http: int
    body: dict[str, Any]

    @property
    def ok(self) -> Any:
        """`data` of a success: one level, flat, error_code 0."""
        assert self.http == 200, self.body
        assert self.body["success"] is True, self.body
        assert self.body["error_code"] == 0, self.body
        return self.body.get("data")

    def refused(self, code: int | None = None, *words: str) -> None:
        """The failure envelope: HTTP 200, success false, a code, a text with these words, no data."""
        assert self.http == 200, self.body
        assert self.body["success"] is False, self.body
        assert isinstance(self.body["error_code"], int), self.body
        assert self.body["error_code"] not in {0, 200}, self.body
        assert code is None or self.body["error_code"] == code, self.body
        assert self.body["error_msg"].strip(), self.body
        assert all(word in self.body["error_msg"] for word in words), self.body
        assert self.body.get("data") is None, self.body


@dataclass(slots=True)
class Api:
    """One running simulator, seen from outside: the platform's calls and the control API."""

    http: aiohttp.ClientSession
    base_url: str
    control_url: str
    credentials: dict[str, Any] = field(default_factory=dict)

    async def control(self, method: str, path: str, body: object = None, query: Any = None) -> tuple[int, Any]:
        async with self.http.request(method, self.control_url + path, json=body, params=query) as answer:
            return answer.status, json.loads(await answer.read())

    async def control_ok(self, method: str, path: str, body: object = None, query: Any = None) -> Any:
        status, answer = await self.control(method, path, body, query)
        assert status == 200, (method, path, body, status, answer)
        return answer

    async def load_credentials(self) -> None:
        self.credentials = await self.control_ok("GET", "/credentials")

    async def now(self) -> int:
        return int((await self.control_ok("GET", "/clock"))["unix"])

    async def advance(self, duration: str) -> None:
        await self.control_ok("POST", "/clock", {"advance": duration})

    async def order(self, **fields: Any) -> str:
        """Make an order, in the first shop unless told; its id."""
        return str((await self.control_ok("POST", "/orders", {"store": self.seller_id, **fields}))["id"])

    async def act(self, order_id: str, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", f"/orders/{order_id}/acts", {"act": act, **fields})

    async def illegal_act(self, order_id: str, act: str, **fields: Any) -> str:
        status, answer = await self.control("POST", f"/orders/{order_id}/acts", {"act": act, **fields})
        assert status == 409, (act, status, answer)
        return str(answer["error"])

    async def store_act(self, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", "/acts", {"act": act, "store": self.seller_id, **fields})

    async def app_act(self, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", "/acts", {"act": act, **fields})

    async def faults(self, *faults: dict[str, Any]) -> None:
        await self.control_ok("POST", "/faults", list(faults))

    async def truth(self, order_id: str) -> dict[str, Any]:
        return dict(await self.control_ok("GET", f"/orders/{order_id}"))

    async def effects(self) -> list[dict[str, Any]]:
        return list(await self.control_ok("GET", "/effects"))

    async def attempts(self) -> list[dict[str, Any]]:
        return list(await self.control_ok("GET", "/pushes"))

    # -- who calls

    @property
    def app_id(self) -> str:
        return str(self.credentials["app_id"])

    @property
    def secret(self) -> str:
        return str(self.credentials["app_secret"])

    @property
    def stores(self) -> list[dict[str, Any]]:
        return list(self.credentials["stores"])

    @property
    def seller_id(self) -> str:
        return str(self.stores[0]["seller_id"])

    @property
    def other(self) -> dict[str, Any]:
        return self.stores[1]

    # -- the platform

    async def raw(self, body: object) -> Reply:
        """Exactly this body, nothing signed, nothing added."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json;charset=utf-8"}
        async with self.http.post(self.base_url + URL, data=data, headers=headers) as answer:
            return Reply(answer.status, json.loads(await answer.read()))

    async def system(self, method: str, **changed: Any) -> dict[str, Any]:
        """The system fields, signed for now."""
        fields: dict[str, Any] = {
            "method": method,
            "appId": self.app_id,
            "timestamp": str(await self.now()),
            "version": "2.0",
            **changed,
        }
        sign = sign_of(method, str(fields["appId"]), str(fields["timestamp"]), str(fields["version"]), self.secret)
        return {"sign": sign, **fields}

    async def call(self, method: str, store: Mapping[str, Any] | None = None, **params: Any) -> Reply:
        token = (store or self.stores[0])["access_token"]
        return await self.raw({**await self.system(method), "accessToken": token, **params})

    async def ok(self, method: str, **params: Any) -> Any:
        return (await self.call(method, **params)).ok

    async def oauth(self, method: str, **params: Any) -> Reply:
        return await self.raw({**await self.system(method), **params})

    async def detail(self, order_id: str) -> dict[str, Any]:
        return dict(await self.ok("order.getOrderDetail", orderId=order_id))

    async def listed(self, **params: Any) -> dict[str, Any]:
        """A page of the order list, by default the last 24 hours by creation."""
        now = await self.now()
        asked = {"startTime": now - DAY, "endTime": now, "timeType": 1, **params}
        return dict(await self.ok("order.getOrderList", **asked))

    async def after_sales(self, order_id: str) -> list[dict[str, Any]]:
        page = await self.ok("afterSale.listAfterSaleInfos", pageNo=1, pageSize=50, orderId=order_id)
        return list(page["afterSaleBasicInfos"])

    async def after_sale(self, returns_id: str) -> dict[str, Any]:
        return dict((await self.ok("afterSale.getAfterSaleInfo", returnsId=returns_id))["afterSaleInfo"])

    async def asked(self, act: str, phase: str = "awaiting_shipment", **fields: Any) -> tuple[str, str]:
        """An order on which the buyer asked for something: (order id, after-sale id)."""
        order_id = await self.order(phase=phase)
        truth = await self.act(order_id, act, **fields)
        return order_id, str(truth["returns"][-1]["returns_id"])

    async def audit(self, returns_id: str, action: int, **params: Any) -> Reply:
        return await self.call("afterSale.auditReturns", returnsId=returns_id, action=action, **params)

    async def address_id(self) -> int:
        rows = (await self.ok("common.getAddressRecord", pageIndex=1, pageSize=10))["sellerAddressRecordList"]
        return int(rows[0]["sellerAddressRecordId"])

    async def agreed_return(self, returns_id: str) -> None:
        """Agree to send back, to the shop's first address."""
        to = {"sellerAddressRecordId": await self.address_id()}
        assert (await self.audit(returns_id, 2, receiverInfo=to)).ok is None

    async def coming_back(self, act: str = "buyer_requests_return") -> tuple[str, str]:
        """An order whose goods are on the way back, status 3."""
        order_id, returns_id = await self.asked(act, "delivered")
        await self.agreed_return(returns_id)
        await self.act(order_id, "buyer_ships_return")
        return order_id, returns_id

    async def ship(self, order_id: str, **changed: Any) -> Reply:
        params = {"orderId": order_id, "expressNo": "SF0000000000001", "expressCompanyCode": "shunfeng", **changed}
        return await self.call("order.orderDeliver", **params)

    async def sealed(self, order_id: str) -> dict[str, Any]:
        """The receiver of one order, as ciphertext."""
        query = {"orderId": order_id, "openAddressId": (await self.detail(order_id))["openAddressId"]}
        told = await self.ok("order.getOrderReceiverInfo", receiverQueries=[query], isReturn=False)
        return dict(told["receiverInfos"][0])


class Start(Protocol):
    """Starts a simulator for the length of the test."""

    def __call__(self, *, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Awaitable[Api]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call of the callback URL."""

    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(slots=True)
class Receiver:
    """A callback URL that keeps what it got and answers what it is told."""

    url: str = ""
    status: int = 200
    text: str = '{"success":true,"error_code":0,"error_msg":""}'
    got: list[Delivery] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        delivery = Delivery(request.path, dict(request.query), headers, await request.read())
        async with self.changed:
            self.got.append(delivery)
            self.changed.notify_all()
        return web.Response(status=self.status, text=self.text, content_type="application/json")

    @property
    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """Every message so far: (msgTag, the object inside its `data` text)."""
        return [
            (message["msgTag"], json.loads(message["data"]))
            for delivery in self.got
            if isinstance(delivery.body, list)
            for message in delivery.body
        ]

    def of(self, tag: str) -> list[dict[str, Any]]:
        return [detail for one, detail in self.messages if one == tag]

    async def wait(self, enough: Callable[[], bool]) -> None:
        """Until the condition holds; fails after 10 real seconds."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(enough), 10)

    async def expect(self, tag: str, n: int = 1) -> list[dict[str, Any]]:
        await self.wait(lambda: len(self.of(tag)) >= n)
        return self.of(tag)


@pytest.fixture
def sign() -> Callable[..., str]:
    return sign_of


@pytest.fixture
def push_sign() -> Callable[..., str]:
    return push_sign_of


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))

        async def run(*, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Api:
            running = await stack.enter_async_context(
                serve(platforms=["xiaohongshu"], seed=seed, orders=orders, clock="virtual", push_to=push_to)
            )
            api = Api(http, running["xiaohongshu"]["base_url"], running["xiaohongshu"]["control_url"])
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
    end.url = f"http://{host}:{port}/webhooks/xiaohongshu?shop=s1"
    yield end
    await runner.cleanup()


@pytest.fixture
async def pushed(api: Api, receiver: Receiver) -> Receiver:
    """The receiver, registered as the place where the simulator's pushes go."""
    await api.control_ok("PUT", "/push", {"url": receiver.url, "enabled": True})
    return receiver

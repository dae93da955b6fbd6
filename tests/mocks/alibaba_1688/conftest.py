"""A hand-made client of the 1688 simulator: raw HTTP, its own signing, nothing of the product.

Everything here is written from the platform's fact sheet (platforms/alibaba_1688/API.md) and the control API
(MOCKS.md), so that a misreading in the simulator and one in the product can not hide each other.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web

from mocks.kit.running import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

TRADE = "com.alibaba.trade"
LOGISTICS = "com.alibaba.logistics"
CROSS = "com.alibaba.fenxiao.crossborder"
OPEN = "cn.alibaba.open"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32
CHINA = timezone(timedelta(hours=8))


def sign_of(secret: str, path: str, params: Mapping[str, str]) -> str:
    """Section 2: upper hex of HMAC-SHA1 over the path and the sorted `key + value` texts."""
    joined = sorted(key + value for key, value in params.items() if key != "_aop_signature")
    return hmac.new(secret.encode(), (path + "".join(joined)).encode(), hashlib.sha1).hexdigest().upper()


def wire_date(unix: int) -> str:
    """Section 1.1: `java.util.Date` on the wire."""
    return datetime.fromtimestamp(unix, CHINA).strftime("%Y%m%d%H%M%S000%z")


def read_date(text: str) -> int:
    return int(datetime.strptime(text[:14] + text[17:], "%Y%m%d%H%M%S%z").timestamp())


def text_of(value: object) -> str:
    """Section 1: every parameter is a string; objects and lists are JSON texts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the platform."""

    http: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def ok(self) -> dict[str, Any]:
        """The whole body of a success, by the sheet's rule for clients (4.2)."""
        assert self.http == 200, self.body
        assert "error_code" not in self.body, self.body
        inner = self.body.get("result")
        for level in (self.body, inner if isinstance(inner, dict) else {}):
            assert str(level.get("success", "true")).lower() == "true", self.body
            assert not level.get("errorCode"), self.body
        return self.body

    @property
    def result(self) -> Any:
        return self.ok["result"]

    @property
    def inner(self) -> Any:
        """The payload of an E2 success: `result.result`."""
        assert self.ok["result"]["success"] is True
        return self.ok["result"]["result"]

    def gateway_refused(self, code: str, message: str | None = None) -> None:
        """The gateway's envelope (4.1)."""
        assert self.body["error_code"] == code, self.body
        assert self.body["error_message"], self.body
        assert self.body["request_id"], self.body
        if message is not None:
            assert self.body["error_message"] == message
        if code.startswith("gw."):
            assert self.http == 400

    def flat(self, code: str, message: str | None = None) -> None:
        """E1."""
        self._is({"success": False, "errorCode": code}, "errorMessage", message, self.body)

    def nested(self, code: str, message: str | None = None) -> None:
        """E2."""
        assert set(self.body) == {"result"}, self.body
        self._is({"success": False, "code": code}, "message", message, self.body["result"])

    def nested_info(self, code: str, message: str | None = None) -> None:
        """E3."""
        assert set(self.body) == {"result"}, self.body
        self._is({"success": False, "errorCode": code}, "errorInfo", message, self.body["result"])

    def query(self, code: str, message: str | None = None) -> None:
        """E4."""
        assert "success" not in self.body, self.body
        self._is({"errorCode": code}, "errorMessage", message, self.body)

    def query_list(self, code: str, message: str | None = None) -> None:
        """E4 of the refund list, which says errorMsg and success."""
        self._is({"success": False, "errorCode": code}, "errorMsg", message, self.body)

    def create(self, code: str, message: str | None = None) -> None:
        """E5."""
        self._is({"success": False, "code": code}, "message", message, self.body)

    def pay(self, code: str, message: str | None = None) -> None:
        """E6."""
        self._is({"success": False, "errorCode": code}, "erroMsg", message, self.body)

    def _is(self, flags: dict[str, Any], text_name: str, message: str | None, level: dict[str, Any]) -> None:
        assert self.http == 200, self.body
        assert {name: level.get(name) for name in flags} == flags, self.body
        assert level[text_name], self.body
        if message is not None:
            assert level[text_name] == message, self.body


@dataclass(slots=True)
class Api:
    """One running simulator, seen from outside: the platform's calls and the control API."""

    http: aiohttp.ClientSession
    base_url: str
    control_url: str
    credentials: dict[str, Any] = field(default_factory=dict)
    jpeg: bytes = JPEG

    # -- the control API ------------------------------------------------------------------------------------------

    async def control(self, method: str, path: str, body: object = None, query: Any = None) -> tuple[int, Any]:
        async with self.http.request(
            method, self.control_url + path, json=body if body is not None else None, params=query
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

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
        """Make an order of the first store; its id as text."""
        return str((await self.control_ok("POST", "/orders", {"store": self.member, **fields}))["id"])

    async def bought(self, **fields: Any) -> str:
        """Make an order in which the first store is the buyer."""
        return await self.order(role="buyer", **fields)

    async def act(self, order_id: str, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", f"/orders/{order_id}/acts", {"act": act, **fields})

    async def illegal_act(self, order_id: str, act: str, **fields: Any) -> str:
        status, answer = await self.control("POST", f"/orders/{order_id}/acts", {"act": act, **fields})
        assert status == 409, (act, status, answer)
        return str(answer["error"])

    async def store_act(self, act: str, **fields: Any) -> Any:
        return await self.control_ok("POST", "/acts", {"act": act, **fields})

    async def answers(self, code: str, operation: str, message: str | None = None) -> None:
        """Make the next call answer a documented error that no act of a client brings about."""
        fault: dict[str, Any] = {"operation": operation, "fault": "platform_error", "code": code, "times": 1}
        await self.faults({**fault, **({"message": message} if message else {})})

    async def faults(self, *faults: dict[str, Any]) -> None:
        await self.control_ok("POST", "/faults", list(faults))

    async def truth(self, order_id: str) -> dict[str, Any]:
        answer = await self.control_ok("GET", f"/orders/{order_id}")
        assert isinstance(answer, dict)
        return answer

    async def effects(self, operation: str | None = None) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = await self.control_ok("GET", "/effects")
        return [e for e in entries if operation is None or e["operation"].endswith("/" + operation)]

    # -- who calls ------------------------------------------------------------------------------------------------

    @property
    def app_key(self) -> str:
        return str(self.credentials["app_key"])

    @property
    def secret(self) -> str:
        return str(self.credentials["app_secret"])

    @property
    def store(self) -> dict[str, Any]:
        return dict(self.credentials["stores"][0])

    @property
    def other(self) -> dict[str, Any]:
        return dict(self.credentials["stores"][1])

    @property
    def member(self) -> str:
        return str(self.store["member_id"])

    # -- the platform ---------------------------------------------------------------------------------------------

    async def raw(
        self, path: str, params: Mapping[str, str], method: str = "POST", data: Any = None, query: Any = None
    ) -> Reply:
        """Exactly this request; nothing signed, nothing added."""
        url = f"{self.base_url}/openapi/{path}"
        if method == "GET":
            sent = self.http.get(url, params=params)
        else:
            sent = self.http.post(url, data=params if data is None else data, params=query)
        async with sent as answer:
            body = json.loads(await answer.read(), parse_float=Decimal)
            return Reply(answer.status, body, dict(answer.headers))

    def path(self, name: str, namespace: str = TRADE) -> str:
        return f"param2/1/{namespace}/{name}/{self.app_key}"

    def signed(self, path: str, params: Mapping[str, object], token: str | None = None) -> dict[str, str]:
        sent = {key: text_of(value) for key, value in params.items()}
        if token is not None:
            sent["access_token"] = token
        sent["_aop_signature"] = sign_of(self.secret, path, sent)
        return sent

    async def call(
        self, name: str, params: Mapping[str, object] | None = None, *, namespace: str = TRADE, who: Any = None
    ) -> Reply:
        path = self.path(name, namespace)
        token = str((who or self.store)["access_token"])
        return await self.raw(path, self.signed(path, params or {}, token))

    async def logistics(self, name: str, who: Any = None, **params: object) -> Reply:
        return await self.call(name, params, namespace=LOGISTICS, who=who)

    async def token_call(self, name: str = "getToken", **params: str) -> Reply:
        form = {"client_id": self.app_key, "client_secret": self.secret, **params}
        return await self.raw(f"param2/1/system.oauth2/{name}/{self.app_key}", form)

    # -- what most tests read and do ------------------------------------------------------------------------------

    async def sold(self, order_id: str) -> dict[str, Any]:
        """The seller's detail."""
        reply = await self.call("alibaba.trade.get.sellerView", {"webSite": "1688", "orderId": order_id})
        return dict(reply.result)

    async def purchase(self, order_id: str, **more: object) -> dict[str, Any]:
        """The buyer's detail."""
        reply = await self.call("alibaba.trade.get.buyerView", {"webSite": "1688", "orderId": order_id, **more})
        return dict(reply.result)

    async def cancel(self, order_id: str, who: Any = None, **changed: object) -> Reply:
        asked = {"webSite": "1688", "tradeID": order_id, "cancelReason": "other", **changed}
        return await self.call("alibaba.trade.cancel", {k: v for k, v in asked.items() if v is not None}, who=who)

    async def refund(self, order_id: str, lines: int | None = None, who: Any = None, **changed: object) -> Reply:
        """A right application for the whole of some lines of a paid, unshipped order; None leaves a field out."""
        entries = (await self.truth(order_id))["lines"][:lines]
        amount = sum(int(Decimal(line["paid"]) * 100) for line in entries)
        asked = {
            "orderId": order_id,
            "orderEntryIds": [int(line["id"]) for line in entries],
            "disputeRequest": "refund",
            "applyPayment": amount,
            "applyCarriage": 0,
            "applyReasonId": 20028,
            "description": "不想要了",
            "goodsStatus": "refundWaitSellerSend",
            **changed,
        }
        return await self.call("alibaba.trade.createRefund", {k: v for k, v in asked.items() if v is not None}, who=who)

    async def refunded(self, order_id: str, **changed: object) -> str:
        return str((await self.refund(order_id, **changed)).inner["refundId"])

    async def returning(self, **wish: object) -> tuple[str, str]:
        """A shipped purchase and its return application."""
        order = await self.bought(phase="in_transit")
        asked = {"disputeRequest": "returnRefund", "goodsStatus": "refundBuyerReceived", "applyReasonId": 20021}
        return order, await self.refunded(order, **{**asked, **wish})

    async def refund_detail(self, refund_id: str, *, seller: bool = False) -> dict[str, Any]:
        name = "alibaba.trade.refund.OpQueryOrderRefund" + (".sellerView" if seller else "")
        asked = {"refundId": refund_id, "needTimeOutInfo": True, "needOrderRefundOperation": True}
        return dict((await self.call(name, asked)).result["opOrderRefundModelDetail"])

    def offers(self, depot: str = "A", at: int = 0) -> list[dict[str, Any]]:
        """What one supplier offers from one depot."""
        mine = {store["member_id"] for store in self.credentials["stores"]}
        sellers = [offer["seller"] for offer in self.credentials["offers"] if offer["seller"] not in mine]
        supplier = list(dict.fromkeys(sellers))[at]
        return [
            offer
            for offer in self.credentials["offers"]
            if offer["seller"] == supplier and (depot == "" or offer["depot"] == depot)
        ]

    async def create(self, cargo: list[tuple[dict[str, Any], int]], **changed: object) -> Reply:
        """A cross-border purchase of so many of the first variant of each offer; None leaves a field out."""
        asked = {
            "flow": "general",
            "addressParam": {"addressId": int(self.store["address_ids"][0])},
            "cargoParamList": [
                {"offerId": int(o["offer_id"]), "specId": o["specs"][0]["spec_id"], "quantity": n} for o, n in cargo
            ],
            **changed,
        }
        return await self.call("alibaba.trade.createCrossOrder", {k: v for k, v in asked.items() if v is not None})


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came in."""

    raw: bytes
    content_type: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw.decode(), strict_parsing=True))

    @property
    def message(self) -> dict[str, Any]:
        parsed = json.loads(self.form["message"])
        assert isinstance(parsed, dict)
        return parsed


@dataclass(slots=True)
class Receiver:
    """A message address that keeps what it got and answers what it is told."""

    url: str = ""
    base: str = ""
    status: int = 200
    got: list[Delivery] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        delivery = Delivery(await request.read(), request.headers["Content-Type"])
        async with self.changed:
            self.got.append(delivery)
            self.changed.notify_all()
        return web.Response(status=self.status, text="success")

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [d.message for d in self.got if d.message["type"] == topic]

    @property
    def topics(self) -> list[str]:
        return [d.message["type"] for d in self.got]

    async def expect(self, topic: str, n: int = 1) -> list[dict[str, Any]]:
        """Wait for so many messages of a topic; fails after 10 real seconds."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: len(self.of(topic)) >= n), 10)
        return self.of(topic)


class Start(Protocol):
    """Starts a simulator for the length of the test."""

    def __call__(self, *, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Awaitable[Api]: ...


@pytest.fixture
def sign() -> Callable[[str, str, Mapping[str, str]], str]:
    return sign_of


@pytest.fixture
def date() -> Callable[[int], str]:
    return wire_date


@pytest.fixture
def unix() -> Callable[[str], int]:
    return read_date


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)))

        async def run(*, orders: int = 0, seed: int = 7, push_to: str | None = None) -> Api:
            running = await stack.enter_async_context(
                serve(platforms=["alibaba_1688"], seed=seed, orders=orders, clock="virtual", push_to=push_to)
            )
            at = running["alibaba_1688"]
            api = Api(http, at["base_url"], at["control_url"])
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
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    end.base = f"http://{host}:{port}"
    end.url = f"{end.base}/messages"
    yield end
    await runner.cleanup()


@pytest.fixture
async def pushed(api: Api, receiver: Receiver) -> Receiver:
    """The receiver, registered as the place where the simulator's messages go."""
    await api.control_ok("PUT", "/push", {"url": receiver.url, "enabled": True})
    return receiver

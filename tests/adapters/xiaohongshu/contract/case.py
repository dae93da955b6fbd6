"""Facts of Xiaohongshu for the contract suite, typed from its fact sheet (API.md); every value is invented."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from adapters.xiaohongshu import adapter
from gateway.model.store import App, AppSecret, Credential, StoreMode
from gateway.ports import Answer, Call, Signed
from gateway.transport.json import encode
from tests.adapters.xiaohongshu.contract.rows import (
    APP,
    CREDENTIAL,
    DETAIL,
    ORDER,
    RETURN,
    RETURN_DETAIL,
    SECRET,
    SELLER,
    order_answers,
    order_row,
    parcel_row,
    return_answer,
    return_row,
    store,
    wrapped,
)
from tests.adapters.xiaohongshu.contract.writes import WRITES, open_request
from tests.kit.contract_case import (
    Axis,
    Case,
    Connected,
    Field,
    Live,
    OrderFacts,
    Pushes,
    PushVector,
    Script,
    Signing,
    Simulator,
    Vector,
)

HERE = Path(__file__).resolve().parent

# -- section 2: the signature ------------------------------------------------------------------------------------

UNSIGNED: frozenset[Field] = frozenset({"method", "path", "query", "body", "shop", "token"})

SIGNS: tuple[tuple[str, Any, str, str, int, str, str], ...] = (
    (
        "order.getOrderList",
        "store",
        "test_app_id_0001",
        "test_secret_0001",
        1700000000,
        "e58fd2997cf44de2d07774f5ad26d255",
        "list",
    ),
    (
        "oauth.getAccessToken",
        "app",
        "test_app_id_0001",
        "test_secret_0001",
        1700000000,
        "5d132706d2f469d29765c451851c0074",
        "token",
    ),
    (
        "afterSale.auditReturns",
        "store",
        "test_app_id_0001",
        "test_secret_0001",
        1700000001,
        "7a661470e3b7e99090fad5cb1995eba8",
        "audit",
    ),
    (
        "product.createItem",
        "store",
        "21d6748be8de0",
        "429aa3aee9ef9e4a858210",
        1612518379,
        "1e039e3cd6e0d895e59133029602297e",
        "item",
    ),
)


def _vector(method: str, scope: Any, key: str, secret: str, stamp: int, signature: str, name: str) -> Vector:
    call = Call(operation=method, method="POST", path="/ark/open_api/v3/common_controller", body=b"{}", scope=scope)
    signing = Signing(
        call=call,
        app=APP.model_copy(update={"key": key}),
        secret=AppSecret(sign_key=secret),
        store=store(),
        credential=CREDENTIAL,
        now=datetime.fromtimestamp(stamp, UTC),
    )
    return Vector(name, signing, signature)


# -- sections 4 and 5: the words -----------------------------------------------------------------------------------

PAID_TIME = 1_773_000_100_000


def _number(word: str) -> int | str:
    return int(word) if word.removeprefix("-").isdigit() else word


def _order_word(name: str, **beside: Any) -> Any:
    return lambda word: order_answers(order_row(**{**beside, name: _number(word)}))


def _status(word: str) -> Script:
    paid = 0 if word in {"1", "9", "NEVER_DOCUMENTED_WORD"} else PAID_TIME
    shipped = 1_773_000_200_000 if word in {"5", "6", "7", "8", "10"} else 0
    return order_answers(order_row(orderStatus=_number(word), paidTime=paid, deliveryTime=shipped))


def _parcel(word: str) -> Script:
    return order_answers(order_row(simpleDeliveryOrderList=[parcel_row(status=_number(word))]))


def _return_word(name: str, **beside: Any) -> Any:
    return lambda word: {RETURN_DETAIL: return_answer(return_row(**{**beside, name: _number(word)}))}


def _order_axis(name: str, read: Any, kept: Any, unknown: object) -> Axis:
    return Axis("order", _order_word(name), read, kept, name, unknown)


def _detail(name: str) -> Any:
    return lambda found: found.raw_details[name]


AXES: Mapping[str, Axis] = {
    "orderStatus": Axis(
        "order",
        _status,
        lambda order: (order.payment, order.fulfillment, order.closure),
        lambda order: order.raw_status,
        "orderStatus",
        ("unknown", "unknown", "unknown"),
    ),
    "parcelStatus": Axis(
        "order",
        _parcel,
        lambda order: order.packages[0].state,
        lambda order: order.packages[0].raw_status,
        "simpleDeliveryOrderList.status",
        "unknown",
    ),
    "orderType": _order_axis("orderType", lambda order: order.sale_type, _detail("orderType"), "in_stock"),
    "logisticsMode": _order_axis("logisticsMode", lambda order: order.cross_border, _detail("logisticsMode"), None),
    "paymentType": _order_axis("paymentType", lambda order: order.payments[0].method, None, "NEVER_DOCUMENTED_WORD"),
    "orderAfterSalesStatus": _order_axis(
        "orderAfterSalesStatus",
        _detail("orderAfterSalesStatus"),
        _detail("orderAfterSalesStatus"),
        "NEVER_DOCUMENTED_WORD",
    ),
    "cancelStatus": _order_axis(
        "cancelStatus", _detail("cancelStatus"), _detail("cancelStatus"), "NEVER_DOCUMENTED_WORD"
    ),
    "returnType": Axis(
        "after_sale",
        _return_word("returnType"),
        lambda one: one.kind,
        _detail("returnType"),
        "returnType",
        "unknown",
    ),
    "afterSaleStatus": Axis(
        "after_sale",
        _return_word("status", returnType=1),
        lambda one: (one.state, one.goods, one.dispute),
        lambda one: one.raw_status,
        "status",
        ("unknown", "unknown", "none"),
    ),
    "refundStatus": Axis(
        "after_sale",
        _return_word("refundStatus"),
        lambda one: one.refund,
        _detail("refundStatus"),
        "refundStatus",
        "unknown",
    ),
    "returnsTag": Axis(
        "after_sale",
        _return_word("returnsTag"),
        _detail("returnsTag"),
        _detail("returnsTag"),
        "returnsTag",
        "NEVER_DOCUMENTED_WORD",
    ),
    "cargoStatus": Axis(
        "after_sale",
        _return_word("cargoStatus"),
        _detail("cargoStatus"),
        _detail("cargoStatus"),
        "cargoStatus",
        "NEVER_DOCUMENTED_WORD",
    ),
}


@dataclass(frozen=True, slots=True)
class XiaohongshuWire:
    """Xiaohongshu's way of writing things: amounts of orders in fen, names as ciphertext."""

    axes: Mapping[str, Axis]

    def order(self, facts: OrderFacts) -> Script:
        fen = Decimal(facts.total) * 100
        row = order_row(
            totalPayAmount=int(fen) if fen == fen.to_integral_value() else fen,
            createdTime=int(facts.placed_at.timestamp()) * 1000,
            sellerRemark=facts.note,
            customerRemark=facts.message,
        )
        row["skuList"][0]["itemName"] = facts.title
        return order_answers(row, facts.person)

    def orders_again(self, raws: Sequence[Any], script: Script) -> Script:
        return {**script, DETAIL: wrapped(raws[0])} if raws else script

    def total_of(self, raw: Any) -> str:
        return str(Decimal(raw["totalPayAmount"]).scaleb(-2))

    def error(self, code: str, message: str) -> Answer:
        return Answer(200, {}, encode({"error_code": _number(code), "error_msg": message, "success": False}))

    def signature_of(self, signed: Signed) -> str:
        return str(json.loads(signed.body or b"{}")["sign"])

    def common(self, call_scope: str) -> Mapping[str, str | None]:
        public: dict[str, str | None] = {"appId": APP.key, "timestamp": "1773144000", "version": "2.0", "sign": None}
        return public if call_scope == "app" else {**public, "accessToken": CREDENTIAL.access_token}


def _name_of(request: httpx.Request) -> str:
    """Return the method that stands in the body, since every call goes to one address."""
    body = json.loads(request.content) if request.content else {}
    return str(body.get("method", request.url.path)) if isinstance(body, dict) else request.url.path


# -- the simulator and the real platform --------------------------------------------------------------------------


def _connect(told: Any, base_url: str, region: str, now: datetime) -> Connected:
    mine = told["stores"][0]
    return Connected(
        app=App(id="app-1", platform="xiaohongshu", key=told["app_id"], base_url=base_url),
        secret=AppSecret(sign_key=told["app_secret"]),
        store=store(mine["seller_id"]),
        credential=Credential(
            access_token=mine["access_token"],
            refresh_token=mine["refresh_token"],
            expires_at=now + timedelta(days=7),
        ),
    )


_ENV = "ORDER_GATEWAY_LIVE_XIAOHONGSHU_"


def _connect_live(given: Mapping[str, str], now: datetime) -> Connected:
    return Connected(
        app=App(id="app-1", platform="xiaohongshu", key=given[f"{_ENV}APP_ID"], base_url=given[f"{_ENV}BASE_URL"]),
        secret=AppSecret(sign_key=given[f"{_ENV}APP_SECRET"]),
        store=store(given[f"{_ENV}SELLER_ID"], StoreMode.observe),
        credential=Credential(access_token=given[f"{_ENV}ACCESS_TOKEN"], expires_at=now + timedelta(days=1)),
    )


LIVE = Live(
    variables={
        f"{_ENV}BASE_URL": "the host, https://ark.xiaohongshu.com",
        f"{_ENV}APP_ID": "the app's appId",
        f"{_ENV}APP_SECRET": "the app's secret",
        f"{_ENV}SELLER_ID": "the shop",
        f"{_ENV}ACCESS_TOKEN": "an access token with some life left; it is not renewed",
    },
    connect=_connect_live,
)

# -- section 9: pushes ---------------------------------------------------------------------------------------------


def _push(tag: str, **data: Any) -> bytes:
    return json.dumps([{"msgTag": tag, "sellerId": SELLER, "data": json.dumps(data)}]).encode()


def _sign_push(secret: AppSecret, url: str, body: bytes) -> dict[str, str]:
    parts = urlsplit(url)
    own = {"app-key": APP.key, "timestamp": "1773144000"}
    if ":" in parts.netloc:  # the simulator's own pushes are signed by the simulator
        raise AssertionError("only composed pushes are signed here")
    joined = "&".join(f"{name}={value}" for name, value in sorted({**dict(parse_qsl(parts.query)), **own}.items()))
    said = f"{parts.path}?{joined}{secret.push_key or secret.sign_key}"
    return {**own, "sign": hashlib.md5(said.encode()).hexdigest()}


def _order_push(order_id: str, at: datetime) -> bytes:
    moment = int(at.timestamp() * 1000)
    return _push("msg_fulfillment_status_change", orderId=order_id, orderStatus=9, updateTime=moment)


def _return_push(order_id: str, returns_id: str, at: datetime) -> bytes:
    told = {"returnsId": returns_id, "orderId": order_id, "returnType": 5, "requestFrom": 1, "refundFee": 0.1}
    return _push("msg_after_sale_create", **told, updateTime=int(at.timestamp() * 1000))


def _respell(body: bytes) -> bytes:
    (message,) = json.loads(body)
    data = json.dumps(json.loads(message["data"]), sort_keys=True, separators=(",", ":"))
    return json.dumps([{**message, "data": data}], sort_keys=True, indent=1).encode()


PUSHES = Pushes(
    vector=PushVector(
        secret=AppSecret(sign_key="another key", push_key="test_secret_0001"),
        url="https://gw.example.com/webhooks/xiaohongshu?shop=s1",
        headers={
            "app-key": "test_app_id_0001",
            "timestamp": "1700000000",
            "sign": "492b7de7ed96e2e2dd5aabafe3c369a7",
        },
        body=_order_push(ORDER, datetime(2026, 3, 10, tzinfo=UTC)),
    ),
    sign=_sign_push,
    shop=SELLER,
    order=_order_push,
    request=_return_push,
    unknown=_push("msg_never_documented", thingId="1"),
    respell=_respell,
    acknowledgement=Answer(
        200, {"Content-Type": "application/json"}, b'{"success":true,"error_code":0,"error_msg":""}'
    ),
    covers_url=True,
    refuses_old=False,  # the one retry comes five minutes later, and a push is read anew before anything is done
    falls_back=True,
    covers_body=False,  # section 9: the body is not signed, so a push is never more than a hint
)

CASE = Case(
    platform="xiaohongshu",
    adapter=adapter,
    connected=Connected(app=APP, secret=SECRET, store=store(), credential=CREDENTIAL),
    folder=HERE,
    quality=HERE.parents[3] / "adapters" / "xiaohongshu" / "quality.yaml",
    wire=XiaohongshuWire(AXES),
    pushes=PUSHES,
    vectors=[_vector(*row) for row in SIGNS],
    unsigned=UNSIGNED,
    order_id=ORDER,
    request_id=RETURN,
    refresh_path="oauth.refreshToken",
    simulator=Simulator(
        regions=("CN",),
        connect=_connect,
        requests_of=lambda truth: {one["returns_id"]: one["status"] for one in truth["returns"]},
        open_request=open_request,
    ),
    writes=WRITES,
    live=LIVE,
    money=(
        ("21.50", "CNY", 2150),
        ("0.29", "CNY", 29),
        ("0.01", "CNY", 1),
        ("1234567.89", "CNY", 123456789),
        ("0", "CNY", 0),
        ("90071992547409.93", "CNY", 9007199254740993),  # no float holds it
    ),
    too_exact=(("0.125", "CNY"), ("10.005", "CNY")),
    never_told=frozenset(
        {
            "collect_by",
            "latest_delivery_at",
            "delivered_at",
            "auto_cancel_at",
            "returnable_until",
            "ended_by_raw",
            "end_reason_raw",
            "buyer_reason_raw",
            "refunded_minor",
            "can_cancel",
            "can_cancel_lines",
        }
    ),
    only_whole=frozenset({"refund", "refunded_minor", "raw_details", "tracking_number", "lines", "opened_by"}),
    name_of=_name_of,
    common_in_body=True,
    currencies=frozenset({"CNY"}),
    seals_recipients=True,
)

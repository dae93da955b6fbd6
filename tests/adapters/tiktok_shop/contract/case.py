"""TikTok Shop's facts for the contract suite, typed from its fact sheet (API.md); every value is invented."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from adapters.tiktok_shop import adapter
from gateway.model.store import App, AppSecret, Credential, Store, StoreMode
from gateway.ports import Answer, Call, Signed
from gateway.transport.json import encode
from tests.adapters.tiktok_shop.contract.writes import WRITES, open_request
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
ORDER = "576460000000000001"
CANCEL = "4035000000000000001"
SEARCH, DETAIL = "order.search", "order.detail"
CANCELLATIONS, RETURNS = "cancellation.search", "return.search"
ZONES = {"JP": "Asia/Tokyo", "GB": "Europe/London"}


def _store(external_id: str, region: str, currency: str) -> Store:
    return Store(
        id="shop-1",
        app="app-1",
        platform="tiktok_shop",
        external_id=external_id,
        region=region,
        currency=currency,
        time_zone=ZONES[region],
        mode=StoreMode.act,
    )


# -- section 2.3: the signature ----------------------------------------------------------------------------------

APP = App(id="app-1", platform="tiktok_shop", key="29a39d", base_url="https://tiktok-shop.invalid")
SECRET = AppSecret(sign_key="e59af819cc")
STORE = _store("7494000000000000001", "JP", "JPY")
CREDENTIAL = Credential(
    access_token="example-access-token",
    refresh_token="example-refresh-token",
    expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    extra={"shop_cipher": "ROW_JPtest"},
)

UNSIGNED: frozenset[Field] = frozenset({"method", "token", "shop"})  # the cipher names the shop, not its id


def _vector(name: str, stamp: int, signature: str, **call: Any) -> Vector:
    asked = Call(operation="any.call", **call)
    now = datetime.fromtimestamp(stamp, UTC)
    signing = Signing(call=asked, app=APP, secret=SECRET, store=STORE, credential=CREDENTIAL, now=now)
    return Vector(name, signing, signature)


VECTORS = (
    _vector(
        "V1",
        1623812664,
        "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
        method="GET",
        path="/authorization/202309/shops",
        scope="app",
    ),
    _vector(
        "V2",
        1767225600,
        "fca314a55fad9ba91a837512039c7a5adf028837655392b1fe1091f3071dcd56",
        method="POST",
        path="/return_refund/202309/cancellations",
        body=b'{"order_id":"576461413038785752","cancel_reason":"seller_cancel_reason_out_of_stock"}',
    ),
    _vector(
        "V3",
        1767225600,
        "2ce121c0d6cba76999815d13422ed6062d4315b482e7516b94e1eef73b5fb374",
        method="POST",
        path="/order/202309/orders/search",
        query=(
            ("page_size", "20"),
            ("page_token", "aDU2dHIzMlFDY0J0eDl4S1Z6cUhQdz09"),
            ("sort_field", "update_time"),
            ("sort_order", "ASC"),
        ),
        body=b'{"order_status":"AWAITING_SHIPMENT","update_time_ge":1767139200}',
    ),
)


# -- sections 1, 3, 4 and 5: how answers look ----------------------------------------------------------------------


def wrapped(content: Any) -> dict[str, Any]:
    """Return a success, as section 1 shows it."""
    return {"code": 0, "message": "Success", "request_id": "example-request", "data": content}


def unit_row(**changes: Any) -> dict[str, Any]:
    """Return one unit of one line."""
    row: dict[str, Any] = {
        "id": "577080000000000001",
        "sku_id": "1731000000000000001",
        "product_id": "1731000000000000009",
        "product_name": "抹茶クッキー",
        "sku_name": "12枚",
        "seller_sku": "MATCHA-12",
        "original_price": "1990",
        "sale_price": "1790",
        "currency": "JPY",
        "display_status": "AWAITING_SHIPMENT",
        "is_gift": False,
        "package_id": "1152000000000000001",
        "package_status": "TO_FULFILL",
    }
    return row | changes


def order_row(**changes: Any) -> dict[str, Any]:
    """Return one order of one line and one parcel."""
    row: dict[str, Any] = {
        "id": ORDER,
        "status": "AWAITING_SHIPMENT",
        "order_type": "NORMAL",
        "user_id": "7494845000000000001",
        "buyer_message": "",
        "seller_note": "",
        "create_time": 1_773_000_000,
        "paid_time": 1_773_000_100,
        "update_time": 1_773_003_700,
        "is_cod": False,
        "is_on_hold_order": True,
        "is_buyer_request_cancel": False,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "shipping_type": "SELLER",
        "payment_method_name": "Card",
        "packages": [{"id": "1152000000000000001"}],
        "payment": {"currency": "JPY", "shipping_fee": "600", "total_amount": "2390"},
        "recipient_address": {"name": "Example Person", "region_code": "JP", "full_address": "1 Example Road"},
        "line_items": [unit_row()],
    }
    return row | changes


def cancellation_row(**changes: Any) -> dict[str, Any]:
    """Return one cancellation that the buyer asks for."""
    row: dict[str, Any] = {
        "cancel_id": CANCEL,
        "order_id": ORDER,
        "cancel_type": "BUYER_CANCEL",
        "cancel_status": "CANCELLATION_REQUEST_PENDING",
        "role": "BUYER",
        "cancel_reason": "ecom_order_unpaid_canceled_reason_no_longer_needed",
        "create_time": 1_773_010_000,
        "update_time": 1_773_010_000,
        "refund_amount": {"currency": "JPY", "refund_total": "2390"},
        "cancel_line_items": [{"order_line_item_id": "577080000000000001", "sku_id": "1731000000000000001"}],
    }
    return row | changes


def return_row(**changes: Any) -> dict[str, Any]:
    """Return one return, under the number of the cancellation, for a check names one request only."""
    row: dict[str, Any] = {
        "return_id": CANCEL,
        "order_id": ORDER,
        "return_type": "RETURN_AND_REFUND",
        "return_status": "RETURN_OR_REFUND_REQUEST_PENDING",
        "role": "BUYER",
        "return_reason": "ecom_order_delivered_refund_reason_damaged",
        "create_time": 1_773_010_000,
        "update_time": 1_773_010_000,
        "refund_amount": {"currency": "JPY", "refund_total": "1790"},
        "return_line_items": [{"order_line_item_id": "577080000000000001", "sku_id": "1731000000000000001"}],
    }
    return row | changes


def _orders(*rows: dict[str, Any]) -> Script:
    return {DETAIL: wrapped({"orders": list(rows)})}


def _order_word(name: str, **beside: Any) -> Any:
    return lambda word: _orders(order_row(**{**beside, name: word}))


def _unit_word(name: str, **beside: Any) -> Any:
    return lambda word: _orders(order_row(line_items=[unit_row(**{**beside, name: word})]))


def _status(word: str) -> Script:
    paid = None if word in {"UNPAID", "NEVER_DOCUMENTED_WORD"} else 1_773_000_100
    return _orders(order_row(status=word, paid_time=paid))


def _cancel_word(name: str) -> Any:
    return lambda word: {CANCELLATIONS: wrapped({"cancellations": [cancellation_row(**{name: word})]})}


def _return_word(name: str, **beside: Any) -> Any:
    def compose(word: str) -> Script:
        rows = [return_row(**{**beside, name: word})]
        return {CANCELLATIONS: wrapped({"cancellations": []}), RETURNS: wrapped({"return_orders": rows})}

    return compose


ENDED = {"status": "CANCELLED", "cancel_time": 1_773_003_700}

AXES: Mapping[str, Axis] = {
    "order_status": Axis(
        "order",
        _status,
        lambda order: (order.payment, order.fulfillment, order.closure),
        lambda order: order.raw_status,
        "status",
        ("unknown", "unknown", "unknown"),
    ),
    "display_status": Axis(
        "order",
        _unit_word("display_status"),
        lambda order: order.packages[0].state,
        None,
        "line_items.display_status",
        "unknown",
    ),
    "package_status": Axis(
        "order",
        _unit_word("package_status", display_status=None),
        lambda order: order.packages[0].state,
        lambda order: order.packages[0].raw_status,
        "line_items.package_status",
        "unknown",
    ),
    "cancel_user": Axis(
        "order",
        _unit_word("cancel_user", display_status="CANCELLED"),
        lambda order: order.lines[0].ended_by,
        None,
        "line_items.cancel_user",
        "unknown",
    ),
    "cancellation_initiator": Axis(
        "order",
        _order_word("cancellation_initiator", **ENDED),
        lambda order: order.ended_by,
        lambda order: order.ended_by_raw,
        "cancellation_initiator",
        "unknown",
    ),
    "order_cancel_reason": Axis(
        "order",
        _order_word("cancel_reason", cancellation_initiator="SELLER", **ENDED),
        lambda order: order.end_reason,
        lambda order: order.end_reason_raw,
        "cancel_reason",
        "unknown",
    ),
    "order_type": Axis(
        "order",
        _order_word("order_type"),
        lambda order: order.sale_type,
        lambda order: order.raw_details["order_type"],
        "order_type",
        "in_stock",
    ),
    "cancel_status": Axis(
        "after_sale",
        _cancel_word("cancel_status"),
        lambda one: (one.state, one.goods, one.refund),
        lambda one: one.raw_status,
        "cancel_status",
        ("unknown", "not_returning", "unknown"),
    ),
    "cancel_type": Axis(
        "after_sale",
        _cancel_word("cancel_type"),
        lambda one: one.kind,
        lambda one: one.raw_details["cancel_type"],
        "cancel_type",
        "cancellation",
    ),
    "cancel_reason": Axis(
        "after_sale",
        _cancel_word("cancel_reason"),
        lambda one: one.reason,
        lambda one: one.reason_raw,
        "cancel_reason",
        "unknown",
    ),
    "role": Axis("after_sale", _cancel_word("role"), lambda one: one.opened_by, None, "role", "unknown"),
    "return_status": Axis(
        "after_sale",
        _return_word("return_status"),
        lambda one: (one.state, one.goods, one.refund),
        lambda one: one.raw_status,
        "return_status",
        ("unknown", "unknown", "unknown"),
    ),
    "return_type": Axis(
        "after_sale", _return_word("return_type"), lambda one: one.kind, None, "return_type", "unknown"
    ),
    "return_reason": Axis(
        "after_sale",
        _return_word("return_reason"),
        lambda one: one.reason,
        lambda one: one.reason_raw,
        "return_reason",
        "unknown",
    ),
    "arbitration_status": Axis(
        "after_sale",
        _return_word("arbitration_status", return_status="REFUND_OR_RETURN_REQUEST_REJECT"),
        lambda one: one.dispute,
        lambda one: one.raw_details["arbitration_status"],
        "arbitration_status",
        "none",
    ),
}


@dataclass(frozen=True, slots=True)
class TikTokShopWire:
    """TikTok Shop's way of writing things."""

    axes: Mapping[str, Axis]

    def order(self, facts: OrderFacts) -> Script:
        row = order_row(
            create_time=int(facts.placed_at.timestamp()), seller_note=facts.note, buyer_message=facts.message
        )
        row["recipient_address"]["name"] = facts.person
        row["line_items"][0]["product_name"] = facts.title
        row["payment"] |= {"currency": facts.currency, "total_amount": facts.total}
        return _orders(row)

    def orders_again(self, raws: Sequence[Any], script: Script) -> Script:
        return {**script, DETAIL: wrapped({"orders": list(raws)})}

    def total_of(self, raw: Any) -> str:
        return str(raw["payment"]["total_amount"])

    def error(self, code: str, message: str) -> Answer:
        number = int(code) if code.isdigit() else code
        return Answer(200, {}, encode({"code": number, "message": message, "request_id": "example-request"}))

    def signature_of(self, signed: Signed) -> str:
        (sign,) = parse_qs(urlsplit(signed.url).query)["sign"]
        return sign

    def common(self, call_scope: str) -> Mapping[str, str | None]:
        if call_scope == "token":  # not signed; the secret itself goes along (section 2.1)
            return {"app_key": APP.key, "app_secret": SECRET.sign_key}
        public: dict[str, str | None] = {"app_key": APP.key, "timestamp": "1773144000", "sign": None}
        return public if call_scope == "app" else {**public, "shop_cipher": "ROW_JPtest"}


# -- the simulator and the real platform --------------------------------------------------------------------------


def _connect(told: Any, base_url: str, region: str, now: datetime) -> Connected:
    mine = next(one for one in told["stores"] if one["region"] == region)
    return Connected(
        app=App(id="app-1", platform="tiktok_shop", key=told["app_key"], base_url=base_url),
        secret=AppSecret(sign_key=told["app_secret"]),
        store=_store(str(mine["shop_id"]), region, mine["currency"]),
        credential=Credential(
            access_token=mine["access_token"],
            refresh_token=mine["refresh_token"],
            expires_at=now + timedelta(days=7),
            extra={"shop_cipher": mine["shop_cipher"]},
        ),
    )


def _requests_of(truth: Any) -> Mapping[str, str]:
    cancellations = {one["cancel_id"]: one["status"] for one in truth["cancellations"]}
    return cancellations | {one["return_id"]: one["status"] for one in truth["returns"]}


_ENV = "ORDER_GATEWAY_LIVE_TIKTOK_SHOP_"


def _connect_live(given: Mapping[str, str], now: datetime) -> Connected:
    store = _store(given[f"{_ENV}SHOP_ID"], "JP", "JPY").model_copy(update={"mode": StoreMode.observe})
    return Connected(
        app=App(id="app-1", platform="tiktok_shop", key=given[f"{_ENV}APP_KEY"], base_url=given[f"{_ENV}BASE_URL"]),
        secret=AppSecret(sign_key=given[f"{_ENV}APP_SECRET"]),
        store=store,
        credential=Credential(
            access_token=given[f"{_ENV}ACCESS_TOKEN"],
            expires_at=now + timedelta(days=7),
            extra={"shop_cipher": given[f"{_ENV}SHOP_CIPHER"]},
        ),
    )


LIVE = Live(
    variables={
        f"{_ENV}BASE_URL": "the host, https://open-api.tiktokglobalshop.com",
        f"{_ENV}APP_KEY": "the app's key",
        f"{_ENV}APP_SECRET": "the app's secret",
        f"{_ENV}SHOP_ID": "the shop, one in Japan",
        f"{_ENV}SHOP_CIPHER": "its cipher, as the call for authorised shops tells it",
        f"{_ENV}ACCESS_TOKEN": "an access token with some life left; it is not renewed",
    },
    connect=_connect_live,
)

_VERSION = re.compile(r"(?<=/)\d{6}/")
_NUMBER = re.compile(r"/\d{8,}(?=/|$)")


def name_of(request: httpx.Request) -> str:
    """Return the path of a request without version and ids, as the simulator names its calls."""
    return _NUMBER.sub("", _VERSION.sub("", request.url.path))


# -- section 7: pushes ---------------------------------------------------------------------------------------------


def _push(kind: int, at: datetime, number: str, **said: Any) -> bytes:
    push = {"type": kind, "tts_notification_id": number, "shop_id": STORE.external_id}
    return json.dumps({**push, "timestamp": int(at.timestamp()), "data": said}).encode()


def _sign_push(secret: AppSecret, _url: str, body: bytes) -> dict[str, str]:
    key = (secret.push_key or secret.sign_key).encode()
    return {"Authorization": hmac.new(key, APP.key.encode() + body, hashlib.sha256).hexdigest()}


def _order_push(order_id: str, at: datetime) -> bytes:
    moment = int(at.timestamp())
    said = {"order_status": "CANCEL", "is_on_hold_order": False, "update_time": moment}
    return _push(1, at, f"73270-{order_id}-{moment}", order_id=order_id, **said)


def _request_push(order_id: str, cancel_id: str, at: datetime) -> bytes:
    said = {"cancellations_role": "BUYER", "cancel_status": "CANCELLATION_REQUEST_CANCELLED"}
    return _push(11, at, f"73271-{cancel_id}", order_id=order_id, cancel_id=cancel_id, create_time=1627587600, **said)


PUSHES = Pushes(
    vector=PushVector(
        secret=AppSecret(sign_key="another key", push_key=SECRET.sign_key),
        url="https://gw.example.com/webhooks/tiktok_shop",
        headers={"Authorization": "4e5754b1886c3fcd9e7316cce940471f77c477f89d8f9afffec740d9017e25d5"},
        body=b'{"type":11,"tts_notification_id":"7327112393057371910","shop_id":"7494049642642441621",'
        b'"timestamp":1644412885,"data":{"order_id":"576486316948490001","cancellations_role":"BUYER",'
        b'"cancel_status":"CANCELLATION_REQUEST_PENDING","cancel_id":"4035318504086604100","create_time":1627587600}}',
    ),
    sign=_sign_push,
    shop=STORE.external_id,
    order=_order_push,
    request=_request_push,
    unknown=_push(999, datetime(2026, 3, 10, tzinfo=UTC), "73279", thing_id="1"),
    respell=lambda body: json.dumps(json.loads(body), sort_keys=True, indent=1).encode(),
    acknowledgement=Answer(200, {}, b""),
    covers_url=False,  # app key and body only (section 7.2)
    refuses_old=False,  # retries come hours later, and no time is signed by itself
    falls_back=True,  # the secret of pushes is the app's own
)

CASE = Case(
    platform="tiktok_shop",
    adapter=adapter,
    connected=Connected(app=APP, secret=SECRET, store=STORE, credential=CREDENTIAL),
    folder=HERE,
    quality=HERE.parents[3] / "adapters" / "tiktok_shop" / "quality.yaml",
    wire=TikTokShopWire(AXES),
    pushes=PUSHES,
    vectors=VECTORS,
    unsigned=UNSIGNED,
    order_id=ORDER,
    request_id=CANCEL,
    refresh_path="/api/v2/token/refresh",
    token_in_query="section 2.1: the token calls are a GET with everything in the query, and nothing else is taken",
    simulator=Simulator(
        regions=("JP",),
        connect=_connect,
        requests_of=_requests_of,
        open_request=open_request,
    ),
    writes=WRITES,
    live=LIVE,
    money=(
        ("3980", "JPY", 3980),
        ("3980.00", "JPY", 3980),
        ("0", "JPY", 0),
        ("9007199254740993", "JPY", 9007199254740993),  # no float holds it
        ("489681", "VND", 489681),
        ("21.50", "GBP", 2150),
        ("0.29", "GBP", 29),  # 0.29 * 100 is 28.999... in floats
        ("1.1", "GBP", 110),
    ),
    too_exact=(("10.5", "JPY"), ("0.125", "GBP"), ("3980.001", "JPY")),
    never_told=frozenset({"cross_border", "can_cancel", "can_cancel_lines", "refunded_minor", "returnable_until"}),
    name_of=name_of,
)

"""Shopee's facts for the contract suite, typed from the platform's fact sheet (API.md); every value is invented."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from adapters.shopee import adapter
from gateway.model.store import App, AppSecret, Credential, Store, StoreMode
from gateway.ports import Answer, Call, Signed
from gateway.transport.json import encode
from tests.adapters.shopee.contract.writes import WRITES, open_request
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
ORDER = "260310AAAAAAA1"
RETURN = "2603100000000R1"
STAMP = datetime.fromtimestamp(1655714431, UTC)
DETAIL, PACKAGES, RETURN_DETAIL = "order.get_order_detail", "order.get_package_detail", "returns.get_return_detail"
ZONES = {
    "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur",
    "VN": "Asia/Ho_Chi_Minh",
    "TW": "Asia/Taipei",
    "BR": "America/Sao_Paulo",
}


def _store(external_id: str, region: str, currency: str) -> Store:
    return Store(
        id="shop-1",
        app="app-1",
        platform="shopee",
        external_id=external_id,
        region=region,
        currency=currency,
        time_zone=ZONES[region],
        mode=StoreMode.act,
    )


# -- section 2: the signature ------------------------------------------------------------------------------------

APP = App(id="app-1", platform="shopee", key="2001887", base_url="https://shopee.invalid")
SECRET = AppSecret(sign_key="7a6b6c6d6e6f70717273747576777879616263646566676869")
STORE = _store("14701711", "SG", "SGD")
CREDENTIAL = Credential(
    access_token="59777174636562737266615546704c6d",
    refresh_token="example-refresh-token",
    expires_at=datetime(2099, 1, 1, tzinfo=UTC),
)

UNSIGNED: frozenset[Field] = frozenset({"method", "query", "body"})

SIGNS = (
    ("token_get", "app", "/api/v2/auth/token/get", "d719b338885ad7d6c3330126b5b2fea13ea77ea5a33e65ccd13ff07eae4d5706"),
    (
        "auth_link",
        "app",
        "/api/v2/shop/auth_partner",
        "e84a1565390bee88f407d4d8dd80c9e0ef3095bd4650395fc7aeb35bf999f1e2",
    ),
    (
        "get_shops_by_partner",
        "app",
        "/api/v2/public/get_shops_by_partner",
        "4e96323bae042907978a37ed9fc6a10ed724321541d9d749d28b3c584300f19f",
    ),
    (
        "get_shop_info",
        "store",
        "/api/v2/shop/get_shop_info",
        "a09174792b5a1afb0f34e5c44600b8e8d8e2bdb8bcbc909ec93d2ba2a06dd808",
    ),
    (
        "cancel_order",
        "store",
        "/api/v2/order/cancel_order",
        "bd13ca3fdea9cd7ffea03b95356896babe26afc9fa36d01dbb3165d3106c08fd",
    ),
)


def _vector(name: str, scope: Any, path: str, signature: str) -> Vector:
    call = Call(operation="any.call", method="GET", path=path, scope=scope)
    signing = Signing(call=call, app=APP, secret=SECRET, store=STORE, credential=CREDENTIAL, now=STAMP)
    return Vector(name, signing, signature)


# -- sections 4, 5 and 8: how answers look -------------------------------------------------------------------------


def wrapped(content: Any) -> dict[str, Any]:
    """Return a success, as section 4 shows it."""
    return {"error": "", "message": "", "request_id": "example-request", "response": content}


def order_row(**changes: Any) -> dict[str, Any]:
    """Return one order of one line and one parcel."""
    row: dict[str, Any] = {
        "order_sn": ORDER,
        "region": "SG",
        "currency": "SGD",
        "cod": False,
        "order_status": "READY_TO_SHIP",
        "message_to_seller": "",
        "create_time": 1_773_000_000,
        "update_time": 1_773_000_500,
        "pay_time": 1_773_000_100,
        "ship_by_date": 1_773_200_000,
        "can_full_cancel_order": True,
        "can_partial_cancel_order": False,
        "buyer_user_id": 900100,
        "buyer_username": "example_buyer",
        "estimated_shipping_fee": Decimal("1.50"),
        "actual_shipping_fee": None,
        "recipient_address": {
            "name": "Example Person",
            "phone": "******10",
            "region": "SG",
            "zipcode": "000000",
            "full_address": "1 Example Road",
        },
        "note": "",
        "buyer_cancel_reason": "",
        "cancel_by": "",
        "cancel_reason": "",
        "fulfillment_flag": "fulfilled_by_local_seller",
        "pickup_done_time": 0,
        "payment_method": "Card",
        "total_amount": Decimal("21.50"),
        "item_list": [
            {
                "item_id": 11,
                "item_name": "Cup",
                "item_sku": "CUP",
                "model_id": 22,
                "model_name": "Red",
                "model_sku": "CUP-R",
                "model_quantity_purchased": 2,
                "model_original_price": 12,
                "model_discounted_price": 10,
                "order_item_id": 11,
                "promotion_group_id": 0,
            }
        ],
        "package_list": [package_row("LOGISTICS_READY")],
    }
    return row | changes


def package_row(status: str) -> dict[str, Any]:
    """Return the parcel of that order."""
    return {
        "package_number": "OFG1",
        "logistics_status": status,
        "shipping_carrier": "Example Post",
        "group_shipment_id": None,
        "item_list": [
            {"item_id": 11, "model_id": 22, "model_quantity": 2, "order_item_id": 11, "promotion_group_id": 0}
        ],
    }


def return_row(**changes: Any) -> dict[str, Any]:
    """Return one return in the shape of the detail call."""
    row: dict[str, Any] = {
        "return_sn": RETURN,
        "order_sn": ORDER,
        "status": "REQUESTED",
        "reason": "NOT_RECEIPT",
        "currency": "SGD",
        "refund_amount": Decimal("12.34"),
        "create_time": 1_773_000_000,
        "update_time": 1_773_000_500,
        "due_date": 1_773_100_000,
        "return_solution": 0,
        "negotiation": {"negotiation_status": "PENDING_RESPOND"},
        "seller_proof": {"seller_proof_status": "NOT_NEEDED"},
        "seller_compensation": {"seller_compensation_status": "COMPENSATION_NOT_APPLICABLE"},
        "item": [{"item_id": 11, "model_id": 22, "amount": 1, "refund_amount": Decimal("12.34")}],
    }
    return row | changes


def _orders(*rows: dict[str, Any]) -> Script:
    parcels = [{"package_number": "OFG1", "tracking_number": "EXAMPLE1"}]
    return {DETAIL: wrapped({"order_list": list(rows)}), PACKAGES: wrapped({"package_list": parcels})}


def _order_word(name: str, **beside: Any) -> Any:
    return lambda word: _orders(order_row(**{**beside, name: word}))


def _return_word(name: str, **beside: Any) -> Any:
    return lambda word: {RETURN_DETAIL: wrapped(return_row(**{**beside, name: word}))}


def _inner_word(name: str) -> Any:
    return lambda word: {RETURN_DETAIL: wrapped(return_row(**{name.removesuffix("_status"): {name: word}}))}


def _status(word: str) -> Script:
    paid_already = word not in {"UNPAID", "NEVER_DOCUMENTED_WORD"}
    return _orders(order_row(order_status=word, pay_time=1_773_000_100 if paid_already else None))


def _solution(word: str) -> Script:
    return {RETURN_DETAIL: wrapped(return_row(return_solution=int(word) if word.isdigit() else word))}


AXES: Mapping[str, Axis] = {
    "order_status": Axis(
        "order",
        _status,
        lambda order: (order.payment, order.fulfillment, order.closure),
        lambda order: order.raw_status,
        "order_status",
        ("unknown", "unknown", "unknown"),
    ),
    "logistics_status": Axis(
        "order",
        lambda word: _orders(order_row(package_list=[package_row(word)])),
        lambda order: order.packages[0].state,
        lambda order: order.packages[0].raw_status,
        "package_list.logistics_status",
        "unknown",
    ),
    "cancel_by": Axis(
        "order",
        _order_word("cancel_by", order_status="CANCELLED", cancel_reason="Other"),
        lambda order: order.ended_by,
        lambda order: order.ended_by_raw,
        "cancel_by",
        "unknown",
    ),
    "cancel_reason": Axis(
        "order",
        _order_word("cancel_reason", order_status="CANCELLED", cancel_by="seller"),
        lambda order: order.end_reason,
        lambda order: order.end_reason_raw,
        "cancel_reason",
        "unknown",
    ),
    "buyer_cancel_reason": Axis(
        "order",
        _order_word("buyer_cancel_reason", order_status="IN_CANCEL"),
        lambda order: order.requests[0].reason,
        lambda order: order.requests[0].reason_raw,
        "buyer_cancel_reason",
        "unknown",
    ),
    "fulfillment_flag": Axis(
        "order", _order_word("fulfillment_flag"), lambda order: order.cross_border, None, "fulfillment_flag", None
    ),
    "return_status": Axis(
        "after_sale",
        _return_word("status"),
        lambda one: (one.state, one.refund, one.dispute),
        lambda one: one.raw_status,
        "status",
        ("unknown", "unknown", "none"),
    ),
    "return_reason": Axis(
        "after_sale", _return_word("reason"), lambda one: one.reason, lambda one: one.reason_raw, "reason", "unknown"
    ),
    "return_solution": Axis("after_sale", _solution, lambda one: one.kind, None, "return_solution", "unknown"),
    "negotiation_status": Axis(
        "after_sale",
        _inner_word("negotiation_status"),
        lambda one: one.raw_details["negotiation_status"],
        None,
        "negotiation_status",
        "NEVER_DOCUMENTED_WORD",
    ),
    "seller_proof_status": Axis(
        "after_sale",
        _inner_word("seller_proof_status"),
        lambda one: one.raw_details["seller_proof_status"],
        None,
        "seller_proof_status",
        "NEVER_DOCUMENTED_WORD",
    ),
    "seller_compensation_status": Axis(
        "after_sale",
        _inner_word("seller_compensation_status"),
        lambda one: one.dispute,
        lambda one: one.raw_details["seller_compensation_status"],
        "seller_compensation_status",
        "none",
    ),
    "reverse_logistics_status": Axis(
        "after_sale",
        _return_word("reverse_logistics_status", status="ACCEPTED"),
        lambda one: one.goods,
        lambda one: one.raw_details["reverse_logistics_status"],
        "reverse_logistics_status",
        "unknown",
    ),
}


@dataclass(frozen=True, slots=True)
class ShopeeWire:
    """Shopee's way of writing things."""

    axes: Mapping[str, Axis]

    def order(self, facts: OrderFacts) -> Script:
        row = order_row()
        row["recipient_address"]["name"] = facts.person
        row["item_list"][0]["item_name"] = facts.title
        row |= {
            "currency": facts.currency,
            "total_amount": Decimal(facts.total),
            "create_time": int(facts.placed_at.timestamp()),
            "note": facts.note,
            "message_to_seller": facts.message,
        }
        if facts.currency == "VND":
            row["estimated_shipping_fee"] = 15000
        return _orders(row)

    def orders_again(self, raws: Sequence[Any], script: Script) -> Script:
        return {**script, DETAIL: wrapped({"order_list": list(raws)})}

    def total_of(self, raw: Any) -> str:
        return str(raw["total_amount"])

    def error(self, code: str, message: str) -> Answer:
        return Answer(200, {}, encode({"error": code, "message": message, "request_id": "example-request"}))

    def signature_of(self, signed: Signed) -> str:
        (sign,) = parse_qs(urlsplit(signed.url).query)["sign"]
        return sign

    def common(self, call_scope: str) -> Mapping[str, str | None]:
        public: dict[str, str | None] = {"partner_id": APP.key, "timestamp": "1773144000", "sign": None}
        if call_scope == "app":
            return public
        return {**public, "access_token": CREDENTIAL.access_token, "shop_id": STORE.external_id}


# -- the simulator and the real platform --------------------------------------------------------------------------


def _connect(told: Any, base_url: str, region: str, now: datetime) -> Connected:
    mine = next(one for one in told["stores"] if one["region"] == region)
    return Connected(
        app=App(id="app-1", platform="shopee", key=str(told["partner_id"]), base_url=base_url),
        secret=AppSecret(sign_key=told["partner_key"], push_key=told["push_partner_key"]),
        store=_store(str(mine["shop_id"]), region, mine["currency"]),
        credential=Credential(
            access_token=mine["access_token"],
            refresh_token=mine["refresh_token"],
            expires_at=now + timedelta(hours=4),
        ),
    )


_ENV = "ORDER_GATEWAY_LIVE_SHOPEE_"


def _connect_live(given: Mapping[str, str], now: datetime) -> Connected:
    region = given[f"{_ENV}REGION"]
    return Connected(
        app=App(id="app-1", platform="shopee", key=given[f"{_ENV}PARTNER_ID"], base_url=given[f"{_ENV}BASE_URL"]),
        secret=AppSecret(sign_key=given[f"{_ENV}PARTNER_KEY"]),
        store=_store(given[f"{_ENV}SHOP_ID"], region, given[f"{_ENV}CURRENCY"]).model_copy(
            update={"mode": StoreMode.observe}
        ),
        credential=Credential(access_token=given[f"{_ENV}ACCESS_TOKEN"], expires_at=now + timedelta(hours=4)),
    )


LIVE = Live(
    variables={
        f"{_ENV}BASE_URL": "the host, such as https://openplatform.sandbox.test-stable.shopee.sg",
        f"{_ENV}PARTNER_ID": "the app's partner_id",
        f"{_ENV}PARTNER_KEY": "the app's partner key",
        f"{_ENV}SHOP_ID": "the shop",
        f"{_ENV}REGION": "its market, one of " + ", ".join(ZONES),
        f"{_ENV}CURRENCY": "its currency",
        f"{_ENV}ACCESS_TOKEN": "an access token with some life left; it is not renewed",
    },
    connect=_connect_live,
)

# -- section 12: pushes --------------------------------------------------------------------------------------------


def _push(code: int, at: datetime, **body: Any) -> bytes:
    moment = int(at.timestamp())
    return json.dumps({"data": body, "shop_id": 14701711, "code": code, "timestamp": moment}).encode()


def _sign_push(secret: AppSecret, url: str, body: bytes) -> dict[str, str]:
    key = (secret.push_key or secret.sign_key).encode()
    return {"Authorization": hmac.new(key, url.encode() + b"|" + body, hashlib.sha256).hexdigest()}


def _order_push(order_id: str, at: datetime) -> bytes:
    update = {"status": "PROCESSED", "completed_scenario": "", "update_time": int(at.timestamp()), "items": []}
    return _push(3, at, ordersn=order_id, **update)


def _return_push(order_id: str, return_sn: str, at: datetime) -> bytes:
    change = {
        "update_field": "return_status",
        "old_value": "REQUESTED",
        "new_value": "ACCEPTED",
        "update_time": int(at.timestamp()),
    }
    return _push(29, at, order_sn=order_id, return_sn=return_sn, updated_values=[change])


PUSHES = Pushes(
    vector=PushVector(
        secret=AppSecret(sign_key="another key", push_key=SECRET.sign_key),
        url="https://gw.example.com/webhooks/shopee",
        headers={"Authorization": "4932aba04ba0d88605842797d2606f714a107ef180145047da5db0c743654801"},
        body=b'{"data":{"items":[],"ordersn":"220810QSK8S7BX","status":"PROCESSED","completed_scenario":"",'
        b'"update_time":1660123127},"shop_id":727720655,"code":3,"timestamp":1660123127}',
    ),
    sign=_sign_push,
    shop="14701711",
    order=_order_push,
    request=_return_push,
    unknown=_push(999, datetime(2026, 3, 10, tzinfo=UTC), thing_id=1),
    respell=lambda body: json.dumps(json.loads(body), sort_keys=True, indent=1).encode(),
    acknowledgement=Answer(200, {}, b""),  # any 2xx, and a body would make it a failure
    covers_url=True,
    refuses_old=False,  # retries come hours later, lost ones days later, and the signature holds no time
    falls_back=True,
)

CASE = Case(
    platform="shopee",
    adapter=adapter,
    connected=Connected(app=APP, secret=SECRET, store=STORE, credential=CREDENTIAL),
    folder=HERE,
    quality=HERE.parents[3] / "adapters" / "shopee" / "quality.yaml",
    wire=ShopeeWire(AXES),
    pushes=PUSHES,
    vectors=[_vector(*row) for row in SIGNS],
    unsigned=UNSIGNED,
    order_id=ORDER,
    request_id=RETURN,
    refresh_path="/api/v2/auth/access_token/get",
    simulator=Simulator(
        regions=("SG", "VN", "TW", "BR"),
        connect=_connect,
        requests_of=lambda truth: {one["return_sn"]: one["status"] for one in truth["returns"]},
        open_request=open_request,
    ),
    writes=WRITES,
    live=LIVE,
    money=(
        ("21.50", "SGD", 2150),
        ("0.29", "SGD", 29),  # 0.29 * 100 is 28.999... in floats
        ("1.1", "MYR", 110),
        ("0.01", "BRL", 1),
        ("1234567.89", "MYR", 123456789),
        ("100", "TWD", 10000),
        ("0", "SGD", 0),
        ("350000", "VND", 350000),
        ("9007199254740993", "VND", 9007199254740993),  # no float holds it
        ("15000.0", "VND", 15000),
    ),
    too_exact=(("0.125", "SGD"), ("10.5", "VND"), ("0.001", "MYR")),
    never_told=frozenset(
        {
            "sale_type",
            "latest_delivery_at",
            "delivered_at",
            "auto_cancel_at",
            "ended_at",
            "collect_by",
            "ship_from",
            "refunded_minor",
        }
    ),
    only_whole=frozenset({"goods", "evidence_by", "raw_details", "tracking_number"}),
)

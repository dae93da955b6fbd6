"""1688's facts for the contract suite, typed from the platform's fact sheet (API.md); every value is invented.

An account is two stores, so there are two cases: the seller's, with all vocabularies, and the buyer's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx

from adapters.alibaba_1688 import adapter
from gateway.model.store import App, AppSecret, Credential, Role, Store, StoreMode
from gateway.ports import Answer, Call, Signed
from gateway.transport.json import encode
from tests.adapters.alibaba_1688.contract.writes import BUYING, SELLING, open_request
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
ORDER = "3026031000000000123"
LINE = "3026031000000000124"
REFUND = "TQ26031000000000125"
MEMBER = "b2b-1000001"
STAMP = datetime(2026, 1, 1, tzinfo=UTC)
CHINA = timezone(timedelta(hours=8))
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
ROOT = "/openapi/param2/1/com.alibaba.trade/"

DETAILS = {Role.seller: "alibaba.trade.get.sellerView", Role.buyer: "alibaba.trade.get.buyerView"}
REFUNDS = {
    Role.seller: "alibaba.trade.refund.OpQueryOrderRefund.sellerView",
    Role.buyer: "alibaba.trade.refund.OpQueryOrderRefund",
}


def _store(external_id: str, role: Role) -> Store:
    return Store(
        id="shop-1",
        app="app-1",
        platform="alibaba_1688",
        external_id=external_id,
        role=role,
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
        mode=StoreMode.act,
    )


# -- section 2: the signature ------------------------------------------------------------------------------------

APP = App(id="app-1", platform="alibaba_1688", key="1000000", base_url="https://gw1688.invalid")
SECRET = AppSecret(sign_key="test123")
CREDENTIAL = Credential(
    access_token="tok-buyer-1",
    refresh_token="example-refresh-token",
    expires_at=datetime(2099, 1, 1, tzinfo=UTC),
)
UNSIGNED: frozenset[Field] = frozenset({"method", "shop"})


def _call(path: str, scope: Any, **parameters: str) -> Call:
    body = urlencode(parameters).encode()
    return Call(operation="any.call", method="POST", path=path, body=body, content_type=FORM, scope=scope)


SIGNS = (
    (
        "V1 currentTime",
        _call("/openapi/param2/1/system/currentTime", "app", a="1", b="2"),
        "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88",
    ),
    (
        "V2 getBuyerOrderList",
        _call(
            f"{ROOT}alibaba.trade.getBuyerOrderList",
            "store",
            modifyStartTime="20260101000000000+0800",
            orderStatus="waitbuyerpay",
            page="1",
            pageSize="20",
        ),
        "B0FA7DEB0DD96270E786F93BF47CE7EF501ED1A5",
    ),
    (
        "V3 cancel",
        _call(
            f"{ROOT}alibaba.trade.cancel",
            "store",
            webSite="1688",
            tradeID="202711458975969812",
            cancelReason="other",
            remark="取消订单",
        ),
        "455113AB1A73B41CA08F753A0CE56AAE91194726",
    ),
)


def _vector(name: str, call: Call, signature: str, role: Role) -> Vector:
    store = _store(MEMBER, role)
    signing = Signing(call=call, app=APP, secret=SECRET, store=store, credential=CREDENTIAL, now=STAMP)
    return Vector(name, signing, signature)


# -- sections 5 and 7: how answers look ----------------------------------------------------------------------------


def wire_date(at: datetime) -> str:
    """Write an instant as section 1.1 says."""
    return at.astimezone(CHINA).strftime("%Y%m%d%H%M%S000%z")


def order_row(**base: Any) -> dict[str, Any]:
    """Return one order of one line; ``base`` changes its `baseInfo`, None takes a field away."""
    info: dict[str, Any] = {
        "id": int(ORDER),
        "idOfStr": ORDER,
        "status": "waitsellersend",
        "businessType": "cn",
        "tradeType": "50060",
        "buyerID": "b2b-1000002",
        "sellerID": MEMBER,
        "buyerLoginId": "examplebuyer",
        "sellerLoginId": "exampleseller",
        "buyerContact": {"name": "Example Buyer"},
        "sellerContact": {"name": "Example Seller", "companyName": "Example Works"},
        "createTime": "20260308200000000+0800",
        "payTime": "20260308201000000+0800",
        "modifyTime": "20260310200000000+0800",
        "totalAmount": Decimal("21.50"),
        "shippingFee": Decimal("1.50"),
        "refund": 0,
        "discount": -50,
        "overSeaOrder": False,
        **base,
    }
    return {
        "baseInfo": {name: value for name, value in info.items() if value is not None},
        "productItems": [item_row()],
        "nativeLogistics": {
            "contactPerson": "Example Person",
            "mobile": "******10",
            "province": "浙江省",
            "city": "金华市",
            "area": "义乌市",
            "zip": "322000",
            "address": "Example 路1号",
        },
        "tradeTerms": [
            {
                "payStatus": "2",
                "payTime": "20260308201000000+0800",
                "payWay": "1",
                "phasAmount": Decimal("21.50"),
                "phase": 77001,
            }
        ],
    }


def item_row(**changes: Any) -> dict[str, Any]:
    """Return the line of that order."""
    row: dict[str, Any] = {
        "subItemID": int(LINE),
        "subItemIDString": LINE,
        "productID": 570000000011,
        "skuID": 3900000000022,
        "specId": "example-spec",
        "name": "Cup",
        "skuInfos": [{"name": "颜色", "value": "红色"}],
        "cargoNumber": "CUP-R",
        "price": Decimal("10.25"),
        "quantity": 2,
        "unit": "个",
        "itemAmount": 20,
        "entryDiscount": -50,
        "status": "waitsellersend",
        "logisticsStatus": 1,
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


def refund_row(**changes: Any) -> dict[str, Any]:
    """Return one refund in the shape of the detail call."""
    row: dict[str, Any] = {
        "refundId": REFUND,
        "id": int(REFUND.removeprefix("TQ")),
        "orderId": int(ORDER),
        "orderEntryIdList": [int(LINE)],
        "orderEntryCountMap": {LINE: 1},
        "status": "waitselleragree",
        "disputeType": 1,
        "goodsStatus": 1,
        "applyPayment": 1000,
        "applyCarriage": 150,
        "refundPayment": 0,
        "refundCarriage": 0,
        "applyReason": "未收到货",
        "applyReasonId": 20007,
        "onlyRefund": True,
        "refundGoods": False,
        "gmtApply": "20260309200000000+0800",
        "gmtModified": "20260310200000000+0800",
        "gmtTimeOut": "20260312200000000+0800",
        "refundOperationList": [],
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


def _order(role: Role, row: dict[str, Any]) -> Script:
    return {DETAILS[role]: {"result": row, "success": "true"}}


def _refund(role: Role, row: dict[str, Any]) -> Script:
    return {REFUNDS[role]: {"result": {"opOrderRefundModelDetail": row}}}


def _status(role: Role) -> Callable[[str], Script]:
    def compose(word: str) -> Script:
        paid = (
            None
            if word in {"waitbuyerpay", "cancel", "terminated", "NEVER_DOCUMENTED_WORD"}
            else "20260308201000000+0800"
        )
        row = order_row(status=word, payTime=paid)
        left = word not in {"waitbuyerpay", "waitsellersend", "waitlogisticstakein", "cancel", "terminated"}
        row["productItems"] = [item_row(status=None, logisticsStatus=2 if left else 1)]
        return _order(role, row)

    return compose


def _with_line(role: Role, name: str) -> Callable[[str], Script]:
    def compose(word: str) -> Script:
        row = order_row()
        row["productItems"] = [item_row(**{name: word})]
        return _order(role, row)

    return compose


def _with_parcel(role: Role) -> Callable[[str], Script]:
    def compose(word: str) -> Script:
        row = order_row(status="waitbuyerreceive")
        row["productItems"] = [item_row(status="waitbuyerreceive", logisticsStatus=2)]
        parcel = {"logisticsCode": "LP1", "type": "0", "status": word, "logisticsBillNo": "EX1", "subItemIds": LINE}
        row["nativeLogistics"]["logisticsItems"] = [parcel]
        return _order(role, row)

    return compose


def _with_payment(role: Role) -> Callable[[str], Script]:
    def compose(word: str) -> Script:
        row = order_row()
        row["tradeTerms"][0]["payStatus"] = word
        return _order(role, row)

    return compose


def _axes(role: Role) -> Mapping[str, Axis]:
    def ended(name: str, **beside: Any) -> Callable[[str], Script]:
        return lambda word: _order(role, order_row(status="cancel", payTime=None, **{**beside, name: word}))

    return {
        "order_status": Axis(
            "order",
            _status(role),
            lambda order: (order.payment, order.fulfillment, order.closure),
            lambda order: order.raw_status,
            "status",
            ("unknown", "unknown", "unknown"),
        ),
        "close_operate_type": Axis(
            "order",
            ended("closeOperateType", closeReason="other"),
            lambda order: order.ended_by,
            lambda order: order.ended_by_raw,
            "closeOperateType",
            "unknown",
        ),
        "close_reason": Axis(
            "order",
            ended("closeReason", closeOperateType="CLOSE_TRADE_BY_BUYER"),
            lambda order: order.end_reason,
            lambda order: order.end_reason_raw,
            "closeReason",
            "unknown",
        ),
        "pay_status": Axis(
            "order", _with_payment(role), lambda order: order.payments[0].state, None, "tradeTerms.payStatus", "unknown"
        ),
        "parcel_status": Axis(
            "order",
            _with_parcel(role),
            lambda order: order.packages[0].state,
            lambda order: order.packages[0].raw_status,
            "logisticsItems.status",
            "unknown",
        ),
        "line_refund_status": Axis(
            "order",
            _with_line(role, "refundStatus"),
            lambda order: order.lines[0].cancel_requested,
            None,
            "productItems.refundStatus",
            0,
        ),
        "line_status": Axis(
            "order",
            _with_line(role, "status"),
            lambda order: order.lines[0].cancelled,
            None,
            "productItems.status",
            0,
        ),
        "refund_status": Axis(
            "after_sale",
            lambda word: _refund(role, refund_row(status=word)),
            lambda one: (one.state, one.refund),
            lambda one: one.raw_status,
            "status",
            ("unknown", "unknown"),
        ),
        "returned_goods": Axis(
            "after_sale",
            lambda word: _refund(role, refund_row(status=word, onlyRefund=False, refundGoods=True, goodsStatus=2)),
            lambda one: one.goods,
            lambda one: one.raw_status,
            "status",
            "unknown",
        ),
    }


_BUYERS_AXES = ("order_status", "close_operate_type", "refund_status")


@dataclass(frozen=True, slots=True)
class Wire1688:
    """1688's way of writing things, on one side of the orders."""

    role: Role
    axes: Mapping[str, Axis]

    def order(self, facts: OrderFacts) -> Script:
        memo = "sellerMemo" if self.role is Role.seller else "buyerMemo"
        row = order_row(
            currency=facts.currency,
            totalAmount=Decimal(facts.total),
            shippingFee=0,
            createTime=wire_date(facts.placed_at),
            modifyTime=wire_date(facts.placed_at),
            payTime=None,
            **{memo: facts.note, "buyerFeedback": facts.message},
        )
        row["nativeLogistics"]["contactPerson"] = facts.person
        row["productItems"] = [item_row(name=facts.title)]
        row["tradeTerms"] = []
        return _order(self.role, row)

    def orders_again(self, raws: Sequence[Any], script: Script) -> Script:
        return {**script, DETAILS[self.role]: {"result": raws[0], "success": "true"}} if raws else script

    def total_of(self, raw: Any) -> str:
        return str(raw["baseInfo"]["totalAmount"])

    def error(self, code: str, message: str) -> Answer:
        if code.startswith("gw.") or code in {"400", "401", "403", "500"}:
            told = {"error_code": code, "error_message": message, "request_id": "example-request"}
            return Answer(400, {}, encode(told))
        return Answer(200, {}, encode({"success": False, "errorCode": code, "errorMessage": message}))

    def signature_of(self, signed: Signed) -> str:
        (sign,) = parse_qs((signed.body or b"").decode())["_aop_signature"]
        return sign

    def common(self, call_scope: str) -> Mapping[str, str | None]:
        if call_scope == "token":
            return {"client_id": APP.key, "client_secret": SECRET.sign_key}
        if call_scope == "app":
            return {"_aop_signature": None}
        token = CREDENTIAL.access_token
        return {"access_token": token, "_aop_timestamp": "1773144000000", "_aop_signature": None}


# -- the simulator and the real platform --------------------------------------------------------------------------


def _connect(role: Role) -> Callable[[Any, str, str, datetime], Connected]:
    def connect(told: Any, base_url: str, _region: str, now: datetime) -> Connected:
        mine = told["stores"][0]
        return Connected(
            app=App(id="app-1", platform="alibaba_1688", key=told["app_key"], base_url=base_url),
            secret=AppSecret(sign_key=told["app_secret"]),
            store=_store(mine["member_id"], role),
            credential=Credential(
                access_token=mine["access_token"],
                refresh_token=mine["refresh_token"],
                expires_at=now + timedelta(hours=10),
            ),
        )

    return connect


_ENV = "ORDER_GATEWAY_LIVE_1688_"


def _live(role: Role) -> Live:
    def connect(given: Mapping[str, str], now: datetime) -> Connected:
        return Connected(
            app=App(
                id="app-1", platform="alibaba_1688", key=given[f"{_ENV}APP_KEY"], base_url=given[f"{_ENV}BASE_URL"]
            ),
            secret=AppSecret(sign_key=given[f"{_ENV}APP_SECRET"]),
            store=_store(given[f"{_ENV}MEMBER_ID"], role).model_copy(update={"mode": StoreMode.observe}),
            credential=Credential(access_token=given[f"{_ENV}ACCESS_TOKEN"], expires_at=now + timedelta(hours=10)),
        )

    return Live(
        variables={
            f"{_ENV}BASE_URL": "the host, such as https://gw.open.1688.com",
            f"{_ENV}APP_KEY": "the app's key",
            f"{_ENV}APP_SECRET": "the app's secret",
            f"{_ENV}MEMBER_ID": "the account, b2b-...",
            f"{_ENV}ACCESS_TOKEN": "an access token with some life left; it is not renewed",
        },
        connect=connect,
    )


# -- section 9: pushes ---------------------------------------------------------------------------------------------


def _push(topic: str, number: int, **told: Any) -> bytes:
    message = {"msgId": number, "gmtBorn": 1773144000000, "data": told, "userInfo": MEMBER, "type": topic}
    return urlencode({"message": json.dumps(message, ensure_ascii=False)}).encode()


def _number(*parts: object) -> int:
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:12], 16)


def _order_push(order_id: str, at: datetime) -> bytes:
    told = {
        "orderId": order_id,
        "currentStatus": "waitsellersend",
        "msgSendTime": f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
    }
    return _push("ORDER_BUYER_VIEW_ORDER_PAY", _number(order_id, at), **told, buyerMemberId=MEMBER)


def _refund_push(order_id: str, refund_id: str, at: datetime) -> bytes:
    told = {"orderId": order_id, "refundId": refund_id, "currentStatus": "waitbuyersend"}
    sent = f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    topic = "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES"
    return _push(topic, _number(order_id, refund_id, at), **told, msgSendTime=sent, buyerMemberId=MEMBER)


def _respelled(body: bytes) -> bytes:
    (message,) = parse_qs(body.decode())["message"]
    return urlencode({"message": json.dumps(json.loads(message), sort_keys=True, indent=1)}).encode()


def _seal(secret: AppSecret, body: bytes) -> bytes:
    (message,) = parse_qs(body.decode()).get("message", [""])
    key = (secret.push_key or secret.sign_key).encode()
    signature = hmac.new(key, f"message{message}".encode(), hashlib.sha1).hexdigest().upper()
    return body + b"&_aop_signature=" + signature.encode()


V4 = (
    '{"msgId":53210001,"gmtBorn":1527680067000,"data":{"orderId":167539019420540000,"currentStatus":"cancel",'
    '"msgSendTime":"2018-05-30 19:34:27","buyerMemberId":"b2b-665170100","sellerMemberId":"b2b-1676547900b7bb3"},'
    '"userInfo":"b2b-665170100","type":"ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE"}'
)

PUSHES = Pushes(
    vector=PushVector(
        secret=AppSecret(sign_key="another key", push_key="test123"),
        url="https://gw.example.com/webhooks/alibaba_1688",
        headers={},
        body=urlencode({"message": V4, "_aop_signature": "6A48B74A7DDFE13F80022ECE2EE7A5A5311827E6"}).encode(),
    ),
    sign=lambda secret, url, body: {},
    seal=_seal,
    shop=MEMBER,
    order=_order_push,
    request=_refund_push,
    unknown=_push("CAIGOU_MSG_NOBODY_DOCUMENTED", 1, thingId=1),
    respell=_respelled,
    acknowledgement=Answer(200, {"Content-Type": "text/plain"}, b"success"),  # any 2xx; the body is free
    covers_url=False,
    refuses_old=False,
    falls_back=True,
)


def _name_of(request: httpx.Request) -> str:
    """Return a request's path without the key of the app, which ends every one."""
    return request.url.path.rpartition("/")[0]


def _case(role: Role) -> Case:
    axes = _axes(role)
    return Case(
        platform="alibaba_1688",
        adapter=adapter,
        connected=Connected(app=APP, secret=SECRET, store=_store(MEMBER, role), credential=CREDENTIAL),
        folder=HERE / role.value,
        quality=HERE.parents[3] / "adapters" / "alibaba_1688" / "quality.yaml",
        wire=Wire1688(role, axes if role is Role.seller else {name: axes[name] for name in _BUYERS_AXES}),
        pushes=PUSHES,
        vectors=[_vector(*row, role) for row in SIGNS],
        unsigned=UNSIGNED,
        order_id=ORDER,
        request_id=REFUND,
        refresh_path="/system.oauth2/getToken",
        simulator=Simulator(
            regions=("CN",),
            connect=_connect(role),
            requests_of=lambda truth: {one["return_sn"]: one["status"] for one in truth["returns"]},
            open_request=open_request,
        ),
        writes=SELLING if role is Role.seller else BUYING,
        live=_live(role),
        money=(
            ("21.50", "CNY", 2150),
            ("0.29", "CNY", 29),  # 0.29 * 100 is 28.999... in floats
            ("6.1", "CNY", 610),
            ("0.01", "CNY", 1),
            ("1234567.89", "CNY", 123456789),
            ("100", "CNY", 10000),
            ("0", "CNY", 0),
            ("90071992547409.93", "CNY", 9007199254740993),  # no float holds it
        ),
        too_exact=(("0.125", "CNY"), ("0.001", "CNY")),
        never_told=frozenset(
            {
                "sale_type",
                "ship_from",
                "ship_by",
                "collect_by",
                "latest_delivery_at",
                "returnable_until",
                "can_cancel",
                "can_cancel_lines",
                "buyer_reason_raw",
                "replaces",
            }
        ),
        only_whole=frozenset({"answer_by", "send_back_by", "inspect_by"}),
        name_of=_name_of,
        common_in_body=True,
        currencies=frozenset({"CNY"}),  # the platform deals in no other (section 1.1)
    )


SELLER, BUYER = _case(Role.seller), _case(Role.buyer)

"""Edges of signature, envelope, mapping, choices and pushes that the contract suite does not walk along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.xiaohongshu import adapter
from adapters.xiaohongshu.pushes import signature
from gateway.errors import (
    BadSignature,
    Conflict,
    DataError,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StoreDisconnected,
    TokenExpired,
)
from gateway.model.store import AppSecret
from gateway.ports import Act, Answer, Call, Happened, Operation, WayKind
from gateway.transport.json import decode, encode
from tests.adapters.xiaohongshu.contract.rows import (
    APP,
    CREDENTIAL,
    DETAIL,
    ORDER,
    RETURN,
    RETURN_DETAIL,
    SECRET,
    order_answers,
    order_row,
    parcel_row,
    return_answer,
    return_row,
    sku_row,
    store,
    wrapped,
)

READ = Call(operation="order.getOrderDetail", method="POST", path="/x")
NOW = datetime(2026, 3, 10, tzinfo=UTC)


# -- what goes out ---------------------------------------------------------------------------------------------------


def test_system_and_business_fields_stand_side_by_side_and_nothing_in_the_query() -> None:
    call = Call(operation="order.getOrderDetail", method="POST", path="/ark/x", body=b'{"orderId":"P1"}')
    signed = adapter.sign(call, APP, SECRET, store(), CREDENTIAL, NOW)
    body = decode(signed.body or b"")
    assert body.keys() == {"orderId", "method", "appId", "timestamp", "version", "sign", "accessToken"}
    assert (body["timestamp"], body["version"]) == (str(int(NOW.timestamp())), "2.0")
    assert signed.url == "https://ark.invalid/ark/x"
    assert signed.headers["Content-Type"] == "application/json;charset=utf-8"


def test_the_method_is_signed() -> None:
    def sign(method: str) -> Any:
        return decode(adapter.sign(Call(method, "POST", "/x"), APP, SECRET, store(), CREDENTIAL, NOW).body or b"")

    assert sign("order.getOrderList")["sign"] != sign("order.getOrderDetail")["sign"]


def test_a_token_call_carries_no_token() -> None:
    call = adapter.refresh_call(APP, store(), CREDENTIAL)
    assert "accessToken" not in decode(adapter.sign(call, APP, SECRET, None, None, NOW).body or b"")


def test_the_authorisation_link() -> None:
    url = adapter.authorise_url(APP, SECRET, "https://gw.example.com/cb?x=1", "st4te", NOW)
    assert url == (
        "https://ark.invalid/ark/authorization?appId=test_app_id_0001"
        "&redirectUri=https%3A%2F%2Fgw.example.com%2Fcb%3Fx%3D1&state=st4te"
    )


def test_a_callback_without_code_is_refused() -> None:
    with pytest.raises(DataError):
        adapter.exchange_call(APP, {"state": "s"})


@pytest.mark.parametrize("missing", ["accessToken", "refreshToken", "sellerId", "accessTokenExpiresAt"])
def test_half_a_token_pair_is_none(missing: str) -> None:
    whole = {"accessToken": "a", "refreshToken": "r", "sellerId": "s", "accessTokenExpiresAt": 1_773_800_000_000}
    call = adapter.refresh_call(APP, store(), CREDENTIAL)
    body = wrapped({name: value for name, value in whole.items() if name != missing})
    with pytest.raises(DataError):
        adapter.read_grants(call, Answer(200, {}, encode(body)), NOW)


def test_a_token_is_renewed_only_when_the_platform_gives_a_new_one() -> None:
    assert adapter.manifest.refresh_before.total_seconds() < 30 * 60


# -- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"success": True, "error_code": 0, "data": None}, None),
        ({"success": True, "code": 0, "msg": "成功"}, None),
        ({"success": True}, None),
        ({"success": True, "code": 200}, Refused),  # 200 is success of other methods only
        ({"success": False, "error_code": 0}, Refused),
        ({"success": True, "error_code": 50209}, Refused),
        ({"success": True, "error_code": 0, "code": -9013}, RateLimited),
        ({"success": "true", "error_code": 0}, Refused),
        ({"error_code": 0, "data": {}}, OutcomeUnknown),
        ({"success": True, "data": {"success": False, "code": 7, "msg": "售后单状态不允许"}}, Conflict),
        ({"success": True, "data": {"success": True, "code": 0, "data": {}}}, None),
        ({"success": True, "data": {"response": {"success": False, "code": -9028}}}, None),
    ],
)
def test_every_level_of_the_envelope_counts(body: Any, kind: type[Exception] | None) -> None:
    error = adapter.classify(READ, Answer(200, {}, encode(body)))
    assert type(error) is (kind or type(None))


def test_a_refresh_that_is_refused_needs_a_person() -> None:
    call = adapter.refresh_call(APP, store(), CREDENTIAL)
    body = encode({"success": False, "error_code": -5, "error_msg": "token无效"})
    assert type(adapter.classify(call, Answer(200, {}, body))) is StoreDisconnected
    assert type(adapter.classify(READ, Answer(200, {}, body))) is TokenExpired


async def one(paper: Any, **changes: Any) -> Any:
    answers = order_answers(order_row(**changes))
    return await adapter.fetch_orders(paper({name: [body] for name, body in answers.items()}), [ORDER])


async def test_a_broken_detail_is_put_aside_and_the_others_are_read(paper: Any) -> None:
    good = order_row(orderId="P2", orderStatus=6)
    shop = paper({DETAIL: [wrapped([]), wrapped({"orderId": "P1", "orderStatus": 4}), wrapped(good)]})
    batch = await adapter.fetch_orders(shop, ["P0", "P1", "P2"])
    assert [order.order_id for order in batch.orders] == ["P2"]
    assert [bad.external_id for bad in batch.bad] == ["P0", "P1"]
    assert batch.bad[1].reason == "createdTime: missing"


@pytest.mark.parametrize(
    ("after", "by", "reason"),
    [
        (85, "buyer", "buyer_asked"),
        (1799, "buyer", "buyer_asked"),
        (1800, "platform", "unpaid"),
        (1820, "platform", "unpaid"),
    ],
)
async def test_who_ended_an_unpaid_order_is_told_by_the_time(paper: Any, after: int, by: str, reason: str) -> None:
    ended = 1_773_000_000_000 + after * 1000
    order = (await one(paper, orderStatus=9, paidTime=0, cancelTime=ended)).orders[0]
    assert (order.ended_by, order.end_reason, order.payment) == (by, reason, "unpaid")


async def test_an_order_closed_before_it_left_had_nothing_to_ship(paper: Any) -> None:
    closed = (await one(paper, orderStatus=8)).orders[0]
    assert (closed.fulfillment, closed.closure, closed.ended_by) == ("not_due", "closed", "unknown")
    gone = (await one(paper, orderStatus=8, deliveryTime=1_773_100_000_000)).orders[0]
    assert gone.fulfillment == "shipped"


async def test_a_unit_price_is_told_or_divided_never_guessed(paper: Any) -> None:
    plain = sku_row(skuDetailList=None, totalPaidAmount=2001)
    assert (await one(paper, skuList=[plain])).orders[0].lines[0].unit_price_minor is None
    assert (await one(paper, skuList=[sku_row(skuDetailList=None)])).orders[0].lines[0].unit_price_minor == 1000


async def test_a_line_without_quantity_puts_the_order_aside(paper: Any) -> None:
    batch = await one(paper, skuList=[sku_row(skuQuantity=None)])
    assert [bad.reason for bad in batch.bad] == ["skuList: an entry without skuId or skuQuantity"]


# -- choices and acts ------------------------------------------------------------------------------------------------


async def test_a_refund_before_shipping_is_refused_by_shipping_only(paper: Any) -> None:
    shop = paper({RETURN_DETAIL: [return_answer(return_row(returnType=5))]})
    (reason,) = await adapter.reject_reasons(shop, RETURN)
    assert [(asked.name, asked.required) for asked in reason.asks] == [("tracking_number", True), ("carrier", True)]
    with pytest.raises(InvalidRequest, match="tracking_number"):
        await adapter.perform(shop, Act(Operation.reject_cancellation, ORDER, "k", request_id=RETURN))


@pytest.mark.parametrize("bare", [False, True])
async def test_reasons_of_the_platform_and_what_they_ask(paper: Any, bare: bool) -> None:
    rows = [{"reasonType": 0, "reasonId": 201, "reasonName": "其他"}, {"reasonId": 202, "reasonName": "x"}]
    reasons = wrapped(rows if bare else {"rejectReasons": rows})
    shop = paper(
        {RETURN_DETAIL: [return_answer(return_row(status=3, returnType=1))], "afterSale.rejectReasons": [reasons]}
    )
    first, second = await adapter.reject_reasons(shop, RETURN)
    assert (first.reason_id, first.asks[0].required, second.asks[0].required) == ("201", True, False)
    assert decode(shop.calls[1].body)["rejectReasonType"] == 2


async def test_nothing_is_to_be_rejected_in_other_states(paper: Any) -> None:
    with pytest.raises(Conflict):
        await adapter.reject_reasons(paper({RETURN_DETAIL: [return_answer(return_row(status=9))]}), RETURN)


async def test_shipping_needs_a_carrier_and_a_number(paper: Any) -> None:
    (way,) = (await adapter.shipping_choices(paper({DETAIL: [wrapped(order_row())]}), ORDER)).ways
    assert (way.kind, set(way.needs)) == (WayKind.own_carrier, {"carrier", "tracking_number"})
    ended = await adapter.shipping_choices(paper({DETAIL: [wrapped(order_row(orderStatus=9))]}), ORDER)
    assert list(ended.ways) == []


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        (Operation.accept_cancellation, {}),
        (Operation.refund_return, {}),
        (Operation.open_dispute, {"request_id": RETURN, "reason": "no number"}),
        (Operation.ship, {"parameters": {"carrier": "zto"}}),
        (Operation.set_tracking, {"parameters": {"carrier": "zto"}}),
        (Operation.set_note, {"parameters": {"note": ""}}),
    ],
)
async def test_an_act_that_lacks_something_is_refused_unsent(paper: Any, operation: Operation, fields: Any) -> None:
    shop = paper({})
    with pytest.raises(InvalidRequest):
        await adapter.perform(shop, Act(operation, ORDER, "k", **fields))
    assert shop.calls == []


async def test_goods_that_come_back_are_not_refunded_before(paper: Any) -> None:
    shop = paper({RETURN_DETAIL: [return_answer(return_row(returnType=1, status=2))]})
    with pytest.raises(InvalidRequest):
        await adapter.perform(shop, Act(Operation.refund_return, ORDER, "k", request_id=RETURN))
    assert shop.asked == [RETURN_DETAIL]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], None),
        ([{"sellerAddressRecordId": 1}, {"sellerAddressRecordId": 2}], None),
        ([{"sellerAddressRecordId": 1, "aftersaleDefault": "DEFAULT"}], "7"),
    ],
)
async def test_an_address_is_never_guessed(paper: Any, rows: Any, wanted: str | None) -> None:
    shop = paper({"common.getAddressRecord": [wrapped({"sellerAddressRecordList": rows})]})
    parameters = {"address_id": wanted} if wanted else {}
    with pytest.raises(InvalidRequest, match="address_id"):
        await adapter.perform(shop, Act(Operation.approve_return, ORDER, "k", request_id=RETURN, parameters=parameters))


async def test_one_of_several_parcels_must_be_named(paper: Any) -> None:
    two = order_row(simpleDeliveryOrderList=[parcel_row(), parcel_row(deliveryOrderIndex=2)])
    act = Act(Operation.set_tracking, ORDER, "k", parameters={"tracking_number": "N"})
    with pytest.raises(InvalidRequest, match="package_id"):
        await adapter.perform(paper({DETAIL: [wrapped(two)]}), act)


@pytest.mark.parametrize(
    ("row", "happened"),
    [
        (order_row(), Happened.not_applied),
        (order_row(orderStatus=6), Happened.applied),
        (order_row(orderStatus=9), Happened.not_applied),
        (order_row(orderStatus=8), Happened.undecided),
        (order_row(orderStatus=2), Happened.undecided),
        (order_row(orderStatus=5, simpleDeliveryOrderList=[parcel_row(expressTrackingNo="N1")]), Happened.applied),
    ],
)
async def test_what_an_order_says_about_a_shipment(paper: Any, row: Any, happened: Happened) -> None:
    act = Act(Operation.ship, ORDER, "k", parameters={"tracking_number": "N1", "carrier": "zto"})
    assert (await adapter.probe(paper({DETAIL: [wrapped(row)]}), act)).happened is happened


async def test_a_part_is_shipped_when_its_number_shows(paper: Any) -> None:
    act = Act(Operation.ship, ORDER, "k", parameters={"tracking_number": "N1", "carrier": "zto", "skuIdList": "a"})
    assert (
        await adapter.probe(paper({DETAIL: [wrapped(order_row(orderStatus=5))]}), act)
    ).happened is Happened.not_applied


async def test_a_stock_below_zero_is_refused_unsent(paper: Any) -> None:
    shop = paper({})
    with pytest.raises(InvalidRequest):
        await adapter.set_stock(shop, "sku", -1)
    assert shop.calls == []


# -- pushes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "key", "stamp", "secret", "expected"),
    [
        (
            "/open_api/msg?canshu=test",
            "xhs",
            "1625475843",
            "9a539709cafc1efc9ef05838be468a28",
            "a7b7430de338783293443133ab9b9357",
        ),
        (
            "/webhooks/xiaohongshu",
            "test_app_id_0001",
            "1700000000",
            "test_secret_0001",
            "e439d861a15738ff3ab0d2b5cc1602f5",
        ),
        (
            "/webhooks/xiaohongshu?shop=s1",
            "test_app_id_0001",
            "1700000000",
            "test_secret_0001",
            "492b7de7ed96e2e2dd5aabafe3c369a7",
        ),
    ],
)
def test_the_published_signatures_of_pushes(url: str, key: str, stamp: str, secret: str, expected: str) -> None:
    assert signature(f"https://gw.example.com{url}", key, stamp, AppSecret(sign_key=secret)) == expected
    headers = {"app-key": key, "timestamp": stamp, "sign": expected}
    app = APP.model_copy(update={"key": key})
    adapter.verify(app, AppSecret(sign_key=secret), f"https://gw.example.com{url}", headers, b"[]")
    with pytest.raises(BadSignature):
        adapter.verify(
            APP.model_copy(update={"key": "x"}),
            AppSecret(sign_key=secret),
            f"https://gw.example.com{url}",
            headers,
            b"[]",
        )


def test_the_test_of_an_address_needs_no_signature_and_says_nothing() -> None:
    adapter.verify(APP, SECRET, "https://gw.example.com/webhooks/xiaohongshu", {}, b'{"test":true}')
    assert list(adapter.read_pushes(b'{"test":true}')) == []
    for body in (b'{"test":true,"more":1}', b'[{"test":true}]', b'{"test":1.5}', b"", b" "):
        with pytest.raises(BadSignature):
            adapter.verify(APP, SECRET, "https://gw.example.com/webhooks/xiaohongshu", {}, body)


def test_every_message_of_a_push_is_a_hint_of_its_own() -> None:
    body = encode(
        [
            {"msgTag": "msg_fulfillment_status_change", "sellerId": "s", "data": '{"packageId":"P1","updateTime":5}'},
            {"msgTag": "msg_after_sale_closed", "sellerId": "s", "data": {"orderId": "P2", "returnsId": "R2"}},
            {"msgTag": "msg_after_sale_closed", "sellerId": "t", "data": "no json"},
            {"sellerId": "t"},
            "no message",
        ]
    )
    hints = adapter.read_pushes(body)
    assert [(hint.shop, hint.orders, hint.requests) for hint in hints] == [
        ("s", ("P1",), ()),
        ("s", ("P2",), ("R2",)),
        ("t", (), ()),
        ("t", (), ()),
    ]
    assert len({hint.event_id for hint in hints}) == 4


def test_two_states_of_one_order_at_one_time_are_two_events() -> None:
    def push(status: int) -> Any:
        data = f'{{"orderId":"P1","orderStatus":{status},"updateTime":5}}'
        return adapter.read_pushes(
            encode([{"msgTag": "msg_fulfillment_status_change", "sellerId": "s", "data": data}])
        )[0]

    assert push(4).event_id != push(6).event_id
    assert push(4).event_id == push(4).event_id


@pytest.mark.parametrize(
    ("status", "signed", "goods"),
    [(3, 0, "sent_back"), (3, 1773000500000, "received"), (2, 1773000500000, "to_send_back")],
)
async def test_a_returned_parcel_that_was_signed_for_has_come_back(
    paper: Any, status: int, signed: int, goods: str
) -> None:
    parcel = {"expressNo": "YD5550000000003", "expressCompanyCode": "yunda", "expressSignTime": signed}
    shop = paper({RETURN_DETAIL: [return_answer(return_row(returnType=1, status=status), afterSale=parcel)]})
    page = await adapter.fetch_after_sale(shop, RETURN)
    assert [each.goods for each in page.after_sales] == [goods]

"""Section 12, the sheet's mock checklist: one test a line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Receiver

DAY = 86_400


async def test_line_1_one_post_path_flat_body_sign_check_timestamp_text_or_number(api: Api) -> None:
    fields = {**await api.system("common.getAddressRecord"), "accessToken": api.stores[0]["access_token"]}
    body = {**fields, "pageIndex": "1", "pageSize": 10}
    assert (await api.raw(body)).ok["total"] == 2
    assert (await api.raw({**body, "timestamp": int(fields["timestamp"])})).ok["total"] == 2
    (await api.raw({**body, "sign": "f" * 32})).refused(None, "签名")
    nested = {**fields, "params": {"pageIndex": 1, "pageSize": 10}}
    (await api.raw(nested)).refused(-2000400, "pageIndex")


async def test_line_2_http_200_for_business_errors(api: Api) -> None:
    wrong = [
        await api.call("order.getOrderDetail", orderId="P0"),
        await api.call("no.such.method"),
        await api.raw({}),
        await api.ship(await api.order(phase="completed")),
    ]
    assert [(one.http, one.body["success"]) for one in wrong] == [(200, False)] * 4


async def test_line_3_windows_pages_seconds_for_orders_milliseconds_for_after_sales(api: Api) -> None:
    order_id, _ = await api.asked("buyer_requests_cancellation")
    now = await api.now()
    for kind, span in ((1, DAY), (2, 1800)):
        orders = {"timeType": kind, "startTime": now - span, "endTime": now}
        assert [one["orderId"] for one in (await api.ok("order.getOrderList", **orders))["orderList"]] == [order_id]
        (await api.call("order.getOrderList", **{**orders, "startTime": now - span - 1})).refused(-2000400)
        late = {"timeType": kind, "startTime": (now - span) * 1000, "endTime": now * 1000, "pageNo": 1, "pageSize": 100}
        assert (await api.ok("afterSale.listAfterSaleInfos", **late))["totalCount"] == 1
        wide = {**late, "startTime": (now - span) * 1000 - 1}
        (await api.call("afterSale.listAfterSaleInfos", **wide)).refused(-2000400)
    window = {"timeType": 1, "startTime": now - 9, "endTime": now}
    (await api.call("order.getOrderList", **window, pageSize=101)).refused(-2000400)
    (await api.call("order.getOrderList", **window, pageNo=101)).refused(-2000400)


async def test_line_4_refresh_rules(api: Api) -> None:
    store = api.stores[0]

    async def refresh(token: str) -> tuple[str, str]:
        told = (await api.oauth("oauth.refreshToken", refreshToken=token)).ok
        return told["accessToken"], told["refreshToken"]

    same = (store["access_token"], store["refresh_token"])
    assert await refresh(store["refresh_token"]) == same
    await api.advance("P6DT23H31M")
    second = await refresh(store["refresh_token"])
    assert second != same
    await api.advance("P7D")
    third = await refresh(second[1])
    assert third != second
    await api.advance("P14D")
    (await api.oauth("oauth.refreshToken", refreshToken=third[1])).refused(None, "refreshToken")


async def test_line_5_fen_for_orders_yuan_for_after_sales_and_messages(api: Api, pushed: Receiver) -> None:
    order_id = await api.order(phase="in_transit", lines=[{"sku": "A", "title": "甲", "price": "12.34"}])
    await api.act(order_id, "buyer_requests_refund")
    assert (await api.detail(order_id))["skuList"][0]["totalPaidAmount"] == 1234
    assert (await api.after_sales(order_id))[0]["expectedRefundAmountYuan"] == 12.34
    assert (await pushed.expect("msg_after_sale_create"))[0]["refundFee"] == 12.34


async def test_line_6_zero_and_empty_instead_of_null(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")

    def nulls(value: object) -> bool:
        if isinstance(value, dict):
            return any(nulls(one) for one in value.values())
        if isinstance(value, list):
            return any(nulls(one) for one in value)
        return value is None

    found = await api.detail(order_id)
    assert (found["deliveryTime"], found["cancelTime"], found["finishTime"]) == (0, 0, 0)
    assert "expressTrackingNo" not in found
    assert not nulls(found)
    assert not nulls(await api.listed())
    assert not nulls(await api.ok("afterSale.getAfterSaleInfo", returnsId=returns_id, needNegotiateRecord=True))
    assert not nulls(await api.ok("order.getOrderTracking", orderId=order_id))


async def test_line_7_no_seller_cancel(api: Api) -> None:
    order_id = await api.order()
    for method in ("order.cancel", "order.cancelOrder", "order.closeOrder", "afterSale.createAfterSale"):
        (await api.call(method, orderId=order_id)).refused(None, "method")
    assert (await api.truth(order_id))["status"] == "4"
    assert (await api.act(order_id, "merchant_closes"))["status"] == "9"


async def test_line_8_a_refund_before_shipping_is_refused_by_shipping_only(api: Api, pushed: Receiver) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    (await api.audit(returns_id, 3, reason=201)).refused()
    assert (await api.ship(order_id)).ok is None
    assert (await api.detail(order_id))["orderStatus"] == 6
    one = await api.after_sale(returns_id)
    assert (one["status"], one["refundAmountYuan"]) == (6, 0)
    [closed] = await pushed.expect("msg_after_sale_closed")
    assert (closed["returnsId"], closed["returnType"]) == (returns_id, 5)
    truth = await api.truth(order_id)
    assert all(line["cancel_requested"] == line["cancelled"] == 0 for line in truth["lines"])
    (await api.audit(returns_id, 1)).refused()


async def test_line_9_actions_fit_status_and_type_and_reasons_are_checked(api: Api) -> None:
    _, returns_id = await api.coming_back()
    (await api.audit(returns_id, 2, receiverInfo={"sellerAddressRecordId": await api.address_id()})).refused()
    _, fresh = await api.asked("buyer_requests_return", "delivered")
    (await api.call("afterSale.confirmReceive", returnsId=fresh, action=1)).refused()
    (await api.audit(fresh, 1)).refused()
    (await api.audit(fresh, 3, reason=301)).refused(None, "原因")
    known = await api.ok("afterSale.rejectReasons", returnsId=fresh, rejectReasonType=1)
    assert (await api.audit(fresh, 3, reason=known["rejectReasons"][0]["reasonId"])).ok is None
    (await api.audit(fresh, 3, reason=known["rejectReasons"][0]["reasonId"])).refused()


async def test_line_10_pushes(api: Api, pushed: Receiver) -> None:
    """Array, text data, header sign, one retry after five minutes, duplicates, out of order, none without a token."""
    pushed.status = 500
    await api.order()
    await pushed.wait(lambda: len(pushed.got) == 1)
    assert isinstance(pushed.got[0].body, list)
    assert isinstance(pushed.got[0].body[0]["data"], str)
    assert {"sign", "timestamp", "app-key"} <= pushed.got[0].headers.keys()
    await api.advance("PT5M")
    await api.advance("P1D")
    assert len(pushed.got) == 2
    pushed.status = 200
    tag = "msg_fulfillment_status_change"
    await api.faults(
        {"operation": f"push/{tag}", "fault": "push_duplicate", "times": 1},
        {"operation": f"push/{tag}", "fault": "push_reorder", "times": 1},
    )
    pushed.got.clear()
    twice, late, last = [await api.order() for _ in range(3)]
    await pushed.expect(tag, 4)
    assert [detail["orderId"] for _, detail in pushed.messages] == [twice, twice, last, late]
    pushed.got.clear()
    await api.app_act("expire_tokens")
    await api.order()
    await api.advance("PT10M")
    assert pushed.got == []


async def test_line_11_unpaid_orders_end_after_thirty_minutes(api: Api) -> None:
    order_id = await api.order(phase="unpaid")
    await api.advance("PT29M59S")
    assert (await api.detail(order_id))["orderStatus"] == 1
    await api.advance("PT1S")
    found = await api.detail(order_id)
    assert (found["orderStatus"], found["orderAfterSalesStatus"], found["cancelStatus"]) == (9, 1, 0)
    assert (found["paidTime"], found["cancelTime"]) == (0, await api.now() * 1000)
    truth = await api.truth(order_id)
    assert truth["ended"] == {"by": "system", "reason": "超时未支付"}
    assert all(line["cancelled"] == line["quantity"] for line in truth["lines"])


async def test_line_12_cancel_status_stays_1_after_a_paid_cancel(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    await api.audit(returns_id, 1)
    await api.advance("P1D")
    found = await api.detail(order_id)
    assert (found["orderStatus"], found["cancelStatus"], found["orderAfterSalesStatus"]) == (9, 1, 3)


async def test_line_13_receivers_only_in_status_4_and_as_ciphertext(api: Api) -> None:
    buyer = {"name": "测试买家", "phone": "00099998888", "address": "示例路7号"}
    order_id = await api.order(buyer=buyer)
    told = await api.sealed(order_id)
    assert told["matched"] is True
    assert not any(plain in told[name] for name in told if isinstance(told[name], str) for plain in buyer.values())
    await api.ship(order_id)
    query = {"orderId": order_id, "openAddressId": (await api.detail(order_id))["openAddressId"]}
    assert await api.ok("order.getOrderReceiverInfo", receiverQueries=[query], isReturn=False) is None


async def test_line_14_throttling(api: Api) -> None:
    await api.app_act("set_rate_limit", dimension="method", per_second=1, burst=1)
    answers = await asyncio.gather(*(api.call("common.getExpressCompanyList") for _ in range(3)))
    codes = sorted(one.body["error_code"] for one in answers)
    assert codes == [-9013, -9013, 0]
    assert all("限流" in one.body["error_msg"] for one in answers if one.body["error_code"])

"""Sections 5 and 6: lists, details, and every flow with both sides of its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api

DAY_MS = 86_400_000


async def test_a_refund_before_shipping_is_agreed(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation", reason="不想要了")
    [row] = await api.after_sales(order_id)
    now = await api.now() * 1000
    assert (row["returnsId"], row["returnType"], row["status"], row["reasonNameZh"]) == (returns_id, 5, 1, "不想要了")
    assert (row["applyTime"], row["expireTime"]) == (now, now + 2 * DAY_MS)
    found = await api.detail(order_id)
    assert (found["cancelStatus"], found["orderAfterSalesStatus"], found["orderStatus"]) == (1, 2, 4)
    assert row["expectedRefundAmountYuan"] == pytest.approx(found["totalPayAmount"] / 100)
    asked = await api.truth(order_id)
    assert asked["cancellation"]["returns_id"] == returns_id
    assert all(line["cancel_requested"] == line["quantity"] for line in asked["lines"])

    assert (await api.audit(returns_id, 1)).ok is None
    found = await api.detail(order_id)
    assert (found["orderStatus"], found["cancelStatus"], found["orderAfterSalesStatus"]) == (9, 1, 3)
    assert found["cancelTime"] == now
    one = await api.after_sale(returns_id)
    assert (one["status"], one["refundStatus"], one["refundAmountYuan"], one["expireTime"]) == (4, 1, 0, -1)
    await api.advance("PT17M30S")
    one = await api.after_sale(returns_id)
    assert (one["refundStatus"], one["refundTime"]) == (2, await api.now() * 1000)
    assert one["refundAmountYuan"] == pytest.approx(found["totalPayAmount"] / 100)
    truth = await api.truth(order_id)
    assert (truth["ended"]["by"], truth["cancellation"]) == ("buyer", None)
    assert all(line["cancelled"] == line["quantity"] and not line["cancel_requested"] for line in truth["lines"])
    assert truth["returns"][0]["refunded"] == truth["money"]["total"]


async def test_amounts_are_yuan_while_orders_are_fen(api: Api) -> None:
    order_id = await api.order(lines=[{"sku": "A", "title": "甲", "price": "12.50", "quantity": 2}])
    await api.act(order_id, "buyer_requests_cancellation")
    [row] = await api.after_sales(order_id)
    found = await api.detail(order_id)
    assert row["expectedRefundAmountYuan"] == pytest.approx(25 + found["totalShippingFree"] / 100)
    one = await api.after_sale(row["returnsId"])
    [sku] = one["skus"]
    assert (sku["price"], sku["boughtCount"], sku["appliedCount"], sku["appliedTotalAmountYuan"]) == (12.5, 2, 2, 25)
    assert one["appliedShipFeeAmountYuan"] == pytest.approx(found["totalShippingFree"] / 100)


async def test_a_refund_of_some_lines_before_shipping_lets_the_order_go_on(api: Api) -> None:
    lines = [{"sku": "A", "title": "甲", "price": "10"}, {"sku": "B", "title": "乙", "price": "20", "quantity": 2}]
    order_id = await api.order(lines=lines)
    truth = await api.act(order_id, "buyer_requests_refund", lines=[{"line": 1, "quantity": 2}])
    [one] = truth["returns"]
    assert (one["type"], one["refund_amount"]) == (5, "40.00")
    await api.audit(one["returns_id"], 1)
    truth = await api.truth(order_id)
    assert (truth["status"], truth["ended"]) == ("4", None)
    assert [line["cancelled"] for line in truth["lines"]] == [0, 2]
    found = await api.detail(order_id)
    assert [one["skuIdList"] for one in found["simpleDeliveryOrderList"]] == [[found["skuList"][0]["skuId"]]]


async def test_silence_agrees_after_the_sellers_time(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    await api.advance("P1DT23H59M59S")
    assert (await api.after_sale(returns_id))["status"] == 1
    await api.advance("PT1S")
    assert (await api.after_sale(returns_id))["status"] == 4
    assert (await api.truth(order_id))["status"] == "9"


async def test_a_fast_refund_decides_without_the_seller(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation", tag=1)
    assert (await api.after_sale(returns_id))["returnsTag"] == 1
    await api.advance("PT1S")
    assert (await api.truth(order_id))["status"] == "9"
    (await api.audit(returns_id, 1)).refused(None, "状态")


async def test_the_buyer_withdraws(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    truth = await api.act(order_id, "buyer_withdraws_request")
    assert (truth["status"], truth["cancellation"], truth["cancel_status"]) == ("4", None, 1)
    assert all(line["cancel_requested"] == 0 for line in truth["lines"])
    one = await api.after_sale(returns_id)
    assert (one["status"], one["refundStatus"], one["closeReasonZh"]) == (5, 401, "买家撤销申请")
    assert (await api.detail(order_id))["orderAfterSalesStatus"] == 7
    await api.illegal_act(order_id, "buyer_withdraws_request")
    assert (await api.ship(order_id)).ok is None


async def test_return_with_refund_from_end_to_end(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_return", "delivered")
    assert (await api.after_sale(returns_id))["refundStatus"] == 201
    await api.agreed_return(returns_id)
    one = await api.after_sale(returns_id)
    assert (one["status"], one["refundStatus"], one["expireTime"]) == (2, 301, -1)
    assert one["returnAddress"]["fullAddress"]
    await api.act(order_id, "buyer_ships_return", tracking_number="YD77")
    asked: dict[str, Any] = {"returnsId": returns_id, "requestHeader": []}
    assert "negotiateRecords" not in await api.ok("afterSale.getAfterSaleInfo", **asked)
    told = await api.ok("afterSale.getAfterSaleInfo", **{**asked, "requestHeader": {}}, needNegotiateRecord=True)
    assert told["afterSaleInfo"]["status"] == 3
    assert told["logisticsInfo"]["afterSale"]["expressNo"] == "YD77"
    assert told["logisticsInfo"]["order"]["expressCompanyCode"] == "shunfeng"
    assert [one["title"] for one in told["negotiateRecords"]] == ["买家申请售后", "同意寄回", "买家已寄回"]
    await api.act(order_id, "warehouse_receives_return")
    assert (await api.call("afterSale.confirmReceive", returnsId=returns_id, action=1)).ok is None
    truth = await api.truth(order_id)
    assert (truth["status"], truth["phase"]) == ("8", "closed")
    assert all(line["returned"] == line["quantity"] for line in truth["lines"])
    assert all(line["cancelled"] == line["return_requested"] == 0 for line in truth["lines"])
    await api.advance("PT17M30S")
    assert (await api.after_sale(returns_id))["refundStatus"] == 2


async def test_a_part_that_comes_back_leaves_the_order_open(api: Api) -> None:
    order_id = await api.order(phase="in_transit", lines=[{"sku": "A", "title": "甲", "price": "10", "quantity": 3}])
    truth = await api.act(order_id, "buyer_requests_refund", lines=[{"line": 0, "quantity": 1}])
    [one] = truth["returns"]
    assert one["type"] == 4
    assert (await api.audit(one["returns_id"], 1)).ok is None
    truth = await api.truth(order_id)
    assert (truth["status"], truth["lines"][0]["returned"]) == ("6", 1)
    await api.act(order_id, "buyer_requests_refund")
    await api.audit((await api.truth(order_id))["returns"][-1]["returns_id"], 1)
    assert (await api.truth(order_id))["status"] == "8"


async def test_a_refund_of_less_than_was_paid_keeps_the_order(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_refund", "in_transit", amount="0.50")
    await api.audit(returns_id, 1)
    await api.advance("PT17M30S")
    assert (await api.after_sale(returns_id))["refundAmountYuan"] == 0.5
    assert (await api.truth(order_id))["status"] == "6"


async def test_rejected_then_judged_by_the_platform(api: Api) -> None:
    for winner, stage, status in (("buyer", 4, "8"), ("seller", 6, "6")):
        order_id, returns_id = await api.asked("buyer_requests_refund", "in_transit")
        assert (await api.audit(returns_id, 3, reason=202)).ok is None
        one = await api.after_sale(returns_id)
        assert (one["status"], one["refundStatus"]) == (9, 302)
        assert (await api.detail(order_id))["orderAfterSalesStatus"] == 4
        await api.act(order_id, "buyer_opens_dispute")
        assert (await api.after_sale(returns_id))["status"] == 14
        assert (await api.detail(order_id))["orderAfterSalesStatus"] == 6
        await api.act(order_id, "platform_decides", **{"for": winner})
        assert (await api.after_sale(returns_id))["status"] == stage
        assert (await api.truth(order_id))["status"] == status


async def test_rejected_and_timed_out_is_closed(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_refund", "in_transit")
    await api.audit(returns_id, 3, reason=299, description="已沟通")
    await api.advance("P7D")
    code = await api.oauth("oauth.refreshToken", refreshToken=api.stores[0]["refresh_token"])
    store = {"access_token": code.ok["accessToken"]}
    told = (await api.call("afterSale.getAfterSaleInfo", store, returnsId=returns_id)).ok
    assert told["afterSaleInfo"]["status"] == 6
    assert (await api.truth(order_id))["returns"][0]["close_reason"]


async def test_receipt_may_be_refused_or_extended_once(api: Api) -> None:
    order_id, returns_id = await api.coming_back()
    before = (await api.after_sale(returns_id))["expireTime"]
    assert (await api.call("afterSale.confirmReceive", returnsId=returns_id, action=3)).ok is None
    assert (await api.after_sale(returns_id))["expireTime"] == before + 3 * DAY_MS
    (await api.call("afterSale.confirmReceive", returnsId=returns_id, action=3)).refused(None, "状态")
    refuse: dict[str, Any] = {"returnsId": returns_id, "action": 2}
    (await api.call("afterSale.confirmReceive", **refuse)).refused(-2000400, "reason")
    (await api.call("afterSale.confirmReceive", **refuse, reason=202)).refused(None, "原因")
    (await api.call("afterSale.confirmReceive", **refuse, reason=399)).refused(-2000400, "description")
    assert (await api.call("afterSale.confirmReceive", **refuse, reason=302)).ok is None
    assert (await api.after_sale(returns_id))["status"] == 9001
    await api.act(order_id, "buyer_opens_dispute")
    assert (await api.act(order_id, "platform_decides", **{"for": "buyer"}))["status"] == "8"


async def test_goods_not_sent_back_close_it_and_goods_not_looked_at_are_received(api: Api) -> None:
    idle, idle_id = await api.asked("buyer_requests_return", "delivered")
    await api.agreed_return(idle_id)
    sent, _ = await api.coming_back()
    await api.advance("P3D")
    assert (await api.truth(sent))["status"] == "8"
    assert (await api.truth(idle))["returns"][0]["status"] == "2"
    await api.advance("P4D")
    truth = await api.truth(idle)
    assert (truth["returns"][0]["status"], truth["status"]) == ("6", "6")


async def test_exchange_by_receive_and_ship(api: Api) -> None:
    order_id, returns_id = await api.coming_back("buyer_requests_exchange")
    assert (await api.truth(order_id))["status"] == "10"
    ship = {"returnsId": returns_id, "expressCompanyCode": "zto", "expressNo": "ZT1"}
    assert (await api.call("afterSale.receiveAndShip", **ship)).ok is None
    told = await api.ok("afterSale.getAfterSaleInfo", returnsId=returns_id)
    assert told["afterSaleInfo"]["status"] == 13
    assert told["logisticsInfo"]["exchange"]["expressNo"] == "ZT1"
    truth = await api.act(order_id, "buyer_confirms_receipt")
    assert (truth["status"], truth["returns"][0]["status"], truth["returns"][0]["refunded"]) == ("7", "4", "0.00")
    assert all(line["returned"] == line["return_requested"] == 0 for line in truth["lines"])


async def test_exchange_by_an_order_of_its_own(api: Api) -> None:
    order_id, returns_id = await api.coming_back("buyer_requests_exchange")
    assert (await api.call("afterSale.confirmReceive", returnsId=returns_id, action=1)).ok is None
    one = await api.after_sale(returns_id)
    assert one["status"] == 12
    assert one["expireTime"] > 0
    rows = (await api.listed(orderType=5))["orderList"]
    [resent] = [row for row in rows if row["originalOrderId"] == order_id]
    assert resent["orderStatus"] == 4
    assert (await api.detail(resent["orderId"]))["totalPayAmount"] == 0
    query = {"orderId": resent["orderId"], "openAddressId": (await api.detail(order_id))["openAddressId"]}
    for flag, found in ((True, True), (False, False)):
        told = await api.ok("order.getOrderReceiverInfo", receiverQueries=[query], isReturn=flag)
        assert bool(told) is found
    await api.ship(resent["orderId"])
    assert (await api.after_sale(returns_id))["status"] == 13
    await api.advance("P6D")
    await api.act(order_id, "buyer_confirms_receipt")
    assert (await api.truth(order_id))["status"] == "7"


async def test_an_exchange_never_shipped_becomes_a_refund(api: Api) -> None:
    order_id, returns_id = await api.coming_back("buyer_requests_exchange")
    await api.call("afterSale.confirmReceive", returnsId=returns_id, action=1)
    resent = (await api.truth(order_id))["returns"][0]["exchange_order"]
    await api.advance("P3D")
    truth = await api.truth(order_id)
    assert (truth["status"], truth["returns"][0]["type"], truth["returns"][0]["status"]) == ("8", 1, "4")
    assert (await api.truth(resent))["status"] == "9"


async def test_an_exchange_turned_into_a_refund_or_withdrawn(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_exchange", "delivered")
    assert (await api.act(order_id, "buyer_turns_exchange_into_refund"))["status"] == "6"
    assert (await api.after_sale(returns_id))["returnType"] == 1
    other, _ = await api.asked("buyer_requests_exchange", "delivered")
    assert (await api.act(other, "buyer_withdraws_request"))["status"] == "6"


async def test_price_protection_pays_a_part_and_takes_no_goods(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_price_protection", "completed", amount="1.00")
    assert (await api.audit(returns_id, 1)).ok is None
    truth = await api.truth(order_id)
    assert (truth["status"], truth["returns"][0]["refund_amount"]) == ("7", "1.00")
    assert all(line["returned"] == 0 for line in truth["lines"])


async def test_no_more_goes_back_than_was_paid(api: Api) -> None:
    order_id = await api.order(phase="delivered", lines=[{"sku": "A", "title": "甲", "price": "10", "quantity": 2}])
    fee = (await api.detail(order_id))["totalShippingFree"] / 100
    await api.act(order_id, "buyer_requests_price_protection", amount=f"{12 + fee:.2f}")
    assert (await api.audit((await api.truth(order_id))["returns"][0]["returns_id"], 1)).ok is None
    await api.illegal_act(order_id, "buyer_requests_refund", amount="8.01")
    truth = await api.act(order_id, "buyer_requests_refund")
    assert truth["returns"][1]["refund_amount"] == "8.00"
    await api.audit(truth["returns"][1]["returns_id"], 1)
    assert (await api.truth(order_id))["status"] == "8"


async def test_the_buyer_edits_a_request(api: Api) -> None:
    order_id, returns_id = await api.asked("buyer_requests_refund", "in_transit")
    await api.audit(returns_id, 3, reason=202)
    await api.act(order_id, "buyer_changes_request", amount="0.10", text="说明")
    [row] = await api.after_sales(order_id)
    assert (row["status"], row["expectedRefundAmountYuan"], row["desc"]) == (1, 0.1, "说明")


@pytest.mark.parametrize(
    ("act", "phase", "action"),
    [
        ("buyer_requests_return", "delivered", 1),
        ("buyer_requests_exchange", "delivered", 1),
        ("buyer_requests_refund", "in_transit", 2),
        ("buyer_requests_cancellation", "awaiting_shipment", 2),
        ("buyer_requests_cancellation", "awaiting_shipment", 3),
    ],
)
async def test_wrong_pairs_of_action_and_type_are_refused(api: Api, act: str, phase: str, action: int) -> None:
    _, returns_id = await api.asked(act, phase)
    to = {"sellerAddressRecordId": await api.address_id()}
    (await api.audit(returns_id, action, receiverInfo=to, reason=201)).refused()
    assert (await api.after_sale(returns_id))["status"] == 1
    assert await api.effects() == []


async def test_agreeing_to_a_return_needs_an_address_of_the_shop(api: Api) -> None:
    _, returns_id = await api.asked("buyer_requests_return", "delivered")
    (await api.audit(returns_id, 2)).refused(-2000400, "sellerAddressRecordId")
    (await api.audit(returns_id, 2, receiverInfo={"sellerAddressRecordId": 1})).refused(-2000400)
    await api.agreed_return(returns_id)


async def test_rejecting_needs_a_reason_of_the_list(api: Api) -> None:
    _, returns_id = await api.asked("buyer_requests_refund", "in_transit")
    review, receipt = [
        (await api.ok("afterSale.rejectReasons", returnsId=returns_id, rejectReasonType=kind))["rejectReasons"]
        for kind in (1, 2)
    ]
    assert {one["reasonType"] for one in review} == {0}
    assert {one["reasonType"] for one in receipt} == {1}
    (await api.audit(returns_id, 3)).refused(-2000400, "reason")
    (await api.audit(returns_id, 3, reason=999)).refused(None, "原因")
    (await api.audit(returns_id, 3, reason=receipt[0]["reasonId"])).refused(None, "原因")
    other = next(one["reasonId"] for one in review if one["reasonName"] == "其他")
    (await api.audit(returns_id, 3, reason=other)).refused(-2000400, "description")
    assert (await api.audit(returns_id, 3, reason=review[0]["reasonId"])).ok is None


async def test_lists_by_time_are_in_milliseconds(api: Api) -> None:
    _, first = await api.asked("buyer_requests_cancellation")
    opened = await api.now() * 1000
    await api.advance("PT1H")
    order_id, second = await api.asked("buyer_requests_refund", "in_transit")
    now = await api.now() * 1000

    async def ids(**asked: Any) -> list[str]:
        page = await api.ok("afterSale.listAfterSaleInfos", **{"pageNo": 1, "pageSize": 50, **asked})
        assert page["totalCount"] == len(page["afterSaleBasicInfos"])
        return [row["returnsId"] for row in page["afterSaleBasicInfos"]]

    assert await ids(timeType=1, startTime=opened, endTime=now) == [first, second]
    assert await ids(timeType=1, startTime=opened + 1, endTime=now) == [second]
    assert await ids(timeType=1, startTime=opened - 1, endTime=now - 1) == [first]
    assert await ids(timeType=2, startTime=str(now - 1_800_000), endTime=str(now)) == [second]
    assert await ids(timeType=1, startTime=opened, endTime=now, returnTypes=[5]) == [first]
    assert await ids(timeType=1, startTime=opened, endTime=now, statuses=[4]) == []
    zeros: dict[str, Any] = {"timeType": 0, "startTime": 0, "endTime": 0, "statuses": None, "returnTypes": None}
    assert await ids(orderId=order_id, **zeros) == [second]
    assert await ids(timeType=1, startTime=now // 1000 - 60, endTime=now // 1000) == []


async def test_windows_and_pages_out_of_range_are_refused(api: Api) -> None:
    now = await api.now() * 1000
    method = "afterSale.listAfterSaleInfos"
    page = {"pageNo": 1, "pageSize": 50}
    (await api.call(method, **page)).refused(-2000400)
    (await api.call(method, **page, timeType=1, startTime=now - DAY_MS - 1, endTime=now)).refused(-2000400)
    assert (await api.call(method, **page, timeType=1, startTime=now - DAY_MS, endTime=now)).ok
    (await api.call(method, **page, timeType=2, startTime=now - 1_800_001, endTime=now)).refused(-2000400)
    (await api.call(method, **page, timeType=2, startTime=now, endTime=now)).refused(-2000400)
    (await api.call(method, **page, timeType=2)).refused(-2000400)
    window = {"timeType": 1, "startTime": now - 9, "endTime": now}
    (await api.call(method, **window, pageNo=1, pageSize=101)).refused(-2000400)
    (await api.call(method, **window, pageNo=0, pageSize=10)).refused(-2000400)
    (await api.call(method, **window, pageNo=501, pageSize=100)).refused(-2000400)
    assert (await api.call(method, **window, pageNo=500, pageSize=100)).ok["afterSaleBasicInfos"] == []
    (await api.call(method, **window, pageSize=10)).refused(-2000400, "pageNo")


async def test_foreign_after_sales_are_unknown(api: Api) -> None:
    order_id = await api.order(store=api.other["seller_id"])
    truth = await api.act(order_id, "buyer_requests_cancellation")
    returns_id = truth["returns"][0]["returns_id"]
    for answer in (
        await api.call("afterSale.getAfterSaleInfo", returnsId=returns_id),
        await api.audit(returns_id, 1),
        await api.call("afterSale.confirmReceive", returnsId=returns_id, action=1),
        await api.call("afterSale.rejectReasons", returnsId=returns_id, rejectReasonType=1),
    ):
        answer.refused(None, "售后单不存在")
    assert await api.after_sales(order_id) == []


async def test_requests_fit_the_orders_state(api: Api) -> None:
    unpaid = await api.order(phase="unpaid")
    for act in ("buyer_requests_cancellation", "buyer_requests_refund", "buyer_requests_return"):
        await api.illegal_act(unpaid, act)
    waiting = await api.order()
    await api.illegal_act(waiting, "buyer_requests_return")
    await api.act(waiting, "buyer_requests_cancellation")
    assert "still runs" in await api.illegal_act(waiting, "buyer_requests_cancellation")
    shipped = await api.order(phase="in_transit")
    await api.illegal_act(shipped, "buyer_requests_cancellation")
    await api.illegal_act(shipped, "buyer_ships_return")
    await api.illegal_act(shipped, "buyer_opens_dispute")

"""Shipping, splitting, tracking changes, the seller's remark, the receiver, tracking, and how orders go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api

TWO_LINES = [{"sku": "A", "title": "甲", "price": "10"}, {"sku": "B", "title": "乙", "price": "20"}]


async def test_shipping_moves_the_order_to_6_with_its_tracking_number(api: Api) -> None:
    order_id = await api.order()
    await api.advance("PT1H")
    assert (await api.ship(order_id)).ok is None
    found = await api.detail(order_id)
    assert found["orderStatus"] == 6
    assert found["deliveryTime"] == await api.now() * 1000
    assert (found["expressTrackingNo"], found["expressCompanyCode"]) == ("SF0000000000001", "shunfeng")
    assert [one["status"] for one in found["simpleDeliveryOrderList"]] == [6]
    truth = await api.truth(order_id)
    assert (truth["status"], truth["phase"], truth["times"]["shipped"]) == ("6", "in_transit", await api.now())
    assert [(one["operation"], one["order_id"]) for one in await api.effects()] == [("order.orderDeliver", order_id)]


@pytest.mark.parametrize("phase", ["unpaid", "on_hold", "in_transit", "completed", "cancelled", "closed"])
async def test_only_orders_that_wait_can_be_shipped(api: Api, phase: str) -> None:
    order_id = await api.order(phase=phase)
    (await api.ship(order_id)).refused(None, "状态")
    assert await api.effects() == []


async def test_shipping_asks_for_number_and_a_known_carrier(api: Api) -> None:
    order_id = await api.order()
    (await api.ship(order_id, expressNo="")).refused(-2000400, "expressNo")
    (await api.ship(order_id, expressCompanyCode="pigeon")).refused(-2000400, "expressCompanyCode")
    (await api.ship(order_id, unpack=True)).refused(-2000400, "skuIdList")
    assert (await api.truth(order_id))["status"] == "4"


async def test_a_split_order_is_5_until_the_last_parcel_left(api: Api) -> None:
    order_id = await api.order(lines=TWO_LINES)
    first, second = (one["skuId"] for one in (await api.detail(order_id))["skuList"])
    assert (await api.ship(order_id, unpack=True, skuIdList=[first])).ok is None
    found = await api.detail(order_id)
    assert (found["orderStatus"], found["unpack"]) == (5, True)
    rows = {tuple(one["skuIdList"]): one["status"] for one in found["simpleDeliveryOrderList"]}
    assert rows == {(first,): 6, (second,): 4}
    assert [one["deliveryOrderIndex"] for one in found["simpleDeliveryOrderList"]] == [1, 2]
    (await api.ship(order_id, unpack=True, skuIdList=[first])).refused()
    assert (await api.ship(order_id, unpack=True, skuIdList=[second], expressNo="YT2")).ok is None
    found = await api.detail(order_id)
    assert found["orderStatus"] == 6
    assert [one["expressTrackingNo"] for one in found["simpleDeliveryOrderList"]] == ["SF0000000000001", "YT2"]


async def test_shipping_the_rest_without_naming_it(api: Api) -> None:
    order_id = await api.order(status=5, lines=TWO_LINES)
    assert (await api.ship(order_id)).ok is None
    assert (await api.detail(order_id))["orderStatus"] == 6


async def test_shipping_without_logistics_only_where_the_goods_allow_it(api: Api) -> None:
    refused, allowed = 0, 0
    for _ in range(30):
        order_id = await api.order()
        mode = (await api.detail(order_id))["skuList"][0]["deliveryMode"]
        answer = await api.ship(order_id, expressCompanyCode="selfdelivery", expressNo="券码 1234")
        if mode == 1:
            assert answer.ok is None
            assert "NO_LOGISTICS_SHIP" in (await api.detail(order_id))["orderTagList"]
            allowed += 1
        else:
            answer.refused(None, "无物流")
            refused += 1
    assert refused
    assert allowed


async def test_tracking_may_be_corrected_until_the_buyer_signs(api: Api) -> None:
    order_id = await api.order()
    change = {"orderId": order_id, "expressNo": "ZTO9", "expressCompanyCode": "zto"}
    (await api.call("order.modifyOrderExpressInfo", **change)).refused()
    await api.ship(order_id)
    assert (await api.call("order.modifyOrderExpressInfo", **change)).ok is None
    found = await api.detail(order_id)
    assert (found["expressTrackingNo"], found["expressCompanyCode"]) == ("ZTO9", "zto")
    await api.act(order_id, "carrier_delivers")
    (await api.call("order.modifyOrderExpressInfo", **change)).refused(None, "签收")


async def test_tracking_of_split_orders_by_index_or_by_the_old_number(api: Api) -> None:
    order_id = await api.order(lines=TWO_LINES)
    first, second = (one["skuId"] for one in (await api.detail(order_id))["skuList"])
    await api.ship(order_id, unpack=True, skuIdList=[first], expressNo="N1")
    await api.ship(order_id, unpack=True, skuIdList=[second], expressNo="N2")
    change = {"orderId": order_id, "expressNo": "NEW", "expressCompanyCode": "zto"}
    (await api.call("order.modifyOrderExpressInfo", **change)).refused(-2000400, "deliveryOrderIndex")

    async def numbers() -> list[str]:
        return [one["expressTrackingNo"] for one in (await api.detail(order_id))["simpleDeliveryOrderList"]]

    assert (await api.call("order.modifyOrderExpressInfo", **change, deliveryOrderIndex=2)).ok is None
    assert await numbers() == ["N1", "NEW"]
    by_number = {**change, "oldExpressNo": "N1", "deliveryOrderIndex": 2}
    assert (await api.call("order.modifyOrderExpressInfo", **by_number)).ok is None
    assert await numbers() == ["NEW", "NEW"]
    both = {**change, "expressNo": "LAST", "oldExpressNo": "NEW"}
    assert (await api.call("order.modifyOrderExpressInfo", **both)).ok is None
    assert await numbers() == ["LAST", "LAST"]
    (await api.call("order.modifyOrderExpressInfo", **change, oldExpressNo="N1")).refused(-2000400)


async def test_the_sellers_remark(api: Api) -> None:
    order_id = await api.order()
    mark = {"orderId": order_id, "sellerMarkNote": "缺货，已联系买家", "operator": "op", "sellerMarkPriority": 2}
    for missing in ("sellerMarkNote", "operator", "sellerMarkPriority"):
        left = {k: v for k, v in mark.items() if k != missing}
        (await api.call("order.modifySellerMarkInfo", **left)).refused(-2000400, missing)
    (await api.call("order.modifySellerMarkInfo", **{**mark, "sellerMarkPriority": 7})).refused(-2000400)
    before = (await api.detail(order_id))["updateTime"]
    assert (await api.call("order.modifySellerMarkInfo", **mark)).ok is None
    found = await api.detail(order_id)
    assert (found["sellerRemark"], found["sellerRemarkFlag"]) == ("缺货，已联系买家", 2)
    assert found["updateTime"] > before


async def test_writes_on_foreign_orders_are_refused(api: Api) -> None:
    foreign = await api.order(store=api.other["seller_id"])
    (await api.ship(foreign)).refused(None, "订单不存在")
    mark = {"orderId": foreign, "sellerMarkNote": "x", "operator": "op", "sellerMarkPriority": 2}
    (await api.call("order.modifySellerMarkInfo", **mark)).refused(None, "订单不存在")
    assert await api.effects() == []


async def test_tracking_tells_what_happened_in_beijing_time(api: Api) -> None:
    order_id = await api.order()
    await api.advance("PT1H")
    await api.ship(order_id)
    await api.advance("PT1H")
    await api.act(order_id, "carrier_delivers")
    [track] = (await api.ok("order.getOrderTracking", orderId=order_id))["orderTrackInfos"]
    assert (track["expressNo"], track["currentStatusDesc"]) == ("SF0000000000001", "已签收")
    statuses = [one["trackingStatus"] for one in track["records"]]
    assert [one for one in statuses if one] == [1010, 1015, 3010, 3020, 6020]
    shipped = next(one for one in track["records"] if one["trackingStatus"] == 3020)
    assert shipped["eventAt"] == "2026-11-22 09:00:00"
    truth = await api.truth(order_id)
    assert (truth["status"], truth["phase"], truth["phase_shown"]) == ("6", "delivered", "in_transit")


async def test_the_life_of_an_order_by_itself(api: Api) -> None:
    order_id = await api.order(phase="unpaid")
    await api.act(order_id, "buyer_pays")
    assert (await api.truth(order_id))["status"] == "2"
    await api.advance("PT7S")
    assert (await api.truth(order_id))["status"] == "4"
    await api.ship(order_id)
    await api.advance("P11DT23H59M59S")
    assert (await api.truth(order_id))["status"] == "6"
    await api.advance("PT1S")
    truth = await api.truth(order_id)
    assert (truth["status"], truth["phase"], truth["times"]["completed"]) == ("7", "completed", await api.now())


async def test_cross_border_orders_pass_customs(api: Api) -> None:
    order_id = await api.order(phase="unpaid", cross_border=True)
    await api.act(order_id, "buyer_pays")
    await api.advance("PT7S")
    assert (await api.truth(order_id))["status"] == "3"
    await api.illegal_act(order_id, "buyer_pays")
    await api.advance("PT2H")
    assert (await api.truth(order_id))["status"] == "4"


async def test_the_buyer_may_confirm_or_cancel(api: Api) -> None:
    unpaid, shipped = await api.order(phase="unpaid"), await api.order(phase="in_transit")
    ended = await api.act(unpaid, "buyer_cancels")
    assert (ended["status"], ended["ended"]["by"]) == ("9", "buyer")
    assert (await api.act(shipped, "buyer_confirms_receipt"))["status"] == "7"
    await api.illegal_act(shipped, "buyer_confirms_receipt")
    await api.illegal_act(unpaid, "buyer_pays")


async def test_the_platform_holds_releases_and_cancels(api: Api) -> None:
    order_id = await api.order()
    assert (await api.act(order_id, "platform_holds"))["phase"] == "on_hold"
    await api.advance("P1D")
    assert (await api.truth(order_id))["status"] == "2"
    assert (await api.act(order_id, "platform_releases"))["status"] == "4"
    ended = await api.act(order_id, "platform_cancels", reason="平台风控")
    assert (ended["status"], ended["ended"]) == ("9", {"by": "system", "reason": "平台风控"})
    shipped = await api.order(phase="in_transit")
    assert (await api.act(shipped, "platform_cancels"))["status"] == "8"


async def test_the_console_closes_what_no_call_can(api: Api) -> None:
    order_id = await api.order()
    ended = await api.act(order_id, "merchant_closes", reason="缺货")
    assert (ended["status"], ended["phase"]) == ("9", "cancelled")
    assert ended["ended"] == {"by": "seller", "reason": "缺货"}
    assert all(line["cancelled"] == line["quantity"] for line in ended["lines"])
    [one] = ended["returns"]
    assert (one["type"], one["request_from"], one["status"], one["refund_status"]) == (5, 2, "4", 1)
    assert await api.effects() == []
    for phase in ("unpaid", "on_hold", "in_transit", "completed"):
        await api.illegal_act(await api.order(phase=phase), "merchant_closes")


async def test_an_intercepted_parcel_may_be_closed_in_the_console(api: Api) -> None:
    order_id = await api.order(phase="in_transit")
    await api.act(order_id, "carrier_returns")
    ended = await api.act(order_id, "merchant_closes")
    assert (ended["status"], ended["phase"], ended["ended"]["by"]) == ("8", "closed", "seller")


async def test_a_delay_report_moves_the_latest_shipping_time(api: Api) -> None:
    order_id = await api.order()
    before = (await api.detail(order_id))["promiseLastDeliveryTime"]
    await api.act(order_id, "seller_reports_delay", days=3)
    assert (await api.detail(order_id))["promiseLastDeliveryTime"] == before + 3 * 86_400_000

"""Section 7: how refunds live, what they do to the order, how they are read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.alibaba_1688.conftest import Api

TWO = [{"quantity": 1, "price": "5.00"}, {"quantity": 2, "price": "7.00"}]
LIST = "alibaba.trade.refund.buyer.queryOrderRefundList"


async def state(api: Api, order: str) -> tuple[str, str]:
    told = await api.truth(order)
    return told["status"], told["returns"][-1]["status"]


async def test_a_whole_refund_before_shipping_closes_the_trade(api: Api) -> None:
    order = await api.bought(lines=TWO, shipping_fee="6.00")
    refund = await api.refunded(order, applyCarriage=600)
    assert refund.startswith("TQ")
    base = (await api.purchase(order))["baseInfo"]
    assert (base["status"], base["refundStatus"], base["refundId"]) == ("waitsellersend", "waitselleragree", refund)
    assert [one["cancel_requested"] for one in (await api.truth(order))["lines"]] == [1, 2]
    await api.act(order, "supplier_agrees")
    row, told = await api.purchase(order), await api.truth(order)
    assert (row["baseInfo"]["status"], row["baseInfo"]["refundStatus"]) == ("cancel", "refundsuccess")
    assert (row["baseInfo"]["refund"], row["baseInfo"]["totalAmount"]) == (25, 25)
    assert [item["refundStatus"] for item in row["productItems"]] == ["REFUND_SUCCESS"] * 2
    assert row["tradeTerms"][0]["payStatus"] == "4"
    assert [(one["cancelled"], one["cancel_requested"]) for one in told["lines"]] == [(1, 0), (2, 0)]
    assert told["ended"] == {"by": "buyer", "reason": "refund"}


async def test_one_line_refunded_the_other_goes_on(api: Api) -> None:
    order = await api.bought(lines=TWO)
    await api.refunded(order, lines=1)
    await api.act(order, "supplier_agrees")
    row = await api.purchase(order)
    assert row["baseInfo"]["status"] == "waitsellersend"
    assert [item["status"] for item in row["productItems"]] == ["cancel", "waitsellersend"]
    await api.act(order, "supplier_ships")
    row = await api.purchase(order)
    assert row["baseInfo"]["status"] == "waitbuyerreceive"
    assert [item["status"] for item in row["productItems"]] == ["cancel", "waitbuyerreceive"]
    assert [item["logisticsStatus"] for item in row["productItems"]] == [1, 2]


async def test_refusing_modifying_and_agreeing(api: Api) -> None:
    order = await api.bought(phase="in_transit", lines=[{"quantity": 1, "price": "10.00"}])
    wish = {"goodsStatus": "refundWaitBuyerReceive", "applyReasonId": 20007}
    refund = await api.refunded(order, **wish)
    await api.act(order, "supplier_refuses", reason="已发货")
    detail = await api.refund_detail(refund)
    assert (detail["status"], detail["rejectTimes"], detail["rejectReason"]) == ("waitbuyermodify", 1, "已发货")
    (await api.refund(order, **wish)).nested("5010")
    await api.act(order, "buyer_modifies_request", amount="4.00")
    await api.act(order, "supplier_agrees")
    told = await api.truth(order)
    assert (told["status"], told["returns"][0]["status"]) == ("waitbuyerreceive", "refundsuccess")
    assert told["money"]["refunded"] == "4.00"
    (line,) = told["lines"]
    assert (line["returned"], line["cancelled"], line["refunded_and_kept"]) == (0, 0, 0)


async def test_all_the_money_for_shipped_goods_closes_the_trade_and_the_buyer_keeps_them(api: Api) -> None:
    order = await api.bought(phase="in_transit", lines=[{"quantity": 2, "price": "10.00"}])
    await api.refunded(order, goodsStatus="refundWaitBuyerReceive", applyReasonId=20007)
    assert (await api.truth(order))["lines"][0]["return_requested"] == 2
    await api.act(order, "supplier_agrees")
    told = await api.truth(order)
    assert told["status"] == "cancel"
    assert (told["lines"][0]["returned"], told["lines"][0]["refunded_and_kept"]) == (0, 2)


async def test_the_way_of_a_return(api: Api) -> None:
    order, refund = await api.returning()
    assert await state(api, order) == ("waitbuyerreceive", "waitselleragree")
    await api.act(order, "supplier_agrees")
    detail = await api.refund_detail(refund)
    assert detail["status"] == "waitbuyersend"
    assert detail["sellerReceiveAddress"]
    asked = {"refundId": refund, "logisticsCompanyNo": "SF", "freightBill": "SF1234567890", "description": "退回"}
    assert (await api.call("alibaba.trade.refund.returnGoods", asked)).body == {"result": {"success": True}}
    detail = await api.refund_detail(refund)
    assert (detail["status"], detail["freightBill"], detail["goodsStatus"]) == ("waitsellerreceive", "SF1234567890", 3)
    assert detail["buyerSendGoods"] is True
    await api.act(order, "warehouse_receives_return")
    told = await api.truth(order)
    assert await state(api, order) == ("cancel", "refundsuccess")
    assert told["lines"][0]["returned"] == told["lines"][0]["quantity"]
    assert (await api.purchase(order))["productItems"][0]["logisticsStatus"] == 4


async def test_a_return_of_one_unit(api: Api) -> None:
    order = await api.bought(phase="in_transit", lines=[{"quantity": 3, "price": "10.00"}])
    entry = int((await api.truth(order))["lines"][0]["id"])
    refund = await api.refunded(
        order,
        disputeRequest="returnRefund",
        goodsStatus="refundBuyerReceived",
        applyReasonId=20021,
        applyPayment=1000,
        orderEntryCountList=[{"id": entry, "count": 1}],
    )
    assert (await api.refund_detail(refund))["orderEntryCountMap"] == {str(entry): 1}
    for act in ("supplier_agrees", "buyer_ships_return", "supplier_agrees"):
        await api.act(order, act)
    told = await api.truth(order)
    assert (told["status"], told["lines"][0]["returned"], told["money"]["refunded"]) == ("waitbuyerreceive", 1, "10.00")


async def test_after_sale_leaves_the_trade_complete(api: Api) -> None:
    order = await api.bought(phase="completed", lines=TWO)
    refund = await api.refunded(order, lines=1, goodsStatus="aftersaleBuyerReceived", applyReasonId=20021)
    row = await api.purchase(order)
    assert row["baseInfo"]["refundStatusForAs"] == "waitselleragree"
    assert "refundStatus" not in row["baseInfo"]
    assert row["productItems"][0]["refundIdForAs"] == refund
    assert (await api.refund_detail(refund))["disputeType"] == 2
    await api.act(order, "supplier_agrees")
    assert await state(api, order) == ("success", "refundsuccess")
    assert (await api.purchase(order))["baseInfo"]["refund"] == 5


async def test_withdrawing(api: Api) -> None:
    order = await api.bought()
    refund = await api.refunded(order)
    assert (await api.call("alibaba.trade.cancelRefund", {"refundId": refund})).body == {"result": {"success": True}}
    assert await state(api, order) == ("waitsellersend", "refundclose")
    assert (await api.truth(order))["lines"][0]["cancel_requested"] == 0
    assert (await api.refund(order)).ok  # may be asked again


async def test_the_supplier_ships_while_a_refund_waits(api: Api) -> None:
    order = await api.bought()
    await api.refunded(order)
    await api.act(order, "supplier_ships")
    assert await state(api, order) == ("waitbuyerreceive", "refundclose")
    assert (await api.truth(order))["lines"][0]["cancel_requested"] == 0
    (await api.refund(order)).nested("5010")


async def test_confirming_receipt_ends_a_running_refund(api: Api) -> None:
    order, _ = await api.returning()
    await api.act(order, "buyer_confirms_receipt")
    assert await state(api, order) == ("success", "refundclose")


async def test_the_clock_does_not_confirm_while_a_refund_runs(api: Api) -> None:
    order, _ = await api.returning()
    await api.store_act("set_timing", refund_modify="P30D")
    await api.act(order, "supplier_refuses")
    await api.advance("P20D")
    assert await state(api, order) == ("waitbuyerreceive", "waitbuyermodify")
    await api.advance("P10D")
    assert await state(api, order) == ("success", "refundclose")


@pytest.mark.parametrize(
    ("acts", "wait", "before", "after"),
    [
        ((), "P2D", "waitselleragree", "waitbuyersend"),
        (("supplier_refuses",), "P7D", "waitbuyermodify", "refundclose"),
        (("supplier_agrees",), "P7D", "waitbuyersend", "refundclose"),
        (("supplier_agrees", "buyer_ships_return"), "P10D", "waitsellerreceive", "refundsuccess"),
    ],
)
async def test_deadlines_of_a_return(api: Api, acts: tuple[str, ...], wait: str, before: str, after: str) -> None:
    order, refund = await api.returning()
    for act in acts:
        await api.act(order, act)
    told = (await api.truth(order))["returns"][0]
    assert told["status"] == before
    days = int(wait[1:-1])
    assert told["timeout"] == await api.now() + days * 86_400
    assert "gmtTimeOut" in await api.refund_detail(refund)
    await api.advance(f"P{days - 1}DT23H59M59S")
    assert (await api.truth(order))["returns"][0]["status"] == before
    await api.advance("PT1S")
    assert (await api.truth(order))["returns"][0]["status"] == after


async def test_silence_on_a_money_refund_agrees(api: Api) -> None:
    order = await api.bought()
    await api.refunded(order)
    await api.advance("P2D")
    assert await state(api, order) == ("cancel", "refundsuccess")


@pytest.mark.parametrize(("winner", "after"), [("buyer", "refundsuccess"), ("seller", "refundclose")])
async def test_arbitration(api: Api, winner: str, after: str) -> None:
    order = await api.bought()
    refund = await api.refunded(order)
    await api.act(order, "supplier_refuses")
    wish = {"type": "RefundComplaint", "refundId": refund, "orderId": int(order), "reasonText": "拒绝退款"}
    assert isinstance((await api.call("trade.arbitration.apply", {"param": wish})).inner, int)
    assert (await api.truth(order))["returns"][0]["disputed"] is True
    await api.act(order, "platform_decides", **{"for": winner})
    assert (await api.truth(order))["returns"][0]["status"] == after
    assert await api.illegal_act(order, "platform_decides")


async def test_the_seller_agrees_by_api(api: Api) -> None:
    """7.3: money at once; goods: the address to return to, and later that they came back in order."""
    name = "alibaba.trade.refund.OpAgreeReturnGoods"
    asked: dict[str, Any] = {
        "memberId": api.member,
        "refundOperateType": "SELLER_AGREE_REFUND",
        "operatorRole": "SELLER",
        "disputeType": 1,
    }
    paid = await api.order()
    await api.act(paid, "buyer_requests_cancellation", reason="拍错了")
    money = (await api.truth(paid))["returns"][0]["return_sn"]
    assert (await api.call(name, {**asked, "refundId": money})).body == {}
    assert await state(api, paid) == ("cancel", "refundsuccess")
    shipped = await api.order(phase="in_transit")
    await api.act(shipped, "buyer_requests_return")
    back = (await api.truth(shipped))["returns"][0]["return_sn"]
    where = {"address": "退货仓1号", "fullName": "仓库", "mobilePhone": "00000000001", "post": "310000"}
    assert (await api.call(name, {**asked, **where, "refundId": back})).body == {}
    detail = await api.refund_detail(back, seller=True)
    assert (detail["status"], detail["sellerReceiveAddress"]) == ("waitbuyersend", "退货仓1号")
    await api.act(shipped, "buyer_ships_return")
    assert (await api.call(name, {**asked, "refundId": back})).body == {}
    assert await state(api, shipped) == ("cancel", "refundsuccess")
    assert len(await api.effects("alibaba.trade.refund.OpAgreeReturnGoods")) == 3


async def test_the_console_refuses_what_the_api_can_not(api: Api) -> None:
    order = await api.order()
    await api.act(order, "buyer_requests_refund")
    await api.act(order, "merchant_refuses", reason="已备货")
    assert (await api.truth(order))["returns"][0]["rejected"] == 1


# reading


async def test_reasons_belong_to_where_the_goods_are(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    asked = {"orderId": order, "orderEntryIds": [int(order)]}
    found = {}
    for status in ("refundWaitSellerSend", "refundWaitBuyerReceive", "refundBuyerReceived", "aftersaleBuyerReceived"):
        reply = await api.call("alibaba.trade.getRefundReasonList", {**asked, "goodsStatus": status})
        found[status] = {one["id"]: one for one in reply.inner["reasons"]}
    assert set(found["refundWaitSellerSend"]) != set(found["refundBuyerReceived"])
    assert found["refundBuyerReceived"][20022]["needVoucher"] is True
    assert found["refundBuyerReceived"][20028]["noRefundCarriage"] is True
    assert all(one["name"] for reasons in found.values() for one in reasons.values())


async def test_the_most_that_can_come_back(api: Api) -> None:
    order = await api.bought(lines=TWO, shipping_fee="6.00")
    entries = [int(one["id"]) for one in (await api.truth(order))["lines"]]

    async def most(counts: list[tuple[int, int]]) -> Any:
        rows = [{"id": entry, "count": count} for entry, count in counts]
        wish = {"orderId": int(order), "goodsStatus": "refundWaitSellerSend", "refundGoodsCountList": rows}
        return (await api.call("alibaba.trade.getMaxRefundFee", {"input": wish})).inner

    whole = await most([(entries[0], 1), (entries[1], 2)])
    assert whole == {"maxRefundFee": 2500, "maxGoodsFee": 1900, "maxPostFee": 600, "maxSubstituteFetchFee": 0}
    part = await most([(entries[1], 1)])
    assert part["maxGoodsFee"] == 700
    assert part["maxPostFee"] < 600


async def test_lists_of_both_sides(api: Api, date: Callable[[int], str]) -> None:
    purchase, sale = await api.bought(), await api.order()
    mine = await api.refunded(purchase)
    await api.act(sale, "buyer_requests_refund")
    theirs = (await api.truth(sale))["returns"][0]["return_sn"]

    async def listed(name: str = LIST, **asked: object) -> list[str]:
        body = (await api.call(name, asked)).ok
        assert body["success"] is True
        return [one["refundId"] for one in body["result"]["opOrderRefundModels"]]

    assert await listed() == [mine]
    assert await listed("alibaba.trade.refund.queryOrderRefundList") == [theirs]
    now = await api.now()
    assert await listed(orderId=purchase, refundStatusSet=["waitselleragree"]) == [mine]
    assert await listed(refundStatusSet=["refundsuccess"]) == []
    assert await listed(applyStartTime=date(now), applyEndTime=date(now)) == [mine]
    assert await listed(modifyStartTime=date(now + 1)) == []
    assert await listed(dipsuteType=2) == []
    assert await listed(dipsuteType=1) == [mine]


async def test_refund_pages_count_from_zero(api: Api) -> None:
    made = [await api.refunded(await api.bought()) for _ in range(3)]
    pages = [(await api.call(LIST, {"currentPageNum": n, "pageSize": 2})).result for n in (0, 1, 2)]
    assert [len(page["opOrderRefundModels"]) for page in pages] == [2, 1, 0]
    assert [page["currentPageNum"] for page in pages] == [0, 1, 2]
    assert {page["totalCount"] for page in pages} == {3}
    assert {one["refundId"] for page in pages for one in page["opOrderRefundModels"]} == set(made)


async def test_flags_have_two_spellings(api: Api) -> None:
    order, refund = await api.returning()
    batch = "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus"
    (by_order,) = (await api.call(batch, {"orderId": order, "queryType": "1"})).result["opOrderRefundModels"]
    detail = await api.refund_detail(refund)
    assert (by_order["isOnlyRefund"], by_order["isRefundGoods"]) == (False, True)
    assert (detail["onlyRefund"], detail["refundGoods"]) == (False, True)
    assert not {"onlyRefund", "refundGoods"} & set(by_order)
    assert not {"isOnlyRefund", "isRefundGoods"} & set(detail)
    assert (await api.call(batch, {"orderId": order, "queryType": "3"})).result["opOrderRefundModels"] == []


async def test_the_query_by_order_knows_in_sale_refunds_only(api: Api) -> None:
    order = await api.bought(phase="completed")
    await api.refunded(order, goodsStatus="aftersaleBuyerReceived", applyReasonId=20021)
    batch = "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus"
    assert (await api.call(batch, {"orderId": order, "queryType": "1"})).result["opOrderRefundModels"] == []
    assert len((await api.call(LIST, {"orderId": order})).result["opOrderRefundModels"]) == 1


async def test_the_history_of_a_refund(api: Api) -> None:
    order = await api.bought()
    refund = await api.refunded(order)
    await api.act(order, "supplier_refuses")
    await api.act(order, "buyer_modifies_request")
    await api.act(order, "supplier_agrees")
    name = "alibaba.trade.refund.OpQueryOrderRefundOperationList"
    steps = (await api.call(name, {"refundId": refund, "pageNo": 1, "pageSize": 20})).result
    kinds = [step["operateTypeInt"] for step in steps["opOrderRefundOperationModels"]]
    assert (kinds[0], kinds[-1], 15 in kinds) == (19, 1, True)
    roles = [step["operatorRoleId"] for step in steps["opOrderRefundOperationModels"]]
    assert roles == [2, 1, 2, 1]
    first = steps["opOrderRefundOperationModels"][-1]
    assert "beforeOperateStatus" not in first
    assert "退款诉求：仅退款" in first["discription"]
    detail = await api.refund_detail(refund)
    assert [step["id"] for step in detail["refundOperationList"]] == [
        step["id"] for step in steps["opOrderRefundOperationModels"]
    ]


async def test_amounts_are_fen_in_refunds_and_yuan_in_orders(api: Api) -> None:
    order = await api.bought(lines=[{"quantity": 1, "price": "6.15"}], shipping_fee="0")
    refund = await api.refunded(order)
    assert (await api.refund_detail(refund))["applyPayment"] == 615
    await api.act(order, "supplier_agrees")
    base = (await api.purchase(order))["baseInfo"]
    assert (base["refund"], base["refundPayment"]) == (Decimal("6.15"), 615)
    assert (await api.refund_detail(refund))["refundPayment"] == 615

"""Sections 5.4, 5.7, 6 and 10: the error rows of closing, shipping, buying and logistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

PAID = ["awaiting_shipment", "awaiting_collection", "in_transit", "delivered", "completed", "cancelled", "closed"]


@pytest.mark.parametrize("phase", PAID)
async def test_only_unpaid_orders_can_be_closed(api: Api, phase: str) -> None:
    for order in (await api.order(phase=phase), await api.bought(phase=phase)):
        (await api.cancel(order)).flat("ORDER_STATUS_ERROR", "订单状态错误")
    assert await api.effects("alibaba.trade.cancel") == []


async def test_closing_a_foreign_order(api: Api) -> None:
    order = await api.order(phase="unpaid")
    (await api.cancel(order, who=api.other)).flat("400_3", "没有权限取消该订单")
    assert (await api.truth(order))["status"] == "waitbuyerpay"


async def test_closing_an_unknown_order(api: Api) -> None:
    (await api.cancel("202711458975969812")).flat("ORDER_NOT_EXIST", "订单不存在")


async def test_closing_too_fast(api: Api) -> None:
    order = await api.bought(phase="unpaid", placed_at=await api.now())
    await api.advance("PT9S")
    (await api.cancel(order)).flat("CLOSE_ORDER_TOO_FAST")
    await api.advance("PT1S")
    assert (await api.cancel(order)).body == {"success": True}


async def test_a_second_cancel(api: Api) -> None:
    order = await api.bought(phase="unpaid")
    assert (await api.cancel(order)).ok
    (await api.cancel(order)).flat("ORDER_STATUS_ERROR")
    assert len(await api.effects("alibaba.trade.cancel")) == 1


@pytest.mark.parametrize("side", ["seller", "buyer"])
async def test_details_of_unknown_and_foreign_orders(api: Api, side: str) -> None:
    order = await api.order(role=side)
    name = f"alibaba.trade.get.{side}View"
    (await api.call(name, {"webSite": "1688", "orderId": 1})).flat("ORDER_NOT_EXIST")
    (await api.call(name, {"webSite": "1688", "orderId": order}, who=api.other)).flat("400_3")


# shipping


def goods(order: str, lines: list[dict[str, Any]], bill: str = "YT1234567890", cargo: str = "YTO") -> dict[str, Any]:
    body = {"cpCode": cargo, "logisticsCpName": "x", "mailNo": bill}
    entries = [{"sourceEntryId": int(one["id"]), "amount": one["quantity"], "extBody": body} for one in lines]
    return {"sendGoods": [{"sourceId": int(order), "sendGoodEntries": entries}]}


async def ship(api: Api, order: str, bill: str = "YT1234567890") -> Any:
    lines = (await api.truth(order))["lines"]
    return await api.logistics("alibaba.logistics.OpDeliverySendOrder.offline", **goods(order, lines, bill))


async def test_shipping_while_the_downstream_sale_is_being_refunded(api: Api) -> None:
    order = await api.order()
    await api.act(order, "downstream_refunds")
    (await ship(api, order)).flat("5001")
    await api.act(order, "downstream_refunded")
    (await ship(api, order)).flat("5002")
    await api.act(order, "downstream_settles")
    assert (await ship(api, order)).ok


async def test_a_bill_number_may_be_used_fifteen_times(api: Api) -> None:
    for _ in range(15):
        assert (await ship(api, await api.order(), "YT0000000001")).ok
    sixteenth = await api.order()
    (await ship(api, sixteenth, "YT0000000001")).flat("INVALID_PARAM")
    assert (await api.truth(sixteenth))["packages"] == []
    assert (await ship(api, sixteenth, "YT0000000002")).ok


async def test_shipping_what_can_not_be_shipped(api: Api) -> None:
    (await ship(api, await api.order(phase="unpaid"))).flat("ORDER_STATUS_ERROR")
    order = await api.order()
    assert (await ship(api, order)).ok
    (await ship(api, order)).flat("ORDER_STATUS_ERROR")
    held = await api.order()
    await api.act(held, "platform_holds")
    (await ship(api, held)).flat("ORDER_STATUS_ERROR", "货品由平台仓发货")


# logistics


async def test_no_logistics_before_shipping(api: Api) -> None:
    order = await api.bought()
    infos = await api.logistics("alibaba.trade.getLogisticsInfos.buyerView", orderId=order, webSite="1688")
    infos.flat("500_2", "订单尚未发货，暂无物流详情，请稍候再试。")


async def test_no_trace(api: Api) -> None:
    name = "alibaba.trade.getLogisticsTraceInfo.buyerView"
    order = await api.bought()
    (await api.logistics(name, orderId=order, webSite="1688")).flat("404")
    (await api.logistics(name, orderId=1, webSite="1688")).flat("404")
    shipped = await api.bought(phase="in_transit")
    (await api.logistics(name, orderId=shipped, webSite="1688", logisticsId="LP1")).flat("404")


async def test_trace_of_a_foreign_order(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    for name in ("getLogisticsTraceInfo", "getLogisticsInfos"):
        foreign = await api.logistics(f"alibaba.trade.{name}.buyerView", api.other, orderId=order, webSite="1688")
        foreign.flat("order.nopermission.buyer")


async def test_traces_reach_back_one_year(api: Api) -> None:
    now = await api.now()
    name = "alibaba.trade.getLogisticsTraceInfo.buyerView"
    young = await api.bought(phase="in_transit", placed_at=now - 364 * 86_400)
    old = await api.bought(phase="in_transit", placed_at=now - 366 * 86_400)
    assert (await api.logistics(name, orderId=young, webSite="1688")).ok["logisticsTrace"]
    (await api.logistics(name, orderId=old, webSite="1688")).flat("order.createtime.history")


# buying


async def test_a_trade_type_that_does_not_exist(api: Api) -> None:
    refused = await api.create([(api.offers()[0], 1)], tradeType="barter")
    refused.create("TRADE_TYPE_ERROR", "not support tradeType:【barter】")


@pytest.mark.parametrize(
    "changed",
    [
        {"flow": "gift"},
        {"message": "字" * 501},
        {"fenxiaoChannel": "shopee"},
        {"addressParam": {"fullName": "收件人"}},
        {"addressParam": {"addressId": 1}},
        {"cargoParamList": []},
        {"cargoParamList": [{"offerId": 1, "specId": "a", "quantity": 1}] * 51},
    ],
)
async def test_creation_refused_in_its_own_envelope(api: Api, changed: dict[str, Any]) -> None:
    refused = await api.create([(api.offers()[0], 1)], **changed)
    assert refused.http == 200
    assert refused.body["success"] is False
    assert set(refused.body) == {"success", "code", "message"}
    assert await api.effects("alibaba.trade.createCrossOrder") == []


@pytest.mark.parametrize("missing", ["flow", "addressParam", "cargoParamList"])
async def test_creation_needs(api: Api, missing: str) -> None:
    (await api.create([(api.offers()[0], 1)], **{missing: None})).gateway_refused("gw.ParamMissing")


async def test_one_order_has_one_seller(api: Api) -> None:
    refused = await api.create([(api.offers(at=0)[0], 1), (api.offers(at=1)[0], 1)])
    refused.create("SELLER_NOT_SAME")


async def test_pay_links_spell_their_error_text_their_own_way(api: Api) -> None:
    refused = await api.call("alibaba.alipay.url.get", {"orderIdList": [1]})
    refused.pay("ORDER_NOT_EXIST")
    assert set(refused.body) == {"success", "errorCode", "erroMsg"}
    paid = await api.bought()
    (await api.call("alibaba.alipay.url.get", {"orderIdList": [int(paid)]})).pay("ORDER_STATUS_ERROR")
    (await api.call("alibaba.alipay.url.get", {"orderIdList": list(range(1, 102))})).pay("ORDER_LIST_ERROR")


async def test_paying_by_agreement_refused(api: Api) -> None:
    order = await api.bought(phase="unpaid")

    async def pay(**more: Any) -> Any:
        wish = {"orderId": int(order), "payChannel": "alipay", **more}
        return await api.call("alibaba.trade.pay.protocolPay.preparePay", {"tradeWithholdPreparePayParam": wish})

    (await pay(payAmount=1)).nested("PAY_AMOUNT_ERROR")
    await api.store_act("set_protocol_pay", open=False)
    (await pay()).nested("PROTOCOL_NOT_OPEN")
    await api.store_act("set_protocol_pay", open=True)
    assert (await pay()).inner == {"paySuccess": True, "payChannel": "alipay"}
    (await pay()).nested("ORDER_STATUS_ERROR")


async def test_linking_what_is_not_ours(api: Api) -> None:
    async def link(**changed: str) -> Any:
        link = {"orderId": "s1", "parentOrderId": "s", "purchaseOrderId": "1", "purchaseParentOrderId": "1", **changed}
        return await api.call(
            "order.relation.write", {"orderRelationParam": link}, namespace="com.alibaba.fenxiao.crossborder"
        )

    (await link()).nested("ORDER_NOT_EXIST")
    order = await api.bought()
    (await link(purchaseParentOrderId=order, purchaseOrderId="5")).nested("SUB_ORDER_NOT_EXIST")
    sold = await api.order()
    (await link(purchaseParentOrderId=sold, purchaseOrderId=sold)).nested("ORDER_NOT_EXIST")

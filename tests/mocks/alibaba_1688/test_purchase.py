"""Sections 6 and 8: making purchases, paying them, linking them with the sales they serve."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

CREATE = "alibaba.trade.createCrossOrder"
CROSS = "com.alibaba.fenxiao.crossborder"


async def test_one_order(api: Api) -> None:
    offer = api.offers()[0]
    made = await api.create([(offer, 2)], outOrderId="SALE-1", fenxiaoChannel="kuajing", message="急")
    assert made.ok["success"] is True
    result = made.result
    price = int(Decimal(offer["specs"][0]["price"]) * 100)
    assert isinstance(result["orderId"], str)
    assert result["totalSuccessAmount"] == 2 * price + result["postFee"]
    assert result["failedOfferList"] == []
    row = await api.purchase(result["orderId"])
    assert row["baseInfo"]["status"] == "waitbuyerpay"
    assert row["baseInfo"]["outOrderId"] == "SALE-1"
    assert row["baseInfo"]["remark"] == "急"
    assert row["baseInfo"]["overSeaOrder"] is True
    assert row["baseInfo"]["totalAmount"] * 100 == result["totalSuccessAmount"]
    assert row["productItems"][0]["specId"] == offer["specs"][0]["spec_id"]
    assert row["encryptOutOrderInfo"]["outPlatformCode"] == "kuajing"
    told = await api.truth(result["orderId"])
    assert (told["role"], told["out_order_id"], told["channel"]) == ("buyer", "SALE-1", "kuajing")
    (effect,) = await api.effects(CREATE)
    assert (effect["order_id"], effect["idempotency_key"]) == (result["orderId"], "SALE-1")


async def test_one_call_may_make_several_orders(api: Api) -> None:
    """Then orderId and the totals are empty and orderList is filled."""
    offers = [api.offers("A")[0], api.offers("B")[0]]
    result = (await api.create([(offer, 1) for offer in offers], outOrderId="SALE-2")).result
    assert not {"orderId", "totalSuccessAmount", "postFee"} & set(result)
    assert len(result["orderList"]) == 2
    for one in result["orderList"]:
        row = await api.purchase(one["orderId"])
        assert row["baseInfo"]["totalAmount"] * 100 == one["orderAmmount"]
        assert row["baseInfo"]["outOrderId"] == "SALE-2"
    found = (await api.call("alibaba.trade.getBuyerOrderList", {"outOrderId": "SALE-2"})).ok
    assert found["totalRecord"] == 2


async def test_after_a_timeout_the_order_is_found_by_our_number(api: Api) -> None:
    import aiohttp  # noqa: PLC0415 - only for its error
    import pytest  # noqa: PLC0415

    await api.faults({"operation": CREATE, "fault": "timeout_after", "times": 1, "ms": 1})
    with pytest.raises(aiohttp.ClientError):
        await api.create([(api.offers()[0], 1)], outOrderId="SALE-3")
    found = (await api.call("alibaba.trade.getBuyerOrderList", {"outOrderId": "SALE-3"})).ok["result"]
    assert len(found) == 1
    again = (await api.create([(api.offers()[0], 1)], outOrderId="SALE-3")).result
    assert again["orderId"] == found[0]["baseInfo"]["idOfStr"]
    assert len(await api.effects(CREATE)) == 1


async def test_a_timeout_before_leaves_nothing(api: Api) -> None:
    import aiohttp  # noqa: PLC0415 - only for its error
    import pytest  # noqa: PLC0415

    await api.faults({"operation": CREATE, "fault": "timeout_before", "times": 1, "ms": 1})
    with pytest.raises(aiohttp.ClientError):
        await api.create([(api.offers()[0], 1)], outOrderId="SALE-4")
    assert (await api.call("alibaba.trade.getBuyerOrderList", {"outOrderId": "SALE-4"})).ok["totalRecord"] == 0
    assert await api.effects() == []


async def test_a_platform_without_idempotency_makes_duplicates(api: Api) -> None:
    await api.store_act("set_creation_idempotency", on=False)
    made = {(await api.create([(api.offers()[0], 1)], outOrderId="SALE-5")).result["orderId"] for _ in range(2)}
    assert len(made) == 2


async def test_what_can_not_be_had_is_named_and_the_rest_is_bought(api: Api) -> None:
    good, gone = api.offers()[:2]
    await api.store_act("set_stock", offer_id=gone["offer_id"], stock=1)
    result = (await api.create([(good, 1), (gone, 2)])).result
    (failed,) = result["failedOfferList"]
    assert (failed["offerId"], failed["errorCode"]) == (int(gone["offer_id"]), "STOCK_NOT_ENOUGH")
    assert len((await api.truth(result["orderId"]))["lines"]) == 1
    (await api.create([(gone, 2)])).create("ALL_OFFERS_FAILED")


async def test_addresses(api: Api) -> None:
    named = {
        "provinceText": "广东省",
        "cityText": "深圳市",
        "areaText": "南山区",
        "address": "集货仓3号",
        "fullName": "仓库",
        "mobile": "00000000002",
    }
    order = (await api.create([(api.offers()[0], 1)], addressParam=named)).result["orderId"]
    shown = (await api.purchase(order))["nativeLogistics"]
    assert (shown["province"], shown["address"], shown["contactPerson"]) == ("广东省", "集货仓3号", "仓库")


async def test_the_older_call_has_the_same_core(api: Api) -> None:
    offer = api.offers()[0]
    cargo = [{"offerId": int(offer["offer_id"]), "specId": offer["specs"][0]["spec_id"], "quantity": 1.0}]
    address = {"addressId": int(api.store["address_ids"][1])}
    asked = {"flow": "saleproxy", "addressParam": address, "cargoParamList": cargo}
    made = await api.call("alibaba.trade.fastCreateOrder", asked)
    assert (await api.truth(made.result["orderId"]))["cross_border"] is False
    (await api.call("alibaba.trade.fastCreateOrder", {**asked, "flow": "fenxiao"})).create("FLOW_ERROR")


async def test_pay_links(api: Api) -> None:
    first, second = [await api.bought(phase="unpaid") for _ in range(2)]
    paid = await api.bought()
    asked = {"orderIdList": [int(first), int(second), int(paid)]}
    body = (await api.call("alibaba.alipay.url.get", asked)).ok
    assert body["payUrl"] == f"https://trade.1688.com/order/cashier.htm?orderId={first};{second}"
    assert [one["orderId"] for one in body["payFailureOrderList"]] == [int(paid)]
    for name in ("alibaba.crossBorderPay.url.get", "alibaba.creditPay.url.get", "alibaba.trade.grouppay.url.get"):
        assert (await api.call(name, {"orderIdList": [int(first)]})).ok["payUrl"].endswith(f"orderId={first}")


async def test_paying_by_agreement(api: Api) -> None:
    order = await api.bought(phase="unpaid", lines=[{"quantity": 1, "price": "6.15"}], shipping_fee="0")
    assert (await api.call("alibaba.trade.pay.protocolPay.isopen")).inner["paymentAgreements"]
    assert (await api.call("alibaba.trade.payWay.query", {"orderId": order})).ok
    wish = {"orderId": int(order), "payChannel": "alipay", "payAmount": 615, "opRequestId": "P-1"}
    paid = await api.call("alibaba.trade.pay.protocolPay.preparePay", {"tradeWithholdPreparePayParam": wish})
    assert paid.inner["paySuccess"] is True
    assert (await api.truth(order))["status"] == "waitsellersend"
    assert (await api.effects("alibaba.trade.pay.protocolPay.preparePay"))[0]["idempotency_key"] == "P-1"


async def test_linking_with_the_downstream_sale(api: Api) -> None:
    order = await api.bought()
    link = {
        "orderId": "234325234234542324",
        "parentOrderId": "234325234234542320",
        "purchaseOrderId": order,
        "purchaseParentOrderId": order,
    }
    for _ in range(2):
        written = await api.call("order.relation.write", {"orderRelationParam": link}, namespace=CROSS)
        assert written.body == {"result": {"success": True, "code": "0", "message": ""}}
    assert (await api.truth(order))["links"] == [link]
    assert len(await api.effects("order.relation.write")) == 1


async def test_a_refunded_downstream_sale_keeps_the_supplier_from_shipping(api: Api) -> None:
    order = await api.order(role="buyer", counterpart=api.other["member_id"])
    link = {"orderId": "S-1", "parentOrderId": "S", "purchaseOrderId": order, "purchaseParentOrderId": order}
    assert (await api.call("order.relation.write", {"orderRelationParam": link}, namespace=CROSS)).ok

    async def sync(status: str, refund: str) -> None:
        wish = {"orderId": "S", "status": status, "refundStatus": refund, "paidFee": 100}
        assert (await api.call("trade.cross.orderSync", {"orderParam": wish}, namespace=CROSS)).ok

    body = {"cpCode": "YTO", "mailNo": "YT1112223334"}
    goods = [{"sourceId": int(order), "sendGoodEntries": [{"sourceEntryId": int(order), "extBody": body}]}]

    async def ship() -> Any:
        return await api.logistics("alibaba.logistics.OpDeliverySendOrder.offline", api.other, sendGoods=goods)

    await sync("payed", "1")
    (await ship()).flat("5002")
    await sync("payed", "0")
    assert (await ship()).ok
    assert [one["refunded"] for one in (await api.truth(order))["downstream"]] == [True, False]

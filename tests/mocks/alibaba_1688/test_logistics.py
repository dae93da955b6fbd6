"""Sections 5.7 and 10: shipping by the seller, what both sides read about parcels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

OFFLINE = "alibaba.logistics.OpDeliverySendOrder.offline"


async def test_shipping_by_sub_order(api: Api) -> None:
    order = await api.order(lines=[{"quantity": 2, "price": "5.00"}, {"quantity": 1, "price": "7.00"}])
    first, second = (await api.truth(order))["lines"]
    body = {"cpCode": "ZTO", "logisticsCpName": "中通", "mailNo": "ZT7788990011"}

    def goods(line: dict[str, Any], amount: int) -> list[dict[str, Any]]:
        entry = {"sourceEntryId": int(line["id"]), "amount": amount, "weight": 10, "extBody": body}
        return [{"sourceId": int(order), "sendGoodEntries": [entry]}]

    (await api.logistics(OFFLINE, sendGoods=goods(first, 1))).gateway_refused("400")
    sent = (await api.logistics(OFFLINE, sendGoods=goods(first, 2))).ok["result"]
    assert sent["logisticsId"]
    assert sent["sendGoods"][0]["sourceId"] == int(order)
    assert sent["sendGoods"][0]["sendGoodEntries"][0]["sourceEntryId"] == int(first["id"])
    assert (await api.truth(order))["phase"] == "in_transit"
    assert (await api.sold(order))["baseInfo"]["status"] == "waitsellersend"
    assert (await api.logistics(OFFLINE, sendGoods=goods(second, 1))).ok
    assert (await api.sold(order))["baseInfo"]["status"] == "waitbuyerreceive"
    assert len(await api.effects("alibaba.logistics.OpDeliverySendOrder.offline")) == 2


async def test_shipping_without_logistics(api: Api) -> None:
    order = await api.order()
    goods = [{"sourceId": int(order), "sendGoodEntries": [{"sourceEntryId": int(order)}]}]
    assert (await api.logistics("alibaba.logistics.OpDeliverySendOrder.dummy", sendGoods=goods)).ok
    (parcel,) = (await api.sold(order))["nativeLogistics"]["logisticsItems"]
    assert (parcel["type"], parcel["logisticsBillNo"]) == ("2", "不需要物流")
    assert (await api.truth(order))["packages"][0]["tracking_number"] is None


async def test_companies(api: Api) -> None:
    rows = (await api.logistics("alibaba.logistics.OpQueryLogisticCompanyList.offline")).ok["result"]
    assert {"YTO", "ZTO", "SF"} <= {row["companyNo"] for row in rows}


async def test_what_the_buyer_reads_about_parcels(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    name = "alibaba.trade.getLogisticsInfos.buyerView"
    (row,) = (await api.logistics(name, orderId=order, webSite="1688")).ok["result"]
    (told,) = (await api.truth(order))["packages"]
    assert (row["logisticsId"], row["logisticsBillNo"]) == (told["number"], told["tracking_number"])
    assert (row["logisticsCompanyNo"], row["status"]) == (told["carrier_code"], "WAITACCEPT")
    assert row["orderEntryIds"] == order
    assert {"receiver", "sender", "sendGoods"} <= set(row)
    (short,) = (await api.logistics(name, orderId=order, webSite="1688", fields="company")).ok["result"]
    assert not {"receiver", "sender", "sendGoods"} & set(short)
    await api.act(order, "carrier_collects")
    await api.act(order, "carrier_transports")
    await api.act(order, "carrier_delivers")
    (row,) = (await api.logistics(name, orderId=order, webSite="1688")).ok["result"]
    assert row["status"] == "SIGN"


async def test_the_trace(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    await api.advance("PT1H")
    await api.act(order, "carrier_collects")
    name = "alibaba.trade.getLogisticsTraceInfo.buyerView"
    (trace,) = (await api.logistics(name, orderId=order, webSite="1688")).ok["logisticsTrace"]
    assert trace["orderId"] == int(order)
    assert [
        bool(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", step["acceptTime"])) for step in trace["logisticsSteps"]
    ]
    assert trace["logisticsSteps"][-1]["acceptTime"] == "2026-11-22 09:00:00"  # China time of 01:00 UTC


async def test_the_sellers_views(api: Api) -> None:
    order = await api.order(phase="in_transit")
    for name in ("getLogisticsInfos", "getLogisticsTraceInfo"):
        assert (await api.logistics(f"alibaba.trade.{name}.sellerView", orderId=order, webSite="1688")).ok
        refused = await api.logistics(f"alibaba.trade.{name}.buyerView", orderId=order, webSite="1688")
        refused.flat("order.nopermission.buyer")


async def test_urging(api: Api) -> None:
    order = await api.bought()
    assert (await api.logistics("logistics.delivery.urge", orderId=order)).ok
    await api.act(order, "supplier_ships")
    (await api.logistics("logistics.delivery.urge", orderId=order)).flat("ORDER_STATUS_ERROR")


async def test_where_to_return(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    reply = await api.call("refund.address.get", {"orderId": order}, namespace="com.alibaba.fenxiao")
    assert reply.inner["address"]
    unsent = await api.bought()
    (await api.call("refund.address.get", {"orderId": unsent}, namespace="com.alibaba.fenxiao")).nested("5010")

"""Section 8: stock that unpaid orders occupy, carriers, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api

LINE = {"sku": "S-1", "title": "库存商品", "price": "10", "quantity": 3}


async def stock(api: Api, sku_id: str) -> dict[str, int]:
    told = await api.ok("inventory.getSkuStock", skuId=sku_id)
    assert told["skuId"] == sku_id
    return {name: told["skuStock"][name] for name in ("available", "total", "occupiedQuantity")}


async def sku_of(api: Api, order_id: str) -> str:
    return str((await api.detail(order_id))["skuList"][0]["skuId"])


async def test_unpaid_orders_occupy_paid_ones_take_and_closed_ones_give_back(api: Api) -> None:
    unpaid = await api.order(phase="unpaid", lines=[LINE])
    sku_id = await sku_of(api, unpaid)
    assert await stock(api, sku_id) == {"available": 997, "total": 1000, "occupiedQuantity": 3}
    await api.act(unpaid, "buyer_pays")
    assert await stock(api, sku_id) == {"available": 997, "total": 997, "occupiedQuantity": 0}
    await api.act(unpaid, "buyer_requests_cancellation")
    await api.audit((await api.truth(unpaid))["returns"][0]["returns_id"], 1)
    assert await stock(api, sku_id) == {"available": 1000, "total": 1000, "occupiedQuantity": 0}
    again = await api.order(phase="unpaid", lines=[LINE])
    await api.advance("PT30M")
    assert (await api.truth(again))["status"] == "9"
    assert await stock(api, sku_id) == {"available": 1000, "total": 1000, "occupiedQuantity": 0}
    closed = await api.order(lines=[LINE])
    assert (await stock(api, sku_id))["total"] == 997
    await api.act(closed, "merchant_closes")
    assert (await stock(api, sku_id))["total"] == 1000


async def test_what_left_the_house_does_not_come_back_by_itself(api: Api) -> None:
    order_id = await api.order(phase="in_transit", lines=[LINE])
    await api.act(order_id, "buyer_requests_refund")
    await api.audit((await api.truth(order_id))["returns"][0]["returns_id"], 1)
    assert (await api.truth(order_id))["status"] == "8"
    assert (await stock(api, await sku_of(api, order_id)))["total"] == 997


async def test_setting_the_total_warns_while_units_are_occupied(api: Api) -> None:
    order_id = await api.order(phase="unpaid", lines=[LINE])
    sku_id = await sku_of(api, order_id)
    told = await api.ok("inventory.syncSkuStock", skuId=sku_id, qty=50)
    assert (told["skuStock"]["total"], told["skuStock"]["available"]) == (50, 47)
    assert (told["response"]["success"], told["response"]["code"]) == (True, -9028)
    await api.act(order_id, "buyer_cancels")
    assert (await api.ok("inventory.syncSkuStock", skuId=sku_id, qty="0"))["response"]["code"] == 0
    assert await stock(api, sku_id) == {"available": 0, "total": 0, "occupiedQuantity": 0}


async def test_changing_by_a_difference(api: Api) -> None:
    sku_id = await sku_of(api, await api.order(lines=[LINE]))
    assert (await api.ok("inventory.incSkuStock", skuId=sku_id, qty=-7))["skuStock"]["total"] == 990
    assert (await api.ok("inventory.incSkuStock", skuId=sku_id, qty=10))["skuStock"]["total"] == 1000
    (await api.call("inventory.incSkuStock", skuId=sku_id, qty=-1001)).refused(-2000400)
    (await api.call("inventory.syncSkuStock", skuId=sku_id, qty=-1)).refused(-2000400)
    (await api.call("inventory.syncSkuStock", skuId=sku_id)).refused(-2000400, "qty")
    assert [one["operation"] for one in await api.effects()] == ["inventory.incSkuStock"] * 2


async def test_several_warehouses(api: Api) -> None:
    sku_id = await sku_of(api, await api.order(phase="unpaid", lines=[LINE]))

    def totals(told: dict[str, Any]) -> dict[str, int]:
        assert told["skuStockInfo"]["skuId"] == sku_id
        rows = told["data"]
        assert {place: one["whcode"] for place, one in rows.items()} == {place: place for place in rows}
        found = {place: one["skuStockInfo"]["total"] for place, one in rows.items()}
        assert told["skuStockInfo"]["skuStockInfo"]["total"] == sum(found.values())
        return found

    told = await api.ok("inventory.syncSkuStockV2", skuId=sku_id, qtyWithWhcode={"CPartner": 5, "WH2": 8})
    assert totals(told) == {"CPartner": 5, "WH2": 8}
    assert told["response"]["code"] == -9028
    told = await api.ok("inventory.getSkuStockV2", skuId=sku_id)
    assert totals(told) == {"CPartner": 5, "WH2": 8}
    assert told["data"]["CPartner"]["skuStockInfo"]["available"] == 2
    assert told["response"] == {"success": True, "msg": "", "code": 0}
    (await api.call("inventory.syncSkuStockV2", skuId=sku_id, qtyWithWhcode={})).refused(-2000400)


async def test_unknown_and_foreign_skus(api: Api) -> None:
    order_id = await api.order(store=api.other["seller_id"], lines=[LINE])
    foreign = (await api.call("order.getOrderDetail", api.other, orderId=order_id)).ok["skuList"][0]["skuId"]
    for sku_id in (foreign, "0" * 24):
        (await api.call("inventory.getSkuStock", skuId=sku_id)).refused(None, "SKU")
        (await api.call("inventory.syncSkuStock", skuId=sku_id, qty=1)).refused(None, "SKU")


async def test_carriers_and_addresses(api: Api) -> None:
    rows = (await api.ok("common.getExpressCompanyList"))["expressCompanyInfos"]
    known = {row["expressCompanyCode"]: row["expressCompanyName"] for row in rows}
    assert {"shunfeng", "zto", "yuantong", "yunda", "shentong", "jtexpress", "ems", "jd"} <= known.keys()
    assert known["zto"] == "中通速递"
    page = await api.ok("common.getAddressRecord", pageIndex=1, pageSize=1)
    assert (page["total"], len(page["sellerAddressRecordList"])) == (2, 1)
    second = await api.ok("common.getAddressRecord", pageIndex=2, pageSize=1)
    ids = {one["sellerAddressRecordList"][0]["sellerAddressRecordId"] for one in (page, second)}
    assert len(ids) == 2

"""Lists, windows, pages and details of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Start

DAY = 86_400


async def test_the_list_has_the_documented_fields_and_neither_amounts_nor_skus(api: Api) -> None:
    order_id = await api.order()
    page = await api.listed()
    assert {k: page[k] for k in ("total", "pageNo", "pageSize", "maxPageNo")} == {
        "total": 1, "pageNo": 1, "pageSize": 50, "maxPageNo": 1
    }  # fmt: skip
    [row] = page["orderList"]
    assert row["orderId"] == order_id
    assert len(order_id) == 19
    assert order_id[0] == "P"
    assert order_id[1:].isdigit()
    assert (row["orderType"], row["orderStatus"], row["orderAfterSalesStatus"], row["cancelStatus"]) == (1, 4, 1, 0)
    now = await api.now()
    assert (row["createdTime"], row["paidTime"]) == (now * 1000, now * 1000)
    assert (row["deliveryTime"], row["cancelTime"], row["finishTime"]) == (0, 0, 0)
    assert row["promiseLastDeliveryTime"] == (now + 2 * DAY) * 1000
    assert not {"skuList", "totalPayAmount", "totalShippingFree"} & row.keys()
    assert None not in row.values()


@pytest.mark.parametrize(("kind", "widest"), [(1, DAY), (2, 1800)])
async def test_windows_end_at_24_hours_and_30_minutes(api: Api, kind: int, widest: int) -> None:
    now = await api.now()
    fine: dict[str, Any] = {"startTime": now - widest, "endTime": now, "timeType": kind}
    assert (await api.call("order.getOrderList", **fine)).ok["total"] == 0
    too_wide = {**fine, "startTime": now - widest - 1}
    (await api.call("order.getOrderList", **too_wide)).refused(-2000400)
    (await api.call("order.getOrderList", **{**fine, "endTime": fine["startTime"]})).refused(-2000400)
    for missing in fine:
        (await api.call("order.getOrderList", **{k: v for k, v in fine.items() if k != missing})).refused(-2000400)
    in_ms = {**fine, "startTime": (now - widest) * 1000, "endTime": now * 1000}
    (await api.call("order.getOrderList", **in_ms)).refused(-2000400)


@pytest.mark.parametrize(
    "wrong",
    [{"pageSize": 101}, {"pageSize": 0}, {"pageNo": 0}, {"pageNo": 101}, {"timeType": 3}, {"orderStatus": 11}],
)
async def test_pages_and_choices_out_of_range_are_refused(api: Api, wrong: dict[str, int]) -> None:
    now = await api.now()
    fine = {"startTime": now - 60, "endTime": now, "timeType": 1}
    (await api.call("order.getOrderList", **{**fine, **wrong})).refused(-2000400)


async def test_pages_hold_every_order_once(start: Start) -> None:
    api = await start()
    made = [await api.order() for _ in range(7)]
    pages = [await api.listed(pageSize=3, pageNo=number) for number in (3, 2, 1)]
    assert {page["maxPageNo"] for page in pages} == {3}
    assert [len(page["orderList"]) for page in pages] == [1, 3, 3]
    assert sorted(row["orderId"] for page in pages for row in page["orderList"]) == sorted(made)
    assert (await api.listed(pageNo=4, pageSize=3))["orderList"] == []


async def test_reading_from_the_last_page_misses_nothing_while_rows_leave_the_window(api: Api) -> None:
    made = [await api.order() for _ in range(6)]
    end = await api.now()
    asked = {"startTime": end - 60, "endTime": end, "timeType": 2, "pageSize": 2}

    async def read(*pages: int) -> set[str]:
        seen: set[str] = set()
        for page in pages:
            rows = [row["orderId"] for row in (await api.listed(**asked, pageNo=page))["orderList"]]
            seen |= set(rows)
            if rows:  # one that was read changes and leaves the window
                await api.advance("PT2S")
                await api.act(rows[0], "buyer_changes_address")
        return seen

    assert await read(3, 2, 1) == set(made)
    left = (await api.listed(**{**asked, "pageSize": 100}))["total"]
    assert left == 3


async def test_numbers_may_come_as_texts(api: Api) -> None:
    await api.order()
    now = await api.now()
    page = await api.ok(
        "order.getOrderList", startTime=str(now - 60), endTime=str(now), timeType="1", pageNo="1", pageSize="20"
    )
    assert (page["total"], page["pageSize"]) == (1, 20)


async def test_lists_filter_by_status_and_type(api: Api) -> None:
    paid, unpaid = await api.order(), await api.order(phase="unpaid")
    presale = await api.order(presale=True)
    rows = (await api.listed(orderStatus=1))["orderList"]
    assert [row["orderId"] for row in rows] == [unpaid]
    assert [row["orderId"] for row in (await api.listed(orderType=4))["orderList"]] == [presale]
    everything = await api.listed(orderStatus=0, orderType=0)
    assert {row["orderId"] for row in everything["orderList"]} == {paid, unpaid, presale}


async def test_the_detail_adds_up_in_fen(api: Api) -> None:
    order_id = await api.order(
        lines=[
            {"sku": "CUP-1", "title": "杯子", "quantity": 2, "price": "19.90"},
            {"sku": "BAG-1", "title": "袋子", "quantity": 1, "price": "5"},
        ]
    )
    found = await api.detail(order_id)
    cup, bag = found["skuList"]
    assert (cup["erpcode"], cup["itemName"], cup["skuQuantity"], cup["totalPaidAmount"]) == ("CUP-1", "杯子", 2, 3980)
    assert (bag["erpcode"], bag["skuQuantity"], bag["totalPaidAmount"]) == ("BAG-1", 1, 500)
    [inner] = cup["skuDetailList"]
    assert (inner["paidAmountPerSku"], inner["rawPricePerSku"], inner["quantity"]) == (1990, 1990, 2)
    assert found["totalPayAmount"] == 4480 + found["totalShippingFree"]
    assert found["merchantActualReceiveAmount"] == found["totalPayAmount"] + found["totalRedDiscount"]
    [parcel] = found["simpleDeliveryOrderList"]
    assert parcel["status"] == 4
    assert parcel["skuIdList"] == [cup["skuId"], bag["skuId"]]
    assert "expressTrackingNo" not in found
    assert not {"receiverName", "receiverPhone", "receiverAddress"} & found.keys()
    assert len(found["openAddressId"]) == 32


async def test_equal_skus_are_one_line(api: Api) -> None:
    line = {"sku": "SAME", "title": "同款", "price": "3"}
    found = await api.detail(await api.order(lines=[{**line, "quantity": 1}, {**line, "quantity": 2}]))
    [row] = found["skuList"]
    assert (row["skuQuantity"], row["totalPaidAmount"]) == (3, 900)


async def test_equal_receivers_share_their_open_address_id(api: Api) -> None:
    buyer = {"name": "买家甲", "phone": "00012345678", "address": "示例路1号"}
    home = {"province": "浙江省", "city": "杭州市", "district": "西湖区"}
    first, second = [(await api.detail(await api.order(buyer={**buyer, **home})))["openAddressId"] for _ in range(2)]
    third = (await api.detail(await api.order(buyer={**buyer, **home, "address": "示例路2号"})))["openAddressId"]
    assert first == second != third


async def test_foreign_and_unknown_orders_are_refused_alike(api: Api) -> None:
    foreign = await api.order(store=api.other["seller_id"])
    answers = [await api.call("order.getOrderDetail", orderId=one) for one in (foreign, "P" + "0" * 18)]
    for one in answers:
        one.refused()
    assert answers[0].body == answers[1].body
    assert (await api.listed())["total"] == 0
    assert (await api.call("order.getOrderDetail", api.other, orderId=foreign)).ok["orderId"] == foreign


async def test_seeded_orders_list_and_read_as_the_truth_says(start: Start) -> None:
    api = await start(orders=80)
    truths = {one["id"]: one for one in await api.control_ok("GET", "/orders")}
    assert len(truths) == 80
    assert {one["phase"] for one in truths.values()} == {
        "unpaid", "on_hold", "awaiting_shipment", "in_transit", "delivered", "completed", "cancelled", "closed"
    }  # fmt: skip
    mine = [one for one in truths.values() if one["store"] == api.seller_id]
    for one in mine:
        found = await api.detail(one["id"])
        assert str(found["orderStatus"]) == one["status"]
        assert f"{found['totalPayAmount'] / 100:.2f}" == one["money"]["total"]
        assert found["updateTime"] == one["updated_ms"]
        assert found["createdTime"] == one["times"]["created"] * 1000
        assert [line["skuId"] for line in found["skuList"]] == [line["sku_id"] for line in one["lines"]]
        assert [line.get("erpcode") for line in found["skuList"]] == [line["sku"] for line in one["lines"]]
    listed: set[str] = set()
    end = await api.now()
    for day in range(40):
        window = {"startTime": end - (day + 1) * DAY, "endTime": end - day * DAY, "timeType": 1, "pageSize": 100}
        listed |= {row["orderId"] for row in (await api.ok("order.getOrderList", **window))["orderList"]}
    assert listed == {one["id"] for one in mine}


async def test_presales_and_cross_border_orders_say_so(api: Api) -> None:
    full = await api.detail(await api.order(presale=True))
    assert full["orderType"] == 4
    assert 0 < full["presaleDeliveryStartTime"] < full["presaleDeliveryEndTime"] == full["promiseLastDeliveryTime"]
    deposit = await api.detail(await api.order(presale="deposit"))
    assert deposit["orderType"] == 2
    assert 0 < deposit["totalDepositAmount"] < deposit["totalPayAmount"]
    bonded = await api.detail(await api.order(cross_border=True))
    assert (bonded["logisticsMode"], bonded["logistics"]) == (2, "red_bonded")
    assert bonded["boundExtendInfo"]["payAmount"] == bonded["totalPayAmount"]

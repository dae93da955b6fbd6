"""Sections 1.1 and 5: lists, details, data types, money in two units, ids beyond 2^53."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.alibaba_1688.conftest import Api, Start

SELLER, BUYER = "alibaba.trade.getSellerOrderList", "alibaba.trade.getBuyerOrderList"


async def listed(api: Api, name: str = SELLER, who: Any = None, **asked: object) -> list[dict[str, Any]]:
    return list((await api.call(name, asked, who=who)).ok["result"])


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["baseInfo"]["idOfStr"] for row in rows]


async def test_ids_are_integers_beyond_2_53_with_string_twins(api: Api) -> None:
    order = await api.order(lines=[{"price": "1.00"}, {"price": "2.00"}])
    row = await api.sold(order)
    assert row["baseInfo"]["id"] == int(order) > 2**53
    assert row["baseInfo"]["idOfStr"] == order
    assert int(float(order)) != int(order)
    entries = [(item["subItemID"], item["subItemIDString"]) for item in row["productItems"]]
    assert all(number == int(text) > 2**53 for number, text in entries)
    assert len({text for _, text in entries}) == 2


async def test_the_only_line_has_the_orders_own_id(api: Api) -> None:
    order = await api.order(lines=[{"price": "1.00"}])
    assert (await api.sold(order))["productItems"][0]["subItemIDString"] == order


async def test_a_producer_that_rounds_integers_leaves_the_twins_right(api: Api) -> None:
    order = await api.order(lines=[{"price": "1.00"}, {"price": "2.00"}])
    await api.store_act("set_id_rounding", on=True)
    row = await api.sold(order)
    assert row["baseInfo"]["id"] == int(float(order)) != int(order)
    assert row["baseInfo"]["idOfStr"] == order
    assert [int(item["subItemIDString"]) for item in row["productItems"]] != [
        item["subItemID"] for item in row["productItems"]
    ]


async def test_yuan_and_fen_stand_side_by_side(api: Api) -> None:
    """totalAmount = sum of itemAmount + shippingFee, in yuan; discounts in fen."""
    lines = [{"quantity": 2, "price": "6.15", "discount": -30}, {"quantity": 1, "price": "10.00"}]
    row = await api.sold(await api.order(lines=lines, shipping_fee="6.00"))
    base, items = row["baseInfo"], row["productItems"]
    assert base["totalAmount"] == Decimal(28)
    assert base["sumProductPayment"] == Decimal("22.3")
    assert base["shippingFee"] == 6
    assert base["discount"] == -30
    assert [item["itemAmount"] for item in items] == [12, 10]
    assert [item["price"] for item in items] == [Decimal("6.15"), 10]
    assert [item["entryDiscount"] for item in items] == [-30, 0]
    assert sum(item["sharePostage"] for item in items) == 6
    assert row["tradeTerms"][0]["phasAmount"] == 28


async def test_fields_without_a_value_are_left_out(api: Api) -> None:
    unpaid = await api.sold(await api.order(phase="unpaid"))
    assert not {"payTime", "completeTime", "closeReason", "refundStatus", "outOrderId"} & set(unpaid["baseInfo"])
    assert unpaid["baseInfo"]["alipayTradeId"] == "UNCREATED"
    assert unpaid["tradeTerms"] == []
    assert "refundStatus" not in unpaid["productItems"][0]

    def nulls(value: object) -> bool:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value is None or any(nulls(one) for one in inside)

    assert not nulls(unpaid)


async def test_dates_are_17_digits_and_an_offset(api: Api, unix: Callable[[str], int]) -> None:
    order = await api.order(phase="completed", placed_at=1_790_000_000)
    base, times = (await api.sold(order))["baseInfo"], (await api.truth(order))["times"]
    told = {name: base[name] for name in ("createTime", "payTime", "allDeliveredTime", "completeTime", "modifyTime")}
    assert all(re.fullmatch(r"\d{17}\+0800", text) for text in told.values())
    assert [unix(text) for text in told.values()] == [
        times[name] for name in ("created", "paid", "pickup_done", "completed", "updated")
    ]


async def test_the_list_has_no_shipments_and_hides_phone_and_address(api: Api) -> None:
    order = await api.order(phase="in_transit")
    (row,) = await listed(api)
    assert "logisticsItems" not in row["nativeLogistics"]
    assert not {"mobile", "address"} & set(row["nativeLogistics"])
    (asked,) = await listed(api, needBuyerAddressAndPhone=True)
    assert {"mobile", "address"} <= set(asked["nativeLogistics"])
    parcel = (await api.sold(order))["nativeLogistics"]["logisticsItems"][0]
    assert parcel["subItemIds"] == order
    assert parcel["logisticsBillNo"]


async def test_pages_from_one_with_a_total(api: Api) -> None:
    made = {await api.order() for _ in range(5)}
    pages = [(await api.call(SELLER, {"page": n, "pageSize": 2})).ok for n in (1, 2, 3, 4)]
    assert [len(page["result"]) for page in pages] == [2, 2, 1, 0]
    assert {page["totalRecord"] for page in pages} == {5}
    assert {one for page in pages for one in ids(page["result"])} == made
    assert pages[0]["success"] is True
    assert pages[0]["retCodes"] == []


async def test_windows_over_creation_and_change(api: Api, date: Callable[[int], str]) -> None:
    now = await api.now()
    old = await api.order(placed_at=now - 10 * 86_400)
    new = await api.order(placed_at=now - 3600)
    assert ids(await listed(api, createStartTime=date(now - 3600))) == [new]
    assert ids(await listed(api, createEndTime=date(now - 86_400))) == [old]
    assert ids(await listed(api, createStartTime=date(now - 10 * 86_400), createEndTime=date(now - 3600))) == [new, old]
    await api.advance("PT1H")
    await api.act(old, "seller_ships")
    assert ids(await listed(api, modifyStartTime=date(now + 3600))) == [old]
    assert ids(await listed(api, modifyStartTime=date(now), modifyEndTime=date(now))) == [new]


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("unpaid", "waitbuyerpay"),
        ("awaiting_shipment", "waitsellersend"),
        ("in_transit", "waitbuyerreceive"),
        ("completed", "success"),
        ("cancelled", "cancel"),
    ],
)
async def test_filter_by_status(api: Api, phase: str, status: str) -> None:
    made = {one: await api.order(phase=one) for one in ("unpaid", "awaiting_shipment", "in_transit", "completed")}
    made["cancelled"] = await api.order(phase="cancelled")
    assert ids(await listed(api, orderStatus=status)) == [made[phase]]
    assert (await api.sold(made[phase]))["baseInfo"]["status"] == status


async def test_other_filters(api: Api) -> None:
    first = await api.bought(out_order_id="OUR-1", lines=[{"title": "独此一件"}], cross_border=True)
    second = await api.bought()
    seller = (await api.truth(first))["seller"]
    assert ids(await listed(api, BUYER, outOrderId="OUR-1")) == [first]
    assert ids(await listed(api, BUYER, orderIds=[int(second)])) == [second]
    assert ids(await listed(api, BUYER, bizTypes=["cb"])) == [first]
    assert ids(await listed(api, BUYER, productName="独此")) == [first]
    assert first in ids(await listed(api, BUYER, sellerMemberId=seller))
    assert ids(await listed(api, BUYER, sellerMemberId="b2b-1")) == []
    await api.refunded(second)
    assert ids(await listed(api, BUYER, refundStatus="waitselleragree")) == [second]


async def test_history_is_another_table(api: Api) -> None:
    """isHis false: about the last three months."""
    now = await api.now()
    recent = await api.order(placed_at=now - 89 * 86_400, phase="completed")
    old = await api.order(placed_at=now - 91 * 86_400, phase="completed")
    assert ids(await listed(api)) == [recent]
    assert ids(await listed(api, isHis=True)) == [old]
    assert (await api.sold(old))["baseInfo"]["idOfStr"] == old


async def test_what_the_seller_is_told_about_shipping(api: Api) -> None:
    now = await api.now()
    late = await api.order(ship_by=now - 1)
    soon = await api.order(ship_by=now + 3600)
    await api.order(ship_by=now + 86_400)
    rows = {r["baseInfo"]["idOfStr"]: r for r in await listed(api, needSendGoodsOverdueRisk=True, needCheckSend=True)}
    risks = {order: row.get("sendGoodsOverdueRisk") for order, row in rows.items()}
    assert (risks[late], risks[soon]) == ("TMOT", "PTMO")
    assert sorted(risks.values(), key=str) == [None, "PTMO", "TMOT"]
    assert rows[late]["productItems"][0]["canSendGoods"] is True
    await api.act(late, "platform_holds")
    held = next(r for r in await listed(api, needCheckSend=True) if r["baseInfo"]["idOfStr"] == late)
    assert held["productItems"][0]["canSendGoods"] is False
    assert held["productItems"][0]["cantSendReason"]


async def test_parts_of_the_detail(api: Api) -> None:
    order = await api.bought(out_order_id="OUR-2")
    usual = await api.purchase(order)
    assert {"guaranteesTerms", "nativeLogistics"} <= set(usual)
    assert "orderRateInfo" not in usual
    assert usual["baseInfo"]["outOrderId"] == "OUR-2"
    chosen = await api.purchase(order, includeFields="RateDetail")
    assert "orderRateInfo" in chosen
    assert not {"guaranteesTerms", "nativeLogistics"} & set(chosen)
    found = await api.call("alibaba.trade.get.buyerView", {"webSite": "1688", "outOrderId": "OUR-2"})
    assert found.result["baseInfo"]["idOfStr"] == order
    unknown = await api.call("alibaba.trade.get.buyerView", {"webSite": "1688", "outOrderId": "OUR-3"})
    unknown.flat("ORDER_NOT_EXIST")


async def test_memos_are_of_one_side(api: Api) -> None:
    order = await api.order(counterpart=api.other["member_id"])
    assert (await api.call("alibaba.order.memoAdd", {"orderId": order, "memo": "礼品", "remarkIcon": "2"})).ok
    base = (await api.sold(order))["baseInfo"]
    assert (base["sellerMemo"], base["sellerRemarkIcon"]) == ("礼品", "2")
    asked = {"webSite": "1688", "orderId": order}
    theirs = (await api.call("alibaba.trade.get.buyerView", asked, who=api.other)).result["baseInfo"]
    assert not {"sellerMemo", "buyerMemo"} & set(theirs)
    assert "sellerMemo" not in (await listed(api))[0]["baseInfo"]
    assert (await listed(api, needMemoInfo=True))[0]["baseInfo"]["sellerMemo"] == "礼品"


async def test_feedback_and_receipt_by_the_buyer(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    wish = {"tradeFeedbackParam": {"orderId": int(order), "feedback": "请尽快"}}
    assert (await api.call("alibaba.trade.addFeedback", wish)).ok
    assert (await api.purchase(order))["baseInfo"]["buyerFeedback"] == "请尽快"
    assert (await api.call("trade.receivegoods.confirm", {"orderId": order})).ok
    assert (await api.truth(order))["status"] == "success"
    (await api.call("trade.receivegoods.confirm", {"orderId": order})).flat("ORDER_STATUS_ERROR")


async def test_the_seeded_orders(start: Start) -> None:
    """Phases spread over both roles and accounts; same seed, same orders; what is listed is what is true."""
    api = await start(orders=240)
    truth: list[dict[str, Any]] = await api.control_ok("GET", "/orders")
    assert len(truth) == 240
    mine = {store["member_id"] for store in api.credentials["stores"]}
    for role in ("seller", "buyer"):
        phases = {order["phase"] for order in truth if order["role"] == role}
        assert phases == {
            "unpaid",
            "awaiting_shipment",
            "awaiting_collection",
            "in_transit",
            "delivered",
            "completed",
            "cancelled",
            "closed",
        }
    states = {refund["status"] for order in truth for refund in order["returns"]}
    assert states == {
        "waitselleragree",
        "waitbuyermodify",
        "waitbuyersend",
        "waitsellerreceive",
        "refundsuccess",
        "refundclose",
    }
    assert {order["store"] for order in truth} == mine
    for name, role in ((SELLER, "seller"), (BUYER, "buyer")):
        rows = [row for page in (1, 2, 3) for row in await listed(api, name, page=page)]
        expected = {o["id"]: o for o in truth if o["role"] == role and o["store"] == api.member}
        assert {row["baseInfo"]["idOfStr"] for row in rows} == set(expected)
        for row in rows:
            base, told = row["baseInfo"], expected[row["baseInfo"]["idOfStr"]]
            assert base["status"] == told["status"]
            assert base["totalAmount"] == Decimal(told["money"]["total"])
            items = {item["subItemIDString"]: item for item in row["productItems"]}
            assert {line["id"]: line["quantity"] for line in told["lines"]} == {
                key: item["quantity"] for key, item in items.items()
            }
    again = await start(orders=240)
    assert await again.control_ok("GET", "/orders") == truth
    other = await start(orders=240, seed=8)
    assert await other.control_ok("GET", "/orders") != truth


async def test_nothing_seeded_is_overdue(start: Start) -> None:
    """A real clock would carry it out in the first second, and tests would see orders move by themselves."""
    for seed in (7, 8):
        api = await start(orders=240, seed=seed)
        now = await api.now()
        before = await api.control_ok("GET", "/orders")
        assert all(order["times"]["updated"] < now for order in before)
        await api.advance("PT0S")
        assert await api.control_ok("GET", "/orders") == before

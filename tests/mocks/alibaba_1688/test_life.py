"""Section 5.6 and the clock: how an order lives, both sides of every edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

TWO = [{"quantity": 1, "price": "5.00"}, {"quantity": 2, "price": "7.00"}]


async def test_unpaid_orders_run_out(api: Api) -> None:
    order = await api.order(phase="unpaid", placed_at=await api.now())
    base = (await api.sold(order))["baseInfo"]
    assert (base["payTimeout"], base["payTimeoutType"]) == (259_200, 0)
    await api.advance("PT71H59M59S")
    assert (await api.truth(order))["status"] == "waitbuyerpay"
    await api.advance("PT1S")
    told = await api.truth(order)
    assert (told["status"], told["phase"]) == ("cancel", "cancelled")
    assert told["ended"] == {"by": "system", "reason": "BUYER_NO_PAY"}
    assert told["lines"][0]["cancelled"] == told["lines"][0]["quantity"]


async def test_payment_comes_once_and_in_time(api: Api) -> None:
    order = await api.order(phase="unpaid")
    await api.act(order, "buyer_pays")
    told = await api.truth(order)
    assert (told["status"], told["times"]["paid"]) == ("waitsellersend", await api.now())
    assert "waits for payment" in await api.illegal_act(order, "buyer_pays")
    await api.advance("P4D")
    assert (await api.truth(order))["status"] == "waitsellersend"


async def test_part_shipped_stays_waitsellersend(api: Api) -> None:
    order = await api.order(lines=TWO)
    await api.act(order, "seller_ships", lines=[0])
    row = await api.sold(order)
    assert row["baseInfo"]["status"] == "waitsellersend"
    assert [item["logisticsStatus"] for item in row["productItems"]] == [2, 1]
    assert (await api.truth(order))["phase"] == "in_transit"
    await api.act(order, "seller_ships")
    row = await api.sold(order)
    assert row["baseInfo"]["status"] == "waitbuyerreceive"
    assert row["baseInfo"]["allDeliveredTime"]
    assert len(row["nativeLogistics"]["logisticsItems"]) == 2
    await api.illegal_act(order, "seller_ships")


async def test_receipt_is_confirmed_by_the_buyer_or_by_the_clock(api: Api) -> None:
    by_hand, by_clock = await api.order(phase="in_transit"), await api.order(phase="in_transit")
    await api.act(by_hand, "buyer_confirms_receipt")
    told = await api.truth(by_hand)
    assert (told["status"], told["phase"], told["ended"]) == ("success", "completed", None)
    await api.advance("P9DT23H")
    assert (await api.truth(by_clock))["status"] == "waitbuyerreceive"
    await api.advance("PT1H")
    assert (await api.truth(by_clock))["status"] == "success"
    await api.illegal_act(by_hand, "buyer_confirms_receipt")


async def test_confirmed_first_and_successful_when_settled(api: Api) -> None:
    await api.store_act("set_timing", settle="P1D")
    order = await api.order(phase="in_transit")
    await api.act(order, "buyer_confirms_receipt")
    assert (await api.truth(order))["status"] == "confirm_goods"
    await api.advance("P1D")
    assert (await api.truth(order))["status"] == "success"


async def test_trades_with_pickup_and_signature(api: Api) -> None:
    taken = await api.order(phase="awaiting_collection")
    assert (await api.truth(taken))["status"] == "waitlogisticstakein"
    await api.act(taken, "carrier_collects")
    assert (await api.truth(taken))["status"] == "waitbuyerreceive"
    signed = await api.order(phase="in_transit", signs=True)
    await api.act(signed, "carrier_arrives")
    assert (await api.truth(signed))["phase"] == "delivered"
    await api.act(signed, "carrier_delivers")
    told = await api.truth(signed)
    assert (told["status"], told["phase"], told["times"]["delivered"]) == (
        "signinsuccess",
        "delivered",
        await api.now(),
    )
    plain = await api.order(phase="in_transit")
    await api.illegal_act(plain, "carrier_arrives")
    await api.act(plain, "carrier_delivers")
    assert (await api.truth(plain))["status"] == "waitbuyerreceive"


@pytest.mark.parametrize(
    ("role", "act", "by", "operate", "reason"),
    [
        ("seller", "merchant_closes", "seller", "CLOSE_TRADE_BY_SELLER", "sellerGoodsLack"),
        ("seller", "buyer_cancels", "buyer", "CLOSE_TRADE_BY_BUYER", "buyerCancel"),
        ("buyer", "supplier_closes", "seller", "CLOSE_TRADE_BY_SELLER", "sellerGoodsLack"),
        ("buyer", "buyer_cancels", "buyer", "CLOSE_TRADE_BY_BUYER", "buyerCancel"),
    ],
)
async def test_who_closed(api: Api, role: str, act: str, by: str, operate: str, reason: str) -> None:
    order = await api.order(role=role, phase="unpaid")
    await api.act(order, act)
    shown = await (api.sold(order) if role == "seller" else api.purchase(order))
    assert shown["baseInfo"]["closeOperateType"] == operate
    assert shown["baseInfo"]["closeReason"] == reason
    assert shown["productItems"][0]["status"] == "cancel"
    assert shown["tradeTerms"][0]["payStatus"] == "8"
    assert (await api.truth(order))["ended"] == {"by": by, "reason": reason}


@pytest.mark.parametrize(
    ("details", "operate", "status", "phase"),
    [
        ({"by": "Ops"}, "CLOSE_TRADE_BY_BOPS", "cancel", "cancelled"),
        ({"by": "system"}, "CLOSE_TRADE_BY_SYSTEM", "cancel", "cancelled"),
        ({"terminate": True}, "CLOSE_TRADE_BY_BOPS", "terminated", "closed"),
    ],
)
async def test_the_platform_closes(api: Api, details: dict[str, Any], operate: str, status: str, phase: str) -> None:
    order = await api.order()
    await api.act(order, "platform_cancels", reason="RISK", **details)
    shown, told = await api.sold(order), await api.truth(order)
    assert shown["baseInfo"]["closeOperateType"] == operate
    assert (told["status"], told["phase"]) == (status, phase)
    assert told["money"]["refunded"] == told["money"]["total"]
    await api.illegal_act(order, "platform_cancels")


async def test_the_price_may_change_until_payment(api: Api) -> None:
    order = await api.order(phase="unpaid", lines=[{"quantity": 1, "price": "10.00"}], shipping_fee="0")
    await api.act(order, "merchant_changes_price", discount=-150)
    shown = await api.sold(order)
    assert str(shown["baseInfo"]["totalAmount"]) == "8.5"
    assert shown["productItems"][0]["entryDiscount"] == -150
    await api.act(order, "buyer_pays")
    await api.illegal_act(order, "merchant_changes_price")


async def test_suppliers_act_on_purchases_and_the_console_on_sales(api: Api) -> None:
    sale, purchase = await api.order(), await api.bought()
    assert "role in this order is seller" in await api.illegal_act(sale, "supplier_ships")
    assert "role in this order is buyer" in await api.illegal_act(purchase, "seller_ships")
    await api.act(purchase, "supplier_ships", carrier="ZTO", tracking_number="ZTO12345678")
    (parcel,) = (await api.truth(purchase))["packages"]
    assert (parcel["carrier_code"], parcel["tracking_number"]) == ("ZTO", "ZTO12345678")
    offered = (await api.control_ok("GET", f"/orders/{sale}/acts"))["acts"]
    assert "seller_ships" in offered
    assert "supplier_ships" not in offered


async def test_a_supplier_with_habits(api: Api) -> None:
    await api.store_act("set_supplier_habit", ships_after="PT6H", answers_after="PT1H", answers="refuses")
    order = await api.bought(placed_at=await api.now(), lines=[{"quantity": 1, "price": "5.00"}])
    await api.refunded(order)
    await api.advance("PT1H")
    assert (await api.truth(order))["returns"][0]["status"] == "waitbuyermodify"
    await api.advance("PT4H59M")
    assert (await api.truth(order))["status"] == "waitsellersend"
    await api.advance("PT1M")
    told = await api.truth(order)
    assert (told["status"], told["returns"][0]["status"]) == ("waitbuyerreceive", "refundclose")


async def test_a_lost_parcel_and_a_changed_number(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    await api.act(order, "carrier_changes_number", tracking_number="ZTO000000001")
    assert (await api.truth(order))["packages"][0]["tracking_number"] == "ZTO000000001"
    await api.act(order, "carrier_loses")
    assert (await api.truth(order))["packages"][0]["trace"] == "UNSIGN"
    await api.illegal_act(order, "carrier_delivers")


async def test_the_address_is_fixed_once_shipped(api: Api) -> None:
    order = await api.order()
    await api.act(order, "buyer_changes_address", street="新路2号")
    assert (await api.sold(order))["nativeLogistics"]["address"] == "新路2号"
    await api.act(order, "seller_ships")
    await api.illegal_act(order, "buyer_changes_address")

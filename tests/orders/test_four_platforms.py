"""The canonical order holds what is odd about each platform. Shapes from their documentation, values ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from gateway.orders import deadlines
from gateway.orders.phase import phase_of
from gateway.orders.store import erase_person, upsert_orders
from gateway.orders.store import order as stored_order
from gateway.ports import OrderBatch
from gateway.storage.schema import orders

DAY = timedelta(days=1)
PLACED = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)

# one entry a unit: of three equal cups the buyer cancelled one, which has a reason of its own; two travel together
TIKTOK = {
    "order_id": "576461413038785752",
    "raw_status": "AWAITING_COLLECTION",
    "fulfillment": "arranged",
    "region": "JP",
    "currency": "JPY",
    "total_minor": 7960,
    "refunded_minor": 3980,
    "ship_by": PLACED + 2 * DAY,
    "collect_by": PLACED + 3 * DAY,
    "auto_cancel_at": PLACED + 5 * DAY,
    "replaces": "576461413038780001",
    "lines": (
        {
            "line_id": "1729:open",
            "product_id": "1728",
            "sku": "CUP",
            "quantity": 2,
            "unit_price_minor": 3980,
            "unit_ids": ("57701", "57702"),
        },
        {
            "line_id": "1729:57703",
            "product_id": "1728",
            "sku": "CUP",
            "quantity": 1,
            "cancelled": 1,
            "unit_price_minor": 3980,
            "unit_ids": ("57703",),
            "ended_by": "buyer",
            "end_reason": "buyer_asked",
            "end_reason_raw": "ecom_order_unpaid_canceled_reason_no_longer_needed",
        },
        {"line_id": "1730:57704", "product_id": "1730", "quantity": 1, "gift": True, "unit_ids": ("57704",)},
    ),
    "packages": (
        {
            "package_id": "1152",
            "state": "arranged",
            "lines": ({"line_id": "1729:open", "quantity": 2, "unit_ids": ("57701", "57702")},),
        },
    ),
    "recipient": {
        "name": "C*****",
        "name_katakana": "カナリア",
        "phone": "(+81)90*****77",
        "masked": {"name", "phone"},
    },
}

# a presale with a deposit, to be shipped within a window; the receiver comes as ciphertext
XIAOHONGSHU = {
    "order_id": "P700000000000000001",
    "raw_status": "1",
    "raw_details": {"orderType": "2", "orderAfterSalesStatus": "1", "cancelStatus": "0"},
    "payment": "partly_paid",
    "fulfillment": "not_due",
    "region": "CN",
    "currency": "CNY",
    "sale_type": "presale",
    "total_minor": 19900,
    "ship_from": PLACED + 20 * DAY,
    "ship_by": PLACED + 30 * DAY,
    "lines": ({"line_id": "sku1", "product_id": "item1", "quantity": 3, "paid_minor": 19900},),  # not a third each
    "payments": (
        {"step": 1, "state": "paid", "amount_minor": 2000, "paid_at": PLACED},
        {
            "step": 2,
            "state": "unpaid",
            "amount_minor": 17900,
            "pay_from": PLACED + 7 * DAY,
            "pay_by": PLACED + 9 * DAY,
        },
    ),
    "recipient": {
        "region": "CN",
        "address_token": "0123456789abcdef0123456789abcdef",
        "encrypted": {"name": "#Canary1#ct", "phone": "#Canary2#ct", "full_address": "#Canary3#ct"},
    },
    "requests": (
        {
            "store": "sg",
            "order_id": "P700000000000000001",
            "request_id": "R700",
            "kind": "price_adjustment",
            "opened_by": "platform",
            "state": "done",
            "refund": "refunded",
            "opened_at": PLACED,
            "updated_at": PLACED,
            "currency": "CNY",
            "refund_minor": 500,
            "refunded_minor": 300,
        },
    ),
}

# a purchase of cloth by measure, on credit; our own number and the sale it was made for stand beside the ids
ALIBABA = {
    "order_id": "202711458975969812",
    "raw_status": "waitsellersend",
    "raw_details": {"refundStatus": "waitselleragree", "closeOperateType": ""},
    "platform_ids": {"outOrderId": "OG-1", "alipayTradeId": "UNCREATED", "outPlatformOrderNo": "P700000000000000001"},
    "payment": "on_credit",
    "region": "CN",
    "currency": "CNY",
    "total_minor": 6150,
    "lines": (
        {
            "line_id": "202711458976969812",
            "product_id": "600001",
            "variant_id": "0f" * 16,
            "quantity": 25,
            "unit": "0.1 米",
            "list_price_minor": 250,
            "paid_minor": 6150,
            "platform_ids": {"specId": "0f" * 16, "refundId": "TQ1"},
        },
    ),
    "supplier": {"supplier_id": "b2b-1", "name": "Canary Cloth Works", "chat_id": "canarycloth"},
    "buyer": None,
}


async def test_what_is_odd_about_each_platform_is_stored_and_comes_back(database, vault, make_order, now) -> None:
    told = [make_order(**fields) for fields in (TIKTOK, XIAOHONGSHU, ALIBABA)]

    await database.write(lambda c: upsert_orders(c, vault, OrderBatch(orders=told), now))

    for each in told:
        kept = await database.read(
            lambda c, each=each: stored_order(c, vault, each.store, each.order_id, with_personal=True)
        )
        assert kept.order == each


def test_phases_and_deadlines_follow_from_the_facts(make_order) -> None:
    tiktok, xiaohongshu, alibaba = (make_order(**fields) for fields in (TIKTOK, XIAOHONGSHU, ALIBABA))

    assert [phase_of(each) for each in (tiktok, xiaohongshu, alibaba)] == [
        "awaiting_collection",
        "unpaid",
        "awaiting_shipment",
    ]
    assert deadlines.of_order(tiktok, phase_of(tiktok)) == [
        ("ship", PLACED + 2 * DAY),
        ("hand over to the courier", PLACED + 3 * DAY),
        ("cancelled by the platform", PLACED + 5 * DAY),
    ]
    # the step that is paid demands nothing any more
    assert deadlines.of_order(xiaohongshu, phase_of(xiaohongshu)) == [
        ("ship", PLACED + 30 * DAY),
        ("buyer pays step 2", PLACED + 9 * DAY),
    ]


async def test_ciphertext_of_a_receiver_is_personal_data(database, vault, make_order, now) -> None:
    told = make_order(**XIAOHONGSHU)
    await database.write(lambda c: upsert_orders(c, vault, OrderBatch(orders=[told]), now))

    document = await database.read(lambda c: c.execute(select(orders.c.document)).scalar_one())
    assert b"Canary" not in document

    await database.write(lambda c: erase_person(c, told.store, told.order_id))
    kept = await database.read(lambda c: stored_order(c, vault, told.store, told.order_id, with_personal=True))
    assert kept.order.recipient is None

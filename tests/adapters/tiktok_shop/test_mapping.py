"""What is odd about TikTok Shop's orders and requests: units, hours, deadlines, silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from adapters.tiktok_shop import adapter
from gateway.errors import DataError, InvalidRequest
from gateway.model.order import Closure, FulfillmentState, Order, PaymentState
from gateway.ports import Window

DAY = Window(datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))


async def mapped(paper: Any, *rows: dict[str, Any]) -> list[Order]:
    batch = await adapter.fetch_orders(paper({"order.detail": {"orders": list(rows)}}), [each["id"] for each in rows])
    assert not batch.bad, batch.bad
    return list(batch.orders)


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


async def test_equal_units_are_one_line_in_whatever_order_they_come(paper: Any, row: Any, unit: Any) -> None:
    units = [unit("9"), unit("10"), unit("11", sku_id="200"), unit("12", is_gift=True, sale_price="0")]
    seen = {
        tuple(
            (line.line_id, line.quantity, line.unit_ids)
            for line in (await mapped(paper, row(line_items=list(each))))[0].lines
        )
        for each in permutations(units)
    }
    assert seen == {(("100", 2, ("9", "10")), ("200", 1, ("11",)), ("100:12", 1, ("12",)))}


async def test_a_line_stays_the_same_while_its_units_part(paper: Any, row: Any, unit: Any) -> None:
    gone = unit("1", display_status="CANCELLED", cancel_user="OPERATOR", cancel_reason="package_lost", package_id=...)
    left = unit("2", display_status="IN_TRANSIT", package_id="P2", package_status="FULFILLING")
    before, after = await mapped(
        paper,
        row(line_items=[unit("1"), unit("2"), unit("3")]),
        row(id="5765", status="PARTIALLY_SHIPPING", line_items=[gone, left, unit("3")]),
    )
    assert [line.line_id for line in before.lines] == [line.line_id for line in after.lines] == ["100"]
    (line,) = after.lines
    assert (line.quantity, line.cancelled, line.ended_by, line.end_reason) == (3, 1, "platform", "parcel_lost")
    held = {each.package_id: [(inside.line_id, inside.unit_ids) for inside in each.lines] for each in after.packages}
    assert held == {"P2": [("100", ("2",))], "P1": [("100", ("3",))]}
    assert {each.package_id: each.state for each in after.packages} == {"P2": "shipped", "P1": "to_ship"}
    assert after.fulfillment is FulfillmentState.partly_shipped


@pytest.mark.parametrize(
    ("words", "goods"),
    [
        (("AWAITING_COLLECTION", "AWAITING_COLLECTION"), "arranged"),
        (("AWAITING_COLLECTION", "IN_TRANSIT"), "partly_shipped"),
        (("DELIVERED", "IN_TRANSIT"), "shipped"),
        (("CANCELLED", "IN_TRANSIT"), "shipped"),
    ],
)
async def test_goods_that_have_left_are_a_fact(
    paper: Any, row: Any, unit: Any, words: tuple[str, ...], goods: str
) -> None:
    units = [unit(str(number), display_status=word) for number, word in enumerate(words, 1)]
    (order,) = await mapped(paper, row(status="AWAITING_COLLECTION", collection_time=1_773_100_000, line_items=units))
    assert order.fulfillment == goods
    assert (order.shipped_at is None) == (goods == "arranged")


async def test_prices_that_differ_make_lines_of_their_own(paper: Any, row: Any, unit: Any) -> None:
    (order,) = await mapped(paper, row(line_items=[unit("1", sale_price="334"), unit("2", sale_price="333")]))
    assert [(line.line_id, line.unit_price_minor) for line in order.lines] == [("100", 334), ("100:2", 333)]


@pytest.mark.parametrize(
    ("status", "passes_hold", "ship_from"),
    [
        ("ON_HOLD", True, 1_773_003_700),
        ("AWAITING_SHIPMENT", True, None),  # the hour is over
        ("AWAITING_SHIPMENT", False, 1_773_003_700),  # where no order is ever held, it is this one's first hour
        ("AWAITING_COLLECTION", False, None),
        ("UNPAID", True, None),
    ],
)
async def test_nothing_is_shipped_in_the_first_hour(
    paper: Any, row: Any, status: str, passes_hold: bool, ship_from: int | None
) -> None:
    paid = ... if status == "UNPAID" else 1_773_000_100
    (order,) = await mapped(paper, row(status=status, is_on_hold_order=passes_hold, paid_time=paid))
    assert seconds(order.ship_from) == ship_from


@pytest.mark.parametrize(
    ("status", "at"),
    [
        ("UNPAID", 20),
        ("AWAITING_SHIPMENT", 20),
        ("AWAITING_COLLECTION", 30),
        ("IN_TRANSIT", 40),
    ],
)
async def test_the_platform_cancels_by_what_an_order_waits_for(paper: Any, row: Any, status: str, at: int) -> None:
    base = 1_773_100_000
    dues = {"shipping_due_time": 20, "collection_due_time": 30, "delivery_due_time": 40, "cancel_order_sla_time": 50}
    (order,) = await mapped(paper, row(status=status, **{name: base + late for name, late in dues.items()}))
    assert seconds(order.auto_cancel_at) == base + at


@pytest.mark.parametrize(
    ("facts", "goods"),
    [
        ({"status": "COMPLETED", "delivery_time": 1, "collection_time": 1, "rts_time": 1}, "delivered"),
        ({"status": "COMPLETED", "collection_time": 1, "rts_time": 1}, "shipped"),  # refunded on its way
        ({"status": "COMPLETED", "rts_time": 1}, "arranged"),  # refunded before it left
        ({"status": "COMPLETED"}, "delivered"),
        ({"status": "CANCELLED", "collection_time": 1}, "shipped"),  # lost, or refused at the door
        ({"status": "CANCELLED", "rts_time": 1}, "not_due"),
    ],
)
async def test_an_ended_order_tells_how_far_its_goods_came(
    paper: Any, row: Any, facts: dict[str, Any], goods: str
) -> None:
    (order,) = await mapped(paper, row(**facts))
    assert order.fulfillment == goods


async def test_payment_is_told_by_its_time(paper: Any, row: Any) -> None:
    never = row(id="1", status="CANCELLED", paid_time=...)
    once = row(id="2", status="CANCELLED")
    cash = row(id="3", is_cod=True, paid_time=...)
    told = [order.payment for order in await mapped(paper, never, once, cash)]
    assert told == [PaymentState.unpaid, PaymentState.paid, PaymentState.on_delivery]


async def test_plans_of_an_order_that_waits_are_no_facts(paper: Any, row: Any) -> None:
    (order,) = await mapped(paper, row(collection_time=1_773_100_000, delivery_time=1_773_200_000))
    assert (order.shipped_at, order.delivered_at) == (None, None)


async def test_silence_is_not_emptiness(paper: Any, row: Any) -> None:
    bare = row(payment=..., recipient_address={}, line_items=[], user_id=..., seller_note="")
    (order,) = await mapped(paper, bare)
    assert order.currency == "JPY"
    assert (order.total_minor, order.buyer, order.recipient) == (None, None, None)
    assert {"total_minor", "shipping_minor", "buyer", "recipient", "cross_border", "can_cancel"} <= order.absent
    assert not {"note", "lines"} & order.absent


async def test_an_address_of_empty_texts_is_nobodys(paper: Any, row: Any) -> None:
    hidden = {"name": "", "phone_number": "", "full_address": "", "region_code": "JP", "district_info": None}
    (order,) = await mapped(paper, row(recipient_address=hidden))
    assert (order.recipient, "recipient" in order.absent) == (None, True)


async def test_one_bad_order_does_not_sink_its_page(paper: Any, row: Any, unit: Any) -> None:
    rows = [
        row(id="1", create_time=...),
        row(id="2", line_items=[unit(sku_id=...)]),
        row(id="3", payment={"currency": "JPY", "total_amount": "many"}),
        row(id="4", paid_time="yesterday"),
        "no order at all",
        row(id="6"),
    ]
    page = await adapter.list_orders(paper({"order.search": {"orders": rows}}), DAY, None)
    assert page.batch is not None
    assert [order.order_id for order in page.batch.orders] == ["6"]
    assert page.ids == ["1", "2", "3", "4", "6"]
    reasons = {each.external_id: each.reason for each in page.batch.bad}
    assert reasons["1"] == "create_time: missing"
    assert reasons["2"].startswith("line_items")
    assert reasons["3"].startswith("payment.total_amount")
    assert reasons["4"].startswith("paid_time")
    assert not any("yesterday" in reason or "many" in reason for reason in reasons.values())


@pytest.mark.parametrize("content", [[], "text", {"orders": {"a": 1}}])
async def test_an_answer_of_another_shape_is_not_no_orders(paper: Any, content: Any) -> None:
    answer = {"code": 0, "request_id": "r-1", "data": content}
    with pytest.raises(DataError):
        await adapter.fetch_orders(paper({"order.detail": answer}), ["1"])


async def test_a_window_wider_than_ours_is_not_asked_for(paper: Any) -> None:
    shop = paper({})
    wide = Window(DAY.end - timedelta(days=30, seconds=1), DAY.end)
    for lister in (adapter.list_orders, adapter.list_after_sales):
        with pytest.raises(InvalidRequest, match="30 days"):
            await lister(shop, wide, None)
    assert shop.calls == []


async def test_a_page_of_another_list_is_refused(paper: Any) -> None:
    with pytest.raises(DataError):
        await adapter.list_after_sales(paper({}), DAY, "orders:x")


async def test_an_open_request_has_the_nearest_of_its_deadlines(paper: Any) -> None:
    asked = {
        "return_id": "404",
        "order_id": "5764",
        "return_type": "REFUND",
        "return_status": "RETURN_OR_REFUND_REQUEST_PENDING",
        "create_time": 1_773_000_000,
        "seller_next_action_response": [{"deadline": 1_773_200_000}, {"action": "A"}, {"deadline": 1_773_100_000}],
        "return_line_items": [
            {"sku_id": "100", "order_line_item_id": "2"},
            {"sku_id": "100", "order_line_item_id": "1"},
        ],
    }
    script = {"cancellation.search": {}, "return.search": {"return_orders": [asked]}}
    (request,) = (await adapter.fetch_after_sale(paper(script), "404")).after_sales
    assert seconds(request.answer_by) == 1_773_100_000
    assert request.inspect_by is None
    assert (request.updated_at, request.currency) == (request.opened_at, "JPY")
    assert [(line.line_id, line.quantity, line.unit_ids) for line in request.lines] == [("100", 2, ("1", "2"))]


async def test_a_cancelled_order_by_the_webhooks_word(paper: Any, row: Any) -> None:
    (order,) = await mapped(paper, row(status="CANCEL", cancellation_initiator="SYSTEM"))
    assert (order.closure, order.ended_by, order.end_reason) == (Closure.cancelled, "platform", "unknown")

"""How orders are asked for and what becomes of them (API.md section 5)."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopee import adapter
from adapters.shopee.orders import read_orders
from gateway.errors import DataError, NotFound, RateLimited
from gateway.ports import Window
from gateway.transport.json import decode

START = datetime(2026, 3, 1, 0, 0, 0, 400_000, tzinfo=UTC)
LIST, DETAIL, PACKAGES = "order.get_order_list", "order.get_order_detail", "order.get_package_detail"
OPTIONAL = {
    "buyer_user_id",
    "buyer_username",
    "estimated_shipping_fee",
    "recipient_address",
    "actual_shipping_fee",
    "note",
    "item_list",
    "pay_time",
    "buyer_cancel_reason",
    "cancel_by",
    "cancel_reason",
    "fulfillment_flag",
    "pickup_done_time",
    "package_list",
    "payment_method",
    "total_amount",
    "return_request_due_date",
    "payment_info",
}


def read(rows: Any, row: Any, tracking: dict[str, str] | None = None, store: Any = None) -> Any:
    return read_orders([row], store or rows.shop(), [], {"OFG1": "TN1"} if tracking is None else tracking)


def order_of(rows: Any, **changes: Any) -> Any:
    batch = read(rows, rows.order(**changes))
    assert not batch.bad, batch.bad
    return batch.orders[0]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# -- asking ------------------------------------------------------------------------------------------------------


async def test_the_list_is_asked_by_update_time_with_pending_orders(paper: Any, rows: Any) -> None:
    shop = paper({LIST: [rows.wrapped({"more": False, "next_cursor": "", "order_list": [{"order_sn": "A"}]})]})
    page = await adapter.list_orders(shop, Window(START, START + timedelta(days=15)), None)
    assert (list(page.ids), page.next_page, page.batch) == (["A"], None, None)
    (call,) = shop.calls
    assert (call.method, call.path, call.body) == ("GET", "/api/v2/order/get_order_list", None)
    assert (call.effect, call.scope, call.idempotent) == (False, "store", "yes")
    assert call.query == (
        ("time_range_field", "update_time"),
        ("time_from", "1772323200"),
        ("time_to", "1773619200"),  # exactly 15 days later, also from within a second
        ("page_size", "100"),
        ("cursor", ""),
        ("request_order_status_pending", "true"),
    )


async def test_an_empty_window_still_has_a_length(paper: Any, rows: Any) -> None:
    shop = paper({LIST: [rows.wrapped({"more": False, "order_list": None})]})
    page = await adapter.list_orders(shop, Window(START, START), None)
    assert list(page.ids) == []
    query = dict(shop.calls[0].query)
    assert int(query["time_to"]) - int(query["time_from"]) == 1


async def test_cursors_go_back_verbatim(paper: Any, rows: Any) -> None:
    cursor = "ab+/=&?%20 ü"
    first = rows.wrapped({"more": True, "next_cursor": cursor, "order_list": [{"order_sn": "A"}]})
    last = rows.wrapped({"more": False, "next_cursor": "", "order_list": [{"order_sn": "B"}]})
    shop = paper({LIST: [first, last]})
    window = Window(START, START + timedelta(days=1))
    page = await adapter.list_orders(shop, window, None)
    assert page.next_page == cursor
    assert (await adapter.list_orders(shop, window, page.next_page)).next_page is None
    assert dict(shop.calls[1].query)["cursor"] == cursor


@pytest.mark.parametrize(
    "content", [None, [], {"more": False}, {"more": True, "next_cursor": "", "order_list": []}, {"order_list": {}}]
)
async def test_a_list_that_cannot_be_followed_is_not_an_empty_one(content: Any, paper: Any, rows: Any) -> None:
    shop = paper({LIST: [rows.wrapped(content)]})
    with pytest.raises(DataError):
        await adapter.list_orders(shop, Window(START, START + timedelta(days=1)), None)


async def test_details_ask_every_field_that_is_mapped(paper: Any, rows: Any) -> None:
    shop = paper({DETAIL: [rows.wrapped({"order_list": [rows.order()]})]})
    batch = await adapter.fetch_orders(shop, ["260310AAAAAAA1", "260310AAAAAAA1"])
    assert [order.order_id for order in batch.orders] == ["260310AAAAAAA1"]
    (call,) = shop.calls
    query = dict(call.query)
    assert (call.method, call.path) == ("GET", "/api/v2/order/get_order_detail")
    assert (query["order_sn_list"], query["request_order_status_pending"]) == ("260310AAAAAAA1", "true")
    assert set(query["response_optional_fields"].split(",")) == OPTIONAL


async def test_nothing_asked_is_nothing_called(paper: Any) -> None:
    shop = paper({})
    assert not (await adapter.fetch_orders(shop, [])).orders


async def test_tracking_numbers_are_read_for_parcels_on_their_way(paper: Any, rows: Any) -> None:
    moving = rows.package(package_number="P2", logistics_status="LOGISTICS_PICKUP_DONE", item_list=None)
    order = rows.order(package_list=[rows.package(), moving])
    told = {"package_list": [{"package_number": "P2", "tracking_number": "TN2"}]}
    shop = paper({DETAIL: [rows.wrapped({"order_list": [order]})], PACKAGES: [rows.wrapped(told)]})
    batch = await adapter.fetch_orders(shop, ["260310AAAAAAA1"])
    assert [package.tracking_number for package in batch.orders[0].packages] == ["", "TN2"]
    assert "packages.tracking_number" not in batch.orders[0].absent
    assert dict(shop.calls[1].query) == {"package_number_list": "P2"}


async def test_parcels_are_asked_fifty_at_a_time_and_a_refused_one_alone_stays_unknown(paper: Any, rows: Any) -> None:
    class Shop:
        def __init__(self) -> None:
            self.store = rows.shop()
            self.asked: list[int] = []
            self.inner = paper({DETAIL: [rows.wrapped({"order_list": orders})], PACKAGES: [None]})

        async def send(self, call: Any) -> Any:
            if call.operation == PACKAGES:
                numbers = dict(call.query)["package_number_list"].split(",")
                self.asked.append(len(numbers))
                if "P7" in numbers:
                    raise NotFound("no such parcel", code="error_not_found")
                told = [{"package_number": number, "tracking_number": f"T-{number}"} for number in numbers]
                self.inner.script[PACKAGES] = [rows.wrapped({"package_list": told})]
            return await self.inner.send(call)

    orders = [
        rows.order(
            order_sn=f"O{number}",
            package_list=[rows.package(package_number=f"P{number}", logistics_status="LOGISTICS_PICKUP_DONE")],
        )
        for number in range(60)
    ]
    shop = Shop()
    batch = await adapter.fetch_orders(shop, [order["order_sn"] for order in orders[:50]])
    assert max(shop.asked) == 50
    unknown = {order.order_id for order in batch.orders if "packages.tracking_number" in order.absent}
    assert unknown == {"O7"}
    assert {order.packages[0].tracking_number for order in batch.orders} >= {"T-P0", "T-P59", ""}


async def test_an_unknown_number_does_not_sink_its_batch(paper: Any, rows: Any) -> None:
    class Shop:
        store = rows.shop()
        calls = 0

        async def send(self, call: Any) -> Any:
            Shop.calls += 1
            asked = dict(call.query)["order_sn_list"].split(",")
            if "X" in asked:
                raise NotFound("the order is not found")
            found = rows.wrapped({"order_list": [rows.order(order_sn=one) for one in asked]})
            return await paper({DETAIL: [found]}).send(call)

    batch = await adapter.fetch_orders(Shop(), ["A", "B", "X", "C", "D"])
    assert [order.order_id for order in batch.orders] == ["A", "B", "C", "D"]
    assert [raw.external_id for raw in batch.raws] == ["A", "B", "C", "D"]
    assert list(batch.missing) == ["X"]
    assert Shop.calls <= 7


async def test_other_errors_are_raised(paper: Any) -> None:
    shop = paper({DETAIL: [RateLimited("slow", retry_after=3)]})
    with pytest.raises(RateLimited):
        await adapter.fetch_orders(shop, ["A"])


async def test_orders_left_out_of_the_answer_are_missing(paper: Any, rows: Any) -> None:
    shop = paper({DETAIL: [rows.wrapped({"order_list": [rows.order(order_sn="A")]})]})
    assert list((await adapter.fetch_orders(shop, ["A", "B"])).missing) == ["B"]


# -- mapping ------------------------------------------------------------------------------------------------------


def test_a_plain_order(rows: Any) -> None:
    order = order_of(rows)
    assert (order.store, order.order_id, order.region, order.currency) == ("shop-1", "260310AAAAAAA1", "SG", "SGD")
    assert (order.placed_at, order.updated_at) == (at(1_773_000_000), at(1_773_000_500))
    assert (order.paid_at, order.ship_by, order.shipped_at) == (at(1_773_000_100), at(1_773_200_000), None)
    assert (order.total_minor, order.shipping_minor) == (2150, 150)
    assert (order.can_cancel, order.can_cancel_lines, order.cross_border) == (True, False, False)
    (line,) = order.lines
    assert (line.line_id, line.product_id, line.variant_id) == ("11:22:11:0", "11", "22")
    assert (line.sku, line.title, line.variant, line.quantity) == ("CUP-R", "Cup", "Red", 2)
    assert (line.unit_price_minor, line.list_price_minor) == (1000, 1200)
    assert line.platform_ids == {"item_id": "11", "model_id": "22", "order_item_id": "11", "promotion_group_id": "0"}
    (payment,) = order.payments
    assert (payment.method, payment.state, payment.amount_minor) == ("Card", "paid", 2150)
    assert (order.buyer.buyer_id, order.buyer.name) == ("900100", "buyer_one")
    assert order.requests == ()
    assert order.absent == {
        "sale_type",
        "ship_from",
        "collect_by",
        "latest_delivery_at",
        "delivered_at",
        "auto_cancel_at",
        "ended_at",
        "refunded_minor",
        "returnable_until",
    }


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("SGD", b"0.1", 10),
        ("SGD", b"2988.99", 298899),
        ("SGD", b"90071992547409.93", 9007199254740993),
        ("SGD", b"12.340", 1234),
        ("SGD", b"1e3", 100000),
        ("SGD", b"0", 0),
        ("VND", b"32119", 32119),
        ("VND", b"32119.0", 32119),
        ("IDR", b"15000", 1500000),
        ("SGD", b"null", None),
    ],
)
async def test_money_is_exact(currency: str, amount: bytes, minor: int | None, paper: Any, rows: Any) -> None:
    body = orjson.dumps(
        rows.wrapped({"order_list": [rows.order(currency=currency, total_amount="@", estimated_shipping_fee=2)]})
    )
    shop = paper({DETAIL: [body.replace(b'"@"', amount)]})
    order = (await adapter.fetch_orders(shop, ["260310AAAAAAA1"])).orders[0]
    assert order.total_minor == minor


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("SGD", b"12.345"),
        ("VND", b"100.5"),
        # the nearest doubles of these have shorter names, which would be whole cents
        ("SGD", b"12.340000000000000001"),
        ("SGD", b"90071992547409.9301"),
        ("SGD", b"12340000000000000001e-18"),
        ("SGD", b"1e-400"),
    ],
)
async def test_money_with_too_many_decimals_is_quarantined(currency: str, amount: bytes, paper: Any, rows: Any) -> None:
    body = orjson.dumps(
        rows.wrapped({"order_list": [rows.order(currency=currency, total_amount="@", estimated_shipping_fee=2)]})
    )
    shop = paper({DETAIL: [body.replace(b'"@"', amount)]})
    batch = await adapter.fetch_orders(shop, ["260310AAAAAAA1"])
    (bad,) = batch.bad
    assert not batch.orders
    assert bad.external_id == "260310AAAAAAA1"
    assert "total_amount" in bad.reason
    assert amount.decode() not in bad.reason
    kept: Any = decode(bad.raw)
    assert kept["total_amount"] == Decimal(amount.decode())


def test_missing_null_and_empty_are_kept_apart(rows: Any) -> None:
    missing = order_of(rows, pay_time=..., note=..., item_list=..., recipient_address=..., order_status="UNPAID")
    assert {"paid_at", "note", "lines", "recipient"} <= missing.absent
    null = order_of(rows, pay_time=None, note=None, item_list=None, recipient_address=None, order_status="UNPAID")
    assert not {"paid_at", "note", "lines", "recipient"} & null.absent
    assert (null.paid_at, null.note, null.lines, null.recipient) == (None, "", (), None)
    empty = order_of(rows, pay_time=0, note="", item_list=[], recipient_address={}, order_status="UNPAID")
    assert not {"paid_at", "note", "lines", "recipient"} & empty.absent
    assert (empty.paid_at, empty.note, empty.lines) == (None, "", ())
    assert empty.recipient.name == ""


def test_masked_values_are_named(rows: Any) -> None:
    address = {
        "name": "P******n",
        "phone": "******64",
        "town": "****",
        "city": "City",
        "zipcode": "****",
        "full_address": "x",
    }
    order = order_of(rows, recipient_address=address, buyer_username="****")
    assert order.recipient.masked == {"name", "phone", "town", "postal_code"}
    assert order.buyer.masked == {"name"}
    hidden = order_of(rows, buyer_user_id="", buyer_username="")
    assert hidden.buyer is None


@pytest.mark.parametrize(
    ("changes", "payment"),
    [
        ({"cod": True, "pay_time": None}, "on_delivery"),
        ({"cod": True, "pay_time": 0, "order_status": "SHIPPED"}, "on_delivery"),
        ({"cod": True, "pay_time": None, "order_status": "CANCELLED"}, "on_delivery"),
        ({"cod": True, "order_status": "COMPLETED"}, "paid"),
        ({"order_status": "CANCELLED", "pay_time": None}, "unpaid"),
        ({"order_status": "CANCELLED"}, "paid"),
        ({"order_status": "UNPAID", "pay_time": ...}, "unpaid"),
        ({"order_status": "SHIPPED", "pay_time": ...}, "paid"),
        ({"order_status": "NEW_WORD"}, "paid"),
    ],
)
def test_payment(changes: dict[str, Any], payment: str, rows: Any) -> None:
    assert order_of(rows, **changes).payment == payment


def test_a_waiting_cancellation_is_a_request_over_what_the_parcels_show(rows: Any) -> None:
    parcel = rows.package(logistics_status="LOGISTICS_REQUEST_CREATED")
    order = order_of(rows, order_status="IN_CANCEL", package_list=[parcel], buyer_cancel_reason="Others")
    assert (order.fulfillment, order.closure, order.payment) == ("arranged", "open", "paid")
    (request,) = order.requests
    assert (request.request_id, request.kind, request.state, request.in_order) == (
        "cancel:260310AAAAAAA1",
        "cancellation",
        "open",
        True,
    )
    assert (request.opened_at, request.answer_by) == (order.updated_at, None)
    assert [(line.line_id, line.quantity) for line in request.lines] == [("11:22:11:0", 2)]
    assert order_of(rows, order_status="IN_CANCEL", package_list=[]).fulfillment == "to_ship"
    assert order_of(rows, order_status="IN_CANCEL", package_list=...).fulfillment == "to_ship"
    strange = [rows.package(logistics_status="LOGISTICS_NEW")]
    assert order_of(rows, order_status="IN_CANCEL", package_list=strange).fulfillment == "unknown"


def test_a_request_for_some_units_names_them(rows: Any) -> None:
    item = rows.item(cancel_requested_qty=1, model_quantity_purchased=3)
    order = order_of(rows, order_status="IN_CANCEL", item_list=[item, rows.item(item_id=12, order_item_id=12)])
    assert [(line.line_id, line.quantity) for line in order.requests[0].lines] == [("11:22:11:0", 1)]


@pytest.mark.parametrize("status", ["READY_TO_SHIP", "CANCELLED", "UNPAID"])
def test_an_order_without_a_waiting_request_carries_none(status: str, rows: Any) -> None:
    order = order_of(rows, order_status=status, buyer_cancel_reason="Others", cancel_by="buyer")
    assert order.requests == ()
    assert order.buyer_reason_raw == "Others"


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("READY_TO_SHIP", ["READY", "PICKUP_DONE"], "partly_shipped"),
        ("READY_TO_SHIP", ["READY", "READY"], "to_ship"),
        ("PROCESSED", ["REQUEST_CREATED", "DELIVERY_DONE"], "partly_shipped"),
        ("READY_TO_SHIP", ["PICKUP_DONE", "PICKUP_DONE"], "shipped"),
        ("SHIPPED", ["PICKUP_DONE", "DELIVERY_DONE"], "shipped"),
        ("IN_CANCEL", ["REQUEST_CREATED", "PICKUP_DONE"], "partly_shipped"),
        ("IN_CANCEL", ["REQUEST_CREATED", "READY"], "to_ship"),
        ("IN_CANCEL", ["REQUEST_CREATED", "INVALID"], "arranged"),
        ("IN_CANCEL", ["PICKUP_DONE", "PICKUP_DONE"], "shipped"),
        ("CANCELLED", ["REQUEST_CANCELED", "INVALID"], "not_due"),
        ("CANCELLED", ["LOST"], "shipped"),
        ("CANCELLED", ["LOST", "READY"], "partly_shipped"),
        ("COMPLETED", ["DELIVERY_DONE", "LOST"], "delivered"),
    ],
)
def test_split_orders(status: str, words: list[str], expected: str, rows: Any) -> None:
    parcels = [
        rows.package(package_number=f"P{number}", logistics_status=f"LOGISTICS_{word}", item_list=[])
        for number, word in enumerate(words)
    ]
    order = order_of(rows, order_status=status, package_list=parcels)
    assert order.fulfillment == expected
    assert len(order.packages) == len(words)


def part(quantity: int | None, **changes: Any) -> dict[str, Any]:
    return {
        "item_id": 11,
        "model_id": 22,
        "model_quantity": quantity,
        "order_item_id": 11,
        "promotion_group_id": 0,
        **changes,
    }


def test_a_line_may_lie_in_several_parcels(rows: Any) -> None:
    parcels = [
        rows.package(package_number="P1", item_list=[part(1), part(1, product_location_id="elsewhere")]),
        rows.package(package_number="P2", item_list=[part(3)], group_shipment_id=77),
    ]
    order = order_of(rows, item_list=[rows.item(model_quantity_purchased=5)], package_list=parcels)
    assert [[(each.line_id, each.quantity) for each in package.lines] for package in order.packages] == [
        [("11:22:11:0", 2)],
        [("11:22:11:0", 3)],
    ]
    assert [package.shipment_id for package in order.packages] == ["", "77"]


def test_lines_of_a_bundle_share_their_order_item(rows: Any) -> None:
    bundle = {
        "order_item_id": 900,
        "promotion_group_id": 5,
        "model_discounted_price": 0,
        "promotion_type": "bundle_deal",
    }
    items = [
        rows.item(**bundle),
        rows.item(item_id=12, model_id=0, **bundle),
        rows.item(),  # the same thing once more, outside the bundle
    ]
    order = order_of(rows, item_list=items)
    assert [line.line_id for line in order.lines] == ["11:22:900:5", "12:0:900:5", "11:22:11:0"]
    assert [line.unit_price_minor for line in order.lines] == [None, None, 1000]
    assert order.lines[1].variant_id == ""


def test_twins_of_the_whole_identity_count_up_and_fill_parcels_in_order(rows: Any) -> None:
    items = [rows.item(model_quantity_purchased=1), rows.item(model_quantity_purchased=2)]
    parcels = [
        rows.package(package_number="P1", item_list=[part(2)]),
        rows.package(package_number="P2", item_list=[part(1)]),
    ]
    order = order_of(rows, item_list=items, package_list=parcels)
    assert [line.line_id for line in order.lines] == ["11:22:11:0", "11:22:11:0#2"]
    assert [[(each.line_id, each.quantity) for each in package.lines] for package in order.packages] == [
        [("11:22:11:0", 1), ("11:22:11:0#2", 1)],
        [("11:22:11:0#2", 1)],
    ]


def test_a_gift_outside_bundles_costs_nothing(rows: Any) -> None:
    assert order_of(rows, item_list=[rows.item(model_discounted_price=0)]).lines[0].unit_price_minor == 0


def test_older_parcels_do_not_tell_quantities(rows: Any) -> None:
    order = order_of(rows, package_list=[rows.package(item_list=[{"item_id": 11, "model_id": 22}])])
    assert order.packages[0].lines == ()
    assert "packages.lines" in order.absent


def test_quantities_of_a_line(rows: Any) -> None:
    item = rows.item(cancel_requested_qty=1, cancelled_qty=2, return_requested_qty=3, returned_qty=4)
    (line,) = order_of(rows, item_list=[item]).lines
    assert (line.cancel_requested, line.cancelled, line.return_requested, line.returned) == (1, 2, 3, 4)


def test_brazilian_payments_come_apart(rows: Any) -> None:
    parts = [
        {"payment_method": "Pix", "transaction_id": "t1", "payment_amount": 10},
        {"payment_method": "Credit Card", "transaction_id": 2, "payment_amount": 11.5},
    ]
    order = order_of(rows, region="BR", currency="BRL", payment_info=parts)
    assert [(one.payment_id, one.method, one.amount_minor) for one in order.payments] == [
        ("t1", "Pix", 1000),
        ("2", "Credit Card", 1150),
    ]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("fulfilled_by_cb_seller", True),
        ("fulfilled_by_local_seller", False),
        ("fulfilled_by_shopee", None),
        (None, None),
    ],
)
def test_cross_border(flag: str | None, expected: bool | None, rows: Any) -> None:
    assert order_of(rows, fulfillment_flag=flag).cross_border is expected


# -- bad ones ------------------------------------------------------------------------------------------------------


def test_a_bad_order_does_not_sink_its_page(rows: Any) -> None:
    page = [
        rows.order(order_sn="A"),
        rows.order(order_sn="B", pay_time="yesterday at +65 9123 4567"),
        rows.order(order_sn="C", update_time=...),
        "not an order",
        rows.order(order_sn="D", item_list=[rows.item(model_quantity_purchased=None)]),
        rows.order(order_sn="E", order_status="NEW"),
    ]
    batch = read_orders(page, rows.shop(), ["A", "B", "C", "D", "E", "F"], {"OFG1": ""})
    assert [order.order_id for order in batch.orders] == ["A", "E"]
    assert [raw.external_id for raw in batch.raws] == ["A", "E"]
    assert orjson.loads(batch.raws[0].body) == page[0]
    assert [(bad.external_id, bad.reason.split(":")[0]) for bad in batch.bad] == [
        ("B", "pay_time"),
        ("", "order"),
        ("C", "update_time"),
        ("D", "item_list"),
    ]
    assert "9123" not in "".join(bad.reason for bad in batch.bad)
    assert orjson.loads(batch.bad[0].raw)["order_sn"] == "B"
    assert list(batch.missing) == ["F"]
    assert [(one.external_id, one.word) for one in batch.unmapped] == [("E", "NEW")]


@pytest.mark.parametrize("field", ["order_sn", "order_status", "region", "currency", "create_time", "update_time"])
@pytest.mark.parametrize("value", [..., None])
def test_what_an_order_cannot_do_without(field: str, value: Any, rows: Any) -> None:
    (bad,) = read(rows, rows.order(**{field: value})).bad
    assert field in bad.reason


async def test_raw_words_are_kept_exactly(paper: Any, rows: Any) -> None:
    body = orjson.dumps(rows.wrapped({"order_list": [rows.order(strange={"a": [1, None, "é"]}, big="@")]}))
    shop = paper({DETAIL: [body.replace(b'"@"', b"12345678901234567.890")]})
    (raw,) = (await adapter.fetch_orders(shop, ["260310AAAAAAA1"])).raws
    assert b"12345678901234567.890" in raw.body
    assert '{"a":[1,null,"é"]}'.encode() in raw.body
    assert b'"total_amount":21.5' in raw.body


def test_numbers_beyond_64_bits_are_kept(rows: Any) -> None:
    batch = read(rows, rows.order(strange=10**30))
    assert str(10**30).encode() in batch.raws[0].body


# -- whatever arrives -----------------------------------------------------------------------------------------------

SCRAP = st.sampled_from([None, "", 0, -1, "word", [], {}, [None], [{}], True, 10**20, "****", 1.5])


def mutilate(value: Any, draw: Any) -> Any:
    """Take parts of a payload away, or put scrap in their place."""
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            fate = draw(st.integers(0, 9))
            if fate == 0:
                continue
            kept[name] = draw(SCRAP) if fate == 1 else mutilate(inner, draw)
        return kept
    if isinstance(value, list):
        return [mutilate(inner, draw) for inner in value]
    return value


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(draw=st.data())
def test_mapping_never_raises_on_thinned_payloads(draw: Any, rows: Any) -> None:
    whole = rows.order(
        order_status=draw.draw(st.sampled_from(["IN_CANCEL", "CANCELLED", "READY_TO_SHIP", "SHIPPED", "X"])),
        payment_info=[{"payment_method": "Pix", "payment_amount": 1}],
        return_request_due_date=1_773_000_000,
    )
    row = mutilate(copy.deepcopy(whole), draw.draw)
    batch = read_orders([row, rows.order(order_sn="GOOD")], rows.shop(), ["GOOD"], {})
    assert len(batch.orders) + len(batch.bad) == 2
    assert len(batch.raws) == len(batch.orders)
    assert "GOOD" in {order.order_id for order in batch.orders}
    for order in batch.orders:
        assert not order.absent & {"store", "order_id", "raw_status", "closure"}

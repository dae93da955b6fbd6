"""Every word of API.md, typed here from the sheet, and the canonical value it must become."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.shopee.after_sales import read_after_sales
from adapters.shopee.orders import read_orders
from gateway.ports import Unmapped

# order status -> payment, fulfillment, closure (the phase table of DESIGN.md, taken apart)
STATUSES = {
    "UNPAID": ("unpaid", "not_due", "open"),
    "PENDING": ("paid", "held", "open"),
    "INVOICE_PENDING": ("paid", "held", "open"),
    "READY_TO_SHIP": ("paid", "to_ship", "open"),
    "RETRY_SHIP": ("paid", "to_ship", "open"),
    "PROCESSED": ("paid", "arranged", "open"),
    "SHIPPED": ("paid", "shipped", "open"),
    "TO_CONFIRM_RECEIVE": ("paid", "delivered", "open"),
    "TO_RETURN": ("paid", "delivered", "open"),
    "IN_CANCEL": ("paid", "to_ship", "open"),
    "COMPLETED": ("paid", "delivered", "completed"),
    "CANCELLED": ("paid", "not_due", "cancelled"),
}

LOGISTICS = {
    "LOGISTICS_NOT_START": "not_due",
    "LOGISTICS_READY": "to_ship",
    "LOGISTICS_REQUEST_CREATED": "arranged",
    "LOGISTICS_PICKUP_DONE": "shipped",
    "LOGISTICS_PICKUP_RETRY": "to_ship",
    "LOGISTICS_PICKUP_FAILED": "not_due",
    "LOGISTICS_DELIVERY_DONE": "delivered",
    "LOGISTICS_DELIVERY_FAILED": "shipped",
    "LOGISTICS_LOST": "shipped",
    "LOGISTICS_INVALID": "not_due",
    "LOGISTICS_REQUEST_CANCELED": "not_due",
    "LOGISTICS_PENDING_ARRANGE": "to_ship",
    "LOGISTICS_COD_REJECTED": "shipped",
}

CANCEL_BY = {"buyer": "buyer", "seller": "seller", "system": "platform", "Ops": "platform", "SYSTEM": "platform"}

CANCEL_REASONS = {
    "Out of Stock": "out_of_stock",
    "Buyer Request to Cancel": "buyer_asked",
    "Undeliverable Area": "undeliverable_area",
    "COD Unsupported": "cash_on_delivery_unsupported",
    "Parcel is Lost": "parcel_lost",
    "Game Completed": "other",
    "Unpaid Order": "unpaid",
    "Underpaid Order": "payment_failed",
    "Unsuccessful / Rejected Payment": "payment_failed",
    "Logistics Request is Cancelled": "logistics_failed",
    "3PL pickup Fail": "logistics_failed",
    "Failed Delivery": "delivery_failed",
    "COD Rejected": "delivery_failed",
    "Seller did not Ship": "not_shipped_in_time",
    "Transit Warehouse Cancelled": "logistics_failed",
    "Other": "other",
    "Inactive Seller": "seller_inactive",
    "Auto Cancel": "other",
    "Logistic Issue": "logistics_failed",
    "Your approver did not approve order on time.": "other",
    "You are unable to place order at the moment.": "other",
    "TBC": "other",
    # what the seller hands in, should it come back as it went
    "OUT_OF_STOCK": "out_of_stock",
    "CUSTOMER_REQUEST": "buyer_asked",
    "UNDELIVERABLE_AREA": "undeliverable_area",
    "COD_NOT_SUPPORTED": "cash_on_delivery_unsupported",
    # the upper-case token of a vendor sample
    "BACKEND_LOGISTICS_NOT_STARTED": "not_shipped_in_time",
}

BUYER_REASONS = {
    "Seller is not Responsive to buyer's Inquires": "other",
    "Seller ask Buyer to Cancel": "seller_asked",
    "Modify Existing Order": "changed_mind",
    "Product has Bad Reviews": "changed_mind",
    "Seller Takes too Long to Ship The Order": "late_shipment",
    "Seller is Untrustworthy": "other",
    "Others": "other",
    "Forgot to Input Voucher Code": "changed_mind",
    "Need to Change Delivery Address": "wrong_address",
    "Need to input / Change Voucher Code": "changed_mind",
    "Need to Modify Order": "changed_mind",
    "Payment Procedure too Troublesome": "changed_mind",
    "Found Cheaper Elsewhere": "changed_mind",
    "Don't Want to Buy Anymore": "changed_mind",
    "Too long delivery time": "late_shipment",
    "Modify existing order (color, size, voucher, etc)": "changed_mind",
    "Change of mind / others": "changed_mind",
    "Your approver rejected the order.": "other",
}

# return status -> state, refund, dispute
RETURN_STATUSES = {
    "REQUESTED": ("open", "none", "none"),
    "PROCESSING": ("agreed", "none", "none"),
    "ACCEPTED": ("agreed", "pending", "none"),
    "SELLER_DISPUTE": ("refused", "none", "opened"),
    "JUDGING": ("open", "none", "judging"),
    "CLOSED": ("done", "unknown", "none"),
    "CANCELLED": ("withdrawn", "none", "none"),
    "REFUND_PAID": ("done", "refunded", "none"),
}

RETURN_REASONS = {
    "NONE": None,
    "NOT_RECEIPT": "not_received",
    "NONRECEIPT": "not_received",
    "WRONG_ITEM": "wrong_item",
    "ITEM_DAMAGED": "damaged",
    "DIFFERENT_DESCRIPTION": "not_as_described",
    "DIFF_DESC": "not_as_described",
    "MUTUAL_AGREE": "mutual_agreement",
    "MUITAL_AGREE": "mutual_agreement",
    "OTHER": "other",
    "USED": "not_as_described",
    "NO_REASON": "changed_mind",
    "ITEM_WRONGDAMAGED": "damaged",
    "CHANGE_MIND": "changed_mind",
    "CHANGE_OF_MIND": "changed_mind",
    "ITEM_MISSING": "missing_parts",
    "EXPECTATION_FAILED": "not_as_described",
    "ITEM_FAKE": "counterfeit",
    "PHYSICAL_DMG": "damaged",
    "FUNCTIONAL_DMG": "defective",
    "ITEM_NOT_FIT": "changed_mind",
    "SUSPICIOUS_PARCEL": "not_received",
    "EXPIRED_PRODUCT": "expired",
    "WRONG_ORDER_INFO": "other",
    "WRONG_ADDRESS": "wrong_address",
    "SELLER_SENT_WRONG_ITEM": "wrong_item",
    "SPILLED_CONTENTS": "damaged",
    "BROKEN_PRODUCTS": "damaged",
    "DAMAGED_PACKAGE": "damaged",
    "SCRATCHED": "damaged",
    "DAMAGED_OTHERS": "damaged",
    "SIZE_DEVIATION": "not_as_described",
    "LOOK_DEVIATION": "not_as_described",
    "DATE_DEVIATION": "not_as_described",
}

NEGOTIATION = ["PENDING_RESPOND", "PENDING_BUYER_RESPOND", "TERMINATED"]
PROOF = ["NOT_NEEDED", "PENDING", "UPLOADED", "OVERDUE"]
COMPENSATION = [
    "NOT_APPLICABLE",
    "INITIAL_STAGE",
    "PENDING_REQUEST",
    "NOT_REQUIRED",
    "REQUESTED",
    "APPROVED",
    "REJECTED",
    "CANCELLED",
    "NOT_ELIGIBLE",
]


def read_one(rows: Any, **changes: Any) -> Any:
    row = rows.order(**changes)
    batch = read_orders([row], rows.shop(), [row["order_sn"]], {"OFG1": ""})
    assert not batch.bad, batch.bad
    return batch


def read_return(rows: Any, **changes: Any) -> Any:
    page = read_after_sales([rows.returned(**changes)], rows.shop(), None)
    assert not page.bad, page.bad
    return page


@pytest.mark.parametrize(("word", "expected"), STATUSES.items())
def test_order_statuses(word: str, expected: tuple[str, str, str], rows: Any) -> None:
    changes = {"pay_time": None} if word == "UNPAID" else {}
    batch = read_one(rows, order_status=word, **changes)
    order = batch.orders[0]
    assert (order.payment, order.fulfillment, order.closure) == expected
    assert order.raw_status == word
    assert not batch.unmapped


@pytest.mark.parametrize(("word", "expected"), LOGISTICS.items())
def test_logistics_words(word: str, expected: str, rows: Any) -> None:
    batch = read_one(rows, package_list=[rows.package(logistics_status=word)])
    package = batch.orders[0].packages[0]
    assert (package.state, package.raw_status) == (expected, word)
    assert not batch.unmapped


@pytest.mark.parametrize(("word", "expected"), CANCEL_BY.items())
def test_who_ended_an_order(word: str, expected: str, rows: Any) -> None:
    batch = read_one(rows, order_status="CANCELLED", cancel_by=word, cancel_reason="Other")
    assert (batch.orders[0].ended_by, batch.orders[0].ended_by_raw) == (expected, word)
    assert not batch.unmapped


@pytest.mark.parametrize(("word", "expected"), CANCEL_REASONS.items())
@pytest.mark.parametrize("spell", [str, str.upper, str.lower])
def test_why_an_order_ended(word: str, expected: str, spell: Any, rows: Any) -> None:
    batch = read_one(rows, order_status="CANCELLED", cancel_by="seller", cancel_reason=spell(word))
    assert (batch.orders[0].end_reason, batch.orders[0].end_reason_raw) == (expected, spell(word))
    assert not batch.unmapped


@pytest.mark.parametrize(("word", "expected"), BUYER_REASONS.items())
def test_why_a_buyer_asks_to_cancel(word: str, expected: str, rows: Any) -> None:
    batch = read_one(rows, order_status="IN_CANCEL", buyer_cancel_reason=word)
    (request,) = batch.orders[0].requests
    assert (request.reason, request.reason_raw, batch.orders[0].buyer_reason_raw) == (expected, word, word)
    assert not batch.unmapped


@pytest.mark.parametrize(("word", "expected"), RETURN_STATUSES.items())
def test_return_statuses(word: str, expected: tuple[str, str, str], rows: Any) -> None:
    page = read_return(rows, status=word)
    request = page.after_sales[0]
    assert (request.state, request.refund, request.dispute) == expected
    assert request.raw_status == word
    assert not page.unmapped


@pytest.mark.parametrize(("word", "expected"), RETURN_REASONS.items())
def test_return_reasons(word: str, expected: str | None, rows: Any) -> None:
    page = read_return(rows, reason=word)
    assert (page.after_sales[0].reason, page.after_sales[0].reason_raw) == (expected, word)
    assert not page.unmapped


@pytest.mark.parametrize(
    ("solution", "kind"),
    [(0, "return_refund"), (1, "refund"), ("RETURN_REFUND", "return_refund"), ("REFUND", "refund")],
)
def test_return_solutions(solution: Any, kind: str, rows: Any) -> None:
    page = read_return(rows, return_solution=solution)
    assert page.after_sales[0].kind == kind
    assert not page.unmapped


def test_negotiation_proof_and_compensation_words_are_known_flat_and_inside(rows: Any) -> None:
    for field, plural in (("negotiation", NEGOTIATION), ("seller_proof", PROOF), ("seller_compensation", COMPENSATION)):
        name = f"{field}_status"
        for word in plural:
            for spelled in (word, f"COMPENSATION_{word}") if field == "seller_compensation" else (word,):
                for changes in ({name: spelled}, {name: ..., field: {name: spelled}}, {name: ..., field: spelled}):
                    page = read_return(rows, **changes)
                    assert page.after_sales[0].raw_details[name] == spelled
                    assert not page.unmapped


def test_unknown_words_of_an_order_are_kept_told_and_no_success(rows: Any) -> None:
    batch = read_one(
        rows,
        order_status="SOMETHING_NEW",
        pay_time=None,
        cancel_by="robot",
        cancel_reason="Because",
        buyer_cancel_reason="Dunno",
        fulfillment_flag="fulfilled_by_nobody",
        package_list=[rows.package(logistics_status="LOGISTICS_DREAMING")],
    )
    order = batch.orders[0]
    assert (order.raw_status, order.closure, order.fulfillment, order.payment) == (
        "SOMETHING_NEW",
        "unknown",
        "unknown",
        "unknown",
    )
    assert (order.ended_by_raw, order.end_reason_raw, order.buyer_reason_raw) == ("robot", "Because", "Dunno")
    assert (order.packages[0].state, order.packages[0].raw_status) == ("unknown", "LOGISTICS_DREAMING")
    assert order.cross_border is None
    assert set(batch.unmapped) == {
        Unmapped(order.order_id, "order_status", "SOMETHING_NEW"),
        Unmapped(order.order_id, "cancel_by", "robot"),
        Unmapped(order.order_id, "cancel_reason", "Because"),
        Unmapped(order.order_id, "buyer_cancel_reason", "Dunno"),
        Unmapped(order.order_id, "fulfillment_flag", "fulfilled_by_nobody"),
        Unmapped(order.order_id, "package_list.logistics_status", "LOGISTICS_DREAMING"),
    }


def test_unknown_words_of_an_ended_order_are_unknown(rows: Any) -> None:
    order = read_one(rows, order_status="CANCELLED", cancel_by="robot", cancel_reason="Because").orders[0]
    assert (order.ended_by, order.end_reason) == ("unknown", "unknown")
    silent = read_one(rows, order_status="CANCELLED", cancel_by="", cancel_reason=None).orders[0]
    assert (silent.ended_by, silent.end_reason) == ("unknown", "unknown")


def test_unknown_words_of_a_return_are_kept_and_told(rows: Any) -> None:
    page = read_return(
        rows,
        status="PONDERING",
        reason="MOON",
        return_solution=7,
        negotiation_status="SHOUTING",
        seller_proof_status="MAYBE",
        seller_compensation_status="COMPENSATION_PERHAPS",
    )
    request = page.after_sales[0]
    assert (request.state, request.refund, request.kind, request.reason) == ("unknown",) * 4
    assert (request.raw_status, request.reason_raw) == ("PONDERING", "MOON")
    assert {(one.where, one.word) for one in page.unmapped} == {
        ("status", "PONDERING"),
        ("reason", "MOON"),
        ("return_solution", "7"),
        ("negotiation_status", "SHOUTING"),
        ("seller_proof_status", "MAYBE"),
        ("seller_compensation_status", "COMPENSATION_PERHAPS"),
    }

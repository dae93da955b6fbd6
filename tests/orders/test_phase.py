from __future__ import annotations

import itertools

import pytest

from gateway.model.order import Closure, FulfillmentState, PaymentState
from gateway.orders.phase import phase_of

# typed from the design's table: an open, paid order stands where its goods stand
OPEN_AND_PAID = {
    "not_due": "unknown",
    "held": "on_hold",
    "to_ship": "awaiting_shipment",
    "arranged": "awaiting_collection",
    "partly_shipped": "in_transit",
    "shipped": "in_transit",
    "delivered": "delivered",
    "unknown": "unknown",
}


def expected(payment: str, fulfillment: str, closure: str) -> str:
    if "unknown" in {payment, fulfillment, closure}:
        return "unknown"
    if closure != "open":
        return closure
    if payment == "unpaid" or (payment == "partly_paid" and fulfillment == "not_due"):
        return "unpaid"
    return OPEN_AND_PAID[fulfillment]


def test_every_combination(make_order):
    combinations = list(itertools.product(PaymentState, FulfillmentState, Closure))
    assert len(combinations) == 6 * 8 * 5
    for payment, fulfillment, closure in combinations:
        order = make_order(payment=payment, fulfillment=fulfillment, closure=closure)
        assert phase_of(order) == expected(payment, fulfillment, closure), (payment, fulfillment, closure)


@pytest.mark.parametrize(
    ("payment", "fulfillment", "closure", "phase"),
    [
        ("unpaid", "not_due", "open", "unpaid"),
        ("unpaid", "to_ship", "open", "unpaid"),
        ("paid", "held", "open", "on_hold"),
        ("on_delivery", "to_ship", "open", "awaiting_shipment"),
        ("on_delivery", "not_due", "open", "unknown"),
        ("partly_paid", "not_due", "open", "unpaid"),
        ("partly_paid", "to_ship", "open", "awaiting_shipment"),
        ("on_credit", "to_ship", "open", "awaiting_shipment"),
        ("paid", "arranged", "open", "awaiting_collection"),
        ("paid", "partly_shipped", "open", "in_transit"),
        ("paid", "shipped", "open", "in_transit"),
        ("paid", "delivered", "open", "delivered"),
        ("paid", "delivered", "completed", "completed"),
        ("paid", "to_ship", "cancelled", "cancelled"),
        ("unpaid", "not_due", "cancelled", "cancelled"),
        ("paid", "not_due", "closed", "closed"),
        ("paid", "shipped", "unknown", "unknown"),
        ("unknown", "not_due", "cancelled", "unknown"),
    ],
)
def test_rows_of_the_table(make_order, payment, fulfillment, closure, phase):
    assert phase_of(make_order(payment=payment, fulfillment=fulfillment, closure=closure)) == phase

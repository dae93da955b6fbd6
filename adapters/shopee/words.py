"""Shopee's words in the gateway's: total tables over API.md sections 5, 6 and 8.

Every lookup ignores case, underscores and surplus blanks, for the pages and the guides spell some words differently.
A word in no table is the caller's to report as unmapped; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from gateway.model.after_sale import AfterSaleReason as Why
from gateway.model.after_sale import DisputeState, RefundState, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState

Meaning = TypeVar("Meaning")


def plain(word: str) -> str:
    """Return a word as the tables spell it: lower case, blanks for underscores, single blanks."""
    return " ".join(word.replace("_", " ").lower().split())


def _table(*rows: tuple[Meaning, tuple[str, ...]]) -> Mapping[str, Meaning]:
    return {plain(word): meaning for meaning, words in rows for word in words}


class Standing(NamedTuple):
    """What an order status alone says. ``payment`` None: look at ``pay_time``; ``fulfillment`` None: at the parcels."""

    payment: PaymentState | None
    fulfillment: FulfillmentState | None
    closure: Closure


_PAID, _OPEN = PaymentState.paid, Closure.open
ORDER_STATUS: Mapping[str, Standing] = {
    "UNPAID": Standing(PaymentState.unpaid, FulfillmentState.not_due, _OPEN),
    "PENDING": Standing(_PAID, FulfillmentState.held, _OPEN),
    "INVOICE_PENDING": Standing(_PAID, FulfillmentState.held, _OPEN),
    "READY_TO_SHIP": Standing(_PAID, FulfillmentState.to_ship, _OPEN),
    "RETRY_SHIP": Standing(_PAID, FulfillmentState.to_ship, _OPEN),
    "PROCESSED": Standing(_PAID, FulfillmentState.arranged, _OPEN),
    "SHIPPED": Standing(_PAID, FulfillmentState.shipped, _OPEN),
    "TO_CONFIRM_RECEIVE": Standing(_PAID, FulfillmentState.delivered, _OPEN),
    "TO_RETURN": Standing(_PAID, FulfillmentState.delivered, _OPEN),
    "IN_CANCEL": Standing(_PAID, None, _OPEN),
    "COMPLETED": Standing(_PAID, FulfillmentState.delivered, Closure.completed),
    "CANCELLED": Standing(None, None, Closure.cancelled),
}
"""Phase table of DESIGN.md section 5, taken apart into facts."""

UNKNOWN_STATUS = Standing(None, FulfillmentState.unknown, Closure.unknown)

LOGISTICS: Mapping[str, FulfillmentState] = {
    "LOGISTICS_NOT_START": FulfillmentState.not_due,
    "LOGISTICS_PENDING_ARRANGE": FulfillmentState.to_ship,
    "LOGISTICS_READY": FulfillmentState.to_ship,
    "LOGISTICS_REQUEST_CREATED": FulfillmentState.arranged,
    "LOGISTICS_PICKUP_RETRY": FulfillmentState.to_ship,  # the order is RETRY_SHIP: to be arranged again
    "LOGISTICS_PICKUP_FAILED": FulfillmentState.not_due,  # ended before the courier had it
    "LOGISTICS_PICKUP_DONE": FulfillmentState.shipped,
    "LOGISTICS_DELIVERY_DONE": FulfillmentState.delivered,
    "LOGISTICS_DELIVERY_FAILED": FulfillmentState.shipped,  # it has left and is on its way back
    "LOGISTICS_LOST": FulfillmentState.shipped,
    "LOGISTICS_COD_REJECTED": FulfillmentState.shipped,  # UNVERIFIED: refused at the door
    "LOGISTICS_INVALID": FulfillmentState.not_due,
    "LOGISTICS_REQUEST_CANCELED": FulfillmentState.not_due,
}

WITHOUT_TRACKING = frozenset(
    {"LOGISTICS_NOT_START", "LOGISTICS_PENDING_ARRANGE", "LOGISTICS_READY", "LOGISTICS_INVALID"}
)
"""A parcel in these states was never handed to a courier's system, so no tracking number is asked for."""

CANCEL_BY: Mapping[str, EndedBy] = {
    "buyer": EndedBy.buyer,
    "seller": EndedBy.seller,
    "system": EndedBy.platform,
    "ops": EndedBy.platform,
}

CANCEL_REASON: Mapping[str, EndReason] = _table(
    (EndReason.out_of_stock, ("Out of Stock",)),
    (EndReason.buyer_asked, ("Buyer Request to Cancel", "CUSTOMER_REQUEST")),
    (EndReason.undeliverable_area, ("Undeliverable Area",)),
    (EndReason.cash_on_delivery_unsupported, ("COD Unsupported", "COD_NOT_SUPPORTED")),
    (EndReason.parcel_lost, ("Parcel is Lost",)),
    (EndReason.unpaid, ("Unpaid Order",)),
    (EndReason.payment_failed, ("Underpaid Order", "Unsuccessful / Rejected Payment")),
    (
        EndReason.logistics_failed,
        ("Logistics Request is Cancelled", "3PL pickup Fail", "Transit Warehouse Cancelled", "Logistic Issue"),
    ),
    (EndReason.delivery_failed, ("Failed Delivery", "COD Rejected")),
    # The machine token stands in the vendor's sample of a booking nobody shipped.
    (EndReason.not_shipped_in_time, ("Seller did not Ship", "BACKEND_LOGISTICS_NOT_STARTED")),
    (EndReason.seller_inactive, ("Inactive Seller",)),
    (
        EndReason.other,
        (
            "Game Completed",
            "Other",
            "Auto Cancel",
            "Your approver did not approve order on time.",
            "You are unable to place order at the moment.",
            "TBC",
        ),
    ),
)

BUYER_CANCEL_REASON: Mapping[str, Why] = _table(
    (Why.seller_asked, ("Seller ask Buyer to Cancel",)),
    (Why.late_shipment, ("Seller Takes too Long to Ship The Order", "Too long delivery time")),
    (Why.wrong_address, ("Need to Change Delivery Address",)),
    (
        Why.changed_mind,
        (
            "Modify Existing Order",
            "Product has Bad Reviews",
            "Forgot to Input Voucher Code",
            "Need to input / Change Voucher Code",
            "Need to Modify Order",
            "Payment Procedure too Troublesome",
            "Found Cheaper Elsewhere",
            "Don't Want to Buy Anymore",
            "Modify existing order (color, size, voucher, etc)",
            "Change of mind / others",
        ),
    ),
    (
        Why.other,
        (
            "Seller is not Responsive to buyer's Inquires",
            "Seller is Untrustworthy",
            "Others",
            "Your approver rejected the order.",
        ),
    ),
)

FULFILLED_ACROSS_BORDER: Mapping[str, bool | None] = {
    "fulfilled_by_cb_seller": True,
    "fulfilled_by_local_seller": False,
    "fulfilled_by_shopee": None,  # a warehouse says nothing about the border
}


class Progress(NamedTuple):
    """What a return status says about the request, the money and the platform's judgement."""

    state: RequestState
    refund: RefundState
    dispute: DisputeState


RETURN_STATUS: Mapping[str, Progress] = {
    "REQUESTED": Progress(RequestState.open, RefundState.none, DisputeState.none),
    "PROCESSING": Progress(RequestState.agreed, RefundState.none, DisputeState.none),
    "ACCEPTED": Progress(RequestState.agreed, RefundState.pending, DisputeState.none),
    "SELLER_DISPUTE": Progress(RequestState.refused, RefundState.none, DisputeState.opened),
    "JUDGING": Progress(RequestState.open, RefundState.none, DisputeState.judging),
    # For whom the platform decided is not told, so neither is whether money went back.
    "CLOSED": Progress(RequestState.done, RefundState.unknown, DisputeState.none),
    "CANCELLED": Progress(RequestState.withdrawn, RefundState.none, DisputeState.none),
    "REFUND_PAID": Progress(RequestState.done, RefundState.refunded, DisputeState.none),
}

RETURN_REASON: Mapping[str, Why | None] = _table(
    (None, ("NONE",)),
    (Why.not_received, ("NOT_RECEIPT", "NONRECEIPT", "SUSPICIOUS_PARCEL")),
    (Why.wrong_item, ("WRONG_ITEM", "SELLER_SENT_WRONG_ITEM")),
    (
        Why.damaged,
        (
            "ITEM_DAMAGED",
            "ITEM_WRONGDAMAGED",
            "PHYSICAL_DMG",
            "SPILLED_CONTENTS",
            "BROKEN_PRODUCTS",
            "DAMAGED_PACKAGE",
            "SCRATCHED",
            "DAMAGED_OTHERS",
        ),
    ),
    (
        Why.not_as_described,
        (
            "DIFFERENT_DESCRIPTION",
            "DIFF_DESC",
            "USED",
            "EXPECTATION_FAILED",
            "SIZE_DEVIATION",
            "LOOK_DEVIATION",
            "DATE_DEVIATION",
        ),
    ),
    (Why.mutual_agreement, ("MUTUAL_AGREE", "MUITAL_AGREE")),
    (Why.changed_mind, ("CHANGE_MIND", "CHANGE_OF_MIND", "NO_REASON", "ITEM_NOT_FIT")),
    (Why.missing_parts, ("ITEM_MISSING",)),
    (Why.counterfeit, ("ITEM_FAKE",)),
    (Why.defective, ("FUNCTIONAL_DMG",)),
    (Why.expired, ("EXPIRED_PRODUCT",)),
    (Why.wrong_address, ("WRONG_ADDRESS",)),
    (Why.other, ("OTHER", "WRONG_ORDER_INFO")),
)

RETURN_SOLUTION: Mapping[str, RequestKind] = {
    "0": RequestKind.return_refund,
    "1": RequestKind.refund,
    "RETURN_REFUND": RequestKind.return_refund,
    "REFUND": RequestKind.refund,
}

NEGOTIATION = frozenset({"PENDING_RESPOND", "PENDING_BUYER_RESPOND", "TERMINATED"})
PROOF = frozenset({"NOT_NEEDED", "PENDING", "UPLOADED", "OVERDUE"})
COMPENSATION = frozenset(
    {
        "NOT_APPLICABLE",
        "INITIAL_STAGE",
        "PENDING_REQUEST",
        "NOT_REQUIRED",
        "REQUESTED",
        "APPROVED",
        "REJECTED",
        "CANCELLED",
        "NOT_ELIGIBLE",
    }
)
"""Without their prefix ``COMPENSATION_``, which lists drop and details keep."""

SELLER_CANCEL_REASONS = frozenset({"OUT_OF_STOCK", "CUSTOMER_REQUEST", "UNDELIVERABLE_AREA", "COD_NOT_SUPPORTED"})
"""What `cancel_order` takes (section 6)."""

DISPUTE_REASONS: Mapping[str, str] = {
    "41": "it was shipped, and there is proof",
    "42": "the right product was sent",
    "43": "the product was in working condition",
    "44": "there is no agreement with the buyer",
    "46": "the returned goods have not arrived",
    "47": "the returned goods are physically damaged",
    "48": "the returned goods are incomplete",
    "49": "a wrong product came back",
    "50": "the goods came back, and the buyer's claim is incorrect",
    "53": "the buyer's claim is incorrect",
    "54": "the refund amount is wrong",
    "56": "the returned goods were used",
}
"""What the common reasons mean (section 8); the platform lists numbers only."""

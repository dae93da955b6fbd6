"""TikTok Shop's words in the gateway's: total tables over API.md sections 3 to 5.

Reason names are opaque texts, matched as they are. A word in no table is the caller's to report; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from gateway.model.after_sale import AfterSaleReason as Why
from gateway.model.after_sale import DisputeState, GoodsState, OpenedBy, RefundState, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState, SaleType

Meaning = TypeVar("Meaning")


def _table(*rows: tuple[Meaning, str]) -> Mapping[str, Meaning]:
    return {word: meaning for meaning, words in rows for word in words.split()}


class Standing(NamedTuple):
    """What an order status alone says. ``payment`` None: look at `paid_time`; ``fulfillment`` None: at the times."""

    payment: PaymentState | None
    fulfillment: FulfillmentState | None
    closure: Closure


_PAID, _OPEN = PaymentState.paid, Closure.open
ORDER_STATUS: Mapping[str, Standing] = {
    "UNPAID": Standing(PaymentState.unpaid, FulfillmentState.not_due, _OPEN),
    "ON_HOLD": Standing(_PAID, FulfillmentState.held, _OPEN),
    "AWAITING_SHIPMENT": Standing(_PAID, FulfillmentState.to_ship, _OPEN),
    "PARTIALLY_SHIPPING": Standing(_PAID, FulfillmentState.partly_shipped, _OPEN),
    "AWAITING_COLLECTION": Standing(_PAID, FulfillmentState.arranged, _OPEN),
    "IN_TRANSIT": Standing(_PAID, FulfillmentState.shipped, _OPEN),
    "DELIVERED": Standing(_PAID, FulfillmentState.delivered, _OPEN),
    "COMPLETED": Standing(_PAID, None, Closure.completed),  # a full refund completes an order wherever its goods are
    "CANCELLED": Standing(None, None, Closure.cancelled),
    "CANCEL": Standing(None, None, Closure.cancelled),  # the webhook's spelling (section 3.3)
}
"""Phase table of DESIGN.md section 5, taken apart into facts."""

UNKNOWN_STATUS = Standing(None, FulfillmentState.unknown, Closure.unknown)

UNIT_STATUS: Mapping[str, FulfillmentState] = {
    "UNPAID": FulfillmentState.not_due,
    "ON_HOLD": FulfillmentState.held,
    "AWAITING_SHIPMENT": FulfillmentState.to_ship,
    "AWAITING_COLLECTION": FulfillmentState.arranged,
    "IN_TRANSIT": FulfillmentState.shipped,
    "DELIVERED": FulfillmentState.delivered,
    "COMPLETED": FulfillmentState.delivered,
    "CANCELLED": FulfillmentState.not_due,
    "CANCEL": FulfillmentState.not_due,
}
"""`display_status` of a unit."""

ENDED_UNIT = frozenset({"CANCELLED", "CANCEL"})

PACKAGE_STATUS: Mapping[str, FulfillmentState] = {
    "TO_FULFILL": FulfillmentState.to_ship,
    "PROCESSING": FulfillmentState.arranged,
    "FULFILLING": FulfillmentState.shipped,
    "COMPLETED": FulfillmentState.delivered,
    "CANCELLED": FulfillmentState.not_due,
}

SALE_TYPE: Mapping[str, SaleType] = {
    "NORMAL": SaleType.in_stock,
    "ZERO_LOTTERY": SaleType.in_stock,
    "AUCTION": SaleType.in_stock,
    "PRE_ORDER": SaleType.presale,
    "MADE_TO_ORDER": SaleType.presale,
}

ENDED_BY: Mapping[str, EndedBy] = {
    "BUYER": EndedBy.buyer,
    "SELLER": EndedBy.seller,
    "SYSTEM": EndedBy.platform,
    "OPERATOR": EndedBy.platform,
}

OPENED_BY: Mapping[str, OpenedBy] = {word: OpenedBy(by.value) for word, by in ENDED_BY.items()}

CANCEL_TYPES = frozenset({"CANCEL", "BUYER_CANCEL"})

BUYER_CANCEL_REASON: Mapping[str, Why] = _table(
    (
        Why.changed_mind,
        """ecom_order_unpaid_canceled_reason_created_by_mistakes buyer_cancel_need_to_input/change_coupon_code
        buyer_cancel_wrong_item_variation_(colour,_size,_etc.) ecom_order_unpaid_canceled_reason_better_price
        ecom_order_unpaid_canceled_reason_no_longer_needed ecom_order_to_ship_canceled_reason_no_longer_needed
        ecom_order_to_ship_canceled_reason_high_delivery_costs
        ecom_order_to_ship_canceled_reason_discount_not_expected
        ecom_order_to_ship_canceled_reason_change_payment_method""",
    ),
    (Why.wrong_address, "ecom_order_unpaid_canceled_reason_wrong_delivery_info"),
    (Why.seller_asked, "ecom_order_unpaid_canceled_reason_seller_ask_cancel"),
    (Why.late_shipment, "buyer_cancel_late_shipment ecom_order_to_ship_canceled_reason_not_shipped_on_time"),
    (
        Why.other,
        """ecom_order_unpaid_canceled_reason_payment_method_not_available_S
        ecom_order_to_ship_canceled_reason_seller_no_response""",
    ),
)

SELLER_CANCEL_REASON: Mapping[str, EndReason] = _table(
    (EndReason.price_error, "seller_cancel_unpaid_reason_wrong_price seller_cancel_reason_wrong_price"),
    (EndReason.out_of_stock, "seller_cancel_unpaid_reason_out_of_stock seller_cancel_reason_out_of_stock"),
    (
        EndReason.buyer_asked,
        """seller_cancel_unpaid_reason_buyer_requested_cancellation
        seller_cancel_paid_reason_buyer_requested_cancellation""",
    ),
    (EndReason.unpaid, "seller_cancel_unpaid_reason_buyer_hasnt_paid_within_time_allowed"),
    (EndReason.undeliverable_area, "seller_cancel_paid_reason_address_not_deliver"),
    (EndReason.suspected_fraud, "seller_cancel_order_reason_potential_fraud"),
)
"""What a seller in Japan may give; each status takes some of them (section 4.5)."""

_PLATFORM_CANCEL_REASON: Mapping[str, EndReason] = _table(
    (
        EndReason.unpaid,
        """system_cancel_unpaid_time_out ecom_order_unpaid_canceled_reason_not_want_pay
        system_cancel_unpaid_postage""",
    ),
    (EndReason.payment_failed, "system_cancel_payment_capture_failed"),
    (
        EndReason.suspected_fraud,
        """system_cancel_anti_span_block system_cancel_payment_risk_review_failed
        system_cancel_order_reason_coa_rejected_fraud system_cancel_order_reason_potential_fraud
        operator_cancel_risk_control_block""",
    ),
    (EndReason.out_of_stock, "system_cancel_create_valid_order_failed"),
    (EndReason.not_shipped_in_time, "system_cancel_order_reason_shipping_timeout system_cancel_order_untracked"),
    (EndReason.parcel_lost, "package_lost"),
    (
        EndReason.delivery_failed,
        """returned_to_shipper_refused returned_to_shipper_other early_refund_returned_to_shipper
        system_cancel_order_exceed_edt_not_arrive""",
    ),
    (
        EndReason.logistics_failed,
        """system_cancel_cross_border_entry_warehouse_failed_reason2 package_damagaed threepl_breach package_scrap
        package_cancel ecom_cb_sc_out_return""",
    ),
    (
        EndReason.other,
        """platform_cancel system_cancel_add_address_overtime
        system_cancel_order_reason_coa_upload_more_than_24hrs system_cancel_order_reason_coa_2nd_upload_rejected
        system_cancel_order_reason_coa_moderation_more_than_12hrs system_cancel_order_reason_experience_related
        system_cancel_order_reason_nrr_related""",
    ),
)

END_REASON: Mapping[str, EndReason] = {
    **dict.fromkeys(BUYER_CANCEL_REASON, EndReason.buyer_asked),
    **SELLER_CANCEL_REASON,
    **_PLATFORM_CANCEL_REASON,
}
"""Every `cancel_reason` of an order."""

CANCEL_REASON: Mapping[str, Why] = {
    **dict.fromkeys((*SELLER_CANCEL_REASON, *_PLATFORM_CANCEL_REASON), Why.other),
    **BUYER_CANCEL_REASON,
}
"""Every `cancel_reason` of a cancellation; only a buyer's says why a buyer asks."""


class Progress(NamedTuple):
    """What a request's status says. ``goods`` holds for what goes back at all."""

    state: RequestState
    refund: RefundState
    goods: GoodsState = GoodsState.not_returning


_NO_MONEY, _MONEY_COMES, _MONEY_BACK = RefundState.none, RefundState.pending, RefundState.refunded
_ASKED = Progress(RequestState.open, _NO_MONEY)
_REFUSED = Progress(RequestState.refused, _NO_MONEY)  # not final: a dispute may follow (section 5.1)
_WITHDRAWN = Progress(RequestState.withdrawn, _NO_MONEY)
_AGREED = Progress(RequestState.agreed, _MONEY_COMES, GoodsState.received)

CANCEL_STATUS: Mapping[str, Progress] = {
    "CANCELLATION_REQUEST_PENDING": _ASKED,
    "CANCELLATION_REQUEST_SUCCESS": Progress(RequestState.agreed, _MONEY_COMES),
    "CANCELLATION_REQUEST_COMPLETE": Progress(RequestState.done, _MONEY_BACK),
    "CANCELLATION_REQUEST_CANCEL": _WITHDRAWN,  # a rejection ends here too, UNVERIFIED (section 4.4)
    "CANCELLATION_REQUEST_CANCELLED": _WITHDRAWN,  # the webhook's spelling
}

RETURN_STATUS: Mapping[str, Progress] = _table(
    (_ASKED, "RETURN_OR_REFUND_REQUEST_PENDING AWAITING_BUYER_RESPONSE"),
    (_ASKED, "REPLACEMENT_REQUEST_PENDING EXCHANGE_REQUEST_PENDING"),
    (_REFUSED, "REFUND_OR_RETURN_REQUEST_REJECT RETURN_OR_REFUND_REQUEST_REJECT REQUEST_REJECTED"),
    (_REFUSED, "REPLACEMENT_REQUEST_REJECT EXCHANGE_REQUEST_REJECT"),
    (Progress(RequestState.agreed, _NO_MONEY, GoodsState.to_send_back), "AWAITING_BUYER_SHIP"),
    (Progress(RequestState.agreed, _NO_MONEY, GoodsState.sent_back), "BUYER_SHIPPED_ITEM"),
    (
        Progress(RequestState.refused, _NO_MONEY, GoodsState.receipt_refused),
        "REJECT_RECEIVE_PACKAGE RECEIVE_REJECTED",
    ),
    (_AGREED, "RETURN_OR_REFUND_REQUEST_SUCCESS REQUEST_SUCCESS"),
    (
        _WITHDRAWN,
        """RETURN_OR_REFUND_REQUEST_CANCEL RETURN_OR_REFUND_CANCEL RETURN_OR_REFUND__REQUEST_CANCELLED
        RETURN_OR_REFUND_REQUEST_CANCELLED REPLACEMENT_REQUEST_CANCEL EXCHANGE_REQUEST_CANCEL""",
    ),
    (Progress(RequestState.done, _MONEY_BACK, GoodsState.received), "RETURN_OR_REFUND_REQUEST_COMPLETE"),
    (
        Progress(RequestState.done, _MONEY_BACK, GoodsState.unknown),
        "REPLACEMENT_REQUEST_REFUND_SUCCESS EXCHANGE_REQUEST_REFUND_SUCCESS",
    ),
    (
        Progress(RequestState.done, _NO_MONEY, GoodsState.unknown),
        "REPLACEMENT_REQUEST_COMPLETE EXCHANGE_REQUEST_COMPLETE",
    ),
)
"""With the aliases of section 5.1, which official texts use for the same states."""

RETURN_TYPE: Mapping[str, RequestKind] = {
    "REFUND": RequestKind.refund,
    "RETURN_AND_REFUND": RequestKind.return_refund,
    "REPLACEMENT": RequestKind.replacement,
    "EXCHANGE": RequestKind.exchange,
}

ARBITRATION: Mapping[str, DisputeState] = {
    "IN_PROGRESS": DisputeState.judging,
    "SUPPORT_BUYER": DisputeState.decided,
    "SUPPORT_SELLER": DisputeState.decided,
    "CLOSED": DisputeState.decided,
}

RETURN_REASON: Mapping[str, Why] = _table(
    (
        Why.changed_mind,
        """ecom_order_delivered_refund_reason_no_need
        ecom_order_delivered_refund_and_return_reason_no_longer_needed_new""",
    ),
    (
        Why.not_received,
        """ecom_order_delivered_refund_reason_not_received ecom_order_delivered_refund_reason_not_received_seller
        seller_package_lost seller_shipped_refund_package_lost seller_shipped_refund_package_delivery_failed""",
    ),
    (
        Why.late_shipment,
        """ecom_order_shipped_refund_reason_not_arrive_on_time_JP
        ecom_order_delivered_refund_and_return_reason_missed_delivery_date_JP
        ecom_order_delivered_refund_reason_missed_delivery_date_seller
        seller_shipped_refund_miss_estimated_delivery_date""",
    ),
    (
        Why.missing_parts,
        """ecom_order_delivered_refund_reason_missing_product_JP
        ecom_order_delivered_refund_and_return_reason_missing_parts_JP
        ecom_order_delivered_refund_reason_missing_product_seller""",
    ),
    (
        Why.not_as_described,
        """ecom_order_delivered_refund_and_return_reason_not_match_description_JP
        ecom_order_delivered_refund_reason_not_match_description_seller""",
    ),
    (
        Why.damaged,
        "ecom_order_delivered_refund_reason_damaged ecom_order_delivered_refund_reason_damaged_seller",
    ),
    (Why.defective, "ecom_order_delivered_refund_reason_defective"),
    (
        Why.wrong_item,
        """ecom_order_delivered_refund_and_return_reason_wrong_product_JP
        ecom_order_delivered_refund_reason_wrong_product_seller""",
    ),
    (
        Why.other,
        """ecom_order_delivered_refund_reason_general_adjustment
        ecom_seller_order_delivered_refund_reason_return_proxy_app""",
    ),
)

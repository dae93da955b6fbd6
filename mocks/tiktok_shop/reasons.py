"""Reason names of the JP market with their words (API.md 4.5 and 5.7); names are opaque texts."""

from __future__ import annotations

_PAID = {
    "seller_cancel_reason_wrong_price": "Wrong price",
    "seller_cancel_reason_out_of_stock": "Out of stock",
    "seller_cancel_paid_reason_buyer_requested_cancellation": "Buyer requested cancellation",
    "seller_cancel_paid_reason_address_not_deliver": "Can not deliver to the address",
    "seller_cancel_order_reason_potential_fraud": "Potential fraud",
}
_UNPAID = {
    "seller_cancel_unpaid_reason_wrong_price": "Wrong price",
    "seller_cancel_unpaid_reason_out_of_stock": "Out of stock",
    "seller_cancel_unpaid_reason_buyer_requested_cancellation": "Buyer requested cancellation",
    "seller_cancel_unpaid_reason_buyer_hasnt_paid_within_time_allowed": "Buyer has not paid in time",
}
SELLER_CANCEL: dict[str, dict[str, str]] = {
    "UNPAID": _UNPAID,
    "ON_HOLD": _PAID,
    "AWAITING_SHIPMENT": _PAID,
    "PARTIALLY_SHIPPING": _PAID,
    "AWAITING_COLLECTION": _PAID,
}
"""What a seller may say, by order status; whether the status allows a cancellation at all is another question."""

OUT_OF_STOCK = "seller_cancel_reason_out_of_stock"

BUYER_CANCEL = {
    "ecom_order_unpaid_canceled_reason_created_by_mistakes": "Created by mistake",
    "ecom_order_unpaid_canceled_reason_payment_method_not_available_S": "Payment method not available",
    "buyer_cancel_need_to_input/change_coupon_code": "Need to change the coupon code",
    "buyer_cancel_wrong_item_variation_(colour,_size,_etc.)": "Wrong variation",
    "ecom_order_unpaid_canceled_reason_wrong_delivery_info": "Wrong delivery information",
    "ecom_order_unpaid_canceled_reason_better_price": "Better price elsewhere",
    "ecom_order_unpaid_canceled_reason_no_longer_needed": "No longer needed",
    "ecom_order_to_ship_canceled_reason_seller_no_response": "Seller does not respond",
    "ecom_order_unpaid_canceled_reason_seller_ask_cancel": "Seller asked to cancel",
}
NO_LONGER_NEEDED = "ecom_order_unpaid_canceled_reason_no_longer_needed"

SYSTEM_CANCEL = {
    "system_cancel_unpaid_time_out": "Not paid in time",
    "system_cancel_anti_span_block": "Blocked",
    "package_cancel": "Package cancelled",
    "platform_cancel": "Cancelled by the platform",
    "returned_to_shipper_refused": "Refused by the buyer",
    "returned_to_shipper_other": "Package delivery failed",
    "package_damagaed": "Package damaged",
    "package_lost": "Package lost",
    "package_scrap": "Package scrapped",
    "system_cancel_order_reason_shipping_timeout": "Not shipped in time",
    "system_cancel_order_untracked": "No tracking events",
    "system_cancel_order_exceed_edt_not_arrive": "Not arrived in time",
    "system_cancel_payment_capture_failed": "Payment failed",
    "system_cancel_payment_risk_review_failed": "Payment review failed",
    "system_cancel_create_valid_order_failed": "No stock",
}
OPERATOR_CANCEL = {
    "system_cancel_order_reason_potential_fraud": "Potential fraud",
    "system_cancel_order_reason_experience_related": "Experience related",
    "operator_cancel_risk_control_block": "Blocked by risk control",
    "system_cancel_order_reason_nrr_related": "Rate related",
}

BUYER_REFUND = {
    "ecom_order_delivered_refund_reason_no_need": "No longer needed",
    "ecom_order_shipped_refund_reason_not_arrive_on_time_JP": "Not arrived on time",
    "ecom_order_delivered_refund_reason_not_received": "Not received",
    "ecom_order_delivered_refund_reason_missing_product_JP": "Missing product",
    "ecom_order_delivered_refund_and_return_reason_missing_parts_JP": "Missing parts",
    "ecom_order_delivered_refund_and_return_reason_not_match_description_JP": "Does not match the description",
    "ecom_order_delivered_refund_reason_damaged": "Damaged",
    "ecom_order_delivered_refund_reason_defective": "Defective",
    "ecom_order_delivered_refund_and_return_reason_wrong_product_JP": "Wrong product",
    "ecom_order_delivered_refund_and_return_reason_missed_delivery_date_JP": "Missed the delivery date",
}
DAMAGED = "ecom_order_delivered_refund_reason_damaged"
NOT_ARRIVED = "ecom_order_shipped_refund_reason_not_arrive_on_time_JP"

SELLER_REFUND = {
    **{
        f"ecom_order_delivered_refund_reason_{name}_seller": words
        for name, words in (
            ("missing_product", "Missing product"),
            ("not_received", "Not received"),
            ("not_match_description", "Does not match the description"),
            ("damaged", "Damaged"),
            ("wrong_product", "Wrong product"),
            ("missed_delivery_date", "Missed the delivery date"),
        )
    },
    "ecom_order_delivered_refund_reason_general_adjustment": "General adjustment",
    "seller_package_lost": "Package lost",
    "seller_shipped_refund_package_lost": "Package lost",
    "seller_shipped_refund_package_delivery_failed": "Delivery failed",
    "seller_shipped_refund_miss_estimated_delivery_date": "Missed the estimated delivery date",
    "ecom_seller_order_delivered_refund_reason_return_proxy_app": "Returned elsewhere",
}

REJECT_CANCEL = {
    "seller_reject_apply_product_has_been_packed": "Product has been packed",
    "ecom_reverse_reject_cancel_reason_product_packed": "Product packed",
    "seller_reject_apply_unable_to_change_address": "Unable to change the address",
}
REJECT_RETURN = {
    "reverse_reject_refund_request_unclear_evidence_Test": "Unclear evidence",
    "ecom_reverse_reject_refund_request_failed_delivery": "Failed delivery",
    "ecom_reverse_reject_refund_request_package_delivery_multiple_boxes": "Delivered in several boxes",
    "ecom_reverse_reject_refund_request_replacement_shipped": "Replacement shipped",
    "ecom_reverse_reject_apply_buyer_agree_jp": "Agreed with the buyer",
    "seller_reject_apply_reason_delivered_jp": "Delivered",
    "seller_reject_apply_buyers_responsibility_for_incorrect_address": "Incorrect address by the buyer",
    "seller_reject_apply_item_is_correct": "Item is correct.",
    "seller_reject_apply_package_has_not_exceeded_estimated_delivery_time": "Delivery time not exceeded",
    "seller_reject_apply_product_functions_well/buyer_use_in_wrong_way": "Product functions well",
    "seller_reject_apply_reason_is_unclear_or_lack_of_evidence": "Reason is unclear / lack of evidence.",
    "seller_reject_apply_unable_to_change_address": "Unable to change the address",
}

TEXTS: dict[str, str] = {
    **_PAID,
    **_UNPAID,
    **BUYER_CANCEL,
    **SYSTEM_CANCEL,
    **OPERATOR_CANCEL,
    **BUYER_REFUND,
    **SELLER_REFUND,
    **REJECT_CANCEL,
    **REJECT_RETURN,
}
"""The words of every known name."""

_PROBLEMS = {
    "Out of stock": "在庫切れ",
    "Wrong price": "価格の誤り",
    "No longer needed": "不要になった",
    "Damaged": "破損",
    "Not arrived on time": "期日までに届かない",
}


def words(name: str, locale: str) -> str:
    """Give the words of a reason in the asked language; English where there is no translation."""
    english = TEXTS.get(name, name)
    return _PROBLEMS.get(english, english) if locale.startswith("ja") else english

"""Cancellations and returns as the calls show them (API.md 4.2 and 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import reasons
from mocks.tiktok_shop.model import text_of

if TYPE_CHECKING:
    from mocks.tiktok_shop.model import Cancellation, Return, Unit


def amounts(currency: str, total: int, shipping: int) -> dict[str, str]:
    """Show a refund: total, goods and shipping as decimal texts."""
    return {
        "currency": currency,
        "refund_total": text_of(total, currency),
        "refund_subtotal": text_of(total - shipping, currency),
        "refund_shipping_fee": text_of(shipping, currency),
        "refund_tax": text_of(0, currency),
    }


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "order_line_item_id": unit.line_item_id,
        "sku_id": unit.sku_id,
        "sku_name": unit.variation,
        "product_name": unit.title,
        "seller_sku": unit.sku,
        "product_image": {"url": f"https://img.invalid/{unit.sku_id}.jpg", "width": 200, "height": 200},
    }


def line_id(request_id: str, number: int) -> str:
    """Number a line of a cancellation or return."""
    return str(int(request_id) + number + 1)


def cancellation_json(one: Cancellation, locale: str) -> dict[str, Any]:
    """Show a cancellation; one of an unpaid order has no refund."""
    currency = one.order.currency
    shown: dict[str, Any] = {
        "cancel_id": one.cancel_id,
        "order_id": one.order.order_id,
        "cancel_type": one.kind,
        "cancel_status": one.status,
        "role": one.role,
        "cancel_reason": one.reason,
        "cancel_reason_text": reasons.words(one.reason, locale),
        "create_time": one.created,
        "update_time": one.updated,
        "should_replenish_stock": one.restock and not one.pending,
        "cancel_line_items": [
            {"cancel_line_item_id": line_id(one.cancel_id, number), **_unit(unit)}
            for number, unit in enumerate(one.units)
        ],
    }
    if one.pending:
        shown["seller_next_action_response"] = [{"action": "SELLER_RESPOND_BUYER_CANCEL", "deadline": one.deadline}]
    if one.order.paid is not None:
        shown["refund_amount"] = amounts(currency, one.refund, one.refund - sum(unit.price for unit in one.units))
    return shown


def return_json(one: Return, locale: str) -> dict[str, Any]:
    """Show a return; what does not apply is left out."""
    currency = one.order.currency
    shown: dict[str, Any] = {
        "return_id": one.return_id,
        "order_id": one.order.order_id,
        "return_type": one.kind,
        "return_status": one.status,
        "arbitration_status": one.arbitration,
        "role": one.role,
        "return_reason": one.reason,
        "return_reason_text": reasons.words(one.reason, locale),
        "shipment_type": one.shipment_type,
        "handover_method": one.handover_method,
        "return_method": "PLATFORM_SHIPPED" if one.tracking_number else "",
        "return_tracking_number": one.tracking_number,
        "return_provider_id": one.provider_id,
        "return_provider_name": one.provider,
        "seller_proposed_return_type": "PARTIAL_REFUND" if one.offered else "",
    }
    shown = {name: value for name, value in shown.items() if value}
    shown |= {
        "can_buyer_keep_item": one.keep_item,
        "is_combined_return": False,
        "combined_return_id": "0",
        "is_quick_refund": one.quick,
        "create_time": one.created,
        "update_time": one.updated,
        "refund_amount": amounts(currency, one.amount, one.shipping_part),
        "return_line_items": [
            {
                "return_line_item_id": line_id(one.return_id, number),
                **_unit(unit),
                "refund_amount": amounts(currency, unit.price, 0),
            }
            for number, unit in enumerate(one.units)
        ],
    }
    shown["discount_amount"] = [
        {
            "currency": currency,
            "product_seller_discount": text_of(sum(unit.seller_discount for unit in one.units), currency),
            "product_platform_discount": text_of(sum(unit.platform_discount for unit in one.units), currency),
            "shipping_fee_seller_discount": text_of(0, currency),
            "shipping_fee_platform_discount": text_of(0, currency),
        }
    ]
    if one.shipment_type:
        paid = {f"{who}_paid_return_shipping_fee": text_of(0, currency) for who in ("buyer", "seller")}
        fee = {"platform_paid_return_shipping_fee": text_of(one.order.shipping_fee, currency)}
        shown["shipping_fee_amount"] = [{"currency": currency, **paid, **fee}]
        shown["return_warehouse_address"] = {"full_address": "見本県見本市倉庫1-1"}
    if one.partial is not None:
        shown["partial_refund"] = {"currency": currency, "amount": text_of(one.partial, currency)}
        shown["buyer_rejected_partial_refund"] = one.offer_refused
    if one.action:
        shown["seller_next_action_response"] = [{"action": one.action, "deadline": one.deadline}]
    return shown

"""The simulator's own truth about its orders, in a neutral shape that is not TikTok Shop's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import cancelling
from mocks.tiktok_shop.model import text_of
from mocks.tiktok_shop.wire import display_status

if TYPE_CHECKING:
    from mocks.tiktok_shop.model import Cancellation, Order, Return, Unit
    from mocks.tiktok_shop.world import World

PHASES = {
    "UNPAID": "unpaid",
    "ON_HOLD": "on_hold",
    "AWAITING_SHIPMENT": "awaiting_shipment",
    "PARTIALLY_SHIPPING": "in_transit",
    "AWAITING_COLLECTION": "awaiting_collection",
    "IN_TRANSIT": "in_transit",
    "DELIVERED": "delivered",
    "COMPLETED": "completed",
    "CANCELLED": "cancelled",
}


def phase(order: Order) -> str:
    """Give the canonical phase: in transit once a part has left."""
    left = any(package.collected_at is not None for package in order.live_packages())
    if left and order.status == "AWAITING_COLLECTION":
        return "in_transit"
    return PHASES[order.status]


def order_truth(world: World, order: Order) -> dict[str, Any]:
    """Render one order: money as decimal text in major units, times as unix seconds or null."""
    currency = order.currency
    request = order.request
    return {
        "id": order.order_id,
        "store": order.shop.shop_id,
        "status": order.status,
        "phase": phase(order),
        "region": order.shop.region,
        "currency": currency,
        "cod": False,
        "cancellable": cancelling.seller_can_cancel(world, order) and request is None,
        "times": {
            "created": order.created,
            "updated": order.updated,
            "paid": order.paid,
            "ship_by": order.ship_by,
            "pickup_done": order.collected,
            "delivered": order.delivered,
            "completed": order.completed,
            "cancelled": order.cancelled,
            "auto_cancel": order.shipping_due,
        },
        "money": {
            "total": text_of(order.total, currency),
            "shipping": text_of(order.shipping_fee, currency),
            "refunded": text_of(order.refunded, currency),
        },
        "lines": [_line(order, units) for units in _kinds(order)],
        "units": [_unit(order, unit) for unit in order.units],
        "packages": [
            {
                "number": package.package_id,
                "status": package.status,
                "tracking_number": package.tracking_number or None,
                "carrier": package.provider if package.tracking_number else None,
                "line_item_ids": list(package.unit_ids),
            }
            for package in order.packages
        ],
        "cancellation": _request(request) if request is not None else None,
        "cancellations": [_cancellation(one) for one in order.cancellations],
        "returns": [_return(one) for one in order.returns],
        "ended": {"by": order.ended_by, "reason": order.end_reason} if order.cancelled is not None else None,
        "buyer_id": order.buyer.user_id,
        "shipping_type": order.shipping_type,
        "fulfillment_type": order.fulfillment_type,
        "held": order.held,
        "replaces": order.replaces or None,
        "replacement": order.replacement or None,
    }


def _kinds(order: Order) -> list[list[Unit]]:
    kinds: dict[tuple[str, int, int, bool], list[Unit]] = {}
    for unit in order.units:
        kinds.setdefault((unit.sku_id, unit.original_price, unit.price, unit.gift), []).append(unit)
    return list(kinds.values())


def _asked_back(order: Order, unit: Unit) -> bool:
    return any(unit in one.units for one in order.open_returns())


def _asked_to_cancel(order: Order, unit: Unit) -> bool:
    return order.request is not None and unit in order.request.units


def _line(order: Order, units: list[Unit]) -> dict[str, Any]:
    first = units[0]
    return {
        "product_id": first.product_id,
        "sku_id": first.sku_id,
        "line_item_ids": sorted(unit.line_item_id for unit in units),
        "sku": first.sku,
        "title": first.title,
        "variation": first.variation,
        "gift": first.gift,
        "quantity": len(units),
        "cancel_requested": sum(_asked_to_cancel(order, unit) for unit in units),
        "cancelled": sum(unit.cancelled for unit in units),
        "return_requested": sum(_asked_back(order, unit) for unit in units),
        "returned": sum(unit.returned for unit in units),
        "price": text_of(first.price, order.currency),
    }


def _unit(order: Order, unit: Unit) -> dict[str, Any]:
    return {
        "line_item_id": unit.line_item_id,
        "sku_id": unit.sku_id,
        "status": display_status(order, unit),
        "cancel_requested": _asked_to_cancel(order, unit),
        "cancelled": unit.cancelled,
        "return_requested": _asked_back(order, unit),
        "returned": unit.returned,
        "price": text_of(unit.price, order.currency),
    }


def _request(one: Cancellation) -> dict[str, Any]:
    return {
        "cancel_id": one.cancel_id,
        "opened_at": one.created,
        "answer_by": one.deadline,
        "reason": one.reason,
    }


def _cancellation(one: Cancellation) -> dict[str, Any]:
    return {
        "cancel_id": one.cancel_id,
        "type": one.kind,
        "status": one.status,
        "role": one.role,
        "reason": one.reason,
        "opened_at": one.created,
        "answer_by": one.deadline,
        "ended_as": one.ended_as or None,
        "refund_amount": text_of(one.refund, one.order.currency),
        "line_item_ids": [unit.line_item_id for unit in one.units],
    }


def _return(one: Return) -> dict[str, Any]:
    return {
        "return_sn": one.return_id,
        "return_id": one.return_id,
        "status": one.status,
        "solution": one.kind,
        "role": one.role,
        "reason": one.reason,
        "refund_amount": text_of(one.amount, one.order.currency),
        "due_date": one.deadline if one.action else None,
        "tracking_number": one.tracking_number or None,
        "arbitration_status": one.arbitration or None,
        "line_item_ids": [unit.line_item_id for unit in one.units],
    }

"""The simulator's own truth about its orders, in a neutral shape that is not Shopee's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.shopee import machine
from mocks.shopee.model import major

if TYPE_CHECKING:
    from mocks.shopee.model import Line, Order, Return
    from mocks.shopee.world import World

PHASES = {
    "UNPAID": "unpaid",
    "PENDING": "on_hold",
    "INVOICE_PENDING": "on_hold",
    "READY_TO_SHIP": "awaiting_shipment",
    "RETRY_SHIP": "awaiting_shipment",
    "PROCESSED": "awaiting_collection",
    "SHIPPED": "in_transit",
    "TO_CONFIRM_RECEIVE": "delivered",
    "TO_RETURN": "delivered",
    "COMPLETED": "completed",
    "CANCELLED": "cancelled",
}


def phase(order: Order) -> str:
    """Give the canonical phase: in transit once a part has left, what the parcels show while a request waits."""
    if order.status in {"PROCESSED", "READY_TO_SHIP", "RETRY_SHIP", "IN_CANCEL"} and order.pickup_done is not None:
        return "in_transit"
    if order.status == "IN_CANCEL":
        arranged = all(package.arranged for package in order.live_packages())
        return "awaiting_collection" if arranged else "awaiting_shipment"
    return PHASES[order.status]


def order_truth(world: World, order: Order) -> dict[str, Any]:
    """Render one order: money as decimal text in major units, times as unix seconds or null."""
    currency = order.currency
    payable = order.paid is not None or (order.cod and order.status != "UNPAID")
    request = order.request
    return {
        "id": order.sn,
        "store": str(order.shop_id),
        "status": order.status,
        "phase": phase(order),
        "region": order.region,
        "currency": currency,
        "cod": order.cod,
        "cancellable": machine.seller_can_cancel(order),
        "times": {
            "created": order.created,
            "updated": order.updated,
            "paid": order.paid,
            "ship_by": order.ship_by,
            "pickup_done": order.pickup_done,
            "delivered": order.delivered,
            "completed": order.completed,
            "cancelled": order.cancelled,
        },
        "money": {
            "total": str(major(order.total, currency)) if payable else None,
            "estimated_shipping": str(major(order.shipping_fee, currency)),
        },
        "lines": [_line(order, line) for line in order.lines],
        "packages": [
            {
                "number": package.number,
                "status": package.status,
                "tracking_number": package.tracking_number or None,
                "carrier": package.carrier,
            }
            for package in order.packages
        ],
        "cancellation": (
            {"opened_at": request.opened_at, "answer_by": request.answer_by, "reason": request.reason}
            if request is not None
            else None
        ),
        "returns": [_return(one) for one in world.returns_of(order)],
        "ended": ({"by": order.cancel_by, "reason": order.cancel_reason} if order.cancelled is not None else None),
    }


def _line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "item_id": str(line.item_id),
        "model_id": str(line.model_id),
        "order_item_id": str(line.order_item_id),
        "promotion_group_id": str(line.promotion_group_id),
        "sku": line.sku or line.item_sku,
        "title": line.title,
        "quantity": line.quantity,
        "cancel_requested": line.cancel_requested,
        "cancelled": line.cancelled,
        "return_requested": line.return_requested,
        "returned": line.returned,
        "price": None if line.in_bundle else str(major(line.price, order.currency)),
    }


def _return(one: Return) -> dict[str, Any]:
    return {
        "return_sn": one.sn,
        "status": one.status,
        "solution": one.solution,
        "reason": one.reason,
        "refund_amount": str(major(one.amount, one.order.currency)),
        "due_date": one.due_date,
        "tracking_number": one.tracking_number or None,
        "negotiation_status": one.negotiation,
    }

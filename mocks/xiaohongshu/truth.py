"""The simulator's own truth about its orders, in a neutral shape that is not the platform's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu.after_sale_machine import seller_due
from mocks.xiaohongshu.model import Kind, Status, yuan_text

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import AfterSale, Line, Order, Parcel

PHASES = {
    Status.UNPAID: "unpaid",
    Status.PROCESSING: "on_hold",
    Status.CUSTOMS: "on_hold",
    Status.TO_SHIP: "awaiting_shipment",
    Status.PARTLY_SHIPPED: "in_transit",
    Status.SHIPPED: "in_transit",
    Status.EXCHANGING: "in_transit",
    Status.COMPLETED: "completed",
    Status.CLOSED: "closed",
    Status.CANCELLED: "cancelled",
}


def phase(order: Order) -> str:
    """Give the canonical phase; a shipped order is delivered once every parcel has its delivery scan."""
    if order.status == Status.SHIPPED and order.delivered is not None:
        return "delivered"
    return PHASES[order.status]


def order_truth(order: Order) -> dict[str, Any]:
    """Render one order: money as decimal text in yuan, times as unix seconds or null."""
    waiting = order.open_after_sale
    asked = waiting if waiting is not None and waiting.kind == Kind.REFUND_UNSHIPPED else None
    return {
        "id": order.order_id,
        "store": order.seller_id,
        "status": str(int(order.status)),
        "phase": phase(order),
        "phase_shown": PHASES[order.status],
        "currency": "CNY",
        "order_type": order.order_type,
        "original_order_id": order.original_order_id or None,
        "cross_border": order.logistics_mode != 1,
        "cancel_status": order.cancel_status,
        "after_sale_status": order.after_sale_status,
        "held": order.held,
        "times": {
            "created": order.created,
            "updated": order.updated_ms // 1000,
            "paid": order.paid,
            "ship_by": order.ship_by,
            "shipped": order.shipped,
            "delivered": order.delivered,
            "completed": order.completed,
            "cancelled": order.cancelled,
        },
        "updated_ms": order.updated_ms,
        "money": {"total": yuan_text(order.total), "shipping": yuan_text(order.shipping_fee)},
        "lines": [_line(line) for line in order.lines],
        "packages": [_parcel(order, parcel) for parcel in order.parcels],
        "open_address_id": order.receiver.open_address_id,
        "remark": {"text": order.seller_remark, "flag": order.remark_flag, "operator": order.remark_operator},
        "tags": list(order.tags),
        "cancellation": (
            {
                "returns_id": asked.returns_id,
                "opened_at": asked.applied_at,
                "answer_by": seller_due(asked),
                "reason": asked.reason,
            }
            if asked is not None
            else None
        ),
        "returns": [_after_sale(one) for one in order.after_sales],
        "ended": {"by": order.ended_by, "reason": order.end_reason} if order.cancelled is not None else None,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "sku_id": line.sku_id,
        "item_id": line.item_id,
        "sku": line.erp_code or None,
        "barcode": line.sc_sku_code,
        "title": line.title,
        "variant": line.spec,
        "quantity": line.quantity,
        "cancel_requested": line.cancel_requested,
        "cancelled": line.cancelled,
        "return_requested": line.return_requested,
        "returned": line.returned,
        "price": yuan_text(line.paid),
        "list_price": yuan_text(line.list_price),
        "paid": yuan_text(line.paid * line.quantity),
        "gift": line.gift,
    }


def _parcel(order: Order, parcel: Parcel) -> dict[str, Any]:
    units = {line.sku_id: line.quantity for line in order.lines}
    return {
        "number": parcel.delivery_order_id,
        "index": parcel.index,
        "status": parcel.state,
        "tracking_number": parcel.express_no or None,
        "carrier": parcel.express_code or None,
        "lines": [{"sku_id": sku, "quantity": units[sku]} for sku in parcel.sku_ids],
        "shipped": parcel.shipped_at,
        "delivered": parcel.delivered_at,
    }


def _after_sale(one: AfterSale) -> dict[str, Any]:
    return {
        "returns_id": one.returns_id,
        "type": int(one.kind),
        "status": str(int(one.stage)),
        "refund_status": one.refund_status,
        "reason_id": one.reason_id,
        "reason": one.reason,
        "request_from": one.request_from,
        "tag": one.tag,
        "refund_amount": yuan_text(one.expected),
        "refunded": yuan_text(one.refunded),
        "opened_at": one.applied_at,
        "updated": one.updated_ms // 1000,
        "updated_ms": one.updated_ms,
        "due_date": seller_due(one),
        "refund_time": one.refund_time,
        "tracking_number": one.back_no or None,
        "exchange_tracking_number": one.exchange_no or None,
        "exchange_order": one.exchange_order_id or None,
        "close_reason": one.close_reason or None,
        "lines": [{"sku_id": sku, "quantity": count} for sku, count in one.applied.items()],
    }

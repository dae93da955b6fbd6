"""What an order looks like as rows of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.orders.documents import document_of, request_document
from gateway.orders.phase import phase_of
from gateway.storage.moments import to_micros, to_micros_or_none

Row = dict[str, Any]


def order_row(order: Order, as_of: Mapping[str, datetime], version: int, now: int) -> Row:
    """Return the row of `orders`."""
    return {
        "store": order.store,
        "order_id": order.order_id,
        "raw_status": order.raw_status,
        "phase": phase_of(order).value,
        "payment": order.payment.value,
        "fulfillment": order.fulfillment.value,
        "closure": order.closure.value,
        "region": order.region,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "placed_at": to_micros(order.placed_at),
        "updated_at": to_micros(order.updated_at),
        "paid_at": to_micros_or_none(order.paid_at),
        "ship_by": to_micros_or_none(order.ship_by),
        "ended_at": to_micros_or_none(order.ended_at),
        "ended_by": None if order.ended_by is None else order.ended_by.value,
        "end_reason": None if order.end_reason is None else order.end_reason.value,
        "document": document_of(order, as_of),
        "version": version,
        "seen_at": now,
        "changed_at": now,
    }


def line_rows(order: Order) -> list[Row]:
    """Return the rows of `order_lines`."""
    return [
        {
            "store": order.store,
            "order_id": order.order_id,
            "line_id": line.line_id,
            "sku": line.sku,
            "title": line.title,
            "quantity": line.quantity,
            "cancel_requested": line.cancel_requested,
            "cancelled": line.cancelled,
            "return_requested": line.return_requested,
            "returned": line.returned,
            "unit_price_minor": line.unit_price_minor,
        }
        for line in order.lines
    ]


def request_row(request: AfterSale) -> Row:
    """Return the row of `after_sales`, without the platform's raw words."""
    return {
        "store": request.store,
        "request_id": request.request_id,
        "order_id": request.order_id,
        "kind": request.kind.value,
        "state": request.state.value,
        "raw_status": request.raw_status,
        "opened_at": to_micros(request.opened_at),
        "updated_at": to_micros(request.updated_at),
        "answer_by": to_micros_or_none(request.answer_by),
        "currency": request.currency,
        "refund_minor": request.refund_minor,
        "document": request_document(request),
        "sealed_raw": None,
    }

"""What an order looks like as rows of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.orders import deadlines
from gateway.orders.documents import document_of, request_document
from gateway.orders.phase import phase_of
from gateway.storage.moments import to_micros, to_micros_or_none
from gateway.storage.words import title_row

Row = dict[str, Any]


def order_row(order: Order, as_of: Mapping[str, datetime], version: int, now: int) -> Row:
    """Return the row of `orders`, with the deadline of the order alone; see `refresh_due` for its requests'."""
    phase = phase_of(order)
    due_at = to_micros_or_none(deadlines.nearest(deadlines.of_order(order, phase)))
    return {
        "store": order.store,
        "order_id": order.order_id,
        "raw_status": order.raw_status,
        "phase": phase.value,
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
        "own_due_at": due_at,
        "due_at": due_at,
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
            "title_key": None if (title := title_row(line.title)) is None else title[0],
        }
        for line in order.lines
    ]


def title_rows(titles: Iterable[str]) -> list[Row]:
    """Return the rows of `titles`, each once."""
    told = {row for title in titles if (row := title_row(title)) is not None}
    return [{"key": key, "folded": folded} for key, folded in told]


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
        "due_at": to_micros_or_none(deadlines.nearest(deadlines.of_request(request))),
        "currency": request.currency,
        "refund_minor": request.refund_minor,
        "document": request_document(request),
        "sealed_raw": None,
    }

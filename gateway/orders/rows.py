"""What an order looks like as rows of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.orders import deadlines
from gateway.orders.documents import request_document
from gateway.orders.phase import phase_of
from gateway.storage.moments import to_micros, to_micros_or_none
from gateway.storage.titles import title_row

Row = dict[str, Any]
Values = tuple[Any, ...]


def order_values(order: Order) -> Values:
    """Return the columns of `orders` that the order alone decides, in the order of the table; see `order_row`.

    The last one is the deadline of the order alone; what its requests demand is `writing`'s to add.
    """
    phase = phase_of(order)
    return (
        order.store,
        order.order_id,
        order.raw_status,
        phase.value,
        order.payment.value,
        order.fulfillment.value,
        order.closure.value,
        order.region,
        order.currency,
        order.total_minor,
        to_micros(order.placed_at),
        to_micros(order.updated_at),
        to_micros_or_none(order.paid_at),
        to_micros_or_none(order.ship_by),
        to_micros_or_none(order.ended_at),
        None if order.ended_by is None else order.ended_by.value,
        None if order.end_reason is None else order.end_reason.value,
        to_micros_or_none(deadlines.nearest(deadlines.of_order(order, phase))),
    )


def order_row(values: Values, document: bytes, version: int, now: int) -> Values:
    """Return the row of `orders`: what `order_values` gave, and what is known only when it is written."""
    due_at = values[-1]
    return (*values[:-1], document, version, now, now, due_at, due_at)


def line_rows(order: Order) -> list[Values]:
    """Return the rows of `order_lines`, in the order of the table."""
    store, order_id = order.store, order.order_id
    return [
        (
            store,
            order_id,
            line.line_id,
            line.sku,
            line.title,
            line.quantity,
            line.cancel_requested,
            line.cancelled,
            line.return_requested,
            line.returned,
            line.unit_price_minor,
            None if (title := title_row(line.title)) is None else title[0],
        )
        for line in order.lines
    ]


TITLE = 4
"""Where a row of `order_lines` holds the title."""


def title_rows(titles: Iterable[str]) -> list[Values]:
    """Return the rows of `titles`, each once."""
    return list({row for title in titles if (row := title_row(title)) is not None})


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

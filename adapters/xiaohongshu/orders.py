"""Reading Xiaohongshu's orders: the list by creation or update time, and orders whole (API.md section 4).

The detail takes one order a call and the list tells too little, so a batch is one detail each, one call for the
receivers of those that wait to be shipped, and one for their masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.xiaohongshu import words
from adapters.xiaohongshu.client import read
from adapters.xiaohongshu.mapping import Unmappable, order_fields
from adapters.xiaohongshu.pages import SIZE, Span, after, spans_of, token_of
from adapters.xiaohongshu.payloads import (
    OrderRow,
    Receiver,
    fields_at_fault,
    milliseconds,
    object_of,
    order_row,
    rows_of,
    text_of,
    whole_of,
)
from adapters.xiaohongshu.personal import Masks, read_masks, read_receivers
from gateway.errors import DataError, NotFound
from gateway.model.order import Order
from gateway.model.store import Store
from gateway.ports import BadItem, Call, Channel, OrderBatch, OrderPage, RawItem, Unmapped, Window
from gateway.transport.json import encode

_LIST, _DETAIL = "order.getOrderList", "order.getOrderDetail"
_MOST_PAGES = 100
_IN_SECONDS = 1000
"""The list takes seconds, though every time in its answer is milliseconds."""

TIME_TYPES = {"created": 1, "updated": 2}


@cache
def _order() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def list_call(span: Span, window: Window) -> Call:
    """Return the call for one page of orders."""
    return read(
        _LIST,
        {
            "startTime": span.start,
            "endTime": span.end,
            "timeType": TIME_TYPES[window.by],
            "pageNo": max(span.page, 1),
            "pageSize": SIZE,
        },
    )


def detail_call(order_id: str) -> Call:
    """Return the call for one order."""
    return read(_DETAIL, {"orderId": order_id})


async def list_orders(channel: Channel, window: Window, page: str | None) -> OrderPage:
    """Return one page of order numbers. Raises DataError when the answer cannot be followed."""
    spans = spans_of(page, *(milliseconds(moment) // _IN_SECONDS for moment in (window.start, window.end)))
    content = object_of(await channel.send(list_call(spans[0], window)), _LIST)
    ids = [text_of(row, "orderId") for row in rows_of(content, "orderList", _LIST)]
    if not all(ids):
        raise DataError("A row of Xiaohongshu's order list has no `orderId`. Nothing was read; ask again.")
    rows = whole_of(content, "total")
    if rows is None:
        raise DataError(f"Xiaohongshu's answer to {_LIST} has no `total`. Nothing was read; ask again.")
    counts, left = after(spans, rows, _MOST_PAGES)
    return OrderPage(ids=list(dict.fromkeys(ids)) if counts else (), next_page=token_of(left))


async def fetch_orders(channel: Channel, ids: Sequence[str]) -> OrderBatch:
    """Return the orders named, one after another, with what may be told of their receivers."""
    rows: list[OrderRow] = []
    raws: list[bytes] = []
    bad: list[BadItem] = []
    missing: list[str] = []
    for order_id in dict.fromkeys(ids):
        try:
            answer = await channel.send(detail_call(order_id))
        except NotFound:
            missing.append(order_id)
            continue
        raw = answer.body
        try:
            content = object_of(answer, _DETAIL)
            raw = encode(content)
            rows.append(order_row().validate_python(content))
        except (ValidationError, DataError) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(order_id, reason, raw))
        else:
            raws.append(raw)
    waiting = [row for row in rows if row.get("orderStatus") in words.WAITS_TO_SHIP]
    receivers = await read_receivers(channel, waiting) if waiting else {}
    masks = await read_masks(channel, receivers) if receivers else {}
    return _batch(rows, raws, channel.store, receivers, masks, bad, missing)


def _batch(
    rows: Sequence[OrderRow],
    raws: Sequence[bytes],
    store: Store,
    receivers: Mapping[str, Receiver],
    masks: Masks,
    bad: list[BadItem],
    missing: Sequence[str],
) -> OrderBatch:
    orders: list[Order] = []
    kept: list[RawItem] = []
    unmapped: list[Unmapped] = []
    for row, raw in zip(rows, raws, strict=True):
        order_id = row.get("orderId") or ""
        try:
            fields, strange = order_fields(row, store, receivers.get(order_id), masks)
            orders.append(_order().validate_python(fields))
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(order_id, reason, raw))
            continue
        kept.append(RawItem(order_id, raw))
        unmapped += strange
    return OrderBatch(orders=orders, raws=kept, bad=bad, missing=missing, unmapped=unmapped)


async def read_order(channel: Channel, order_id: str) -> OrderRow:
    """Return one order as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    content: dict[str, Any] = object_of(await channel.send(detail_call(order_id)), _DETAIL)
    try:
        return order_row().validate_python(content)
    except ValidationError as fault:
        raise DataError(f"Xiaohongshu's order {order_id} cannot be read: {fields_at_fault(fault)}") from None

"""Reading TikTok Shop's orders: the list by update time, which gives them whole, and up to 50 by number (section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.manifest import MANIFEST
from adapters.tiktok_shop.mapping import Unmappable, order_fields
from adapters.tiktok_shop.payloads import (
    OrderRow,
    content_of,
    fields_at_fault,
    order_row,
    raw_bytes,
    rows_of,
    text_of,
)
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.order import Order
from gateway.model.store import Store
from gateway.ports import BadItem, Channel, OrderBatch, OrderPage, RawItem, Unmapped, Window


@cache
def _order() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def updated_within(window: Window, widest: timedelta) -> dict[str, int]:
    """Return the filter by update time: the start included, the end not (section 3.1).

    Raises InvalidRequest for a window wider than we ask for; the platform names no widest one.
    """
    if window.end - window.start > widest:
        raise InvalidRequest(f"A list of TikTok Shop's is asked for {widest.days} days at most. Split the window.")
    return {"update_time_ge": int(window.start.timestamp()), "update_time_lt": int(window.end.timestamp()) + 1}


async def list_orders(channel: Channel, window: Window, page: str | None) -> OrderPage:
    """Return one page of whole orders, the oldest change first. Raises DataError when the answer cannot be read."""
    limits = MANIFEST.limits
    query = {"page_size": str(limits.order_page), "sort_field": "update_time", "sort_order": "ASC"}
    asked = call(
        "order.search",
        query={**query, **({"page_token": page} if page else {})},
        body=updated_within(window, limits.order_window),
    )
    content = content_of(await channel.send(asked), asked.operation)
    rows = rows_of(content, "orders", asked.operation)
    batch = read_orders(rows, channel.store, ())
    ids = [number for row in rows if isinstance(row, dict) and (number := text_of(row, "id"))]
    return OrderPage(ids, text_of(content, "next_page_token") or None, batch)


async def fetch_orders(channel: Channel, ids: Sequence[str]) -> OrderBatch:
    """Return up to 50 orders. A number of another shop may refuse the whole call: then it is found by halving."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return OrderBatch()
    try:
        return read_orders(await _rows(channel, wanted), channel.store, wanted)
    except NotFound:
        if len(wanted) == 1:
            return OrderBatch(missing=wanted)
    middle = len(wanted) // 2
    one, two = await fetch_orders(channel, wanted[:middle]), await fetch_orders(channel, wanted[middle:])
    return OrderBatch(
        orders=[*one.orders, *two.orders],
        raws=[*one.raws, *two.raws],
        bad=[*one.bad, *two.bad],
        missing=[*one.missing, *two.missing],
        unmapped=[*one.unmapped, *two.unmapped],
    )


async def _rows(channel: Channel, ids: Sequence[str]) -> list[Any]:
    asked = call("order.detail", query={"ids": ",".join(ids)})
    return rows_of(content_of(await channel.send(asked), asked.operation), "orders", asked.operation)


def read_orders(rows: Sequence[Any], store: Store, wanted: Sequence[str]) -> OrderBatch:
    """Return the batch that decoded orders mean. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    orders: list[Order] = []
    raws: list[RawItem] = []
    bad: list[BadItem] = []
    unmapped: list[Unmapped] = []
    for row in rows:
        raw = raw_bytes(row)
        try:
            fields, strange = order_fields(order_row().validate_json(raw), store)
            order = _order().validate_python(fields)
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(text_of(row, "id") if isinstance(row, dict) else "", reason, raw))
            continue
        orders.append(order)
        raws.append(RawItem(order.order_id, raw))
        unmapped += strange
    found = {one.external_id for one in raws} | {each.external_id for each in bad}
    return OrderBatch(orders, raws, bad, [number for number in wanted if number not in found], unmapped)


async def read_order(channel: Channel, order_id: str) -> OrderRow:
    """Return one order as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    for row in await _rows(channel, [order_id]):
        if isinstance(row, dict) and text_of(row, "id") == order_id:
            try:
                return order_row().validate_python(row)
            except ValidationError as fault:
                raise DataError(f"Order {order_id} cannot be read: {fields_at_fault(fault)}") from None
    raise NotFound(f"TikTok Shop does not know order {order_id} in this shop. Check the number and the shop.")

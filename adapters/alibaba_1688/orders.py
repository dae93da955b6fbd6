"""Reading orders: a list by update time, and one order whole, from the side of the store (API.md sections 5.1 to 5.5).

The list tells the basics only, so it gives numbers. It keeps the last months and the older orders apart (`isHis`);
both are read, the present ones first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.alibaba_1688.client import read, wire_date
from adapters.alibaba_1688.manifest import MANIFEST, PAGE
from adapters.alibaba_1688.mapping import order_fields
from adapters.alibaba_1688.paging import Place, next_place, place_of
from adapters.alibaba_1688.payloads import (
    OrderRow,
    body_of,
    dict_of,
    fields_at_fault,
    order_row,
    raw_bytes,
    rows_of,
    text_of,
)
from adapters.alibaba_1688.values import Unmappable
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.order import Order
from gateway.model.store import Role, Store
from gateway.ports import BadItem, Call, Channel, OrderBatch, OrderPage, RawItem, Window

SITE = "1688"
_DETAIL_FIELDS = "NativeLogistics,GuaranteesTerms,OrderInvoice"


@cache
def _order() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def listing(store: Store) -> str:
    """Return the list call of the store's side."""
    return "alibaba.trade.getSellerOrderList" if store.role is Role.seller else "alibaba.trade.getBuyerOrderList"


def detail(store: Store) -> str:
    """Return the detail call of the store's side."""
    return f"alibaba.trade.get.{store.role}View"


def list_call(store: Store, window: Window, place: Place) -> Call:
    """Return the call for one page of either table."""
    return read(
        listing(store),
        {
            "modifyStartTime": wire_date(window.start),
            "modifyEndTime": wire_date(window.end),
            "isHis": place.old,
            "page": str(place.page),
            "pageSize": str(PAGE),
        },
    )


def detail_call(store: Store, order_id: str) -> Call:
    """Return the call for one whole order. Raises InvalidRequest when its number is none."""
    if not (order_id.isascii() and order_id.isdigit()):
        raise InvalidRequest("The number of a 1688 order is digits alone. Take it from the order as read.")
    return read(detail(store), {"webSite": SITE, "orderId": order_id, "includeFields": _DETAIL_FIELDS})


async def list_orders(channel: Channel, window: Window, page: str | None) -> OrderPage:
    """Return one page of numbers. Raises InvalidRequest for a window wider than the manifest's."""
    check_width(window)
    place = place_of(page, first=1)
    call = list_call(channel.store, window, place)
    body = body_of(await channel.send(call))
    rows = rows_of(body, "result", call.operation, optional=text_of(body, "totalRecord") == "0")
    total = text_of(body, "totalRecord")
    following = next_place(place, len(rows), int(total) if total.isdigit() else None, first=1)
    if following is None and not place.old:
        following = Place(1, old=True)
    return OrderPage([number for number in map(_number, rows) if number], None if following is None else str(following))


def check_width(window: Window) -> None:
    """Raise InvalidRequest for a window wider than the manifest's, which the platform itself leaves open."""
    if window.end - window.start > MANIFEST.limits.order_window:
        raise InvalidRequest("A list on 1688 is asked for 90 days at most: split the window.")


def _number(row: dict[str, Any]) -> str:
    base = row.get("baseInfo")
    return text_of(base, "idOfStr") or text_of(base, "id") if isinstance(base, dict) else ""


async def fetch_orders(channel: Channel, ids: Sequence[str]) -> OrderBatch:
    """Return the order named (`limits.order_batch` is 1; several are read one after another)."""
    batch = OrderBatch()
    for order_id in dict.fromkeys(ids):
        try:
            result = await _read(channel, order_id)
        except NotFound:
            batch = _joined(batch, OrderBatch(missing=[order_id]))
        else:
            batch = _joined(batch, map_order(result, channel.store, order_id))
    return batch


def map_order(result: dict[str, Any], store: Store, asked: str) -> OrderBatch:
    """Return what one TradeInfo means. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    raw = raw_bytes(result)
    try:
        fields, unmapped = order_fields(order_row().validate_python(result), store)
        order = _order().validate_python(fields)
    except (ValidationError, Unmappable) as fault:
        reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
        return OrderBatch(bad=[BadItem(_number(result) or asked, reason, raw)])
    return OrderBatch(orders=[order], raws=[RawItem(order.order_id, raw)], unmapped=unmapped)


async def read_order(channel: Channel, order_id: str) -> OrderRow:
    """Return one order as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    try:
        return order_row().validate_python(await _read(channel, order_id))
    except ValidationError as fault:
        raise DataError(f"1688's order {order_id} cannot be read: {fields_at_fault(fault)}") from None


async def _read(channel: Channel, order_id: str) -> dict[str, Any]:
    call = detail_call(channel.store, order_id)
    return dict_of(body_of(await channel.send(call)), "result", call.operation)


def _joined(first: OrderBatch, second: OrderBatch) -> OrderBatch:
    return OrderBatch(
        orders=[*first.orders, *second.orders],
        raws=[*first.raws, *second.raws],
        bad=[*first.bad, *second.bad],
        missing=[*first.missing, *second.missing],
        unmapped=[*first.unmapped, *second.unmapped],
    )

"""Reading Shopee's orders: the list by update time, and up to 50 orders whole (API.md section 5).

The fast layout: orders are validated as TypedDicts from the page's bytes (`pages`), mapped dict to dict, and
validated once more as canonical orders. One bad order never sinks its page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapters.shopee.client import read
from adapters.shopee.lines import Unmappable, tracked_packages
from adapters.shopee.mapping import OPTIONAL_FIELDS, order_fields
from adapters.shopee.pages import Told, read_page, told_by
from adapters.shopee.payloads import OrderRow, content_of, fields_at_fault, order_rows, rows_of, text_of
from gateway.errors import DataError, MissingScope, NotFound, PlatformError
from gateway.model.order import Order
from gateway.model.store import Store
from gateway.ports import BadItem, Call, Channel, OrderBatch, OrderPage, RawItem, Unmapped, Window

_LIST, _DETAIL, _PACKAGES = "order.get_order_list", "order.get_order_detail", "order.get_package_detail"


@cache
def _order() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def list_call(window: Window, page: str | None) -> Call:
    """Return the call for one page of order numbers, whole seconds, cursor handed back verbatim."""
    start = int(window.start.timestamp())
    return read(
        _LIST,
        time_range_field="update_time",
        time_from=start,
        time_to=max(int(window.end.timestamp()), start + 1),  # the platform wants from < to
        page_size=100,
        cursor=page or "",
        request_order_status_pending="true",
    )


def detail_call(ids: Sequence[str]) -> Call:
    """Return the call for up to 50 whole orders."""
    return read(
        _DETAIL,
        order_sn_list=",".join(ids),
        response_optional_fields=OPTIONAL_FIELDS,
        request_order_status_pending="true",
    )


def package_call(numbers: Sequence[str]) -> Call:
    """Return the call for up to 50 parcels, the only place of tracking numbers."""
    return read(_PACKAGES, package_number_list=",".join(numbers))


async def list_orders(channel: Channel, window: Window, page: str | None) -> OrderPage:
    """Return one page of order numbers. Raises DataError when the answer cannot be followed."""
    content = content_of(await channel.send(list_call(window, page)), _LIST)
    ids = [
        text_of(row, "order_sn")
        for row in rows_of(content, "order_list", _LIST)
        if isinstance(row, dict) and text_of(row, "order_sn")
    ]
    if not content.get("more"):
        return OrderPage(ids, None)
    cursor = content.get("next_cursor")
    if not isinstance(cursor, str) or not cursor:
        raise DataError(f"Shopee's answer to {_LIST} says there is more, but gives no cursor. Ask again.")
    return OrderPage(ids, cursor)


async def fetch_orders(channel: Channel, ids: Sequence[str]) -> OrderBatch:
    """Return up to 50 orders with their tracking numbers: one call, and one more for parcels on their way.

    The platform refuses a whole batch for one unknown number, so a refused batch is halved until that one is found.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return OrderBatch()
    try:
        answer = await channel.send(detail_call(wanted))
    except NotFound:
        if len(wanted) == 1:
            return OrderBatch(missing=wanted)
        middle = len(wanted) // 2
        return _joined(await fetch_orders(channel, wanted[:middle]), await fetch_orders(channel, wanted[middle:]))
    _, told = read_page(answer, _DETAIL)
    return orders_told(told, channel.store, wanted, await _tracking(channel, told.rows))


def read_orders(listed: Sequence[Any], store: Store, wanted: Sequence[str], tracking: Mapping[str, str]) -> OrderBatch:
    """Return the batch a decoded `order_list` means. Pure. Never raises: what cannot be mapped goes to ``bad``."""
    return orders_told(told_by(listed), store, wanted, tracking)


def orders_told(told: Told, store: Store, wanted: Sequence[str], tracking: Mapping[str, str]) -> OrderBatch:
    """Return the batch that the orders of a page mean, and which of the ``wanted`` are not among them.

    Pure. Never raises: what cannot be mapped goes to ``bad``. ``tracking`` holds tracking numbers by parcel.
    """
    orders: list[Order] = []
    raws: list[RawItem] = []
    bad = list(told.bad)
    unmapped: list[Unmapped] = []
    validate = _order().validator.validate_python
    # one after another: what is made for an order is reused for the next while the processor still has it at hand
    for row, raw in zip(told.rows, told.raws, strict=True):
        try:
            fields, strange = order_fields(row, store, tracking)
            order = validate(fields, extra="ignore")  # what the platform's rows hold beyond the canonical names
        except (ValidationError, Unmappable) as fault:
            reason = fields_at_fault(fault) if isinstance(fault, ValidationError) else str(fault)
            bad.append(BadItem(row.get("order_sn") or "", reason, raw))
            continue
        orders.append(order)
        raws.append(RawItem(order.order_id, raw))
        unmapped += strange
    found = {one.external_id for one in raws} | {each.external_id for each in bad}
    missing = [order_id for order_id in wanted if order_id not in found]
    return OrderBatch(orders=orders, raws=raws, bad=bad, missing=missing, unmapped=unmapped)


async def _tracking(channel: Channel, rows: Sequence[OrderRow]) -> dict[str, str]:
    """Read tracking numbers by parcel. One refused stays unknown: the order is worth more than its parcels."""
    numbers = tracked_packages(rows)
    tracking: dict[str, str] = {}
    for start in range(0, len(numbers), 50):
        for package in await _packages(channel, numbers[start : start + 50]):
            if isinstance(package, dict) and text_of(package, "package_number"):
                tracking[text_of(package, "package_number")] = text_of(package, "tracking_number")
    return tracking


async def _packages(channel: Channel, numbers: Sequence[str]) -> list[Any]:
    try:
        answer = await channel.send(package_call(numbers))
    except NotFound:
        if len(numbers) == 1:
            return []
        middle = len(numbers) // 2
        return [*await _packages(channel, numbers[:middle]), *await _packages(channel, numbers[middle:])]
    except (PlatformError, MissingScope):
        return []
    return rows_of(content_of(answer, _PACKAGES), "package_list", _PACKAGES)


def _joined(first: OrderBatch, second: OrderBatch) -> OrderBatch:
    return OrderBatch(
        orders=[*first.orders, *second.orders],
        raws=[*first.raws, *second.raws],
        bad=[*first.bad, *second.bad],
        missing=[*first.missing, *second.missing],
        unmapped=[*first.unmapped, *second.unmapped],
    )


async def read_order(channel: Channel, order_id: str) -> OrderRow:
    """Return one order as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    content = content_of(await channel.send(detail_call([order_id])), "order.get_order_detail")
    try:
        rows = order_rows().validate_python(rows_of(content, "order_list", "order.get_order_detail"))
    except ValidationError as fault:
        raise DataError(f"Shopee's order {order_id} cannot be read: {fields_at_fault(fault)}") from None
    for row in rows:
        if row.get("order_sn") == order_id:
            return row
    raise NotFound(f"Shopee does not know order {order_id} in this shop. Check the number and the shop.")

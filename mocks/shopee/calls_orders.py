"""Order reads, notes and splitting (API.md section 5)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from mocks.shopee import machine
from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.wire import content_rows, order_detail, package_detail, shown_status

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import LineKey, Order, Package
    from mocks.shopee.params import Params

FILTERS = {
    "UNPAID",
    "READY_TO_SHIP",
    "PROCESSED",
    "SHIPPED",
    "COMPLETED",
    "IN_CANCEL",
    "CANCELLED",
    "INVOICE_PENDING",
}
SPAN = 15 * 86_400


def _cursor(at: int, sn: str) -> str:
    return base64.urlsafe_b64encode(f"{at}/{sn}".encode()).decode().rstrip("=")


def _after(cursor: str) -> tuple[int, str]:
    try:
        at, sn = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("/")
        return int(at), sn
    except (ValueError, binascii.Error) as error:
        raise wrong("cursor is invalid.") from error


def get_order_list(ctx: Context, params: Params) -> Reply:
    """List a shop's orders of a window of at most 15 days, newest first."""
    by = params.choice("time_range_field", ("create_time", "update_time"))
    start, end = params.number("time_from"), params.number("time_to")
    size = params.page_size()
    status = params.optional_choice("order_status", FILTERS)
    optional = params.names("response_optional_fields")
    pending = params.flag("request_order_status_pending")
    if start >= end or end - start > SPAN:
        raise ApiError("order.order_list_invalid_time")
    found = []
    for order in ctx.world.orders.values():
        at = order.created if by == "create_time" else order.updated
        if order.shop_id != ctx.shop.shop_id or not start <= at <= end:
            continue
        if not status or shown_status(order, pending=pending) == status:
            found.append((at, order.sn))
    found.sort(reverse=True)
    cursor = params.optional_text("cursor")
    if cursor:
        mark = _after(cursor)
        found = [one for one in found if one < mark]
    page = found[:size]
    more = len(found) > size
    rows: list[dict[str, Any]] = []
    for _, sn in page:
        row = {"order_sn": sn}
        if "order_status" in optional:
            row["order_status"] = shown_status(ctx.world.orders[sn], pending=pending)
        rows.append(row)
    return Reply({"more": more, "next_cursor": _cursor(*page[-1]) if more else "", "order_list": rows})


def get_order_detail(ctx: Context, params: Params) -> Reply:
    """Show up to 50 orders; one unknown or foreign order refuses the call."""
    sns = params.names("order_sn_list")
    if not sns:
        raise required("order_sn_list")
    if len(sns) > 50:
        raise wrong("order_sn_list must be 50 or less.")
    wanted = set(params.names("response_optional_fields"))
    pending = params.flag("request_order_status_pending")
    rows = [order_detail(ctx.world, ctx.order(sn), wanted, pending=pending) for sn in dict.fromkeys(sns)]
    return Reply({"order_list": rows})


def get_shipment_list(ctx: Context, params: Params) -> Reply:
    """List the parcels of orders that wait for the seller to arrange shipment."""
    size = params.page_size()
    cursor = params.optional_text("cursor")
    found = [
        (order.created, f"{order.sn}~{package.number}")
        for order, package in _packages(ctx)
        if order.status in {"READY_TO_SHIP", "RETRY_SHIP"} and not package.arranged
    ]
    found.sort(reverse=True)
    if cursor:
        mark = _after(cursor)
        found = [one for one in found if one < mark]
    page = found[:size]
    more = len(found) > size
    rows = [dict(zip(("order_sn", "package_number"), name.split("~"), strict=True)) for _, name in page]
    return Reply({"order_list": rows, "more": more, "next_cursor": _cursor(*page[-1]) if more else ""})


def _packages(ctx: Context) -> list[tuple[Order, Package]]:
    return [
        (order, package)
        for order in ctx.world.orders.values()
        if order.shop_id == ctx.shop.shop_id
        for package in order.live_packages()
    ]


def _stage(order: Order, package: Package) -> int:
    if order.status == "PENDING" or package.status == "LOGISTICS_NOT_START":
        return 1
    if order.status in machine.NOT_SHIPPED and not package.arranged:
        return 2
    return 3 if order.status == "PROCESSED" else 0


def search_package_list(ctx: Context, params: Params) -> Reply:
    """Search a shop's parcels by stage: 0 all, 1 pending, 2 to process (default), 3 processed."""
    wanted = params.inner("filter")
    stage = wanted.optional_number("package_status", 2) if wanted else 2
    if stage not in {0, 1, 2, 3}:
        raise wrong("package_status is invalid.")
    paging = params.inner("pagination")
    if paging is None:
        raise required("pagination")
    size = paging.page_size()
    cursor = paging.optional_text("cursor")
    found = [
        (package.updated, package.number, order, package)
        for order, package in _packages(ctx)
        if stage in {0, _stage(order, package)}
    ]
    found.sort(key=lambda one: one[:2], reverse=True)
    rest = [one for one in found if one[:2] < _after(cursor)] if cursor else found
    page = rest[:size]
    more = len(rest) > size
    rows = [
        {
            "order_sn": order.sn,
            "package_number": package.number,
            "logistics_status": package.status,
            "logistics_channel_id": package.channel_id,
            "ship_by_date": order.ship_by or 0,
            "is_shipment_arranged": package.arranged,
        }
        for _, _, order, package in page
    ]
    ending = _cursor(page[-1][0], page[-1][1]) if more else ""
    paged = {"total_count": len(found), "next_cursor": ending, "more": more}
    return Reply({"packages_list": rows, "pagination": paged})


def get_package_detail(ctx: Context, params: Params) -> Reply:
    """Show up to 50 parcels."""
    numbers = params.names("package_number_list")
    if not numbers:
        raise required("package_number_list")
    if len(numbers) > 50:
        raise wrong("package_number_list must be 50 or less.")
    known = {package.number: (order, package) for order, package in _packages(ctx)}
    if any(number not in known for number in numbers):
        raise ApiError("error_not_found", "Wrong parameters, detail: the package is not found.")
    return Reply({"package_list": [package_detail(ctx.world, *known[number]) for number in numbers]})


def set_note(ctx: Context, params: Params) -> Reply:
    """Keep a seller's note on an order."""
    order = ctx.order(params.text("order_sn"))
    order.note = params.optional_text("note")
    order.noted_at = ctx.world.now()
    machine.touch(ctx.world, order)
    ctx.applied(order.sn)
    return Reply()


def line_keys(order: Order, rows: list[Params]) -> dict[LineKey, int]:
    """Read rows of item_id, model_id, model_quantity (and the bundle ids) into quantities per line.

    Outside bundles order_item_id and promotion_group_id may be left away or 0; ApiError when a row names no
    line, or more than one.
    """
    units: dict[LineKey, int] = {}
    for row in rows:
        item, model, quantity = row.number("item_id"), row.number("model_id"), row.number("model_quantity")
        order_item = row.optional_number("order_item_id", 0)
        group = row.optional_number("promotion_group_id", 0)
        lines = [
            line
            for line in order.lines
            if (line.item_id, line.model_id) == (item, model)
            and order_item in {0, line.order_item_id}
            and group in {0, line.promotion_group_id}
        ]
        if len(lines) != 1:
            found = "names no line of the order" if not lines else "needs order_item_id and promotion_group_id"
            raise wrong(f"item_id {item} model_id {model} {found}.")
        units[lines[0].key] = units.get(lines[0].key, 0) + quantity
    return units


def split_order(ctx: Context, params: Params) -> Reply:
    """Split an order into two to five parcels (30 in TW) that together hold everything."""
    order = ctx.order(params.text("order_sn"))
    rows = params.rows("package_list")
    limit = 30 if order.region == "TW" else 5
    if order.status != "READY_TO_SHIP" or any(package.arranged for package in order.packages):
        raise ApiError("error_param", "Only READY_TO_SHIP orders can be split.")
    if not 2 <= len(rows) <= limit:
        raise wrong(f"package_list must hold 2 to {limit} parcels.")
    parts = [line_keys(order, row.rows("item_list")) for row in rows]
    together: dict[LineKey, int] = {}
    for part in parts:
        for key, quantity in part.items():
            together[key] = together.get(key, 0) + quantity
    wanted = {line.key: line.active for line in order.lines if line.active}
    if together != wanted or any(quantity < 1 for part in parts for quantity in part.values()) or not all(parts):
        raise wrong("the parcels must hold every unit of the order exactly once.")
    order.packages = [machine.new_package(ctx.world, order, part) for part in parts]
    order.split = True
    machine.touch(ctx.world, order)
    ctx.applied(order.sn)
    made = [
        {"package_number": package.number, "item_list": content_rows(package.content)} for package in order.packages
    ]
    return Reply({"order_sn": order.sn, "package_list": made})


def unsplit_order(ctx: Context, params: Params) -> Reply:
    """Join the parcels of a split order again."""
    order = ctx.order(params.text("order_sn"))
    if order.status != "READY_TO_SHIP" or not order.split or any(package.arranged for package in order.packages):
        raise ApiError("error_param", "Only split READY_TO_SHIP orders can be unsplit.")
    content = {line.key: line.active for line in order.lines if line.active}
    order.packages = [machine.new_package(ctx.world, order, content)]
    order.split = False
    machine.touch(ctx.world, order)
    ctx.applied(order.sn)
    return Reply({"order_sn": order.sn})


CALLS = {
    "order/get_order_list": Call("GET", "shop", get_order_list),
    "order/get_order_detail": Call("GET", "shop", get_order_detail),
    "order/get_shipment_list": Call("GET", "shop", get_shipment_list),
    "order/search_package_list": Call("POST", "shop", search_package_list),
    "order/get_package_detail": Call("GET", "shop", get_package_detail),
    "order/set_note": Call("POST", "shop", set_note),
    "order/split_order": Call("POST", "shop", split_order),
    "order/unsplit_order": Call("POST", "shop", unsplit_order),
}

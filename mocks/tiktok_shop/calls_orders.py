"""Order search and detail (API.md 3.1 and 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop.calling import Call, page_of
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.wire import order_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Order
    from mocks.tiktok_shop.params import Params

STATUSES = {
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
}
MOST_IDS = 50
MOST_WAREHOUSES = 100


def within(params: Params, created: int, updated: int) -> bool:
    """Say whether two instants lie in the asked windows; `ge` counts, `lt` does not."""
    return windows(params)(created, updated)


def windows(params: Params) -> Callable[[int, int], bool]:
    """Give `within` for the windows asked for, read once for many rows."""
    bounds = [(params.number(f"{name}_ge"), params.number(f"{name}_lt")) for name in ("create_time", "update_time")]

    def inside(*moments: int) -> bool:
        return all(
            (start is None or start <= at) and (end is None or at < end)
            for at, (start, end) in zip(moments, bounds, strict=True)
        )

    return inside


def sorting(query: Params) -> tuple[str, bool]:
    """Give the field to sort by and whether the newest comes first."""
    field = query.choice("sort_field", ("create_time", "update_time"), "create_time")
    return field, query.choice("sort_order", ("ASC", "DESC"), "ASC") == "DESC"


def search(ctx: Context) -> dict[str, Any]:
    """List a shop's orders, whole; paging stands in the query, filters in the body."""
    size = ctx.query.page_size(100, None)
    field, descending = sorting(ctx.query)
    fits = _filter(ctx.body)
    rows = [
        (order.created if field == "create_time" else order.updated, order.order_id)
        for order in ctx.world.orders.values()
        if order.shop is ctx.shop and fits(order)
    ]
    names, token, total = page_of(ctx.query, rows, size=size, descending=descending)
    return {
        "next_page_token": token,
        "total_count": total,
        "orders": [order_json(ctx.world.orders[name]) for name in names],
    }


def _filter(body: Params) -> Callable[[Order], bool]:
    status = body.choice("order_status", STATUSES, "")
    shipping = body.choice("shipping_type", ("TIKTOK", "SELLER", "TIKTOK_DIGITAL"), "")
    buyer = body.optional("buyer_user_id")
    asked = body.flag("is_buyer_request_cancel")
    warehouses = body.texts("warehouse_ids", MOST_WAREHOUSES)
    inside = windows(body)

    def fits(order: Order) -> bool:
        return (
            (not status or order.status == status)
            and (not shipping or order.shipping_type == shipping)
            and (not buyer or order.buyer.user_id == buyer)
            and (asked is None or (order.request is not None) is asked)
            and (not warehouses or order.shop.warehouse_id in warehouses)
            and inside(order.created, order.updated)
        )

    return fits


def detail(ctx: Context) -> dict[str, Any]:
    """Show up to 50 orders by id, joined by commas or as a repeated key."""
    given = [one.strip() for text in ctx.repeated.get("ids", []) for one in text.split(",") if one.strip()]
    wanted = list(dict.fromkeys(given))
    if not wanted:
        raise ctx.query.wrong("ids is required")
    if len(wanted) > MOST_IDS:
        raise ctx.query.wrong(f"ids takes at most {MOST_IDS}")
    shown = []
    for order_id in wanted:
        order = ctx.world.orders.get(order_id)
        if order is not None and order.shop is ctx.shop:
            shown.append(order_json(order))
        elif (ctx.world.style.unknown_order if order is None else ctx.world.style.foreign_order) == "error":
            raise ApiError(21008111)
    return {"orders": shown}


CALLS = [
    Call("POST", "order/orders/search", search, "seller.order.info", 36009004),
    Call("GET", "order/orders", detail, "seller.order.info", 36009004),
]

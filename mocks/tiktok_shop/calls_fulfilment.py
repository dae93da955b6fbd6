"""Parcels: shipping, the seller's own carrier, tracking (API.md 1 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import machine
from mocks.tiktok_shop.calling import Call, page_of
from mocks.tiktok_shop.calls_orders import sorting, within
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.wire import package_json

if TYPE_CHECKING:
    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Order, Package
    from mocks.tiktok_shop.params import Params

SCOPE = "seller.fulfillment.basic"
WRONG = 21001001
PACKAGE_STATUSES = {"TO_FULFILL", "PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"}


def own_package(ctx: Context, package_id: str) -> tuple[Order, Package]:
    """Give the shop's parcel with its order, or refuse."""
    order = ctx.world.packages.get(package_id)
    if order is None or order.shop is not ctx.shop:
        raise ApiError(21011001)
    return order, next(one for one in order.packages if one.package_id == package_id)


def ship(ctx: Context) -> dict[str, Any]:
    """Arrange the shipment of one parcel."""
    order, package = own_package(ctx, ctx.path["package_id"])
    _ship(ctx, order, package, ctx.body)
    ctx.applied(order.order_id)
    return {}


def ship_batch(ctx: Context) -> dict[str, Any]:
    """Arrange several parcels; those that fail are listed."""
    rows = ctx.body.rows("packages")
    if not rows:
        raise ctx.body.wrong("packages is required")
    errors = []
    for row in rows:
        try:
            order, package = own_package(ctx, row.text("id"))
            _ship(ctx, order, package, row)
            ctx.applied(order.order_id)
        except ApiError as error:
            detail = {"package_id": row.optional("id")}
            errors.append({"code": error.code, "message": error.text, "detail": detail})
    return {"errors": errors} if errors else {}


def _ship(ctx: Context, order: Order, package: Package, body: Params) -> None:
    _check_shippable(order, package)
    if order.fulfillment_type != "FULFILLMENT_BY_SELLER":
        raise body.wrong("the parcel is shipped by the platform's warehouse")
    if order.shipping_type == "TIKTOK":
        handover = body.choice("handover_method", ("PICKUP", "DROP_OFF"))
        slot = body.inner("pickup_slot")
        if handover == "PICKUP" and (slot is None or not slot.number("start_time") or not slot.number("end_time")):
            raise body.wrong("pickup_slot is required for PICKUP")
        machine.arrange(ctx.world, order, package, handover=handover)
        return
    own = body.inner("self_shipment")
    if own is None:
        raise body.wrong("self_shipment is required")
    machine.arrange(
        ctx.world, order, package, tracking=own.text("tracking_number"), provider=own.text("shipping_provider_id")
    )


def _check_shippable(order: Order, package: Package) -> None:
    if package.status == "CANCELLED":
        raise ApiError(21011001)
    if package.status != "TO_FULFILL":
        raise ApiError(21011006)
    busy = {unit.line_item_id for one in order.open_returns() for unit in one.units}
    if order.request is not None or busy & set(package.unit_ids):
        raise ApiError(21011007)


def mark_shipped(ctx: Context) -> dict[str, Any]:
    """Tell that an order was handed to the seller's own carrier; its waiting parcels get the number."""
    order = ctx.order(ctx.path["order_id"], unknown=WRONG, foreign=21008111)
    number, provider = _number(ctx.body)
    wanted = {
        *ctx.body.texts("order_line_item_ids"),
        *(row.text("order_line_id") for row in ctx.body.rows("order_line_list")),
    }
    if order.shipping_type != "SELLER":
        raise ctx.body.wrong("only orders with seller shipping")
    live = [one for one in order.live_packages() if not wanted or wanted & set(one.unit_ids)]
    if not live:
        raise ApiError(21011001)
    waiting = [one for one in live if one.status == "TO_FULFILL"] or live[:1]
    for package in waiting:
        _check_shippable(order, package)
    for package in waiting:
        machine.arrange(ctx.world, order, package, tracking=number, provider=provider)
    ctx.applied(order.order_id)
    first = waiting[0]
    return {"order_id": order.order_id, "package_id": first.package_id, "order_line_item_ids": list(first.unit_ids)}


def _number(body: Params) -> tuple[str, str]:
    """Read number and carrier: beside each other, or (202610) in the first row of `shipping_info_list`."""
    told = next(iter(body.rows("shipping_info_list")), body)
    return told.text("tracking_number"), told.text("shipping_provider_id")


def update_package(ctx: Context) -> dict[str, Any]:
    """Change number and carrier of an arranged parcel of seller shipping."""
    order, package = own_package(ctx, ctx.path["package_id"])
    _update(ctx, order, [package])
    return {}


def update_order(ctx: Context) -> dict[str, Any]:
    """Change number and carrier of every arranged parcel of an order of seller shipping."""
    order = ctx.order(ctx.path["order_id"], unknown=WRONG, foreign=21008111)
    _update(ctx, order, [one for one in order.live_packages() if one.tracking_number])
    return {}


def _update(ctx: Context, order: Order, packages: list[Package]) -> None:
    number, provider = _number(ctx.body)
    if order.shipping_type != "SELLER" or not packages or any(one.status != "PROCESSING" for one in packages):
        raise ctx.body.wrong("only parcels of seller shipping that were arranged and have not left")
    for package in packages:
        package.tracking_number, package.provider_id = number, provider
        package.updated = ctx.world.now()
    order.updated = max(order.updated, ctx.world.now())
    ctx.applied(order.order_id)


def search(ctx: Context) -> dict[str, Any]:
    """List a shop's parcels."""
    size = ctx.query.page_size(50, None)
    field, descending = sorting(ctx.query)
    status = ctx.body.choice("package_status", PACKAGE_STATUSES, "")
    found = {
        package.package_id: package
        for order in ctx.world.orders.values()
        if order.shop is ctx.shop
        for package in order.packages
        if (not status or package.status == status) and within(ctx.body, package.created, package.updated)
    }
    rows = [(one.created if field == "create_time" else one.updated, name) for name, one in found.items()]
    names, token, total = page_of(ctx.query, rows, size=size, descending=descending)
    shown = [_row(package_json(ctx.world.packages[name], found[name])) for name in names]
    return {"packages": shown, "total_count": total, "next_page_token": token}


_ROW = (
    "orders",
    "order_line_item_ids",
    "tracking_number",
    "shipping_provider_id",
    "shipping_provider_name",
    "create_time",
    "update_time",
)


def _row(shown: dict[str, Any]) -> dict[str, Any]:
    rest = {name: shown[name] for name in _ROW if name in shown}
    return {"id": shown["package_id"], "status": shown["package_status"], **rest}


def detail(ctx: Context) -> dict[str, Any]:
    """Show one parcel."""
    return package_json(*own_package(ctx, ctx.path["package_id"]))


def tracking(ctx: Context) -> dict[str, Any]:
    """Tell what happened to the parcels of an order, the newest first."""
    order = ctx.order(ctx.path["order_id"], unknown=WRONG, foreign=21008111)
    events = sorted((event for package in order.packages for event in package.history), reverse=True)
    return {
        "tracking": [
            {"description": words, "update_time_millis": at, "action_code": code} for at, code, words in events
        ]
    }


CALLS = [
    Call("POST", "fulfillment/packages/{package_id}/ship", ship, SCOPE, WRONG),
    Call("POST", "fulfillment/packages/ship", ship_batch, SCOPE, WRONG),
    Call("POST", "fulfillment/orders/{order_id}/packages", mark_shipped, SCOPE, WRONG),
    Call("POST", "fulfillment/packages/search", search, SCOPE, WRONG),
    Call("GET", "fulfillment/packages/{package_id}", detail, SCOPE, WRONG),
    Call("POST", "fulfillment/packages/{package_id}/shipping_info/update", update_package, SCOPE, WRONG),
    Call("POST", "fulfillment/orders/{order_id}/shipping_info/update", update_order, SCOPE, WRONG),
    Call("GET", "fulfillment/orders/{order_id}/tracking", tracking, SCOPE, WRONG),
]

"""Shipping calls (API.md section 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocks.shopee import machine
from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.model import DAY

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import Order, Package, Shop
    from mocks.shopee.params import Params
    from mocks.shopee.world import World

WAYS = ("pickup", "dropoff", "non_integrated")
ON_ROAD_WORDS = {
    "LOGISTICS_REQUEST_CREATED": "ORDER_CREATED",
    "LOGISTICS_PICKUP_DONE": "PICKED_UP",
    "LOGISTICS_PICKUP_RETRY": "PICKUP_RETRY",
    "LOGISTICS_DELIVERY_DONE": "DELIVERED",
    "LOGISTICS_DELIVERY_FAILED": "FAILED_DELIVERED",
    "LOGISTICS_COD_REJECTED": "FAILED_DELIVERED",
    "LOGISTICS_LOST": "LOST",
    "LOGISTICS_REQUEST_CANCELED": "CANCELED",
    "LOGISTICS_INVALID": "CANCELED",
}
"""The words of a tracking event, which differ from those of the parcel."""


def _package(order: Order, params: Params) -> Package:
    wanted = params.optional_text("package_number")
    found = [package for package in order.packages if wanted in {"", package.number}]
    if not found:
        raise ApiError("error_not_found", "Wrong parameters, detail: the package is not found.")
    if len(found) > 1:
        raise required("package_number")
    return found[0]


def pickup_address(shop: Shop) -> int:
    """Give the id of the shop's one pickup address."""
    return shop.shop_id % 1000 + 1000


def pickup_slots(world: World) -> list[dict[str, Any]]:
    """List the carrier's next three mornings."""
    midnight = world.now() - world.now() % DAY
    slots = []
    for number in range(1, 4):
        date = midnight + number * DAY
        text = f"{datetime.fromtimestamp(date, UTC):%Y-%m-%d} 09:00-12:00"
        slots.append({"date": date, "time_text": text, "pickup_time_id": str(date), "flags": []})
    slots[0]["flags"] = ["recommended"]
    return slots


def get_shipping_parameter(ctx: Context, params: Params) -> Reply:
    """Tell how the parcel may be shipped: pickup with an address and a slot, or drop-off."""
    order = ctx.order(params.text("order_sn"))
    package = _package(order, params)
    if order.status != "RETRY_SHIP":
        _check_shippable(order, package)
    place = {
        "address_id": pickup_address(ctx.shop),
        "region": ctx.shop.region,
        "state": "",
        "city": f"Sample City {ctx.shop.region}",
        "district": "",
        "town": "",
        "address": "1 Warehouse Lane",
        "zipcode": "00001",
        "address_flag": ["default_address", "pickup_address", "return_address"],
        "time_slot_list": pickup_slots(ctx.world),
    }
    return Reply(
        {
            "info_needed": {"pickup": ["address_id", "pickup_time_id"], "dropoff": [], "non_integrated": None},
            "pickup": {"address_list": [place]},
            "dropoff": {"branch_list": None, "slug_list": None},
        }
    )


def _check_shippable(order: Order, package: Package) -> None:
    if order.status == "CANCELLED":
        raise ApiError("error_status")
    if order.status in {"IN_CANCEL", "TO_RETURN"}:
        raise ApiError("logistics.error_order_state")
    if package.arranged or order.pickup_done is not None:
        raise ApiError("logistics.error_param", "Order has been shipped.")
    if order.status != "READY_TO_SHIP":
        raise ApiError("logistics.error_param")


def ship_order(ctx: Context, params: Params) -> Reply:
    """Arrange the shipment of a parcel in exactly one way; the answer has no `response`."""
    order = ctx.order(params.text("order_sn"))
    if params.values.get("package_number") == "":
        raise wrong("package_number should not be empty.")
    package = _package(order, params)
    _check_shippable(order, package)
    chosen = [way for way in WAYS if params.inner(way) is not None]
    if len(chosen) != 1:
        raise ApiError("logistics.error_param", "Exactly one of pickup, dropoff and non_integrated is needed.")
    detail = params.inner(chosen[0])
    tracking_number = ""
    if detail is not None and chosen[0] == "pickup":
        _check_pickup(ctx, detail)
    elif detail is not None and chosen[0] == "non_integrated":
        tracking_number = detail.text("tracking_number")
    machine.arrange(ctx.world, order, package, tracking_number)
    ctx.applied(order.sn)
    return Reply()


def _check_pickup(ctx: Context, detail: Params) -> None:
    if detail.number("address_id") != pickup_address(ctx.shop):
        raise ApiError("logistics.error_param", "The address_id is invalid.")
    known = {slot["pickup_time_id"] for slot in pickup_slots(ctx.world)}
    if detail.text("pickup_time_id") not in known:
        raise ApiError("logistics.error_param", "The pickup_time_id is invalid.")


def get_tracking_number(ctx: Context, params: Params) -> Reply:
    """Give a parcel's tracking number, empty until it exists; the further ones only when asked for."""
    order = ctx.order(params.text("order_sn"))
    package = _package(order, params)
    asked = set(params.names("response_optional_fields"))
    shown: dict[str, Any] = {"tracking_number": package.tracking_number, "hint": "", "pickup_code": ""}
    for name in ("plp_number", "first_mile_tracking_number", "last_mile_tracking_number"):
        if name in asked:
            shown[name] = ""
    if not package.tracking_number and package.arranged:
        shown["hint"] = "The tracking number is not ready yet, please try again later."
    return Reply(shown)


def get_tracking_info(ctx: Context, params: Params) -> Reply:
    """Tell a parcel's way so far, newest first."""
    order = ctx.order(params.text("order_sn"))
    package = _package(order, params)
    events = [
        {"update_time": at, "description": words, "logistics_status": ON_ROAD_WORDS.get(status, status)}
        for at, status, words in reversed(package.history)
    ]
    return Reply(
        {
            "order_sn": order.sn,
            "package_number": package.number,
            "logistics_status": package.status,
            "tracking_info": events,
        }
    )


def update_shipping_order(ctx: Context, params: Params) -> Reply:
    """Arrange the pickup anew after the carrier came in vain."""
    order = ctx.order(params.text("order_sn"))
    detail = params.inner("pickup")
    if detail is None:
        raise required("pickup")
    if order.status != "RETRY_SHIP":
        raise ApiError("logistics.error_param", "The order status is not RETRY_SHIP.")
    _check_pickup(ctx, detail)
    for package in order.live_packages():
        if package.status == "LOGISTICS_PICKUP_RETRY":
            machine.arrange(ctx.world, order, package, package.tracking_number)
    ctx.applied(order.sn)
    return Reply()


CALLS = {
    "logistics/get_shipping_parameter": Call("GET", "shop", get_shipping_parameter),
    "logistics/ship_order": Call("POST", "shop", ship_order),
    "logistics/get_tracking_number": Call("GET", "shop", get_tracking_number),
    "logistics/get_tracking_info": Call("GET", "shop", get_tracking_info),
    "logistics/update_shipping_order": Call("POST", "shop", update_shipping_order),
}

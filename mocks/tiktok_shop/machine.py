"""How an order lives: payment, the hour on hold, parcels, delivery, and the platform's own deadlines.

Every function is one legal transition of API.md 3.3; what is illegal raises `Illegal` with the reason, which the
control API turns into 409. Calls check for themselves and answer with the platform's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.tiktok_shop import cancelling
from mocks.tiktok_shop.model import DAY, Order, Package, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mocks.tiktok_shop.world import World

BEFORE_COLLECTION = {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION"}


class Illegal(Exception):
    """The transition is not possible in the present state."""


def move(world: World, order: Order, status: str) -> None:
    """Put the order into a status, tell it, and set the deadlines that belong to it."""
    changed = order.status != status
    order.status = status
    order.updated = max(order.updated, world.now())
    arm(world, order)
    if changed or status == "UNPAID":
        world.tell_status(order)


# payment and the hour on hold


def place(world: World, order: Order) -> None:
    """Let a new order exist."""
    world.orders[order.order_id] = order
    move(world, order, "UNPAID")


def pay(world: World, order: Order) -> None:
    """Let the buyer pay; the order is on hold for the remorse hour where the market has that status."""
    if order.status != "UNPAID":
        raise Illegal(f"only an UNPAID order can be paid; it is {order.status}")
    order.paid = world.now()
    if order.shop.holds:
        move(world, order, "ON_HOLD")
    else:
        get_ready(world, order)


def get_ready(world: World, order: Order) -> None:
    """Let the remorse hour end: a parcel is planned and the seller's deadlines begin."""
    if order.status not in {"UNPAID", "ON_HOLD"}:
        raise Illegal(f"only a held order can be released; it is {order.status}")
    timing = world.timing
    order.ready = world.now()
    order.ship_by = order.wished_ship_by or order.ready + order.days_to_ship * DAY
    order.collect_by = order.ship_by + timing.collect_grace
    order.shipping_due = order.ship_by + timing.ship_grace
    add_package(world, order, [unit.line_item_id for unit in order.live_units()])
    move(world, order, "AWAITING_SHIPMENT")


def add_package(world: World, order: Order, unit_ids: list[str]) -> Package:
    """Plan a parcel for some units."""
    now = world.now()
    package = Package(world.new_id("115", 19), unit_ids, order.shop.provider_id, order.shop.provider, now, now)
    order.packages.append(package)
    world.packages[package.package_id] = order
    return package


def split(world: World, order: Order) -> None:
    """Let the seller give each kind of goods its own parcel, before anything is arranged."""
    kinds: dict[str, list[str]] = {}
    for unit in order.live_units():
        kinds.setdefault(unit.sku_id, []).append(unit.line_item_id)
    if order.status != "AWAITING_SHIPMENT" or order.split or len(order.live_units()) < 2:
        raise Illegal(f"only an unsplit AWAITING_SHIPMENT order of two units or more; it is {order.status}")
    for package in order.packages:
        world.packages.pop(package.package_id)
    order.packages.clear()
    groups = list(kinds.values())
    if len(groups) == 1:
        groups = [groups[0][:1], groups[0][1:]]
    for group in groups:
        add_package(world, order, group)
    order.split = True
    order.updated = max(order.updated, world.now())
    world.tell_split(order)


# shipping


def settle(world: World, order: Order) -> None:
    """Let the order's status follow its parcels; one that has ended stays as it is."""
    if order.status in {"COMPLETED", "CANCELLED"}:
        return
    states = [package.status for package in order.live_packages()]
    if all(state == "COMPLETED" for state in states):
        order.delivered = order.delivered or world.now()
        move(world, order, "DELIVERED")
    elif all(state in {"FULFILLING", "COMPLETED"} for state in states):
        _be_on_the_road(world, order)
    elif all(state != "TO_FULFILL" for state in states):
        order.rts = order.rts or world.now()
        order.collection_due = order.rts + world.timing.collection_life
        move(world, order, "AWAITING_COLLECTION")
    elif any(state != "TO_FULFILL" for state in states):
        move(world, order, "PARTIALLY_SHIPPING")
    else:
        move(world, order, "AWAITING_SHIPMENT")


def _be_on_the_road(world: World, order: Order) -> None:
    if order.collected is None:
        timing, abroad = world.timing, order.shop.seller_type == "CROSS_BORDER"
        order.collected = world.now()
        order.delivery_sla = order.collected + (timing.delivery_cross_border if abroad else timing.delivery_local)
        order.delivery_due = order.delivery_sla + (timing.late_cross_border if abroad else timing.late_local)
    move(world, order, "IN_TRANSIT")


def arrange(
    world: World, order: Order, package: Package, *, tracking: str = "", handover: str = "", provider: str = ""
) -> None:
    """Let the seller arrange the shipment of a parcel; TikTok's shipping gives the number itself."""
    if order.status not in {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"} or package.status != "TO_FULFILL":
        raise Illegal(f"nothing waits for shipment: order {order.status}, parcel {package.status}")
    if order.request is not None:
        raise Illegal("the buyer's cancellation request waits for an answer; shipping is blocked")
    now = world.now()
    package.tracking_number = tracking or f"{order.shop.region}{world.new_id('', 12)}"
    package.handover_method = handover
    package.provider_id = provider or package.provider_id
    package.arranged_at = now
    order.rts = order.rts or now
    _move_package(world, package, "PROCESSING", 101, "Shipment arranged")
    settle(world, order)


def collect(world: World, order: Order, package: Package) -> None:
    """Let the carrier take a parcel."""
    if package.status != "PROCESSING":
        raise Illegal(f"the parcel does not wait for the carrier: order {order.status}, parcel {package.status}")
    package.collected_at = world.now()
    _move_package(world, package, "FULFILLING", 201, "Picked up by the carrier")
    settle(world, order)


def deliver(world: World, order: Order, package: Package) -> None:
    """Let the carrier hand a parcel over."""
    if package.status != "FULFILLING":
        raise Illegal(f"the parcel is not on the road: order {order.status}, parcel {package.status}")
    package.delivered_at = world.now()
    _move_package(world, package, "COMPLETED", 401, "Delivered")
    settle(world, order)


def fail_delivery(world: World, order: Order, package: Package, reason: str, words: str) -> None:
    """Let a parcel be lost or go back; the platform cancels what was in it."""
    if package.status != "FULFILLING" or order.status == "COMPLETED":
        raise Illegal(f"the parcel is not on the road: order {order.status}, parcel {package.status}")
    package.exception = reason
    _note(world, package, 501, words)
    units = [unit for unit in order.live_units() if unit.line_item_id in package.unit_ids]
    cancelling.cancel(world, order, role="SYSTEM", reason=reason, units=units, restock=reason != "package_lost")


def complete(world: World, order: Order) -> None:
    """Let the order be done: the after-sales window is over, the buyer confirmed, or all was refunded."""
    if order.status not in {"AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"}:
        raise Illegal(f"only a shipped or delivered order can be completed; it is {order.status}")
    order.completed = world.now()
    move(world, order, "COMPLETED")


def _move_package(world: World, package: Package, status: str, code: int, words: str) -> None:
    package.status = status
    _note(world, package, code, words)


def _note(world: World, package: Package, code: int, words: str) -> None:
    package.updated = world.now()
    package.history.append((world.now() * 1000, code, words))


def void_packages(world: World, order: Order, units: Sequence[Unit]) -> None:
    """Take cancelled units out of the parcels; an empty parcel is void."""
    gone = {unit.line_item_id for unit in units}
    for package in order.live_packages():
        if set(package.unit_ids) <= gone:
            _move_package(world, package, "CANCELLED", 601, "Cancelled")
        elif gone & set(package.unit_ids):
            package.unit_ids = [one for one in package.unit_ids if one not in gone]
            package.updated = world.now()


# the platform's own deadlines


_GIVES_UP = {
    "UNPAID": "system_cancel_unpaid_time_out",
    "AWAITING_SHIPMENT": "system_cancel_order_reason_shipping_timeout",
    "PARTIALLY_SHIPPING": "system_cancel_order_reason_shipping_timeout",
    "AWAITING_COLLECTION": "system_cancel_order_untracked",
    "IN_TRANSIT": "system_cancel_order_exceed_edt_not_arrive",
}
"""Why the platform cancels an order that stays in a status for too long."""


def deadline(world: World, order: Order) -> tuple[int, Callable[[], None]] | None:
    """Tell what the platform will do by itself in the present state, and when."""
    timing = world.timing
    if order.status == "ON_HOLD" and order.paid is not None:
        return order.paid + timing.hold, lambda: get_ready(world, order)
    if order.status == "DELIVERED" and order.delivered is not None:
        return order.delivered + timing.after_sale_window, lambda: complete_unless_disputed(world, order)
    due = {
        "UNPAID": order.created + timing.unpaid_life,
        "AWAITING_SHIPMENT": order.shipping_due,
        "PARTIALLY_SHIPPING": order.shipping_due,
        "AWAITING_COLLECTION": order.collection_due,
        "IN_TRANSIT": order.delivery_due,
    }.get(order.status)
    return None if due is None else (due, lambda: _give_up(world, order))


def _give_up(world: World, order: Order) -> None:
    """Cancel what has not left in time; what has left already stays."""
    units = None
    if order.status == "PARTIALLY_SHIPPING":
        gone = {one for package in order.live_packages() if package.collected_at for one in package.unit_ids}
        units = [unit for unit in order.live_units() if unit.line_item_id not in gone]
    cancelling.cancel(world, order, role="SYSTEM", reason=_GIVES_UP[order.status], units=units)


def complete_unless_disputed(world: World, order: Order) -> None:
    """Complete a delivered order whose after-sales window is over, unless a return still runs."""
    window_over = order.delivered is not None and order.delivered + world.timing.after_sale_window <= world.now()
    if order.status == "DELIVERED" and window_over and not order.open_returns():
        complete(world, order)


def arm(world: World, order: Order) -> None:
    """Replace the order's timers by those of its present state."""
    for timer in order.timers:
        timer.cancel()
    order.timers.clear()
    found = deadline(world, order)
    if found is not None and not world.writing_history:
        order.timers.append(world.later(*found))

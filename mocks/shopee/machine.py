"""How an order lives: payment, parcels, cancellation, delivery, and the platform's own deadlines.

Every function is one legal transition of API.md sections 5 to 7; what is illegal raises `Illegal` with the
reason, which API calls turn into Shopee's code and the control API into 409.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.shopee.model import DAY, CancelRequest, Order, Package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.shopee.model import LineKey
    from mocks.shopee.world import World

NOT_SHIPPED = {"READY_TO_SHIP", "PROCESSED", "RETRY_SHIP"}
WAITING = {"LOGISTICS_NOT_START", "LOGISTICS_READY", "LOGISTICS_PICKUP_RETRY"}
ON_THE_ROAD = {"LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_FAILED"}

BUYER_CANCELS = "Buyer Request to Cancel"
NON_FULFILMENT = {
    "out of stock": 10005,
    "undeliverable area": 10006,
    "cod unsupported": 10007,
    "logistics request is cancelled": 10008,
    "3pl pickup fail": 10009,
    "seller did not ship": 10012,
    "inactive seller": 10011,
    "transit warehouse cancelled": 10013,
}
"""Final reasons that count as the seller's failure, with their metric detail number (API.md section 9)."""


class Illegal(Exception):
    """The transition is not possible in the present state."""


def touch(world: World, order: Order) -> None:
    """Note that the order changed now."""
    order.updated = max(order.updated, world.now())


def move(world: World, order: Order, status: str) -> None:
    """Put the order into a status, tell it, and set the deadlines that belong to it."""
    order.status = status
    touch(world, order)
    arm(world, order)
    world.tell_status(order)


# payment and holding


def place(world: World, order: Order) -> None:
    """Let a new order exist; a cash-on-delivery order is ready at once."""
    world.orders[order.sn] = order
    content = {line.key: line.quantity for line in order.lines}
    order.packages.append(new_package(world, order, content))
    world.tell_stock(order, "place_order")
    if order.cod:
        _get_ready(world, order)
    else:
        move(world, order, "UNPAID")


def pay(world: World, order: Order) -> None:
    """Let the buyer pay."""
    if order.status != "UNPAID":
        raise Illegal(f"only an UNPAID order can be paid; it is {order.status}")
    order.paid = world.now()
    _get_ready(world, order)


def hold(world: World, order: Order) -> None:
    """Let the platform hold the order."""
    if order.status not in {"UNPAID", "READY_TO_SHIP"}:
        raise Illegal(f"only an UNPAID or READY_TO_SHIP order can be held; it is {order.status}")
    if order.status == "UNPAID":
        order.paid = world.now()
    _set_packages(world, order, "LOGISTICS_NOT_START", "Order is being processed")
    move(world, order, "PENDING")


def await_invoice(world: World, order: Order) -> None:
    """Let a paid order wait for its fiscal invoice (BR only)."""
    if order.status != "UNPAID" or order.region != "BR":
        raise Illegal(f"only an UNPAID order in BR can wait for its invoice; it is {order.status} in {order.region}")
    order.paid = world.now()
    move(world, order, "INVOICE_PENDING")


def release(world: World, order: Order) -> None:
    """Let the platform give a held order free (or take its invoice); the ship-by date starts anew."""
    if order.status not in {"PENDING", "INVOICE_PENDING"}:
        raise Illegal(f"only a held order can be released; it is {order.status}")
    _get_ready(world, order)


def _get_ready(world: World, order: Order) -> None:
    order.ship_by = world.now() + order.days_to_ship * DAY
    _set_packages(world, order, "LOGISTICS_READY", "Ready to be arranged")
    move(world, order, "READY_TO_SHIP")


def _set_packages(world: World, order: Order, status: str, words: str) -> None:
    for package in order.live_packages():
        _move_package(world, order, package, status, words)


def new_package(world: World, order: Order, content: Mapping[LineKey, int]) -> Package:
    """Make a parcel that waits for the seller."""
    shop = world.shop_of(order)
    return Package(
        number=f"OFG{world.number(15)}",
        content=dict(content),
        carrier=shop.carrier,
        channel_id=shop.channel_id,
        status="LOGISTICS_NOT_START" if order.status == "UNPAID" else "LOGISTICS_READY",
        updated=world.now(),
    )


# shipping


def arrange(world: World, order: Order, package: Package, tracking_number: str = "") -> None:
    """Let the seller ask the carrier; the tracking number comes at once or after the settable delay."""
    package.arranged_at = world.now()
    _move_package(world, order, package, "LOGISTICS_REQUEST_CREATED", "Shipment arranged")
    delay = world.timing.tracking_delay
    if tracking_number or delay == 0 or world.writing_history:
        _give_tracking(world, order, package, tracking_number)
    else:
        world.later(world.now() + delay, lambda: _give_tracking_if_still(world, order, package))
    if all(one.arranged for one in order.live_packages()):
        move(world, order, "PROCESSED")
    else:
        touch(world, order)


def _give_tracking_if_still(world: World, order: Order, package: Package) -> None:
    if order.status == "PROCESSED" and not package.tracking_number:
        _give_tracking(world, order, package, "")


def _give_tracking(world: World, order: Order, package: Package, wanted: str) -> None:
    package.tracking_number = wanted or f"{order.region}{world.number(12)}{world.rng.choice('ABCDEFGH')}"
    package.updated = world.now()
    touch(world, order)
    world.tell_tracking(order, package)


def collect(world: World, order: Order, package: Package) -> None:
    """Let the carrier take a parcel."""
    if order.status != "PROCESSED" or package.status != "LOGISTICS_REQUEST_CREATED":
        raise Illegal(f"nothing waits for the carrier: order {order.status}, parcel {package.status}")
    if not package.tracking_number:
        _give_tracking(world, order, package, "")
    package.picked_up_at = world.now()
    order.pickup_done = order.pickup_done or world.now()
    _move_package(world, order, package, "LOGISTICS_PICKUP_DONE", "Parcel has been picked up")
    if all(one.picked_up_at is not None for one in order.live_packages()):
        move(world, order, "SHIPPED")
    else:
        touch(world, order)


def miss_pickup(world: World, order: Order, package: Package) -> None:
    """Let the carrier come in vain."""
    if order.status != "PROCESSED" or package.status != "LOGISTICS_REQUEST_CREATED":
        raise Illegal(f"nothing waits for the carrier: order {order.status}, parcel {package.status}")
    package.arranged_at = None
    _move_package(world, order, package, "LOGISTICS_PICKUP_RETRY", "Pickup failed")
    move(world, order, "RETRY_SHIP")


def deliver(world: World, order: Order, package: Package) -> None:
    """Let the carrier hand a parcel over."""
    if order.status not in {"SHIPPED", "TO_RETURN"} or package.status not in ON_THE_ROAD:
        raise Illegal(f"the parcel is not on the road: order {order.status}, parcel {package.status}")
    package.delivered_at = world.now()
    _move_package(world, order, package, "LOGISTICS_DELIVERY_DONE", "Parcel has been delivered")
    if order.cod and order.paid is None:
        order.paid = world.now()
    if all(one.delivered_at is not None for one in order.live_packages()):
        order.delivered = world.now()
        if order.status == "SHIPPED":
            move(world, order, "TO_CONFIRM_RECEIVE")
            return
    touch(world, order)
    world.tell_status(order)


def lose(world: World, order: Order, package: Package) -> None:
    """Let the carrier lose a parcel; the platform cancels the order."""
    if order.status != "SHIPPED" or package.status not in ON_THE_ROAD:
        raise Illegal(f"the parcel is not on the road: order {order.status}, parcel {package.status}")
    _move_package(world, order, package, "LOGISTICS_LOST", "Parcel is lost")
    cancel(world, order, by="system", reason="Parcel is Lost")


def bring_back(world: World, order: Order, package: Package) -> None:
    """Let the carrier bring a parcel back to the seller; the platform cancels the order."""
    if order.status != "SHIPPED" or package.status not in ON_THE_ROAD:
        raise Illegal(f"the parcel is not on the road: order {order.status}, parcel {package.status}")
    refused = order.cod
    status = "LOGISTICS_COD_REJECTED" if refused else "LOGISTICS_DELIVERY_FAILED"
    _move_package(world, order, package, status, "Delivery failed, parcel goes back")
    cancel(world, order, by="system", reason="COD Rejected" if refused else "Failed Delivery")


def complete(world: World, order: Order) -> None:
    """Let the order be done."""
    if order.status not in {"SHIPPED", "TO_CONFIRM_RECEIVE", "TO_RETURN"}:
        raise Illegal(f"only a shipped or delivered order can be completed; it is {order.status}")
    order.completed = world.now()
    move(world, order, "COMPLETED")


def _move_package(world: World, order: Order, package: Package, status: str, words: str) -> None:
    package.status = status
    package.updated = world.now()
    package.history.append((world.now(), status, words))
    world.tell_package(order, package)


# cancelling


def has_tracking(order: Order) -> bool:
    """Say whether some parcel already has a tracking number."""
    return any(package.tracking_number for package in order.live_packages())


def seller_can_cancel(order: Order) -> bool:
    """Say whether the seller may cancel the whole order now."""
    return order.status in {"UNPAID", *NOT_SHIPPED} and not has_tracking(order)


def seller_can_cancel_part(order: Order) -> bool:
    """Say whether the seller may cancel some units now; the buyer's wish (0 ship what there is) counts."""
    units = sum(line.active for line in order.lines)
    return seller_can_cancel(order) and order.status != "UNPAID" and order.preference == 0 and units > 1


def cancel(
    world: World, order: Order, *, by: str, reason: str, counts_as: str | None = None, by_request: bool = False
) -> None:
    """End the order; its stock goes back and its parcels become void."""
    order.cancelled = world.now()
    order.cancel_by = by
    order.cancel_reason = reason
    detail = NON_FULFILMENT.get(reason.lower(), 0)
    usual = by if by == "seller" or (by == "system" and detail) else ""
    order.counts_as = "" if by_request else (usual if counts_as is None else counts_as)
    order.detailed_reason = detail or (10014 if order.counts_as == "seller" else 0)
    order.request = None
    for line in order.lines:
        line.cancelled, line.cancel_requested = line.quantity - line.returned, 0
    for package in order.live_packages():
        # the carrier was asked, be it that it came in vain since: the parcel keeps its number
        asked = package.status in WAITING and bool(package.tracking_number)
        if asked or package.status == "LOGISTICS_REQUEST_CREATED":
            _move_package(world, order, package, "LOGISTICS_REQUEST_CANCELED", "Shipment cancelled")
        elif package.status in WAITING:
            _move_package(world, order, package, "LOGISTICS_INVALID", "Order cancelled")
    world.tell_stock(order, "cancel_order")
    move(world, order, "CANCELLED")


def cancel_units(world: World, order: Order, units: Mapping[LineKey, int]) -> None:
    """Let the seller cancel some units; the order goes on with the rest and keeps its status."""
    for key, quantity in units.items():
        line = order.line(key)
        if line is None or not 0 < quantity <= line.active:
            raise Illegal(f"line {key} has not {quantity} units left")
        line.cancelled += quantity
        _take_from_packages(order, key, quantity)
    touch(world, order)
    world.tell_status(order)


def _take_from_packages(order: Order, key: LineKey, quantity: int) -> None:
    left = quantity
    for package in order.packages:
        taken = min(left, package.content.get(key, 0))
        if taken:
            package.content[key] -= taken
            left -= taken
            if package.content[key] == 0:
                del package.content[key]


def ask_to_cancel(world: World, order: Order, reason: str) -> None:
    """Let the buyer ask for cancellation; the seller has to answer."""
    if order.status not in NOT_SHIPPED:
        raise Illegal(f"only an order not yet shipped can be asked back; it is {order.status}")
    if order.asked_before:
        raise Illegal("the buyer has asked once already and may not ask again for this order")
    if order.pickup_done is not None:
        raise Illegal("a parcel of the order has already left")
    order.asked_before = True
    order.buyer_cancel_reason = reason
    answer_by = world.now() + world.timing.cancel_answer
    order.request = CancelRequest(world.now(), answer_by, reason, order.status)
    for line in order.lines:
        line.cancel_requested = line.active
    move(world, order, "IN_CANCEL")


def grant_request(world: World, order: Order) -> None:
    """Let the seller accept the buyer's request."""
    if order.status != "IN_CANCEL":
        raise Illegal(f"no request waits; the order is {order.status}")
    cancel(world, order, by="buyer", reason=BUYER_CANCELS, by_request=True)


def drop_request(world: World, order: Order) -> None:
    """Let the request end by the seller's no or the buyer's withdrawal; the order goes on."""
    if order.status != "IN_CANCEL" or order.request is None:
        raise Illegal(f"no request waits; the order is {order.status}")
    earlier = order.request.earlier_status
    order.request = None
    for line in order.lines:
        line.cancel_requested = 0
    move(world, order, earlier)


def buyer_cancels_alone(world: World, order: Order, reason: str) -> None:
    """Let the buyer cancel without the seller: unpaid, or within the first hour and nothing arranged."""
    free_until = (order.paid if order.paid is not None else order.created) + world.timing.free_cancel
    free = order.status == "READY_TO_SHIP" and world.now() <= free_until
    if order.status not in {"UNPAID", "PENDING", "INVOICE_PENDING"} and not (
        free and not any(p.arranged for p in order.packages)
    ):
        raise Illegal(f"the free time is over or the order has gone on; it is {order.status}")
    order.buyer_cancel_reason = reason
    cancel(world, order, by="buyer", reason=BUYER_CANCELS)


# the platform's own deadlines


def deadlines(world: World, order: Order) -> list[tuple[int, Callable[[], None]]]:
    """List what the platform will do by itself in the present state, and when."""
    timing = world.timing
    if order.status == "UNPAID":
        due = order.created + timing.unpaid_life
        return [(due, lambda: cancel(world, order, by="system", reason="Unpaid Order"))]
    if order.status in NOT_SHIPPED and order.ship_by is not None and order.pickup_done is None:
        due = order.ship_by + timing.ship_grace
        return [(due, lambda: cancel(world, order, by="system", reason="Seller did not Ship"))]
    if order.status == "IN_CANCEL" and order.request is not None:
        return [(order.request.answer_by, lambda: _auto_cancel(world, order))]
    if order.status == "TO_CONFIRM_RECEIVE" and order.delivered is not None:
        return [(order.delivered + timing.auto_complete, lambda: complete(world, order))]
    return []


def _auto_cancel(world: World, order: Order) -> None:
    cancel(world, order, by="system", reason="Auto Cancel", by_request=True)


def arm(world: World, order: Order) -> None:
    """Replace the order's timers by those of its present state."""
    for timer in order.timers:
        timer.cancel()
    order.timers.clear()
    if not world.writing_history:
        order.timers.extend([world.later(due, action) for due, action in deadlines(world, order)])


def extend(world: World, order: Order, days: int) -> None:
    """Let the platform move the ship-by date; push 47 tells each parcel's old and new one."""
    if order.status not in NOT_SHIPPED or order.ship_by is None:
        raise Illegal(f"there is no ship-by date to move; the order is {order.status}")
    before, order.ship_by = order.ship_by, order.ship_by + days * DAY
    touch(world, order)
    arm(world, order)
    for package in order.live_packages():
        channel = {"logistics_channel_id": package.channel_id}
        detail = {
            "order_sn": order.sn,
            "package_number": package.number,
            "changed_fields": ["ship_by_date"],
            "old": {**channel, "ship_by_date": before},
            "new": {**channel, "ship_by_date": order.ship_by},
            "update_time": order.updated,
        }
        world.push(47, detail, shop=world.shop_of(order), order_id=order.sn)

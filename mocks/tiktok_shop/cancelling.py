"""How cancellations live: direct ones, and the buyer's requests that the seller or time answers (API.md 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.tiktok_shop import machine, returning
from mocks.tiktok_shop.model import Cancellation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mocks.tiktok_shop.model import Order, Unit
    from mocks.tiktok_shop.world import World

_INITIATORS = {"BUYER": "buyer", "SELLER": "seller", "SYSTEM": "system", "OPERATOR": "system"}


def seller_can_cancel(world: World, order: Order) -> bool:
    """Say whether the seller may cancel the whole order now, leaving running requests aside."""
    if order.held or any(package.collected_at is not None for package in order.live_packages()):
        return False
    if order.status == "UNPAID":
        return world.style.unpaid_cancel
    if order.status == "AWAITING_COLLECTION":
        return world.style.collection_cancel
    return order.status in {"ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"}


def cancel(
    world: World,
    order: Order,
    *,
    role: str,
    reason: str,
    units: Sequence[Unit] | None = None,
    kind: str = "CANCEL",
    restock: bool = True,
) -> Cancellation:
    """Cancel an order or some units at once; a waiting request of the buyer is closed by it."""
    request = order.request
    if request is not None:
        close(world, request, "closed")
    one = _record(world, order, kind=kind, role=role, reason=reason, units=units, restock=restock)
    _succeed(world, one)
    return one


def ask(world: World, order: Order, reason: str) -> Cancellation:
    """Let the buyer ask for cancellation; the seller has to answer."""
    if order.status not in {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"}:
        raise machine.Illegal(f"the buyer asks only between the free hour and the shipment; it is {order.status}")
    if any(one.under_way for one in order.cancellations):
        raise machine.Illegal("a cancellation is under way already")
    if any(package.collected_at is not None for package in order.live_packages()):
        raise machine.Illegal("a parcel of the order has already left")
    one = _record(world, order, kind="BUYER_CANCEL", role="BUYER", reason=reason, units=None, restock=True)
    one.deadline = one.created + world.timing.cancel_answer
    _touch_order(world, order)
    arm(world, one)
    world.tell_cancellation(one)
    return one


def buyer_cancels_alone(world: World, order: Order, reason: str) -> Cancellation:
    """Let the buyer cancel without the seller: unpaid, on hold, or in the first hour where nothing is held."""
    free = order.status in {"UNPAID", "ON_HOLD"}
    if order.status == "AWAITING_SHIPMENT" and not order.shop.holds and order.paid is not None:
        free = world.now() < order.paid + world.timing.hold
    if not free:
        raise machine.Illegal(f"the free hour is over or the order has gone on; it is {order.status}")
    return cancel(world, order, role="BUYER", reason=reason, kind=world.style.free_cancel_type)


def grant(world: World, one: Cancellation, *, by_time: bool = False) -> None:
    """Let the request be accepted, by the seller or by his silence."""
    one.ended_as = "auto_approved" if by_time else "approved"
    _succeed(world, one)


def close(world: World, one: Cancellation, how: str) -> None:
    """Let the request end without effect: `rejected`, `withdrawn`, or `closed` by the platform."""
    one.ended_as = how
    _move(world, one, "CANCELLATION_REQUEST_CANCEL")
    _touch_order(world, one.order)


def _record(
    world: World,
    order: Order,
    *,
    kind: str,
    role: str,
    reason: str,
    units: Sequence[Unit] | None,
    restock: bool,
) -> Cancellation:
    now = world.now()
    chosen = list(order.live_units() if units is None else units)
    one = Cancellation(
        cancel_id=world.new_id("403", 19),
        order=order,
        kind=kind,
        status="CANCELLATION_REQUEST_PENDING",
        role=role,
        reason=reason,
        units=chosen,
        created=now,
        updated=now,
        restock=restock,
    )
    if order.paid is not None:
        whole = len(chosen) == len(order.live_units())
        goods = sum(unit.price for unit in chosen)
        one.refund = order.total - order.refunded if whole else goods
    order.cancellations.append(one)
    world.cancellations[one.cancel_id] = one
    return one


def _succeed(world: World, one: Cancellation) -> None:
    order = one.order
    one.deadline = None
    for unit in one.units:
        unit.cancelled, unit.cancel_user, unit.cancel_reason = True, one.role, one.reason
    machine.void_packages(world, order, one.units)
    unpaid = order.paid is None
    _move(world, one, "CANCELLATION_REQUEST_COMPLETE" if unpaid else "CANCELLATION_REQUEST_SUCCESS")
    if not order.live_units():
        order.cancelled = world.now()
        order.ended_by, order.end_reason = _INITIATORS[one.role], one.reason
        returning.close_all(world, order)
        machine.move(world, order, "CANCELLED")
    elif order.status in {"UNPAID", "ON_HOLD"}:
        machine.move(world, order, order.status)
    else:
        machine.settle(world, order)


def refund(world: World, one: Cancellation) -> None:
    """Let the platform pay the buyer back."""
    if one.status != "CANCELLATION_REQUEST_SUCCESS":
        raise machine.Illegal(f"only an accepted cancellation is refunded; it is {one.status}")
    one.order.refunded += one.refund
    _move(world, one, "CANCELLATION_REQUEST_COMPLETE")


def _move(world: World, one: Cancellation, status: str) -> None:
    one.status = status
    one.updated = max(one.updated, world.now())
    arm(world, one)
    world.tell_cancellation(one)


def _touch_order(world: World, order: Order) -> None:
    if world.style.requests_touch_order:
        order.updated = max(order.updated, world.now())


def _answer_by_time(world: World, one: Cancellation) -> None:
    if any(package.collected_at is not None for package in one.order.live_packages()):
        close(world, one, "closed")
    else:
        grant(world, one, by_time=True)


def arm(world: World, one: Cancellation) -> None:
    """Replace the cancellation's timers by those of its present state."""
    for timer in one.timers:
        timer.cancel()
    one.timers.clear()
    if world.writing_history:
        return
    if one.pending and one.deadline is not None:
        one.timers.append(world.later(one.deadline, lambda: _answer_by_time(world, one)))
    elif one.status == "CANCELLATION_REQUEST_SUCCESS":
        one.timers.append(world.later(one.updated + world.timing.refund_delay, lambda: refund(world, one)))

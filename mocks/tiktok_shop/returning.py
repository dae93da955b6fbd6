"""How returns, refunds and replacements live (API.md 5.1): both reviews, disputes, deadlines, the payment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mocks.tiktok_shop import machine, reasons
from mocks.tiktok_shop.model import Order, Return, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mocks.tiktok_shop.world import World

PENDING = "RETURN_OR_REFUND_REQUEST_PENDING"
REJECTED = "REFUND_OR_RETURN_REQUEST_REJECT"
AWAITING_SHIP = "AWAITING_BUYER_SHIP"
SHIPPED = "BUYER_SHIPPED_ITEM"
PARCEL_REJECTED = "REJECT_RECEIVE_PACKAGE"
SUCCESS = "RETURN_OR_REFUND_REQUEST_SUCCESS"
CANCELLED = "RETURN_OR_REFUND_REQUEST_CANCEL"
COMPLETE = "RETURN_OR_REFUND_REQUEST_COMPLETE"
OFFERED = "AWAITING_BUYER_RESPONSE"
REPLACEMENT_PENDING = "REPLACEMENT_REQUEST_PENDING"
REPLACEMENT_REJECTED = "REPLACEMENT_REQUEST_REJECT"
REPLACEMENT_REFUNDED = "REPLACEMENT_REQUEST_REFUND_SUCCESS"
REPLACEMENT_CANCELLED = "REPLACEMENT_REQUEST_CANCEL"
REPLACEMENT_COMPLETE = "REPLACEMENT_REQUEST_COMPLETE"

FIRST_REVIEW = {PENDING, REPLACEMENT_PENDING}
APPROVED = {AWAITING_SHIP, SHIPPED, SUCCESS, COMPLETE, REPLACEMENT_REFUNDED, REPLACEMENT_COMPLETE}
_ACTIONS = {
    "REFUND": "SELLER_RESPOND_REFUND",
    "RETURN_AND_REFUND": "SELLER_RESPOND_RETURN",
    "REPLACEMENT": "SELLER_RESPOND_REPLACEMENT",
}
_REFUNDABLE = {"AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `amount` None means all that was paid for the units."""

    kind: str
    reason: str
    units: Sequence[Unit]
    amount: int | None = None
    quick: bool = False
    shipment_type: str = "PLATFORM"
    handover_method: str = "DROP_OFF"


def free_units(order: Order) -> list[Unit]:
    """Give the units that are neither cancelled, nor returned, nor in a running return."""
    busy = [unit for one in order.open_returns() for unit in one.units]
    return [unit for unit in order.live_units() if not unit.returned and unit not in busy]


def refundable(order: Order, units: Sequence[Unit]) -> tuple[int, int]:
    """Tell what can be refunded for some units: the whole, and the shipping fee in it."""
    goods = sum(unit.price for unit in units)
    if len(units) == len([unit for unit in order.live_units() if not unit.returned]):
        rest = order.total - order.refunded
        return rest, max(0, rest - goods)
    return goods, 0


def ask(world: World, order: Order, wish: Wish, *, role: str = "BUYER") -> Return:
    """Open a return; one of the seller needs no answer and is refunded at once."""
    allowed = _REFUNDABLE if wish.kind == "REFUND" else {"DELIVERED"}
    if order.status not in allowed:
        raise machine.Illegal(f"{wish.kind} is possible in {sorted(allowed)}; the order is {order.status}")
    if not wish.units or any(unit not in free_units(order) for unit in wish.units):
        raise machine.Illegal("some of the units are cancelled, returned, or in a running return")
    whole, shipping = refundable(order, wish.units)
    now = world.now()
    pending = REPLACEMENT_PENDING if wish.kind == "REPLACEMENT" else PENDING
    goods_back = wish.kind != "REFUND"
    one = Return(
        return_id=world.new_id("404", 19),
        order=order,
        kind=wish.kind,
        status=pending,
        role=role,
        reason=wish.reason,
        units=list(wish.units),
        created=now,
        updated=now,
        amount=0 if wish.kind == "REPLACEMENT" else (whole if wish.amount is None else wish.amount),
        shipping_part=shipping if wish.amount is None else 0,
        quick=wish.quick,
        shipment_type=wish.shipment_type if goods_back else "",
        handover_method=wish.handover_method if goods_back else "",
    )
    order.returns.append(one)
    world.returns[one.return_id] = one
    if role == "SELLER":
        _move(world, one, SUCCESS, "SELLER_INITIATE_REFUND", "SELLER")
    else:
        _move(world, one, pending, "BUYER_SUBMIT_REQUEST", "BUYER")
    if world.style.requests_touch_order:
        order.updated = max(order.updated, now)
    return one


# answers of the seller


def approve(world: World, one: Return, *, by: str = "SELLER") -> None:
    """Agree in the first review: refund at once, let the goods come back, or send a replacement."""
    if one.kind == "REPLACEMENT":
        _send_replacement(world, one, by)
    elif one.kind == "RETURN_AND_REFUND" and not one.keep_item:
        _move(world, one, AWAITING_SHIP, "APPROVE_RETURN", by)
    else:
        _move(world, one, SUCCESS, "APPROVE_REFUND", by)


def refund_instead(world: World, one: Return, *, by: str = "SELLER") -> None:
    """Refund although goods, or a replacement, were the subject."""
    if one.kind == "REPLACEMENT":
        one.amount, one.shipping_part = refundable(one.order, one.units)
        _move(world, one, REPLACEMENT_REFUNDED, "ISSUE_REPLACEMENT_REFUND", by)
        _pay_back(world, one)
    else:
        _move(world, one, SUCCESS, "DIRECT_REFUND", by)


def offer(world: World, one: Return, amount: int) -> None:
    """Offer part of the money; the buyer answers."""
    one.partial, one.offered = amount, True
    _move(world, one, OFFERED, "OFFER_PARTIAL_REFUND", "SELLER")


def accept_parcel(world: World, one: Return, *, by: str = "SELLER") -> None:
    """Agree in the second review: the goods are back."""
    _move(world, one, SUCCESS, "APPROVE_RECEIVED_PACKAGE", by)


def reject(world: World, one: Return, reason: str, comment: str = "") -> None:
    """Refuse in the present review; the buyer may open a dispute."""
    rejected = REPLACEMENT_REJECTED if one.kind == "REPLACEMENT" else REJECTED
    status = PARCEL_REJECTED if one.status == SHIPPED else rejected
    _move(world, one, status, "SELLER_REJECT", "SELLER", reason, comment)


# what the buyer, the carrier and the platform do


def accept_offer(world: World, one: Return) -> None:
    """Let the buyer take the offered part."""
    if one.status != OFFERED or one.partial is None:
        raise machine.Illegal(f"no offer waits; the return is {one.status}")
    one.amount, one.shipping_part = one.partial, 0
    _move(world, one, SUCCESS, "BUYER_ACCEPT_OFFER", "BUYER")


def refuse_offer(world: World, one: Return) -> None:
    """Let the buyer decline the offered part; the seller answers anew."""
    if one.status != OFFERED:
        raise machine.Illegal(f"no offer waits; the return is {one.status}")
    one.offer_refused = True
    _move(world, one, SHIPPED if one.tracking_number else PENDING, "BUYER_REJECT_OFFER", "BUYER")


def withdraw(world: World, one: Return) -> None:
    """Let the buyer take the request back."""
    if one.status == SUCCESS or not one.open:
        raise machine.Illegal(f"the request can not be taken back; it is {one.status}")
    _end(world, one, "BUYER_CANCEL_REQUEST", "BUYER")


def ship_back(world: World, one: Return, tracking_number: str = "") -> None:
    """Let the buyer send the goods."""
    if one.status != AWAITING_SHIP:
        raise machine.Illegal(f"no goods are to come back now; the return is {one.status}")
    shop = one.order.shop
    one.tracking_number = tracking_number or f"R{world.new_id('', 12)}"
    one.provider_id, one.provider = shop.provider_id, shop.provider
    _move(world, one, SHIPPED, "BUYER_SHIP_ITEM", "BUYER")


def arrive(world: World, one: Return) -> None:
    """Let the goods reach the seller's warehouse; the second review begins."""
    if one.status != SHIPPED or one.received_at is not None:
        raise machine.Illegal(f"no parcel is on its way back; the return is {one.status}")
    one.received_at = world.now()
    _move(world, one, SHIPPED, "PACKAGE_RECEIVED", "SYSTEM")


def dispute(world: World, one: Return) -> None:
    """Let the buyer ask the platform to judge a rejection."""
    if one.status not in {REJECTED, PARCEL_REJECTED, REPLACEMENT_REJECTED} or one.arbitration:
        raise machine.Illegal(f"there is no rejection to dispute; the return is {one.status}")
    one.arbitration = "IN_PROGRESS"
    _move(world, one, one.status, "BUYER_OPEN_DISPUTE", "BUYER")


def decide(world: World, one: Return, *, for_buyer: bool) -> None:
    """Let the platform judge."""
    if one.arbitration != "IN_PROGRESS":
        raise machine.Illegal(f"no dispute runs; the return is {one.status}")
    one.arbitration = "SUPPORT_BUYER" if for_buyer else "SUPPORT_SELLER"
    if not for_buyer:
        _end(world, one, "PLATFORM_DECIDE", "OPERATOR")
    elif one.status == PARCEL_REJECTED:
        _move(world, one, SUCCESS, "PLATFORM_DECIDE", "OPERATOR")
    else:
        approve(world, one, by="OPERATOR")


def close_all(world: World, order: Order) -> None:
    """End every running return of an order that was cancelled."""
    for one in order.open_returns():
        if one.status != SUCCESS:
            _end(world, one, "ORDER_CANCELLED", "SYSTEM")


def finish(world: World, one: Return) -> None:
    """Let the platform pay the buyer."""
    if one.status != SUCCESS:
        raise machine.Illegal(f"only an accepted return is paid; it is {one.status}")
    _move(world, one, COMPLETE, "REFUND_ISSUED", "SYSTEM")
    _pay_back(world, one)


def _pay_back(world: World, one: Return) -> None:
    order = one.order
    order.refunded += one.amount
    for unit in one.units:
        unit.returned = True
    _after_the_end(world, order)


def _end(world: World, one: Return, event: str, role: str) -> None:
    status = REPLACEMENT_CANCELLED if one.kind == "REPLACEMENT" else CANCELLED
    if one.arbitration == "IN_PROGRESS":
        one.arbitration = "CLOSED"
    _move(world, one, status, event, role)
    _after_the_end(world, one.order)


def _after_the_end(world: World, order: Order) -> None:
    running = {"AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"}
    if order.status in running and all(unit.returned for unit in order.live_units()):
        machine.complete(world, order)
    else:
        machine.complete_unless_disputed(world, order)


def _send_replacement(world: World, one: Return, by: str) -> None:
    order, now = one.order, world.now()
    units = [
        replace(unit, line_item_id=world.new_id("577", 18), original_price=0, seller_discount=0, platform_discount=0)
        for unit in one.units
    ]
    fresh = Order(
        order_id=world.new_id("57", 18),
        shop=order.shop,
        status="ON_HOLD",
        created=now,
        updated=now,
        buyer=replace(order.buyer),
        units=units,
        shipping_fee=0,
        days_to_ship=order.days_to_ship,
        shipping_type=order.shipping_type,
        replaces=order.order_id,
        paid=now,
    )
    world.orders[fresh.order_id] = fresh
    order.replacement = fresh.order_id
    machine.get_ready(world, fresh)
    _move(world, one, REPLACEMENT_COMPLETE, "APPROVE_REPLACEMENT", by)
    _after_the_end(world, order)


# time


def _move(world: World, one: Return, status: str, event: str, role: str, reason: str = "", comment: str = "") -> None:
    one.status = status
    one.updated = max(one.updated, world.now())
    record = {"event": event, "role": role, "description": event.replace("_", " ").capitalize()}
    if reason:
        record["reason_text"] = reasons.words(reason, "en-US")
    if comment:
        record["note"] = comment
    one.records.append({**record, "create_time": world.now()})
    arm(world, one)
    world.tell_return(one)


def _next(world: World, one: Return) -> tuple[str, int, Callable[[], None]] | None:
    """Tell what the seller has to do (empty: nothing), how long, and what happens when time is up."""
    timing = world.timing
    if one.arbitration == "IN_PROGRESS" or (one.status == SHIPPED and one.received_at is None):
        return None

    def expire() -> None:
        _end(world, one, "TIME_OVER", "SYSTEM")

    first = (_ACTIONS[one.kind], timing.return_answer, lambda: approve(world, one, by="SYSTEM"))
    rejected = ("", timing.dispute_window, expire)
    coming: dict[str, tuple[str, int, Callable[[], None]]] = {
        PENDING: first,
        REPLACEMENT_PENDING: first,
        SHIPPED: (
            "SELLER_RESPOND_RECEIVE_PACKAGE",
            timing.return_check,
            lambda: accept_parcel(world, one, by="SYSTEM"),
        ),
        OFFERED: ("", timing.offer_answer, lambda: refuse_offer(world, one)),
        SUCCESS: ("", timing.refund_delay, lambda: finish(world, one)),
        AWAITING_SHIP: ("", timing.return_ship, expire),
        REJECTED: rejected,
        PARCEL_REJECTED: rejected,
        REPLACEMENT_REJECTED: rejected,
    }
    return coming.get(one.status)


def arm(world: World, one: Return) -> None:
    """Replace the return's deadline and timers by those of its present state."""
    for timer in one.timers:
        timer.cancel()
    one.timers.clear()
    coming = _next(world, one)
    one.action, one.deadline = "", None
    if coming is None:
        return
    action, wait, act = coming
    due = one.updated + wait
    if action:
        one.action, one.deadline = action, due
    if not world.writing_history:
        one.timers.append(world.later(due, act))

"""How a return lives: request, negotiation, evidence, dispute, the way back, the platform's deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mocks.shopee import machine
from mocks.shopee.machine import Illegal
from mocks.shopee.model import Return

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.shopee.model import LineKey, Order
    from mocks.shopee.world import World

CHANGE_OF_MIND = {"CHANGE_MIND", "CHANGE_OF_MIND", "NO_REASON", "NONE"}
RETURNABLE = {"SHIPPED", "TO_CONFIRM_RECEIVE", "TO_RETURN", "COMPLETED"}
TOLD = ("status", "solution", "proof", "reverse_status")
_FIELDS = {
    "status": "return_status",
    "solution": "return_solution",
    "proof": "seller_proof_status",
    "reverse_status": "logistics_status",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the buyer asks for."""

    solution: str
    reason: str
    text: str
    content: Mapping[LineKey, int]
    amount: int | None = None
    request_type: int | None = None
    validation: str = "seller_validation"


class _Change:
    """Tells push 29 what changed between entering and leaving, and sets the deadlines anew."""

    def __init__(self, world: World, one: Return) -> None:
        self._world = world
        self._one = one
        self._before = {name: getattr(one, name) for name in TOLD}

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is not None:
            return
        one = self._one
        one.updated = max(one.updated, self._world.now())
        arm(self._world, one)
        changes = [(_FIELDS[name], self._before[name], getattr(one, name)) for name in TOLD]
        self._world.tell_return(one, changes)


def window_ends(world: World, order: Order) -> int | None:
    """Tell until when a COMPLETED order can still be returned."""
    if order.completed is None:
        return None
    return order.completed + world.timing.return_window


def ask(world: World, order: Order, wish: Wish) -> Return:
    """Let the buyer ask for a refund, with or without sending the goods back."""
    ends = window_ends(world, order)
    if order.status not in RETURNABLE or (ends is not None and world.now() > ends):
        raise Illegal(f"nothing can be returned now; the order is {order.status}")
    for key, quantity in wish.content.items():
        line = order.line(key)
        if line is None or not 0 < quantity <= line.active - line.return_requested:
            raise Illegal(f"line {key} has not {quantity} units to return")
    value = value_of(order, wish.content)
    amount = value if wish.amount is None else wish.amount
    if not 0 < amount <= value:
        raise Illegal(f"the refund must be between 1 and {value} minor units")
    request_type = wish.request_type if wish.request_type is not None else int(order.status == "SHIPPED")
    now = world.now()
    one = Return(
        sn=world.dated_id(15),
        order=order,
        status="",
        solution=wish.solution,
        reason=wish.reason,
        text=wish.text,
        content=dict(wish.content),
        amount=amount,
        created=now,
        updated=now,
        due_date=now + world.timing.return_answer,
        request_type=request_type,
        validation=wish.validation,
        kind="RRAOC" if order.status == "COMPLETED" else "RRBOC",
    )
    if wish.reason in CHANGE_OF_MIND:
        one.proof = "NOT_NEEDED"
    else:
        one.proof_deadline = one.due_date
    world.returns[one.sn] = one
    order.returns.append(one)
    with _Change(world, one):
        one.status = "REQUESTED"
        for key, quantity in wish.content.items():
            line = order.line(key)
            if line is not None:
                line.return_requested += quantity
    if order.status != "COMPLETED":
        machine.move(world, order, "TO_RETURN")
    else:
        machine.touch(world, order)
        world.tell_status(order)
    return one


def value_of(order: Order, content: Mapping[LineKey, int]) -> int:
    """Tell what the units cost the buyer, minor units."""
    return sum(line.price * content.get(line.key, 0) for line in order.lines)


def refund(world: World, one: Return, amount: int | None = None) -> None:
    """Give the money back: the return is ACCEPTED and its units count as returned."""
    with _Change(world, one):
        one.status = "ACCEPTED"
        if amount is not None:
            one.amount = amount
        one.negotiation = "TERMINATED"
        one.offer_due = None
        one.compensation = "COMPENSATION_INITIAL_STAGE"
    _count(one, returned=True)
    _settle_order(world, one.order)


def send_back(world: World, one: Return) -> None:
    """Let the buyer be asked to send the goods back."""
    with _Change(world, one):
        one.status = "PROCESSING"
        one.negotiation = "TERMINATED"
        one.offer_due = None
        one.ship_due = world.now() + world.timing.return_ship
        one.reverse_status = "LOGISTICS_PENDING_ARRANGE"


def withdraw(world: World, one: Return, status: str = "CANCELLED", *, order_ends: bool = False) -> None:
    """End the return without a refund; the order goes on unless it is just being ended."""
    if not one.open:
        raise Illegal(f"the return does not run any more; it is {one.status}")
    with _Change(world, one):
        one.status = status
        one.negotiation = "TERMINATED"
        one.offer_due = None
    _count(one, returned=False)
    if not order_ends:
        _settle_order(world, one.order)


def _count(one: Return, *, returned: bool) -> None:
    for key, quantity in one.content.items():
        line = one.order.line(key)
        if line is not None:
            line.return_requested -= quantity
            line.returned += quantity if returned else 0


def _settle_order(world: World, order: Order) -> None:
    if order.status == "TO_RETURN" and not any(one.open for one in world.returns_of(order)):
        refunded = any(one.status == "ACCEPTED" for one in world.returns_of(order))
        if order.delivered is None and not refunded:
            machine.move(world, order, "SHIPPED")
        else:
            machine.complete(world, order)
    else:
        machine.touch(world, order)
        world.tell_status(order)


# negotiation


def seller_offers(world: World, one: Return, solution: str, amount: int) -> None:
    """Let the seller propose another solution; the buyer's turn."""
    with _Change(world, one):
        one.latest_solution, one.latest_amount, one.latest_creator = solution, amount, "seller"
        one.negotiation = "PENDING_BUYER_RESPOND"
        one.offer_due = world.now() + world.timing.offer_answer


def buyer_counters(world: World, one: Return, solution: str, amount: int) -> None:
    """Let the buyer propose; the seller's turn, with fewer counters left."""
    if one.status != "REQUESTED" or one.negotiation == "TERMINATED" or one.counter_limit < 1:
        raise Illegal(f"nothing is negotiated: return {one.status}, negotiation {one.negotiation}")
    if not 0 < amount <= value_of(one.order, one.content):
        raise Illegal("the amount is more than the units cost")
    with _Change(world, one):
        one.latest_solution, one.latest_amount, one.latest_creator = solution, amount, "buyer"
        one.negotiation = "PENDING_RESPOND"
        one.counter_limit -= 1
        one.offer_due = world.now() + world.timing.offer_answer


def buyer_accepts(world: World, one: Return) -> None:
    """Let the buyer take the seller's offer."""
    if one.negotiation != "PENDING_BUYER_RESPOND":
        raise Illegal("the seller has made no offer")
    take_offer(world, one)


def take_offer(world: World, one: Return) -> None:
    """Carry out the latest offer, whoever made it."""
    with _Change(world, one):
        one.solution = one.latest_solution
        one.amount = one.latest_amount
    if one.needs_goods_back:
        send_back(world, one)
    else:
        refund(world, one)


# the way back


def ship_back(world: World, one: Return) -> None:
    """Let the buyer hand the goods to the carrier (a request not yet answered is thereby approved)."""
    if one.status not in {"REQUESTED", "PROCESSING"} or not one.needs_goods_back or one.tracking_number:
        raise Illegal(f"nothing to send back: return {one.status}, solution {one.solution}")
    if one.status == "REQUESTED":
        send_back(world, one)
    with _Change(world, one):
        one.tracking_number = f"RN{one.order.region}{world.number(11)}"
        one.reverse_status = "LOGISTICS_PICKUP_DONE"
        one.reverse_history.append((world.now(), "Parcel has been picked up by our logistics partner"))
        one.ship_due = None
        one.seller_due = world.now() + world.timing.return_ship + world.timing.return_check


def arrive(world: World, one: Return) -> None:
    """Let the goods reach the seller (or the warehouse); the seller may still object for a while."""
    if one.reverse_status != "LOGISTICS_PICKUP_DONE":
        raise Illegal("the goods are not on their way back")
    with _Change(world, one):
        one.reverse_status = "LOGISTICS_DELIVERY_DONE"
        one.reverse_history.append((world.now(), "Parcel has been delivered to the seller"))
        one.seller_due = world.now() + world.timing.return_check


# dispute


def dispute(world: World, one: Return, reason: int, text: str, images: list[str]) -> None:
    """Let the seller object; after a refund the objection is a claim for compensation."""
    with _Change(world, one):
        one.dispute_reasons.append(reason)
        one.dispute_text = text
        one.images.extend(images)
        if one.status == "ACCEPTED":
            one.compensation = "COMPENSATION_REQUESTED"
            one.compensation_due = world.now() + world.timing.dispute_review
            one.compensation_amount = one.amount
        else:
            one.status = "SELLER_DISPUTE"
            one.negotiation = "TERMINATED"
            one.offer_due = None
            if one.proof == "NOT_NEEDED":
                one.proof = "PENDING"
            one.proof_deadline = world.now() + world.timing.dispute_review


def cancel_dispute(world: World, one: Return) -> None:
    """Let the seller drop the claim for compensation."""
    with _Change(world, one):
        one.compensation = "COMPENSATION_CANCELLED"
        one.compensation_due = None


def judge(world: World, one: Return) -> None:
    """Let the platform look at the case."""
    with _Change(world, one):
        one.status = "JUDGING"


def decide(world: World, one: Return, winner: str) -> None:
    """Let the platform decide, for `buyer` or for `seller`."""
    if one.status == "ACCEPTED" and one.compensation == "COMPENSATION_REQUESTED":
        with _Change(world, one):
            one.compensation = f"COMPENSATION_{'APPROVED' if winner == 'seller' else 'REJECTED'}"
        return
    if not one.open:
        raise Illegal(f"there is nothing to decide; the return is {one.status}")
    if winner == "buyer":
        refund(world, one)
    else:
        withdraw(world, one, "CLOSED")


# the platform's own deadlines


def deadlines(world: World, one: Return) -> list[tuple[int, Callable[[], None]]]:
    """List what the platform will do by itself in the present state, and when."""
    due: list[tuple[int, Callable[[], None]]] = []
    if one.status == "REQUESTED":
        if one.negotiation == "PENDING_BUYER_RESPOND" and one.offer_due is not None:
            due.append((one.offer_due, lambda: _offer_lapses(world, one)))
        elif one.due_date is not None:
            silent = send_back if one.needs_goods_back else refund
            due.append((max(one.due_date, one.offer_due or 0), lambda: silent(world, one)))
    if one.status == "PROCESSING" and one.ship_due is not None:
        due.append((one.ship_due, lambda: withdraw(world, one)))
    if one.status == "PROCESSING" and one.seller_due is not None:
        due.append((one.seller_due, lambda: refund(world, one)))
    if one.status == "SELLER_DISPUTE":
        due.append((one.updated + world.timing.dispute_review, lambda: judge(world, one)))
    if one.proof == "PENDING" and one.proof_deadline is not None and one.open:
        due.append((one.proof_deadline, lambda: _proof_overdue(world, one)))
    return due


def _offer_lapses(world: World, one: Return) -> None:
    with _Change(world, one):
        one.negotiation = "PENDING_RESPOND"
        one.offer_due = None
        one.due_date = world.now() + world.timing.return_answer


def _proof_overdue(world: World, one: Return) -> None:
    if one.proof == "PENDING":
        with _Change(world, one):
            one.proof = "OVERDUE"


def upload_proof(world: World, one: Return, photos: list[dict[str, object]], text: str) -> None:
    """Let the seller hand in evidence."""
    with _Change(world, one):
        one.proof = "UPLOADED"
        one.proof_photos.extend(photos)
        one.proof_text = text


def arm(world: World, one: Return) -> None:
    """Replace the return's timers by those of its present state."""
    for timer in one.timers:
        timer.cancel()
    one.timers.clear()
    if not world.writing_history:
        one.timers.extend([world.later(due, action) for due, action in deadlines(world, one)])


def fetched_by_seller(world: World, one: Return, tracking_number: str) -> None:
    """Note that the seller's own carrier has the goods, with the proof of it."""
    if one.status == "REQUESTED":
        send_back(world, one)
    with _Change(world, one):
        one.shipping_proof = True
        one.tracking_number = tracking_number
        one.reverse_status = "LOGISTICS_PICKUP_DONE"
        one.reverse_history.append((world.now(), "Parcel has been picked up by the seller's carrier"))
        one.ship_due = None
        one.seller_due = world.now() + world.timing.return_ship + world.timing.return_check

"""What a person orders by name: ship this, accept that, reject it.

The rules are asked all the same, and their answer is recorded beside the wish before anything is called. What they
forbid is not done. What they do not forbid, but would not choose either, is done when the person says yes to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from gateway.cases.effects import Effect, Guard
from gateway.cases.found import Found
from gateway.cases.judging import Judgement, held, judge
from gateway.cases.road import PERSON_ORDER, Road, Wanted
from gateway.cases.step import STORE_MODE_ASK
from gateway.cases.turns import News
from gateway.errors import Conflict, NotAllowed, NotFound, Refused
from gateway.model.after_sale import AfterSale, DisputeState, RefundState, RequestKind, RequestState
from gateway.model.money import to_major
from gateway.model.order import Closure, FulfillmentState
from gateway.model.store import StoreMode
from gateway.orders.store import StoredOrder
from gateway.orders.suspects import standing_signs
from gateway.policy.decision import Cost
from gateway.policy.terms import Reason, ReturnState
from gateway.ports import (
    Act,
    Manifest,
    Offered,
    Operation,
    ReasonSource,
    RejectReason,
    ShippingChoices,
    ShippingChoiceSource,
)
from gateway.storage import audit
from gateway.sync.connections import Connection

# A person who orders an act by name states no reason to end the order. The rules are asked with the weakest one,
# the seller's mere wish: what is right then is right without any reason.
_NO_REASON = Reason.unwilling

_LOOKS = 3  # at an order that changes while it is looked at

_MONEY_BACK = frozenset({RequestKind.refund, RequestKind.return_refund})
_OPEN = frozenset({RequestState.open})
_RUNNING = frozenset({RequestState.open, RequestState.agreed})
_STATES = {
    Operation.refund_return: _RUNNING,
    Operation.open_dispute: _RUNNING,
}
_TO_SHIP = frozenset({FulfillmentState.to_ship, FulfillmentState.partly_shipped})
_ENDED = frozenset({Closure.completed, Closure.cancelled, Closure.closed})
_UNDER_WAY = frozenset({FulfillmentState.arranged, FulfillmentState.partly_shipped, FulfillmentState.shipped})


class Deed(StrEnum):
    """What can be ordered. Also the word of the intent in the record, so none may be a `Reason`."""

    ship = "ship"
    set_tracking = "set_tracking"
    accept = "accept_request"
    reject = "reject_request"
    take_offer = "accept_offer"  # the buyer's latest one, in a return
    offer = "offer_solution"


@dataclass(frozen=True, slots=True)
class Command:
    """One order of a person. ``reason`` is the platform's id of a reason to reject; ``parameters`` as in `Act`."""

    deed: Deed
    order_id: str
    request_id: str | None = None
    reason: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried(Found):
    """What was found and judged, and what became of it.

    ``effect`` is None when nothing was called; then ``because`` says why: a dry run, or a task for a person.
    """

    operation: Operation
    judgement: Judgement
    effect: Effect | None = None
    because: str = ""


class Commands:
    """Carries out what people order by name."""

    def __init__(self, road: Road) -> None:
        self._road = road

    async def ask(self, store_id: str, command: Command) -> Carried:
        """Read the order anew and say what the rules think of the command, without doing it.

        Raises as `order`, but for what the store's mode and a missing yes would raise.
        """
        connection = await self._road.open(store_id)
        return replace(await self._look(connection, command), because="dry run")

    async def order(
        self, store_id: str, command: Command, *, by: str, approved: bool = False, guard: Guard | None = None
    ) -> Carried:
        """Do what a person orders, once, unless a rule forbids it.

        ``guard`` is asked in the transaction that commits to it: what was just read is stored by then. What it raises
        is raised, and nothing is committed or called.

        Raises NotAllowed when a rule, the store's mode or a stop forbids it; NeedsApproval when it needs a yes
        (call again with ``approved``); Refused when the platform offers no such call; Conflict when the order's or
        the request's state leaves nothing to do, another effect on it is under way, or (News) it keeps changing;
        NotFound.
        """
        async with self._road.alone.with_order(store_id, command.order_id):
            for _ in range(_LOOKS):
                with suppress(News):  # it is judged anew on what came
                    return await self._order(store_id, command, by=by, approved=approved, guard=guard)
        raise News(f"Order {command.order_id} changes faster than it can be judged; look at it again in a moment.")

    async def _order(self, store_id: str, command: Command, *, by: str, approved: bool, guard: Guard | None) -> Carried:
        connection = await self._road.open(store_id)
        known = await self._road.confirmed(store_id, command.order_id)
        found = await self._look(connection, command)
        wanted = Wanted(command.deed.value, by, _note(command, found, approved=approved))
        if found.judgement.forbidden_by:
            await self._road.record(found, wanted)
            raise _forbidden(command, found)
        manifest = connection.manifest
        if manifest.offers(found.operation) is Offered.manual:
            await self._road.record(found, wanted)
            return replace(found, because=f"{manifest.title} lets only a person do this, in its own console.")
        what = " ".join((_words(command.deed), command.request_id or command.order_id))
        if found.judgement.words and found.judgement.needs:
            what = f"{' '.join(found.judgement.words)} To {what}"
        await self._road.check_mode(connection, what, found.judgement.needs, approved=approved)
        act, store = act_of(command, found), connection.store
        effect = await self._road.commit(found, act, wanted, known, store, guard=guard)
        effect, because = await self._road.carry(effect, connection)
        return replace(found, effect=effect, because=because)

    async def check(self, store_id: str, command: Command) -> None:
        """Return when the command makes sense, before anything is chosen for it.

        Raises Refused when the platform offers no such call, Conflict when there is nothing to do, NotFound.
        """
        connection = await self._road.open(store_id)
        stored = await self._road.order(connection, command.order_id, command.request_id)
        request = _request(stored, command.request_id)
        operation = operation_of(command.deed, request, connection.manifest, goods_received=False)
        _check_offered(operation, command.deed, connection.manifest)
        _check_sense(operation, stored, request)

    async def reasons(self, store_id: str, request_id: str) -> Sequence[RejectReason] | None:
        """Return the reasons the platform takes for rejecting a request; None where it does not tell any."""
        connection = await self._road.open(store_id)
        if not isinstance(connection.adapter, ReasonSource):
            return None
        return await connection.adapter.reject_reasons(connection.channel, request_id)

    async def shipping_choices(self, store_id: str, order_id: str, package: str | None) -> ShippingChoices | None:
        """Return what may be chosen when an order is shipped; None where the platform does not tell."""
        connection = await self._road.open(store_id)
        if not isinstance(connection.adapter, ShippingChoiceSource):
            return None
        return await connection.adapter.shipping_choices(connection.channel, order_id, package)

    async def objection(self, effect: Effect, connection: Connection) -> str | None:
        """Read the facts anew; return why a committed order of a person no longer stands, None when it does.

        It stands while it makes sense, no rule forbids it, it is about the same amount, costs no more than was shown,
        and nothing new would need the person's yes: neither a rule nor the store's mode, which may be `ask` since.
        """
        act, note = effect.act, await self._note_of(effect)
        found = await self._road.decide(connection, act.order_id, _NO_REASON, act.request_id)
        try:
            request = _request(found.order, act.request_id)
            _check_sense(act.operation, found.order, request)
        except (Conflict, NotFound) as error:
            return f"the facts have changed before it was sent: {error}"
        judgement = await self._judge(act.operation, found)
        if judgement.forbidden_by:
            return f"the rules forbid it now ({', '.join(judgement.forbidden_by)}): {found.decision.explanation}"
        if (changed := _changed(note, judgement, request)) is not None:
            return f"{changed}: {found.decision.explanation}"
        asks = {STORE_MODE_ASK} if connection.store.mode is StoreMode.ask else set()
        unheard = {*judgement.needs, *asks} - _agreed(note)
        if unheard:
            return f"it would need a person's yes now ({', '.join(sorted(unheard))}): {found.decision.explanation}"
        return None

    async def _note_of(self, effect: Effect) -> Mapping[str, str]:
        """Return what is on record of what was shown when an effect was ordered; nothing when no person ordered it."""
        entries = await self._road.database.read(lambda c: audit.of_order(c, effect.store, effect.act.order_id))
        notes = (each.details for each in entries if each.what == PERSON_ORDER)
        return next((note for note in notes if note["intent"] == effect.intent), {})

    async def _look(self, connection: Connection, command: Command) -> Carried:
        found = await self._road.decide(connection, command.order_id, _NO_REASON, command.request_id)
        request = _request(found.order, command.request_id)
        manifest = connection.manifest
        received = found.question.scenario.order.return_state is ReturnState.received
        operation = operation_of(command.deed, request, manifest, goods_received=received)
        _check_offered(operation, command.deed, manifest)
        _check_sense(operation, found.order, request)
        judgement = await self._judge(operation, found)
        return Carried(
            found.order, found.question, found.decision, found.version, operation=operation, judgement=judgement
        )

    async def _judge(self, operation: Operation, found: Found) -> Judgement:
        """Return what the rules say; a suspicious order is held, and shipped only with a person's yes (XHS-92)."""
        judgement = judge(operation, found, self._road.rules.of_store(found.order.order.store))
        if operation is not Operation.ship:
            return judgement
        order = found.order.order
        signs = await self._road.database.read(lambda c: standing_signs(c, [order.store], order.order_id))
        return held(judgement, signs) if signs else judgement


def operation_of(deed: Deed, request: AfterSale | None, manifest: Manifest, *, goods_received: bool) -> Operation:
    """Return the call a deed asks for. Raises Refused when it does not fit the request's kind."""
    if deed is Deed.ship or deed is Deed.set_tracking:
        return Operation.ship if deed is Deed.ship else Operation.set_tracking
    kind = RequestKind.unknown if request is None else request.kind
    if kind is RequestKind.cancellation and deed in {Deed.accept, Deed.reject}:
        return Operation.accept_cancellation if deed is Deed.accept else Operation.reject_cancellation
    if kind not in _MONEY_BACK:
        raise Refused(f"A request of kind {kind.value} leaves no way to {_words(deed)}; look at it in the console.")
    if deed is Deed.accept:
        waits = kind is RequestKind.return_refund and not goods_received
        agree = waits and manifest.offers(Operation.approve_return) is not Offered.none
        return Operation.approve_return if agree else Operation.refund_return
    return {
        Deed.reject: Operation.open_dispute,
        Deed.take_offer: Operation.accept_offer,
        Deed.offer: Operation.offer_solution,
    }[deed]


def act_of(command: Command, found: Carried) -> Act:
    """Return the act a command asks for."""
    order = found.order.order
    return Act(
        operation=found.operation,
        order_id=order.order_id,
        key=f"{order.store}:{command.request_id or order.order_id}:{found.operation}",
        request_id=command.request_id,
        reason=command.reason,
        parameters=dict(command.parameters),
    )


def _request(stored: StoredOrder, request_id: str | None) -> AfterSale | None:
    if request_id is None:
        return None
    found = next((each for each in stored.order.requests if each.request_id == request_id), None)
    if found is None:
        raise NotFound(f"Order {stored.order.order_id} has no request {request_id} any more.")
    return found


def _check_sense(operation: Operation, stored: StoredOrder, request: AfterSale | None) -> None:
    """Raise Conflict when the order's or the request's state leaves nothing to do."""
    order = stored.order
    if request is not None:
        _check_request(operation, request)
    elif operation is Operation.ship:
        asked = next(
            (
                each.request_id
                for each in order.requests
                if each.kind is RequestKind.cancellation and each.state is RequestState.open
            ),
            None,
        )
        if asked is not None:
            raise Conflict(
                f"The buyer of order {order.order_id} asks to cancel it: answer that first, with "
                f"`gateway accept {asked}` or `gateway reject {asked}`."
            )
        if order.fulfillment not in _TO_SHIP or order.closure in _ENDED:
            raise Conflict(f"Order {order.order_id} is not to be shipped: it is {stored.phase.value} now.")
    elif order.fulfillment not in _UNDER_WAY or order.closure in _ENDED:
        raise Conflict(f"Order {order.order_id} has no parcel under way: it is {stored.phase.value} now.")


def _check_request(operation: Operation, request: AfterSale) -> None:
    name = request.request_id
    if request.state not in _STATES.get(operation, _OPEN):
        raise Conflict(f"Request {name} is {request.state.value} now: nothing is left to answer.")
    if operation is Operation.refund_return and request.refund in {RefundState.pending, RefundState.refunded}:
        raise Conflict(f"The refund of request {name} is {request.refund.value} already.")
    if operation is Operation.open_dispute and request.dispute is not DisputeState.none:
        raise Conflict(f"Request {name} is in dispute already ({request.dispute.value}).")


def _forbidden(command: Command, found: Carried) -> NotAllowed:
    rules = found.judgement.forbidden_by
    return NotAllowed(
        f"To {_words(command.deed)} {command.request_id or command.order_id} now is against the rules "
        f"({', '.join(rules)}). {found.decision.explanation}",
        citations=rules,
    )


def _check_offered(operation: Operation, deed: Deed, manifest: Manifest) -> None:
    """Raise Refused when nobody can do this on the platform."""
    if manifest.offers(operation) is not Offered.none:
        return
    if deed is Deed.set_tracking:
        hint = ""
        if manifest.offers(Operation.ship) is Offered.api:
            hint = " Where a way of shipping takes a number, give it along: `gateway ship ORDER --tracking NUMBER`."
        raise Refused(f"{manifest.title} has no call that sets or changes the tracking number of a parcel.{hint}")
    raise Refused(f"{manifest.title} has no call to {_words(deed)} this. Look at it in the platform's console.")


def _words(deed: Deed) -> str:
    return {
        Deed.ship: "ship",
        Deed.set_tracking: "set the tracking number of",
        Deed.accept: "accept",
        Deed.reject: "reject",
        Deed.take_offer: "take the buyer's offer in",
        Deed.offer: "make an offer in",
    }[deed]


def _agreed(note: Mapping[str, str]) -> set[str]:
    """Return what the person was shown, and said yes to."""
    agreed = set(json.loads(note.get("needs", "[]")))
    return agreed | {STORE_MODE_ASK} if note.get("approved") == "true" else agreed


def _changed(note: Mapping[str, str], judgement: Judgement, request: AfterSale | None) -> str | None:
    """Return in words what is not as it was shown when it was ordered, None when all is."""
    amount, path, cost = _amount(request), judgement.path.value, _price(judgement.cost)
    before, took, shown = note.get("amount", amount), note.get("path", path), note.get("cost", cost)
    if amount != before:
        return f"the amount has changed before it was sent, from {before or 'none'} to {amount or 'none'}"
    if path != took:
        return f"the rules see another path now, {path} and not {took}"
    if _is_more(cost, shown):
        return f"it would cost more than was shown, {cost} and not {shown or 'nothing known'}"
    return None


def _is_more(cost: str, shown: str) -> bool:
    """Tell whether a price is higher than the one that was shown, or cannot be compared with it."""
    (now, _, currency), (then, _, before) = cost.partition(" "), shown.partition(" ")
    return bool(now) and (currency != before or Decimal(now) > Decimal(then))


def _amount(request: AfterSale | None) -> str:
    if request is None or request.refund_minor is None:
        return ""
    return f"{to_major(request.refund_minor, request.currency)} {request.currency}"


def _price(cost: Cost | None) -> str:
    return "" if cost is None else f"{cost.total.amount} {cost.total.currency}"


def _note(command: Command, found: Carried, *, approved: bool) -> dict[str, str]:
    request = _request(found.order, command.request_id)
    return {
        "deed": command.deed.value,
        "operation": found.operation.value,
        "request": command.request_id or "",
        "path": found.judgement.path.value,
        "needs": json.dumps(list(found.judgement.needs)),
        "approved": str(approved).lower(),
        "amount": _amount(request),
        "cost": _price(found.judgement.cost),
        "rules": ", ".join(found.judgement.forbidden_by or found.judgement.because),
    }

"""The scenario of a stored order: what the policy may know about it, and where each fact comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from gateway.cases.gathered import NOTHING, Gathered
from gateway.errors import DataError
from gateway.model.after_sale import AfterSale, AfterSaleReason, GoodsState, RequestKind, RequestState
from gateway.model.attested import AttestedFact, FactName
from gateway.model.money import to_major
from gateway.model.order import PaymentState, Phase
from gateway.model.store import Platform, Store
from gateway.orders.store import StoredOrder
from gateway.policy.notation import decimal_places
from gateway.policy.parse import read_object
from gateway.policy.scenario import FieldProblem, Scenario
from gateway.policy.terms import Reason, RequestReason

_KINDS = {
    RequestKind.cancellation: "cancellation",
    RequestKind.refund: "refund",
    RequestKind.return_refund: "return_refund",
}
_RETURNS = {
    GoodsState.to_send_back: "agreed",
    GoodsState.sent_back: "shipped_back",
    GoodsState.received: "received",
}
# what a person may say of goods on their way back, and of what the platform shows it is believed
_SAID_OF_RETURNS: Mapping[str, frozenset[GoodsState]] = {
    "received": frozenset({GoodsState.sent_back}),
    "refused": frozenset({GoodsState.sent_back, GoodsState.received}),
}
_CLOCK_SKEW = timedelta(minutes=5)
_MONEY_FACTS = {FactName.goods_cost, FactName.outbound_shipping_cost, FactName.return_shipping_cost}


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """What the store's own books say within the platform's windows."""

    orders_in_window: int
    counted_cancellations_in_window: int
    penalty_points: int
    closes_this_month: int = 0  # spent or reserved
    credit_score: int = 100


@dataclass(frozen=True, slots=True)
class Question:
    """A scenario, and which of its facts rest on a person's word or on a default rather than on the platform."""

    scenario: Scenario
    attested: tuple[str, ...]
    defaulted: tuple[str, ...]


def question_of(
    stored: StoredOrder,
    store: Store,
    reason: Reason,
    counts: StoreCounts,
    facts: Sequence[AttestedFact],
    valuation: Mapping[str, object],
    as_of: datetime,
    gathered: Gathered = NOTHING,
) -> Question:
    """Return the policy question an order poses at ``as_of`` when it should end for ``reason``.

    ``gathered`` is what is on record of contact, evidence and support, none of it later than ``as_of``, and how many
    orders end together. Attested facts come from a person. The reason ``out_of_stock`` itself attests that no stock
    is left (DESIGN.md section 2); without a word from anybody, stock counts as available.
    Raises DataError when a stored fact has no place in a scenario.
    """
    order = stored.order
    as_of = _not_before_events(stored, as_of)
    attested = {fact.name: fact.value for fact in reversed(facts)}  # narrowest and newest come first in ``facts``
    if reason is Reason.out_of_stock:
        attested[FactName.stock_available] = "false"
    returns, said = _return_state(order.requests, facts)
    attested.pop(FactName.return_state, None)
    if said is not None:
        attested[FactName.return_state] = said
    request = _open_request(stored.order.requests)
    given: dict[str, object] = {
        "phase": stored.phase.value,
        "sale_type": order.sale_type.value,
        "placed_at": _text(order.placed_at),
        "paid_at": _text(order.paid_at),
        "ship_by": _text(order.ship_by),
        "shipped_at": _text(order.shipped_at),
        "latest_delivery_at": _text(order.latest_delivery_at),
        "delivered_at": _text(order.delivered_at),
        "auto_cancel_at": _text(order.auto_cancel_at),
        "cross_border": bool(order.cross_border),
        "paid": _paid(stored),
        "return": said or returns,
        "request": request,
    }
    given |= {name.value: _money(value) for name, value in attested.items() if name in _MONEY_FACTS}
    if FactName.stock_available in attested:
        given["stock_available"] = attested[FactName.stock_available] == "true"
    if FactName.interception in attested:
        given["interception"] = attested[FactName.interception]
    if FactName.buyer_language in attested:
        given["buyer_language"] = attested[FactName.buyer_language]
    asked = _scenario(store, counts, as_of, given, valuation) | _gathered(reason, gathered)
    try:
        scenario = read_object(asked)
    except FieldProblem as problem:
        field = ".".join(str(part) for part in problem.path)
        raise DataError(
            f"Order {order.order_id} of store {store.id} cannot be put to the policy: {field}: {problem}. "
            "What a store's costs are worth is set under `valuation` in gateway.yaml; report anything else."
        ) from None
    used = sorted(name.value for name in attested)
    wanted = [name.value for name in (*sorted(_MONEY_FACTS), FactName.stock_available)]
    return Question(scenario, tuple(used), tuple(name for name in wanted if name not in used))


def _scenario(
    store: Store,
    counts: StoreCounts,
    as_of: datetime,
    order: dict[str, object],
    valuation: Mapping[str, object],
) -> dict[str, object]:
    return {
        "as_of": as_of.isoformat(timespec="seconds"),
        "store": {
            "platform": Platform.of(store.platform).value,
            "region": store.region,
            "role": store.role.value,
            "currency": store.currency,
            "time_zone": store.time_zone,
            "health": {
                "closes_this_month": counts.closes_this_month,
                "credit_score": counts.credit_score,
                "penalty_points": counts.penalty_points,
                "orders_in_window": counts.orders_in_window,
                "counted_cancellations_in_window": counts.counted_cancellations_in_window,
            },
            "valuation": dict(valuation),
        },
        "order": order,
    }


def _gathered(reason: Reason, gathered: Gathered) -> dict[str, object]:
    batch_size = gathered.batch_size if gathered.reason == reason.value else 1  # another question than the case's
    return {
        "intent": {"reason": reason.value, "batch_size": batch_size},
        "contact": {
            "messages": [
                {
                    "at": _text(each.at),
                    "language": each.language,
                    "purpose": each.purpose,
                    "announced_close_at": _text(each.announced_close_at),
                }
                for each in gathered.messages
            ],
            "reply": gathered.reply.value,
            "replied_at": _text(gathered.replied_at),
        },
        "evidence": list(gathered.evidence),
        "support_ticket": gathered.ticket,
    }


def open_request(requests: Sequence[AfterSale]) -> AfterSale | None:
    """Return the request that is to be answered first, None when none waits."""
    waiting = [request for request in requests if request.state is RequestState.open and request.kind in _KINDS]
    return min(waiting, key=lambda request: (request.answer_by or request.opened_at, request.request_id), default=None)


def _open_request(requests: Sequence[AfterSale]) -> dict[str, object] | None:
    first = open_request(requests)
    if first is None:
        return None
    return {
        "kind": _KINDS[first.kind],
        "reason": _request_reason(first.reason),
        "opened_at": _text(first.opened_at),
        "answer_by": _text(first.answer_by),
    }


def _request_reason(reason: AfterSaleReason | None) -> str | None:
    if reason is None or reason is AfterSaleReason.unknown:
        return None
    return reason.value if reason.value in set(RequestReason) else RequestReason.other.value


def latest_return(requests: Sequence[AfterSale]) -> AfterSale | None:
    """Return the request to send goods back that changed last, None when there is none."""
    returning = [request for request in requests if request.kind is RequestKind.return_refund]
    return max(returning, key=lambda request: request.updated_at, default=None)


def _return_state(requests: Sequence[AfterSale], facts: Sequence[AttestedFact]) -> tuple[str, str | None]:
    """Return how far back the goods are as the platform shows it, and a person's word that goes further."""
    latest = latest_return(requests)
    if latest is None:
        return "none", None
    if latest.state is RequestState.refused:
        return "refused", None
    if latest.goods in _RETURNS:
        return _RETURNS[latest.goods], _said(latest, facts)
    return "requested" if latest.state is RequestState.open else "none", None


def _said(latest: AfterSale, facts: Sequence[AttestedFact]) -> str | None:
    """Return what a person found of the goods of this return; a word about the order's earlier one says nothing."""
    of_order = (fact for fact in facts if fact.name is FactName.return_state and fact.order_id == latest.order_id)
    word = next((fact.value for fact in of_order if fact.at >= latest.opened_at), None)
    return word if word is not None and latest.goods in _SAID_OF_RETURNS.get(word, ()) else None


def _paid(stored: StoredOrder) -> dict[str, str]:
    order = stored.order
    if order.payment is PaymentState.partly_paid:
        paid = sum(each.amount_minor or 0 for each in order.payments if each.state is PaymentState.paid)
    elif order.payment is PaymentState.paid and stored.phase is not Phase.unpaid:
        paid = order.total_minor or 0
    else:
        paid = 0
    # the policy prices in whole TWD and IDR, where platforms may still show cents
    places = Decimal(1).scaleb(-decimal_places(order.currency))
    amount = Decimal(to_major(paid, order.currency)).quantize(places, ROUND_HALF_EVEN)
    return {"amount": str(amount), "currency": order.currency}


def _money(text: str) -> dict[str, str]:
    amount, _, currency = text.partition(" ")
    return {"amount": amount, "currency": currency}


def _not_before_events(stored: StoredOrder, as_of: datetime) -> datetime:
    """Return ``as_of``, or the newest event when the platform's clock runs a little ahead of ours."""
    order = stored.order
    events = [order.placed_at, order.paid_at, order.shipped_at, order.delivered_at]
    events += [request.opened_at for request in order.requests]
    newest = max(event for event in events if event is not None)
    return newest if as_of < newest <= as_of + _CLOCK_SKEW else as_of


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")

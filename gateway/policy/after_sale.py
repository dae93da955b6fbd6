"""The buyer's request on goods that have left (READINGS.md item 3 and "Edge rulings", Returns)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.decision import Step
from gateway.policy.terms import (
    Action,
    Approval,
    Awaited,
    CostKind,
    Missing,
    Path,
    Performer,
    RequestKind,
    ReturnState,
)
from gateway.policy.verdict import Allowed, Charge, Forbidden, cost_of, judged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.amount import Amount
    from gateway.policy.fact import Fact
    from gateway.policy.scenario import OrderFacts
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterSaleFacts:
    """Where a platform's rules say what may be granted; ``grant_more``: a refund alone where a return was asked."""

    accept_refund: Fact[bool]
    accept_return: Fact[bool]
    grant_more: Fact[bool]


def after_sale_verdicts(situation: Situation, facts: AfterSaleFacts) -> Iterable[Verdict]:
    """Judge the paths a request opens: a refund alone, or goods back first and, granting more, a refund alone."""
    kind = situation.open_kind
    if kind is RequestKind.refund:
        return (judged(Path.refund, lambda each: refund(each, facts), situation),)
    if kind is RequestKind.return_refund:
        return (
            judged(Path.refund, lambda each: _refund_instead(each, facts), situation),
            judged(Path.return_refund, lambda each: return_refund(each, facts), situation),
        )
    return ()


def _refund_instead(situation: Situation, facts: AfterSaleFacts) -> Verdict:
    more = situation.rules.know(facts.grant_more)
    return refund(situation, facts) if more.value else Forbidden(path=Path.refund, because=more.cites)


def refund(situation: Situation, facts: AfterSaleFacts) -> Verdict:
    """Money back, the goods stay with the buyer: goods and the parcel out are lost (READING-3)."""
    accept = situation.rules.know(facts.accept_refund)
    if not accept.value:
        return Forbidden(path=Path.refund, because=accept.cites)
    order, now = situation.order, situation.as_of
    cost = cost_of(goods_lost(order), situation.currency)
    return Allowed(
        path=Path.refund,
        because=accept.cites,
        why="Grant the buyer the refund. The goods stay with the buyer and are lost to the shop.",
        steps=(Step(action=Action.accept_request, at=now, performed_by=Performer.gateway),),
        cost=cost,
        earliest=now,
        not_before=now,
        ends=now,
        approval=(Approval.goods_lost,) if cost.total.amount > 0 else (),
    )


def return_refund(situation: Situation, facts: AfterSaleFacts) -> Verdict:
    """Goods back first, then the money: only what was received is paid for (READING-3)."""
    accept = situation.rules.know(facts.accept_return)
    if not accept.value:
        return Forbidden(path=Path.return_refund, because=accept.cites)
    steps, ready, why = _return_plan(situation)
    order, now = situation.order, situation.as_of
    waiting = steps[0].action is Action.wait
    paid_now = steps[0].action is Action.refund_returned
    not_before: datetime | None = None if waiting else now
    return Allowed(
        path=Path.return_refund,
        because=accept.cites,
        why=why,
        steps=steps,
        cost=cost_of(parcels_both_ways(order), situation.currency),
        earliest=now if ready else None,
        not_before=not_before,
        ends=now if paid_now else None,
        missing=() if ready else (Missing.return_received,),
        ready=ready,
    )


def goods_lost(order: OrderFacts) -> list[Charge]:
    """Charge the goods and the parcel out: they stay with the buyer."""
    return [charge_once(CostKind.goods, order.goods_cost), charge_once(CostKind.shipping, order.outbound_shipping_cost)]


def parcels_both_ways(order: OrderFacts) -> list[Charge]:
    """Charge the parcel out and the parcel back."""
    costs = (order.outbound_shipping_cost, order.return_shipping_cost)
    return [charge_once(CostKind.shipping, each) for each in costs]


def charge_once(kind: CostKind, amount: Amount, times: int = 1) -> Charge:
    """Charge goods or a parcel, and nothing where it costs nothing."""
    return Charge(kind, times if amount.amount else 0, amount.minor)


def _return_plan(situation: Situation) -> tuple[tuple[Step, ...], bool, str]:
    """Return the steps from the state of the goods, whether the first can be done now, and the sentence for people."""
    now, state = situation.as_of, situation.order.return_state
    pay = Step(action=Action.refund_returned, performed_by=Performer.gateway)
    if state is ReturnState.received:
        back = Step(action=Action.refund_returned, at=now, performed_by=Performer.gateway)
        return (back,), True, "The goods are back. Refund the buyer now."
    if state is ReturnState.refused:
        ask = Step(action=Action.ask_person, at=now, performed_by=Performer.person)
        return (ask,), False, "The return was refused. A person must decide how to go on with the buyer."
    wait = Step(action=Action.wait, awaited=(Awaited.return_received,), performed_by=Performer.gateway)
    if state in {ReturnState.agreed, ReturnState.shipped_back}:
        return (wait, pay), False, "The return is agreed. Wait until the goods are back, then refund the buyer."
    approve = Step(action=Action.approve_return, at=now, performed_by=Performer.gateway)
    return (approve, wait, pay), True, "Agree to the return. The buyer gets the money when the goods are back."

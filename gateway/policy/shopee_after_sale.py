"""Shopee: the buyer's request on goods that have left (READINGS.md item 3 and "Edge rulings", Returns)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.policy.decision import Step
from gateway.policy.facts import SHOPEE_ACCEPT_REFUND, SHOPEE_ACCEPT_RETURN, SHOPEE_MONEY_AFTER_GOODS
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
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


def after_sale_verdicts(situation: Situation) -> Iterable[Verdict]:
    """Judge the paths a request opens: a refund alone, or goods back first and, granting more, a refund alone."""
    kind = situation.open_kind
    if kind is RequestKind.refund:
        return (judged(Path.refund, refund, situation),)
    if kind is RequestKind.return_refund:
        return (judged(Path.refund, refund, situation), judged(Path.return_refund, return_refund, situation))
    return ()


def money_before_goods(situation: Situation, chosen: Allowed | None) -> tuple[str, ...]:
    """Return the rules against paying before the goods are back; empty unless a return is the chosen path."""
    if chosen is None or chosen.path is not Path.return_refund:
        return ()
    try:
        known = situation.rules.know(SHOPEE_MONEY_AFTER_GOODS)
    except NoRuleKnown:
        return ()
    return known.cites if known.value and situation.order.return_state is not ReturnState.received else ()


def refund(situation: Situation) -> Verdict:
    """Money back, the goods stay with the buyer: goods and the parcel out are lost (READING-3)."""
    accept = situation.rules.know(SHOPEE_ACCEPT_REFUND)
    if not accept.value:
        return Forbidden(path=Path.refund, because=accept.cites)
    order, now = situation.order, situation.as_of
    cost = cost_of(
        (_lost(CostKind.goods, order.goods_cost), _lost(CostKind.shipping, order.outbound_shipping_cost)),
        situation.currency,
    )
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


def return_refund(situation: Situation) -> Verdict:
    """Goods back first, then the money: only what was received is paid for (READING-3)."""
    accept = situation.rules.know(SHOPEE_ACCEPT_RETURN)
    if not accept.value:
        return Forbidden(path=Path.return_refund, because=accept.cites)
    steps, ready, why = _return_plan(situation)
    order, now = situation.order, situation.as_of
    parcels = [_lost(CostKind.shipping, each) for each in (order.outbound_shipping_cost, order.return_shipping_cost)]
    waiting = steps[0].action is Action.wait
    paid_now = steps[0].action is Action.refund_returned
    not_before: datetime | None = None if waiting else now
    return Allowed(
        path=Path.return_refund,
        because=accept.cites,
        why=why,
        steps=steps,
        cost=cost_of(parcels, situation.currency),
        earliest=now if ready else None,
        not_before=not_before,
        ends=now if paid_now else None,
        missing=() if ready else (Missing.return_received,),
        ready=ready,
    )


def _lost(kind: CostKind, amount: Amount) -> Charge:
    """Charge the goods or a parcel once, and nothing where it costs nothing."""
    return Charge(kind, Fraction(1 if amount.amount else 0), Fraction(amount.amount))


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

"""Shipping after all, where the reason to end an order is only the seller's (READINGS.md item 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.decision import Step
from gateway.policy.facts import LOSS_NEEDING_APPROVAL_CNY
from gateway.policy.terms import Action, Approval, CostKind, Missing, Path, Performer, Reason, Reply
from gateway.policy.verdict import Allowed, Charge, Forbidden, cost_of

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.model.order import Phase
    from gateway.policy.fact import Fact
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilFacts:
    """Where a platform's rules say in which phases and in spite of which reasons an order is shipped after all."""

    phases: Fact[frozenset[Phase]]
    reasons: Fact[frozenset[Reason]]
    gift_reasons: Fact[frozenset[Reason]] | None = None


def fulfil(
    situation: Situation,
    facts: FulfilFacts,
    *,
    earliest: datetime | None = None,
    answer_by: datetime | None = None,
) -> Verdict:
    """Ship the goods now, or from ``earliest`` on where the rules ask to wait so long. Raises NoRuleKnown."""
    rules, now = situation.rules, situation.as_of
    phases, reasons = rules.know(facts.phases), rules.know(facts.reasons)
    if not may_fulfil(situation, facts, situation.scenario.contact.reply):
        return Forbidden(path=Path.fulfil, because=phases.cites)
    at = now if earliest is None else max(now, earliest)
    if at > situation.horizon(answer_by, situation.scenario.as_of):
        why = "The order ends by itself before the goods may leave. A person must look at it."
        return Forbidden(path=Path.fulfil, because=phases.cites, why=why)
    loss = _loss(situation)
    limit = rules.know(LOSS_NEEDING_APPROVAL_CNY)
    needs_approval = loss > situation.prices.from_cny(limit.value)
    ship = Step(action=Action.ship, at=at, performed_by=Performer.person)
    wait = Step(action=Action.wait, until=at, performed_by=Performer.gateway)
    ends = situation.soft_bound
    charges = fulfil_charges(situation, facts, at)
    return Allowed(
        path=Path.fulfil,
        because=(*reasons.cites, *(limit.cites if needs_approval else ())),
        why="The goods can be shipped, and shipping them is the cheapest way the rules allow. "
        + ("It costs more than the buyer paid." if loss else "Ship the order."),
        steps=(ship,) if at == now else (wait, ship),
        cost=cost_of(charges, situation.currency),
        earliest=at,
        not_before=at,
        ends=situation.local(ends) if ends else None,
        missing=() if at == now else (Missing.time,),
        ready=at == now,
        approval=(Approval.loss_order,) if needs_approval else (),
    )


def may_fulfil(situation: Situation, facts: FulfilFacts, reply: Reply) -> bool:
    """Tell whether the goods may be shipped after all, given the buyer's reply. Raises NoRuleKnown."""
    rules, order = situation.rules, situation.order
    return (
        situation.open_kind is None
        and order.phase in rules.value(facts.phases)
        and order.stock_available
        and situation.reason in rules.value(facts.reasons)
        and reply is not Reply.asks_to_cancel
    )


def fulfil_charges(situation: Situation, facts: FulfilFacts, at: datetime) -> list[Charge]:
    """Return what shipping then costs: the loss, a gift where the rules advise one, being late. Raises NoRuleKnown."""
    orders = situation.orders_asked
    loss = _loss(situation)
    charges = [Charge(CostKind.loss, orders if loss else 0, loss)]
    if facts.gift_reasons is not None:
        gift = situation.rules.know(facts.gift_reasons)
        if situation.reason in gift.value:
            charges.append(situation.charge(CostKind.gift, orders, gift.cites[0]))
    if situation.is_late(at):
        charges.append(situation.charge(CostKind.late_shipment, orders))
    return charges


def _loss(situation: Situation) -> int:
    order = situation.order
    return max(0, order.goods_cost.minor + order.outbound_shipping_cost.minor - order.paid.minor)

"""Xiaohongshu: what a seller's close costs at an instant: units or points, the close rate (XHS-11 to 16, 64, 65)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gateway.model.order import Phase
from gateway.policy.after_sale import charge_once
from gateway.policy.facts import FEWEST_ORDERS_FOR_A_RATE
from gateway.policy.facts_xiaohongshu import (
    XHS_BATCH_WITHIN_QUOTA,
    XHS_CAMPAIGNS_BELOW,
    XHS_CLOSES_COUNT,
    XHS_POINTS_OVER_QUOTA,
    XHS_QUOTA,
    XHS_RATE_LINE,
    XHS_RATE_TARGET,
    XHS_SHIP_HOURS,
    XHS_STOP_BELOW,
    XHS_TRAFFIC_BELOW,
)
from gateway.policy.rate import RateEffect
from gateway.policy.terms import Approval, CostKind, Path
from gateway.policy.verdict import Charge, Forbidden

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.notation import Exact
    from gateway.policy.rule_set import Known
    from gateway.policy.situation import Situation


class Price(NamedTuple):
    """What closing costs, the rules behind it, and the approvals that a rate asks for."""

    charges: tuple[Charge, ...]
    because: tuple[str, ...]
    approval: tuple[Approval, ...]


def price_of_close(situation: Situation, at: datetime) -> Price | Forbidden:
    """Return what closing costs at an instant, or why quota or score stand against it. Raises NoRuleKnown."""
    allotment = quota_charges(situation, at)
    if isinstance(allotment, Forbidden):
        return allotment
    rate = rate_effect(situation)
    orders = situation.orders_asked
    charges = [*allotment, *rate.charges, situation.charge(CostKind.person_task, 1)]
    if situation.is_late(at):
        late = situation.rules.know(XHS_SHIP_HOURS)
        charges.append(situation.charge(CostKind.late_shipment, orders, late.cites[0]))
    if situation.order.phase is Phase.in_transit:
        order = situation.order
        both_ways = (order.outbound_shipping_cost, order.return_shipping_cost)
        charges += [charge_once(CostKind.shipping, each, orders) for each in both_ways]
    cites = tuple(charge.rule for charge in allotment if charge.rule)
    return Price(charges=tuple(charges), because=(*cites, *rate.because), approval=rate.approval)


def units_left(situation: Situation, at: datetime) -> int:
    """Return how many free closes the store's calendar month of ``at`` still holds (XHS-12). Raises NoRuleKnown."""
    month, now = situation.local(at), situation.as_of
    same_month = (month.year, month.month) == (now.year, now.month)
    used = situation.scenario.store.health.closes_this_month if same_month else 0
    return max(0, situation.rules.value(XHS_QUOTA) - used)


def next_month(situation: Situation, at: datetime) -> datetime:
    """Return 00:00 of the first day of the month after ``at``, in the store's time zone."""
    day = situation.local(at).replace(day=1, hour=0, minute=0, second=0, fold=0) + timedelta(days=31)
    return day.replace(day=1)


def quota_charges(situation: Situation, at: datetime) -> list[Charge] | Forbidden:
    """Charge a unit an order, and credit points where no unit is left (XHS-12, 13, C2). Raises NoRuleKnown."""
    rules, orders = situation.rules, situation.orders_asked
    units = min(orders, units_left(situation, at))
    over = orders - units
    within = rules.know(XHS_BATCH_WITHIN_QUOTA)
    if over and situation.is_batch and within.value:
        why = "These are more orders than free closes are left this month, and points are never spent on a batch."
        return Forbidden(path=Path.seller_close, because=within.cites, why=why)
    charges = [situation.charge(CostKind.quota_unit, units, rules.know(XHS_QUOTA).cites[0])]
    if not over:
        return charges
    points = rules.know(XHS_POINTS_OVER_QUOTA)
    taken = over * points.value
    if not taken:
        return charges
    score = situation.scenario.store.health.credit_score
    stop = rules.know(XHS_STOP_BELOW)
    if score - taken < stop.value:
        why = "Closing would bring the credit score to where the shop is closed. A person must look at the order."
        return Forbidden(path=Path.seller_close, because=stop.cites, why=why)
    charges.append(situation.charge(CostKind.credit_point, taken, points.cites[0]))
    bands = (rules.know(XHS_CAMPAIGNS_BELOW), rules.know(XHS_TRAFFIC_BELOW))
    return charges + [_band(situation, band) for band in bands if score >= band.value > score - taken]


def _band(situation: Situation, band: Known[int]) -> Charge:
    return Charge(CostKind.credit_band, 1, situation.prices.band(band.value), band.cites[0])


def rate_effect(situation: Situation) -> RateEffect:
    """Return what counting in the close rate costs: each close, and the highest line above which the rate then is."""
    rules, health, orders = situation.rules, situation.scenario.store.health, situation.orders_asked
    counts = rules.know(XHS_CLOSES_COUNT)
    if not counts.value:
        return RateEffect()
    counted = situation.charge(CostKind.counted_cancellation, orders, counts.cites[0])
    fewest = rules.know(FEWEST_ORDERS_FOR_A_RATE)
    if health.orders_in_window < fewest.value:
        return RateEffect(charges=(counted,), because=fewest.cites, approval=(Approval.rate_unknown,))
    part = health.counted_cancellations_in_window + orders
    whole = max(health.orders_in_window, part)
    for fact, approval in ((XHS_RATE_LINE, (Approval.rate_threshold,)), (XHS_RATE_TARGET, ())):
        line = rules.know(fact)
        if line.value.is_crossed(part, whole):
            price = situation.prices.line(line.value.percent)
            above = Charge(CostKind.rate_threshold, 1, price, line.cites[0])
            return RateEffect(charges=(counted, above), because=line.cites, approval=approval)
    return RateEffect(charges=(counted,))


def by_silence(situation: Situation, charges: tuple[Charge, ...]) -> tuple[tuple[Charge, ...], int]:
    """Weigh a close that waits for the buyer's silence against the refusal that may come instead (VALUATION.md).

    The quantities returned count so many out of the number beside them.
    """
    chances = situation.prices.chances
    either = chances.silent + chances.refuses
    if not either:
        return charges, 1
    return (*scaled(charges, chances.silent), situation.charge(CostKind.fallback_none, chances.refuses)), either


def scaled(charges: Iterable[Charge], times: int) -> tuple[Charge, ...]:
    """Return the charges of a branch that is taken so many times."""
    return tuple(Charge(each.kind, each.quantity * times, each.price, each.rule) for each in charges)


def exact_total(charges: Iterable[Charge]) -> Exact:
    """Return the sum before any rounding."""
    return sum(each.quantity * each.price for each in charges)

"""The cancellation rate that a close would lead to, and what crossing a line costs (READINGS 6 and 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.facts import (
    FEWEST_ORDERS_FOR_A_RATE,
    SHOPEE_LINE_PERCENT,
    SHOPEE_POINTS_ABOVE_LINE,
    SHOPEE_STOP_POINTS,
)
from gateway.policy.terms import Approval, CostKind
from gateway.policy.verdict import Charge

if TYPE_CHECKING:
    from gateway.policy.scenario import Health
    from gateway.policy.situation import Situation


class RateEffect(NamedTuple):
    """What one more counted close does to the store: extra charges, rules to cite, approvals, and whether it stops."""

    charges: tuple[Charge, ...] = ()
    because: tuple[str, ...] = ()
    approval: tuple[Approval, ...] = ()
    stopped_by: tuple[str, ...] = ()  # the rules of a hard stop; empty when there is none


def exceeds(health: Health, more: int, percent: int) -> bool:
    """Tell whether the rate with ``more`` counted cancellations is strictly above a line in percent."""
    counted = health.counted_cancellations_in_window + more
    return counted * 100 > percent * max(health.orders_in_window, counted)


def shopee_rate_effect(situation: Situation, more: int) -> RateEffect:
    """Return what ``more`` counted cancellations cost beyond themselves (SHP-04, SHP-06, SHP-14).

    With fewer orders than a rate needs nothing is priced and a person decides. Raises NoRuleKnown.
    """
    rules, health = situation.rules, situation.scenario.store.health
    fewest = rules.know(FEWEST_ORDERS_FOR_A_RATE)
    if health.orders_in_window < fewest.value:
        return RateEffect(because=fewest.cites, approval=(Approval.rate_unknown,))
    line, points = rules.know(SHOPEE_LINE_PERCENT), rules.know(SHOPEE_POINTS_ABOVE_LINE)
    if not exceeds(health, more, line.value):
        return RateEffect()
    stop = rules.know(SHOPEE_STOP_POINTS)
    if points.value and health.penalty_points + points.value >= stop.value:
        return RateEffect(stopped_by=stop.cites)
    prices = situation.prices
    return RateEffect(
        charges=(
            Charge(
                CostKind.penalty_point,
                points.value,
                prices.by_kind[CostKind.penalty_point],
                points.cites[0],
            ),
            Charge(CostKind.rate_threshold, 1, prices.line(line.value), line.cites[0]),
        ),
        because=(*line.cites, *points.cites),
        approval=(Approval.rate_threshold,),
    )

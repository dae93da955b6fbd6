"""Shopee: what it may cost to reject a buyer's request while the goods are still here (SHP-18, SHP-29)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.policy.decision import Rejection
from gateway.policy.facts import SHOPEE_REJECTION_MAY_COUNT
from gateway.policy.rate import shopee_rate_effect
from gateway.policy.terms import CostKind
from gateway.policy.verdict import Charge, cost_of

if TYPE_CHECKING:
    from gateway.policy.situation import Situation

_WHY = "If the buyer complains, or the order ends cancelled all the same, it may count against the shop."
_STOPS = " Counted, it would bring the shop to a number of penalty points at which Shopee restricts it."


def rejection_before_shipment(situation: Situation) -> Rejection | None:
    """Return the cost of one counted cancellation, as far as one may follow. None without such a request or rule."""
    if situation.open_kind is None or not situation.not_shipped:
        return None
    try:
        known = situation.rules.know(SHOPEE_REJECTION_MAY_COUNT)
        effect = shopee_rate_effect(situation, 1)
    except NoRuleKnown:
        return None
    if not known.value:
        return None
    price = situation.prices.by_kind[CostKind.counted_cancellation]
    counted = Charge(CostKind.counted_cancellation, 1, price, known.cites[-1])
    return Rejection(
        cost=cost_of((*effect.charges, counted), situation.currency),
        because=(*known.cites, *effect.because, *effect.stopped_by),
        why=_WHY + (_STOPS if effect.stopped_by else ""),
    )

"""When a Xiaohongshu order may be closed at an instant, given an answer of the buyer, and what that costs."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import costs
from tests.policy.second.facts import CONSENT, HOUR, horizon, next_first, same_month

EVIDENCE = ("chat", "problem", "order_detail")
UNITS_A_MONTH = 3
UNUSUAL = ("undeliverable_area", "force_majeure", "price_error")
WITH_CONSENT = ("malicious_order", "out_of_stock", "stock_damaged", "buyer_asked", "system_error", *UNUSUAL)
BY_SILENCE = ("malicious_order", "buyer_unreachable", "system_error")
BY_SILENCE_APPROVED = ("out_of_stock", "stock_damaged")


def window_end(f: SimpleNamespace) -> int | None:
    return None if f.paid_at is None else f.paid_at + (24 if f.presale else 4) * HOUR


def inside(f: SimpleNamespace, at: int) -> bool:
    end = window_end(f)
    return f.phase == "awaiting_shipment" and end is not None and at <= end


def terms(f: SimpleNamespace, at: int, reply: str) -> SimpleNamespace | None:
    """Return how a close at that instant would be allowed: by the window, by consent or by silence."""
    free = inside(f, at)
    if f.false_reason or (f.n > 1 and not (f.reason == "system_error" or (f.reason == "price_error" and free))):
        return None
    if free:
        return SimpleNamespace(by_silence=False, approval=[])
    if reply in CONSENT and f.reason in WITH_CONSENT:
        return SimpleNamespace(by_silence=False, approval=["unusual_reason"] if f.reason in UNUSUAL else [])
    if reply == "none" and f.reason in (*BY_SILENCE, *BY_SILENCE_APPROVED):
        risky = f.reason in BY_SILENCE_APPROVED
        return SimpleNamespace(by_silence=True, approval=["silence_instead_of_consent"] if risky else [])
    return None


def approvals(f: SimpleNamespace, judged: SimpleNamespace) -> list[str]:
    return ["high_risk_close", *judged.approval, *costs.rate_approvals(f, f.n)]


def used_at(f: SimpleNamespace, at: int) -> int:
    return f.closes if same_month(f, f.as_of, at) else 0


def own_cost(f: SimpleNamespace, at: int) -> costs.Cost | None:
    """Return what closing at that instant costs without the person's task; None where it is stopped."""
    left = max(0, UNITS_A_MONTH - used_at(f, at))
    if left >= f.n:
        spent = costs.item(f, "quota_unit", f.n)
    elif f.n > 1 or f.score - 2 < 60:
        return None
    else:
        spent = costs.plus(costs.item(f, "credit_point", 2), costs.band_cost(f, f.score - 2))
    parcels: costs.Cost = {}
    if f.phase == "in_transit":
        parcels = costs.times(costs.both_ways(f), f.n)
    return costs.plus(
        spent,
        costs.item(f, "counted_cancellation", f.n),
        costs.rate_cost(f, costs.rate_line(f, f.n)),
        costs.late(f, at),
        parcels,
    )


def weighted(f: SimpleNamespace, cost: costs.Cost) -> costs.Cost:
    """Return the cost of a close that the buyer may still refuse."""
    silent, refuses = costs.chance(f, "p_silent"), costs.chance(f, "p_refuses")
    if silent + refuses == 0:
        return cost
    share = silent / (silent + refuses)
    return costs.plus(costs.times(cost, share), costs.item(f, "fallback_none", 1 - share))


def on_the_first(f: SimpleNamespace, now: int, reply: str, complete: int, done: bool) -> SimpleNamespace | None:
    """Return the cost and approvals of waiting at ``now`` for a close on the 1st; None where that is no path."""
    if used_at(f, now) < UNITS_A_MONTH or (f.phase == "in_transit" and f.interception != "confirmed"):
        return None
    first = next_first(f, now)
    judged = terms(f, first, reply)
    if first > horizon(f, now) or judged is None or not set(EVIDENCE) <= f.evidence:
        return None
    if judged.by_silence and complete > first:
        return None
    cost = own_cost(f, first)
    if cost is None:
        return None
    cost = costs.plus(cost, costs.item(f, "person_task"))
    if judged.by_silence and not done:
        cost = weighted(f, cost)
    return SimpleNamespace(cost=cost, approval=approvals(f, judged), by_silence=judged.by_silence)

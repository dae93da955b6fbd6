"""What the books say of a store at an instant: the facts the policy weighs, and the lines they stand against."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.errors import NoRuleKnown
from gateway.ledger import points, quota
from gateway.model.store import Platform, Store
from gateway.policy.fact import Fact
from gateway.policy.facts_xiaohongshu import XHS_POINTS_OVER_QUOTA, XHS_POINTS_UNTALKED, XHS_QUOTA
from gateway.policy.rule_set import RuleSet

_WITHOUT_POINTS = 100  # the score a scenario holds where nobody counts any


@dataclass(frozen=True, slots=True)
class Allotment:
    """The free closes a month, what one beyond them costs, and what one costs that nobody here prepared."""

    closes: int
    points_beyond: int
    points_unprepared: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is spent or reserved this month, and the points that are known, expected or planned, all in one."""

    closes_this_month: int
    credit_score: int
    penalty_points: int

    def is_worse_than(self, closes: int, score: int, penalties: int) -> bool:
        """Tell whether a decision made with these facts would rest on more than there is now."""
        return self.closes_this_month > closes or self.credit_score < score or self.penalty_points > penalties


def allotment_of(store: Store, rules: RuleSet, at: datetime) -> Allotment | None:
    """Return the allotment in force in a store at an instant, None where no rule gives one."""
    if store.platform != Platform.xiaohongshu:
        return None
    view = rules.at(at, at, ZoneInfo(store.time_zone))
    try:
        return Allotment(*(view.value(fact) for fact in _OF_ALLOTMENT))
    except NoRuleKnown:
        return None


_OF_ALLOTMENT: tuple[Fact[int], ...] = (XHS_QUOTA, XHS_POINTS_OVER_QUOTA, XHS_POINTS_UNTALKED)


def standing_at(
    connection: Connection,
    store: Store,
    now: datetime,
    *,
    besides: str | None = None,
    entries: quota.Entries | None = None,
) -> Standing:
    """Return what the books say now; what is held for the order ``besides`` is left out.

    ``entries`` are the store's `gateway.ledger.quota.latest_entries`, where they were just read.
    """
    return standings_at(connection, store, now, [besides], entries)[besides]


def standings_at(
    connection: Connection,
    store: Store,
    now: datetime,
    besides: Collection[str | None],
    entries: quota.Entries | None = None,
) -> dict[str | None, Standing]:
    """Return what `standing_at` does for each of the orders to be left out."""
    entries = quota.latest_entries(connection, store.id) if entries is None else entries
    known = points.standing_of(connection, store.id, store.platform)
    month = quota.month_of(now, ZoneInfo(store.time_zone))
    return {each: _standing(entries, known, month, each) for each in besides}


def _standing(entries: quota.Entries, known: points.PointsStanding | None, month: str, besides: str | None) -> Standing:
    used = quota.used_in(entries, month, besides=besides).used
    planned = quota.planned_in(entries, besides=besides)
    if known is None:
        return Standing(used, _WITHOUT_POINTS, 0)
    if known.scale == "penalty_points":
        return Standing(used, _WITHOUT_POINTS, known.projected + planned)
    return Standing(used, max(0, known.projected - planned), 0)

"""Where each line of a store stands now, after one more close, and at the month's end.

The end of the month is reckoned by the pace so far: what happened in the month, or in the rate's window, goes on.
Closes that leave the window until then are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.errors import NoRuleKnown
from gateway.ledger import points, quota
from gateway.ledger.rates import RateCounts, counts_between, rate_of
from gateway.ledger.standing import Allotment, allotment_of
from gateway.model.store import Platform, Store
from gateway.policy.fact import Fact, Line
from gateway.policy.facts import FEWEST_ORDERS_FOR_A_RATE, SHOPEE_LINE_PERCENT, SHOPEE_POINTS_ABOVE_LINE
from gateway.policy.facts import SHOPEE_STOP_POINTS as _SHOPEE_STOP
from gateway.policy.facts_xiaohongshu import (
    XHS_CAMPAIGNS_BELOW,
    XHS_RATE_LINE,
    XHS_RATE_TARGET,
    XHS_STOP_BELOW,
    XHS_TRAFFIC_BELOW,
)
from gateway.policy.rule_set import Rules, RuleSet

T = TypeVar("T")

_DAY = timedelta(days=1)
_BANDS: tuple[tuple[str, Fact[int]], ...] = (
    ("no campaigns below", XHS_CAMPAIGNS_BELOW),
    ("shown less below", XHS_TRAFFIC_BELOW),
    ("shop closed below", XHS_STOP_BELOW),
)


@dataclass(frozen=True, slots=True)
class QuotaForecast:
    """The free closes of a store's calendar month.

    ``points_after`` is what the next close costs beyond them; ``month_end`` how many are used by then at this pace.
    """

    store: str
    month: str
    limit: int
    spent: int
    reserved: int
    left: int
    left_after: int
    points_after: int
    month_end: int
    begins_anew: datetime


@dataclass(frozen=True, slots=True)
class LineForecast:
    """One line of a store. Shares are in percent with two places, None without enough orders for a rate.

    ``crossed`` name when it is, or would be, crossed: "now", "after", "month_end".
    """

    store: str
    line: str
    at: str
    now: str | None
    after: str | None
    month_end: str | None
    crossed: tuple[str, ...]
    rules: tuple[str, ...]
    words: str


def quota_forecast(connection: Connection, store: Store, rules: RuleSet, now: datetime) -> QuotaForecast | None:
    """Return how the month stands, None in a store without free closes."""
    allotment = allotment_of(store, rules, now)
    if allotment is None:
        return None
    zone = ZoneInfo(store.time_zone)
    month = quota.month_of(now, zone)
    standing = quota.month_standing(connection, store.id, month)
    begins, ends = month_bounds(now, zone)
    left = max(0, allotment.closes - standing.used)
    pace = Fraction(_micros(ends - begins), max(_micros(now - begins), _micros(_DAY)))
    by_then = max(standing.used, ceil(standing.spent * pace))
    return QuotaForecast(
        store.id,
        month,
        allotment.closes,
        standing.spent,
        standing.reserved,
        left,
        max(0, left - 1),
        0 if left else allotment.points_beyond,
        by_then,
        ends,
    )


def month_bounds(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instants of the calendar month around ``now`` and of the next one, in a store's time zone."""
    first = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return first, (first + 32 * _DAY).replace(day=1)


def line_forecasts(connection: Connection, store: Store, rules: RuleSet, now: datetime) -> list[LineForecast]:
    """Return where the rate and the points of a store stand against the lines of its platform."""
    rules = rules.of_store(store.id)
    view = rules.at(now, now, ZoneInfo(store.time_zone))
    return [*_rates(connection, store, rules, view, now), *_points(connection, store, rules, view, now)]


def _rates(connection: Connection, store: Store, rules: RuleSet, view: Rules, now: datetime) -> list[LineForecast]:
    counts = rate_of(connection, store, rules, now)
    if counts.days is None:
        return []
    fewest = _value(view, FEWEST_ORDERS_FOR_A_RATE) or 0
    after = RateCounts(max(counts.orders, counts.counted + 1), counts.counted + 1, counts.days)
    then = _at_month_end(connection, store, counts, now)
    stages = {"now": counts, "after": after, "month_end": then}
    found = []
    for line, cites in _lines(store, view):
        enough = {name: each for name, each in stages.items() if each.orders >= fewest and counts.orders >= fewest}
        crossed = tuple(name for name, each in enough.items() if line.is_crossed(each.counted, each.orders))
        words = f"{counts.counted} of {counts.orders} orders in {counts.days} days"
        if len(enough) < len(stages):
            words += f"; fewer than {fewest} orders tell no rate"
        shares = {name: _percent(each) for name, each in enough.items()}
        found.append(
            LineForecast(
                store.id,
                "rate",
                f"{line.percent} %",
                shares.get("now"),
                shares.get("after"),
                shares.get("month_end"),
                crossed,
                cites,
                words,
            )
        )
    return found


def _at_month_end(connection: Connection, store: Store, counts: RateCounts, now: datetime) -> RateCounts:
    days = counts.days or 0
    _, ends = month_bounds(now, ZoneInfo(store.time_zone))
    staying = counts_between(connection, store, ends - timedelta(days=days), now, days)
    share = Fraction(_micros(min(ends - now, timedelta(days=days))), _micros(timedelta(days=days)))
    return RateCounts(
        staying.orders + round(counts.orders * share), staying.counted + round(counts.counted * share), days
    )


def _points(connection: Connection, store: Store, rules: RuleSet, view: Rules, now: datetime) -> list[LineForecast]:
    standing = points.standing_of(connection, store.id, store.platform)
    if standing is None:
        return []
    planned = quota.planned_points(connection, store.id)
    scale = points.scale_of(store.platform)
    step = -1 if scale is None else scale.step
    now_at = max(0, standing.projected + step * planned)
    after = max(0, now_at + step * _cost_of_close(connection, store, rules, view, now))
    words = f"known {standing.known}, expected {step * standing.expected:+d}, under way {step * planned:+d}"
    found = []
    for name, fact in _BANDS if step < 0 else (("no close from", _SHOPEE_STOP),):
        limit = _value(view, fact)
        if limit is None:
            continue
        stages = {"now": standing.known, "after": after, "month_end": now_at}
        crossed = tuple(at for at, value in stages.items() if (value < limit if step < 0 else value >= limit))
        cites = view.know(fact).cites
        line = LineForecast(
            store.id,
            standing.scale,
            f"{name} {limit}",
            str(standing.known),
            str(after),
            str(now_at),
            crossed,
            cites,
            words,
        )
        found.append(line)
    return found


def _cost_of_close(connection: Connection, store: Store, rules: RuleSet, view: Rules, now: datetime) -> int:
    """Return the points one more close costs: beyond the free ones, or above the line."""
    allotment: Allotment | None = allotment_of(store, rules, now)
    if allotment is not None:
        used = quota.month_standing(connection, store.id, quota.month_of(now, ZoneInfo(store.time_zone))).used
        return 0 if used < allotment.closes else allotment.points_beyond
    counts = rate_of(connection, store, rules, now)
    lines = _lines(store, view)
    if counts.days is None or not lines or counts.orders < (_value(view, FEWEST_ORDERS_FOR_A_RATE) or 0):
        return 0
    more = counts.counted + 1
    above = lines[0][0].is_crossed(more, max(counts.orders, more))
    return (_value(view, SHOPEE_POINTS_ABOVE_LINE) or 0) if above else 0


def _lines(store: Store, view: Rules) -> list[tuple[Line, tuple[str, ...]]]:
    if store.platform == Platform.shopee:
        percent = _value(view, SHOPEE_LINE_PERCENT)
        return [] if percent is None else [(Line(percent, inclusive=False), view.know(SHOPEE_LINE_PERCENT).cites)]
    if store.platform != Platform.xiaohongshu:
        return []
    known = [(_value(view, fact), fact) for fact in (XHS_RATE_TARGET, XHS_RATE_LINE)]
    return [(line, view.know(fact).cites) for line, fact in known if line is not None]


def _value(view: Rules, fact: Fact[T]) -> T | None:
    try:
        return view.value(fact)
    except NoRuleKnown:
        return None


def _percent(counts: RateCounts) -> str:
    share = Fraction(counts.counted * 100, counts.orders) if counts.orders else Fraction(0)
    return f"{round(share * 100) // 100}.{round(share * 100) % 100:02d}"


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)

"""How the stores and the gateway itself stand: authorisations, free closes, rates, gaps, stuck cases, failing work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, func, select

from gateway.cases.case import CaseState
from gateway.cases.notices import Level, key_of
from gateway.cases.watch import Alarm, Watched
from gateway.ledger.forecast import LineForecast, line_forecasts, quota_forecast
from gateway.model.store import Role, Store, StoreState
from gateway.orders.alerts import open_alerts
from gateway.storage import stores as rows
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import cases, gaps, work
from gateway.work.queue import WorkState

KINDS = frozenset(
    {
        "authorisation_ends",
        "store_disconnected",
        "quota_one_left",
        "quota_none_left",
        "rate_near",
        "rate_crossed",
        "points_crossed",
        "gaps_found",
        "case_stuck",
        "work_failing",
        "unknown_word",
    }
)

_DAYS_BEFORE = (1, 7, 30)
_RATES_EVERY = timedelta(minutes=10)  # counting the orders of a month is not for every look
_NEAR = Decimal("0.8")  # of the platform's line
_STUCK = timedelta(minutes=30)  # how long a case may be past due
_FAILURES = 5
_DAY = timedelta(days=1)


class Standings:
    """Looks at how stores and gateway stand; remembers what is costly to find out."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._ends: dict[tuple[str, str, int], datetime | None] = {}
        self._lines: dict[str, tuple[datetime, list[LineForecast]]] = {}

    def look(self, c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
        """Return all that people must hear of how things stand."""
        for store in stores.values():
            yield from self._authorisation(c, store, now)
            if store.role is Role.seller:
                yield from self._quota(c, store, now)
                yield from self._rates(c, store, now)
        yield from _gaps(c, stores, now)
        yield from _stuck(c, stores, now)
        yield from _failing(c, now)
        yield from _words(c, stores)

    def _authorisation(self, c: Connection, store: Store, now: datetime) -> Iterator[Alarm]:
        version = rows.credential_version(c, store.app, store.external_id)
        told = {"app": store.app}
        if store.state is StoreState.disconnected:
            key = key_of("store_disconnected", store.id, version)
            yield Alarm(key, "store_disconnected", store.id, None, Level.urgent, told, recurs=True)
            return
        if version is None:
            return
        known = (store.app, store.external_id, version)
        if known not in self._ends:
            found = rows.credential_of(c, self._watched.vault, store.app, store.external_id)
            self._ends[known] = None if found is None else found[0].refresh_expires_at
        ends = self._ends[known]
        if ends is None:
            return
        # where each renewal prolongs it, an authorisation is always near its end: only a renewal that fails is news
        days = _DAYS_BEFORE[:2] if self._watched.renewals_prolong(store.platform) else _DAYS_BEFORE
        near = next((each for each in days if now >= ends - each * _DAY), None)
        if near is not None:
            key = key_of("authorisation_ends", store.id, to_micros(ends) // 1_000_000, near)
            level = Level.urgent if near == 1 else Level.warning
            told |= {"by": ends.isoformat(), "days": str(near)}
            yield Alarm(key, "authorisation_ends", store.id, None, level, told)

    def _quota(self, c: Connection, store: Store, now: datetime) -> Iterator[Alarm]:
        forecast = quota_forecast(c, store, self._watched.rules, now)
        if forecast is None or forecast.limit == 0 or forecast.left > 1:
            return
        kind = "quota_none_left" if forecast.left == 0 else "quota_one_left"
        told = {"month": forecast.month, "limit": forecast.limit, "points": forecast.points_after}
        yield Alarm(key_of(kind, store.id, forecast.month), kind, store.id, None, Level.warning, told)

    def _rates(self, c: Connection, store: Store, now: datetime) -> Iterator[Alarm]:
        known = self._lines.get(store.id)
        if known is None or not known[0] <= now < known[0] + _RATES_EVERY:
            known = (now, line_forecasts(c, store, self._watched.rules, now))
            self._lines[store.id] = known
        for line in known[1]:
            kind = _kind_of(line)
            if kind is not None:
                told = {"rate": line.now, "line": line.at, "rules": ", ".join(line.rules), "words": line.words}
                level = Level.warning if kind == "rate_near" else Level.urgent
                yield Alarm(key_of(kind, store.id, line.at), kind, store.id, None, level, told, recurs=True)


def _kind_of(line: LineForecast) -> str | None:
    if line.line != "rate":
        return "points_crossed" if "now" in line.crossed else None
    if line.now is None:
        return None
    if "now" in line.crossed:
        return "rate_crossed"
    return "rate_near" if Decimal(line.now) >= _NEAR * Decimal(line.at.split()[0]) else None


def _gaps(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    lately = to_micros(now - _DAY)
    query = (
        select(gaps.c.store, func.count())
        .where(gaps.c.found_at > lately, gaps.c.store.in_(list(stores)))
        .group_by(gaps.c.store)
    )
    for store, count in c.execute(query).all():
        told = {"count": int(count)}
        yield Alarm(key_of("gaps_found", store), "gaps_found", store, None, Level.info, told, recurs=True)


def _stuck(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    query = select(cases.c.id, cases.c.store, cases.c.order_id, cases.c.due_at).where(
        cases.c.due_at.is_not(None),
        cases.c.due_at <= to_micros(now - _STUCK),
        cases.c.state == CaseState.running.value,
        cases.c.store.in_(list(stores)),
    )
    for row in c.execute(query).all():
        told = {"case": row.id, "since": from_micros(row.due_at).isoformat()}
        key = key_of("case_stuck", row.id, row.due_at)
        yield Alarm(key, "case_stuck", row.store, row.order_id, Level.urgent, told)


def _failing(c: Connection, now: datetime) -> Iterator[Alarm]:
    query = select(work.c.id, work.c.kind, work.c.attempts, work.c.due_at).where(
        work.c.state != WorkState.done.value,
        work.c.due_at <= to_micros(now + _DAY),
        work.c.attempts >= _FAILURES,
        work.c.last_error != "",
    )
    for row in c.execute(query).all():
        told = {"work": f"{row.kind} {row.id}", "attempts": row.attempts}
        key = key_of("work_failing", row.kind, row.id)
        yield Alarm(key, "work_failing", "", None, Level.warning, told, recurs=True)


def _words(c: Connection, stores: dict[str, Store]) -> Iterator[Alarm]:
    for each in open_alerts(c):
        if each.store in stores:
            # the word itself may be a buyer's own
            key = key_of("unknown_word", each.store, each.place, to_micros(each.first_at))
            told = {"field": each.place, "example": each.example}
            yield Alarm(key, "unknown_word", each.store, None, Level.warning, told, since=each.first_at)

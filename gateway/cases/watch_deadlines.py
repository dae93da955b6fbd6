"""Deadlines that near or have come: to ship, to answer, evidence, goods that came back, tasks, approvals.

Each is told when 80 % of its time is over (SHP-27, TTJ-16, XHS-83), and when it has come. One that moves is a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from gateway.cases.approvals import ApprovalState
from gateway.cases.due import due_by_rule
from gateway.cases.notices import Level, key_of
from gateway.cases.tasks import TaskState
from gateway.cases.watch import Alarm, Watched
from gateway.model.after_sale import RequestState
from gateway.model.order import Phase
from gateway.model.store import Role, Store
from gateway.orders.documents import read_request
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import after_sales, approvals, orders, tasks

KINDS = frozenset(
    f"{what}_{when}" for what in ("ship_by", "answer_by", "evidence_by", "inspect_by") for when in ("soon", "due")
) | {"task_soon", "task_due", "approval_soon", "approval_due"}

_RUNNING = [each.value for each in (RequestState.open, RequestState.agreed, RequestState.refused)]
_SHARE = (4, 5)  # of the time
_RULED_AT_ONCE = 200  # requests for which a rule is asked in one look; the others keep for the next


class Deadlines:
    """Looks at deadlines; remembers what the rules say of requests for which the platform names none."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._ruled: dict[tuple[str, str, int], datetime | None] = {}

    def look(self, c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
        """Return every deadline of these stores that nears or has come."""
        yield from _shipments(c, stores, now)
        yield from self._answers(c, stores, now)
        yield from _other_requests(c, stores, now)
        yield from _tasks(c, stores, now)
        yield from _approvals(c, stores, now)

    def _answers(self, c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
        is_open = and_(after_sales.c.state == RequestState.open.value, after_sales.c.store.in_(list(stores)))
        named = select(after_sales).where(is_open, _nears(after_sales.c.opened_at, after_sales.c.answer_by, now))
        for row in c.execute(named).all():
            yield from _of_request(row, "answer_by", from_micros(row.answer_by), now)
        unnamed = select(after_sales).where(is_open, after_sales.c.answer_by.is_(None))
        asked = 0
        seen = set()
        for row in c.execute(unnamed.order_by(after_sales.c.opened_at)).all():
            key = (row.store, row.request_id, row.updated_at)
            if key not in self._ruled:
                if asked == _RULED_AT_ONCE:
                    continue
                asked += 1
                self._ruled[key] = self._by_rule(c, stores[row.store], row, now)
            seen.add(key)
            if (by := self._ruled[key]) is not None:
                yield from _of_request(row, "answer_by", by, now)
        self._ruled = {key: by for key, by in self._ruled.items() if key in seen}

    def _by_rule(self, c: Connection, store: Store, row: Row[Any], now: datetime) -> datetime | None:
        watched = self._watched
        valuation = watched.valuations.get(store.id, {})
        return due_by_rule(c, watched.vault, store, read_request(row.document), watched.rules, valuation, now)


def nears(start: datetime, by: datetime, now: datetime) -> str | None:
    """Return `soon` when 80 % of the time from ``start`` to ``by`` are over, `due` when all of it is, else None."""
    if now >= by:
        return "due"
    part, whole = _SHARE
    return "soon" if (now - start) * whole >= (by - start) * part else None


def _nears(start: Any, by: Any, now: datetime) -> Any:
    part, whole = _SHARE
    return and_(by.is_not(None), (to_micros(now) - start) * whole >= (by - start) * part)


def _alarm(
    what: str,
    start: datetime,
    by: datetime,
    now: datetime,
    store: str,
    order_id: str | None,
    about: str,
    **told: object,
) -> Iterator[Alarm]:
    when = nears(start, by, now)
    if when is None:
        return
    part, whole = _SHARE
    since = by if when == "due" else start + (by - start) * part / whole
    yield Alarm(
        key=key_of(what, store, about, to_micros(by) // 1_000_000, when),
        kind=f"{what}_{when}",
        store=store,
        order_id=order_id,
        level=Level.urgent if when == "due" else Level.warning,
        details={"by": by.isoformat(), **told},
        since=since,
    )


def _shipments(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    selling = [each.id for each in stores.values() if each.role is Role.seller]
    begun = func.coalesce(orders.c.paid_at, orders.c.placed_at)
    query = select(orders.c.store, orders.c.order_id, orders.c.ship_by, begun.label("begun")).where(
        orders.c.phase == Phase.awaiting_shipment.value,
        orders.c.store.in_(selling),
        _nears(begun, orders.c.ship_by, now),
    )
    for row in c.execute(query).all():
        start, by = from_micros(row.begun), from_micros(row.ship_by)
        yield from _alarm("ship_by", start, by, now, row.store, row.order_id, row.order_id)


def _of_request(row: Row[Any], what: str, by: datetime, now: datetime) -> Iterator[Alarm]:
    start = from_micros(row.opened_at)
    told = {"request": row.request_id, "request_kind": row.kind}
    yield from _alarm(what, start, by, now, row.store, row.order_id, row.request_id, **told)


def _other_requests(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    soon = to_micros(now + timedelta(days=60))  # longer spans nobody sets
    query = select(after_sales).where(
        after_sales.c.state.in_(_RUNNING),
        after_sales.c.store.in_(list(stores)),
        after_sales.c.due_at <= soon,
        or_(after_sales.c.answer_by.is_(None), after_sales.c.due_at != after_sales.c.answer_by),
    )
    for row in c.execute(query).all():
        request = read_request(row.document)
        for what, by in (("evidence_by", request.evidence_by), ("inspect_by", request.inspect_by)):
            if by is not None:
                yield from _of_request(row, what, by, now)


def _tasks(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    query = select(tasks).where(
        tasks.c.state == TaskState.open.value,
        tasks.c.store.in_(list(stores)),
        _nears(tasks.c.opened_at, tasks.c.due_by, now),
    )
    for row in c.execute(query).all():
        by = from_micros(row.due_by)
        if row.due_by <= row.opened_at:
            continue  # due when it was opened: who opened it has told it, or it is in the list of the day
        told = {"task": row.id, "task_kind": row.kind, "subject": row.subject}
        yield from _alarm("task", from_micros(row.opened_at), by, now, row.store, row.order_id, row.id, **told)


def _approvals(c: Connection, stores: dict[str, Store], now: datetime) -> Iterator[Alarm]:
    query = select(approvals).where(
        approvals.c.state == ApprovalState.asked.value,
        approvals.c.store.in_(list(stores)),
        _nears(approvals.c.asked_at, approvals.c.expires_at, now),
    )
    for row in c.execute(query).all():
        start, by = from_micros(row.asked_at), from_micros_or_none(row.expires_at)
        if by is not None:
            told = {"approval": row.id, "action": row.action}
            yield from _alarm("approval", start, by, now, row.store, row.order_id, row.id, **told)

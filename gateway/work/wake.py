"""Waking cases: news about an order make its open case due, in the transaction that stores the news.

It stands below the orders, so that the merge of a pull can call it. What a case is, `gateway.cases.case` says; here
are only the few statements that every bearer of news needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, Connection, Table, bindparam, exists, func, insert, select, text, update

from gateway.storage.moments import to_micros
from gateway.storage.schema import case_history, cases
from gateway.storage.statements import listed, one_of, run_many
from gateway.work.queue import submit

CASE_KIND = "case"
"""The kind of due work that is a case's next turn; its key is the case's id."""

SIGNAL = "signal"
"""The word in a case's history for news that came."""

_LONGEST_WHY = 60
_IS_OPEN = text("cases.state <> 'settled'")  # as the partial index spells it, or it would not be used
_ANY_OPEN = select(cases.c.id).where(cases.c.store == bindparam("the_store"), _IS_OPEN).limit(1)
_OPEN_OF_ORDERS = select(cases.c.id, cases.c.state, cases.c.due_at).where(
    cases.c.store == bindparam("the_store"), _IS_OPEN, one_of(cases.c.order_id, "ids")
)


_LINES = case_history.alias("lines")
_NEW_LINE = insert(case_history).values(
    seq=select(func.coalesce(func.max(_LINES.c.seq), 0) + 1)
    .where(_LINES.c.case_id == bindparam("the_case"))
    .scalar_subquery()
)
_NEW_LINES = insert(case_history)
_LAST_LINES = (
    select(case_history.c.case_id, func.max(case_history.c.seq).label("last"))
    .where(one_of(case_history.c.case_id, "ids"))
    .group_by(case_history.c.case_id)
)
_WOKEN = update(cases).where(cases.c.id == bindparam("the_case")).values(version=cases.c.version + 1)


def wake_cases(
    connection: Connection, store: str, order_ids: Iterable[str], now: datetime, why: str, by: str = "gateway"
) -> int:
    """Make the open cases of these orders due now, and note ``why`` in their history; return how many there were.

    ``why`` is a word: order_changed, reply, evidence, ticket, fact, approval, task, supplier, purchase, effect, clock.
    A paused case keeps the news for the day it is resumed. Costs one small look-up where the store has no open case.
    """
    if connection.execute(_ANY_OPEN, {"the_store": store}).first() is None:
        return 0
    ids = list(dict.fromkeys(order_ids))
    if not ids:
        return 0
    rows = connection.execute(_OPEN_OF_ORDERS, {"the_store": store, "ids": orjson.dumps(ids).decode()}).all()
    for row in rows:
        _wake(connection, row.id, row.state, row.due_at, now, why, by)
    return len(rows)


def wake_all(connection: Connection, store: str | None, now: datetime, why: str, by: str = "gateway") -> int:
    """Make every open case of a store (None: of all stores) due now, as `wake_cases`: the brake was taken off, say."""
    query = select(cases.c.id, cases.c.state, cases.c.due_at).where(_IS_OPEN)
    rows = connection.execute(query if store is None else query.where(cases.c.store == store)).all()
    for row in rows:
        _wake(connection, row.id, row.state, row.due_at, now, why, by)
    return len(rows)


def has_open_case(of: Table) -> ColumnElement[bool]:
    """Return "the order named in this row of ``of`` has an open case", for queries on tables with store and order."""
    return exists().where(cases.c.store == of.c.store, cases.c.order_id == of.c.order_id, _IS_OPEN)


def add_history(
    connection: Connection,
    case_id: str,
    what: str,
    by: str,
    at: datetime,
    details: Mapping[str, object],
    *,
    decision: str | None = None,
) -> None:
    """Add a line to a case's history. ``details`` hold no personal data."""
    connection.execute(
        _NEW_LINE,
        {
            "the_case": case_id,
            "case_id": case_id,
            "at": to_micros(at),
            "what": what,
            "by": by,
            "decision": decision,
            "details": orjson.dumps(dict(details), option=orjson.OPT_SORT_KEYS),
        },
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a case's history. ``details`` hold no personal data."""

    case_id: str
    what: str
    details: Mapping[str, object]
    decision: str | None = None


def add_lines(connection: Connection, lines: Sequence[Line], by: str, at: datetime) -> None:
    """Add lines to the histories of several cases, in their order."""
    ids = listed({line.case_id for line in lines})
    seq: dict[str, int] = {row.case_id: row.last for row in connection.execute(_LAST_LINES, {"ids": ids})}
    rows = []
    for line in lines:
        seq[line.case_id] = seq.get(line.case_id, 0) + 1
        row: dict[str, object] = {"case_id": line.case_id, "seq": seq[line.case_id], "at": to_micros(at)}
        details = orjson.dumps(dict(line.details), option=orjson.OPT_SORT_KEYS)
        rows.append({**row, "what": line.what, "by": by, "decision": line.decision, "details": details})
    run_many(connection, _NEW_LINES, rows)


def _wake(
    connection: Connection, case_id: str, state: str, due_at: int | None, now: datetime, why: str, by: str
) -> None:
    values: dict[str, object] = {"the_case": case_id}
    if state != "paused":
        moment = to_micros(now)
        values["due_at"] = moment if due_at is None else min(due_at, moment)
    connection.execute(_WOKEN, values)
    add_history(connection, case_id, SIGNAL, by, now, {"why": why[:_LONGEST_WHY]})
    if state != "paused":
        submit(connection, CASE_KIND, case_id, now, b"")

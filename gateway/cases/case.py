"""A case: one order's way to its end, as a row with its facts, its due time and an append-only history.

::

    running ◄──► paused          a person stops and starts it
       ▲ └─────► with_person     only a person knows what to do, or has taken it over; news bring it back
       └──────────┘
    running, paused, with_person ──► settled

The row is the only truth about when a case is due; what the work queue holds are wake-ups. ``version`` grows with
every change, ``fence`` with every turn begun and every word of a person: a turn that holds an older fence may not
write any more.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, text

from gateway.cases.effects import record_intent
from gateway.errors import Conflict, NotFound
from gateway.storage import audit
from gateway.storage import stores as store_rows
from gateway.storage.moments import from_micros, to_micros, to_micros_or_none
from gateway.storage.schema import case_history, cases, work
from gateway.storage.statements import listed, one_of
from gateway.work.queue import WorkState, submit
from gateway.work.wake import CASE_KIND, add_history

_IS_OPEN = text("cases.state <> 'settled'")  # as the partial index spells it
# Statements are made once: making one costs more than running it.
_BY_IDS = select(cases).where(one_of(cases.c.id, "ids"))
_OF_ORDER = (cases.c.store == bindparam("the_store")) & (cases.c.order_id == bindparam("the_order"))
_OPEN_OF_ORDER = select(cases).where(_OF_ORDER, _IS_OPEN)
_VERSION_OF_OPEN = select(cases.c.version).where(_OF_ORDER, _IS_OPEN)
_LET_GO_ON = (
    select(case_history.c.case_id, func.max(case_history.c.at))
    .where(one_of(case_history.c.case_id, "ids"), case_history.c.what.in_(["opened", "resumed"]))
    .group_by(case_history.c.case_id)
)
_COLUMNS = tuple(column.name for column in cases.columns)
_MOMENTS = ("opened_at", "due_at", "act_by", "settled_at")


class CaseState(StrEnum):
    """Whether a case goes on by itself."""

    running = "running"
    paused = "paused"
    with_person = "with_person"
    settled = "settled"


class Stage(StrEnum):
    """What a case is about now: the order's end, or what is left to do after it."""

    ending = "ending"
    after = "after"


class WaitsFor(StrEnum):
    """Whom or what a case waits for; ``nothing`` while it acts."""

    nothing = ""
    buyer = "buyer"
    platform = "platform"
    person = "person"
    approval = "approval"
    outcome = "outcome"
    time = "time"


class Outcome(StrEnum):
    """How a case settled."""

    ended = "ended"  # by our effect, by our person, or by the buyer whom we had asked or answered
    fulfilled = "fulfilled"  # the order went on after all
    ended_elsewhere = "ended_elsewhere"  # by other hands
    nothing_to_do = "nothing_to_do"  # it had ended before the case was opened
    stopped = "stopped"  # by a person


HANDED_OVER = "handed_over"
"""The step of a case that a person has taken into their own hands: no turn decides anything for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as stored. ``because`` says in words why it stands where it stands."""

    id: str
    store: str
    order_id: str
    reason: str
    batch_size: int
    intent: str
    via: str
    cause: str | None
    opened_at: datetime
    opened_by: str
    state: CaseState
    stage: Stage
    due_at: datetime | None
    version: int
    fence: int
    path: str
    step: str
    waits_for: WaitsFor
    because: str
    decision: str | None
    cost_minor: int | None
    currency: str
    act_by: datetime | None
    outcome: Outcome | None
    settled_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Return whether it is not settled."""
        return self.state is not CaseState.settled

    @property
    def goes_on(self) -> bool:
        """Return whether its turns decide and act: it is neither at rest nor in a person's own hands."""
        return self.state in {CaseState.running, CaseState.with_person} and self.step != HANDED_OVER


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a case's history. ``decision`` is the id of a turn's recorded decision."""

    seq: int
    at: datetime
    what: str
    by: str
    decision: str | None
    details: Mapping[str, Any]


def open_case(
    connection: Connection,
    *,
    store: str,
    order_id: str,
    reason: str,
    by: str,
    now: datetime,
    via: str = "person",
    cause: str | None = None,
    batch_size: int = 1,
    due_at: datetime | None = None,
) -> Case:
    """Open a case for an order that should end, due at once; return the open one when it is for the same reason.

    ``due_at`` is later than now when who opens it takes the first turn at once. ``reason`` is the true one, a
    `gateway.policy.terms.Reason`; ``via`` says what opened it (person, automation, sale, supplier), ``cause`` which
    case. Raises Conflict, naming it, when a case with another reason is open; NotFound.
    """
    if (standing := open_case_of(connection, store, order_id)) is not None:
        if (standing.reason, standing.batch_size) == (reason, batch_size):
            return standing
        raise Conflict(
            f"Case {standing.id} is open for order {order_id} already, for the reason {standing.reason}. "
            f"`gateway cases stop {standing.id}` ends it without an effect; then open it anew with another reason."
        )
    currency = next((each.currency for each in store_rows.stores(connection) if each.id == store), None)
    if currency is None:
        raise NotFound(f"There is no store {store}. `gateway stores list` shows those there are.")
    case_id, intent = uuid.uuid4().hex, record_intent(connection, store, order_id, reason, by, now)
    connection.execute(
        insert(cases).values(
            id=case_id,
            store=store,
            order_id=order_id,
            reason=reason,
            batch_size=batch_size,
            intent=intent,
            via=via,
            cause=cause,
            opened_at=to_micros(now),
            opened_by=by,
            state=CaseState.running,
            stage=Stage.ending,
            due_at=to_micros(due_at or now),
            version=1,
            fence=0,
            path="none",
            step="",
            waits_for=WaitsFor.nothing,
            because="",
            currency=currency,
        )
    )
    told = {"case": case_id, "reason": reason, "via": via, **({"cause": cause} if cause else {})}
    add_history(connection, case_id, "opened", by, now, told)
    audit.append(connection, now, by, "case_opened", store, order_id, told)
    submit(connection, CASE_KIND, case_id, due_at or now, b"")
    return case_of(connection, case_id)


def case_of(connection: Connection, case_id: str) -> Case:
    """Return a case. Raises NotFound."""
    return cases_named(connection, [case_id])[0]


def cases_named(connection: Connection, case_ids: Sequence[str]) -> list[Case]:
    """Return several cases, in the order they are named. Raises NotFound."""
    found = {row.id: _load(row) for row in connection.execute(_BY_IDS, {"ids": listed(case_ids)})}
    for case_id in case_ids:
        if case_id not in found:
            raise NotFound(f"There is no case {case_id}. `gateway cases list` shows those there are.")
    return [found[case_id] for case_id in case_ids]


def open_case_of(connection: Connection, store: str, order_id: str) -> Case | None:
    """Return an order's open case, None when it has none."""
    row = connection.execute(_OPEN_OF_ORDER, {"the_store": store, "the_order": order_id}).first()
    return None if row is None else _load(row)


def version_of_open(connection: Connection, store: str, order_id: str) -> int | None:
    """Return the version of an order's open case, None when it has none."""
    return connection.execute(_VERSION_OF_OPEN, {"the_store": store, "the_order": order_id}).scalar_one_or_none()


def let_go_on(connection: Connection, several: Sequence[Case]) -> dict[str, datetime]:
    """Return by its id when a person last let a case go on: by opening it, or by resuming it."""
    at = {each.id: each.opened_at for each in several}
    for case_id, latest in connection.execute(_LET_GO_ON, {"ids": listed(at)}):
        at[case_id] = from_micros(latest)
    return at


def case_of_intent(connection: Connection, store: str, order_id: str, intent: str) -> Case | None:
    """Return the case of an order whose wish ``intent`` is, open or not; None when no case recorded it."""
    query = select(cases).where(cases.c.store == store, cases.c.order_id == order_id, cases.c.intent == intent)
    row = connection.execute(query).first()
    return None if row is None else _load(row)


def find_cases(connection: Connection, beginning: str) -> list[Case]:
    """Return the cases whose ids begin so, two at most."""
    query = select(cases).where(cases.c.id.startswith(beginning, autoescape=True)).order_by(cases.c.id).limit(2)
    return [_load(row) for row in connection.execute(query)]


def cases_of(connection: Connection, store: str, order_id: str) -> list[Case]:
    """Return all cases of an order, the oldest first."""
    query = select(cases).where(cases.c.store == store, cases.c.order_id == order_id).order_by(cases.c.opened_at)
    return [_load(row) for row in connection.execute(query)]


def list_cases(
    connection: Connection,
    *,
    stores: Sequence[str] | None = None,
    states: Sequence[CaseState] | None = None,
    order_id: str | None = None,
    limit: int = 100,
) -> list[Case]:
    """Return cases, the newest first; those of ``stores`` and in ``states`` only, when given."""
    query = select(cases).order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit)
    if stores is not None:
        query = query.where(cases.c.store.in_(stores))
    if states is not None:
        query = query.where(cases.c.state.in_(states))
    if order_id is not None:
        query = query.where(cases.c.order_id == order_id)
    return [_load(row) for row in connection.execute(query)]


def due_without_work(connection: Connection, now: datetime, limit: int) -> list[str]:
    """Return the ids of cases whose due time has come and for which no work waits or runs, the longest due first."""
    woken = exists().where(work.c.kind == CASE_KIND, work.c.key == cases.c.id, work.c.state != WorkState.done.value)
    query = select(cases.c.id).where(cases.c.due_at.is_not(None), cases.c.due_at <= to_micros(now), ~woken)
    return list(connection.execute(query.order_by(cases.c.due_at).limit(limit)).scalars())


def history_of(connection: Connection, case_id: str) -> list[HistoryLine]:
    """Return what happened in a case, in order."""
    query = select(case_history).where(case_history.c.case_id == case_id).order_by(case_history.c.seq)
    return [
        HistoryLine(row.seq, from_micros(row.at), row.what, row.by, row.decision, orjson.loads(row.details))
        for row in connection.execute(query)
    ]


def note(connection: Connection, case_id: str, what: str, by: str, at: datetime, details: Mapping[str, object]) -> None:
    """Add a line to a case's history. ``details`` hold no personal data."""
    add_history(connection, case_id, what, by, at, details)


def row_of(case: Case) -> dict[str, object]:
    """Return the row that a case is stored as."""
    row: dict[str, object] = {name: getattr(case, name) for name in _COLUMNS}
    for name in _MOMENTS:
        row[name] = to_micros_or_none(getattr(case, name))
    outcome = None if case.outcome is None else case.outcome.value
    return row | {
        "state": case.state.value,
        "stage": case.stage.value,
        "waits_for": case.waits_for.value,
        "outcome": outcome,
    }


def _load(row: Row[Any]) -> Case:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in _MOMENTS:
        values[name] = None if values[name] is None else from_micros(values[name])
    values |= {
        "state": CaseState(row.state),
        "stage": Stage(row.stage),
        "waits_for": WaitsFor(row.waits_for),
        "outcome": None if row.outcome is None else Outcome(row.outcome),
    }
    return Case(**values)

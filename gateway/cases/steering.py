"""What a person says about a case: rest, go on, I take it, leave it.

Each word raises the case's fence: a turn under way may write nothing more, so no effect follows a word that forbids it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, update

from gateway.cases.approvals import withdraw
from gateway.cases.case import HANDED_OVER, Case, CaseState, Outcome, WaitsFor, case_of
from gateway.cases.tasks import cancel_tasks
from gateway.errors import Conflict
from gateway.ledger import quota
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases
from gateway.work.queue import submit
from gateway.work.wake import CASE_KIND, add_history

Word = Callable[[Connection, Case, str, datetime, str], Case]
"""A word about a case: by whom, when, and why. Returns the case as it stands then; raises Conflict."""


def pause(connection: Connection, case: Case, by: str, now: datetime, because: str) -> Case:
    """Let a case rest until it is resumed. What was called already is still settled. Raises Conflict."""
    _expect(connection, case, CaseState.running, CaseState.with_person)
    return _said(connection, case, "paused", by, now, because, state=CaseState.paused, due_at=None)


def resume(connection: Connection, case: Case, by: str, now: datetime, because: str) -> Case:
    """Let a case go on, due at once: after a pause, from a person's hands, or before its time. Raises Conflict."""
    _expect(connection, case, CaseState.running, CaseState.paused, CaseState.with_person)
    changed = _said(
        connection,
        case,
        "resumed",
        by,
        now,
        because,
        state=CaseState.running,
        due_at=to_micros(now),
        step="" if case.step == HANDED_OVER else case.step,
    )
    submit(connection, CASE_KIND, case.id, now, b"")
    return changed


def hand_over(connection: Connection, case: Case, by: str, now: datetime, because: str) -> Case:
    """Give a case into a person's hands: the gateway does nothing more, but sees when the order ends."""
    _expect(connection, case, CaseState.running, CaseState.paused, CaseState.with_person)
    _take_back(connection, case, now, "a person has taken the case over")
    return _said(
        connection,
        case,
        "handed_over",
        by,
        now,
        because,
        state=CaseState.with_person,
        due_at=None,
        step=HANDED_OVER,
        waits_for=WaitsFor.person,
    )


def stop(connection: Connection, case: Case, by: str, now: datetime, because: str) -> Case:
    """End a case without an effect; what it held for a close is given back. Raises Conflict when it is settled."""
    _expect(connection, case, CaseState.running, CaseState.paused, CaseState.with_person)
    _take_back(connection, case, now, "the case was stopped")
    quota.release(connection, case.store, case.order_id, case.intent, now, "the case was stopped")
    return _said(
        connection,
        case,
        "stopped",
        by,
        now,
        because,
        state=CaseState.settled,
        due_at=None,
        waits_for=WaitsFor.nothing,
        outcome=Outcome.stopped,
        settled_at=to_micros(now),
    )


def _take_back(connection: Connection, case: Case, now: datetime, because: str) -> None:
    """Nobody is asked any more for what the case had asked."""
    withdraw(connection, case.id, now, because)
    cancel_tasks(connection, case.id, now, because)


def _expect(connection: Connection, case: Case, *states: CaseState) -> None:
    now = case_of(connection, case.id).state
    if now not in states:
        raise Conflict(f"Case {case.id} is {now.value}: this cannot be done with it. `gateway cases show {case.id}`")


def _said(
    connection: Connection, case: Case, what: str, by: str, now: datetime, because: str, **values: object
) -> Case:
    changed = {"fence": cases.c.fence + 1, "version": cases.c.version + 1, "because": because, **values}
    connection.execute(update(cases).where(cases.c.id == case.id).values(changed))
    add_history(connection, case.id, what, by, now, {"because": because})
    audit.append(connection, now, by, f"case_{what}", case.store, case.order_id, {"case": case.id, "because": because})
    return case_of(connection, case.id)

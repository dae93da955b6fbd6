"""Tasks: what only a person can do, in a platform's console, on the phone or in the stockroom.

A task is opened by a case, or by what no case asked for (stock). Of one kind and subject at most one is open: asking
again returns the open one, brought up to date. It ends as ``done`` when a person says so or the platform shows it,
and as ``cancelled`` when it is not needed any more. How a person does it says `gateway.cases.instructions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from gateway.errors import Conflict, NotFound
from gateway.orders.keys import OrderKeys, label
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros, to_micros_or_none
from gateway.storage.schema import tasks
from gateway.storage.statements import listed, one_of
from gateway.storage.vault import Vault
from gateway.work.wake import add_history, wake_cases

_OF_CASES = select(tasks).where(one_of(tasks.c.case_id, "ids")).order_by(tasks.c.opened_at, tasks.c.id)


class TaskKind(StrEnum):
    """What a person is asked to do."""

    close = "close"  # in the console, where the API cannot
    ship = "ship"
    send_message = "send_message"  # in the platform's own chat; the text stands ready
    collect_evidence = "collect_evidence"
    contact_support = "contact_support"
    intercept_parcel = "intercept_parcel"  # ask the courier to stop it
    open_dispute = "open_dispute"
    ask_person = "ask_person"  # no rule gives a way: a person decides
    read_reply = "read_reply"  # a chat message came; nobody guesses what it means
    verify_stock = "verify_stock"
    delist = "delist"  # or sell as presale: the supplier has none left
    watch_refund = "watch_refund"  # the money should be back by now
    ship_back = "ship_back"  # goods that this account returns to its supplier
    return_received = "return_received"  # look at what a buyer sent back; the platform does not tell that it came


class TaskState(StrEnum):
    """Where a task stands."""

    open = "open"
    done = "done"
    cancelled = "cancelled"


@dataclass(frozen=True, slots=True)
class Task:
    """One task as stored. ``details`` hold what its instructions are made of, ``because`` how it ended.

    ``subject`` says what it is about: an order, an order and a word (``ORDER:chat``), a SKU.
    """

    id: str
    case_id: str | None
    store: str
    order_id: str | None
    kind: TaskKind
    subject: str
    details: Mapping[str, Any]
    state: TaskState
    opened_at: datetime
    due_by: datetime | None
    done_by: str | None
    done_at: datetime | None
    because: str
    has_text: bool  # a text to copy is kept with it, sealed


def open_task(
    c: Connection,
    *,
    case_id: str | None,
    store: str,
    order_id: str | None,
    kind: TaskKind,
    subject: str,
    details: Mapping[str, Any],
    due_by: datetime | None,
    now: datetime,
    sealed: bytes | None = None,
) -> Task:
    """Ask a person for something, and return the task; an open one of the same kind and subject is brought up to date.

    ``details`` are JSON and hold no personal data. A text for the buyer goes to ``sealed``, as `seal_text` makes it;
    without a new one the open task keeps the text it has.
    """
    values: dict[str, Any] = {
        "case_id": case_id,
        "order_id": order_id,
        "details": orjson.dumps(dict(details), option=orjson.OPT_SORT_KEYS),
        "due_by": to_micros_or_none(due_by),
    }
    mine = (tasks.c.store == store) & (tasks.c.kind == kind.value) & (tasks.c.subject == subject)
    found = c.execute(select(tasks).where(mine, tasks.c.state == TaskState.open.value)).first()
    if found is None:
        task_id = uuid.uuid4().hex
        row = {"id": task_id, "store": store, "kind": kind.value, "subject": subject, "sealed": sealed}
        times = {"opened_at": to_micros(now), "done_by": None, "done_at": None}
        c.execute(insert(tasks), {**row, **values, **times, "state": TaskState.open.value, "because": ""})
        return _told(c, task_id, "task_opened", "gateway", now)
    same = all(getattr(found, name) == value for name, value in values.items())
    if sealed is not None:  # the same text sealed anew looks different, so it tells nothing of a change
        values["sealed"] = sealed
    c.execute(update(tasks).where(tasks.c.id == found.id).values(**values))
    return task_of(c, found.id) if same else _told(c, found.id, "task_changed", "gateway", now)


def finish_task(c: Connection, task_id: str, *, by: str, now: datetime, because: str) -> Task:
    """Note that a task is done, and wake its case.

    Raises NotFound, and Conflict naming who was faster when it is not open any more.
    """
    return _end(c, task_of(c, task_id), TaskState.done, by=by, now=now, because=because)


def settle_task(
    c: Connection, *, store: str, kind: TaskKind, subject: str, by: str, now: datetime, because: str
) -> Task | None:
    """Note that what came in has done the open task of a kind and subject; return it, None when there is none.

    Whoever brings what came in wakes the case.
    """
    mine = (tasks.c.store == store) & (tasks.c.kind == kind.value) & (tasks.c.subject == subject)
    found = c.execute(select(tasks).where(mine, tasks.c.state == TaskState.open.value)).first()
    if found is None:
        return None
    return _end(c, _load(found), TaskState.done, by=by, now=now, because=because, wake=False)


def cancel_task(c: Connection, task_id: str, *, by: str, now: datetime, because: str, wake: bool = True) -> Task:
    """Note that a task is not needed, or cannot be done, and wake its case. Raises as `finish_task`.

    A case that takes a task back itself is not to ``wake``.
    """
    return _end(c, task_of(c, task_id), TaskState.cancelled, by=by, now=now, because=because, wake=wake)


def cancel_tasks(
    c: Connection,
    case_id: str,
    now: datetime,
    because: str,
    kinds: Collection[TaskKind] | None = None,
    by: str = "gateway",
) -> int:
    """Cancel the open tasks of a case, all or some ``kinds``, and return how many. The case, who asks, is not woken."""
    wanted = [task for task in tasks_open(c, case_id=case_id) if kinds is None or task.kind in kinds]
    for task in wanted:
        _end(c, task, TaskState.cancelled, by=by, now=now, because=because, wake=False)
    return len(wanted)


def task_of(c: Connection, task_id: str) -> Task:
    """Return one task. Raises NotFound."""
    row = c.execute(select(tasks).where(tasks.c.id == task_id)).first()
    if row is None:
        raise NotFound(f"No task {task_id}. `gateway tasks list` shows the open ones, with --all every one.")
    return _load(row)


def tasks_open(
    c: Connection,
    *,
    stores: Collection[str] | None = None,
    case_id: str | None = None,
    order_id: str | None = None,
    kind: TaskKind | None = None,
) -> list[Task]:
    """Return the open tasks, those due first before the others; one without a time comes last."""
    return tasks_like(c, stores=stores, case_id=case_id, order_id=order_id, kind=kind, states={TaskState.open})


def tasks_like(
    c: Connection,
    *,
    stores: Collection[str] | None = None,
    case_id: str | None = None,
    order_id: str | None = None,
    kind: TaskKind | None = None,
    states: Collection[TaskState] | None = None,
) -> list[Task]:
    """Return the tasks that match all that is given, in the order of `tasks_open`."""
    where: list[ColumnElement[bool]] = []
    if stores is not None:
        where.append(tasks.c.store.in_(sorted(stores)))
    if states is not None:
        where.append(tasks.c.state.in_(sorted(states)))
    wanted = {"case_id": case_id, "order_id": order_id, "kind": kind.value if kind else None}
    where += [tasks.c[name] == value for name, value in wanted.items() if value is not None]
    order = (tasks.c.due_by.is_(None), tasks.c.due_by, tasks.c.opened_at, tasks.c.id)
    return [_load(row) for row in c.execute(select(tasks).where(*where).order_by(*order))]


def tasks_of_case(c: Connection, case_id: str) -> list[Task]:
    """Return the tasks of a case, the oldest first."""
    return tasks_of_cases(c, [case_id]).get(case_id, [])


def tasks_of_cases(c: Connection, case_ids: Collection[str]) -> dict[str, list[Task]]:
    """Return the tasks of cases, the oldest first; a case without any is left out."""
    found: dict[str, list[Task]] = {}
    for row in c.execute(_OF_CASES, {"ids": listed(case_ids)}):
        found.setdefault(row.case_id, []).append(_load(row))
    return found


def seal_text(
    c: Connection, vault: Vault, *, store: str, order_id: str, kind: TaskKind, subject: str, text: str
) -> bytes | None:
    """Return a text to copy, sealed with the order's own key for `open_task`; None when its person was erased."""
    keys = OrderKeys.load(c, vault, store, [order_id])
    key = keys.of(order_id)
    keys.save(c)
    return None if key is None else vault.seal(key, text.encode(), _about(store, kind, subject))


def text_of(c: Connection, vault: Vault, task: Task) -> str | None:
    """Return the text to copy of a task; None when it has none, or when its person was erased."""
    if not task.has_text or task.order_id is None:
        return None
    key = OrderKeys.load(c, vault, task.store, [task.order_id]).of(task.order_id)
    sealed = c.execute(select(tasks.c.sealed).where(tasks.c.id == task.id)).scalar_one()
    if key is None:
        return None
    return vault.open(key, sealed, _about(task.store, task.kind, task.subject)).decode()


def _about(store: str, kind: TaskKind, subject: str) -> str:
    return label("tasks", store, f"{kind}\n{subject}")


def _end(
    c: Connection, task: Task, state: TaskState, *, by: str, now: datetime, because: str, wake: bool = True
) -> Task:
    ended = c.execute(
        update(tasks)
        .where(tasks.c.id == task.id, tasks.c.state == TaskState.open.value)
        .values(state=state.value, done_by=by, done_at=to_micros(now), because=because)
    )
    if ended.rowcount != 1:
        told = task_of(c, task.id)
        raise Conflict(f"Task {task.id} is {told.state} already, by {told.done_by}: {told.because or 'no word'}.")
    if wake and task.order_id is not None:
        wake_cases(c, task.store, [task.order_id], now, "task", by)
    return _told(c, task.id, f"task_{state}", by, now)


def _told(c: Connection, task_id: str, what: str, by: str, now: datetime) -> Task:
    """Return the task as it stands now, and put it on the audit trail and in its case's history."""
    task = task_of(c, task_id)
    details = {"task": task.id, "kind": task.kind.value, "subject": task.subject}
    if task.because:
        details["because"] = task.because
    if task.case_id is not None:
        add_history(c, task.case_id, what, by, now, details)
        details["case"] = task.case_id
    audit.append(c, now, by, what, task.store, task.order_id, details)
    return task


def _load(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        case_id=row.case_id,
        store=row.store,
        order_id=row.order_id,
        kind=TaskKind(row.kind),
        subject=row.subject,
        details=orjson.loads(row.details),
        state=TaskState(row.state),
        opened_at=from_micros(row.opened_at),
        due_by=from_micros_or_none(row.due_by),
        done_by=row.done_by,
        done_at=from_micros_or_none(row.done_at),
        because=row.because,
        has_text=row.sealed is not None,
    )

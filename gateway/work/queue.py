"""Due work as rows: ``waiting`` until claimed, ``claimed`` until done or tried again, ``done`` until submitted anew.

Work is named by kind and key, and there is one row for each name. Submitting a name again while it is claimed makes
it ``renewed``: still in the claimant's hands, and waiting again as soon as the claim ends, so that no wish is lost.

Each claim has a fence, one higher than the last. A worker whose claim was given to another holds an older fence and
cannot write any more (Conflict).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, update

from gateway.errors import Conflict
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import work
from gateway.storage.statements import one_of, run_many, unindexed, unlocked, whole_rows, write_back


class WorkState(StrEnum):
    """Where a piece of work stands."""

    waiting = "waiting"
    claimed = "claimed"
    renewed = "renewed"  # claimed, and submitted again meanwhile
    done = "done"


_HELD = (WorkState.claimed.value, WorkState.renewed.value)

# Statements are made once: making one costs more than running it.
_NAMED = select(work).where(work.c.kind == bindparam("the_kind"), one_of(work.c.key, "keys"))
_BY_IDS = select(work).where(work.c.id.in_(bindparam("ids", expanding=True)))
_NEW = insert(work).inline()
_BY_ID = work.c.id == bindparam("the_id")
# walked by its due time: few are of a kind that nobody here carries out
_WAITING = (work.c.state == WorkState.waiting.value) & one_of(unindexed(work.c.kind), "kinds")
_CLAIMABLE = _WAITING & (work.c.due_at <= bindparam("now"))
_CLAIM = (
    update(work)
    .where(_BY_ID)
    .values(
        state=WorkState.claimed.value,
        worker=bindparam("the_worker"),
        fence=work.c.fence + 1,
        attempts=work.c.attempts + 1,
    )
)
_NEXT_DUE = select(work.c.due_at).where(_WAITING).order_by(work.c.due_at, work.c.id).limit(1)
_NEXT_OF_ALL = select(work.c.due_at).where(work.c.state == WorkState.waiting.value).order_by(work.c.due_at).limit(1)


@dataclass(frozen=True, slots=True)
class Due:
    """A piece of work that waits. ``last_error`` says why it did not get done the last time."""

    id: int
    kind: str
    key: str
    due_at: datetime
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work in a worker's hands. ``attempts`` counts this one too."""

    id: int
    kind: str
    key: str
    payload: bytes
    fence: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a claim ends: done, or wanted again at ``due_at``; with an ``error``, which names no person, it failed."""

    claim: Claim
    due_at: datetime | None = None
    error: str | None = None


def submit(connection: Connection, kind: str, key: str, due_at: datetime, payload: bytes) -> None:
    """Ask for a piece of work at ``due_at``.

    The same name again: the earlier due time counts, the fresh payload is taken, and what was done waits again.
    """
    submit_all(connection, kind, {key: due_at}, payload)


def submit_all(connection: Connection, kind: str, due_at: Mapping[str, datetime], payload: bytes) -> None:
    """Ask for several pieces of work of a kind, each named by its key, as `submit` does for one."""
    named = {"the_kind": kind, "keys": orjson.dumps(list(due_at)).decode()}
    stored = {row["key"]: row for row in whole_rows(connection, _NAMED, named)}
    fresh = [_fresh(kind, key, to_micros(due), payload) for key, due in due_at.items() if key not in stored]
    run_many(connection, _NEW, fresh)
    write_back(connection, work, [_anew(row, to_micros(due_at[key]), payload) for key, row in stored.items()])


def _fresh(kind: str, key: str, due: int, payload: bytes) -> dict[str, object]:
    named = {"kind": kind, "key": key, "due_at": due, "payload": payload, "state": WorkState.waiting.value}
    return {**named, "attempts": 0, "fence": 0, "worker": None, "delivery": None, "last_error": ""}


def _anew(row: dict[str, Any], due: int, payload: bytes) -> dict[str, Any]:
    row["payload"] = payload
    if row["state"] in {WorkState.waiting, WorkState.renewed}:
        row["due_at"] = min(due, row["due_at"])
        return row
    row["due_at"] = due
    if row["state"] == WorkState.claimed:
        return row | {"state": WorkState.renewed.value}
    return row | {"state": WorkState.waiting.value, "attempts": 0, "last_error": ""}


def due(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Return what waits and is due, the longest due first. Nothing is claimed."""
    statement = (
        select(work)
        .where(work.c.state == WorkState.waiting.value, work.c.due_at <= to_micros(now))
        .order_by(work.c.due_at, work.c.id)
        .limit(limit)
    )
    return [
        Due(row.id, row.kind, row.key, from_micros(row.due_at), row.attempts, row.last_error)
        for row in connection.execute(statement)
    ]


def claim(connection: Connection, kinds: Collection[str], now: datetime, worker: str) -> Claim | None:
    """Take the longest due work of one of ``kinds`` for ``worker``, or return None when nothing is due."""
    return next(iter(claim_some(connection, kinds, now, worker, 1)), None)


def claim_some(connection: Connection, kinds: Collection[str], now: datetime, worker: str, most: int) -> list[Claim]:
    """Take the longest due work of ``kinds`` for ``worker``, ``most`` pieces at most."""
    named = {"now": to_micros(now), "most": most, **_kinds(kinds)}
    found = connection.execute(_claimable(connection.dialect.name), named).all()
    if found:
        connection.execute(_CLAIM, [{"the_id": row.id, "the_worker": worker} for row in found])
    return [Claim(row.id, row.kind, row.key, row.payload, row.fence + 1, row.attempts + 1) for row in found]


def done(connection: Connection, claim: Claim) -> None:
    """End a claim whose work is done. Raises Conflict when it is no longer this worker's."""
    _end(connection, Ending(claim))


def again(connection: Connection, claim: Claim, due_at: datetime) -> None:
    """End a claim whose work went well and is wanted again at ``due_at``, earlier when it was submitted meanwhile.

    Raises Conflict as `done`.
    """
    _end(connection, Ending(claim, due_at))


def retry(connection: Connection, claim: Claim, due_at: datetime, error: str) -> None:
    """End a claim whose work failed; it waits again until ``due_at``. ``error`` holds no personal data.

    Raises Conflict as `done`.
    """
    _end(connection, Ending(claim, due_at, error))


def end_all(connection: Connection, endings: Sequence[Ending]) -> list[bool]:
    """End claims as `done`, `again` and `retry` do; tell of each whether it was still in its worker's hands."""
    rows = by_id(connection, [each.claim.id for each in endings])
    ended: list[dict[str, Any]] = []
    mine: list[bool] = []
    for each in endings:
        row = rows.get(each.claim.id)
        mine.append(row is not None and row["fence"] == each.claim.fence and row["state"] in _HELD)
        if row is not None and mine[-1]:
            row |= _ended(row, each)
            ended.append(row)
    write_back(connection, work, ended)
    return mine


def _ended(row: Mapping[str, Any], how: Ending) -> dict[str, Any]:
    renewed, due = row["state"] == WorkState.renewed, row["due_at"]
    if how.due_at is not None:  # or when it was asked for while it was claimed, when that is earlier
        due = min(due, to_micros(how.due_at)) if renewed else to_micros(how.due_at)
    state = WorkState.waiting if renewed or how.due_at is not None else WorkState.done
    left = {"state": state.value, "due_at": due, "worker": None, "delivery": None}
    if how.error is not None:
        return {**left, "last_error": how.error}
    return {**left, "attempts": 0, "last_error": ""}


def by_id(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return whole rows of work by their ids."""
    return {row["id"]: row for row in whole_rows(connection, _BY_IDS, {"ids": ids})}


def release_all(connection: Connection, worker: str | None) -> int:
    """Let all work that ``worker`` (None: anybody) had claimed wait again, due as before; return how much that was.

    Of everybody's at the start of a process that is the only one: whoever held a claim is dead. Where several work, see
    `gateway.work.wake_ups`.
    """
    statement = (
        update(work).where(work.c.state.in_(_HELD)).values(state=WorkState.waiting.value, worker=None, delivery=None)
    )
    if worker is not None:
        statement = statement.where(work.c.worker == worker)
    return connection.execute(statement).rowcount


def prune(connection: Connection, before: datetime, most: int) -> int:
    """Forget work that is done and was due ``before``, ``most`` rows at most; return how many those were.

    Work that waits or is in somebody's hands stays. So does the newest row: SQLite would give its number to the next
    one, which a claim of long ago could then take for its own.
    """
    newest = select(func.max(work.c.id)).scalar_subquery()
    done_with = (
        select(work.c.id)
        .where(work.c.state == WorkState.done.value, work.c.due_at < to_micros(before), work.c.id < newest)
        .order_by(work.c.due_at)
        .limit(most)
    )
    ids = connection.execute(done_with).scalars().all()
    if ids:
        connection.execute(delete(work).where(work.c.id.in_(ids)))
    return len(ids)


def next_due(connection: Connection, kinds: Sequence[str] | None = None) -> datetime | None:
    """Return when the next work (of ``kinds`` only, when given) is due, None when none waits. It may be past."""
    if kinds is None:
        found = connection.execute(_NEXT_OF_ALL).scalar_one_or_none()
    else:
        found = connection.execute(_NEXT_DUE, _kinds(kinds)).scalar_one_or_none()
    return None if found is None else from_micros(found)


def _kinds(kinds: Collection[str]) -> dict[str, str]:
    return {"kinds": orjson.dumps(sorted(kinds)).decode()}


@cache
def _claimable(dialect: str) -> Select[tuple[int, str, str, bytes, int, int]]:
    found = select(work.c.id, work.c.kind, work.c.key, work.c.payload, work.c.fence, work.c.attempts)
    return unlocked(dialect, found.where(_CLAIMABLE).order_by(work.c.due_at, work.c.id).limit(bindparam("most")))


def _end(connection: Connection, how: Ending) -> None:
    if not all(end_all(connection, [how])):
        claim = how.claim
        raise Conflict(
            f"the work {claim.kind} {claim.key} is no longer in these hands (fence {claim.fence}): "
            "it was released or given to another worker; drop what was done and go on"
        )

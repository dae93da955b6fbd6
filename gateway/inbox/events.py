"""The rows of the inbox: what was pushed, and how far each push has come.

``received`` until its outcome is known; then ``processed`` (what it named was read anew), ``ignored`` (nothing to
read, and why) or ``failed`` (given up, and why; it may be replayed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    true,
    update,
)

from gateway.errors import DataError, NotFound
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import inbox
from gateway.storage.statements import append_pushes
from gateway.storage.vault import Vault

_LONGEST_ID = 200


class EventState(StrEnum):
    """How far a push has come."""

    received = "received"
    processed = "processed"
    ignored = "ignored"
    failed = "failed"


class Via(StrEnum):
    """How a push came."""

    push = "push"
    lost = "lost"  # fetched from the platform's store of pushes that never arrived


class Arrival(NamedTuple):
    """A push as it came. ``headers`` is JSON and holds nothing secret."""

    platform: str
    app: str
    body: bytes
    at: datetime
    headers: bytes = b"{}"
    via: Via = Via.push


@dataclass(frozen=True, slots=True)
class Event:
    """One row, without the push's body. ``kind`` None: not read yet. ``reason`` says why it is not processed."""

    id: int
    platform: str
    app: str
    via: Via
    deliveries: int
    received_at: datetime
    state: EventState
    attempts: int
    due_at: datetime
    settled_at: datetime | None
    reason: str
    kind: str | None
    event_id: str | None
    store: str | None
    subject: str | None
    delivery: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the first look at a push found. ``ignored`` and ``failed`` hold the reason that ends it at once."""

    id: int
    delivery: str
    kind: str
    event_id: str
    store: str  # empty: about no store, or about several
    subject: str | None
    ignored: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt at a push ended. ``due_at`` is that of the next attempt of one still `received`."""

    id: int
    state: EventState
    attempts: int
    due_at: datetime
    reason: str = ""


def keep(connection: Connection, vault: Vault, arrivals: Sequence[Arrival]) -> None:
    """Append pushes, their bodies sealed. Whether they came before is found when they are read."""
    append_pushes(connection, [_row(vault, arrival) for arrival in arrivals])


def unread(connection: Connection, now: datetime, limit: int, app: str | None = None) -> list[Event]:
    """Return pushes (of ``app`` only, when given) nobody has looked into, the oldest first."""
    where = _waiting(now) & inbox.c.kind.is_(None) & _of(app)
    return _events(connection, select(inbox).where(where).order_by(inbox.c.due_at, inbox.c.id).limit(limit))


def due(connection: Connection, now: datetime, but: Collection[str], limit: int, app: str | None = None) -> list[Event]:
    """Return pushes that are read and wait for an attempt, the longest due first; none of the stores ``but``."""
    where = _waiting(now) & inbox.c.kind.is_not(None) & inbox.c.store.not_in(sorted(but)) & _of(app)
    return _events(connection, select(inbox).where(where).order_by(inbox.c.due_at, inbox.c.id).limit(limit))


def next_due(connection: Connection, but: Collection[str], app: str | None = None) -> datetime | None:
    """Return when the next push is due, one of the stores ``but`` left out; None when none waits. It may be past."""
    others = inbox.c.kind.is_(None) | inbox.c.store.not_in(sorted(but))
    query = select(inbox.c.due_at).where(_received(), others, _of(app)).order_by(inbox.c.due_at).limit(1)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else from_micros(found)


def body_of(connection: Connection, vault: Vault, event: Event) -> bytes:
    """Return the push as it came. Raises DataError when it is no longer kept."""
    sealed = connection.execute(select(inbox.c.sealed).where(inbox.c.id == event.id)).scalar_one()
    if sealed is None:
        raise DataError(f"The body of event {event.id} is no longer kept. The next pull reads what it was about.")
    return vault.unwrap(sealed, _label(event.app, to_micros(event.received_at)))


def delivery_of(app: str, body: bytes) -> str:
    """Return what is the same for the same bytes pushed to the same app."""
    return hashlib.sha256(app.encode() + b"\n" + body).hexdigest()


def note_readings(connection: Connection, readings: Sequence[Reading], now: datetime) -> None:
    """Write down what the first look found.

    The same bytes again are counted with those that came first; the same event in other bytes is ignored.
    """
    for reading in readings:
        if _came_before(connection, reading, now):
            continue
        values: dict[str, Any] = {
            "delivery": reading.delivery,
            "kind": reading.kind[:60],
            "event_id": _short(reading.event_id),
            "store": reading.store,
            "subject": None if reading.subject is None else reading.subject[:80],
        }
        ended = _ended(connection, reading)
        if ended is not None:
            values |= {"state": ended[0].value, "last_error": ended[1], "settled_at": to_micros(now)}
        connection.execute(update(inbox).where(inbox.c.id == reading.id).values(values))


def settle(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write down how attempts ended."""
    statement = (
        update(inbox)
        .where(inbox.c.id == bindparam("the_id"))
        .values({name: bindparam(name) for name in ("state", "attempts", "due_at", "settled_at", "last_error")})
    )
    rows = [
        {
            "the_id": outcome.id,
            "state": outcome.state.value,
            "attempts": outcome.attempts,
            "due_at": to_micros(outcome.due_at),
            "settled_at": None if outcome.state is EventState.received else to_micros(now),
            "last_error": outcome.reason,
        }
        for outcome in outcomes
    ]
    if rows:
        connection.execute(statement, rows)


def find(
    connection: Connection,
    *,
    state: EventState | None = None,
    store: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    limit: int = 50,
) -> list[Event]:
    """Return the newest pushes like this, the newest first."""
    wanted = {"state": state and state.value, "store": store, "kind": kind, "subject": subject}
    statement = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(inbox.c[name] == value)
    return _events(connection, statement)


def event_of(connection: Connection, number: int) -> Event:
    """Return one push. Raises NotFound."""
    found = _events(connection, select(inbox).where(inbox.c.id == number))
    if not found:
        raise NotFound(f"There is no event {number}: see `gateway events list`.")
    return found[0]


def headers_of(connection: Connection, number: int) -> bytes:
    """Return the headers kept with a push, as JSON."""
    found: bytes = connection.execute(select(inbox.c.headers).where(inbox.c.id == number)).scalar_one()
    return found


def replay(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Let pushes be read and acted upon anew. Raises NotFound for one that is not there, DataError for one emptied."""
    for number in numbers:
        event = event_of(connection, number)
        if connection.execute(select(inbox.c.sealed).where(inbox.c.id == number)).scalar_one() is None:
            raise DataError(
                f"The body of event {event.id} is no longer kept, so it cannot be replayed. "
                "Read what it was about with `gateway sync`."
            )
    again = {"state": EventState.received.value, "attempts": 0, "due_at": to_micros(now), "settled_at": None}
    statement = update(inbox).where(inbox.c.id.in_(list(numbers)))
    connection.execute(statement.values(**again, kind=None, last_error=""))


def failed_with_body(connection: Connection) -> list[int]:
    """Return the numbers of all pushes that were given up and can be replayed."""
    given_up = inbox.c.state == EventState.failed.value
    query = select(inbox.c.id).where(given_up, inbox.c.sealed.is_not(None)).order_by(inbox.c.id)
    return list(connection.execute(query).scalars())


def forget_bodies(connection: Connection, before: datetime) -> int:
    """Empty the bodies of pushes settled before an instant, and return of how many."""
    old = inbox.c.settled_at < to_micros(before)
    return connection.execute(update(inbox).where(old, inbox.c.sealed.is_not(None)).values(sealed=None)).rowcount


def forget_bodies_about(connection: Connection, store: str, subjects: Collection[str]) -> int:
    """Empty the bodies of settled pushes about orders and requests of a store, and return of how many."""
    about = (inbox.c.store == store) & inbox.c.subject.in_(sorted(subjects))
    settled = inbox.c.state != EventState.received.value
    forget = update(inbox).where(about, settled, inbox.c.sealed.is_not(None)).values(sealed=None)
    return connection.execute(forget).rowcount


def counts(connection: Connection) -> Mapping[EventState, int]:
    """Return how many pushes are in each state."""
    rows = connection.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state)).all()
    return {EventState(state): number for state, number in rows}


def _row(vault: Vault, arrival: Arrival) -> tuple[object, ...]:
    at = to_micros(arrival.at)
    sealed = vault.wrap(arrival.body, _label(arrival.app, at))
    return (arrival.platform, arrival.app, arrival.via.value, at, at, arrival.headers, sealed)


def _label(app: str, received_at: int) -> str:
    return f"inbox\n{app}\n{received_at}"


def _received() -> ColumnElement[bool]:
    # a literal, so that the partial index of waiting rows is used
    return inbox.c.state == literal_column("'received'")


def _of(app: str | None) -> ColumnElement[bool]:
    return true() if app is None else inbox.c.app == app


def _waiting(now: datetime) -> ColumnElement[bool]:
    return _received() & (inbox.c.due_at <= to_micros(now))


def _came_before(connection: Connection, reading: Reading, now: datetime) -> bool:
    """Count a push with the earlier one of the same bytes; one that had failed gets a new chance."""
    same = (inbox.c.delivery == reading.delivery) & (inbox.c.id != reading.id)
    first = connection.execute(select(inbox.c.id, inbox.c.state).where(same)).one_or_none()
    if first is None:
        return False
    deliveries = select(inbox.c.deliveries).where(inbox.c.id == reading.id).scalar_subquery()
    counted: dict[str, Any] = {"deliveries": inbox.c.deliveries + deliveries}
    if first.state == EventState.failed:
        counted |= {"state": EventState.received.value, "attempts": 0, "due_at": to_micros(now), "settled_at": None}
    connection.execute(update(inbox).where(inbox.c.id == first.id).values(counted))
    connection.execute(delete(inbox).where(inbox.c.id == reading.id))
    return True


def _ended(connection: Connection, reading: Reading) -> tuple[EventState, str] | None:
    if reading.failed:
        return EventState.failed, reading.failed
    if reading.ignored:
        return EventState.ignored, reading.ignored
    mine = connection.execute(select(inbox.c.app, inbox.c.event_id).where(inbox.c.id == reading.id)).one()
    if mine.event_id is not None:
        return None  # replayed: a person wants it done again
    same = (inbox.c.app == mine.app) & (inbox.c.event_id == _short(reading.event_id)) & (inbox.c.id != reading.id)
    alive = inbox.c.state.in_([EventState.received.value, EventState.processed.value])
    other = connection.execute(select(func.min(inbox.c.id)).where(same, alive)).scalar_one()
    return None if other is None else (EventState.ignored, f"the same event as {other}")


def _short(event_id: str) -> str:
    return event_id if len(event_id) <= _LONGEST_ID else hashlib.sha256(event_id.encode()).hexdigest()


def _events(connection: Connection, statement: Select[Any]) -> list[Event]:
    return [_event(row) for row in connection.execute(statement)]


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        platform=row.platform,
        app=row.app,
        via=Via(row.via),
        deliveries=row.deliveries,
        received_at=from_micros(row.received_at),
        state=EventState(row.state),
        attempts=row.attempts,
        due_at=from_micros(row.due_at),
        settled_at=None if row.settled_at is None else from_micros(row.settled_at),
        reason=row.last_error,
        kind=row.kind,
        event_id=row.event_id,
        store=row.store,
        subject=row.subject,
        delivery=row.delivery,
    )

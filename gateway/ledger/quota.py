"""The free closes of a calendar month: reserved with the effect, then spent or given back (XHS-12, XHS-13, XHS-18).

::

    (nothing) ──► reserved ──► spent ──► withdrawn     the buyer had asked for it after all
        ▲            ├───────► released                refused, or known not to have happened
        └────────────┘                                 an outcome nobody knows stays reserved

Rows are only ever appended. The last row of an order tells how its close stands. In each store rows are numbered
without a gap, so of two writers that go on from the same row the database refuses one: it decides again.
A reservation of an earlier month that is still open counts in the present month too, for it may yet be spent there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.errors import Conflict
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import quota_entries
from gateway.storage.statements import insert_new, listed, one_of


class CloseState(StrEnum):
    """How one order's close stands in the books."""

    reserved = "reserved"
    released = "released"
    spent = "spent"
    withdrawn = "withdrawn"  # booked as spent, and then it turned out not to be the seller's


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEntry:
    """One row: time, order, true reason, and whether the buyer was written to before (XHS-18).

    ``units`` are free closes, ``points`` what the close costs beyond them. ``holder`` is the effect or the intent it
    is held for; None when sync found the close. ``contacted`` None: nobody knows.
    """

    store: str
    order_id: str
    state: CloseState
    month: str
    units: int
    points: int
    holder: str | None
    reason: str | None
    contacted: bool | None
    by: str
    at: datetime
    because: str


Entries = Mapping[str, CloseEntry]
"""The last row of each order of a store."""

# Statements are made once: making one costs more than running it.
_OF_STORE = quota_entries.c.store == bindparam("the_store")
_LATEST = (
    select(quota_entries)
    .where(
        _OF_STORE,
        quota_entries.c.seq.in_(
            select(func.max(quota_entries.c.seq)).where(_OF_STORE).group_by(quota_entries.c.order_id)
        ),
    )
    .order_by(quota_entries.c.seq)
)
_LAST = (
    select(quota_entries)
    .where(_OF_STORE, quota_entries.c.order_id == bindparam("the_order"))
    .order_by(quota_entries.c.seq.desc())
    .limit(1)
)
_STATES = (
    select(quota_entries.c.order_id, quota_entries.c.state)
    .where(_OF_STORE, one_of(quota_entries.c.order_id, "ids"))
    .order_by(quota_entries.c.seq)
)


@dataclass(frozen=True, slots=True)
class MonthStanding:
    """Free closes of one month: spent, and reserved by what is under way."""

    spent: int
    reserved: int

    @property
    def used(self) -> int:
        """Return what is not free any more."""
        return self.spent + self.reserved


def month_of(instant: datetime, zone: tzinfo) -> str:
    """Return the calendar month of an instant in a store's time zone, as "2026-03"."""
    return instant.astimezone(zone).strftime("%Y-%m")


def latest_entries(connection: Connection, store: str) -> Entries:
    """Return the last row of each order of a store, the one that was booked last at the end."""
    return {row.order_id: _entry(row) for row in connection.execute(_LATEST, {"the_store": store})}


def entry_of(connection: Connection, store: str, order_id: str) -> CloseEntry | None:
    """Return the last row of one order, None when nothing was ever booked for it."""
    row = connection.execute(_LAST, {"the_store": store, "the_order": order_id}).first()
    return None if row is None else _entry(row)


def holding(connection: Connection, store: str, order_ids: Collection[str]) -> set[str]:
    """Return those of the orders for which a close is reserved."""
    rows = connection.execute(_STATES, {"the_store": store, "ids": listed(order_ids)})
    latest = {row.order_id: row.state for row in rows}
    return {order_id for order_id, state in latest.items() if state == CloseState.reserved}


def month_standing(connection: Connection, store: str, month: str, *, besides: str | None = None) -> MonthStanding:
    """Return what is spent and reserved in ``month``, the order ``besides`` left out."""
    return used_in(latest_entries(connection, store), month, besides=besides)


def used_in(entries: Entries, month: str, *, besides: str | None = None) -> MonthStanding:
    """Return what is spent and reserved in ``month`` by `latest_entries`, the order ``besides`` left out. Pure."""
    spent = reserved = 0
    for entry in entries.values():
        if entry.order_id == besides:
            continue
        if entry.state is CloseState.spent and entry.month == month:
            spent += entry.units
        elif entry.state is CloseState.reserved and entry.month <= month:
            reserved += entry.units
    return MonthStanding(spent, reserved)


def planned_points(connection: Connection, store: str, *, besides: str | None = None) -> int:
    """Return the points that closes under way will cost, the order ``besides`` left out."""
    return planned_in(latest_entries(connection, store), besides=besides)


def planned_in(entries: Entries, *, besides: str | None = None) -> int:
    """Return the same by `latest_entries`. Pure."""
    return sum(
        entry.points for entry in entries.values() if entry.state is CloseState.reserved and entry.order_id != besides
    )


def reserve(connection: Connection, entry: CloseEntry, limit: int | None) -> None:
    """Hold what a close will spend, in the caller's transaction. ``limit``: free closes a month, None: there is none.

    Reserving again for the same order replaces what was held. Raises Conflict when the close is booked already or
    the month holds too few units: then decide again.
    """
    before = entry_of(connection, entry.store, entry.order_id)
    if before is not None and before.state is CloseState.spent:
        raise Conflict(f"The close of order {entry.order_id} is booked already; nothing is left to reserve.")
    if entry.units:
        standing = month_standing(connection, entry.store, entry.month, besides=entry.order_id)
        if limit is None or standing.used + entry.units > limit:
            raise Conflict(
                f"Store {entry.store} has no free close left in {entry.month} for order {entry.order_id}: another "
                "order took it meanwhile. Decide again; `gateway quota` shows who holds them."
            )
    _append(connection, replace(entry, state=CloseState.reserved))


def release(connection: Connection, store: str, order_id: str, holder: str | None, at: datetime, because: str) -> bool:
    """Give a reservation back: the close is known not to have happened. Return whether one was open.

    With a ``holder``, only one that is held for it.
    """
    held = entry_of(connection, store, order_id)
    if held is None or held.state is not CloseState.reserved or holder not in {None, held.holder}:
        return False
    _append(connection, replace(held, state=CloseState.released, at=at, because=because))
    return True


def confirm(
    connection: Connection, store: str, order_id: str, holder: str, at: datetime, because: str
) -> CloseEntry | None:
    """Turn the reservation of ``holder`` into what is spent, in the month it was made; return it, None without one."""
    held = entry_of(connection, store, order_id)
    if held is None or held.state is not CloseState.reserved or held.holder != holder:
        return None
    spent = replace(held, state=CloseState.spent, at=at, because=because)
    _append(connection, spent)
    return spent


def spend(connection: Connection, entry: CloseEntry, limit: int, points_beyond: int) -> CloseEntry:
    """Book a close that has happened in ``entry.month``, reserved or not; return it as booked.

    It takes a free close while the month holds one, else it costs ``points_beyond``.
    """
    standing = month_standing(connection, entry.store, entry.month, besides=entry.order_id)
    free = standing.used < limit
    booked = replace(entry, state=CloseState.spent, units=int(free), points=0 if free else points_beyond)
    _append(connection, booked)
    return booked


def withdraw(connection: Connection, entry: CloseEntry, at: datetime, because: str) -> None:
    """Take a booked close back: it was not the seller's."""
    _append(connection, replace(entry, state=CloseState.withdrawn, at=at, because=because))


def _append(connection: Connection, entry: CloseEntry) -> None:
    last = connection.execute(
        select(func.max(quota_entries.c.seq)).where(quota_entries.c.store == entry.store)
    ).scalar_one()
    _append_after(connection, last or 0, entry)


def _append_after(connection: Connection, last: int, entry: CloseEntry) -> None:
    put = connection.execute(
        insert_new(connection, quota_entries).values(
            store=entry.store,
            seq=last + 1,
            at=to_micros(entry.at),
            month=entry.month,
            order_id=entry.order_id,
            state=entry.state,
            units=entry.units,
            points=entry.points,
            holder=entry.holder,
            reason=entry.reason,
            contacted=entry.contacted,
            by=entry.by,
            because=entry.because,
        )
    )
    if put.rowcount == 0:
        raise Conflict(f"The books of store {entry.store} were written by somebody else meanwhile; decide again.")


def _entry(row: Row[Any]) -> CloseEntry:
    return CloseEntry(
        store=row.store,
        order_id=row.order_id,
        state=CloseState(row.state),
        month=row.month,
        units=row.units,
        points=row.points,
        holder=row.holder,
        reason=row.reason,
        contacted=row.contacted,
        by=row.by,
        at=from_micros(row.at),
        because=row.because,
    )

"""How far each stream of each store has been read. A cursor moves in the transaction that stores the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select

from gateway.ports import Window
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import cursors
from gateway.storage.statements import upsert


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything updated before ``position`` has been read; a window may be under way at ``next_page``."""

    store: str
    stream: str
    position: datetime
    window_end: datetime | None = None
    next_page: str | None = None
    until: datetime | None = None  # a back-fill's end; None: follows the clock
    moved_at: datetime | None = None  # when it was stored last; None: never

    def after_page(self, window: Window, next_page: str | None) -> Cursor:
        """Return the cursor once a page of ``window`` is stored: further in it, or past it."""
        if next_page is None:
            return replace(self, position=max(self.position, window.end), window_end=None, next_page=None)
        return replace(self, window_end=window.end, next_page=next_page)


def load_cursor(connection: Connection, store: str, stream: str) -> Cursor | None:
    """Return the cursor, None before the first pull."""
    query = select(cursors).where(cursors.c.store == store, cursors.c.stream == stream)
    row = connection.execute(query).mappings().first()
    return None if row is None else _cursor(row)


def cursors_of(connection: Connection, store: str) -> list[Cursor]:
    """Return all cursors of a store, back-fills included."""
    rows = connection.execute(select(cursors).where(cursors.c.store == store).order_by(cursors.c.stream)).mappings()
    return [_cursor(row) for row in rows]


def save_cursor(connection: Connection, cursor: Cursor, now: datetime) -> None:
    """Store ``cursor``; call it in the transaction that stores the rows it speaks of."""
    row = {
        "store": cursor.store,
        "stream": cursor.stream,
        "position": to_micros(cursor.position),
        "window_end": None if cursor.window_end is None else to_micros(cursor.window_end),
        "next_page": cursor.next_page,
        "until": None if cursor.until is None else to_micros(cursor.until),
        "moved_at": to_micros(now),
    }
    connection.execute(upsert(connection, cursors), row)


def drop_cursor(connection: Connection, store: str, stream: str) -> None:
    """Forget a cursor (a finished back-fill)."""
    connection.execute(delete(cursors).where(cursors.c.store == store, cursors.c.stream == stream))


def _cursor(row: RowMapping) -> Cursor:
    return Cursor(
        store=row["store"],
        stream=row["stream"],
        position=from_micros(row["position"]),
        window_end=None if row["window_end"] is None else from_micros(row["window_end"]),
        next_page=row["next_page"],
        until=None if row["until"] is None else from_micros(row["until"]),
        moved_at=from_micros(row["moved_at"]),
    )

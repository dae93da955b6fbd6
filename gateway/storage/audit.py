"""The audit trail: what was done, by whom, when. Append-only; each entry carries the hash of the one before it.

Changing, inserting or removing an entry breaks the chain at that place. Cutting entries off the end does not, so
a backup's manifest keeps the last hash beside the number of rows. Details never hold personal data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, insert, select

from gateway.errors import DataError
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import audit
from gateway.storage.statements import run_many

_BEGINNING = "0" * 64
_LAST = select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
_NEW = insert(audit).inline()


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be put on the trail. ``details`` are for words and ids, never for personal data."""

    at: datetime
    who: str
    what: str
    store: str | None
    order_id: str | None
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail."""

    seq: int
    at: datetime
    who: str
    what: str
    store: str | None
    order_id: str | None
    details: Mapping[str, str]


def append(
    connection: Connection,
    at: datetime,
    who: str,
    what: str,
    store: str | None = None,
    order_id: str | None = None,
    details: Mapping[str, str] | None = None,
) -> None:
    """Add an entry behind the last one. ``details`` are for words and ids, never for personal data."""
    append_all(connection, [NewEntry(at, who, what, store, order_id, details or {})])


def append_all(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Add entries behind the last one, in their order."""
    previous = connection.execute(_LAST).scalar_one_or_none() or _BEGINNING
    rows = []
    for each in entries:
        row: dict[str, Any] = {
            "at": to_micros(each.at),
            "who": each.who,
            "what": each.what,
            "store": each.store,
            "order_id": each.order_id,
            "details": orjson.dumps(dict(each.details), option=orjson.OPT_SORT_KEYS),
            "previous": previous,
        }
        row["hash"] = previous = _hash(row)
        rows.append(row)
    run_many(connection, _NEW, rows)


def verify(connection: Connection) -> int:
    """Return how many entries there are, all of them as they were written.

    Raises DataError naming the first entry that was altered, or before which one was taken out or put in.
    """
    previous, count = _BEGINNING, 0
    statement = select(audit).order_by(audit.c.seq).execution_options(yield_per=500)
    with connection.execute(statement) as rows:
        for row in rows:
            if row.previous != previous:
                raise DataError(
                    f"the audit trail is broken before entry {row.seq}: one was removed or put in; compare a backup"
                )
            if row.hash != _hash(row._asdict()):
                raise DataError(
                    f"entry {row.seq} of the audit trail was altered after it was written; compare a backup"
                )
            previous, count = row.hash, count + 1
    return count


def last_hash(connection: Connection) -> str:
    """Return the hash of the last entry: whoever has it further on has the whole trail up to there."""
    return connection.execute(_LAST).scalar_one_or_none() or _BEGINNING


def holds(connection: Connection, digest: str) -> bool:
    """Tell whether an entry with this hash is on the trail."""
    return connection.execute(select(audit.c.seq).where(audit.c.hash == digest)).first() is not None


def of_order(connection: Connection, store: str, order_id: str) -> list[Entry]:
    """Return what was done about an order, the oldest first."""
    where = (audit.c.store == store) & (audit.c.order_id == order_id)
    return [_entry(row) for row in connection.execute(select(audit).where(where).order_by(audit.c.seq))]


def latest(connection: Connection, limit: int) -> list[Entry]:
    """Return the last ``limit`` entries, the newest first."""
    return [_entry(row) for row in connection.execute(select(audit).order_by(audit.c.seq.desc()).limit(limit))]


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.seq, from_micros(row.at), row.who, row.what, row.store, row.order_id, orjson.loads(row.details))


def _hash(row: Mapping[str, Any]) -> str:
    names = ("previous", "at", "who", "what", "store", "order_id")
    told = orjson.dumps([*(row[name] for name in names), row["details"].decode()])
    return hashlib.sha256(told).hexdigest()

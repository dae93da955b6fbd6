"""The register of evidence files: which file is kept for which order. Append-only, each row with the last one's hash.

The rows tell of sealed bytes only: they verify without any key, also when the order's person was erased. Each row is
told to the audit trail as well, so that rows cut off the end are missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, insert, select

from gateway.errors import DataError
from gateway.storage import audit
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import audit as audit_rows
from gateway.storage.schema import evidence

ADDED = "evidence_added"
"""The word in the audit trail for a row of the register."""

_BEGINNING = "0" * 64
_CHAINED = ("previous", "store", "order_id", "kind", "digest", "path", "media_type", "size", "by", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered:
    """A file that is kept. ``digest`` and ``size`` are those of the sealed file at ``path``; ``name`` is sealed too."""

    store: str
    order_id: str
    kind: str
    digest: str
    path: str
    name: bytes
    media_type: str
    size: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Unregistered):
    """One file of the register; ``seq`` is its number."""

    seq: int


def append(connection: Connection, new: Unregistered) -> Registered:
    """Add a file behind the last one, and tell the audit trail."""
    last = connection.execute(select(evidence.c.hash).order_by(evidence.c.seq.desc()).limit(1)).scalar_one_or_none()
    row: dict[str, Any] = {**asdict(new), "at": to_micros(new.at), "previous": last or _BEGINNING}
    own = _hash(row)
    made = connection.execute(insert(evidence).values({**row, "hash": own}).returning(evidence)).one()
    told = {"kind": new.kind, "digest": new.digest, "hash": own}
    audit.append(connection, new.at, new.by, ADDED, new.store, new.order_id, told)
    return _registered(made)


def rows_of(connection: Connection, store: str | None = None, order_id: str | None = None) -> list[Registered]:
    """Return the files of an order, of a store, or all, the oldest first."""
    query = select(evidence).order_by(evidence.c.seq)
    if store is not None:
        query = query.where(evidence.c.store == store)
    if order_id is not None:
        query = query.where(evidence.c.order_id == order_id)
    return [_registered(row) for row in connection.execute(query)]


def row_of(connection: Connection, seq: int) -> Registered | None:
    """Return one file by its number in the register."""
    row = connection.execute(select(evidence).where(evidence.c.seq == seq)).one_or_none()
    return None if row is None else _registered(row)


def verify(connection: Connection) -> int:
    """Return how many rows there are, all of them as they were written, none missing.

    Raises DataError naming the first row that was altered, before which one was taken out or put in, or behind which
    some were cut off.
    """
    told = _told(connection)
    previous, rows = _BEGINNING, 0
    query = select(evidence).order_by(evidence.c.seq).execution_options(yield_per=500)
    with connection.execute(query) as found:  # PostgreSQL's cursor is closed whatever is found
        for row in found:
            if row.previous != previous:
                raise DataError(
                    f"The register of evidence is broken before number {row.seq}: a row was removed or put in. "
                    "Compare a backup."
                )
            if row.hash != _hash(row._asdict()):
                raise DataError(f"Number {row.seq} of the register of evidence was altered. Compare a backup.")
            if next(told, None) != row.hash:
                raise DataError(
                    f"Number {row.seq} of the register of evidence is not the one the audit trail tells of. "
                    "Compare a backup."
                )
            previous, rows = row.hash, rows + 1
    if next(told, None) is not None:
        raise DataError(
            f"The register of evidence ends after {rows} rows, and the audit trail tells of more: the last ones "
            "were cut off. Compare a backup."
        )
    return rows


def _told(connection: Connection) -> Iterator[str]:
    query = select(audit_rows.c.details).where(audit_rows.c.what == ADDED).order_by(audit_rows.c.seq)
    for details in connection.execute(query).scalars():
        yield orjson.loads(details)["hash"]


def _hash(row: Mapping[str, Any]) -> str:
    told = orjson.dumps([*(row[name] for name in _CHAINED), row["name"].hex()])
    return hashlib.sha256(told).hexdigest()


def _registered(row: Row[Any]) -> Registered:
    return Registered(
        seq=row.seq,
        store=row.store,
        order_id=row.order_id,
        kind=row.kind,
        digest=row.digest,
        path=row.path,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        by=row.by,
        at=from_micros(row.at),
    )

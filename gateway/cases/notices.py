"""Telling people, once: each notice has a key that says what exactly it is about, and the same is never told again.

A notice stands until its cause is gone, or until a person settles it. To whom it goes is decided apart from its
telling (`gateway.cases.deliveries`): work is submitted in the same transaction, so that none is forgotten.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, select, update

from gateway.errors import Conflict, DataError, NotFound
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import notices
from gateway.storage.statements import insert_new
from gateway.work.queue import submit

NOTICE_KIND = "notice"
"""The kind of due work that finds the addresses of a notice; its key is the notice's id."""

_LONGEST_KEY = 200
_SHORTEST = 4  # letters of an id that name a notice


class Level(StrEnum):
    """How much it matters."""

    info = "info"
    warning = "warning"
    urgent = "urgent"

    def reaches(self, lowest: Level) -> bool:
        """Return whether it matters at least as much as ``lowest``."""
        levels = list(Level)
        return levels.index(self) >= levels.index(lowest)


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as stored. ``details`` hold no personal data. ``settled_at`` None: it stands."""

    id: str
    key: str
    kind: str
    store: str
    order_id: str | None
    level: Level
    details: Mapping[str, Any]
    at: datetime
    settled_at: datetime | None


def key_of(*parts: object) -> str:
    """Return a key made of ``parts``, as long as its column takes."""
    key = ":".join(str(part) for part in parts)
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: _LONGEST_KEY - 33]}:{digest}"


def tell(
    c: Connection,
    *,
    key: str,
    kind: str,
    store: str,
    order_id: str | None,
    level: Level,
    details: Mapping[str, object],
    now: datetime,
) -> bool:
    """Note something people must hear of, unless ``key`` was told before; return whether it is news.

    ``details`` are JSON without personal data. ``store`` is empty for what concerns the whole gateway.
    """
    row = {
        "id": uuid.uuid4().hex,
        "key": key,
        "kind": kind,
        "store": store,
        "order_id": order_id,
        "level": level.value,
        "details": orjson.dumps(dict(details), option=orjson.OPT_SORT_KEYS),
        "at": to_micros(now),
        "settled_at": None,
    }
    if c.execute(insert_new(c, notices), row).rowcount != 1:
        return False
    submit(c, NOTICE_KIND, str(row["id"]), now, b"")
    return True


def settle(c: Connection, keys: Collection[str], now: datetime) -> int:
    """Note that the causes of these notices are gone; return how many stood."""
    found = 0
    for key in keys:
        mine = (notices.c.key == key) & notices.c.settled_at.is_(None)
        found += c.execute(update(notices).where(mine).values(settled_at=to_micros(now))).rowcount
    return found


def settle_by_person(c: Connection, notice_id: str, *, by: str, now: datetime) -> Notice:
    """Settle a notice as ``by``. Raises NotFound, and Conflict when it is settled already."""
    found = notice_of(c, notice_id)
    mine = (notices.c.id == found.id) & notices.c.settled_at.is_(None)
    if c.execute(update(notices).where(mine).values(settled_at=to_micros(now))).rowcount != 1:
        raise Conflict(f"Notice {found.id} is settled already.")
    audit.append(c, now, by, "notice_settled", found.store, found.order_id, {"notice": found.id, "kind": found.kind})
    return notice_of(c, found.id)


def notice_of(c: Connection, notice_id: str) -> Notice:
    """Return the notice whose id begins so. Raises NotFound, and DataError where several do."""
    query = select(notices).where(notices.c.id.startswith(notice_id, autoescape=True)).order_by(notices.c.id).limit(2)
    found = c.execute(query).all() if len(notice_id) >= _SHORTEST else []
    if len(found) > 1 and found[0].id != notice_id:
        raise DataError(f"Several notices begin with {notice_id}; give more of the id.")
    if not found:
        raise NotFound(f"There is no notice {notice_id}. `gateway notices list --all` shows every one.")
    return _load(found[0])


def notices_like(
    c: Connection,
    *,
    stores: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    lowest: Level = Level.info,
    settled: bool = False,
    limit: int | None = None,
) -> list[Notice]:
    """Return the notices that stand, the newest first; with ``settled`` the others too.

    ``stores`` leaves out those of other stores; what concerns the whole gateway is always in.
    """
    where: list[ColumnElement[bool]] = [] if settled else [notices.c.settled_at.is_(None)]
    if stores is not None:
        where.append(notices.c.store.in_(["", *sorted(stores)]))
    if kinds is not None:
        where.append(notices.c.kind.in_(sorted(kinds)))
    if lowest is not Level.info:
        where.append(notices.c.level.in_([level.value for level in Level if level.reaches(lowest)]))
    query = select(notices).where(*where).order_by(notices.c.at.desc(), notices.c.id).limit(limit)
    return [_load(row) for row in c.execute(query)]


def _load(row: Row[Any]) -> Notice:
    return Notice(
        row.id,
        row.key,
        row.kind,
        row.store,
        row.order_id,
        Level(row.level),
        orjson.loads(row.details),
        from_micros(row.at),
        from_micros_or_none(row.settled_at),
    )

"""Words of a platform that no table knows: told once each, counted, never taken for success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, insert, select, update

from gateway.ports import Unmapped
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import alerts

log = structlog.get_logger(__name__)

_KIND = "unmapped"


@dataclass(frozen=True, slots=True)
class Alert:
    """A word in a field, how often it came and one object it came with."""

    store: str
    kind: str
    place: str
    word: str
    example: str
    times: int
    first_at: datetime
    last_at: datetime


def raise_alerts(connection: Connection, store: str, unmapped: Sequence[Unmapped], now: datetime) -> list[Unmapped]:
    """Note the words and return those never seen in this store before, which the log tells of once."""
    fresh = []
    for word in unmapped:
        same = (
            (alerts.c.store == store)
            & (alerts.c.kind == _KIND)
            & (alerts.c.place == word.where)
            & (alerts.c.word == word.word)
        )
        seen = {"example": word.external_id, "last_at": to_micros(now)}
        if connection.execute(update(alerts).where(same).values(**seen, times=alerts.c.times + 1)).rowcount == 0:
            row = {"store": store, "kind": _KIND, "place": word.where, "word": word.word, **seen}
            connection.execute(insert(alerts), {**row, "times": 1, "first_at": to_micros(now)})
            fresh.append(word)
            # the word itself may be a buyer's own: it is shown on demand only
            log.warning("platform.unknown_word", store=store, field=word.where, example=word.external_id)
    return fresh


def open_alerts(connection: Connection, store: str | None = None) -> list[Alert]:
    """Return the alerts, the latest first. One stays until a release maps its word."""
    statement = select(alerts).order_by(alerts.c.last_at.desc(), alerts.c.id)
    if store is not None:
        statement = statement.where(alerts.c.store == store)
    return [
        Alert(
            row.store,
            row.kind,
            row.place,
            row.word,
            row.example,
            row.times,
            from_micros(row.first_at),
            from_micros(row.last_at),
        )
        for row in connection.execute(statement)
    ]

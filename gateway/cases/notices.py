"""Telling people, once: each notice has a key that says what exactly it is about, and the same is never told again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import orjson
from sqlalchemy import Connection

from gateway.storage.moments import to_micros
from gateway.storage.schema import notices
from gateway.storage.statements import insert_new


class Level(StrEnum):
    """How much it matters."""

    info = "info"
    warning = "warning"
    urgent = "urgent"


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

    ``details`` are JSON without personal data.
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
    return c.execute(insert_new(c, notices), row).rowcount == 1

"""Changes that the incremental pull had missed and a second look found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import after_sales, gaps, orders


@dataclass(frozen=True, slots=True)
class Gap:
    """One order or request whose change came to light late."""

    store: str
    external_id: str
    stream: str
    updated_at: datetime
    found_at: datetime


def record_gaps(
    connection: Connection, store: str, stream: str, changed: Sequence[str], known_to: datetime, now: datetime
) -> int:
    """Note those of ``changed`` whose platform update lies before ``known_to``; return how many."""
    table, key = (orders, orders.c.order_id) if stream == "orders" else (after_sales, after_sales.c.request_id)
    rows = connection.execute(
        select(key, table.c.updated_at).where(
            table.c.store == store, key.in_(changed), table.c.updated_at <= to_micros(known_to)
        )
    ).all()
    if rows:
        connection.execute(
            insert(gaps),
            [
                {"store": store, "order_id": row[0], "stream": stream, "updated_at": row[1], "found_at": to_micros(now)}
                for row in rows
            ],
        )
    return len(rows)


def list_gaps(connection: Connection, store: str | None = None, limit: int = 100) -> list[Gap]:
    """Return what second looks found, newest first."""
    query = select(gaps).order_by(gaps.c.id.desc()).limit(limit)
    if store is not None:
        query = query.where(gaps.c.store == store)
    return [
        Gap(row.store, row.order_id, row.stream, from_micros(row.updated_at), from_micros(row.found_at))
        for row in connection.execute(query)
    ]

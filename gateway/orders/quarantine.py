"""What could not be mapped: kept sealed, shown, tried again later and less and less often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, insert, select, update

from gateway.orders.keys import OrderKeys, label
from gateway.ports import BadItem
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import quarantine
from gateway.storage.vault import Vault

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One object that waits to be understood. ``reason`` names fields, never values."""

    store: str
    stream: str
    external_id: str
    reason: str
    attempts: int
    first_at: datetime
    last_at: datetime

    @property
    def due_at(self) -> datetime:
        """Return when it is worth another try: a minute after the first failure, then twice as long each time."""
        doubled: timedelta = _FIRST_WAIT * 2 ** min(self.attempts - 1, 10)
        return self.last_at + min(doubled, _LONGEST_WAIT)


def keep_bad(
    connection: Connection, vault: Vault, store: str, stream: str, items: Sequence[BadItem], now: datetime
) -> None:
    """Keep what could not be mapped, or count one more failed attempt. Raw words are sealed with the object's key.

    For an order that key is the order's own, so erasing its person covers the quarantine too.
    """
    if not items:
        return
    keys = OrderKeys.load(connection, vault, store, [item.external_id for item in items])
    for item in items:
        key = keys.of(item.external_id)
        values: dict[str, object] = {
            "reason": item.reason,
            "sealed": b"" if key is None else vault.seal(key, item.raw, _label(store, stream, item.external_id)),
            "last_at": to_micros(now),
        }
        again = case((quarantine.c.resolved_at.is_(None), quarantine.c.attempts + 1), else_=1)
        known = update(quarantine).where(_same(store, stream, [item.external_id]))
        counted = {**values, "attempts": again, "resolved_at": None}
        if connection.execute(known.values(counted)).rowcount == 0:
            new = {"store": store, "stream": stream, "external_id": item.external_id, **values}
            connection.execute(insert(quarantine), {**new, "attempts": 1, "first_at": to_micros(now)})
    keys.save(connection)


def due_for_retry(connection: Connection, store: str, now: datetime) -> list[Quarantined]:
    """Return what of a store is worth another try at ``now``, the longest untried first."""
    return [kept for kept in list_open(connection, store) if kept.due_at <= now]


def list_open(connection: Connection, store: str | None = None) -> list[Quarantined]:
    """Return everything that is still not understood, the longest untried first."""
    statement = select(quarantine).where(quarantine.c.resolved_at.is_(None))
    if store is not None:
        statement = statement.where(quarantine.c.store == store)
    return [
        Quarantined(
            row.store,
            row.stream,
            row.external_id,
            row.reason,
            row.attempts,
            from_micros(row.first_at),
            from_micros(row.last_at),
        )
        for row in connection.execute(statement.order_by(quarantine.c.last_at, quarantine.c.id))
    ]


def raw_of(connection: Connection, vault: Vault, store: str, stream: str, external_id: str) -> bytes | None:
    """Return the platform's words for a kept object, None when it is unknown, resolved or its person was erased.

    Personal data: never log it.
    """
    where = _same(store, stream, [external_id])
    sealed = connection.execute(select(quarantine.c.sealed).where(where)).scalar_one_or_none()
    key = OrderKeys.load(connection, vault, store, [external_id]).of(external_id)
    return vault.open(key, sealed, _label(store, stream, external_id)) if sealed and key is not None else None


def resolve(connection: Connection, store: str, stream: str, external_ids: Sequence[str], now: datetime) -> int:
    """Close what has been understood meanwhile and drop its raw words; return how many entries that were."""
    where = _same(store, stream, external_ids) & quarantine.c.resolved_at.is_(None)
    return connection.execute(update(quarantine).where(where).values(resolved_at=to_micros(now), sealed=b"")).rowcount


def _same(store: str, stream: str, external_ids: Sequence[str]) -> ColumnElement[bool]:
    return (quarantine.c.store == store) & (quarantine.c.stream == stream) & quarantine.c.external_id.in_(external_ids)


def _label(store: str, stream: str, external_id: str) -> str:
    return label(f"quarantine {stream}", store, external_id)

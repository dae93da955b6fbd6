"""The way of each notice to each address: a row that waits, is sent, or is given up.

A delivery that fails is tried again after ever longer waits, for three days. An address that says it is gone (410)
gets nothing more until a person tries it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from gateway.cases.notices import Level, Notice, notice_of, tell
from gateway.config import NotifyAddress
from gateway.errors import Conflict
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import notice_addresses, notice_deliveries
from gateway.storage.statements import insert_new

WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=14),
    timedelta(hours=24),
    timedelta(hours=25),
)
"""How long a delivery that failed waits before the next try; after the last one it is given up: three days in all."""

_LONGEST = 300  # letters kept of an error


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    waiting = "waiting"
    sent = "sent"
    given_up = "given_up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of one notice to one address. ``last_error`` names no secret and no person."""

    notice: str
    address: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    settled_at: datetime | None
    last_error: str


def wants(address: NotifyAddress, notice: Notice) -> bool:
    """Return whether a notice goes to an address. Pure."""
    return (
        notice.level.reaches(Level(address.level))
        and (not address.kinds or notice.kind in address.kinds)
        and (not address.stores or not notice.store or notice.store in address.stores)
    )


def route(c: Connection, notice_id: str, addresses: Sequence[NotifyAddress], now: datetime) -> list[str]:
    """Let a notice wait for each address that wants it; return the names of those it had not gone to yet."""
    notice = notice_of(c, notice_id)
    wanting = [each.name for each in addresses if wants(each, notice)]
    return [
        name for name in wanting if c.execute(insert_new(c, notice_deliveries), _new(notice.id, name, now)).rowcount
    ]


def due_for(c: Connection, address: str, now: datetime) -> Delivery | None:
    """Return the delivery to an address that has been due longest, None when none is, or the address is gone."""
    if disabled_since(c, address) is not None:
        return None
    table = notice_deliveries
    waiting = (table.c.state == DeliveryState.waiting.value) & (table.c.due_at <= to_micros(now))
    query = select(table).where(waiting, table.c.address == address).order_by(table.c.due_at, table.c.notice).limit(1)
    row = c.execute(query).first()
    return None if row is None else _load(row)


def sent(c: Connection, delivery: Delivery, now: datetime) -> None:
    """Note that an address took a notice. It is there, then, whatever was noted of it before."""
    _end(c, delivery, DeliveryState.sent, "", now, attempts=delivery.attempts + 1)
    enable(c, delivery.address)


def failed(c: Connection, delivery: Delivery, error: str, now: datetime, *, not_before: datetime | None = None) -> bool:
    """Note that an address did not take a notice; return whether it is tried again.

    ``not_before`` is what the address asked for.
    """
    attempts = delivery.attempts + 1
    if attempts > len(WAITS):
        _end(c, delivery, DeliveryState.given_up, error, now, attempts=attempts)
        return False
    due_at = max(now + WAITS[attempts - 1], not_before or now)
    values = {"attempts": attempts, "due_at": to_micros(due_at), "last_error": error[:_LONGEST]}
    c.execute(update(notice_deliveries).where(_waiting(delivery)).values(**values))
    return True


def gone(c: Connection, delivery: Delivery, error: str, now: datetime) -> None:
    """Note that an address says it is gone: nothing more is sent there, and the other addresses hear of it."""
    _end(c, delivery, DeliveryState.given_up, error, now, attempts=delivery.attempts + 1)
    row = {"name": delivery.address, "disabled_at": to_micros(now), "because": error[:_LONGEST]}
    if c.execute(insert_new(c, notice_addresses), row).rowcount == 0:
        mine = notice_addresses.c.name == delivery.address
        c.execute(update(notice_addresses).where(mine).values(**row))
    tell(
        c,
        key=f"address_gone:{delivery.address}:{to_micros(now)}",
        kind="address_gone",
        store="",
        order_id=None,
        level=Level.warning,
        details={"address": delivery.address},
        now=now,
    )


def drop(c: Connection, delivery: Delivery, because: str, now: datetime) -> None:
    """Give a delivery up that nobody needs any more."""
    _end(c, delivery, DeliveryState.given_up, because, now, attempts=delivery.attempts)


def drop_unknown(c: Connection, addresses: Collection[str], now: datetime) -> int:
    """Give up what waits for addresses that the configuration does not name any more; return how many."""
    table = notice_deliveries
    lost = (table.c.state == DeliveryState.waiting.value) & table.c.address.not_in(sorted(addresses))
    values = {"state": DeliveryState.given_up.value, "settled_at": to_micros(now)}
    values["last_error"] = "gateway.yaml names no such address any more"
    return c.execute(update(table).where(lost).values(**values)).rowcount


def send_again(c: Connection, notice_id: str, addresses: Collection[str], now: datetime) -> list[Delivery]:
    """Let a notice wait for these addresses once more, due now, whatever became of it before.

    Raises NotFound; Conflict where an address has said that it is gone.
    """
    notice = notice_of(c, notice_id)
    for name in sorted(addresses):
        if disabled_since(c, name) is not None:
            raise Conflict(f"Address {name} has said that it is gone. `gateway notices test {name}` tries it again.")
        row = _new(notice.id, name, now)
        if c.execute(insert_new(c, notice_deliveries), row).rowcount == 0:
            mine = (notice_deliveries.c.notice == notice.id) & (notice_deliveries.c.address == name)
            c.execute(update(notice_deliveries).where(mine).values(**row))
    return deliveries_of(c, notice.id)


def deliveries_of(c: Connection, notice_id: str) -> list[Delivery]:
    """Return the deliveries of a notice, by address."""
    table = notice_deliveries
    query = select(table).where(table.c.notice == notice_id).order_by(table.c.address)
    return [_load(row) for row in c.execute(query)]


def disabled_since(c: Connection, address: str) -> datetime | None:
    """Return when an address said that it is gone, None when it did not."""
    query = select(notice_addresses.c.disabled_at).where(notice_addresses.c.name == address)
    return from_micros_or_none(c.execute(query).scalar_one_or_none())


def enable(c: Connection, address: str) -> None:
    """Let an address get notices again."""
    mine = (notice_addresses.c.name == address) & notice_addresses.c.disabled_at.is_not(None)
    c.execute(update(notice_addresses).where(mine).values(disabled_at=None, because=""))


def _new(notice: str, address: str, now: datetime) -> dict[str, object]:
    return {
        "notice": notice,
        "address": address,
        "state": DeliveryState.waiting.value,
        "attempts": 0,
        "due_at": to_micros(now),
        "settled_at": None,
        "last_error": "",
    }


def _waiting(delivery: Delivery) -> ColumnElement[bool]:
    table = notice_deliveries
    mine = (table.c.notice == delivery.notice) & (table.c.address == delivery.address)
    return mine & (table.c.state == DeliveryState.waiting.value)


def _end(c: Connection, delivery: Delivery, state: DeliveryState, error: str, now: datetime, *, attempts: int) -> None:
    values = {"state": state.value, "attempts": attempts, "settled_at": to_micros(now), "last_error": error[:_LONGEST]}
    c.execute(update(notice_deliveries).where(_waiting(delivery)).values(**values))


def _load(row: Row[Any]) -> Delivery:
    return Delivery(
        row.notice,
        row.address,
        DeliveryState(row.state),
        row.attempts,
        from_micros(row.due_at),
        from_micros_or_none(row.settled_at),
        row.last_error,
    )

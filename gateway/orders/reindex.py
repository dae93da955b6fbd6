"""Tracing receivers that were stored before there were traces: revision 0003 could not, for it has no keys."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, and_, bindparam, literal_column, or_, select, update

from gateway.errors import DataError
from gateway.model.order import Recipient
from gateway.orders.keys import OrderKeys, label
from gateway.orders.traces import findable, traces_of
from gateway.storage.schema import order_personal
from gateway.storage.statements import run_many
from gateway.storage.vault import Vault

SOME = 200
"""Rows of one step: few enough that other writes do not wait long."""

Place = tuple[str, str]
"""Store and number of the last row looked at."""

# with the words of the index of what is hidden, so that SQLite uses it
_NOT_TRACED = and_(literal_column("(hidden is null or hidden <> '')"), order_personal.c.hidden.is_(None))
_TRACED = ("name_trace", "kana_trace", "phone_trace", "tail_trace", "hidden")
_UPDATE = (
    update(order_personal)
    .where(order_personal.c.store == bindparam("the_store"), order_personal.c.order_id == bindparam("the_order_id"))
    .values({name: bindparam(name) for name in _TRACED})
)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. ``next`` is where the following one goes on, None at the end."""

    traced: int
    unreadable: int
    next: Place | None


def is_whole(connection: Connection) -> bool:
    """Return whether every receiver is traced."""
    left = select(order_personal.c.store).where(_NOT_TRACED)
    return connection.execute(left.limit(1)).first() is None


def trace_some(
    connection: Connection, vault: Vault, after: Place | None, *, everything: bool = False, limit: int = SOME
) -> Step:
    """Trace at most ``limit`` receivers that have no traces yet (``everything``: all anew), behind ``after``.

    A row that does not open with its order's key is counted as unreadable and left.
    """
    table = order_personal
    statement = select(table.c.store, table.c.order_id, table.c.sealed).order_by(table.c.store, table.c.order_id)
    if not everything:
        statement = statement.where(_NOT_TRACED)
    if after is not None:
        same_store = and_(table.c.store == after[0], table.c.order_id > after[1])
        statement = statement.where(table.c.store >= after[0], or_(table.c.store > after[0], same_store))
    found = connection.execute(statement.limit(limit)).all()
    by_store: dict[str, dict[str, bytes]] = {}
    for store, order_id, sealed in found:
        by_store.setdefault(store, {})[order_id] = sealed
    rows: list[dict[str, object]] = []
    for store, people in by_store.items():
        keys = OrderKeys.load(connection, vault, store, list(people))
        for order_id, sealed in people.items():
            recipient = _recipient(vault, keys.of(order_id), sealed, store, order_id)
            if not isinstance(recipient, DataError):
                named = {"the_store": store, "the_order_id": order_id}
                rows.append({**named, **traces_of(vault, store, findable(recipient))})
    run_many(connection, _UPDATE, rows)
    return Step(len(rows), len(found) - len(rows), (found[-1][0], found[-1][1]) if len(found) == limit else None)


def _recipient(
    vault: Vault, key: bytes | None, sealed: bytes, store: str, order_id: str
) -> Recipient | DataError | None:
    if key is None:
        return None
    try:
        told = orjson.loads(vault.open(key, sealed, label("order_personal", store, order_id)))["recipient"]
    except DataError as error:
        return error
    return None if told is None else Recipient.model_validate(told)

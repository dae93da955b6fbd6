"""The key of each order: made with its first row, and with it the person is erased.

An order that has a row but no key was erased. Its personal data is never stored again, however often the platform
still shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import orjson
from sqlalchemy import ColumnElement, Connection, Table, bindparam, select

from gateway.storage.schema import order_keys, orders
from gateway.storage.statements import insert_many, insert_new, one_of
from gateway.storage.vault import Vault

_STORED = select(orders.c.order_id).where(orders.c.store == bindparam("the_store"), one_of(orders.c.order_id, "ids"))
_WRAPPED = select(order_keys.c.order_id, order_keys.c.wrapped).where(
    order_keys.c.store == bindparam("the_store"), one_of(order_keys.c.order_id, "ids")
)


def label(table: str, store: str, name: str) -> str:
    """Return what a sealed value is and whose: bound into it, so that it opens in its own row only."""
    return f"{table}\n{store}\n{name}"


def same_order(one: Table, other: Table) -> ColumnElement[bool]:
    """Return the condition that rows of two tables are about the same order."""
    return (one.c.store == other.c.store) & (one.c.order_id == other.c.order_id)


class OrderKeys:
    """The keys of some orders of one store, opened once and made where they are missing."""

    def __init__(self, vault: Vault, store: str, stored: Iterable[str], wrapped: Mapping[str, bytes]) -> None:
        """Take the ids of those orders that have a row, and the keys there are, of orders without a row too."""
        self._vault = vault
        self._store = store
        self._wrapped = wrapped
        self._erased = set(stored) - wrapped.keys()
        self._open: dict[str, bytes] = {}
        self._made: list[tuple[object, ...]] = []

    @classmethod
    def load(cls, connection: Connection, vault: Vault, store: str, order_ids: Sequence[str]) -> Self:
        """Return the keys of the orders named."""
        wanted = {"the_store": store, "ids": orjson.dumps(order_ids).decode()}
        stored = connection.execute(_STORED, wanted).scalars()
        wrapped = {row.order_id: row.wrapped for row in connection.execute(_WRAPPED, wanted)}
        return cls(vault, store, stored, wrapped)

    def of(self, order_id: str) -> bytes | None:
        """Return the order's key, a new one for an order not seen before, None when its person was erased."""
        key = self._open.get(order_id)
        if key is not None or order_id in self._erased:
            return key
        about = label("order_keys", self._store, order_id)
        wrapped = self._wrapped.get(order_id)
        if wrapped is not None:
            key = self._vault.unwrap(wrapped, about)
        else:
            key = self._vault.new_order_key()
            self._made.append((self._store, order_id, self._vault.wrap(key, about)))
        self._open[order_id] = key
        return key

    def save(self, connection: Connection) -> None:
        """Store the keys that were made."""
        insert_many(connection, insert_new(connection, order_keys), self._made)
        self._made = []

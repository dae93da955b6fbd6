"""News for linked purchases: when a sale or a purchase changes, somebody looks at how the two stand to each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, bindparam, select, union

from gateway.storage.schema import purchase_links
from gateway.storage.statements import one_of
from gateway.work.queue import submit

PURCHASE_KIND = "purchase"
"""The kind of due work that looks at a purchase and the sales it is for; `purchase_key` makes its key."""

_ANY = select(purchase_links.c.quantity).limit(1)
_TOUCHED = union(
    select(purchase_links.c.purchase_store, purchase_links.c.purchase_order).where(
        purchase_links.c.sale_store == bindparam("the_store"), one_of(purchase_links.c.sale_order, "ids")
    ),
    select(purchase_links.c.purchase_store, purchase_links.c.purchase_order).where(
        purchase_links.c.purchase_store == bindparam("the_store"), one_of(purchase_links.c.purchase_order, "ids")
    ),
)


def purchase_key(store: str, order_id: str) -> str:
    """Return the key of the work that looks at a purchase."""
    return f"{store}\n{order_id}"


def read_purchase_key(key: str) -> tuple[str, str]:
    """Return store and order of a `purchase_key`."""
    store, _, order_id = key.partition("\n")
    return store, order_id


def note_linked(connection: Connection, store: str, order_ids: Sequence[str], now: datetime) -> int:
    """Let the purchases linked to these orders, or that are these orders, be looked at; return how many they are.

    Called where orders are stored, in the same transaction. Costs one small look-up where nothing is linked.
    """
    if not order_ids or connection.execute(_ANY).first() is None:
        return 0
    named = {"the_store": store, "ids": orjson.dumps(list(order_ids)).decode()}
    found = connection.execute(_TOUCHED, named).all()
    for row in found:
        submit(connection, PURCHASE_KIND, purchase_key(row[0], row[1]), now, b"")
    return len(found)

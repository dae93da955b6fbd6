"""Stored orders read back: one whole, many as a list, the raw words, what is urgent; and forgetting a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select, update

from gateway.model.after_sale import AfterSale, RequestState
from gateway.model.order import Closure, FulfillmentState, Order, Phase
from gateway.orders.documents import read_order, read_request
from gateway.orders.keys import OrderKeys, label, same_order
from gateway.orders.phase import phase_of
from gateway.storage.moments import from_micros
from gateway.storage.schema import after_sales, order_keys, order_personal, order_raw, orders, quarantine, repeat_traces
from gateway.storage.statements import delete_by_key, listed, one_of
from gateway.storage.vault import Vault

_FAR = 2**62  # later than every instant
# made once: making one costs more than running it
_ORDERS = select(orders.c.order_id, orders.c.document, orders.c.version, orders.c.seen_at, orders.c.changed_at).where(
    orders.c.store == bindparam("the_store"), one_of(orders.c.order_id, "ids")
)
_THEIR_REQUESTS = (
    select(after_sales.c.order_id, after_sales.c.document)
    .where(after_sales.c.store == bindparam("the_store"), one_of(after_sales.c.order_id, "ids"))
    .order_by(after_sales.c.opened_at, after_sales.c.request_id)
)


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as stored, with its requests. ``as_of`` dates the values that are older than the order itself."""

    order: Order
    phase: Phase
    version: int
    seen_at: datetime
    changed_at: datetime
    as_of: Mapping[str, datetime]


def order(
    connection: Connection, vault: Vault, store: str, order_id: str, *, with_personal: bool = False
) -> StoredOrder | None:
    """Return a stored order, or None. Buyer, recipient, note and message are in it only ``with_personal``."""
    personal = _opened(connection, vault, "order_personal", store, order_id) if with_personal else None
    return _read(connection, store, [order_id], {order_id: personal}).get(order_id)


def orders_of(connection: Connection, store: str, order_ids: Collection[str]) -> dict[str, StoredOrder]:
    """Return those of a store's orders that are stored, by their ids, without personal data."""
    return _read(connection, store, order_ids, {})


def _read(
    connection: Connection, store: str, order_ids: Collection[str], personal: Mapping[str, bytes | None]
) -> dict[str, StoredOrder]:
    named = {"the_store": store, "ids": listed(order_ids)}
    rows = connection.execute(_ORDERS, named).all()
    requests: dict[str, list[AfterSale]] = {}
    if rows:
        for of_order, document in connection.execute(_THEIR_REQUESTS, named):
            requests.setdefault(of_order, []).append(read_request(document))
    found = {}
    for order_id, document, version, seen_at, changed_at in rows:
        known = read_order(document, personal.get(order_id), requests.get(order_id, ()))
        found[order_id] = StoredOrder(
            known.order, phase_of(known.order), version, from_micros(seen_at), from_micros(changed_at), known.as_of
        )
    return found


def is_stored(connection: Connection, store: str, order_id: str) -> bool:
    """Tell whether an order was ever read."""
    mine = (orders.c.store == store) & (orders.c.order_id == order_id)
    return connection.execute(select(orders.c.order_id).where(mine)).first() is not None


def raw(connection: Connection, vault: Vault, store: str, order_id: str) -> bytes | None:
    """Return the platform's own words for an order, or None when none are kept. Personal data: never log it."""
    return _opened(connection, vault, "order_raw", store, order_id)


def open_with_deadlines(connection: Connection, store: str) -> list[str]:
    """Return the ids of the orders that have not ended, the nearest deadline first, those without one last.

    Deadlines are the one to ship, while something is to be shipped, and the one to answer an open request.
    """
    answer_by = (
        select(func.min(after_sales.c.answer_by))
        .where(same_order(after_sales, orders), after_sales.c.state == RequestState.open.value)
        .scalar_subquery()
    )
    on_its_way = [state.value for state in (FulfillmentState.shipped, FulfillmentState.delivered)]
    ship_by = case((orders.c.fulfillment.in_(on_its_way), _FAR), else_=func.coalesce(orders.c.ship_by, _FAR))
    answer = func.coalesce(answer_by, _FAR)
    ended = [closure.value for closure in (Closure.completed, Closure.cancelled, Closure.closed)]
    return list(
        connection.execute(
            select(orders.c.order_id)
            .where(orders.c.store == store, orders.c.closure.not_in(ended))
            .order_by(case((answer < ship_by, answer), else_=ship_by), orders.c.order_id)
        ).scalars()
    )


def erase_person(connection: Connection, store: str, order_id: str) -> bool:
    """Forget who bought: the order's key, its personal data and all raw words about it go, and do not come back.

    The facts of the order stay. Returns False when no such order is stored or its person was erased before.
    """
    if not is_stored(connection, store, order_id):
        return False
    named = {"the_store": store, "the_order_id": order_id}
    for table in (order_personal, order_raw, repeat_traces):
        connection.execute(delete_by_key(connection, table, ("store", "order_id")), named)
    requests = (after_sales.c.store == store) & (after_sales.c.order_id == order_id)
    names = [order_id, *connection.execute(select(after_sales.c.request_id).where(requests)).scalars()]
    connection.execute(update(after_sales).where(requests).values(sealed_raw=None))
    connection.execute(
        update(quarantine).where(quarantine.c.store == store, quarantine.c.external_id.in_(names)).values(sealed=b"")
    )
    keys = connection.execute(delete_by_key(connection, order_keys, ("store", "order_id")), named)
    return keys.rowcount > 0


def _opened(connection: Connection, vault: Vault, table: str, store: str, order_id: str) -> bytes | None:
    source = {"order_personal": order_personal, "order_raw": order_raw}[table]
    sealed = connection.execute(
        select(source.c.sealed).where(source.c.store == store, source.c.order_id == order_id)
    ).scalar_one_or_none()
    key = OrderKeys.load(connection, vault, store, [order_id]).of(order_id)
    return None if sealed is None or key is None else vault.open(key, sealed, label(table, store, order_id))

"""Looking at orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.cases.effects import Effect, effects_of
from gateway.errors import DataError, NotFound
from gateway.model.order import Order, Phase
from gateway.model.purchase import KnownLink
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders import deadlines
from gateway.orders import store as stored
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.links import links_of
from gateway.orders.query import Query
from gateway.orders.search import ListedOrder, find
from gateway.orders.store import StoredOrder
from gateway.orders.suspects import RaisedSign, standing_signs
from gateway.storage import audit, schema


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders. ``next`` continues the list, None at its end; ``notes`` say what could not be searched."""

    orders: list[ListedOrder]
    next: str | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """One instant by which somebody must have acted."""

    what: str
    by: datetime
    passed: bool


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """Everything the gateway knows about an order. Personal data is in ``order`` only when it was asked for."""

    order: Order
    phase: Phase
    version: int
    seen_at: datetime
    changed_at: datetime
    deadlines: list[Deadline]
    effects: list[Effect]
    audit: list[audit.Entry]
    supplied_by: list[KnownLink]  # purchases for this order
    supplies: list[KnownLink]  # sales this order was bought for
    personal_shown: bool
    signs: list[RaisedSign]  # why it is held back from shipment


async def list_orders(context: Context, query: Query, *, limit: int = 50, after: str | None = None) -> OrderPage:
    """Return at most ``limit`` orders that meet ``query``, continuing behind ``after`` (`OrderPage.next`).

    Raises NotFound for an unknown store, DataError for an ``after`` that no such list gave and for a query that can
    find nothing whatever is stored.
    """
    await check_stores_of(context, query)
    found = await context.database.read(lambda c: find(c, context.vault, query, limit, after))
    return OrderPage(found.rows, found.next, found.notes)


async def check_stores_of(context: Context, query: Query) -> None:
    """Raise NotFound when ``query`` names a store or a platform that no store is connected on."""
    stores = await chosen_stores(context, query.stores)
    known = sorted({store.platform for store in (stores if not query.stores else await chosen_stores(context, ()))})
    if query.platform and query.platform not in known:
        raise NotFound(f"No store of the platform {query.platform} is connected. Known: {', '.join(known) or 'none'}.")


async def show_order(
    context: Context, order_id: str, *, store: str | None = None, personal: bool = False
) -> ShownOrder:
    """Return one order; ``store`` is needed only when several stores know its number.

    Raises NotFound, and DataError when the number alone does not say which order is meant.
    """
    now = context.clock.now()

    def read(c: Connection) -> ShownOrder:
        owner = store_of_order(c, order_id, store)
        found = stored.order(c, context.vault, owner, order_id, with_personal=personal)
        if found is None:
            raise NotFound(f"Store {owner} has no order {order_id}. `gateway sync` may fetch it.")
        linked = links_of(c, owner, order_id)
        return ShownOrder(
            found.order,
            found.phase,
            found.version,
            found.seen_at,
            found.changed_at,
            deadlines_of(found, now),
            effects_of(c, owner, order_id),
            audit.of_order(c, owner, order_id),
            [each for each in linked if (each.link.sale.store, each.link.sale.order_id) == (owner, order_id)],
            [each for each in linked if (each.link.purchase.store, each.link.purchase.order_id) == (owner, order_id)],
            personal,
            held_back(c, [owner], found.phase, order_id),
        )

    return await context.database.read(read)


def held_back(connection: Connection, stores: Sequence[str], phase: Phase, order_id: str) -> list[RaisedSign]:
    """Return why an order is held back from shipment; nothing once it has left or ended."""
    return standing_signs(connection, stores, order_id) if phase in BEFORE_SHIPMENT else []


def store_of_order(connection: Connection, order_id: str, store: str | None) -> str:
    """Return the store an order belongs to. Raises NotFound, and DataError when several stores know its number."""
    if store is not None:
        return store
    owners = connection.execute(
        select(schema.orders.c.store).where(schema.orders.c.order_id == order_id).order_by(schema.orders.c.store)
    ).scalars()
    match list(owners):
        case []:
            raise NotFound(
                f"No store has an order {order_id}. Check the number; `gateway sync` fetches what is new, and "
                "--store asks the platform for an order that was never read."
            )
        case [owner]:
            return str(owner)
        case several:
            raise DataError(f"Several stores have an order {order_id}: {', '.join(several)}. Name one with --store.")


def deadlines_of(found: StoredOrder, now: datetime) -> list[Deadline]:
    """Return what is still to be done by when, the nearest first."""
    order = found.order
    named = [each for request in order.requests for each in deadlines.of_request(request)]
    named += deadlines.of_order(order, found.phase)
    known = [Deadline(what, by, passed=by < now) for what, by in named]
    return sorted(known, key=lambda deadline: (deadline.by, deadline.what))

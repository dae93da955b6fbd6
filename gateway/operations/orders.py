"""Looking at orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.cases.effects import Effect, effects_of
from gateway.errors import DataError, NotFound
from gateway.model.order import Order, Phase
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders import store as stored
from gateway.orders.store import ListedOrder, StoredOrder
from gateway.storage import audit, schema


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Some orders, the latest placed first. ``next`` continues the list, None at its end."""

    orders: list[ListedOrder]
    next: str | None


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
    personal_shown: bool


async def list_orders(
    context: Context,
    *,
    store: str | None = None,
    phase: Phase | None = None,
    limit: int = 50,
    after: str | None = None,
) -> OrderPage:
    """Return at most ``limit`` orders, continuing behind ``after`` (`OrderPage.next`).

    Raises NotFound for an unknown store and DataError for an ``after`` that no list gave.
    """
    if store is not None:
        await chosen_stores(context, [store])
    place = None if after is None else _place(after)
    found = await context.database.read(
        lambda c: stored.orders(c, store=store, phase=phase, limit=limit + 1, after=place)
    )
    page = found[:limit]
    return OrderPage(page, _token(page[-1]) if len(found) > limit else None)


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
        return ShownOrder(
            found.order,
            found.phase,
            found.version,
            found.seen_at,
            found.changed_at,
            deadlines_of(found, now),
            effects_of(c, owner, order_id),
            audit.of_order(c, owner, order_id),
            personal,
        )

    return await context.database.read(read)


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
    named: list[tuple[str, datetime | None]] = []
    if found.phase in {Phase.unpaid, Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection}:
        named += [("ship", order.ship_by), ("cancelled by the platform", order.auto_cancel_at)]
    for request in order.requests:
        if request.state.value in {"open", "agreed", "refused"}:
            named += [
                (f"answer request {request.request_id}", request.answer_by if request.state.value == "open" else None),
                (f"buyer sends back, request {request.request_id}", request.send_back_by),
                (f"inspect the return, request {request.request_id}", request.inspect_by),
                (f"hand in evidence, request {request.request_id}", request.evidence_by),
            ]
    known = [Deadline(what, by, passed=by < now) for what, by in named if by is not None]
    return sorted(known, key=lambda deadline: (deadline.by, deadline.what))


def _token(order: ListedOrder) -> str:
    placed_at, store, order_id = order.place
    return f"{placed_at.isoformat()}/{store}/{order_id}"


def _place(token: str) -> tuple[datetime, str, str]:
    try:
        placed_at, store, order_id = token.split("/", 2)
        instant = datetime.fromisoformat(placed_at)
        if instant.tzinfo is None:
            raise ValueError(placed_at)
    except ValueError:
        raise DataError(
            f"--after: {token!r} does not come from a list. Give the `next` that the last one ended with."
        ) from None
    return instant, store, order_id

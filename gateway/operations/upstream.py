"""Purchases and the sales they are for, as people see them: what an end costs with them, and who needs them no more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.cases.supply import order_of, orphaned, sales_of
from gateway.cases.supply_news import Looked, look_at_purchase
from gateway.cases.upstream import Judge
from gateway.model.order import Phase
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.link_news import read_purchase_key
from gateway.orders.phase import phase_of


@dataclass(frozen=True, slots=True)
class Orphan:
    """A purchase that lives although every sale it was bought for is over. ``shipped``: its goods are under way."""

    store: str
    order_id: str
    phase: Phase
    shipped: bool
    total_minor: int | None
    currency: str
    sales: tuple[str, ...]


def judge_of(context: Context) -> Judge:
    """Return with what this gateway decides about purchases."""
    settings = context.configuration
    return Judge(context.vault, context.rules, settings.valuation, settings.stock.worth)


async def list_orphans(context: Context, *, store: str | None = None) -> list[Orphan]:
    """Return the purchases nobody needs any more, those not shipped yet first. Raises NotFound."""
    if store is not None:
        await chosen_stores(context, [store])

    def read(c: Connection) -> list[Orphan]:
        found = []
        for key in orphaned(c, None if store is None else [store]):
            order = order_of(c, key)
            if order is None:
                continue
            phase = phase_of(order)
            sales = tuple(sale for _, sale in sales_of(c, *key))
            shipped = phase not in BEFORE_SHIPMENT
            found.append(Orphan(*key, phase, shipped, order.total_minor, order.currency, sales))
        return sorted(found, key=lambda each: (each.shipped, each.store, each.order_id))

    return await context.database.read(read)


async def look_at_linked(context: Context, key: str) -> Looked:
    """Do the due work of a purchase that changed, or whose sale did (`gateway.orders.link_news`)."""
    purchase, now = read_purchase_key(key), context.clock.now()
    return await context.database.write(lambda c: look_at_purchase(c, purchase, now, context.rules))

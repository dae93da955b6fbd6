"""Sales and the purchases that supply them: what lives, what is over, whose goods nobody needs any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.cases.due import ship_by_rule
from gateway.model.after_sale import AfterSale, RefundState, RequestKind
from gateway.model.order import Order, Phase
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.documents import read_order, read_request
from gateway.orders.phase import phase_of
from gateway.policy.rule_set import RuleSet
from gateway.storage.schema import after_sales, orders, purchase_links
from gateway.storage.stores import store_of

OVER = frozenset({Phase.cancelled, Phase.closed})
"""Phases of a sale that wants no goods any more, whatever was refunded."""

ALIVE = frozenset({*BEFORE_SHIPMENT, Phase.in_transit, Phase.delivered})
"""Phases of a purchase that can still be ended. One that is completed is ours, one that is unknown nobody touches."""

_MONEY_BACK = frozenset({RequestKind.cancellation, RequestKind.refund, RequestKind.return_refund})

Key = tuple[str, str]
"""Store and order."""


@dataclass(frozen=True, slots=True)
class SaleInDoubt:
    """A living sale whose goods a purchase was to bring: so many ``units`` are on no living purchase now."""

    store: str
    order_id: str
    phase: Phase
    ship_by: datetime | None
    units: int


def purchases_of(c: Connection, store: str, order_id: str) -> list[Key]:
    """Return the purchases linked to a sale, each once."""
    links = purchase_links
    query = select(links.c.purchase_store, links.c.purchase_order).where(
        links.c.sale_store == store, links.c.sale_order == order_id
    )
    return [(row[0], row[1]) for row in c.execute(query.distinct().order_by(*query.selected_columns))]


def sales_of(c: Connection, store: str, order_id: str) -> list[Key]:
    """Return the sales linked to a purchase, each once."""
    links = purchase_links
    query = select(links.c.sale_store, links.c.sale_order).where(
        links.c.purchase_store == store, links.c.purchase_order == order_id
    )
    return [(row[0], row[1]) for row in c.execute(query.distinct().order_by(*query.selected_columns))]


def order_of(c: Connection, key: Key) -> Order | None:
    """Return an order as stored, with its requests and without its person; None when it is not there."""
    store, order_id = key
    document = c.execute(
        select(orders.c.document).where(orders.c.store == store, orders.c.order_id == order_id)
    ).scalar_one_or_none()
    if document is None:
        return None
    mine = (after_sales.c.store == store) & (after_sales.c.order_id == order_id)
    requests = c.execute(select(after_sales.c.document).where(mine)).scalars()
    return read_order(document, None, [read_request(each) for each in requests]).order


def is_over(order: Order) -> bool:
    """Tell whether a sale wants no goods any more: it was ended, or all of its money has gone back. Pure."""
    if phase_of(order) in OVER:
        return True
    whole = order.total_minor or 0
    if whole > 0 and (order.refunded_minor or 0) >= whole:
        return True
    return any(_gives_all_back(request, whole) for request in order.requests)


def unneeded(c: Connection, purchase: Key, ending: Iterable[Key] = ()) -> bool:
    """Tell whether every unit of a purchase was bought for sales that are over, those in ``ending`` counted among them.

    Units that no sale is linked to were bought for stock: nobody said that they are not wanted.
    """
    order = order_of(c, purchase)
    if order is None:
        return False
    gone = set(ending)
    free: dict[str, int] = {}
    for row in _links(c, purchase):
        sale = (row.sale_store, row.sale_order)
        if sale not in gone:
            sold = order_of(c, sale)
            if sold is None or not is_over(sold):
                return False
            gone.add(sale)
        free[row.purchase_line] = free.get(row.purchase_line, 0) + row.quantity
    wanted = {line.line_id: line.quantity - line.cancelled for line in order.lines}
    return bool(free) and all(free.get(line, 0) >= units for line, units in wanted.items() if units > 0)


def orphaned(c: Connection, stores: Sequence[str] | None = None) -> list[Key]:
    """Return the purchases that live although every sale they were bought for is over, by store and order."""
    links = purchase_links
    query = (
        select(links.c.purchase_store, links.c.purchase_order)
        .join(orders, (orders.c.store == links.c.purchase_store) & (orders.c.order_id == links.c.purchase_order))
        .where(orders.c.phase.in_([phase.value for phase in ALIVE]))
        .distinct()
    )
    if stores is not None:
        query = query.where(links.c.purchase_store.in_(list(stores)))
    return sorted(key for row in c.execute(query).all() if unneeded(c, key := (row[0], row[1])))


def sales_in_doubt(c: Connection, purchase: Key, rules: RuleSet | None = None) -> list[SaleInDoubt]:
    """Return the living sales, not shipped yet, that a purchase which has ended leaves without goods.

    The nearest deadline comes first; with ``rules`` it is known also where only a rule names one. Units that another
    living purchase brings are not in doubt.
    """
    found = []
    for store, order_id in sales_of(c, *purchase):
        sale = order_of(c, (store, order_id))
        if sale is None or is_over(sale) or (phase := phase_of(sale)) not in BEFORE_SHIPMENT:
            continue
        units = _uncovered(c, sale, purchase)
        if units > 0:
            found.append(SaleInDoubt(store, order_id, phase, deadline_of(c, sale, rules), units))
    return sorted(found, key=lambda each: (each.ship_by is None, each.ship_by, each.order_id))


def _uncovered(c: Connection, sale: Order, purchase: Key) -> int:
    """Return how many units the purchase was to bring that no living purchase brings."""
    links = purchase_links
    query = select(links, orders.c.phase).join(
        orders, (orders.c.store == links.c.purchase_store) & (orders.c.order_id == links.c.purchase_order)
    )
    rows = c.execute(query.where(links.c.sale_store == sale.store, links.c.sale_order == sale.order_id)).all()
    wanted = {line.line_id: line.quantity - line.cancelled for line in sale.lines}
    lost: dict[str, int] = {}
    for row in rows:
        if (row.purchase_store, row.purchase_order) == purchase:
            lost[row.sale_line] = lost.get(row.sale_line, 0) + row.quantity
        elif row.phase not in {phase.value for phase in OVER}:
            wanted[row.sale_line] = wanted.get(row.sale_line, 0) - row.quantity
    return sum(max(0, min(units, wanted.get(line, 0))) for line, units in lost.items())


def _links(c: Connection, purchase: Key) -> Sequence[Row[Any]]:
    links = purchase_links
    return c.execute(
        select(links).where(links.c.purchase_store == purchase[0], links.c.purchase_order == purchase[1])
    ).all()


def _gives_all_back(request: AfterSale, whole: int) -> bool:
    if request.kind not in _MONEY_BACK or request.refund is not RefundState.refunded:
        return False
    amount = request.refunded_minor if request.refunded_minor is not None else request.refund_minor
    return amount is None or amount >= whole


def deadline_of(c: Connection, order: Order, rules: RuleSet | None) -> datetime | None:
    """Return by when an order must leave: as its platform told, else by its rule where ``rules`` are given."""
    if order.ship_by is not None or rules is None:
        return order.ship_by
    return ship_by_rule(order, store_of(c, order.store), rules.of_store(order.store))

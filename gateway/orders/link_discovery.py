"""Finding which sale a purchase is for by the number it was placed under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, select

from gateway.errors import DataError
from gateway.model.order import OWN_NUMBER
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import Role
from gateway.orders.links import keep
from gateway.storage.schema import order_lines, orders, purchase_links, stores

_Order: TypeAlias = tuple[str, str]
"""Store and order number."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A purchase placed under a sale's number whose lines do not say which of the sale's they are for."""

    store: str
    order_id: str
    sale: str
    because: str


@dataclass(frozen=True, slots=True)
class _Line:
    key: OrderLineKey
    sku: str | None
    quantity: int


def discover(connection: Connection, by: str, at: datetime) -> tuple[list[KnownLink], list[Unclear]]:
    """Link purchases that have no link yet to the sales whose number they were placed under.

    Lines are paired by equal SKU; the last one left on both sides is paired where one of the two has none. Where a
    line of the purchase finds no single partner, nothing of that purchase is linked and it is told: a person knows.
    """
    found: list[KnownLink] = []
    unclear: list[Unclear] = []
    for purchase, number in _unlinked_purchases(connection):
        for sale in _sales(connection, number):
            try:
                with connection.begin_nested():
                    made = [
                        KnownLink(link=link, source=LinkSource.own_number, by=by, at=at)
                        for link in _pairs(_lines(connection, sale), _lines(connection, purchase))
                    ]
                    for each in made:
                        keep(connection, each)
            except DataError as doubt:
                unclear.append(Unclear(*purchase, number, str(doubt)))
            else:
                found += made
    return found, unclear


def _unlinked_purchases(connection: Connection) -> Iterator[tuple[_Order, str]]:
    linked = select(purchase_links.c.purchase_order).where(
        purchase_links.c.purchase_store == orders.c.store, purchase_links.c.purchase_order == orders.c.order_id
    )
    query = (
        select(orders.c.store, orders.c.order_id, orders.c.document)
        .join(stores, stores.c.id == orders.c.store)
        .where(stores.c.role == Role.buyer, ~linked.exists())
        .order_by(orders.c.store, orders.c.order_id)
    )
    for row in connection.execute(query).all():
        number = orjson.loads(row.document)["platform_ids"].get(OWN_NUMBER)
        if number:
            yield (row.store, row.order_id), number


def _sales(connection: Connection, number: str) -> list[_Order]:
    """Return the sale with this number; none when several stores have one, for then the number does not tell."""
    query = (
        select(orders.c.store, orders.c.order_id)
        .join(stores, stores.c.id == orders.c.store)
        .where(stores.c.role == Role.seller, orders.c.order_id == number)
    )
    found = [(row.store, row.order_id) for row in connection.execute(query)]
    return found if len(found) == 1 else []


def _lines(connection: Connection, order: _Order) -> list[_Line]:
    store, order_id = order
    query = (
        select(order_lines.c.line_id, order_lines.c.sku, order_lines.c.quantity)
        .where(order_lines.c.store == store, order_lines.c.order_id == order_id)
        .order_by(order_lines.c.line_id)
    )
    return [
        _Line(OrderLineKey(store=store, order_id=order_id, line_id=row.line_id), row.sku, row.quantity)
        for row in connection.execute(query)
    ]


def _pairs(sold: Sequence[_Line], bought: Sequence[_Line]) -> list[PurchaseLink]:
    """Return the links between the lines of two orders. Raises DataError when a line fits none or many."""
    pairs = []
    left, open_ = list(sold), []
    for line in bought:
        alike = [each for each in left if each.sku is not None and each.sku == line.sku]
        if len(alike) == 1:
            pairs.append((alike[0], line))
            left.remove(alike[0])
        else:
            open_.append(line)
    if len(open_) == len(left) == 1 and None in {open_[0].sku, left[0].sku}:
        pairs.append((left.pop(), open_.pop()))  # the only ones without a partner, and no SKU says otherwise
    if open_:
        raise DataError(
            f"{len(open_)} lines of the purchase fit no single line of the sale by SKU, the first is {open_[0].key} "
            f"(SKU {open_[0].sku or 'not told'}). Link them with gateway purchases link."
        )
    return [
        PurchaseLink(sale=sale.key, purchase=purchase.key, quantity=min(sale.quantity, purchase.quantity))
        for sale, purchase in pairs
    ]

"""Sold articles: how each is named in the books of stock, and which supplier's article it is bought as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.model.order import LineItem, Order
from gateway.orders.documents import read_order
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import orders, purchase_links, supplier_articles
from gateway.storage.statements import upsert

LONGEST = 80
"""Characters a SKU, a supplier or an article may have in the books of stock."""


@dataclass(frozen=True, slots=True)
class SupplierArticle:
    """A sold article, and what a supplier calls it. ``by`` says who told."""

    store: str
    sku: str
    supplier: str
    article: str
    by: str
    at: datetime


def sku_of(line: LineItem) -> str:
    """Return the name of a sold article: the merchant's own code, else the platform's variant, else its product."""
    return next((name for name in (line.sku, line.variant_id, line.product_id) if name and len(name) <= LONGEST), "")


def units_of(order: Order) -> dict[str, int]:
    """Return how many units of each article an order still wants."""
    wanted: dict[str, int] = {}
    for line in order.lines:
        left = line.quantity - line.cancelled
        if left > 0 and (sku := sku_of(line)):
            wanted[sku] = wanted.get(sku, 0) + left
    return wanted


def keep_article(c: Connection, article: SupplierArticle) -> None:
    """Note what a supplier calls a sold article; what was noted before is replaced."""
    row = {
        "store": article.store,
        "sku": article.sku,
        "supplier": article.supplier,
        "article": article.article,
        "by": article.by,
        "at": to_micros(article.at),
    }
    c.execute(upsert(c, supplier_articles), row)


def articles(c: Connection, *, store: str | None = None, supplier: str | None = None) -> list[SupplierArticle]:
    """Return what suppliers call the sold articles, by store, SKU and supplier."""
    table = supplier_articles
    query = select(table).order_by(table.c.store, table.c.sku, table.c.supplier)
    for column, value in ((table.c.store, store), (table.c.supplier, supplier)):
        if value is not None:
            query = query.where(column == value)
    return [
        SupplierArticle(row.store, row.sku, row.supplier, row.article, row.by, from_micros(row.at))
        for row in c.execute(query)
    ]


def learn_articles(c: Connection, since: datetime, now: datetime) -> list[SupplierArticle]:
    """Note what purchases linked from ``since`` on say about who supplies which article; return what is new.

    What a person told, or an earlier purchase, stays.
    """
    known = {(each.store, each.sku, each.supplier) for each in articles(c)}
    links = c.execute(select(purchase_links).where(purchase_links.c.at >= to_micros(since))).all()
    read = _orders(c, [(row.sale_store, row.sale_order) for row in links])
    read |= _orders(c, [(row.purchase_store, row.purchase_order) for row in links])
    found = []
    for row in links:
        sale, purchase = read.get((row.sale_store, row.sale_order)), read.get((row.purchase_store, row.purchase_order))
        if sale is None or purchase is None or purchase.supplier is None:
            continue
        sold, bought = _line(sale, row.sale_line), _line(purchase, row.purchase_line)
        supplier = purchase.supplier.supplier_id
        if sold is None or bought is None or not supplier or len(supplier) > LONGEST:
            continue
        sku, article = sku_of(sold), sku_of(bought)
        if sku and article and (row.sale_store, sku, supplier) not in known:
            known.add((row.sale_store, sku, supplier))
            found.append(SupplierArticle(row.sale_store, sku, supplier, article, "purchase links", now))
    for each in found:
        keep_article(c, each)
    return found


def _orders(c: Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Order]:
    found: dict[tuple[str, str], Order] = {}
    by_store: dict[str, set[str]] = {}
    for store, order_id in wanted:
        by_store.setdefault(store, set()).add(order_id)
    for store, ids in by_store.items():
        for part in _parts(sorted(ids)):
            query = select(orders.c.order_id, orders.c.document).where(
                orders.c.store == store, orders.c.order_id.in_(part)
            )
            for row in c.execute(query):
                found[store, row.order_id] = read_order(row.document, None, ()).order
    return found


def _parts(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _line(order: Order, line_id: str) -> LineItem | None:
    return next((line for line in order.lines if line.line_id == line_id), None)

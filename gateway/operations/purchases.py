"""Which purchase supplies which sale: said one by one, by the file, or found by the number of the sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.errors import DataError, NotFound
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import Role
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders import links
from gateway.orders.csv_file import Cells, Mistakes, csv_rows
from gateway.orders.link_discovery import Unclear
from gateway.orders.link_discovery import discover as discover_links
from gateway.orders.link_news import note_linked
from gateway.storage import audit, schema

COLUMNS = ("sale", "sale_line", "sale_store", "purchase", "purchase_line", "purchase_store", "quantity")
_REQUIRED = ("sale", "purchase")


@dataclass(frozen=True, slots=True)
class Linked:
    """The links that were put on record."""

    links: list[KnownLink]


@dataclass(frozen=True, slots=True)
class Discovered:
    """The links found by number, and the purchases whose number was known but whose lines were not clear."""

    links: list[KnownLink]
    unclear: list[Unclear]


@dataclass(frozen=True, slots=True)
class Unlinked:
    """Whether there was such a link."""

    removed: bool


async def link_purchase(
    context: Context,
    sale: str,
    purchase: str,
    *,
    sale_line: str | None = None,
    purchase_line: str | None = None,
    sale_store: str | None = None,
    purchase_store: str | None = None,
    quantity: int | None = None,
    by: str,
) -> Linked:
    """Say that a purchase supplies a sale. Lines may be left out where an order has one only.

    ``quantity`` counts units of the sold line; without it, all that both lines have. Raises DataError when the lines
    are not clear or have not so many units left, NotFound for an order nobody knows.
    """
    now = context.clock.now()
    sold = (sale, sale_line, sale_store)
    bought = (purchase, purchase_line, purchase_store)

    def act(c: Connection) -> KnownLink:
        return _link(c, sold, bought, quantity, LinkSource.person, by, now)

    return Linked([await context.database.write(act)])


async def import_links(context: Context, file: str, text: str, *, by: str) -> Linked:
    """Put every line of a CSV file on record, or none: ``file`` names it, ``text`` is what it holds.

    Columns are sale and purchase, and where needed sale_line, sale_store, purchase_line, purchase_store, quantity.
    Raises DataError naming line, column and remedy of each mistake.
    """
    now = context.clock.now()
    mistakes = Mistakes(file)
    rows = csv_rows(text, COLUMNS, _REQUIRED, mistakes)

    def act(c: Connection) -> list[KnownLink]:
        made = []
        for line, cells in rows:
            try:
                sold, bought = _named(cells, "sale"), _named(cells, "purchase")
                made.append(_link(c, sold, bought, _quantity(cells), LinkSource.file, by, now))
            except (DataError, NotFound) as wrong:
                mistakes.add(line, "-", str(wrong))
        mistakes.raise_if_any()
        return made

    return Linked(await context.database.write(act))


async def discover_purchases(context: Context, *, by: str) -> Discovered:
    """Link every purchase that was placed under a sale's number and has no link yet."""
    now = context.clock.now()

    def act(c: Connection) -> Discovered:
        found, unclear = discover_links(c, by, now)
        for each in found:
            _tell(c, each, "purchase_linked")
        return Discovered(found, unclear)

    return await context.database.write(act)


async def unlink_purchase(
    context: Context,
    sale: str,
    purchase: str,
    *,
    sale_line: str | None = None,
    purchase_line: str | None = None,
    sale_store: str | None = None,
    purchase_store: str | None = None,
    by: str,
) -> Unlinked:
    """Say that a purchase does not supply a sale. Raises as `link_purchase`."""
    now = context.clock.now()

    def act(c: Connection) -> bool:
        sold = _line(c, sale, sale_line, sale_store, Role.seller)
        bought = _line(c, purchase, purchase_line, purchase_store, Role.buyer)
        gone = links.forget(c, sold, bought)
        if gone:
            audit.append(c, now, by, "purchase_unlinked", sold.store, sold.order_id, _details(bought))
        return gone

    return Unlinked(await context.database.write(act))


async def list_links(context: Context, *, store: str | None = None, order: str | None = None) -> list[KnownLink]:
    """Return the links of a store or an order, on whichever side it stands; without either, all."""
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(lambda c: links.links_of(c, store, order))


_Named = tuple[str, str | None, str | None]
"""Order, line and store, as a person names a line."""


def _link(
    c: Connection, sold: _Named, bought: _Named, quantity: int | None, source: LinkSource, by: str, at: datetime
) -> KnownLink:
    sale, purchase = _line(c, *sold, Role.seller), _line(c, *bought, Role.buyer)
    units = min(_units(c, sale), _units(c, purchase)) if quantity is None else quantity
    if units < 1:
        raise DataError(f"{units} units cannot be linked; give one or more.")
    known = KnownLink(link=PurchaseLink(sale=sale, purchase=purchase, quantity=units), source=source, by=by, at=at)
    links.keep(c, known)
    _tell(c, known, "purchase_linked")
    return known


def _line(c: Connection, order_id: str, line_id: str | None, store: str | None, role: Role) -> OrderLineKey:
    """Return the line a person means. Raises NotFound and DataError."""
    owner = store or _owner(c, order_id, role)
    table = schema.order_lines
    query = select(table.c.line_id).where(table.c.store == owner, table.c.order_id == order_id)
    lines = list(c.execute(query.order_by(table.c.line_id)).scalars())
    if not lines:
        raise NotFound(f"Store {owner} has no order {order_id} with lines. Check it, or fetch it with gateway sync.")
    if line_id is None and len(lines) > 1:
        raise DataError(f"Order {order_id} has several lines: {', '.join(lines)}. Name one.")
    if line_id is not None and line_id not in lines:
        raise NotFound(f"Order {order_id} has no line {line_id}; it has {', '.join(lines)}.")
    return OrderLineKey(store=owner, order_id=order_id, line_id=line_id or lines[0])


def _owner(c: Connection, order_id: str, role: Role) -> str:
    orders, stores = schema.orders, schema.stores
    query = select(orders.c.store).join(stores, stores.c.id == orders.c.store)
    found = [
        str(each) for each in c.execute(query.where(orders.c.order_id == order_id, stores.c.role == role)).scalars()
    ]
    if not found:
        raise NotFound(f"No store with the role {role} has an order {order_id}. Check it, or fetch it: gateway sync.")
    if len(found) > 1:
        raise DataError(f"Several stores have an order {order_id}: {', '.join(sorted(found))}. Name the store.")
    return found[0]


def _units(c: Connection, line: OrderLineKey) -> int:
    table = schema.order_lines
    query = select(table.c.quantity).where(
        table.c.store == line.store, table.c.order_id == line.order_id, table.c.line_id == line.line_id
    )
    return int(c.execute(query).scalar_one())


def _named(cells: Cells, side: str) -> _Named:
    order = cells[side]
    if order is None:
        raise DataError(f"{side} is empty; give an order number.")
    return order, cells.get(f"{side}_line"), cells.get(f"{side}_store")


def _quantity(cells: Cells) -> int | None:
    text = cells.get("quantity")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise DataError(f"quantity {text!r} is no whole number.")
    return int(text)


def _tell(c: Connection, known: KnownLink, what: str) -> None:
    sale = known.link.sale
    details = {**_details(known.link.purchase), "quantity": str(known.link.quantity), "source": known.source.value}
    audit.append(c, known.at, known.by, what, sale.store, sale.order_id, details)
    note_linked(c, sale.store, [sale.order_id], known.at)  # the sale may be over already


def _details(purchase: OrderLineKey) -> dict[str, str]:
    return {"purchase_store": purchase.store, "purchase": purchase.order_id, "purchase_line": purchase.line_id}

"""Which purchase supplies which sale, line by line. Many to many."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select

from gateway.errors import DataError
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import Role
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import order_lines, stores
from gateway.storage.schema import purchase_links as links


def keep(connection: Connection, known: KnownLink) -> None:
    """Put a link on record; the same pair of lines linked before gets the new quantity.

    Raises DataError when a line is unknown, on the wrong side, or would be linked by more units than it has.
    """
    link = known.link
    for line, role in ((link.sale, Role.seller), (link.purchase, Role.buyer)):
        _check_side(connection, line, role)
    forget(connection, link.sale, link.purchase)
    for line, side in ((link.sale, _of_sale(link.sale)), (link.purchase, _of_purchase(link.purchase))):
        has, linked = _units(connection, line), _linked(connection, side)
        if linked + link.quantity > has:
            raise DataError(
                f"{str(line).capitalize()} has {has} units, {linked} of them are linked already: {link.quantity} more "
                "are too many. Give a smaller quantity, or remove another link first."
            )
    connection.execute(
        insert(links),
        {
            "sale_store": link.sale.store,
            "sale_order": link.sale.order_id,
            "sale_line": link.sale.line_id,
            "purchase_store": link.purchase.store,
            "purchase_order": link.purchase.order_id,
            "purchase_line": link.purchase.line_id,
            "quantity": link.quantity,
            "source": known.source,
            "by": known.by,
            "at": to_micros(known.at),
        },
    )


def forget(connection: Connection, sale: OrderLineKey, purchase: OrderLineKey) -> bool:
    """Take a link off the record; return whether there was one."""
    return connection.execute(delete(links).where(_of_sale(sale), _of_purchase(purchase))).rowcount > 0


def links_of(connection: Connection, store: str | None = None, order_id: str | None = None) -> list[KnownLink]:
    """Return the links of a store or an order, whichever side it is on; without either, all. Sorted by sale."""
    sold = _where(links.c.sale_store, links.c.sale_order, store, order_id)
    bought = _where(links.c.purchase_store, links.c.purchase_order, store, order_id)
    query = select(links).where(or_(sold, bought)).order_by(*links.primary_key.columns)
    return [_known(row) for row in connection.execute(query)]


def _where(
    stores_: ColumnElement[str], numbers: ColumnElement[str], store: str | None, order_id: str | None
) -> ColumnElement[bool]:
    wanted = [column == value for column, value in ((stores_, store), (numbers, order_id)) if value is not None]
    return and_(*wanted) if wanted else links.c.quantity > 0


def _of_sale(line: OrderLineKey) -> ColumnElement[bool]:
    columns = (links.c.sale_store, links.c.sale_order, links.c.sale_line)
    return and_(*(column == value for column, value in zip(columns, _parts(line), strict=True)))


def _of_purchase(line: OrderLineKey) -> ColumnElement[bool]:
    columns = (links.c.purchase_store, links.c.purchase_order, links.c.purchase_line)
    return and_(*(column == value for column, value in zip(columns, _parts(line), strict=True)))


def _parts(line: OrderLineKey) -> tuple[str, str, str]:
    return line.store, line.order_id, line.line_id


def _check_side(connection: Connection, line: OrderLineKey, role: Role) -> None:
    found = connection.execute(select(stores.c.role).where(stores.c.id == line.store)).scalar_one_or_none()
    if found is None:
        raise DataError(f"There is no store {line.store}. `gateway stores list` names those there are.")
    if found != role:
        side = "sale must be an order of a store that sells" if role is Role.seller else "purchase must be one's own"
        raise DataError(f"Store {line.store} has the role {found}: the {side}. Are the two exchanged?")


def _units(connection: Connection, line: OrderLineKey) -> int:
    query = select(order_lines.c.quantity).where(
        order_lines.c.store == line.store,
        order_lines.c.order_id == line.order_id,
        order_lines.c.line_id == line.line_id,
    )
    units: int | None = connection.execute(query).scalar_one_or_none()
    if units is None:
        raise DataError(
            f"There is no {line}. `gateway orders show {line.order_id}` lists its lines; `gateway sync` fetches orders."
        )
    return units


def _linked(connection: Connection, side: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.coalesce(func.sum(links.c.quantity), 0)).where(side)).scalar_one())


def _known(row: Row[Any]) -> KnownLink:
    return KnownLink(
        link=PurchaseLink(
            sale=OrderLineKey(store=row.sale_store, order_id=row.sale_order, line_id=row.sale_line),
            purchase=OrderLineKey(store=row.purchase_store, order_id=row.purchase_order, line_id=row.purchase_line),
            quantity=row.quantity,
        ),
        source=LinkSource(row.source),
        by=row.by,
        at=from_micros(row.at),
    )

"""What an export shows of orders beyond a list: their lines and, where asked, the people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from gateway.orders.keys import OrderKeys, label
from gateway.orders.search import ListedOrder
from gateway.storage.schema import order_lines, order_personal
from gateway.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class ExportedLine:
    """One line of an order."""

    line_id: str
    sku: str | None
    title: str
    quantity: int
    cancelled: int
    returned: int
    unit_price_minor: int | None


@dataclass(frozen=True, slots=True)
class ExportedOrder:
    """One order with its lines. ``person`` is None unless asked for, and empty when none is stored.

    It holds buyer, recipient, note and buyer_message as `gateway.orders.documents` writes them.
    """

    order: ListedOrder
    lines: list[ExportedLine]
    person: dict[str, Any] | None


def exported(
    connection: Connection, vault: Vault, rows: Sequence[ListedOrder], *, personal: bool
) -> list[ExportedOrder]:
    """Return ``rows`` with what an export shows of them, in their order."""
    lines: dict[tuple[str, str], list[ExportedLine]] = {}
    people: dict[tuple[str, str], dict[str, Any]] = {}
    for store, order_ids in _by_store(rows):
        for line in connection.execute(
            select(order_lines)
            .where(order_lines.c.store == store, order_lines.c.order_id.in_(order_ids))
            .order_by(order_lines.c.order_id, order_lines.c.line_id)
        ):
            lines.setdefault((store, line.order_id), []).append(
                ExportedLine(
                    line_id=line.line_id,
                    sku=line.sku,
                    title=line.title,
                    quantity=line.quantity,
                    cancelled=line.cancelled,
                    returned=line.returned,
                    unit_price_minor=line.unit_price_minor,
                )
            )
        if personal:
            people.update(_people(connection, vault, store, order_ids))
    return [
        ExportedOrder(
            row,
            lines.get((row.store, row.order_id), []),
            people.get((row.store, row.order_id), {}) if personal else None,
        )
        for row in rows
    ]


def _people(
    connection: Connection, vault: Vault, store: str, order_ids: Sequence[str]
) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    keys = OrderKeys.load(connection, vault, store, order_ids)
    table = order_personal.c
    for order_id, sealed in connection.execute(
        select(table.order_id, table.sealed).where(table.store == store, table.order_id.in_(order_ids))
    ):
        key = keys.of(order_id)
        if key is not None:
            yield (store, order_id), orjson.loads(vault.open(key, sealed, label("order_personal", store, order_id)))


def _by_store(rows: Sequence[ListedOrder]) -> Iterator[tuple[str, list[str]]]:
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(row.store, []).append(row.order_id)
    yield from named.items()

"""Facts no platform tells, as people vouched for them. Nothing is overwritten: a newer word counts before an older."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from sqlalchemy import Connection, bindparam, insert, or_, select

from gateway.model.attested import AttestedFact, FactName
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import attested_facts, order_lines
from gateway.storage.statements import one_of
from gateway.work.wake import has_open_case, wake_all, wake_cases

# made once: making it costs more than running it
_FOR_ORDER = select(attested_facts).where(
    attested_facts.c.store == bindparam("the_store"),
    or_(attested_facts.c.order_id.is_(None), attested_facts.c.order_id == bindparam("the_order")),
    or_(attested_facts.c.sku.is_(None), one_of(attested_facts.c.sku, "skus")),
)


def attest(connection: Connection, fact: AttestedFact) -> None:
    """Put a fact on record. The open cases of the orders it is about are woken."""
    row = {**fact.model_dump(mode="json"), "at": to_micros(fact.at)}
    connection.execute(insert(attested_facts), row)
    if fact.order_id is not None:
        wake_cases(connection, fact.store, [fact.order_id], fact.at, "fact", fact.by)
    elif fact.sku is not None:
        lines = select(order_lines.c.order_id).where(
            order_lines.c.store == fact.store, order_lines.c.sku == fact.sku, has_open_case(order_lines)
        )
        wake_cases(connection, fact.store, connection.execute(lines).scalars().all(), fact.at, "fact", fact.by)
    else:
        wake_all(connection, fact.store, fact.at, "fact", fact.by)


def facts_for(connection: Connection, store: str, order_id: str, skus: Iterable[str]) -> list[AttestedFact]:
    """Return the facts that hold for an order and its SKUs, the one that counts first.

    A narrower subject comes before a wider one (SKU within the order, order, SKU, store), a newer word before an
    older one of the same subject. So the first of a name, or of a name and SKU, is the one in force.
    """
    named = {"the_store": store, "the_order": order_id, "skus": orjson.dumps(sorted(set(skus))).decode()}
    rows = sorted(
        connection.execute(_FOR_ORDER, named),
        key=lambda row: (row.order_id is not None, row.sku is not None, row.at, row.id),
        reverse=True,
    )
    return [
        AttestedFact(
            name=FactName(row.name),
            value=row.value,
            store=row.store,
            sku=row.sku,
            order_id=row.order_id,
            by=row.by,
            at=from_micros(row.at),
        )
        for row in rows
    ]

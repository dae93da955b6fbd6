"""Facts no platform tells, as people vouched for them. Nothing is overwritten: a newer word counts before an older."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, bindparam, insert, or_, select

from gateway.model.attested import AttestedFact, FactName
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import attested_facts, order_lines
from gateway.storage.statements import listed, one_of
from gateway.work.wake import has_open_case, wake_all, wake_cases

# made once: making it costs more than running it
_FOR_ORDERS = select(attested_facts).where(
    attested_facts.c.store == bindparam("the_store"),
    or_(attested_facts.c.order_id.is_(None), one_of(attested_facts.c.order_id, "orders")),
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
    return facts_for_all(connection, store, {order_id: set(skus)})[order_id]


def facts_for_all(
    connection: Connection, store: str, skus: Mapping[str, Collection[str]]
) -> dict[str, list[AttestedFact]]:
    """Return what `facts_for` does for several orders, whose SKUs are given by their ids."""
    every = sorted({sku for each in skus.values() for sku in each})
    named = {"the_store": store, "orders": listed(skus), "skus": listed(every)}
    rows = sorted(
        connection.execute(_FOR_ORDERS, named),
        key=lambda row: (row.order_id is not None, row.sku is not None, row.at, row.id),
        reverse=True,
    )
    facts = [
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
    return {order_id: [fact for fact in facts if _holds(fact, order_id, mine)] for order_id, mine in skus.items()}


def _holds(fact: AttestedFact, order_id: str, skus: Collection[str]) -> bool:
    return fact.order_id in {None, order_id} and (fact.sku is None or fact.sku in skus)

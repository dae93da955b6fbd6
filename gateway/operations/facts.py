"""Facts no platform tells: people vouch for them, one by one or by the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.errors import DataError
from gateway.model.attested import AttestedFact, FactName
from gateway.model.store import Store
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders.attested import attest
from gateway.orders.attesting import Mistake, Row, read_name, read_rows, read_value
from gateway.orders.csv_file import Mistakes
from gateway.storage import audit, schema
from gateway.storage import stores as stored
from gateway.storage.moments import from_micros


@dataclass(frozen=True, slots=True)
class ListedFact:
    """One fact on record. ``in_force``: no newer word about the same subject replaced it."""

    fact: AttestedFact
    in_force: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought."""

    facts: list[AttestedFact]


async def set_fact(
    context: Context,
    name: FactName,
    value: str,
    *,
    store: str | None = None,
    order: str | None = None,
    sku: str | None = None,
    by: str,
) -> AttestedFact:
    """Put a person's word on record, for an order, a SKU, a SKU within an order, or a whole store.

    Raises DataError when the value cannot be read or the subject is not clear.
    """
    now = context.clock.now()
    row = Row(0, name.value, value, store, order, sku)

    def act(c: Connection) -> AttestedFact:
        try:
            fact = _fact(c, row, {each.id: each for each in stored.stores(c)}, by, now)
        except _Wrong as wrong:
            raise DataError(f"{wrong.column}: {wrong}.") from None
        _keep(c, fact)
        return fact

    return await context.database.write(act)


async def import_facts(context: Context, file: str, text: str, *, store: str | None = None, by: str) -> Imported:
    """Put every line of a CSV file on record, or none: ``file`` names it, ``text`` is what it holds.

    Columns are name, value, store, order and sku; ``store`` holds for lines that name neither store nor order.
    Raises DataError naming line, column and remedy of each mistake.
    """
    now = context.clock.now()
    if store is not None:
        await chosen_stores(context, [store])
    mistakes = Mistakes(file)
    rows = read_rows(text, mistakes)

    def act(c: Connection) -> list[AttestedFact]:
        stores = {each.id: each for each in stored.stores(c)}
        facts = []
        for row in rows:
            try:
                facts.append(_fact(c, row, stores, by, now, fallback=store))
            except _Wrong as wrong:
                mistakes.add(row.line, wrong.column, str(wrong))
        mistakes.raise_if_any()
        for fact in facts:
            _keep(c, fact)
        return facts

    return Imported(await context.database.write(act))


async def list_facts(
    context: Context,
    *,
    store: str | None = None,
    order: str | None = None,
    sku: str | None = None,
    name: FactName | None = None,
    replaced: bool = False,
) -> list[ListedFact]:
    """Return the facts on record, the newest first; those a newer word ``replaced`` only when asked for."""
    if store is not None:
        await chosen_stores(context, [store])
    table = schema.attested_facts
    query = select(table).order_by(table.c.at.desc(), table.c.id.desc())
    wanted = {"store": store, "order_id": order, "sku": sku, "name": name.value if name else None}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(table.c[column] == value)

    def read(c: Connection) -> list[ListedFact]:
        seen: set[tuple[str | None, ...]] = set()
        found = []
        for row in c.execute(query):
            subject = (row.store, row.order_id, row.sku, row.name)
            fact = AttestedFact(
                name=FactName(row.name),
                value=row.value,
                store=row.store,
                sku=row.sku,
                order_id=row.order_id,
                by=row.by,
                at=from_micros(row.at),
            )
            found.append(ListedFact(fact, subject not in seen))
            seen.add(subject)
        return [each for each in found if each.in_force or replaced]

    return await context.database.read(read)


class _Wrong(Exception):
    """One cell that must be corrected."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column


def _fact(
    c: Connection, row: Row, stores: Mapping[str, Store], by: str, now: datetime, *, fallback: str | None = None
) -> AttestedFact:
    try:
        name = read_name(row.name)
    except Mistake as mistake:
        raise _Wrong("name", str(mistake)) from None
    if name is FactName.return_state and row.order is None:
        raise _Wrong("order", "what came back is told of one order: name it")
    store = _store_of(c, row, stores, fallback)
    try:
        value = read_value(name, row.value, store.currency)
    except Mistake as mistake:
        raise _Wrong("value", str(mistake)) from None
    return AttestedFact(name=name, value=value, store=store.id, sku=row.sku, order_id=row.order, by=by, at=now)


def _store_of(c: Connection, row: Row, stores: Mapping[str, Store], fallback: str | None) -> Store:
    """Return the store a row is about: the one named, that of its order, or the only one."""
    if row.store is not None and row.store not in stores:
        raise _Wrong("store", f"there is no store {row.store}; there are {', '.join(stores) or 'none'}")
    if row.order is not None:
        table = schema.orders
        owners = c.execute(select(table.c.store).where(table.c.order_id == row.order).order_by(table.c.store))
        found = [owner for owner in owners.scalars() if row.store in {None, owner}]
        if not found:
            where = f"store {row.store}" if row.store else "any store"
            raise _Wrong("order", f"no order {row.order} is known in {where}; check it, or fetch it with gateway sync")
        if len(found) > 1:
            raise _Wrong("store", f"several stores have an order {row.order} ({', '.join(found)}); name the store")
        return stores[found[0]]
    named = row.store or fallback or (next(iter(stores)) if len(stores) == 1 else None)
    if named is None:
        raise _Wrong("store", f"which store is meant is not clear; name one of {', '.join(stores) or 'none'}")
    return stores[named]


def _keep(c: Connection, fact: AttestedFact) -> None:
    attest(c, fact)
    details = {"name": fact.name.value, "value": fact.value, **({"sku": fact.sku} if fact.sku else {})}
    audit.append(c, fact.at, fact.by, "fact_attested", fact.store, fact.order_id, details)

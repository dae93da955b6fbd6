"""Stock: how much is left of each sold article, here and at its suppliers (XHS-69 to 71, SHP-20, 21, TTJ-27).

A level is what was last read or told; the gateway never computes one, and never adds to one (XHS-48). When it falls
below the line, people hear of it once; when it is refilled and falls again, once more. A supplier at zero asks for a
task, take the article off sale or sell it as presale, and names the open orders that want it with their deadlines. It
does not say that goods in hand are gone: no fact is attested and no case is opened by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from gateway.cases.articles import LONGEST, articles, sku_of
from gateway.cases.notices import Level, key_of, tell
from gateway.cases.supply import deadline_of
from gateway.cases.tasks import TaskKind, cancel_task, open_task, tasks_open
from gateway.errors import DataError
from gateway.model.order import Phase
from gateway.model.store import Role
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.documents import read_order
from gateway.orders.keys import same_order
from gateway.policy.rule_set import RuleSet
from gateway.storage import audit
from gateway.storage.moments import from_micros, from_micros_or_none, to_micros
from gateway.storage.schema import order_lines, orders, purchase_links, stock_levels, stores
from gateway.storage.statements import upsert
from gateway.work.wake import wake_cases

OWN = ""
"""The supplier's name in a level of the shop's own stock."""

MOST = 2_000_000_000
"""The largest number of units a level holds."""

_NAMED = 20  # orders a task or a notice names; of all the number is told
_GONE = (Phase.cancelled.value, Phase.closed.value)


class StockSource(StrEnum):
    """Where a level comes from."""

    api = "api"
    csv = "csv"
    person = "person"


@dataclass(frozen=True, slots=True)
class StockLine:
    """One level as stored. ``supplier`` is empty for own stock; ``low``: it is below the line."""

    store: str
    sku: str
    supplier: str
    quantity: int
    source: StockSource
    by: str
    at: datetime
    low: bool


@dataclass(frozen=True, slots=True)
class Affected:
    """An open order that wants an article. ``covered`` units of the ``units`` are on purchases that live."""

    store: str
    order_id: str
    phase: Phase
    ship_by: datetime | None
    units: int
    covered: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A level that was noted, and what it meant. ``affected``: the open orders a supplier's zero leaves in doubt."""

    level: StockLine
    fell: bool = False  # below the line, and people were told
    ran_out: bool = False
    refilled: bool = False
    affected: tuple[Affected, ...] = ()


def keep_level(c: Connection, told: StockLine, *, line: int, rules: RuleSet | None = None) -> Kept:
    """Note a level that was read or told, and do what it asks for. ``line``: fewer units than this are low.

    ``rules`` name the deadlines of orders that a platform does not tell.
    Raises DataError for a store that does not sell, a number that cannot be, or a name that is too long.
    """
    _check(c, told)
    before = level_of(c, told.store, told.sku, told.supplier)
    low = told.quantity < line
    level = StockLine(told.store, told.sku, told.supplier, told.quantity, told.source, told.by, told.at, low=low)
    c.execute(upsert(c, stock_levels), {**asdict(level), "source": level.source.value, "at": to_micros(level.at)})
    if told.source is not StockSource.api:
        details = {"sku": told.sku, "supplier": told.supplier, "quantity": str(told.quantity), "source": told.source}
        audit.append(c, told.at, told.by, "stock_told", told.store, None, details)
    fell = low and not (before is not None and before.low)
    ran_out = told.quantity == 0 and not (before is not None and before.quantity == 0)
    if fell:
        _tell_low(c, level, line)
    if told.quantity > 0:
        refilled = before is not None and before.quantity == 0
        if refilled:
            _not_needed(c, level)
        return Kept(level, fell, refilled=refilled)
    return Kept(level, fell, ran_out, affected=_empty(c, level, rules) if ran_out else ())


def level_of(c: Connection, store: str, sku: str, supplier: str = OWN) -> StockLine | None:
    """Return what is known of an article's stock; None when nobody told."""
    table = stock_levels
    same = (table.c.store == store) & (table.c.sku == sku) & (table.c.supplier == supplier)
    row = c.execute(select(table).where(same)).one_or_none()
    return None if row is None else _load(row)


def levels(c: Connection, *, store: str | None = None, sku: str | None = None, low: bool = False) -> list[StockLine]:
    """Return the levels on record, by store, SKU and supplier; only those below the line when ``low``."""
    table = stock_levels
    query = select(table).order_by(table.c.store, table.c.sku, table.c.supplier)
    for column, value in ((table.c.store, store), (table.c.sku, sku)):
        if value is not None:
            query = query.where(column == value)
    return [_load(row) for row in c.execute(query.where(table.c.low) if low else query)]


def supplier_is_out(c: Connection, store: str, sku: str) -> bool:
    """Tell whether suppliers of an article are known, and each of them has none left."""
    known = [each for each in levels(c, store=store, sku=sku) if each.supplier != OWN]
    return bool(known) and all(each.quantity == 0 for each in known)


def affected_orders(c: Connection, store: str, sku: str, rules: RuleSet | None = None) -> list[Affected]:
    """Return the open orders of a store that want an article and have not left, the nearest deadline first."""
    waiting = [phase.value for phase in BEFORE_SHIPMENT]
    mine = (
        select(order_lines.c.order_id)
        .where(same_order(order_lines, orders), or_(order_lines.c.sku == sku, order_lines.c.sku.is_(None)))
        .exists()
    )
    query = select(orders.c.order_id, orders.c.phase, orders.c.document).where(
        orders.c.store == store, orders.c.phase.in_(waiting), mine
    )
    found = []
    for row in c.execute(query).all():
        order = read_order(row.document, None, ()).order
        lines = [each for each in order.lines if sku_of(each) == sku]
        units = sum(each.quantity - each.cancelled for each in lines)
        if units <= 0:
            continue
        covered = min(units, _bought(c, store, row.order_id, [each.line_id for each in lines]))
        found.append(Affected(store, row.order_id, Phase(row.phase), deadline_of(c, order, rules), units, covered))
    return sorted(found, key=lambda each: (each.ship_by is None, each.ship_by, each.order_id))


def tell_stale(c: Connection, store: str, now: datetime, after: timedelta) -> list[str]:
    """Tell, once, of each source of a store's stock that nobody has looked at for longer than ``after`` (XHS-70).

    Returns the suppliers that are stale, `OWN` for the own stock.
    """
    table = stock_levels
    query = select(table.c.supplier, func.max(table.c.at)).where(table.c.store == store).group_by(table.c.supplier)
    stale = []
    for supplier, newest in c.execute(query).all():
        if from_micros(newest) >= now - after:
            continue
        stale.append(str(supplier))
        tell(
            c,
            key=key_of("stock_stale", newest, store, supplier),
            kind="stock_stale",
            store=store,
            order_id=None,
            level=Level.warning,
            details={"supplier": supplier, "last": from_micros(newest).isoformat()},
            now=now,
        )
    return stale


def newest_reading(c: Connection, store: str) -> datetime | None:
    """Return when a store's own stock was last read from its platform; None when it never was."""
    table = stock_levels
    mine = (table.c.store == store) & (table.c.supplier == OWN) & (table.c.source == StockSource.api.value)
    return from_micros_or_none(c.execute(select(func.max(table.c.at)).where(mine)).scalar_one())


def variants_to_read(c: Connection, store: str, since: datetime) -> dict[str, str]:
    """Return the platform's variant of each article that open orders want or that was sold from ``since`` on."""
    waiting = [phase.value for phase in BEFORE_SHIPMENT]
    query = select(orders.c.document).where(
        orders.c.store == store, or_(orders.c.placed_at >= to_micros(since), orders.c.phase.in_(waiting))
    )
    found: dict[str, str] = {}
    for (document,) in c.execute(query):
        for line in read_order(document, None, ()).order.lines:
            if line.variant_id and (sku := sku_of(line)):
                found[sku] = line.variant_id
    return found


def _check(c: Connection, told: StockLine) -> None:
    role = c.execute(select(stores.c.role).where(stores.c.id == told.store)).scalar_one_or_none()
    if role != Role.seller.value:
        raise DataError(f"Stock is kept for stores that sell; {told.store} is none. `gateway stores list` names them.")
    if not 0 <= told.quantity <= MOST:
        raise DataError(f"A stock of {told.quantity} cannot be: give the whole number of units, 0 for none.")
    for what, name in (("SKU", told.sku), ("supplier", told.supplier)):
        if len(name) > LONGEST:
            raise DataError(f"The {what} {name[:20]}... has more than {LONGEST} characters.")
    if not told.sku:
        raise DataError("Name the SKU whose stock it is.")


def _tell_low(c: Connection, level: StockLine, line: int) -> None:
    tell(
        c,
        key=key_of("stock_low", to_micros(level.at), level.store, level.sku, level.supplier),
        kind="stock_low",
        store=level.store,
        order_id=None,
        level=Level.warning,
        details={"sku": level.sku, "supplier": level.supplier, "quantity": level.quantity, "line": line},
        now=level.at,
    )


def _empty(c: Connection, level: StockLine, rules: RuleSet | None) -> tuple[Affected, ...]:
    """Do what an empty stock asks for; return the orders it touches. The platform itself sells nothing it lacks."""
    if level.supplier == OWN and level.source is StockSource.api:
        return ()
    if level.supplier != OWN and not supplier_is_out(c, level.store, level.sku):
        return ()  # another supplier still has it
    touched = affected_orders(c, level.store, level.sku, rules)
    named = [_named(each) for each in touched[:_NAMED]]
    words = ", ".join(each.order_id for each in touched[:_NAMED]) + ("" if len(touched) <= _NAMED else ", ...")
    article = next(
        (each.article for each in articles(c, store=level.store, supplier=level.supplier) if each.sku == level.sku), ""
    )
    details: Mapping[str, Any] = {
        "sku": level.sku,
        "supplier": level.supplier,
        "article": article,
        "orders": words,
        "affected": named,
        "affected_in_all": len(touched),
    }
    open_task(
        c,
        case_id=None,
        store=level.store,
        order_id=None,
        kind=TaskKind.delist,
        subject=level.sku,
        details=details,
        due_by=level.at,
        now=level.at,
    )
    tell(
        c,
        key=key_of("stock_out", to_micros(level.at), level.store, level.sku, level.supplier),
        kind="stock_out" if level.supplier == OWN else "supplier_out_of_stock",
        store=level.store,
        order_id=None,
        level=Level.urgent if touched else Level.warning,
        details=details,
        now=level.at,
    )
    wake_cases(c, level.store, [each.order_id for each in touched], level.at, "stock")
    return tuple(touched)


def _named(order: Affected) -> dict[str, object]:
    by = None if order.ship_by is None else order.ship_by.isoformat()
    return {"order": order.order_id, "ship_by": by, "units": order.units, "covered": order.covered}


def _not_needed(c: Connection, level: StockLine) -> None:
    for task in tasks_open(c, stores=[level.store], kind=TaskKind.delist):
        if task.subject == level.sku:
            cancel_task(c, task.id, by="gateway", now=level.at, because="there is stock again")


def _bought(c: Connection, store: str, order_id: str, lines: list[str]) -> int:
    """Return how many units of these sold lines are on purchases that have not ended without goods."""
    links = purchase_links
    query = (
        select(func.coalesce(func.sum(links.c.quantity), 0))
        .join(orders, (orders.c.store == links.c.purchase_store) & (orders.c.order_id == links.c.purchase_order))
        .where(
            links.c.sale_store == store,
            links.c.sale_order == order_id,
            links.c.sale_line.in_(lines),
            orders.c.phase.not_in(_GONE),
        )
    )
    return int(c.execute(query).scalar_one())


def _load(row: Row[Any]) -> StockLine:
    return StockLine(
        row.store, row.sku, row.supplier, row.quantity, StockSource(row.source), row.by, from_micros(row.at), row.low
    )

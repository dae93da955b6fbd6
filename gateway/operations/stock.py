"""Stock as people and platforms tell it: read where a platform tells it, imported from a file, or set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from gateway.cases import stock as kept
from gateway.cases.after import FOLLOW_UP, read_check_key
from gateway.cases.articles import SupplierArticle, articles, keep_article, learn_articles, sku_of
from gateway.cases.case import cases_of, note
from gateway.cases.stock import OWN, Kept, StockLine, StockSource
from gateway.cases.supply import order_of
from gateway.cases.tasks import TaskKind, open_task
from gateway.errors import AuthError, DataError, GatewayError, InvalidRequest, NotFound
from gateway.model.store import Role, Store, StoreState
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders.csv_file import Cells, Mistakes, csv_rows
from gateway.ports import StockPort
from gateway.storage import stores as rows
from gateway.work import queue

log = structlog.get_logger(__name__)

STOCK_KIND = "stock"
"""The kind of due work that reads a store's stock again; its key is the store."""

COLUMNS = ("store", "sku", "supplier", "article", "quantity")
_NO_PORT = "its platform tells no stock: import a file with `gateway stock import`, or `gateway stock set`"


@dataclass(frozen=True, slots=True)
class StockRead:
    """What a reading of one store's stock brought. ``because`` says why nothing could be read, else it is empty.

    ``unknown`` are the articles the platform does not know any more.
    """

    store: str
    read: int
    fell: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class StockImported:
    """What a file brought: the levels, and how many suppliers' articles were named."""

    levels: list[Kept]
    articles: int


@dataclass(frozen=True, slots=True)
class ListedStock:
    """A level, and what a supplier calls the article (None: own stock, or nobody told)."""

    level: StockLine
    article: str | None


async def list_stock(
    context: Context, *, store: str | None = None, sku: str | None = None, low: bool = False
) -> list[ListedStock]:
    """Return the levels on record; only those below the line when ``low``. Raises NotFound."""
    if store is not None:
        await chosen_stores(context, [store])

    def read(c: Connection) -> list[ListedStock]:
        named = {(each.store, each.sku, each.supplier): each.article for each in articles(c, store=store)}
        found = kept.levels(c, store=store, sku=sku, low=low)
        return [ListedStock(each, named.get((each.store, each.sku, each.supplier))) for each in found]

    return await context.database.read(read)


async def set_stock(
    context: Context, sku: str, quantity: int, *, store: str | None = None, supplier: str = OWN, by: str
) -> Kept:
    """Note how many units there are, as a person counted them or a ``supplier`` told. Changes nothing on a platform.

    Raises NotFound, and DataError when the store is not clear or the number cannot be.
    """
    now = context.clock.now()
    owner = await _selling_store(context, store)

    def act(c: Connection) -> Kept:
        return _keep(c, context, StockLine(owner, sku, supplier, quantity, StockSource.person, by, now, low=False))

    return await context.database.write(act)


async def import_stock(context: Context, file: str, text: str, *, store: str | None = None, by: str) -> StockImported:
    """Put every line of a CSV file on record, or none: ``file`` names it, ``text`` is what it holds.

    Columns: sku and quantity for own stock; supplier and quantity, with sku or the supplier's own article, for a
    supplier's; sku, supplier and article without a quantity only say what the supplier calls it. ``store`` holds for
    lines that name none. Raises DataError naming line, column and remedy of each mistake.
    """
    now = context.clock.now()
    if store is not None:
        await chosen_stores(context, [store])
    mistakes = Mistakes(file)
    lines = csv_rows(text, COLUMNS, (), mistakes)

    def act(c: Connection) -> StockImported:
        selling = {each.id for each in rows.stores(c) if each.role is Role.seller}
        found: list[Kept] = []
        named = 0
        for number, cells in lines:
            try:
                made, mapped = _line(c, context, cells, selling, store, by, now)
            except _Wrong as wrong:
                mistakes.add(number, wrong.column, str(wrong))
                continue
            except DataError as wrong:
                mistakes.add(number, "-", str(wrong))
                continue
            found += made
            named += mapped
        mistakes.raise_if_any()
        return StockImported(found, named)

    return await context.database.write(act)


async def read_stock(context: Context, *, store: str | None = None, by: str) -> list[StockRead]:
    """Ask the platforms that tell stock for every article that open orders want or that was sold of late.

    A store that cannot be read is told with the reason, and the others go on. Raises NotFound.
    """
    stores = await chosen_stores(context, [store] if store is not None else [])
    found = []
    for each in stores:
        if each.role is not Role.seller:
            continue
        try:
            found.append(await _read(context, each, by))
        except GatewayError as error:
            found.append(StockRead(each.id, 0, because=str(error)))
    return found


async def read_again(context: Context, store_id: str) -> datetime:
    """Do a store's turn: read its stock, learn its suppliers' articles, tell what is stale; return the next turn."""
    settings = context.configuration.stock
    store = await context.database.read(lambda c: rows.store_of(c, store_id))
    if store.state is StoreState.connected:
        try:
            read = await _read(context, store, "gateway")
            log.info("stock.read", store=store_id, read=read.read, fell=len(read.fell))
        except AuthError as error:
            log.warning("stock.not_read", store=store_id, error=type(error).__name__)
    now = context.clock.now()

    def act(c: Connection) -> None:
        learn_articles(c, now - settings.look_back, now)
        kept.tell_stale(c, store_id, now, settings.every + _GRACE)

    await context.database.write(act)
    return now + settings.every


async def plan_readings(context: Context) -> None:
    """Let every store that sells have its turn: at once where it never had one, else when it is due."""
    now, every = context.clock.now(), context.configuration.stock.every

    def act(c: Connection) -> None:
        for each in rows.stores(c):
            if each.role is Role.seller:
                last = kept.newest_reading(c, each.id)
                queue.submit(c, STOCK_KIND, each.id, now if last is None else max(now, last + every), b"")

    await context.database.write(act)


async def read_articles(context: Context, store: Store, wanted: Mapping[str, str], by: str) -> StockRead:
    """Ask the platform for these articles (SKU and its variant) of a store, one call each.

    Raises the error tree; an article the platform does not know is told and left as it was.
    """
    connection = await context.connections.open(store.id)
    if not isinstance(connection.adapter, StockPort):
        return StockRead(store.id, 0, because=_NO_PORT)
    fell, unknown, read = [], [], 0
    for sku, variant in sorted(wanted.items()):
        try:
            level = await connection.adapter.read_stock(connection.channel, variant)
        except (NotFound, InvalidRequest):
            unknown.append(sku)
            continue
        now = context.clock.now()
        told = StockLine(store.id, sku, OWN, max(0, level.available), StockSource.api, by, now, low=False)
        done = await context.database.write(lambda c, told=told: _keep(c, context, told))  # type: ignore[misc]  # bound
        read += 1
        if done.fell:
            fell.append(sku)
    return StockRead(store.id, read, tuple(fell), tuple(unknown))


async def check_order_stock(context: Context, key: str) -> StockRead:
    """Do the due work after an order's end: read the stock of its articles anew, and note it with its case (XHS-48).

    What the platform does not tell becomes a task to count it. Raises the error tree; the work is then done again.
    """
    store_id, order_id = read_check_key(key)
    store = await context.database.read(lambda c: rows.store_of(c, store_id))
    order = await context.database.read(lambda c: order_of(c, (store_id, order_id)))
    lines = () if order is None else order.lines
    wanted = {sku_of(line): line.variant_id for line in lines if line.variant_id and sku_of(line)}
    read = await read_articles(context, store, wanted, "gateway")
    told = set() if read.because else set(wanted) - set(read.unknown)
    untold = sorted({sku_of(line) for line in lines} - told)
    now = context.clock.now()

    def act(c: Connection) -> None:
        case = next(iter(reversed(cases_of(c, store_id, order_id))), None)
        levels = {sku: level.quantity for sku in wanted if (level := kept.level_of(c, store_id, sku)) is not None}
        if case is not None:
            note(c, case.id, FOLLOW_UP, "gateway", now, {"done": "stock_read", "units": levels, "untold": untold})
        if untold:
            open_task(
                c,
                case_id=None if case is None else case.id,
                store=store_id,
                order_id=order_id,
                kind=TaskKind.verify_stock,
                subject=order_id,
                details={"sku": ", ".join(untold), "order": order_id},
                due_by=None,
                now=now,
            )

    await context.database.write(act)
    return read


_GRACE = timedelta(hours=1)  # a reading takes its time, and people are not punctual to the minute


async def _read(context: Context, store: Store, by: str) -> StockRead:
    since = context.clock.now() - context.configuration.stock.look_back
    wanted = await context.database.read(lambda c: kept.variants_to_read(c, store.id, since))
    return await read_articles(context, store, wanted, by)


class _Wrong(Exception):
    """One cell that must be corrected."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column


def _keep(c: Connection, context: Context, told: StockLine) -> Kept:
    return kept.keep_level(c, told, line=context.configuration.stock.line_of(told.store), rules=context.rules)


async def _selling_store(context: Context, store: str | None) -> str:
    stores = await chosen_stores(context, [store] if store is not None else [])
    selling = [each.id for each in stores if each.role is Role.seller]
    if store is None and len(selling) != 1:
        raise DataError(f"Which store is meant is not clear; name one of {', '.join(selling) or 'none'} with --store.")
    return store or selling[0]


def _line(
    c: Connection, context: Context, cells: Cells, selling: set[str], fallback: str | None, by: str, now: datetime
) -> tuple[list[Kept], int]:
    """Take one line of a file: the levels it told, and whether it named a supplier's article.

    Raises _Wrong and DataError.
    """
    store = cells.get("store") or fallback or (next(iter(selling)) if len(selling) == 1 else None)
    sku, supplier, article = cells.get("sku"), cells.get("supplier") or OWN, cells.get("article")
    if article is not None and supplier == OWN:
        raise _Wrong("supplier", "is empty: say whose article it is")
    quantity = _number(cells.get("quantity"))
    if quantity is None and (article is None or sku is None):
        raise _Wrong("quantity", "is empty: give the units, or sku, supplier and article to name a supplier's article")
    if sku is None:
        if article is None:
            raise _Wrong("sku", "is empty: give the SKU, or the supplier's article")
        return [_keep(c, context, each) for each in _of_article(c, store, supplier, article, quantity, by, now)], 0
    if store is None or store not in selling:
        raise _Wrong("store", f"{store or 'none'} is no store that sells; there are {', '.join(sorted(selling))}")
    if article is not None:
        keep_article(c, SupplierArticle(store, sku, supplier, article, by, now))
    if quantity is None:
        return [], 1
    level = StockLine(store, sku, supplier, quantity, StockSource.csv, by, now, low=False)
    return [_keep(c, context, level)], int(article is not None)


def _of_article(
    c: Connection, store: str | None, supplier: str, article: str, quantity: int | None, by: str, now: datetime
) -> list[StockLine]:
    """Return the levels of every sold article that is bought as this one: of a store, or of all."""
    bought = [each for each in articles(c, store=store, supplier=supplier) if each.article == article]
    if not bought:
        raise _Wrong(
            "article",
            f"{article} of supplier {supplier} is not known; name the SKU it is sold as in the same line once",
        )
    source = StockSource.csv
    return [StockLine(each.store, each.sku, supplier, quantity or 0, source, by, now, low=False) for each in bought]


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(kept.MOST))):
        raise _Wrong("quantity", f"{text!r} is no whole number of units")
    return int(text)

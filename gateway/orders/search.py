"""Finding orders, a page at a time (XHS-97).

A page takes what an index gives: either the orders that qualify by the narrowest thing asked, or, when everything asked
is wide, the orders in the order of the list, passing over those that do not qualify. A page's place is that of its
last order, not a count: orders that come in between shift nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal_column, select, tuple_

from gateway.errors import DataError
from gateway.model.after_sale import RequestState
from gateway.model.order import Phase
from gateway.orders.filters import LAST, Asked, Filter, prepared
from gateway.orders.keys import same_order
from gateway.orders.query import Query, Sort
from gateway.storage.moments import from_micros, from_micros_or_none
from gateway.storage.schema import after_sales, order_lines, order_personal, orders
from gateway.storage.statements import unindexed
from gateway.storage.vault import Vault

__all__ = ["Found", "ListedOrder", "Query", "Sort", "find"]

_NARROW = 3_000  # candidates that are looked at one by one; more, and walking finds a page sooner
_APART = 32  # stores whose lists are walked one by one and joined

Place = tuple[int, str, str]
"""Where an order stands in a list: instant (microseconds), store, number."""


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """What a list of orders shows of one. No personal data."""

    store: str
    order_id: str
    phase: Phase
    raw_status: str
    region: str
    currency: str
    total_minor: int | None
    quantity: int  # units ordered, over all lines
    open_requests: int
    placed_at: datetime
    updated_at: datetime
    paid_at: datetime | None
    ship_by: datetime | None
    due_at: datetime | None  # the nearest deadline, of the order or of a request about it
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of orders. ``next`` continues behind it, None at the end; ``notes`` say what could not be searched."""

    rows: list[ListedOrder]
    next: str | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a list in one order: by an instant, then store, then number, all up or all down."""

    sign: str
    instant: ColumnElement[int]
    down: bool
    only: ColumnElement[bool] | None = None


_PLACED = _Part("placed", orders.c.placed_at, down=True)
_DUE = _Part("due", orders.c.due_at, down=False, only=orders.c.due_at.is_not(None))
_REST = _Part("rest", orders.c.placed_at, down=True, only=unindexed(orders.c.due_at).is_(None))
_PARTS = {Sort.placed: (_PLACED,), Sort.deadline: (_DUE, _REST)}


def find(connection: Connection, vault: Vault, query: Query, limit: int, after: str | None = None) -> Found:
    """Return at most ``limit`` orders, continuing behind ``after`` (`Found.next` of the same query).

    An order whose place does not change comes once, however many orders are added meanwhile. Raises DataError for an
    ``after`` that no such search gave, and as `prepared`.
    """
    parts, place = _begin(query, after)
    asked = prepared(connection, vault, query)
    notes = _notes(connection, asked.stores) if query.about_person else []
    narrow = _narrowest(connection, asked)
    places: list[tuple[_Part, Place]] = []
    for part in parts:
        room = limit + 1 - len(places)
        if room > 0 and asked.stores:
            places += ((part, each) for each in _places(connection, asked, part, narrow, place, room))
        place = None  # the next stretch is told from its beginning
    following = _token(*places[limit - 1]) if len(places) > limit else None
    return Found(_rows(connection, [each for _, each in places[:limit]]), following, notes)


def _narrowest(connection: Connection, asked: Asked) -> Filter | None:
    """Return the filter with the fewest candidates, None when all have many."""
    best, fewest = None, _NARROW + 1
    for each in asked.filters:
        few = each.candidates.limit(fewest).subquery()
        count = connection.execute(select(func.count()).select_from(few)).scalar_one()
        if count < fewest:
            best, fewest = each, count
    return best


def _places(
    connection: Connection, asked: Asked, part: _Part, narrow: Filter | None, after: Place | None, limit: int
) -> list[Place]:
    statements: Iterator[Select[Any]]
    of_stores = unindexed(orders.c.store).in_(asked.stores)
    conditions = [*(each.along(part.instant) for each in asked.filters), *asked.further]
    if narrow is not None and narrow.column is not part.instant:
        left = [each.condition for each in asked.filters if each is not narrow]
        more = (of_stores,) if asked.narrowed else ()
        statements = iter([_sorted(part, after, limit, narrow.indexed, *more, *left, *asked.further)])
    elif not asked.narrowed:
        statements = iter([_walked(part, after, limit, conditions)])
    elif part is _DUE or len(asked.stores) > _APART:
        statements = iter([_walked(part, after, limit, [of_stores, *conditions])])
    else:
        statements = (_walked_store(part, store, after, limit, conditions) for store in asked.stores)
    found = [(row[0], row[1], row[2]) for statement in statements for row in connection.execute(statement)]
    return sorted(found, reverse=part.down)[:limit]


def _sorted(part: _Part, after: Place | None, limit: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that sorts what qualifies."""
    columns = [unindexed(part.instant), unindexed(orders.c.store), unindexed(orders.c.order_id)]
    return _select(part, columns, after, limit, conditions)


def _walked(part: _Part, after: Place | None, limit: int, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Return the statement that walks the index of the list, over all stores."""
    return _select(part, [part.instant, orders.c.store, orders.c.order_id], after, limit, conditions)


def _walked_store(
    part: _Part, store: str, after: Place | None, limit: int, conditions: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """Return the statement that walks the list of one store, which its own index holds."""
    statement = select(part.instant, orders.c.store, orders.c.order_id).where(orders.c.store == store, *conditions)
    if part.only is not None:
        statement = statement.where(part.only)
    if after is not None:
        instant, at_store, order_id = after
        # of the orders of that very instant, another store's are all told, or all still to come
        edge = order_id if store == at_store else "" if store > at_store else LAST
        statement = statement.where(_behind(part, [part.instant, orders.c.order_id], (instant, edge)))
    ordered = (part.instant, orders.c.order_id)
    return statement.order_by(*(each.desc() if part.down else each.asc() for each in ordered)).limit(limit)


def _select(
    part: _Part,
    columns: Sequence[ColumnElement[int] | ColumnElement[str]],
    after: Place | None,
    limit: int,
    conditions: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    statement: Select[Any] = select(part.instant, orders.c.store, orders.c.order_id).where(*conditions)
    if part.only is not None:
        statement = statement.where(part.only)
    if after is not None:
        statement = statement.where(_behind(part, columns, after))
    return statement.order_by(*(each.desc() if part.down else each.asc() for each in columns)).limit(limit)


def _behind(
    part: _Part, columns: Sequence[ColumnElement[int] | ColumnElement[str]], place: tuple[int | str, ...]
) -> ColumnElement[bool]:
    row = tuple_(*columns)
    return row < tuple_(*place) if part.down else row > tuple_(*place)


def _rows(connection: Connection, places: Sequence[Place]) -> list[ListedOrder]:
    """Return what a list shows of the orders at ``places``, in their order."""
    if not places:
        return []
    by_store: dict[str, list[str]] = {}
    for _, store, order_id in places:
        by_store.setdefault(store, []).append(order_id)
    units = (
        select(func.coalesce(func.sum(order_lines.c.quantity), 0))
        .where(same_order(order_lines, orders))
        .scalar_subquery()
    )
    waiting = (
        select(func.count())
        .where(same_order(after_sales, orders), after_sales.c.state == RequestState.open.value)
        .scalar_subquery()
    )
    statement = select(
        orders.c.store,
        orders.c.order_id,
        orders.c.phase,
        orders.c.raw_status,
        orders.c.region,
        orders.c.currency,
        orders.c.total_minor,
        orders.c.placed_at,
        orders.c.updated_at,
        orders.c.paid_at,
        orders.c.ship_by,
        orders.c.due_at,
        orders.c.ended_at,
        orders.c.ended_by,
        orders.c.end_reason,
        units.label("quantity"),
        waiting.label("open_requests"),
    )
    found = {
        (row.store, row.order_id): ListedOrder(
            store=row.store,
            order_id=row.order_id,
            phase=Phase(row.phase),
            raw_status=row.raw_status,
            region=row.region,
            currency=row.currency,
            total_minor=row.total_minor,
            quantity=row.quantity,
            open_requests=row.open_requests,
            placed_at=from_micros(row.placed_at),
            updated_at=from_micros(row.updated_at),
            paid_at=from_micros_or_none(row.paid_at),
            ship_by=from_micros_or_none(row.ship_by),
            due_at=from_micros_or_none(row.due_at),
            ended_at=from_micros_or_none(row.ended_at),
            ended_by=row.ended_by,
            end_reason=row.end_reason,
        )
        # store by store: SQLite finds no rows by a list of pairs
        for store, order_ids in by_store.items()
        for row in connection.execute(statement.where(orders.c.store == store, orders.c.order_id.in_(order_ids)))
    }
    return [found[store, order_id] for _, store, order_id in places]


def _notes(connection: Connection, stores: Sequence[str]) -> list[str]:
    """Say of which stores the platform hides whom a search by name or phone is after."""
    notes = []
    for store in stores:
        hidden = {word for word in (None, "name", "phone", "name phone") if _hides(connection, store, word)}
        words = " and ".join(word for word in ("name", "phone") if any(each and word in each for each in hidden))
        if words:
            notes.append(
                f"Store {store}: the platform hides the receiver's {words} of some or all orders; "
                "those cannot be found by it."
            )
        if None in hidden:
            notes.append(
                f"Store {store}: receivers stored by an earlier version are not searchable yet; run `gateway db "
                "reindex`, or let `gateway serve` do it."
            )
    return notes


def _hides(connection: Connection, store: str, word: str | None) -> bool:
    # as the index of what is hidden says it, letter by letter: else SQLite does not use it
    partial: ColumnElement[bool] = literal_column("(hidden is null or hidden <> '')")
    which = order_personal.c.hidden.is_(None) if word is None else order_personal.c.hidden == word
    asked = exists().where(partial, order_personal.c.store == store, which)
    return bool(connection.execute(select(asked)).scalar_one())


def _token(part: _Part, place: Place) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([part.sign, *place])).decode()


def _begin(query: Query, after: str | None) -> tuple[tuple[_Part, ...], Place | None]:
    """Return the stretches that are still to be told and the place to go on from."""
    parts = _PARTS[query.sort]
    if after is None:
        return parts, None
    try:
        sign, instant, store, order_id = orjson.loads(base64.urlsafe_b64decode(after))
        begun = [part.sign for part in parts].index(sign)
        if not (isinstance(instant, int) and isinstance(store, str) and isinstance(order_id, str)):
            raise TypeError(after)
    except (binascii.Error, ValueError, TypeError):
        raise DataError(
            f"--after: {after!r} does not come from a list sorted this way. Give the `next` that the last one ended "
            "with, with the same --sort."
        ) from None
    return parts[begun:], (instant, store, order_id)

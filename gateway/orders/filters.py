"""What a search asks, as conditions on `orders` and, where an index can answer it, as the orders that qualify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    not_,
    select,
    tuple_,
    union,
)

from gateway.errors import DataError
from gateway.model.after_sale import RequestState
from gateway.orders import traces
from gateway.orders.keys import same_order
from gateway.orders.query import Query
from gateway.storage.moments import to_micros
from gateway.storage.schema import after_sales, order_lines, order_personal, orders, stores
from gateway.storage.statements import unindexed
from gateway.storage.titles import fold
from gateway.storage.vault import Vault
from gateway.storage.words import titles_with

Candidates = Select[tuple[str, str]]
"""A statement that gives store and number of orders; one may come twice."""

LAST = "\U0010ffff"  # sorts behind every character


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing asked: a condition on a row of `orders`, and the orders that meet it, from an index.

    ``indexed`` is the condition with which SQLite looks into that index. ``bound`` is the condition for a list that is
    walked by ``column``: where to begin or to end.
    """

    condition: ColumnElement[bool]
    candidates: Candidates
    indexed: ColumnElement[bool]
    column: ColumnElement[int] | None = None
    bound: ColumnElement[bool] | None = None

    def along(self, column: ColumnElement[int]) -> ColumnElement[bool]:
        """Return the condition for a list that is walked by ``column``."""
        return self.condition if self.bound is None or self.column is not column else self.bound


@dataclass(frozen=True, slots=True)
class Asked:
    """A query made ready: the stores it is about, and its filters. ``narrowed``: these are not all stores."""

    stores: tuple[str, ...]
    narrowed: bool
    filters: tuple[Filter, ...]
    further: tuple[ColumnElement[bool], ...]  # conditions that no index answers


def prepared(connection: Connection, vault: Vault, query: Query) -> Asked:
    """Return ``query`` ready to be run. Raises DataError when a part of it can find nothing whatever is stored."""
    _check_text(query)
    known = stores_with_orders(connection)
    scope = [store for store in known if not query.stores or store in query.stores]
    if query.platform:
        of_platform = set(connection.execute(select(stores.c.id).where(stores.c.platform == query.platform)).scalars())
        scope = [store for store in scope if store in of_platform]
    further: list[ColumnElement[bool]] = []
    if query.open_request is False:
        further.append(not_(_has_open_request()))
    query = _bounded(connection, query)
    filters = [*_by_person(vault, query, scope), *_by_words(connection, query, scope), *_by_state(query, scope)]
    return Asked(tuple(scope), bool(query.stores or query.platform), tuple(filters), tuple(further))


def stores_with_orders(connection: Connection) -> list[str]:
    """Return the stores that have orders, by id: one step in an index for each."""
    first = select(func.min(orders.c.store).label("store"))
    each = first.cte("each_store", recursive=True)
    following = select(func.min(orders.c.store)).where(orders.c.store > each.c.store).scalar_subquery()
    each = each.union_all(select(following).where(each.c.store.is_not(None)))
    return list(connection.execute(select(each.c.store).where(each.c.store.is_not(None))).scalars())


def _bounded(connection: Connection, query: Query) -> Query:
    """Return the query with what follows for the time of placing: an order is updated after it was placed.

    Not so where a platform's clocks disagree; then nothing follows.
    """
    until = query.updated_until
    if until is None or (query.placed_until is not None and query.placed_until <= until):
        return query
    strange = exists().where(orders.c.updated_at < orders.c.placed_at)
    return query if connection.execute(select(strange)).scalar_one() else replace(query, placed_until=until)


def _check_text(query: Query) -> None:
    for text in (query.number, query.title, query.receiver, query.phone, query.phone_tail, *query.stores):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DataError("what is searched for holds bytes that are no text: type it again in UTF-8") from None


def _by_person(vault: Vault, query: Query, scope: Sequence[str]) -> Iterator[Filter]:
    table = order_personal.c
    if query.receiver:
        name = traces.plain_name(query.receiver)
        if not name:
            raise DataError("the receiver's name holds no character: give the whole name")
        wanted = [traces.name_trace(vault, store, name) for store in scope]
        yield _traced(table.name_trace.in_(wanted), table.kana_trace.in_(wanted))
    if query.phone:
        phone = traces.plain_phone(query.phone)
        if not phone:
            raise DataError("the phone holds no digit: give the whole number")
        yield _traced(table.phone_trace.in_([traces.phone_trace(vault, store, phone) for store in scope]))
    if query.phone_tail:
        tail = traces.plain_tail(query.phone_tail)
        yield _traced(table.tail_trace.in_([traces.tail_trace(vault, store, tail) for store in scope]))


def _traced(*alternatives: ColumnElement[bool]) -> Filter:
    found = [select(order_personal.c.store, order_personal.c.order_id).where(each) for each in alternatives]
    here = alternatives[0] if len(alternatives) == 1 else alternatives[0] | alternatives[1]
    condition = exists().where(same_order(order_personal, orders), here).correlate(orders)
    if len(found) == 1:
        return _elsewhere(condition, found[0])
    either = union(*found).subquery()  # SQLite finds rows by a statement's pairs only when it is not compound itself
    return _elsewhere(condition, select(either.c.store, either.c.order_id))


def _elsewhere(condition: ColumnElement[bool], candidates: Candidates) -> Filter:
    """Return the filter whose candidates another table names."""
    return Filter(condition, candidates, tuple_(orders.c.store, orders.c.order_id).in_(candidates))


def _here(condition: ColumnElement[bool], indexed: ColumnElement[bool], *bound: Any) -> Filter:
    """Return the filter whose candidates an index of `orders` itself names."""
    return Filter(condition, select(orders.c.store, orders.c.order_id).where(indexed), indexed, *bound)


def _by_words(connection: Connection, query: Query, scope: Sequence[str]) -> Iterator[Filter]:
    if query.number:
        number = query.number.strip()
        if not number:
            raise DataError("the order number holds no character: give how it begins")
        begins = (orders.c.order_id >= number) & (orders.c.order_id < number + LAST)
        loose = unindexed(orders.c.order_id)
        yield _here((loose >= number) & (loose < number + LAST), orders.c.store.in_(scope) & begins)
    if query.title:
        words = fold(query.title).split()
        if not words:
            raise DataError("the title holds no word: give at least one")
        with_words = order_lines.c.title_key.in_(titles_with(connection, words))
        yield _elsewhere(
            exists().where(same_order(order_lines, orders), with_words).correlate(orders),
            select(order_lines.c.store, order_lines.c.order_id).where(with_words),
        )


def _by_state(query: Query, scope: Sequence[str]) -> Iterator[Filter]:
    if query.open_request:
        waiting = after_sales.c.state == RequestState.open.value
        yield _elsewhere(_has_open_request(), select(after_sales.c.store, after_sales.c.order_id).where(waiting))
    if query.phases:
        phases = [phase.value for phase in query.phases]
        yield _here(unindexed(orders.c.phase).in_(phases), orders.c.phase.in_(phases))
    yield from _in_span(orders.c.due_at, None, query.deadline_before)
    yield from _in_span(orders.c.updated_at, query.updated_since, query.updated_until, orders.c.store.in_(scope))
    yield from _in_span(orders.c.placed_at, query.placed_since, query.placed_until)


def _in_span(
    column: ColumnElement[int], since: datetime | None, until: datetime | None, *with_index: ColumnElement[bool]
) -> Iterator[Filter]:
    """Yield the filter "from ``since`` on and before ``until``"; ``with_index`` lets an index answer it."""

    def within(value: ColumnElement[int]) -> ColumnElement[bool]:
        conditions = [value >= to_micros(since)] if since is not None else []
        return and_(*conditions, value < to_micros(until)) if until is not None else and_(*conditions)

    if since is not None or until is not None:
        bound = within(column)
        yield _here(within(unindexed(column)), and_(bound, *with_index), column, bound)


def _has_open_request() -> ColumnElement[bool]:
    waiting = after_sales.c.state == RequestState.open.value
    return exists().where(same_order(after_sales, orders), waiting).correlate(orders)

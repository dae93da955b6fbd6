"""The statements that differ between databases, in one place: SQLite and PostgreSQL.

Functions that get a connection look at its dialect; what gets none is spelled when it is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    TableValuedAlias,
    Text,
    Update,
    bindparam,
    delete,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gateway.storage.json_rows import insert_as_json

T = TypeVar("T")

_ROWS_A_STATEMENT = 256
_PUSHES_A_STATEMENT = 64  # each parameter that PostgreSQL reads costs the driver, the more the longer the statement
_TEXTS = 256  # of statements for many rows, kept at most: each number of rows has a text of its own
_APPEND_PUSHES = (
    "INSERT INTO inbox (platform, app, via, received_at, due_at, headers, sealed, deliveries, state, attempts, "
    "last_error) VALUES "
)
_PUSH = {
    "sqlite": "(?, ?, ?, ?, ?, ?, ?, 1, 'received', 0, '')",
    "postgresql": "(%s, %s, %s, %s, %s, %s, %s, 1, 'received', 0, '')",
}


def upsert(connection: Connection, table: Table, *, guard: str | None = None, keep: Sequence[str] = ()) -> Insert:
    """Return "insert, or overwrite the row with the same primary key", for one row or many.

    ``guard`` names a column that may not go back: a row with a smaller value leaves the stored one as it is.
    ``keep`` names columns that keep their stored value.
    """
    return _upsert(connection.dialect.name, table, guard, tuple(keep))


def one_of(column: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """Return "``column`` is one of the texts in ``parameter``", which holds them as a JSON list.

    The statement is the same however many they are, so it is made once; with `in_` it would be made anew each time.
    """
    return column.in_(select(each_of(parameter).c.value))


def listed(texts: Iterable[str]) -> str:
    """Return the value of a parameter of `one_of` or `each_of`."""
    return orjson.dumps(list(texts)).decode()


def each_of(parameter: str) -> TableValuedAlias:
    """Return the texts in ``parameter``, which holds them as a JSON list, as rows with one column ``value``."""
    return _Texts(bindparam(parameter, type_=Text())).table_valued("value")


def place_of(text: ColumnElement[str], word: str) -> ColumnElement[int]:
    """Return the place at which ``word`` first stands in ``text``, from 1; 0 where it does not."""
    return _PlaceOf(text, bindparam(None, word, type_=Text()))


def unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """Return ``column`` so that SQLite looks at its value but does not choose an index by it.

    Without statistics SQLite takes every equality for narrow, and would sort half the orders rather than walk them in
    the order asked for. PostgreSQL keeps statistics, and chooses for itself.
    """
    return _Unindexed(column)


def insert_new(connection: Connection, table: Table) -> Insert:
    """Return "insert, unless a row with the same unique key is there". ``rowcount`` tells which happened."""
    return _insert_new(connection.dialect.name, table)


def append_pushes(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Append pushes that nobody has read: (platform, app, via, received_at, due_at, headers, sealed) each.

    One statement takes many rows: the driver lets go of the interpreter once a statement, and getting it back from a
    busy event loop costs more than storing a row.
    """
    for part in _parts(rows, _PUSHES_A_STATEMENT):
        sql = _append_pushes(connection.dialect.name, len(part))
        connection.exec_driver_sql(sql, tuple(chain.from_iterable(part)))


def delete_by_key(connection: Connection, table: Table, columns: Sequence[str]) -> Delete:
    """Return "delete the rows where ``columns`` equal the parameters ``the_<column>``", for one key or many."""
    del connection  # the same words everywhere
    return _delete_by_key(table, tuple(columns))


def unlocked(dialect: str, statement: Select[T]) -> Select[T]:
    """Return a query of rows about to be claimed, so that nobody else takes one of them too.

    The writers' line already keeps all others out. On PostgreSQL the rows are locked as well, and locked ones are
    skipped, so that a claim holds its row whoever else may write there.
    """
    return statement if dialect == "sqlite" else statement.with_for_update(skip_locked=True)


def run_many(connection: Connection, statement: Insert | Update | Delete, rows: Sequence[Mapping[str, object]]) -> None:
    """Run ``statement``, made once and kept, for many rows that have the same names.

    Rows go to the driver as they are, which costs a third of what `Connection.execute` does for each; so they may
    hold only what the driver itself stores (int, str, bytes, None). For inserts see `insert_many`.
    """
    if not rows:
        return
    sql, take = _compiled(statement, connection.dialect, tuple(rows[0]))
    values = [take(row) for row in rows]
    if isinstance(statement, Insert):
        names = tuple(str(name) for name in take({name: name for name in rows[0]}))
        _insert(connection, statement, sql, names, values)
    else:
        connection.exec_driver_sql(sql, values)


def insert_many(connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]) -> None:
    """Run an insert or an upsert, made once and kept, for rows that give every column in the order of its table.

    Rows go many to a statement: the driver lets go of the interpreter once a statement, and getting it back from a
    busy thread costs more than a row.
    """
    if rows:
        names = tuple(column.name for column in statement.table.columns)
        _insert(connection, statement, _of_whole_rows(statement, connection.dialect), names, rows)


def whole_rows(
    connection: Connection, statement: Select[Any], parameters: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Return rows by the names of their columns, to be changed and written back."""
    result = connection.execute(statement, parameters)
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def write_back(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Write whole rows as they were read and then changed within the same act; what they hold is as in `run_many`.

    Writers stand in line, so nobody has changed them in between. One statement takes many rows, each with its own
    values; an update would take one.
    """
    insert_many(connection, upsert(connection, table), [_in_order(table)(row) for row in rows])


def _insert(
    connection: Connection, statement: Insert, sql: str, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> None:
    """Run the insert of one row ``sql`` for rows whose values are named ``names``."""
    for part in _apart(connection, statement, names, rows):
        if len(part) > 1 and connection.dialect.name == "postgresql":
            insert_as_json(connection, sql, statement.table, names, part)
        else:
            several = _of_many_rows(sql, len(names), len(part))
            connection.exec_driver_sql(several, tuple(chain.from_iterable(part)))


def _apart(
    connection: Connection, statement: Insert, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> Iterator[Sequence[tuple[object, ...]]]:
    """Yield the rows of one statement each. PostgreSQL refuses to overwrite a row twice in the same one."""
    key = None if connection.dialect.name == "sqlite" else _key_of(statement, names)
    for part in _parts(rows):
        if key is not None and len({key(row) for row in part}) < len(part):
            yield from ([row] for row in part)
        else:
            yield part


def _parts(rows: Sequence[tuple[object, ...]], most: int = _ROWS_A_STATEMENT) -> Iterator[Sequence[tuple[object, ...]]]:
    """Yield the rows of one statement each.

    SQLite keeps aside each page that a statement of many rows touches, in case it fails half-way: the fewer
    statements, the fewer copies.
    """
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


class _Texts(FunctionElement[str]):
    """The texts of a JSON list, each a row."""

    name = "texts"
    inherit_cache = True


@compiles(_Texts, "sqlite")
def _texts_in_sqlite(element: _Texts, compiler: SQLCompiler, **words: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **words)})"


@compiles(_Texts, "postgresql")
def _texts_in_postgresql(element: _Texts, compiler: SQLCompiler, **words: Any) -> str:
    return f"json_array_elements_text(({compiler.process(element.clauses, **words)})::json)"


class _PlaceOf(FunctionElement[int]):
    """Where one text stands in another."""

    name = "place_of"
    type = Integer()
    inherit_cache = True


@compiles(_PlaceOf, "sqlite")
def _place_in_sqlite(element: _PlaceOf, compiler: SQLCompiler, **words: Any) -> str:
    return f"instr({compiler.process(element.clauses, **words)})"


@compiles(_PlaceOf, "postgresql")
def _place_in_postgresql(element: _PlaceOf, compiler: SQLCompiler, **words: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **words)})"


class _Unindexed(FunctionElement[Any]):
    """A column whose indexes are not for choosing."""

    name = "unindexed"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Unindexed, "sqlite")
def _unindexed_in_sqlite(element: _Unindexed, compiler: SQLCompiler, **words: Any) -> str:
    return f"+{compiler.process(element.clauses, **words)}"


@compiles(_Unindexed, "postgresql")
def _unindexed_in_postgresql(element: _Unindexed, compiler: SQLCompiler, **words: Any) -> str:
    return compiler.process(element.clauses, **words)


# Statements are made once: building one costs more than running it.
@cache
def _upsert(dialect: str, table: Table, guard: str | None, keep: tuple[str, ...]) -> Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    keys = [column.name for column in table.primary_key]
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys and column.name not in keep
    }
    where = None if guard is None else statement.excluded[guard] >= table.c[guard]
    return statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=where)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _in_order(table: Table) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Return what puts a row's values in the order of its table's columns."""
    return itemgetter(*(column.name for column in table.columns))


@lru_cache(_TEXTS)
def _append_pushes(dialect: str, count: int) -> str:
    return _APPEND_PUSHES + ", ".join([_PUSH[dialect]] * count)


@cache
def _delete_by_key(table: Table, columns: tuple[str, ...]) -> Delete:
    return delete(table).where(*(table.c[name] == bindparam(f"the_{name}") for name in columns))


@cache
def _compiled(
    statement: Insert | Update | Delete, dialect: Dialect, names: tuple[str, ...]
) -> tuple[str, Callable[[Mapping[str, object]], tuple[object, ...]]]:
    """Return the driver's text and what puts a row's values in the order of its marks."""
    keys = list(names) if isinstance(statement, Insert) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    order = compiled.positiontup or []
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    if fixed:
        raise TypeError(f"a statement for many rows takes every value from them; it brings {sorted(fixed)} itself")
    return str(compiled), (itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],))


@cache
def _key_of(statement: Insert, names: tuple[str, ...]) -> Callable[[tuple[object, ...]], object]:
    """Return what takes the primary key out of a row, whose values are named ``names``."""
    places = [names.index(column.name) for column in statement.table.primary_key if column.name in names]
    return itemgetter(*places) if places else id  # the database numbers the rows: no two are the same


@cache
def _of_whole_rows(statement: Insert, dialect: Dialect) -> str:
    """Return the driver's text of an insert whose marks stand in the order of the table's columns."""
    names = tuple(column.name for column in statement.table.columns)
    sql, take = _compiled(statement, dialect, names)
    if take({name: name for name in names}) != names:
        raise TypeError(f"an insert into {statement.table.name} does not take its columns in their order")
    return sql


_MARKS = re.compile(r"VALUES (\((?:\?|%s(?:::[A-Z]+)?)(?:, (?:\?|%s(?:::[A-Z]+)?))*\))")


@lru_cache(_TEXTS)
def _of_many_rows(sql: str, columns: int, rows: int) -> str:
    """Return the text of an insert of one row as that of ``rows`` rows."""
    found = _MARKS.findall(sql)
    if len(found) != 1 or found[0].count(",") != columns - 1:
        raise TypeError("a statement for many rows takes every value from them; this one brings some itself")
    return sql.replace(found[0], ", ".join([found[0]] * rows))

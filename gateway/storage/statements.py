"""The statements that differ between databases, in one place.

Each function looks at the connection's dialect. SQLite is the one that is here; another raises ConfigurationError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Insert,
    Select,
    Table,
    TableValuedAlias,
    Update,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import sqlite

from gateway.errors import ConfigurationError
from gateway.storage import schema

_ROWS_A_STATEMENT = 64
_APPEND_PUSHES = (
    "INSERT INTO inbox (platform, app, via, received_at, due_at, headers, sealed, deliveries, state, attempts, "
    "last_error) VALUES "
)
_PUSH = "(?, ?, ?, ?, ?, ?, ?, 1, 'received', 0, '')"


def upsert(connection: Connection, table: Table, *, guard: str | None = None, keep: Sequence[str] = ()) -> Insert:
    """Return "insert, or overwrite the row with the same primary key", for one row or many.

    ``guard`` names a column that may not go back: a row with a smaller value leaves the stored one as it is.
    ``keep`` names columns that keep their stored value.
    """
    _only_sqlite(connection)
    return _upsert(table, guard, tuple(keep))


def one_of(column: ColumnElement[str], parameter: str) -> ColumnElement[bool]:
    """Return "``column`` is one of the texts in ``parameter``", which holds them as a JSON list.

    The statement is the same however many they are, so it is made once; with `in_` it would be made anew each time.
    In SQLite's words: other databases get theirs here.
    """
    return column.in_(select(func.json_each(bindparam(parameter)).table_valued("value").c.value))


def each_of(parameter: str) -> TableValuedAlias:
    """Return the texts in ``parameter``, which holds them as a JSON list, as rows with one column ``value``.

    In SQLite's words, as `one_of`.
    """
    return func.json_each(bindparam(parameter)).table_valued("value")


def insert_new(connection: Connection, table: Table) -> Insert:
    """Return "insert, unless a row with the same unique key is there". ``rowcount`` tells which happened."""
    _only_sqlite(connection)
    return _insert_new(table)


def append_pushes(connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Append pushes that nobody has read: (platform, app, via, received_at, due_at, headers, sealed) each.

    One statement takes many rows: the driver lets go of the interpreter once a statement, and getting it back from a
    busy event loop costs more than storing a row.
    """
    _only_sqlite(connection)
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        part = rows[start : start + _ROWS_A_STATEMENT]
        connection.exec_driver_sql(_append_pushes(len(part)), tuple(chain.from_iterable(part)))


def delete_by_key(connection: Connection, table: Table, columns: Sequence[str]) -> Delete:
    """Return "delete the rows where ``columns`` equal the parameters ``the_<column>``", for one key or many."""
    _only_sqlite(connection)
    return _delete_by_key(table, tuple(columns))


def claimable(connection: Connection, where: ColumnElement[bool]) -> Select[tuple[int]]:
    """Return "the id of the earliest due work for which ``where`` holds, so that nobody else takes it too".

    In SQLite the writing transaction already keeps all others out; databases with many writers lock the row and
    skip locked ones.
    """
    _only_sqlite(connection)
    work = schema.work
    return select(work.c.id).where(where).order_by(work.c.due_at, work.c.id).limit(1)


def run_many(connection: Connection, statement: Insert | Update | Delete, rows: Sequence[Mapping[str, object]]) -> None:
    """Run ``statement``, made once and kept, for many rows that have the same names.

    Rows go to the driver as they are, which costs a third of what `Connection.execute` does for each; so they may
    hold only what the driver itself stores (int, str, bytes, None). For inserts see `insert_many`.
    """
    if not rows:
        return
    names = tuple(rows[0])
    sql, take = _compiled(statement, connection.dialect, names)
    values = [take(row) for row in rows]
    if isinstance(statement, Insert):
        _insert(connection, sql, values)
    else:
        connection.exec_driver_sql(sql, values)


def insert_many(connection: Connection, statement: Insert, rows: Sequence[tuple[object, ...]]) -> None:
    """Run an insert or an upsert, made once and kept, for rows that give every column in the order of its table.

    Rows go many to a statement: the driver lets go of the interpreter once a statement, and getting it back from a
    busy thread costs more than a row.
    """
    if rows:
        _insert(connection, _of_whole_rows(statement, connection.dialect), rows)


def _insert(connection: Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        part = rows[start : start + _ROWS_A_STATEMENT]
        several = _of_many_rows(sql, len(part[0]), len(part))
        connection.exec_driver_sql(several, tuple(chain.from_iterable(part)))


def _only_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        raise ConfigurationError(
            f"this release cannot store in {connection.dialect.name}: use an sqlite:/// URL in the configuration"
        )


# Statements are made once: building one costs more than running it.
@cache
def _upsert(table: Table, guard: str | None, keep: tuple[str, ...]) -> Insert:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    fresh = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys and column.name not in keep
    }
    where = None if guard is None else statement.excluded[guard] >= table.c[guard]
    return statement.on_conflict_do_update(index_elements=keys, set_=fresh, where=where)


@cache
def _insert_new(table: Table) -> Insert:
    return sqlite.insert(table).on_conflict_do_nothing()


@cache
def _append_pushes(count: int) -> str:
    return _APPEND_PUSHES + ", ".join([_PUSH] * count)


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
def _of_whole_rows(statement: Insert, dialect: Dialect) -> str:
    """Return the driver's text of an insert whose marks stand in the order of the table's columns."""
    names = tuple(column.name for column in statement.table.columns)
    sql, take = _compiled(statement, dialect, names)
    if take({name: name for name in names}) != names:
        raise TypeError(f"an insert into {statement.table.name} does not take its columns in their order")
    return sql


@cache
def _of_many_rows(sql: str, columns: int, rows: int) -> str:
    """Return the text of an insert of one row as that of ``rows`` rows."""
    marks = f"({', '.join('?' * columns)})"
    if sql.count(marks) != 1:
        raise TypeError("a statement for many rows takes every value from them; this one brings some itself")
    return sql.replace(marks, ", ".join([marks] * rows))

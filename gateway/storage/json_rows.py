"""Many rows for PostgreSQL as one parameter: a JSON list that the server takes apart.

The statement's text is the same however many rows there are, so that the server plans it once, and neither side reads
thousands of marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Connection, Integer, LargeBinary, String, TableClause
from sqlalchemy.types import TypeEngine

_VALUES = re.compile(r"VALUES \(%s(?:::[A-Z]+)?(?:, %s(?:::[A-Z]+)?)*\)")
_NUL = b"\\u0000"


def insert_as_json(
    connection: Connection, sql: str, table: TableClause, names: tuple[str, ...], rows: Iterable[Sequence[object]]
) -> None:
    """Run the insert of one row ``sql`` into ``table`` for all ``rows``, whose values stand in the order of ``names``.

    Texts may hold the character NUL, which PostgreSQL refuses: it becomes U+FFFD, as in every other statement.
    """
    keys, encoded = _encoder(table, names)
    told = orjson.dumps([dict(zip(keys, encoded(row), strict=True)) for row in rows])
    if _NUL in told:
        told = orjson.dumps(_without_nul(orjson.loads(told)))
    connection.exec_driver_sql(_as_json(sql, table, names), (told.decode(),))


@cache
def _as_json(sql: str, table: TableClause, names: tuple[str, ...]) -> str:
    """Return the text of an insert of one row as that of all rows in one parameter, a JSON list."""
    keys = _keys(names)
    columns = [table.c[name].type for name in names]
    kinds = ", ".join(f"{key} {_kind(column)}" for key, column in zip(keys, columns, strict=True))
    values = ", ".join(
        f"decode(told.{key}, 'hex')" if isinstance(column, LargeBinary) else f"told.{key}"
        for key, column in zip(keys, columns, strict=True)
    )
    found = _VALUES.findall(sql)
    if len(found) != 1 or found[0].count("%s") != len(names):
        raise TypeError("a statement for many rows takes every value from them; this one brings some itself")
    every = f"SELECT {values} FROM json_to_recordset(%s::json) AS told({kinds})"  # noqa: S608 - names of ours only
    return sql.replace(found[0], every)


@cache
def _encoder(
    table: TableClause, names: tuple[str, ...]
) -> tuple[list[str], Callable[[Sequence[object]], Sequence[object]]]:
    """Return the keys of a row in JSON, and what makes its values such as JSON holds."""
    binary = [place for place, name in enumerate(names) if isinstance(table.c[name].type, LargeBinary)]
    if not binary:
        return _keys(names), lambda row: row

    def encoded(row: Sequence[object]) -> Sequence[object]:
        values: list[Any] = list(row)
        for place in binary:
            if values[place] is not None:
                values[place] = values[place].hex()
        return values

    return _keys(names), encoded


def _keys(names: tuple[str, ...]) -> list[str]:
    return [f"v{place}" for place in range(len(names))]


def _kind(column: TypeEngine[Any]) -> str:
    """Return the type a value is read as. A text that is too long is refused by its own column."""
    for kind, word in ((String, "text"), (LargeBinary, "text"), (BigInteger, "bigint"), (Integer, "integer")):
        if isinstance(column, kind):
            return word
    if isinstance(column, Boolean):
        return "boolean"
    raise TypeError(f"a column of type {column!r} is not known here")


def _without_nul(told: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {key: value.replace("\0", "\ufffd") if isinstance(value, str) else value for key, value in row.items()}
        for row in told
    ]

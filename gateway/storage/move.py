"""Carrying a whole SQLite database over to PostgreSQL: every row, in one transaction, compared before it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, inspect, select
from sqlalchemy.exc import DatabaseError

from gateway.errors import ConfigurationError, DataError
from gateway.storage import audit, evidence_register, migrate
from gateway.storage.engines import Use, make_engine, parse_url, unusable
from gateway.storage.schema import metadata

_AT_ONCE = 500  # rows read in one go

# The words on the trail of a database that is left. While one of the first two is the last, nothing starts there.
LEAVING, LEFT, KEPT = "database_leaving", "database_left", "database_kept"

Tell = Callable[[str, int], None]
"""Hears which table was carried over, and how many rows it has."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was carried over: the rows of each table, and the lengths of the chains that were verified on both sides."""

    rows: dict[str, int]
    audit_entries: int
    evidence_files: int


def move(
    source: str, target: str, *, tell: Tell = lambda _table, _rows: None, finish: Callable[[Connection], None]
) -> Moved:
    """Carry the database at ``source`` (SQLite) over to the empty one at ``target`` (PostgreSQL).

    Nothing may write to the source meanwhile. ``finish`` writes its last words in the same transaction, after all was
    compared. Raises ConfigurationError when the target is no PostgreSQL database, holds rows, or does not take one;
    DataError when a chain is broken, or what arrived is not what was sent. Then the target holds no rows.
    """
    if parse_url(source).file is None or parse_url(target).file is not None:
        raise ConfigurationError("a database is moved from SQLite to PostgreSQL: name a postgresql:// URL")
    migrate.upgrade(target)
    reading, writing = make_engine(source, Use.read), make_engine(target, Use.write)
    try:
        with reading.connect() as old, writing.begin() as new:
            migrate.check_at_head(old)
            _refuse_rows(new, target)
            rows: dict[str, int] = {}
            for table in metadata.sorted_tables:
                sent = _Digest()
                _fill(new, table, sent.noting(_rows_of(old, table)))
                _compare(table, sent, new)
                _number_on(new, table)
                rows[table.name] = sent.rows
                tell(table.name, sent.rows)
            chains = _same(old, new, audit.verify, "audit"), _same(old, new, evidence_register.verify, "evidence")
            finish(new)
    except DatabaseError as error:
        raise unusable(target, error, "does not take what is moved to it") from error
    finally:
        reading.dispose()
        writing.dispose()
    return Moved(rows, *chains)


def arrived(target: str, digest: str) -> bool:
    """Tell whether the database at ``target`` holds the trail up to the entry with this hash: it was moved there whole.

    Raises ConfigurationError when it cannot be asked.
    """
    reading = make_engine(target, Use.read)
    try:
        with reading.connect() as there:
            return inspect(there).has_table("audit") and audit.holds(there, digest)
    except DatabaseError as error:
        raise unusable(target, error, "cannot be asked whether a move to it was done") from error
    finally:
        reading.dispose()


def check_stays(connection: Connection) -> None:
    """Return when a database is not left for another one. Raises ConfigurationError naming that one."""
    last = next(iter(audit.latest(connection, 1)), None)
    if last is None or last.what not in {LEAVING, LEFT}:
        return
    to = last.details["to"]
    if last.what == LEFT:
        raise ConfigurationError(
            f"This gateway was moved to {to}: name that database in gateway.yaml (`database: URL`). Nothing is done "
            "with the one it left. `gateway db keep` goes on with that all the same."
        )
    raise ConfigurationError(
        f"A move of this gateway to {to} was interrupted. Run `gateway db move --to` it again: it is finished, or done "
        "anew. If that database is gone, or empty, `gateway db keep` goes on with this one."
    )


def _refuse_rows(new: Connection, target: str) -> None:
    for table in metadata.sorted_tables:
        if new.execute(select(func.count()).select_from(table)).scalar_one():
            raise ConfigurationError(
                f"{parse_url(target)} holds rows already (in {table.name}): a gateway is moved to an empty database. "
                "If it was moved there before, name that database in gateway.yaml; else name another one."
            )


def _rows_of(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    found = connection.execute(select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_AT_ONCE))
    for row in found:
        # PostgreSQL holds no NUL in a text: wherever the gateway writes one there, it stands as this sign, too
        yield tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def _fill(new: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table, by the server's own road for many."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver = new.connection.driver_connection
    if driver is None:
        raise ConfigurationError("the connection to the database was lost")
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except _driver_error() as error:
        # the server's further words tell what stands in the row
        raise ConfigurationError(
            f"a row of {table.name} is not taken ({type(error).__name__}): report it; nothing was moved"
        ) from None


def _driver_error() -> type[Exception]:
    """Return the error that the driver raises."""
    from psycopg import Error  # noqa: PLC0415 - there with PostgreSQL's packages only

    return Error


def _compare(table: Table, sent: _Digest, new: Connection) -> None:
    arrived = _Digest()
    for _ in arrived.noting(_rows_of(new, table)):
        pass
    if (arrived.rows, arrived.value) != (sent.rows, sent.value):
        raise DataError(
            f"{table.name}: {sent.rows} rows were sent, and the {arrived.rows} that arrived are not the same. "
            "Nothing was moved; report it."
        )


def _same(old: Connection, new: Connection, verify: Callable[[Connection], int], name: str) -> int:
    before, after = verify(old), verify(new)
    if before != after:
        raise DataError(f"the {name} chain has {before} entries here and {after} there. Nothing was moved; report it.")
    return after


def _number_on(new: Connection, table: Table) -> None:
    """Let the numbers that the server gives go on behind the highest."""
    for column in table.primary_key.columns:
        sequence = new.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar_one()
        if sequence is not None:
            highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            new.execute(select(func.setval(sequence, highest, False)))


class _Digest:
    """What rows say, whatever database they stand in."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = hashlib.sha256()

    @property
    def value(self) -> str:
        return self._hash.hexdigest()

    def noting(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            self.rows += 1
            self._hash.update(orjson.dumps(row, default=_plain) + b"\n")
            yield row


def _plain(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    raise TypeError(f"a {type(value).__name__} stands in a row")

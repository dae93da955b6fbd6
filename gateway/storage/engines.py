"""How a connection to the database is made: the settings that durability and reading beside the writer rest on."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from gateway.errors import ConfigurationError

_BUSY_SECONDS = 10


def parse_url(url: str) -> tuple[URL, Path]:
    """Return the parts of a database URL and the file it names.

    Raises ConfigurationError for anything but an SQLite file. PostgreSQL is for a later release, and an
    in-memory database cannot be shared between the writer and the readers.
    """
    example = "write it like sqlite:////var/lib/order-gateway/gateway.db"
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"the database URL cannot be read: {example}") from error
    if parts.get_backend_name() != "sqlite":
        raise ConfigurationError(
            f"the database URL names {parts.get_backend_name()!r}; this release stores in SQLite only "
            f"(PostgreSQL comes with a later one): {example}"
        )
    if parts.get_driver_name() != "pysqlite" or not parts.database or parts.database == ":memory:":
        raise ConfigurationError(f"the database URL must name a file: {example}")
    return parts, Path(parts.database)


def sqlite_engine(url: str, *, connections: int, writes: bool) -> Engine:
    """Return an engine whose transactions begin where we say, with write-ahead log and full synchronisation.

    A writing engine takes the write lock at its BEGIN; a reading one opens the file read-only, is refused every write
    and sees one snapshot from its first statement to its end. Raises ConfigurationError as `parse_url`.
    """
    parts, file = parse_url(url)
    mode = "rwc" if writes else "ro"
    engine = create_engine(
        parts,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # the text of an error names statements, never what stood in the rows
        creator=lambda: sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            check_same_thread=False,  # the pool hands a connection from thread to thread, never to two at once
        ),
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        # pysqlite must not begin or end transactions by itself: SAVEPOINT and DDL would escape them
        connection.isolation_level = None
        if writes:
            # for a new file only: sealed raw words fit within a page
            connection.execute("PRAGMA page_size=8192").close()
            connection.execute("PRAGMA journal_mode=WAL").close()
            connection.execute("PRAGMA synchronous=FULL").close()
            connection.execute("PRAGMA journal_size_limit=67108864").close()
            # 32 MB: pages that every commit of a long pull writes go from the log to the file once, not each time
            connection.execute("PRAGMA wal_autocheckpoint=4096").close()
            connection.execute("PRAGMA cache_size=-65536").close()
            # what is erased must not linger in free pages
            connection.execute("PRAGMA secure_delete=ON").close()
        else:
            connection.execute("PRAGMA query_only=ON").close()
        connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}").close()

    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

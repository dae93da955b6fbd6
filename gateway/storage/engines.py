"""How a connection to the database is made: the settings that durability and reading beside the writer rest on.

SQLite and PostgreSQL keep the same promises here. A *writing* engine's transactions follow one another: SQLite takes
its write lock at BEGIN, PostgreSQL an advisory lock of the database, whichever process asks. So an act that reads and
then writes what follows from it is right without further locks. A *reading* engine sees one snapshot from its first
statement to its end and is refused every write. An *appending* engine (PostgreSQL) writes without waiting for that
lock, for acts that read nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from gateway.errors import ConfigurationError

_BUSY_SECONDS = 10
_SQLITE = "sqlite:////var/lib/order-gateway/gateway.db"
_POSTGRESQL = "postgresql://gateway:PASSWORD@db.example/gateway"
_EXAMPLES = f"write it like {_SQLITE} or {_POSTGRESQL}"

WRITE_LOCK = 0x6F72646572_6777
"""The key of the advisory lock that a writing transaction on PostgreSQL holds ("ordergw" in bytes)."""

# A process that stops in the middle of a transaction (frozen, cut off) must not hold up all others: the server ends
# its transaction. Acts compute for milliseconds.
_SESSION = (
    "SET synchronous_commit = on; SET timezone = 'UTC'; "
    "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '30s'"
)


class Use(StrEnum):
    """What an engine's transactions are for."""

    read = "read"
    write = "write"
    append = "append"  # inserts that read nothing


_BEGIN_POSTGRESQL = {
    Use.read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    Use.write: f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})",
    Use.append: "BEGIN",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. ``file`` is None for a database server."""

    url: URL
    file: Path | None

    def __str__(self) -> str:
        """Name the place without user and password, for messages."""
        if self.file is not None:
            return str(self.file)
        host = self.url.query.get("host") or self.url.host or "this machine"
        port = "" if self.url.port is None else f":{self.url.port}"
        return f"{self.url.database or ''} on PostgreSQL at {host if isinstance(host, str) else host[0]}{port}"


def parse_url(url: str) -> Address:
    """Return where the database is that ``url`` names.

    Raises ConfigurationError, which never shows the URL (it may hold a password), for anything but an SQLite file
    (an in-memory database cannot be shared between the writer and the readers) or a PostgreSQL database, and when
    what PostgreSQL needs is not installed.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(f"the database URL cannot be read: {_EXAMPLES}") from error
    backend, _, driver = parts.drivername.partition("+")
    if backend == "sqlite":
        if driver not in {"", "pysqlite"} or not parts.database or parts.database == ":memory:":
            raise ConfigurationError(f"the database URL must name a file: {_EXAMPLES}")
        return Address(parts, Path(parts.database))
    if backend not in {"postgresql", "postgres"}:
        raise ConfigurationError(f"the database URL names {backend!r}; SQLite and PostgreSQL are known: {_EXAMPLES}")
    if driver not in {"", "psycopg"}:
        raise ConfigurationError(f"the database URL names the driver {driver!r}; leave it out: {_EXAMPLES}")
    if not parts.database:
        raise ConfigurationError(f"the database URL names no database: {_EXAMPLES}")
    if find_spec("psycopg") is None:
        raise ConfigurationError(
            "the database URL names PostgreSQL, for which a part is missing: "
            "run `pip install 'order-gateway[postgres]'`"
        )
    return Address(parts.set(drivername="postgresql+psycopg"), None)


def make_engine(url: str, use: Use, *, connections: int = 1) -> Engine:
    """Return an engine whose transactions begin where we say and are written to the disk when they are committed.

    See the module about ``use``; on SQLite appending is writing. Raises ConfigurationError as `parse_url`.
    """
    address = parse_url(url)
    if address.file is not None:
        return _sqlite(address, address.file, connections=connections, writes=use is not Use.read)
    return _postgresql(address.url, use, connections)


def unusable(url: str, error: Exception, what: str) -> ConfigurationError:
    """Return the error that says why the database ``what`` ("cannot be opened"), and what to do."""
    address = parse_url(url)
    reason = type(error).__name__
    if isinstance(error, DBAPIError):
        reason = " ".join(str(error.orig).split())
    if address.file is not None:
        do = "check the path, its rights and the disk, or restore a backup with `gateway restore`"
    else:
        do = "check that the server runs, the URL, and the rights of its user"
    return ConfigurationError(f"the database {address} {what} ({reason}): {do}")


def _sqlite(address: Address, file: Path, *, connections: int, writes: bool) -> Engine:
    mode = "rwc" if writes else "ro"
    engine = create_engine(
        address.url,
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

    _begins_with(engine, "BEGIN IMMEDIATE" if writes else "BEGIN")
    return engine


def _postgresql(url: URL, use: Use, connections: int) -> Engine:
    told = url.query
    noticed = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        paramstyle="format",  # marks in the order of a tuple, as `gateway.storage.statements` fills them
        use_native_hstore=False,
        # we say where a transaction begins; a server that went silent is noticed
        connect_args={
            "autocommit": True,
            "client_encoding": "UTF8",
            "application_name": f"order-gateway {use}",
            **{name: value for name, value in noticed.items() if name not in told},
        },
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        connection.execute(_SESSION).close()
        connection.adapters.register_dumper(str, _text_without_nul())

    @event.listens_for(engine, "handle_error")
    def _understand(context: ExceptionContext) -> None:
        told = getattr(context.original_exception, "diag", None)
        if told is not None and told.severity_nonlocalized in {"FATAL", "PANIC"}:
            context.is_disconnect = True  # the server's last words; the driver learns of the end only at its next call
        # the server adds what stood in the row, or its key; that is for nobody's log
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None and error.args and isinstance(error.args[0], str):
                error.args = (error.args[0].partition("\nDETAIL:")[0], *error.args[1:])

    _begins_with(engine, _BEGIN_POSTGRESQL[use])
    return engine


@cache
def _text_without_nul() -> type[Any]:
    """Return what writes texts for PostgreSQL, which refuses the character NUL: it becomes U+FFFD."""
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415 - installed only where PostgreSQL is used

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> bytes:
            return bytes(super().dump(obj.replace("\0", "\ufffd")) or b"")

    return WithoutNul


def _begins_with(engine: Engine, words: str) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(words)

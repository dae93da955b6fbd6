"""Bring a database to this release's tables, and refuse to work on another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Text, and_, column, or_, select, table, text
from sqlalchemy.exc import DatabaseError

from gateway.errors import ConfigurationError
from gateway.storage.engines import Use, make_engine, parse_url, unusable
from gateway.storage.process_lock import ProcessLock
from gateway.storage.schema import metadata

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str, *, lock: Path | None = None, revision: str = "head") -> None:
    """Make the tables, or bring them to ``revision``, in one transaction: all of it happens or nothing.

    With ``lock`` the lock file of an SQLite database is held meanwhile; on PostgreSQL all writers wait, whichever
    process they are in. Raises ConfigurationError when another process holds the lock file, when the database was
    made by a newer release, or when it cannot be written or reached.
    """
    _move(url, lock, command.upgrade, revision)


def downgrade(url: str, revision: str, *, lock: Path | None = None) -> None:
    """Take the tables back to ``revision`` ("base": none), as `upgrade` brings them forward."""
    _move(url, lock, command.downgrade, revision)


def current(url: str) -> str | None:
    """Return the revision a database is at, None when it has no tables of ours or there is no file."""
    file = parse_url(url).file
    if file is not None and not file.is_file():
        return None
    engine = make_engine(url, Use.read)
    try:
        with engine.connect() as connection:
            return revision_of(connection)
    except DatabaseError as error:
        raise unusable(url, error, "cannot be used") from error
    finally:
        engine.dispose()


def head() -> str:
    """Return the revision this release works with."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise ConfigurationError("the package holds no migrations: install it again")
    return revision


def known_revisions() -> frozenset[str]:
    """Return every revision this release can bring forward."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the database behind ``connection``."""
    return MigrationContext.configure(connection).get_current_revision()


def check_at_head(connection: Connection) -> None:
    """Raise ConfigurationError, saying what to run, unless the database is at this release's revision."""
    found = revision_of(connection)
    if found == head():
        return
    if found is not None and found not in known_revisions():
        raise ConfigurationError(
            f"the database is at revision {found}, which this release does not know: it was made by a newer release; "
            "install that one, or restore a backup made before"
        )
    state = "has no tables yet" if found is None else f"is at revision {found}, this release needs {head()}"
    raise ConfigurationError(f"the database {state}: run `gateway db upgrade`")


def _move(url: str, lock: Path | None, run: Callable[[Config, str], None], revision: str) -> None:
    file = parse_url(url).file
    if file is not None and not file.parent.is_dir():
        raise ConfigurationError(
            f"the folder {file.parent} of the database does not exist: make it, or correct the URL"
        )
    held = None if lock is None or file is None else ProcessLock(lock)
    if held is not None:
        held.take()
    engine = make_engine(url, Use.write)
    try:
        with engine.begin() as connection:
            if file is None:
                _prepare_server(connection)
            found = revision_of(connection)
            if found is not None and found not in known_revisions():
                check_at_head(connection)
            config = _config()
            config.attributes["connection"] = connection
            run(config, revision)
            if file is None:
                _take_any_text(connection)
            now_at = revision_of(connection)
        if file is None:
            _see_to_queue(url, needed=now_at is not None)
    except DatabaseError as error:
        raise unusable(url, error, "cannot be used") from error
    finally:
        engine.dispose()
        if held is not None:
            held.release()


def _see_to_queue(url: str, *, needed: bool) -> None:
    """Make, upgrade or drop the tables of the queue that hands due work to many workers."""
    from gateway.storage import queue_tables  # noqa: PLC0415 - its packages are there with PostgreSQL's only

    (queue_tables.install if needed else queue_tables.remove)(parse_url(url).url)


def _prepare_server(connection: Connection) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigurationError(
            f"the database stores text as {encoding}, which cannot hold every name and title: "
            "make one with `createdb --encoding UTF8 --template template0`"
        )
    # a migration may compute for long between two statements, and waits for the writers of a busy gateway
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5min'")


_COLUMNS = table(
    "columns",
    *(column(name, Text) for name in ("table_name", "column_name", "data_type", "collation_name")),
    column("table_schema", Text),
    schema="information_schema",
)


def _take_any_text(connection: Connection) -> None:
    """Let every text column of ours be of any length and compare byte by byte, as in SQLite.

    Order numbers are found by how they begin, and pages go on behind the last row: neither may depend on the locale
    that somebody made the database with. On tables just made this costs nothing.
    """
    at = _COLUMNS.c
    ours = (
        select(at.table_name, at.column_name)
        .where(at.table_schema == text("current_schema()"), at.table_name.in_(list(metadata.tables)))
        .where(
            or_(
                at.data_type == "character varying",
                and_(at.data_type == "text", at.collation_name.is_distinct_from("C")),
            )
        )
        .order_by(at.table_name, at.column_name)
    )
    changes: dict[str, list[str]] = {}
    for name, of in connection.execute(ours).all():
        changes.setdefault(name, []).append(f'ALTER COLUMN "{of}" TYPE text COLLATE "C"')
    for name, alterations in changes.items():
        connection.exec_driver_sql(f'ALTER TABLE "{name}" {", ".join(alterations)}')


def _config() -> Config:
    config = Config()
    # "%" would be read as the beginning of a variable
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())

"""Bring a database to this release's tables, and refuse to work on another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from gateway.errors import ConfigurationError
from gateway.storage.engines import parse_url, sqlite_engine
from gateway.storage.process_lock import ProcessLock

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: str, *, lock: Path | None = None, revision: str = "head") -> None:
    """Make the tables, or bring them to ``revision``, in one transaction: all of it happens or nothing.

    With ``lock`` the lock file is held meanwhile. Raises ConfigurationError when another process holds it, when the
    database was made by a newer release, or when the file cannot be written.
    """
    _move(url, lock, command.upgrade, revision)


def downgrade(url: str, revision: str, *, lock: Path | None = None) -> None:
    """Take the tables back to ``revision`` ("base": none), as `upgrade` brings them forward."""
    _move(url, lock, command.downgrade, revision)


def current(url: str) -> str | None:
    """Return the revision a database is at, None when it has no tables of ours or there is no file."""
    _, file = parse_url(url)
    if not file.is_file():
        return None
    engine = sqlite_engine(url, connections=1, writes=False)
    try:
        with engine.connect() as connection:
            return revision_of(connection)
    except DatabaseError as error:
        raise _unusable(file, error) from error
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
    _, file = parse_url(url)
    if not file.parent.is_dir():
        raise ConfigurationError(
            f"the folder {file.parent} of the database does not exist: make it, or correct the URL"
        )
    held = None if lock is None else ProcessLock(lock)
    if held is not None:
        held.take()
    engine = sqlite_engine(url, connections=1, writes=True)
    try:
        with engine.begin() as connection:
            found = revision_of(connection)
            if found is not None and found not in known_revisions():
                check_at_head(connection)
            config = _config()
            config.attributes["connection"] = connection
            run(config, revision)
    except DatabaseError as error:
        raise _unusable(file, error) from error
    finally:
        engine.dispose()
        if held is not None:
            held.release()


def _config() -> Config:
    config = Config()
    # "%" would be read as the beginning of a variable
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _unusable(file: Path, error: DatabaseError) -> ConfigurationError:
    return ConfigurationError(
        f"the database {file} cannot be used ({error.orig}): check its rights and the disk, "
        "or restore a backup with `gateway restore`"
    )

"""Taking a gateway from SQLite to PostgreSQL, where many processes can share its work."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.config import read_configuration
from gateway.errors import ConfigurationError
from gateway.operations.context import DataFolder
from gateway.operations.stopping import ALL
from gateway.storage import audit, stores
from gateway.storage.database import Database
from gateway.storage.engines import parse_url
from gateway.storage.move import Moved, move
from gateway.storage.process_lock import ProcessLock
from gateway.storage.vault import Vault, master_key_of


@dataclass(frozen=True, slots=True)
class MovedGateway:
    """A gateway that was moved: where to, the rows of each table, and what to do next."""

    database: str
    rows: dict[str, int]
    audit_entries: int
    evidence_files: int
    setting: str
    words: str


async def move_database(
    folder: DataFolder,
    to: str,
    *,
    by: str,
    now: datetime,
    tell: Callable[[str, int], None] = lambda _table, _rows: None,
) -> MovedGateway:
    """Carry everything this gateway has stored over to the empty PostgreSQL database ``to``.

    The old database stays as it is, with its effects stopped, so that starting it by mistake does nothing twice.
    Raises ConfigurationError when the gateway runs, is on PostgreSQL already, its key does not fit, or ``to`` is not
    an empty PostgreSQL database; DataError when what is stored is damaged.
    """
    if read_configuration(folder.configuration).database:
        raise ConfigurationError(
            f"{folder.configuration} names a PostgreSQL database already: there is nothing to move."
        )
    if not folder.database.is_file():
        raise ConfigurationError(f"There is no database {folder.database} to move. --data names another folder.")
    vault = Vault(master_key_of(os.environ, folder.key))
    lock = ProcessLock(folder.lock)
    lock.take()
    try:
        await _check_key(folder, vault)

        def finish(connection: Connection) -> None:
            audit.append(connection, now, by, "database_moved", None, None, {"to": str(parse_url(to))})

        moved: Moved = await asyncio.to_thread(move, folder.sqlite_url, to, tell=tell, finish=finish)
        await _retire(folder, to, by, now)
    finally:
        lock.release()
    shown = parse_url(to).url._replace(drivername="postgresql", password=None).render_as_string(hide_password=False)
    return MovedGateway(
        database=str(parse_url(to)),
        rows=moved.rows,
        audit_entries=moved.audit_entries,
        evidence_files=moved.evidence_files,
        setting=f"database: {shown}",
        words=(
            f"Write the setting into {folder.configuration}; the password belongs into a .pgpass file or PGPASSWORD. "
            "Copy gateway.yaml, the master key and the evidence folder to every machine (or name an evidence URL that "
            f"all of them reach), then start the roles. {folder.database.name} is left as it was, with its effects "
            "stopped; keep it until the first backup of the new one."
        ),
    )


async def _check_key(folder: DataFolder, vault: Vault) -> None:
    database = Database.open(folder.sqlite_url, lock=None, read_only=True)
    try:
        await database.read(lambda c: stores.check_key(c, vault))
    finally:
        await database.close()


async def _retire(folder: DataFolder, to: str, by: str, now: datetime) -> None:
    """Put the brake on in the database that was moved."""

    def act(connection: Connection) -> None:
        stores.set_stop(connection, ALL, True, by, now)
        audit.append(connection, now, by, "database_left", None, None, {"to": str(parse_url(to))})

    database = Database.open(folder.sqlite_url, lock=None)
    try:
        await database.write(act)
    finally:
        await database.close()

"""Taking a gateway from SQLite to PostgreSQL, where many processes can share its work."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from gateway.config import read_configuration
from gateway.errors import ConfigurationError
from gateway.operations.context import DataFolder
from gateway.operations.stopping import ALL
from gateway.storage import audit, migrate, stores
from gateway.storage.database import Database
from gateway.storage.engines import parse_url
from gateway.storage.move import KEPT, LEAVING, LEFT, Moved, arrived, check_stays, move
from gateway.storage.process_lock import ProcessLock
from gateway.storage.vault import Vault, master_key_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MovedGateway:
    """A gateway that was moved: where to, the rows of each table, and what to do next.

    No rows where an earlier move, interrupted after it had carried all of them, was finished.
    """

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

    The old database stays as it is, but nothing starts on it any more, and its effects are stopped: that is written
    there before the first row is carried, so that a move which is interrupted at any instant leaves one of the two to
    work with at most. The same move again finishes it. When it fails, the gateway goes on where it was.
    Raises ConfigurationError when the gateway runs, is on PostgreSQL already, was moved or is being moved to another
    database, its key does not fit, or ``to`` is not an empty PostgreSQL database; DataError when what is stored is
    damaged.
    """
    source = _source(folder)
    vault = Vault(master_key_of(os.environ, folder.key))
    lock = ProcessLock(folder.lock)
    lock.take()
    try:
        await _check_key(folder, vault)
        digest = await _leave(source, to, by, now)
        moved = await _carry(source, to, digest, by, now, tell)
        await _write(source, lambda c: _retire(c, to, by, now))
    finally:
        lock.release()
    return MovedGateway(
        database=str(parse_url(to)),
        rows=moved.rows if moved else {},
        audit_entries=moved.audit_entries if moved else 0,
        evidence_files=moved.evidence_files if moved else 0,
        setting=f"database: {_shown(to)}",
        words=(
            f"Write the setting into {folder.configuration}; the password belongs into a .pgpass file or PGPASSWORD. "
            "Copy gateway.yaml, the master key and the evidence folder to every machine (or name an evidence URL that "
            f"all of them reach), then start the roles. {folder.database.name} is left as it was, and nothing starts "
            "on it any more; keep it until the first backup of the new one."
        ),
    )


async def keep_database(folder: DataFolder, *, by: str, now: datetime) -> str:
    """Go on with the SQLite database after all; return which one another move had been for.

    Of a move that was done the effects stay stopped here until somebody lets them go on.
    Raises ConfigurationError when it was not left, or the gateway is on PostgreSQL.
    """
    source = _source(folder)
    lock = ProcessLock(folder.lock)
    lock.take()
    try:

        def keep(c: Connection) -> str:
            last = next(iter(audit.latest(c, 1)), None)
            if last is None or last.what not in {LEAVING, LEFT}:
                raise ConfigurationError("This database was not left for another one: there is nothing to take back.")
            audit.append(c, now, by, KEPT, None, None, last.details)
            return last.details["to"]

        return await _write(source, keep)
    finally:
        lock.release()


def _source(folder: DataFolder) -> str:
    """Return the URL of the SQLite database of a gateway. Raises ConfigurationError when there is none to move."""
    if read_configuration(folder.configuration).database:
        raise ConfigurationError(
            f"{folder.configuration} names a PostgreSQL database already: there is nothing to move."
        )
    if not folder.database.is_file():
        raise ConfigurationError(f"There is no database {folder.database} to move. --data names another folder.")
    return folder.sqlite_url


async def _leave(source: str, to: str, by: str, now: datetime) -> str:
    """Write down that the gateway is being moved, unless that stands there; return the hash of that entry."""
    if parse_url(to).file is not None:
        raise ConfigurationError("a database is moved from SQLite to PostgreSQL: name a postgresql:// URL")

    def leave(c: Connection) -> str:
        last = next(iter(audit.latest(c, 1)), None)
        if last is None or last.what != LEAVING or last.details["to"] != _shown(to):
            check_stays(c)
            audit.append(c, now, by, LEAVING, None, None, {"to": _shown(to)})
        return audit.last_hash(c)

    return await _write(source, leave)


async def _carry(
    source: str, to: str, digest: str, by: str, now: datetime, tell: Callable[[str, int], None]
) -> Moved | None:
    """Carry all rows over; None when an earlier move, which was interrupted right after, has done it."""
    if await asyncio.to_thread(arrived, to, digest):
        return None

    def finish(connection: Connection) -> None:
        audit.append(connection, now, by, "database_moved", None, None, {"to": _shown(to)})

    try:
        return await asyncio.to_thread(move, source, to, tell=tell, finish=finish)
    except Exception:
        if not await asyncio.to_thread(arrived, to, digest):  # else the answer to its last word was lost
            await _write(source, lambda c: audit.append(c, now, by, KEPT, None, None, {"to": _shown(to)}))
            raise
        return None


async def _check_key(folder: DataFolder, vault: Vault) -> None:
    database = Database.open(folder.sqlite_url, lock=None, read_only=True)
    try:
        await database.read(migrate.check_at_head)
        await database.read(lambda c: stores.check_key(c, vault))
    finally:
        await database.close()


def _retire(connection: Connection, to: str, by: str, now: datetime) -> None:
    """Put the brake on in the database that was moved, and say so."""
    stores.set_stop(connection, ALL, True, by, now)
    audit.append(connection, now, by, LEFT, None, None, {"to": _shown(to)})


def _shown(to: str) -> str:
    """Return a URL as it may be written down: without its password."""
    return parse_url(to).url._replace(drivername="postgresql", password=None).render_as_string(hide_password=False)


async def _write(source: str, act: Callable[[Connection], T]) -> T:
    database = Database.open(source, lock=None)
    try:
        return await database.write(act)
    finally:
        await database.close()

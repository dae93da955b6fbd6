"""One file that holds everything but the key, and the way back from it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.errors import ConfigurationError
from gateway.operations.context import Context, DataFolder
from gateway.operations.own_settings import has_settings, own_settings
from gateway.storage import backup as storage
from gateway.storage.database import Database
from gateway.storage.engines import parse_url
from gateway.storage.stores import check_key
from gateway.storage.vault import Vault, master_key_of


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made. ``settings`` are the files of that kind in it; ``reminder`` says what is not in it."""

    file: Path
    size: int
    orders: int
    made_at: datetime
    reminder: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was put back, verified. ``key_fits`` None: no key is there yet; ``words`` say what to do then.

    ``settings`` were put back, ``settings_left`` are in the backup and were not asked for.
    """

    folder: Path
    made_at: datetime
    revision: str
    orders: int
    key_fits: bool | None
    words: str
    settings: tuple[str, ...] = ()
    settings_left: tuple[str, ...] = ()


async def backup(context: Context, file: Path) -> BackedUp:
    """Copy database, evidence and settings into the new file ``file``; another process may run the gateway.

    Raises ConfigurationError when the file is there already or cannot be written, and on PostgreSQL, whose own tool
    does it better.
    """
    _only_sqlite(context.folder, "pg_dump --format=custom --file=gateway.dump", "copy")
    folder, now = context.folder, context.clock.now()
    own = await asyncio.to_thread(own_settings, folder)
    manifest = await asyncio.to_thread(storage.backup, folder.database, folder.evidence, file, now, own.files)
    size = await asyncio.to_thread(lambda: file.stat().st_size)
    reminder, elsewhere = storage.KEY_REMINDER, context.configuration.evidence.url
    if elsewhere:
        reminder += f" Neither are the evidence files at {elsewhere}: keep a copy of that place too."
    reminder = " ".join((reminder, *own.left_out))
    return BackedUp(file, size, manifest.rows.get("orders", 0), manifest.made_at, reminder, manifest.settings)


async def restore(folder: DataFolder, file: Path, *, replace: bool = False, with_settings: bool = False) -> Restored:
    """Verify a backup and put it into ``folder``; with ``replace`` over what is there, which is kept aside.

    Settings come back ``with_settings``, or where the folder has none and no database.
    Raises DataError for a damaged backup; ConfigurationError when a database is there and ``replace`` is not set, or
    while another process uses it, or when the gateway stores in PostgreSQL.
    """
    _only_sqlite(folder, "pg_restore --clean --if-exists --dbname=... gateway.dump", "put back")
    held = folder.lock if folder.path.is_dir() else None
    take = with_settings or not await asyncio.to_thread(has_settings, folder)
    manifest = await asyncio.to_thread(storage.restore, file, folder.path, overwrite=replace, settings=take, lock=held)
    fits, words = await _try_key(folder)
    orders = manifest.rows.get("orders", 0)
    taken, left = (manifest.settings, ()) if take else ((), manifest.settings)
    return Restored(folder.path, manifest.made_at, manifest.revision, orders, fits, words, taken, left)


def _only_sqlite(folder: DataFolder, tool: str, what: str) -> None:
    if folder.serves_many:
        raise ConfigurationError(
            f"This gateway stores in {parse_url(folder.database_url)}, and a backup file holds an SQLite database. "
            f"Use PostgreSQL's own tool, `{tool}`, and {what} {folder.evidence}, the settings (gateway.yaml, "
            "automations.yaml, rules/) and the master key beside it."
        )


async def _try_key(folder: DataFolder) -> tuple[bool | None, str]:
    try:
        vault = Vault(master_key_of(os.environ, folder.key))
    except ConfigurationError as error:
        return None, f"Put the key this backup was made with into {folder.key}: {error}"
    database = Database.open(folder.database_url, lock=None, read_only=True)
    try:
        await database.read(lambda c: check_key(c, vault))
    except ConfigurationError as error:
        return False, f"The key at hand is not the one this backup was made with: {error}"
    finally:
        await database.close()
    return True, "The key at hand opens it."

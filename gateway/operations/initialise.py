"""Making a data folder, and bringing its database to the present revision."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config import TEMPLATE, read_configuration
from gateway.errors import ConfigurationError
from gateway.operations.context import DataFolder
from gateway.storage import migrate
from gateway.storage.engines import parse_url
from gateway.storage.vault import KEY_VARIABLE, create_key_file, master_key_of


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made, and what was there before and left as it was. ``key_in`` says where the master key is."""

    folder: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    key_in: str
    revision: str


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The database's revision before and after; equal when there was nothing to do. None: it was empty."""

    before: str | None
    after: str


async def initialise(folder: DataFolder, environment: Mapping[str, str]) -> Initialised:
    """Make what a gateway needs to keep its things: folder (mode 700), configuration, master key, database.

    Whatever is there already is kept, so doing it twice is harmless. Raises ConfigurationError when the folder cannot
    be made, when what is there is broken, or when a database is there whose key is not.
    """
    made: list[str] = []
    kept: list[str] = []

    def note(name: str, *, new: bool) -> None:
        (made if new else kept).append(name)

    note("folder", new=_make_folder(folder.path))
    note(folder.configuration.name, new=_write_new(folder.configuration, TEMPLATE))
    read_configuration(folder.configuration)
    fresh = await asyncio.to_thread(_is_fresh, folder)
    if KEY_VARIABLE in environment:
        key_in = f"the variable {KEY_VARIABLE}"
    else:
        key_in = str(folder.key)
        note(folder.key.name, new=_make_key(folder, fresh=fresh))
    master_key_of(environment, folder.key)
    _make_folder(folder.evidence)
    upgraded = await upgrade_database(folder)
    note("database" if folder.serves_many else folder.database.name, new=upgraded.before is None)
    return Initialised(folder.path, tuple(made), tuple(kept), key_in, upgraded.after)


async def upgrade_database(folder: DataFolder) -> Upgraded:
    """Bring the database to the revision this version works with; rows are kept.

    Raises ConfigurationError when the folder is missing, or while another process uses the database.
    """
    if not folder.path.is_dir():
        raise ConfigurationError(
            f"There is no data folder {folder.path}. Make it with `gateway init`, or name another with --data."
        )
    return await asyncio.to_thread(_upgrade, folder)


def _upgrade(folder: DataFolder) -> Upgraded:
    before = migrate.current(folder.database_url)
    after = migrate.head()
    if before != after:
        migrate.upgrade(folder.database_url, lock=folder.lock)
    return Upgraded(before, after)


def _make_folder(path: Path) -> bool:
    if path.is_dir():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {path} cannot be made ({error.strerror}). Name a place this user may write to with --data."
        ) from error
    return True


def _write_new(path: Path, text: str) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}). Let this user write in the data folder."
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def _is_fresh(folder: DataFolder) -> bool:
    """Return whether nothing was stored yet that a key would open."""
    return migrate.current(folder.database_url) is None if folder.serves_many else not folder.database.exists()


def _make_key(folder: DataFolder, *, fresh: bool) -> bool:
    if folder.key.exists():
        return False
    if folder.serves_many and not fresh:
        raise ConfigurationError(
            f"{parse_url(folder.database_url)} is in use already, and the key it is sealed with is not here. Copy "
            f"{folder.key.name} from the machine that made it, or set {KEY_VARIABLE}; a new key could not open what is "
            "stored."
        )
    if not fresh:
        raise ConfigurationError(
            f"{folder.path} holds a database but not the key it is sealed with. Put its {folder.key.name} back, or set "
            f"{KEY_VARIABLE}; a new key could not open what is stored."
        )
    create_key_file(folder.key)
    return True

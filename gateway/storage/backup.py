"""One file that holds everything but the key: made while the gateway runs, verified before it is put back.

The file is a tar: ``gateway.db`` (SQLite's online copy of one instant), ``evidence/``, ``settings/`` (what the shop
has set for itself), ``README.txt`` and, last, ``manifest.json``: schema revision, rows of each table, the audit
trail's last hash, the SHA-256 of each part.
"""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import ValidationError
from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.pool import NullPool

from gateway.errors import ConfigurationError, DataError
from gateway.model.base import Frozen, Instant
from gateway.storage import audit, evidence_register, schema
from gateway.storage.migrate import known_revisions, revision_of
from gateway.storage.process_lock import ProcessLock

KEY_REMINDER = (
    "The master key is NOT in this file. Keep a copy of the key file (or of the variable ORDER_GATEWAY_KEY) in another "
    "safe place: without it credentials and personal data in this backup cannot be opened by anybody."
)
_DATABASE = "gateway.db"
_EVIDENCE = "evidence"
_SETTINGS = "settings"
_MANIFEST = "manifest.json"
_README = "README.txt"
_CHUNK = 1 << 20
_PLACES = ("gateway.yaml", "automations.yaml", "rules/*.yaml")  # of settings, below the data folder


class Part(Frozen):
    """One file in a backup."""

    sha256: str
    size: int


class Manifest(Frozen):
    """What a backup holds and how to tell that it is whole."""

    format: int = 1
    made_at: Instant
    revision: str
    rows: dict[str, int]
    audit_hash: str
    parts: dict[str, Part]

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings it holds, by their names below the data folder."""
        return tuple(name.removeprefix(f"{_SETTINGS}/") for name in self.parts if name.startswith(f"{_SETTINGS}/"))


def backup(
    database: Path, evidence: Path, target: Path, now: datetime, settings: Mapping[str, bytes] | None = None
) -> Manifest:
    """Write the database and the evidence folder into the new file ``target`` and return its manifest.

    ``settings`` are files by their names below the data folder; whoever hands them over has looked for secrets.
    The gateway may be running: the copy is of one instant, and writers are not held up. The file appears whole or
    not at all, readable by this user only. Raises ConfigurationError when there is no database to copy, it is
    not one of ours, or ``target`` is there already or cannot be written.
    """
    if not database.is_file():
        raise ConfigurationError(f"there is no database at {database}: nothing to back up")
    if target.exists():
        raise ConfigurationError(f"{target} is there already: name a new file, a backup is never overwritten")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            copy = Path(folder, _DATABASE)
            _copy_online(database, copy)
            whole = Path(folder, "whole.tar")
            with whole.open("xb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                whole.chmod(0o600)
                manifest = _fill(tar, copy, evidence, now, settings or {})
            _sync(whole)
            whole.rename(target)
            _sync(target.parent)
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{database} cannot be read as a database: restore an earlier backup") from error
    except OSError as error:
        raise ConfigurationError(
            f"the backup {target} cannot be written ({error.strerror or error}): check the folder, rights and disk"
        ) from error
    return manifest


def restore(
    file: Path, data: Path, *, overwrite: bool = False, settings: bool = False, lock: Path | None = None
) -> Manifest:
    """Verify a backup and put it into the folder ``data`` as ``gateway.db`` and ``evidence/``; return its manifest.

    Everything is unpacked and checked beside (hashes, SQLite's integrity check, schema revision, rows, audit trail)
    before anything in place is touched. With ``overwrite`` what was there is kept in a new folder ``replaced-...``;
    evidence files that only the folder has stay. With ``settings`` those of the backup, if it holds any, take the
    place of all that the folder has, which are kept there too. ``lock`` is held meanwhile.
    Raises DataError when the backup is damaged; ConfigurationError when a database is there and ``overwrite`` is not
    set, another process holds the lock, or the backup was made by a newer release.
    """
    if not file.is_file():
        raise ConfigurationError(f"there is no backup file {file}")
    if (data / _DATABASE).exists() and not overwrite:
        raise ConfigurationError(
            f"{data} holds a database already: restore into an empty folder, or say that it may be replaced"
        )
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(lock), tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as folder:
            manifest = _unpack(file, Path(folder))
            _check_database(Path(folder, _DATABASE), manifest)
            _put_in_place(Path(folder), data, manifest, settings=settings)
    except OSError as error:
        raise ConfigurationError(
            f"{data} cannot be written ({error.strerror or error}): check the folder, its rights and the disk"
        ) from error
    return manifest


def _copy_online(database: Path, copy: Path) -> None:
    source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)
    with closing(source), closing(sqlite3.connect(copy)) as target:
        source.execute("PRAGMA query_only=ON")
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, no log beside it
    copy.chmod(0o600)


def _fill(tar: tarfile.TarFile, copy: Path, evidence: Path, now: datetime, settings: Mapping[str, bytes]) -> Manifest:
    parts = {_DATABASE: _add_file(tar, copy, _DATABASE, now)}
    # after the database: evidence is only ever added, so all that the copy speaks of is here
    for path in sorted(evidence.rglob("*")) if evidence.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):  # one being written
            name = f"{_EVIDENCE}/{path.relative_to(evidence).as_posix()}"
            parts[name] = _add_file(tar, path, name, now)
    for name in sorted(settings):
        parts[f"{_SETTINGS}/{name}"] = _add_bytes(tar, settings[name], f"{_SETTINGS}/{name}", now)
    parts[_README] = _add_bytes(tar, (KEY_REMINDER + "\n").encode(), _README, now)
    revision, rows, last = _describe(copy)
    manifest = Manifest(made_at=now, revision=revision, rows=rows, audit_hash=last, parts=parts)
    _add_bytes(tar, manifest.model_dump_json(indent=1).encode(), _MANIFEST, now)
    return manifest


def _describe(database: Path) -> tuple[str, dict[str, int], str]:
    """Return revision, rows of each table and last hash of the audit trail."""
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool)
    with engine.connect() as connection:
        revision = revision_of(connection)
        if revision is None or revision not in known_revisions():
            found = (
                "has no tables of ours" if revision is None else f"is at revision {revision}, made by a newer release"
            )
            raise ConfigurationError(f"the database {found}: use the release that made it")
        present = set(inspect(connection).get_table_names())
        rows = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
            if table.name in present
        }
        newest = select(schema.audit.c.hash).order_by(schema.audit.c.seq.desc()).limit(1)
        return revision, rows, connection.execute(newest).scalar_one_or_none() or ""


def _unpack(file: Path, folder: Path) -> Manifest:
    """Unpack into ``folder`` and return the manifest, every part compared with it."""
    found: dict[str, Part] = {}
    told = b""
    try:
        with tarfile.open(file, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or not _is_ours(member.name) or member.name in found:
                    raise _damaged(file, f"it holds {member.name!r}, which no backup of ours does")
                if member.name == _MANIFEST:
                    told = content.read()
                    continue
                target = folder / member.name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with target.open("xb") as written:
                    target.chmod(0o600)
                    found[member.name] = _copy(content, written)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(file, "it is cut off or no tar file") from error
    try:
        manifest = Manifest.model_validate_json(told)
    except ValidationError as error:
        raise _damaged(file, "its manifest is missing or cannot be read") from error
    if manifest.format != 1:
        raise ConfigurationError(f"{file} was made by a newer release: restore it with that one")
    for name in sorted({*manifest.parts, *found}):
        if manifest.parts.get(name) != found.get(name):
            raise _damaged(file, f"{name} is not what the manifest says")
    if _DATABASE not in found:
        raise _damaged(file, "it holds no database")
    return manifest


def _check_database(database: Path, manifest: Manifest) -> None:
    with closing(sqlite3.connect(database)) as connection:
        try:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise DataError("the database in the backup is damaged: use another backup") from error
    if said != "ok":
        raise DataError("the database in the backup is damaged (integrity check): use another backup")
    if _describe(database) != (manifest.revision, manifest.rows, manifest.audit_hash):
        raise DataError("the database in the backup is not the one its manifest describes: use another backup")
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool)
    with engine.connect() as connection:
        audit.verify(connection)
        if inspect(connection).has_table(schema.evidence.name):  # not in the first releases
            evidence_register.verify(connection)


def _put_in_place(folder: Path, data: Path, manifest: Manifest, *, settings: bool) -> None:
    """Put the checked parts into place, the database last: before that step the folder has none or the old one."""
    wanted = manifest.settings if settings else ()
    present = sorted({each for pattern in _PLACES for each in data.glob(pattern)}) if wanted else []
    old = [data / f"{_DATABASE}{suffix}" for suffix in ("-wal", "-shm", "")]
    going = any(path.exists() for path in (*old, *present))
    aside = Path(tempfile.mkdtemp(prefix="replaced-", dir=data)) if going else data
    for name in manifest.parts:
        if name.startswith(f"{_EVIDENCE}/"):
            target = data / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / name).replace(target)
    for path in present:
        _move(path, aside / path.relative_to(data))
    for name in wanted:
        _move(folder / _SETTINGS / name, data / name)
    for path in old:  # the log first: one left beside the new database would be applied to it
        if path.exists():
            path.rename(aside / path.name)
    _sync(folder / _DATABASE)
    (folder / _DATABASE).rename(data / _DATABASE)
    _sync(data)


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.rename(target)


def _is_ours(name: str) -> bool:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name:
        return False
    if path.parts[0] == _SETTINGS:
        inner = path.parts[1:]
        in_rules = inner[:-1] == ("rules",) and path.suffix == ".yaml"
        return in_rules or (len(inner) == 1 and path.name in _PLACES)
    return name in {_DATABASE, _README, _MANIFEST} or (path.parts[0] == _EVIDENCE and len(path.parts) > 1)


def _damaged(file: Path, why: str) -> DataError:
    return DataError(f"the backup {file} is damaged: {why}. Nothing was changed; use another backup")


@contextmanager
def _held(lock: Path | None) -> Iterator[None]:
    if lock is None:
        yield
        return
    held = ProcessLock(lock)
    held.take()
    try:
        yield
    finally:
        held.release()


def _add_file(tar: tarfile.TarFile, path: Path, name: str, now: datetime) -> Part:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        file.seek(0)
        tar.addfile(_member(name, size, now), file)
    return Part(sha256=digest, size=size)


def _add_bytes(tar: tarfile.TarFile, content: bytes, name: str, now: datetime) -> Part:
    tar.addfile(_member(name, len(content), now), io.BytesIO(content))
    return Part(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _member(name: str, size: int, now: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(now.timestamp())
    return member


def _copy(source: IO[bytes], target: IO[bytes]) -> Part:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return Part(sha256=digest.hexdigest(), size=size)


def _sync(path: Path) -> None:
    """Return when a file, or which names a folder has, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The files of every rule set that a decision was made with, each set once, found by the hash of its bytes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, bindparam, insert, select

from gateway.errors import DataError
from gateway.storage.moments import to_micros
from gateway.storage.schema import rule_files

_THERE = select(rule_files.c.digest).where(rule_files.c.digest == bindparam("the_digest"))


def keep(connection: Connection, version: str, files: bytes, at: datetime) -> str:
    """Keep the files of a rule set unless they are there already; return the digest by which `kept` finds them."""
    digest = _digest(files)
    if connection.execute(_THERE, {"the_digest": digest}).first() is None:
        connection.execute(insert(rule_files).values(digest=digest, version=version, files=files, at=to_micros(at)))
    return digest


def kept(connection: Connection, digest: str) -> bytes:
    """Return the files that `keep` was given. Raises DataError when they are gone or were altered."""
    files = connection.execute(select(rule_files.c.files).where(rule_files.c.digest == digest)).scalar_one_or_none()
    if files is None:
        raise DataError(f"the rule files {digest} are not in the database any more; compare a backup")
    if hashlib.sha256(files).hexdigest() != digest:
        raise DataError(f"the rule files {digest} were altered after they were kept; compare a backup")
    return bytes(files)


@lru_cache(maxsize=16)  # every decision of a store is made with the same files
def _digest(files: bytes) -> str:
    return hashlib.sha256(files).hexdigest()

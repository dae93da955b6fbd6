"""SQLite's write-ahead log, which holds pages as they were until it is written over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_PATIENCE = 5.0  # seconds to wait for those who read or write just now


def empty(database: Path) -> bool:
    """Carry the log of an SQLite database into its file and empty it; what was deleted is then nowhere any more.

    Return whether that could be done now: somebody may be reading an older state, and it is done at the next chance.
    """
    with closing(sqlite3.connect(database, timeout=_PATIENCE)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy

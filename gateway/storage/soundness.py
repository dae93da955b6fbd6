"""Whether the database file is whole."""

from __future__ import annotations

from sqlalchemy import Connection


def damage(connection: Connection) -> list[str]:
    """Return what SQLite's quick check finds wrong with the file, one sentence each; nothing when it is sound."""
    told = [str(word) for word in connection.exec_driver_sql("PRAGMA quick_check(20)").scalars()]
    return [] if told == ["ok"] else told

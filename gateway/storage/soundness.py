"""Whether the database keeps what it was given."""

from __future__ import annotations

from sqlalchemy import Connection

_NEEDED = ("fsync", "full_page_writes")


def damage(connection: Connection) -> list[str]:
    """Return what is wrong with the database, one sentence each; nothing when it is sound.

    Of an SQLite file that is what its quick check finds. A PostgreSQL server checks its own pages; here it is asked
    whether it writes them so that they survive a power cut.
    """
    if connection.dialect.name == "sqlite":
        told = [str(word) for word in connection.exec_driver_sql("PRAGMA quick_check(20)").scalars()]
        return [] if told == ["ok"] else told
    off = [name for name in _NEEDED if connection.exec_driver_sql(f"SHOW {name}").scalar_one() != "on"]
    return [f"the server's {name} is off: a power cut loses or damages what was stored" for name in off]

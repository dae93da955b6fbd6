"""The time by the database's own clock: what leases of several processes are measured with, never due times."""

from __future__ import annotations

from sqlalchemy import Connection

_NOW = {
    "sqlite": "select cast((julianday('now') - 2440587.5) * 86400000000 as integer)",
    "postgresql": "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
}


def real_micros(connection: Connection) -> int:
    """Return the real time in microseconds since the epoch, the same for all processes on one database."""
    found: int = connection.exec_driver_sql(_NOW[connection.dialect.name]).scalar_one()
    return found

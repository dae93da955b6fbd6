"""What all tables are written with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(80)
Word = String(60)
# SQLite numbers rows by itself only for INTEGER PRIMARY KEY
Serial = BigInteger().with_variant(Integer(), "sqlite")


def at(name: str, *, nullable: bool = False) -> Column[int]:
    """Return a column for an instant: whole microseconds since the epoch, UTC."""
    return Column(name, BigInteger, nullable=nullable)

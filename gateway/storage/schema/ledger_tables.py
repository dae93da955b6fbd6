"""What the platforms count: closes, points, appeals."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

# What became of each close that spends a store's monthly allotment, and of those that are under way. Append-only:
# the last row of an order tells how it stands. ``seq`` counts from 1 in each store without a gap, so of two writers
# that go on from the same row one is refused (`gateway.ledger.quota`).
quota_entries = Table(
    "quota_entries",
    metadata,
    Column("store", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    at("at"),
    Column("month", Word, nullable=False),  # "2026-03": the store's own calendar
    Column("order_id", Id, nullable=False),
    Column("state", Word, nullable=False),  # reserved, released, spent, withdrawn
    Column("units", Integer, nullable=False),
    Column("points", Integer, nullable=False),  # what the close costs beyond the free ones
    Column("holder", Id),  # the effect or the intent it is held for; None: found by sync
    Column("reason", Word),
    Column("contacted", Boolean),  # whether the buyer was written to before; None: nobody knows
    Column("by", Id, nullable=False),
    Column("because", Text, nullable=False),
    PrimaryKeyConstraint("store", "seq"),
    Index(None, "store", "order_id"),
)

# A store's points: readings of the whole, and what was taken, is expected or came back. Append-only.
points_entries = Table(
    "points_entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("kind", Word, nullable=False),  # told, read | taken, expected, withdrawn, returned
    Column("points", Integer, nullable=False),
    Column("order_id", Id),
    Column("rule", Word),
    Column("by", Id, nullable=False),
    at("at"),
    Column("because", Text, nullable=False),
    Index(None, "store", "id"),
)

# Appeals against points. Append-only: the last row of an appeal tells how it stands.
appeal_entries = Table(
    "appeal_entries",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("appeal", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("state", Word, nullable=False),  # opened, won, lost
    Column("points", Integer, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    Column("because", Text, nullable=False),
    Index(None, "store", "order_id"),
    Index(None, "appeal"),
)

"""How far each store has been read, and what could not be read."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

cursors = Table(
    "cursors",
    metadata,
    Column("store", Id, nullable=False),
    Column("stream", Word, nullable=False),
    at("position"),  # everything updated before this instant has been read
    at("window_end", nullable=True),  # a window under way: its end and the next page to read
    Column("next_page", Text),
    at("until", nullable=True),  # where a back-fill ends; None: it follows the clock
    at("moved_at"),
    PrimaryKeyConstraint("store", "stream"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("stream", Word, nullable=False),
    Column("external_id", Id, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    at("first_at"),
    at("last_at"),
    at("resolved_at", nullable=True),
    UniqueConstraint("store", "stream", "external_id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("kind", Word, nullable=False),
    Column("place", Word, nullable=False),
    Column("word", Text, nullable=False),
    Column("example", Id, nullable=False),
    Column("times", Integer, nullable=False),
    at("first_at"),
    at("last_at"),
    UniqueConstraint("store", "kind", "place", "word"),
)

# Orders whose change was missed by the incremental pull and found by reconcile.
gaps = Table(
    "gaps",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("stream", Word, nullable=False),
    at("updated_at"),
    at("found_at"),
)

# How far each platform's rate is used up, for the processes that share it. Losing a row costs nothing but a 429.
shared_rates = Table(
    "shared_rates",
    metadata,
    Column("store", Id, nullable=False),
    Column("endpoint_group", Id, nullable=False),
    at("full_at"),  # when the bucket would be full again
    at("paused_until"),
    PrimaryKeyConstraint("store", "endpoint_group"),
)

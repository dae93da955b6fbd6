"""What is connected: apps, stores, their credentials, and the switches that stop effects."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from gateway.storage.schema.base import Id, Word, at, metadata

apps = Table(
    "apps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Word, nullable=False),
    Column("key", Id, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    at("created_at"),
)

stores = Table(
    "stores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("app", Id, nullable=False),
    Column("platform", Word, nullable=False),
    Column("external_id", Id, nullable=False),
    Column("role", Word, nullable=False),
    Column("region", Word, nullable=False),
    Column("currency", Word, nullable=False),
    Column("time_zone", Word, nullable=False),
    Column("name", Text, nullable=False),
    Column("mode", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("state_reason", Text, nullable=False),
    at("created_at"),
    UniqueConstraint("platform", "external_id", "role"),
)

# Two stores of one account (1688 as buyer and as seller) share a row here.
credentials = Table(
    "credentials",
    metadata,
    Column("app", Id, nullable=False),
    Column("external_id", Id, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    at("expires_at"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("app", "external_id"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("state", Id, primary_key=True),
    Column("app", Id, nullable=False),
    at("created_at"),
    at("expires_at"),
    at("used_at", nullable=True),
)

# Switches that survive a restart: stop_effects for all stores ('') or one.
stops = Table(
    "stops",
    metadata,
    Column("store", Id, primary_key=True),
    Column("by", Id, nullable=False),
    Column("active", Boolean, nullable=False),
    at("at"),
)

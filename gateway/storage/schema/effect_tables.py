"""Due work, and what was wanted, decided and done."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

work = Table(
    "work",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", Word, nullable=False),
    Column("key", String(200), nullable=False),
    Column("state", Word, nullable=False),  # waiting, claimed, done
    at("due_at"),
    Column("payload", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # one more with every claim; an older one may no longer write
    Column("worker", Id),
    Column("delivery", BigInteger),  # the queue's job through which it is claimed; None: claimed from this table
    Column("last_error", Text, nullable=False),
    UniqueConstraint("kind", "key"),
    Index(None, "state", "due_at"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("reason", Word, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    Index(None, "store", "order_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("intent", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    at("at"),
    Column("rule_set", Word, nullable=False),
    Column("scenario", LargeBinary, nullable=False),  # canonical bytes
    Column("decision", LargeBinary, nullable=False),  # canonical bytes
    Column("rule_files", String(64)),  # the row of `rule_files`; None: made before these were kept
    Index(None, "store", "order_id"),
)

# The files of every rule set that a decision was made with, so that it can be made again. Append-only.
rule_files = Table(
    "rule_files",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the files
    Column("version", Word, nullable=False),
    Column("files", LargeBinary, nullable=False),
    at("at"),
)

effects = Table(
    "effects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("intent", Id, nullable=False),
    Column("decision", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("operation", Word, nullable=False),
    Column("subject", String(200), nullable=False),  # what must not be done twice: order, request, lines
    Column("act", LargeBinary, nullable=False),
    Column("state", Word, nullable=False),  # committed, calling, unknown | confirmed, refused, not_applied
    Column("reference", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    at("created_at"),
    at("changed_at"),
    Column("caller", Id),  # the process that sent it last
    Index(None, "store", "order_id"),
    Index(
        "uq_effects_one_open",
        "store",
        "subject",
        unique=True,
        sqlite_where=text("state in ('committed', 'calling', 'unknown')"),
        postgresql_where=text("state in ('committed', 'calling', 'unknown')"),
    ),
)

# Append-only. Each row carries the hash of the one before it.
audit = Table(
    "audit",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    at("at"),
    Column("who", Id, nullable=False),
    Column("what", Word, nullable=False),
    Column("store", Id),
    Column("order_id", Id),
    Column("details", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

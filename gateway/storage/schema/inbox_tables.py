"""Pushes as they came."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

# Pushes as they came, appended before they are acknowledged. Null columns are filled in when a push is read, which
# happens afterwards: ``delivery`` among them, for keeping an index of hashes costs more than all the rest of an append.
# ``sealed`` is emptied when the time to keep bodies has passed.
inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("platform", Word, nullable=False),
    Column("app", Id, nullable=False),
    Column("via", Word, nullable=False),  # push, or lost: fetched from the platform's store of lost pushes
    Column("delivery", String(64)),  # hash of app and body: the same bytes again become the same row
    Column("deliveries", Integer, nullable=False),  # how often these bytes came
    at("received_at"),
    Column("headers", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", Word, nullable=False),  # received | processed, ignored, failed
    Column("attempts", Integer, nullable=False),
    at("due_at"),  # of the next attempt while `received`
    at("settled_at", nullable=True),
    Column("last_error", Text, nullable=False),
    Column("kind", Word),  # the platform's code of what happened
    Column("event_id", String(200)),  # the adapter's key: the same event in other bytes has the same
    Column("store", Id),
    Column("subject", Id),
    UniqueConstraint("delivery"),
    Index(
        "ix_inbox_waiting",
        "due_at",
        sqlite_where=text("state = 'received'"),
        postgresql_where=text("state = 'received'"),
    ),
    Index(
        "ix_inbox_event",
        "app",
        "event_id",
        sqlite_where=text("event_id is not null"),
        postgresql_where=text("event_id is not null"),
    ),
    Index(
        "ix_inbox_subject",
        "store",
        "subject",
        sqlite_where=text("subject is not null"),
        postgresql_where=text("subject is not null"),
    ),
)

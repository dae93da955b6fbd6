"""Orders and what belongs to them: lines, persons, raw words, requests, links, attested facts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

order_keys = Table(
    "order_keys",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "order_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("raw_status", Word, nullable=False),
    Column("phase", Word, nullable=False),  # derived at every write, kept for searching only
    Column("payment", Word, nullable=False),
    Column("fulfillment", Word, nullable=False),
    Column("closure", Word, nullable=False),
    Column("region", Word, nullable=False),
    Column("currency", Word, nullable=False),
    Column("total_minor", BigInteger),
    at("placed_at"),
    at("updated_at"),  # the platform's own update time: the guard of every merge
    at("paid_at", nullable=True),
    at("ship_by", nullable=True),
    at("ended_at", nullable=True),
    Column("ended_by", Word),
    Column("end_reason", Word),
    Column("document", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),  # one more with every change
    at("seen_at"),  # when the gateway last read it
    at("changed_at"),  # when the gateway last saw it differ
    at("own_due_at", nullable=True),  # the nearest deadline of the order alone
    at("due_at", nullable=True),  # the nearest of its own and of its requests: kept for searching only
    PrimaryKeyConstraint("store", "order_id"),
    Index("ix_orders_updated", "store", "updated_at", "placed_at", "order_id"),
    Index(None, "phase", "ship_by"),
    # a list walks one of these in its order; what it asks of an order most often stands beside
    Index("ix_orders_walk_placed", "placed_at", "store", "order_id", "updated_at", "phase", "due_at"),
    Index("ix_orders_walk_store", "store", "placed_at", "order_id", "updated_at", "phase", "due_at"),
    Index(
        "ix_orders_walk_due",
        "due_at",
        "store",
        "order_id",
        sqlite_where=text("due_at is not null"),
        postgresql_where=text("due_at is not null"),
    ),
    # what counts for a seller's rate, few among many
    Index(
        "ix_orders_ended_by_seller",
        "store",
        "placed_at",
        "end_reason",
        "order_id",
        sqlite_where=text("ended_by = 'seller'"),
        postgresql_where=text("ended_by = 'seller'"),
    ),
    # almost always empty, and then a search by update time need not look behind that time
    Index(
        "ix_orders_updated_before_placed",
        "store",
        sqlite_where=text("updated_at < placed_at"),
        postgresql_where=text("updated_at < placed_at"),
    ),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("line_id", String(160), nullable=False),
    Column("sku", Text),
    Column("title", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("cancel_requested", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("return_requested", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    Column("unit_price_minor", BigInteger),
    Column("title_key", BigInteger),  # the row of `titles`, None without a title
    PrimaryKeyConstraint("store", "order_id", "line_id"),
    Index(None, "title_key"),
)

# Each title once, however many lines bear it, as `gateway.storage.words` compares it. None is ever removed.
titles = Table(
    "titles",
    metadata,
    Column("key", Serial, primary_key=True, autoincrement=False),
    Column("folded", Text, nullable=False),
)


def _trace(name: str) -> Index:
    there = text(f"{name} is not null")
    return Index(f"ix_order_personal_{name}", name, sqlite_where=there, postgresql_where=there)


# Traces are keyed hashes by which a person's order is found (`gateway.orders.traces`). They go with the row.
order_personal = Table(
    "order_personal",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("name_trace", LargeBinary),
    Column("kana_trace", LargeBinary),
    Column("phone_trace", LargeBinary),
    Column("tail_trace", LargeBinary),
    # what the platform hides of the receiver: '', 'name', 'phone', 'name phone'; None: not traced yet
    Column("hidden", Word),
    PrimaryKeyConstraint("store", "order_id"),
    *(_trace(name) for name in ("name_trace", "kana_trace", "phone_trace", "tail_trace")),
    Index(
        "ix_order_personal_hidden",
        "store",
        "hidden",
        sqlite_where=text("hidden is null or hidden <> ''"),
        postgresql_where=text("hidden is null or hidden <> ''"),
    ),
)

order_raw = Table(
    "order_raw",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "order_id"),
)

# Every buyer's request, whether the platform keeps it within the order or apart.
after_sales = Table(
    "after_sales",
    metadata,
    Column("store", Id, nullable=False),
    Column("request_id", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("kind", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("raw_status", Word, nullable=False),
    at("opened_at"),
    at("updated_at"),
    at("answer_by", nullable=True),
    at("due_at", nullable=True),  # the nearest deadline the request sets
    Column("currency", Word, nullable=False),
    Column("refund_minor", BigInteger),
    Column("document", LargeBinary, nullable=False),
    Column("sealed_raw", LargeBinary),
    PrimaryKeyConstraint("store", "request_id"),
    Index(None, "store", "order_id"),
    Index(None, "state", "answer_by"),
)

attested_facts = Table(
    "attested_facts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("name", Word, nullable=False),
    Column("value", Text, nullable=False),
    Column("store", Id, nullable=False),
    Column("sku", Text),
    Column("order_id", Id),
    Column("by", Id, nullable=False),
    at("at"),
    Index(None, "store", "name"),
)

# Which purchase supplies which sale, line by line, in units of the sold line.
purchase_links = Table(
    "purchase_links",
    metadata,
    Column("sale_store", Id, nullable=False),
    Column("sale_order", Id, nullable=False),
    Column("sale_line", String(160), nullable=False),
    Column("purchase_store", Id, nullable=False),
    Column("purchase_order", Id, nullable=False),
    Column("purchase_line", String(160), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("source", Word, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    PrimaryKeyConstraint("sale_store", "sale_order", "sale_line", "purchase_store", "purchase_order", "purchase_line"),
    Index("ix_purchase_links_purchase", "purchase_store", "purchase_order"),
)

# Signs that an order is a malicious one. Append-only: the last row of a sign tells whether it still stands.
order_signs = Table(
    "order_signs",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("sign", Word, nullable=False),
    Column("rule", Word, nullable=False),
    Column("raised", Boolean, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    Index(None, "store", "order_id"),
)

# Who ordered which article when, as keyed hashes of buyer and article. They go with the person.
repeat_traces = Table(
    "repeat_traces",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    at("placed_at"),
    PrimaryKeyConstraint("store", "order_id", "trace"),
    Index("ix_repeat_traces_trace", "store", "trace", "placed_at"),
)

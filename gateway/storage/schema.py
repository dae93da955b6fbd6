"""The tables. Times are whole microseconds since the epoch in UTC, money whole minor units beside a currency.

``document`` columns hold canonical JSON without personal data. Personal data stands in `order_personal` and, with
the platform's raw words, in `order_raw` and ``*.sealed`` columns: encrypted with the order's own key in
`order_keys`. Deleting that key erases the person.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

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


def _at(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


apps = Table(
    "apps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Word, nullable=False),
    Column("key", Id, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False),
    _at("created_at"),
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
    _at("created_at"),
    UniqueConstraint("platform", "external_id", "role"),
)

# Two stores of one account (1688 as buyer and as seller) share a row here.
credentials = Table(
    "credentials",
    metadata,
    Column("app", Id, nullable=False),
    Column("external_id", Id, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _at("expires_at"),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("app", "external_id"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("state", Id, primary_key=True),
    Column("app", Id, nullable=False),
    _at("created_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
)

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
    _at("placed_at"),
    _at("updated_at"),  # the platform's own update time: the guard of every merge
    _at("paid_at", nullable=True),
    _at("ship_by", nullable=True),
    _at("ended_at", nullable=True),
    Column("ended_by", Word),
    Column("end_reason", Word),
    Column("document", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),  # one more with every change
    _at("seen_at"),  # when the gateway last read it
    _at("changed_at"),  # when the gateway last saw it differ
    _at("own_due_at", nullable=True),  # the nearest deadline of the order alone
    _at("due_at", nullable=True),  # the nearest of its own and of its requests: kept for searching only
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
    _at("opened_at"),
    _at("updated_at"),
    _at("answer_by", nullable=True),
    _at("due_at", nullable=True),  # the nearest deadline the request sets
    Column("currency", Word, nullable=False),
    Column("refund_minor", BigInteger),
    Column("document", LargeBinary, nullable=False),
    Column("sealed_raw", LargeBinary),
    PrimaryKeyConstraint("store", "request_id"),
    Index(None, "store", "order_id"),
    Index(None, "state", "answer_by"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("store", Id, nullable=False),
    Column("stream", Word, nullable=False),
    _at("position"),  # everything updated before this instant has been read
    _at("window_end", nullable=True),  # a window under way: its end and the next page to read
    Column("next_page", Text),
    _at("until", nullable=True),  # where a back-fill ends; None: it follows the clock
    _at("moved_at"),
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
    _at("first_at"),
    _at("last_at"),
    _at("resolved_at", nullable=True),
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
    _at("first_at"),
    _at("last_at"),
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
    _at("updated_at"),
    _at("found_at"),
)

work = Table(
    "work",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("kind", Word, nullable=False),
    Column("key", String(200), nullable=False),
    Column("state", Word, nullable=False),  # waiting, claimed, done
    _at("due_at"),
    Column("payload", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", Integer, nullable=False),  # one more with every claim; an older one may no longer write
    Column("worker", Id),
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
    _at("at"),
    Index(None, "store", "order_id"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("intent", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    _at("at"),
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
    _at("at"),
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
    _at("created_at"),
    _at("changed_at"),
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
    _at("at"),
    Column("who", Id, nullable=False),
    Column("what", Word, nullable=False),
    Column("store", Id),
    Column("order_id", Id),
    Column("details", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
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
    _at("at"),
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
    _at("at"),
    PrimaryKeyConstraint("sale_store", "sale_order", "sale_line", "purchase_store", "purchase_order", "purchase_line"),
    Index("ix_purchase_links_purchase", "purchase_store", "purchase_order"),
)

# What became of each close that spends a store's monthly allotment, and of those that are under way. Append-only:
# the last row of an order tells how it stands. ``seq`` counts from 1 in each store without a gap, so of two writers
# that go on from the same row one is refused (`gateway.ledger.quota`).
quota_entries = Table(
    "quota_entries",
    metadata,
    Column("store", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    _at("at"),
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
    _at("at"),
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
    _at("at"),
    Column("because", Text, nullable=False),
    Index(None, "store", "order_id"),
    Index(None, "appeal"),
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
    _at("at"),
    Index(None, "store", "order_id"),
)

# Who ordered which article when, as keyed hashes of buyer and article. They go with the person.
repeat_traces = Table(
    "repeat_traces",
    metadata,
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    _at("placed_at"),
    PrimaryKeyConstraint("store", "order_id", "trace"),
    Index("ix_repeat_traces_trace", "store", "trace", "placed_at"),
)

# Switches that survive a restart: stop_effects for all stores ('') or one.
stops = Table(
    "stops",
    metadata,
    Column("store", Id, primary_key=True),
    Column("by", Id, nullable=False),
    Column("active", Boolean, nullable=False),
    _at("at"),
)

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
    _at("received_at"),
    Column("headers", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    Column("state", Word, nullable=False),  # received | processed, ignored, failed
    Column("attempts", Integer, nullable=False),
    _at("due_at"),  # of the next attempt while `received`
    _at("settled_at", nullable=True),
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

"""Cases and what they carry out: contact, evidence, approvals, tasks, stock, notices, automations, leases.

A text for or from a buyer is personal data: it stands in ``sealed`` columns, encrypted with its order's own key.
"""

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
    UniqueConstraint,
    text,
)

from gateway.storage.schema.base import Id, Serial, Word, at, metadata

# One order's way to its end. The row is the only truth about when it is due; what the work queue holds are wake-ups.
cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("reason", Word, nullable=False),  # the true one
    Column("batch_size", Integer, nullable=False),
    Column("intent", Id, nullable=False),
    Column("via", Word, nullable=False),  # person, automation, sale, supplier
    Column("cause", Id),  # the case that opened this one: a sale's end cascades to its purchases
    at("opened_at"),
    Column("opened_by", Id, nullable=False),
    Column("state", Word, nullable=False),  # running, paused, with_person | settled
    Column("stage", Word, nullable=False),  # ending | after: the order has ended, the rest is seen to
    at("due_at", nullable=True),  # of the next turn; None: it waits for a signal, is paused or settled
    Column("version", Integer, nullable=False),  # one more with every change
    Column("fence", Integer, nullable=False),  # one more with every turn begun; an older one may no longer write
    Column("path", Word, nullable=False),  # of the latest decision
    Column("step", Word, nullable=False),  # the action under way
    Column("waits_for", Word, nullable=False),  # buyer, platform, person, approval, outcome, time, '' while it acts
    Column("because", Text, nullable=False),
    Column("decision", Id),
    Column("cost_minor", BigInteger),  # what the latest decision expects the end to cost
    Column("currency", Word, nullable=False),
    at("act_by", nullable=True),
    Column("outcome", Word),  # how it settled
    at("settled_at", nullable=True),
    Index(
        "uq_cases_one_open",
        "store",
        "order_id",
        unique=True,
        sqlite_where=text("state <> 'settled'"),
        postgresql_where=text("state <> 'settled'"),
    ),
    Index(
        "ix_cases_due",
        "due_at",
        sqlite_where=text("due_at is not null"),
        postgresql_where=text("due_at is not null"),
    ),
    Index("ix_cases_order", "store", "order_id", "opened_at"),
    Index("ix_cases_state", "state", "opened_at"),
)

# What happened in a case, in order. Append-only.
case_history = Table(
    "case_history",
    metadata,
    Column("case_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    at("at"),
    Column("what", Word, nullable=False),  # opened, signal, turn, paused, resumed, handed_over, settled, ...
    Column("by", Id, nullable=False),
    Column("decision", Id),  # of a turn: question and answer stand in `decisions`
    Column("details", LargeBinary, nullable=False),  # JSON without personal data
    PrimaryKeyConstraint("case_id", "seq"),
)

# What was said to a buyer in the platform's own chat, by the gateway or by a person. Append-only.
contact_messages = Table(
    "contact_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    at("at"),
    Column("purpose", Word, nullable=False),
    Column("language", Word, nullable=False),
    at("announced_close_at", nullable=True),
    Column("by", Id, nullable=False),  # who sent it
    Column("effect", Id),  # the effect that sent it; None: a person did, in the platform's console
    Column("sealed", LargeBinary),
    Index(None, "store", "order_id", "at"),
)

# What the buyer answered, as a person read it or an event of the platform told it; never guessed. Append-only.
contact_replies = Table(
    "contact_replies",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),  # the order in which they were entered
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    at("at"),  # when the buyer answered
    Column("reply", Word, nullable=False),  # consents, refuses, asks_to_cancel, none (withdraws an earlier entry)
    Column("source", Word, nullable=False),  # person, platform
    Column("by", Id, nullable=False),
    at("entered_at"),
    Column("sealed", LargeBinary),
    Index(None, "store", "order_id", "at"),
)

# The register of evidence files. Append-only; each row carries the hash of the one before it.
evidence = Table(
    "evidence",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("kind", Word, nullable=False),  # chat, problem, order_detail, parcel, agreement
    Column("digest", String(64), nullable=False),  # SHA-256 of the file as kept (sealed), which is its name too
    Column("path", Text, nullable=False),  # below the evidence URL: date/order/digest.ext
    Column("name", LargeBinary, nullable=False),  # as its bringer called it, sealed: a name may name a person
    Column("media_type", Word, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes of the file as kept
    Column("by", Id, nullable=False),
    at("at"),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "store", "order_id"),
)

# Cases opened with a platform's own support. Append-only: the last row of an order counts.
support_tickets = Table(
    "support_tickets",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("ticket", Id, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    Index(None, "store", "order_id"),
)

# A person's agreement, asked for before an effect. Of one case at most one waits.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("decision", Id, nullable=False),
    Column("action", Word, nullable=False),  # what is agreed to: the decision's action
    Column("reasons", Text, nullable=False),  # why a yes is needed, by blanks
    Column("role", Word, nullable=False),  # operator, lead
    Column("second_person", Boolean, nullable=False),  # two different people must agree
    Column("cost_minor", BigInteger),
    Column("currency", Word, nullable=False),
    Column("state", Word, nullable=False),  # asked | granted, refused, expired, withdrawn, used
    at("asked_at"),
    at("expires_at"),
    Column("first_by", Id),
    at("first_at", nullable=True),
    Column("second_by", Id),
    at("second_at", nullable=True),
    Column("because", Text, nullable=False),
    Index(None, "case_id"),
    Index("ix_approvals_state", "state", "expires_at"),
    Index(
        "uq_approvals_one_asked",
        "case_id",
        unique=True,
        sqlite_where=text("state in ('asked', 'granted')"),
        postgresql_where=text("state in ('asked', 'granted')"),
    ),
)

# What only a person can do. Of one subject at most one of a kind is open.
tasks = Table(
    "tasks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id),  # None: no case asked for it (a stock task, say)
    Column("store", Id, nullable=False),
    Column("order_id", Id),
    Column("kind", Word, nullable=False),  # close, ship, send_message, collect_evidence, verify_stock, delist, ...
    Column("subject", String(200), nullable=False),  # what it is about: the order, a purpose, a SKU
    Column("details", LargeBinary, nullable=False),  # JSON without personal data: what the instructions are made of
    Column("sealed", LargeBinary),  # the text to copy, where it names a person; with the order's key
    Column("state", Word, nullable=False),  # open | done, cancelled
    at("opened_at"),
    at("due_by", nullable=True),
    Column("done_by", Id),
    at("done_at", nullable=True),
    Column("because", Text, nullable=False),  # how it ended: attested by a person, shown by the platform, not needed
    Index(None, "case_id"),
    Index("ix_tasks_state", "state", "due_by"),
    Index(
        "uq_tasks_one_open",
        "store",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

# What is in stock, as last read or told. ``supplier``: the 1688 member it is bought from; '' for own stock.
stock_levels = Table(
    "stock_levels",
    metadata,
    Column("store", Id, nullable=False),
    Column("sku", Id, nullable=False),
    Column("supplier", Id, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("source", Word, nullable=False),  # api, csv, person
    Column("by", Id, nullable=False),
    at("at"),
    Column("low", Boolean, nullable=False),  # below the line when last looked at: alerted once, not each time
    PrimaryKeyConstraint("store", "sku", "supplier"),
)

# Which supplier's article a sold article is bought as, where no order links them yet.
supplier_articles = Table(
    "supplier_articles",
    metadata,
    Column("store", Id, nullable=False),
    Column("sku", Id, nullable=False),
    Column("supplier", Id, nullable=False),
    Column("article", Id, nullable=False),
    Column("by", Id, nullable=False),
    at("at"),
    PrimaryKeyConstraint("store", "sku", "supplier"),
)

# Buyers who order or return maliciously, by keyed hashes. Append-only: the last row of a trace and mark counts.
buyer_marks = Table(
    "buyer_marks",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("store", Id, nullable=False),
    Column("trace", LargeBinary, nullable=False),
    Column("mark", Word, nullable=False),
    Column("raised", Boolean, nullable=False),
    Column("order_id", Id, nullable=False),  # the order that made it known
    Column("by", Id, nullable=False),
    at("at"),
    Index(None, "store", "trace"),
)

# What people are told about once: ``key`` says what exactly, and the same is never told again.
notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False),
    Column("kind", Word, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id),
    Column("level", Word, nullable=False),  # info, warning, urgent
    Column("details", LargeBinary, nullable=False),  # JSON without personal data
    at("at"),
    at("settled_at", nullable=True),
    UniqueConstraint("key"),
    Index("ix_notices_at", "at"),
    Index(
        "ix_notices_open",
        "at",
        sqlite_where=text("settled_at is null"),
        postgresql_where=text("settled_at is null"),
    ),
)

# The way of each notice to each address.
notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("notice", Id, nullable=False),
    Column("address", Id, nullable=False),  # its name in the configuration; the URL itself is a secret
    Column("state", Word, nullable=False),  # waiting | sent, given_up
    Column("attempts", Integer, nullable=False),
    at("due_at"),
    at("settled_at", nullable=True),
    Column("last_error", Text, nullable=False),
    PrimaryKeyConstraint("notice", "address"),
    Index(
        "ix_notice_deliveries_due",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

# An address that told us it is gone (410) gets nothing more until a person tries it again.
notice_addresses = Table(
    "notice_addresses",
    metadata,
    Column("name", Id, primary_key=True),
    at("disabled_at", nullable=True),
    Column("because", Text, nullable=False),
)

# What automations did: `begun` is written before an act that leaves this database, its end after. Append-only; limits
# count what was begun.
automation_acts = Table(
    "automation_acts",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("automation", Id, nullable=False),
    Column("store", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("subject", String(200), nullable=False),  # the request or event it answered
    Column("act", Word, nullable=False),
    Column("result", Word, nullable=False),  # begun | done, refused; or held_by_limit
    Column("amount_minor", BigInteger),
    Column("currency", Word, nullable=False),
    at("at"),
    UniqueConstraint("automation", "store", "subject", "result", name="uq_automation_acts_subject"),
    Index(None, "automation", "at"),
)

# Which text of an automation was tried on history, and whether it is on.
automation_switches = Table(
    "automation_switches",
    metadata,
    Column("automation", Id, primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of the text that was tried
    at("tried_at"),
    Column("tried_by", Id, nullable=False),
    Column("enabled", Boolean, nullable=False),
    at("switched_at", nullable=True),
    Column("switched_by", Id),
)

# Who may do what only one process may do at a time (pull a store, read pushes, sweep due work). Real time.
leases = Table(
    "leases",
    metadata,
    Column("name", Id, primary_key=True),
    Column("holder", Id, nullable=False),
    Column("fence", Integer, nullable=False),
    at("until"),
)

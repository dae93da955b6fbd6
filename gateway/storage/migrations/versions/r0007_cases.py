"""Cases: contact, evidence, approvals, tasks, stock, notices, automations, leases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.append_only import keep_rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_APPEND_ONLY = (
    "case_history",
    "contact_messages",
    "contact_replies",
    "evidence",
    "support_tickets",
    "buyer_marks",
    "automation_acts",
)


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=80), nullable=nullable)


def _word(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=60), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _serial(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=True, nullable=False)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "approvals",
        _id("id"),
        _id("case_id"),
        _id("store"),
        _id("order_id"),
        _id("decision"),
        _word("action"),
        _text("reasons"),
        _word("role"),
        _flag("second_person"),
        _big("cost_minor", nullable=True),
        _word("currency"),
        _word("state"),
        _big("asked_at"),
        _big("expires_at"),
        _id("first_by", nullable=True),
        _big("first_at", nullable=True),
        _id("second_by", nullable=True),
        _big("second_at", nullable=True),
        _text("because"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_case_id"), "approvals", ["case_id"])
    op.create_index("ix_approvals_state", "approvals", ["state", "expires_at"])
    op.create_index(
        "uq_approvals_one_asked", "approvals", ["case_id"], unique=True, **_where("state in ('asked', 'granted')")
    )
    op.create_table(
        "automation_acts",
        _serial("id"),
        _id("automation"),
        _id("store"),
        _id("order_id"),
        sa.Column("subject", sa.String(length=200), nullable=False),
        _word("act"),
        _word("result"),
        _big("amount_minor", nullable=True),
        _word("currency"),
        _big("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation_acts")),
        sa.UniqueConstraint("automation", "store", "subject", "result", name="uq_automation_acts_subject"),
    )
    op.create_index(op.f("ix_automation_acts_automation_at"), "automation_acts", ["automation", "at"])
    op.create_table(
        "automation_switches",
        _id("automation"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _big("tried_at"),
        _id("tried_by"),
        _flag("enabled"),
        _big("switched_at", nullable=True),
        _id("switched_by", nullable=True),
        sa.PrimaryKeyConstraint("automation", name=op.f("pk_automation_switches")),
    )
    op.create_table(
        "buyer_marks",
        _serial("id"),
        _id("store"),
        _bytes("trace"),
        _word("mark"),
        _flag("raised"),
        _id("order_id"),
        _id("by"),
        _big("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buyer_marks")),
    )
    op.create_index(op.f("ix_buyer_marks_store_trace"), "buyer_marks", ["store", "trace"])
    op.create_table(
        "case_history",
        _id("case_id"),
        _number("seq"),
        _big("at"),
        _word("what"),
        _id("by"),
        _id("decision", nullable=True),
        _bytes("details"),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_case_history")),
    )
    op.create_table(
        "cases",
        _id("id"),
        _id("store"),
        _id("order_id"),
        _word("reason"),
        _number("batch_size"),
        _id("intent"),
        _word("via"),
        _id("cause", nullable=True),
        _big("opened_at"),
        _id("opened_by"),
        _word("state"),
        _word("stage"),
        _big("due_at", nullable=True),
        _number("version"),
        _number("fence"),
        _word("path"),
        _word("step"),
        _word("waits_for"),
        _text("because"),
        _id("decision", nullable=True),
        _big("cost_minor", nullable=True),
        _word("currency"),
        _big("act_by", nullable=True),
        _word("outcome", nullable=True),
        _big("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_due", "cases", ["due_at"], **_where("due_at is not null"))
    op.create_index("ix_cases_order", "cases", ["store", "order_id", "opened_at"])
    op.create_index("ix_cases_state", "cases", ["state", "opened_at"])
    op.create_index("uq_cases_one_open", "cases", ["store", "order_id"], unique=True, **_where("state <> 'settled'"))
    op.create_table(
        "contact_messages",
        _id("id"),
        _id("store"),
        _id("order_id"),
        _big("at"),
        _word("purpose"),
        _word("language"),
        _big("announced_close_at", nullable=True),
        _id("by"),
        _id("effect", nullable=True),
        _bytes("sealed", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_messages")),
    )
    op.create_index(op.f("ix_contact_messages_store_order_id_at"), "contact_messages", ["store", "order_id", "at"])
    op.create_table(
        "contact_replies",
        _serial("id"),
        _id("store"),
        _id("order_id"),
        _big("at"),
        _word("reply"),
        _word("source"),
        _id("by"),
        _big("entered_at"),
        _bytes("sealed", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_replies")),
    )
    op.create_index(op.f("ix_contact_replies_store_order_id_at"), "contact_replies", ["store", "order_id", "at"])
    op.create_table(
        "evidence",
        _serial("seq"),
        _id("store"),
        _id("order_id"),
        _word("kind"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _text("path"),
        _bytes("name"),
        _word("media_type"),
        _big("size"),
        _id("by"),
        _big("at"),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_store_order_id"), "evidence", ["store", "order_id"])
    op.create_table(
        "leases",
        _id("name"),
        _id("holder"),
        _number("fence"),
        _big("until"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "notice_addresses",
        _id("name"),
        _big("disabled_at", nullable=True),
        _text("because"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notice_addresses")),
    )
    op.create_table(
        "notice_deliveries",
        _id("notice"),
        _id("address"),
        _word("state"),
        _number("attempts"),
        _big("due_at"),
        _big("settled_at", nullable=True),
        _text("last_error"),
        sa.PrimaryKeyConstraint("notice", "address", name=op.f("pk_notice_deliveries")),
    )
    op.create_index("ix_notice_deliveries_due", "notice_deliveries", ["due_at"], **_where("state = 'waiting'"))
    op.create_table(
        "notices",
        _id("id"),
        sa.Column("key", sa.String(length=200), nullable=False),
        _word("kind"),
        _id("store"),
        _id("order_id", nullable=True),
        _word("level"),
        _bytes("details"),
        _big("at"),
        _big("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_index("ix_notices_at", "notices", ["at"])
    op.create_index("ix_notices_open", "notices", ["at"], **_where("settled_at is null"))
    op.create_table(
        "shared_rates",
        _id("store"),
        _id("endpoint_group"),
        _big("full_at"),
        _big("paused_until"),
        sa.PrimaryKeyConstraint("store", "endpoint_group", name=op.f("pk_shared_rates")),
    )
    op.add_column("work", _big("delivery", nullable=True))
    op.add_column("effects", _id("caller", nullable=True))
    op.create_table(
        "stock_levels",
        _id("store"),
        _id("sku"),
        _id("supplier"),
        _number("quantity"),
        _word("source"),
        _id("by"),
        _big("at"),
        _flag("low"),
        sa.PrimaryKeyConstraint("store", "sku", "supplier", name=op.f("pk_stock_levels")),
    )
    op.create_table(
        "supplier_articles",
        _id("store"),
        _id("sku"),
        _id("supplier"),
        _id("article"),
        _id("by"),
        _big("at"),
        sa.PrimaryKeyConstraint("store", "sku", "supplier", name=op.f("pk_supplier_articles")),
    )
    op.create_table(
        "support_tickets",
        _serial("id"),
        _id("store"),
        _id("order_id"),
        _id("ticket"),
        _id("by"),
        _big("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_tickets")),
    )
    op.create_index(op.f("ix_support_tickets_store_order_id"), "support_tickets", ["store", "order_id"])
    op.create_table(
        "tasks",
        _id("id"),
        _id("case_id", nullable=True),
        _id("store"),
        _id("order_id", nullable=True),
        _word("kind"),
        sa.Column("subject", sa.String(length=200), nullable=False),
        _bytes("details"),
        _bytes("sealed", nullable=True),
        _word("state"),
        _big("opened_at"),
        _big("due_by", nullable=True),
        _id("done_by", nullable=True),
        _big("done_at", nullable=True),
        _text("because"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_case_id"), "tasks", ["case_id"])
    op.create_index("ix_tasks_state", "tasks", ["state", "due_by"])
    op.create_index("uq_tasks_one_open", "tasks", ["store", "kind", "subject"], unique=True, **_where("state = 'open'"))
    op.create_index(
        "ix_orders_ended_by_seller",
        "orders",
        ["store", "placed_at", "end_reason", "order_id"],
        **_where("ended_by = 'seller'"),
    )
    keep_rows(_APPEND_ONLY)


def downgrade() -> None:
    op.drop_index("ix_orders_ended_by_seller", "orders")
    op.drop_column("effects", "caller")
    op.drop_column("work", "delivery")
    for table in (
        "approvals",
        "automation_acts",
        "automation_switches",
        "buyer_marks",
        "case_history",
        "cases",
        "contact_messages",
        "contact_replies",
        "evidence",
        "leases",
        "notice_addresses",
        "notice_deliveries",
        "notices",
        "shared_rates",
        "stock_levels",
        "supplier_articles",
        "support_tickets",
        "tasks",
    ):
        op.drop_table(table)

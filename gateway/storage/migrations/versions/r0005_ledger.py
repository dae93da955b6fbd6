"""The ledger (closes, points, appeals), and signs of malicious orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.append_only import forget_keeping, keep_rows

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("quota_entries", "points_entries", "appeal_entries", "order_signs")


def _id(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=80), nullable=nullable)


def _word(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=60), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _at(name: str = "at") -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _serial() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, autoincrement=True, nullable=False)


def _because() -> sa.Column[str]:
    return sa.Column("because", sa.Text(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "quota_entries",
        _id("store"),
        _number("seq"),
        _at(),
        _word("month"),
        _id("order_id"),
        _word("state"),
        _number("units"),
        _number("points"),
        _id("holder", nullable=True),
        _word("reason", nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        _id("by"),
        _because(),
        sa.PrimaryKeyConstraint("store", "seq", name=op.f("pk_quota_entries")),
    )
    op.create_index(op.f("ix_quota_entries_store_order_id"), "quota_entries", ["store", "order_id"])
    op.create_table(
        "points_entries",
        _serial(),
        _id("store"),
        _word("kind"),
        _number("points"),
        _id("order_id", nullable=True),
        _word("rule", nullable=True),
        _id("by"),
        _at(),
        _because(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_entries")),
    )
    op.create_index(op.f("ix_points_entries_store_id"), "points_entries", ["store", "id"])
    op.create_table(
        "appeal_entries",
        _serial(),
        _id("appeal"),
        _id("store"),
        _id("order_id"),
        _word("state"),
        _number("points"),
        _id("by"),
        _at(),
        _because(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal_entries")),
    )
    op.create_index(op.f("ix_appeal_entries_store_order_id"), "appeal_entries", ["store", "order_id"])
    op.create_index(op.f("ix_appeal_entries_appeal"), "appeal_entries", ["appeal"])
    op.create_table(
        "order_signs",
        _serial(),
        _id("store"),
        _id("order_id"),
        _word("sign"),
        _word("rule"),
        sa.Column("raised", sa.Boolean(), nullable=False),
        _id("by"),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_signs")),
    )
    op.create_index(op.f("ix_order_signs_store_order_id"), "order_signs", ["store", "order_id"])
    op.create_table(
        "repeat_traces",
        _id("store"),
        _id("order_id"),
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        _at("placed_at"),
        sa.PrimaryKeyConstraint("store", "order_id", "trace", name=op.f("pk_repeat_traces")),
    )
    op.create_index("ix_repeat_traces_trace", "repeat_traces", ["store", "trace", "placed_at"])
    keep_rows(_APPEND_ONLY)


def downgrade() -> None:
    for table in ("repeat_traces", "order_signs", "appeal_entries", "points_entries", "quota_entries"):
        op.drop_table(table)
    forget_keeping()

"""Which purchase supplies which sale."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchase_links",
        sa.Column("sale_store", sa.String(length=80), nullable=False),
        sa.Column("sale_order", sa.String(length=80), nullable=False),
        sa.Column("sale_line", sa.String(length=160), nullable=False),
        sa.Column("purchase_store", sa.String(length=80), nullable=False),
        sa.Column("purchase_order", sa.String(length=80), nullable=False),
        sa.Column("purchase_line", sa.String(length=160), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "sale_store",
            "sale_order",
            "sale_line",
            "purchase_store",
            "purchase_order",
            "purchase_line",
            name=op.f("pk_purchase_links"),
        ),
    )
    op.create_index("ix_purchase_links_purchase", "purchase_links", ["purchase_store", "purchase_order"])


def downgrade() -> None:
    op.drop_table("purchase_links")

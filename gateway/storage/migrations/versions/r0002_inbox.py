"""The inbox of pushes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PARTIAL = {
    "ix_inbox_waiting": (["due_at"], "state = 'received'"),
    "ix_inbox_event": (["app", "event_id"], "event_id is not null"),
    "ix_inbox_subject": (["store", "subject"], "subject is not null"),
}


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=60), nullable=False),
        sa.Column("app", sa.String(length=80), nullable=False),
        sa.Column("via", sa.String(length=60), nullable=False),
        sa.Column("delivery", sa.String(length=64), nullable=True),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=60), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=True),
        sa.Column("event_id", sa.String(length=200), nullable=True),
        sa.Column("store", sa.String(length=80), nullable=True),
        sa.Column("subject", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("delivery", name=op.f("uq_inbox_delivery")),
    )
    for name, (columns, where) in _PARTIAL.items():
        op.create_index(
            name,
            "inbox",
            columns,
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    for name, (_, where) in _PARTIAL.items():
        op.drop_index(name, "inbox", sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.drop_table("inbox")

"""The rule files that decisions were made with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.storage.migrations.append_only import keep_rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_files",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=60), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_files")),
    )
    op.add_column("decisions", sa.Column("rule_files", sa.String(length=64), nullable=True))
    keep_rows(("rule_files",))


def downgrade() -> None:
    op.drop_column("decisions", "rule_files")
    op.drop_table("rule_files")

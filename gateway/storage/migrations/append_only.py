"""Tables whose rows are never changed nor deleted: the database itself refuses it."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

_ACTS = ("update", "delete")


def keep_rows(tables: Sequence[str]) -> None:
    """Let every update and delete of these tables fail. The triggers go with their table."""
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            for act in _ACTS:
                op.execute(
                    f"create trigger {table}_no_{act} before {act} on {table} "
                    f"begin select raise(abort, '{table} is append-only'); end"
                )
        return
    op.execute(
        "create or replace function keep_rows() returns trigger language plpgsql as "
        "$$ begin raise exception '% is append-only', tg_table_name "
        "using errcode = 'integrity_constraint_violation'; end $$"
    )
    for table in tables:
        for act in _ACTS:
            op.execute(
                f"create trigger {table}_no_{act} before {act} on {table} for each row execute function keep_rows()"
            )
        op.execute(
            f"create trigger {table}_no_truncate before truncate on {table} "
            "for each statement execute function keep_rows()"
        )


def forget_keeping() -> None:
    """Take away what the first tables of the kind brought along."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute("drop function if exists keep_rows()")

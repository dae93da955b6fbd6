"""Run by Alembic: migrates on the connection that `gateway.storage.migrate` hands over."""

from __future__ import annotations

from alembic import context

from gateway.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,  # our BEGIN covers DDL, see gateway.storage.engines
)
with context.begin_transaction():
    context.run_migrations()

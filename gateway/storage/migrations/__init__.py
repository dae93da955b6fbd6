"""Alembic migrations of the tables, one module a revision."""

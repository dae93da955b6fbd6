"""Small settings that must be changed while another process runs the gateway: a stop, a mode, a link.

The process lock keeps out a second process that pulls, works or renews tokens, for these share state in memory.
A single row written by another process is safe in SQLite itself, and the running gateway reads such rows anew
each time it needs them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.operations.context import Context
from gateway.storage.database import Database


@asynccontextmanager
async def beside(context: Context) -> AsyncIterator[Context]:
    """Give a context that was opened read-only a database that takes single rows, without the process lock.

    Its connections and its resolver stay read-only.
    """
    database = Database.open(context.folder.database_url, lock=None)
    try:
        yield replace(context, database=database)
    finally:
        await database.close()

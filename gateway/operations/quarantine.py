"""What arrived and could not be understood: kept, shown, tried again."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.operations.syncing import Synced, pull_each
from gateway.orders import quarantine as rows
from gateway.orders.quarantine import Quarantined


async def list_quarantine(context: Context, store: str | None = None) -> list[Quarantined]:
    """Return what waits in quarantine, of one store or of all. Raises NotFound for an unknown store."""
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(lambda c: rows.list_open(c, store))


async def retry_quarantine(context: Context, wanted: Sequence[str] = ()) -> list[Synced]:
    """Read what waits in quarantine anew, in the stores named (all, when none is)."""
    return await pull_each(context, wanted, lambda pull: pull.retry_quarantine(everything=True))

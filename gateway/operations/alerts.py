"""What somebody should look at: words nobody knows yet, and changes that came to light late."""

from __future__ import annotations

from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.orders.alerts import Alert, open_alerts
from gateway.sync import gaps as rows
from gateway.sync.gaps import Gap


async def list_alerts(context: Context, store: str | None = None) -> list[Alert]:
    """Return the words of platforms that no table knows, the latest first, of one store or of all.

    Raises NotFound for an unknown store.
    """
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(lambda c: open_alerts(c, store))


async def list_gaps(context: Context, store: str | None = None, limit: int = 100) -> list[Gap]:
    """Return the changes that only a second look found, the latest first, of one store or of all.

    Raises NotFound for an unknown store.
    """
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(lambda c: rows.list_gaps(c, store, limit))

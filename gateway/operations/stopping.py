"""The brake: no effect leaves the gateway while it is on. It survives a restart."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.work.wake import wake_all

ALL = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Which effects are stopped now: ``everywhere``, or in the stores named."""

    everywhere: bool
    stores: tuple[str, ...]


async def stop_effects(context: Context, store: str | None, *, active: bool, by: str) -> Stopped:
    """Put the brake on (``active``) or off, in one store or (None) in all; return what is stopped then.

    A gateway that runs beside heeds it from its next call on.
    Raises NotFound for an unknown store.
    """
    if store is not None:
        await chosen_stores(context, [store])
    now = context.clock.now()

    def act(c: Connection) -> list[rows.Stop]:
        rows.set_stop(c, store or ALL, active, by, now)
        audit.append(c, now, by, "effects_stopped" if active else "effects_resumed", store, None, {})
        if not active:
            wake_all(c, store, now, "effects_resumed", by)
        return rows.stops(c)

    names = [stop.store for stop in await context.database.write(act) if stop.active]
    return Stopped(ALL in names, tuple(name for name in names if name != ALL))

"""Effects that a process left in mid-call when it died: nobody knows what became of them until they are looked for."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from gateway.cases.effects import take_over_interrupted
from gateway.operations.context import Context
from gateway.work.leases import living

log = structlog.get_logger(__name__)


async def take_over(context: Context) -> None:
    """Have effects that dead processes left in mid-call looked for. What a living process calls is left to it."""
    now = context.clock.now()

    def act(connection: Connection) -> int:
        others = living(connection) if context.shares_database else frozenset()
        return take_over_interrupted(connection, now, living=others)

    if interrupted := await context.database.write(act):
        log.warning("effects.interrupted", count=interrupted)

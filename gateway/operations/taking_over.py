"""Effects left in mid-call: nobody knows what became of them until they are looked for.

A process that died left them, or this very one: the database failed as what came of a call was to be noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from gateway.cases.left_calls import forget_lost, has_lost, take_over_interrupted, take_over_lost
from gateway.operations.context import Context
from gateway.work.leases import living

log = structlog.get_logger(__name__)

_LOOK_FOR_LOST = 2.0  # seconds of real time


async def take_over(context: Context) -> None:
    """Have effects that dead processes left in mid-call looked for. What a living process calls is left to it."""
    now = context.clock.now()

    def act(connection: Connection) -> int:
        others = living(connection) if context.shares_database else frozenset()
        return take_over_interrupted(connection, now, living=others)

    if interrupted := await context.database.write(act):
        log.warning("effects.interrupted", count=interrupted)


async def keep_own(context: Context) -> None:
    """Have the calls looked for, again and again, whose outcome this process could not write down. Until cancelled."""
    while True:
        if has_lost():
            try:
                await take_over_own(context)
            except Exception as error:  # the database may be failing still; whatever it is, it is tried again
                log.warning("effects.not_noted", error=type(error).__name__)
        await asyncio.sleep(_LOOK_FOR_LOST)


async def take_over_own(context: Context) -> None:
    """Have the calls looked for whose outcome this process could not write down. Raises what the database raises."""
    now = context.clock.now()

    def act(connection: Connection) -> Sequence[str]:
        return take_over_lost(connection, now)

    forget_lost(await context.database.write(act))

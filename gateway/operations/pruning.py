"""Work that was done long ago is forgotten, a little at a time, so that the queue does not grow for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from gateway.operations.context import Context
from gateway.work import queue
from gateway.work.queue import Claim, submit

log = structlog.get_logger(__name__)

PRUNE_KIND = "prune_work"
"""The kind of due work that forgets work done long ago."""
_KEY = "all"

EVERY = timedelta(hours=6)
_SOON = timedelta(seconds=10)  # when more is left than one turn takes
_AT_ONCE = 500  # rows a transaction, so that nobody waits long for the one writer
_BATCHES = 20  # transactions a turn


class Pruning:
    """Forgets done work that is older than the configuration keeps it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def take(self, _: Claim | None = None) -> datetime:
        """Forget some; return when to go on."""
        context = self._context
        now = context.clock.now()
        before, gone = now - context.configuration.work.keep_done, 0
        for _batch in range(_BATCHES):
            found = await context.database.write(lambda c: queue.prune(c, before, _AT_ONCE))
            gone += found
            if found < _AT_ONCE:
                break
        else:
            log.info("work.pruned", count=gone, more=True)
            return now + _SOON
        if gone:
            log.info("work.pruned", count=gone, more=False)
        return now + EVERY


async def plan_pruning(context: Context) -> None:
    """Let the pruning begin, or go on."""
    now = context.clock.now()
    await context.database.write(lambda c: submit(c, PRUNE_KIND, _KEY, now, b""))

"""One claimed piece of work: its handler runs, and how that ended is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog

from gateway.errors import GatewayError, RateLimited
from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.joined import Joined
from gateway.work import queue
from gateway.work.queue import Claim, Ending

log = structlog.get_logger(__name__)

Handler = Callable[[Claim], Awaitable[datetime | None]]
"""Does one piece of work. Returns when it wants to be called again, None when the work is done.

Raising means it failed and is tried again later; `RateLimited` says itself how much later. It may run a second time
for the same claim after a crash, so it must be safe to repeat.
"""

_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=10)


class Carrying:
    """Carries claims out with the handlers of their kinds."""

    def __init__(self, database: Database, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._clock = clock
        self._handlers = dict(handlers)
        self.kinds = sorted(handlers)
        # one that was released meanwhile is left alone: whoever has it now will end it
        self._end: Joined[Ending, bool] = Joined(database.write, queue.end_all)

    async def __call__(self, claim: Claim) -> None:
        """Do the work and end the claim: done, wanted again, or tried again. Raises what the database raises."""
        try:
            due_at = await self._handlers[claim.kind](claim)
        except Exception as error:  # one piece of work must not end the loop; the error is kept with it
            await self._failed(claim, error)
            return
        await self._end(Ending(claim, due_at))

    async def _failed(self, claim: Claim, error: Exception) -> None:
        wait = min(_FIRST_WAIT * 2 ** min(claim.attempts - 1, 16), _LONGEST_WAIT)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = timedelta(seconds=error.retry_after)
        # only our own errors promise to name no person
        name = type(error).__name__
        text = f"{name}: {error}" if isinstance(error, GatewayError) else f"{name} in the handler of {claim.kind}"
        log.warning("work_failed", kind=claim.kind, key=claim.key, attempts=claim.attempts, error=text)
        due_at = self._clock.now() + wait
        await self._end(Ending(claim, due_at, text))

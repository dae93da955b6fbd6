"""One clock for many stories: it jumps when all of them wait, and only as far as the first of them waits for.

So nothing is missed by anybody: who acts, or looks for something to happen, keeps the clock from jumping.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count


class Pace:
    """Lets so many ``actors`` wait for instants of a clock that ``jump`` moves."""

    def __init__(self, actors: int, jump: Callable[[datetime], Awaitable[None]]) -> None:
        self._actors = actors
        self._jump = jump
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._jumping: asyncio.Task[None] | None = None

    async def until(self, instant: datetime) -> None:
        """Return once the clock has come to ``instant``. Raises what moving the clock raises."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (instant, next(self._order), future))
        self._go_on()
        await future

    def leave(self) -> None:
        """Let the others go on without one actor: its story is over."""
        self._actors -= 1
        self._go_on()

    def _go_on(self) -> None:
        self._waiting = [each for each in self._waiting if not each[2].done()]  # without who was cancelled
        heapq.heapify(self._waiting)
        if self._waiting and len(self._waiting) >= self._actors and self._jumping is None:
            self._jumping = asyncio.create_task(self._move(), name="the clock of the stories")

    async def _move(self) -> None:
        instant = self._waiting[0][0]
        trouble: Exception | None = None
        try:
            await self._jump(instant)
        except Exception as error:  # whatever it is, those who wait must hear of it
            trouble = error
        self._jumping = None
        while self._waiting and self._waiting[0][0] <= instant:
            future = heapq.heappop(self._waiting)[2]
            if future.done():
                continue
            if trouble is None:
                future.set_result(None)
            else:
                future.set_exception(trouble)
        self._go_on()

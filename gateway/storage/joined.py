"""Wishes that come at about the same time, met together by one act on the database."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from gateway.storage.lane import CommitUnknown

W = TypeVar("W")
R = TypeVar("R")

_MOST = 64  # wishes met by one act: keeps the wait of the first one short

# What breaks a transaction as a whole says nothing against any one wish, and nobody may know what is stored.
_OF_ALL = (CommitUnknown, OperationalError, InterfaceError)


class Joined(Generic[W, R]):
    """Meets wishes of one kind: all that wait become one ``act``, so that its statements are run once for many.

    ``act`` gets the wishes in the order they came and returns one result for each. ``run`` is the database's `read`
    or `write`. A wish on account of which the act raises fails alone: then each of them is met by itself, and gets
    its own error. Wishes that come while an act runs wait for the next. Use it from one event loop.
    """

    def __init__(
        self,
        run: Callable[[Callable[[Connection], Sequence[R]]], Awaitable[Sequence[R]]],
        act: Callable[[Connection, Sequence[W]], Sequence[R]],
        *,
        most: int = _MOST,
    ) -> None:
        self._run = run
        self._act = act
        self._most = most
        self._waiting: deque[tuple[W, asyncio.Future[R]]] = deque()
        self._meeting: asyncio.Task[None] | None = None

    async def __call__(self, wish: W) -> R:
        """Return the result for ``wish`` once the act has ended, for a write after the COMMIT. Raises what it raises.

        A caller that is cancelled does not learn whether its wish was met.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if self._meeting is None:
            self._meeting = asyncio.create_task(self._meet_all())
        return await future

    async def _meet_all(self) -> None:
        try:
            await asyncio.sleep(0)  # who asks in the same round of the loop comes along
            while self._waiting:
                count = min(self._most, len(self._waiting))
                several = [self._waiting.popleft() for _ in range(count)]
                await self._meet([each for each in several if not each[1].done()])
        finally:
            self._meeting = None
            for _, future in self._waiting:  # only when the loop ends
                future.cancel()
            self._waiting.clear()

    async def _meet(self, several: Sequence[tuple[W, asyncio.Future[R]]]) -> None:
        wishes = [wish for wish, _ in several]
        try:
            results = await self._run(lambda connection: self._act(connection, wishes)) if wishes else ()
        except BaseException as error:  # it belongs to those who wait, who may not wait for ever
            if isinstance(error, Exception) and len(several) > 1 and not isinstance(error, _OF_ALL):
                await asyncio.gather(*(self._meet([each]) for each in several))
                return
            for _, future in several:
                if isinstance(error, asyncio.CancelledError):
                    future.cancel()
                elif not future.done():
                    future.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            for (_, future), result in zip(several, results, strict=True):
                if not future.done():
                    future.set_result(result)

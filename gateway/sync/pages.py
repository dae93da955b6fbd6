"""The pages of a window, read ahead of who stores them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from gateway.errors import InvalidRequest, NotFound
from gateway.ports import Window
from gateway.sync.streams import Loaded, Page, Stream

_AHEAD = 4  # pages of a window that may be under way or wait while one is stored


@dataclass(frozen=True, slots=True)
class Read:
    """One page of a window, whole."""

    loaded: Loaded
    next_page: str | None


class Pages:
    """The pages of one window in their order, further ones on their way while the caller works on the last.

    Each step gives all that has been read meanwhile, one page at least. When a page fails, those before it are given
    first.
    """

    def __init__(self, stream: Stream, window: Window, first: str | None) -> None:
        self._stream = stream
        self._window = window
        self._first = first
        self._room = asyncio.Semaphore(_AHEAD)
        self._arrived = asyncio.Event()
        self._coming: deque[asyncio.Task[Read]] = deque()

    async def __aiter__(self) -> AsyncGenerator[Sequence[Read]]:
        listing = asyncio.create_task(self._list())
        listing.add_done_callback(lambda _: self._arrived.set())
        try:
            while self._coming or not listing.done():
                if not self._coming:
                    self._arrived.clear()
                    await self._arrived.wait()
                    continue
                several = [await self._coming[0]]
                self._coming.popleft()
                while self._coming and self._coming[0].done() and self._coming[0].exception() is None:
                    several.append(self._coming.popleft().result())
                for _ in several:
                    self._room.release()
                yield several
            await listing
        finally:
            for task in (listing, *self._coming):
                task.cancel()
            await asyncio.gather(listing, *self._coming, return_exceptions=True)

    async def _list(self) -> None:
        """List page after page and have each of them read."""
        page: Page | None = None
        while page is None or page.next_page is not None:
            await self._room.acquire()
            page = await (self._list_first() if page is None else self._stream.list(self._window, page.next_page))
            self._coming.append(asyncio.create_task(_whole(page)))
            self._arrived.set()

    async def _list_first(self) -> Page:
        try:
            return await self._stream.list(self._window, self._first)
        except (InvalidRequest, NotFound):
            if self._first is None:
                raise
            return await self._stream.list(self._window, None)  # the page token outlived its welcome: start over


async def _whole(page: Page) -> Read:
    return Read(await page.loaded(), page.next_page)

"""One order's work in one place at a time, within a process. Between processes the fence of its case keeps watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class OneAtATime:
    """A queue for each order: who comes later waits until the earlier ones are through."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def with_order(self, store: str, order_id: str) -> AsyncIterator[None]:
        """Hold the order while the block runs. Not to be entered twice by one task."""
        name = (store, order_id)
        door, inside = self._doors.get(name, (asyncio.Lock(), 0))
        self._doors[name] = (door, inside + 1)
        try:
            async with door:
                yield
        finally:
            door, inside = self._doors[name]
            if inside == 1:
                del self._doors[name]
            else:
                self._doors[name] = (door, inside - 1)

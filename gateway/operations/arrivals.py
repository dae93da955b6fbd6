"""Callbacks of authorisations that somebody waits for."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from gateway.errors import DataError, Unavailable

T = TypeVar("T")

_KEPT = 256  # links that nobody uses are forgotten, the oldest first


class Arrivals(Generic[T]):
    """What came back for each link made in this process, kept until somebody asks for it."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.Future[T]] = {}

    def expect(self, state: str) -> None:
        """Note that a link with this state was given out."""
        self._expected[state] = asyncio.get_running_loop().create_future()
        while len(self._expected) > _KEPT:
            self._expected.pop(next(iter(self._expected))).cancel()

    def arrived(self, state: str, what: T) -> None:
        """Tell who waits what the link brought."""
        expected = self._expected.get(state)
        if expected is not None and not expected.done():
            expected.set_result(what)

    async def of(self, state: str, patience: float) -> T:
        """Return what the link brings, within ``patience`` seconds of real time.

        Raises Unavailable when nothing comes, DataError for a link that was not made here.
        """
        expected = self._expected.get(state)
        if expected is None:
            raise DataError("This link was not made by the gateway that runs now. Ask for a new one.")
        done, _ = await asyncio.wait({expected}, timeout=patience)
        if not done or expected.cancelled():
            raise Unavailable(f"No callback arrived within {patience:.0f} s.")
        return expected.result()

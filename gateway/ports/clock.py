"""Where time comes from."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time for signatures, deadlines, due work and rate limits."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Return as soon as ``now() >= instant``, also when the clock jumps there."""
        ...

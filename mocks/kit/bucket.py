"""A token bucket on the shared clock: the simulators' real rate limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Buckets:
    """One bucket per caller: `burst` calls at once, refilled with `per_second` as the clock goes on."""

    per_second: float
    burst: int
    _level: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def take(self, caller: str, now: datetime) -> int:
        """Take one call; give 0, or the seconds after which it would pass."""
        level, seen = self._level.get(caller, (float(self.burst), now))
        level = min(float(self.burst), level + max(0.0, (now - seen).total_seconds()) * self.per_second)
        if level < 1:
            self._level[caller] = (level, now)
            return math.ceil((1 - level) / self.per_second)
        self._level[caller] = (level - 1, now)
        return 0

    def set(self, per_second: float, burst: int) -> None:
        """Change the limit; every bucket starts full."""
        self.per_second, self.burst = per_second, burst
        self._level.clear()

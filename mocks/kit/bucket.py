"""A token bucket on the shared clock: the simulators' real rate limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mocks.kit.platform import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    def set_as_told(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """Do the act `set_rate_limit` and give what holds now; BadRequest for figures that are no limit.

        `per_second`: a number above 0, as it is when left out; `burst`: a whole number, else one second's calls.
        """
        rate, burst = details.get("per_second"), details.get("burst")
        rate = self.per_second if rate is None else rate
        if not isinstance(rate, int | float | Decimal) or isinstance(rate, bool) or rate <= 0:
            raise BadRequest("per_second must be a number above 0")
        burst = max(1, round(rate)) if burst is None else burst
        if not isinstance(burst, int) or isinstance(burst, bool) or burst < 1:
            raise BadRequest("burst must be a whole number, 1 or more")
        self.set(float(rate), burst)
        return {"per_second": self.per_second, "burst": self.burst}

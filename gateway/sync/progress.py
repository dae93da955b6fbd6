"""How far a pull has come, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come. ``remaining`` is an estimate from the pace so far, None at the start.

    A pull of a span of time says how much of it is ``done``; one of orders known by number says how many there are.
    """

    store: str
    doing: str
    seen: int
    done: timedelta
    total: timedelta
    remaining: timedelta | None
    of: int | None = None

    @property
    def share(self) -> float:
        """Return how much is done, from 0 to 1."""
        if self.of is not None:
            return min(self.seen / self.of, 1.0) if self.of else 1.0
        return min(self.done / self.total, 1.0) if self.total else 1.0


@dataclass(frozen=True, slots=True)
class PullReport:
    """What a pull did."""

    store: str
    seen: int = 0
    changed: int = 0
    bad: int = 0
    gaps: int = 0

    def __add__(self, other: PullReport) -> PullReport:
        return replace(
            self,
            seen=self.seen + other.seen,
            changed=self.changed + other.changed,
            bad=self.bad + other.bad,
            gaps=self.gaps + other.gaps,
        )


@dataclass(slots=True)
class Tally:
    """How far all that is read side by side for one stream has come together."""

    began: datetime
    total: timedelta
    done: timedelta = timedelta()
    seen: int = 0

"""Which failures are repeated, and after how long. The class of the error decides, and what the call says of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from gateway.errors import ClockStandsStill, NotSent, OutcomeUnknown, RateLimited
from gateway.ports import Call

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How often and how patiently one call is repeated. Seconds of real time."""

    tries: int = 4  # the first one included
    first: float = 0.5  # pause before the first repetition; doubled each time
    longest: float = 30.0  # no pause of our own is longer
    jitter: float = 0.5  # up to this much is added, so that many callers do not come back at once
    patience: float = 120.0  # a platform that asks for a longer rest than this is told to the caller instead

    def repeats(self, call: Call, error: BaseException) -> bool:
        """Return whether ``call`` may be sent again after ``error``.

        Never left: always, unless it waits for a clock that stands. Rate limited: yes, nothing was applied. Outcome
        unknown: only what is a plain read or otherwise harmless to repeat; an effect is probed by its owner instead.
        """
        if isinstance(error, NotSent):
            return not isinstance(error, ClockStandsStill)
        if isinstance(error, RateLimited):
            return (error.retry_after or 0) <= self.patience
        return isinstance(error, OutcomeUnknown) and call.idempotent == "yes" and not call.effect

    def pause(self, state: RetryCallState) -> float:
        """Return the seconds to wait: what the platform asked for, or doubling from ``first``."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after + wait_random(0, self.jitter)(state)
        return (wait_exponential(multiplier=self.first, max=self.longest) + wait_random(0, self.jitter))(state)

    def retrying(self, call: Call, sleep: Sleep) -> AsyncRetrying:
        """Return tenacity's loop for ``call``; the last error comes out as it is."""
        return AsyncRetrying(
            retry=retry_if_exception(lambda error: self.repeats(call, error)),
            wait=self.pause,
            stop=stop_after_attempt(self.tries),
            sleep=sleep,
            reraise=True,
        )


def read_retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date; None when there is none to read."""
    text = next((value for key, value in headers.items() if key.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(0, round((until - now).total_seconds()))

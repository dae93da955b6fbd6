"""The clocks: the only readers of time in the gateway. Everything else is handed one (`gateway.ports.Clock`).

`SystemClock` for real work, `SimulatorClock` beside a platform simulator, `ManualClock` for tests and replays.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from gateway.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    import httpx

# A sleeper looks at the clock again at least this often, so that a machine that was suspended or whose time was
# corrected does not oversleep.
_LONGEST_NAP = timedelta(seconds=30)


class _Sleepers:
    """Those who wait for an instant, earliest first; of one instant, who came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()

    def add(self, instant: datetime) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (instant, next(self._order), future))
        return future

    def first(self) -> datetime | None:
        while self._heap and self._heap[0][2].done():  # cancelled while it slept
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wake(self, now: datetime) -> None:
        while (first := self.first()) is not None and first <= now:
            heapq.heappop(self._heap)[2].set_result(None)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a clock needs aware instants; this one has no time zone")
    return instant.astimezone(UTC)


class SystemClock:
    """The machine's own time. Never goes back, also when the machine's time is set back: it then stands still."""

    def __init__(self) -> None:
        self._latest = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest

    async def sleep_until(self, instant: datetime) -> None:
        """Return as soon as ``now() >= instant``."""
        while (left := instant - self.now()) > timedelta(0):  # noqa: ASYNC110 - time sets no event
            await asyncio.sleep(min(left, _LONGEST_NAP).total_seconds())


class ManualClock:
    """A clock that stands still until it is moved. For tests, simulations and replays.

    ``start`` must be aware. Sleepers wake in the order of their instants.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)
        self._sleepers = _Sleepers()

    def now(self) -> datetime:
        """Return the instant the clock was last moved to."""
        return self._now

    async def sleep_until(self, instant: datetime) -> None:
        """Return as soon as the clock was moved to ``instant`` or beyond."""
        if instant > self._now:
            await self._sleepers.add(instant)

    def next_wake(self) -> datetime | None:
        """Return the earliest instant somebody sleeps for: where a simulation moves the clock next."""
        return self._sleepers.first()

    def advance(self, by: timedelta) -> None:
        """Move forward and wake who is due. Raises ValueError for a step back."""
        self.set(self._now + by)

    def set(self, instant: datetime) -> None:
        """Move to ``instant`` and wake who is due. Raises ValueError for a step back."""
        if (instant := _utc(instant)) < self._now:
            raise ValueError(f"a clock never goes back: it shows {self._now}, not later than {instant}")
        self._now = instant
        self._sleepers.wake(instant)


class SimulatorClock:
    """The clock of a running platform simulator at ``{control_url}/clock``, asked for every ``poll`` seconds.

    A simulator that counts its jumps is asked to answer when it jumps again, and ``poll`` is then the least time
    between two questions. Between two answers a `real` clock runs on with the machine's and a `virtual` one stands
    still; sleepers wake when it jumps. Must be started before `now` is asked. When the simulator is set back or gone,
    time goes on from what was last shown and a warning is logged: restart the gateway to follow a simulator that was
    started anew.
    """

    def __init__(self, control_url: str, *, poll: float = 0.1) -> None:
        self._url = control_url.rstrip("/") + "/clock"
        self._poll = poll
        self._shown: datetime | None = None  # what the simulator said last
        self._shown_at = 0.0  # and when, on the machine's monotonic clock
        self._virtual = False
        self._moves: int | None = None  # how often it had jumped then; None where it does not count
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._sleepers = _Sleepers()
        self._client: httpx.AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._quiet = False  # a warning was logged and nothing changed since

    def now(self) -> datetime:
        """Return the simulator's time as far as known. Raises ConfigurationError before `start`."""
        if self._shown is None:
            raise ConfigurationError("the simulator's clock was not started: await clock.start() first")
        passed = 0.0 if self._virtual else time.monotonic() - self._shown_at
        self._latest = max(self._latest, self._shown + timedelta(seconds=passed))
        return self._latest

    async def sleep_until(self, instant: datetime) -> None:
        """Return as soon as ``now() >= instant``, at most one poll after the simulator jumped there."""
        while (left := instant - self.now()) > timedelta(0):
            jump = self._sleepers.add(instant)
            with suppress(TimeoutError):  # nothing jumped: a real clock got there by itself
                async with asyncio.timeout(None if self._virtual else left.total_seconds()):
                    await jump

    async def start(self) -> None:
        """Ask for the time once and follow it from then on.

        Raises ConfigurationError when no simulator's clock answers at the address.
        """
        # Imported here: commands that never follow a simulator shall not pay for an HTTP client.
        from gateway.transport.client import Timeouts, make_client  # noqa: PLC0415 - heavy, and a real clock needs none of it

        self._client = make_client(timeouts=Timeouts(connect=2.0, read=5.0, pool=6.0))
        try:
            await self._ask(self._client)
        except Exception as error:
            await self.close()
            raise ConfigurationError(
                f"no simulator clock at {self._url} ({type(error).__name__}). Start gateway-mocks and give its"
                " control_url, or leave the option out to use this machine's time."
            ) from error
        self._task = asyncio.create_task(self._follow(self._client), name="simulator-clock")

    async def close(self) -> None:
        """Stop following. Who still sleeps stays asleep."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _follow(self, client: httpx.AsyncClient) -> None:
        while True:
            await asyncio.sleep(self._poll)
            try:
                await self._ask(client)
            except Exception as error:  # whatever it is, time must go on
                self._warn("simulator clock does not answer", type(error).__name__)

    async def _ask(self, client: httpx.AsyncClient) -> None:
        asked = time.monotonic()
        waits = {} if self._moves is None else {"moves": self._moves}
        response = await client.get(self._url, params=waits)
        answered = time.monotonic()
        response.raise_for_status()
        self._shown, self._virtual, self._moves = _read_clock(response.content)
        # the simulator looked at its clock somewhere in between, or, where it waited for a jump, at the end
        self._shown_at = answered if waits else (asked + answered) / 2
        if self._shown + timedelta(seconds=1) < self._latest:
            self._warn("simulator clock went back", "restart the gateway to follow it")
        else:
            self._quiet = False
        self._sleepers.wake(self.now())

    def _warn(self, event: str, reason: str) -> None:
        import structlog  # noqa: PLC0415 - as above

        if not self._quiet:
            structlog.get_logger(__name__).warning(event, address=self._url, reason=reason)
        self._quiet = True


def _read_clock(body: bytes) -> tuple[datetime, bool, int | None]:
    from gateway.transport.json import decode  # noqa: PLC0415 - as above

    answer = decode(body)
    if isinstance(answer, Mapping) and answer.get("mode") in ("real", "virtual"):
        now = datetime.fromisoformat(str(answer.get("now")))
        moves = answer.get("moves")
        return _utc(now), answer["mode"] == "virtual", moves if isinstance(moves, int) else None
    raise DataError('the clock\'s answer is not {"now": ISO 8601 with zone, "mode": "real" or "virtual"}')

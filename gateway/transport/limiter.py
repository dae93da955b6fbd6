"""When a call may go: a token bucket per (store, endpoint group) and caps on what is in flight.

Inside a bucket who came first goes first. Between stores turns are taken, so that a store that floods does not delay
another; and no platform may hold so many slots that a sick one starves the rest. A store takes another slot only while
its platform has more free ones than the store holds: several whose answers do not come leave room for those that do.

Processes that share the platforms' rates keep the buckets in one place (`SharedRates`); turns and caps stay each
process's own.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol

import structlog

from gateway.errors import ClockStandsStill
from gateway.ports import Clock, Rate

log = structlog.get_logger(__name__)

PATIENCE: ContextVar[float | None] = ContextVar("patience", default=None)
"""Seconds of real time that a call waits for a clock that stands still; None: for ever, as who runs on it does."""

FOREGROUND = 30.0
"""The patience of a command that somebody waits for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOMENT = timedelta(seconds=1)


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


class SharedRates(Protocol):
    """Token buckets that several processes draw from. All times in microseconds since the epoch."""

    async def take(self, store: str, group: str, *, interval: int, burst: int, now: int) -> tuple[int, int] | None:
        """Take a token, and return None; where there is none, return when to ask again and how long calls rest."""
        ...

    async def pause(self, store: str, group: str, until: int) -> None:
        """Let no process call before ``until``."""
        ...

    async def resume(self, store: str, group: str, until: int) -> None:
        """End a pause that was set up to ``until`` or earlier."""
        ...


@dataclass(slots=True)
class _Bucket:
    """A token bucket kept as one instant: when it would be full again. All times in microseconds."""

    interval: int  # between two tokens
    burst: int
    full_at: int = 0
    paused_until: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    # of a shared bucket, whose level is kept elsewhere
    ask_at: int = 0
    asking: bool = False
    telling: asyncio.Task[None] | None = None

    def ready_at(self) -> int:
        return max(self.full_at - (self.burst - 1) * self.interval, self.paused_until, self.ask_at)

    def take(self, now: int) -> None:
        self.full_at = max(self.full_at, now) + self.interval

    def drop_gone(self) -> bool:
        """Forget who gave up; return whether somebody waits."""
        while self.waiting and self.waiting[0].done():
            self.waiting.popleft()
        return bool(self.waiting)


@dataclass(slots=True)
class _Lane:
    """One store's buckets and what it has in flight."""

    platform: str
    in_flight: int = 0
    buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)  # whose turn is next stands first


class Limiter:
    """Gives out slots. ``total``, ``per_platform`` and ``per_store`` cap the calls in flight at one time.

    With the defaults four platforms never wait for each other, and on one platform seven stores that hold all they can
    get leave eight slots free. Time is the clock's: on a clock that stands still an
    emptied bucket stays empty. With ``shared`` the buckets are common to all processes that use it; clocks that
    differ let a burst be larger by what passes in the difference.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        total: int = 256,
        per_platform: int = 64,
        per_store: int = 16,
        shared: SharedRates | None = None,
    ) -> None:
        self._clock = clock
        self._shared = shared
        self._errands: set[asyncio.Task[None]] = set()
        self._total = total
        self._per_platform = per_platform
        self._per_store = per_store
        self._in_flight = 0
        self._platforms: dict[str, int] = {}
        self._lanes: dict[str, _Lane] = {}
        self._asking: OrderedDict[str, _Lane] = OrderedDict()  # where somebody waits; whose turn is next stands first
        self._alarm: tuple[int, asyncio.Task[None]] | None = None

    @asynccontextmanager
    async def slot(self, store: str, group: str, rate: Rate, *, platform: str) -> AsyncIterator[bool]:
        """Hold a slot for one call of ``store``; entered as soon as the call may go.

        Yields whether it had to wait, so that the caller can look again at what may have changed meanwhile. Raises
        ClockStandsStill where it would wait for time that does not pass, and whoever calls has no more `PATIENCE`.
        """
        lane = self._lane(store, platform)
        bucket = self._bucket(lane, group, rate)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        came_at = self._clock.now()
        bucket.waiting.append(turn)
        self._asking.setdefault(store, lane)
        self._dispatch()
        waited = not turn.done()
        if waited:
            try:
                await self._wait(turn, bucket)
            except (asyncio.CancelledError, ClockStandsStill):
                if turn.done() and not turn.cancelled():
                    if turn.exception() is None:  # the slot came in the same instant: pass it on
                        self._release(lane)
                else:
                    turn.cancel()
                    self._dispatch()
                raise
            if self._shared is not None:  # to ask for a token is not to wait
                waited = self._clock.now() - came_at > _MOMENT
        try:
            yield waited
        finally:
            self._release(lane)

    async def _wait(self, turn: asyncio.Future[None], bucket: _Bucket) -> None:
        """Return at the turn. Raises ClockStandsStill when only time could bring it, and none passes."""
        patience = PATIENCE.get()
        while patience is not None and not turn.done():
            stood_at = self._clock.now()
            await asyncio.wait({turn}, timeout=patience)
            if not turn.done() and self._clock.now() == stood_at and bucket.ready_at() > _micros(stood_at):
                raise ClockStandsStill(
                    f"The simulator's clock stands still at {stood_at.isoformat()}, and the rate limit lets no call go "
                    "before it goes on. Move it on the simulator's control page, or with POST CONTROL_URL/clock and "
                    '{"advance": "PT1M"}, then repeat.'
                )
        await turn

    def pause(self, store: str, group: str, until: datetime) -> None:
        """Let no call of this bucket go before ``until``: the platform asked for it."""
        bucket = self._find(store, group)
        if bucket is not None:
            bucket.paused_until = max(bucket.paused_until, _micros(until))
            if self._shared is not None:
                self._tell(bucket, self._shared.pause(store, group, _micros(until)))
            self._dispatch()

    def resume(self, store: str, group: str, until: datetime) -> None:
        """End a pause that was set up to ``until`` or earlier: who set it has waited it out in real time."""
        bucket = self._find(store, group)
        if bucket is not None and bucket.paused_until <= _micros(until):
            bucket.paused_until = bucket.ask_at = 0
            if self._shared is not None:
                self._tell(bucket, self._shared.resume(store, group, _micros(until)))
            self._dispatch()

    def paused_until(self, store: str, group: str) -> datetime | None:
        """Return when the bucket's pause ends, or None when it is not paused now."""
        bucket = self._find(store, group)
        if bucket is None or bucket.paused_until <= _micros(self._clock.now()):
            return None
        return _EPOCH + bucket.paused_until * _MICROSECOND

    def _find(self, store: str, group: str) -> _Bucket | None:
        lane = self._lanes.get(store)
        return lane.buckets.get(group) if lane else None

    def _lane(self, store: str, platform: str) -> _Lane:
        if store not in self._lanes:
            self._lanes[store] = _Lane(platform)
        return self._lanes[store]

    @staticmethod
    def _bucket(lane: _Lane, group: str, rate: Rate) -> _Bucket:
        if rate.per_second <= 0 or rate.burst < 1:
            raise ValueError(f"endpoint group {group!r}: a rate needs per_second > 0 and burst >= 1")
        interval = ceil(1_000_000 / rate.per_second)
        bucket = lane.buckets.get(group)
        if bucket is None:
            bucket = lane.buckets[group] = _Bucket(interval, rate.burst)
        bucket.interval, bucket.burst = interval, rate.burst
        return bucket

    def _release(self, lane: _Lane) -> None:
        lane.in_flight -= 1
        self._platforms[lane.platform] -= 1
        self._in_flight -= 1
        self._dispatch()

    def _dispatch(self) -> None:
        """Give every slot that can be given now, in turns, and set the alarm for the next one."""
        now = _micros(self._clock.now())
        given = True
        while given:
            given = False
            for store, lane in list(self._asking.items()):
                if self._give(store, lane, now):
                    self._asking.move_to_end(store)  # it had its turn; who got nothing keeps its place
                    given = True
        self._set_alarm(self._next_ready(now))

    def _open(self, lane: _Lane) -> bool:
        free = self._per_platform - self._platforms.get(lane.platform, 0)
        most = min(self._per_store, max(free, 1))
        return self._in_flight < self._total and free > 0 and lane.in_flight < most

    def _give(self, store: str, lane: _Lane, now: int) -> bool:
        if not self._open(lane):
            return False
        for group, bucket in lane.buckets.items():
            if not bucket.asking and bucket.drop_gone() and bucket.ready_at() <= now:
                lane.buckets.move_to_end(group)
                lane.in_flight += 1
                self._platforms[lane.platform] = self._platforms.get(lane.platform, 0) + 1
                self._in_flight += 1
                if self._shared is None:
                    bucket.take(now)
                    bucket.waiting.popleft().set_result(None)
                else:
                    bucket.asking = True
                    self._run(self._ask(self._shared, store, lane, group, bucket))
                return True
        return False

    async def _ask(self, shared: SharedRates, store: str, lane: _Lane, group: str, bucket: _Bucket) -> None:
        """Draw from a shared bucket for who waits first; the slot is held for it meanwhile."""
        refused: tuple[int, int] | None = None
        failure: Exception | None = None
        try:
            if bucket.telling is not None:
                await bucket.telling
            now = _micros(self._clock.now())
            refused = await shared.take(store, group, interval=bucket.interval, burst=bucket.burst, now=now)
        except Exception as error:  # it belongs to the caller
            failure = error
        bucket.asking = False
        if refused is not None:
            bucket.ask_at, paused = refused
            bucket.paused_until = max(bucket.paused_until, paused)
        elif bucket.drop_gone():
            turn = bucket.waiting.popleft()
            if failure is None:
                turn.set_result(None)
                self._dispatch()
                return
            turn.set_exception(failure)
        self._release(lane)

    def _tell(self, bucket: _Bucket, errand: Coroutine[None, None, None]) -> None:
        """Run what the other processes are to know of a bucket, one after another."""
        before = bucket.telling

        async def tell() -> None:
            if before is not None:
                await before
            try:
                await errand
            except Exception as error:  # the platform tells the others itself, with its next refusal
                log.warning("rates.not_shared", error=type(error).__name__)

        bucket.telling = self._run(tell())

    def _run(self, errand: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(errand, name="limiter-errand")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    def _next_ready(self, now: int) -> int | None:
        ready: list[int] = []
        for store, lane in list(self._asking.items()):
            waiting = [
                bucket.ready_at() for bucket in lane.buckets.values() if bucket.drop_gone() and not bucket.asking
            ]
            if not waiting:
                if not any(bucket.waiting for bucket in lane.buckets.values()):
                    del self._asking[store]
            elif self._open(lane):  # else the next release looks again
                ready += [at for at in waiting if at > now]
        return min(ready, default=None)

    def _set_alarm(self, at: int | None) -> None:
        if self._alarm is not None:
            if self._alarm[0] == at:
                return
            self._alarm[1].cancel()
            self._alarm = None
        if at is not None:
            task = asyncio.get_running_loop().create_task(self._ring(at), name="limiter-alarm")
            self._alarm = (at, task)

    async def _ring(self, at: int) -> None:
        await self._clock.sleep_until(_EPOCH + at * _MICROSECOND)
        self._alarm = None  # this task is done; it must not be cancelled by the next alarm
        self._dispatch()

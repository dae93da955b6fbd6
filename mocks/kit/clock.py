"""The one clock all simulators of a process share, and the transitions that wait for it."""

from __future__ import annotations

import asyncio
import heapq
import logging
import re
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

VIRTUAL_START = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
"""Where a virtual clock stands until it is advanced."""

_UNDER_WAY = 2.0
"""How long (real seconds) a request may have been under way that was dated before a real clock jumped."""

_TOLERANCE = timedelta(seconds=1)
"""By how much a real clock may have gone past an asked instant meanwhile."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration in weeks, days, hours, minutes and seconds; ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    parts = {name: float(value) for name, value in found.groupdict().items() if value} if found else {}
    if not parts:
        msg = f"{text!r} is not a duration; write it like PT6H, PT15M or P2D"
        raise ValueError(msg)
    return timedelta(**parts)


@dataclass(order=True, slots=True)
class Appointment:
    """A transition waiting for its instant; `cancel` it when the state it belonged to is gone."""

    due: int
    order: int
    action: Callable[[], None] = field(compare=False)
    owner: str = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Make sure the transition never happens."""
        self.cancelled = True


class Clock:
    """Simulated time: real time plus an offset, or a virtual time that stands still until advanced.

    Transitions registered with `call_at` happen in the order of their due instants, and the clock shows each
    due instant while its transitions run, however far it is advanced at once. It never goes backwards except
    through `restart`.
    """

    def __init__(self, mode: Literal["real", "virtual"] = "real", start: datetime = VIRTUAL_START) -> None:
        self.mode = mode
        self._start = start
        self._still: datetime | None = start if mode == "virtual" else None
        self._offset = timedelta(0)
        self._waiting: list[Appointment] = []
        self._counter = 0
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._after_instant: list[Callable[[], Awaitable[None]]] = []
        self._moved = asyncio.Event()
        self._left: deque[tuple[float, datetime]] = deque()  # when it jumped lately (real), and what it showed before
        self._standing = False
        self.moves = 0  # how often it jumped
        self.owners: set[str] = set()

    def now(self) -> datetime:
        """Tell the simulated time, aware, UTC."""
        return self._still if self._still is not None else datetime.now(UTC) + self._offset

    def unix(self) -> int:
        """Tell the simulated time in whole unix seconds."""
        return int(self.now().timestamp())

    @property
    def flows(self) -> bool:
        """Say whether time passes by itself."""
        return self.mode == "real" and not self._standing

    def is_about_now(self, unix: float, older: float, newer: float | None = None) -> bool:
        """Say whether what is dated `unix` is at most `older` seconds old and `newer` (the same) ahead.

        A real clock that jumped a moment ago takes what was dated before: nobody can have signed it anew.
        """
        while self._left and self._left[0][0] < time.monotonic() - _UNDER_WAY:
            self._left.popleft()
        now = int(self.now().timestamp())
        oldest = int(self._left[0][1].timestamp()) if self._left else now
        return oldest - older <= unix <= now + (older if newer is None else newer)

    def call_at(self, due: int, action: Callable[[], None], *, owner: str) -> Appointment:
        """Let `action` happen when the clock reaches `due` (unix seconds); at once if that is past."""
        self._counter += 1
        appointment = Appointment(due, self._counter, action, owner)
        heapq.heappush(self._waiting, appointment)
        self._wake.set()
        return appointment

    def forget(self, owner: str) -> None:
        """Drop every waiting transition of one owner."""
        self._waiting = [one for one in self._waiting if one.owner != owner]
        heapq.heapify(self._waiting)

    def after_each_instant(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Await `hook` after the transitions of each instant, before time goes on (deliveries settle here)."""
        self._after_instant.append(hook)

    async def advance(self, by: timedelta) -> None:
        """Let time pass; ValueError for a negative span."""
        async with self._lock:
            await self._go(self.now() + by)

    async def set(self, target: datetime) -> None:
        """Go to `target`; ValueError when that lies in the past."""
        async with self._lock:
            await self._go(target)

    async def _go(self, target: datetime) -> None:
        if target < self.now() and (self.mode == "virtual" or target < self.now() - _TOLERANCE):
            msg = f"the clock is at {self.now().isoformat()} and never goes backwards (asked: {target.isoformat()})"
            raise ValueError(msg)
        try:
            await self._fire_until(target)
        finally:
            self._leave()
            if self.mode == "real":
                self._offset = max(self._offset, target - datetime.now(UTC))
            self._still = None if self.flows else target
            self._tell_move()
        self._wake.set()

    def restart(self) -> None:
        """Go back to the beginning: the virtual start, or real time without an offset."""
        self._offset = timedelta(0)
        self._still = self._start if self.mode == "virtual" else None
        self._standing = False
        self._left.clear()
        self._tell_move()

    async def stand(self, *, still: bool) -> None:
        """Let a real clock stand still, or flow again from where it stands; ValueError for a virtual one."""
        if self.mode != "real":
            msg = "a virtual clock always stands still until it is advanced"
            raise ValueError(msg)
        async with self._lock:
            now = self.now()
            self._standing, self._still = still, now if still else None
            self._offset = now - datetime.now(UTC)
            self._tell_move()
        self._wake.set()

    def _leave(self) -> None:
        if self.mode == "real":
            self._left.append((time.monotonic(), self.now()))

    async def moved(self, seen: int, patience: float) -> None:
        """Return once it has jumped another number of times than ``seen``, or after ``patience`` real seconds."""
        if self.moves == seen:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), patience)

    def _tell_move(self) -> None:
        self.moves += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Fire what falls due while time flows by itself; runs until cancelled."""
        while True:
            self._wake.clear()
            async with self._lock:
                self._fire_due()
            wait = None
            if self.flows and self._waiting:
                wait = max(0.0, self._waiting[0].due - self.now().timestamp())
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    def _fire_due(self) -> None:
        while self._waiting and self._waiting[0].due <= self.unix():
            self._fire_one()

    def _fire_one(self) -> None:
        appointment = heapq.heappop(self._waiting)
        if appointment.cancelled:
            return
        try:
            appointment.action()
        except Exception:
            _log.exception("a scheduled transition of %s failed", appointment.owner)

    async def _fire_until(self, target: datetime) -> None:
        for hook in self._after_instant:  # what is under way belongs to the present instant
            await hook()
        while self._waiting and self._waiting[0].due <= target.timestamp():
            due = self._waiting[0].due
            self._leave()
            self._still = max(self.now(), datetime.fromtimestamp(due, UTC))
            self._tell_move()
            while self._waiting and self._waiting[0].due <= due:
                self._fire_one()
            for hook in self._after_instant:
                await hook()

"""Stories share a clock: it jumps when all of them wait, and to the first instant that one waits for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.operations.demo.stories.pace import Pace

START = datetime(2026, 11, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that tells where it was moved to."""

    def __init__(self) -> None:
        self.now = START
        self.jumps: list[int] = []

    async def jump(self, instant: datetime) -> None:
        await asyncio.sleep(0)
        self.now = max(self.now, instant)
        self.jumps.append((instant - START) // HOUR)


async def waits_for(pace: Pace, clock: Clock, *hours: int) -> list[int]:
    """Wait for each hour after the start; return at which hour each wait ended."""
    seen = []
    for hour in hours:
        await pace.until(START + hour * HOUR)
        seen.append((clock.now - START) // HOUR)
    pace.leave()
    return seen


async def test_the_earliest_of_all_comes_first_and_nobody_oversleeps() -> None:
    clock = Clock()
    pace = Pace(3, clock.jump)
    seen = await asyncio.gather(
        waits_for(pace, clock, 6, 24), waits_for(pace, clock, 2, 7, 100), waits_for(pace, clock, 24)
    )
    assert seen == [[6, 24], [2, 7, 100], [24]]
    assert clock.jumps == [2, 6, 7, 24, 100], "one jump for the two that wait for the same hour"


async def test_who_acts_keeps_the_clock_where_it_is() -> None:
    clock = Clock()
    pace = Pace(2, clock.jump)
    done = asyncio.Event()

    async def busy() -> None:
        await done.wait()
        pace.leave()

    waiter, actor = asyncio.create_task(waits_for(pace, clock, 5)), asyncio.create_task(busy())
    for _ in range(20):
        await asyncio.sleep(0)
    assert clock.jumps == []
    done.set()
    assert await waiter == [5]
    await actor


async def test_an_instant_that_has_passed_is_waited_for_with_the_others() -> None:
    clock = Clock()
    pace = Pace(2, clock.jump)
    assert await asyncio.gather(waits_for(pace, clock, 9, 3), waits_for(pace, clock, 9, 12)) == [[9, 9], [9, 12]]


async def test_one_that_is_cancelled_is_not_waited_for() -> None:
    clock = Clock()
    pace = Pace(2, clock.jump)
    gone = asyncio.create_task(waits_for(pace, clock, 1))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    pace.leave()
    assert await waits_for(pace, clock, 8) == [8]
    assert clock.jumps == [8]


async def test_a_clock_that_cannot_be_moved_is_heard_of_by_who_waits() -> None:
    async def broken(_: datetime) -> None:
        raise OSError("the simulators are gone")

    pace = Pace(1, broken)
    with pytest.raises(OSError, match="gone"):
        await pace.until(START + HOUR)

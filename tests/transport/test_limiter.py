from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import ManualClock
from gateway.errors import ClockStandsStill, NotSent
from gateway.ports import Call, Rate
from gateway.transport.limiter import PATIENCE, Limiter
from gateway.transport.retry import RetryPlan

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
FAST = Rate(1000.0, 1000)


async def settle() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


def reference(arrivals: list[int], per_second: int, burst: int) -> list[int]:
    """When a token bucket lets each of `arrivals` go, first come first served; a slow and plain model, microseconds."""
    tokens, last, grants = Fraction(burst), 0, []
    for arrival in arrivals:
        at = Fraction(max(arrival, last))
        tokens = min(Fraction(burst), tokens + (at - last) * per_second / 1_000_000)
        if tokens < 1:
            at += (1 - tokens) * 1_000_000 / per_second
            tokens = Fraction(1)
        tokens -= 1
        last = at
        grants.append(int(at))
    return grants


async def play(arrivals: list[int], rate: Rate) -> tuple[list[int], list[int]]:
    """Let callers come at `arrivals`; return when each went, and in which order they went."""
    clock = ManualClock(START)
    limiter = Limiter(clock)
    went = [-1] * len(arrivals)
    order: list[int] = []

    async def call(number: int) -> None:
        async with limiter.slot("s1", "default", rate, platform="toy"):
            went[number] = (clock.now() - START) // timedelta(microseconds=1)
            order.append(number)

    tasks = []
    for number, arrival in enumerate(arrivals):
        then = START + timedelta(microseconds=arrival)
        while (wake := clock.next_wake()) is not None and wake <= then:
            clock.set(wake)
            await settle()
        clock.set(then)
        tasks.append(asyncio.create_task(call(number)))
        await settle()
    while (wake := clock.next_wake()) is not None:
        clock.set(wake)
        await settle()
    await asyncio.gather(*tasks)
    return went, order


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.one_of(st.just(0), st.integers(0, 3_000_000)), min_size=1, max_size=25),
    per_second=st.sampled_from([1, 2, 4, 5, 10, 20, 50]),
    burst=st.integers(1, 6),
)
def test_a_bucket_lets_go_exactly_when_a_token_bucket_does(gaps: list[int], per_second: int, burst: int) -> None:
    arrivals = [sum(gaps[: n + 1]) for n in range(len(gaps))]

    went, order = asyncio.run(play(arrivals, Rate(float(per_second), burst)))

    assert went == reference(arrivals, per_second, burst)
    assert order == list(range(len(arrivals))), "first come, first served"
    interval = 1_000_000 // per_second
    for first in range(len(went)):
        for last in range(first, len(went)):
            assert (last - first + 1 - burst) * interval <= went[last] - went[first], "more than burst + rate x time"


class Callers:
    """Callers that hold their slot until they are told to leave."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.leave: dict[str, asyncio.Event] = {}

    async def come(
        self, name: str, store: str, *, platform: str = "toy", group: str = "default", rate: Rate = FAST
    ) -> None:
        self.leave[name] = asyncio.Event()

        async def call() -> None:
            async with self.limiter.slot(store, group, rate, platform=platform):
                self.inside.append(name)
                try:
                    await self.leave[name].wait()
                finally:
                    self.inside.remove(name)

        self.tasks[name] = asyncio.create_task(call())
        await settle()

    async def go(self, name: str) -> None:
        self.leave[name].set()
        await settle()

    async def end(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_a_flooding_store_takes_turns_with_a_quiet_one() -> None:
    callers = Callers(Limiter(ManualClock(START), total=3, per_platform=9, per_store=3))
    for number in range(50):
        await callers.come(f"flood-{number}", "loud")
    assert callers.inside == ["flood-0", "flood-1", "flood-2"]
    for number in range(3):
        await callers.come(f"quiet-{number}", "quiet")

    went: list[str] = []
    for _ in range(8):  # whoever has held a slot longest leaves, and one who waits takes it
        before = list(callers.inside)
        await callers.go(before[0])
        went += [name for name in callers.inside if name not in before]

    assert went[:6] == ["flood-3", "quiet-0", "flood-4", "quiet-1", "flood-5", "quiet-2"] or went[:6] == [
        "quiet-0",
        "flood-3",
        "quiet-1",
        "flood-4",
        "quiet-2",
        "flood-5",
    ]
    assert went[6:] == ["flood-6", "flood-7"]
    await callers.end()


async def test_groups_of_a_store_take_turns() -> None:
    callers = Callers(Limiter(ManualClock(START), total=1, per_platform=1, per_store=1))
    for number in range(9):
        await callers.come(f"orders-{number}", "a", group="orders")
    await callers.come("returns-0", "a", group="returns")

    await callers.go("orders-0")
    await callers.go("orders-1")

    assert "returns-0" in callers.inside or callers.tasks["returns-0"].done()
    await callers.end()


async def test_one_store_holds_no_more_than_its_share() -> None:
    callers = Callers(Limiter(ManualClock(START), total=8, per_platform=8, per_store=2))
    for number in range(5):
        await callers.come(f"a{number}", "a")
    await callers.come("b0", "b")

    assert callers.inside == ["a0", "a1", "b0"]
    await callers.go("a0")
    assert callers.inside == ["a1", "b0", "a2"]
    await callers.end()


async def test_stores_that_hold_all_they_can_get_leave_room_for_another() -> None:
    callers = Callers(Limiter(ManualClock(START), total=99, per_platform=16, per_store=8))
    for number in range(60):  # never answered
        await callers.come(f"sick-{number}", f"sick-store-{number % 3}")
    assert len(callers.inside) == 12
    for number in range(2):
        await callers.come(f"well-{number}", "well")
    assert callers.inside[12:] == ["well-0", "well-1"]
    await callers.end()


async def test_a_store_that_holds_nothing_gets_the_last_slot() -> None:
    callers = Callers(Limiter(ManualClock(START), total=9, per_platform=3, per_store=9))
    for store in ("a", "b", "c", "d"):
        for number in range(3):
            await callers.come(f"{store}{number}", store)
    assert callers.inside == ["a0", "a1", "b0"]
    await callers.end()


async def test_a_sick_platform_does_not_take_the_slots_of_another() -> None:
    callers = Callers(Limiter(ManualClock(START), total=8, per_platform=4, per_store=4))
    for number in range(20):  # never answered: they hold what they get
        await callers.come(f"sick-{number}", f"store-{number}", platform="sick")
    assert len(callers.inside) == 4
    for number in range(4):
        await callers.come(f"well-{number}", f"well-{number}", platform="well")

    assert [name for name in callers.inside if name.startswith("well")] == ["well-0", "well-1", "well-2", "well-3"]
    await callers.end()


async def test_the_cap_of_the_process_holds() -> None:
    callers = Callers(Limiter(ManualClock(START), total=5, per_platform=4, per_store=4))
    for number in range(12):
        await callers.come(f"c{number}", f"s{number}", platform=f"p{number % 4}")

    assert len(callers.inside) == 5
    await callers.end()


async def test_an_empty_bucket_holds_back_its_own_group_only() -> None:
    clock = ManualClock(START)
    callers = Callers(Limiter(clock))
    slow = Rate(1.0, 1)
    await callers.come("a0", "a", group="orders", rate=slow)
    await callers.come("a1", "a", group="orders", rate=slow)
    await callers.come("a2", "a", group="returns", rate=slow)
    await callers.come("b0", "b", group="orders", rate=slow)
    assert callers.inside == ["a0", "a2", "b0"]

    clock.advance(timedelta(milliseconds=999))
    await settle()
    assert "a1" not in callers.inside
    clock.advance(timedelta(milliseconds=1))
    await settle()
    assert "a1" in callers.inside
    await callers.end()


async def test_who_gives_up_costs_nothing() -> None:
    clock = ManualClock(START)
    callers = Callers(Limiter(clock))
    slow = Rate(1.0, 1)
    for name in ("first", "gone", "next"):
        await callers.come(name, "a", rate=slow)
    callers.tasks["gone"].cancel()
    await settle()

    clock.advance(timedelta(seconds=1))
    await settle()

    assert callers.inside == ["first", "next"]
    await callers.end()


async def test_a_slot_that_comes_as_its_caller_gives_up_is_passed_on() -> None:
    callers = Callers(Limiter(ManualClock(START), total=1, per_platform=1, per_store=1))
    for name in ("holder", "gone", "next"):
        await callers.come(name, "a")
    callers.leave["holder"].set()
    await asyncio.sleep(0)  # the holder runs: the slot is given to "gone", which has not run yet
    callers.tasks["gone"].cancel()
    await settle()

    assert callers.inside == ["next"]
    await callers.end()


async def test_a_pause_holds_its_bucket_until_it_ends() -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    callers = Callers(limiter)
    await callers.come("before", "a")
    limiter.pause("a", "default", START + timedelta(seconds=30))
    assert limiter.paused_until("a", "default") == START + timedelta(seconds=30)
    await callers.come("during", "a")
    await callers.come("other group", "a", group="returns")
    await callers.come("other store", "b")
    assert callers.inside == ["before", "other group", "other store"]

    clock.advance(timedelta(seconds=29))
    await settle()
    assert "during" not in callers.inside
    clock.advance(timedelta(seconds=1))
    await settle()
    assert "during" in callers.inside
    assert limiter.paused_until("a", "default") is None
    await callers.end()


async def test_resume_ends_the_pause_it_knows_and_no_later_one() -> None:
    limiter = Limiter(ManualClock(START))
    callers = Callers(limiter)
    await callers.come("before", "a")
    limiter.pause("a", "default", START + timedelta(seconds=5))
    limiter.pause("a", "default", START + timedelta(seconds=60))
    await callers.come("during", "a")

    limiter.resume("a", "default", START + timedelta(seconds=5))
    await settle()
    assert callers.inside == ["before"]
    limiter.resume("a", "default", START + timedelta(seconds=60))
    await settle()
    assert callers.inside == ["before", "during"]
    await callers.end()


@pytest.mark.parametrize("rate", [Rate(0.0, 1), Rate(-1.0, 1), Rate(1.0, 0)])
async def test_a_rate_that_lets_nothing_through_is_refused(rate: Rate) -> None:
    with pytest.raises(ValueError, match="a rate needs"):
        async with Limiter(ManualClock(START)).slot("a", "default", rate, platform="toy"):
            pass


@pytest.fixture
def impatient() -> Iterator[None]:
    token = PATIENCE.set(0.02)
    yield
    PATIENCE.reset(token)


async def test_who_waits_for_a_clock_that_stands_is_told_so_and_others_get_their_turn(impatient: None) -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    slow = Rate(1.0, 1)
    async with limiter.slot("s1", "default", slow, platform="toy"):
        pass
    with pytest.raises(ClockStandsStill, match="stands still at 2026-11-22T03:00:00"):
        async with limiter.slot("s1", "default", slow, platform="toy"):
            raise AssertionError("there was no token")
    clock.advance(timedelta(seconds=1))
    async with limiter.slot("s1", "default", slow, platform="toy"):
        pass


async def test_a_pause_that_the_platform_asked_for_is_no_exception(impatient: None) -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    async with limiter.slot("s1", "default", FAST, platform="toy"):
        limiter.pause("s1", "default", START + timedelta(minutes=5))
    with pytest.raises(ClockStandsStill):
        async with limiter.slot("s1", "default", FAST, platform="toy"):
            raise AssertionError("it rests")


async def test_who_waits_for_others_to_end_waits_on(impatient: None) -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock, per_store=1)
    held, ended = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with limiter.slot("s1", "default", FAST, platform="toy"):
            held.set()
            await ended.wait()

    first = asyncio.create_task(hold())
    await held.wait()
    asyncio.get_running_loop().call_later(0.2, ended.set)  # ten times what is had of patience
    async with limiter.slot("s1", "default", FAST, platform="toy"):
        assert ended.is_set()
    await first


async def test_who_runs_on_waits_for_the_clock() -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    slow = Rate(1.0, 1)
    async with limiter.slot("s1", "default", slow, platform="toy"):
        pass
    asyncio.get_running_loop().call_later(0.2, clock.advance, timedelta(seconds=1))
    async with limiter.slot("s1", "default", slow, platform="toy"):
        assert clock.now() == START + timedelta(seconds=1)


def test_a_call_that_waits_for_a_standing_clock_is_not_repeated() -> None:
    call = Call(operation="x", method="GET", path="/")
    assert RetryPlan().repeats(call, NotSent("gone"))
    assert not RetryPlan().repeats(call, ClockStandsStill("stands"))

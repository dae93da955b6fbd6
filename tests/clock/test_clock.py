from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
import structlog
from aiohttp import web

import gateway.clock
from gateway.clock import ManualClock, SimulatorClock, SystemClock
from gateway.errors import ConfigurationError

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LIMIT = 20.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():
            await asyncio.sleep(0.005)


class FakeSimulator:
    """The clock of a simulator as its control API shows it."""

    def __init__(self) -> None:
        self.now = START
        self.mode = "virtual"
        self.offset: timedelta | None = None
        self.broken = False
        self.asked = 0
        self.moves: list[str | None] = []  # what each question said that it had seen
        self.counts = False
        self.jumped = asyncio.Event()

    async def clock(self, request: web.Request) -> web.Response:
        self.asked += 1
        self.moves.append(request.query.get("moves"))
        if self.moves[-1] is not None:
            await self.jumped.wait()
        if self.broken:
            return web.Response(status=500)
        now = datetime.now(UTC) + self.offset if self.offset is not None else self.now
        shown = now.isoformat().replace("+00:00", "Z")
        counted = {"moves": 7 + self.jumped.is_set()} if self.counts else {}
        return web.json_response({"now": shown, "unix": int(now.timestamp()), "mode": self.mode, **counted})


@pytest.fixture
def simulator() -> FakeSimulator:
    return FakeSimulator()


@asynccontextmanager
async def following(simulator: FakeSimulator) -> AsyncIterator[SimulatorClock]:
    app = web.Application()
    app.router.add_get("/_mock/clock", simulator.clock)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    clock = SimulatorClock(f"http://127.0.0.1:{runner.addresses[0][1]}/_mock", poll=0.02)
    await clock.start()
    try:
        yield clock
    finally:
        await clock.close()
        await runner.cleanup()


def test_system_clock_is_aware_utc_and_close_to_the_machine() -> None:
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_system_clock_stands_still_when_the_machine_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [START, START + timedelta(seconds=5), START - timedelta(hours=1), START + timedelta(seconds=6)]

    class Machine(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return shown.pop(0)

    monkeypatch.setattr(gateway.clock, "datetime", Machine)
    clock = SystemClock()

    assert [clock.now() for _ in range(3)] == [START + timedelta(seconds=s) for s in (5, 5, 6)]


async def test_system_clock_sleeps_no_less_than_asked() -> None:
    clock = SystemClock()
    until_then = clock.now() + timedelta(milliseconds=30)

    await asyncio.wait_for(clock.sleep_until(until_then), LIMIT)

    assert clock.now() >= until_then


async def test_the_past_is_not_slept_for(simulator: FakeSimulator) -> None:
    async with following(simulator) as simulated:
        for clock in (SystemClock(), ManualClock(START), simulated):
            await asyncio.wait_for(clock.sleep_until(clock.now()), LIMIT)
            await asyncio.wait_for(clock.sleep_until(clock.now() - timedelta(days=1)), LIMIT)


def test_manual_clock_only_goes_forward_and_speaks_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    clock = ManualClock(START.astimezone(tokyo))
    assert clock.now() == START
    assert clock.now().tzinfo is UTC

    clock.advance(timedelta(seconds=7))
    assert clock.now() == START + timedelta(seconds=7)
    clock.set(START + timedelta(days=1))
    assert clock.now() == START + timedelta(days=1)

    with pytest.raises(ValueError, match="never goes back"):
        clock.set(START)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="no time zone"):
        clock.set(datetime(2027, 1, 1))  # noqa: DTZ001 - a naive instant is what is refused
    with pytest.raises(ValueError, match="no time zone"):
        ManualClock(datetime(2027, 1, 1))  # noqa: DTZ001 - as above


async def test_manual_clock_wakes_who_is_due_in_order() -> None:
    clock = ManualClock(START)
    woken: list[str] = []

    async def sleeper(name: str, seconds: int) -> None:
        await clock.sleep_until(START + timedelta(seconds=seconds))
        woken.append(name)

    tasks = [asyncio.create_task(sleeper(*one)) for one in (("late", 9), ("b", 5), ("a", 2), ("c", 5), ("never", 60))]
    await until(lambda: clock.next_wake() == START + timedelta(seconds=2))

    clock.advance(timedelta(seconds=1))
    await asyncio.sleep(0)
    assert woken == []
    clock.advance(timedelta(seconds=9))
    await until(lambda: len(woken) == 4)
    assert woken == ["a", "b", "c", "late"]
    assert clock.next_wake() == START + timedelta(seconds=60)

    tasks[-1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert clock.next_wake() is None
    clock.advance(timedelta(days=1))
    assert "never" not in woken


async def test_virtual_simulator_clock_stands_still_and_wakes_on_a_jump(simulator: FakeSimulator) -> None:
    async with following(simulator) as clock:
        assert clock.now() == START
        assert clock.now().tzinfo is UTC
        asked = simulator.asked
        await until(lambda: simulator.asked > asked + 2)
        assert clock.now() == START

        soon = asyncio.create_task(clock.sleep_until(START + timedelta(hours=5)))
        later = asyncio.create_task(clock.sleep_until(START + timedelta(hours=7)))
        simulator.now += timedelta(hours=6)
        await asyncio.wait_for(soon, LIMIT)
        assert clock.now() == START + timedelta(hours=6)
        assert not later.done()
        simulator.now += timedelta(hours=1)
        await asyncio.wait_for(later, LIMIT)


async def test_simulator_that_counts_its_jumps_is_asked_to_answer_at_the_next(simulator: FakeSimulator) -> None:
    simulator.counts = True
    async with following(simulator) as clock:
        await until(lambda: simulator.asked == 2)
        assert simulator.moves == [None, "7"], "the second question waits"
        slept = asyncio.create_task(clock.sleep_until(START + timedelta(hours=5)))
        simulator.now += timedelta(hours=6)
        simulator.jumped.set()
        await asyncio.wait_for(slept, LIMIT)
        await until(lambda: simulator.asked > 2)
        assert simulator.moves[2] == "8"


async def test_real_simulator_clock_runs_on_between_polls_and_follows_jumps(simulator: FakeSimulator) -> None:
    simulator.mode, simulator.offset = "real", timedelta(days=3)
    async with following(simulator) as clock:
        first = clock.now()
        assert abs(first - (datetime.now(UTC) + timedelta(days=3))) < timedelta(seconds=5)

        simulator.broken = True  # no answers any more: only the machine's time can move it
        asked = simulator.asked
        await until(lambda: simulator.asked > asked + 1)
        await asyncio.wait_for(clock.sleep_until(first + timedelta(milliseconds=200)), LIMIT)
        assert clock.now() >= first + timedelta(milliseconds=200)

        simulator.broken = False
        jumped = asyncio.create_task(clock.sleep_until(first + timedelta(hours=12)))
        simulator.offset += timedelta(hours=13)
        await asyncio.wait_for(jumped, LIMIT)
        assert clock.now() >= first + timedelta(hours=12)


async def test_simulator_clock_never_goes_back_and_says_so(simulator: FakeSimulator) -> None:
    async with following(simulator) as clock:
        with structlog.testing.capture_logs() as logs:
            simulator.now = START - timedelta(days=2)
            await until(lambda: bool(logs))
            asked = simulator.asked
            await until(lambda: simulator.asked > asked + 2)
        assert clock.now() == START
        assert [(line["event"], line["log_level"]) for line in logs] == [("simulator clock went back", "warning")]


async def test_now_does_not_wait_for_the_simulator(simulator: FakeSimulator) -> None:
    async with following(simulator) as clock:
        began = time.perf_counter()
        for _ in range(1000):
            clock.now()
        assert time.perf_counter() - began < 5
        simulator.broken = True
        assert clock.now() == START


@pytest.mark.parametrize(
    "answer",
    [
        '{"now": "2026-11-22T03:00:00Z"}',
        '{"now": "2026-11-22T03:00:00", "mode": "real"}',
        '{"now": "noon", "mode": "real"}',
        "[]",
        "<html>",
    ],
)
async def test_a_clock_that_makes_no_sense_is_a_configuration_error(answer: str) -> None:
    app = web.Application()

    async def clock(request: web.Request) -> web.Response:
        return web.Response(text=answer)

    app.router.add_get("/clock", clock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with pytest.raises(ConfigurationError, match="no simulator clock at"):
            await SimulatorClock(f"http://127.0.0.1:{runner.addresses[0][1]}").start()
    finally:
        await runner.cleanup()


async def test_a_clock_that_is_not_there_is_a_configuration_error() -> None:
    clock = SimulatorClock("http://127.0.0.1:1/_mock")
    with pytest.raises(ConfigurationError, match=r"await clock\.start"):
        clock.now()
    with pytest.raises(ConfigurationError, match="Start gateway-mocks"):
        await clock.start()

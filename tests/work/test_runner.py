from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from gateway.errors import Conflict, RateLimited, Unavailable
from gateway.work import queue

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def running(runner):
    task = asyncio.create_task(runner.run())
    try:
        yield task
    finally:
        runner.stop()
        await asyncio.wait_for(task, 30)


async def until(condition):
    async with asyncio.timeout(30):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.005)


async def next_due(database):
    return await database.read(queue.next_due)


async def rests_until(database, clock, instant):
    """Wait until nothing is done and nothing due before an instant, and the embedded runner sleeps up to it."""

    async def rests():
        sleeps = database.backend != "sqlite" or clock.sleepers == [instant]
        return sleeps and await database.read(lambda c: queue.next_due(c, ["sync"])) == instant

    await until(rests)


async def put_off(database, clock):
    """Wait until the work that is there is put off; return for how long."""

    async def is_put_off():
        due_at = await next_due(database)
        return due_at is not None and due_at > clock.now()

    await until(is_put_off)
    return await next_due(database) - clock.now()


async def waiting(database, now=START + timedelta(days=9)):
    return await database.read(lambda c: queue.due(c, now, 99))


async def test_due_work_is_handled_once_with_its_payload(database, clock, make_runner):
    seen = []

    async def handle(claim):
        seen.append((claim.key, claim.payload))

    runner = make_runner({"sync": handle})
    await database.write(lambda c: queue.submit(c, "sync", "before", START, b"1"))
    async with running(runner):
        await until(lambda: len(seen) == 1)
        await runner.submit("sync", "after", START, b"2")  # wakes without any clock
        await until(lambda: len(seen) == 2)
    assert seen == [("before", b"1"), ("after", b"2")]
    assert await waiting(database) == []


async def test_it_sleeps_by_the_clock_and_wakes_when_that_jumps(database, clock, make_runner):
    seen = []

    async def handle(claim):
        seen.append(clock.now())

    runner = make_runner({"sync": handle})
    async with running(runner):
        await runner.submit("sync", "k", START + timedelta(hours=5))
        await rests_until(database, clock, START + timedelta(hours=5))
        assert seen == []
        await clock.move(timedelta(hours=6))
        await until(lambda: seen)
    assert seen == [START + timedelta(hours=6)]
    assert clock.sleepers == []


async def test_a_handler_may_ask_to_be_called_again(database, clock, make_runner):
    seen = []

    async def handle(claim):
        seen.append(claim.attempts)
        return clock.now() + 30 * SECOND

    runner = make_runner({"sync": handle})
    async with running(runner):
        await runner.submit("sync", "k", START)
        for turn in range(1, 4):
            await rests_until(database, clock, START + turn * 30 * SECOND)
            await clock.move(30 * SECOND)
        await until(lambda: len(seen) == 4)
    assert seen == [1, 1, 1, 1]


async def test_failures_wait_twice_as_long_each_time(database, clock, make_runner):
    async def handle(claim):
        raise Unavailable("no answer")

    runner = make_runner({"sync": handle})
    waits = []
    async with running(runner):
        await runner.submit("sync", "k", START)
        for _ in range(10):
            wait = await put_off(database, clock)
            waits.append(wait.total_seconds())
            await clock.move(wait)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
    [row] = await waiting(database)
    assert row.last_error == "Unavailable: no answer"


async def test_a_limited_call_waits_as_long_as_it_was_told(database, clock, make_runner):
    async def handle(claim):
        raise RateLimited("slow down", retry_after=77)

    runner = make_runner({"sync": handle})
    async with running(runner):
        await runner.submit("sync", "k", START)
        await rests_until(database, clock, START + 77 * SECOND)


async def test_foreign_errors_are_kept_by_name_only(database, clock, make_runner):
    async def handle(claim):
        raise ValueError("Canary Quillfeather, Nowhere Lane")

    runner = make_runner({"sync": handle})
    with structlog.testing.capture_logs() as logs:
        async with running(runner):
            await runner.submit("sync", "k", START)
            await put_off(database, clock)
    [row] = await waiting(database)
    assert row.last_error == "ValueError in the handler of sync"
    assert logs
    assert "Canary" not in str(logs)


async def test_one_failing_kind_does_not_hold_up_another(database, clock, make_runner):
    seen = Counter()

    async def fails(claim):
        seen["fails"] += 1
        raise Unavailable("no answer")

    async def works(claim):
        seen["works"] += 1

    runner = make_runner({"a": fails, "b": works})
    async with running(runner):
        await runner.submit("a", "k", START)
        for number in range(20):
            await runner.submit("b", str(number), START)
        await until(lambda: seen["works"] == 20)
    assert seen["fails"] == 1


async def test_no_more_than_allowed_run_at_once(database, clock, make_runner):
    at_once, most, finished = 0, 0, 0
    gate = asyncio.Event()

    async def handle(claim):
        nonlocal at_once, most, finished
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1
        finished += 1

    runner = make_runner({"sync": handle}, at_once=3)
    async with running(runner):
        for number in range(10):
            await runner.submit("sync", str(number), START)
        await until(lambda: at_once == 3)
        gate.set()
        await until(lambda: finished == 10)
    assert most == 3


async def test_kinds_without_a_handler_are_left_and_do_not_spin(database, clock, make_runner):
    async def handle(claim):
        raise AssertionError("not mine")

    runner = make_runner({"sync": handle})
    await database.write(lambda c: queue.submit(c, "other", "k", START, b""))
    async with running(runner):
        await runner.submit("sync", "later", START + SECOND)
        await rests_until(database, clock, START + SECOND)
    assert [item.kind for item in await waiting(database)] == ["other", "sync"]


async def test_stop_lets_what_runs_end(database, clock, make_runner):
    began, gate = asyncio.Event(), asyncio.Event()

    async def handle(claim):
        began.set()
        await gate.wait()

    runner = make_runner({"sync": handle})
    task = asyncio.create_task(runner.run())
    await runner.submit("sync", "k", START)
    await asyncio.wait_for(began.wait(), 30)
    runner.stop()
    await runner.submit("sync", "too late", START)
    gate.set()
    await asyncio.wait_for(task, 30)
    assert [item.key for item in await waiting(database)] == ["too late"]


async def test_cancelled_it_gives_its_work_back(database, clock, make_runner):
    began = asyncio.Event()

    async def handle(claim):
        began.set()
        await asyncio.Event().wait()

    runner = make_runner({"sync": handle})
    task = asyncio.create_task(runner.run())
    await runner.submit("sync", "k", START)
    await asyncio.wait_for(began.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [item.key for item in await waiting(database)] == ["k"]


async def test_what_a_dead_process_had_claimed_is_done(database, clock, make_runner):
    await database.write(lambda c: queue.submit(c, "sync", "k", START, b"kept"))
    dead = await database.write(lambda c: queue.claim(c, ["sync"], START, "dead"))
    seen = []

    async def handle(claim):
        seen.append((claim.payload, claim.fence))

    async with running(make_runner({"sync": handle})):
        await until(lambda: seen)
    assert seen == [(b"kept", dead.fence + 1)]
    with pytest.raises(Conflict):
        await database.write(lambda c: queue.done(c, dead))


async def test_work_taken_away_meanwhile_does_not_stop_the_loop(database, clock, make_runner):
    began, gate, seen = asyncio.Event(), asyncio.Event(), []

    async def handle(claim):
        if claim.key == "lost":
            began.set()
            await gate.wait()
        seen.append(claim.key)

    runner = make_runner({"sync": handle}, at_once=1)
    async with running(runner):
        await runner.submit("sync", "lost", START)
        await asyncio.wait_for(began.wait(), 30)
        await database.write(lambda c: queue.release_all(c, None))
        gate.set()
        await until(lambda: seen.count("lost") == 2)
        await runner.submit("sync", "next", START)
        await until(lambda: "next" in seen)


async def test_a_broken_database_ends_the_loop_with_its_error(database, clock, make_runner, monkeypatch):
    async def handle(claim):
        return None

    def breaks(connection, claim):
        raise OSError("disk full")

    monkeypatch.setattr(queue, "end_all", breaks)
    runner = make_runner({"sync": handle})
    task = asyncio.create_task(runner.run())
    await runner.submit("sync", "k", START)
    with pytest.raises(OSError, match="disk full"):
        await asyncio.wait_for(task, 30)

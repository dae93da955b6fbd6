from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.errors import Conflict
from gateway.storage.database import Database
from gateway.storage.schema import work
from gateway.work import queue

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def submit(database):
    async def run(key="k", due_at=START, payload=b"", kind="sync"):
        await database.write(lambda c: queue.submit(c, kind, key, due_at, payload))

    return run


@pytest.fixture
def claim(database):
    async def run(now=START, kinds=("sync",), worker="w1"):
        return await database.write(lambda c: queue.claim(c, kinds, now, worker))

    return run


@pytest.fixture
def end(database):
    async def run(how, *arguments):
        return await database.write(lambda c: how(c, *arguments))

    return run


async def due_keys(database, now=START):
    return [item.key for item in await database.read(lambda c: queue.due(c, now, 10))]


async def test_work_is_claimed_when_due_the_longest_due_first(submit, claim, database):
    await submit("late", START + MINUTE)
    await submit("second", START)
    await submit("first", START - MINUTE, b"\x00payload")
    assert await due_keys(database) == ["first", "second"]
    one = await claim()
    assert (one.kind, one.key, one.payload, one.fence, one.attempts) == ("sync", "first", b"\x00payload", 1, 1)
    assert (await claim()).key == "second"
    assert await claim() is None
    assert (await claim(START + MINUTE)).key == "late"


async def test_only_the_kinds_asked_for_are_claimed(submit, claim):
    await submit("a", kind="effect")
    await submit("b", START + MINUTE, kind="sync")
    assert await claim() is None
    assert (await claim(START + MINUTE, kinds={"effect", "sync"})).key == "a"


async def test_done_work_stays_done_until_submitted_anew(submit, claim, end):
    await submit()
    await end(queue.done, await claim())
    assert await claim() is None
    await submit(due_at=START + MINUTE, payload=b"new")
    assert await claim() is None
    again = await claim(START + MINUTE)
    assert (again.payload, again.fence, again.attempts) == (b"new", 2, 1)


async def test_the_earlier_due_time_and_the_fresh_payload_count(submit, claim, database):
    await submit(due_at=START + 2 * MINUTE, payload=b"1")
    await submit(due_at=START + MINUTE, payload=b"2")
    assert await database.read(queue.next_due) == START + MINUTE
    await submit(due_at=START + 3 * MINUTE, payload=b"3")
    assert await database.read(queue.next_due) == START + MINUTE
    assert (await claim(START + MINUTE)).payload == b"3"


async def test_submitted_while_claimed_it_waits_again_after_the_claim(submit, claim, end, database):
    await submit(payload=b"old")
    held = await claim()
    await submit(due_at=START + MINUTE, payload=b"new")
    assert await claim(START + MINUTE, worker="w2") is None  # one worker at a time for one name
    await end(queue.done, held)
    assert await database.read(queue.next_due) == START + MINUTE
    second = await claim(START + MINUTE)
    assert (second.payload, second.attempts) == (b"new", 1)
    await end(queue.done, second)
    assert await database.read(queue.next_due) is None


async def test_submitted_twice_while_claimed_the_earlier_due_time_counts(submit, claim, end, database):
    await submit()
    held = await claim()
    await submit(due_at=START + 2 * MINUTE)
    await submit(due_at=START + MINUTE)
    await submit(due_at=START + 3 * MINUTE)
    await end(queue.done, held)
    assert await database.read(queue.next_due) == START + MINUTE


@pytest.mark.parametrize(("asked", "due"), [(MINUTE, MINUTE), (9 * MINUTE, 5 * MINUTE)])
@pytest.mark.parametrize("how", [queue.again, queue.retry])
async def test_put_off_while_submitted_anew_the_earlier_counts(submit, claim, end, database, how, asked, due):
    await submit()
    held = await claim()
    await submit(due_at=START + asked)
    more = ("broken",) if how is queue.retry else ()
    await end(how, held, START + 5 * MINUTE, *more)
    assert await database.read(queue.next_due) == START + due


async def test_again_counts_attempts_anew_and_retry_goes_on_counting(submit, claim, end, database):
    await submit()
    await end(queue.retry, await claim(), START + MINUTE, "Unavailable: no answer")
    [waiting] = await database.read(lambda c: queue.due(c, START + MINUTE, 9))
    assert (waiting.attempts, waiting.last_error, waiting.due_at) == (1, "Unavailable: no answer", START + MINUTE)
    second = await claim(START + MINUTE)
    assert (second.attempts, second.fence) == (2, 2)
    await end(queue.again, second, START + 2 * MINUTE)
    [waiting] = await database.read(lambda c: queue.due(c, START + 2 * MINUTE, 9))
    assert (waiting.attempts, waiting.last_error) == (0, "")


@pytest.mark.parametrize("how", [queue.done, queue.again, queue.retry])
async def test_an_old_fence_cannot_write(submit, claim, end, how):
    more = {queue.done: (), queue.again: (START,), queue.retry: (START, "x")}[how]
    await submit()
    old = await claim(worker="w1")
    assert await end(queue.release_all, None) == 1
    with pytest.raises(Conflict):  # released
        await end(how, old, *more)
    new = await claim(worker="w2")
    assert new.fence == old.fence + 1
    with pytest.raises(Conflict):  # in other hands
        await end(how, old, *more)
    await end(queue.done, new)
    with pytest.raises(Conflict):  # ended
        await end(how, new, *more)


async def test_release_of_one_worker_leaves_the_others(submit, claim, end, database):
    await submit("a")
    await submit("b")
    await claim(worker="w1")
    other = await claim(worker="w2")
    assert await end(queue.release_all, "w1") == 1
    assert await due_keys(database) == ["a"]
    await end(queue.done, other)


async def test_release_keeps_what_was_submitted_meanwhile(submit, claim, end):
    await submit(payload=b"old")
    await claim()
    await submit(payload=b"new")
    await end(queue.release_all, None)
    assert (await claim()).payload == b"new"


async def test_next_due_of_some_kinds(submit, database):
    assert await database.read(queue.next_due) is None
    await submit("a", START, kind="effect")
    await submit("b", START + MINUTE, kind="sync")
    assert await database.read(queue.next_due) == START
    assert await database.read(lambda c: queue.next_due(c, ["sync"])) == START + MINUTE


async def test_work_outlives_the_process(submit, claim, database, tmp_path):
    await submit(payload=b"kept")
    await claim()
    url = str(database._readers.url)
    await database.close()
    second = Database.open(url, lock=tmp_path / "lock")
    try:
        assert await second.write(lambda c: queue.release_all(c, None)) == 1
        assert (await second.write(lambda c: queue.claim(c, ["sync"], START, "w2"))).payload == b"kept"
    finally:
        await second.close()


async def test_what_was_done_long_ago_is_forgotten_a_little_at_a_time(submit, claim, end, database):
    for n in range(5):
        await submit(f"old{n}", START + n * MINUTE)
        await end(queue.done, await claim(START + n * MINUTE))
    await submit("waits", START)
    await submit("in hands", START)
    assert (await claim(START)).key == "waits"
    await submit("young", START + timedelta(hours=1))
    young = await claim(START + timedelta(hours=1))  # "in hands" was due first
    assert young.key == "in hands"
    await end(queue.done, await claim(START + timedelta(hours=1)))
    await submit("newest", START)
    await end(queue.done, await claim(START))

    async def prune(most):
        return await database.write(lambda c: queue.prune(c, START + timedelta(minutes=30), most))

    assert [await prune(3), await prune(3), await prune(3)] == [3, 2, 0]
    left = await database.read(lambda c: c.execute(select(work.c.key, work.c.state).order_by(work.c.id)).all())
    assert [tuple(each) for each in left] == [
        ("waits", "claimed"), ("in hands", "claimed"), ("young", "done"), ("newest", "done"),
    ]  # fmt: skip


async def test_a_claim_of_work_that_was_forgotten_ends_nothing_of_what_came_after_it(submit, claim, end, database):
    await submit("k")
    first = await claim()
    await database.write(lambda c: queue.release_all(c, None))
    await end(queue.done, await claim(worker="w2"))
    await submit("other")
    await database.write(lambda c: queue.prune(c, START + timedelta(days=30), 9))
    await submit("k")
    second = await claim()
    second = second if second.key == "k" else await claim()
    assert (second.key, second.fence) == ("k", first.fence)
    with pytest.raises(Conflict):
        await end(queue.done, first)
    await end(queue.done, second)

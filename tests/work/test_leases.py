from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import Conflict
from gateway.work import leases
from gateway.work.leases import Lease, Leases

LONG = timedelta(hours=1)
LAPSED = timedelta(0)
SHORT = timedelta(seconds=0.6)


@pytest.fixture
def take(database):
    async def run(holder, name="sync:shop", length=LONG):
        return await database.write(lambda c: leases.take(c, name, holder, length))

    return run


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_one_process_has_it_at_a_time(take):
    assert await take("a") == Lease("sync:shop", "a", 1)
    assert await take("b") is None
    assert await take("a") == Lease("sync:shop", "a", 1)  # renewed
    assert await take("b", "sync:other") == Lease("sync:other", "b", 1)


async def test_a_lapsed_one_goes_to_the_next_with_a_higher_fence(take, database):
    old = await take("a", length=LAPSED)
    new = await take("b")
    assert new == Lease("sync:shop", "b", 2)
    with pytest.raises(Conflict, match="no longer this process's"):
        await database.write(lambda c: leases.check(c, old))
    await database.write(lambda c: leases.check(c, new))
    assert await take("a") is None


async def test_a_released_one_can_be_taken_at_once(take, database):
    lease = await take("a")
    assert not await database.read(lambda c: leases.is_free(c, "sync:shop"))
    await database.write(lambda c: leases.release(c, lease))
    assert await database.read(lambda c: leases.is_free(c, "sync:shop"))
    with pytest.raises(Conflict):
        await database.write(lambda c: leases.check(c, lease))
    assert (await take("a")).fence == 2  # also one's own former one: what was begun with it may not go on


async def test_a_release_that_comes_late_harms_nobody(take, database):
    old = await take("a", length=LAPSED)
    new = await take("b")
    await database.write(lambda c: leases.release(c, old))
    await database.write(lambda c: leases.check(c, new))


async def test_it_runs_while_it_holds_and_renews(database):
    mine, other = Leases(database, "a", length=SHORT), Leases(database, "b", length=SHORT)
    began, ran = [], []

    async def work(lease):
        began.append(lease)
        while True:  # checked in the write, as a cursor's commit does it
            await database.write(lambda c: leases.check(c, lease))
            ran.append(lease.holder)
            await asyncio.sleep(0.01)

    first = asyncio.create_task(mine.hold("sync:shop", work))
    await until(lambda: ran)
    second = asyncio.create_task(other.hold("sync:shop", work))
    since = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() - since > 3 * SHORT.total_seconds())
    assert set(ran) == {"a"}
    first.cancel()  # it lets go of it: the other need not wait until it lapses
    await until(lambda: ran[-1] == "b")
    assert [(lease.holder, lease.fence) for lease in began] == [("a", 1), ("b", 2)]
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)


async def test_who_lost_it_is_stopped_and_waits_again(database):
    mine = Leases(database, "a", length=SHORT)
    began, ended = [], []

    async def work(lease):
        began.append(lease.fence)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(lease.fence)

    holding = asyncio.create_task(mine.hold("sync:shop", work))
    await until(lambda: began == [1])

    # as if it had slept for long: its lease lapsed, and another process has taken it
    def steal(c):  # at once: the first would take it again
        leases.release(c, Lease("sync:shop", "a", 1))
        return leases.take(c, "sync:shop", "b", SHORT)

    assert (await database.write(steal)).fence == 2
    await until(lambda: ended == [1])
    await until(lambda: began == [1, 3])  # that process died: it lapsed again
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    assert ended == [1, 3]


async def test_it_ends_when_the_work_does_and_tells_its_error(database):
    async def fails(lease):
        raise ValueError("broken")

    async def works(lease):
        return

    with pytest.raises(ValueError, match="broken"):
        await Leases(database, "a").hold("sync:shop", fails)
    await asyncio.wait_for(Leases(database, "b").hold("sync:shop", works), 30)  # it was let go


async def test_a_living_process_is_known(database, take):
    async with Leases(database, "a").alive():
        assert await database.read(leases.living) == {"a"}
        await take("b", "process:b", LAPSED)
        assert await database.read(leases.living) == {"a"}
    assert await database.read(leases.living) == frozenset()
    assert await database.write(leases.forget_dead) == 1  # b's lapse was a moment ago, a's row says long ago
    assert leases.this_process() == leases.this_process()


async def test_turns_are_taken_one_after_another_between_processes_and_within_one(database):
    at_once, most, order = 0, 0, []
    processes = [Leases(database, name) for name in "ab"]

    async def act(who, leases_of):
        nonlocal at_once, most
        async with leases_of.turn("renew:token"):
            at_once += 1
            most = max(most, at_once)
            order.append(who)
            await database.read(lambda c: None)
            at_once -= 1

    await asyncio.gather(*(act(f"{n}{each}", each) for each in processes for n in range(3)))
    assert (most, len(order)) == (1, 6)

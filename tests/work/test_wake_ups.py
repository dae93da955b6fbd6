"""Which wake-ups of the shared queue still mean something. On PostgreSQL only: elsewhere there are none."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from gateway.errors import Conflict
from gateway.storage.database import Database
from gateway.work import queue
from gateway.work.wake_ups import WakeUp, claim, release_lost, send, tidy, waiting

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KINDS = ("sync",)

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def database(make_database_url, postgresql, tmp_path):
    url = make_database_url("postgresql", tmp_path)
    opened = Database.open(url, lock=None)
    yield opened
    await opened.close()
    postgresql.give_back(url)


@pytest.fixture
def run(database):
    async def act(function, *arguments):
        return await database.write(lambda c: function(c, *arguments))

    return act


@pytest.fixture
def due(run):
    async def look(now=START):
        return await run(waiting, KINDS, now, 10)

    return look


@pytest.fixture
def jobs(database):
    async def look():
        rows = await database.read(
            lambda c: (
                c.execute(text("select id, payload, status::text from order_gateway_queue.pgqueuer order by id"))
                .mappings()
                .all()
            )
        )
        return [SimpleNamespace(id=row["id"], wake_up=WakeUp.of(row["payload"]), status=row["status"]) for row in rows]

    return look


async def test_due_work_gets_one_wake_up(run, due, jobs):
    await run(queue.submit, "sync", "now", START, b"")
    await run(queue.submit, "sync", "later", START + MINUTE, b"")
    await run(queue.submit, "other", "not ours", START, b"")
    found = await due()
    assert [wake_up.fence for wake_up in found] == [0]
    await run(send, found)
    assert await due() == []
    await run(send, found)  # two that look at once
    assert [(job.wake_up, job.status) for job in await jobs()] == [(found[0], "queued")]
    assert len(await due(START + MINUTE)) == 1


async def test_a_wake_up_that_was_not_committed_never_was(database, due, jobs, run):
    await run(queue.submit, "sync", "k", START, b"")
    found = await due()

    def fails(c):
        send(c, found)
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        await database.write(fails)
    assert await jobs() == []
    assert await due() == found


async def test_a_stale_wake_up_does_nothing(run, due):
    await run(queue.submit, "sync", "k", START, b"1")
    (first,) = await due()
    held = await run(claim, first, 1, KINDS, START, "a")
    assert (held.key, held.payload, held.fence, held.attempts) == ("k", b"1", 1, 1)
    assert await run(claim, first, 2, KINDS, START, "b") is None  # in another's hands, through another delivery
    await run(queue.again, held, START + MINUTE)
    assert await run(claim, first, 1, KINDS, START + MINUTE, "a") is None  # its fence is that of before
    (second,) = await due(START + MINUTE)
    assert second == WakeUp(first.work, 1)
    assert await run(claim, second, 3, KINDS, START, "a") is None  # not due any more
    assert await run(claim, second, 3, ("other",), START + MINUTE, "a") is None
    assert await run(claim, WakeUp(4711, 0), 4, KINDS, START, "a") is None
    held = await run(claim, second, 3, KINDS, START + MINUTE, "a")
    await run(queue.done, held)
    assert await run(claim, second, 3, KINDS, START + MINUTE, "a") is None


async def test_a_job_given_anew_takes_its_work_over(run, due):
    await run(queue.submit, "sync", "k", START, b"1")
    (wake_up,) = await due()
    dead = await run(claim, wake_up, 7, KINDS, START, "a")
    await run(queue.submit, "sync", "k", START + MINUTE, b"2")  # wanted again meanwhile
    second = await run(claim, wake_up, 7, KINDS, START, "b")
    assert (second.fence, second.payload, second.attempts) == (2, b"2", 2)
    third = await run(claim, wake_up, 7, KINDS, START, "c")  # that one died as well
    assert third.fence == 3
    for lost in (dead, second):
        with pytest.raises(Conflict):
            await run(queue.done, lost)
    await run(queue.done, third)
    assert [found.fence for found in await due(START + MINUTE)] == [3]  # the second wish stands


async def test_work_whose_job_is_gone_waits_again(run, due, jobs, database):
    for key in ("gone", "alive", "embedded"):
        await run(queue.submit, "sync", key, START, b"")
    found = await due()
    await run(send, found[:2])
    gone, alive = await jobs()
    for job in (gone, alive):
        await run(claim, job.wake_up, job.id, KINDS, START, "a")
    await run(queue.claim, KINDS, START, "a gateway of one process")
    await run(lambda c: c.execute(text("delete from order_gateway_queue.pgqueuer where id = :id"), {"id": gone.id}))
    assert await run(release_lost) == 2
    assert {wake_up.work for wake_up in await due()} == {found[0].work, found[2].work}
    assert await run(release_lost) == 0


async def test_what_is_noted_about_jobs_is_forgotten_in_time(run, due, database):
    await run(queue.submit, "sync", "k", START, b"")
    await run(send, await due())

    async def noted():
        return await database.read(
            lambda c: c.execute(text("select count(*) from order_gateway_queue.pgqueuer_log")).scalar_one()
        )

    await run(tidy)
    assert await noted() == 1
    await run(lambda c: c.execute(text("update order_gateway_queue.pgqueuer_log set created = now() - interval '2h'")))
    await run(tidy)
    assert await noted() == 0
    assert await due() == []  # the job itself is still there


def test_the_embedded_gateway_imports_nothing_of_it():
    code = (
        "import sys, gateway.operations.serving, gateway.storage.migrate;"
        "print([name for name in sys.modules if name.split('.')[0] in ('pgqueuer', 'psycopg')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"

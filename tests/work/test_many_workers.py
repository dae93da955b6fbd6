"""Real worker processes on one PostgreSQL database, killed with SIGKILL: what one leaves behind goes on elsewhere."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from gateway.storage.database import Database
from gateway.storage.schema import leases, work
from gateway.work import queue
from gateway.work.queue import WorkState

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

LIMIT = 60  # seconds; a generous bound, not a pace
TAKE_OVER = 10  # seconds; what is promised

WORKER = """
import asyncio, json, sys
from gateway.clock import SystemClock
from gateway.storage.database import Database
from gateway.transport.redaction import configure_logging
from gateway.work.due import runner_for
from gateway.work.leases import this_process

configure_logging("warning", json=False)

def tell(what, key, fence):
    print(json.dumps([what, key, fence, this_process()]), flush=True)

async def main(url):
    async def work(claim):
        tell("began", claim.key, claim.fence)
        if claim.key == "hangs" and claim.fence == 1:
            await asyncio.Event().wait()
        tell("did", claim.key, claim.fence)

    runner = runner_for(Database.open(url, lock=None), url, SystemClock(), {"piece": work}, this_process(), at_once=16)
    tell("ready", "", 0)
    await runner.run()

asyncio.run(main(sys.argv[1]))
"""


class Workers:
    """Worker processes and what they told."""

    def __init__(self, url):
        self.url = url
        self.processes = {}
        self.told = []
        self._heard = asyncio.Condition()
        self._listening = []

    async def start(self):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WORKER,
            self.url,
            stdout=asyncio.subprocess.PIPE,
        )
        what, _, _, name = json.loads(await asyncio.wait_for(process.stdout.readline(), LIMIT))
        assert what == "ready"
        self.processes[name] = process
        self._listening.append(asyncio.create_task(self._listen(process)))

    async def _listen(self, process):
        while line := await process.stdout.readline():
            async with self._heard:
                self.told.append(tuple(json.loads(line)))
                self._heard.notify_all()

    async def hear(self, condition):
        """Wait until ``condition`` finds something in what was told, and return it."""
        async with asyncio.timeout(LIMIT), self._heard:
            await self._heard.wait_for(condition)
        return condition()

    def found(self, what, key):
        return [each for each in self.told if each[:2] == (what, key)]

    async def kill(self, name):
        process = self.processes.pop(name)
        assert process.returncode is None, "it ended by itself"
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def end(self):
        for name in list(self.processes):
            await self.kill(name)
        await asyncio.gather(*self._listening)


@pytest.fixture
async def database(make_database_url, postgresql):
    url = make_database_url("postgresql")
    opened = Database.open(url, lock=None)
    opened.url = url
    yield opened
    await opened.close()
    postgresql.give_back(url)


@pytest.fixture
async def workers(database):
    made = Workers(database.url)
    for _ in range(3):
        await made.start()
    yield made
    await made.end()


def submit(database, *keys):
    now = datetime.now(UTC)
    return database.write(lambda c: [queue.submit(c, "piece", key, now, b"") for key in keys])


async def until_done(database, keys):
    async with asyncio.timeout(LIMIT):
        for key in keys:
            while (await database.read(row_of(key))).state != WorkState.done:
                await asyncio.sleep(0.02)


def row_of(key):
    return lambda c: c.execute(select(work).where(work.c.key == key)).one()


async def test_the_piece_of_a_killed_worker_goes_on_elsewhere(database, workers, record_property):
    keys = [f"p{number}" for number in range(40)]
    await submit(database, *keys, "hangs")
    ((_, _, _, killed),) = await workers.hear(lambda: workers.found("began", "hangs"))
    await workers.hear(lambda: all(workers.found("did", key) for key in keys))
    await until_done(database, keys)
    held = await database.read(row_of("hangs"))
    assert (held.state, held.fence, held.worker) == (WorkState.claimed, 1, killed)

    since = time.monotonic()
    await workers.kill(killed)
    ((_, _, fence, heir),) = await workers.hear(lambda: workers.found("did", "hangs"))
    took = time.monotonic() - since

    assert took <= TAKE_OVER
    record_property("seconds until taken over", round(took, 2))
    assert fence == 2
    assert heir != killed
    assert Counter(key for what, key, _, _ in workers.told if what == "did") == dict.fromkeys([*keys, "hangs"], 1)
    await until_done(database, ["hangs"])


async def test_due_work_is_found_whoever_dies(database, workers, record_property):
    """The one that looks for due work is killed, again and again: another one looks."""
    await submit(database, "first")
    await workers.hear(lambda: workers.found("did", "first"))
    for turn in range(2):
        holder = await database.read(_holder_of("dispatch"))
        since = time.monotonic()
        await workers.kill(holder)
        await submit(database, f"after {turn}")
        await workers.hear(lambda turn=turn: workers.found("did", f"after {turn}"))
        took = time.monotonic() - since
        assert took <= TAKE_OVER
        record_property(f"seconds until found again, {turn}", round(took, 2))
    assert len(workers.processes) == 1


async def test_the_work_is_shared(database, workers):
    keys = [f"p{number}" for number in range(600)]
    await submit(database, *keys)
    await workers.hear(lambda: sum(each[0] == "did" for each in workers.told) == len(keys))
    shares = Counter(name for what, _, _, name in workers.told if what == "did")
    assert set(shares) == set(workers.processes)
    assert {fence for _, _, fence, _ in workers.told} == {1}, "no piece was given to two"


def _holder_of(name):
    return lambda c: c.execute(select(leases.c.holder).where(leases.c.name == name)).scalar_one()

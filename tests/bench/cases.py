"""What cases cost: turns a second, many that wait, and how soon another worker takes over.

`python -m tests.bench.cases turns|waiting ...` measures one thing in a process of its own and prints JSON.

A turn is taken as the running gateway takes it: due work claimed by its runner, the case begun, the order read, the
rules asked, the decision and the case's rest committed, the work ended. Rates are per CPU second of the worker
process, all threads: the machine may be shared. The database server's CPU stands apart.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from select import select as select_ready
from typing import Any

import structlog
from sqlalchemy import Connection as Transaction
from sqlalchemy import delete, func, insert, select

from gateway.bootstrap import calm_collector
from gateway.cases.case import due_without_work, open_case
from gateway.cases.resolve import Resolver
from gateway.cases.turn import Means
from gateway.clock import ManualClock, SystemClock
from gateway.config import SyncSettings
from gateway.model.store import AppSecret, StoreMode
from gateway.policy.rule_set import load_rules
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.engines import parse_url
from gateway.storage.migrate import upgrade
from gateway.storage.schema import case_history, cases, intents, work
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull
from gateway.work import queue
from gateway.work.due import DueRunner, runner_for
from gateway.work.leases import Leases, this_process
from gateway.work.queue import Claim
from gateway.work.wake import CASE_KIND
from tests.bench import payload
from tests.bench.ours import STORE, _app, _channel
from tests.bench.platforms import OneRead
from tests.bench.processes import server_cpu

ROOT = Path(__file__).resolve().parents[2]
NOW = payload.updated_at(20_000) + timedelta(hours=1)
_READ_AT_ONCE = 50
_OPENED_AT_ONCE = 1_000
_SHOP = STORE.model_copy(update={"mode": StoreMode.observe})


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns a worker process took."""

    turns: int
    wall: float
    cpu: float  # seconds of the process, all threads
    server_cpu: float  # of the database server's processes; 0 with SQLite

    @property
    def per_cpu_second(self) -> float:
        """Return turns a CPU second of the worker."""
        return self.turns / self.cpu


@dataclass(frozen=True, slots=True)
class Waiting:
    """What many waiting cases cost a running worker."""

    cases: int
    grown: float  # MB of memory beyond what it took without them
    poll: float  # CPU seconds of an empty look for due work, the database server's included


class Bench:
    """The parts of a gateway that take turns, over one database."""

    def __init__(self, database: Database, url: str, resolver: Resolver, clock: ManualClock) -> None:
        self.database, self._url, self.resolver, self.clock = database, url, resolver, clock

    async def open_cases(self, ids: Sequence[str], due_at: datetime) -> None:
        """Open cases that are due at an instant."""
        for start in range(0, len(ids), _OPENED_AT_ONCE):
            part = ids[start : start + _OPENED_AT_ONCE]

            def act(c: Transaction, part: Sequence[str] = part) -> None:
                for order_id in part:
                    open_case(
                        c, store=STORE.id, order_id=order_id, reason="out_of_stock", by="bench", now=NOW, due_at=due_at
                    )

            await self.database.write(act)

    async def taken(self) -> int:
        """Return how many turns have been written."""
        query = select(func.count()).select_from(case_history).where(case_history.c.what == "turn")
        return int(await self.database.read(lambda c: c.execute(query).scalar_one()))

    def runner(self, on_turn: Any = None) -> DueRunner:
        """Return the runner of this database, with the handler of cases."""

        async def take(claim: Claim) -> datetime | None:
            due_at = await self.resolver.cases.advance(claim.key)
            if on_turn is not None:
                on_turn()
            return due_at

        return runner_for(self.database, self._url, self.clock, {CASE_KIND: take}, this_process())


async def opened(stack: AsyncExitStack, url: str, folder: Path, canned: str) -> tuple[Bench, Pull]:
    """Open a gateway's parts on a new database."""
    upgrade(url)
    database = Database.open(url, lock=folder / "gateway.lock")
    stack.push_async_callback(database.close)
    vault, clock, adapter = Vault(os.urandom(32)), ManualClock(NOW), OneRead()

    def set_up(c: Transaction) -> None:
        rows.add_app(c, vault, _app(canned), AppSecret(sign_key="bench"), NOW)
        rows.add_store(c, _SHOP, NOW)

    await database.write(set_up)
    channel = await _channel(stack, adapter, canned)  # type: ignore[arg-type]  # it has what a turn asks of an adapter
    connections = Connections(database, vault, lambda platform: adapter, lambda *_: channel)

    def pull_for(connection: Connection) -> Pull:
        return Pull(
            store=connection.store,
            adapter=connection.adapter,
            channel=connection.channel,
            database=database,
            vault=vault,
            clock=clock,
            settings=SyncSettings(),
        )

    resolver = Resolver(
        database=database,
        vault=vault,
        clock=clock,
        rules=load_rules(),
        connections=connections,
        pull_for=pull_for,
        valuations={},
        means=Means(vault=vault),
    )
    connection = await connections.open(STORE.id)
    return Bench(database, url, resolver, clock), pull_for(connection)


async def take_turns(url: str, folder: Path, canned: str, count: int, *, with_call: bool) -> Turns:
    """Take ``count`` turns, each of another case; their orders are there already."""
    ids = [payload.order_sn(i) for i in range(count)]
    async with AsyncExitStack() as stack:
        bench, pull = await opened(stack, url, folder, canned)
        for start in range(0, len(ids), _READ_AT_ONCE):
            await pull.named(ids[start : start + _READ_AT_ONCE])
        await bench.open_cases(ids, NOW)
        if not with_call:

            async def as_stored(*_: object) -> None:
                """Leave the order as it was last read."""

            bench.resolver.cases._road.refresh = as_stored  # type: ignore[method-assign]  # what is left out
        done, turned = asyncio.Event(), 0

        def on_turn() -> None:
            nonlocal turned
            turned += 1
            if turned == count:
                done.set()

        runner = bench.runner(on_turn)
        gc.collect()
        wall, cpu, server = time.perf_counter(), time.process_time(), server_cpu(url)
        running = asyncio.create_task(runner.run())
        finished = asyncio.create_task(done.wait())
        await asyncio.wait({running, finished}, return_when=asyncio.FIRST_COMPLETED)
        runner.stop()
        await running
        took = Turns(count, time.perf_counter() - wall, time.process_time() - cpu, server_cpu(url) - server)
        written = await bench.taken()
    if (turned, written) != (count, count):
        raise AssertionError(f"{turned} turns were taken and {written} written, of {count}")
    return took


# many that wait


async def prepare(url: str, folder: Path, count: int) -> None:
    """Make ``count`` cases that wait for tomorrow; rows like those of one that was opened as all are."""
    async with AsyncExitStack() as stack:
        bench, _ = await opened(stack, url, folder, "http://127.0.0.1:1")
        if not count:
            return
        await bench.open_cases([payload.order_sn(0)], NOW + timedelta(days=1))

        def copy(c: Transaction) -> None:
            for table in (intents, cases, case_history, work):
                (row,) = c.execute(select(table)).mappings().all()
                plain = {name: value for name, value in row.items() if not (table is work and name == "id")}
                many = [_another(plain, n) for n in range(1, count)]
                for start in range(0, len(many), _OPENED_AT_ONCE):
                    c.execute(insert(table), many[start : start + _OPENED_AT_ONCE])

        await bench.database.write(copy)
        await bench.database.write(lambda c: c.exec_driver_sql("analyze") and None)


def _another(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row of the ``number``th case: its own order, id and intent."""
    own = {name: f"{number:032x}" for name in ("id", "intent", "case_id", "key") if name in row}
    if "order_id" in row:
        own["order_id"] = payload.order_sn(number)
    return row | own


async def wait_with(url: str, folder: Path, looks: int) -> Waiting:
    """Look for due work while nothing is due, as a running worker does; return what that takes."""
    async with AsyncExitStack() as stack:
        database = Database.open(url, lock=folder / "gateway.lock")
        stack.push_async_callback(database.close)

        async def never(_: Claim) -> None:
            raise AssertionError("nothing is due")

        clock = ManualClock(NOW)
        await _look(database, clock.now())  # connections are made, statements compiled
        cpu, server = time.process_time(), server_cpu(url)
        for _ in range(looks):
            await _look(database, clock.now())
        poll = (time.process_time() - cpu + server_cpu(url) - server) / looks
        runner = runner_for(database, url, clock, {CASE_KIND: never}, this_process())
        running = asyncio.create_task(runner.run())
        for _ in range(looks):  # what else looks again and again: the sweep for cases without work
            assert await database.read(lambda c: due_without_work(c, clock.now(), 1)) == []
        waiting = await database.read(lambda c: c.execute(select(func.count()).select_from(cases)).scalar_one())
        runner.stop()
        await running
        gc.collect()
        return Waiting(waiting, resident(), poll)


async def _look(database: Database, now: datetime) -> None:
    """Look once for due work as a runner does."""
    if database.backend == "sqlite":
        assert await database.write(lambda c: queue.claim_some(c, [CASE_KIND], now, "bench", 8)) == []
        await database.read(lambda c: queue.next_due(c, [CASE_KIND]))
        return
    from gateway.work import wake_ups  # noqa: PLC0415 - their packages are there with PostgreSQL's only

    assert await database.read(lambda c: wake_ups.waiting(c, [CASE_KIND], now, 500)) == []


def resident() -> float:
    """Return the memory this process holds, in MB of 2^20 bytes."""
    (line,) = (line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


# a worker dies


async def work_until_killed(url: str, folder: Path) -> None:
    """Run a worker that says which work it was given, and never ends it."""
    async with AsyncExitStack() as stack:
        database = Database.open(url, lock=folder / "gateway.lock")
        stack.push_async_callback(database.close)
        await stack.enter_async_context(Leases(database, this_process()).alive())

        async def hang(claim: Claim) -> None:
            print(claim.key, claim.fence, flush=True)
            await asyncio.Event().wait()

        await runner_for(database, url, SystemClock(), {CASE_KIND: hang}, this_process()).run()


@contextmanager
def _worker(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.cases", "worker", "--database", url]
    command += ["--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _given(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a worker ended: its message stands above")
    return line.split()[0]


def take_over(url: str, rounds: int) -> list[float]:
    """Kill a worker with work in hand, ``rounds`` times; return the seconds until another had it."""
    upgrade(url)
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="order-gateway-bench-") as name:
        folder = Path(name)
        for number in range(rounds):
            with _worker(url, folder) as first:
                asyncio.run(_submit(url, folder, f"bench-{number}"))
                assert _given(first) == f"bench-{number}"
                with _worker(url, folder) as second:
                    asyncio.run(_submit(url, folder, f"ready-{number}"))
                    # whoever takes it, both are at work once it is taken; the first has room as well
                    given = _given_by_either(first, second)
                    began = time.perf_counter()
                    first.kill()
                    wanted = {f"bench-{number}"} | ({f"ready-{number}"} if given is first else set())
                    while wanted:
                        wanted.discard(_given(second))
                    took.append(time.perf_counter() - began)
            asyncio.run(_forget(url, folder))
    return took


def _given_by_either(*processes: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Return which of the processes is given work first."""
    outs = {process.stdout: process for process in processes}
    ready, _, _ = select_ready([out for out in outs if out is not None], [], [], 120)
    return outs[ready[0]]


async def _submit(url: str, folder: Path, key: str) -> None:
    async with AsyncExitStack() as stack:
        database = Database.open(url, lock=folder / "gateway.lock")
        stack.push_async_callback(database.close)
        await database.write(lambda c: queue.submit(c, CASE_KIND, key, SystemClock().now(), b""))


async def _forget(url: str, folder: Path) -> None:
    async with AsyncExitStack() as stack:
        database = Database.open(url, lock=folder / "gateway.lock")
        stack.push_async_callback(database.close)
        await database.write(lambda c: c.execute(delete(work)) and None)


# the measurements, each in a process of its own


def turns(url: str, canned: str, count: int, *, with_call: bool) -> Turns:
    """Measure turns in a worker process on a new database."""
    return Turns(**_measured("turns", url, count, "--canned", canned, *(["--call"] if with_call else [])))


def waiting(make_url: Callable[[], str], count: int, looks: int) -> Waiting:
    """Measure a worker beside ``count`` waiting cases, and how much more memory it takes than beside none."""
    held: dict[int, dict[str, Any]] = {}
    for number in (0, count):
        url = make_url()
        _measured("prepare", url, number)
        held[number] = _measured("waiting", url, looks)
    found = Waiting(**held[count])
    if found.cases != count:
        raise AssertionError(f"{found.cases} cases wait, not {count}")
    return replace(found, grown=found.grown - held[0]["grown"])


def _measured(what: str, url: str, count: int, *more: str) -> dict[str, Any]:
    """Run one measurement; an SQLite database's folder is that of its file."""
    folder = parse_url(url).file
    with tempfile.TemporaryDirectory(prefix="order-gateway-bench-") as spare:
        command = [sys.executable, "-W", "ignore", "-m", "tests.bench.cases", what, "--database", url]
        command += ["--count", str(count), "--folder", spare if folder is None else str(folder.parent), *more]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"tests.bench.cases {what} failed: its message stands above")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("turns", "prepare", "waiting", "worker"))
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--canned", default="")
    parser.add_argument("--call", action="store_true")
    told = parser.parse_args()
    calm_collector()  # as `gateway.bootstrap.main` does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if told.what == "worker":
        asyncio.run(work_until_killed(told.database, told.folder))
    elif told.what == "prepare":
        asyncio.run(prepare(told.database, told.folder, told.count))
        print("{}")
    elif told.what == "waiting":
        print(json.dumps(asdict(asyncio.run(wait_with(told.database, told.folder, told.count)))))
    else:
        measured = take_turns(told.database, told.folder, told.canned, told.count, with_call=told.call)
        print(json.dumps(asdict(asyncio.run(measured))))


if __name__ == "__main__":
    main()

"""``gateway serve`` as several processes on one PostgreSQL database: each its roles, and none is refused."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import select

from gateway.bootstrap import running
from gateway.config import DATABASE_VARIABLE
from gateway.operations.simulated import simulators
from gateway.storage.database import Database
from gateway.storage.schema import cursors, leases
from tests.kit.shops import connected_folder

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

LIMIT = 90  # seconds; a generous bound, not a pace
TAKE_OVER = 10  # seconds; what is promised


@pytest.fixture
async def database(make_database_url, postgresql, monkeypatch):
    url = make_database_url("postgresql", empty=True)
    monkeypatch.setenv(DATABASE_VARIABLE, url)
    opened = Database.open(url, lock=None)
    yield opened
    await opened.close()
    postgresql.give_back(url)


@asynccontextmanager
async def serving(data, *arguments):
    """One process, and what it told when it was ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from gateway.bootstrap import main; main()", "--data", str(data), "serve", "--json"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        line = await asyncio.wait_for(process.stdout.readline(), LIMIT)
        assert line, (await process.stderr.read()).decode()
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(condition):
    async with asyncio.timeout(LIMIT):
        while not (found := await condition()):
            await asyncio.sleep(0.05)
    return found


async def test_roles_share_the_stores_and_take_over(database, tmp_path, record_property):
    data = tmp_path / "data"
    async with simulators(platforms="shopee", orders=20, seed=5, push_to="") as started:
        simulator = started["shopee"]
        await connected_folder(running, data, simulator)
        configuration = data / "gateway.yaml"
        configuration.write_text(configuration.read_text().replace("every: 2h", "every: 1s"))

        async def pullers():
            held = select(leases.c.name, leases.c.holder).where(leases.c.name.startswith("sync:"), leases.c.until > 0)
            return dict((await database.read(lambda c: c.execute(held).all())) or ())

        async def moved():
            return await database.read(
                lambda c: dict(
                    c.execute(select(cursors.c.store, cursors.c.moved_at).where(cursors.c.stream == "orders")).all()
                )
            )

        async with (
            serving(data, "--role", "receiver", "--role", "api", "--listen", "127.0.0.1:0") as (front, told),
            serving(data, "--role", "worker") as (_, worker),
            serving(data, "--role", "sync") as (first, pulling),
            serving(data, "--role", "sync") as (second, _),
            httpx.AsyncClient(trust_env=False, timeout=30) as client,
        ):
            assert told["roles"] == ["api", "receiver"]
            assert (worker["roles"], worker["address"]) == (["worker"], None)
            assert (await client.get(f"{told['address']}/healthz")).json() == {"status": "ok"}
            stores = set(pulling["stores"])
            assert stores

            async def all_held():
                return {name.removeprefix("sync:") for name in await pullers()} == stores

            await until(all_held)
            dead, heir = (first, second) if str(first.pid) in str(await pullers()) else (second, first)
            dead.send_signal(signal.SIGKILL)
            since = time.monotonic()
            await dead.wait()

            async def taken_over():
                return all(f":{heir.pid}:" in holder for holder in (await pullers()).values())

            await until(taken_over)
            took = time.monotonic() - since
            assert took <= TAKE_OVER
            record_property("seconds until the stores were pulled elsewhere", round(took, 2))
            before = await moved()

            async def all_moved():
                await simulator.do("/clock", {"advance": "PT1M"})
                now = await moved()
                return all(now[store] > before[store] for store in stores)

            await until(all_moved)
            front.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(front.wait(), LIMIT) == 0

"""Our side of the pull: the gateway's sync engine, channel and database over the canned server.

`python -m tests.bench.ours --road whole --url http://127.0.0.1:1234 --orders 20000 --folder DIR` prints what it took
as JSON. The roads: ``whole``, a list call that gives whole orders, as the peer's pages do; ``shopee``, the real
adapter with its lists of numbers, details and parcels.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from gateway.bootstrap import calm_collector
from gateway.clock import SystemClock
from gateway.config import SyncSettings
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Adapter, Channel
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.migrate import upgrade
from gateway.storage.schema import order_lines, order_personal, order_raw, orders
from gateway.storage.vault import Vault
from gateway.sync.pull import Pull
from gateway.transport.channel import Transport
from gateway.transport.client import make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import ModeGate, Standing
from gateway.transport.limiter import Limiter
from tests.bench import payload
from tests.bench.platforms import RealShopee, WholeOrders
from tests.bench.processes import cpu_seconds

STORE = Store(
    id="bench",
    app="bench",
    platform="shopee",
    external_id="700100",
    region="SG",
    currency="SGD",
    time_zone="Asia/Singapore",
)
_CREDENTIAL = Credential(access_token="bench-token", expires_at=datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Took:
    """What a pull took and stored."""

    wall: float  # seconds, from empty folder to closed database
    cpu: float  # seconds, all threads, and the process that reads pages
    orders: int
    changed: int


async def pull(url: str, folder: Path, count: int, road: str, parallel: int | None = None) -> Took:
    """Pull the ``count`` orders of the canned server at ``url`` into a new database in ``folder``."""
    adapter: Any = RealShopee() if road == "shopee" else WholeOrders()
    settings = SyncSettings(parallel=parallel or 4)  # spans that begin with a page of the canned server
    half = timedelta(seconds=payload.STEP / 2)  # spans begin and end between two orders
    start = payload.updated_at(0) - half
    end = payload.updated_at(count) - half
    wall, cpu = time.perf_counter(), cpu_seconds()
    async with AsyncExitStack() as stack:
        database, vault = await _database(stack, folder)
        channel = await _channel(stack, adapter, url)
        report = await Pull(
            store=STORE,
            adapter=adapter,
            channel=channel,
            database=database,
            vault=vault,
            clock=SystemClock(),
            settings=settings,
        ).range(start, end)
    took = time.perf_counter() - wall, cpu_seconds() - cpu
    if report.bad:
        raise AssertionError(f"{report.bad} orders were set aside: the canned server and the adapter disagree")
    return Took(*took, orders=report.seen, changed=report.changed)


async def _database(stack: AsyncExitStack, folder: Path) -> tuple[Database, Vault]:
    url = f"sqlite:///{folder / 'gateway.db'}"
    upgrade(url)
    database = Database.open(url, lock=folder / "gateway.lock")
    stack.push_async_callback(database.close)
    vault = Vault(os.urandom(32))

    def set_up(connection: Connection) -> None:
        now = SystemClock().now()
        rows.add_app(connection, vault, _app("http://127.0.0.1:1"), AppSecret(sign_key="bench"), now)
        rows.add_store(connection, STORE, now)

    await database.write(set_up)
    return database, vault


def _app(url: str) -> App:
    return App(id="bench", platform="shopee", key="1", base_url=url)


async def _channel(stack: AsyncExitStack, adapter: Adapter, url: str) -> Channel:
    async def load(store: Store) -> Credential:
        return _CREDENTIAL

    async def save(store: Store, credential: Credential) -> None:
        raise AssertionError("nothing is renewed here")

    async def standing(store: Store) -> Standing:
        return Standing(store.mode)

    client = make_client()
    stack.push_async_callback(client.aclose)
    clock = SystemClock()
    transport = Transport(client, clock, SingleFlightCredentials(load, save), ModeGate(standing), Limiter(clock))
    return transport.channel(adapter, _app(url), AppSecret(sign_key="bench"), STORE)


async def check(folder: Path, count: int, road: str) -> None:
    """Raise AssertionError unless all is stored: every table's rows, and one order's values."""
    database = Database.open(f"sqlite:///{folder / 'gateway.db'}", lock=None, read_only=True)
    try:
        for table, rows_each in ((orders, 1), (order_lines, 2), (order_personal, 1), (order_raw, 1)):
            count_all = select(func.count()).select_from(table)
            found = await database.read(lambda c, q=count_all: c.execute(q).scalar_one())  # type: ignore[misc]
            _same(found, count * rows_each, f"rows in {table.name}")
        i = 12  # a SHIPPED order of SG
        one = await database.read(
            lambda c: c.execute(select(orders).where(orders.c.order_id == payload.order_sn(i))).mappings().one()
        )
        told = payload.order(i)
        _same(one["raw_status"], told["order_status"], "status")
        _same(one["total_minor"], round(told["total_amount"] * 100), "total")
        if road == "shopee":
            document = json.loads(one["document"])
            _same(document["packages"][0]["tracking_number"], payload.tracking_number(i), "tracking number")
    finally:
        await database.close()


def _same(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: {found!r} is stored instead of {expected!r}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--road", choices=("whole", "shopee"), required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--parallel", type=int)
    arguments = parser.parse_args()
    calm_collector()  # as `gateway.bootstrap.main` does
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # as the gateway serves

    async def run() -> Took:
        took = await pull(arguments.url, arguments.folder, arguments.orders, arguments.road, arguments.parallel)
        await check(arguments.folder, arguments.orders, arguments.road)
        return took

    print(json.dumps(asdict(asyncio.run(run()))))


if __name__ == "__main__":
    main()

"""PgQueuer's own tables, in a schema of their own: made and brought to this release's by `gateway db upgrade`.

It is imported on PostgreSQL only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver
from psycopg import AsyncConnection
from sqlalchemy import URL

SCHEMA = "order_gateway_queue"
SETTINGS = DBSettings(db_schema=SCHEMA, prefix="", channel=Channel(SCHEMA))

_LOCK = 0x6F7267_71756575  # the advisory lock of whoever makes or changes the tables: "org queu"


def queries(driver: Driver) -> Queries:
    """Return PgQueuer's statements on our tables, whatever the environment says of others."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


def conninfo(url: URL) -> str:
    """Return a database's URL as psycopg takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def install(url: URL) -> None:
    """Make the tables, or bring them to what this release's PgQueuer needs. Two at once go one after another."""
    _wait_for(_install(conninfo(url)))


def remove(url: URL) -> None:
    """Drop the tables with what is in them: wake-ups only, which are made again from due work."""
    _wait_for(_remove(conninfo(url)))


async def _install(address: str) -> None:
    async with await AsyncConnection.connect(address, autocommit=True, connect_timeout=10) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))  # ends with the connection
        ours = queries(PsycopgDriver(connection))
        if await ours.schema_is_installed():
            await ours.upgrade()
        else:
            async with connection.transaction():
                await ours.install()


async def _remove(address: str) -> None:
    async with await AsyncConnection.connect(address, autocommit=True, connect_timeout=10) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute(f"drop schema if exists {SCHEMA} cascade")


def _wait_for(coroutine: Coroutine[Any, Any, None]) -> None:
    """Await in a thread of its own: the caller may stand on an event loop."""
    with ThreadPoolExecutor(1, "queue-tables") as thread:
        thread.submit(asyncio.run, coroutine).result()

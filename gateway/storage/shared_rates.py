"""How far each platform's rate is used up, kept in PostgreSQL for the processes that share it.

One row a bucket, changed by one statement outside the writers' line and not waited for on the disk: a server that
loses power forgets a moment of it, and the platform's own answer then says that a call came too early.

It is imported on PostgreSQL only.
"""

from __future__ import annotations

import asyncio

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from sqlalchemy import URL

from gateway.storage.queue_tables import conninfo

_TAKE = """
insert into shared_rates as rate (store, endpoint_group, full_at, paused_until)
values (%(store)s, %(group)s, %(now)s + %(interval)s, 0)
on conflict (store, endpoint_group) do update set full_at = greatest(rate.full_at, %(now)s) + %(interval)s
where greatest(rate.full_at - %(room)s, rate.paused_until) <= %(now)s
returning full_at
"""
_LOOK = (
    "select full_at - %(room)s, paused_until from shared_rates where store = %(store)s and endpoint_group = %(group)s"
)
_PAUSE = """
insert into shared_rates as rate (store, endpoint_group, full_at, paused_until)
values (%(store)s, %(group)s, 0, %(until)s)
on conflict (store, endpoint_group) do update set paused_until = greatest(rate.paused_until, %(until)s)
"""
_RESUME = """
update shared_rates set paused_until = 0
where store = %(store)s and endpoint_group = %(group)s and paused_until <= %(until)s
"""

_Values = dict[str, str | int]


class SharedRatesInPostgres:
    """The buckets of one database, over one connection that is made when it is first needed."""

    def __init__(self, url: URL) -> None:
        self._address = conninfo(url)
        self._connection: AsyncConnection[TupleRow] | None = None
        self._turn = asyncio.Lock()

    async def take(self, store: str, group: str, *, interval: int, burst: int, now: int) -> tuple[int, int] | None:
        """Take a token, and return None; where there is none, return when to ask again and how long calls rest.

        All in microseconds: ``interval`` between two tokens, ``now``, and what is returned.
        """
        room = (burst - 1) * interval
        values: _Values = {"store": store, "group": group, "interval": interval, "room": room, "now": now}
        async with self._turn:
            if await self._run(_TAKE, values):
                return None
            found = await self._run(_LOOK, values)
        if not found:
            return now, 0
        ready, paused = found[0]
        return max(ready, paused), paused

    async def pause(self, store: str, group: str, until: int) -> None:
        """Let no process call before ``until``."""
        async with self._turn:
            await self._run(_PAUSE, {"store": store, "group": group, "until": until})

    async def resume(self, store: str, group: str, until: int) -> None:
        """End a pause that was set up to ``until`` or earlier."""
        async with self._turn:
            await self._run(_RESUME, {"store": store, "group": group, "until": until})

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _run(self, statement: str, values: _Values) -> list[TupleRow]:
        try:
            return await self._run_once(statement, values)
        except OperationalError:  # the server was started anew; a token taken twice is only lost
            await self.close()
            self._connection = None
            return await self._run_once(statement, values)

    async def _run_once(self, statement: str, values: _Values) -> list[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._address,
                autocommit=True,
                connect_timeout=10,
                application_name="order-gateway rates",
                options="-c synchronous_commit=off",
            )
        cursor = await self._connection.execute(statement, values)
        return await cursor.fetchall() if cursor.description else []

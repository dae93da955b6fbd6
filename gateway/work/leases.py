"""Leases: who may do what only one process may do at a time. Kept in real time, by the database's own clock.

A lease is held for a few seconds and renewed; a process that dies lets it lapse, and another takes it over. Each new
holder gets a higher fence. Who holds a lease checks it (`check`) within the write that must not come too late: a
process that slept through its own lease is refused there.
"""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Protocol
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from gateway.errors import Conflict
from gateway.storage.database import Database
from gateway.storage.real_time import real_micros
from gateway.storage.schema import leases

log = structlog.get_logger(__name__)

LENGTH = timedelta(seconds=6)  # with the looks below, another process takes over within 8 seconds

_MICROSECOND = timedelta(microseconds=1)
_PROCESS = "process:"
RENEW = "renew:"
"""Begins the name of the lease of whoever renews a credential."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A name in one process's hands, with the fence it was given."""

    name: str
    holder: str
    fence: int


@cache
def this_process() -> str:
    """Return the name of this process, different from that of every other one, earlier ones included."""
    return f"{platform.node()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def take(connection: Connection, name: str, holder: str, length: timedelta = LENGTH) -> Lease | None:
    """Take a lease that is free or has lapsed, or renew one's own; None while another process holds it."""
    now = real_micros(connection)
    until = now + length // _MICROSECOND
    mine = leases.c.name == name
    row = connection.execute(select(leases).where(mine).with_for_update()).one_or_none()
    if row is None:
        connection.execute(insert(leases), {"name": name, "holder": holder, "fence": 1, "until": until})
        return Lease(name, holder, 1)
    if row.holder == holder and row.until > 0:
        connection.execute(update(leases).where(mine).values(until=until))
        return Lease(name, holder, row.fence)
    if row.until > now:
        return None
    connection.execute(update(leases).where(mine).values(holder=holder, fence=row.fence + 1, until=until))
    return Lease(name, holder, row.fence + 1)


def release(connection: Connection, lease: Lease) -> None:
    """Let others have a lease at once. Nothing happens when it is already in other hands."""
    connection.execute(update(leases).where(_is(lease)).values(until=0))


def check(connection: Connection, lease: Lease) -> None:
    """Raise Conflict unless ``lease`` is still held; until this transaction ends nobody else can take it."""
    held = select(leases.c.until).where(_is(lease)).with_for_update(read=True)
    until = connection.execute(held).scalar_one_or_none()
    if until is None or until <= real_micros(connection):
        raise Conflict(f"The lease {lease.name} is no longer this process's: another one goes on with it.")


def is_free(connection: Connection, name: str) -> bool:
    """Return whether a lease could be taken now."""
    until = connection.execute(select(leases.c.until).where(leases.c.name == name)).scalar_one_or_none()
    return until is None or until <= real_micros(connection)


def living(connection: Connection) -> frozenset[str]:
    """Return the processes that are alive, as far as can be told: those whose own lease has not lapsed."""
    alive = leases.c.name.startswith(_PROCESS, autoescape=True) & (leases.c.until > real_micros(connection))
    return frozenset(connection.execute(select(leases.c.holder).where(alive)).scalars())


def forget_dead(connection: Connection, before: timedelta = timedelta(hours=1)) -> int:
    """Drop the rows of processes and of renewals that ended more than ``before`` ago; return how many."""
    ended = real_micros(connection) - before // _MICROSECOND
    passing = or_(*(leases.c.name.startswith(prefix, autoescape=True) for prefix in (_PROCESS, RENEW)))
    old = passing & (leases.c.until < ended)
    return connection.execute(delete(leases).where(old)).rowcount


class Turns(Protocol):
    """Lets one process at a time do what only one may do."""

    async def hold(self, name: str, run: Callable[[Lease | None], Awaitable[None]]) -> None:
        """Wait until it is this process's turn, then ``run``; return once that does. None: nobody else can be."""
        ...


class Alone:
    """The `Turns` of the only process on a database: all are its own."""

    async def hold(self, name: str, run: Callable[[Lease | None], Awaitable[None]]) -> None:
        """Run it."""
        del name
        await run(None)


class Leases:
    """The leases of one process."""

    def __init__(self, database: Database, holder: str, *, length: timedelta = LENGTH) -> None:
        self._database = database
        self._holder = holder
        self._length = length
        self._period = length.total_seconds() / 3
        self._held = 0
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def hold(self, name: str, run: Callable[[Lease], Awaitable[None]]) -> None:
        """Wait for the lease, then ``run`` while it is held; wait again when it was lost. Returns once ``run`` does.

        ``run`` is cancelled before another process can have the lease. Raises what ``run`` and the database raise.
        """
        while True:
            lease, asked_at = await self._win(name)
            if await self._run(lease, asked_at, run):
                return
            log.warning("lease.lost", lease=name)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for the lease and hold it while this is open, for a short act. Also of one process one at a time."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            lease, asked_at = await self._win(name, look_every=0.1)
            renewing = asyncio.create_task(self._renew(lease, asked_at), name=f"lease {name}")
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
                await self._database.write(lambda c: release(c, lease))

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Tell the other processes that this one lives, for as long as this is open (see `living`)."""
        name = _PROCESS + self._holder
        first = await self._take(name)
        if first is None:
            raise Conflict(f"Another process calls itself {self._holder}.")

        async def renew() -> None:
            while True:
                await self._until_next_look()
                try:
                    await self._take(name)
                except Exception as error:  # the next one may pass; until then the others take us for dead
                    log.warning("lease.not_renewed", lease=name, error=type(error).__name__)

        renewing = asyncio.create_task(renew(), name="alive")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._database.write(lambda c: release(c, first))

    async def _take(self, name: str) -> Lease | None:
        return await self._database.write(lambda c: take(c, name, self._holder, self._length))

    async def _win(self, name: str, *, look_every: float | None = None) -> tuple[Lease, float]:
        loop = asyncio.get_running_loop()
        while True:
            if await self._database.read(lambda c: is_free(c, name)):
                # who holds much lets others go first, so that processes share
                if look_every is None:
                    await asyncio.sleep(min(self._held * 0.05, self._period / 4))
                asked_at = loop.time()
                if (lease := await self._take(name)) is not None:
                    return lease, asked_at
            await asyncio.sleep(look_every or self._period / 2)

    async def _run(self, lease: Lease, asked_at: float, run: Callable[[Lease], Awaitable[None]]) -> bool:
        """Return True when ``run`` ended by itself, False when the lease was lost."""
        self._held += 1
        working = asyncio.ensure_future(run(lease))
        renewing = asyncio.create_task(self._renew(lease, asked_at), name=f"lease {lease.name}")
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return True
            renewing.result()
            return False
        finally:
            self._held -= 1
            for task in (working, renewing):
                task.cancel()
            await asyncio.gather(working, renewing, return_exceptions=True)
            with suppress(Exception):  # it lapses by itself
                await self._database.write(lambda c: release(c, lease))

    async def _renew(self, lease: Lease, asked_at: float) -> None:
        """Renew until that fails, or could not be done in time: the database is slow, or this process was."""
        loop = asyncio.get_running_loop()
        safe_until = asked_at + self._length.total_seconds()
        while True:
            await self._until_next_look()
            asked_at = loop.time()
            try:
                async with asyncio.timeout_at(safe_until):
                    kept = await self._take(lease.name)
            except TimeoutError:
                return
            if kept is None or kept.fence != lease.fence:
                return
            safe_until = asked_at + self._length.total_seconds()

    async def _until_next_look(self) -> None:
        """Sleep; all leases of a process are renewed at the same instants, in one transaction."""
        await asyncio.sleep(self._period - asyncio.get_running_loop().time() % self._period)


def _is(lease: Lease) -> ColumnElement[bool]:
    return (leases.c.name == lease.name) & (leases.c.holder == lease.holder) & (leases.c.fence == lease.fence)

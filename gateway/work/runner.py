"""The loop that carries due work out: claim, handle, done or again later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.work import queue
from gateway.work.carrying import Carrying, Handler

_POLL = 1.0  # seconds of real time


class Runner:
    """Runs the due work of the kinds that have a handler, at most ``at_once`` pieces at a time.

    It sleeps by the clock it was given and wakes when work is submitted through it, or on `wake`.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        worker_id: str,
        *,
        at_once: int = 8,
    ) -> None:
        self._database = database
        self._clock = clock
        self._carry = Carrying(database, clock, handlers)
        self._kinds = self._carry.kinds
        self._worker = worker_id
        self._at_once = at_once
        self._awake = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None  # the database failed us: no work can be ended any more

    async def submit(self, kind: str, key: str, due_at: datetime, payload: bytes = b"") -> None:
        """Ask for work (`gateway.work.queue.submit`) and return once it is stored."""
        await self._database.write(lambda connection: queue.submit(connection, kind, key, due_at, payload))
        self.wake()

    def wake(self) -> None:
        """Look for due work now: for those who submit within a transaction of their own, after its commit."""
        self._awake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns as soon as what runs has ended."""
        self._stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Carry out due work until `stop`. What a dead process had claimed waits again first.

        When cancelled, it cancels what runs and lets that work wait again. Raises what the database raises.
        """
        await self._database.write(lambda connection: queue.release_all(connection, None))
        try:
            while not self._stopping and self._fault is None:
                self._awake.clear()
                if not await self._start_due():
                    await self._sleep()
            if self._running:
                await asyncio.wait(self._running)
            if self._fault is not None:
                raise self._fault
        finally:
            await self._abandon()

    async def _start_due(self) -> bool:
        """Start what is due and has room; return whether more may be due."""
        room = self._at_once - len(self._running)
        if room <= 0:
            return False
        now = self._clock.now()

        claims = await self._database.write(
            lambda connection: queue.claim_some(connection, self._kinds, now, self._worker, room)
        )
        for claim in claims:
            task = asyncio.create_task(self._carry(claim), name=f"work {claim.kind} {claim.key}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(claims) == room

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fault = error
        self._awake.set()

    async def _sleep(self) -> None:
        """Return on `wake`, when a piece ends, when the next one is due and there is room for it, or to look again.

        Another process may write beside the running one: the brake, say, taken off.
        """
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._awake.wait())]
        if len(self._running) < self._at_once:
            due_at = await self._database.read(lambda connection: queue.next_due(connection, self._kinds))
            if due_at is not None:
                waits.append(asyncio.create_task(self._until(due_at)))
        try:
            await asyncio.wait(waits, timeout=_POLL, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _until(self, due_at: datetime) -> None:
        await self._clock.sleep_until(due_at)

    async def _abandon(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        await self._database.write(lambda connection: queue.release_all(connection, self._worker))

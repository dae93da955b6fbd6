"""The loop that carries due work out where many workers share it: PgQueuer gives each piece to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import Any, Self

import structlog
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError
from pgqueuer.domain.models import Job
from pgqueuer.ports.driver import NotifyCallback
from psycopg import AsyncConnection
from sqlalchemy import Connection

from gateway.errors import Unavailable
from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.joined import Joined
from gateway.storage.queue_tables import SETTINGS, queries
from gateway.work import leases, queue, wake_ups
from gateway.work.carrying import Carrying, Handler
from gateway.work.leases import Lease, Leases
from gateway.work.queue import Claim
from gateway.work.wake_ups import ENTRYPOINT, WakeUp

log = structlog.get_logger(__name__)

DISPATCH = "dispatch"  # the lease of whoever looks for due work

HEARTBEAT_TIMEOUT = timedelta(seconds=4)  # a worker silent for so long is dead
_LOOK_FOR_DEAD = timedelta(seconds=1)  # an idle worker looks for what the dead left behind
_LOOK_FOR_DUE = 0.2  # seconds of real time between two looks for due work, which any process may have submitted
_LOOK_FOR_LOST = 5.0
_TIDY_EVERY = 600.0
_AT_ONCE = 500  # wake-ups sent in one transaction


class DeliveredRunner:
    """Runs the due work of the kinds that have a handler, at most ``at_once`` pieces at a time in this process.

    One of the workers, whichever holds the lease `DISPATCH`, looks for due work by the clock it was given and wakes
    the workers for it; another takes that over when it dies. ``conninfo`` names the database for psycopg.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Handler],
        worker_id: str,
        *,
        conninfo: str,
        at_once: int = 64,
    ) -> None:
        self._database = database
        self._clock = clock
        self._carry = Carrying(database, clock, handlers)
        self._worker = worker_id
        self._conninfo = conninfo
        self._at_once = max(at_once, 2)
        self._leases = Leases(database, worker_id)
        self._claim: Joined[tuple[WakeUp, int], Claim | None] = Joined(database.write, self._claim_all)
        self._awake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[Any]] = set()
        self._fault: BaseException | None = None

    async def submit(self, kind: str, key: str, due_at: datetime, payload: bytes = b"") -> None:
        """Ask for work (`gateway.work.queue.submit`) and return once it is stored."""
        await self._database.write(lambda connection: queue.submit(connection, kind, key, due_at, payload))
        self.wake()

    def wake(self) -> None:
        """Look for due work now, if it is this process that looks: for those who submit within their transaction."""
        self._awake.set()

    def stop(self) -> None:
        """Take nothing more; `run` returns as soon as what runs has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry out due work until `stop`.

        When cancelled, it cancels what runs and lets that work wait again. Raises what the database raises.
        """
        try:
            while not self._stopping.is_set():
                async with AsyncExitStack() as stack:
                    driver = await self._driver(stack)
                    await self._work(driver)
        finally:
            with suppress(Exception):  # else PgQueuer gives it to another once our heartbeat has stopped
                await self._database.write(lambda connection: queue.release_all(connection, self._worker))

    async def _driver(self, stack: AsyncExitStack) -> PsycopgDriver:
        connections = [
            await stack.enter_async_context(
                await AsyncConnection.connect(
                    self._conninfo, autocommit=True, application_name="order-gateway work", connect_timeout=10
                )
            )
            for _ in range(2)
        ]
        return _Driver(*connections)

    async def _work(self, driver: PsycopgDriver) -> None:
        """Take deliveries until `stop`, or until the server's calls are no longer heard."""
        manager = QueueManager(queries(driver), channel=SETTINGS.channel)
        manager.entrypoint(ENTRYPOINT, on_failure="hold", accepts_context=False)(self._delivered)
        taking = asyncio.create_task(
            manager.run(
                batch_size=self._at_once // 2,
                max_concurrent_tasks=self._at_once,
                dequeue_timeout=_LOOK_FOR_DEAD,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                shutdown_on_listener_failure=True,
            ),
            name="deliveries",
        )
        looking = asyncio.create_task(self._leases.hold(DISPATCH, self._dispatch), name="dispatch")
        told = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({taking, looking, told}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                looking.result()
            manager.shutdown.set()
            try:
                await taking
            except FailingListenerError:
                log.warning("work.not_heard", worker=self._worker)
            if self._fault is not None:
                raise self._fault
        finally:
            for task in (looking, taking, told, *self._running):
                task.cancel()  # PgQueuer lets its jobs end, however long that takes
            await asyncio.gather(looking, taking, told, return_exceptions=True)

    async def _delivered(self, job: Job) -> None:
        if (task := asyncio.current_task()) is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            wake_up = WakeUp.of(job.payload)
            claim = await self._claim((wake_up, job.id))
            if claim is not None:
                if claim.fence > wake_up.fence + 1:
                    log.warning("work.taken_over", kind=claim.kind, key=claim.key, fence=claim.fence)
                await self._carry(claim)
                self.wake()  # it may be wanted again at once
        except Exception as error:  # the database failed us: no work can be ended any more
            self._fault = self._fault or error
            self._stopping.set()
            # PgQueuer logs and keeps the text; the error's own may name anything
            raise Unavailable(f"{type(error).__name__} while work was carried out") from None

    def _claim_all(self, c: Connection, jobs: Sequence[tuple[WakeUp, int]]) -> list[Claim | None]:
        return wake_ups.claim_all(c, jobs, self._carry.kinds, self._clock.now(), self._worker)

    async def _dispatch(self, lease: Lease) -> None:
        """Wake the workers for due work until cancelled."""
        time = asyncio.get_running_loop().time
        look_at = tidy_at = time()
        while True:
            self._awake.clear()
            if time() >= look_at:
                look_at = time() + _LOOK_FOR_LOST
                await self._recover(lease, tidy=time() >= tidy_at)
                if time() >= tidy_at:
                    tidy_at = time() + _TIDY_EVERY
            if not await self._send_due(lease):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), _LOOK_FOR_DUE)

    async def _send_due(self, lease: Lease) -> bool:
        """Send wake-ups for what is due; return whether more may be due."""
        now = self._clock.now()
        due = await self._database.read(lambda c: wake_ups.waiting(c, self._carry.kinds, now, _AT_ONCE))
        if not due:
            return False

        def act(connection: Connection) -> None:
            leases.check(connection, lease)
            wake_ups.send(connection, due)

        await self._database.write(act)
        return len(due) == _AT_ONCE

    async def _recover(self, lease: Lease, *, tidy: bool) -> None:
        def act(connection: Connection) -> int:
            leases.check(connection, lease)
            if tidy:
                wake_ups.tidy(connection)
                leases.forget_dead(connection)
            return wake_ups.release_lost(connection)

        if released := await self._database.write(act):
            log.warning("work.released", count=released)


class _Driver(PsycopgDriver):
    """PgQueuer's driver with a connection of its own to listen on.

    psycopg lets no query pass on a connection while it listens there, for up to a second each time.
    """

    def __init__(self, asking: AsyncConnection, listening: AsyncConnection) -> None:
        super().__init__(asking)
        self._ears = PsycopgDriver(listening)
        self._listens = asyncio.Event()

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ears.add_listener(channel, callback)
        self._listens.set()

    async def notify(self, channel: str, payload: str) -> None:
        await self._listens.wait()  # PgQueuer calls to hear itself, and may do so before it listens
        await super().notify(channel, payload)

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ears.remove_listener(channel, callback)

    async def __aenter__(self) -> Self:
        await self._ears.__aenter__()
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        await self._ears.__aexit__(*error)

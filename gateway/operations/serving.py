"""The running gateway: one loop a store, due work, pushes, and the callback pages, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.cases.after import CHECK_KIND
from gateway.cases.approvals import EXPIRY_KIND, expire_due
from gateway.cases.effects import WORK_KIND, take_over_interrupted
from gateway.errors import GatewayError
from gateway.inbox.receive import Receiver
from gateway.model.store import Store, StoreState
from gateway.operations.connecting import Connected
from gateway.operations.context import Context
from gateway.operations.receiving import lost_pushes, processor, receiver
from gateway.operations.reindexing import reindexing
from gateway.operations.remote.door import open_door
from gateway.operations.roles import Role
from gateway.operations.stock import STOCK_KIND, check_order_stock, plan_readings, read_again
from gateway.operations.stores import flag_disconnected
from gateway.operations.upstream import look_at_linked
from gateway.orders.link_news import PURCHASE_KIND
from gateway.sync.daemon import StoreLoop
from gateway.sync.pull import PullReport
from gateway.work.carrying import Handler
from gateway.work.queue import Claim
from gateway.work.runner import Runner

log = structlog.get_logger(__name__)

_LOOK_EVERY = 5.0  # seconds of real time between two looks for stores that another process connected
_GRACE = 20.0  # seconds of real time that work under way has to end


@dataclass(frozen=True, slots=True)
class Serving:
    """What runs: the stores connected at the start, the roles, and where the web server listens (None: nowhere)."""

    address: str | None
    stores: tuple[str, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """What the web server shows: the addresses of pushes, and those of callbacks; None: not."""

    receiver: Receiver | None = None
    on_connected: Callable[[Sequence[Connected]], None] | None = None


OpenSite = Callable[[Context, Pages], AbstractAsyncContextManager[str]]
"""Serves pages while it is open, and gives their address."""


async def serve(
    context: Context,
    *,
    roles: Collection[Role],
    stop: asyncio.Event,
    ready: Callable[[Serving], None],
    open_site: OpenSite,
) -> None:
    """Run the ``roles`` until ``stop`` is set; ``ready`` hears once all of them do.

    Effects that a dead process left open are settled first. Stores run apart: one that fails or hangs delays no other,
    and one whose authorisation is gone is flagged and left until it is connected again.
    Raises ConfigurationError when the web server cannot listen.
    """
    pulling = _Stores(context)
    runner = _runner(context)
    acting = processor(context)
    tasks: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        address = None
        if Role.web in roles or Role.receiver in roles:
            pages = Pages(
                receiver(context, acting.wake) if Role.receiver in roles else None,
                (lambda _: pulling.look()) if Role.web in roles else None,
            )
            address = await stack.enter_async_context(open_site(context, pages))
        if Role.receiver in roles:
            tasks.append(asyncio.create_task(lost_pushes(context, acting.wake).run(), name="lost pushes"))
        if Role.work in roles:
            await _take_over(context)
            await plan_readings(context)
            await stack.enter_async_context(reindexing(context))
            tasks.append(asyncio.create_task(runner.run(), name="work"))
            tasks.append(asyncio.create_task(acting.run(), name="inbox"))
        if Role.sync in roles:
            tasks.append(asyncio.create_task(pulling.run(), name="stores"))
        try:
            async with open_door(context):
                stores = await context.connections.stores()
                connected = tuple(store.id for store in stores if store.state is StoreState.connected)
                ready(Serving(address, connected, tuple(role for role in Role if role in roles)))
                await _until(stop, tasks)
        finally:
            runner.stop()
            await _end(tasks)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for ``stop``. A role that ends by itself has crashed: its error is raised."""
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    for task in tasks:
        if task.done():
            task.result()
            raise GatewayError(f"The {task.get_name()} of the gateway ended by itself. Start it again and report it.")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Let work under way end, then cancel what is left; errors were told where they happened."""
    working = {task for task in tasks if task.get_name() == "work"}
    for task in tasks:
        if task not in working:
            task.cancel()
    if working:
        await asyncio.wait(working, timeout=_GRACE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _runner(context: Context) -> Runner:
    async def advance(claim: Claim) -> datetime | None:
        again = await context.resolver.advance(claim.key)
        return None if again is None else context.clock.now() + again

    async def read_stock(claim: Claim) -> datetime | None:
        return await read_again(context, claim.key)

    async def check_stock(claim: Claim) -> None:
        await check_order_stock(context, claim.key)

    async def expire_approvals(_: Claim) -> None:
        now = context.clock.now()
        await context.database.write(lambda c: expire_due(c, now))

    async def look_at_purchase(claim: Claim) -> None:
        await look_at_linked(context, claim.key)

    worker = f"{platform.node()}:{os.getpid()}"
    handlers: dict[str, Handler] = {
        WORK_KIND: advance,
        STOCK_KIND: read_stock,
        CHECK_KIND: check_stock,
        PURCHASE_KIND: look_at_purchase,
        EXPIRY_KIND: expire_approvals,
    }
    return Runner(context.database, context.clock, handlers, worker)


async def _take_over(context: Context) -> None:
    now = context.clock.now()
    interrupted = await context.database.write(lambda c: take_over_interrupted(c, now))
    if interrupted:
        log.warning("effects.interrupted", count=interrupted)


class _Stores:
    """Keeps one loop running for each connected store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Look for new stores now: one was just connected."""
        self._changed.set()

    async def run(self) -> None:
        """Start a loop for every store that is connected, and for each that becomes so."""
        try:
            while True:
                self._changed.clear()
                for store in await self._context.connections.stores():
                    await self._watch(store)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _LOOK_EVERY)
        finally:
            self._context.loops.clear()
            for loop in self._loops.values():
                loop.cancel()
            await asyncio.gather(*self._loops.values(), return_exceptions=True)

    async def _watch(self, store: Store) -> None:
        known = self._loops.get(store.id)
        if known is not None and known.done():
            if not known.cancelled() and (error := known.exception()) is not None:
                log.error("sync.ended", store=store.id, error=type(error).__name__)
            del self._loops[store.id]
            self._context.loops.pop(store.id, None)
            known = None
        if known is None and store.state is StoreState.connected:
            try:
                loop = await self._loop(store)
                self._loops[store.id] = asyncio.create_task(loop.run(), name=f"sync {store.id}")
                self._context.loops[store.id] = loop.pull_now
                await plan_readings(self._context)
            except GatewayError as error:  # its app or adapter is missing: the others go on
                log.warning("sync.not_started", store=store.id, error=type(error).__name__, text=str(error))

    async def _loop(self, store: Store) -> StoreLoop:
        context = self._context

        async def disconnected(store_id: str, reason: str) -> None:
            words = await flag_disconnected(context, store_id, reason)
            log.error("store.disconnected", store=store_id, text=words)

        async def pulled(report: PullReport) -> None:
            if report.changed or report.bad:
                log.info(
                    "sync.pulled", store=report.store, seen=report.seen, changed=report.changed, quarantined=report.bad
                )

        connection = await context.connections.open(store.id)
        return StoreLoop(
            store=store,
            pull=context.pull_for(connection),
            clock=context.clock,
            settings=context.configuration.sync,
            on_disconnected=disconnected,
            on_pulled=pulled,
            pull_every=connection.manifest.pull_every,
        )

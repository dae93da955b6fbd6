"""One loop for each connected store, in whichever process has the store's lease."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import structlog

from gateway.errors import GatewayError
from gateway.model.store import Store, StoreState
from gateway.operations.context import Context, Guard
from gateway.operations.stock import plan_readings
from gateway.operations.stores import flag_disconnected
from gateway.sync.daemon import StoreLoop
from gateway.sync.pull import PullReport
from gateway.work import leases
from gateway.work.leases import Lease, Turns

log = structlog.get_logger(__name__)

_LOOK_EVERY = 5.0  # seconds of real time between two looks for stores that another process connected


class StoreLoops:
    """Keeps one loop running for each connected store."""

    def __init__(self, context: Context, turns: Turns) -> None:
        self._context = context
        self._turns = turns
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
                    self._watch(store)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), _LOOK_EVERY)
        finally:
            self._context.loops.clear()
            for loop in self._loops.values():
                loop.cancel()
            await asyncio.gather(*self._loops.values(), return_exceptions=True)

    def _watch(self, store: Store) -> None:
        known = self._loops.get(store.id)
        if known is not None and known.done():
            if not known.cancelled() and (error := known.exception()) is not None:
                log.error("sync.ended", store=store.id, error=type(error).__name__)
            del self._loops[store.id]
            known = None
        if known is None and store.state is StoreState.connected:
            holding = self._turns.hold(f"sync:{store.id}", partial(self._pull, store))
            self._loops[store.id] = asyncio.create_task(holding, name=f"sync {store.id}")

    async def _pull(self, store: Store, lease: Lease | None) -> None:
        guard = None if lease is None else partial(leases.check, lease=lease)
        try:
            loop = await self._loop(store, guard)
            await plan_readings(self._context)
        except GatewayError as error:  # its app or adapter is missing: the others go on
            log.warning("sync.not_started", store=store.id, error=type(error).__name__, text=str(error))
            return
        self._context.loops[store.id] = loop.pull_now
        try:
            await loop.run()
        finally:
            self._context.loops.pop(store.id, None)

    async def _loop(self, store: Store, guard: Guard | None) -> StoreLoop:
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
            pull=context.pull_for(connection, guard),
            clock=context.clock,
            settings=context.configuration.sync,
            on_disconnected=disconnected,
            on_pulled=pulled,
            pull_every=connection.manifest.pull_every,
        )

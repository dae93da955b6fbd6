"""One loop a store, for as long as the gateway runs. A sick store delays nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from gateway.config import SyncSettings
from gateway.errors import GatewayError, RateLimited, StoreDisconnected, TokenExpired
from gateway.model.store import Store
from gateway.ports import Clock
from gateway.sync.pull import Pull, PullReport

log = structlog.get_logger(__name__)

_LONGEST_REST = timedelta(minutes=15)


class StoreLoop:
    """Pulls one store again and again, reconciles now and then, and rests longer after errors.

    Between two pulls lies the rest that is set, or ``pull_every``, what the platform wants, where that is longer. What
    a person or a push asks for is pulled at once.
    """

    def __init__(
        self,
        *,
        store: Store,
        pull: Pull,
        clock: Clock,
        settings: SyncSettings,
        on_disconnected: Callable[[str, str], Awaitable[None]],
        on_pulled: Callable[[PullReport], Awaitable[None]],
        pull_every: timedelta | None = None,
    ) -> None:
        self._store = store
        self._pull = pull
        self._clock = clock
        self._on_disconnected = on_disconnected
        self._on_pulled = on_pulled
        self._every = max(settings.every, pull_every or timedelta())
        self._now = asyncio.Event()

    def pull_now(self) -> None:
        """Cut the rest short."""
        self._now.set()

    async def run(self) -> None:
        """Loop until cancelled, or until a person must authorise the store again."""
        failures = 0
        while True:
            try:
                await self._turn()
                failures = 0
            except (StoreDisconnected, TokenExpired) as error:  # a token that a refresh did not mend counts as gone
                await self._on_disconnected(self._store.id, str(error))
                return
            except RateLimited as error:
                log.warning("sync.rate_limited", store=self._store.id, retry_after=error.retry_after)
                failures += 1
            except GatewayError as error:
                failures += 1
                log.warning("sync.failed", store=self._store.id, error=type(error).__name__, text=str(error))
            except Exception:
                failures += 1
                log.exception("sync.crashed", store=self._store.id)
            await self._rest(failures)

    async def _turn(self) -> None:
        report = await self._pull.changes()
        await self._on_pulled(report + await self._pull.reconcile_if_due())

    async def _rest(self, failures: int) -> None:
        rest = min(self._every * 2 ** min(failures, 6), max(_LONGEST_REST, self._every))
        sleeping = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + rest))
        asked = asyncio.ensure_future(self._now.wait())
        try:
            await asyncio.wait({sleeping, asked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            asked.cancel()
            self._now.clear()

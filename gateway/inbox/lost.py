"""Pushes that never arrived: fetched where the platform keeps them, at the start and now and then (G1, G2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.errors import ConfigurationError, GatewayError
from gateway.inbox.events import Arrival, Via, keep
from gateway.model.store import App, AppSecret
from gateway.ports import Adapter, Channel, Clock, LostPushSource
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.vault import Vault

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=5)
_MOST_PAGES = 1000  # a list that never ends is a fault of the platform's


class LostPushFetcher:
    """Fetches the lost pushes of every app (or of ``app`` only) whose platform keeps them."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        adapter_for: Callable[[str], Adapter],
        app_channel: Callable[[Adapter, App, AppSecret], Channel],
        on_kept: Callable[[], None] = lambda: None,
        app: str | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._adapter_for = adapter_for
        self._app_channel = app_channel
        self._on_kept = on_kept
        self._app = app

    async def run(self) -> None:
        """Fetch now and every five minutes until cancelled. An app that fails delays no other."""
        while True:
            await self.fetch_all()
            await self._clock.sleep_until(self._clock.now() + EVERY)

    async def fetch_all(self) -> int:
        """Fetch what was lost, of every app, and return how much that was. Failures are logged, not raised."""

        def read(connection: Connection) -> list[tuple[App, AppSecret]]:
            return [
                (app, rows.app_secret(connection, self._vault, app.id))
                for app in rows.apps(connection)
                if self._app in {None, app.id}
            ]

        found = 0
        for app, secret in await self._database.read(read):
            try:
                found += await self._fetch(app, secret)
            except GatewayError as error:
                log.warning("push.lost_not_fetched", app=app.id, error=type(error).__name__, text=str(error))
            except Exception as error:  # an adapter's fault: the other apps go on
                log.warning("push.lost_not_fetched", app=app.id, error=type(error).__name__)
        return found

    async def _fetch(self, app: App, secret: AppSecret) -> int:
        try:
            adapter = self._adapter_for(app.platform)
        except ConfigurationError:
            return 0  # its adapter is not installed
        if not isinstance(adapter, LostPushSource):
            return 0
        channel = self._app_channel(adapter, app, secret)
        found = 0
        for _ in range(_MOST_PAGES):
            page = await adapter.lost_pushes(channel)
            if page.marker is None:
                break
            arrivals = [Arrival(app.platform, app.id, body, self._clock.now(), via=Via.lost) for body in page.bodies]
            await self._database.write(partial(keep, vault=self._vault, arrivals=arrivals))
            # only now: what is confirmed is forgotten there
            await adapter.confirm_lost_pushes(channel, page.marker)
            self._on_kept()
            found += len(arrivals)
            if not page.more:
                break
        if found:
            log.info("push.lost_fetched", app=app.id, count=found)
        return found

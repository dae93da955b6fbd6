"""The look for what people must hear of, every minute of the gateway's clock."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.cases import watch_deadlines, watch_standing
from gateway.cases.watch import WATCH_EVERY, WATCH_KEY, WATCH_KIND, Look, Watched, compare, parts, write
from gateway.cases.watch_deadlines import Deadlines
from gateway.cases.watch_gone import gone
from gateway.cases.watch_standing import Standings
from gateway.errors import GatewayError
from gateway.operations import settings_watch
from gateway.operations.context import Context
from gateway.operations.settings_watch import SettingsWatch
from gateway.storage import stores as rows
from gateway.work.queue import Claim, submit

log = structlog.get_logger(__name__)


class Watching:
    """Looks, tells what is news, and settles what is over."""

    def __init__(self, context: Context) -> None:
        self._context = context
        watched = Watched(context.vault, context.rules, context.configuration.valuation, self._prolong)
        self._deadlines, self._standings = Deadlines(watched), Standings(watched)
        self._settings = SettingsWatch(context)

    async def take(self, _: Claim | None = None) -> datetime:
        """Look once; return when to look again."""
        context = self._context
        now = context.clock.now()
        look = await context.database.read(lambda c: self._look(c, now))
        told = 0
        for part in parts(look):
            told += await context.database.write(lambda c, part=part: write(c, part, now))  # type: ignore[misc]  # bound
        if told:
            log.info("notices.told", count=told)
        return now + WATCH_EVERY

    def _look(self, c: Connection, now: datetime) -> Look:
        stores = {each.id: each for each in rows.stores(c)}
        alarms = [*self._deadlines.look(c, stores, now), *self._standings.look(c, stores, now)]
        alarms += self._settings.look(stores)
        return compare(c, alarms, watch_deadlines.KINDS | watch_standing.KINDS | settings_watch.KINDS, gone(c), now)

    def _prolong(self, platform: str) -> bool:
        try:
            return self._context.adapter_for(platform).manifest.renewals_prolong
        except GatewayError:  # its adapter is missing: who serves the store is told elsewhere
            return False


async def plan_watch(context: Context) -> None:
    """Let the look begin, or go on."""
    now = context.clock.now()
    await context.database.write(lambda c: submit(c, WATCH_KIND, WATCH_KEY, now, b""))

"""Pulling one store: what changed since last time, a named range, or a second look at what was pulled before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from gateway.config import SyncSettings
from gateway.model.store import Store
from gateway.orders.quarantine import due_for_retry, list_open, resolve
from gateway.orders.store import open_with_deadlines
from gateway.policy.rule_set import RuleSet
from gateway.ports import Adapter, AfterSaleSource, Channel, Clock, Window
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.aside import Aside
from gateway.sync.cursors import Cursor, cursors_of, load_cursor
from gateway.sync.gaps import record_gaps
from gateway.sync.pages import Pages
from gateway.sync.progress import Progress, PullReport, Tally
from gateway.sync.slices import count_slices, goes_by_creation, named_by_creation, slices, stream_of
from gateway.sync.storing import Named, Storing
from gateway.sync.streams import AfterSaleStream, OrderStream, Saved, Stream
from gateway.sync.together import together

__all__ = ["Progress", "Pull", "PullReport"]

log = structlog.get_logger(__name__)

_AT_ONCE = 200  # open orders read and stored together
_LONG = timedelta(hours=6)  # what was missed for longer is read in slices side by side
_RECONCILED = "reconciled"  # the cursor that keeps when a second look was taken last


class Pull:
    """Reads one store. Safe to stop at any instant: the cursor moves only with the rows it speaks of.

    Pulls of one process that move the store's cursors share ``turn``: they go one after another. Where several
    processes may pull, ``guard`` raises within each write that moves a cursor once the store is another's to pull.
    Without ``rules`` orders are stored and nothing else is done with them.
    """

    def __init__(  # noqa: PLR0913 - all by name: what a pull stands on
        self,
        *,
        store: Store,
        adapter: Adapter,
        channel: Channel,
        database: Database,
        vault: Vault,
        clock: Clock,
        settings: SyncSettings,
        tell: Callable[[Progress], None] = lambda _: None,
        turn: asyncio.Lock | None = None,
        rules: RuleSet | None = None,
        guard: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._database = database
        self._clock = clock
        self._settings = settings
        self._tell = tell
        self._turn = turn or asyncio.Lock()
        self._storing = Storing(store=store, database=database, vault=vault, clock=clock, rules=rules, guard=guard)
        self._aside = Aside()
        self._orders = OrderStream(store, adapter, channel, settings.parallel, self._aside)
        self._after_sales = (
            AfterSaleStream(store, adapter, channel, adapter.manifest.limits, settings.parallel)
            if isinstance(adapter, AfterSaleSource)
            else None
        )

    @property
    def _streams(self) -> Sequence[Stream]:
        return (self._orders,) if self._after_sales is None else (self._orders, self._after_sales)

    async def changes(self) -> PullReport:
        """Pull what changed since the last time; after a long absence, open orders with deadlines come first."""
        async with self._turn, self._aside:
            return await self._changes()

    async def _changes(self) -> PullReport:
        report = PullReport(self._store.id)
        if await self._was_absent():
            report += await self.open_orders()
        for stream in self._streams:
            report += await self._follow(stream)
        report += await self._unfinished_ranges()
        return report + await self.retry_quarantine()

    async def range(self, start: datetime, end: datetime) -> PullReport:
        """Pull everything updated from ``start`` to ``end``; resumed by the next `changes` when interrupted."""
        count = self._settings.parallel
        planned = [cursor for stream in self._streams for cursor in self._slices(stream.name, start, end, count)]
        async with self._turn, self._aside:
            await self._storing.plan(planned)
            return await self._unfinished_ranges()

    def _slices(self, name: str, start: datetime, end: datetime, count: int) -> list[Cursor]:
        return slices(self._store.id, name, start, end, count)

    async def reconcile_if_due(self) -> PullReport:
        """Reconcile when the last time is `reconcile_every` ago; when that was survives a restart."""
        last = await self._database.read(lambda c: load_cursor(c, self._store.id, _RECONCILED))
        if last is not None and self._clock.now() - last.position < self._settings.reconcile_every:
            return PullReport(self._store.id)
        report = PullReport(self._store.id) if last is None else await self.reconcile()
        await self._storing.plan([Cursor(self._store.id, _RECONCILED, self._clock.now())])
        return report

    async def reconcile(self) -> PullReport:
        """Read the recent past again and report changes that the pulls had missed."""
        report = PullReport(self._store.id)
        for stream in self._streams:
            cursor = await self._cursor(stream)
            known_to = cursor.position - self._settings.overlap
            start = cursor.position - self._settings.reconcile_span
            past = self._slices(stream.name, start, known_to, self._settings.parallel)
            changed: list[str] = []
            tally = Tally(self._clock.now(), known_to - start)
            reports = await together(
                self._read(stream, each, keep=False, changed=changed, tally=tally) for each in past
            )
            report += sum(reports, PullReport(self._store.id))
            missed = await self._note_gaps(stream, changed, known_to)
            report += PullReport(self._store.id, gaps=missed)
        return report

    async def _note_gaps(self, stream: Stream, changed: Sequence[str], known_to: datetime) -> int:
        if not changed:
            return 0
        now = self._clock.now()
        missed = await self._database.write(
            lambda c: record_gaps(c, self._store.id, stream.name, changed, known_to, now)
        )
        if missed:
            log.warning("sync.missed_changes", store=self._store.id, stream=stream.name, missed=missed)
        return missed

    async def open_orders(self) -> PullReport:
        """Read every order that has not ended anew, the nearest deadline first."""
        ids = await self._database.read(lambda c: open_with_deadlines(c, self._store.id))
        report, began = PullReport(self._store.id), self._clock.now()
        for start in range(0, len(ids), _AT_ONCE):
            report += await self.named(ids[start : start + _AT_ONCE])
            seen = min(start + _AT_ONCE, len(ids))
            remaining = (self._clock.now() - began) * ((len(ids) - seen) / seen)
            zero = timedelta()
            self._tell(Progress(self._store.id, "open orders", seen, zero, zero, remaining or None, of=len(ids)))
        return report

    async def named(self, ids: Sequence[str]) -> PullReport:
        """Read the orders named."""
        loaded = await self._orders.load_named(ids)
        return self._report(await self._storing.pages([loaded]))

    async def read_named(self, ids: Sequence[str]) -> Named:
        """Read the orders named, and store nothing yet: `keep_all` does, for many reads at once."""
        return Named(self._store.id, self._storing, await self._orders.load_named(ids))

    async def named_requests(self, ids: Sequence[str]) -> PullReport:
        """Read the after-sale requests named; nothing where the platform keeps them within orders."""
        total = Saved()
        if self._after_sales is not None:
            for loaded in await self._after_sales.load_named(ids):
                total += await self._storing.pages([loaded])
        return self._report(total)

    async def retry_quarantine(self, *, everything: bool = False) -> PullReport:
        """Read again what could not be mapped before: what is due for it, or ``everything`` when a person asks."""
        now = self._clock.now()
        due = await self._database.read(
            lambda c: list_open(c, self._store.id) if everything else due_for_retry(c, self._store.id, now)
        )
        orders = [item.external_id for item in due if item.stream == "orders"]
        requests = [item.external_id for item in due if item.stream == "after_sales"]
        total = Saved()
        if orders:
            total += await self._retry_orders(orders)
        if requests and self._after_sales is not None:
            for loaded in await self._after_sales.load_named(requests):
                total += await self._storing.pages([loaded])
                good = [item.request_id for item in loaded.page.after_sales]
                await self._settle_quarantine("after_sales", good)
        return self._report(total)

    async def _retry_orders(self, ids: Sequence[str]) -> Saved:
        loaded = await self._orders.load_named(ids)
        good = [order.order_id for batch in loaded.batches for order in batch.orders]
        saved = await self._storing.pages([loaded])
        await self._settle_quarantine("orders", good)
        return saved

    async def _settle_quarantine(self, stream: str, ids: Sequence[str]) -> None:
        await self._database.write(lambda c: resolve(c, self._store.id, stream, ids, self._clock.now()))

    async def _was_absent(self) -> bool:
        cursor = await self._database.read(lambda c: load_cursor(c, self._store.id, self._orders.name))
        if cursor is None or cursor.moved_at is None:
            return False
        return self._clock.now() - cursor.moved_at > self._settings.absence

    async def _cursor(self, stream: Stream) -> Cursor:
        cursor = await self._database.read(lambda c: load_cursor(c, self._store.id, stream.name))
        return cursor or Cursor(self._store.id, stream.name, self._clock.now() - self._settings.history)

    async def _follow(self, stream: Stream) -> PullReport:
        cursor = await self._cursor(stream)
        # a new pull reaches back over the last one; a window under way stays as it was
        if cursor.moved_at is not None and cursor.next_page is None:
            cursor = replace(cursor, position=cursor.position - self._settings.overlap)
        by_creation = cursor.moved_at is None and stream.widest_created is not None
        count = 1
        if by_creation or self._clock.now() - cursor.position > _LONG:
            now, parallel = self._clock.now(), self._settings.parallel
            count = await count_slices(stream, cursor.position, now, parallel, by_creation=by_creation)
        if by_creation or count > 1:
            cursor = await self._leave_behind(stream, cursor.position, count, by_creation=by_creation)
        return await self._read(stream, cursor, keep=True)

    async def _leave_behind(self, stream: Stream, start: datetime, count: int, *, by_creation: bool) -> Cursor:
        """Plan what lies between ``start`` and now as ranges to be read, and return the cursor that goes on from now.

        What changes after now is found by its change, also where the past is listed by creation time.
        """
        now = self._clock.now()
        name = named_by_creation(stream) if by_creation else stream.name
        ahead = Cursor(self._store.id, stream.name, now)
        await self._storing.plan([*self._slices(name, start, now, count), ahead])
        return ahead

    async def _unfinished_ranges(self) -> PullReport:
        """Read the ranges that are planned, the newest first, some of them at a time."""
        stored = await self._database.read(lambda c: cursors_of(c, self._store.id))
        reports = []
        for stream in self._streams:
            mine = [each for each in stored if each.until is not None and stream_of(each) == stream.name]
            mine.sort(key=lambda each: each.position, reverse=True)
            reports.append(self._finish_ranges(stream, mine))
        return sum(await together(reports), PullReport(self._store.id))

    async def _finish_ranges(self, stream: Stream, ranges: Sequence[Cursor]) -> PullReport:
        total = sum((each.until - each.position for each in ranges if each.until), timedelta())
        tally, places = Tally(self._clock.now(), total), asyncio.Semaphore(self._settings.parallel)

        async def finish(cursor: Cursor) -> PullReport:
            async with places:
                report = await self._read(stream, cursor, keep=True, tally=tally)
                await self._storing.drop(cursor)
                return report

        return sum(await together(finish(each) for each in ranges), PullReport(self._store.id))

    async def _read(
        self,
        stream: Stream,
        cursor: Cursor,
        *,
        keep: bool,
        changed: list[str] | None = None,
        tally: Tally | None = None,
    ) -> PullReport:
        """Read from ``cursor`` to its end, window by window, page by page, the next page while one is stored."""
        now, report = self._clock.now(), PullReport(self._store.id)
        end = cursor.until or now  # a clock that runs would never be caught up with
        tally = tally or Tally(now, end - cursor.position)
        created = stream.widest_created if goes_by_creation(cursor) else None
        while cursor.position < end:
            until = cursor.window_end or min(cursor.position + (created or stream.widest), end)
            window = Window(cursor.position, until, "created" if created else "updated")
            async with aclosing(aiter(Pages(stream, window, cursor.next_page))) as pages:
                async for several in pages:
                    before, cursor = cursor.position, cursor.after_page(window, several[-1].next_page)
                    tally.done += cursor.position - before
                    saved = await self._storing.pages([page.loaded for page in several], cursor if keep else None)
                    report += self._report(saved)
                    tally.seen += saved.seen
                    if changed is not None:
                        changed.extend(saved.changed)
                    self._tell_progress(stream.name, tally)
        return report

    def _report(self, saved: Saved) -> PullReport:
        return PullReport(self._store.id, seen=saved.seen, changed=len(saved.changed), bad=saved.bad)

    def _tell_progress(self, doing: str, tally: Tally) -> None:
        took = self._clock.now() - tally.began
        remaining = took * ((tally.total - tally.done) / tally.done) if tally.done and took else None
        self._tell(Progress(self._store.id, doing, tally.seen, tally.done, tally.total, remaining))

"""The two things pulled from every store, in one shape: list a page, read what stands on it, store it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from gateway.model.store import Store
from gateway.orders.alerts import raise_alerts
from gateway.orders.prepared import PreparedBatch, join_batches, prepare_batch
from gateway.orders.quarantine import keep_bad
from gateway.orders.store import upsert_after_sales, upsert_prepared
from gateway.ports import (
    Adapter,
    AfterSalePage,
    AfterSaleSource,
    Channel,
    Limits,
    OrderBatch,
    OrderPage,
    OrderSource,
    Unread,
    Window,
)
from gateway.storage.vault import Vault
from gateway.sync.aside import Aside
from gateway.sync.together import together


@dataclass(frozen=True, slots=True)
class Saved:
    """What storing a page changed."""

    seen: int = 0
    changed: tuple[str, ...] = ()  # ids whose stored facts differ now
    bad: int = 0
    orders: tuple[str, ...] = ()  # ids of the orders that differ now, or about which something does

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            self.seen + other.seen, self.changed + other.changed, self.bad + other.bad, self.orders + other.orders
        )


class Loaded(Protocol):
    """A page in memory, as far as it is needed to be stored."""

    def save(self, connection: Connection, vault: Vault, now: datetime) -> Saved:
        """Store the page within the caller's transaction."""
        ...


class Page(Protocol):
    """A page that was listed; what stands on it may still have to be read."""

    @property
    def next_page(self) -> str | None:
        """Return the next page's token, None after the last."""
        ...

    async def loaded(self) -> Loaded:
        """Read what is left to read. Raises the error tree."""
        ...


class Stream(Protocol):
    """One kind of thing that a store has and that changes over time."""

    name: str
    widest: timedelta  # the widest window a list call takes, by update time
    widest_created: timedelta | None  # the same by creation time; None: lists go by update time only

    async def list(self, window: Window, page: str | None) -> Page:
        """List one page. Raises the error tree."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedOrders:
    """Orders read, not yet stored."""

    store: str
    batches: Sequence[PreparedBatch]

    def save(self, connection: Connection, vault: Vault, now: datetime) -> Saved:
        """Store orders, set bad ones aside, alert unknown words."""
        batch = join_batches(self.batches)
        changed = tuple(upsert_prepared(connection, vault, batch, now).changed)
        keep_bad(connection, vault, self.store, "orders", batch.bad, now)
        raise_alerts(connection, self.store, batch.unmapped, now)
        return Saved(len(batch.orders) + len(batch.bad), changed, len(batch.bad), changed)


def joined(pages: Sequence[Loaded]) -> Sequence[Loaded]:
    """Return the same to be stored in fewer goes: pages of orders as one, for a go costs as much as twenty orders."""
    orders = [page for page in pages if isinstance(page, LoadedOrders)]
    if len(orders) < len(pages) or len(pages) == 1:
        return pages
    return [LoadedOrders(orders[0].store, [batch for page in orders for batch in page.batches])]


@dataclass(frozen=True, slots=True)
class _OrdersListed:
    stream: OrderStream
    listed: OrderPage

    @property
    def next_page(self) -> str | None:
        return self.listed.next_page

    async def loaded(self) -> LoadedOrders:
        return await self.stream.load(self.listed)


class OrderStream:
    """The orders of a store."""

    name = "orders"

    def __init__(self, store: Store, adapter: Adapter, channel: Channel, parallel: int, aside: Aside) -> None:
        if not isinstance(adapter, OrderSource):
            raise TypeError(f"the {adapter.manifest.platform} adapter does not read orders (ports.OrderSource)")
        self.widest = adapter.manifest.limits.order_window
        self.widest_created = adapter.manifest.limits.order_created_window
        self._store = store
        self._source: OrderSource = adapter
        self._batch = adapter.manifest.limits.order_batch
        self._channel = channel
        self._slots = asyncio.Semaphore(parallel)
        self._aside = aside

    async def list(self, window: Window, page: str | None) -> Page:
        """List one page."""
        return _OrdersListed(self, await self._source.list_orders(self._channel, window, page))

    async def load(self, page: OrderPage) -> LoadedOrders:
        """Read the orders on a page."""
        batches = await self._fetch(page.ids) if page.batch is None else [await self._prepared(page.batch)]
        return LoadedOrders(self._store.id, batches)

    async def load_named(self, ids: Sequence[str]) -> LoadedOrders:
        """Read the orders named, as many calls as it takes."""
        return LoadedOrders(self._store.id, await self._fetch(ids))

    async def _fetch(self, ids: Sequence[str]) -> Sequence[PreparedBatch]:
        parts = [ids[start : start + self._batch] for start in range(0, len(ids), self._batch)]
        return await together(self._fetch_part(part) for part in parts)

    async def _fetch_part(self, ids: Sequence[str]) -> PreparedBatch:
        async with self._slots:
            batch = await self._source.fetch_orders(self._channel, ids)
        return await self._prepared(batch)

    async def _prepared(self, batch: OrderBatch | Unread) -> PreparedBatch:
        return await self._aside.read(batch) if isinstance(batch, Unread) else prepare_batch(batch)


@dataclass(frozen=True, slots=True)
class LoadedAfterSales:
    """Requests read, not yet stored."""

    store: str
    page: AfterSalePage

    def save(self, connection: Connection, vault: Vault, now: datetime) -> Saved:
        """Store requests, set bad ones aside, alert unknown words."""
        changed = upsert_after_sales(connection, vault, self.page, now)
        keep_bad(connection, vault, self.store, "after_sales", self.page.bad, now)
        raise_alerts(connection, self.store, self.page.unmapped, now)
        about = {request.request_id: request.order_id for request in self.page.after_sales}
        orders = tuple(dict.fromkeys(about[request_id] for request_id in changed))
        return Saved(len(self.page.after_sales) + len(self.page.bad), tuple(changed), len(self.page.bad), orders)


@dataclass(frozen=True, slots=True)
class _AfterSalesListed:
    stream: AfterSaleStream
    listed: AfterSalePage

    @property
    def next_page(self) -> str | None:
        return self.listed.next_page

    async def loaded(self) -> LoadedAfterSales:
        return await self.stream.load(self.listed)


class AfterSaleStream:
    """The returns and refunds of a store, where the platform keeps them apart from orders."""

    name = "after_sales"

    def __init__(self, store: Store, source: AfterSaleSource, channel: Channel, limits: Limits, parallel: int) -> None:
        self.widest = limits.after_sale_window
        self.widest_created = limits.after_sale_created_window
        self._listed_whole = limits.after_sales_listed_whole
        self._store = store
        self._source = source
        self._channel = channel
        self._slots = asyncio.Semaphore(parallel)

    async def list(self, window: Window, page: str | None) -> Page:
        """List one page."""
        return _AfterSalesListed(self, await self._source.list_after_sales(self._channel, window, page))

    async def load(self, listed: AfterSalePage) -> LoadedAfterSales:
        """Read the requests on a page, each whole."""
        if self._listed_whole:
            return LoadedAfterSales(self._store.id, listed)
        whole = await together(self._whole(request.request_id) for request in listed.after_sales)
        return LoadedAfterSales(
            self._store.id,
            AfterSalePage(
                after_sales=[request for one in whole for request in one.after_sales],
                raws=[raw for one in whole for raw in one.raws],
                next_page=listed.next_page,
                bad=[*listed.bad, *(bad for one in whole for bad in one.bad)],
                unmapped=[*listed.unmapped, *(word for one in whole for word in one.unmapped)],
            ),
        )

    async def _whole(self, request_id: str) -> AfterSalePage:
        async with self._slots:
            return await self._source.fetch_after_sale(self._channel, request_id)

    async def load_named(self, ids: Sequence[str]) -> Sequence[LoadedAfterSales]:
        """Read the requests named, one call each."""
        return [
            LoadedAfterSales(self._store.id, await self._source.fetch_after_sale(self._channel, request_id))
            for request_id in ids
        ]

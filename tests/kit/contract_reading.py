"""Checks 4 and 5: lists and fetches agree, raw fixtures become the canonical ones."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.config import SyncSettings
from gateway.errors import InvalidRequest
from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.ports import Window
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.migrate import upgrade
from gateway.storage.vault import Vault
from gateway.sync.pull import Pull
from gateway.transport.json import decode
from tests.kit.contract_bench import PaperChannel, Shop, exact, plain
from tests.kit.contract_case import Case

HISTORY = 60  # days the simulators' seeds reach back, with room


class Watching:
    """The adapter, with the windows it was asked for written down."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter
        self.windows: list[Window] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    async def list_orders(self, channel: Any, window: Window, page: str | None) -> Any:
        self.windows.append(window)
        return await self._adapter.list_orders(channel, window, page)

    async def list_after_sales(self, channel: Any, window: Window, page: str | None) -> Any:
        return await self._adapter.list_after_sales(channel, window, page)

    async def fetch_after_sale(self, channel: Any, request_id: str) -> Any:
        return await self._adapter.fetch_after_sale(channel, request_id)

    async def fetch_orders(self, channel: Any, ids: Any) -> Any:
        return await self._adapter.fetch_orders(channel, ids)


class Check04Lists:
    """What is listed is what is fetched, nothing is left out, and no window is wider than the platform takes."""

    case: Case

    async def test_check_04_each_listed_order_is_fetched_the_same(self, shop: Shop) -> None:
        adapter = self.case.adapter
        limits = adapter.manifest.limits
        listed, seen = {}, set()
        for window in shop.windows(HISTORY, limits.order_window, limits.order_created_window):
            for page in await shop.pages(adapter.list_orders, window):
                assert len(page.ids) <= limits.order_page
                listed |= dict.fromkeys(page.ids, window)
                whole = page.batch.orders if page.batch else ()
                for start in range(0, len(page.ids), limits.order_batch):
                    asked = page.ids[start : start + limits.order_batch]
                    batch = await adapter.fetch_orders(shop.channel, asked)
                    assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
                    assert [raw.external_id for raw in batch.raws] == [order.order_id for order in batch.orders]
                    assert {order.order_id for order in batch.orders} == set(asked)
                    for order in batch.orders:
                        seen.add(order.order_id)
                        assert order.store == shop.store.id
                        moment = order.placed_at if window.by == "created" else order.updated_at
                        assert window.start - timedelta(seconds=1) <= moment <= window.end
                        assert all(each == order for each in whole if each.order_id == order.order_id)
        assert seen == set(listed)
        if shop.control is not None:
            assert set(listed) == set(await shop.truths())
            assert len(listed) > 4

    async def test_check_04_each_listed_request_is_fetched_the_same(self, shop: Shop) -> None:
        adapter, listed = self.case.adapter, {}
        if shop.control is not None:
            await self.case.simulator.open_request(shop)
        limits = adapter.manifest.limits
        for window in shop.windows(HISTORY, limits.after_sale_window, limits.after_sale_created_window):
            for page in await shop.pages(adapter.list_after_sales, window):
                assert (list(page.bad), list(page.unmapped)) == ([], [])
                listed |= {each.request_id: each for each in page.after_sales}
        for request_id, told in listed.items():
            page = await adapter.fetch_after_sale(shop.channel, request_id)
            assert (list(page.bad), list(page.unmapped)) == ([], [])
            (whole,) = page.after_sales
            for name in set(AfterSale.model_fields) - self.case.only_whole:
                assert getattr(told, name) == getattr(whole, name), name
        if shop.control is not None:
            truth = {}
            for row in (await shop.truths()).values():
                truth |= self.case.simulator.requests_of(row)
            assert {request_id: each.raw_status for request_id, each in listed.items()} == truth
            assert listed

    async def test_check_04_paging_is_complete_while_orders_come_in(self, simulated: Shop) -> None:
        adapter = self.case.adapter
        size = adapter.manifest.limits.order_page
        made = {await simulated.make() for _ in range(2 * size + 10)}
        end = simulated.clock.now() + timedelta(minutes=1)
        window = Window(end - min(timedelta(days=1), adapter.manifest.limits.order_window), end)
        found: list[str] = []
        page: str | None = None
        while True:
            listed = await adapter.list_orders(simulated.channel, window, page)
            found += listed.ids
            page = listed.next_page
            if page is None:
                break
            for _ in range(3):
                await simulated.make()
        assert made <= set(found)

    async def test_check_04_paging_is_complete_while_requests_come_in(self, simulated: Shop) -> None:
        adapter = self.case.adapter
        made = {
            await self.case.simulator.open_request(simulated)
            for _ in range(adapter.manifest.limits.after_sale_page + 5)
        }
        end = simulated.clock.now() + timedelta(minutes=1)
        window = Window(end - min(timedelta(days=1), adapter.manifest.limits.after_sale_window), end)
        found: list[str] = []
        page: str | None = None
        while True:
            listed = await adapter.list_after_sales(simulated.channel, window, page)
            found += [each.request_id for each in listed.after_sales]
            page = listed.next_page
            if page is None:
                break
            await self.case.simulator.open_request(simulated)
        assert made <= set(found)

    async def test_check_04_the_widest_window_is_the_platforms(self, simulated: Shop) -> None:
        adapter = self.case.adapter
        limits, end = adapter.manifest.limits, simulated.clock.now()
        for lister, widest, by in (
            (adapter.list_orders, limits.order_window, "updated"),
            (adapter.list_after_sales, limits.after_sale_window, "updated"),
            (adapter.list_orders, limits.order_created_window, "created"),
            (adapter.list_after_sales, limits.after_sale_created_window, "created"),
        ):
            if widest is None:
                continue
            await lister(simulated.channel, Window(end - widest, end, by), None)
            with pytest.raises(InvalidRequest):
                await lister(simulated.channel, Window(end - widest - timedelta(seconds=2), end, by), None)

    async def test_check_04_a_long_pull_is_split_at_the_widest_window(self, simulated: Shop, tmp_path: Path) -> None:
        watching, now = Watching(self.case.adapter), simulated.clock.now()
        limits = self.case.adapter.manifest.limits
        widest = limits.order_created_window or limits.order_window  # a first pull goes by creation where it may
        history = max(3 * widest + timedelta(days=1), timedelta(days=HISTORY if limits.order_created_window else 0))
        url, vault = f"sqlite:///{tmp_path / 'gateway.db'}", Vault(bytes(range(32)))
        upgrade(url)
        database = Database.open(url, lock=tmp_path / "gateway.lock")
        try:
            connected = simulated.connected

            def set_up(c: Any) -> None:
                rows.add_app(c, vault, connected.app, connected.secret, now)
                rows.add_store(c, connected.store, now)

            await database.write(set_up)
            pull = Pull(
                store=connected.store,
                adapter=watching,  # type: ignore[arg-type]  # gives every port, most of them by __getattr__
                channel=simulated.channel,
                database=database,
                vault=vault,
                clock=simulated.clock,
                settings=SyncSettings(history=history),
            )
            report = await pull.changes()
        finally:
            await database.close()
        assert report.bad == 0
        assert report.seen >= len(await simulated.truths())
        by_update = [window for window in watching.windows if window.by == "updated"]
        assert all(window.end - window.start <= limits.order_window for window in by_update)
        spans = [window.end - window.start for window in watching.windows]
        assert max(spans) == widest
        assert min(window.start for window in watching.windows) <= now - 3 * widest
        assert max(window.end for window in watching.windows) >= now
        ordered = sorted(watching.windows, key=lambda window: window.start)
        assert all(after.start <= before.end for before, after in pairwise(ordered)), "no gap"


def _inside(value: Any, tree: Any) -> bool:
    """Return whether ``value`` stands somewhere in an answer."""
    if value == tree:
        return True
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return any(_inside(value, part) for part in parts)


class Check05Golden:
    """Raw answers, invented by us in the platform's shapes, become exactly the canonical objects beside them."""

    case: Case

    async def _orders(self, path: Path, script: Any = None) -> tuple[Any, Any]:
        told = exact(path / "raw.json")
        channel = PaperChannel(self.case, script or told["answers"])
        return told, await self.case.adapter.fetch_orders(channel, told["ask"])

    async def test_check_05_orders_become_canonical(self, golden_order: Path) -> None:
        _, batch = await self._orders(golden_order)
        assert not batch.bad, batch.bad
        expected = exact(golden_order / "canonical.json")
        assert [self.case.never_told - order.absent for order in batch.orders] == [set()] * len(batch.orders)
        told = [order.model_copy(update={"absent": order.absent - self.case.never_told}) for order in batch.orders]
        assert plain(told) == expected["orders"]
        assert [[each.external_id, each.where, each.word] for each in batch.unmapped] == expected["unmapped"]
        assert list(batch.missing) == expected["missing"]
        assert [Order.model_validate(row) for row in expected["orders"]] == told

    async def test_check_05_raw_orders_are_kept_and_read_again_the_same(self, golden_order: Path) -> None:
        told, batch = await self._orders(golden_order)
        raws = [decode(raw.body) for raw in batch.raws]
        assert [raw.external_id for raw in batch.raws] == [order.order_id for order in batch.orders]
        assert all(_inside(raw, told["answers"]) for raw in raws), "kept as told, to the last field"
        _, again = await self._orders(golden_order, self.case.wire.orders_again(raws, told["answers"]))
        assert list(again.orders) == list(batch.orders)
        assert [raw.body for raw in again.raws] == [raw.body for raw in batch.raws]

    async def test_check_05_requests_become_canonical(self, golden_request: Path) -> None:
        told = exact(golden_request / "raw.json")
        channel = PaperChannel(self.case, told["answers"])
        page = await self.case.adapter.fetch_after_sale(channel, told["ask"])
        expected = exact(golden_request / "canonical.json")
        assert not page.bad, page.bad
        assert plain(page.after_sales) == expected["after_sales"]
        assert [[each.external_id, each.where, each.word] for each in page.unmapped] == expected["unmapped"]
        assert all(_inside(decode(raw.body), told["answers"]) for raw in page.raws)
        again = await self.case.adapter.fetch_after_sale(channel, told["ask"])
        assert again == page

    async def test_check_05_what_is_read_can_be_read_again(self, shop: Shop) -> None:
        """Over the wire: the canonical form survives JSON, and two readings of an unchanged order are one."""
        adapter = self.case.adapter
        window = shop.windows(1, adapter.manifest.limits.order_window)[-1]
        ids = (await adapter.list_orders(shop.channel, window, None)).ids[: adapter.manifest.limits.order_batch]
        first = await adapter.fetch_orders(shop.channel, ids)
        second = await adapter.fetch_orders(shop.channel, ids)
        if shop.control is not None:
            assert first.orders
            assert first == second
        for order, raw in zip(first.orders, first.raws, strict=True):
            assert Order.model_validate_json(order.model_dump_json()) == order
            assert decode(raw.body)

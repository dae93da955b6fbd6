"""What a sync promises in numbers, measured in virtual time: for the tests of it and for `make bench`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import adapters.tiktok_shop.orders as tiktok_orders
from gateway.ports import Rate
from gateway.sync.daemon import StoreLoop
from gateway.sync.pull import PullReport
from tests.adapters.alibaba_1688.contract.case import SELLER as ALIBABA_1688
from tests.adapters.shopee.contract.case import CASE as SHOPEE
from tests.adapters.tiktok_shop.contract.case import CASE as TIKTOK_SHOP
from tests.adapters.xiaohongshu.contract.case import CASE as XIAOHONGSHU
from tests.kit.contract_case import Case
from tests.kit.virtual import Shops, Taken, by_second, limits_watched, shops, with_limits

MINUTE = timedelta(seconds=60)
ANSWER = 0.3
"""Virtual seconds an answer takes: a platform on another continent."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One platform's shop with more to read than a minute's calls."""

    case: Case
    region: str
    orders: int  # of the whole simulator
    batch: int | None = None  # orders a detail call is asked for, where fewer are needed for as many calls
    page: int | None = None  # orders on a page of the list, the same

    @property
    def rate(self) -> Rate:
        return self.case.adapter.manifest.rates["default"]

    @property
    def allowed(self) -> float:
        """Calls that the bucket lets pass in the minute: what refills, and what may come at once."""
        return self.rate.per_second * MINUTE.total_seconds() + self.rate.burst


SUBJECTS = {
    "shopee": Subject(SHOPEE, "SG", orders=1_900, batch=1),
    "tiktok_shop": Subject(TIKTOK_SHOP, "JP", orders=1_300, page=1),
    "xiaohongshu": Subject(XIAOHONGSHU, "CN", orders=2_600),
    "alibaba_1688": Subject(ALIBABA_1688, "CN", orders=1_300),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a store was read within its first minute."""

    passed: int
    allowed: float
    refused: int
    ended: PullReport | None  # None: there was more to read, as there must be
    by_second: Sequence[int]

    @property
    def share(self) -> float:
        return self.passed / self.allowed


async def pace(subject: Subject, folder: Path) -> Pace:
    """Pull a shop for a minute from a simulator that enforces the manifest's rate."""
    case = subject.case
    with limits_watched() as taken, _short_pages(subject.page):
        async with shops(folder, [case.platform], orders=subject.orders) as world:
            world.road.usual = ANSWER
            await world.limit(case.platform, subject.rate)
            shop = await world.connect(case, subject.region, "one")
            adapter = case.adapter if subject.batch is None else with_limits(case.adapter, order_batch=subject.batch)
            ended = await world.time.play(world.pull(adapter, shop).changes(), until=world.time.now + MINUTE)
    within = [one for one in taken if one.at < taken[0].at + MINUTE]
    return Pace(_passed(within), subject.allowed, sum(one.refused for one in taken), ended, by_second(within))


def _passed(taken: Sequence[Taken]) -> int:
    return sum(not one.refused for one in taken)


@contextmanager
def _short_pages(page: int | None) -> Iterator[None]:
    """Ask TikTok Shop's list, which gives whole orders, for few at a time."""
    if page is None:
        yield
        return
    told = tiktok_orders.MANIFEST
    short = replace(told, limits=replace(told.limits, order_page=page))
    with mock.patch.object(tiktok_orders, "MANIFEST", short):
        yield


@dataclass
class Neighbours:
    """When the healthy stores were done, in virtual seconds, and what became of the sick ones."""

    done: dict[str, float] = field(default_factory=dict)
    disconnected: list[str] = field(default_factory=list)
    refusals: int = 0
    all_done: asyncio.Event = field(default_factory=asyncio.Event)


_HEALTHY = (("TW", SHOPEE), ("BR", SHOPEE), ("JP", TIKTOK_SHOP))
_SLOW, _REFUSED, _GONE = "SG", "MY", "VN"


async def neighbours(sick: Collection[str], *, slow: Collection[str] = (_SLOW,)) -> Neighbours:
    """Run the loops of three healthy stores and of the ``sick`` ones until the healthy have been pulled.

    One of the sick answers after 5 seconds (or all of ``slow`` do), one always with 429, one is disconnected.
    """
    found = Neighbours()
    with tempfile.TemporaryDirectory() as folder, _short_pages(2):
        async with shops(Path(folder), ["shopee", "tiktok_shop"], orders=300) as world:
            world.road.usual = ANSWER
            for platform in ("shopee", "tiktok_shop"):
                await world.limit(platform, SUBJECTS[platform].rate)
            loops = [await _loop(world, name, case, found) for name, case in _HEALTHY]
            loops += [await _loop(world, name, SHOPEE, found) for name in sorted(sick)]
            for name in sick:
                token = world.credentials[name].access_token
                if name in slow:
                    world.road.slow[token] = 5.0
                elif name == _REFUSED:
                    world.road.refused[token] = 7
                elif name == _GONE:
                    del world.credentials[name]
            await world.time.play(_until_done(loops, found))
            found.refusals = len(world.road.refusals)
    return found


ILL = (_SLOW, _REFUSED, _GONE)
"""The sick stores: slow, refused, gone."""


async def _loop(world: Shops, name: str, case: Case, found: Neighbours) -> StoreLoop:
    shop = await world.connect(case, name, name)
    began = world.time.now

    async def pulled(report: PullReport) -> None:
        found.done.setdefault(name, (world.time.now - began).total_seconds())
        if {each for each, _ in _HEALTHY} <= found.done.keys():
            found.all_done.set()

    async def disconnected(store: str, why: str) -> None:
        found.disconnected.append(store)

    adapter: Any = with_limits(case.adapter, order_batch=1)
    return StoreLoop(
        store=shop.store,
        pull=world.pull(adapter, shop),
        clock=world.time.gateway,
        settings=world.settings,
        on_disconnected=disconnected,
        on_pulled=pulled,
    )


async def _until_done(loops: Sequence[StoreLoop], found: Neighbours) -> None:
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    try:
        await found.all_done.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""One loop a store: it rests, wakes when asked, backs off after errors and stops when a person is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import OutcomeUnknown, StoreDisconnected
from gateway.ports import Window
from gateway.sync.daemon import StoreLoop
from gateway.sync.pull import PullReport

LIMIT = 20


class Watched:
    def __init__(self, desk: Any, pull_every: timedelta | None = None) -> None:
        self.reports: list[PullReport] = []
        self.disconnected: list[tuple[str, str]] = []
        self.pulled = asyncio.Event()
        self.loop = StoreLoop(
            store=desk.store,
            pull=desk.pull(),
            clock=desk.clock,
            settings=desk.settings,
            on_disconnected=self._on_disconnected,
            on_pulled=self._on_pulled,
            pull_every=pull_every,
        )
        self.task = asyncio.ensure_future(self.loop.run())

    async def _on_disconnected(self, store: str, why: str) -> None:
        self.disconnected.append((store, why))

    async def _on_pulled(self, report: PullReport) -> None:
        self.reports.append(report)
        self.pulled.set()

    async def next_pull(self) -> PullReport:
        await asyncio.wait_for(self.pulled.wait(), LIMIT)
        self.pulled.clear()
        return self.reports[-1]


@pytest.fixture
async def watched(desk: Any) -> Any:
    watched = Watched(desk)
    yield watched
    watched.task.cancel()
    await asyncio.gather(watched.task, return_exceptions=True)


async def asleep(desk: Any) -> None:
    async with asyncio.timeout(LIMIT):
        while desk.clock.next_wake() is None:
            await asyncio.sleep(0)


async def test_pulls_again_after_its_rest_and_at_once_when_asked(desk: Any, watched: Watched) -> None:
    await watched.next_pull()
    await asleep(desk)
    assert desk.clock.next_wake() - desk.clock.now() == timedelta(minutes=1)
    desk.clock.advance(timedelta(minutes=1))
    await watched.next_pull()
    await asleep(desk)
    before = desk.clock.now()
    watched.loop.pull_now()
    await watched.next_pull()
    assert desk.clock.now() == before


async def test_rests_as_long_as_the_platform_wants_but_not_when_asked(desk: Any) -> None:
    watched = Watched(desk, pull_every=timedelta(minutes=5))
    try:
        await watched.next_pull()
        await asleep(desk)
        assert desk.clock.next_wake() - desk.clock.now() == timedelta(minutes=5)
        watched.loop.pull_now()
        await watched.next_pull()
    finally:
        watched.task.cancel()
        await asyncio.gather(watched.task, return_exceptions=True)


async def test_a_platform_in_less_of_a_hurry_does_not_shorten_the_rest_that_is_set(desk: Any) -> None:
    desk.settings = desk.settings.model_copy(update={"every": timedelta(hours=2)})
    watched = Watched(desk, pull_every=timedelta(minutes=5))
    try:
        await watched.next_pull()
        await asleep(desk)
        assert desk.clock.next_wake() - desk.clock.now() == timedelta(hours=2)
    finally:
        watched.task.cancel()
        await asyncio.gather(watched.task, return_exceptions=True)


async def test_rests_longer_after_each_error_and_normally_after_a_success(desk: Any) -> None:
    failing = True

    def fail(window: Window, page: str | None) -> None:
        if failing:
            raise OutcomeUnknown("no answer")

    desk.platform.before_list = fail
    watched = Watched(desk)
    rests = []
    for _ in range(3):
        await asleep(desk)
        rests.append(desk.clock.next_wake() - desk.clock.now())
        desk.clock.set(desk.clock.next_wake())
        await asyncio.sleep(0)
    failing = False
    while not watched.pulled.is_set():
        await asleep(desk)
        desk.clock.set(desk.clock.next_wake())
        await asyncio.sleep(0)
    assert rests[:3] == [timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    watched.task.cancel()
    await asyncio.gather(watched.task, return_exceptions=True)


async def test_ends_and_tells_when_a_person_must_authorise_again(desk: Any) -> None:
    def revoke(ids: Sequence[str]) -> None:
        raise StoreDisconnected("the seller took the authorisation back")

    desk.platform.put("o", desk.clock.now())
    desk.platform.before_fetch = revoke
    watched = Watched(desk)
    await asyncio.wait_for(watched.task, LIMIT)
    assert watched.disconnected == [("s1", "the seller took the authorisation back")]
    assert watched.reports == []

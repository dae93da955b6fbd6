"""Where a platform's lists by update time are narrow, the past is read by creation time, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import OutcomeUnknown
from gateway.orders.store import order
from gateway.ports import Manifest, OrderPage, Window
from gateway.sync.cursors import cursors_of
from tests.kit.paper import PaperPlatform

DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)


class NarrowPlatform(PaperPlatform):
    """Takes half an hour by update time, a day by creation time. Orders are created an hour before they change."""

    @property
    def manifest(self) -> Manifest:
        plain = super().manifest
        limits = replace(plain.limits, order_window=HALF_HOUR, order_created_window=DAY)
        return replace(plain, limits=limits)

    async def list_orders(self, channel: Any, window: Window, page: str | None) -> OrderPage:
        assert window.end - window.start <= (DAY if window.by == "created" else HALF_HOUR)
        if window.by == "updated":
            return await super().list_orders(channel, window, page)
        self.listed.append((window, page))
        self.before_list(window, page)
        hour = timedelta(hours=1)
        made = {order_id: one.updated_at - hour for order_id, one in self.orders.items()}
        return OrderPage([i for i, at in made.items() if window.start <= at <= window.end], None)


@pytest.fixture
def narrow(desk: Any) -> Any:
    desk.platform = NarrowPlatform()
    return desk


async def test_the_past_is_listed_by_creation_and_followed_by_update(narrow: Any) -> None:
    now = narrow.clock.now()
    for days in range(10):
        narrow.platform.put(f"o{days}", now - days * DAY - timedelta(hours=1))
    report = await narrow.pull().changes()
    assert report.seen == 10
    windows = [window for window, _ in narrow.platform.listed if window.by == "created"]
    assert max(window.end - window.start for window in windows) <= DAY
    assert (min(window.start for window in windows), max(window.end for window in windows)) == (now - 10 * DAY, now)
    narrow.platform.listed.clear()
    narrow.clock.advance(timedelta(minutes=50))
    narrow.platform.put("o9", narrow.clock.now() - timedelta(minutes=10))
    assert (await narrow.pull().changes()).changed == 1
    windows = [window for window, _ in narrow.platform.listed]
    assert {window.by for window in windows} == {"updated"}
    assert windows[0].start == now - timedelta(minutes=5)
    assert windows[-1].end == narrow.clock.now()


async def test_what_changes_while_the_past_is_read_is_found_by_its_change(narrow: Any) -> None:
    now = narrow.clock.now()
    narrow.platform.put("old", now - 3 * DAY)

    def change(window: Window, page: str | None) -> None:
        narrow.platform.before_list = lambda window, page: None
        narrow.clock.advance(timedelta(minutes=1))
        narrow.platform.put("older_than_history", narrow.clock.now())

    narrow.platform.before_list = change
    await narrow.pull(history=5 * DAY).changes()
    narrow.clock.advance(timedelta(minutes=1))
    await narrow.pull().changes()
    for order_id in ("old", "older_than_history"):
        assert await narrow.read(lambda c, i=order_id: order(c, narrow.vault, "s1", i)) is not None


async def test_a_first_pull_cut_off_goes_on_where_it_stopped(narrow: Any) -> None:
    now = narrow.clock.now()
    for days in range(10):
        narrow.platform.put(f"o{days}", now - days * DAY)

    def fail(window: Window, page: str | None) -> None:
        if window.by == "created" and window.start < now - 5 * DAY:  # the newest are read first
            raise OutcomeUnknown("the line went dead")

    narrow.platform.before_list = fail
    with pytest.raises(OutcomeUnknown):
        await narrow.pull().changes()
    narrow.platform.before_list = lambda window, page: None
    narrow.platform.listed.clear()
    await narrow.pull().changes()
    created = [window for window, _ in narrow.platform.listed if window.by == "created"]
    assert created
    assert all(window.start < now - 4 * DAY for window in created), "what was read is not read again"
    for days in range(10):
        assert await narrow.read(lambda c, i=f"o{days}": order(c, narrow.vault, "s1", i)) is not None
    assert [cursor.stream for cursor in await narrow.read(lambda c: cursors_of(c, "s1"))] == ["orders"]

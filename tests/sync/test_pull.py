"""What pulling promises: nothing is skipped, nothing is read for nothing, and a stop at any instant is harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from gateway.errors import OutcomeUnknown
from gateway.orders.quarantine import list_open
from gateway.orders.store import order
from gateway.ports import Window
from gateway.sync.cursors import cursors_of, load_cursor
from gateway.sync.gaps import list_gaps

HOUR = timedelta(hours=1)


async def stored_ids(desk: Any, ids: Sequence[str]) -> list[str]:
    return [i for i in ids if await desk.read(lambda c, i=i: order(c, desk.vault, "s1", i)) is not None]


async def test_first_pull_reads_history_over_all_pages(desk: Any) -> None:
    ids = [f"o{n}" for n in range(8)]
    for n, order_id in enumerate(ids):
        desk.platform.put(order_id, desk.clock.now() - n * HOUR)
    desk.platform.put("too_old", desk.clock.now() - timedelta(days=11))
    report = await desk.pull().changes()
    assert (report.seen, report.changed, report.bad) == (8, 8, 0)
    assert await stored_ids(desk, [*ids, "too_old"]) == ids


async def test_second_pull_reaches_back_by_the_overlap_only(desk: Any) -> None:
    desk.platform.put("early", desk.clock.now() - timedelta(minutes=30))
    desk.platform.put("late", desk.clock.now() - timedelta(minutes=2))
    await desk.pull().changes()
    desk.platform.fetched.clear()
    desk.clock.advance(timedelta(minutes=1))
    desk.platform.put("new", desk.clock.now())
    report = await desk.pull().changes()
    assert sorted(desk.platform.fetched) == ["late", "new"]
    assert (report.seen, report.changed) == (2, 1)


async def test_window_is_never_wider_than_the_platform_takes(desk: Any) -> None:
    desk.platform.put("o", desk.clock.now() - timedelta(days=39))
    await desk.pull(history=timedelta(days=400)).changes()
    windows = [window for window, _ in desk.platform.listed[1:]]  # the first looks how much there is
    assert max(window.end - window.start for window in windows) <= timedelta(days=15)
    windows.sort(key=lambda window: window.start)
    assert windows[0].start == desk.clock.now() - timedelta(days=400)
    assert windows[-1].end == desk.clock.now()
    assert all(one.end == following.start for one, following in pairwise(windows)), "nothing is left out"
    assert await stored_ids(desk, ["o"]) == ["o"]


@pytest.mark.parametrize("history", [timedelta(hours=5), timedelta(days=10)], ids=["one window", "slices"])
async def test_a_pull_cut_off_in_mid_window_goes_on_at_its_page(desk: Any, history: timedelta) -> None:
    for n in range(9):
        desk.platform.put(f"o{n}", desk.clock.now() - timedelta(minutes=90 - n))

    def fail_on_third_page(window: Window, page: str | None) -> None:
        if page == "6":
            raise OutcomeUnknown("the line went dead")

    desk.platform.before_list = fail_on_third_page
    with pytest.raises(OutcomeUnknown):
        await desk.pull(history=history).changes()
    cursors = await desk.read(lambda c: cursors_of(c, "s1"))
    (cursor,) = [each for each in cursors if each.next_page is not None]
    assert cursor.next_page in {"3", "6"}
    assert cursor.window_end == desk.clock.now()
    desk.platform.before_list = lambda window, page: None
    desk.platform.fetched.clear()
    desk.clock.advance(timedelta(minutes=5))
    await desk.pull().changes()
    assert "o0" not in desk.platform.fetched, "the pages already stored are not read again"
    assert await stored_ids(desk, [f"o{n}" for n in range(9)]) == [f"o{n}" for n in range(9)]


async def test_cursor_does_not_pass_rows_that_were_not_stored(desk: Any) -> None:
    desk.platform.put("o", desk.clock.now() - HOUR)

    def fail(ids: Sequence[str]) -> None:
        raise OutcomeUnknown("no detail today")

    desk.platform.before_fetch = fail
    with pytest.raises(OutcomeUnknown):
        await desk.pull(history=5 * HOUR).changes()
    assert await desk.read(lambda c: load_cursor(c, "s1", "orders")) is None


async def test_slices_do_not_pass_rows_that_were_not_stored(desk: Any) -> None:
    now = desk.clock.now()
    desk.platform.put("o", now - HOUR)

    def fail(ids: Sequence[str]) -> None:
        raise OutcomeUnknown("no detail today")

    desk.platform.before_fetch = fail
    with pytest.raises(OutcomeUnknown):
        await desk.pull(history=timedelta(days=40)).changes()
    kept = await desk.read(lambda c: cursors_of(c, "s1"))
    assert any(each.until is not None and each.position <= now - HOUR <= each.until for each in kept)
    desk.platform.before_fetch = lambda ids: None
    await desk.pull().changes()
    assert await stored_ids(desk, ["o"]) == ["o"]
    assert [each.stream for each in await desk.read(lambda c: cursors_of(c, "s1"))] == ["orders"]


async def test_a_quiet_store_is_not_asked_more_often_after_a_long_absence(desk: Any) -> None:
    await desk.pull().changes()
    desk.clock.advance(timedelta(days=9))
    for n in range(6):
        desk.platform.put(f"o{n}", desk.clock.now() - n * HOUR)
    desk.platform.listed.clear()
    assert (await desk.pull().changes()).changed == 6
    assert [page for _, page in desk.platform.listed] == [None, "3", None, "3"], "two pages, looked at and read"


async def test_what_was_missed_for_long_is_read_side_by_side_the_newest_first(desk: Any) -> None:
    await desk.pull().changes()
    desk.clock.advance(timedelta(days=2))
    now = desk.clock.now()
    for hours in range(48):
        desk.platform.put(f"o{hours}", now - hours * HOUR)
    desk.platform.listed.clear()
    desk.platform.fetched.clear()
    report = await desk.pull(parallel=2).changes()
    assert report.changed == 48
    starts = [window.start for window, page in desk.platform.listed if page is None]
    assert starts.pop(0) == now - timedelta(days=2, minutes=5), "how much there is, the overlap included"
    assert len(starts) == 8, "four for each of two that are read at a time"
    assert min(starts) == now - timedelta(days=2, minutes=5)
    assert starts == sorted(starts, reverse=True)
    desk.clock.advance(timedelta(minutes=1))
    desk.platform.listed.clear()
    await desk.pull(parallel=2).changes()
    assert len(desk.platform.listed) == 1, "caught up"


async def test_a_bad_order_is_set_aside_and_read_again_later(desk: Any) -> None:
    for name in ("good", "bad"):
        desk.platform.put(name, desk.clock.now() - HOUR)
    desk.platform.broken.add("bad")
    report = await desk.pull().changes()
    assert (report.changed, report.bad) == (1, 1)
    kept = await desk.read(list_open)
    assert [(item.external_id, item.reason) for item in kept] == [("bad", "lines: missing")]
    desk.platform.broken.clear()
    desk.clock.advance(timedelta(days=1, minutes=1))
    await desk.pull(absence=timedelta(days=9)).changes()
    assert await desk.read(list_open) == []
    assert await stored_ids(desk, ["bad"]) == ["bad"]


async def test_after_a_long_absence_open_orders_with_deadlines_come_first(desk: Any) -> None:
    now = desk.clock.now()
    desk.platform.put("far", now - HOUR, ship_by=now + timedelta(days=9))
    desk.platform.put("near", now - HOUR, ship_by=now + timedelta(days=1))
    await desk.pull().changes()
    desk.clock.advance(timedelta(days=2))
    desk.platform.put("new", desk.clock.now())
    desk.platform.fetched.clear()
    await desk.pull().changes()
    assert desk.platform.fetched[0] == "near"
    assert set(desk.platform.fetched[:2]) == {"near", "far"}
    assert "new" in desk.platform.fetched[2:]


async def test_range_is_read_in_slices_and_leaves_no_cursor(desk: Any) -> None:
    start, end = desk.clock.now() - timedelta(days=8), desk.clock.now() - timedelta(days=2)
    for day in range(10):
        desk.platform.put(f"d{day}", desk.clock.now() - timedelta(days=day))
    report = await desk.pull().range(start, end)
    assert await stored_ids(desk, [f"d{day}" for day in range(10)]) == [f"d{day}" for day in range(2, 9)]
    assert report.changed == 7
    assert await desk.read(lambda c: cursors_of(c, "s1")) == []
    assert len({window.start for window, page in desk.platform.listed if page is None}) == 2, "two slices, side by side"


async def test_range_cut_off_is_finished_by_the_next_pull(desk: Any) -> None:
    start, end = desk.clock.now() - timedelta(days=8), desk.clock.now() - timedelta(days=2)
    desk.platform.put("inside", desk.clock.now() - timedelta(days=7))

    def fail(window: Window, page: str | None) -> None:
        raise OutcomeUnknown("dead")

    desk.platform.before_list = fail
    with pytest.raises(OutcomeUnknown):
        await desk.pull().range(start, end)
    desk.platform.before_list = lambda window, page: None
    await desk.pull(history=timedelta(days=1)).changes()
    assert await stored_ids(desk, ["inside"]) == ["inside"]
    assert [c.stream for c in await desk.read(lambda c: cursors_of(c, "s1"))] == ["orders"]


async def test_reconcile_finds_and_reports_what_the_pull_had_missed(desk: Any) -> None:
    desk.platform.put("seen", desk.clock.now() - HOUR)
    await desk.pull().changes()
    desk.platform.put("missed", desk.clock.now() - 2 * HOUR)  # an update the list showed only later
    desk.clock.advance(timedelta(minutes=10))
    assert (await desk.pull().changes()).changed == 0
    report = await desk.pull().reconcile()
    assert (report.gaps, report.changed) == (1, 1)
    gaps = await desk.read(list_gaps)
    assert [(gap.external_id, gap.stream) for gap in gaps] == [("missed", "orders")]
    assert (await desk.pull().reconcile()).gaps == 0


async def test_second_looks_are_taken_at_their_time_also_after_restarts(desk: Any) -> None:
    await desk.pull().changes()
    looks = []

    async def turn() -> None:
        desk.platform.listed.clear()
        await desk.pull().reconcile_if_due()  # a new Pull each time: as after a restart
        looks.append(len(desk.platform.listed) > 0)

    for _ in range(5):
        await turn()
        desk.clock.advance(timedelta(hours=2))
    assert looks == [False, False, False, True, False], "every 6 hours; the first turn only starts the count"


async def test_progress_names_store_and_what_remains(desk: Any) -> None:
    desk.platform.put("o", desk.clock.now() - timedelta(days=20))
    await desk.pull(history=timedelta(days=40)).changes()
    assert {progress.store for progress in desk.told} == {"s1"}
    last = desk.told[-1]
    assert last.done == last.total == timedelta(days=40)


async def test_progress_is_told_as_pages_are_stored_and_for_open_orders_by_number(desk: Any) -> None:
    for n in range(4):
        desk.platform.put(f"o{n}", desk.clock.now() - HOUR, ship_by=desk.clock.now() + timedelta(days=9))
    await desk.pull().changes()
    seen = [told.seen for told in desk.told if told.doing == "orders" and told.seen]
    assert list(dict.fromkeys(seen)) in ([3, 4], [4]), "three on a page; pages that came together are stored together"
    desk.told.clear()
    desk.clock.advance(timedelta(days=2))
    await desk.pull().changes()
    first = desk.told[0]
    assert (first.doing, first.seen, first.of, first.share) == ("open orders", 4, 4, 1.0)


async def test_the_next_page_is_on_its_way_while_one_is_stored(desk: Any) -> None:
    """Both orders of the racers: the second page may arrive before or after the first is stored."""
    for n in range(6):
        desk.platform.put(f"o{n}", desk.clock.now() - timedelta(minutes=n))
    asked_for_second = asyncio.Event()

    def note(window: Window, page: str | None) -> None:
        if page == "3":
            asked_for_second.set()

    desk.platform.before_list = note
    real_write = desk.database.write

    async def write(act: Any) -> Any:
        await asyncio.wait_for(asked_for_second.wait(), 10)
        return await real_write(act)

    desk.database.write = write
    report = await desk.pull(history=HOUR).changes()
    assert report.changed == 6

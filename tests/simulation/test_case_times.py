"""Cases when the clock jumps: by weeks, back, and over the end of a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.cases.case import list_cases, open_case
from gateway.cases.effects import open_effects
from gateway.clock import ManualClock
from gateway.model.store import StoreMode
from gateway.storage import stores as rows
from gateway.storage.schema import case_history
from gateway.work.carrying import Carrying
from gateway.work.queue import claim
from tests.kit.paper import desk

__all__ = ["desk"]
CASES = 12


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A store that is only observed, so that its cases wait and look again every few hours."""
    now = desk.clock.now()
    for n in range(60):
        desk.platform.put(f"o{n}", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    await desk.pull().changes()
    await set_mode(desk, StoreMode.observe)

    def open_all(c: Any) -> None:
        for n in range(CASES):
            open_case(c, store="s1", order_id=f"o{n}", reason="out_of_stock", by="anna", now=now)

    await desk.database.write(open_all)
    return desk


async def set_mode(shop: Any, mode: StoreMode) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", mode))


async def play(shop: Any) -> int:
    """Do what is due now, as a fresh worker does; return how many turns were taken."""
    resolver, before = shop.resolver(), await turns(shop)

    async def take(work: Any) -> datetime | None:
        due_at: datetime | None = await resolver.cases.advance(work.key)
        return due_at

    carry = Carrying(shop.database, shop.clock, {"case": take})
    for _ in range(10 * CASES):
        found = await shop.database.write(lambda c: claim(c, ["case"], shop.clock.now(), "w"))
        if found is None:
            return await turns(shop) - before
        await carry(found)
    raise AssertionError("there is always something due: it turns on the spot")


async def turns(shop: Any) -> int:
    counted = select(func.count()).select_from(case_history).where(case_history.c.what == "turn")
    return int(await shop.read(lambda c: c.execute(counted).scalar_one()))


async def test_what_was_due_many_times_while_the_clock_jumped_is_done_once(shop: Any) -> None:
    assert await play(shop) == CASES
    assert await play(shop) == 0, "all wait"
    shop.clock.advance(timedelta(days=40))  # some hundred and sixty looks would have been due
    assert await play(shop) == CASES
    assert await play(shop) == 0
    cases = await shop.read(list_cases)
    assert all(case.due_at is None or case.due_at > shop.clock.now() for case in cases)
    assert {case.state for case in cases} <= {"running", "with_person"}


async def test_a_clock_set_back_makes_nothing_happen_twice(shop: Any) -> None:
    now = shop.clock.now()
    await set_mode(shop, StoreMode.act)
    for _ in range(4):
        await play(shop)
    performed = len(shop.platform.performed)
    assert performed > 0
    settled = {case.id for case in await shop.read(list_cases) if case.state == "settled"}
    shop.clock = ManualClock(now - timedelta(days=2))  # a process on a machine whose clock is wrong
    await play(shop)
    shop.clock = ManualClock(now)
    for _ in range(4):
        await play(shop)
    assert len({act.order_id for act in shop.platform.performed}) == len(shop.platform.performed)
    assert len(shop.platform.performed) == performed
    assert {case.id for case in await shop.read(list_cases) if case.state == "settled"} == settled
    assert await shop.read(open_effects) == []


async def test_cases_over_the_end_of_a_month(shop: Any) -> None:
    """At midnight of the shop's own calendar counts begin anew; every case goes on, and each acts once."""
    month_end = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # one second before, in Kuala Lumpur
    for n in range(60):
        placed = month_end - timedelta(hours=2)
        shop.platform.put(f"o{n}", placed, paid_at=placed)
    shop.clock.set(month_end)
    await play(shop)
    await set_mode(shop, StoreMode.act)
    shop.clock.advance(timedelta(seconds=1))
    for _ in range(4):
        await play(shop)
        shop.clock.advance(timedelta(hours=7))
    ended = [act.order_id for act in shop.platform.performed]
    assert len(ended) == len(set(ended)) > 0
    for case in await shop.read(list_cases):
        assert (case.state == "settled") is (case.order_id in ended)
        assert case.state == "settled" or case.waits_for

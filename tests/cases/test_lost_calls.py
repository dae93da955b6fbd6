"""The database fails as what came of a call is written: the process lives on, and what happened is found out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gateway.cases.case import case_of, open_case
from gateway.cases.commands import Command, Deed
from gateway.cases.effects import EffectState, effects_of
from gateway.cases.hands import HANDS
from gateway.cases.left_calls import has_lost
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.operations.taking_over import keep_own, take_over_own
from gateway.ports import Act
from gateway.storage.lane import CommitUnknown
from gateway.work import leases

ACCEPT = Command(Deed.accept, "o1", "r1")


class Failing:
    """A database whose n-th write from now on fails, before or after it was stored."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.fails: BaseException | None = None
        self.stored = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, act: Any) -> Any:
        if (error := self.fails) is None:
            return await self._database.write(act)
        self.fails = None
        if self.stored:
            await self._database.write(act)
        raise error


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A store whose order o1 its buyer asks to cancel, on a database that can be made to fail."""
    now = desk.clock.now()
    for n in range(30):
        desk.platform.put(f"other{n}", now - timedelta(hours=1))
    request = AfterSale(
        store="s1",
        order_id="o1",
        request_id="r1",
        kind=RequestKind.cancellation,
        state=RequestState.open,
        opened_at=now - timedelta(hours=1),
        updated_at=now - timedelta(hours=1),
        currency="MYR",
    )
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2), requests=(request,))
    await desk.pull().changes()
    desk.whole, desk.database = desk.database, Failing(desk.database)
    yield desk
    desk.database = desk.whole


BROKEN = OperationalError("insert", {}, Exception("disk full"))
UNKNOWN = CommitUnknown("the connection broke")
WAYS = pytest.mark.parametrize(
    ("error", "stored"), [(BROKEN, False), (UNKNOWN, False), (UNKNOWN, True)], ids=["refused", "lost", "stored"]
)


def fail_after_the_call(shop: Any, error: BaseException, *, stored: bool) -> None:
    async def arrive(act: Act) -> None:
        shop.database.fails, shop.database.stored = error, stored

    shop.platform.on_perform = arrive


async def only(shop: Any) -> Any:
    (effect,) = await shop.read(lambda c: effects_of(c, "s1", "o1"))
    return effect


def context(shop: Any) -> Any:
    return SimpleNamespace(clock=shop.clock, database=shop.database)


@WAYS
async def test_what_a_person_ordered_is_found_out_without_a_restart(shop: Any, error: Any, stored: bool) -> None:
    fail_after_the_call(shop, error, stored=stored)
    with pytest.raises(type(error)):
        await shop.resolver().commands.order("s1", ACCEPT, by="anna", approved=True)
    left = EffectState.confirmed if stored else EffectState.calling
    assert ((await only(shop)).state, has_lost()) == (left, True)
    await take_over_own(context(shop))
    assert ((await only(shop)).state, has_lost()) == (EffectState.confirmed if stored else EffectState.unknown, False)
    await shop.resolver().advance((await only(shop)).id)
    assert ((await only(shop)).state, len(shop.platform.performed)) == (EffectState.confirmed, 1)


@WAYS
async def test_a_case_finds_it_out_in_its_next_turn(shop: Any, error: Any, stored: bool) -> None:
    now = shop.clock.now()
    case = await shop.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason="out_of_stock", by="anna", now=now)
    )
    fail_after_the_call(shop, error, stored=stored)
    with pytest.raises(type(error)):
        await shop.resolver().cases.advance(case.id)
    for _ in range(3):
        shop.clock.advance(timedelta(minutes=1))
        await shop.resolver().cases.advance(case.id)
    assert ((await only(shop)).state, len(shop.platform.performed)) == (EffectState.confirmed, 1)
    assert (await shop.read(lambda c: case_of(c, case.id))).outcome == "ended"


async def test_due_work_looks_for_it_too_once_nobody_is_calling(shop: Any) -> None:
    fail_after_the_call(shop, BROKEN, stored=False)
    with pytest.raises(OperationalError):
        await shop.resolver().commands.order("s1", ACCEPT, by="anna", approved=True)
    assert await shop.resolver().advance((await only(shop)).id) is None
    assert ((await only(shop)).state, len(shop.platform.performed)) == (EffectState.confirmed, 1)


async def test_another_process_leaves_it_to_the_one_that_lives(shop: Any, monkeypatch: Any) -> None:
    fail_after_the_call(shop, BROKEN, stored=False)
    with pytest.raises(OperationalError):
        await shop.resolver().commands.order("s1", ACCEPT, by="anna", approved=True)
    here = leases.this_process()
    async with leases.Leases(shop.whole, here).alive():
        monkeypatch.setattr(leases, "this_process", lambda: "elsewhere")
        assert await shop.resolver().advance((await only(shop)).id) == timedelta(seconds=30)
        await take_over_own(context(shop))
        assert (await only(shop)).state is EffectState.calling


async def test_a_call_under_way_is_left_alone(shop: Any) -> None:
    there, go = asyncio.Event(), asyncio.Event()

    async def wait(act: Act) -> None:
        there.set()
        await go.wait()

    shop.platform.on_perform = wait
    calling = asyncio.ensure_future(shop.resolver().commands.order("s1", ACCEPT, by="anna", approved=True))
    await asyncio.wait_for(there.wait(), 30)
    assert not has_lost()
    await take_over_own(context(shop))
    assert (await only(shop)).state is EffectState.calling
    go.set()
    assert (await calling).effect.state is EffectState.confirmed
    assert not has_lost()
    assert not HANDS.holds((await only(shop)).id)


async def test_the_running_gateway_looks_for_it_and_goes_on_looking_while_the_database_fails(
    shop: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("gateway.operations.taking_over._LOOK_FOR_LOST", 0.01)
    fail_after_the_call(shop, BROKEN, stored=False)
    with pytest.raises(OperationalError):
        await shop.resolver().commands.order("s1", ACCEPT, by="anna", approved=True)
    shop.database.fails, shop.database.stored = BROKEN, False
    keeping = asyncio.ensure_future(keep_own(context(shop)))
    try:
        async with asyncio.timeout(30):
            while has_lost():
                await asyncio.sleep(0.01)
    finally:
        keeping.cancel()
    assert (shop.database.fails, (await only(shop)).state) == (None, EffectState.unknown)

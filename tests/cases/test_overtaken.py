"""Two processes at one effect: who comes late with a word about it may not undo the call of the other."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.cases.case import open_case
from gateway.cases.effects import EffectState, effects_of
from gateway.errors import Conflict, NotSent
from gateway.policy.terms import Reason
from gateway.ports import Act, Finding, Happened


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A store with an order whose close was committed and has not left."""
    now = desk.clock.now()
    for n in range(30):
        desk.platform.put(f"other{n}", now - timedelta(hours=1))
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    await desk.pull().changes()

    async def fail(act: Act) -> None:
        raise NotSent("refused")

    desk.platform.on_perform = fail
    await desk.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    desk.platform.on_perform = None
    assert (await only(desk)).state is EffectState.committed
    return desk


async def only(shop: Any) -> Any:
    (effect,) = await shop.read(lambda c: effects_of(c, "s1", "o1"))
    return effect


async def in_mid_call(shop: Any, running: Any) -> tuple[Any, asyncio.Event]:
    """Start ``running``; return it and what lets its call be answered, once the call is under way."""
    there, go = asyncio.Event(), asyncio.Event()

    async def wait(act: Act) -> None:
        there.set()
        await go.wait()

    shop.platform.on_perform = wait
    task = asyncio.ensure_future(running)
    await asyncio.wait_for(there.wait(), 30)
    shop.platform.on_perform = None
    return task, go


async def test_a_call_under_way_is_not_given_up_by_a_turn_that_was_overtaken(shop: Any) -> None:
    case = await shop.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason="out_of_stock", by="anna", now=shop.clock.now())
    )
    shop.clock.advance(timedelta(minutes=2))
    late, decided, go_on = shop.resolver(), asyncio.Event(), asyncio.Event()
    drop = late._effects.drop

    async def held(*arguments: Any) -> Any:
        decided.set()
        await go_on.wait()
        return await drop(*arguments)

    late._effects.drop = held
    order = shop.platform.orders["o1"]
    shop.platform.orders["o1"] = order.model_copy(update={"can_cancel": False, "updated_at": shop.clock.now()})
    older = asyncio.ensure_future(late.cases.advance(case.id))
    await asyncio.wait_for(decided.wait(), 30)  # it wants to give the effect up
    later = shop.clock.now() + timedelta(seconds=1)
    shop.platform.orders["o1"] = order.model_copy(update={"can_cancel": True, "updated_at": later})
    newer, answered = await in_mid_call(shop, shop.resolver().cases.advance(case.id))
    go_on.set()
    with pytest.raises(Conflict):
        await older
    answered.set()
    await newer
    assert ((await only(shop)).state, len(shop.platform.performed)) == (EffectState.confirmed, 1)


async def test_a_probe_of_an_earlier_try_says_nothing_of_a_later_one(shop: Any, monkeypatch: Any) -> None:
    road = shop.resolver()._road
    effects, connection = road.effects, await road.open("s1")
    effect = await only(shop)
    unknown = await effects.interrupted(effect)
    shop.clock.advance(timedelta(minutes=3))
    there, go = asyncio.Event(), asyncio.Event()

    async def probe(channel: Any, act: Act) -> Finding:
        there.set()
        await go.wait()
        return Finding(Happened.not_applied, "not there")

    monkeypatch.setattr(shop.platform, "probe", probe)
    settling = asyncio.ensure_future(effects.settle(unknown, shop.platform, connection.channel))
    await asyncio.wait_for(there.wait(), 30)
    # the first caller was only slow: its call never left, so it was made again
    committed = await effects._to(unknown, EffectState.committed, "refused")
    calling, answered = await in_mid_call(shop, effects.call(committed, shop.platform, connection.channel))
    go.set()
    settled, again = await settling
    assert (settled.state, again is not None) == (EffectState.calling, True)
    answered.set()
    assert (await calling).state is EffectState.confirmed

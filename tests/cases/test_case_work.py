"""Cases as due work: the runner takes their turns, a sweep finds what lost its wake-up, people name and steer them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from gateway.cases.case import CaseState, case_of
from gateway.cases.commands import Command, Deed
from gateway.cases.effects import effects_of
from gateway.errors import DataError, NotFound, Refused
from gateway.model.store import StoreMode
from gateway.operations.case_work import case_turns, sweep_cases
from gateway.operations.cases import (
    find_case,
    hand_over_case,
    list_cases,
    open_case,
    pause_case,
    resume_case,
    show_case,
    stop_case,
)
from gateway.operations.stopping import stop_effects
from gateway.operations.stores import set_store_mode
from gateway.policy.terms import Reason
from gateway.ports import Act
from gateway.storage.schema import effects, work
from gateway.work.runner import Runner


@pytest.fixture
def context(shop: Any) -> Any:
    """What the use cases of cases look at."""
    resolver = shop.resolver()
    return SimpleNamespace(
        database=shop.database, clock=shop.clock, resolver=resolver, connections=resolver._road._connections
    )


async def opened(context: Any) -> Any:
    return await open_case(context, "o1", Reason.out_of_stock, by="anna")


async def until(true: Any) -> None:
    async def look() -> None:
        while not await true():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), 60)


async def running(context: Any) -> tuple[Runner, asyncio.Task[None]]:
    runner = Runner(context.database, context.clock, {"case": case_turns(context)}, "w1")
    return runner, asyncio.create_task(runner.run())


async def test_the_runner_takes_a_case_to_its_end(shop: Any, context: Any) -> None:
    runner, task = await running(context)
    case = await opened(context)  # written beside the runner, which nobody wakes

    async def settled() -> bool:
        return (await shop.read(lambda c: case_of(c, case.id))).state is CaseState.settled

    await until(settled)
    runner.stop()
    await task
    shown = await show_case(context, "o1")
    assert (shown.case.outcome, shown.cost, len(shop.platform.performed)) == ("ended", "0.00 MYR", 1)
    assert [each.state for each in shown.effects] == ["confirmed"]
    assert shown.history[0].what == "opened"


async def test_a_sweep_wakes_what_lost_its_wake_up(shop: Any, context: Any) -> None:
    case = await opened(context)
    assert await sweep_cases(context) == 0
    await shop.database.write(lambda c: c.execute(work.delete()))
    assert await sweep_cases(context) == 1
    assert await sweep_cases(context) == 0
    await shop.database.write(lambda c: c.execute(work.delete()))
    await pause_case(context, case.id, by="anna")
    assert await sweep_cases(context) == 0


async def test_two_operators_at_once_make_one_case_and_one_effect(shop: Any) -> None:
    resolver = shop.resolver()  # one gateway: its door lets one in after the other

    async def one(by: str) -> Any:
        return await resolver.resolve("s1", "o1", Reason.out_of_stock, by=by)

    done = await asyncio.gather(one("anna"), one("ben"))
    assert len(shop.platform.performed) == 1
    assert len({each.case.id for each in done}) == 1
    assert sorted(each.effect is not None for each in done) == [False, True]


async def test_a_command_waits_for_the_turn_of_the_orders_case(shop: Any) -> None:
    resolver, calling, go = shop.resolver(), asyncio.Event(), asyncio.Event()

    async def wait(act: Act) -> None:
        calling.set()
        await go.wait()

    shop.platform.on_perform = wait
    turn = asyncio.ensure_future(resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna"))
    await asyncio.wait_for(calling.wait(), 30)
    ship = asyncio.ensure_future(resolver.commands.order("s1", Command(Deed.ship, "o1"), by="ben", approved=True))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not ship.done()
    go.set()
    assert (await turn).effect is not None
    with pytest.raises(Refused):
        await ship
    assert len(shop.platform.performed) == 1


async def test_a_call_of_a_living_process_is_left_to_it(shop: Any, context: Any) -> None:
    class Killed(BaseException):
        pass

    async def die(act: Act) -> None:
        raise Killed

    shop.platform.on_perform = die
    with pytest.raises(Killed):
        await context.resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna")
    shop.clock.advance(timedelta(minutes=1))
    case = (await list_cases(context))[0].case
    await shop.database.write(lambda c: c.execute(update(effects).values(caller="another:1")))
    await context.resolver.cases.advance(case.id)
    (effect,) = await shop.read(lambda c: effects_of(c, "s1", "o1"))
    assert effect.state == "unknown", "nobody of that name lives"


async def test_mode_and_brake_wake_the_cases(shop: Any, context: Any) -> None:
    case = await opened(context)
    await set_store_mode(context, "s1", StoreMode.observe, by="anna")
    await context.resolver.cases.advance(case.id)
    shop.clock.advance(timedelta(minutes=1))
    await set_store_mode(context, "s1", StoreMode.act, by="anna")
    assert (await shop.read(lambda c: case_of(c, case.id))).due_at == shop.clock.now()
    await stop_effects(context, None, active=True, by="anna")
    await context.resolver.cases.advance(case.id)
    assert shop.platform.performed == []
    shop.clock.advance(timedelta(minutes=1))
    await stop_effects(context, None, active=False, by="anna")
    assert (await shop.read(lambda c: case_of(c, case.id))).due_at == shop.clock.now()
    await context.resolver.cases.advance(case.id)
    assert len(shop.platform.performed) == 1


async def test_people_name_and_steer_cases(shop: Any, context: Any) -> None:
    case = await opened(context)
    assert (await opened(context)).id == case.id
    for name in (case.id, case.id[:6], "o1"):
        assert (await shop.read(lambda c, name=name: find_case(c, name))).id == case.id
    with pytest.raises(NotFound, match="cases list"):
        await show_case(context, "o99")
    with pytest.raises(DataError):
        await open_case(context, "o1", Reason.out_of_stock, batch_size=0, by="anna")
    assert (await pause_case(context, "o1", because="holiday", by="anna")).state == "paused"
    assert (await resume_case(context, "o1", by="anna")).state == "running"
    assert (await hand_over_case(context, "o1", by="anna")).state == "with_person"
    assert [each.case.id for each in await list_cases(context, state=CaseState.with_person)] == [case.id]
    assert (await stop_case(context, "o1", because="a mistake", by="anna")).outcome == "stopped"
    assert await list_cases(context) == []
    assert [each.case.id for each in await list_cases(context, settled=True)] == [case.id]

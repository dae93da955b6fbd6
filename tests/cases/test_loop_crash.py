"""A process dies between any two writes of a case, or in the middle of a call: the case ends all the same, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.cases.case import case_of, history_of, list_cases
from gateway.cases.effects import EffectState, effects_of, open_effects
from gateway.cases.left_calls import take_over_interrupted
from gateway.ledger.points import standing_of
from gateway.policy.terms import Reason
from gateway.ports import Act
from gateway.storage import audit
from gateway.storage.schema import case_history, intents
from gateway.work.queue import due, release_all

MOST_WRITES = 7  # of a turn that closes an order, its first; checked below


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Mortal:
    """The database of a process that dies at its n-th write, right before it or right after its commit."""

    def __init__(self, database: Any, at: int, *, committed: bool) -> None:
        self._database, self._at, self._committed = database, at, committed
        self.writes = 0
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, act: Any) -> Any:
        if self.dead:
            raise Killed
        self.writes += 1
        if self.writes != self._at:
            return await self._database.write(act)
        self.dead = True
        if self._committed:
            await self._database.write(act)
        raise Killed


async def resolve(shop: Any) -> Any:
    return await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)


async def live_on(shop: Any) -> None:
    """Come up again as a new process, and do what is due until nothing is, going from due time to due time."""

    def come_up(c: Any) -> None:
        release_all(c, None)
        take_over_interrupted(c, shop.clock.now())

    await shop.database.write(come_up)
    resolver = shop.resolver()
    for _ in range(60):
        shop.clock.advance(timedelta(seconds=20))
        for work in await shop.read(lambda c: due(c, shop.clock.now(), 50)):
            if work.kind == "case":
                await resolver.cases.advance(work.key)
        for effect in await shop.read(open_effects):
            await resolver.advance(effect.id)
        cases = await shop.read(list_cases)
        if cases and all(each.state == "settled" for each in cases):
            return


async def check(shop: Any, *, performed: int = 1) -> None:
    assert len(shop.platform.performed) == performed
    (case,) = await shop.read(list_cases)
    assert (case.state, case.outcome) == ("settled", "ended")
    done = [each for each in await shop.read(lambda c: effects_of(c, "s1", "o1")) if each.intent == case.intent]
    assert [each.state for each in done].count(EffectState.confirmed) == 1
    assert await shop.read(open_effects) == []
    assert await shop.read(lambda c: c.execute(select(func.count()).select_from(intents)).scalar_one()) == 1
    lines = await shop.read(lambda c: history_of(c, case.id))
    assert [line.what for line in lines].count("settled") == 1
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert await shop.read(audit.verify) > 0


async def killed(shop: Any, at: int, *, committed: bool) -> bool:
    """Let a process die at its n-th write; return whether it came so far."""
    whole = shop.database
    mortal = Mortal(whole, at, committed=committed)
    shop.database = mortal
    try:
        await resolve(shop)
    except Killed:
        return True
    finally:
        shop.database = whole
    return False


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("at", range(1, MOST_WRITES + 1))
async def test_dies_at_any_write(shop: Any, at: int, committed: bool) -> None:
    await killed(shop, at, committed=committed)
    if not await shop.read(list_cases):
        await resolve(shop)  # the wish itself was lost, and its person repeats it
    await live_on(shop)
    await check(shop)


async def test_all_writes_of_the_turn_were_tried(shop: Any) -> None:
    assert not await killed(shop, MOST_WRITES + 1, committed=False)


async def test_no_write_is_tried_that_there_is_not(shop: Any) -> None:
    assert await killed(shop, MOST_WRITES, committed=False)


@pytest.mark.parametrize("applied", [True, False], ids=["after it was applied", "before it arrived"])
async def test_dies_in_the_call(shop: Any, applied: bool) -> None:
    async def die(act: Act) -> None:
        if applied:
            shop.platform.apply(act)
        raise Killed

    shop.platform.on_perform = die
    with pytest.raises(Killed):
        await resolve(shop)
    assert [each.state for each in await shop.read(open_effects)] == ["calling"]
    shop.platform.on_perform = None
    await live_on(shop)
    await check(shop)


@pytest.mark.parametrize("place", ["_begun", "call", "_look_after"])
async def test_dies_between_the_steps(shop: Any, place: str) -> None:
    resolver = shop.resolver()

    async def die(*_: Any, **__: Any) -> None:
        raise Killed

    target = {"_begun": resolver.cases, "call": resolver._road.effects, "_look_after": resolver._road}[place]
    setattr(target, place, die)
    with pytest.raises(Killed):
        await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    await live_on(shop)
    await check(shop)


async def test_history_is_append_only(shop: Any) -> None:
    done = await resolve(shop)
    with pytest.raises(Exception, match="append-only"):
        await shop.database.write(lambda c: c.execute(case_history.delete()))
    assert (await shop.read(lambda c: case_of(c, done.case.id))).id == done.case.id
    assert await shop.read(lambda c: standing_of(c, "s1", "shopee")) is not None

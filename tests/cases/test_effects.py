"""One intent, at most one effect: over crashes, lost answers, double clicks and changed facts (G3, G4, G10)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.cases.case import list_cases, open_case_of
from gateway.cases.effects import EffectState, commit, effects_of, open_effects
from gateway.cases.left_calls import take_over_interrupted
from gateway.cases.steering import hand_over
from gateway.errors import Conflict, NeedsApproval, NotAllowed, NotSent, OutcomeUnknown, Refused
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy
from gateway.model.store import StoreMode
from gateway.policy.decision import canonical_bytes as decision_bytes
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.terms import Reason
from gateway.ports import Act, Operation
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.storage.moments import to_micros
from gateway.storage.schema import decisions
from gateway.storage.schema import effects as table


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


@pytest.fixture
def shop(desk: Any) -> Any:
    """A store with enough orders for a rate, and one to end."""
    now = desk.clock.now()
    for n in range(30):
        desk.platform.put(f"other{n}", now - timedelta(hours=1))
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    return desk


async def close(shop: Any, **options: Any) -> Any:
    return await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", **({"approved": True} | options))


async def effects(shop: Any) -> list[Any]:
    return await shop.read(lambda c: effects_of(c, "s1", "o1"))


async def restart(shop: Any) -> Any:
    """Come up again as a new process would, and do what is due."""
    await shop.database.write(lambda c: take_over_interrupted(c, shop.clock.now()))
    resolver = shop.resolver()
    for effect in await shop.read(open_effects):
        await resolver.advance(effect.id)
    return resolver


async def test_out_of_stock_order_is_closed_once_and_stored_as_ended(shop: Any) -> None:
    await shop.pull().changes()
    result = await close(shop)
    assert result.effect.state is EffectState.confirmed
    assert result.effect.reference == "ref-1"
    assert [(act.operation, act.reason, act.lines) for act in shop.platform.performed] == [
        (Operation.seller_close, "OUT_OF_STOCK", (("1", 1),))
    ]
    with pytest.raises(Conflict):
        await shop.database.write(lambda c: _commit_again(c, result, shop.clock.now()))
    again = await close(shop)
    assert again.effect is None
    assert again.decision.action == "none"
    assert len(shop.platform.performed) == 1


async def test_what_was_confirmed_meanwhile_counts_by_whatever_clock_it_was_noted(shop: Any) -> None:
    await shop.pull().changes()
    result = await close(shop)
    now, behind = shop.clock.now(), to_micros(shop.clock.now() - timedelta(hours=1))
    await shop.database.write(lambda c: c.execute(update(table).values(changed_at=behind)))  # its clock is wrong
    with pytest.raises(Conflict, match="confirmed after"):
        await shop.database.write(lambda c: _commit_again(c, result, now))
    await shop.database.write(lambda c: _commit_again(c, result, now, known=(result.effect.id,)))


def _commit_again(c: Any, result: Any, now: Any, known: Any = ()) -> None:
    effect = result.effect
    commit(
        c,
        intent=effect.intent,
        decision=effect.decision,
        store="s1",
        act=effect.act,
        known=known,  # facts from before it was confirmed
        now=now,
        due_at=now,
    )


async def test_open_request_is_accepted_whatever_the_reason(shop: Any) -> None:
    now = shop.clock.now()
    asks = AfterSale(
        store="s1",
        order_id="o1",
        request_id="cancel:o1",
        kind=RequestKind.cancellation,
        state=RequestState.open,
        opened_at=now - timedelta(hours=1),
        updated_at=now - timedelta(hours=1),
        currency="MYR",
    )
    shop.platform.put("o1", now - timedelta(hours=1), paid_at=now - timedelta(hours=2), requests=(asks,))
    result = await close(shop)
    assert (result.effect.act.operation, result.effect.act.request_id) == (Operation.accept_cancellation, "cancel:o1")
    assert result.decision.path == "buyer_cancel"


async def test_lost_answer_is_settled_by_looking_not_by_calling_again(shop: Any) -> None:
    async def lose_the_answer(act: Act) -> None:
        shop.platform.apply(act)
        raise OutcomeUnknown("the answer was lost")

    shop.platform.on_perform = lose_the_answer
    result = await close(shop)
    assert result.effect.state is EffectState.confirmed
    assert "probe" in result.effect.because
    assert len(shop.platform.performed) == 1


async def test_call_that_never_shows_is_given_up_only_when_it_is_certain(shop: Any) -> None:
    async def vanish(act: Act) -> None:
        raise OutcomeUnknown("the line went dead")

    shop.platform.on_perform = vanish
    effect = (await close(shop)).effect
    assert effect.state is EffectState.unknown
    with pytest.raises(Conflict):
        await close(shop)
    resolver = shop.resolver()
    shop.clock.set(effect.changed_at + timedelta(minutes=2) - timedelta(seconds=1))
    assert await resolver.advance(effect.id) is not None, "not certain yet: it asks again"
    assert [e.state for e in await effects(shop)] == [EffectState.unknown]
    case = await shop.read(lambda c: open_case_of(c, "s1", "o1"))
    assert (case.waits_for, "line went dead" in case.because) == ("outcome", True)
    await shop.database.write(lambda c: hand_over(c, case, "anna", shop.clock.now(), "I look myself"))
    shop.clock.advance(timedelta(seconds=1))
    await resolver.advance(effect.id)
    shop.clock.advance(timedelta(minutes=2))
    assert await resolver.advance(effect.id) is None
    assert [e.state for e in await effects(shop)] == [EffectState.not_applied]
    assert shop.platform.performed == []


@pytest.mark.parametrize("applied", [True, False], ids=["after the platform applied it", "before it arrived"])
async def test_killed_while_calling(shop: Any, applied: bool) -> None:
    async def die(act: Act) -> None:
        if applied:
            shop.platform.apply(act)
        raise Killed

    shop.platform.on_perform = die
    with pytest.raises(Killed):
        await close(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.calling]
    shop.platform.on_perform = None
    await restart(shop)
    shop.clock.advance(timedelta(minutes=3))
    await restart(shop)
    expected = EffectState.confirmed if applied else EffectState.not_applied
    assert [e.state for e in await effects(shop)] == [expected]
    assert len(shop.platform.performed) == (1 if applied else 0), "never called a second time"


async def test_killed_between_commit_and_call_is_sent_after_the_facts_were_read_again(shop: Any) -> None:
    resolver = shop.resolver()

    async def die(*_: Any, **__: Any) -> None:
        raise Killed

    resolver._effects.call = die
    with pytest.raises(Killed):
        await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    assert [e.state for e in await effects(shop)] == [EffectState.committed]
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]
    assert len(shop.platform.performed) == 1


async def test_committed_effect_is_dropped_when_the_facts_have_changed(shop: Any) -> None:
    resolver = shop.resolver()

    async def die(*_: Any, **__: Any) -> None:
        raise Killed

    resolver._effects.call = die
    with pytest.raises(Killed):
        await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    order = shop.platform.orders["o1"]
    shop.platform.put("o1", order.updated_at + timedelta(minutes=1), closure=Closure.cancelled, ended_by=EndedBy.buyer)
    await restart(shop)
    (effect,) = await effects(shop)
    assert effect.state is EffectState.not_applied
    assert "changed" in effect.because
    assert shop.platform.performed == []


async def test_call_that_never_left_is_tried_again_later(shop: Any) -> None:
    async def refuse_connection(act: Act) -> None:
        raise NotSent("connection refused")

    shop.platform.on_perform = refuse_connection
    result = await close(shop)
    assert result.effect.state is EffectState.committed
    shop.platform.on_perform = None
    shop.clock.advance(timedelta(seconds=10))
    resolver = shop.resolver()
    assert await resolver.advance(result.effect.id) is None
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]


async def test_refusal_is_final_for_the_effect_and_told(shop: Any) -> None:
    async def refuse(act: Act) -> None:
        raise Refused("The platform says: shipped already.", code="x.y")

    shop.platform.on_perform = refuse
    result = await close(shop)
    assert (result.effect.state, result.effect.because) == (
        EffectState.refused,
        "The platform says: shipped already.",
    )


@pytest.mark.parametrize("first", [0, 1])
async def test_double_click_gives_one_effect_whoever_comes_first(shop: Any, first: int) -> None:
    """Both have read and decided before either commits; the gates open in both orders."""
    gates = [asyncio.Event(), asyncio.Event()]
    arrived = [asyncio.Event(), asyncio.Event()]

    async def one(number: int) -> Any:
        resolver = shop.resolver()
        decide = resolver.cases._now

        async def decide_and_wait(*arguments: Any, **named: Any) -> Any:
            found = await decide(*arguments, **named)
            arrived[number].set()
            await gates[number].wait()
            return found

        resolver.cases._now = decide_and_wait
        return await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)

    tasks = [asyncio.ensure_future(one(0)), asyncio.ensure_future(one(1))]
    await asyncio.gather(*(each.wait() for each in arrived))
    gates[first].set()
    await asyncio.wait({tasks[first]})
    gates[1 - first].set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    overtaken = [each for each in results if isinstance(each, Conflict)]
    (done,) = (each for each in results if not isinstance(each, Exception))
    assert (done.effect.state, len(overtaken)) == (EffectState.confirmed, 1)
    assert len(shop.platform.performed) == 1
    assert len(await shop.read(list_cases)) == 1


async def test_mode_observe_refuses_before_anything_is_committed(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.observe))
    with pytest.raises(NotAllowed, match="observe"):
        await close(shop)
    assert await effects(shop) == []


async def test_mode_ask_needs_a_yes(shop: Any) -> None:
    await shop.pull().changes()
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    with pytest.raises(NeedsApproval) as caught:
        await close(shop, approved=False)
    assert caught.value.reasons == ("store_mode_ask",)
    assert (await close(shop, approved=True)).effect.state is EffectState.confirmed


async def test_points_near_the_stop_leave_it_to_a_person(shop: Any) -> None:
    """The rate line is crossed with every order cancelled; 2 more points would make 6 (SHP-06, SHP-14)."""
    shop.platform.points = 4
    for n in range(30):
        now = shop.clock.now()
        shop.platform.put(f"other{n}", now - timedelta(hours=1), closure=Closure.cancelled, ended_by=EndedBy.seller)
    await shop.pull().changes()
    result = await close(shop)
    assert (result.effect, result.decision.action) == (None, "ask_person")


async def test_dry_run_writes_no_decision_and_calls_nothing(shop: Any) -> None:
    result = await shop.resolver().ask("s1", "o1", Reason.out_of_stock)
    assert result.decision.action == "close"
    assert await shop.read(lambda c: c.execute(select(decisions)).all()) == []
    assert shop.platform.performed == []


async def test_question_and_answer_are_kept_byte_for_byte_and_the_chain_verifies(shop: Any) -> None:
    result = await close(shop)
    rows = await shop.read(lambda c: c.execute(select(decisions)).all())
    assert {row.scenario for row in rows} == {scenario_bytes(result.question.scenario)}
    assert {row.decision for row in rows} == {decision_bytes(result.decision)}
    assert result.effect.decision in {row.id for row in rows}
    assert await shop.read(audit.verify) >= 4


async def test_platforms_own_word_on_the_order_wins(shop: Any) -> None:
    now = shop.clock.now()
    shop.platform.put("o1", now - timedelta(hours=1), paid_at=now - timedelta(hours=2), can_cancel=False)
    result = await close(shop)
    assert result.effect is None
    assert "platform says" in result.because
    assert shop.platform.performed == []


async def test_platform_that_does_not_answer_the_probe_leaves_it_unknown(shop: Any) -> None:
    async def lose_the_answer(act: Act) -> None:
        shop.platform.apply(act)
        raise OutcomeUnknown("the answer was lost")

    probe = shop.platform.probe

    async def no_answer(channel: Any, act: Act) -> Any:
        raise OutcomeUnknown("the platform is down")

    shop.platform.on_perform, shop.platform.probe = lose_the_answer, no_answer
    result = await close(shop)
    assert result.effect.state is EffectState.unknown
    shop.platform.probe = probe
    shop.clock.advance(timedelta(minutes=1))
    assert await shop.resolver().advance(result.effect.id) is None
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]
    assert len(shop.platform.performed) == 1

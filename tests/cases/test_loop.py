"""The loop of a case: its turns one by one, what holds them up, and how it settles."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway.cases.approvals import ApprovalState, Role, answer, approvals_like
from gateway.cases.case import case_of, history_of, open_case
from gateway.cases.effects import EffectState, effects_of
from gateway.cases.steering import hand_over, pause, resume, stop
from gateway.cases.tasks import TaskState, tasks_like
from gateway.cases.turns import Superseded
from gateway.errors import NeedsApproval, NotAllowed, NotFound, NotSent, OutcomeUnknown, RateLimited, Refused
from gateway.model.order import Closure, EndedBy
from gateway.model.store import StoreMode
from gateway.policy.terms import Reason
from gateway.ports import Act
from gateway.storage import stores as rows
from gateway.storage.schema import cases
from gateway.work.wake import wake_all, wake_cases


async def opened(shop: Any, reason: str = "out_of_stock") -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason=reason, by="anna", now=now)
    )


async def as_it_is(shop: Any, case: Any) -> Any:
    return await shop.read(lambda c: case_of(c, case.id))


async def history(shop: Any, case: Any) -> list[str]:
    return [line.what for line in await shop.read(lambda c: history_of(c, case.id))]


async def effects(shop: Any) -> list[Any]:
    return await shop.read(lambda c: effects_of(c, "s1", "o1"))


async def tasks(shop: Any, case: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.state) for each in await shop.read(lambda c: tasks_like(c, case_id=case.id))]


async def turn(shop: Any, case: Any, resolver: Any = None) -> Any:
    """Take a turn as due work does, at the case's own time; return the case."""
    due_at = (await as_it_is(shop, case)).due_at
    shop.clock.set(max(due_at, shop.clock.now()))
    await (resolver or shop.resolver()).cases.advance(case.id)
    return await as_it_is(shop, case)


async def test_closes_once_and_settles_when_the_platform_shows_it(shop: Any) -> None:
    case = await opened(shop)
    after = await turn(shop, case)
    assert (after.state, after.path, after.step) == ("running", "seller_close", "close")
    assert [each.state for each in await effects(shop)] == [EffectState.confirmed]
    after = await turn(shop, case)
    assert (after.state, after.outcome, after.due_at, after.stage) == ("settled", "ended", None, "after")
    assert len(shop.platform.performed) == 1
    lines = await shop.read(lambda c: history_of(c, case.id))
    turns = [line for line in lines if line.what == "turn"]
    assert [line.details["action"] for line in turns] == ["close", "none"]
    assert all(line.decision and line.details["because"] for line in turns)
    assert [line.what for line in lines][-1] == "settled"
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))


async def test_what_was_confirmed_and_does_not_show_yet_is_not_done_again(shop: Any) -> None:
    def unseen(act: Act) -> str:
        shop.platform.performed.append(act)
        return "ref-1"

    shop.platform.apply = unseen  # as an application that is kept apart from its order
    case = await opened(shop)
    await turn(shop, case)
    after = await turn(shop, case)
    assert (after.state, after.waits_for) == ("running", "platform")
    (effect,) = await effects(shop)
    assert after.due_at == effect.changed_at + timedelta(minutes=30)
    assert "does not show it yet" in after.because
    await turn(shop, case)
    assert len(shop.platform.performed) == 2, "it went on not showing: it is done anew"


async def test_a_wake_up_that_is_stale_does_nothing(shop: Any) -> None:
    case = await opened(shop)
    await shop.database.write(lambda c: rows.set_stop(c, "s1", True, "anna", shop.clock.now()))
    after = await turn(shop, case)
    assert (after.waits_for, after.due_at) == ("time", shop.clock.now() + timedelta(minutes=5))
    read = len(shop.platform.fetched)
    assert await shop.resolver().cases.advance(case.id) == after.due_at
    assert (len(shop.platform.fetched), (await as_it_is(shop, case)).fence) == (read, after.fence)


async def test_stopped_effects_wait_until_they_go_on(shop: Any) -> None:
    case = await opened(shop)
    now = shop.clock.now()
    await shop.database.write(lambda c: rows.set_stop(c, "", True, "anna", now))
    assert "Effects are stopped" in (await turn(shop, case)).because
    with pytest.raises(NotAllowed, match=case.id):
        await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    assert await effects(shop) == []

    def go_on(c: Any) -> None:
        rows.set_stop(c, "", False, "anna", now)
        wake_all(c, None, now, "effects_resumed")

    await shop.database.write(go_on)
    assert (await as_it_is(shop, case)).due_at == now
    await turn(shop, case)
    assert len(shop.platform.performed) == 1


async def test_a_store_that_is_only_observed_leaves_it_to_a_person(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.observe))
    case = await opened(shop)
    after = await turn(shop, case)
    assert (after.state, after.waits_for) == ("running", "person")
    assert "stores mode s1" in after.because
    order = shop.platform.orders["o1"]
    later = order.updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, closure=Closure.cancelled, ended_by=EndedBy.seller)
    await shop.pull().named(["o1"])
    after = await turn(shop, case)
    assert (after.state, after.outcome) == ("settled", "ended_elsewhere")
    assert shop.platform.performed == []


@pytest.mark.parametrize("yes", [True, False], ids=["yes", "no"])
async def test_a_store_that_asks_waits_for_an_answer(shop: Any, yes: bool) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    case = await opened(shop)
    after = await turn(shop, case)
    (asked,) = await shop.read(lambda c: approvals_like(c, case_id=case.id))
    assert (after.waits_for, after.due_at, asked.reasons) == ("approval", asked.expires_at, ("store_mode_ask",))
    assert await effects(shop) == []
    now = shop.clock.now()
    await shop.database.write(lambda c: answer(c, asked.id, by="ben", role=Role.lead, yes=yes, because="", now=now))
    assert (await as_it_is(shop, case)).due_at == now
    after = await turn(shop, case)
    if yes:
        assert len(shop.platform.performed) == 1
        (used,) = await shop.read(lambda c: approvals_like(c, case_id=case.id))
        assert used.state is ApprovalState.used
        assert (await turn(shop, case)).outcome == "ended"
    else:
        assert (after.state, "ben said no" in after.because) == ("with_person", True)
        assert await tasks(shop, case) == [("ask_person", "open")]
        assert shop.platform.performed == []


async def test_yes_in_the_foreground_is_on_record_as_that_persons(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    with pytest.raises(NeedsApproval) as caught:
        await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna")
    assert caught.value.reasons == ("store_mode_ask",)
    done = await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    assert done.effect.state is EffectState.confirmed
    (used,) = await shop.read(lambda c: approvals_like(c, case_id=done.case.id))
    assert (used.first_by, used.state) == ("anna", "used")
    assert used.case_id == done.case.id


async def test_who_waits_for_it_has_the_order_read_once_a_turn(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    read = len(shop.platform.fetched)
    with pytest.raises(NeedsApproval):
        await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna")
    assert shop.platform.fetched[read:] == ["o1"]
    read, before_the_call = len(shop.platform.fetched), []

    async def look(act: Act) -> None:
        before_the_call.extend(shop.platform.fetched[read:])

    shop.platform.on_perform = look
    done = await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    assert (done.effect.state, before_the_call) == (EffectState.confirmed, ["o1"])


async def test_no_case_is_opened_of_an_order_that_cannot_be_read(shop: Any) -> None:
    def fails(ids: Any) -> None:
        raise NotSent("no line")

    shop.platform.before_fetch = fails
    with pytest.raises(NotSent):
        await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna")
    shop.platform.before_fetch = lambda ids: None
    with pytest.raises(NotFound):
        await shop.resolver().resolve("s1", "unheard of", Reason.out_of_stock, by="anna")
    assert await shop.read(lambda c: c.execute(select(cases.c.id)).all()) == []


async def test_the_order_is_read_again_where_the_turn_waited_for_another(shop: Any) -> None:
    """What a call under way comes to is newer than what was read when the order was asked for."""
    case = await opened(shop)

    async def lost(act: Act) -> None:
        raise OutcomeUnknown("lost")

    shop.platform.on_perform = lost
    await turn(shop, case)
    assert [each.state for each in await effects(shop)] == [EffectState.unknown]
    shop.platform.on_perform = None
    shop.clock.advance(timedelta(minutes=10))  # long enough for a call that does not show not to have come
    read = len(shop.platform.fetched)
    done = await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna")
    assert done.effect.state is EffectState.confirmed
    assert shop.platform.fetched[read:][:2] == ["o1", "o1"], "before the probe, and after it told that nothing came"


async def test_other_hands_settle_it_and_take_back_what_was_asked(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    case = await opened(shop)
    await turn(shop, case)
    later = shop.platform.orders["o1"].updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, closure=Closure.cancelled, ended_by=EndedBy.platform)
    await shop.pull().named(["o1"])
    after = await turn(shop, case)
    assert (after.state, after.outcome) == ("settled", "ended_elsewhere")
    (asked,) = await shop.read(lambda c: approvals_like(c, case_id=case.id))
    assert asked.state is ApprovalState.withdrawn


async def test_an_order_that_had_ended_leaves_nothing_to_do(shop: Any) -> None:
    later = shop.platform.orders["o1"].updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, closure=Closure.cancelled, ended_by=EndedBy.buyer)
    case = await opened(shop)
    assert (await turn(shop, case)).outcome == "nothing_to_do"


async def test_what_the_platform_refuses_is_not_tried_again_on_the_same_facts(shop: Any) -> None:
    async def refuse(act: Act) -> None:
        raise Refused("The platform says: not now.", code="x.y")

    shop.platform.on_perform = refuse
    case = await opened(shop)
    await turn(shop, case)
    after = await turn(shop, case)
    assert (after.state, "not now" in after.because) == ("with_person", True)
    assert await tasks(shop, case) == [("ask_person", "open")]
    again = await turn(shop, case)
    assert (len(await effects(shop)), again.state) == (1, "with_person")
    shop.platform.on_perform = None
    await shop.database.write(lambda c: resume(c, again, "anna", shop.clock.now(), "it takes it now"))
    await turn(shop, case)
    assert len(shop.platform.performed) == 1
    assert await tasks(shop, case) == [("ask_person", TaskState.cancelled)]


@pytest.mark.parametrize("error", [NotSent("refused"), RateLimited("slow down", retry_after=90)])
async def test_a_call_that_never_left_is_made_later(shop: Any, error: Exception) -> None:
    async def fail(act: Act) -> None:
        raise error

    shop.platform.on_perform = fail
    case = await opened(shop)
    after = await turn(shop, case)
    assert after.waits_for == "outcome"
    if isinstance(error, RateLimited):
        assert after.due_at == shop.clock.now() + timedelta(seconds=90)
    shop.platform.on_perform = None
    await turn(shop, case)
    assert ([each.state for each in await effects(shop)], len(shop.platform.performed)) == (["confirmed"], 1)


async def test_a_call_that_never_left_is_not_made_without_a_yes_that_is_needed_since(shop: Any) -> None:
    async def fail(act: Act) -> None:
        raise NotSent("refused")

    shop.platform.on_perform = fail
    case = await opened(shop)
    await turn(shop, case)
    shop.platform.on_perform = None
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    after = await turn(shop, case)
    assert (after.waits_for, shop.platform.performed) == ("approval", [])
    assert [each.state for each in await effects(shop)] == [EffectState.not_applied]


async def test_a_call_that_never_left_is_made_with_the_yes_it_was_given(shop: Any) -> None:
    async def fail(act: Act) -> None:
        raise NotSent("refused")

    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    shop.platform.on_perform = fail
    done = await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    shop.platform.on_perform = None
    await turn(shop, done.case)
    assert ([each.state for each in await effects(shop)], len(shop.platform.performed)) == (["confirmed"], 1)


async def test_an_unknown_outcome_is_shown_and_looked_for(shop: Any) -> None:
    async def lose_the_answer(act: Act) -> None:
        shop.platform.apply(act)
        raise OutcomeUnknown("the answer was lost")

    shop.platform.on_perform = lose_the_answer
    case = await opened(shop)
    after = await turn(shop, case)
    assert (after.waits_for, "not known yet" in after.because) == ("outcome", True)
    after = await turn(shop, case)
    assert (after.outcome, len(shop.platform.performed)) == ("ended", 1)


async def held_turn(shop: Any, case: Any) -> tuple[Any, Any]:
    """Start a turn that has decided and waits; return it and what lets it go on."""
    resolver, there, go = shop.resolver(), asyncio.Event(), asyncio.Event()
    decide = resolver.cases._now

    async def decide_and_wait(*arguments: Any, **named: Any) -> Any:
        found = await decide(*arguments, **named)
        there.set()
        await go.wait()
        return found

    resolver.cases._now = decide_and_wait
    running = asyncio.ensure_future(resolver.cases.advance(case.id))
    await asyncio.wait_for(there.wait(), 30)
    return running, go


@pytest.mark.parametrize("word", [pause, hand_over, stop])
async def test_a_persons_word_during_a_turn_keeps_its_effect_from_being_made(shop: Any, word: Any) -> None:
    case = await opened(shop)
    running, go = await held_turn(shop, case)
    said = await shop.database.write(lambda c: word(c, case, "anna", shop.clock.now(), "wait"))
    go.set()
    assert await running is None
    assert (await effects(shop), shop.platform.performed) == ([], [])
    assert await as_it_is(shop, case) == said


@pytest.mark.parametrize("first", ["older", "newer"])
async def test_of_two_turns_of_a_case_only_the_newer_acts(shop: Any, first: str) -> None:
    case = await opened(shop)
    older, let_older = await held_turn(shop, case)
    newer, let_newer = await held_turn(shop, case)
    order = [(older, let_older), (newer, let_newer)]
    for running, go in order if first == "older" else reversed(order):
        go.set()
        await running
    assert (len(await effects(shop)), len(shop.platform.performed)) == (1, 1)
    assert (await history(shop, case)).count("turn") == 1


async def test_news_during_a_turn_make_it_due_at_once_again(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_stop(c, "s1", True, "anna", shop.clock.now()))
    case = await opened(shop)
    running, go = await held_turn(shop, case)
    await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], shop.clock.now(), "reply"))
    go.set()
    assert await running == shop.clock.now()
    after = await turn(shop, case)
    assert after.due_at == shop.clock.now() + timedelta(minutes=5), "and the news are among the facts then"


async def test_what_the_turn_itself_read_is_no_news_to_it(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_stop(c, "s1", True, "anna", shop.clock.now()))
    case = await opened(shop)
    later = shop.platform.orders["o1"].updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, paid_at=shop.clock.now() - timedelta(hours=2), total_minor=900)
    after = await turn(shop, case)
    assert "signal" in await history(shop, case)
    assert after.due_at == shop.clock.now() + timedelta(minutes=5)


async def test_a_case_in_a_persons_hands_only_sees_the_end(shop: Any) -> None:
    case = await opened(shop)
    await shop.database.write(lambda c: hand_over(c, case, "anna", shop.clock.now(), "I call"))
    await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], shop.clock.now(), "fact"))
    after = await turn(shop, case)
    assert (after.state, after.step, after.due_at) == ("with_person", "handed_over", None)
    assert shop.platform.performed == []
    later = shop.platform.orders["o1"].updated_at + timedelta(minutes=1)
    shop.platform.put("o1", later, closure=Closure.cancelled, ended_by=EndedBy.seller)
    await shop.pull().named(["o1"])
    assert (await turn(shop, case)).state == "settled"


async def test_a_fault_leaves_the_case_due_and_says_why(shop: Any) -> None:
    case = await opened(shop)
    shop.platform.before_fetch = lambda ids: (_ for _ in ()).throw(OutcomeUnknown("the platform is down"))
    with pytest.raises(OutcomeUnknown):
        await shop.resolver().cases.advance(case.id)
    after = await as_it_is(shop, case)
    assert (after.due_at, "the platform is down" in after.because) == (shop.clock.now(), True)


async def test_an_overtaken_foreground_turn_says_so(shop: Any) -> None:
    case = await opened(shop)
    resolver = shop.resolver()
    decide = resolver.cases._now

    async def decide_and_stop(*arguments: Any, **named: Any) -> Any:
        found = await decide(*arguments, **named)
        await shop.database.write(lambda c: stop(c, case, "ben", shop.clock.now(), ""))
        return found

    resolver.cases._now = decide_and_stop
    with pytest.raises(Superseded, match=case.id):
        await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna")

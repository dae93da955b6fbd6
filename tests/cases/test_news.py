"""News about an order that come while its case decides: before a call they stop it, after it they do not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.cases.approvals import approvals_like
from gateway.cases.case import case_of, open_case
from gateway.cases.commands import Command, Deed
from gateway.cases.effects import EffectState, effects_of
from gateway.errors import Conflict, NotSent
from gateway.ledger import booking
from gateway.ledger.booking import SpentMeanwhile
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import LineItem
from gateway.model.store import StoreMode
from gateway.policy.terms import Reason
from gateway.ports import Act
from gateway.storage import stores as rows
from gateway.work.wake import wake_cases


async def opened(shop: Any) -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason="out_of_stock", by="anna", now=now)
    )


async def effects(shop: Any) -> list[tuple[str, str]]:
    found = await shop.read(lambda c: effects_of(c, "s1", "o1"))
    return [(each.act.operation.value, each.state.value) for each in found]


def changed(shop: Any, **facts: Any) -> None:
    order = shop.platform.orders["o1"]
    moment = order.updated_at + timedelta(minutes=1)
    shop.platform.orders["o1"] = order.model_copy(update={"updated_at": moment, **facts})


def once(shop: Any, hook: Any, **facts: Any) -> Any:
    """Return ``hook`` with news that another part of the gateway stores right before it runs, the first time."""
    told: list[bool] = []

    async def hooked(*arguments: Any, **named: Any) -> Any:
        if not told:
            told.append(True)
            changed(shop, **facts)
            await shop.pull().named(["o1"])
        return await hook(*arguments, **named)

    return hooked


async def test_news_between_the_decision_and_its_commit_stop_the_effect(shop: Any) -> None:
    case, resolver = await opened(shop), shop.resolver()
    carry = resolver.cases._carry
    carry.do = once(shop, carry.do, can_cancel=False)
    await resolver.cases.advance(case.id)
    assert (shop.platform.performed, await effects(shop)) == ([], [])
    after = await shop.read(lambda c: case_of(c, case.id))
    assert (after.state, after.waits_for) == ("with_person", "person"), "it was decided anew on what came"
    assert "cannot cancel" in after.because


async def test_news_between_the_commit_and_its_call_stop_the_effect(shop: Any) -> None:
    case, resolver = await opened(shop), shop.resolver()
    road = resolver._road
    road.call = once(shop, road.call, can_cancel=False)
    await resolver.cases.advance(case.id)
    assert shop.platform.performed == []
    assert await effects(shop) == [("seller_close", "not_applied")]
    after = await shop.read(lambda c: case_of(c, case.id))
    assert after.waits_for == "person"


async def test_news_after_the_call_had_begun_do_not_stop_it_and_make_the_case_due(shop: Any) -> None:
    case, resolver = await opened(shop), shop.resolver()

    async def meanwhile(act: Act) -> None:
        changed(shop, can_cancel=False)
        await shop.pull().named(["o1"])

    shop.platform.on_perform = meanwhile
    await resolver.cases.advance(case.id)
    assert len(shop.platform.performed) == 1
    assert await effects(shop) == [("seller_close", "confirmed")]
    after = await shop.read(lambda c: case_of(c, case.id))
    assert after.due_at == shop.clock.now()


async def test_news_that_change_nothing_do_not_keep_it_from_acting(shop: Any) -> None:
    case, resolver = await opened(shop), shop.resolver()
    carry = resolver.cases._carry
    carry.do = once(shop, carry.do, raw_status="STILL_READY")
    await resolver.cases.advance(case.id)
    assert await effects(shop) == [("seller_close", "confirmed")]
    assert len(shop.platform.performed) == 1


async def test_what_another_order_spends_meanwhile_is_decided_on_in_the_same_turn(shop: Any, monkeypatch: Any) -> None:
    """Put off as a failure it would wait, longer each time, while many orders of a store end at once."""
    case, refused = await opened(shop), []

    def hold(*arguments: Any, **named: Any) -> None:
        if len(refused) < 2:
            refused.append(named["order_id"])
            raise SpentMeanwhile("another order was faster")
        booking.hold(*arguments, **named)

    monkeypatch.setattr("gateway.cases.carrying_out.hold", hold)
    await shop.resolver().cases.advance(case.id)
    assert refused == ["o1", "o1"]
    assert await effects(shop) == [("seller_close", "confirmed")]


async def test_what_did_not_leave_is_not_sent_with_lines_that_are_no_more(shop: Any) -> None:
    two = tuple(LineItem(line_id=each, product_id="p1", quantity=2) for each in ("1", "2"))
    changed(shop, lines=two)
    case = await opened(shop)

    async def fail(act: Act) -> None:
        raise NotSent("refused")

    shop.platform.on_perform = fail
    await shop.resolver().cases.advance(case.id)
    shop.platform.on_perform = None
    changed(shop, lines=(two[0], two[1].model_copy(update={"cancelled": 1})))
    shop.clock.advance(timedelta(minutes=1))
    await shop.resolver().cases.advance(case.id)
    assert await effects(shop) == [("seller_close", "not_applied"), ("seller_close", "confirmed")]
    assert [act.lines for act in shop.platform.performed] == [(("1", 2), ("2", 1))]


async def test_news_that_never_end_leave_the_case_due(shop: Any) -> None:
    case, resolver = await opened(shop), shop.resolver()
    carry = resolver.cases._carry
    do, now = carry.do, shop.clock.now()

    async def restless(*arguments: Any, **named: Any) -> Any:
        await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], now, "order_changed"))
        return await do(*arguments, **named)

    carry.do = restless
    due_at = await asyncio.wait_for(resolver.cases.advance(case.id), 60)
    assert (due_at, shop.platform.performed, await effects(shop)) == (now, [], [])
    with pytest.raises(Conflict, match="News come faster"):
        await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna")
    carry.do = do
    await resolver.cases.advance(case.id)
    assert await effects(shop) == [("seller_close", "confirmed")]


async def test_a_yes_is_not_given_to_facts_that_have_changed(shop: Any) -> None:
    resolver = shop.resolver()
    carry = resolver.cases._carry
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    carry.agree = once(shop, carry.agree, can_cancel=False)
    await resolver.resolve("s1", "o1", Reason.out_of_stock, by="anna", approved=True)
    assert shop.platform.performed == []
    assert await shop.read(approvals_like) == []


def asked(shop: Any, minor: int) -> AfterSale:
    at = shop.clock.now() - timedelta(hours=1)
    return AfterSale(
        store="s1",
        order_id="o1",
        request_id="r1",
        kind=RequestKind.cancellation,
        state=RequestState.open,
        opened_at=at,
        updated_at=at,
        currency="MYR",
        refund_minor=minor,
    )


async def test_what_a_person_orders_is_judged_again_when_the_order_changes_meanwhile(shop: Any) -> None:
    changed(shop, requests=(asked(shop, 1000),))
    resolver = shop.resolver()
    road, gone = resolver._road, asked(shop, 1000).model_copy(update={"state": RequestState.withdrawn})
    gone = gone.model_copy(update={"updated_at": shop.clock.now()})
    road.check_mode = once(shop, road.check_mode, requests=(gone,))
    with pytest.raises(Conflict, match="withdrawn now"):
        await resolver.commands.order("s1", Command(Deed.accept, "o1", "r1"), by="anna", approved=True)
    assert (shop.platform.performed, await effects(shop)) == ([], [])


async def test_what_a_person_orders_is_done_when_only_the_status_changed_its_name(shop: Any) -> None:
    changed(shop, requests=(asked(shop, 1000),))
    resolver = shop.resolver()
    resolver._road.check_mode = once(shop, resolver._road.check_mode, raw_status="STILL_IN_CANCEL")
    carried = await resolver.commands.order("s1", Command(Deed.accept, "o1", "r1"), by="anna", approved=True)
    assert (carried.effect.state, len(shop.platform.performed)) == (EffectState.confirmed, 1)

"""The contact procedure as it runs over stored rows: what is due when, and what an answer changes (READINGS.md).

The times are typed from READINGS: a gap of 6 hours, the last message 24 hours after the first, the announced hour;
each of them counts to the second and inclusive.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.cases.contact import messages_of, record_reply, record_sent
from gateway.cases.drafting import draft, message_act
from gateway.cases.effects import EffectState, effect_of
from gateway.cases.road import Wanted
from gateway.errors import OutcomeUnknown
from gateway.model.store import Store, StoreMode
from gateway.orders.store import erase_person
from gateway.policy.message_guard_templates import Writing
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason, Reply
from gateway.ports import Act, Finding, Happened, Operation
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.storage.moments import to_micros
from gateway.storage.schema import contact_messages, effects, evidence

FIRST = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
SECRET = "the buyer wrote: I am Li Hidden"


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A Xiaohongshu store with an order whose free window is over, and no stock for it."""
    desk.store = Store(
        id="s2",
        app="a1",
        platform="xiaohongshu",
        external_id="2",
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
        mode=StoreMode.act,
    )
    await desk.database.write(lambda c: rows.add_store(c, desk.store, FIRST))
    paid = FIRST - 5 * HOUR
    desk.platform.put("o1", paid, store="s2", region="CN", currency="CNY", paid_at=paid, total_minor=19900)
    await desk.pull().changes()
    return desk


async def at(shop: Any, instant: datetime, reason: Reason = Reason.out_of_stock) -> Any:
    """Return the decision at an instant, on what is stored by then."""
    shop.clock.set(instant)
    road = shop.resolver()._road
    return (await road.decide(await road.open("s2"), "o1", reason)).decision


async def said(shop: Any, purpose: str, instant: datetime, announced: datetime | None = None) -> None:
    given = {"store": "s2", "order_id": "o1", "purpose": purpose, "language": "zh-CN", "by": "anna", "text": SECRET}
    await shop.database.write(
        lambda c: record_sent(c, shop.vault, **given, at=instant, now=shop.clock.now(), announced_close_at=announced)
    )


async def answered(shop: Any, reply: str, instant: datetime) -> None:
    given = {"store": "s2", "order_id": "o1", "reply": Reply(reply), "by": "anna", "text": SECRET}
    await shop.database.write(lambda c: record_reply(c, shop.vault, **given, at=instant, now=shop.clock.now()))


async def file_all(shop: Any) -> None:
    row = {"store": "s2", "order_id": "o1", "digest": "0" * 64, "path": "p", "name": b"n", "media_type": "image/png"}
    row |= {"size": 1, "by": "anna", "at": to_micros(FIRST), "previous": "0" * 64, "hash": "0" * 64}
    for kind in ("chat", "problem", "order_detail"):
        await shop.database.write(lambda c, kind=kind: c.execute(insert(evidence).values(**row, kind=kind)))


def step(decision: Any) -> tuple[str, str | None]:
    first = decision.steps[0] if decision.steps else None
    purpose = first.purpose if first is not None and decision.action == "send_message" else None
    return decision.action.value, None if purpose is None else purpose.value


async def test_the_whole_procedure_to_a_close_in_the_console(shop: Any) -> None:
    await file_all(shop)
    decision = await at(shop, FIRST)
    assert step(decision) == ("send_message", "offer_cancel")
    assert decision.performed_by == "person"
    await said(shop, "offer_cancel", FIRST)

    decision = await at(shop, FIRST + 6 * HOUR - SECOND)
    assert (decision.action, decision.not_before) == ("wait", FIRST + 6 * HOUR)
    assert step(await at(shop, FIRST + 6 * HOUR)) == ("send_message", "second_notice")
    await said(shop, "second_notice", FIRST + 6 * HOUR)

    decision = await at(shop, FIRST + 24 * HOUR - SECOND)
    assert (decision.action, decision.not_before) == ("wait", FIRST + 24 * HOUR)
    assert step(await at(shop, FIRST + 24 * HOUR)) == ("send_message", "final_notice")
    await said(shop, "final_notice", FIRST + 24 * HOUR, FIRST + 25 * HOUR)

    decision = await at(shop, FIRST + 25 * HOUR - SECOND)
    assert (decision.action, decision.not_before) == ("wait", FIRST + 25 * HOUR)
    decision = await at(shop, FIRST + 25 * HOUR)
    assert (decision.path, decision.action, decision.performed_by) == ("seller_close", "close", "person")
    assert [each.value for each in decision.approval][:2] == ["high_risk_close", "silence_instead_of_consent"]


async def test_without_evidence_it_is_asked_for_before_the_close(shop: Any) -> None:
    await at(shop, FIRST + 25 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await said(shop, "second_notice", FIRST + 6 * HOUR)
    await said(shop, "final_notice", FIRST + 24 * HOUR, FIRST + 25 * HOUR)
    assert (await at(shop, FIRST + 25 * HOUR)).action == "collect_evidence"
    await file_all(shop)
    assert (await at(shop, FIRST + 25 * HOUR)).action == "close"


@pytest.mark.parametrize(
    ("second", "final_due"),
    [(6 * HOUR, 24 * HOUR), (18 * HOUR, 24 * HOUR), (18 * HOUR + SECOND, 24 * HOUR + SECOND), (20 * HOUR, 26 * HOUR)],
)
async def test_the_final_notice_is_due_24_hours_after_the_first_and_6_after_the_second(
    shop: Any, second: timedelta, final_due: timedelta
) -> None:
    await file_all(shop)
    await at(shop, FIRST + second)
    await said(shop, "offer_cancel", FIRST)
    await said(shop, "second_notice", FIRST + second)
    before = await at(shop, FIRST + final_due - SECOND)
    assert (before.action, before.not_before) == ("wait", FIRST + final_due)
    assert step(await at(shop, FIRST + final_due)) == ("send_message", "final_notice")


async def test_a_second_message_that_came_too_soon_does_not_count(shop: Any) -> None:
    await at(shop, FIRST + 6 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await said(shop, "second_notice", FIRST + 6 * HOUR - SECOND)
    assert step(await at(shop, FIRST + 6 * HOUR)) == ("send_message", "second_notice")


async def test_a_final_notice_that_announced_nothing_does_not_count(shop: Any) -> None:
    await file_all(shop)
    await at(shop, FIRST + 24 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await said(shop, "second_notice", FIRST + 6 * HOUR)
    await said(shop, "final_notice", FIRST + 24 * HOUR)
    assert step(await at(shop, FIRST + 30 * HOUR)) == ("send_message", "final_notice")


async def test_the_latest_announced_hour_is_waited_for(shop: Any) -> None:
    await file_all(shop)
    await at(shop, FIRST + 24 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await said(shop, "second_notice", FIRST + 6 * HOUR)
    await said(shop, "final_notice", FIRST + 24 * HOUR, FIRST + 25 * HOUR)
    await said(shop, "final_notice", FIRST + 24 * HOUR, FIRST + 30 * HOUR)
    decision = await at(shop, FIRST + 25 * HOUR)
    assert (decision.action, decision.not_before) == ("wait", FIRST + 30 * HOUR)
    assert (await at(shop, FIRST + 30 * HOUR)).action == "close"


async def test_consent_ends_the_procedure_and_the_buyer_has_a_day_to_apply(shop: Any) -> None:
    await file_all(shop)
    await at(shop, FIRST + 3 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await answered(shop, "consents", FIRST + 2 * HOUR)
    for instant in (FIRST + 3 * HOUR, FIRST + 26 * HOUR):
        decision = await at(shop, instant)
        assert (decision.path, decision.action, decision.performed_by) == ("buyer_cancel", "wait", "buyer")
        assert decision.not_before == FIRST + 26 * HOUR
    decision = await at(shop, FIRST + 26 * HOUR + SECOND)
    assert (decision.path, decision.action) == ("seller_close", "close")
    assert "silence_instead_of_consent" not in decision.approval


async def test_after_a_no_nothing_is_allowed_until_the_entry_is_withdrawn(shop: Any) -> None:
    await at(shop, FIRST + HOUR)
    await said(shop, "offer_cancel", FIRST)
    await answered(shop, "refuses", FIRST + HOUR)
    decision = await at(shop, FIRST + 6 * HOUR)
    assert (decision.path, decision.action) == ("none", "ask_person")
    await answered(shop, "none", FIRST + 6 * HOUR)
    assert step(await at(shop, FIRST + 6 * HOUR)) == ("send_message", "second_notice")


async def test_any_answer_makes_the_buyer_reachable(shop: Any) -> None:
    await at(shop, FIRST)
    await said(shop, "explain", FIRST)
    assert (await at(shop, FIRST + HOUR, Reason.buyer_unreachable)).path == "seller_close"
    await answered(shop, "consents", FIRST + HOUR)
    assert (await at(shop, FIRST + HOUR, Reason.buyer_unreachable)).path != "seller_close"


async def test_a_forgotten_person_changes_no_decision(shop: Any) -> None:
    await at(shop, FIRST + 3 * HOUR)
    await said(shop, "offer_cancel", FIRST)
    await answered(shop, "consents", FIRST + 2 * HOUR)
    before = await at(shop, FIRST + 3 * HOUR)
    assert await shop.database.write(lambda c: erase_person(c, "s2", "o1"))
    assert await at(shop, FIRST + 3 * HOUR) == before
    assert [each.text for each in await shop.read(lambda c: messages_of(c, "s2", "o1", vault=shop.vault))] == [None]


async def message_effect(desk: Any, purpose: str = "explain") -> tuple[Any, Any, Any, str]:
    """Commit to a message on a store whose chat is open to software; return road, effect, connection and text."""
    desk.platform.put("o1", desk.clock.now() - 2 * HOUR)
    await desk.pull().changes()
    road = desk.resolver()._road
    connection = await road.open("s1")
    found = await road.decide(connection, "o1", Reason.out_of_stock)
    told = draft(found.order.order, found.question.scenario, Writing(purpose), rules=load_rules())
    act = message_act(found.order.order, told, desk.clock.now())
    wanted = Wanted(Reason.out_of_stock.value, "anna")
    effect = await road.commit(found, act, wanted, (), connection.store)
    return road, effect, connection, told.text


async def on_record(desk: Any) -> list[Any]:
    return await desk.read(lambda c: messages_of(c, "s1", "o1", vault=desk.vault))


async def test_a_confirmed_message_is_on_record_with_its_effect(desk: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    road, effect, connection, text = await message_effect(desk)
    assert await on_record(desk) == []
    effect, _ = await road.carry(effect, connection)
    assert effect.state is EffectState.confirmed
    assert [each.parameters["text"] for each in desk.platform.performed] == [text]
    [sent] = await on_record(desk)
    assert (sent.effect, sent.purpose, sent.language, sent.by) == (effect.id, "explain", "ms", "gateway")
    assert (sent.at, sent.text) == (desk.clock.now(), text)

    def stored(c: Any) -> tuple[Any, ...]:
        return (
            c.execute(select(effects.c.act)).scalar_one(),
            c.execute(select(contact_messages.c.sealed)).scalar_one(),
            repr(audit.latest(c, 50)).encode(),
        )

    for kept in await desk.read(stored):
        assert text.encode() not in kept, "the words are kept sealed only"
        assert b"Cup" not in kept
    assert text not in caplog.text


@pytest.mark.parametrize("seen", [True, False])
async def test_a_lost_answer_is_on_record_only_once_a_probe_saw_the_message(desk: Any, seen: bool) -> None:
    road, effect, connection, text = await message_effect(desk)

    async def lost(act: Act) -> None:
        raise OutcomeUnknown("no answer")

    async def probe(channel: Any, act: Act) -> Finding:
        assert act.parameters["text"] == text, "the probe needs the words"
        return Finding(Happened.applied if seen else Happened.not_applied, "looked")

    desk.platform.on_perform = lost
    called = desk.clock.now()
    effect = await road.effects.call(effect, desk.platform, connection.channel)
    assert effect.state is EffectState.unknown
    assert await on_record(desk) == []
    desk.clock.advance(timedelta(minutes=10))
    desk.platform.probe = probe
    effect, again = await road.effects.settle(effect, desk.platform, connection.channel)
    assert again is None
    assert effect.state is (EffectState.confirmed if seen else EffectState.not_applied)
    assert [each.at for each in await on_record(desk)] == [called] * seen, "it was sent when it was called"
    again = await desk.read(lambda c: effect_of(c, effect.id))
    assert "text" not in again.act.parameters
    assert again.act.operation is Operation.send_message

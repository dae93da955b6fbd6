"""What people enter about an order is in its scenario: contact, evidence, the support case, the open case's batch."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.cases.contact import (
    latest_reply,
    messages_of,
    record_reply,
    record_sent,
    record_ticket,
    replies_of,
    tickets_of,
)
from gateway.cases.gathered import NOTHING, gathered
from gateway.errors import Conflict, DataError
from gateway.orders.store import erase_person
from gateway.policy.scenario import scenario_object
from gateway.policy.terms import Reason, Reply
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import case_history, cases, contact_messages, contact_replies, evidence

SECRET = "Ms. Hidden of 12 Hidden Lane said so"


@pytest.fixture
async def shop(desk: Any) -> Any:
    desk.platform.put("o1", desk.clock.now() - timedelta(days=3), paid_at=desk.clock.now() - timedelta(days=3))
    await desk.pull().changes()
    return desk


async def sent(shop: Any, purpose: str = "explain", text: str | None = SECRET, **more: Any) -> Any:
    at = more.pop("at", shop.clock.now())
    now = shop.clock.now()
    given = {"store": "s1", "order_id": "o1", "purpose": purpose, "language": "en", "by": "anna"} | more
    return await shop.database.write(lambda c: record_sent(c, shop.vault, text=text, at=at, now=now, **given))


async def replied(shop: Any, reply: str, text: str | None = SECRET, at: Any = None) -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: record_reply(
            c, shop.vault, store="s1", order_id="o1", reply=Reply(reply), at=at or now, by="anna", now=now, text=text
        )
    )


async def ticket(shop: Any, number: str) -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: record_ticket(c, store="s1", order_id="o1", ticket=number, by="anna", now=now)
    )


async def on_file(shop: Any, kind: str) -> None:
    row = {"store": "s1", "order_id": "o1", "kind": kind, "digest": "0" * 64, "path": "p", "name": b"n"}
    row |= {"media_type": "image/png", "size": 1, "by": "anna", "at": to_micros(shop.clock.now())}
    await shop.database.write(lambda c: c.execute(insert(evidence).values(**row, previous="0" * 64, hash="0" * 64)))


async def opened(shop: Any, reason: str = "out_of_stock", batch_size: int = 3, state: str = "running") -> None:
    now = to_micros(shop.clock.now())
    row = {"id": f"k-{state}", "store": "s1", "order_id": "o1", "reason": reason, "batch_size": batch_size}
    row |= {"intent": "i", "via": "person", "opened_at": now, "opened_by": "anna", "state": state, "stage": "ending"}
    row |= {"version": 1, "fence": 0, "path": "", "step": "", "waits_for": "buyer", "because": "", "currency": "MYR"}
    await shop.database.write(lambda c: c.execute(insert(cases).values(**row)))


async def decided(shop: Any, reason: Reason = Reason.out_of_stock) -> dict[str, Any]:
    road = shop.resolver()._road
    found = await road.decide(await road.open("s1"), "o1", reason)
    return json.loads(json.dumps(scenario_object(found.question.scenario)))


async def known(shop: Any, as_of: Any = None) -> Any:
    return await shop.read(lambda c: gathered(c, "s1", "o1", as_of))


async def test_an_order_nobody_did_anything_about_has_the_scenario_it_always_had(shop: Any) -> None:
    asked = await decided(shop)
    assert await known(shop) == NOTHING
    assert asked["contact"] == {"messages": [], "reply": "none", "replied_at": None}
    assert (asked["evidence"], asked["support_ticket"]) == ([], None)
    assert asked["intent"] == {"reason": "out_of_stock", "batch_size": 1}


async def test_all_that_was_entered_is_in_the_scenario(shop: Any) -> None:
    first = shop.clock.now()
    await sent(shop)
    shop.clock.advance(timedelta(hours=24))
    await sent(shop, "final_notice", announced_close_at=shop.clock.now() + timedelta(hours=1))
    shop.clock.advance(timedelta(minutes=5))
    await replied(shop, "consents")
    for kind in ("order_detail", "chat", "chat"):
        await on_file(shop, kind)
    await ticket(shop, "T-1")
    await ticket(shop, "T-2")
    await opened(shop)
    asked = await decided(shop)
    assert first.isoformat() == "2026-03-10T12:00:00+00:00"
    assert asked["contact"] == {
        "messages": [
            {
                "at": "2026-03-10T20:00:00+08:00",
                "language": "en",
                "purpose": "explain",
                "announced_close_at": None,
            },
            {
                "at": "2026-03-11T20:00:00+08:00",
                "language": "en",
                "purpose": "final_notice",
                "announced_close_at": "2026-03-11T21:00:00+08:00",
            },
        ],
        "reply": "consents",
        "replied_at": "2026-03-11T20:05:00+08:00",
    }
    assert asked["evidence"] == ["chat", "order_detail"]
    assert asked["support_ticket"] == "T-2"
    assert asked["intent"] == {"reason": "out_of_stock", "batch_size": 3}
    other = await decided(shop, Reason.price_error)
    assert other["intent"] == {"reason": "price_error", "batch_size": 1}, "the batch is of the case's reason only"
    assert [each.ticket for each in await shop.read(lambda c: tickets_of(c, "s1", "o1"))] == ["T-1", "T-2"]


async def test_a_settled_case_asks_nothing(shop: Any) -> None:
    await opened(shop, state="settled")
    assert await known(shop) == NOTHING


async def test_an_earlier_instant_knows_only_what_had_happened_by_then(shop: Any) -> None:
    start = shop.clock.now()
    await sent(shop)
    shop.clock.advance(timedelta(hours=1))
    await replied(shop, "refuses")
    await on_file(shop, "chat")
    await ticket(shop, "T-1")
    then = await known(shop, start)
    assert len(then.messages) == 1
    assert (then.reply, then.replied_at, then.evidence, then.ticket) == (Reply.none, None, (), None)
    assert (await known(shop, start - timedelta(seconds=1))).messages == ()
    now = await known(shop, shop.clock.now())
    assert (now.reply, now.evidence, now.ticket) == (Reply.refuses, ("chat",), "T-1")


async def test_a_text_to_tell_the_end_is_on_record_but_no_part_of_the_procedure(shop: Any) -> None:
    await sent(shop, "closed")
    assert (await known(shop)).messages == ()
    assert [each.purpose for each in await shop.read(lambda c: messages_of(c, "s1", "o1"))] == ["closed"]


@pytest.mark.parametrize(
    ("entries", "stands"),
    [
        ([("consents", 0)], "consents"),
        ([("consents", 0), ("refuses", 1)], "refuses"),
        ([("refuses", 1), ("consents", 0)], "refuses"),  # the buyer's latest answer counts, not the latest entry
        ([("refuses", 1), ("consents", 1)], "consents"),
        ([("consents", 0), ("none", 0)], "none"),
        ([("refuses", 0), ("consents", 1), ("none", 1)], "refuses"),
        ([("refuses", 0), ("consents", 1), ("none", 1), ("none", 1)], "none"),
        ([("refuses", 0), ("none", 0), ("asks_to_cancel", 1)], "asks_to_cancel"),
    ],
)
async def test_the_buyers_latest_answer_that_nobody_withdrew_stands(
    shop: Any, entries: list[tuple[str, int]], stands: str
) -> None:
    start = shop.clock.now()
    shop.clock.advance(timedelta(hours=2))
    for reply, hours in entries:
        await replied(shop, reply, at=start + timedelta(hours=hours))
    found = await shop.read(lambda c: replies_of(c, "s1", "o1"))
    latest = latest_reply(found)
    assert [each.reply for each in found] == [reply for reply, _ in entries], "no entry is ever lost"
    assert (Reply.none if latest is None else latest.reply) == stands
    assert (await known(shop)).reply == stands


async def test_there_must_be_something_to_withdraw(shop: Any) -> None:
    with pytest.raises(Conflict, match="none to withdraw"):
        await replied(shop, "none")


async def test_nothing_is_entered_before_it_happens(shop: Any) -> None:
    ahead = shop.clock.now() + timedelta(seconds=1)
    with pytest.raises(DataError, match="lies ahead"):
        await replied(shop, "consents", at=ahead)
    with pytest.raises(DataError, match="lies ahead"):
        await sent(shop, at=ahead)
    with pytest.raises(DataError, match="before the message"):
        await sent(shop, "final_notice", announced_close_at=shop.clock.now())
    with pytest.raises(DataError, match="language tag"):
        await sent(shop, language="english please")
    for number in ("", "  ", "x" * 81, "a\nb"):
        with pytest.raises(DataError, match="number"):
            await ticket(shop, number)


async def test_what_people_wrote_is_sealed_and_goes_with_the_person(shop: Any) -> None:
    await sent(shop)
    await replied(shop, "asks_to_cancel")

    def read(c: Any) -> tuple[list[Any], list[Any]]:
        return (messages_of(c, "s1", "o1", vault=shop.vault), replies_of(c, "s1", "o1", vault=shop.vault))

    def rows(c: Any) -> list[Any]:
        return [c.execute(select(table)).one() for table in (contact_messages, contact_replies)]

    messages, replies = await shop.read(read)
    assert (messages[0].text, replies[0].text) == (SECRET, SECRET)
    assert SECRET not in repr((messages, replies))
    assert all(row.sealed and SECRET.encode() not in row.sealed for row in await shop.read(rows))
    assert [each.text for each in await shop.read(lambda c: messages_of(c, "s1", "o1"))] == [None], "not asked for"
    before = await known(shop)
    assert await shop.database.write(lambda c: erase_person(c, "s1", "o1"))
    messages, replies = await shop.read(read)
    assert (messages[0].text, replies[0].text) == (None, None)
    assert await known(shop) == before, "the facts stay"
    await sent(shop)  # and nothing about an erased person comes back
    assert [each.text for each in (await shop.read(read))[0]] == [None, None]


async def test_news_wakes_the_case_and_tells_nobody_what_was_said(shop: Any) -> None:
    await opened(shop)
    await sent(shop)
    await replied(shop, "refuses")
    await ticket(shop, "T-1")

    def read(c: Any) -> tuple[Any, list[bytes], list[Any]]:
        case = c.execute(select(cases)).one()
        told = c.execute(select(case_history.c.details).order_by(case_history.c.seq)).scalars()
        return case, list(told), audit.of_order(c, "s1", "o1")

    case, told, trail = await shop.read(read)
    assert case.due_at == to_micros(shop.clock.now())
    assert [json.loads(each)["why"] for each in told] == ["message", "reply", "ticket"]
    assert [each.what for each in trail] == ["message_sent", "reply_entered", "ticket_entered"]
    assert "Hidden" not in repr((told, trail))

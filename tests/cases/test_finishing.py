"""A task is done only with what its kind needs, and that is on record with it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.cases.contact import messages_of, replies_of, tickets_of
from gateway.cases.finishing import Said, finish
from gateway.cases.stock import level_of
from gateway.cases.tasks import TaskKind, finish_task, open_task, seal_text, task_of
from gateway.errors import Conflict, DataError, NeedsEvidence, NotFound
from gateway.orders.attested import facts_for
from gateway.policy.terms import Interception, Reply, ReturnState
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases, evidence, order_keys


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A store with one order, which a case wants to end."""
    now = desk.clock.now()
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    await desk.pull().changes()
    row = {
        "id": "c1", "store": "s1", "order_id": "o1", "reason": "out_of_stock", "batch_size": 1, "intent": "i1",
        "via": "person", "opened_at": to_micros(now), "opened_by": "anna", "state": "running", "stage": "ending",
        "due_at": None, "version": 1, "fence": 0, "path": "", "step": "", "waits_for": "person", "because": "",
        "currency": "MYR",
    }  # fmt: skip
    await desk.database.write(lambda c: c.execute(insert(cases), row))
    return desk


async def ask(shop: Any, kind: str, subject: str = "o1", text: str | None = None, **details: Any) -> Any:
    now, what = shop.clock.now(), TaskKind(kind)

    def act(c: Any) -> Any:
        about: dict[str, Any] = {"store": "s1", "order_id": "o1", "kind": what, "subject": subject}
        sealed = None if text is None else seal_text(c, shop.vault, text=text, **about)
        return open_task(c, case_id="c1", details=details, due_by=None, now=now, sealed=sealed, **about)

    return await shop.database.write(act)


async def say(shop: Any, task: Any, **said: Any) -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: finish(c, shop.vault, shop.store, task.id, Said(**said), by="anna", now=now, low_line=20)
    )


async def is_open(shop: Any, task: Any) -> bool:
    return bool((await shop.read(lambda c: task_of(c, task.id))).state == "open")


async def test_what_the_platform_shows_needs_only_its_time(shop: Any) -> None:
    at = shop.clock.now() - timedelta(minutes=7)
    for kind in ("close", "ship", "open_dispute", "delist"):
        task = await ask(shop, kind)
        done = await say(shop, task, at=at, because="first line said no")
        assert (done.state, done.done_by) == ("done", "anna")
        assert done.because == "done at 2026-03-10T11:53:00+00:00; first line said no"
    assert (await shop.read(lambda c: c.execute(select(cases.c.due_at)).scalar_one())) == to_micros(shop.clock.now())


async def test_what_no_platform_shows_needs_a_word(shop: Any) -> None:
    for kind in ("ask_person", "watch_refund", "ship_back"):
        task = await ask(shop, kind)
        with pytest.raises(DataError, match="--because"):
            await say(shop, task)
        assert await is_open(shop, task)
        assert (await say(shop, task, because="paid on Monday")).because == "paid on Monday"


async def test_a_time_ahead_is_refused_and_a_watch_a_little_fast_is_not(shop: Any) -> None:
    task = await ask(shop, "close")
    now = shop.clock.now()
    with pytest.raises(DataError, match="lies ahead"):
        await say(shop, task, at=now + timedelta(minutes=6))
    assert (await say(shop, task, at=now + timedelta(minutes=4))).because == "done at 2026-03-10T12:00:00+00:00"


async def test_support_has_a_number(shop: Any) -> None:
    task = await ask(shop, "contact_support")
    with pytest.raises(DataError, match="--ticket"):
        await say(shop, task)
    done = await say(shop, task, ticket="T-77")
    assert done.because == "ticket T-77"
    (ticket,) = await shop.read(lambda c: tickets_of(c, "s1", "o1"))
    assert (ticket.ticket, ticket.by) == ("T-77", "anna")


async def test_what_the_courier_said_is_an_attested_fact(shop: Any) -> None:
    for word in ("requested", "confirmed", "failed"):
        shop.clock.advance(timedelta(seconds=1))
        task = await ask(shop, "intercept_parcel")
        for missing in ({}, {"interception": Interception.none}):
            with pytest.raises(DataError, match="--interception"):
                await say(shop, task, **missing)
        await say(shop, task, interception=Interception(word))
        fact = (await shop.read(lambda c: facts_for(c, "s1", "o1", [])))[0]
        assert (fact.name, fact.value, fact.order_id, fact.by) == ("interception", word, "o1", "anna")
    told = [each.what for each in await shop.read(lambda c: audit.of_order(c, "s1", "o1"))]
    assert told.count("fact_attested") == 3


async def test_a_message_is_on_record_with_its_text_and_the_announced_time(shop: Any) -> None:
    words = "We will close the order at 15:00"
    task = await ask(
        shop, "send_message", "o1:final_notice", words, language="ms", announced_close_at="2026-03-10T15:00:00+00:00"
    )
    at = shop.clock.now() - timedelta(minutes=3)
    await say(shop, task, at=at)
    (sent,) = await shop.read(lambda c: messages_of(c, "s1", "o1", vault=shop.vault))
    assert (sent.purpose, sent.language, sent.text, sent.by, sent.at) == ("final_notice", "ms", words, "anna", at)
    assert sent.announced_close_at == datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
    assert sent.effect is None


async def test_a_message_after_the_announced_time_is_refused(shop: Any) -> None:
    task = await ask(
        shop, "send_message", "o1:final_notice", "words", language="ms", announced_close_at="2026-03-10T15:00:00+00:00"
    )
    shop.clock.set(datetime(2026, 3, 10, 15, 0, tzinfo=UTC))
    with pytest.raises(DataError):
        await say(shop, task)
    assert await is_open(shop, task)
    assert await shop.read(lambda c: messages_of(c, "s1", "o1")) == []


async def test_a_message_without_a_text_that_stood_ready_is_entered_with_its_words(shop: Any) -> None:
    task = await ask(shop, "send_message", "o1:explain")
    with pytest.raises(DataError, match="gateway contact sent o1 --purpose explain --text-file"):
        await say(shop, task)


async def test_evidence_must_be_on_file_first(shop: Any) -> None:
    task = await ask(shop, "collect_evidence", "o1:chat")
    add = {
        "store": "s1", "order_id": "o1", "digest": "0" * 64, "path": "p", "name": b"n", "media_type": "image/png",
        "size": 1, "by": "anna", "at": 0, "previous": "", "hash": "",
    }  # fmt: skip
    for kind in ("", "problem", "chat"):
        if kind:
            await shop.database.write(lambda c, kind=kind: c.execute(insert(evidence), {**add, "kind": kind}))
        if kind != "chat":
            with pytest.raises(NeedsEvidence, match="gateway evidence add o1 --kind chat"):
                await say(shop, task)
    assert (await say(shop, task)).because == "on file: chat"


async def test_a_reply_is_entered_or_said_to_be_about_something_else(shop: Any) -> None:
    task = await ask(shop, "read_reply")
    with pytest.raises(DataError, match="--reply"):
        await say(shop, task)
    at = shop.clock.now() - timedelta(minutes=30)
    await say(shop, task, reply=Reply.consents, at=at)
    (entry,) = await shop.read(lambda c: replies_of(c, "s1", "o1"))
    assert (entry.reply, entry.at, entry.by, entry.source) == ("consents", at, "anna", "person")
    other = await ask(shop, "read_reply")
    await say(shop, other, because="asked for the size")
    assert len(await shop.read(lambda c: replies_of(c, "s1", "o1"))) == 1


async def test_a_count_is_kept_as_the_stock_of_its_article(shop: Any) -> None:
    task = await ask(shop, "verify_stock", "CUP", sku="CUP")
    with pytest.raises(DataError, match="--quantity"):
        await say(shop, task)
    await say(shop, task, quantity=7)
    level = await shop.read(lambda c: level_of(c, "s1", "CUP"))
    assert (level.quantity, level.source, level.by, level.low) == (7, "person", "anna", True)
    several = await ask(shop, "verify_stock", "o1", sku="CUP, LID")
    with pytest.raises(DataError, match="gateway stock set"):
        await say(shop, several, quantity=7)
    assert (await say(shop, several, because="entered both")).state == "done"


async def test_what_does_not_go_with_the_task_is_refused(shop: Any) -> None:
    task = await ask(shop, "close")
    others: list[dict[str, Any]] = [
        {"ticket": "1"}, {"interception": Interception.failed}, {"reply": Reply.refuses}, {"quantity": 0},
        {"returned": ReturnState.received},
    ]  # fmt: skip
    for said in others:
        with pytest.raises(DataError, match=f"--{next(iter(said))} does not go with a task to close"):
            await say(shop, task, **said)
    assert await is_open(shop, task)


async def test_what_is_done_already_records_nothing_more(shop: Any) -> None:
    task = await ask(shop, "contact_support")
    await shop.database.write(
        lambda c: finish_task(c, task.id, by="ben", now=shop.clock.now(), because="the platform shows it")
    )
    with pytest.raises(Conflict, match="done already, by ben: the platform shows it"):
        await say(shop, task, ticket="T-1")
    assert await shop.read(lambda c: tickets_of(c, "s1", "o1")) == []
    with pytest.raises(NotFound):
        await shop.database.write(
            lambda c: finish(c, shop.vault, shop.store, "none", Said(), by="anna", now=shop.clock.now(), low_line=20)
        )


async def test_a_message_to_an_erased_person_is_on_record_without_its_words(shop: Any) -> None:
    task = await ask(shop, "send_message", "o1:explain", "Dear Ms Invented", language="ms")
    await shop.database.write(lambda c: c.execute(order_keys.delete()))
    await say(shop, task)
    (sent,) = await shop.read(lambda c: messages_of(c, "s1", "o1", vault=shop.vault))
    assert sent.text is None


async def test_no_kind_is_forgotten(shop: Any) -> None:
    """A bare "done" ends a task only where the platform shows it."""
    for kind in TaskKind:
        task = await ask(shop, kind, f"o1:{'chat' if kind is TaskKind.collect_evidence else 'explain'}")
        with suppress(DataError, NeedsEvidence):
            await say(shop, task)
        assert await is_open(shop, task) is (kind not in {"close", "ship", "open_dispute", "delist"}), kind

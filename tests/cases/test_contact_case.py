"""A case through the contact procedure of Xiaohongshu: texts ready to copy, sent by people, each when it is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from gateway.cases.case import case_of, history_of, open_case
from gateway.cases.contact import messages_of, record_reply
from gateway.cases.finishing import Said, finish
from gateway.cases.tasks import TaskKind, tasks_open, text_of
from gateway.model.order import LineItem
from gateway.model.store import Store, StoreMode
from gateway.policy.terms import Reply
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.storage.moments import to_micros
from gateway.storage.schema import evidence

FIRST = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Shop:
    """One order that must end, its case, and the people who do what the case asks."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.loop = desk.resolver().cases
        self.case = ""

    async def turn(self, instant: datetime) -> Any:
        """Let the case look at an instant; return how it stands."""
        self.desk.clock.set(instant)
        await self.loop.advance(self.case)
        return await self.now()

    async def settle_down(self, instant: datetime) -> Any:
        """Let the case look until nothing is due any more at an instant."""
        for _ in range(10):
            case = await self.turn(instant)
            if case.due_at is None or case.due_at > instant:
                return case
        raise AssertionError("the case turns on the spot")

    async def now(self) -> Any:
        return await self.desk.read(lambda c: case_of(c, self.case))

    async def tasks(self) -> list[Any]:
        return await self.desk.read(lambda c: tasks_open(c, order_id="o1"))

    async def text(self, kind: TaskKind = TaskKind.send_message) -> str:
        [task] = [each for each in await self.tasks() if each.kind is kind]
        return str(await self.desk.read(lambda c: text_of(c, self.desk.vault, task)))

    async def done(self, kind: TaskKind, at: datetime, **said: Any) -> None:
        self.desk.clock.set(at)
        [task] = [each for each in await self.tasks() if each.kind is kind]
        store = self.desk.store
        await self.desk.database.write(
            lambda c: finish(c, self.desk.vault, store, task.id, Said(**said), by="anna", now=at, low_line=20)
        )


@pytest.fixture
async def shop(desk: Any) -> Shop:
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
    paid, line = FIRST - 5 * HOUR, LineItem(line_id="1", product_id="p", title="杯子", quantity=1)
    facts = {"store": "s2", "region": "CN", "currency": "CNY", "paid_at": paid, "total_minor": 19900, "lines": (line,)}
    desk.platform.put("o1", paid, **facts)
    desk.clock.set(FIRST)
    await desk.pull().changes()
    row = {"store": "s2", "order_id": "o1", "digest": "0" * 64, "path": "p", "name": b"n", "media_type": "image/png"}
    row |= {"size": 1, "by": "anna", "at": to_micros(FIRST), "previous": "0" * 64, "hash": "0" * 64}

    def prepare(c: Any) -> str:
        for kind in ("chat", "problem", "order_detail"):
            c.execute(insert(evidence).values(**row, kind=kind))
        return open_case(c, store="s2", order_id="o1", reason="out_of_stock", by="anna", now=FIRST).id

    found = Shop(desk)
    found.case = await desk.database.write(prepare)
    return found


async def test_three_messages_are_asked_for_each_when_it_is_due_and_then_the_close(shop: Shop) -> None:
    case = await shop.settle_down(FIRST)
    assert [(each.kind, each.subject) for each in await shop.tasks()] == [(TaskKind.send_message, "o1:offer_cancel")]
    assert "杯子（订单o1）" in await shop.text()
    await shop.done(TaskKind.send_message, FIRST + timedelta(minutes=10))
    first = FIRST + timedelta(minutes=10)

    case = await shop.settle_down(first)
    assert (case.waits_for, await shop.tasks()) == ("buyer", [])
    assert first + 6 * HOUR <= case.due_at <= first + 6 * HOUR + timedelta(seconds=1)
    await shop.settle_down(case.due_at)
    assert [each.subject for each in await shop.tasks()] == ["o1:second_notice"]
    second = first + 7 * HOUR
    await shop.done(TaskKind.send_message, second)

    case = await shop.settle_down(second)
    assert first + 24 * HOUR <= case.due_at <= first + 24 * HOUR + timedelta(seconds=1)
    due = case.due_at
    case = await shop.settle_down(due)
    assert [each.subject for each in await shop.tasks()] == ["o1:final_notice"]
    assert "将于3月11日21:11关闭订单" in await shop.text(), "12:10 UTC and a second, an hour ahead, in Shanghai"
    # nobody has time: the text is written anew, so that the hour it names lies ahead whenever it is sent
    assert case.due_at == due + timedelta(minutes=30)
    await shop.settle_down(case.due_at)
    assert "将于3月11日21:41关闭订单" in await shop.text()
    final = due + timedelta(minutes=40)
    await shop.done(TaskKind.send_message, final)

    announced = datetime(2026, 3, 11, 13, 41, tzinfo=UTC)
    case = await shop.settle_down(final)
    assert announced <= case.due_at <= announced + timedelta(seconds=1)
    await shop.settle_down(case.due_at)
    sent = await shop.desk.read(lambda c: messages_of(c, "s2", "o1", vault=shop.desk.vault))
    assert [(each.purpose, each.at, each.by) for each in sent] == [
        ("offer_cancel", first, "anna"),
        ("second_notice", second, "anna"),
        ("final_notice", final, "anna"),
    ]
    assert sent[-1].announced_close_at == announced
    assert "21:41" in sent[-1].text
    assert (await shop.now()).waits_for == "approval", "a close is of high risk: a person agrees first"


async def test_a_reply_wakes_the_case_at_once(shop: Shop) -> None:
    await shop.settle_down(FIRST)
    await shop.done(TaskKind.send_message, FIRST)
    case = await shop.settle_down(FIRST)
    assert case.due_at > FIRST + 5 * HOUR
    instant = FIRST + HOUR
    shop.desk.clock.set(instant)
    given = {"store": "s2", "order_id": "o1", "reply": Reply.consents, "at": instant, "by": "anna", "now": instant}
    await shop.desk.database.write(lambda c: record_reply(c, shop.desk.vault, **given))
    assert (await shop.now()).due_at <= instant
    case = await shop.settle_down(instant)
    assert (case.path, case.waits_for) == ("buyer_cancel", "buyer")
    assert instant + 24 * HOUR <= case.due_at <= instant + 24 * HOUR + timedelta(minutes=1)


async def test_no_line_of_the_case_holds_what_was_written(shop: Shop) -> None:
    await shop.settle_down(FIRST)
    await shop.done(TaskKind.send_message, FIRST)
    await shop.settle_down(FIRST)
    told = await shop.desk.read(lambda c: (history_of(c, shop.case), audit.latest(c, 100)))
    assert "message" in repr(told)
    assert "杯子" not in repr(told)
    assert "补偿" not in repr(told)

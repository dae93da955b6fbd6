"""What people must hear of is found, told once, and settled when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from gateway.cases.case import open_case
from gateway.cases.notices import Level
from gateway.cases.stock import OWN, StockLine, StockSource, keep_level
from gateway.cases.tasks import TaskKind, cancel_task, open_task
from gateway.cases.watch_deadlines import nears
from gateway.ledger.quota import CloseEntry, CloseState, confirm, reserve
from gateway.model.store import Credential, StoreState
from gateway.operations.today import DueKind, today
from gateway.operations.watching import Watching, plan_watch
from gateway.orders.alerts import raise_alerts
from gateway.ports import Unmapped
from gateway.storage import stores
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases, gaps, work
from gateway.work import queue
from tests.kit.office import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def look(office):
    watching = Watching(office.context)

    async def once() -> list[str]:
        again = await watching.take()
        assert again == office.clock.now() + timedelta(minutes=1)
        return await office.kinds()

    return once


@pytest.mark.parametrize(
    ("hours", "when"), [(0, None), (38.39, None), (38.4, "soon"), (47.9, "soon"), (48, "due"), (90, "due")]
)
def test_a_deadline_nears_at_80_percent_of_its_time(hours: float, when: str | None) -> None:
    assert nears(NOON, NOON + 48 * HOUR, NOON + timedelta(hours=hours)) == when


async def test_shipping_is_told_at_80_percent_and_when_due_once_each(office, look) -> None:
    await office.put("blue", "A", paid_at=NOON, ship_by=NOON + 48 * HOUR)
    await office.put("blue", "B", paid_at=NOON, ship_by=NOON + 480 * HOUR)
    assert await look() == []
    office.later(hours=38.4)
    assert await look() == ["ship_by_soon"]
    assert await look() == ["ship_by_soon"]
    (told,) = await office.notices()
    assert (told.order_id, told.level, told.details["by"]) == ("A", Level.warning, "2026-11-22T12:00:00+00:00")
    office.later(hours=10)
    assert await look() == ["ship_by_due"], "what neared is over: it has come"
    (told,) = await office.notices()
    assert told.level is Level.urgent
    assert await office.kinds(settled=True) == ["ship_by_due", "ship_by_soon"]
    await office.put("blue", "A", fulfillment="shipped", ship_by=NOON + 48 * HOUR)
    assert await look() == [], "it was shipped: nobody needs to hear of it any more"


async def test_a_deadline_that_moves_is_told_anew(office, look) -> None:
    await office.put("blue", "A", paid_at=NOON, ship_by=NOON + 10 * HOUR)
    office.later(hours=9)
    assert await look() == ["ship_by_soon"]
    await office.put("blue", "A", paid_at=NOON, ship_by=NOON + 30 * HOUR)
    assert await look() == []
    office.later(hours=18)
    assert await look() == ["ship_by_soon"]
    assert len(await office.notices(settled=True)) == 2


async def test_what_was_late_long_before_its_store_was_connected_is_no_news(office, look) -> None:
    await office.put("blue", "old", paid_at=NOON - 100 * HOUR, ship_by=NOON - 25 * HOUR)
    await office.put("blue", "new", paid_at=NOON - 100 * HOUR, ship_by=NOON - 23 * HOUR)
    office.later(hours=50)
    await look()
    assert [each.order_id for each in await office.notices()] == ["new"]


async def test_requests_are_told_by_the_platforms_time_and_else_by_the_rules(office, look) -> None:
    await office.put("red", "X")
    await office.put("blue", "S")
    await office.ask("blue", "S", "r-told", answer_by=NOON + 10 * HOUR)
    await office.ask("red", "X", "r-ruled")  # XHS-88: 48 hours
    office.later(hours=8)
    assert await look() == ["answer_by_soon"]
    office.later(hours=30.5)
    assert await look() == ["answer_by_due", "answer_by_soon"]
    ruled = next(each for each in await office.notices() if each.kind == "answer_by_soon")
    assert (ruled.details["request"], ruled.details["by"]) == ("r-ruled", "2026-11-22T12:00:00+00:00")
    office.later(hours=10)
    await office.ask("blue", "S", "r-told", answer_by=NOON + 10 * HOUR, state="done")
    assert await look() == ["answer_by_due"]


async def test_evidence_and_returned_goods_have_deadlines_of_their_own(office, look) -> None:
    await office.put("blue", "S", fulfillment="delivered")
    times = {"evidence_by": NOON + 10 * HOUR, "inspect_by": NOON + 20 * HOUR}
    await office.ask("blue", "S", "r", kind="return_refund", state="agreed", **times)
    office.later(hours=9)
    assert await look() == ["evidence_by_soon"]
    office.later(hours=8)
    assert await look() == ["evidence_by_due", "inspect_by_soon"]


async def test_tasks_are_told_unless_they_were_due_when_they_were_opened(office, look) -> None:
    def open_one(c: Any, subject: str, due_by: datetime) -> str:
        return open_task(
            c, case_id=None, store="blue", order_id="A", kind=TaskKind.ask_person, subject=subject, details={},
            due_by=due_by, now=NOON,
        ).id  # fmt: skip

    task = await office.write(lambda c: open_one(c, "later", NOON + 10 * HOUR))
    await office.write(lambda c: open_one(c, "at once", NOON))
    office.later(hours=8)
    assert await look() == ["task_soon"]
    office.later(hours=2)
    assert await look() == ["task_due"]
    await office.write(lambda c: cancel_task(c, task, by="mei", now=office.clock.now(), because="not needed"))
    assert await look() == []


async def _credential(office, platform: str, store: str, ends: datetime) -> None:
    told = Credential(access_token="a", refresh_token="r", expires_at=ends, refresh_expires_at=ends)
    vault = office.context.vault
    await office.write(lambda c: stores.save_credential(c, vault, platform, store, told, None))


async def test_an_authorisation_is_told_30_7_and_1_days_before_it_ends(office, look) -> None:
    await _credential(office, "alibaba_1688", "ali", NOON + timedelta(days=40))
    told = []
    for days in (5, 5, 15, 8, 6, 2):
        office.later(days=days)
        await look()
        told.append([each.details["days"] for each in await office.notices()])
    assert told == [[], ["30"], ["30"], ["7"], ["1"], ["1"]]
    await _credential(office, "alibaba_1688", "ali", office.clock.now() + timedelta(days=180))
    assert await look() == []


async def test_where_renewals_prolong_it_an_authorisation_of_30_days_is_nothing_special(office, look) -> None:
    await _credential(office, "shopee", "blue", NOON + timedelta(days=30))
    assert await look() == []
    office.later(days=23)
    assert await look() == ["authorisation_ends"], "nobody has renewed it for weeks"


async def test_a_store_that_is_disconnected_again_is_told_again(office, look) -> None:
    async def state(word: StoreState) -> None:
        await office.write(lambda c: stores.set_state(c, "blue", word, "gone"))

    await _credential(office, "shopee", "blue", NOON + timedelta(days=30))
    await state(StoreState.disconnected)
    assert await look() == ["store_disconnected"]
    office.later(days=2)
    assert await look() == ["store_disconnected"]
    assert len(await office.notices(settled=True)) == 1, "it stands: it is not told anew each day"
    await state(StoreState.connected)
    assert await look() == []
    await state(StoreState.disconnected)
    await look()
    assert len(await office.notices(settled=True)) == 2


async def test_free_closes_are_told_when_one_is_left_and_when_none_is(office, look) -> None:
    assert await look() == []
    found = []
    for number in ("1", "2", "3"):
        await office.write(lambda c, number=number: _spend(c, office, number))
        found.append(await look())
    assert found == [[], ["quota_one_left"], ["quota_none_left"]]  # XHS-12: three a month
    office.later(days=9)
    assert await look() == ["quota_none_left"]
    office.later(days=2)
    assert await look() == [], "another month"


async def test_a_rate_is_told_when_it_nears_the_line_and_when_it_crosses_it(office, look) -> None:
    async def orders(count: int, ended: int) -> None:
        gone = {"closure": "cancelled", "ended_by": "seller", "ended_at": NOON}
        made = [
            office.order("blue", f"{number}", placed_at=NOON - HOUR, **(gone if number < ended else {}))
            for number in range(count)
        ]
        await office.keep(*made)

    await orders(50, 3)
    assert "rate_near" not in await look()
    office.later(minutes=11)
    await orders(50, 4)  # 8 % of 10 %, which is the alarm line for Shopee (reading S2)
    assert await look() == ["rate_near"]
    office.later(minutes=11)
    await orders(50, 6)
    assert await look() == ["rate_crossed"]


async def test_gaps_unknown_words_stuck_cases_and_failing_work_are_told(office, look) -> None:
    gap = {"store": "blue", "order_id": "A", "stream": "orders", "updated_at": 0, "found_at": to_micros(NOON)}
    await office.write(lambda c: c.execute(insert(gaps), [gap, gap | {"order_id": "B"}]))
    await office.write(lambda c: raise_alerts(c, "blue", [Unmapped("A", "status", "SOMETHING")], NOON))
    await office.put("blue", "A")
    case = await office.write(
        lambda c: open_case(c, store="blue", order_id="A", reason="out_of_stock", by="mei", now=NOON)
    )
    await office.write(lambda c: queue.submit(c, "case", "failing", NOON, b""))
    failing = {"attempts": 5, "last_error": "Unavailable: no answer"}
    await office.write(lambda c: c.execute(update(work).where(work.c.key == "failing").values(**failing)))
    office.later(minutes=20)
    assert await look() == ["gaps_found", "unknown_word", "work_failing"]
    office.later(minutes=20)
    assert await look() == ["case_stuck", "gaps_found", "unknown_word", "work_failing"]
    told = {each.kind: each for each in await office.notices()}
    assert told["gaps_found"].details == {"count": 2}
    assert told["case_stuck"].details["case"] == case.id
    assert "SOMETHING" not in str(told["unknown_word"].details), "the word may be a buyer's own"
    await office.write(lambda c: c.execute(update(cases).values(due_at=None)))
    await office.write(lambda c: c.execute(update(work).values(attempts=0, last_error="")))
    office.later(hours=24)
    assert await look() == ["unknown_word"]


async def test_low_stock_is_settled_when_there_is_stock_again(office, look) -> None:
    async def units(count: int) -> None:
        now = office.clock.now()
        level = StockLine("blue", "CUP", OWN, count, StockSource.person, "mei", now, low=False)
        await office.write(lambda c: keep_level(c, level, line=20))

    await units(30)
    await units(3)
    assert await look() == ["stock_low"]
    office.later(minutes=1)
    await units(0)
    assert await look() == ["stock_low", "stock_out"]
    office.later(minutes=1)
    await units(50)
    assert await look() == []


async def test_the_day_shows_what_is_urgent_and_has_no_line_of_its_own(office, look) -> None:
    await office.put("blue", "A", paid_at=NOON - 50 * HOUR, ship_by=NOON - HOUR)
    await office.write(lambda c: open_case(c, store="blue", order_id="A", reason="out_of_stock", by="mei", now=NOON))
    office.later(hours=1)
    assert await look() == ["case_stuck", "ship_by_due"]
    found = [each for each in (await today(office.context)).due if each.kind is DueKind.notice]
    assert len(found) == 1
    assert "should have gone on at 2026-11-20 12:00 UTC" in found[0].words


async def test_the_look_is_due_work_that_comes_again(office) -> None:
    await plan_watch(office.context)
    await plan_watch(office.context)
    claim = await office.write(lambda c: queue.claim(c, ["watch"], office.clock.now(), "w"))
    assert claim is not None
    assert await Watching(office.context).take(claim) == NOON + timedelta(minutes=1)
    assert datetime(2026, 11, 20, 12, 1, tzinfo=UTC) == NOON + timedelta(minutes=1)


def _spend(c: Any, office, number: str) -> None:
    entry = CloseEntry(
        store="red", order_id=number, state=CloseState.reserved, month="2026-11", units=1, points=0, holder=number,
        by="mei", reason=None, contacted=None, at=office.clock.now(), because="",
    )  # fmt: skip
    reserve(c, entry, 3)
    confirm(c, "red", number, number, entry.at, "")

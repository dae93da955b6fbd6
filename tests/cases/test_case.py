"""The row of a case: opened once, woken by news in the same transaction, steered by people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.cases.case import (
    CaseState,
    Outcome,
    Stage,
    WaitsFor,
    case_of,
    due_without_work,
    history_of,
    open_case,
    open_case_of,
)
from gateway.cases.steering import hand_over, pause, resume, stop
from gateway.errors import Conflict, NotFound
from gateway.model.attested import AttestedFact, FactName
from gateway.model.order import LineItem
from gateway.orders.attested import attest
from gateway.storage.schema import intents, work
from gateway.work import queue
from gateway.work.wake import wake_cases


@pytest.fixture
async def shop(desk: Any) -> Any:
    now = desk.clock.now()
    for name in ("o1", "o2"):
        line = LineItem(line_id="1", product_id="p1", sku=f"sku-{name}", quantity=1)
        desk.platform.put(name, now - timedelta(hours=2), paid_at=now - timedelta(hours=2), lines=(line,))
    await desk.pull().named(["o1", "o2"])
    return desk


async def opened(shop: Any, order: str = "o1", reason: str = "out_of_stock", by: str = "anna") -> Any:
    now = shop.clock.now()
    return await shop.database.write(lambda c: open_case(c, store="s1", order_id=order, reason=reason, by=by, now=now))


async def rested(shop: Any, case: Any) -> None:
    """Let a case wait for a signal, as the end of a turn would."""
    sql = text("update cases set due_at = null where id = :id")
    await shop.database.write(lambda c: c.execute(sql, {"id": case.id}))
    shop.clock.advance(timedelta(minutes=5))


async def now_of(shop: Any, case: Any) -> Any:
    return await shop.read(lambda c: case_of(c, case.id))


async def words(shop: Any, case: Any) -> list[tuple[str, str]]:
    lines = await shop.read(lambda c: history_of(c, case.id))
    return [(line.what, line.details.get("why", line.by)) for line in lines]


async def test_a_case_opens_with_its_intent_due_at_once(shop: Any) -> None:
    case = await opened(shop)
    assert (case.state, case.stage, case.due_at) == (CaseState.running, Stage.ending, shop.clock.now())
    assert (case.reason, case.via, case.opened_by, case.currency) == ("out_of_stock", "person", "anna", "MYR")
    assert (case.version, case.fence) == (1, 0)
    rows = await shop.read(lambda c: c.execute(intents.select()).all())
    assert [(row.id, row.reason, row.by) for row in rows] == [(case.intent, "out_of_stock", "anna")]
    assert await words(shop, case) == [("opened", "anna")]
    due = await shop.read(lambda c: queue.due(c, shop.clock.now(), 9))
    assert [(each.kind, each.key) for each in due] == [("case", case.id)]
    assert await shop.read(lambda c: due_without_work(c, shop.clock.now(), 9)) == [], "its wake-up waits"
    await shop.database.write(lambda c: c.execute(work.delete()))
    assert await shop.read(lambda c: due_without_work(c, shop.clock.now(), 9)) == [case.id]


async def test_one_open_case_an_order(shop: Any) -> None:
    case = await opened(shop)
    assert (await opened(shop, by="ben")).id == case.id
    assert len(await shop.read(lambda c: c.execute(intents.select()).all())) == 1
    with pytest.raises(Conflict, match=case.id):
        await opened(shop, reason="price_error")
    assert (await opened(shop, "o2")).id != case.id
    await shop.database.write(lambda c: stop(c, case, "anna", shop.clock.now(), "a mistake"))
    assert (await opened(shop, reason="price_error")).id != case.id


async def test_unknown_store_and_case(shop: Any) -> None:
    with pytest.raises(NotFound, match="no store s9"):
        await shop.database.write(
            lambda c: open_case(c, store="s9", order_id="o1", reason="unwilling", by="a", now=shop.clock.now())
        )
    with pytest.raises(NotFound, match="no case"):
        await shop.read(lambda c: case_of(c, "nothing"))


async def test_a_changed_order_wakes_its_case_only(shop: Any) -> None:
    case, other = await opened(shop), await opened(shop, "o2")
    await rested(shop, case)
    await rested(shop, other)
    shop.platform.put("o1", shop.clock.now(), paid_at=shop.clock.now() - timedelta(hours=2))
    await shop.pull().named(["o1", "o2"])
    woken = await now_of(shop, case)
    assert (woken.due_at, woken.version) == (shop.clock.now(), 2)
    assert await words(shop, case) == [("opened", "anna"), ("signal", "order_changed")]
    assert (await now_of(shop, other)).due_at is None
    due = await shop.read(lambda c: queue.due(c, shop.clock.now(), 9))
    assert case.id in {each.key for each in due}


@pytest.mark.parametrize("subject", [{"order_id": "o1"}, {"sku": "sku-o1"}, {"sku": "sku-o1", "order_id": "o1"}])
async def test_a_fact_wakes_the_cases_it_is_about(shop: Any, subject: dict[str, str]) -> None:
    case, other = await opened(shop), await opened(shop, "o2")
    await rested(shop, case)
    await rested(shop, other)
    fact = AttestedFact(
        name=FactName.goods_cost, value="3.00 MYR", store="s1", by="ben", at=shop.clock.now(), **subject
    )
    await shop.database.write(lambda c: attest(c, fact))
    assert (await now_of(shop, case)).due_at == shop.clock.now()
    assert (await words(shop, case))[-1] == ("signal", "fact")
    assert (await now_of(shop, other)).due_at is None


async def test_a_fact_of_the_store_wakes_all(shop: Any) -> None:
    cases = [await opened(shop), await opened(shop, "o2")]
    for case in cases:
        await rested(shop, case)
    fact = AttestedFact(name=FactName.score, value="98", store="s1", by="ben", at=shop.clock.now())
    await shop.database.write(lambda c: attest(c, fact))
    assert [(await now_of(shop, case)).due_at for case in cases] == [shop.clock.now()] * 2


async def test_news_and_wake_up_stand_or_fall_together(shop: Any) -> None:
    case = await opened(shop)
    await rested(shop, case)

    def fail(c: Any) -> None:
        assert wake_cases(c, "s1", ["o1", "o2", "o9"], shop.clock.now(), "reply") == 1
        raise RuntimeError("the news could not be stored")

    with pytest.raises(RuntimeError):
        await shop.database.write(fail)
    assert await words(shop, case) == [("opened", "anna")]
    assert (await now_of(shop, case)).due_at is None


async def test_nearer_due_time_stays(shop: Any) -> None:
    case = await opened(shop)
    later = shop.clock.now() + timedelta(minutes=1)
    assert await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], later, "reply")) == 1
    assert (await now_of(shop, case)).due_at == shop.clock.now()


async def test_a_paused_case_keeps_news_for_later(shop: Any) -> None:
    case = await opened(shop)
    now = shop.clock.now()
    paused = await shop.database.write(lambda c: pause(c, case, "anna", now, "holiday"))
    assert (paused.state, paused.due_at, paused.fence, paused.because) == (CaseState.paused, None, 1, "holiday")
    await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], now, "reply"))
    assert (await now_of(shop, case)).due_at is None
    with pytest.raises(Conflict, match="paused"):
        await shop.database.write(lambda c: pause(c, case, "anna", now, ""))
    going = await shop.database.write(lambda c: resume(c, case, "anna", now, "back"))
    assert (going.state, going.due_at, going.fence) == (CaseState.running, now, 2)
    assert [what for what, _ in await words(shop, case)] == ["opened", "paused", "signal", "resumed"]


async def test_handed_over_and_back(shop: Any) -> None:
    case = await opened(shop)
    now = shop.clock.now()
    held = await shop.database.write(lambda c: hand_over(c, case, "anna", now, "I call the buyer"))
    assert (held.state, held.step, held.waits_for) == (CaseState.with_person, "handed_over", WaitsFor.person)
    back = await shop.database.write(lambda c: resume(c, held, "anna", now, ""))
    assert (back.state, back.step) == (CaseState.running, "")


async def test_stopped_is_settled_for_good(shop: Any) -> None:
    case = await opened(shop)
    now = shop.clock.now()
    ended = await shop.database.write(lambda c: stop(c, case, "anna", now, "a mistake"))
    assert (ended.state, ended.outcome, ended.settled_at) == (CaseState.settled, Outcome.stopped, now)
    assert await shop.read(lambda c: open_case_of(c, "s1", "o1")) is None
    assert await shop.database.write(lambda c: wake_cases(c, "s1", ["o1"], now, "reply")) == 0
    for word in (pause, resume, hand_over, stop):
        with pytest.raises(Conflict, match="settled"):
            await shop.database.write(lambda c, word=word: word(c, case, "anna", now, ""))

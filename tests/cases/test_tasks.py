"""What a person is asked to do: once for one thing, done once, with a trace, and its case goes on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from gateway.cases.tasks import (
    TaskKind,
    cancel_tasks,
    finish_task,
    open_task,
    seal_text,
    task_of,
    tasks_open,
    text_of,
)
from gateway.errors import Conflict, NotFound
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases, order_keys, tasks


@pytest.fixture
def shop(desk: Any) -> Any:
    """A store, its database and a clock."""
    return desk


def give_case(c: Any, now: Any, *, case_id: str = "c1", order_id: str = "o1", due_at: int | None = None) -> None:
    row = {
        "id": case_id, "store": "s1", "order_id": order_id, "reason": "out_of_stock", "batch_size": 1, "intent": "i1",
        "via": "person", "opened_at": to_micros(now), "opened_by": "anna", "state": "running", "stage": "ending",
        "due_at": due_at, "version": 1, "fence": 0, "path": "", "step": "", "waits_for": "person", "because": "",
        "currency": "MYR",
    }  # fmt: skip
    c.execute(insert(cases), row)


def ask_to_close(c: Any, now: Any, **other: Any) -> Any:
    plain: dict[str, Any] = {
        "case_id": "c1",
        "store": "s1",
        "order_id": "o1",
        "kind": TaskKind.close,
        "subject": "o1",
        "details": {"reason": "out_of_stock"},
        "due_by": now + timedelta(hours=4),
        "now": now,
    }
    return open_task(c, **(plain | other))


async def test_the_same_is_asked_once_and_the_open_task_is_brought_up_to_date(shop: Any) -> None:
    now = shop.clock.now()
    later = now + timedelta(minutes=5)
    first = await shop.database.write(lambda c: ask_to_close(c, now))
    same = await shop.database.write(lambda c: ask_to_close(c, later, due_by=first.due_by))
    sooner = await shop.database.write(lambda c: ask_to_close(c, later, due_by=now + timedelta(hours=1)))
    assert first.id == same.id == sooner.id
    assert (sooner.opened_at, sooner.due_by) == (now, now + timedelta(hours=1))
    other = await shop.database.write(lambda c: ask_to_close(c, now, subject="o2", order_id="o2"))
    assert other.id != first.id
    told = [each.what for each in await shop.read(lambda c: audit.of_order(c, "s1", "o1"))]
    assert told == ["task_opened", "task_changed"], "what did not change is not told"


async def test_the_database_itself_refuses_a_second_open_one(shop: Any) -> None:
    now = shop.clock.now()
    await shop.database.write(lambda c: ask_to_close(c, now))

    def copy(c: Any) -> None:
        row = dict(c.execute(select(tasks)).mappings().one())
        c.execute(insert(tasks), {**row, "id": "another"})

    with pytest.raises(IntegrityError):
        await shop.database.write(copy)


async def test_done_is_noted_and_wakes_the_case_in_the_same_transaction(shop: Any) -> None:
    now = shop.clock.now()
    await shop.database.write(lambda c: give_case(c, now))
    task = await shop.database.write(lambda c: ask_to_close(c, now))
    shop.clock.advance(timedelta(hours=1))
    done = await shop.database.write(
        lambda c: finish_task(c, task.id, by="anna", now=shop.clock.now(), because="done at 13:00")
    )
    assert (done.state, done.done_by, done.done_at) == ("done", "anna", now + timedelta(hours=1))
    case = (await shop.read(lambda c: c.execute(select(cases)).all()))[0]
    assert case.due_at == to_micros(now + timedelta(hours=1))
    entry = (await shop.read(lambda c: audit.of_order(c, "s1", "o1")))[-1]
    assert (entry.who, entry.what, entry.details["because"]) == ("anna", "task_done", "done at 13:00")


async def test_a_task_that_failed_to_be_noted_wakes_nobody(shop: Any) -> None:
    now = shop.clock.now()
    await shop.database.write(lambda c: give_case(c, now))
    task = await shop.database.write(lambda c: ask_to_close(c, now))

    def fail(c: Any) -> None:
        finish_task(c, task.id, by="anna", now=now, because="done")
        raise RuntimeError("the rest of it failed")

    with pytest.raises(RuntimeError):
        await shop.database.write(fail)
    assert (await shop.read(lambda c: task_of(c, task.id))).state == "open"
    assert (await shop.read(lambda c: c.execute(select(cases.c.due_at)).scalar_one())) is None


@pytest.mark.parametrize("order", [("anna", "ben"), ("ben", "anna")])
async def test_of_two_people_who_saw_it_open_one_is_told_who_was_faster(shop: Any, order: tuple[str, str]) -> None:
    now = shop.clock.now()
    task = await shop.database.write(lambda c: ask_to_close(c, now))
    barrier, turn = asyncio.Barrier(2), {name: asyncio.Event() for name in order}

    async def finish(name: str) -> str:
        seen = await shop.read(lambda c: task_of(c, task.id))
        assert seen.state == "open"
        await barrier.wait()
        if name == order[1]:
            await turn[order[0]].wait()
        try:
            await shop.database.write(lambda c: finish_task(c, task.id, by=name, now=now, because="done"))
        except Conflict as error:
            return str(error)
        finally:
            turn[name].set()
        return "done"

    told = dict(zip(order, await asyncio.gather(*map(finish, order)), strict=True))
    assert told[order[0]] == "done"
    assert f"is done already, by {order[0]}" in told[order[1]]
    entries = await shop.read(lambda c: audit.of_order(c, "s1", "o1"))
    assert [each.what for each in entries] == ["task_opened", "task_done"]


async def test_a_case_that_ends_cancels_its_own_tasks_only_and_what_is_done_stays(shop: Any) -> None:
    now = shop.clock.now()

    def set_up(c: Any) -> None:
        ask_to_close(c, now)
        ask_to_close(c, now, kind=TaskKind.send_message, subject="o1:explain")
        ask_to_close(c, now, case_id="c2", order_id="o2", subject="o2")
        done = ask_to_close(c, now, kind=TaskKind.contact_support)
        finish_task(c, done.id, by="anna", now=now, because="ticket 1")

    await shop.database.write(set_up)
    assert await shop.database.write(lambda c: cancel_tasks(c, "c1", now, "sent", kinds={TaskKind.send_message})) == 1
    assert await shop.database.write(lambda c: cancel_tasks(c, "c1", now, "the buyer cancelled")) == 1
    left = await shop.read(tasks_open)
    assert [(each.case_id, each.kind) for each in left] == [("c2", "close")]
    states = await shop.read(lambda c: c.execute(select(tasks.c.state).order_by(tasks.c.state)).scalars().all())
    assert states == ["cancelled", "cancelled", "done", "open"]


async def test_what_is_due_first_is_listed_first_and_what_has_no_time_last(shop: Any) -> None:
    now = shop.clock.now()

    def set_up(c: Any) -> None:
        for subject, hours in (("a", 9), ("b", None), ("c", 1)):
            due = None if hours is None else now + timedelta(hours=hours)
            ask_to_close(c, now, subject=subject, due_by=due)

    await shop.database.write(set_up)
    assert [each.subject for each in await shop.read(tasks_open)] == ["c", "a", "b"]
    assert await shop.read(lambda c: tasks_open(c, stores=["s2"])) == []
    assert await shop.read(lambda c: tasks_open(c, kind=TaskKind.ship)) == []


async def test_the_text_for_a_buyer_is_sealed_and_gone_with_the_orders_key(shop: Any) -> None:
    now, words = shop.clock.now(), "Dear Ms Invented, we are sorry"

    def put(c: Any) -> Any:
        about: dict[str, Any] = {
            "store": "s1",
            "order_id": "o1",
            "kind": TaskKind.send_message,
            "subject": "o1:explain",
        }
        sealed = seal_text(c, shop.vault, text=words, **about)
        return open_task(c, case_id="c1", details={}, due_by=None, now=now, sealed=sealed, **about)

    task = await shop.database.write(put)
    assert task.has_text
    assert words.encode() not in await shop.read(lambda c: c.execute(select(tasks.c.sealed)).scalar_one())
    assert await shop.read(lambda c: text_of(c, shop.vault, task)) == words
    again = await shop.database.write(put)
    assert again == task, "the same text sealed anew is no change"
    await shop.pull().changes()
    shop.platform.put("o1", now)
    await shop.pull().changes()
    await shop.database.write(lambda c: c.execute(order_keys.delete()))
    assert await shop.read(lambda c: text_of(c, shop.vault, task)) is None


async def test_unknown_task(shop: Any) -> None:
    with pytest.raises(NotFound, match="gateway tasks list"):
        await shop.database.write(lambda c: finish_task(c, "nonsense", by="anna", now=shop.clock.now(), because=""))

"""A buyer writes: a person is asked to read it wherever a case waits, and no reply is made of it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from adapters.shopee import adapter as shopee
from adapters.tiktok_shop import adapter as tiktok
from gateway.cases.case import CaseState, WaitsFor, case_of, open_case
from gateway.cases.contact import replies_of
from gateway.cases.heard import hear_buyer
from gateway.cases.steering import stop
from gateway.cases.tasks import TaskKind, finish_task, tasks_like, tasks_open
from gateway.cases.turns import Rest, leave
from gateway.model.order import Buyer, Closure, EndedBy
from gateway.orders.store import erase_person
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases

WORDS = "fine, please cancel it, Li Hidden"


@pytest.fixture
async def shop(desk: Any) -> Any:
    """Two orders of one buyer and one of another, a case open on the first of each."""
    placed = desk.clock.now() - timedelta(hours=2)
    for order_id, buyer in (("a1", "77"), ("a2", "77"), ("b1", "88")):
        desk.platform.put(order_id, placed, buyer=Buyer(buyer_id=buyer, name="Li Hidden"))
    await desk.pull().changes()
    for order_id in ("a1", "b1"):
        await opened(desk, order_id)
    return desk


async def opened(desk: Any, order_id: str) -> Any:
    now = desk.clock.now()
    return await desk.database.write(
        lambda c: open_case(c, store="s1", order_id=order_id, reason="out_of_stock", by="anna", now=now)
    )


async def hear(desk: Any, buyer: str) -> int:
    return await hear_buyer(desk.database, desk.vault, "s1", buyer, desk.clock.now())


async def asked(desk: Any) -> list[str]:
    found = await desk.read(lambda c: tasks_open(c, kind=TaskKind.read_reply))
    return [each.order_id for each in found]


async def test_a_person_is_asked_to_read_it_where_a_case_is_open(shop: Any, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    case = await opened(shop, "a1")
    await shop.database.write(
        lambda c: c.execute(cases.update().values(due_at=to_micros(shop.clock.now() + timedelta(hours=6))))
    )
    assert await hear(shop, "77") == 1
    assert await asked(shop) == ["a1"]
    assert await shop.read(lambda c: replies_of(c, "s1", "a1")) == [], "nothing is guessed"
    woken = await shop.read(lambda c: case_of(c, case.id))
    assert woken.due_at == shop.clock.now()
    assert "77" not in caplog.text
    assert "Hidden" not in caplog.text


async def test_a_case_that_settles_while_its_buyer_is_found_out_asks_nobody(shop: Any) -> None:
    case = await opened(shop, "a1")
    whole, told = shop.database, []

    class Slow:
        """A database on which somebody stops the case between the look for the buyer and the question."""

        read = staticmethod(whole.read)

        @staticmethod
        async def write(act: Any) -> Any:
            if not told:
                told.append(case)
                await whole.write(lambda c: stop(c, case, "anna", shop.clock.now(), "enough"))
            return await whole.write(act)

    assert await hear_buyer(Slow(), shop.vault, "s1", "77", shop.clock.now()) == 0  # type: ignore[arg-type]  # as above
    assert await asked(shop) == []


async def test_nobody_is_asked_to_read_for_a_case_that_has_settled(shop: Any) -> None:
    case = await opened(shop, "a1")
    await hear(shop, "77")
    order = shop.platform.orders["a1"]
    ended = {"closure": Closure.cancelled, "ended_by": EndedBy.buyer, "updated_at": shop.clock.now()}
    shop.platform.orders["a1"] = order.model_copy(update=ended)
    await shop.resolver().cases.advance(case.id)
    assert (await shop.read(lambda c: case_of(c, case.id))).state is CaseState.settled
    found = await shop.read(lambda c: tasks_like(c, case_id=case.id))
    assert [(each.kind, each.state, each.because) for each in found] == [
        ("read_reply", "cancelled", "the order has ended")
    ]


async def test_what_came_after_the_end_is_not_asked_about_once_the_case_has_settled(shop: Any) -> None:
    case = await opened(shop, "a1")
    now = shop.clock.now()
    await hear(shop, "77")

    def settle(c: Any) -> None:
        rest = Rest(state=CaseState.settled, waits_for=WaitsFor.nothing, because="over", due_at=None)
        leave(c, case_of(c, case.id), rest, now, seen=None)

    await shop.database.write(settle)
    assert await asked(shop) == []


async def test_many_messages_are_one_task_until_it_is_done(shop: Any) -> None:
    await hear(shop, "77")
    await hear(shop, "77")
    [task] = await shop.read(lambda c: tasks_open(c, kind=TaskKind.read_reply))
    now = shop.clock.now()
    await shop.database.write(lambda c: finish_task(c, task.id, by="anna", now=now, because="read"))
    assert await asked(shop) == []
    await hear(shop, "77")
    assert await asked(shop) == ["a1"]


async def test_nobody_is_asked_about_other_buyers_or_orders_without_a_case(shop: Any) -> None:
    assert await hear(shop, "99") == 0
    await shop.database.write(lambda c: c.execute(cases.update().values(state=CaseState.settled, due_at=None)))
    assert await hear(shop, "77") == 0
    await opened(shop, "b1")
    await shop.database.write(lambda c: erase_person(c, "s1", "b1"))
    assert await hear(shop, "88") == 0, "whose order it was, is forgotten"
    assert await asked(shop) == []


def shopee_push(**content: Any) -> bytes:
    told = {
        "message_id": "1",
        "from_id": 77,
        "to_id": 5,
        "conversation_id": "c1",
        "content": {"text": WORDS},
        **content,
    }
    return json.dumps({"code": 10, "shop_id": 5, "data": {"type": "message", "content": told}}).encode()


def test_shopee_tells_who_wrote() -> None:
    [hint] = shopee.read_pushes(shopee_push())
    assert hint.chat is not None
    assert (hint.shop, hint.chat.buyer, hint.chat.conversation) == ("5", "77", "c1")
    assert (hint.orders, hint.requests) == ((), ())
    assert WORDS not in repr(hint)
    assert "buyer" not in repr(hint.chat)
    [other] = shopee.read_pushes(shopee_push(message_id="2"))
    assert other.event_id != hint.event_id
    [unsaid] = shopee.read_pushes(shopee_push(from_id=None))
    assert unsaid.chat is None
    notice = json.dumps({"code": 10, "shop_id": 5, "data": {"type": "notification", "content": {"from_id": 1}}})
    assert shopee.read_pushes(notice.encode())[0].chat is None


@pytest.mark.parametrize(
    ("role", "heard"), [("BUYER", True), ("SHOP", False), ("CUSTOMER_SERVICE", False), (None, False)]
)
def test_tiktok_tells_in_which_conversation_the_buyer_wrote(role: str | None, heard: bool) -> None:
    data = {
        "conversation_id": "c1",
        "message_id": "9",
        "content": json.dumps({"content": WORDS}),
        "sender": {"role": role},
    }
    [hint] = tiktok.read_pushes(json.dumps({"type": 14, "shop_id": "5", "data": data}).encode())
    assert (hint.chat is not None) is heard
    if hint.chat is not None:
        assert (hint.chat.buyer, hint.chat.conversation) == ("", "c1")
    assert WORDS not in repr(hint)

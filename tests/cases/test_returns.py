"""Goods on their way back: what tells that they came, and what is paid when they did."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.alibaba_1688 import adapter as alibaba_1688
from adapters.shopee import adapter as shopee
from adapters.tiktok_shop import adapter as tiktok_shop
from adapters.xiaohongshu import adapter as xiaohongshu
from gateway.cases.approvals import ApprovalState, answer, approvals_like
from gateway.cases.approvals import Role as ApprovalRole
from gateway.cases.case import case_of, open_case
from gateway.cases.finishing import Said, finish
from gateway.cases.tasks import tasks_like
from gateway.errors import DataError
from gateway.model.after_sale import AfterSale, GoodsState
from gateway.model.attested import AttestedFact, FactName
from gateway.model.store import Role
from gateway.orders.attested import attest, facts_for
from gateway.policy.terms import ReturnState
from gateway.ports import Manifest, Offered, Operation
from gateway.storage import audit
from tests.kit.paper import PaperPlatform


class Shop(PaperPlatform):
    """A platform that takes returns, and does not tell by itself that a parcel came back."""

    tells = False
    unreturned: frozenset[GoodsState] = frozenset()

    @property
    def manifest(self) -> Manifest:
        plain = super().manifest
        by_api = dict.fromkeys((Operation.approve_return, Operation.refund_return), Offered.api)
        return replace(
            plain,
            capabilities={**plain.capabilities, **by_api},
            tells_returns_arrive=self.tells,
            refunds_unreturned=self.unreturned,
        )


def a_return(now: Any, **facts: Any) -> AfterSale:
    plain = {
        "store": "s1", "order_id": "o1", "request_id": "r1", "in_order": True, "kind": "return_refund",
        "state": "agreed", "goods": "sent_back", "opened_at": now - timedelta(days=3), "updated_at": now,
        "inspect_by": now + timedelta(days=2), "currency": "MYR", "refund_minor": 1000,
    }  # fmt: skip
    return AfterSale.model_validate(plain | facts)


@pytest.fixture
async def shop(desk: Any) -> Any:
    """A store whose buyer sends goods back; they are worth more than their way."""
    desk.platform = Shop()
    now = desk.clock.now()
    cost = AttestedFact(name=FactName.goods_cost, value="500.00 MYR", store="s1", by="anna", at=now - timedelta(days=9))
    await desk.database.write(lambda c: attest(c, cost))
    await comes(desk, a_return(now))
    desk.case = await desk.database.write(
        lambda c: open_case(c, store="s1", order_id="o1", reason="changed_mind", by="anna", now=now)
    )
    return desk


async def comes(shop: Any, *requests: AfterSale) -> None:
    """Let the platform show the order with these requests."""
    now = shop.clock.now()
    facts: dict[str, Any] = {
        "placed_at": now - timedelta(days=9), "paid_at": now - timedelta(days=9), "fulfillment": "delivered",
        "shipped_at": now - timedelta(days=8), "delivered_at": now - timedelta(days=5), "requests": requests,
    }  # fmt: skip
    shop.platform.put("o1", now, **facts)
    await shop.pull().named(["o1"])


async def turn(shop: Any) -> Any:
    """Take the case's next turn at its own time, and return the case."""
    before = await shop.read(lambda c: case_of(c, shop.case.id))
    shop.clock.set(max(before.due_at, shop.clock.now()))
    await shop.resolver().cases.advance(shop.case.id)
    return await shop.read(lambda c: case_of(c, shop.case.id))


async def asked(shop: Any) -> list[Any]:
    return [each for each in await shop.read(lambda c: tasks_like(c, case_id=shop.case.id)) if each.state == "open"]


async def say(shop: Any, task: Any, word: str | None) -> Any:
    said, now = Said(returned=None if word is None else ReturnState(word)), shop.clock.now()
    return await shop.database.write(
        lambda c: finish(c, shop.vault, shop.store, task.id, said, by="anna", now=now, low_line=20)
    )


async def test_a_person_says_that_the_goods_are_back_and_the_buyer_is_paid(shop: Any) -> None:
    after = await turn(shop)
    (task,) = await asked(shop)
    assert (after.waits_for, task.kind, task.subject) == ("person", "return_received", "o1")
    assert (task.due_by, task.details["request_id"]) == (shop.clock.now() + timedelta(days=2), "r1")
    assert (shop.platform.performed, after.path, after.step) == ([], "return_refund", "wait")
    for nothing in (None, "none", "agreed"):
        with pytest.raises(DataError, match="--returned"):
            await say(shop, task, nothing)
    assert (await say(shop, task, "received")).because == "return received"
    (fact,) = [each for each in await shop.read(lambda c: facts_for(c, "s1", "o1", [])) if each.order_id]
    assert (fact.name, fact.value, fact.by) == ("return_state", "received", "anna")
    assert "fact_attested" in [each.what for each in await shop.read(lambda c: audit.of_order(c, "s1", "o1"))]
    await turn(shop)
    assert [(act.operation, act.request_id) for act in shop.platform.performed] == [("refund_return", "r1")]


async def test_what_is_not_the_goods_that_were_sold_is_not_paid(shop: Any) -> None:
    await turn(shop)
    (task,) = await asked(shop)
    await say(shop, task, "refused")
    after = await turn(shop)
    assert (after.state, [each.kind for each in await asked(shop)]) == ("with_person", ["ask_person"])
    assert shop.platform.performed == []


async def test_a_persons_no_counts_before_the_carriers_yes(shop: Any) -> None:
    await turn(shop)
    (task,) = await asked(shop)
    await say(shop, task, "refused")
    shop.clock.advance(timedelta(minutes=1))
    await comes(shop, a_return(shop.clock.now(), opened_at=shop.clock.now() - timedelta(days=3), goods="received"))
    assert (await turn(shop)).state == "with_person"
    assert shop.platform.performed == []


async def test_a_word_on_an_earlier_return_says_nothing_of_the_next_one(shop: Any) -> None:
    await turn(shop)
    (task,) = await asked(shop)
    await say(shop, task, "received")
    shop.clock.advance(timedelta(days=1))
    now = shop.clock.now()
    second = a_return(now, request_id="r2", opened_at=now - timedelta(hours=1))
    withdrawn = a_return(now, updated_at=now - timedelta(hours=2), state="withdrawn", goods="not_returning")
    await comes(shop, withdrawn, second)
    await turn(shop)
    assert [each.kind for each in await asked(shop)] == ["return_received"]
    assert shop.platform.performed == []


async def test_nobody_is_asked_before_the_goods_are_on_their_way(shop: Any) -> None:
    shop.clock.advance(timedelta(minutes=1))
    await comes(shop, a_return(shop.clock.now(), goods="to_send_back"))
    assert ((await turn(shop)).waits_for, await asked(shop)) == ("time", [])


async def test_the_task_is_taken_back_when_the_platform_shows_it(shop: Any) -> None:
    await turn(shop)
    shop.clock.advance(timedelta(minutes=1))
    await comes(shop, a_return(shop.clock.now(), goods="received"))
    await turn(shop)
    assert (len(shop.platform.performed), await asked(shop)) == (1, [])


async def test_where_the_platform_tells_it_nobody_is_asked(shop: Any) -> None:
    shop.platform.tells = True
    assert ((await turn(shop)).waits_for, await asked(shop)) == ("time", [])


async def worth_little(shop: Any, request: AfterSale) -> None:
    """Let the goods cost less than their way back, and the buyer have asked for this."""
    shop.clock.advance(timedelta(minutes=1))
    now = shop.clock.now()
    for name, value in (("goods_cost", "1.00 MYR"), ("return_shipping_cost", "6.00 MYR")):
        fact = AttestedFact(name=FactName(name), value=value, store="s1", by="anna", at=now)
        await shop.database.write(lambda c, fact=fact: attest(c, fact))
    await comes(shop, request.model_copy(update={"updated_at": now}))
    await turn(shop)
    await agree(shop)


async def agree(shop: Any) -> None:
    """Say yes to what the case asks, and let it go on."""
    now = shop.clock.now()
    for each in await shop.read(lambda c: approvals_like(c, case_id=shop.case.id, states={ApprovalState.asked})):
        said = {"by": "ben", "role": ApprovalRole.lead, "yes": True, "because": "", "now": now}
        await shop.database.write(lambda c, asked=each, said=said: answer(c, asked.id, **said))
        await turn(shop)


def a_wish(shop: Any) -> AfterSale:
    now = shop.clock.now()
    return a_return(now, state="open", goods="not_returning", opened_at=now - timedelta(hours=1))


async def test_money_alone_is_no_agreement_to_a_return(shop: Any) -> None:
    shop.platform.unreturned = frozenset({GoodsState.not_returning})
    await worth_little(shop, a_wish(shop))
    assert [(act.operation, act.request_id) for act in shop.platform.performed] == [("refund_return", "r1")]


async def test_a_person_is_asked_where_the_platform_has_no_answer_of_money_alone(shop: Any) -> None:
    await worth_little(shop, a_wish(shop))
    after = await shop.read(lambda c: case_of(c, shop.case.id))
    assert (after.state, after.path, [each.kind for each in await asked(shop)]) == (
        "with_person", "refund", ["ask_person"],
    )  # fmt: skip
    assert "gateway accept" in after.because
    assert shop.platform.performed == []


@pytest.mark.parametrize("unreturned", [frozenset(), frozenset({GoodsState.not_returning})])
async def test_money_alone_waits_for_goods_that_are_sent_already(shop: Any, unreturned: Any) -> None:
    shop.platform.unreturned = unreturned
    await worth_little(shop, a_return(shop.clock.now(), opened_at=shop.clock.now() - timedelta(days=3)))
    (task,) = await asked(shop)
    assert (task.kind, shop.platform.performed) == ("return_received", [])
    await say(shop, task, "received")
    await turn(shop)
    await agree(shop)
    assert [act.operation for act in shop.platform.performed] == ["refund_return"]


async def test_money_alone_waits_for_the_buyer_to_send_what_was_agreed_to_come_back(shop: Any) -> None:
    await worth_little(shop, a_return(shop.clock.now(), goods="to_send_back"))
    after = await shop.read(lambda c: case_of(c, shop.case.id))
    assert (after.state, after.waits_for, await asked(shop)) == ("running", "buyer", [])


def test_where_money_alone_is_an_answer_to_a_return() -> None:
    pays = {each.manifest.platform: each.manifest.refunds_unreturned
            for each in (shopee, xiaohongshu, tiktok_shop, alibaba_1688)}  # fmt: skip
    assert pays == {
        "shopee": {"not_returning", "to_send_back", "sent_back"},
        "tiktok_shop": {"not_returning"},
        "xiaohongshu": frozenset(),
        "alibaba_1688": frozenset(),
    }


def test_which_platforms_tell_that_goods_came_back() -> None:
    tell = [each.manifest.platform for each in (shopee, xiaohongshu, tiktok_shop, alibaba_1688)
            if each.manifest.seen_by(Role.seller).tells_returns_arrive]  # fmt: skip
    assert tell == ["shopee", "xiaohongshu"]

"""A person's yes: asked for once, given by who may, for exactly what was asked, used once, gone when it is too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from gateway.cases.approvals import (
    Role,
    answer,
    approval_of,
    ask,
    expire_due,
    is_high_risk,
    refusal,
    role_of,
    standing,
    use,
    used_before,
    withdraw,
)
from gateway.config import ApprovalSettings
from gateway.errors import Conflict, NotAllowed, NotFound
from gateway.policy.amount import Amount
from gateway.policy.decide import decide
from gateway.policy.decision import Cost, Decision
from gateway.policy.parse import parse_scenario
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Action, Approval
from gateway.storage import audit
from gateway.storage.moments import to_micros
from gateway.storage.schema import approvals, cases
from gateway.work.queue import due

ONE = ApprovalSettings()
TWO = ApprovalSettings(second_person=True)
RISKY = (Approval.high_risk_close,)

SCENARIO = b"""
{"as_of": "2026-03-10T12:00:00+08:00", "store": {"platform": "xiaohongshu", "region": "CN", "currency": "CNY"},
 "order": {"phase": "awaiting_shipment"}, "intent": {"reason": "out_of_stock"}}
"""


@dataclass(frozen=True)
class Case:
    """What an approval takes from its case."""

    id: str = "c1"
    store: str = "s1"
    order_id: str = "o1"


CASE = Case()


def make_decision(
    cost: str = "20.00", currency: str = "CNY", action: Action = Action.close, act_by: Any = None
) -> Decision:
    plain = decide(parse_scenario(SCENARIO.decode(), "scenario.json"), load_rules())
    return plain._replace(action=action, act_by=act_by, cost=Cost(Amount(amount=Decimal(cost), currency=currency)))


PLAIN = make_decision()


@pytest.fixture
def shop(desk: Any) -> Any:
    """A store with a case that waits for a yes."""
    return desk


def put(shop: Any, **other: Any) -> Callable[[Any], Any]:
    """Return the act that asks for a yes to close an order."""
    given: dict[str, Any] = {"decision": PLAIN, "needs": RISKY, "now": shop.clock.now(), "settings": ONE} | other
    return lambda c: ask(c, CASE, "d1", given.pop("decision"), given.pop("needs"), given.pop("now"), **given)


async def say(shop: Any, approval: Any, by: str, *, yes: bool = True, role: Role = Role.lead, because: str = "") -> Any:
    now = shop.clock.now()
    return await shop.database.write(
        lambda c: answer(c, approval.id, by=by, role=role, yes=yes, because=because, now=now)
    )


async def stands(shop: Any, decision: Decision = PLAIN, needs: Any = RISKY) -> bool:
    found = await shop.read(
        lambda c: standing(c, CASE, decision.action, needs, shop.clock.now(), cost=decision.cost.total)
    )
    return found is not None


async def test_a_yes_stands_and_is_used_once(shop: Any) -> None:
    asked = await shop.database.write(put(shop))
    assert not await stands(shop)
    assert (await say(shop, asked, "anna")).state == "granted"
    assert await stands(shop)
    assert (await shop.database.write(lambda c: use(c, asked.id, now=shop.clock.now()))).state == "used"
    assert not await stands(shop)
    with pytest.raises(Conflict, match="it is used"):
        await shop.database.write(lambda c: use(c, asked.id, now=shop.clock.now()))
    entries = await shop.read(lambda c: audit.of_order(c, "s1", "o1"))
    assert [(each.who, each.what) for each in entries] == [
        ("gateway", "approval_asked"), ("anna", "approval_granted"), ("gateway", "approval_used"),
    ]  # fmt: skip


async def test_a_yes_that_was_used_up_covers_a_persons_task_for_the_same_and_nothing_more(shop: Any) -> None:
    async def before(decision: Decision = PLAIN, needs: Any = RISKY) -> bool:
        cost = decision.cost.total
        return await shop.read(lambda c: used_before(c, CASE, decision.action, needs, cost=cost))

    asked = await shop.database.write(put(shop))
    await say(shop, asked, "anna")
    assert not await before(), "granted is not used"
    await shop.database.write(lambda c: use(c, asked.id, now=shop.clock.now()))
    assert await before()
    assert await before(make_decision("19.99"))
    assert not await before(make_decision("20.01"))
    assert not await before(needs=(*RISKY, Approval.unusual_reason))
    assert not await before(make_decision(action=Action.ship))


async def test_a_use_whose_transaction_fails_leaves_the_yes(shop: Any) -> None:
    asked = await shop.database.write(put(shop))
    await say(shop, asked, "anna")

    def commit(c: Any) -> None:
        use(c, asked.id, now=shop.clock.now())
        raise RuntimeError("the effect could not be committed")

    with pytest.raises(RuntimeError):
        await shop.database.write(commit)
    assert await stands(shop)


async def test_what_is_asked_or_granted_is_not_asked_twice(shop: Any) -> None:
    first = await shop.database.write(put(shop))
    assert await shop.database.write(put(shop)) == first
    granted = await say(shop, first, "anna")
    assert await shop.database.write(put(shop, decision=make_decision("19.99"))) == granted, (
        "what costs less is covered"
    )


@pytest.mark.parametrize(
    ("decision", "needs"),
    [
        (make_decision("20.01"), RISKY),
        (make_decision(action=Action.ship), RISKY),
        (PLAIN, (*RISKY, Approval.unusual_reason)),
        (make_decision(currency="MYR"), RISKY),
    ],
    ids=["dearer", "another act", "a further reason", "another currency"],
)
async def test_a_yes_to_something_else_does_not_count_and_is_withdrawn(
    shop: Any, decision: Decision, needs: Any
) -> None:
    first = await shop.database.write(put(shop))
    await say(shop, first, "anna")
    assert not await stands(shop, decision, needs)
    anew = await shop.database.write(put(shop, decision=decision, needs=needs))
    assert (anew.state, anew.id == first.id) == ("asked", False)
    assert (await shop.read(lambda c: approval_of(c, first.id))).state == "withdrawn"
    with pytest.raises(Conflict, match="withdrawn already"):
        await say(shop, first, "ben")


async def test_the_database_itself_refuses_a_second_one_of_a_case(shop: Any) -> None:
    await shop.database.write(put(shop))

    def copy(c: Any) -> None:
        row = dict(c.execute(select(approvals)).mappings().one())
        c.execute(insert(approvals), {**row, "id": "another"})

    with pytest.raises(IntegrityError):
        await shop.database.write(copy)


@pytest.mark.parametrize(
    ("act_by", "expected"),
    [
        (None, timedelta(hours=24)),
        (timedelta(hours=30), timedelta(hours=24)),
        (timedelta(hours=5), timedelta(hours=5)),
        (timedelta(minutes=20), timedelta(hours=1)),
        (timedelta(hours=-2), timedelta(hours=1)),
    ],
)
async def test_it_expires_with_the_time_to_act_within_a_day_and_not_within_an_hour(
    shop: Any, act_by: timedelta | None, expected: timedelta
) -> None:
    now = shop.clock.now()
    decision = make_decision(act_by=None if act_by is None else now + act_by)
    assert (await shop.database.write(put(shop, decision=decision))).expires_at == now + expected


@pytest.mark.parametrize("granted", [False, True])
async def test_past_its_time_it_counts_no_more_and_the_case_goes_on(shop: Any, granted: bool) -> None:
    asked = await shop.database.write(put(shop))
    if granted:
        await say(shop, asked, "anna")
    row = {
        "id": "c1", "store": "s1", "order_id": "o1", "reason": "out_of_stock", "batch_size": 1, "intent": "i1",
        "via": "person", "opened_at": 0, "opened_by": "anna", "state": "running", "stage": "ending", "due_at": None,
        "version": 1, "fence": 0, "path": "", "step": "", "waits_for": "approval", "because": "", "currency": "CNY",
    }  # fmt: skip
    await shop.database.write(lambda c: c.execute(insert(cases), row))
    shop.clock.set(asked.expires_at - timedelta(seconds=1))
    assert await shop.database.write(lambda c: expire_due(c, shop.clock.now())) == []
    assert await stands(shop) is granted
    shop.clock.set(asked.expires_at)
    assert not await stands(shop)
    with pytest.raises(Conflict):
        await say(shop, asked, "ben")
    with pytest.raises(Conflict):
        await shop.database.write(lambda c: use(c, asked.id, now=shop.clock.now()))
    work = await shop.read(lambda c: due(c, shop.clock.now(), 10))
    assert [(each.kind, each.key) for each in work] == [("approval_expiry", asked.id)], "the running gateway sees to it"
    ended = await shop.database.write(lambda c: expire_due(c, shop.clock.now()))
    assert [(each.id, each.state) for each in ended] == [(asked.id, "expired")]
    assert await shop.database.write(lambda c: expire_due(c, shop.clock.now())) == []
    due_at = await shop.read(lambda c: c.execute(select(cases.c.due_at)).scalar_one())
    assert due_at == to_micros(asked.expires_at)


async def test_a_no_is_not_asked_again_until_a_person_lets_the_case_go_on(shop: Any) -> None:
    asked = await shop.database.write(put(shop))
    assert (await say(shop, asked, "anna", yes=False, because="ship it")).state == "refused"
    refused_at = shop.clock.now()

    async def remembered(decision: Decision = PLAIN, needs: Any = RISKY, since: Any = None) -> bool:
        found = await shop.read(
            lambda c: refusal(c, CASE, decision.action, needs, cost=decision.cost.total, since=since)
        )
        return found is not None

    assert await remembered()
    assert await remembered(make_decision("30.00"))
    assert await remembered(needs=(*RISKY, Approval.rate_threshold))
    assert not await remembered(make_decision("10.00")), "cheaper: a new question"
    assert not await remembered(make_decision(action=Action.ship))
    assert await remembered(since=refused_at)
    assert not await remembered(since=refused_at + timedelta(seconds=1))
    with pytest.raises(Conflict, match="refused already, by anna: ship it"):
        await say(shop, asked, "ben")


async def test_two_different_people_must_agree_where_the_configuration_says_so(shop: Any) -> None:
    asked = await shop.database.write(put(shop, settings=TWO))
    assert asked.second_person
    first = await say(shop, asked, "anna")
    assert (first.state, first.first_by) == ("asked", "anna")
    assert not await stands(shop)
    with pytest.raises(Conflict, match="another person's"):
        await say(shop, asked, "anna")
    second = await say(shop, asked, "ben")
    assert (second.state, second.first_by, second.second_by) == ("granted", "anna", "ben")
    assert await stands(shop)


async def test_the_second_may_say_no_and_the_first_may_take_his_yes_back(shop: Any) -> None:
    asked = await shop.database.write(put(shop, settings=TWO))
    await say(shop, asked, "anna")
    assert (await say(shop, asked, "anna", yes=False)).state == "refused"


async def test_what_is_of_no_high_risk_needs_one_person_only(shop: Any) -> None:
    asked = await shop.database.write(put(shop, settings=TWO, needs=(Approval.unusual_reason,)))
    assert (asked.second_person, asked.role) == (False, "operator")
    assert (await say(shop, asked, "anna", role=Role.operator)).state == "granted"


async def test_only_a_lead_may_agree_at_high_risk_and_anybody_may_refuse(shop: Any) -> None:
    asked = await shop.database.write(put(shop))
    assert asked.role == "lead"
    with pytest.raises(NotAllowed, match="only a lead"):
        await say(shop, asked, "otto", role=Role.operator)
    assert (await say(shop, asked, "otto", role=Role.operator, yes=False)).state == "refused"


def test_who_is_a_lead() -> None:
    assert role_of("anybody", ApprovalSettings()) == "lead"
    named = ApprovalSettings(leads=("anna",))
    assert (role_of("anna", named), role_of("otto", named)) == ("lead", "operator")


@pytest.mark.parametrize(
    ("needs", "cost", "currency", "rate", "expected"),
    [
        (("high_risk_close",), "0", "CNY", None, True),
        (("goods_lost",), "0", "CNY", None, True),
        (("unusual_reason",), "500.00", "CNY", None, False),
        (("unusual_reason",), "500.01", "CNY", None, True),
        (("unusual_reason",), "10500", "JPY", None, False),  # 500 CNY at 21
        (("unusual_reason",), "10501", "JPY", None, True),
        (("unusual_reason",), "10501", "JPY", Decimal(22), False),
        (("unusual_reason",), "0.01", "EUR", None, True),  # nobody knows a rate
    ],
)
def test_high_risk(needs: Any, cost: str, currency: str, rate: Decimal | None, expected: bool) -> None:
    amount = Amount(amount=Decimal(cost), currency=currency)
    assert is_high_risk(needs, amount, ApprovalSettings(), rate) is expected


@pytest.mark.parametrize("order", [("anna", "ben"), ("ben", "anna")])
@pytest.mark.parametrize("words", [(True, False), (False, True), (True, True)])
async def test_of_two_people_at_once_one_wins_and_the_other_is_told(
    shop: Any, order: tuple[str, str], words: tuple[bool, bool]
) -> None:
    asked = await shop.database.write(put(shop))
    barrier, answered = asyncio.Barrier(2), asyncio.Event()
    said = dict(zip(("anna", "ben"), words, strict=True))

    async def person(name: str) -> str:
        assert (await shop.read(lambda c: approval_of(c, asked.id))).state == "asked"
        await barrier.wait()
        if name == order[1]:
            await answered.wait()
        try:
            return str((await say(shop, asked, name, yes=said[name])).state)
        except Conflict as error:
            return str(error)
        finally:
            answered.set()

    told = dict(zip(order, await asyncio.gather(*map(person, order)), strict=True))
    won = "granted" if said[order[0]] else "refused"
    assert told[order[0]] == won
    assert f"{won} already, by {order[0]}" in told[order[1]]
    kept = await shop.read(lambda c: approval_of(c, asked.id))
    assert (kept.state, kept.first_by, kept.second_by) == (won, order[0], None)


async def test_it_is_withdrawn_with_the_case(shop: Any) -> None:
    asked = await shop.database.write(put(shop))
    gone = await shop.database.write(lambda c: withdraw(c, "c1", shop.clock.now(), "the buyer cancelled"))
    assert (gone.id, gone.state, gone.because) == (asked.id, "withdrawn", "the buyer cancelled")
    assert await shop.database.write(lambda c: withdraw(c, "c1", shop.clock.now(), "")) is None
    with pytest.raises(NotFound, match="gateway approvals list"):
        await shop.read(lambda c: approval_of(c, "nonsense"))

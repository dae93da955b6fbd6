"""What a person orders by name: judged, recorded, done at most once, dropped when it no longer stands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from gateway.cases.automation_file import parse_automations
from gateway.cases.automations import acts, note_tried, switch
from gateway.cases.commands import Command, Deed
from gateway.cases.effects import EffectState, effects_of, open_effects
from gateway.cases.left_calls import take_over_interrupted
from gateway.errors import Conflict, NeedsApproval, NotAllowed, NotFound, NotSent, OutcomeUnknown, RateLimited, Refused
from gateway.model.after_sale import AfterSale, GoodsState, RequestKind, RequestState
from gateway.model.attested import AttestedFact, FactName
from gateway.model.order import Closure, EndedBy, FulfillmentState
from gateway.model.store import StoreMode
from gateway.operations.automating import Automating
from gateway.orders.attested import attest
from gateway.orders.documents import read_request
from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.parse import parse_scenario
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason
from gateway.ports import Act, Channel, Finding, Happened, Manifest, Offered, Operation, RejectReason
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.storage.schema import after_sales, decisions, intents
from tests.kit.paper import PaperPlatform

SHIP = Command(Deed.ship, "o1", parameters={"way": "dropoff"})
ACCEPT = Command(Deed.accept, "o1", "r1")
REJECT = Command(Deed.reject, "o1", "r1")


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class Shop(PaperPlatform):
    """A paper platform on which a shop can also ship, answer requests and refund."""

    offered: dict[Operation, Offered] | None = None

    @property
    def manifest(self) -> Manifest:
        plain = super().manifest
        more = dict.fromkeys(
            (
                Operation.ship,
                Operation.reject_cancellation,
                Operation.refund_return,
                Operation.open_dispute,
                Operation.offer_solution,
                Operation.accept_offer,
            ),
            Offered.api,
        )
        object.__setattr__(plain, "capabilities", {**plain.capabilities, **more, **(self.offered or {})})
        return plain

    def apply(self, act: Act) -> str:
        self.performed.append(act)
        order = self.orders[act.order_id]
        later = order.updated_at + timedelta(seconds=1)
        if act.operation is Operation.accept_cancellation:
            changed = {"closure": Closure.cancelled, "ended_by": EndedBy.buyer, **_answered(order, RequestState.done)}
        elif act.operation is Operation.reject_cancellation:
            changed = _answered(order, RequestState.refused)
        elif act.operation is Operation.ship:
            changed = {"fulfillment": FulfillmentState.arranged}
        else:
            changed = _answered(order, RequestState.agreed)
        self.orders[act.order_id] = order.model_copy(update={"updated_at": later, **changed})
        return f"ref-{len(self.performed)}"

    async def probe(self, channel: Channel, act: Act) -> Finding:
        order = self.orders[act.order_id]
        happened = order.fulfillment is FulfillmentState.arranged or any(
            each.state is not RequestState.open for each in order.requests
        )
        return Finding(Happened.applied if happened else Happened.not_applied, order.raw_status)

    async def reject_reasons(self, channel: Channel, request_id: str) -> Sequence[RejectReason]:
        return (RejectReason("7", "not so"),)


def _answered(order: Any, state: RequestState) -> dict[str, Any]:
    moment = order.updated_at + timedelta(seconds=1)
    return {"requests": tuple(r.model_copy(update={"state": state, "updated_at": moment}) for r in order.requests)}


@pytest.fixture
def shop(desk: Any) -> Any:
    """A store with enough orders for a rate, and one to ship."""
    desk.platform = Shop()
    now = desk.clock.now()
    for n in range(30):
        desk.platform.put(f"other{n}", now - timedelta(hours=1))
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    return desk


def asks(shop: Any, kind: RequestKind, *, goods: GoodsState = GoodsState.not_returning, **order: Any) -> None:
    """Let the buyer of o1 ask for something an hour ago."""
    now = shop.clock.now()
    request = AfterSale(
        store="s1",
        order_id="o1",
        request_id="r1",
        kind=kind,
        state=RequestState.open,
        goods=goods,
        opened_at=now - timedelta(hours=1),
        updated_at=now - timedelta(hours=1),
        currency="MYR",
    )
    if kind is not RequestKind.cancellation:
        order = {
            "fulfillment": FulfillmentState.delivered,
            "shipped_at": now - timedelta(hours=2),
            "delivered_at": now - timedelta(hours=2),
            **order,
        }
    shop.platform.put("o1", now - timedelta(hours=1), paid_at=now - timedelta(hours=2), requests=(request,), **order)


def dearer(shop: Any) -> None:
    """Let the buyer of o1 ask for 900.00 by now."""
    old = shop.platform.orders["o1"]
    moment = old.updated_at + timedelta(minutes=1)
    changed = tuple(r.model_copy(update={"refund_minor": 90000, "updated_at": moment}) for r in old.requests)
    shop.platform.orders["o1"] = old.model_copy(update={"updated_at": moment, "requests": changed})


async def costs(shop: Any, goods: str, back: str) -> None:
    """Let somebody vouch for what the goods and their way back cost."""
    now = shop.clock.now()

    def tell(c: Any) -> None:
        for name, value in ((FactName.goods_cost, goods), (FactName.return_shipping_cost, back)):
            attest(c, AttestedFact(name=name, value=value, store="s1", order_id="o1", by="anna", at=now))

    await shop.database.write(tell)


async def order(shop: Any, command: Command, *, approved: bool = False) -> Any:
    return await shop.resolver().commands.order("s1", command, by="anna", approved=approved)


async def effects(shop: Any) -> list[Any]:
    return await shop.read(lambda c: effects_of(c, "s1", "o1"))


async def restart(shop: Any) -> None:
    """Come up again as a new process would, and do what is due."""
    await shop.database.write(lambda c: take_over_interrupted(c, shop.clock.now()))
    resolver = shop.resolver()
    for effect in await shop.read(open_effects):
        await resolver.advance(effect.id)


async def kill_before_the_call(shop: Any, command: Command, *, approved: bool = False) -> None:
    resolver = shop.resolver()

    async def die(*_: Any, **__: Any) -> None:
        raise Killed

    resolver._effects.call = die
    with pytest.raises(Killed):
        await resolver.commands.order("s1", command, by="anna", approved=approved)
    assert [e.state for e in await effects(shop)] == [EffectState.committed]


async def test_the_cheapest_lawful_act_needs_no_yes(shop: Any) -> None:
    done = await order(shop, SHIP)
    assert (done.effect.state, done.judgement.path, done.judgement.needs) == (EffectState.confirmed, "fulfil", ())
    assert [(act.operation, act.parameters) for act in shop.platform.performed] == [
        (Operation.ship, {"way": "dropoff"})
    ]


async def test_a_request_is_accepted_at_no_cost(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    done = await order(shop, ACCEPT)
    assert (done.effect.act.operation, done.effect.act.request_id) == (Operation.accept_cancellation, "r1")
    assert (done.judgement.path, done.judgement.cost.total.amount) == ("buyer_cancel", 0)


async def test_a_rejection_shows_what_it_may_cost_and_needs_a_yes(shop: Any) -> None:
    """One cancellation that counts is worth 5 CNY, 3.10 MYR (VALUATION.md); the rules are SHP-18 and SHP-29."""
    asks(shop, RequestKind.cancellation)
    with pytest.raises(NeedsApproval) as asked:
        await order(shop, REJECT)
    assert asked.value.reasons == ("rejection",)
    for word in ("3.10 MYR", "SHP-18", "SHP-29", "accept_request", "--yes"):
        assert word in str(asked.value)
    assert shop.platform.performed == []
    done = await order(shop, REJECT, approved=True)
    assert (done.effect.state, done.effect.act.operation) == (EffectState.confirmed, Operation.reject_cancellation)


async def test_money_before_the_goods_is_against_the_rules_whoever_orders_it(shop: Any) -> None:
    """READING-3, where keeping to the return is the cheaper path; the refused wish is on record."""
    asks(shop, RequestKind.return_refund)
    await costs(shop, "80.00 MYR", "5.00 MYR")
    with pytest.raises(NotAllowed, match="READING-3") as refused:
        await order(shop, ACCEPT, approved=True)
    assert refused.value.citations == ("READING-3",)
    assert shop.platform.performed == []
    assert await effects(shop) == []
    assert [row.reason for row in await shop.read(lambda c: c.execute(select(intents)).all())] == ["accept_request"]


async def test_money_after_the_goods_is_paid(shop: Any) -> None:
    asks(shop, RequestKind.return_refund, goods=GoodsState.received)
    await costs(shop, "80.00 MYR", "5.00 MYR")
    done = await order(shop, ACCEPT)
    assert (done.effect.act.operation, done.judgement.path) == (Operation.refund_return, "return_refund")


async def test_goods_nobody_priced_are_not_given_away_without_a_yes(shop: Any) -> None:
    asks(shop, RequestKind.return_refund)
    with pytest.raises(NeedsApproval, match="facts set goods_cost") as asked:
        await order(shop, ACCEPT)
    assert "goods_cost_unknown" in asked.value.reasons
    assert (await order(shop, ACCEPT, approved=True)).effect.state is EffectState.confirmed


async def test_what_no_rule_prices_needs_a_yes(shop: Any) -> None:
    asks(shop, RequestKind.return_refund)
    for deed, operation in (
        (Deed.offer, Operation.offer_solution),
        (Deed.take_offer, Operation.accept_offer),
        (Deed.reject, Operation.open_dispute),
    ):
        with pytest.raises(NeedsApproval):
            await order(shop, Command(deed, "o1", "r1"))
        asked = await shop.resolver().commands.ask("s1", Command(deed, "o1", "r1"))
        assert (asked.operation, asked.effect, asked.because) == (operation, None, "dry run")
    assert shop.platform.performed == []


async def test_ship_against_an_attested_lack_of_stock_needs_a_yes(shop: Any) -> None:
    now = shop.clock.now()
    gone = AttestedFact(name=FactName.stock_available, value="false", store="s1", order_id="o1", by="anna", at=now)
    await shop.database.write(lambda c: attest(c, gone))
    with pytest.raises(NeedsApproval, match="no_rule_permits_it"):
        await order(shop, SHIP)
    assert (await order(shop, SHIP, approved=True)).effect.state is EffectState.confirmed


async def test_what_makes_no_sense_is_told_unsent(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    with pytest.raises(Conflict, match="gateway accept r1"):
        await order(shop, SHIP)
    await order(shop, ACCEPT)
    shop.clock.advance(timedelta(seconds=5))
    with pytest.raises(Conflict, match="done"):
        await order(shop, REJECT, approved=True)
    with pytest.raises(NotFound, match="r9"):
        await order(shop, Command(Deed.accept, "o1", "r9"))
    with pytest.raises(Conflict, match="not to be shipped"):
        await order(shop, SHIP)
    assert len(shop.platform.performed) == 1


async def test_what_the_platform_does_not_offer_is_said(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    shop.platform.offered = {Operation.reject_cancellation: Offered.none}
    with pytest.raises(Refused, match="Paper has no call"):
        await order(shop, REJECT, approved=True)
    with pytest.raises(Refused, match="tracking number"):
        await order(shop, Command(Deed.set_tracking, "o1", parameters={"tracking_number": "T"}))
    assert shop.platform.performed == []


async def test_what_only_a_person_can_do_is_recorded_as_a_task(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    shop.platform.offered = {Operation.reject_cancellation: Offered.manual}
    done = await order(shop, REJECT, approved=True)
    assert done.effect is None
    assert "console" in done.because
    assert len(await shop.read(lambda c: c.execute(select(decisions)).all())) == 1
    assert shop.platform.performed == []


async def test_a_number_is_set_on_goods_under_way(shop: Any) -> None:
    shop.platform.offered = {Operation.set_tracking: Offered.api}
    command = Command(Deed.set_tracking, "o1", parameters={"tracking_number": "T"})
    with pytest.raises(Conflict, match="no parcel"):
        await order(shop, command)
    now = shop.clock.now()
    shop.platform.put("o1", now, paid_at=now, fulfillment=FulfillmentState.shipped, shipped_at=now)
    assert (await order(shop, command)).effect.act.parameters == {"tracking_number": "T"}


async def test_the_decision_on_record_is_the_policys_own_and_the_chain_verifies(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    await order(shop, REJECT, approved=True)
    (row,) = await shop.read(lambda c: c.execute(select(decisions)).all())
    again = decide(parse_scenario(row.scenario.decode(), "recorded.json"), load_rules())
    assert row.decision == canonical_bytes(again)
    trail = await shop.read(lambda c: audit.of_order(c, "s1", "o1"))
    (note,) = [each for each in trail if each.what == "person_order"]
    assert (note.who, note.details["deed"], note.details["approved"]) == ("anna", "reject_request", "true")
    assert json.loads(note.details["needs"]) == ["rejection"]
    assert note.details["cost"] == "3.10 MYR"
    assert await shop.read(audit.verify) >= 4


async def test_lost_answer_is_settled_by_looking_not_by_calling_again(shop: Any) -> None:
    async def lose_the_answer(act: Act) -> None:
        shop.platform.apply(act)
        raise OutcomeUnknown("the answer was lost")

    shop.platform.on_perform = lose_the_answer
    done = await order(shop, SHIP)
    assert done.effect.state is EffectState.confirmed
    assert "probe" in done.effect.because
    assert len(shop.platform.performed) == 1


async def test_call_that_never_left_is_tried_again_later(shop: Any) -> None:
    async def refuse_connection(act: Act) -> None:
        raise NotSent("connection refused")

    shop.platform.on_perform = refuse_connection
    waiting = await order(shop, SHIP)
    assert (waiting.effect.state, "tried again" in waiting.because) == (EffectState.committed, True)
    shop.platform.on_perform = None
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]


async def test_a_reading_that_fails_afterwards_does_not_undo_the_outcome(shop: Any) -> None:
    def unreadable(ids: Sequence[str]) -> None:
        if shop.platform.performed:
            raise NotSent("connection refused")

    shop.platform.before_fetch = unreadable
    done = await order(shop, SHIP)
    assert (done.effect.state, done.because) == (EffectState.confirmed, "")


@pytest.mark.parametrize("applied", [True, False], ids=["after the platform applied it", "before it arrived"])
async def test_killed_while_calling(shop: Any, applied: bool) -> None:
    asks(shop, RequestKind.cancellation)

    async def die(act: Act) -> None:
        if applied:
            shop.platform.apply(act)
        raise Killed

    shop.platform.on_perform = die
    with pytest.raises(Killed):
        await order(shop, REJECT, approved=True)
    shop.platform.on_perform = None
    await restart(shop)
    shop.clock.advance(timedelta(minutes=3))
    await restart(shop)
    expected = EffectState.confirmed if applied else EffectState.not_applied
    assert [e.state for e in await effects(shop)] == [expected]
    assert len(shop.platform.performed) == (1 if applied else 0), "never called a second time"


async def test_killed_before_the_call_it_is_sent_once_the_facts_still_stand(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    await kill_before_the_call(shop, REJECT, approved=True)
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]
    assert [act.operation for act in shop.platform.performed] == [Operation.reject_cancellation]


async def test_a_request_that_was_withdrawn_meanwhile_is_not_answered(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    await kill_before_the_call(shop, REJECT, approved=True)
    old = shop.platform.orders["o1"]
    shop.platform.orders["o1"] = old.model_copy(
        update={"updated_at": old.updated_at + timedelta(minutes=1), **_answered(old, RequestState.withdrawn)}
    )
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "withdrawn" in effect.because) == (EffectState.not_applied, True)
    assert shop.platform.performed == []


async def test_an_order_that_a_buyer_cancels_meanwhile_is_not_shipped(shop: Any) -> None:
    await kill_before_the_call(shop, SHIP)
    asks(shop, RequestKind.cancellation)
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "asks to cancel" in effect.because) == (EffectState.not_applied, True)


async def test_what_would_need_another_yes_meanwhile_is_dropped(shop: Any) -> None:
    """Ordered as the cheapest path; before it leaves, somebody vouches that the goods are gone."""
    await kill_before_the_call(shop, SHIP)
    gone = AttestedFact(
        name=FactName.stock_available, value="false", store="s1", order_id="o1", by="ben", at=shop.clock.now()
    )
    await shop.database.write(lambda c: attest(c, gone))
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "no_rule_permits_it" in effect.because) == (EffectState.not_applied, True)
    assert shop.platform.performed == []


async def test_another_amount_than_was_agreed_to_is_not_paid(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    await kill_before_the_call(shop, ACCEPT, approved=True)
    dearer(shop)
    await restart(shop)
    (effect,) = await effects(shop)
    assert effect.state is EffectState.not_applied
    assert "the amount has changed before it was sent, from none to 900.00 MYR" in effect.because
    assert shop.platform.performed == []


async def test_what_an_automation_ordered_is_dropped_when_the_amount_has_changed(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)

    async def fail(act: Act) -> None:
        raise NotSent("refused")

    shop.platform.on_perform = fail
    await shop.resolver().commands.order("s1", ACCEPT, by="automation:a")
    shop.platform.on_perform = None
    dearer(shop)
    await restart(shop)
    assert [(e.state, shop.platform.performed) for e in await effects(shop)] == [(EffectState.not_applied, [])]


async def test_what_would_cost_more_than_was_shown_is_dropped(shop: Any) -> None:
    asks(shop, RequestKind.return_refund, goods=GoodsState.received)
    await costs(shop, "80.00 MYR", "5.00 MYR")
    await kill_before_the_call(shop, ACCEPT, approved=True)
    await costs(shop, "80.00 MYR", "6.00 MYR")
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "it would cost more than was shown" in effect.because) == (EffectState.not_applied, True)


async def test_what_would_cost_less_than_was_shown_is_sent(shop: Any) -> None:
    asks(shop, RequestKind.return_refund, goods=GoodsState.received)
    await costs(shop, "80.00 MYR", "5.00 MYR")
    await kill_before_the_call(shop, ACCEPT, approved=True)
    await costs(shop, "80.00 MYR", "4.00 MYR")
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]


@pytest.mark.parametrize("error", [NotSent("refused"), RateLimited("too fast")])
async def test_what_never_left_is_not_sent_once_the_store_asks_first(shop: Any, error: Exception) -> None:
    async def fail(act: Act) -> None:
        raise error

    asks(shop, RequestKind.cancellation)
    shop.platform.on_perform = fail
    await order(shop, ACCEPT)
    shop.platform.on_perform = None
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "store_mode_ask" in effect.because) == (EffectState.not_applied, True)
    assert shop.platform.performed == []


@pytest.mark.parametrize("mode", [StoreMode.act, StoreMode.ask])
async def test_what_a_person_said_yes_to_is_sent_whatever_the_mode_was_then(shop: Any, mode: StoreMode) -> None:
    asks(shop, RequestKind.cancellation)
    await shop.database.write(lambda c: rows.set_mode(c, "s1", mode))
    await kill_before_the_call(shop, ACCEPT, approved=True)
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]


async def test_a_guard_sees_what_was_just_read_and_nothing_is_committed_when_it_objects(shop: Any) -> None:
    asks(shop, RequestKind.cancellation)
    seen: list[int | None] = []

    def dear(c: Any) -> None:
        (found,) = c.execute(select(after_sales.c.document)).scalars()
        seen.append(read_request(found).refund_minor)
        if seen[-1] == 90000:
            raise Conflict("too dear")

    dearer(shop)
    with pytest.raises(Conflict, match="too dear"):
        await shop.resolver().commands.order("s1", ACCEPT, by="anna", guard=dear)
    assert seen == [90000]
    assert (await effects(shop), shop.platform.performed) == ([], [])
    assert await shop.read(lambda c: c.execute(select(intents)).all()) == []


async def test_an_automation_does_not_accept_what_the_platform_tells_above_its_limit(shop: Any) -> None:
    """It was within the limit as it was stored; the whole road is walked."""
    asks(shop, RequestKind.cancellation)
    await shop.resolver().commands.ask("s1", ACCEPT)
    (automation,) = parse_automations(
        "automations:\n  a:\n    when: cancellation_requested\n    stores: [s1]\n    do: accept\n"
        "    limits: {amount_at_most: {MYR: 100}}\n",
        "f",
    )
    now = shop.clock.now()
    await shop.database.write(lambda c: note_tried(c, automation, "mei", now))
    await shop.database.write(lambda c: switch(c, "a", on=True, digest=automation.digest, by="mei", now=now))
    dearer(shop)
    context = SimpleNamespace(database=shop.database, vault=shop.vault, clock=shop.clock, resolver=shop.resolver())
    await Automating(context).answer(automation)  # type: ignore[arg-type]  # the parts of a context that it uses
    assert (await effects(shop), shop.platform.performed) == ([], [])
    assert [(each.result, each.amount_minor) for each in await shop.read(acts)] == [
        ("held_by_limit", 90000), ("begun", 1000),
    ]  # fmt: skip


async def test_what_the_person_agreed_to_stands_after_a_restart(shop: Any) -> None:
    asks(shop, RequestKind.return_refund)
    await kill_before_the_call(shop, ACCEPT, approved=True)
    await restart(shop)
    assert [e.state for e in await effects(shop)] == [EffectState.confirmed]


async def test_what_a_rule_forbids_meanwhile_is_dropped(shop: Any) -> None:
    asks(shop, RequestKind.return_refund)
    await kill_before_the_call(shop, ACCEPT, approved=True)
    await costs(shop, "80.00 MYR", "5.00 MYR")
    await restart(shop)
    (effect,) = await effects(shop)
    assert (effect.state, "READING-3" in effect.because) == (EffectState.not_applied, True)
    assert shop.platform.performed == []


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("other", [REJECT, ACCEPT], ids=["the opposite", "the same"])
async def test_double_click_gives_one_effect_whoever_comes_first(shop: Any, first: int, other: Command) -> None:
    """Both have read and judged before either commits; the gates open in both orders."""
    asks(shop, RequestKind.cancellation)
    gates = [asyncio.Event(), asyncio.Event()]
    arrived = [asyncio.Event(), asyncio.Event()]

    async def one(number: int, command: Command) -> Any:
        commands = shop.resolver().commands
        look = commands._look

        async def look_and_wait(*arguments: Any) -> Any:
            found = await look(*arguments)
            arrived[number].set()
            await gates[number].wait()
            return found

        commands._look = look_and_wait
        return await commands.order("s1", command, by="anna", approved=True)

    tasks = [asyncio.ensure_future(one(0, ACCEPT)), asyncio.ensure_future(one(1, other))]
    await asyncio.gather(*(each.wait() for each in arrived))
    gates[first].set()
    await asyncio.wait({tasks[first]})
    gates[1 - first].set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[first].effect.state is EffectState.confirmed
    assert isinstance(results[1 - first], Conflict)
    assert len(shop.platform.performed) == 1


async def test_an_order_is_not_shipped_and_ended_at_once(shop: Any) -> None:
    await kill_before_the_call(shop, SHIP)
    with pytest.raises(Conflict):
        await shop.resolver().resolve("s1", "o1", Reason.out_of_stock, by="ben", approved=True)


async def test_mode_observe_refuses_before_anything_is_committed(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.observe))
    with pytest.raises(NotAllowed, match="observe"):
        await order(shop, SHIP, approved=True)
    assert await effects(shop) == []


async def test_mode_ask_needs_a_yes(shop: Any) -> None:
    await shop.database.write(lambda c: rows.set_mode(c, "s1", StoreMode.ask))
    with pytest.raises(NeedsApproval) as asked:
        await order(shop, SHIP)
    assert asked.value.reasons == ("store_mode_ask",)
    assert (await order(shop, SHIP, approved=True)).effect.state is EffectState.confirmed


@pytest.mark.parametrize("where", ["", "s1"])
async def test_the_brake_refuses_before_anything_is_committed(shop: Any, where: str) -> None:
    await shop.database.write(lambda c: rows.set_stop(c, where, True, "ben", shop.clock.now()))
    with pytest.raises(NotAllowed, match="resume"):
        await order(shop, SHIP, approved=True)
    assert await effects(shop) == []
    await shop.database.write(lambda c: rows.set_stop(c, where, False, "ben", shop.clock.now()))
    assert (await order(shop, SHIP)).effect.state is EffectState.confirmed


async def test_reasons_come_from_the_platform_that_tells_them(shop: Any) -> None:
    asks(shop, RequestKind.return_refund)
    assert [each.reason_id for each in await shop.resolver().commands.reasons("s1", "r1")] == ["7"]
    assert await shop.resolver().commands.shipping_choices("s1", "o1", None) is None


async def test_no_word_of_a_deed_is_a_reason() -> None:
    assert {deed.value for deed in Deed}.isdisjoint({reason.value for reason in Reason})

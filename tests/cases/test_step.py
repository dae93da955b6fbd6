"""The next step of a case, pure: from decisions that the real rules make."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.cases.case import Case, CaseState, Stage, WaitsFor
from gateway.cases.effects import Effect, EffectState
from gateway.cases.ending import Standing
from gateway.cases.facts import Question
from gateway.cases.found import Found
from gateway.cases.step import asked_first, needs_of, step_of
from gateway.cases.tasks import Task, TaskKind, TaskState
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import EndedBy, Phase
from gateway.model.store import Role, StoreMode
from gateway.orders.store import StoredOrder
from gateway.policy.decide import decide
from gateway.policy.parse import parse_scenario
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Action, Performer
from gateway.ports import Act, Offered, Operation
from tests.kit.paper import make_order

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
RULES = load_rules()
BY_API = {Operation.seller_close, Operation.accept_cancellation, Operation.send_message, Operation.request_refund}


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat(timespec="seconds")


def found(platform: str = "xiaohongshu", reason: str = "out_of_stock", **more: Any) -> Found:
    """Return what a case finds: a paid order of ten hours ago that waits for shipment."""
    region, currency = {"xiaohongshu": ("CN", "CNY"), "shopee": ("MY", "MYR"), "tiktok_shop": ("JP", "JPY")}.get(
        platform, ("CN", "CNY")
    )
    order = {"phase": "awaiting_shipment", "placed_at": at(-10), "paid_at": at(-10), "stock_available": False}
    order |= more.pop("order", {})
    store = {"platform": platform, "region": region, "currency": currency, "role": more.pop("role", "seller")}
    store["health"] = more.pop("health", {"orders_in_window": 1000})
    as_of = more.pop("as_of", at(0))
    ended = more.pop("ended_by", None)
    can_cancel = more.pop("can_cancel", None)
    requests = more.pop("requests", ())
    defaulted = more.pop("defaulted", ())
    asked = {"as_of": as_of, "store": store, "order": order, "intent": {"reason": reason}, **more}
    scenario = parse_scenario(json.dumps(asked), "case.json")
    made = make_order(
        "o1", NOW - timedelta(hours=10), currency=currency, ended_by=ended, can_cancel=can_cancel, requests=requests
    )
    stored = StoredOrder(made, Phase(order["phase"]), 1, NOW, NOW - timedelta(hours=1), {})
    return Found(stored, Question(scenario, (), defaulted), decide(scenario, RULES))


def manifest(*by_api: Operation) -> Any:
    offered = set(by_api) if by_api else BY_API
    offers = lambda each, role=None: Offered.api if each in offered else Offered.manual  # noqa: E731 - one line says it
    return SimpleNamespace(offers=offers, tells_returns_arrive=False)


def case(**more: Any) -> Case:
    plain: dict[str, Any] = {
        "id": "c1", "store": "s1", "order_id": "o1", "reason": "out_of_stock", "batch_size": 1, "intent": "i1",
        "via": "person", "cause": None, "opened_at": NOW - timedelta(hours=3), "opened_by": "anna",
        "state": CaseState.running, "stage": Stage.ending, "due_at": NOW, "version": 1, "fence": 1, "path": "none",
        "step": "", "waits_for": WaitsFor.nothing, "because": "", "decision": "d0", "cost_minor": None,
        "currency": "CNY", "act_by": None, "outcome": None, "settled_at": None,
    }  # fmt: skip
    return Case(**(plain | more))


def standing(**more: Any) -> Standing:
    plain = {
        "case": case(),
        "now": NOW,
        "mode": StoreMode.act,
        "role": Role.seller,
        "stopped": False,
        "since": NOW - timedelta(hours=3),
    }
    return Standing(**(plain | more))


def task(kind: TaskKind, state: TaskState, done_at: datetime | None = None, subject: str = "o1") -> Task:
    opened = NOW - timedelta(hours=2)
    return Task("t1", "c1", "s1", "o1", kind, subject, {}, state, opened, None, "anna", done_at, "", False)


def effect(state: EffectState, act: Act, changed_at: datetime = NOW) -> Effect:
    return Effect("e1", "i1", "d0", "s1", act, state, "", "no", 1, NOW, changed_at)


READY = {"evidence": ["chat", "problem", "order_detail"], "contact": {
    "messages": [{"at": at(-9), "language": "zh-CN", "purpose": "explain"}], "reply": "consents", "replied_at": at(-26),
}}  # fmt: skip


def test_the_first_message_on_a_platform_without_chat_api_is_a_persons() -> None:
    step = step_of(found(), manifest(Operation.list_orders), standing())
    assert (step.kind, step.purpose) == ("task", "offer_cancel")
    assert step.tasks == ((TaskKind.send_message, "o1:offer_cancel"),)
    assert step.waits_for == "person"


def message_by_api() -> Found:
    """Return an offer to cancel, were there a chat API."""
    return replace(found(), decision=found().decision._replace(performed_by=Performer.gateway))


def test_a_message_by_api_is_ours() -> None:
    step = step_of(message_by_api(), manifest(), standing())
    assert (step.kind, step.purpose) == ("message", "offer_cancel")
    assert needs_of(message_by_api(), manifest(), StoreMode.act) == ()
    assert needs_of(message_by_api(), manifest(), StoreMode.ask) == ("store_mode_ask",)
    assert step_of(message_by_api(), manifest(), standing(stopped=True)).forbidden


def test_a_message_is_never_sent_twice_though_it_is_not_on_record() -> None:
    question = message_by_api()
    act = Act(Operation.send_message, "o1", "k", parameters={"purpose": "offer_cancel"})
    step = step_of(question, manifest(), standing(effects=[effect(EffectState.confirmed, act)]))
    assert (step.kind, "sent twice" in step.because) == ("person", True)


def test_evidence_of_the_order_itself_is_the_gateways_the_rest_a_persons() -> None:
    told = READY["contact"] | {"replied_at": at(-25)}
    before = found(contact=told, order={"placed_at": at(-40), "paid_at": at(-40), "ship_by": at(20)})
    assert before.decision.action == "collect_evidence"
    assert step_of(before, manifest(), standing()).kind == "sheet"
    after = found(contact=told, evidence=["order_detail"], order={"placed_at": at(-40), "paid_at": at(-40)})
    step = step_of(after, manifest(), standing())
    assert step.kind == "task"
    assert [subject for _, subject in step.tasks] == ["o1:chat", "o1:problem"]


def close_by_a_person() -> Found:
    told = READY["contact"] | {"replied_at": at(-25)}
    question = found(contact=told, evidence=READY["evidence"], order={"placed_at": at(-40), "paid_at": at(-40)})
    assert (question.decision.action, question.decision.performed_by) == ("close", "person")
    return question


def test_a_close_in_the_console_needs_a_yes_first_and_then_is_a_task() -> None:
    question, where = close_by_a_person(), manifest(Operation.list_orders)
    needs = needs_of(question, where, StoreMode.ask)
    assert needs == ("high_risk_close",), "the store's mode is about what the gateway would send"
    step = step_of(question, where, standing())
    assert asked_first(question, standing(), step, needs).kind == "approval"
    agreed = asked_first(question, standing(agreed=True), step, needs)
    assert (agreed.kind, agreed.tasks) == ("task", ((TaskKind.close, "o1"),))
    refused = asked_first(question, standing(refused_by="ben"), step, needs)
    assert (refused.kind, "ben said no" in refused.because) == ("person", True)


def test_what_a_person_did_is_waited_for_before_it_is_asked_anew() -> None:
    question, where = close_by_a_person(), manifest(Operation.list_orders)
    done = NOW - timedelta(minutes=10)
    step = step_of(question, where, standing(tasks=[task(TaskKind.close, TaskState.done, done)]))
    assert (step.kind, step.waits_for, step.due_at) == ("wait", "platform", done + timedelta(minutes=30))
    done = NOW - timedelta(minutes=31)
    later = standing(tasks=[task(TaskKind.close, TaskState.done, done)])
    step = step_of(question, where, later)
    assert (step.kind, step.anew) == ("task", done)
    agreed = replace(later, agreed_before=True)
    assert asked_first(question, agreed, step, ("high_risk_close",)).kind == "task", "it was agreed to before"


@pytest.mark.parametrize("state", list(TaskState))
def test_a_task_that_stood_before_a_yes_was_needed_is_no_yes(state: TaskState) -> None:
    question, where = close_by_a_person(), manifest(Operation.list_orders)
    done = NOW - timedelta(minutes=31) if state is TaskState.done else None
    before = standing(tasks=[task(TaskKind.close, state, done)])
    step = step_of(question, where, before)
    assert asked_first(question, before, step, ("high_risk_close",)).kind == "approval"


def test_waits_look_a_second_after_the_bound() -> None:
    wait = found(contact=READY["contact"] | {"reply": "none", "replied_at": None})
    decision = wait.decision._replace(
        action=Action.wait, performed_by=Performer.buyer, not_before=NOW + timedelta(hours=3)
    )
    step = step_of(replace(wait, decision=decision), manifest(), standing())
    assert (step.waits_for, step.due_at) == ("buyer", NOW + timedelta(hours=3, seconds=1))
    near = replace(wait, decision=decision._replace(not_before=NOW + timedelta(seconds=10)))
    assert step_of(near, manifest(), standing()).due_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize("minutes", [0, 1, 600])
def test_consent_without_a_time_never_makes_it_spin(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    told = {"reply": "consents", "replied_at": None, "messages": READY["contact"]["messages"]}
    question = found(contact=told, as_of=now.isoformat(), order={"placed_at": at(-10), "ship_by": at(30)})
    step = step_of(question, manifest(), standing(now=now))
    assert (question.decision.action, step.kind) == ("wait", "wait")
    assert step.due_at - now >= timedelta(minutes=1)
    if question.decision.act_by is not None and question.decision.act_by > now + timedelta(hours=6):
        assert step.due_at == now + timedelta(hours=6)


def close_by_api(**more: Any) -> Found:
    question = found("shopee", **more)
    assert question.decision.action == "close"
    return question


def test_a_close_by_api_and_what_holds_it_back() -> None:
    question, where = close_by_api(), manifest()
    step = step_of(question, where, standing())
    assert (step.kind, step.act.operation, step.act.reason) == ("call", "seller_close", "OUT_OF_STOCK")
    assert needs_of(question, where, StoreMode.act) == ()
    assert needs_of(question, where, StoreMode.ask) == ("store_mode_ask",)
    observed = step_of(question, where, standing(mode=StoreMode.observe))
    assert (observed.kind, observed.waits_for, observed.forbidden) == ("wait", "person", True)
    stopped = step_of(question, where, standing(stopped=True))
    assert (stopped.waits_for, stopped.due_at) == ("time", NOW + timedelta(minutes=5))


def test_the_platforms_own_word_against_a_close_is_a_persons_to_look_at() -> None:
    step = step_of(close_by_api(can_cancel=False), manifest(), standing())
    assert (step.kind, "platform says" in step.because) == ("person", True)


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        ([], "call"),
        ([EffectState.not_applied], "call"),
        ([EffectState.not_applied] * 2, "call"),
        ([EffectState.not_applied] * 3, "person"),
        ([EffectState.refused], "person"),
    ],
)
def test_what_came_to_nothing_is_not_tried_for_ever(states: list[EffectState], kind: str) -> None:
    question = close_by_api()
    act = step_of(question, manifest(), standing()).act
    tried = [effect(state, act) for state in states]
    assert step_of(question, manifest(), standing(effects=tried)).kind == kind
    after = standing(effects=tried, since=NOW + timedelta(seconds=1))
    assert step_of(question, manifest(), after).kind == "call", "a person let it go on"


def test_a_refusal_counts_less_once_the_facts_have_changed() -> None:
    question = close_by_api()
    act = step_of(question, manifest(), standing()).act
    refused = effect(EffectState.refused, act, NOW - timedelta(hours=2))
    assert step_of(question, manifest(), standing(effects=[refused])).kind == "call"


CLOSE = Act(Operation.seller_close, "o1", "k")


@pytest.mark.parametrize(
    ("by", "more", "outcome"),
    [
        (EndedBy.seller, {"effects": [effect(EffectState.confirmed, CLOSE)]}, "ended"),
        (EndedBy.seller, {"effects": [effect(EffectState.not_applied, CLOSE)]}, "ended_elsewhere"),
        (EndedBy.seller, {}, "ended_elsewhere"),
        (EndedBy.seller, {"tasks": [task(TaskKind.close, TaskState.open)]}, "ended"),
        (EndedBy.seller, {"tasks": [task(TaskKind.close, TaskState.cancelled)]}, "ended_elsewhere"),
        (EndedBy.buyer, {"tasks": [task(TaskKind.close, TaskState.open)]}, "ended_elsewhere"),
        (EndedBy.unknown, {"tasks": [task(TaskKind.close, TaskState.done, NOW)]}, "ended"),
        (EndedBy.platform, {}, "ended_elsewhere"),
        (EndedBy.platform, {"case": case(waits_for=WaitsFor.platform)}, "ended"),
        (EndedBy.seller, {"case": case(decision=None)}, "nothing_to_do"),
    ],
)
def test_whose_doing_an_end_was(by: EndedBy, more: dict[str, Any], outcome: str) -> None:
    ended = found("shopee", order={"phase": "cancelled"}, ended_by=by)
    step = step_of(ended, manifest(), standing(**more))
    assert (step.kind, step.outcome) == ("settle", outcome)


def test_the_buyer_whom_we_invited_ended_it_for_us() -> None:
    invited = {"messages": [{"at": at(-9), "language": "zh-CN", "purpose": "offer_cancel"}]}
    ended = found(order={"phase": "cancelled"}, ended_by=EndedBy.buyer, contact=invited)
    assert step_of(ended, manifest(), standing()).outcome == "ended"


def test_an_order_that_was_shipped_after_all_is_fulfilled() -> None:
    left = found("shopee", reason="price_error", order={"phase": "in_transit", "shipped_at": at(-1)})
    assert step_of(left, manifest(), standing(case=case(step="ship"))).outcome == "fulfilled"
    assert step_of(left, manifest(), standing()).kind != "settle"


def test_a_case_in_a_persons_hands_decides_nothing() -> None:
    step = step_of(close_by_api(), manifest(), standing(case=case(step="handed_over", because="I call")))
    assert (step.kind, step.waits_for, step.due_at, step.because) == ("wait", "person", None, "I call")


def test_who_has_just_looked_is_not_asked_again_at_once() -> None:
    question = close_by_api(can_cancel=False)
    looked = NOW - timedelta(hours=1)
    step = step_of(question, manifest(), standing(tasks=[task(TaskKind.ask_person, TaskState.done, looked)]))
    assert (step.kind, step.tasks, step.due_at) == ("person", (), looked + timedelta(hours=6))


def test_goods_of_unknown_worth_are_not_given_away_without_a_yes() -> None:
    asked = AfterSale(
        store="s1", order_id="o1", request_id="r1", kind=RequestKind.return_refund, state=RequestState.open,
        opened_at=NOW - timedelta(hours=1), updated_at=NOW - timedelta(hours=1), currency="MYR",
    )  # fmt: skip
    order = {
        "phase": "delivered", "shipped_at": at(-9), "delivered_at": at(-5), "stock_available": True,
        "return_shipping_cost": {"amount": "6.00", "currency": "MYR"},
        "request": {"kind": "return_refund", "reason": None, "opened_at": at(-1), "answer_by": at(40)},
    }  # fmt: skip
    only = Operation.refund_return  # as on Shopee
    where: Any = SimpleNamespace(
        offers=lambda each, role=None: Offered.api if each is only else Offered.none,
        refunds_unreturned={asked.goods},
        tells_returns_arrive=True,
    )
    known = found("shopee", "changed_mind", order=order, requests=(asked,))
    assert (known.decision.path, needs_of(known, where, StoreMode.act)) == ("refund", ())
    unknown = found("shopee", "changed_mind", order=order, requests=(asked,), defaulted=("goods_cost",))
    assert needs_of(unknown, where, StoreMode.act) == ("goods_cost_unknown",)
    step = step_of(unknown, where, standing())
    assert asked_first(unknown, standing(), step, needs_of(unknown, where, StoreMode.act)).kind == "approval"

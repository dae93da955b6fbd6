"""Automations: off until tried and switched on, once for each happening, within their limits, by the rules' road."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from gateway.cases.automation_file import Do, When, parse_automations
from gateway.cases.automation_happenings import rewound
from gateway.cases.automations import Result, acts
from gateway.cases.buyers import BuyerMark, mark_buyer
from gateway.cases.case import open_case, open_case_of
from gateway.cases.effects import EffectState, Recorded, commit, record_decision, record_intent
from gateway.cases.notices import Level, tell
from gateway.cases.stock import OWN, StockLine, StockSource, keep_level
from gateway.cases.tasks import TaskKind, tasks_open
from gateway.errors import ConfigurationError, Conflict, GatewayError, NeedsApproval, NotFound, Unavailable
from gateway.marked_yaml import MarkedError
from gateway.model.order import FulfillmentState, PaymentState
from gateway.model.store import StoreMode
from gateway.operations.automating import EVERY, Automating
from gateway.operations.automations import (
    check_automations,
    disable_automation,
    enable_automation,
    list_automations,
    try_automations,
)
from gateway.ports import Act, Operation
from gateway.storage import stores
from gateway.storage.lane import CommitUnknown
from gateway.storage.schema import effects
from tests.kit.office import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ACCEPT = "automations:\n  yes-sir:\n    when: cancellation_requested\n    stores: [blue]\n    do: accept\n"
SHORT = "automations:\n  short:\n    when: supplier_shortage\n    stores: [blue]\n    do: {open_case: out_of_stock}\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("automations: [x]", 1, "keys and values are expected"),
        ("automation: {}", 1, "automation: no such key; there are automations"),
        ("automations:\n  A B: {}", 2, "A B: a name is of small letters"),
        ("automations:\n  a:\n    when: cancellation_requested\n    do: accept", 3, "a.stores: is missing"),
        (ACCEPT + "    enabled: true", 6, "yes-sir.enabled: .* run `gateway automations enable yes-sir`"),
        (ACCEPT.replace("cancellation_requested", "full_moon"), 3, "full_moon is none of cancellation_requested"),
        (ACCEPT.replace("accept", "dance"), 5, "dance is none of accept, open_case"),
        (ACCEPT.replace("accept", "open_case"), 5, "open_case needs more"),
        (ACCEPT.replace("[blue]", "[]"), 4, "name each store it is for"),
        (ACCEPT.replace("cancellation_requested", "stock_zero"), 5, "accept answers a request; stock_zero is none"),
        (ACCEPT + "    if: {before_shipment: perhaps}", 6, "yes-sir.if.before_shipment: write yes or no"),
        (ACCEPT + "    if: {amount_at_most: {MYR: lots}}", 6, "if.amount_at_most.MYR: write a currency and an amount"),
        (ACCEPT + "    if: {reasons: [boredom]}", 6, "boredom is none of late_shipment"),
        (SHORT + "    if: {reasons: [damaged]}", 6, "only a buyer's request has one"),
        (ACCEPT + "    limits: {per_hour: 0}", 6, "limits.per_hour: write a whole number from 1 to 1000"),
        (ACCEPT + "    limits: {per_week: 3}", 6, "limits.per_week: no such key"),
        (SHORT.replace("out_of_stock", "moody"), 5, "moody is none of out_of_stock"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(text: str, line: int, problem: str) -> None:
    with pytest.raises(MarkedError, match=problem) as caught:
        parse_automations(text, "automations.yaml")
    assert str(caught.value).startswith(f"automations.yaml, line {line}: ")


def test_a_file_says_what_it_says() -> None:
    conditions = '{before_shipment: yes, amount_at_most: {MYR: "99.50"}, reasons: [damaged]}'
    text = f"{ACCEPT}    if: {conditions}\n    limits: {{per_hour: 2}}\n"
    (found,) = parse_automations(text, "f")
    assert (found.name, found.when, found.stores, found.do) == (
        "yes-sir",
        When.cancellation_requested,
        ("blue",),
        Do.accept,
    )
    assert found.conditions.amount_at_most == {"MYR": Decimal("99.50")}
    assert (found.limits.per_hour, found.limits.per_day) == (2, 50)
    (same,) = parse_automations(text.replace("{per_hour: 2}", "{per_hour: 2}   # few"), "f")
    (other,) = parse_automations(text.replace("per_hour: 2", "per_hour: 3"), "f")
    assert found.digest == same.digest != other.digest
    assert parse_automations("automations:\n", "f") == []


def _write(office, text: str) -> None:
    office.context.folder.automations.write_text(text)


@pytest.fixture
def put(office):
    """Write the file, try it on history, and switch its automations on."""

    async def written(text: str, *, on: bool = True) -> Automating:
        _write(office, text)
        if on:
            run = await try_automations(office.context, NOON - 30 * DAY, by="mei")
            for name in run.tried:
                await enable_automation(office.context, name, by="mei")
        return Automating(office.context)

    return written


@pytest.fixture
def ordered(office, monkeypatch):
    """What automations ordered of the road, which answers as ``office.memory['road']`` says.

    ``office.memory['meanwhile']`` stores what the road finds as it reads the order anew.
    """
    asked: list[tuple[str, str, str]] = []

    async def order(store: str, command: Any, *, by: str, approved: bool = False, guard: Any = None) -> Any:
        assert approved is False, "an automation never says yes by itself"
        if "meanwhile" in office.memory:
            await office.memory["meanwhile"]()
        if guard is not None:
            await office.write(guard)
        asked.append((store, str(command.request_id), by))
        fault = office.memory.get("road")
        if isinstance(fault, Exception):
            raise fault
        state = office.memory.get("state", EffectState.confirmed)
        return SimpleNamespace(effect=SimpleNamespace(state=state, because="so it is"), because="")

    monkeypatch.setattr(
        type(office.context.resolver.commands), "order", lambda self, *args, **named: order(*args, **named)
    )
    return asked


async def _results(office) -> list[tuple[str, Result]]:
    return [(each.subject, each.result) for each in reversed(await office.read(acts))]


async def test_nothing_happens_until_it_is_tried_and_switched_on(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT, on=False)
    assert await automating.take() == NOON + EVERY
    with pytest.raises(Conflict, match="was not tried on history"):
        await enable_automation(office.context, "yes-sir", by="mei")
    run = await try_automations(office.context, NOON - DAY, by="mei")
    assert run.counts == {"yes-sir": {"done": 1}}
    await automating.take()
    assert ordered == []
    assert [each.state for each in await list_automations(office.context)] == ["off"]
    assert (await enable_automation(office.context, "yes-sir", by="mei")).enabled is True
    await automating.take()
    assert ordered == [("blue", "r1", "automation:yes-sir")]
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.done)]
    await automating.take()
    assert len(ordered) == 1, "once"
    assert [(each.state, each.acted_today) for each in await list_automations(office.context)] == [("on", 1)]


async def test_another_text_is_off_until_it_is_tried_anew(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    _write(office, ACCEPT + "    limits: {per_hour: 1}\n")
    await automating.take()
    assert ordered == []
    assert [each.state for each in await list_automations(office.context)] == ["changed"]
    with pytest.raises(Conflict, match="has changed since it was tried"):
        await enable_automation(office.context, "yes-sir", by="mei")
    await try_automations(office.context, NOON - DAY, by="mei")
    assert [each.state for each in await list_automations(office.context)] == ["off"]
    await enable_automation(office.context, "yes-sir", by="mei")
    await disable_automation(office.context, "yes-sir", by="mei")
    with pytest.raises(Conflict, match="off already"):
        await disable_automation(office.context, "yes-sir", by="mei")
    await automating.take()
    assert ordered == []


async def test_conditions_leave_the_rest_to_people(office, put, ordered) -> None:
    buyer = {"buyer_id": "b-1", "name": "x"}
    await office.put("blue", "A")
    await office.put("blue", "shipped", fulfillment="shipped", shipped_at=NOON)
    await office.put("blue", "dear", total_minor=20000)
    await office.put("blue", "marked", buyer=buyer)
    await office.put("red", "elsewhere")
    vault = office.context.vault
    await office.write(lambda c: mark_buyer(c, vault, ("blue", "marked"), BuyerMark.malicious, by="mei", now=NOON))
    for number in ("A", "shipped", "marked"):
        await office.ask("blue", number, f"r-{number}")
    await office.ask("blue", "dear", "r-dear", refund_minor=20000)
    await office.ask("blue", "A", "r-other", reason="not_received")
    await office.ask("red", "elsewhere", "r-elsewhere")
    conditions = "{before_shipment: yes, amount_at_most: {MYR: 100}, reasons: [changed_mind], buyer_not_marked: yes}"
    automating = await put(f"{ACCEPT}    if: {conditions}\n")
    await automating.take()
    assert [request for _, request, _ in ordered] == ["r-A"]


async def test_above_a_limit_a_person_decides(office, put, ordered) -> None:
    automating = await put(ACCEPT + "    limits: {per_hour: 2, per_day: 3, amount_at_most: {MYR: 100}}\n")

    async def asked(name: str, **facts: Any) -> None:
        await office.put("blue", name)
        await office.ask("blue", name, f"r-{name}", **facts)
        await automating.take()

    await asked("dear", refund_minor=10001)
    assert ordered == []
    for name in ("a", "b", "c"):
        await asked(name)
    assert [request for _, request, _ in ordered] == ["r-a", "r-b"]
    office.later(hours=1)
    await asked("d")
    assert len(ordered) == 3, "another hour; what was held is not taken up again"
    office.later(hours=1)
    await asked("e")
    assert len(ordered) == 3, "three a day"
    held = [subject for subject, result in await _results(office) if result is Result.held_by_limit]
    assert held == ["r-dear", "r-c", "r-e"]
    assert await office.kinds() == ["automation_held"] * 3
    tasks = await office.read(lambda c: tasks_open(c, kind=TaskKind.ask_person))
    assert sorted(each.order_id for each in tasks) == ["c", "dear", "e"]
    told = {each.order_id: each.details["because"] for each in await office.notices()}
    assert "TTJ-21" in told["c"]
    assert "within a day" in told["e"]
    assert "above its limit" in told["dear"]


@pytest.mark.parametrize("mode", [StoreMode.observe, StoreMode.ask])
async def test_it_can_do_no_more_than_the_stores_mode_lets(office, put, ordered, mode) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    await office.write(lambda c: stores.set_mode(c, "blue", mode))
    await automating.take()
    assert ordered == []
    await office.write(lambda c: stores.set_mode(c, "blue", StoreMode.act))
    await office.write(lambda c: stores.set_stop(c, "blue", True, "mei", NOON))
    await automating.take()
    assert ordered == []
    await office.write(lambda c: stores.set_stop(c, "blue", False, "mei", NOON))
    await automating.take()
    assert len(ordered) == 1


async def test_what_the_rules_refuse_is_told_and_not_tried_again(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    office.memory["road"] = NeedsApproval("To accept it needs a person's yes (not_the_cheapest).")
    await automating.take()
    await automating.take()
    assert len(ordered) == 1
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.refused)]
    assert await office.kinds() == ["automation_refused"]


_CAREFUL = (
    "    if: {before_shipment: yes, amount_at_most: {MYR: 100}, reasons: [changed_mind], buyer_not_marked: yes}\n"
)


@pytest.mark.parametrize(
    ("asked", "sold", "because"),
    [
        ({"refund_minor": 90000}, {}, "the amount is higher"),
        ({"reason": "not_received"}, {}, "the buyer's reason is not_received"),
        ({}, {"fulfillment": "shipped", "shipped_at": NOON}, "it is not before shipment"),
        ({"kind": "refund"}, {}, "not what this automation answers"),
        ({"state": "withdrawn"}, {}, "not what this automation answers"),
    ],
    ids=["the amount", "the reason", "the phase", "the kind", "the state"],
)
async def test_what_meets_the_conditions_no_more_when_it_is_read_anew_is_not_accepted(
    office, put, ordered, asked, sold, because
) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT + _CAREFUL)

    async def changed() -> None:
        office.later(seconds=1)
        await office.put("blue", "A", **sold)
        await office.ask("blue", "A", "r1", **asked)

    office.memory["meanwhile"] = changed
    await automating.take()
    await automating.take()
    assert ordered == []
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.refused)]
    (told,) = await office.notices()
    assert (told.kind, because in told.details["because"]) == ("automation_refused", True)


async def test_a_buyer_who_was_marked_meanwhile_is_not_accepted(office, put, ordered) -> None:
    await office.put("blue", "A", buyer={"buyer_id": "b-1", "name": "x"})
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT + _CAREFUL)
    vault = office.context.vault
    office.memory["meanwhile"] = lambda: office.write(
        lambda c: mark_buyer(c, vault, ("blue", "A"), BuyerMark.malicious, by="mei", now=NOON)
    )
    await automating.take()
    assert ordered == []
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.refused)]


async def test_what_is_above_a_limit_when_it_is_read_anew_is_a_persons(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT + "    limits: {per_hour: 1, amount_at_most: {MYR: 100}}\n")

    async def dearer() -> None:
        office.later(seconds=1)
        await office.ask("blue", "A", "r1", refund_minor=90000)

    office.memory["meanwhile"] = dearer
    await automating.take()
    await automating.take()
    assert ordered == []
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.held_by_limit)]
    assert [each.amount_minor for each in await office.read(acts)] == [90000, 5000], "each as it was read"
    assert await office.kinds() == ["automation_held"]
    (task,) = await office.read(lambda c: tasks_open(c, kind=TaskKind.ask_person))
    assert "above its limit" in task.details["explanation"]


async def test_what_changed_and_is_still_meant_is_accepted(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT + _CAREFUL + "    limits: {per_hour: 1, amount_at_most: {MYR: 100}}\n")

    async def dearer() -> None:
        office.later(seconds=1)
        await office.ask("blue", "A", "r1", refund_minor=9900)

    office.memory["meanwhile"] = dearer
    await automating.take()
    assert len(ordered) == 1
    assert [(each.result, each.amount_minor) for each in await office.read(acts)] == [
        (Result.done, 9900), (Result.begun, 5000),
    ]  # fmt: skip


async def test_a_platform_that_does_not_answer_is_asked_again_later(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    office.memory["road"] = Unavailable("no answer")
    await automating.take()
    assert await _results(office) == [("r1", Result.begun)]
    office.memory["road"] = None
    await automating.take()
    assert len(ordered) == 2
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.done)], "it counts once against the limits"


async def test_after_a_kill_what_was_sent_is_not_sent_again(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)

    def died(c: Any) -> None:
        """Leave what a gateway leaves that died between the call and the noting."""
        intent = record_intent(c, "blue", "A", "accept_request", "automation:yes-sir", NOON)
        decision = record_decision(c, intent, "blue", "A", Recorded("r", b"{}", b"{}"), NOON)
        act = Act(Operation.accept_cancellation, "A", "blue:r1:accept", request_id="r1")
        commit(c, intent=intent, decision=decision, store="blue", act=act, known=(), now=NOON, due_at=NOON)

    office.memory["road"] = Unavailable("killed")
    await automating.take()
    await office.write(died)
    await automating.take()
    assert len(ordered) == 1
    assert await _results(office) == [("r1", Result.begun)], "it has not left yet"
    await _became(office, EffectState.confirmed)
    await automating.take()
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.done)]


async def _became(office, state: EffectState) -> None:
    values = {"state": state, "because": "the amount has changed before it was sent"}
    await office.write(lambda c: c.execute(update(effects).values(**values)))


@pytest.mark.parametrize("state", [EffectState.refused, EffectState.not_applied])
async def test_what_came_to_nothing_is_told_and_not_noted_as_done(office, put, ordered, state) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    office.memory["state"] = state
    await automating.take()
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.refused)]
    (told,) = await office.notices()
    assert (told.kind, told.details["because"]) == ("automation_refused", "so it is")
    await automating.take()
    assert len(ordered) == 1


def _commit_acceptance(c: Any) -> None:
    """Commit what the automation would have sent."""
    intent = record_intent(c, "blue", "A", "accept_request", "automation:yes-sir", NOON)
    decision = record_decision(c, intent, "blue", "A", Recorded("r", b"{}", b"{}"), NOON)
    act = Act(Operation.accept_cancellation, "A", "blue:r1:accept", request_id="r1")
    commit(c, intent=intent, decision=decision, store="blue", act=act, known=(), now=NOON, due_at=NOON)


@pytest.mark.parametrize(
    ("state", "result"), [(EffectState.confirmed, Result.done), (EffectState.not_applied, Result.refused)]
)
async def test_a_lost_answer_is_noted_once_it_is_known_though_the_request_waits_no_more(
    office, put, ordered, state, result
) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)

    office.memory["meanwhile"] = lambda: office.write(_commit_acceptance)
    office.memory["state"] = EffectState.unknown
    await automating.take()
    assert await _results(office) == [("r1", Result.begun)]
    await _became(office, EffectState.unknown)
    office.later(minutes=1)
    await office.ask("blue", "A", "r1", state="done")
    await automating.take()
    assert await _results(office) == [("r1", Result.begun)], "nobody knows yet"
    await _became(office, state)
    await automating.take()
    await automating.take()
    assert await _results(office) == [("r1", Result.begun), ("r1", result)]
    assert await office.kinds() == (["automation_refused"] if result is Result.refused else [])
    assert len(ordered) == 1


@pytest.mark.parametrize("error", [CommitUnknown("the connection broke"), GatewayError("a fault after the commit")])
async def test_what_may_have_been_sent_is_not_told_as_refused(office, put, ordered, error) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)

    office.memory["meanwhile"] = lambda: office.write(_commit_acceptance)
    office.memory["road"] = error
    await automating.take()
    assert await _results(office) == [("r1", Result.begun)]
    await _became(office, EffectState.confirmed)
    await automating.take()
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.done)]


async def test_a_request_that_was_begun_and_taken_back_is_closed_without_a_word(office, put, ordered) -> None:
    await office.put("blue", "A")
    await office.ask("blue", "A", "r1")
    automating = await put(ACCEPT)
    office.memory["road"] = Unavailable("no answer")
    await automating.take()
    office.later(minutes=1)
    await office.ask("blue", "A", "r1", state="withdrawn")
    await automating.take()
    assert await _results(office) == [("r1", Result.begun), ("r1", Result.refused)]
    assert await office.kinds() == []


async def _supplier_has(office, units: int) -> None:
    now = office.clock.now()
    level = StockLine("blue", "CUP", "b2b-1", units, StockSource.csv, "mei", now, low=False)
    await office.write(lambda c: keep_level(c, level, line=20))


async def test_a_suppliers_shortage_opens_a_case_for_each_order_that_lacks_goods(office, put) -> None:
    await office.put("blue", "A")
    await office.put("blue", "gone", fulfillment="shipped", shipped_at=NOON)
    await office.put("blue", "other", lines=[{"line_id": "1", "product_id": "p", "sku": "LID", "quantity": 1}])
    automating = await put(SHORT)
    await automating.take()
    assert await _results(office) == []
    await _supplier_has(office, 0)
    await automating.take()
    await automating.take()
    case = await office.read(lambda c: open_case_of(c, "blue", "A"))
    assert (case.reason, case.via, case.opened_by) == ("out_of_stock", "automation", "automation:short")
    assert await _results(office) == [("A:CUP", Result.begun), ("A:CUP", Result.done)]


async def test_a_case_for_another_reason_stands(office, put) -> None:
    await office.put("blue", "A")
    await office.write(lambda c: open_case(c, store="blue", order_id="A", reason="price_error", by="mei", now=NOON))
    automating = await put(SHORT)
    await _supplier_has(office, 0)
    await automating.take()
    assert await _results(office) == [("A:CUP", Result.begun), ("A:CUP", Result.refused)]
    refused = next(each for each in await office.notices() if each.kind == "automation_refused")
    assert "price_error" in refused.details["because"]


async def test_tasks_and_notices_are_made_too(office, put) -> None:
    text = (
        "automations:\n"
        "  empty:\n    when: stock_zero\n    stores: [blue]\n    do: {task: Look in the other stockroom.}\n"
        "  lacking:\n    when: purchase_closed\n    stores: [blue]\n    do: tell\n"
        "  bad:\n    when: quality_refund_requested\n    stores: [blue]\n    do: {task: Call the buyer.}\n"
    )
    for number in ("A", "B"):
        await office.put("blue", number)
    automating = await put(text)
    level = StockLine("blue", "CUP", OWN, 0, StockSource.person, "mei", NOON, low=False)
    await office.write(lambda c: keep_level(c, level, line=20))
    told = {"purchase": "P1", "bought_by": "ali", "units": 1, "ship_by": None}
    await office.write(
        lambda c: tell(
            c, key="k", kind="supply_ended", store="blue", order_id="A", level=Level.urgent, details=told, now=NOON
        )
    )
    await office.ask("blue", "A", "r-broken", kind="refund", reason="defective")
    await office.ask("blue", "B", "r-mood", kind="refund", reason="changed_mind")
    await automating.take()
    await automating.take()
    done = sorted(subject for subject, result in await _results(office) if result is Result.done)
    assert done == ["A:CUP", "A:P1", "B:CUP", "r-broken"]
    words = {
        each.details["explanation"] for each in await office.read(lambda c: tasks_open(c, kind=TaskKind.ask_person))
    }
    assert words == {"Look in the other stockroom.", "Call the buyer."}
    assert (await office.kinds()).count("automation_told") == 1


async def test_a_dry_run_plays_the_past_through_with_limits_and_costs(office, put) -> None:
    for number in range(4):
        ended = {"closure": "cancelled", "ended_by": "buyer", "ended_at": NOON}
        placed = NOON - 5 * HOUR
        await office.put("blue", f"{number}", placed_at=placed, paid_at=placed, **ended)
        opened = NOON - timedelta(minutes=180 - 15 * number)
        times = {"opened_at": opened, "updated_at": NOON, "state": "done", "refund": "refunded"}
        await office.ask("blue", f"{number}", f"r{number}", **times)
    await office.put("blue", "late", shipped_at=NOON - 4 * HOUR, paid_at=NOON - 5 * HOUR, fulfillment="shipped")
    await office.ask("blue", "late", "r-late", opened_at=NOON - HOUR, state="refused")
    await office.put("blue", "old")
    await office.ask("blue", "old", "r-old", opened_at=NOON - 10 * DAY)
    await put(ACCEPT + "    if: {before_shipment: yes}\n    limits: {per_hour: 3}\n", on=False)
    run = await try_automations(office.context, NOON - DAY, automation="yes-sir", by="mei")
    assert [(each.subject, each.result) for each in run.acts] == [
        ("r0", Result.done), ("r1", Result.done), ("r2", Result.done), ("r3", Result.held_by_limit),
    ]  # fmt: skip
    assert run.acts[0].cost == "0.00 MYR", "the goods are here: accepting costs nothing"
    assert run.counts == {"yes-sir": {"done": 3, "held_by_limit": 1}}
    assert run.not_meant == {"yes-sir": 1}
    assert run.costs == {"yes-sir": {"MYR": "0.00"}}
    assert await office.read(acts) == [], "nothing was done"
    assert await office.kinds() == []
    with pytest.raises(NotFound, match="names no automation nobody"):
        await try_automations(office.context, NOON - DAY, automation="nobody", by="mei")


async def test_a_dry_run_of_shortages_reads_what_was_told_at_that_time(office, put) -> None:
    await office.put("blue", "A")
    await _supplier_has(office, 0)
    office.later(hours=2)
    await _supplier_has(office, 40)
    await put(SHORT, on=False)
    run = await try_automations(office.context, NOON - DAY, by="mei")
    assert [(each.order_id, each.act, each.result, each.at) for each in run.acts] == [
        ("A", "open_case", Result.done, NOON)
    ]
    assert run.acts[0].cost.endswith(" MYR")
    later = await try_automations(office.context, NOON + HOUR, by="mei")
    assert later.acts == []


async def test_an_order_is_told_as_it_stood(office) -> None:
    order = office.order(
        "blue", "A", closure="completed", fulfillment="delivered", paid_at=NOON, shipped_at=NOON + DAY,
        delivered_at=NOON + 2 * DAY, ended_at=NOON + 3 * DAY,
    )  # fmt: skip
    stood = [rewound(order, NOON + span).fulfillment for span in (-HOUR, HOUR, DAY, 2 * DAY)]
    assert stood == [
        FulfillmentState.not_due, FulfillmentState.to_ship, FulfillmentState.shipped, FulfillmentState.delivered,
    ]  # fmt: skip
    early = rewound(order, NOON - HOUR)
    assert (early.payment, early.paid_at, early.closure.value) == (PaymentState.unpaid, None, "open")


async def test_stores_must_be_there_and_a_broken_file_does_nothing(office, put, ordered) -> None:
    await put(ACCEPT.replace("blue", "nowhere"), on=False)
    with pytest.raises(ConfigurationError, match=r"line 2: yes-sir.stores: there is no store nowhere; there are ali"):
        await check_automations(office.context)
    automating = await put("automations: [", on=False)
    assert await automating.take() == NOON + EVERY
    assert ordered == []

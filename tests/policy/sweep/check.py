"""What is asked of every decision in the sweep. Each check returns sentences about what is wrong; none means right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes, decision_object
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import Scenario
from tests.policy.second.evaluate import evaluate

Object = dict[str, Any]

PATHS = ("buyer_cancel", "seller_close", "refund", "return_refund", "fulfil", "wait")
ACTIONS = {
    "accept_request", "close", "refund", "approve_return", "refund_returned", "request_refund", "ship", "send_message",
    "wait", "intercept_parcel", "collect_evidence", "contact_support", "open_dispute", "ask_person", "none",
}  # fmt: skip
PERFORMERS = {"gateway", "person", "buyer", "platform"}
# The steps of the contact procedure: the pages fix when something of it is missing, not by which of these names.
OF_CONTACT = {"message", "second_message", "third_message", "message_gap", "announced_time", "time", "contact"}
CITATION = re.compile(r"(XHS|1688|SHP|TTJ)-\d\d+|[CASTX]\d+|READING-[A-Z0-9]+|no_rule_permits")


@lru_cache(maxsize=100_000)
def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def instant(text: str | None) -> int | None:
    return None if text is None else second(text)


def judged(scenario: Object, rules: RuleSet) -> Object:
    return decision_object(decide(Scenario.model_validate(scenario), rules))


def check(scenario: Object, rules: RuleSet, *, thorough: bool = False) -> list[str]:
    """Return what is wrong with the decision; ``thorough`` adds the checks that need further decisions."""
    decision = judged(scenario, rules)
    wrong = [*well_formed(decision), *cheapest(decision), *differences(decision, evaluate(scenario))]
    if thorough:
        wrong += [*reproducible(scenario, rules), *monotone(scenario, decision, rules)]
    return wrong


def well_formed(decision: Object) -> Iterator[str]:
    """One decision, six options, everything cited, nothing open on a path that is not allowed."""
    options = decision["options"]
    if sorted(o["path"] for o in options) != sorted(PATHS):
        yield "the options are not the six paths, each once"
    if decision["action"] not in ACTIONS or decision["performed_by"] not in PERFORMERS:
        yield "an action or a performer outside the vocabulary"
    for option in options:
        if not option["allowed"] and (option["cost"] or option["earliest"] or option["ready"]):
            yield f"{option['path']} is not allowed, yet has a cost, is ready or has an earliest"
    cited = [option["because"] for option in options] + [refusal["because"] for refusal in decision["refused"]]
    for because in [*cited, decision["because"]]:
        if not because or not all(CITATION.fullmatch(rule) for rule in because):
            yield f"cited by {because}"
    if decision["action"] != "none" and decision["steps"][0]["action"] != decision["action"]:
        yield "the first step is not the action"


def cheapest(decision: Object) -> Iterator[str]:
    """No forbidden path is chosen, and none that is allowed costs less."""
    allowed = [option for option in decision["options"] if option["allowed"]]
    if not allowed:
        if decision["path"] != "none":
            yield "a path is chosen that is not allowed"
        return
    if decision["path"] != allowed[0]["path"] or decision["cost"] != allowed[0]["cost"]:
        yield "the choice is not the first of the allowed options"
    totals = [float(option["cost"]["total"]["amount"]) for option in allowed]
    if totals != sorted(totals):
        yield f"the allowed options are not in the order of their costs: {totals}"
    if decision["options"][: len(allowed)] != allowed:
        yield "an option that is not allowed stands before one that is"


def differences(decision: Object, expected: Object) -> Iterator[str]:
    """Where the decision differs from what the second evaluator reads in the pages."""
    for key in ("path", "action", "performed_by", "native_reason", "approval"):
        if decision[key] != expected[key] and not (key == "performed_by" and expected[key] is None):
            yield f"{key}: {decision[key]!r}, by the pages {expected[key]!r}"
    for key in ("not_before", "act_by"):
        if instant(decision[key]) != instant(expected[key]):
            yield f"{key}: {decision[key]}, by the pages {expected[key]}"
    if decision["action"] == "send_message" and decision["steps"][0]["purpose"] != expected["purpose"]:
        yield f"purpose: {decision['steps'][0]['purpose']}, by the pages {expected['purpose']}"
    if [refusal["what"] for refusal in sorted(decision["refused"], key=lambda r: r["what"])] != expected["refused"]:
        yield f"refused: {[r['what'] for r in decision['refused']]}, by the pages {expected['refused']}"
    if [o["path"] for o in decision["options"]] != [o["path"] for o in expected["options"]]:
        yield f"order of options: {decision['options']}"
    by_path = {option["path"]: option for option in expected["options"]}
    for option in decision["options"]:
        yield from option_differences(option, by_path[option["path"]])


def option_differences(option: Object, expected: Object) -> Iterator[str]:
    path = option["path"]
    for key in ("allowed", "ready"):
        if option[key] != expected[key]:
            yield f"{path} {key}: {option[key]}, by the pages {expected[key]}"
    if not (option["allowed"] and expected["allowed"]):
        return
    if instant(option["earliest"]) != instant(expected["earliest"]):
        yield f"{path} earliest: {option['earliest']}, by the pages {expected['earliest']}"
    if priced(option["cost"]) != priced(expected["cost"]):
        yield f"{path} cost: {priced(option['cost'])}, by the pages {priced(expected['cost'])}"
    here, there = set(option["missing"]), set(expected["missing"])
    if here - OF_CONTACT != there - OF_CONTACT or bool(here & OF_CONTACT) != bool(there & OF_CONTACT):
        yield f"{path} missing: {option['missing']}, by the pages {expected['missing']}"


def priced(cost: Object) -> tuple[str, list[tuple[str, str, str]]]:
    """Return the total and the items that are not zero, in their order."""
    items = [(item["kind"], item["quantity"], item["amount"]["amount"]) for item in cost["items"]]
    return cost["total"]["amount"], [item for item in items if item[2].strip("0.")]


def reproducible(scenario: Object, rules: RuleSet) -> Iterator[str]:
    """Equal scenarios give equal bytes."""
    one, other = (
        canonical_bytes(decide(Scenario.model_validate(given), rules)) for given in (scenario, deepcopy(scenario))
    )
    if one != other:
        yield "the same scenario was decided in other bytes"


def monotone(scenario: Object, decision: Object, rules: RuleSet) -> Iterator[str]:
    """More evidence, consent for silence, more quota or a later deadline make nothing dearer or a person's matter."""
    if decision["action"] == "ask_person" or uncertain(decision):
        return
    for what, better in improved(scenario):
        after = judged(better, rules)
        if after["action"] == "ask_person":
            yield f"{what} made it a person's matter"
        elif amount(after) > amount(decision):
            yield f"{what} made it dearer: {amount(decision)} to {amount(after)}"


def uncertain(decision: Object) -> bool:
    """Tell whether a close that the buyer may still refuse is chosen.

    VALUATION.md prices the refusal at `fallback_none`; where closing costs more than that, not knowing the answer is
    cheaper than knowing it, so the fifth principle cannot hold there (README of the second evaluator, open places).
    """
    kinds = {item["kind"] for item in decision["cost"]["items"]}
    return decision["path"] in ("seller_close", "wait") and "fallback_none" in kinds


def amount(decision: Object) -> float:
    return float(decision["cost"]["total"]["amount"])


def improved(scenario: Object) -> Iterator[tuple[str, Object]]:
    given = {
        **scenario,
        "evidence": ["agreement", "chat", "order_detail", "parcel", "problem"],
        "support_ticket": "T-9",
    }
    yield "more evidence", given
    health, contact = scenario["store"]["health"], scenario["contact"]
    if health.get("closes_this_month"):
        fewer = {**health, "closes_this_month": health["closes_this_month"] - 1}
        yield "more quota", {**scenario, "store": {**scenario["store"], "health": fewer}}
    if contact["reply"] == "none" and scenario["intent"]["reason"] != "buyer_unreachable":
        consent = {**contact, "reply": "consents", "replied_at": scenario["as_of"]}
        yield "consent", {**scenario, "contact": consent}
    yield from later(scenario)


def later(scenario: Object) -> Iterator[tuple[str, Object]]:
    """Yield the scenario with each deadline that has not passed a day later."""
    order, now = scenario["order"], second(scenario["as_of"])
    for name in ("ship_by", "auto_cancel_at"):
        if order[name] is not None and second(order[name]) >= now:
            yield f"a later {name}", {**scenario, "order": {**order, name: a_day_after(order[name])}}
    request = order.get("request")
    if request and request["answer_by"] is not None and second(request["answer_by"]) >= now:
        asked = {**request, "answer_by": a_day_after(request["answer_by"])}
        yield "a later answer_by", {**scenario, "order": {**order, "request": asked}}


def a_day_after(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(days=1)).isoformat()

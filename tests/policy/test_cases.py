"""Every case file decided as it says, and every rule fact held by cases on both sides of its edge.

A case file gives a ``base`` scenario and cases that change it. Texts like ``03-10 12:00`` are instants of 2026 in the
file's ``offset``, texts like ``12.50 CNY`` are money. ``vary`` repeats a case for each value of one field.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.fact import Line, Window
from gateway.policy.rule_set import DatedValue, RuleSet, load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.terms import Reason

FOLDER = Path(__file__).parent / "cases"
RULES = load_rules()
INSTANT = re.compile(r"(?:(\d{4})-)?(\d\d-\d\d) (\d\d:\d\d)(:\d\d)?")
MONEY = re.compile(r"(\d+(?:\.\d+)?) ([A-Z]{3})")
SIMPLE = ("path", "action", "performed_by", "not_before", "act_by", "native_reason", "approval")
EXPECTED = {*SIMPLE, "total", "items", "cites", "says", "steps", "refused", "allowed", "options"}
OPTION_FIELDS = {"allowed", "ready", "earliest", "missing", "total", "cites"}


@dataclass(frozen=True)
class Case:
    name: str
    facts: tuple[str, ...]
    scenario: Scenario
    expect: dict[str, Any]


def merged(base: Any, change: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    whole = {**base, **change}
    return {key: merged(base[key], value) if key in base and key in change else value for key, value in whole.items()}


def spelt_out(value: Any, offset: str) -> Any:
    if isinstance(value, dict):
        return {key: spelt_out(each, offset) for key, each in value.items()}
    if isinstance(value, list):
        return [spelt_out(each, offset) for each in value]
    if isinstance(value, str) and (found := INSTANT.fullmatch(value)):
        year, day, minute, second = found.groups()
        return f"{year or 2026}-{day}T{minute}{second or ':00'}{offset}"
    if isinstance(value, str) and (found := MONEY.fullmatch(value)):
        return {"amount": found[1], "currency": found[2]}
    return value


def cases_of(file: Path) -> list[Case]:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = []
    for number, case in enumerate(document["cases"], start=1):
        assert case.keys() <= {"name", "facts", "given", "vary", "expect"}, f"{file.name}: {case}"
        ((field, values),) = case.get("vary", {"": [None]}).items()
        for value in values:
            given = merged(document["base"], case.get("given", {}))
            expect = case["expect"]
            name = f"{file.parent.name}/{file.stem} {number}: {case['name']}"
            if field:
                *parents, last = field.split(".")
                change: Any = {last: value}
                for parent in reversed(parents):
                    change = {parent: change}
                given, name = merged(given, change), f"{name} [{value}]"
            offset = document["offset"]
            scenario = Scenario.model_validate(spelt_out(given, offset))
            assert expect.keys() <= EXPECTED, name
            found.append(Case(name, tuple(case["facts"]), scenario, spelt_out(expect, offset)))
    return found


CASES = [case for file in sorted(FOLDER.rglob("*.yaml")) for case in cases_of(file)]


def total(cost: dict[str, Any] | None) -> str | None:
    return None if cost is None else f"{cost['total']['amount']} {cost['total']['currency']}"


def disagreements(case: Case, rules: RuleSet) -> dict[str, Any]:
    """Return what the decision says where the case expects something else."""
    answer = json.loads(canonical_bytes(decide(case.scenario, rules)))
    options = {each["path"]: each for each in answer["options"]}
    said: dict[str, Any] = {key: answer[key] for key in SIMPLE} | {
        "total": answer["cost"]["total"],
        "items": [
            " ".join([each["kind"], each["quantity"], each["amount"]["amount"], each["rule"] or "-"])
            for each in answer["cost"]["items"]
        ],
        "refused": [each["what"] for each in answer["refused"]],
        "allowed": [each["path"] for each in answer["options"] if each["allowed"]],
        "steps": [
            " ".join(str(step[key]) for key in ("action", "purpose", "at", "until", "if") if key in step)
            for step in answer["steps"]
        ],
    }
    wrong = {}
    for key, value in case.expect.items():
        if key == "cites":
            if not set(value) <= set(answer["because"]):
                wrong[key] = answer["because"]
        elif key == "says":
            if value not in answer["explanation"]:
                wrong[key] = answer["explanation"]
        elif key == "options":
            wrong |= {path: options[path] for path, fields in value.items() if not _agrees(options[path], fields)}
        elif said[key] != value:
            wrong[key] = said[key]
    return wrong


def _agrees(option: dict[str, Any], fields: dict[str, Any]) -> bool:
    assert fields.keys() <= OPTION_FIELDS, fields
    for key, value in fields.items():
        if key == "cites":
            if not set(value) <= set(option["because"]):
                return False
        elif (option["cost"] and option["cost"]["total"] if key == "total" else option[key]) != value:
            return False
    return True


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_case_is_decided_as_it_says(case):
    assert disagreements(case, RULES) == {}


# the lint: every fact has cases, and they notice when its value changes


WITHOUT_A_WORD = "unwilling buyer_unreachable system_error not_delivered quality_problem changed_mind force_majeure"
CANNOT_MATTER = {
    # no word of the platform, no close
    "shopee.seller_close.uncounted_reasons": f"price_error malicious_order {WITHOUT_A_WORD}",
    "tiktok_shop.seller_close.uncounted_reasons": WITHOUT_A_WORD,
    "tiktok_shop.seller_close.unusual_reasons": WITHOUT_A_WORD,
    # lawful for a batch at any time
    "xiaohongshu.batch.reasons_in_free_window": "system_error",
    # false as soon as the buyer answered at all
    "xiaohongshu.consent.reasons": "buyer_unreachable",
    # listed reasons come first
    "xiaohongshu.consent.unusual_reasons": "malicious_order out_of_stock stock_damaged buyer_asked system_error "
    "buyer_unreachable",
    # false without the buyer's word, and never refused with it
    "xiaohongshu.free_window.wish_reasons": "buyer_asked buyer_unreachable",
    "xiaohongshu.silence.reasons": "buyer_asked",
    # enough without approval, or false
    "xiaohongshu.silence.reasons_with_approval": "malicious_order buyer_unreachable system_error buyer_asked",
    # shipped for no such reason
    "xiaohongshu.fulfil.gift_reasons": "stock_damaged malicious_order buyer_unreachable system_error buyer_asked "
    "undeliverable_area not_delivered quality_problem changed_mind",
}
"""Reasons that make no difference in a list, because another rule decides before it is read."""


def other_values(fact: str, value: Any) -> list[Any]:
    """Return the nearest other values a fact might have had."""
    second = timedelta(seconds=1)
    match value:
        case int():  # and bool, which is one
            return [not value] if isinstance(value, bool) else [value - 1, value + 1][value == 0 :]
        case Window(length, inclusive):
            return [
                Window(length, not inclusive),
                Window(length + second, inclusive),
                Window(length - second, inclusive),
            ]
        case Line(percent, inclusive):
            return [Line(percent, not inclusive), Line(percent + 1, inclusive), Line(percent - 1, inclusive)]
        case frozenset():
            return [value - {word} for word in value] + _with_one_more(fact, value)
        case tuple() | dict():
            items = _items(value)
            return [type(value)(each for each in items if each is not gone) for gone in items]
    return [value + 1]


def _items(value: tuple[Any, ...] | dict[Any, Any]) -> list[Any]:
    return list(value.items() if isinstance(value, dict) else value)


def _with_one_more(fact: str, value: frozenset[Any]) -> list[Any]:
    idle = CANNOT_MATTER.get(fact, "").split()
    if not value <= set(Reason):
        return []
    return [value | {reason} for reason in Reason if reason not in value and reason not in idle]


def with_value(fact: str, dated: DatedValue, value: Any) -> RuleSet:
    history = RULES.facts[fact]
    values = tuple(replace(each, value=value) if each is dated else each for each in history.values)
    return replace(RULES, facts={**RULES.facts, fact: replace(history, values=values)})


@cache
def cases_by_fact() -> dict[str, list[Case]]:
    by_fact: dict[str, list[Case]] = {}
    for case in CASES:
        for fact in case.facts:
            by_fact.setdefault(fact, []).append(case)
    return by_fact


NOT_DECIDED_HERE = {
    "shopee.rate.window_days": "read where the store's counts are made",
    "xiaohongshu.rate.window_days": "read where the store's counts are made: tests/ledger",
    "xiaohongshu.score.points_without_contact": "booked for closes found by sync: tests/ledger",
    "shopee.request.rejection_may_count": "prices a rejection, which no decision chooses: tests of rejecting",
}


@pytest.mark.parametrize("fact", sorted(RULES.facts.keys() - NOT_DECIDED_HERE.keys()))
def test_a_fact_has_cases_on_both_sides_of_its_edge(fact):
    cases = cases_by_fact().get(fact, [])
    assert len(cases) >= 2, "write a case on each side of its edge"
    for dated in RULES.facts[fact].values:
        unnoticed = [
            value
            for value in other_values(fact, dated.value)
            if not any(disagreements(case, with_value(fact, dated, value)) for case in cases)
        ]
        assert unnoticed == [], "no case of this fact notices these values"


def test_cases_name_facts_that_exist():
    assert cases_by_fact().keys() <= RULES.facts.keys()

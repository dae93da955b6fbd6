"""Rule data with one thing changed: a date, a border, a number, a word. Checked through cases and sweep alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from gateway.model.order import Phase
from gateway.policy.decide import decide
from gateway.policy.decision import decision_object
from gateway.policy.rule_set import DatedValue, History, RuleSet, load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.terms import EvidenceKind
from tests.policy import test_cases as cases
from tests.policy.second.evaluate import evaluate
from tests.policy.second.facts import IN_FORCE, zone_of
from tests.policy.sweep import alibaba_1688, shopee, tiktok_shop, xiaohongshu
from tests.policy.sweep.check import cheapest, differences, well_formed
from tests.policy.sweep.space import DAY, Space

RULES = load_rules()
SPACES = {
    "xiaohongshu": xiaohongshu.SPACES,
    "shopee": shopee.SPACES,
    "tiktok_shop": tiktok_shop.SPACES,
    "alibaba_1688": alibaba_1688.SPACES,
}
TOPICS = sorted({name.rpartition(".")[0] for name in RULES.facts})
NOT_DECIDED = cases.NOT_DECIDED_HERE  # read elsewhere than in a decision
BEFORE_SHIPMENT = frozenset({Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection})
FEW, MANY = 250, 1200  # scenarios drawn from each space: at first, and for what these leave alive


@dataclass(frozen=True)
class Mutant:
    key: str
    what: str
    rules: RuleSet
    early: bool = False  # noticed, if at all, on the first day in force or the day before


def mutants(topic: str) -> Iterator[Mutant]:
    """Yield the rule set with each fact of a topic changed in each way."""
    for name, history in RULES.facts.items():
        if name.rpartition(".")[0] != topic or name in NOT_DECIDED:
            continue
        for dated in history.values:
            for value in other_values(name, dated.value):
                yield Mutant(name, f"{dated.value!r} -> {value!r}", with_dated(history, dated, value=value))
            if dated.value is False:
                continue  # what is not known is not allowed either: default deny says the same
            yield Mutant(
                name, "in force a day later", with_dated(history, dated, in_force=dated.in_force + DAY), early=True
            )
            yield Mutant(
                name, "published a day later", with_dated(history, dated, published=dated.published + DAY), early=True
            )


def whole_platform_early(platform: str) -> Iterator[Mutant]:
    """Yield the rule set with all rules of a platform a day too early: one alone permits nothing."""
    for field in ("in_force", "published"):
        facts = dict(RULES.facts)
        for name, history in facts.items():
            if name.startswith((platform, "shared")):
                other = "published" if field == "in_force" else "in_force"
                values = tuple(
                    replace(each, **{field: getattr(each, field) - DAY, other: getattr(each, other) - 2 * DAY})
                    for each in history.values
                )
                facts[name] = replace(history, values=values)
        yield Mutant(platform, f"all {field} a day earlier", replace(RULES, facts=facts), early=True)


def other_values(name: str, value: Any) -> list[Any]:
    """Return the nearest other values; lists of phases and of evidence also with one word more.

    Of the phases only those before shipment: every other phase is answered before a list of phases is read, and on
    Xiaohongshu `on_hold` is too, while `awaiting_collection` counts as on its way.
    """
    found = cases.other_values(name, value)
    phases = frozenset() if name.startswith("xiaohongshu") else BEFORE_SHIPMENT
    for words in (phases, frozenset(EvidenceKind)):
        if isinstance(value, frozenset) and value <= words:
            found += [value | {word} for word in words - value]
    return found


def with_dated(history: History, dated: DatedValue, **changes: Any) -> RuleSet:
    values = tuple(replace(each, **changes) if each is dated else each for each in history.values)
    return replace(RULES, facts={**RULES.facts, history.name: replace(history, values=values)})


def noticed(mutant: Mutant) -> bool:
    """Tell whether a case or a scenario of the sweep notices the change."""
    if not mutant.early and any(
        not_as_written(case, mutant.rules) for case in cases.cases_by_fact().get(mutant.key, [])
    ):
        return True
    folder = mutant.key.partition(".")[0]
    for platform in SPACES if folder == "shared" else (folder,):
        for drawn in (FEW, MANY):
            if any(decided_otherwise(*each, mutant.rules) for each in battery(platform, drawn, early=mutant.early)):
                return True
    return False


def not_as_written(case: Any, rules: RuleSet) -> bool:
    return bool(cases.disagreements(case, rules))


def decided_otherwise(scenario: Scenario, expected: dict[str, Any], rules: RuleSet) -> bool:
    decision = decision_object(decide(scenario, rules))
    wrongs = (well_formed(decision), cheapest(decision), differences(decision, expected))
    return any(wrong for each in wrongs for wrong in each)


@cache
def battery(platform: str, drawn: int, *, early: bool) -> list[tuple[Scenario, dict[str, Any]]]:
    """Return scenarios with the expected decision; early: moved to the first day in force and the day before."""
    found = []
    for space in SPACES[platform]:
        for scenario in draw(space, drawn):
            moved = [around_the_first_day(scenario, days) for days in (0, -1)] if early else [scenario]
            found += [(Scenario.model_validate(each), evaluate(each)) for each in moved]
    random.Random(1).shuffle(found)
    return found


def draw(space: Space, drawn: int) -> Iterator[dict]:
    for index in random.Random(drawn).sample(range(space.size), min(drawn, space.size)):
        yield space.scenario(index)


def around_the_first_day(scenario: dict, days: int) -> dict:
    """Return the scenario moved by whole days, so that it is asked on the first day in force or ``days`` off."""
    store = scenario["store"]
    today = datetime.fromisoformat(scenario["as_of"]).astimezone(zone_of(store)).date()
    delta = date(*IN_FORCE[store["platform"]]) - today + timedelta(days=days)
    return moved({key: value for key, value in scenario.items() if key != "known_by"}, delta)


def moved(value: Any, delta: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: moved(each, delta) for key, each in value.items()}
    if isinstance(value, list):
        return [moved(each, delta) for each in value]
    if isinstance(value, str) and len(value) > 18 and value[10] == "T":
        return (datetime.fromisoformat(value) + delta).isoformat()
    return value

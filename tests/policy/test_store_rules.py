"""A store's own values over the platform's rules: stricter ones only, told by the version, kept by the archive."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

import pytest

from gateway.policy.decide import decide
from gateway.policy.decision import Decision, canonical_bytes
from gateway.policy.fact import Window
from gateway.policy.facts_xiaohongshu import XHS_WINDOW_IN_STOCK
from gateway.policy.register import spelt, value_at
from gateway.policy.rule_file import RuleError
from gateway.policy.rule_set import RuleSet, load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.store_rules import overlaid, read_own_rules, rules_from, with_stores
from gateway.policy.terms import EvidenceKind, Reason
from gateway.policy.tightening import Tightening
from tests.policy.sweep import alibaba_1688, shopee, tiktok_shop, xiaohongshu
from tests.policy.test_cases import CASES

RULES = load_rules()
SETTABLE = sorted(name for name, history in RULES.facts.items() if history.overlay is not None)
OWN = """\
xiaohongshu.free_window.in_stock:
  note: The warehouse needs an hour to take a parcel back.
  values:
    2026-02-01: {value: {hours: 3, inclusive: true}, source: own, tier: own-rule,
      published: 2026-01-15, seen: 2026-01-16}
"""


def own(name: str, value: object, day: str = "2025-12-01") -> str:
    dated = f"{{value: {flow(value)}, source: own, tier: own-rule, published: {day}, seen: {day}}}"
    return f"{name}:\n  values:\n    {day}: {dated}\n"


def flow(value: object) -> str:
    """A value as YAML writes it on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    return "[" + ", ".join(value) + "]" if isinstance(value, list) else str(value)


def stricter_values(direction: Tightening, value: Any) -> Iterator[object]:
    match direction:
        case Tightening.at_most if isinstance(value, Window):
            yield from (Window(value.length / 2, value.inclusive), Window(value.length, inclusive=False))
            yield Window(timedelta(), inclusive=False)
        case Tightening.at_most:
            yield from (value // 2, type(value)(0))
        case Tightening.at_least:
            yield from (value + 1, value + 10, value * 4)
        case Tightening.fewer:
            yield from (value - {word} for word in sorted(value))
            yield frozenset()
        case Tightening.more:
            words: type[StrEnum] = EvidenceKind if value & frozenset(EvidenceKind) else Reason
            yield from (value | {word} for word in words if word not in value)
            yield frozenset(words)
        case _:
            yield direction is Tightening.always


def of_a_fact(name: str) -> Iterator[RuleSet]:
    history = RULES.facts[name]
    assert history.overlay is not None
    for value in stricter_values(history.overlay, history.values[-1].value):
        yield overlaid(RULES, own(name, spelt(value)), "rules/a.yaml")


def scenarios_of(platform: str) -> list[Scenario]:
    """The platform's cases, and scenarios of its sweep drawn at random."""
    modules = {"xiaohongshu": xiaohongshu, "shopee": shopee, "tiktok_shop": tiktok_shop, "alibaba_1688": alibaba_1688}
    found = [case.scenario for case in CASES if case.scenario.store.platform == platform]
    for space in modules[platform].SPACES:
        for index in random.Random(5).sample(range(space.size), min(40, space.size)):
            found.append(Scenario.model_validate(space.scenario(index)))
    return found


PLATFORMS = ("xiaohongshu", "shopee", "tiktok_shop", "alibaba_1688")
ASKED = {platform: scenarios_of(platform) for platform in PLATFORMS}


@cache
def by_the_platform(platform: str) -> list[Decision]:
    return [decide(scenario, RULES) for scenario in ASKED[platform]]


def laxer(mine: Decision, base: Decision) -> list[str]:
    """What a store's rules allow, have ready or spare an approval for, and the platform's do not."""
    theirs = {option.path: option for option in base.options}
    found = [f"allows {each.path}" for each in mine.options if each.allowed and not theirs[each.path].allowed]
    found += [f"is ready for {each.path}" for each in mine.options if each.ready and not theirs[each.path].ready]
    if mine.path == base.path and not set(base.approval) <= set(mine.approval):
        found.append(f"asks no approval: {base.approval} against {mine.approval}")
    return found


@pytest.mark.parametrize("name", SETTABLE)
def test_no_value_that_loads_opens_a_path(name):
    platforms = PLATFORMS if name.startswith("shared.") else (name.partition(".")[0],)
    changed = 0
    for rules in of_a_fact(name):
        for platform in platforms:
            for scenario, base in zip(ASKED[platform], by_the_platform(platform), strict=True):
                mine = decide(scenario, rules)
                assert not laxer(mine, base), scenario.id
                changed += mine != base._replace(rule_set=rules.version)
    assert changed, "a value nobody notices is none a store should set"


def test_values_together_open_nothing_either():
    chosen = random.Random(11)
    changed = 0
    for _ in range(25):
        text = ""
        for name in chosen.sample(SETTABLE, 6):
            history = RULES.facts[name]
            value = chosen.choice(list(stricter_values(history.overlay, history.values[-1].value)))
            text += own(name, spelt(value))
        rules = overlaid(RULES, text, "rules/a.yaml")
        for scenario in chosen.sample([each for asked in ASKED.values() for each in asked], 60):
            mine, base = decide(scenario, rules), decide(scenario, RULES)
            assert not laxer(mine, base), (scenario.id, text)
            changed += mine != base._replace(rule_set=rules.version)
    assert changed


def test_a_stricter_value_alone_would_open_a_path():
    """Why both rule sets are asked: a shorter free window moves the end of an invitation behind it."""
    opened = 0
    for rules in of_a_fact("xiaohongshu.free_window.in_stock"):
        alone = replace(rules, base=None)
        asked = zip(ASKED["xiaohongshu"], by_the_platform("xiaohongshu"), strict=True)
        opened += sum(bool(laxer(decide(each, alone), base)) for each, base in asked)
    assert opened


@pytest.mark.parametrize("name", SETTABLE)
def test_the_direction_fits_the_value(name):
    history = RULES.facts[name]
    value = history.values[-1].value
    assert history.overlay.permits(value, value)
    looser = {
        Tightening.at_most: lambda: Window(value.length * 2, True) if isinstance(value, Window) else value + 1,
        Tightening.at_least: lambda: value - 1,
        Tightening.fewer: lambda: value | {word for word in Reason if word not in value},
        Tightening.more: frozenset,
        Tightening.never: lambda: True,
        Tightening.always: lambda: False,
    }[history.overlay]()
    if history.overlay in {Tightening.never, Tightening.always}:
        assert not history.overlay.permits(looser, not looser)
        return
    assert not history.overlay.permits(looser, value)
    with pytest.raises(RuleError, match=r"rules/a\.yaml, line 3: .* would loosen the rule"):
        overlaid(RULES, own(name, spelt(looser)), "rules/a.yaml")


def test_what_a_platform_counts_and_takes_is_not_the_stores():
    for name in ("xiaohongshu.quota.closes_per_month", "shopee.rate.line_percent", "xiaohongshu.rate.window_days"):
        with pytest.raises(RuleError, match=f"line 1: {name}: is the platform's word, not a store's; remove it"):
            overlaid(RULES, own(name, 1), "rules/a.yaml")
    assert not [name for name in SETTABLE if name.rpartition(".")[2] in {"refuse_to_ship", "ask_buyer_to_cancel"}]


@pytest.mark.parametrize(
    ("was", "given", "told"),
    [
        (
            "in_stock:",
            "in_stok:",
            "line 1: xiaohongshu.free_window.in_stok: no rule has this name; `gateway rules list`",
        ),
        ("note:", "remark:", "line 2: remark: unknown key; known here are note, values"),
        ("values:", "value:", "line 3: value: unknown key"),
        ("hours: 3", "hours: three", "line 4: 'three' is no whole number of zero or more"),
        ("{hours: 3, inclusive: true}", "3", r"line 4: \{days or hours or minutes or seconds: number, inclusive"),
        ("hours: 3", "hours: 5", "line 4: .*would loosen the rule, which says .*choose a stricter value"),
        ("    2026-02-01:", "    2026-02:", "line 4: '2026-02' is no full date"),
        ("    2026-02-01:", "    2024-12-31:", "line 4: .*no value of the platform is in force on 2024-12-31"),
        ("published: 2026-01-15", "published: 2026-01-15T12:00", "line 5: '2026-01-15T12:00' is no full date"),
        ("source: own", "source: guide-000", "line 4: 'guide-000' is unknown; known are own"),
        ("tier: own-rule", "tier: official-rule", "line 4: 'official-rule' is unknown; known are own-rule"),
        (", seen: 2026-01-16", "", "line 4: seen: is missing; add it"),
        ("value: {hours: 3, inclusive: true}", "expected: true", "line 4: expected: unknown key"),
        ("  note:", "  values: {}\n  note:", "values: .*twice"),
        (OWN, OWN + OWN, "line 6: xiaohongshu.free_window.in_stock: .*twice"),
        (OWN, "{}\n", "line 1: sets nothing: write a fact with its dated values, or remove the file"),
    ],
)
def test_a_file_that_cannot_be_used_names_place_and_fix(was, given, told):
    assert was in OWN
    with pytest.raises(RuleError, match=told) as refused:
        overlaid(RULES, OWN.replace(was, given, 1), "rules/a.yaml")
    assert str(refused.value).startswith("rules/a.yaml, line ")


def test_a_value_counts_from_its_day_on_for_who_knows_it():
    rules = overlaid(RULES, OWN, "rules/a.yaml")

    def hours(at: str, known_by: str) -> float:
        view = rules.at(datetime.fromisoformat(at), datetime.fromisoformat(known_by), UTC)
        return view.value(XHS_WINDOW_IN_STOCK).length.total_seconds() / 3600

    assert hours("2026-01-31T23:59:59Z", "2026-03-01T00:00:00Z") == 4
    assert hours("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z") == 3
    assert hours("2026-02-01T00:00:00Z", "2026-01-14T23:59:59Z") == 4
    assert hours("2026-02-01T00:00:00Z", "2026-01-15T00:00:00Z") == 3


@pytest.mark.parametrize(("hours", "expected"), [(6, 3), (2, 2)])
def test_a_later_word_of_the_platform_counts_where_it_is_stricter(hours, expected):
    history = RULES.facts["xiaohongshu.free_window.in_stock"]
    later = replace(
        history.values[0],
        in_force=date(2026, 6, 1),
        published=date(2026, 5, 1),
        value=Window(timedelta(hours=hours), inclusive=True),
    )
    changed = replace(history, values=(*history.values, later))
    base = replace(RULES, facts={**RULES.facts, history.name: changed})
    own_history = overlaid(base, OWN, "rules/a.yaml").facts[history.name]
    for day, there in ((date(2026, 5, 31), 3), (date(2026, 6, 1), expected)):
        found = value_at(own_history, day, day)
        assert found is not None
        assert found.value == Window(timedelta(hours=there), inclusive=True)


def test_the_version_names_the_file_and_the_archive_keeps_it(scenario):
    rules = overlaid(RULES, OWN, "rules/a.yaml")
    assert rules.version.startswith(f"{RULES.version}+store.")
    assert len(rules.version.partition("+store.")[2]) == 8
    other = overlaid(RULES, OWN.replace("hours: 3", "hours: 2"), "rules/a.yaml")
    assert other.version != rules.version
    again = rules_from(rules.archive)
    assert (again, again.archive, again.version) == (rules, rules.archive, rules.version)
    assert rules_from(RULES.archive).archive == RULES.archive
    close = scenario(store={"platform": "xiaohongshu", "region": "CN", "currency": "CNY"})
    assert decide(close, rules).rule_set == rules.version
    for case in CASES:
        assert canonical_bytes(decide(case.scenario, again)) == canonical_bytes(decide(case.scenario, rules))


def test_a_store_without_a_file_goes_by_the_platforms_rules(tmp_path):
    assert with_stores(RULES, tmp_path / "rules").of_store("a") == RULES
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(OWN, encoding="utf-8")
    rules = with_stores(RULES, tmp_path / "rules")
    assert rules.of_store("b").version == rules.version == RULES.version
    assert rules.of_store("a").version == overlaid(RULES, OWN, "a.yaml").version
    assert rules.of_store("a").of_store("a") is rules.of_store("a")
    with pytest.raises(RuleError, match=r"b\.yaml, line 1: cannot be read"):
        read_own_rules(RULES, tmp_path / "rules" / "b.yaml")
    (tmp_path / "rules" / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(RuleError, match="is not UTF-8 text"):
        with_stores(RULES, tmp_path / "rules")


def test_a_loss_that_needs_approval_may_be_set_lower(scenario):
    name = "shared.fulfil.loss_needing_approval_cny"
    rules = overlaid(RULES, own(name, "1.5"), "rules/a.yaml")
    assert rules.facts[name].values[-1].value == Decimal("1.5")

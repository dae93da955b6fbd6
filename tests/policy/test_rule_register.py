"""Every rule of the guides stands in the rule files, from its guide's date on, with what reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.policy.advice import USES
from gateway.policy.decide import decide
from gateway.policy.rule_file import RuleError
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario

COUNTS = {"XHS": 103, "1688": 27, "SHP": 32, "TTJ": 35}
IN_FORCE = {
    "xiaohongshu": date(2025, 1, 1),
    "alibaba_1688": date(2025, 4, 14),
    "tiktok_shop": date(2025, 10, 28),
    "shopee": date(2025, 11, 11),
    "shared": date(2025, 1, 1),
}
GUIDES = {
    "guide-000": date(2025, 1, 1),
    "guide-001": date(2025, 4, 14),
    "guide-002": date(2025, 1, 1),
    "guide-003": date(2025, 11, 11),
    "guide-004": date(2025, 10, 28),
}


def test_every_rule_of_the_guides_is_a_fact_or_advice(rules):
    every = {f"{prefix}-{number:02d}" for prefix, last in COUNTS.items() for number in range(1, last + 1)}
    cited = {rule for history in rules.facts.values() for rule in history.cites}
    assert every - cited - rules.advice.keys() == set()
    assert rules.advice.keys() <= every
    assert rules.advice.keys() & cited == set()
    assert {rule for rule in cited if rule.split("-")[0] in COUNTS} <= every


def test_every_value_counts_from_its_guides_date(rules):
    for history in rules.facts.values():
        (dated,) = history.values
        assert (dated.in_force, dated.published) == 2 * (IN_FORCE[history.name.split(".")[0]],), history.name
        if dated.source in GUIDES:
            assert (dated.tier, dated.in_force) == ("secondary", GUIDES[dated.source]), history.name
        else:
            assert (dated.source, dated.tier) == ("readings", "house-reading"), history.name
    for advice in rules.advice.values():
        assert advice.in_force == GUIDES[advice.source], advice.rule
    for guide, published in GUIDES.items():
        assert rules.sources[guide].published == published


def test_every_advice_names_what_uses_it(rules):
    assert {advice.used_by for advice in rules.advice.values()} <= USES.keys()
    assert all(advice.title and advice.span for advice in rules.advice.values())
    assert rules.advice["XHS-04"].numbers == {"orders": 3, "within_hours": 1}
    assert rules.advice["XHS-46"].numbers == {"working_days": 3}


PLACES = [
    ("xiaohongshu", "CN", "CNY", "Asia/Shanghai", "2025-01-01"),
    ("alibaba_1688", "CN", "CNY", "Asia/Shanghai", "2025-04-14"),
    ("tiktok_shop", "JP", "JPY", "Asia/Tokyo", "2025-10-28"),
    ("shopee", "BR", "CNY", "America/Sao_Paulo", "2025-11-11"),
]


@pytest.mark.parametrize(("platform", "region", "currency", "zone", "day"), PLACES)
def test_rules_count_from_midnight_of_the_store_on(rules, platform, region, currency, zone, day):
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(zone))
    before, later = midnight - timedelta(seconds=1), midnight + timedelta(days=90)

    def path(as_of, known_by):
        store = {"platform": platform, "region": region, "currency": currency}
        request = {"kind": "cancellation", "opened_at": datetime(2024, 1, 1, tzinfo=UTC)}
        order = {"phase": "awaiting_shipment", "request": request | {"answer_by": later}}
        asked = {"as_of": as_of, "known_by": known_by, "store": store, "order": order}
        decision = decide(Scenario.model_validate(asked | {"intent": {"reason": "unwilling"}}), rules)
        assert (decision.act_by is None) is (decision.path == "none")
        return decision.path

    assert path(midnight, midnight) == "buyer_cancel"
    assert path(later, midnight) == "buyer_cancel"
    assert path(before, later) == path(later, before) == path(before, before) == "none"


ADVICE = """\
XHS-02:
  title: A sign
  used_by: suspicious_orders
  source: guide
  span: paragraph 2
  in_force: 2025-01-01
  seen: 2026-01-01
"""
BROKEN = [
    (ADVICE.replace("suspicious_orders", "nobody"), "advice.yaml, line 3: 'nobody' is unknown; known are after_close"),
    (ADVICE.replace("source: guide", "source: gide"), "line 4: source: 'gide' is not in sources.yaml"),
    (ADVICE.replace("2025-01-01", "2025"), "line 6: '2025' is no full date"),
    (ADVICE.replace("  span: paragraph 2\n", ""), "line 2: span: is missing; add it"),
    (ADVICE.replace("XHS-02", "two"), "line 1: 'two' is no rule id"),
    (ADVICE + "  numbers: {hours: one}\n", "line 8: 'one' is no whole number"),
    (ADVICE + "  value: 3\n", "line 8: value: unknown key"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_broken_advice_is_refused_with_its_place(tmp_path, text, message):
    source = "guide: {title: G, publisher: P, published: 2025-01-01, seen: 2026-01-01, tier: secondary, language: en}\n"
    (tmp_path / "rule_set.yaml").write_text("version: 2026.1.1\ntitle: T\n")
    (tmp_path / "sources.yaml").write_text(source)
    (tmp_path / "xiaohongshu").mkdir()
    (tmp_path / "xiaohongshu" / "advice.yaml").write_text(text)
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    assert message in str(caught.value)


WINDOWS = [
    ("{hours: 4}", "{days or hours or minutes or seconds: number, inclusive: true or false} is expected here"),
    ("{weeks: 4, inclusive: true}", "{days or hours"),
    ("{hours: four, inclusive: true}", "'four' is no whole number"),
    ("{hours: 4, inclusive: perhaps}", "'perhaps' is neither true nor false"),
    ("4", "{days or hours"),
]


@pytest.mark.parametrize(("value", "message"), WINDOWS)
def test_a_window_says_how_long_and_whether_its_last_second_belongs_to_it(tmp_path, value, message):
    source = "guide: {title: G, publisher: P, published: 2025-01-01, seen: 2026-01-01, tier: secondary, language: en}\n"
    (tmp_path / "rule_set.yaml").write_text("version: 2026.1.1\ntitle: T\n")
    (tmp_path / "sources.yaml").write_text(source)
    (tmp_path / "xiaohongshu").mkdir()
    dated = f"2025-01-01: {{value: {value}, source: guide, published: 2025-01-01, seen: 2026-01-01, tier: secondary}}"
    (tmp_path / "xiaohongshu" / "free_window.yaml").write_text(
        f"in_stock:\n  title: W\n  unit: u\n  reading: literal\n  cites: [XHS-56]\n  values:\n    {dated}\n"
    )
    with pytest.raises(RuleError) as caught:
        load_rules(tmp_path)
    assert message in str(caught.value)
    assert "free_window.yaml, line 7" in str(caught.value)

"""Rules by their ids: what they say on a day, who says so, and what differs between two days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.errors import NotFound
from gateway.policy.register import changes, register, rule_named, sources_of, spelt, value_at
from gateway.policy.rule_set import load_rules

DAY = timedelta(days=1)
SHOPEE = date(2025, 11, 11)
RULE = """\
line_percent:
  title: A line
  unit: percent
  reading: literal
  cites: [SHP-10]
  values:
    2025-01-01: {value: 10, source: guide, published: 2025-01-01, seen: 2025-01-01, tier: secondary}
    2025-03-01: {value: 8, source: guide, published: 2025-04-01, seen: 2025-04-01, tier: secondary}
    2025-06-01: {expected: true, source: guide, published: 2025-05-01, seen: 2025-05-01, tier: secondary}
points_above_line:
  title: Points
  unit: points
  reading: literal
  cites: [SHP-11, SHP-10]
  values:
    2025-01-01: {value: 2, source: guide, published: 2025-01-01, seen: 2025-01-01, tier: secondary}
"""


@pytest.fixture
def own(tmp_path: Path):
    (tmp_path / "rule_set.yaml").write_text("version: 2025.1.1\ntitle: a test\n")
    source = "{title: t, publisher: p, published: 2025-01-01, seen: 2025-01-01, tier: secondary, language: en}"
    (tmp_path / "sources.yaml").write_text(f"guide: {source}\n")
    (tmp_path / "shopee").mkdir()
    (tmp_path / "shopee" / "rate.yaml").write_text(RULE)
    return load_rules(tmp_path)


def test_a_value_counts_from_its_day_once_it_was_published(own):
    line = own.facts["shopee.rate.line_percent"]

    def at(day: date, known: date) -> object:
        found = value_at(line, day, known)
        return found and found.value

    assert at(date(2024, 12, 31), date(2026, 1, 1)) is None
    assert at(date(2025, 3, 1), date(2025, 3, 31)) == 10
    assert at(date(2025, 2, 28), date(2025, 4, 1)) == 10
    assert at(date(2025, 3, 1), date(2025, 4, 1)) == 8
    assert at(date(2025, 6, 1), date(2025, 6, 1)) is None, "only announced"


def test_changes_between_two_days(own):
    def told(before: date, after: date) -> dict[str, tuple[object, object]]:
        return {
            each.fact.name.rpartition(".")[2]: (each.before and each.before.value, each.after and each.after.value)
            for each in changes(own, before, after)
        }

    first = date(2025, 1, 1)
    assert told(first - DAY, first) == {"line_percent": (None, 10), "points_above_line": (None, 2)}
    assert told(first, date(2025, 3, 31)) == {}
    assert told(first, date(2025, 4, 1)) == {"line_percent": (10, 8)}
    assert told(date(2025, 4, 1), date(2025, 6, 1)) == {"line_percent": (8, None)}


def test_a_rule_names_the_facts_that_rest_on_it_its_own_first(own):
    every = register(own)
    assert list(every) == ["SHP-10", "SHP-11"]
    assert [history.title for history in every["SHP-10"].facts] == ["A line", "Points"]
    assert every["SHP-10"].title == "A line"
    assert every["SHP-10"].used_by == "decisions"
    assert [source.id for source in sources_of(every["SHP-10"], own, date(2025, 1, 1))] == ["guide"]
    assert rule_named(own, "shp-11").id == "SHP-11"
    assert rule_named(own, "shopee.rate.line_percent").title == "A line"
    with pytest.raises(NotFound, match=r"no rule SHP-99 in rule set 2025\.1\.1. There are: SHP-10, SHP-11"):
        rule_named(own, "SHP-99")


def test_the_shipped_rules_stand_in_the_order_of_their_numbers(rules):
    every = list(register(rules))
    guide = [rule for rule in every if rule.startswith("XHS-")]
    assert guide == [f"XHS-{number:02d}" for number in range(1, 104)]
    appeared = {change.fact.name.split(".")[0] for change in changes(rules, SHOPEE - DAY, SHOPEE)}
    assert appeared == {"shopee"}


def test_values_are_spelt_in_plain_words(rules):
    def value(name: str) -> object:
        return spelt(rules.facts[name].values[0].value)

    assert value("xiaohongshu.free_window.in_stock") == {"hours": 4, "inclusive": True}
    assert value("xiaohongshu.rate.line") == {"percent": 5, "inclusive": False}
    assert value("xiaohongshu.seller_close.evidence") == ["chat", "problem", "order_detail"]
    assert value("shared.fulfil.loss_needing_approval_cny") == "100"
    assert value("tiktok_shop.region.known") == ["JP"]
    assert value("shopee.seller_close.native_reasons")["out_of_stock"] == "OUT_OF_STOCK"
    assert value("xiaohongshu.quota.closes_per_month") == 3

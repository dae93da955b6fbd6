"""DESIGN.md section 6: rule facts are dated, cited, and absent rather than guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import gateway
from gateway.errors import ConfigurationError, NoRuleKnown
from gateway.policy import facts
from gateway.policy.decide import decide
from gateway.policy.fact import Fact
from gateway.policy.facts import ALL_FACTS, SHOPEE_ANSWER_HOURS, SHOPEE_LINE_PERCENT, SHOPEE_NATIVE_REASONS
from gateway.policy.rule_file import RuleError
from gateway.policy.rule_set import load_rules

KL = ZoneInfo("Asia/Kuala_Lumpur")
SOURCES = """\
guide:
  title: A guide
  publisher: somebody
  published: 2025-01-01
  seen: 2026-01-01
  tier: secondary
  language: en
"""
LINE = """\
line_percent:
  title: A line
  unit: percent
  reading: disputed
  cites: [SHP-04]
  values:
    2025-01-01: {value: 10, source: guide, published: 2025-01-01, seen: 2026-01-01, tier: secondary}
    2026-01-01: {value: 8, source: guide, published: 2025-06-01, seen: 2026-01-01, tier: secondary}
    2027-01-01: {expected: true, source: guide, published: 2026-06-01, seen: 2026-07-01, tier: secondary}
"""


@pytest.fixture
def write(tmp_path):
    def build(rate=LINE, sources=SOURCES, head="version: 2026.12.3\ntitle: A set\n", topic="rate"):
        (tmp_path / "shopee").mkdir(exist_ok=True)
        (tmp_path / "rule_set.yaml").write_text(head, encoding="utf-8")
        (tmp_path / "sources.yaml").write_text(sources, encoding="utf-8")
        (tmp_path / "shopee" / f"{topic}.yaml").write_text(rate, encoding="utf-8")
        return tmp_path

    return build


def at(text):
    return datetime.fromisoformat(text)


def test_the_shipped_rules_have_a_version_and_every_fact_the_code_reads(rules):
    assert rules.version == "2026.11.3"
    assert rules.facts.keys() == ALL_FACTS.keys()
    assert {each.tier for each in rules.sources.values()} == {"secondary", "official-api", "house-reading"}


def test_every_fact_is_read_by_code_outside_its_list():
    modules = (facts, *(getattr(facts, name) for name in vars(facts) if name.startswith("facts_")))
    names = {name for module in modules for name, value in vars(module).items() if isinstance(value, Fact)}
    assert len(names) == len(ALL_FACTS)
    root = Path(gateway.__file__).parent
    lists = set((root / "policy").glob("facts*.py"))
    code = "\n".join(file.read_text() for file in root.rglob("*.py") if file not in lists)
    code = re.sub(r"from [\w.]+ import (\([^)]*\)|.*)", "", code)  # to import a fact is not to read it
    assert {name for name in names if not re.search(rf"\b{name}\b", code)} == set()


def test_a_fact_is_known_from_midnight_in_the_given_zone(rules):
    edge = at("2025-11-11T00:00:00+08:00")
    known = rules.at(edge, edge, KL).know(SHOPEE_ANSWER_HOURS)
    assert (known.value, known.cites) == (24, ("SHP-27",))
    with pytest.raises(NoRuleKnown, match=r"shopee\.request\.answer_within_hours"):
        rules.at(edge, edge, UTC).know(SHOPEE_ANSWER_HOURS)
    before = at("2025-11-10T23:59:59+08:00")
    for in_force, known_by in ((before, edge), (edge, before)):
        with pytest.raises(NoRuleKnown):
            rules.at(in_force, known_by, KL).value(SHOPEE_ANSWER_HOURS)
    assert rules.at(edge, edge, KL).covers("shopee")
    assert not rules.at(before, edge, KL).covers("shopee")
    assert not rules.at(edge, edge, KL).covers("lazada")


@pytest.mark.parametrize(
    ("in_force", "known_by", "value"),
    [
        ("2025-12-31T23:59:59Z", "2026-05-01T00:00:00Z", 10),
        ("2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z", 8),
        ("2026-02-01T00:00:00Z", "2025-05-31T23:59:59Z", 10),  # the newer value was not published yet
        ("2026-02-01T00:00:00Z", "2025-06-01T00:00:00Z", 8),
        ("2027-01-01T00:00:00Z", "2026-06-01T00:00:00Z", None),  # a change is announced, its value is not
        ("2027-01-01T00:00:00Z", "2026-05-31T00:00:00Z", 8),
    ],
)
def test_two_times_decide_which_value_holds(write, in_force, known_by, value):
    view = load_rules(write()).at(at(in_force), at(known_by), UTC)
    if value is None:
        with pytest.raises(NoRuleKnown):
            view.value(SHOPEE_LINE_PERCENT)
    else:
        assert view.value(SHOPEE_LINE_PERCENT) == value


def test_without_the_facts_it_needs_no_path_is_permitted(write, scenario):
    sparse = load_rules(write())  # a line, but no phases, no reasons, no points
    for phase in ("awaiting_shipment", "unpaid", "delivered", "on_hold"):
        asked = scenario(order={"phase": phase, "request": {"kind": "refund", "opened_at": "2026-03-10T00:00:00Z"}})
        answer = decide(asked, sparse)
        assert (answer.path, answer.action, answer.rule_set) == ("none", "ask_person", "2026.12.3")
        assert {option.because for option in answer.options} == {("no_rule_permits",)}
        assert answer.refused == ()


def test_a_line_nobody_has_priced_permits_no_close(tmp_path, scenario, rules):
    shipped = Path(gateway.__file__).parent / "policy" / "rules"
    for file in shipped.rglob("*.yaml"):
        copy = tmp_path / file.relative_to(shipped)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text().replace("{value: 10, ", "{value: 7, "))
    asked = scenario(store={"health": {"counted_cancellations_in_window": 6}})
    assert decide(asked, rules).path == "seller_close"
    assert decide(asked, load_rules(tmp_path)).path == "none"


BROKEN = [
    ({"rate": LINE.replace("unit:", "units:")}, "shopee/rate.yaml, line 3: units: unknown key; known here are cites,"),
    ({"rate": LINE.replace("  unit: percent\n", "")}, "shopee/rate.yaml, line 2: unit: is missing; add it"),
    ({"rate": LINE.replace("line_percent", "line_procent")}, "line_procent: no code reads shopee.rate.line_pro"),
    ({"topic": "rates"}, "shopee/rates.yaml, line 1: line_percent: no code reads shopee.rates.line_percent"),
    ({"rate": LINE + LINE}, "shopee/rate.yaml, line 10: line_percent: written twice (first in line 1); keep one"),
    ({"rate": LINE.replace("2026-01-01: {", "2025-01-01: {")}, "line 8: 2025-01-01: written twice (first in line 7)"),
    ({"rate": LINE.replace("2026-01-01: {", "2026-01-01T00:00:00: {")}, "'2026-01-01T00:00:00' is no full date"),
    ({"rate": LINE.replace("2026-01-01: {", "2026-01: {")}, "line 8: '2026-01' is no full date"),
    ({"rate": LINE.replace("2026-01-01: {", "2026-02-30: {")}, "line 8: '2026-02-30' is no full date"),
    ({"rate": LINE.replace("published: 2025-06-01", "published: June")}, "line 8: 'June' is no full date"),
    ({"rate": LINE.replace("value: 8", "value: eight")}, "line 8: 'eight' is no whole number"),
    ({"rate": LINE.replace("value: 8", "value: [8]")}, "line 8: one word is expected here"),
    ({"rate": LINE.replace("value: 8", "value: -8")}, "line 8: '-8' is no whole number"),
    ({"rate": LINE.replace("value: 8", "worth: 8")}, "line 8: worth: unknown key"),
    ({"rate": LINE.replace("value: 8, ", "")}, "line 8: value: is missing; add it"),
    ({"rate": LINE.replace("expected: true", "expected: 7")}, "line 9: expected: can only be true"),
    ({"rate": LINE.replace("value: 8, source: guide", "value: 8, source: gide")}, "line 8: source: 'gide' is not in"),
    ({"rate": LINE.replace("tier: secondary}\n    2027", "tier: good}\n    2027")}, "line 8: 'good' is unknown"),
    ({"rate": LINE.replace("disputed", "doubtful")}, "line 4: 'doubtful' is unknown; known are literal, inferred"),
    ({"rate": LINE.replace("[SHP-04]", "[shp four]")}, "line 5: 'shp four' is no rule id"),
    ({"rate": LINE.replace("[SHP-04]", "[]")}, "line 2: shopee.rate.line_percent: needs at least one rule id"),
    ({"rate": LINE.replace("[SHP-04]", "SHP-04")}, "line 5: a list is expected here"),
    ({"rate": "- 1\n"}, "shopee/rate.yaml, line 1: keys and values are expected here"),
    ({"rate": "a: [\n"}, "shopee/rate.yaml, line 2: not readable as YAML"),
    ({"sources": SOURCES + "  url: here\n"}, "sources.yaml, line 8: url: unknown key"),
    ({"sources": SOURCES.replace("  language: en\n", "")}, "sources.yaml, line 2: language: is missing; add it"),
    ({"sources": SOURCES.replace("secondary", "gossip")}, "sources.yaml, line 6: 'gossip' is unknown"),
    ({"head": "version: new\ntitle: A set\n"}, "rule_set.yaml, line 1: version: 'new' is no calendar version"),
    ({"head": "version: 2026.11.1\n"}, "rule_set.yaml, line 1: title: is missing; add it"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), BROKEN, ids=[message[:60] for _, message in BROKEN])
def test_a_broken_rule_file_is_refused_with_its_place(write, files, message):
    with pytest.raises(RuleError) as caught:
        load_rules(write(**files))
    assert message in str(caught.value)
    assert isinstance(caught.value, ConfigurationError)


def test_a_missing_or_unreadable_file_is_named(write):
    folder = write()
    (folder / "sources.yaml").write_bytes(b"\xff")
    with pytest.raises(RuleError, match=r"sources\.yaml, line 1: is not UTF-8"):
        load_rules(folder)
    (folder / "sources.yaml").unlink()
    with pytest.raises(RuleError, match=r"sources\.yaml, line 1: cannot be read"):
        load_rules(folder)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("OUT_OF_STOCK", "a table of reason: platform's word is expected"),
        ("{bored: X}", "'bored' is unknown; known are out_of_stock,"),
        ("{unwilling: [X]}", "one word is expected here"),
        ("{unwilling: X, unwilling: Y}", "unwilling: written twice"),
    ],
)
def test_a_table_of_reasons_is_checked(write, value, message):
    rate = LINE.replace("line_percent", "native_reasons").replace("value: 8", f"value: {value}")
    rate = rate.replace("value: 10", "value: {unwilling: X}")
    with pytest.raises(RuleError) as caught:
        load_rules(write(rate=rate, topic="seller_close"))
    assert message in str(caught.value)
    assert "line 8" in str(caught.value)


def test_native_reasons_are_typed_from_the_readings(rules):
    now = at("2026-01-01T00:00:00Z")
    assert rules.at(now, now, UTC).value(SHOPEE_NATIVE_REASONS) == {
        "out_of_stock": "OUT_OF_STOCK",
        "stock_damaged": "OUT_OF_STOCK",
        "buyer_asked": "CUSTOMER_REQUEST",
        "undeliverable_area": "UNDELIVERABLE_AREA",
    }

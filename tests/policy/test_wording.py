"""A decision told in English, Chinese and Japanese: nothing left out, nothing left in another language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import gateway.policy
from gateway.model.order import Phase
from gateway.model.store import Platform
from gateway.policy import terms
from gateway.policy.decide import decide
from gateway.policy.store_rules import overlaid
from gateway.policy.wording.catalog import Language, texts_in
from gateway.policy.wording.page import Told, cited

SLOT = re.compile(r"\{(\w+)\}")
WORDS = {
    "platform": Platform,
    "phase": Phase,
    "reason": terms.Reason,
    "path": terms.Path,
    "action": terms.Action,
    "performer": terms.Performer,
    "purpose": terms.Purpose,
    "approval": terms.Approval,
    "cost": terms.CostKind,
    "missing": terms.Missing,
    "refused": terms.RefusedAct,
    "awaited": terms.Awaited,
    "page.on": terms.Condition,
}
OWN_RULES = """\
shared.fulfil.loss_needing_approval_cny:
  values:
    2026-01-01: {value: 50, source: own, published: 2026-01-01, seen: 2026-01-01, tier: own-rule}
"""
OTHERS = [Language.zh, Language.ja]
SPEAKING = ("xiaohongshu", "shopee.py", "tiktok", "alibaba", "answering", "after_sale", "fulfil", "waiting", "decide")
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u4e00-\u9fff]")

ORDER = {"phase": "awaiting_shipment", "paid_at": "2026-03-10T11:00:00+08:00", "stock_available": False}
CHINA = {"platform": "xiaohongshu", "region": "CN", "currency": "CNY", "health": {"orders_in_window": 500}}
ASKED = [
    {"store": CHINA, "order": ORDER},
    {"store": CHINA, "order": {**ORDER, "stock_available": True}},
    {"store": CHINA, "order": {**ORDER, "paid_at": "2026-03-01T11:00:00+08:00"}, "contact": {"reply": "consents"}},
    {"store": {"platform": "alibaba_1688", "region": "CN", "currency": "CNY"}, "order": ORDER},
    {"store": {"platform": "tiktok_shop", "region": "JP", "currency": "JPY"}, "order": ORDER},
    {"store": {"platform": "tiktok_shop", "region": "US", "currency": "USD"}, "order": ORDER},
    {"order": {"phase": "unknown"}},
    {"order": {"phase": "cancelled"}},
    {"order": {"phase": "unpaid"}},
    {
        "order": {
            "phase": "delivered",
            "request": {"kind": "return_refund", "opened_at": "2026-03-10T11:00:00+08:00"},
            "goods_cost": {"amount": "40.00", "currency": "MYR"},
        }
    },
]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_texts_with_the_same_slots(language):
    english, other = texts_in(Language.en).entries, texts_in(language).entries
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert sorted(SLOT.findall(other[key])) == sorted(SLOT.findall(text)), key
        assert other[key].strip(), key


@pytest.mark.parametrize("language", list(Language))
def test_every_word_of_a_decision_has_a_text(language):
    entries = texts_in(language).entries
    for section, words in WORDS.items():
        for word in words:
            assert f"{section}{'_' if section == 'page.on' else '.'}{word.value}" in entries


@pytest.mark.parametrize("language", list(Language))
def test_every_tier_of_a_source_has_a_text(language, rules):
    tiers = {source.tier for source in rules.sources.values()} | {
        "official-rule",
        "official-help",
        "hearsay",
        "own-rule",
    }
    assert {f"tier.{tier}" for tier in tiers} <= texts_in(language).entries.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_every_rule_has_a_title_in_every_language(language, rules):
    sources = [*rules.sources.values(), *overlaid(rules, OWN_RULES, "own.yaml").sources.values()]
    words = {history.title for history in rules.facts.values()}
    words |= {each.title for each in sources} | {each.publisher for each in sources}
    untold = words - texts_in(language).titles.keys()
    assert not untold, f"add them to gateway/policy/wording/titles_{language}.yaml"


def test_every_sentence_the_rules_speak_can_be_told_in_every_language():
    told = " ".join(text for key, text in texts_in(Language.en).entries.items() if key.startswith("why."))
    pieces = " ".join([*(told.replace("{counted}", word) for word in ("It counts", "It does not count"))])
    folder = Path(gateway.policy.__file__).parent
    files = [file for file in folder.glob("*.py") if file.name.startswith(SPEAKING)]
    spoken = {text for file in files for text in _texts(file) if " " in text.strip()}
    assert len(spoken) > 50
    untold = sorted(text for text in spoken if text.strip() not in pieces)
    assert not untold, "add them to `why` in gateway/policy/wording/*.yaml"


def _texts(file: Path) -> list[str]:
    tree = ast.parse(file.read_text("utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in described)
    return [node.value for node in constants if isinstance(node.value, str)]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("number", range(len(ASKED)))
def test_a_page_tells_the_whole_decision(number, language, scenario, rules):
    asked = scenario(**ASKED[number])
    decision = decide(asked, rules)
    texts = texts_in(language)
    page = Told(decision, asked, rules, texts).page()
    assert not SLOT.search(page)
    assert texts.explain(decision.explanation) in page
    for option in decision.options:
        assert texts.say(f"path.{option.path}") in page
        for missing in option.missing:
            assert texts.say(f"missing.{missing}") in page
        for item in option.cost.items if option.cost else ():
            assert texts.say(f"cost.{item.kind}") in page
    for each in decision.refused:
        assert texts.say(f"refused.{each.what}") in page
    for reason in decision.approval:
        assert texts.say(f"approval.{reason}") in page
    for rule in cited(decision):
        assert f"\n  {rule}  " in page


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_explanations_leave_english(number, scenario, rules):
    explanation = decide(scenario(**ASKED[number]), rules).explanation
    assert HAN.search(texts_in(Language.zh).explain(explanation))
    assert KANA.search(texts_in(Language.ja).explain(explanation))


def test_a_reason_inside_an_explanation_is_told_too():
    spoken = "Tell the buyer first. The order is closed with its true reason: out of stock."
    assert texts_in(Language.zh).explain(spoken) == "先告知买家。以真实原因关闭订单：缺货。"
    assert "在庫切れ" in texts_in(Language.ja).explain(spoken)
    assert texts_in(Language.zh).explain("Something nobody translated.") == "Something nobody translated."


def test_the_worked_example_reads_as_a_shop_assistant_needs_it(scenario, rules):
    asked = scenario(**ASKED[0])
    page = Told(decide(asked, rules), asked, rules, texts_in(Language.en)).page()
    assert "Decision: the buyer's own cancellation (expected cost 21.00 CNY)" in page
    assert "Next step: send the buyer a message (offer a cancellation)\n  Who: a person\n  When: now\n" in page
    assert "coupon for the buyer x 0.7 = 3.50 CNY [XHS-62]" in page
    assert "the seller closes the order: allowed, not ready yet, 35.00 CNY" in page
    assert "XHS-12  Free closes of a store in a calendar month\n      source: guide-000, " in page
    assert "2026-03-10 14:45 (+08:00)" in page
    assert Told(decide(asked, rules), asked, rules, texts_in(Language.en)).line() == (
        "case-1: the buyer's own cancellation | 21.00 CNY | send the buyer a message (offer a cancellation)"
    )

"""Ready texts pass the guard themselves, hold nothing but given facts, and say what is missing."""

from __future__ import annotations

import pytest

from gateway.errors import DataError, NoRuleKnown, NotAllowed
from gateway.model.store import Platform
from gateway.policy.message_guard import check
from gateway.policy.message_guard_templates import (
    FACTS,
    Writing,
    all_templates,
    occasion_of,
    read_templates,
    templates_of,
    write,
)
from gateway.policy.rule_file import RuleError
from gateway.policy.terms import Reason

GIVEN = {
    "order": "P735612345678901231",
    "goods": "Bottle 500ml",
    "coupon": "5元优惠券",
    "phone": "138****5678",
    "closes_at": "2026-11-23 18:00",
    "ships_on": "2026-11-24",
}
NOT_INVITED = {"unwilling", "malicious_order", "system_error", "buyer_unreachable", "buyer_asked"}
EVERY = [
    (language, platform, template.purpose, reason)
    for language, templates in all_templates().items()
    for template in templates.texts
    for platform in sorted(template.platforms)
    for reason in (sorted(templates.because) if "because" in template.facts else [None])
]
INVITING = [each for each in EVERY if each[2] == "offer_cancel" and each[3] in NOT_INVITED]


def _facts(language: str, platform: Platform, purpose: Writing) -> dict[str, str]:
    texts = templates_of(language).texts
    template = next(each for each in texts if each.purpose is purpose and platform in each.platforms)
    return {name: GIVEN[name] for name in template.facts if name != "because"}


@pytest.mark.parametrize("language", list(all_templates()))
def test_every_text_passes_the_guard(language) -> None:
    mine = [each for each in EVERY if each[0] == language and each not in INVITING]
    assert mine
    for _, platform, purpose, reason in mine:
        facts = _facts(language, platform, purpose)
        text = write(platform, purpose, language, facts, reason=reason)
        assert check(text, occasion_of(platform, purpose, language, reason)) == ()
        assert "{" not in text
        assert all(facts[name] in text for name in facts)


@pytest.mark.parametrize("case", INVITING, ids=str)
def test_nobody_is_invited_for_a_reason_that_allows_none(case) -> None:
    language, platform, purpose, reason = case
    with pytest.raises(NotAllowed) as caught:
        write(platform, purpose, language, _facts(language, platform, purpose), reason=reason)
    assert "READING-XIAOHONGSHU" in caught.value.citations


def test_the_reason_a_text_gives_is_heard_as_that_reason_by_the_guard() -> None:
    """A wording that the guard took for another reason, or for none, would pass unseen."""
    for language, templates in all_templates().items():
        if language not in {"zh", "ja", "en"}:
            continue
        for reason in templates.because:
            text = write(
                Platform("shopee"),
                Writing.closed,
                language,
                _facts(language, Platform("shopee"), Writing.closed),
                reason=reason,
            )
            others = [each for each in ("out_of_stock", "price_error", "buyer_asked") if each != reason]
            told = [
                check(text, occasion_of(Platform("shopee"), Writing.closed, language, Reason(each))) for each in others
            ]
            assert any(told), (language, reason)


def test_each_platform_has_its_languages() -> None:
    def languages(platform: str, purpose: str) -> set[str]:
        return {each[0] for each in EVERY if each[1] == platform and each[2] == purpose}

    assert languages("shopee", "closed") >= {"zh", "zh-Hant", "en", "id", "ms", "vi", "th", "pt", "es", "fil", "ja"}
    assert languages("tiktok_shop", "closed") >= {"ja", "en", "zh"}
    assert languages("xiaohongshu", "final_notice") == {"zh", "ja", "en"}
    assert languages("alibaba_1688", "explain") >= {"zh", "en", "ja"}
    assert {each[1] for each in EVERY if each[2] in {"offer_cancel", "second_notice", "final_notice"}} == {
        "xiaohongshu"
    }


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh-CN", "zh"), ("zh-TW", "zh-Hant"), ("zh-Hant-TW", "zh-Hant"), ("pt-BR", "pt"), ("JA", "ja")],
)
def test_a_language_is_found_by_its_tag(tag, language) -> None:
    assert templates_of(tag).language == language


def _write(
    purpose: str = "closed",
    platform: str = "shopee",
    language: str = "en",
    reason: str | None = "out_of_stock",
    **facts: str,
) -> str:
    return write(Platform(platform), Writing(purpose), language, facts, reason=Reason(reason) if reason else None)


def test_only_what_was_given_stands_in_the_text() -> None:
    text = _write(order="241122AB", goods="a mug")
    assert "241122AB" in text
    assert "out of stock" in text
    assert "P7356" not in text


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"order": "1"}, DataError, "goods: what was ordered (--set goods=...)"),
        ({"order": " ", "goods": "a mug"}, DataError, "order: the order's number"),
        ({"reason": None, "order": "1", "goods": "a"}, DataError, "the true reason (--reason)"),
        ({"order": "1", "goods": "a", "colour": "red"}, DataError, "colour: is not in this text; it takes order"),
        ({"order": "1", "goods": "a", "because": "we are tired"}, DataError, "because: is not set"),
        ({"purpose": "offer_cancel"}, NoRuleKnown, "no text to offer_cancel in en for shopee"),
        ({"language": "xx"}, NoRuleKnown, "no texts in 'xx'"),
        ({"reason": "unwilling", "order": "1", "goods": "a"}, NoRuleKnown, "tells a buyer the reason unwilling"),
    ],
)  # fmt: skip
def test_what_is_missing_or_too_much_is_said(asked, error, message) -> None:
    with pytest.raises(error) as caught:
        _write(**asked)
    assert message in str(caught.value)


def test_a_fact_that_carries_forbidden_words_is_not_sent() -> None:
    with pytest.raises(NotAllowed) as caught:
        _write(order="1", goods="mug; please cancel the order")
    assert "S7" in caught.value.citations
    with pytest.raises(NotAllowed):
        _write("second_notice", "xiaohongshu", "zh", order="1", goods="杯", phone="13800138000")
    with pytest.raises(NotAllowed):
        _write("final_notice", "xiaohongshu", "zh", order="1", goods="杯", closes_at="明天")


TEXTS = "because: {out_of_stock: it is gone}\ntexts:\n  - {purpose: closed, on: [shopee], text: 'Order {order}'}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXTS.replace("{order}", "{orders}"), "line 3: {orders} is no fact; known are order"),
        (TEXTS.replace("closed", "closing"), "line 3: 'closing' is unknown"),
        (TEXTS.replace("shopee", "lazada"), "line 3: 'lazada' is unknown"),
        (TEXTS.replace("out_of_stock", "gone"), "line 1: 'gone' is no reason"),
    ],
)
def test_a_broken_text_is_refused_with_its_place(text, message) -> None:
    with pytest.raises(RuleError) as caught:
        read_templates("xx", text)
    assert message in str(caught.value)


def test_every_fact_is_used() -> None:
    used = {name for templates in all_templates().values() for each in templates.texts for name in each.facts}
    assert used == set(FACTS)

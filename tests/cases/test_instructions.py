"""Each task says in each language and for each platform how it is done, what never, and what to enter afterwards."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from gateway.cases.instructions import catalog_in, instructions_for
from gateway.cases.tasks import Task, TaskKind, TaskState
from gateway.model.store import Platform, Store
from gateway.policy.wording.catalog import Language

LANGUAGES = ["en", "zh", "ja"]
PLATFORMS = ["xiaohongshu", "shopee", "tiktok_shop", "alibaba_1688", "other"]
KINDS = [
    "close", "ship", "send_message", "collect_evidence", "contact_support", "intercept_parcel", "open_dispute",
    "ask_person", "read_reply", "verify_stock", "delist", "watch_refund", "ship_back",
    "return_received",
]  # fmt: skip
REASONS = [
    "out_of_stock", "stock_damaged", "price_error", "unwilling", "malicious_order", "buyer_unreachable",
    "system_error", "buyer_asked", "undeliverable_area", "not_delivered", "quality_problem", "changed_mind",
    "force_majeure",
]  # fmt: skip
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
# every detail that a step may rest on
FULL: dict[str, Any] = {
    "reason": "out_of_stock",
    "purpose": "final_notice",
    "language": "ja",
    "announced_close_at": "2026-03-11T10:00:00+00:00",
    "native_reason": "OUT_OF_STOCK",
    "batch_size": 3,
    "anew": "2026-03-10T01:02:00+00:00",
    "gift": "10.00 CNY",
    "coupon": "5.00 CNY",
    "waybill": "TN1",
    "request_id": "R1",
    "explanation": "No rule permits it.",
    "act_by": "2026-03-11T10:00:00+00:00",
    "at": "2026-03-10T10:00:00+00:00",
    "sku": "CUP",
    "shown": "7",
    "supplier": "Acme",
    "orders": [{"order": "o8"}, {"order": "o9"}],
    "since": "2026-03-07T10:00:00+00:00",
    "amount": "12.00 CNY",
}


def make_task(kind: str, subject: str = "o1", /, **details: Any) -> Task:
    return Task(
        id="t1",
        case_id="c1",
        store="s1",
        order_id="o1",
        kind=TaskKind(kind),
        subject=subject,
        details=details,
        state=TaskState.open,
        opened_at=NOON,
        due_by=NOON,
        done_by=None,
        done_at=None,
        because="",
        has_text=kind == "send_message",
    )


def make_store(platform: str) -> Store:
    return Store(
        id="s1", app="a1", platform=platform, external_id="1", region="CN", currency="CNY", time_zone="Asia/Shanghai"
    )


def told(kind: str, platform: str, language: str, subject: str = "o1", /, **details: Any) -> Any:
    return instructions_for(make_task(kind, subject, **details), make_store(platform), Language(language))


def test_the_lists_of_this_test_are_complete() -> None:
    assert (set(KINDS), set(PLATFORMS), set(LANGUAGES)) == (set(TaskKind), set(Platform), set(Language))


@pytest.mark.parametrize(("kind", "platform", "language"), list(product(KINDS, PLATFORMS, LANGUAGES)))
def test_every_kind_on_every_platform_in_every_language(kind: str, platform: str, language: str) -> None:
    for details in ({}, FULL):
        found = told(kind, platform, language, **details)
        for words in (found.title, *found.steps, *found.never):
            assert words.strip()
            assert not re.search(r"[{}]|None", words), words
        assert len(found.steps) >= 2
        assert found.never
        assert all(line.startswith("gateway tasks done t1") for line in found.afterwards)
        assert found.otherwise.startswith("gateway tasks cancel t1")


def test_the_languages_say_the_same() -> None:
    def shape(language: str) -> Any:
        catalog = catalog_in(Language(language))
        steps = {(kind, on): list(map(_slots, each)) for kind, by in catalog.steps.items() for on, each in by.items()}
        never = {(kind, on): list(map(_rules, each)) for kind, by in catalog.never.items() for on, each in by.items()}
        more = {(kind, on): _slots(words) for kind, by in catalog.conditional.items() for on, words in by.items()}
        return {section: set(words) for section, words in catalog.words.items()}, steps, never, more

    assert shape("zh") == shape("en") == shape("ja")


def _slots(words: str) -> tuple[set[str], set[str]]:
    """Return what is filled in, and the commands without their words for a number or a file."""
    commands = {re.sub(r"[^\x00-\x7f]+|FILE|NUMBER", "", each).strip() for each in re.findall(r"`(.*?)`", words)}
    return set(re.findall(r"\{(\w+)\}", words)), commands


def _rules(words: str) -> set[str]:
    return set(re.findall(r"(?:XHS|TTJ|SHP|1688)-\d\d", words))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_the_true_reason_is_told_and_no_other(language: str, reason: str) -> None:
    own = {each: told("close", "xiaohongshu", language, reason=each).steps for each in REASONS}
    assert not any(reason in step for step in own[reason]), "in words, not in the gateway's own spelling"
    assert len(set(own.values())) == len(REASONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_rules_forbid_by_hand_is_said(language: str) -> None:
    def never(kind: str, platform: str) -> str:
        return " ".join(told(kind, platform, language).never)

    assert "XHS-53" in never("send_message", "xiaohongshu")
    assert "XHS-33" in never("send_message", "xiaohongshu")
    assert "XHS-20" in never("close", "xiaohongshu")
    assert "XHS-48" in never("close", "xiaohongshu")
    assert "XHS-49" in never("intercept_parcel", "xiaohongshu")
    assert "TTJ-06" in never("send_message", "tiktok_shop")
    assert "TTJ-06" in never("close", "tiktok_shop")
    assert "1688-06" in never("close", "alibaba_1688")
    assert "XHS" not in never("send_message", "tiktok_shop"), "another platform's rules are not mixed in"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_consoles_own_words_are_those_of_the_papers(language: str) -> None:
    steps = " ".join(told("close", "xiaohongshu", language).steps)
    for word in ("ark.xiaohongshu.com", "订单管理", "全部订单", "更多", "关闭订单", "提交"):
        assert word in steps
    assert "批量关闭" in " ".join(told("close", "xiaohongshu", language, batch_size=2).steps)
    assert "批量关闭" not in steps
    assert "申请退款" in " ".join(told("close", "alibaba_1688", language).steps)


def test_times_are_the_stores_and_a_step_without_its_detail_is_left_out() -> None:
    found = told("close", "xiaohongshu", "en", announced_close_at="2026-03-11T10:00:00+00:00")
    assert "Not before 2026-03-11 18:00 (+08:00): that is the time the buyer was told." in found.steps
    assert found.steps[-1] == "It is due by 2026-03-10 20:00 (+08:00)."
    assert not any("Not before" in step for step in told("close", "xiaohongshu", "en").steps)
    again = told("close", "xiaohongshu", "en", anew="2026-03-10T01:00:00+00:00")
    assert again.steps[0].startswith("This was said to be done at 2026-03-10 09:00 (+08:00)")


def test_what_the_subject_tells_is_used() -> None:
    chat = told("collect_evidence", "xiaohongshu", "en", "o1:chat")
    assert chat.title == "Collect evidence for order o1: the chat with the buyer"
    assert any("gateway evidence add o1 --kind chat FILE" in step for step in chat.steps)
    assert sum(step.startswith(("Chat:", "Problem:", "Parcel:", "Agreement:")) for step in chat.steps) == 1
    message = told("send_message", "alibaba_1688", "en", "o1:final_notice", language="zh-Hans")
    assert "final notice" in message.title
    assert any("It is in Chinese." in step for step in message.steps)
    assert told("delist", "xiaohongshu", "en", "CUP").title.startswith("Take CUP off sale")


def test_affected_orders_are_named() -> None:
    found = told("delist", "xiaohongshu", "en", "CUP", orders=[{"order": "o8"}, {"order": "o9"}])
    assert "Open orders that it concerns: o8, o9." in found.steps


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_no_text_stands_ready_the_words_sent_are_entered(language: str) -> None:
    task = replace(make_task("send_message", "o1:explain"), has_text=False)
    found = instructions_for(task, make_store("xiaohongshu"), Language(language))
    assert "`gateway message check`" in found.steps[0]
    assert found.afterwards == ("gateway contact sent o1 --purpose explain --text-file FILE",)

"""The list of texts comes out as it says, written before the guard; and what the guard tells can be used."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import DataError, NotAllowed
from gateway.marked_yaml import Mapping, Scalar, Sequence, load
from gateway.model.store import Platform
from gateway.policy.message_guard import Occasion, check, require
from gateway.policy.message_guard_words import GuardBook, guard_book, read_rules, read_words
from gateway.policy.rule_file import RuleError
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Purpose, Reason, Reply

FOLDER = Path(__file__).parent / "messages"
INVISIBLE = {"{zwsp}": "\u200b", "{wj}": "\u2060", "{vs}": "\ufe0f", "{nbsp}": "\u00a0"}


def texts(file: str) -> list[dict[str, Any]]:
    node = load((FOLDER / f"{file}.yaml").read_text("utf-8"), file)
    assert isinstance(node, Sequence)
    return [_plain(each) for each in node.items]


def _plain(node: object) -> Any:
    if isinstance(node, Scalar):
        text = node.text
        for name, letter in INVISIBLE.items():
            text = text.replace(name, letter)
        return text
    if isinstance(node, Sequence):
        return [_plain(each) for each in node.items]
    assert isinstance(node, Mapping)
    return {key: _plain(each) for key, each in node.entries.items()}


def occasion(entry: dict[str, Any]) -> Occasion:
    return Occasion(
        platform=Platform(entry["on"]),
        purpose=Purpose(entry["purpose"]) if "purpose" in entry else None,
        language=entry.get("lang"),
        reason=Reason(entry["reason"]) if "reason" in entry else None,
        reply=Reply(entry.get("reply", "none")),
    )


PLATFORMS = ("xiaohongshu", "alibaba_1688", "shopee", "tiktok_shop")
LISTS = sorted(file.stem for file in FOLDER.glob("*.yaml") if "held_out" not in file.stem)  # one a language
MAIN = ("zh", "ja", "en")
EVERY = [entry for name in LISTS for entry in texts(name)]
# Two lists of 60 written after the guard, to see how it does on texts it was not built for. Each time it judged 49
# right, refused 1 wrongly and missed 10. It was taught those since, so they stand with the list now.
EVERY += [entry for part in ("held_out", "second_held_out") for name in MAIN for entry in texts(f"{part}_{name}")]
THIRD = [entry for name in MAIN for entry in texts(f"third_held_out_{name}")]
MISSED = {"en-t06", "en-t08"}  # of the third such list, for which nobody has changed the guard


@pytest.mark.parametrize("entry", EVERY, ids=[entry["id"] for entry in EVERY])
def test_the_text_is_judged_as_the_list_says(entry) -> None:
    found = check(entry["text"], occasion(entry))
    assert {each.rules[0] for each in found} == set(entry["breaks"]), found
    for each in found:
        assert entry["text"][each.offset : each.offset + len(each.words)] == each.words
        assert each.instead
    if "at" in entry:
        start, end = entry["text"].index(entry["at"]), entry["text"].index(entry["at"]) + len(entry["at"])
        assert any(each.offset < end and start < each.offset + len(each.words) for each in found), found


def test_how_the_guard_does_on_texts_it_was_not_built_for() -> None:
    def told(entry: dict[str, Any]) -> set[str]:
        return {each.rules[0] for each in check(entry["text"], occasion(entry))}

    assert len(THIRD) == 30
    assert {entry["id"] for entry in THIRD if told(entry) != set(entry["breaks"])} == MISSED


@pytest.mark.parametrize("language", LISTS)
def test_the_list_has_thirty_of_each(language) -> None:
    entries = texts(language)
    assert len({entry["id"] for entry in entries}) == len(entries) == 60
    assert sum(not entry["breaks"] for entry in entries) == 30


ASK = "请您取消订单"


def _on(platform: str, **known: Any) -> Occasion:
    return Occasion(platform=Platform(platform), **known)


def test_what_one_platform_recommends_the_others_forbid() -> None:
    offer = "亲,因为缺货,这个订单暂时无法发出,建议您先申请退款,送您5元优惠券。"
    told = {each: {found.rules[0] for found in check(offer, _on(each))} for each in PLATFORMS}
    assert told == {
        "xiaohongshu": set(),
        "alibaba_1688": {"X1"},
        "shopee": {"S7"},
        "tiktok_shop": {"TTJ-04", "TTJ-06", "TTJ-07"},
    }


@pytest.mark.parametrize("reply", list(Reply))
def test_who_has_consented_may_be_told_to_apply_on_1688_only(reply) -> None:
    consented = reply in {"consents", "asks_to_cancel"}
    assert bool(check(ASK, _on("alibaba_1688", reply=reply))) is not consented
    assert check(ASK, _on("shopee", reply=reply))
    assert check(ASK, _on("tiktok_shop", reply=reply, language="zh"))


@pytest.mark.parametrize(
    ("platform", "text", "first"),
    [
        ("xiaohongshu", "我们不发货了", date(2025, 1, 1)),
        ("xiaohongshu", "电话13800138000", date(2025, 1, 1)),
        ("alibaba_1688", ASK, date(2025, 4, 14)),
        ("tiktok_shop", "アプリからキャンセルしてください。", date(2025, 10, 28)),
        ("shopee", ASK, date(2025, 11, 11)),
    ],
)
def test_a_rule_counts_from_its_day_on(platform, text, first) -> None:
    assert check(text, _on(platform, day=first))
    assert (
        check(text, _on(platform, day=first.replace(day=first.day - 1) if first.day > 1 else date(2024, 12, 31))) == ()
    )


@pytest.mark.parametrize("reason", ["unwilling", "malicious_order", "system_error", "buyer_unreachable", "buyer_asked"])
def test_nobody_is_invited_for_a_reason_that_allows_no_invitation(reason) -> None:
    told = check("建议您先申请退款。", _on("xiaohongshu", purpose=Purpose.offer_cancel, reason=Reason(reason)))
    assert "READING-XIAOHONGSHU" in {each.rules[0] for each in told}


NOTICE = "因商品缺货,我们将于11月23日18时关闭订单,退款将原路返回。"


def test_a_final_notice_lacks_what_is_taken_out_of_it() -> None:
    final = _on("xiaohongshu", purpose=Purpose.final_notice, reason=Reason.out_of_stock)

    def lacks(text: str) -> set[str]:
        return {each.kind.value for each in check(text, final)}

    assert lacks(NOTICE) == set()
    assert lacks(NOTICE.replace("因商品缺货,", "")) == {"reason_missing"}
    assert lacks(NOTICE.replace("18时", "")) == {"hour_missing"}
    assert lacks(NOTICE.replace("退款将原路返回", "请您谅解")) == {"refund_missing"}
    assert lacks("客服时间为9:00到18:00。因商品缺货,我们将关闭订单,退款将原路返回。") == {"hour_missing"}
    assert check("您好", _on("xiaohongshu", purpose=Purpose.second_notice)) == ()


def test_a_finding_says_what_where_and_what_instead() -> None:
    (found,) = check("您好。我们 不 发 货 了。", _on("xiaohongshu"))
    assert (found.rules, found.offset, found.words[:5]) == (("XHS-53", "XHS-52"), 6, "不 发 货")
    assert "true reason" in found.instead
    assert "暂时无法发出" in found.write


def test_what_may_not_be_sent_is_refused_with_its_rules_and_without_its_words() -> None:
    require(NOTICE, _on("xiaohongshu"))
    with pytest.raises(NotAllowed) as caught:
        require("打13800138000,我们不发货了", _on("xiaohongshu"))
    assert set(caught.value.citations) == {"XHS-33", "XHS-53", "XHS-52"}
    assert "138" not in str(caught.value)
    assert "gateway message check" in str(caught.value)


def test_what_is_written_instead_passes_itself() -> None:
    for words in guard_book().words.values():
        for kind, text in words.instead.items():
            for platform in PLATFORMS:
                assert check(text, _on(platform, language=words.language)) == (), (words.language, kind)


def test_every_rule_names_a_known_source_and_its_date() -> None:
    sources = load_rules().sources
    for platform, rules in guard_book().rules.items():
        for rule in rules:
            assert rule.source in sources, (platform, rule.title)
            assert rule.in_force >= date(2025, 1, 1)
            if rule.source != "readings":
                assert rule.in_force == sources[rule.source].published


@pytest.mark.parametrize(
    "piece", ["please ", "不会再", "a b c ", " ", "1 ", "we will can ", "キャンセルの", "you may ", "不·", "'"]
)
def test_no_text_keeps_the_guard_busy(piece) -> None:
    text = (piece * 5000)[:5000]
    begun = time.process_time()
    check(text, _on("tiktok_shop", reason=Reason.out_of_stock))
    assert time.process_time() - begun < 5


def test_a_text_no_chat_takes_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        check("a" * 5001, _on("shopee"))
    assert "5001 letters" in str(caught.value)


def test_a_platform_without_rules_forbids_nothing_here() -> None:
    assert check("我们不发货了", _on("shopee"), GuardBook({}, guard_book().words)) == ()


RULES = """\
shopee:
  - kind: refusal
    rules: [SHP-02]
    title: T
    instead: I
    source: guide-003
    span: line 24
    in_force: 2025-11-11
    seen: 2026-11-22
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULES.replace("shopee", "lazada"), "line 1: 'lazada' is no platform"),
        (RULES.replace("refusal", "shouting"), "line 2: 'shouting' is unknown; known are refusal"),
        (RULES.replace("2025-11-11", "2025"), "line 8: '2025' is no full date"),
        (RULES.replace("[SHP-02]", "[]"), "needs at least one rule id"),
        (RULES + "    purposes: [shout]\n", "line 10: 'shout' is unknown; known are explain"),
        (RULES + "    colour: red\n", "line 10: colour: unknown key"),
    ],
)
def test_a_broken_rule_is_refused_with_its_place(text, message) -> None:
    with pytest.raises(RuleError) as caught:
        read_rules(text, "rules.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("refusal:\n  forbid:\n    - '('\n", "words/xx.yaml, line 3: no readable pattern"),
        ("refusal:\n  forbid:\n    - 'we <send>'\n", "line 3: <send> stands for nothing"),
        ("refusals:\n  forbid: []\n", "line 1: refusals: unknown key"),
        ("reasons:\n  weather:\n    forbid: []\n", "line 3: 'weather' is no reason"),
    ],
)
def test_broken_words_are_refused_with_their_place(text, message) -> None:
    with pytest.raises(RuleError) as caught:
        read_words("xx", text)
    assert message in str(caught.value)


def _wide(text: str) -> str:
    return text.translate(str.maketrans(",:?!()", "，：？！（）"))


DISGUISES = {
    "full-width punctuation": _wide,
    "decomposed letters": lambda text: unicodedata.normalize("NFD", text),
    "zero-width spaces everywhere": "\u200b".join,
    "struck through": lambda text: "".join(f"{letter}\u0336" if letter.isalpha() else letter for letter in text),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguise_changes_no_verdict(disguise) -> None:
    for entry in EVERY:
        found = {each.rules[0] for each in check(DISGUISES[disguise](entry["text"]), occasion(entry))}
        assert found == set(entry["breaks"]), entry["id"]


def test_blanks_between_chinese_characters_change_no_verdict() -> None:
    for entry in EVERY:
        if entry["id"].startswith("zh"):
            text = re.sub(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])", " ", entry["text"])
            found = {each.rules[0] for each in check(text, occasion(entry))}
            assert found == set(entry["breaks"]), entry["id"]


ELSEWHERE = [
    ("id", "Mohon batalkan pesanan ini ya kak", "S7"),
    ("id", "Kami tidak akan mengirim pesanan ini", "SHP-02"),
    ("id", "Jangan batalkan pesanan, barang dikirim hari ini", None),
    ("ms", "Sila batalkan pesanan anda", "S7"),
    ("ms", "Kami tidak akan menghantar barang ini", "SHP-02"),
    ("ms", "Pesanan anda telah dibatalkan oleh kedai kami", None),
    ("vi", "Bạn vui lòng hủy đơn giúp shop nhé", "S7"),
    ("vi", "Shop sẽ không gửi hàng", "SHP-02"),
    ("vi", "Bạn không cần hủy đơn, shop gửi hôm nay", None),
    ("th", "รบกวนลูกค้ากดยกเลิกคำสั่งซื้อด้วยนะคะ", "S7"),
    ("th", "ทางร้านจะไม่จัดส่งสินค้าให้", "SHP-02"),
    ("th", "ทางร้านได้ยกเลิกคำสั่งซื้อแล้ว", None),
    ("pt", "Por favor, cancele o pedido", "S7"),
    ("pt", "Não vamos enviar o seu pedido", "SHP-02"),
    ("pt", "Não precisa cancelar, vamos enviar amanhã", None),
    ("es", "Por favor cancele el pedido", "S7"),
    ("es", "No vamos a enviar su pedido", "SHP-02"),
    ("es", "Tuvimos que cancelar el pedido nosotros", None),
    ("fil", "Paki-cancel na lang po ang order", "S7"),
    ("fil", "Hindi na po namin ipapadala ang order", "SHP-02"),
    ("fil", "Huwag po ninyong i-cancel, ipapadala namin bukas", None),
    ("zh-Hant", "麻煩您取消訂單", "S7"),
    ("en", "Please, cancel it", "S7"),
    ("en", "please... cancel it", "S7"),
]


@pytest.mark.parametrize(("language", "text", "rule"), ELSEWHERE)
def test_the_languages_of_other_regions(language, text, rule) -> None:
    assert {each.rules[0] for each in check(text, _on("shopee", language=language))} == ({rule} if rule else set())

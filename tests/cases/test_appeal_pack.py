from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from gateway.cases.appeal_pack import make_pack
from gateway.cases.approvals import ApprovalState
from gateway.cases.case import Outcome, open_case
from gateway.cases.contact import record_reply, record_sent, record_ticket
from gateway.cases.effects import EffectState, Recorded, record_decision, record_intent
from gateway.cases.evidence import EvidenceRoom
from gateway.cases.evidence_files import FolderFiles
from gateway.cases.papers.words import words_in
from gateway.cases.tasks import TaskKind, finish_task, open_task
from gateway.cases.timeline import Subject, timeline_of
from gateway.cases.told_decisions import told_decisions
from gateway.errors import Conflict, DataError, NotFound
from gateway.ledger import appeals, points
from gateway.ledger.points import PointsEntry, PointsKind
from gateway.model.order import Buyer, Closure, EndedBy
from gateway.model.store import Store
from gateway.orders.reading import order as stored_order
from gateway.orders.store import erase_person, upsert_orders
from gateway.policy.decide import decide
from gateway.policy.decision import canonical_bytes
from gateway.policy.message_guard_templates import Writing
from gateway.policy.rule_set import load_rules
from gateway.policy.scenario import Scenario
from gateway.policy.scenario import canonical_bytes as scenario_bytes
from gateway.policy.terms import EvidenceKind, Reply
from gateway.policy.wording.catalog import Language
from gateway.ports import Operation, OrderBatch
from gateway.storage import stores as store_rows
from gateway.storage.moments import to_micros
from gateway.storage.schema import decisions
from tests.kit.paper import NOON, make_order
from tests.kit.pdf_text import text_of

RULES = load_rules()
PNG = b"\x89PNG\r\n\x1a\n the chat"
JPEG = b"\xff\xd8\xff\xe0 the empty shelf"
STORES = {
    "xiaohongshu": ("CN", "CNY", "Asia/Shanghai"),
    "tiktok_shop": ("JP", "JPY", "Asia/Tokyo"),
    "shopee": ("SG", "SGD", "Asia/Singapore"),
}


def at(hours: float) -> Any:
    return NOON + timedelta(hours=hours)


def asked(platform: str) -> Scenario:
    region, currency, _ = STORES[platform]
    order = {
        "phase": "awaiting_shipment",
        "paid_at": NOON.isoformat(),
        "paid": {"amount": "50", "currency": currency},
        "stock_available": False,
    }
    store = {"platform": platform, "region": region, "currency": currency}
    return Scenario.model_validate(
        {"as_of": at(1).isoformat(), "store": store, "order": order, "intent": {"reason": "out_of_stock"}}
    )


async def lived(desk: Any, tmp_path: Any, platform: str = "xiaohongshu") -> EvidenceRoom:
    """Let an order of a store live through a case with all that can be on record."""
    region, currency, zone = STORES[platform]
    store = Store(
        id="x1", app="a1", platform=platform, external_id="9", region=region, currency=currency, time_zone=zone,
        name="小店",
    )  # fmt: skip
    plain: dict[str, Any] = {"store": "x1", "region": region, "currency": currency, "buyer": Buyer(name="王小明")}
    order = make_order("P1", at(0), paid_at=at(0.1), **plain)
    ended = make_order(
        "P1",
        at(30),
        placed_at=at(0),
        paid_at=at(0.1),
        closure=Closure.closed,
        ended_at=at(30),
        ended_by=EndedBy.seller,
        **plain,
    )
    files = FolderFiles(tmp_path / "evidence")
    room = EvidenceRoom(database=desk.database, vault=desk.vault, clock=desk.clock, files=files)

    def begin(c: Any) -> None:
        store_rows.add_store(c, store, NOON)
        upsert_orders(c, desk.vault, OrderBatch(orders=[order]), at(0.2))
        open_case(c, store="x1", order_id="P1", reason="out_of_stock", by="anna", now=at(1))
        intent = record_intent(c, "x1", "P1", "out_of_stock", "anna", at(1))
        scenario = asked(platform)
        answer = canonical_bytes(decide(scenario, RULES))
        recorded = Recorded(RULES.version, scenario_bytes(scenario), answer, RULES.archive)
        record_decision(c, intent, "x1", "P1", recorded, at(1))
        told: dict[str, Any] = {"store": "x1", "order_id": "P1"}
        record_sent(c, desk.vault, **told, purpose="explain", language="zh", text="这个杯子缺货了", at=at(2), by="anna")
        record_sent(c, desk.vault, **told, purpose="final_notice", language="zh", text="最后一次通知", at=at(26),
                    by="anna", announced_close_at=at(28))  # fmt: skip
        record_reply(c, desk.vault, **told, reply=Reply.consents, at=at(27), by="ben", now=at(28), text="好吧，取消吧")
        record_ticket(c, **told, ticket="T-77", by="ben", now=at(28))
        made = open_task(
            c, case_id=None, **told, kind=TaskKind.close, subject="P1", details={}, due_by=None, now=at(28)
        )
        finish_task(c, made.id, by="ben", now=at(30), because="in the console")
        upsert_orders(c, desk.vault, OrderBatch(orders=[ended]), at(30))

    await desk.database.write(begin)
    desk.clock.set(at(29))
    await room.add("x1", "P1", EvidenceKind.chat, PNG, name="聊天.png", by="ben")
    await room.add("x1", "P1", EvidenceKind.problem, JPEG, name="空货架.jpg", by="ben")
    return room


async def packed(desk: Any, room: EvidenceRoom, **more: Any) -> Any:
    given: dict[str, Any] = {"store": "x1", "order_id": "P1"}
    return await make_pack(room, database=desk.database, vault=desk.vault, rules=RULES, **(given | more))


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert pack.testzip() is None
        return {name: pack.read(name) for name in pack.namelist()}


async def test_a_pack_holds_everything_once_and_says_its_hashes(desk, tmp_path):
    room = await lived(desk, tmp_path)
    pack = await packed(desk, room)
    parts = opened(pack.content)
    assert set(parts) == {
        "appeal.pdf", "decisions/001.json", "decisions/001.txt", "evidence/0001-chat.png", "evidence/0002-problem.jpg",
        "index.html", "manifest.json", "order.html", "timeline.html",
    }  # fmt: skip
    assert list(parts) == sorted(parts) == list(pack.files)
    assert (parts["evidence/0001-chat.png"], parts["evidence/0002-problem.jpg"]) == (PNG, JPEG)
    assert (pack.evidence, pack.decisions, pack.missing, pack.language) == (2, 1, ("order_detail",), "zh")
    manifest = json.loads(parts.pop("manifest.json"))
    assert (manifest["order"], manifest["store"], manifest["language"]) == ("P1", "x1", "zh")
    assert manifest["files"] == {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in parts.items()
    }
    [chat, problem] = await room.on_record("x1", "P1")
    assert [each["register_digest"] for each in manifest["evidence"]] == [chat.digest, problem.digest]


async def test_the_timeline_tells_it_in_order_with_the_words_that_were_said(desk, tmp_path):
    room = await lived(desk, tmp_path)
    page = opened((await packed(desk, room)).content)["timeline.html"].decode()
    in_order = [
        "买家下单", "买家付款", "处理原因：缺货", "结论 001", "这个杯子缺货了",
        "告知的关闭时间：2026-03-12 00:00 (+08:00)", "买家答复：同意",
        "好吧，取消吧",
        "工单：T-77", "保存凭证 1：聊天截图", "保存凭证 2：问题凭证",
        "订单结束：已关闭", "人工已完成：在商家后台关闭订单",
    ]  # fmt: skip
    places = [page.find(each) for each in in_order]
    assert -1 not in places, in_order[places.index(-1)]
    assert places == sorted(places)
    assert "由 ben 于 2026-03-12 00:00 (+08:00) 录入" in page


async def test_a_decision_is_told_with_its_rules_and_sources(desk, tmp_path):
    room = await lived(desk, tmp_path)
    parts = opened((await packed(desk, room)).content)
    page = parts["decisions/001.txt"].decode()
    assert "依据的规则" in page
    assert "XHS-59" in page
    assert "来源：" in page
    record = json.loads(parts["decisions/001.json"])
    [row] = await desk.read(lambda c: c.execute(decisions.select()).all())
    assert record == {"decision": json.loads(row.decision), "scenario": json.loads(row.scenario)}


async def test_a_decision_whose_rules_are_gone_is_not_told_otherwise(desk, tmp_path):
    room = await lived(desk, tmp_path)
    strange = {"id": "d2", "intent": "i", "store": "x1", "order_id": "P1", "at": to_micros(at(40)),
               "rule_set": "2019.1",
               "scenario": scenario_bytes(asked("xiaohongshu")), "decision": b'{"path":"wait"}',
               "rule_files": None}  # fmt: skip
    await desk.database.write(lambda c: c.execute(insert(decisions).values(**strange)).rowcount)
    parts = opened((await packed(desk, room)).content)
    assert "规则集 2019.1 没有一并保存" in parts["decisions/002.txt"].decode()
    assert json.loads(parts["decisions/002.json"])["decision"] == {"path": "wait"}


async def test_equal_records_are_equal_bytes_whenever_packed(desk, tmp_path):
    room = await lived(desk, tmp_path)
    first = (await packed(desk, room)).content
    desk.clock.set(at(999))
    assert (await packed(desk, room)).content == first
    await room.add("x1", "P1", EvidenceKind.parcel, PNG, name="x.png", by="ben")
    assert (await packed(desk, room)).content != first


@pytest.mark.parametrize(
    ("platform", "language", "words"),
    [
        ("xiaohongshu", "zh", ("订单 P1 的申诉材料", "凭证清单", "聊天截图", "尚缺的凭证", "订单详情")),
        ("tiktok_shop", "ja", ("注文 P1 に関する異議申し立て資料", "証拠の一覧", "チャットの画面")),
        ("shopee", "en", ("Evidence about order P1", "screenshot of the chat", "Still missing")),
    ],
)
async def test_a_pack_speaks_the_platforms_language(desk, tmp_path, platform, language, words):
    pack = await packed(desk, await lived(desk, tmp_path, platform))
    parts = opened(pack.content)
    assert pack.language == language
    index, pdf = parts["index.html"].decode(), text_of(parts["appeal.pdf"]).replace("\n", "")
    for each in words:
        assert each in index, each
        assert each in pdf, each
    assert "聊天.png" in index


async def test_another_language_may_be_asked_for(desk, tmp_path):
    pack = await packed(desk, await lived(desk, tmp_path), language=Language.en)
    assert "Evidence about order P1" in opened(pack.content)["index.html"].decode()


async def test_points_at_stake_and_appeals_are_told(desk, tmp_path):
    room = await lived(desk, tmp_path)

    def book(c: Any) -> None:
        taken = PointsEntry(store="x1", kind=PointsKind.taken, points=2, order_id="P1", rule=None, by="anna", at=at(40),
                            because="")  # fmt: skip
        points.add(c, taken, "xiaohongshu")
        appeals.open_appeal(c, "x1", "P1", 2, by="anna", at=at(41), because="")

    await desk.database.write(book)
    parts = opened((await packed(desk, room)).content)
    assert "因此被扣且未返还的分数" in parts["index.html"].decode()
    page = parts["timeline.html"].decode()
    assert page.find("平台扣除 2 分") < page.find("申诉，涉及 2 分")


async def test_a_pack_is_whole_or_not_made(desk, tmp_path):
    room = await lived(desk, tmp_path)
    [chat, _] = await room.on_record("x1", "P1")
    (tmp_path / "evidence" / chat.path).unlink()
    with pytest.raises(DataError, match="missing"):
        await packed(desk, room)
    await room.add("x1", "P1", EvidenceKind.chat, PNG, name="聊天.png", by="ben")
    await packed(desk, room)
    with pytest.raises(NotFound):
        await packed(desk, room, order_id="P9")
    await desk.database.write(lambda c: erase_person(c, "x1", "P1"))
    with pytest.raises(Conflict, match="erased"):
        await packed(desk, room)


async def test_moments_at_one_instant_keep_their_order(desk, tmp_path):
    await lived(desk, tmp_path)

    def read(c: Any) -> Any:
        words = words_in(Language.en)
        store = store_rows.store_of(c, "x1")
        stored = stored_order(c, desk.vault, "x1", "P1", with_personal=True)
        told = told_decisions(c, "x1", "P1", words.texts, RULES)
        return timeline_of(c, desk.vault, Subject(stored, store, words), told, ())

    moments = await desk.read(read)
    assert [each.at for each in moments] == sorted(each.at for each in moments)
    first = [each.what for each in moments if each.at == at(28)]
    assert "opened with the platform's support: T-77" in first[0]
    assert moments[0].at.astimezone(ZoneInfo("Asia/Shanghai")).hour == 20


WORDS: dict[str, type[StrEnum]] = {
    "effect_state": EffectState,
    "outcome": Outcome,
    "task": TaskKind,
    "reply": Reply,
    "purpose": Writing,
    "evidence": EvidenceKind,
}


@pytest.mark.parametrize("language", list(Language))
def test_every_word_of_ours_is_said(language):
    words = words_in(language)
    for kind, enum in WORDS.items():
        for each in enum:
            assert words.entries.get(f"{kind}.{each.value}"), (kind, each)
    quiet = {"list_orders", "list_after_sales", "read_health", "receive_pushes", "fetch_lost_pushes", "set_push_url"}
    for operation in Operation:
        assert operation in quiet or words.entries.get(f"operation.{operation.value}"), operation
    assert {"granted", "refused"} <= {each.value for each in ApprovalState}

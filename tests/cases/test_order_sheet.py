from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from gateway.cases.evidence import EvidenceRoom
from gateway.cases.evidence_files import FolderFiles
from gateway.cases.order_sheet import facts_hash, make_order_sheet, masked_name, masked_phone, sheet_of
from gateway.cases.papers.page import Grid, Page, html_of
from gateway.cases.papers.pdf import pdf_of
from gateway.cases.papers.words import words_in
from gateway.errors import NotFound
from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Buyer, LineItem, Package, Phase, Recipient
from gateway.model.order import FulfillmentState as Shipment
from gateway.model.store import Store
from gateway.orders.store import StoredOrder, erase_person, upsert_orders
from gateway.policy.wording.catalog import Language
from gateway.ports import OrderBatch
from tests.kit.paper import NOON, make_order
from tests.kit.pdf_text import text_of

XHS = Store(
    id="xhs-1", app="a", platform="xiaohongshu", external_id="1", region="CN", currency="CNY",
    time_zone="Asia/Shanghai", name="小店",
)  # fmt: skip
TTS = Store(
    id="tts-1", app="a", platform="tiktok_shop", external_id="1", region="JP", currency="JPY", time_zone="Asia/Tokyo"
)
SGP = Store(
    id="sgp-1", app="a", platform="shopee", external_id="1", region="SG", currency="SGD", time_zone="Asia/Singapore"
)
REQUEST = AfterSale(
    store="s1", order_id="P1", request_id="R7", kind=RequestKind.cancellation, state=RequestState.open,
    reason_raw="不想要了", opened_at=NOON, updated_at=NOON, answer_by=NOON + timedelta(hours=48), currency="CNY",
)  # fmt: skip


def line(title: str) -> LineItem:
    return LineItem(line_id="1", product_id="p", title=title, quantity=1)


def stored(**facts: Any) -> StoredOrder:
    plain: dict[str, Any] = {
        "currency": "CNY",
        "region": "CN",
        "total_minor": 12950,
        "paid_at": NOON + timedelta(minutes=3),
        "ship_by": NOON + timedelta(hours=48),
        "lines": (
            LineItem(line_id="1", product_id="p", title="青花杯 <b>&", variant="蓝色", sku="CUP-1", quantity=2,
                     unit_price_minor=6475),
        ),
        "packages": (Package(package_id="K1", state=Shipment.to_ship, carrier="顺丰"),),
        "requests": (REQUEST,),
        "buyer": Buyer(buyer_id="buyer-778899", name="王小明"),
        "recipient": Recipient(name="王小明", phone="138-1234-5678", city="上海市", full_address="南京路1号502室"),
        "note": "call 13812345678",
    }  # fmt: skip
    order = make_order("P1", NOON, **(plain | facts))
    seen = NOON + timedelta(hours=1)
    return StoredOrder(order, Phase.awaiting_shipment, 3, seen, NOON + timedelta(minutes=5), {})


class Reader(HTMLParser):
    """The words a person sees, and the tags there are."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: bytes) -> Reader:
    reader = Reader()
    reader.feed(html.decode())
    return reader


def test_a_sheet_in_chinese_tells_the_order_as_it_was_read():
    page = sheet_of(stored(), XHS, "2026.1")
    shown = " ".join(read(html_of(page)).words)
    for words in (
        "订单详情 P1", "小红书", "小店 (xhs-1)", "已付款，待发货", "129.50 CNY", "64.75 CNY",
        "青花杯 <b>&", "蓝色", "CUP-1",
        "2026-03-10 20:00 (+08:00)", "最晚发货时间", "2026-03-12 20:00 (+08:00)",
        "顺丰", "R7", "取消订单", "待答复", "不想要了",
        "规则集 2026.1", "第 3 版", facts_hash(stored()),
    ):  # fmt: skip
        assert words in shown, words


def test_who_bought_is_masked():
    html = html_of(sheet_of(stored(), XHS, "2026.1")).decode()
    assert "王**" in html
    assert "138****5678" in html
    for hidden in ("王小明", "小明", "1234", "南京路", "778899", "13812345678"):
        assert hidden not in html, hidden
    assert (masked_name(""), masked_name("A"), masked_name("Anna Tan")) == ("", "A**", "A**")
    assert (masked_phone(""), masked_phone("12345678"), masked_phone("+65 8123 4567")) == ("", "**", "658****4567")
    assert masked_phone("138****5678") == "138****5678"


def test_a_sheet_needs_nothing_else_and_runs_nothing():
    evil = '<script>alert(1)</script><img src="http://127.0.0.1/x">" onload="x'
    hostile = line(evil)
    html = html_of(sheet_of(stored(lines=(hostile,), raw_status=evil), XHS, evil))
    reader = read(html)
    assert reader.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td",
                           "footer", "br"}  # fmt: skip
    assert reader.addresses == []
    assert evil in "".join(reader.words)
    assert html.startswith(b'<!doctype html>\n<html lang="zh">')


def test_equal_facts_are_equal_bytes_and_others_are_not():
    page, undrawn = sheet_of(stored(), XHS, "2026.1"), ""
    later = replace(stored(), seen_at=NOON + timedelta(days=3))  # read again, nothing changed
    assert html_of(sheet_of(later, XHS, "2026.1")) == html_of(page)
    assert pdf_of(sheet_of(later, XHS, "2026.1"), undrawn) == pdf_of(page, undrawn)
    for other in (stored(total_minor=12951), stored(requests=()), stored(raw_status="X")):
        assert facts_hash(other) != facts_hash(stored())
        assert html_of(sheet_of(other, XHS, "2026.1")) != html_of(page)


@pytest.mark.parametrize(
    ("store", "language", "facts", "words"),
    [
        (XHS, "zh", {}, ("订单详情", "小红书", "青花杯 <b>&", "已付款，待发货", "最晚发货时间", "129.50 CNY", "王**")),
        (TTS, "ja", {"currency": "JPY", "lines": (line("有田焼カップ"),)},
         ("注文の詳細", "TikTok Shop", "有田焼カップ", "発送期限", "12950 JPY", "ルールセット")),
        (SGP, "en", {"currency": "SGD", "lines": (line("Tasse à café 茶杯"),)},
         ("Order P1", "Shopee", "Tasse à café 茶杯", "To ship by", "129.50 SGD")),
    ],
)  # fmt: skip
def test_the_text_of_a_pdf_can_be_copied_out(store, language, facts, words):
    page = sheet_of(stored(**facts), store, "2026.1")
    assert page.language == language
    pdf = pdf_of(page, "SOME MISSING")
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    told = text_of(pdf).replace("\n", "")
    for each in words:
        assert each in told, each
    assert "SOME MISSING" not in told


def test_a_pdf_says_when_a_character_is_not_in_its_fonts():
    thai = line("แก้ว cup 🫖")
    page = sheet_of(stored(lines=(thai,)), SGP, "2026.1")
    told = text_of(pdf_of(page, words_in(Language.en).say("undrawn")))
    assert "cup" in told
    assert "□" in told
    assert "the HTML sheet shows them" in told.replace("\n", "")
    assert "แก้ว cup 🫖" in html_of(page).decode()


def test_a_long_sheet_takes_several_pages():
    many = tuple(LineItem(line_id=str(n), product_id="p", title=f"杯子 {n} " * 30, quantity=1) for n in range(40))
    pdf = pdf_of(sheet_of(stored(lines=many), XHS, "2026.1"), "")
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 2
    assert "杯子 39" in text_of(pdf).replace("\n", "")


def test_a_cell_longer_than_a_page_goes_on_with_the_next():
    chat = "\n".join(f"第{n}句：这个杯子什么时候发货，请尽快回复我" for n in range(300))
    page = Page(Language.zh, "经过", "", (Grid("经过", ("时间", "说明"), (("2026-03-10", chat), ("后来", "完"))),), ())
    pdf = pdf_of(page, "")
    told = text_of(pdf).replace("\n", "")
    for n in (0, 150, 299):
        assert f"第{n}句：这个杯子什么时候发货，请尽快回复我" in told
    assert "完" in told
    assert len(re.findall(rb"/Type /Page\b", pdf)) > 3
    assert pdf_of(page, "") == pdf


def test_every_language_has_the_same_words():
    english = words_in(Language.en).entries
    for language in (Language.zh, Language.ja):
        entries = words_in(language).entries
        assert set(entries) == set(english)
        for key, text in entries.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key


@pytest.fixture
async def kept(desk, tmp_path):
    both = [make_order("o1", NOON, buyer=Buyer(name="Anna Tan"))]
    await desk.database.write(lambda c: upsert_orders(c, desk.vault, OrderBatch(orders=both), NOON))
    files = FolderFiles(tmp_path / "evidence")
    return desk, EvidenceRoom(database=desk.database, vault=desk.vault, clock=desk.clock, files=files)


async def _make(desk: Any, room: EvidenceRoom, order_id: str = "o1") -> Any:
    return await make_order_sheet(
        room, database=desk.database, vault=desk.vault, rule_set="2026.1", store="s1", order_id=order_id
    )


async def test_the_gateway_makes_the_evidence_order_detail_itself(kept):
    desk, room = kept
    made = await _make(desk, room)
    assert (made.kind, made.media_type, made.name, made.by) == ("order_detail", "text/html", "order-o1.html", "gateway")
    _, content = await room.read(made.number)
    assert b"A**" in content
    assert b"Anna" not in content
    desk.clock.set(datetime(2026, 3, 12, tzinfo=UTC))
    assert await _make(desk, room) == made, "nothing changed: the sheet that is there stands"
    changed = make_order("o1", NOON + timedelta(hours=1), raw_status="SHIPPED")
    await desk.database.write(lambda c: upsert_orders(c, desk.vault, OrderBatch(orders=[changed]), desk.clock.now()))
    assert (await _make(desk, room)).number == 2


async def test_no_sheet_of_an_unknown_order(kept):
    with pytest.raises(NotFound, match="no order o9"):
        await _make(*kept, order_id="o9")


async def test_no_sheet_is_kept_of_an_erased_person(kept):
    desk, room = kept
    await desk.database.write(lambda c: erase_person(c, "s1", "o1"))
    with pytest.raises(Exception, match="erased"):
        await _make(desk, room)

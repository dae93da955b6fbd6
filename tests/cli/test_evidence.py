"""Evidence from the command line: kept, listed, verified, given back, packed; backed up with the database."""

from __future__ import annotations

import asyncio
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.model.order import Buyer
from gateway.model.store import App, AppSecret, Store
from gateway.operations.evidence import add_evidence
from gateway.operations.remote.use_cases import case_of
from gateway.orders.store import erase_person, upsert_orders
from gateway.policy.terms import EvidenceKind
from gateway.ports import OrderBatch
from gateway.storage import stores as rows
from tests.kit.paper import make_order

pytestmark = pytest.mark.slow  # whole gateways, command by command

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n the chat \x00\xff"


def _store(name: str) -> Store:
    return Store(
        id=name, app="a1", platform="xiaohongshu", external_id=name, region="CN", currency="CNY",
        time_zone="Asia/Shanghai",
    )  # fmt: skip


def _write(data: Path, act: Any) -> None:
    async def inside() -> None:
        async with running(data) as context:
            await context.database.write(lambda c: act(c, context.vault))

    asyncio.run(inside())


@pytest.fixture
def shop(gateway, monkeypatch):
    """Return the command over two stores, of which both know an order 7; the first has an order P1 too."""
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    gateway.done("init")

    def fill(c: Any, vault: Any) -> None:
        rows.add_app(c, vault, App(id="a1", platform="xiaohongshu", key="1", base_url="http://127.0.0.1:1"),
                     AppSecret(sign_key="k"), NOW)  # fmt: skip
        for name in ("x1", "x2"):
            rows.add_store(c, _store(name), NOW)
        plain: dict[str, Any] = {"region": "CN", "currency": "CNY", "buyer": Buyer(name="王小明")}
        both = [
            make_order("P1", NOW, store="x1", **plain),
            *(make_order("7", NOW, store=s, **plain) for s in ("x1", "x2")),
        ]
        upsert_orders(c, vault, OrderBatch(orders=both), NOW)

    _write(gateway.data, fill)
    return gateway


@pytest.fixture
def shot(tmp_path) -> Path:
    file = tmp_path / "聊天.png"
    file.write_bytes(PNG)
    return file


def test_a_file_is_kept_listed_verified_and_given_back(shop, shot, tmp_path):
    added = shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    assert (added["number"], added["kind"], added["name"], added["size"]) == (1, "chat", "聊天.png", len(PNG))
    assert (shop.data / "evidence" / added["path"]).is_file()
    assert shop.done("evidence", "list") == shop.done("evidence", "list", "P1") == [added]
    assert shop.done("evidence", "list", "7", "--store", "x2") == []
    assert "聊天.png" in shop("evidence", "list").out
    assert shop.done("evidence", "verify", "--all") == {"rows": 1, "files": 1, "sealed_for_good": 0, "problems": []}
    assert shop.done("evidence", "verify")["files"] == 0, "the register alone"
    assert shop.done("evidence", "verify", "P1")["files"] == 1
    shop.done("evidence", "get", 1, "--out", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == PNG
    assert (tmp_path / "back.png").stat().st_mode & 0o777 == 0o600
    assert shop("evidence", "get", 1, "--out", tmp_path / "back.png").code == 4, "nothing is overwritten"


def test_what_is_altered_is_told_and_ends_with_1(shop, shot, tmp_path):
    added = shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    file = shop.data / "evidence" / added["path"]
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    ended = shop("evidence", "verify", "--all", "--json")
    assert ended.code == 1
    assert "Number 1, order P1" in ended.json["problems"][0]
    assert shop("evidence", "verify").code == 0
    assert shop("evidence", "get", 1, "--out", tmp_path / "x").code == 2
    assert not (tmp_path / "x").exists()
    assert shop("evidence", "pack", "P1", "--out", tmp_path / "x.zip").code == 2
    file.unlink()
    assert "missing" in shop("evidence", "verify", "--all", "--json").json["problems"][0]


def test_what_cannot_be_kept_is_refused(shop, shot, tmp_path):
    assert shop("evidence", "add", "P9", shot, "--kind", "chat").code == 1
    assert shop("evidence", "add", "7", shot, "--kind", "chat").code == 2, "which store's?"
    assert shop("evidence", "add", "P1", shot, "--kind", "gossip").code == 2
    assert shop("evidence", "add", "P1", tmp_path / "nowhere.png", "--kind", "chat").code == 2
    assert shop("evidence", "add", "P1", "--kind", "chat").code == 2, "no file, and no sheet"
    (tmp_path / "program").write_bytes(b"MZ\x00")
    refused = shop("evidence", "add", "P1", tmp_path / "program", "--kind", "chat")
    assert (refused.code, "none of JPEG" in refused.err) == (2, True)
    (shop.data / "gateway.yaml").write_text("evidence:\n  max_mb: 1\n")
    (tmp_path / "large.png").write_bytes(PNG + bytes(1_000_000))
    assert "evidence.max_mb" in shop("evidence", "add", "P1", tmp_path / "large.png", "--kind", "chat").err
    assert shop.done("evidence", "list") == []


def test_the_order_sheet_is_made_and_kept(shop, tmp_path):
    made = shop.done("evidence", "add", "P1", "--kind", "order_detail")
    assert (made["name"], made["media_type"]) == ("order-P1.html", "text/html")
    shop.done("evidence", "sheet", "P1", "--out", tmp_path / "sheet.html")
    shop.done("evidence", "get", 1, "--out", tmp_path / "kept.html")
    assert (tmp_path / "sheet.html").read_bytes() == (tmp_path / "kept.html").read_bytes()
    assert "订单详情 P1" in (tmp_path / "sheet.html").read_text()
    pdf = shop.done("evidence", "sheet", "P1", "--pdf", "--language", "en", "--out", tmp_path / "sheet.pdf")
    assert pdf["size"] == (tmp_path / "sheet.pdf").stat().st_size
    assert b"(Order P1)" in (tmp_path / "sheet.pdf").read_bytes()
    assert shop("evidence", "sheet", "P9", "--out", tmp_path / "no.html").code == 1


def test_a_pack_is_written_and_says_what_is_missing(shop, shot, tmp_path):
    shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    made = shop.done("evidence", "pack", "P1", "--out", tmp_path / "appeal.zip")
    assert (made["evidence"], made["missing"], made["language"]) == (1, ["problem", "order_detail"], "zh")
    with zipfile.ZipFile(tmp_path / "appeal.zip") as pack:
        assert pack.read("evidence/0001-chat.png") == PNG
        assert sorted(pack.namelist()) == made["files"]
    assert (tmp_path / "appeal.zip").stat().st_mode & 0o777 == 0o600
    told = shop("evidence", "pack", "P1", "--language", "en", "--out", tmp_path / "second.zip").out
    assert "Still missing: problem, order_detail" in told


def test_an_erased_person_takes_the_files_along(shop, shot, tmp_path):
    shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    _write(shop.data, lambda c, vault: erase_person(c, "x1", "P1"))
    assert shop.done("evidence", "verify", "--all")["sealed_for_good"] == 1
    assert shop.done("evidence", "list")[0]["name"] is None
    assert "erased" in shop("evidence", "list").out
    for act in (("get", 1), ("pack", "P1")):
        refused = shop("evidence", *act, "--out", tmp_path / "x")
        assert (refused.code, "erased" in refused.err) == (1, True)


def test_a_backup_holds_the_files_and_brings_them_back(shop, shot, tmp_path):
    added = shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    (shop.data / "evidence" / ".writing-1").write_bytes(b"half a file")
    made = shop.done("backup", tmp_path / "kept.tar")
    assert "evidence files" not in made["reminder"]
    with tarfile.open(tmp_path / "kept.tar") as tar:
        assert sorted(tar.getnames()) == [
            "README.txt", f"evidence/{added['path']}", "gateway.db", "manifest.json",
            "settings/gateway.yaml",
        ]  # fmt: skip
    other = type(shop)(tmp_path / "other")
    (tmp_path / "other").mkdir(mode=0o700)
    (tmp_path / "other" / "master.key").write_bytes((shop.data / "master.key").read_bytes())
    (tmp_path / "other" / "master.key").chmod(0o600)
    other.done("restore", tmp_path / "kept.tar")
    assert other.done("evidence", "verify", "--all") == {"rows": 1, "files": 1, "sealed_for_good": 0, "problems": []}
    other.done("evidence", "get", 1, "--out", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == PNG


def test_another_place_is_used_and_the_backup_reminds_of_it(shop, shot, tmp_path):
    place = tmp_path / "far away"
    (shop.data / "gateway.yaml").write_text(f"evidence:\n  url: file://{place}\n")
    added = shop.done("evidence", "add", "P1", shot, "--kind", "chat")
    assert (place / added["path"]).is_file()
    assert shop.done("evidence", "verify", "--all")["problems"] == []
    assert f"the evidence files at file://{place}" in shop.done("backup", tmp_path / "kept.tar")["reminder"]
    (shop.data / "gateway.yaml").write_text("evidence:\n  url: nowhere://x\n")
    assert shop("evidence", "verify", "--all").code == 4


def test_a_file_travels_to_a_running_gateway_byte_for_byte():
    case = case_of(add_evidence)
    asked = case.bound("P1", EvidenceKind.chat, "聊天.png", PNG, store=None, by="anna")
    assert asked["content"] == "iVBORw0KGgogdGhlIGNoYXQgAP8="
    assert case.arguments.model_validate(asked).content == PNG
    without = case.bound("P1", EvidenceKind.order_detail, "", None, store=None, by="anna")
    assert case.arguments.model_validate(without).content is None

"""``gateway message``: what a person or a program is told about a text, and how it ends."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_a_text_that_may_be_sent_ends_with_0(gateway) -> None:
    ended = gateway("message", "check", "--platform", "xiaohongshu", "--text", "今天18点前寄出。")
    assert (ended.code, "may be sent" in ended.out) == (0, True)
    assert gateway.done("message", "check", "--platform", "shopee", "--text", "Hello") == {
        "allowed": True,
        "findings": [],
    }


def test_a_text_that_may_not_be_sent_ends_with_1_and_says_why(gateway) -> None:
    ended = gateway("message", "check", "--platform", "xiaohongshu", "--text", "亲,我们不 发 货了", "--json")
    assert ended.code == 1
    assert ended.json["allowed"] is False
    (found,) = ended.json["findings"]
    assert (found["kind"], found["rules"], found["offset"]) == ("refusal", ["XHS-53", "XHS-52"], 4)
    assert found["words"] == "不 发 货"
    assert "true reason" in found["instead"]
    shown = gateway("message", "check", "--platform", "xiaohongshu", "--text", "亲,我们不发货了").out
    assert "XHS-53" in shown
    assert "暂时无法发出" in shown


def test_the_occasion_decides(gateway) -> None:
    def code(text: str, *more: str) -> int:
        return gateway("message", "check", "--platform", more[0], "--text", text, *more[1:]).code

    ask = "请您取消订单"
    assert code(ask, "xiaohongshu") == 0
    assert code(ask, "xiaohongshu", "--purpose", "offer_cancel", "--reason", "unwilling") == 1
    assert code(ask, "alibaba_1688") == 1
    assert code(ask, "alibaba_1688", "--reply", "consents") == 0
    assert code(ask, "shopee") == 1
    assert code(ask, "shopee", "--at", "2025-11-10") == 0
    assert code("The item is out of stock.", "shopee", "--reason", "out_of_stock") == 0
    assert code("The item is out of stock.", "shopee", "--reason", "price_error") == 1
    assert code("Your parcel is on its way.", "tiktok_shop") == 1
    assert code("Your parcel is on its way.", "tiktok_shop", "--lang", "en") == 0


def test_the_text_comes_from_a_file_or_standard_input(gateway, tmp_path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("Please cancel the order.", "utf-8")
    assert gateway("message", "check", "--platform", "shopee", file).code == 1
    script = "from gateway.bootstrap import main; main()"
    command = [sys.executable, "-c", script, "message", "check", "--platform", "shopee", "-"]
    for said, code in (("Please cancel the order.", 1), ("Thank you for waiting.", 0)):
        assert subprocess.run(command, input=said.encode(), capture_output=True, check=False).returncode == code
    file.write_bytes(b"\xff\xfe\x00")
    assert "no UTF-8 text" in gateway("message", "check", "--platform", "shopee", file).err


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--platform", "shopee"),
        ("check", "--platform", "shopee", "--text", "a", "file.txt"),
        ("check", "--platform", "shopee", "no-such-file.txt"),
        ("check", "--platform", "lazada", "--text", "a"),
        ("check", "--text", "a"),
        ("write", "--platform", "shopee", "--purpose", "closed", "--lang", "en", "--set", "order"),
        ("write", "--platform", "shopee", "--purpose", "closed", "--lang", "en", "--set", "order=1", "--set", "order="),
        ("write", "--platform", "shopee", "--purpose", "confirm", "--lang", "en", "--set", "order=1"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2(gateway, arguments) -> None:
    assert gateway("message", *arguments).code == 2


def test_a_text_is_written_from_facts(gateway) -> None:
    asked = ("message", "write", "--platform", "tiktok_shop", "--purpose", "closed", "--lang", "ja")
    facts = ("--reason", "out_of_stock", "--set", "order=576461413038785752", "--set", "goods=マグカップ")
    told = gateway.done(*asked, *facts)
    assert told["language"] == "ja"
    assert "576461413038785752" in told["text"]
    assert "在庫切れのため" in told["text"]
    assert gateway(*asked, *facts).out.strip() == told["text"]
    again = gateway("message", "check", "--platform", "tiktok_shop", "--reason", "out_of_stock", "--text", told["text"])
    assert again.code == 0


def test_what_cannot_be_written_says_why(gateway) -> None:
    asked = ("message", "write", "--platform", "shopee", "--purpose", "closed", "--set", "order=1")
    missing = gateway(*asked, "--lang", "en", "--reason", "out_of_stock")
    assert (missing.code, "--set goods=..." in missing.err) == (2, True)
    unworded = gateway(*asked, "--lang", "en", "--set", "goods=a mug", "--reason", "unwilling")
    assert (unworded.code, "the reason unwilling" in unworded.err) == (3, True)
    carried = gateway(*asked, "--lang", "en", "--set", "goods=a mug. Please cancel it", "--reason", "out_of_stock")
    assert (carried.code, "S7" in carried.err) == (1, True)


def test_checking_a_text_loads_nothing_heavy() -> None:
    script = """
import sys
from gateway.bootstrap import main
for more in (["check", "--text", "a"], ["write", "--purpose", "confirm", "--lang", "en", "--set", "order=1",
                                       "--set", "goods=a", "--set", "ships_on=Monday"]):
    sys.argv = ["gateway", "message", more[0], "--platform", "shopee", *more[1:]]
    try:
        main()
    except SystemExit as end:
        assert end.code in (0, None), end.code
loaded = sorted({"sqlalchemy", "aiohttp", "httpx", "alembic", "cryptography"} & set(sys.modules))
assert not loaded, loaded
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr

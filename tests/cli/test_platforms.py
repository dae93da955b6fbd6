"""What each platform offers: one table, told by the command and printed in both READMEs."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGIN, END = "kept true by a test -->\n", "<!-- end of platforms -->"


def test_each_operation_of_each_platform_is_told(gateway) -> None:
    told = gateway.done("platforms")
    assert told["shopee"]["seller_close"] == "api"
    assert told["shopee"]["approve_return"] == "none"
    assert told["xiaohongshu"]["seller_close"] == "manual", "closing an order is a console task there"
    assert {"alibaba_1688", "shopee", "tiktok_shop", "xiaohongshu"} <= set(told)
    assert {each["list_orders"] for each in told.values()} == {"api"}, "what a platform is connected for"
    assert "by hand" in gateway("platforms").out


@pytest.mark.parametrize("file", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_it_as_it_is(gateway, file) -> None:
    shown = (ROOT / file).read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == gateway("platforms", "--markdown").out, "paste the output of `gateway platforms --markdown`"

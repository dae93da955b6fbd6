"""The demo proves something: it ends without differences, and one altered row shows as exactly one."""

from __future__ import annotations

import asyncio
import json
import shlex
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from gateway.bootstrap import running
from gateway.cli.app import build
from gateway.errors import ConfigurationError
from gateway.operations.demo.books import Comparison
from gateway.operations.demo.looking import compare_with
from gateway.operations.demo.run import DemoReport, run
from gateway.operations.demo.stories.playing import ToldEnd
from gateway.operations.simulated import Simulator


@pytest.mark.slow  # a whole day with processes of its own; `make demo` plays the same
@pytest.mark.timeout(900)
async def test_day_ends_without_differences_and_one_altered_row_shows_as_one(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    data.mkdir()
    lines: list[str] = []
    altered: list[Comparison] = []
    told: list[tuple[str, str]] = []  # by the printed commands, without and with the one fact changed

    async def alter_and_compare(report: DemoReport) -> None:
        for each in report.paths:
            said = [await asyncio.to_thread(_path_said_by, f"{each.command} {change}") for change in ("", each.change)]
            told.append((said[0], said[1]))
        _alter_one_total(data / "gateway.db")
        doors = {platform: Simulator("", url) for platform, url in report.control_urls.items()}
        async with running(data) as gateway:
            altered.append(await compare_with(gateway, doors))
        for door in doors.values():
            await door.close()

    report = await run(running, data=data, count=80, say=lines.append, afterwards=alter_and_compare)
    assert report.comparison.differences == ()
    assert report.accounts == 7
    assert report.orders >= 192 + 24, "2 of 5 shops of Shopee, both of TikTok Shop, one of two elsewhere"
    assert report.comparison.fields > 15 * report.orders
    assert report.ok
    assert [deed.action for deed in report.deeds] == [*["accept_request"] * 4, *["close"] * 4, *["accept_request"] * 4]
    assert {deed.store.partition("-")[0] for deed in report.deeds} == {
        "shopee", "tiktok_shop", "xiaohongshu", "alibaba_1688",
    }  # fmt: skip
    assert all(deed.outcome.startswith("confirmed") for deed in report.deeds)
    assert ["probe" in deed.outcome for deed in report.deeds[4:8]] == [False, False, True, True], "lost answers"
    assert report.applied == report.intended, "each effect exactly once, lost answers and the killed daemon included"
    assert report.intended >= 12 + 7, "the day's effects, and those of the stories besides their messages"
    _stories_ended(report)
    assert report.links >= 2
    assert len({each.path for each in report.paths}) == len(report.paths) == 5, "five orders, five cheapest paths"
    assert len({each.platform for each in report.paths}) == 4
    assert all(each.because and each.cost for each in report.paths)
    assert told == [(each.path, each.path_then) for each in report.paths], "the printed commands say so"
    assert report.forged_refused == 8
    assert report.pushes["processed"] > 24, "new orders came by push"
    ((difference,),) = [comparison.differences for comparison in altered]
    assert difference.field == "total"


def _stories_ended(report: DemoReport) -> None:
    assert [(each.name, each.trouble) for each in report.stories if not each.ended] == []
    told = {each.name.partition(": ")[::2]: [case.case.outcome for case in each.cases] for each in report.stories}
    assert [[platform, *outcomes] for (platform, _), outcomes in told.items()] == [
        ["Xiaohongshu", "ended"],
        ["Xiaohongshu", "ended"],
        ["Xiaohongshu", "ended"],
        ["Xiaohongshu", "ended"],
        ["Xiaohongshu", "fulfilled"],
        ["Shopee", "ended"],
        ["Shopee", "ended"],
        ["TikTok Shop", "ended"],
        ["TikTok Shop", "ended"],
        ["Xiaohongshu and 1688", "ended", "ended", "ended"],  # a sale and its two purchases
    ]
    ends = {each.name.partition(": ")[2]: (each.cases[0].first, each.cases[0].last) for each in report.stories}
    assert all(first and first.cost and last and last.cost for first, last in ends.values())
    assert all(each.plot for each in report.stories)
    gift = ToldEnd("fulfil", "17.10 CNY", (("gift for the buyer", "10.00"), ("loss on the sale", "7.10")))
    assert ends["a price error is shipped with a gift"] == (gift, gift)
    let_go = ends["the buyer is invited to cancel, and does"][1]
    assert let_go is not None
    assert let_go.cost == "0.00 CNY", "accepting costs nothing"
    [awaited] = [each for each in report.stories if "the 1st" in each.name]
    closes = [line.at for line in awaited.cases[0].history if line.details.get("action") == "close"]
    assert closes
    assert {at.astimezone(ZoneInfo("Asia/Shanghai")).day for at in closes} == {1}
    for each in report.stories:
        times = [line.at for line in each.cases[0].history]
        # an act notes its time, then waits for its turn to write
        assert all(after > before - timedelta(minutes=1) for before, after in pairwise(times))


def _path_said_by(command: str) -> str:
    """Return the path that a printed command tells, run as a person would."""
    ended = CliRunner().invoke(build(running), [*shlex.split(command)[1:], "--json"])
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    return str(told["decision"]["path"] if "decision" in told else told["path"])


def _alter_one_total(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        rows = connection.execute("select rowid, document from orders order by store, order_id").fetchall()
        for rowid, document in rows:
            stored = json.loads(document)
            if stored.get("total_minor"):
                stored["total_minor"] += 1
                connection.execute(
                    "update orders set document = ? where rowid = ?", (json.dumps(stored).encode(), rowid)
                )
                return
    raise AssertionError("no order has a total")


async def test_folder_that_holds_a_gateway_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").write_bytes(b"precious")
    with pytest.raises(ConfigurationError, match="already holds a gateway"):
        await run(running, data=tmp_path)
    assert (tmp_path / "gateway.db").read_bytes() == b"precious"

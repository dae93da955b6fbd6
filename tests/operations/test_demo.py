"""The demo proves something: it ends without differences, and one altered row shows as exactly one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.bootstrap import running
from gateway.errors import ConfigurationError
from gateway.operations.demo.books import Comparison
from gateway.operations.demo.run import DemoReport, compare_with, run
from gateway.operations.simulated import Simulator


async def test_day_ends_without_differences_and_one_altered_row_shows_as_one(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    data.mkdir()
    lines: list[str] = []
    altered: list[Comparison] = []

    async def alter_and_compare(report: DemoReport) -> None:
        _alter_one_total(data / "gateway.db")
        simulator = Simulator("", report.control_urls["shopee"])
        async with running(data) as gateway:
            altered.append(await compare_with(gateway, {"shopee": simulator}))
        await simulator.close()

    report = await run(running, data=data, count=80, say=lines.append, afterwards=alter_and_compare)
    assert report.comparison.differences == ()
    assert report.orders >= 32 + 8
    assert report.comparison.fields > 20 * report.orders
    assert report.ok
    assert [deed.action for deed in report.deeds] == ["accept_request", "close", "close", "accept_request"]
    assert all(deed.outcome.startswith("confirmed") for deed in report.deeds)
    assert "probe" in report.deeds[2].outcome, "the lost answer was settled by looking"
    assert report.applied == 4, "each effect exactly once, the lost answer and the killed daemon included"
    assert report.forged_refused == 2
    assert report.pushes["processed"] > 8, "new orders came by push"
    ((difference,),) = [comparison.differences for comparison in altered]
    assert difference.field == "total"


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

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from mocks.kit.running import UnknownPlatform, serve
from mocks.serve import main


async def fetch(url: str, method: str = "GET", body: object = None) -> Any:
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def world(**options: Any) -> tuple[Any, Any]:
    async with serve(platforms=["shopee"], clock="virtual", **options) as addresses:
        control = addresses["shopee"]["control_url"]
        return await fetch(f"{control}/orders"), await fetch(f"{control}/credentials")


async def test_same_seed_same_orders_ids_times_and_tokens() -> None:
    first, again, other = await world(seed=7), await world(seed=7), await world(seed=8)
    assert first == again
    assert {order["id"] for order in first[0]}.isdisjoint(order["id"] for order in other[0])


async def test_the_seed_holds_what_a_shop_sees() -> None:
    orders, credentials = await world(seed=7, orders=200)
    assert len(orders) == 200
    stores = {(store["region"], store["currency"]) for store in credentials["stores"]}
    assert {("SG", "SGD"), ("MY", "MYR"), ("VN", "VND")} <= stores
    assert Counter(order["store"] for order in orders).keys() == {str(s["shop_id"]) for s in credentials["stores"]}
    assert {order["phase"] for order in orders} == {
        "unpaid",
        "on_hold",
        "awaiting_shipment",
        "awaiting_collection",
        "in_transit",
        "delivered",
        "completed",
        "cancelled",
    }
    assert {order["ended"]["by"] for order in orders if order["ended"]} == {"buyer", "seller", "system"}
    assert any(order["cancellation"] for order in orders)
    assert any(order["cod"] for order in orders)
    assert any(len(order["lines"]) > 1 for order in orders)
    assert any(line["promotion_group_id"] != "0" for order in orders for line in order["lines"])
    assert any(len(order["packages"]) > 1 for order in orders)
    assert any(line["cancelled"] and not order["ended"] for order in orders for line in order["lines"])
    assert {one["status"] for order in orders for one in order["returns"]} >= {"REQUESTED", "PROCESSING", "ACCEPTED"}
    for order in orders:
        placed = datetime.fromtimestamp(order["times"]["created"], UTC)
        assert order["id"].startswith(placed.strftime("%y%m%d"))
        assert len(order["id"]) == 14
        assert ("." in order["money"]["estimated_shipping"]) is (order["currency"] != "VND")


START = 1_795_305_600
"""2026-11-22T00:00:00Z, where a virtual clock begins: every seeded change lies before it."""


async def test_nothing_changes_while_the_virtual_clock_stands() -> None:
    async with serve(platforms=["shopee"], seed=7, orders=200) as addresses:
        control = addresses["shopee"]["control_url"]
        before = await fetch(f"{control}/orders")
        assert all(order["times"]["updated"] < START for order in before)
        await fetch(f"{control}/clock", "POST", {"advance": "PT0S"})
        assert await fetch(f"{control}/orders") == before


async def test_reset_starts_over() -> None:
    async with serve(platforms=["shopee"], seed=7, orders=20) as addresses:
        control = addresses["shopee"]["control_url"]
        before = await fetch(f"{control}/orders")
        await fetch(f"{control}/clock", "POST", {"advance": "P3D"})
        assert await fetch(f"{control}/orders") != before
        await fetch(f"{control}/faults", "POST", [{"operation": "*", "fault": "http_500"}])
        await fetch(f"{control}/reset", "POST", {"seed": 7, "orders": 20})
        assert await fetch(f"{control}/orders") == before
        assert await fetch(f"{control}/faults") == []
        assert (await fetch(f"{control}/clock"))["now"] == "2026-11-22T00:00:00Z"


async def test_the_page_offers_what_the_state_allows() -> None:
    async with serve(platforms=["shopee"], seed=7, orders=10) as addresses, aiohttp.ClientSession() as session:
        control = addresses["shopee"]["control_url"]
        made = await fetch(f"{control}/orders", "POST", {"lines": [{"title": "<b>Mug</b>"}]})
        async with session.get(f"{control}/") as answer:
            page = await answer.text()
        assert made["id"] in page
        assert "&lt;b&gt;Mug&lt;/b&gt;" in page
        assert "<b>Mug</b>" not in page
        async with session.get(f"{control}/", params={"order": made["id"]}) as answer:
            one = await answer.text()
        assert "buyer_requests_cancellation" in one
        assert "carrier_delivers" not in one


async def test_a_platform_that_is_not_there() -> None:
    with pytest.raises(UnknownPlatform, match="no simulator for 'etsy'; those that exist: shopee"):
        async with serve(platforms=["etsy"]):
            pass


def test_the_command_names_what_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--base-port", "0", "--platforms", "shopee,etsy"])
    assert ended.value.code == 2
    assert "those that exist: shopee" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_says_when_it_is_ready_and_ends_when_told(stop: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mocks.serve", "--base-port", "0", "--orders", "5", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    assert said["ready"] is True
    shopee = said["platforms"]["shopee"]
    assert shopee["control_url"] == shopee["base_url"] + "/_mock"
    assert len(await fetch(f"{shopee['control_url']}/orders")) == 5
    process.send_signal(stop)
    rest = await asyncio.wait_for(process.stdout.read(), 30)
    assert rest == b""
    assert await asyncio.wait_for(process.wait(), 30) == 0

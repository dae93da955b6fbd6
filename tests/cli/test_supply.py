"""Purchases, stock, reasons and buyers as the command shows them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Role, Store
from gateway.orders.store import upsert_orders
from gateway.ports import OrderBatch
from gateway.storage import stores
from tests.kit.sales import sale

NOW = datetime.now(UTC).replace(microsecond=0)


def _order(owner: str, number: str, **facts: Any) -> Order:
    lines = [{"line_id": "a", "product_id": "p", "sku": "CUP", "quantity": 1}]
    return sale(owner, number, NOW, **({"lines": lines, "buyer": {"buyer_id": "canary-buyer"}} | facts))


@pytest.fixture
def shop(gateway: Any) -> Any:
    """Return a gateway with a shop that sells, an account that buys, and orders of both."""
    gateway.done("init")

    def fill(c: Any, vault: Any) -> None:
        app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
        stores.add_app(c, vault, app, AppSecret(sign_key="s"), NOW)
        for name, platform, role in (("red", "xiaohongshu", Role.seller), ("ali", "alibaba_1688", Role.buyer)):
            store = Store(
                id=name,
                app="app",
                platform=platform,
                external_id=name,
                role=role,
                region="CN",
                currency="CNY",
                time_zone="Asia/Shanghai",
            )
            stores.add_store(c, store, NOW)
        gone = _order("red", "S2", closure="cancelled", ended_by="buyer", ended_at=NOW - timedelta(days=1))
        for each in (_order("red", "S1"), gone, _order("ali", "P1"), _order("ali", "P2")):
            upsert_orders(c, vault, OrderBatch(orders=[each]), NOW)

    async def make() -> None:
        async with running(gateway.data) as context:
            await context.database.write(lambda c: fill(c, context.vault))

    asyncio.run(make())
    gateway.done("purchases", "link", "S1", "P1")
    gateway.done("purchases", "link", "S2", "P2")
    return gateway


def test_deciding_shows_the_purchases_in_each_language(shop: Any) -> None:
    asked = ("decide", "--order", "S1", "--reason", "price_error")
    told = shop.done(*asked)["upstream"]
    (purchase,) = told["purchases"]
    assert (purchase["order_id"], purchase["plan"], purchase["cost_minor"]) == ("P1", "ask_money_back", 0)
    assert told["net_minor"] == told["cost_minor"]
    for language, words in (("en", "ask the money back, 0.00 CNY"), ("zh", "申请退款"), ("ja", "返金を申請する")):
        shown = shop(*asked, "--lang", language).out
        assert words in shown, shown
        assert "P1" in shown
    assert "upstream" not in shop.done("decide", "--order", "P1", "--reason", "changed_mind")


def test_purchases_left_over_are_shown(shop: Any) -> None:
    (left,) = shop.done("purchases", "list", "--orphaned")
    assert (left["order_id"], left["shipped"], left["sales"]) == ("P2", False, ["S2"])
    shown = shop("purchases", "list", "--orphaned").out
    assert "not sent yet" in shown
    assert "50.00 CNY" in shown
    assert shop("purchases", "list", "--orphaned", "--order", "P2").code == 2


def test_stock_that_ran_out_names_its_orders(shop: Any) -> None:
    shown = shop("stock", "set", "CUP", 0, "--supplier", "b2b-1").out
    assert "Of CUP there are 0 units at supplier b2b-1 now. That is below the line." in shown
    assert "S1" in shown
    assert "CUP" in shop("stock", "list", "--low").out
    assert shop("stock", "set", "CUP", 1, "--store", "ali").code == 2


def test_reasons_and_buyers_are_shown_without_a_name(shop: Any) -> None:
    (counted,) = shop.done("reasons")["counts"]
    assert (counted["reason"], counted["ended_by"], counted["orders"], counted["share"]) == (
        "not_told",
        "buyer",
        1,
        100,
    )
    assert "not_told" in shop("reasons", "--since", "2026-01-01").out
    assert "is on the list (malicious)" in shop("buyers", "mark", "S2", "malicious").out
    shown = shop("buyers", "list").out
    assert "malicious" in shown
    assert "canary" not in shown
    assert shop("buyers", "mark", "S2", "rude").code == 2

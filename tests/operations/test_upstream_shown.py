"""What people see of purchases, of why orders ended, and of buyers on the list."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.bootstrap import running
from gateway.cases.buyers import BuyerMark
from gateway.cases.case import open_case
from gateway.cases.tasks import tasks_open
from gateway.cases.upstream import Plan
from gateway.cli.output import plain
from gateway.clock import ManualClock
from gateway.errors import Refused
from gateway.model.attested import FactName
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Role, Store
from gateway.operations.buyers import clear_buyer_of, list_buyers, mark_buyer_of
from gateway.operations.context import Context, DataFolder
from gateway.operations.deciding import decide_order
from gateway.operations.facts import set_fact
from gateway.operations.initialise import initialise
from gateway.operations.purchases import link_purchase
from gateway.operations.reasons import count_reasons
from gateway.operations.upstream import list_orphans, look_at_linked
from gateway.orders.link_news import PURCHASE_KIND, purchase_key
from gateway.orders.store import upsert_orders
from gateway.policy.terms import Reason
from gateway.ports import OrderBatch
from gateway.storage import stores
from gateway.storage.schema import cases, work
from tests.kit.sales import sale

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def _order(owner: str, number: str, **facts: Any) -> Order:
    lines = [{"line_id": "a", "product_id": "p", "sku": "CUP", "quantity": 1}]
    return sale(owner, number, NOW, **({"lines": lines, "buyer": {"buyer_id": "canary-buyer"}} | facts))


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Context]:
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    folder = DataFolder(tmp_path)
    await initialise(folder, {})
    folder.configuration.write_text('stock:\n  worth: "0.5"\n')
    async with running(tmp_path) as context:
        object.__setattr__(context, "clock", ManualClock(NOW))

        def fill(c: Any) -> None:
            app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
            stores.add_app(c, context.vault, app, AppSecret(sign_key="s"), NOW)
            for name, platform, role in (
                ("red", "xiaohongshu", Role.seller),
                ("ali", "alibaba_1688", Role.buyer),
            ):
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

        await context.database.write(fill)
        yield context


async def _put(gateway: Context, *orders: Order) -> None:
    for each in orders:
        batch = OrderBatch(orders=[each])
        await gateway.database.write(lambda c, batch=batch: upsert_orders(c, gateway.vault, batch, NOW))


async def test_deciding_tells_the_purchases_and_the_net_cost_before(gateway: Context) -> None:
    sent = {"fulfillment": "shipped", "total_minor": 4400, "shipping_minor": 400}
    await _put(gateway, _order("red", "S1", lines=[{"line_id": "a", "product_id": "p", "sku": "CUP", "quantity": 2}]))
    await _put(gateway, _order("ali", "P1"), _order("ali", "P2", **sent))
    for purchase in ("P1", "P2"):
        await link_purchase(gateway, "S1", purchase, quantity=1, by="mei")
    await set_fact(gateway, FactName.return_shipping_cost, "23.00", order="P2", by="mei")
    told = await decide_order(gateway, "S1", reason=Reason.out_of_stock)
    assert told.upstream is not None
    assert [(each.order_id, each.plan, each.cost_minor) for each in told.upstream.purchases] == [
        ("P1", Plan.ask_money_back, 0),
        ("P2", Plan.keep, 2000),  # half of 40.00, less than the way back
    ]
    own = told.decision.cost.total
    assert told.upstream.cost_minor == int(own.amount * 100)
    assert told.upstream.net_minor == told.upstream.cost_minor + 2000
    shown = json.loads(json.dumps(plain(told.upstream)))
    assert shown["purchases"][1] | {"because": ""} == {
        "store": "ali",
        "order_id": "P2",
        "phase": "in_transit",
        "plan": "keep",
        "reason": "changed_mind",
        "cost_minor": 2000,
        "money_back_minor": 0,
        "currency": "CNY",
        "because": "",
    }
    alone = await decide_order(gateway, "P1", reason=Reason.changed_mind)
    assert alone.upstream is None, "nothing supplies a purchase"


async def test_purchases_left_over_are_listed_those_not_sent_first(gateway: Context) -> None:
    await _put(gateway, _order("red", "S1", closure="cancelled"), _order("red", "S2", refunded_minor=5000))
    await _put(gateway, _order("ali", "P1", fulfillment="shipped"), _order("ali", "P2"))
    await link_purchase(gateway, "S1", "P1", by="mei")
    await link_purchase(gateway, "S2", "P2", by="mei")
    found = await list_orphans(gateway)
    assert [(each.order_id, each.shipped, each.sales) for each in found] == [
        ("P2", False, ("S2",)),
        ("P1", True, ("S1",)),
    ]
    assert await list_orphans(gateway, store="red") == []
    noted = await gateway.database.read(
        lambda c: list(c.execute(select(work.c.key).where(work.c.kind == PURCHASE_KIND)).scalars())
    )
    assert sorted(noted) == [purchase_key("ali", "P1"), purchase_key("ali", "P2")], "the links themselves are news"
    for key in noted:
        assert (await look_at_linked(gateway, key)).orphaned
    assert len(await gateway.database.read(tasks_open)) == 2


async def test_reasons_are_counted_our_own_true_one_first(gateway: Context) -> None:
    gone = {"closure": "cancelled", "ended_at": NOW - timedelta(days=2)}
    await _put(
        gateway,
        _order("red", "S1", **gone, ended_by="seller", end_reason="other"),
        _order("red", "S2", **gone, ended_by="buyer"),
        _order("red", "S3", **gone, ended_by="buyer"),
        _order("red", "S4", **gone, ended_by="platform", end_reason="unpaid"),
        _order("red", "OLD", closure="cancelled", ended_at=NOW - timedelta(days=40)),
        _order("red", "OPEN"),
    )

    def settled(c: Any) -> None:
        case = open_case(c, store="red", order_id="S1", reason="stock_damaged", by="mei", now=NOW)
        ended = {"state": "settled", "outcome": "ended", "cost_minor": 2500}
        c.execute(update(cases).where(cases.c.id == case.id).values(ended))

    await gateway.database.write(settled)
    found = await count_reasons(gateway)
    assert found.since == NOW - timedelta(days=30)
    assert [(each.reason, each.ended_by, each.orders, each.share, each.cost_minor) for each in found.counts] == [
        ("not_told", "buyer", 2, 50.0, 0),
        ("stock_damaged", "seller", 1, 25.0, 2500),
        ("unpaid", "platform", 1, 25.0, 0),
    ]
    whole = await count_reasons(gateway, store="red", since=NOW - timedelta(days=60))
    assert sum(each.orders for each in whole.counts) == 5
    assert (await count_reasons(gateway, store="ali")).counts == []


async def test_a_person_puts_a_buyer_on_the_list_and_takes_them_off(gateway: Context) -> None:
    await _put(gateway, _order("red", "S1"), _order("red", "NOBODY", buyer=None))
    assert (await mark_buyer_of(gateway, "S1", BuyerMark.reviews, by="mei")).raised
    (listed,) = (await list_buyers(gateway)).marked
    assert (listed.store, listed.mark, listed.orders, listed.by) == ("red", BuyerMark.reviews, ("S1",), "mei")
    assert "canary" not in json.dumps(plain(await list_buyers(gateway)))
    await clear_buyer_of(gateway, "S1", BuyerMark.reviews, by="mei")
    assert (await list_buyers(gateway, store="red")).marked == []
    with pytest.raises(Refused, match="Who bought order NOBODY is not known"):
        await mark_buyer_of(gateway, "NOBODY", BuyerMark.reviews, by="mei")

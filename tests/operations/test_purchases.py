"""Which purchase supplies which sale: said by a person, by a file, or found by the number of the sale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.errors import DataError, NotFound
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Role, Store
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.orders import show_order
from gateway.operations.purchases import (
    discover_purchases,
    import_links,
    link_purchase,
    list_links,
    unlink_purchase,
)
from gateway.orders.store import upsert_orders
from gateway.ports import OrderBatch
from gateway.storage import audit, stores

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def store(name: str, role: Role, platform: str = "xiaohongshu") -> Store:
    return Store(
        id=name,
        app="app",
        platform=platform,
        external_id=name,
        role=role,
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
    )


def order(owner: str, number: str, *lines: tuple[str, str | None, int], own_number: str = "") -> Order:
    told: dict[str, Any] = {
        "store": owner,
        "order_id": number,
        "raw_status": "x",
        "payment": "paid",
        "fulfillment": "to_ship",
        "closure": "open",
        "region": "CN",
        "currency": "CNY",
        "placed_at": NOW,
        "updated_at": NOW,
        "platform_ids": {"own_number": own_number} if own_number else {},
        "lines": [{"line_id": line, "product_id": "p", "sku": sku, "quantity": units} for line, sku, units in lines],
    }
    return Order.model_validate(told)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Context]:
    await initialise(DataFolder(tmp_path), {})
    async with running(tmp_path) as context:

        def fill(connection: Any) -> None:
            app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
            stores.add_app(connection, context.vault, app, AppSecret(sign_key="s"), NOW)
            for each in (store("red", Role.seller), store("blue", Role.seller), store("ali", Role.buyer)):
                stores.add_store(connection, each, NOW)

        await context.database.write(fill)
        yield context


@pytest.fixture
def put(gateway: Context) -> Any:
    async def put(*orders: Order) -> None:
        for each in orders:
            batch = OrderBatch(orders=[each])
            await gateway.database.write(lambda c, batch=batch: upsert_orders(c, gateway.vault, batch, NOW))

    return put


def told(found: Any) -> list[tuple[str, str, str, str, int, str]]:
    return [
        (
            each.link.sale.order_id,
            each.link.sale.line_id,
            each.link.purchase.order_id,
            each.link.purchase.line_id,
            each.link.quantity,
            each.source.value,
        )
        for each in found
    ]


async def test_orders_show_both_directions(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", "CUP", 3)), order("red", "S2", ("a", "CUP", 2)))
    await put(order("ali", "P1", ("1", None, 4)), order("ali", "P2", ("1", None, 1)))
    await link_purchase(gateway, "S1", "P1", quantity=2, by="mei")
    await link_purchase(gateway, "S1", "P2", by="mei")
    await link_purchase(gateway, "S2", "P1", by="mei")
    sale = await show_order(gateway, "S1")
    assert told(sale.supplied_by) == [("S1", "a", "P1", "1", 2, "person"), ("S1", "a", "P2", "1", 1, "person")]
    assert sale.supplies == []
    purchase = await show_order(gateway, "P1")
    assert told(purchase.supplies) == [("S1", "a", "P1", "1", 2, "person"), ("S2", "a", "P1", "1", 2, "person")]
    assert purchase.supplied_by == []
    assert told(await list_links(gateway, order="P2")) == [("S1", "a", "P2", "1", 1, "person")]
    assert len(await list_links(gateway, store="ali")) == 3
    assert await list_links(gateway, store="blue") == []


async def test_a_line_is_not_linked_by_more_units_than_it_has(gateway: Context, put: Any) -> None:
    await put(
        order("red", "S1", ("a", "CUP", 3)), order("ali", "P1", ("1", None, 2)), order("ali", "P2", ("1", None, 9))
    )
    with pytest.raises(DataError, match="has 2 units, 0 of them are linked already: 3 more are too many"):
        await link_purchase(gateway, "S1", "P1", quantity=3, by="mei")
    await link_purchase(gateway, "S1", "P1", by="mei")
    with pytest.raises(DataError, match="has 3 units, 2 of them are linked already: 2 more are too many"):
        await link_purchase(gateway, "S1", "P2", quantity=2, by="mei")
    assert told(await list_links(gateway)) == [("S1", "a", "P1", "1", 2, "person")], "a refused one leaves the others"
    await link_purchase(gateway, "S1", "P1", quantity=1, by="mei")  # said again: the new quantity counts
    await link_purchase(gateway, "S1", "P2", quantity=2, by="mei")
    assert [each.link.quantity for each in await list_links(gateway)] == [1, 2]


async def test_lines_must_be_clear_and_on_the_right_side(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", "CUP", 3), ("b", "JUG", 1)), order("ali", "P1", ("1", None, 2)))
    await put(order("red", "TWICE", ("a", None, 1)), order("blue", "TWICE", ("a", None, 1)))
    with pytest.raises(DataError, match=r"several lines: a, b\. Name one"):
        await link_purchase(gateway, "S1", "P1", by="mei")
    with pytest.raises(NotFound, match="no line c; it has a, b"):
        await link_purchase(gateway, "S1", "P1", sale_line="c", by="mei")
    with pytest.raises(NotFound, match="role seller has an order P1"):
        await link_purchase(gateway, "P1", "S1", by="mei")
    with pytest.raises(DataError, match="Are the two exchanged"):
        await link_purchase(gateway, "P1", "P1", sale_store="ali", by="mei")
    with pytest.raises(DataError, match="Several stores have an order TWICE: blue, red"):
        await link_purchase(gateway, "TWICE", "P1", by="mei")
    await link_purchase(gateway, "TWICE", "P1", sale_store="blue", by="mei")
    assert [each.link.sale.store for each in await list_links(gateway)] == ["blue"]


async def test_a_file_links_every_line_or_none(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", "CUP", 3), ("b", "JUG", 1)), order("ali", "P1", ("1", None, 2)))
    with pytest.raises(DataError) as refused:
        await import_links(
            gateway, "links.csv", "sale,sale_line,purchase,quantity\nS1,a,P1,1\nS1,b,NONE,\nS1,a,P1,x\n", by="mei"
        )
    assert "links.csv, line 3, column -: No store with the role buyer has an order NONE" in str(refused.value)
    assert "links.csv, line 4, column -: quantity 'x' is no whole number." in str(refused.value)
    assert await list_links(gateway) == []
    done = await import_links(gateway, "links.csv", "sale,sale_line,purchase,quantity\nS1,a,P1,1\nS1,b,P1,\n", by="mei")
    assert told(done.links) == [("S1", "a", "P1", "1", 1, "file"), ("S1", "b", "P1", "1", 1, "file")]


async def test_purchases_are_found_by_the_number_of_the_sale(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", "CUP", 3)), order("red", "S2", ("a", "CUP", 3), ("b", "JUG", 1)))
    await put(order("red", "S3", ("a", "CUP", 1), ("b", "JUG", 1)), order("red", "S4", ("a", None, 1)))
    await put(order("ali", "P1", ("1", None, 2), own_number="S1"))  # one line each: no SKU is needed
    await put(order("ali", "P2", ("1", "JUG", 1), ("2", "CUP", 3), own_number="S2"))
    await put(order("ali", "P3", ("1", "CUP", 1), ("2", "VASE", 1), own_number="S3"))
    await put(order("red", "S6", ("a", "CUP", 1), ("b", None, 2)))  # the second line's SKU is not told
    await put(order("ali", "P7", ("1", "JUG", 2), ("2", "CUP", 1), own_number="S6"))
    await put(order("ali", "P8", ("1", "VASE", 1), own_number="S7"), order("red", "S7", ("a", "CUP", 1)))
    await put(order("ali", "P5", ("1", None, 1), own_number="NOBODY"), order("ali", "P6", ("1", None, 1)))
    found = await discover_purchases(gateway, by="mei")
    assert told(found.links) == [
        ("S1", "a", "P1", "1", 2, "own_number"),
        ("S2", "b", "P2", "1", 1, "own_number"),
        ("S2", "a", "P2", "2", 3, "own_number"),
        ("S6", "a", "P7", "2", 1, "own_number"),
        ("S6", "b", "P7", "1", 2, "own_number"),
    ]
    assert [(each.order_id, each.sale) for each in found.unclear] == [("P3", "S3"), ("P8", "S7")], "other SKUs"
    assert "SKU VASE" in found.unclear[0].because
    assert len(await list_links(gateway)) == 5, "nothing of an unclear purchase is linked"
    again = await discover_purchases(gateway, by="mei")
    assert again.links == []
    assert len(again.unclear) == 2


async def test_a_number_that_two_stores_have_tells_nothing(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", None, 1)), order("blue", "S1", ("a", None, 1)))
    await put(order("ali", "P1", ("1", None, 1), own_number="S1"))
    found = await discover_purchases(gateway, by="mei")
    assert (found.links, found.unclear) == ([], [])


async def test_links_are_removed_and_all_of_it_is_on_record(gateway: Context, put: Any) -> None:
    await put(order("red", "S1", ("a", None, 1)), order("ali", "P1", ("1", None, 1)))
    await link_purchase(gateway, "S1", "P1", by="mei")
    assert (await unlink_purchase(gateway, "S1", "P1", by="kai")).removed
    assert not (await unlink_purchase(gateway, "S1", "P1", by="kai")).removed
    assert await list_links(gateway) == []
    entries = await gateway.database.read(lambda c: audit.of_order(c, "red", "S1"))
    assert [(each.who, each.what, each.details["purchase"]) for each in entries] == [
        ("mei", "purchase_linked", "P1"),
        ("kai", "purchase_unlinked", "P1"),
    ]

"""Stock: read, imported, set by hand; told once below the line; a supplier at zero touches the open orders."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from adapters.xiaohongshu import adapter as xiaohongshu
from gateway.bootstrap import running
from gateway.cases.after import FOLLOW_UP, check_key
from gateway.cases.articles import articles
from gateway.cases.case import history_of, open_case
from gateway.cases.stock import supplier_is_out
from gateway.cases.tasks import TaskKind, tasks_like, tasks_open
from gateway.clock import ManualClock
from gateway.config import DATABASE_VARIABLE
from gateway.errors import DataError, NotFound, RateLimited
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Role, Store, StoreMode
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.purchases import link_purchase
from gateway.operations.stock import (
    STOCK_KIND,
    check_order_stock,
    import_stock,
    list_stock,
    plan_readings,
    read_again,
    read_stock,
    set_stock,
)
from gateway.orders.attested import facts_for
from gateway.orders.store import upsert_orders
from gateway.ports import OrderBatch, StockLevel
from gateway.storage import stores
from gateway.storage.schema import cases, notices, work
from gateway.storage.vault import KEY_VARIABLE
from tests.kit.sales import sale

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CONFIGURATION = "stock:\n  lines: {blue: 5}\n"


def _store(name: str, role: Role, platform: str) -> Store:
    return Store(
        id=name,
        app="app",
        platform=platform,
        external_id=name,
        role=role,
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
        mode=StoreMode.act,
    )


def _order(owner: str, number: str, *lines: tuple[str, int], supplier: str = "", **facts: Any) -> Order:
    told: dict[str, Any] = {
        "paid_at": None,
        "total_minor": None,
        "lines": [
            {"line_id": f"l{place}", "product_id": "p", "variant_id": f"v-{sku}", "sku": sku, "quantity": units}
            for place, (sku, units) in enumerate(lines, 1)
        ],
        "supplier": {"supplier_id": supplier} if supplier else None,
    }
    return sale(owner, number, NOW, **(told | facts))


class Shelf:
    """A platform that tells stock, and what it is asked."""

    manifest = xiaohongshu.manifest

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.asked: list[str] = []
        self.fault: Exception | None = None

    async def read_stock(self, channel: Any, variant_id: str) -> StockLevel:
        self.asked.append(variant_id)
        if self.fault is not None:
            raise self.fault
        if variant_id not in self.units:
            raise NotFound("no such variant")
        return StockLevel(self.units[variant_id], self.units[variant_id] + 3, 3)

    async def set_stock(self, channel: Any, variant_id: str, total: int) -> StockLevel:
        raise AssertionError("the gateway never sets a stock")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def gateway(
    tmp_path: Path, shelf: Shelf, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Context]:
    monkeypatch.setenv(KEY_VARIABLE, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    monkeypatch.setenv(DATABASE_VARIABLE, database_url)
    folder = DataFolder(tmp_path)
    await initialise(folder, os.environ)
    folder.configuration.write_text(CONFIGURATION)
    async with running(tmp_path) as context:

        def fill(connection: Any) -> None:
            app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
            stores.add_app(connection, context.vault, app, AppSecret(sign_key="s"), NOW)
            for name, role, platform in (
                ("red", Role.seller, "xiaohongshu"),
                ("blue", Role.seller, "shopee"),
                ("ali", Role.buyer, "alibaba_1688"),
            ):
                stores.add_store(connection, _store(name, role, platform), NOW)

        await context.database.write(fill)
        telling = {"xiaohongshu": shelf}
        object.__setattr__(context, "clock", ManualClock(NOW))
        context.connections._adapter_for = lambda platform: telling.get(
            platform, SimpleNamespace(manifest=xiaohongshu.manifest)
        )  # type: ignore[assignment,return-value]
        context.connections._open_channel = lambda adapter, app, secret, store: object()  # type: ignore[assignment,return-value]
        yield context


async def _put(gateway: Context, *orders: Order) -> None:
    for each in orders:
        batch = OrderBatch(orders=[each])
        await gateway.database.write(lambda c, batch=batch: upsert_orders(c, gateway.vault, batch, NOW))


async def _told(gateway: Context) -> list[tuple[str, dict[str, Any]]]:
    rows = await gateway.database.read(
        lambda c: c.execute(select(notices.c.kind, notices.c.details).order_by(notices.c.at, notices.c.key)).all()
    )
    return [(row.kind, orjson.loads(row.details)) for row in rows]


async def _tasks(gateway: Context) -> list[Any]:
    return await gateway.database.read(tasks_open)


def _later(gateway: Context, **span: int) -> None:
    gateway.clock.advance(timedelta(**span))  # type: ignore[attr-defined]


async def test_low_stock_is_told_once_for_each_fall(gateway: Context) -> None:
    first = await set_stock(gateway, "CUP", 30, store="red", by="mei")
    assert (first.level.low, first.fell) == (False, False)
    for units, fell in ((19, True), (12, False), (3, False), (20, False), (19, True)):
        _later(gateway, minutes=1)
        told = await set_stock(gateway, "CUP", units, store="red", by="mei")
        assert (told.level.low, told.fell) == (units < 20, fell), units
    found = await _told(gateway)
    assert [(kind, details["quantity"], details["line"]) for kind, details in found] == [
        ("stock_low", 19, 20),
        ("stock_low", 19, 20),
    ]
    (row,) = await list_stock(gateway, low=True)
    assert (row.level.sku, row.level.quantity, row.level.by, row.level.source) == ("CUP", 19, "mei", "person")


async def test_each_store_has_its_own_line(gateway: Context) -> None:
    assert not (await set_stock(gateway, "CUP", 5, store="blue", by="mei")).level.low
    assert (await set_stock(gateway, "CUP", 4, store="blue", by="mei")).fell


async def test_a_level_needs_a_store_that_sells_and_a_number_that_can_be(gateway: Context) -> None:
    with pytest.raises(DataError, match="name one of blue, red with --store"):
        await set_stock(gateway, "CUP", 5, by="mei")
    with pytest.raises(DataError, match="ali is none"):
        await set_stock(gateway, "CUP", 5, store="ali", by="mei")
    with pytest.raises(DataError, match="A stock of -1 cannot be"):
        await set_stock(gateway, "CUP", -1, store="red", by="mei")
    with pytest.raises(NotFound):
        await set_stock(gateway, "CUP", 5, store="nowhere", by="mei")
    assert await list_stock(gateway) == []


async def test_a_suppliers_zero_names_the_open_orders_and_asks_to_delist(gateway: Context) -> None:
    by = NOW + timedelta(hours=30)
    await _put(
        gateway,
        _order("red", "LATER", ("CUP", 2), ship_by=by + timedelta(hours=1)),
        _order("red", "SOON", ("CUP", 3), ("JUG", 1), ship_by=by),
        _order("red", "OTHER", ("JUG", 1), ship_by=by),
        _order("red", "GONE", ("CUP", 1), fulfillment="shipped"),
        _order("red", "CANCELLED", ("CUP", 1), closure="cancelled"),
        _order("blue", "ELSEWHERE", ("CUP", 1)),
        _order("ali", "P1", ("CUP", 2), supplier="b2b-1"),
        _order("ali", "P2", ("CUP", 2), supplier="b2b-1", closure="cancelled"),
    )
    await link_purchase(gateway, "SOON", "P1", sale_line="l1", quantity=2, by="mei")
    await link_purchase(gateway, "LATER", "P2", by="mei")
    await set_stock(gateway, "CUP", 40, store="red", supplier="b2b-1", by="mei")
    done = await set_stock(gateway, "CUP", 0, store="red", supplier="b2b-1", by="mei")
    assert done.ran_out
    assert [(each.order_id, each.units, each.covered, each.ship_by) for each in done.affected] == [
        ("SOON", 3, 2, by),
        ("LATER", 2, 0, by + timedelta(hours=1)),
    ], "a cancelled purchase covers nothing"
    (task,) = await _tasks(gateway)
    assert (task.kind, task.store, task.subject, task.case_id) == (TaskKind.delist, "red", "CUP", None)
    assert task.details["supplier"] == "b2b-1"
    assert task.details["orders"] == "SOON, LATER"
    assert task.details["affected"] == [
        {"order": "SOON", "ship_by": by.isoformat(), "units": 3, "covered": 2},
        {"order": "LATER", "ship_by": (by + timedelta(hours=1)).isoformat(), "units": 2, "covered": 0},
    ]
    kinds = [kind for kind, _ in await _told(gateway)]
    assert sorted(kinds) == ["stock_low", "supplier_out_of_stock"]

    def facts(c: Any) -> Any:
        return facts_for(c, "red", "SOON", ["CUP"]), c.execute(select(cases)).all()

    assert await gateway.database.read(facts) == ([], []), "goods in hand may be left: nothing is attested, no case"


async def test_a_supplier_at_zero_is_nothing_while_another_has_some(gateway: Context) -> None:
    await set_stock(gateway, "CUP", 50, store="red", supplier="b2b-2", by="mei")
    assert (await set_stock(gateway, "CUP", 0, store="red", supplier="b2b-1", by="mei")).ran_out
    assert await _tasks(gateway) == []
    assert not await gateway.database.read(lambda c: supplier_is_out(c, "red", "CUP"))
    await set_stock(gateway, "CUP", 0, store="red", supplier="b2b-2", by="mei")
    assert len(await _tasks(gateway)) == 1
    assert await gateway.database.read(lambda c: supplier_is_out(c, "red", "CUP"))


async def test_the_task_goes_when_there_is_stock_again(gateway: Context) -> None:
    await set_stock(gateway, "CUP", 0, store="red", supplier="b2b-1", by="mei")
    _later(gateway, hours=1)
    assert (await set_stock(gateway, "CUP", 0, store="red", supplier="b2b-1", by="mei")).affected == ()
    assert len(await _tasks(gateway)) == 1, "told again: the same task"
    done = await set_stock(gateway, "CUP", 80, store="red", supplier="b2b-1", by="mei")
    assert done.refilled
    (task,) = await gateway.database.read(tasks_like)
    assert (task.state, task.because) == ("cancelled", "there is stock again")


async def test_a_file_tells_levels_and_names_articles_or_nothing_at_all(gateway: Context) -> None:
    wrong = (
        "store,sku,supplier,article,quantity\nred,CUP,,,7\nred,CUP,,A1,7\nali,CUP,,,7\nred,CUP,b2b-1,,many\n"
        "red,CUP,b2b-1,,\nred,,b2b-1,A9,3\n"
    )
    with pytest.raises(DataError) as refused:
        await import_stock(gateway, "stock.csv", wrong, by="mei")
    assert str(refused.value).splitlines() == [
        "stock.csv, line 3, column supplier: is empty: say whose article it is",
        "stock.csv, line 4, column store: ali is no store that sells; there are blue, red",
        "stock.csv, line 5, column quantity: 'many' is no whole number of units",
        "stock.csv, line 6, column quantity: is empty: give the units, or sku, supplier and article to name a "
        "supplier's article",
        "stock.csv, line 7, column article: A9 of supplier b2b-1 is not known; name the SKU it is sold as in the same "
        "line once",
        "Nothing was imported. Correct this and import the whole file again.",
    ]
    assert await list_stock(gateway) == []
    good = "sku,supplier,article,quantity,store\nCUP,b2b-1,A1,,\nMUG,b2b-1,A1,9,blue\nCUP,,,25,\n"
    done = await import_stock(gateway, "stock.csv", good, store="red", by="mei")
    assert (len(done.levels), done.articles) == (2, 2)
    again = await import_stock(gateway, "again.csv", "supplier,article,quantity\nb2b-1,A1,11\n", by="mei")
    assert [(each.level.store, each.level.sku, each.level.quantity) for each in again.levels] == [
        ("blue", "MUG", 11),
        ("red", "CUP", 11),
    ], "the supplier's article is sold in two stores"
    shown = await list_stock(gateway, store="red")
    assert [(each.level.supplier, each.level.quantity, each.article) for each in shown] == [
        ("", 25, None),
        ("b2b-1", 11, "A1"),
    ]


async def test_a_platform_that_tells_stock_is_asked_for_what_is_sold(gateway: Context, shelf: Shelf) -> None:
    await _put(
        gateway,
        _order("red", "NEW", ("CUP", 1), ("JUG", 1)),
        _order("red", "OLD", ("VASE", 1), fulfillment="shipped", placed_at=NOW - timedelta(days=40)),
        _order("red", "WAITS", ("POT", 1), placed_at=NOW - timedelta(days=40)),
        _order("blue", "HERE", ("CUP", 1)),
    )
    shelf.units = {"v-CUP": 4, "v-JUG": 300}
    red, blue = sorted(await read_stock(gateway, by="mei"), key=lambda each: each.store, reverse=True)
    assert (red.store, red.read, red.fell, red.unknown, red.because) == ("red", 2, ("CUP",), ("POT",), "")
    assert sorted(shelf.asked) == ["v-CUP", "v-JUG", "v-POT"]
    assert (blue.read, blue.because.startswith("its platform tells no stock")) == (0, True)
    assert [(each.level.sku, each.level.quantity, each.level.source) for each in await list_stock(gateway)] == [
        ("CUP", 4, "api"),
        ("JUG", 300, "api"),
    ], "what may be sold, not what orders hold"
    shelf.units["v-CUP"] = 0
    await read_stock(gateway, store="red", by="mei")
    assert await _tasks(gateway) == [], "the platform itself sells nothing it lacks"


async def test_stock_is_read_twice_a_day_and_what_is_stale_is_told_once(gateway: Context, shelf: Shelf) -> None:
    await _put(gateway, _order("red", "NEW", ("CUP", 1)), _order("ali", "P1", ("CUP", 1), supplier="b2b-1"))
    await link_purchase(gateway, "NEW", "P1", by="mei")
    shelf.units = {"v-CUP": 40}
    await set_stock(gateway, "CUP", 40, store="red", supplier="b2b-1", by="mei")
    await plan_readings(gateway)

    def planned(c: Any) -> Any:
        return {row.key: row.due_at for row in c.execute(select(work).where(work.c.kind == STOCK_KIND))}

    assert set(await gateway.database.read(planned)) == {"red", "blue"}
    assert await read_again(gateway, "red") == NOW + timedelta(hours=12)
    learnt = await gateway.database.read(articles)
    assert [(each.sku, each.supplier, each.article, each.by) for each in learnt] == [
        ("CUP", "b2b-1", "CUP", "purchase links")
    ]
    assert await _told(gateway) == []
    for _ in range(2):
        _later(gateway, hours=14)
        await read_again(gateway, "red")
    stale = [(kind, details["supplier"]) for kind, details in await _told(gateway)]
    assert stale == [("stock_stale", "b2b-1")], "the own stock was read; nobody told the supplier's for a day"
    shelf.fault = RateLimited("slower")
    with pytest.raises(RateLimited):
        await read_again(gateway, "red")
    assert (await read_stock(gateway, store="red", by="mei"))[0].because == "slower"


async def test_after_an_end_the_stock_is_read_and_noted_with_the_case(gateway: Context, shelf: Shelf) -> None:
    await _put(gateway, _order("red", "S1", ("CUP", 2), ("JUG", 1), closure="cancelled"))
    case = await gateway.database.write(
        lambda c: open_case(c, store="red", order_id="S1", reason="out_of_stock", by="mei", now=NOW)
    )
    shelf.units = {"v-CUP": 31}
    await check_order_stock(gateway, check_key("red", "S1"))
    (line,) = [each for each in await gateway.database.read(lambda c: history_of(c, case.id)) if each.what == FOLLOW_UP]
    assert line.details == {"done": "stock_read", "units": {"CUP": 31}, "untold": ["JUG"]}
    (task,) = await _tasks(gateway)
    assert (task.kind, task.details["sku"], task.case_id) == (TaskKind.verify_stock, "JUG", case.id)
    shelf.fault = RateLimited("slower")
    with pytest.raises(RateLimited):  # the work is done again later
        await check_order_stock(gateway, check_key("red", "S1"))


async def test_long_names_of_two_suppliers_are_told_apart(gateway: Context) -> None:
    sku, one, other = "S" * 80, "A" * 79 + "1", "A" * 79 + "2"
    text = f"store,sku,supplier,quantity\nblue,{sku},{one},3\nblue,{sku},{other},3\n"
    await import_stock(gateway, "both.csv", text, by="anna")
    query = select(notices.c.details).where(notices.c.kind == "stock_low")
    told = await gateway.database.read(lambda c: [orjson.loads(each) for each in c.execute(query).scalars()])
    assert sorted(each["supplier"] for each in told) == [one, other]

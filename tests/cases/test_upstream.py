"""A sale's end and its purchases: what becomes of each, at which cost, and what nobody may touch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from adapters.alibaba_1688 import Alibaba1688
from gateway.cases.acting import act_of, why_no_call
from gateway.cases.after import Aftermath
from gateway.cases.case import HANDED_OVER, CaseState, history_of, list_cases, open_case, open_case_of
from gateway.cases.counts import counts_of
from gateway.cases.facts import question_of
from gateway.cases.found import Found
from gateway.cases.supply import is_over, orphaned, sales_in_doubt
from gateway.cases.supply_news import look_at_purchase
from gateway.cases.tasks import TaskKind, TaskState, finish_task, tasks_like, tasks_open
from gateway.cases.upstream import HISTORY, Judge, Plan, cascade, ends_of, is_kept, purchase_reason, upstream_of
from gateway.model.attested import AttestedFact, FactName
from gateway.model.order import Order
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import App, AppSecret, Role, Store, StoreMode
from gateway.orders.attested import attest, facts_for
from gateway.orders.link_news import PURCHASE_KIND, note_linked, read_purchase_key
from gateway.orders.links import keep
from gateway.orders.store import order as stored_order
from gateway.orders.store import upsert_orders
from gateway.policy.amount import Amount
from gateway.policy.decide import decide
from gateway.policy.decision import Cost
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason
from gateway.ports import Operation, OrderBatch
from gateway.storage import stores
from gateway.storage.database import Database
from gateway.storage.schema import cases, notices, work
from gateway.storage.vault import Vault
from tests.kit.sales import sale

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
RULES = load_rules()


def _store(name: str, role: Role, platform: str, currency: str = "CNY") -> Store:
    return Store(
        id=name,
        app="app",
        platform=platform,
        external_id=name,
        role=role,
        region="CN" if currency == "CNY" else "MY",
        currency=currency,
        time_zone="Asia/Shanghai",
        mode=StoreMode.act,
    )


def _order(owner: str, number: str, *lines: tuple[str, int], currency: str = "CNY", **facts: Any) -> Order:
    told: dict[str, Any] = {
        "currency": currency,
        "placed_at": NOW - timedelta(hours=2),
        "paid_at": NOW - timedelta(hours=2),
        "lines": [
            {"line_id": f"l{place}", "product_id": "p", "sku": sku, "quantity": units}
            for place, (sku, units) in enumerate(lines or [("CUP", 1)], 1)
        ],
    }
    return sale(owner, number, NOW, **(told | facts))


@dataclass
class Books:
    """The stores of one seller and what is stored of their orders."""

    database: Database
    vault: Vault

    async def put(self, *orders: Order) -> None:
        for each in orders:
            batch = OrderBatch(orders=[each])
            await self.database.write(lambda c, batch=batch: upsert_orders(c, self.vault, batch, NOW))

    async def link(self, sale: str, purchase: str, units: int = 1, *, sold_by: str = "red") -> None:
        link = PurchaseLink(
            sale=OrderLineKey(store=sold_by, order_id=sale, line_id="l1"),
            purchase=OrderLineKey(store="ali", order_id=purchase, line_id="l1"),
            quantity=units,
        )
        known = KnownLink(link=link, source=LinkSource.person, by="mei", at=NOW)
        await self.database.write(lambda c: keep(c, known))

    async def way_back(self, purchase: str, amount: str) -> None:
        fact = AttestedFact(
            name=FactName.return_shipping_cost,
            value=f"{amount} CNY",
            store="ali",
            order_id=purchase,
            by="mei",
            at=NOW,
        )
        await self.database.write(lambda c: attest(c, fact))

    def judge(self, worth: str = "0") -> Judge:
        return Judge(self.vault, RULES, {}, Decimal(worth))

    async def ends(self, sale: str = "S1", reason: Reason = Reason.changed_mind, worth: str = "0") -> list[Any]:
        return await self.database.read(lambda c: ends_of(c, self.judge(worth), ("red", sale), reason, NOW))

    async def plans(self, sale: str = "S1", **asked: Any) -> dict[str, Plan]:
        return {each.order_id: each.plan for each in await self.ends(sale, **asked)}


@pytest.fixture
async def books(database_url: str, tmp_path: Path) -> AsyncIterator[Books]:
    database = Database.open(database_url, lock=tmp_path / "lock")
    vault = Vault(bytes(range(32)))

    def fill(c: Any) -> None:
        app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
        stores.add_app(c, vault, app, AppSecret(sign_key="s"), NOW)
        for each in (
            _store("red", Role.seller, "xiaohongshu"),
            _store("my", Role.seller, "shopee", "MYR"),
            _store("ali", Role.buyer, "alibaba_1688"),
        ):
            stores.add_store(c, each, NOW)

    await database.write(fill)
    yield Books(database, vault)
    await database.close()


async def test_each_purchase_is_decided_by_how_far_it_has_come(books: Books) -> None:
    await books.put(
        _order("red", "S1", ("CUP", 6)),
        _order("ali", "UNPAID", payment="unpaid", fulfillment="not_due", paid_at=None),
        _order("ali", "PAID", total_minor=3000),
        _order("ali", "SENT", fulfillment="shipped", total_minor=3000, shipping_minor=500),
        _order("ali", "DONE", fulfillment="delivered", closure="completed"),
        _order("ali", "GONE", closure="cancelled"),
        _order("ali", "ODD", fulfillment="unknown"),
    )
    for purchase in ("UNPAID", "PAID", "SENT", "DONE", "GONE", "ODD"):
        await books.link("S1", purchase)
    found = {each.order_id: each for each in await books.ends()}
    assert {order: (each.plan, each.cost_minor, each.money_back_minor) for order, each in found.items()} == {
        "UNPAID": (Plan.cancel, 0, 0),
        "PAID": (Plan.ask_money_back, 0, 3000),
        "SENT": (Plan.send_back, 0, 2500),
        "DONE": (Plan.over, 0, 0),
        "GONE": (Plan.over, 0, 0),
        "ODD": (Plan.ask_person, 0, 0),
    }
    assert "Nobody told what the way back costs" in found["SENT"].because


@pytest.mark.parametrize(
    ("way_back", "worth", "reason", "plan", "cost"),
    [
        ("24.99", "0", Reason.changed_mind, Plan.send_back, 2499),
        ("25.00", "0", Reason.changed_mind, Plan.send_back, 2500),  # the same cost: they go back
        ("25.01", "0", Reason.changed_mind, Plan.keep, 2500),
        ("10.01", "0.6", Reason.changed_mind, Plan.keep, 1000),  # 25.00 less 60 % of it
        ("10.00", "0.6", Reason.changed_mind, Plan.send_back, 1000),
        ("10.01", "0.6", Reason.quality_problem, Plan.send_back, 1001),  # faulty goods are worth nothing
        ("5.00", "1", Reason.changed_mind, Plan.keep, 0),
    ],
)
async def test_sent_goods_go_back_or_stay_by_cost(
    books: Books, way_back: str, worth: str, reason: Reason, plan: Plan, cost: int
) -> None:
    await books.put(
        _order("red", "S1"), _order("ali", "P1", fulfillment="shipped", total_minor=3000, shipping_minor=500)
    )
    await books.link("S1", "P1")
    await books.way_back("P1", way_back)
    (end,) = await books.ends(reason=reason, worth=worth)
    assert (end.plan, end.cost_minor, end.currency) == (plan, cost, "CNY")


def test_keeping_costs_what_was_paid_less_what_the_goods_are_worth() -> None:
    assert is_kept(1000, 2000, Decimal("0.5")) == (False, 1000)
    assert is_kept(1001, 2000, Decimal("0.5")) == (True, 1000)
    assert is_kept(0, 0, Decimal(0)) == (False, 0)


def test_the_reason_is_true_of_the_purchase() -> None:
    assert purchase_reason(Reason.out_of_stock, supplier_out=True) is Reason.out_of_stock
    assert purchase_reason(Reason.out_of_stock, supplier_out=False) is Reason.changed_mind
    assert purchase_reason(Reason.buyer_asked, supplier_out=False) is Reason.changed_mind
    assert purchase_reason(Reason.price_error, supplier_out=False) is Reason.changed_mind
    assert purchase_reason(Reason.quality_problem, supplier_out=False) is Reason.quality_problem
    assert purchase_reason(Reason.not_delivered, supplier_out=False) is Reason.not_delivered


async def test_goods_that_a_living_sale_or_nobody_named_needs_are_left_alone(books: Books) -> None:
    await books.put(
        _order("red", "S1", ("CUP", 9)),
        _order("red", "ALIVE"),
        _order("red", "DEAD", closure="cancelled"),
        _order("ali", "SHARED", ("CUP", 2)),
        _order("ali", "SPARE", ("CUP", 2)),
        _order("ali", "MIXED", ("CUP", 1), ("JUG", 1)),
        _order("ali", "BOTH", ("CUP", 2)),
    )
    await books.link("S1", "SHARED")
    await books.link("ALIVE", "SHARED")
    await books.link("S1", "SPARE")  # the other unit was bought for the stock
    await books.link("S1", "MIXED")
    await books.link("S1", "BOTH")
    await books.link("DEAD", "BOTH")
    assert await books.plans() == {
        "SHARED": Plan.needed,
        "SPARE": Plan.needed,
        "MIXED": Plan.needed,
        "BOTH": Plan.ask_money_back,
    }


async def test_the_net_cost_is_told_in_the_sales_currency(books: Books) -> None:
    await books.put(
        _order("my", "S1", ("CUP", 3), currency="MYR"),
        _order("ali", "P1", fulfillment="shipped", total_minor=9000),
        _order("ali", "P2", fulfillment="shipped", total_minor=9000),
    )
    for purchase in ("P1", "P2"):
        await books.link("S1", purchase, sold_by="my")
        await books.way_back(purchase, "10.00")

    class Decided:
        cost = Cost(Amount(amount=Decimal("3.10"), currency="MYR"))

    def ask(c: Any) -> Any:
        return upstream_of(c, books.judge(), ("my", "S1"), Reason.out_of_stock, Decided(), NOW)  # type: ignore[arg-type]

    told = await books.database.read(ask)
    assert (told.cost_minor, told.net_minor, told.currency) == (310, 310 + 2 * 620, "MYR"), "1 CNY buys 0.62 MYR"
    await books.put(_order("red", "ALONE"))
    nothing = await books.database.read(
        lambda c: upstream_of(c, books.judge(), ("red", "ALONE"), Reason.out_of_stock, Decided(), NOW)  # type: ignore[arg-type]
    )
    assert nothing is None


async def test_a_sales_end_opens_a_case_for_each_purchase_once(books: Books) -> None:
    await books.put(
        _order("red", "S1", ("CUP", 9), closure="cancelled"),
        _order("ali", "UNPAID", payment="unpaid", fulfillment="not_due", paid_at=None),
        _order("ali", "PAID"),
        _order("ali", "SENT", fulfillment="shipped", total_minor=1000),
        _order("ali", "OWN", payment="unpaid", fulfillment="not_due", paid_at=None),
    )
    for purchase in ("UNPAID", "PAID", "SENT", "OWN"):
        await books.link("S1", purchase)
    await books.way_back("SENT", "12.00")

    def run(c: Any) -> Any:
        mine = open_case(c, store="ali", order_id="OWN", reason="price_error", by="mei", now=NOW)
        sale = open_case(c, store="red", order_id="S1", reason="buyer_asked", by="mei", now=NOW)
        first = cascade(c, books.judge(), sale, NOW)
        again = cascade(c, books.judge(), sale, NOW)
        return mine, sale, first, again

    mine, sale, first, again = await books.database.write(run)
    assert {each.order_id: each.plan for each in first} == {
        "UNPAID": Plan.cancel,
        "PAID": Plan.ask_money_back,
        "SENT": Plan.keep,
        "OWN": Plan.under_way,
    }
    assert mine.id in next(each.because for each in first if each.order_id == "OWN")
    opened = await books.database.read(lambda c: list_cases(c, stores=["ali"]))
    assert {each.order_id: (each.via, each.cause, each.reason, each.state) for each in opened} == {
        "UNPAID": ("sale", sale.id, "changed_mind", CaseState.running),
        "PAID": ("sale", sale.id, "changed_mind", CaseState.running),
        "OWN": ("person", None, "price_error", CaseState.running),
    }
    assert len(again) == 4
    (task,) = await books.database.read(tasks_open)
    assert (task.kind, task.store, task.order_id) == (TaskKind.verify_stock, "ali", "SENT"), "the goods come to us"
    notes = [each for each in await books.database.read(lambda c: history_of(c, sale.id)) if each.what == HISTORY]
    assert {each["order"]: each["plan"] for each in notes[0].details["purchases"]} == {
        "UNPAID": "cancel",
        "PAID": "ask_money_back",
        "SENT": "keep",
        "OWN": "under_way",
    }
    assert await books.database.read(lambda c: open_case_of(c, "ali", "SENT")) is None


@pytest.mark.parametrize(
    ("facts", "over"),
    [
        ({}, False),
        ({"closure": "cancelled"}, True),
        ({"closure": "closed"}, True),
        ({"closure": "completed", "fulfillment": "delivered"}, False),
        ({"refunded_minor": 4999}, False),
        ({"refunded_minor": 5000}, True),
        ({"requests": [("refund", "refunded", 5000)]}, True),
        ({"requests": [("return_refund", "refunded", None)]}, True),
        ({"requests": [("refund", "refunded", 100)]}, False),
        ({"requests": [("refund", "pending", 5000)]}, False),
        ({"requests": [("price_adjustment", "refunded", None)]}, False),
    ],
)
def test_a_sale_is_over_when_it_ended_or_all_its_money_went_back(facts: dict[str, Any], over: bool) -> None:
    asked = [
        {
            "store": "red",
            "order_id": "S1",
            "request_id": "R1",
            "kind": kind,
            "state": "done",
            "refund": refund,
            "refund_minor": amount,
            "currency": "CNY",
            "opened_at": NOW,
            "updated_at": NOW,
        }
        for kind, refund, amount in facts.pop("requests", ())
    ]
    assert is_over(_order("red", "S1", requests=asked, **facts)) is over


async def test_purchases_of_sales_that_are_over_are_found_before_they_ship(books: Books) -> None:
    await books.put(
        _order("red", "REFUNDED", ("CUP", 5), refunded_minor=5000),
        _order("red", "ALIVE", ("CUP", 5)),
        _order("ali", "P1"),
        _order("ali", "P2"),
        _order("ali", "P3", closure="cancelled"),
        _order("ali", "P4", ("CUP", 2)),
        _order("ali", "P5"),
    )
    await books.link("REFUNDED", "P1")
    await books.link("ALIVE", "P2")
    await books.link("REFUNDED", "P3")
    await books.link("REFUNDED", "P4")
    await books.link("ALIVE", "P4")
    assert await books.database.read(orphaned) == [("ali", "P1")]
    assert await books.database.read(lambda c: orphaned(c, ["red"])) == []


async def test_a_purchase_that_ended_leaves_sales_in_doubt(books: Books) -> None:
    by = NOW + timedelta(hours=20)
    await books.put(
        _order("red", "LATER", ("CUP", 2), ship_by=by + timedelta(hours=5)),
        _order("red", "SOON", ("CUP", 3), ship_by=by),
        _order("red", "SHIPPED", fulfillment="shipped"),
        _order("red", "OVER", closure="cancelled"),
        _order("red", "PARTLY", ("CUP", 3)),
        _order("ali", "P1", ("CUP", 9), closure="closed"),
        _order("ali", "P2", ("CUP", 9)),
    )
    for each, units in (("LATER", 2), ("SOON", 3), ("SHIPPED", 1), ("OVER", 1), ("PARTLY", 1)):
        await books.link(each, "P1", units)
    await books.link("PARTLY", "P2", 2)
    found = await books.database.read(lambda c: sales_in_doubt(c, ("ali", "P1")))
    assert [(each.order_id, each.units, each.ship_by) for each in found] == [
        ("SOON", 3, by),
        ("LATER", 2, by + timedelta(hours=5)),
        ("PARTLY", 1, None),
    ]
    ruled = await books.database.read(lambda c: sales_in_doubt(c, ("ali", "P1"), RULES))
    assert ruled[-1].ship_by == NOW + timedelta(hours=46), "48 hours after it was paid (XHS-83)"


async def _told(books: Books) -> list[tuple[str, str, str, str]]:
    rows = await books.database.read(
        lambda c: c.execute(select(notices.c.kind, notices.c.store, notices.c.order_id, notices.c.level)).all()
    )
    return sorted(tuple(row) for row in rows)


async def _look(books: Books, purchase: str) -> Any:
    return await books.database.write(lambda c: look_at_purchase(c, ("ali", purchase), NOW))


async def test_a_purchase_nobody_needs_is_flagged_once_before_it_ships(books: Books) -> None:
    await books.put(_order("red", "S1"), _order("ali", "P1"))
    await books.link("S1", "P1")
    assert not (await _look(books, "P1")).orphaned
    await books.put(_order("red", "S1", refunded_minor=5000, updated_at=NOW + timedelta(minutes=1)))
    assert (await _look(books, "P1")).orphaned
    assert (await _look(books, "P1")).orphaned
    (task,) = await books.database.read(tasks_open)
    assert (task.kind, task.store, task.order_id, task.subject) == (TaskKind.ask_person, "ali", "P1", "P1:orphaned")
    assert "It has not been sent yet." in task.details["explanation"]
    assert await _told(books) == [("purchase_orphaned", "ali", "P1", "urgent")]
    assert await books.database.read(list_cases) == [], "a case is opened by people and automations only"
    await books.database.write(
        lambda c: open_case(c, store="ali", order_id="P1", reason="changed_mind", by="mei", now=NOW)
    )
    assert not (await _look(books, "P1")).orphaned
    (ended,) = await books.database.read(tasks_like)
    assert (ended.state, ended.because) == (TaskState.cancelled, "a case sees to it")


async def test_what_a_person_decided_about_a_purchase_is_not_asked_again(books: Books) -> None:
    await books.put(_order("red", "S1", closure="cancelled"), _order("ali", "P1", fulfillment="shipped"))
    await books.link("S1", "P1")
    assert (await _look(books, "P1")).orphaned
    assert await _told(books) == [("purchase_orphaned", "ali", "P1", "warning")], "it is under way"
    (task,) = await books.database.read(tasks_open)
    await books.database.write(lambda c: finish_task(c, task.id, by="mei", now=NOW, because="we keep them"))
    assert not (await _look(books, "P1")).orphaned
    assert await books.database.read(tasks_open) == []


async def test_a_suppliers_close_tells_the_sales_and_wakes_their_cases(books: Books) -> None:
    by = NOW + timedelta(hours=20)
    await books.put(_order("red", "S1", ship_by=by), _order("red", "S2"), _order("ali", "P1", ("CUP", 2)))
    await books.link("S1", "P1")
    await books.link("S2", "P1")
    case = await books.database.write(
        lambda c: open_case(c, store="red", order_id="S1", reason="out_of_stock", by="mei", now=NOW)
    )
    assert (await _look(books, "P1")).in_doubt == ()
    gone = _order(
        "ali", "P1", ("CUP", 2), closure="cancelled", ended_by="seller", updated_at=NOW + timedelta(minutes=1)
    )
    await books.put(gone)
    for _ in range(2):
        found = await _look(books, "P1")
        assert [(each.order_id, each.units, each.ship_by) for each in found.in_doubt] == [
            ("S1", 1, by),
            ("S2", 1, None),
        ]
    assert await _told(books) == [
        ("supply_ended", "red", "S1", "urgent"),
        ("supply_ended", "red", "S2", "urgent"),
    ]
    lines = await books.database.read(lambda c: history_of(c, case.id))
    assert [line.details["why"] for line in lines if line.what == "signal"].count("supplier") == 1
    assert [each.id for each in await books.database.read(list_cases)] == [case.id]


async def test_changed_orders_let_their_purchases_be_looked_at(books: Books) -> None:
    await books.put(_order("red", "S1"), _order("red", "S2"), _order("ali", "P1"), _order("ali", "P2"))

    def noted(store: str, *ids: str) -> Any:
        return books.database.write(lambda c: note_linked(c, store, ids, NOW))

    assert await noted("red", "S1") == 0, "nothing is linked"
    await books.link("S1", "P1")
    assert await noted("red", "S2") == 0
    assert await noted("red", "S1", "S2") == 1
    assert await noted("ali", "P1", "P2") == 1
    assert await noted("my", "S1") == 0, "another store's order of the same number"
    rows = await books.database.read(lambda c: c.execute(select(work.c.key).where(work.c.kind == PURCHASE_KIND)).all())
    assert [read_purchase_key(row.key) for row in rows] == [("ali", "P1")]


def _found(books: Books, purchase: str) -> Any:
    def read(c: Any) -> Found:
        stored = stored_order(c, books.vault, "ali", purchase)
        assert stored is not None
        store = stores.store_of(c, "ali")
        counts = counts_of(c, store, RULES, NOW, order_id=purchase)
        facts = facts_for(c, "ali", purchase, [])
        question = question_of(stored, store, Reason.changed_mind, counts, facts, {}, NOW)
        return Found(stored, question, decide(question.scenario, RULES))

    return books.database.read(read)


async def test_a_return_is_applied_for_only_once_the_goods_were_received(books: Books) -> None:
    await books.put(
        _order("ali", "PAID"),
        _order("ali", "MOVING", fulfillment="shipped"),
        _order("ali", "THERE", fulfillment="delivered"),
    )
    manifest = Alibaba1688().manifest.seen_by(Role.buyer)
    acts = {each: act_of(await _found(books, each), manifest) for each in ("PAID", "MOVING", "THERE")}
    assert acts["PAID"] is not None
    assert (acts["PAID"].operation, acts["PAID"].parameters) == (Operation.request_refund, {})
    assert acts["MOVING"] is None, "to say that they were received would not be true"
    assert "on their way" in why_no_call(await _found(books, "MOVING"))
    assert acts["THERE"] is not None
    assert acts["THERE"].parameters == {"solution": "return_refund", "goods": "received"}


async def test_goods_sent_after_the_money_was_asked_back_stay_when_that_costs_less(books: Books) -> None:
    await books.put(_order("ali", "P1", fulfillment="delivered", total_minor=3000, shipping_minor=500))
    await books.way_back("P1", "20.00")
    found = await _found(books, "P1")
    aftermath = Aftermath(books.judge("0.5"))

    def opened(via: str) -> Any:
        def act(c: Any) -> Any:
            c.execute(delete(cases))
            return open_case(c, store="ali", order_id="P1", reason="changed_mind", by="mei", now=NOW, via=via)

        return books.database.write(act)

    case = await opened("sale")
    assert aftermath.stays(case, found) == "sending it back costs 20.00 CNY, keeping it 12.50 CNY"
    assert Aftermath(books.judge("0.1")).stays(case, found) is None, "22.50 is more than 20.00"
    assert aftermath.stays(replace(case, step=HANDED_OVER), found) is None, "a person has it in hand"
    assert aftermath.stays(await opened("person"), found) is None, "what a person wants ended, is ended"
    await books.put(_order("ali", "P2"))
    assert aftermath.stays(case, await _found(books, "P2")) is None, "it was not sent"

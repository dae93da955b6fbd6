"""After an order's end: stock looked at, money watched, the buyer told, malicious buyers listed; each of it once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.cases.after import CHECK_KIND, Aftermath, AfterStep, read_check_key
from gateway.cases.buyers import BuyerMark, clear_buyer, mark_buyer, marked, top_refunders
from gateway.cases.case import Case, Outcome, WaitsFor, case_of, history_of, list_cases, open_case
from gateway.cases.contact import record_sent
from gateway.cases.counts import counts_of
from gateway.cases.ending import Standing
from gateway.cases.facts import question_of
from gateway.cases.found import Found
from gateway.cases.tasks import TaskKind, finish_task, open_task, tasks_like, tasks_open, text_of
from gateway.cases.upstream import Judge
from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import App, AppSecret, Role, Store, StoreMode
from gateway.orders.links import keep
from gateway.orders.store import order as stored_order
from gateway.orders.store import upsert_orders
from gateway.policy.decide import decide
from gateway.policy.message_guard_templates import Writing
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason
from gateway.ports import Offered, OrderBatch
from gateway.storage import stores
from gateway.storage.database import Database
from gateway.storage.schema import cases, notices, work
from gateway.storage.vault import Vault
from tests.kit.sales import sale

FRIDAY = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai
RULES = load_rules()
CURRENCIES = {"red": "CNY", "sho": "SGD", "tik": "JPY", "ali": "CNY", "buy": "CNY"}


def _store(name: str, platform: str, role: Role, region: str, zone: str) -> Store:
    return Store(
        id=name,
        app="app",
        platform=platform,
        external_id=name,
        role=role,
        region=region,
        currency=CURRENCIES[name],
        time_zone=zone,
        mode=StoreMode.act,
    )


STORES = {
    each.id: each
    for each in (
        _store("red", "xiaohongshu", Role.seller, "CN", "Asia/Shanghai"),
        _store("sho", "shopee", Role.seller, "SG", "Asia/Singapore"),
        _store("tik", "tiktok_shop", Role.seller, "JP", "Asia/Tokyo"),
        _store("ali", "alibaba_1688", Role.seller, "CN", "Asia/Shanghai"),
        _store("buy", "alibaba_1688", Role.buyer, "CN", "Asia/Shanghai"),
    )
}


def _order(owner: str, number: str = "S1", **facts: Any) -> Order:
    told: dict[str, Any] = {
        "fulfillment": "not_due",
        "closure": "cancelled",
        "ended_by": "seller",
        "ended_at": FRIDAY,
        "region": STORES[owner].region,
        "currency": CURRENCIES[owner],
        "placed_at": FRIDAY - timedelta(hours=9),
        "paid_at": FRIDAY - timedelta(hours=9),
        "lines": [{"line_id": "l1", "product_id": "p", "sku": "CUP", "title": "Cup", "quantity": 2}],
        "buyer": {"buyer_id": "canary-buyer"},
    }
    return sale(owner, number, FRIDAY, **(told | facts))


def _request(owner: str, number: str = "S1", request: str = "R1", **facts: Any) -> AfterSale:
    told: dict[str, Any] = {
        "store": owner,
        "order_id": number,
        "request_id": request,
        "in_order": True,
        "kind": "refund",
        "state": "done",
        "refund": "refunded",
        "opened_at": FRIDAY,
        "updated_at": FRIDAY,
        "currency": CURRENCIES[owner],
        "refund_minor": 5000,
    }
    return AfterSale.model_validate({**told, **facts})


@dataclass
class Office:
    """A gateway's books, and cases that have reached their order's end."""

    database: Database
    vault: Vault
    now: datetime = FRIDAY
    case: Case | None = None
    aftermath: Aftermath = field(init=False)

    def __post_init__(self) -> None:
        self.aftermath = Aftermath(Judge(self.vault, RULES, {}))

    async def put(self, *orders: Order) -> None:
        for each in orders:
            batch = OrderBatch(orders=[each])
            await self.database.write(lambda c, batch=batch: upsert_orders(c, self.vault, batch, self.now))

    async def begin(self, order: Order, reason: str = "out_of_stock") -> None:
        await self.put(order)
        self.case = await self.database.write(
            lambda c: open_case(c, store=order.store, order_id=order.order_id, reason=reason, by="mei", now=self.now)
        )

    async def step(
        self, outcome: Outcome = Outcome.ended, chat: Offered = Offered.manual, *, tells_stock: bool = False
    ) -> AfterStep:
        assert self.case is not None
        known = self.case

        def act(c: Any) -> AfterStep:
            case, store = case_of(c, known.id), STORES[known.store]
            found = stored_order(c, self.vault, case.store, case.order_id)
            assert found is not None
            counts = counts_of(c, store, RULES, self.now, order_id=case.order_id)
            question = question_of(found, store, Reason(case.reason), counts, (), {}, self.now)
            standing = Standing(
                case=case,
                now=self.now,
                mode=store.mode,
                role=store.role,
                stopped=False,
                since=case.opened_at,
                tasks=tasks_like(c, case_id=case.id),
            )
            look = Found(found, question, decide(question.scenario, RULES))
            return self.aftermath.step(c, look, standing, store, outcome=outcome, chat=chat, tells_stock=tells_stock)

        return await self.database.write(act)

    async def tasks(self, kind: TaskKind | None = None) -> list[Any]:
        return await self.database.read(lambda c: tasks_open(c, kind=kind))

    async def done(self) -> dict[str, Any]:
        assert self.case is not None
        lines = await self.database.read(lambda c: history_of(c, self.case.id))  # type: ignore[union-attr]
        return {each.details["done"]: each.details for each in lines if each.what == "after"}

    async def rows(self, query: Any) -> list[Any]:
        return list(await self.database.read(lambda c: c.execute(query).all()))


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    database = Database.open(database_url, lock=tmp_path / "lock")
    vault = Vault(bytes(range(32)))

    def fill(c: Any) -> None:
        app = App(id="app", platform="xiaohongshu", key="k", base_url="http://127.0.0.1:9")
        stores.add_app(c, vault, app, AppSecret(sign_key="s"), FRIDAY)
        for each in STORES.values():
            stores.add_store(c, each, FRIDAY)

    await database.write(fill)
    yield Office(database, vault)
    await database.close()


async def test_stock_is_counted_by_a_person_where_no_api_tells_it(office: Office) -> None:
    await office.begin(_order("ali"))
    assert (await office.step()).settled
    (task,) = await office.tasks()
    assert (task.kind, task.subject, task.details["sku"]) == (TaskKind.verify_stock, "S1", "CUP")
    assert (await office.step()).settled
    assert len(await office.tasks()) == 1


async def test_stock_is_read_again_where_an_api_tells_it_and_never_added_to(office: Office) -> None:
    await office.begin(_order("red", payment="unpaid", paid_at=None))
    for _ in range(2):
        await office.step(tells_stock=True)
    (row,) = await office.rows(select(work.c.key).where(work.c.kind == CHECK_KIND))
    assert read_check_key(row.key) == ("red", "S1")
    assert await office.tasks() == []


async def test_a_refund_is_watched_for_three_working_days_then_a_person_looks(office: Office) -> None:
    await office.begin(_order("red"))
    left = await office.step()
    assert (left.settled, left.waits_for) == (False, WaitsFor.platform)
    assert left.due_at == FRIDAY + timedelta(hours=6)
    by = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)  # the end of Wednesday in Shanghai: a weekend lies between
    office.now = by - timedelta(minutes=1)
    assert (await office.step()).due_at == by
    assert await office.tasks(TaskKind.watch_refund) == []
    for hours in (0, 6):
        office.now = by + timedelta(hours=hours)
        late = await office.step()
        assert (late.settled, late.waits_for, late.due_at) == (False, WaitsFor.person, office.now + timedelta(hours=6))
    (task,) = await office.tasks(TaskKind.watch_refund)
    assert (task.order_id, task.details["since"]) == ("S1", FRIDAY.isoformat())
    assert [row.kind for row in await office.rows(select(notices.c.kind))] == ["refund_overdue"]
    await office.database.write(lambda c: finish_task(c, task.id, by="mei", now=office.now, because="it is there"))
    assert (await office.step()).settled
    assert (await office.done())["refund"]["seen_by"] == "mei"


async def test_a_refund_that_shows_ends_the_watch_and_its_task(office: Office) -> None:
    await office.begin(_order("red"))
    office.now = FRIDAY + timedelta(days=9)
    await office.step()
    assert len(await office.tasks(TaskKind.watch_refund)) == 1
    await office.put(_order("red", updated_at=FRIDAY + timedelta(days=8), requests=[_request("red")]))
    assert (await office.step()).settled
    assert await office.tasks(TaskKind.watch_refund) == []
    assert (await office.done())["refund"]["seen_by"] == "platform"


@pytest.mark.parametrize(
    ("owner", "facts", "watched"),
    [
        ("red", {}, True),
        ("red", {"payment": "unpaid", "paid_at": None}, False),
        ("red", {"refunded_minor": 5000}, False),
        ("buy", {}, True),
        ("buy", {"payment": "unpaid", "paid_at": None}, False),
        ("ali", {}, False),
        ("ali", {"requests": [{"refund": "pending", "state": "agreed"}]}, True),
    ],
)
async def test_money_is_watched_where_it_may_not_come(
    office: Office, owner: str, facts: dict[str, Any], watched: bool
) -> None:
    asked = [_request(owner, **each) for each in facts.get("requests", ())]
    await office.begin(_order(owner, **{**facts, "requests": asked}))
    assert (await office.step()).settled is not watched


async def test_a_person_sends_the_apology_on_xiaohongshu(office: Office) -> None:
    await office.begin(_order("red", refunded_minor=5000))
    await office.step()
    (task,) = await office.tasks(TaskKind.send_message)
    assert (task.subject, task.details["purpose"], task.details["language"]) == ("S1:apology", "apology", "zh-CN")
    text = await office.database.read(lambda c: text_of(c, office.vault, task))
    assert text is not None
    assert "S1" in text
    assert "抱歉" in text
    await office.step()
    assert len(await office.tasks(TaskKind.send_message)) == 1


@pytest.mark.parametrize(
    ("reason", "ended_by", "outcome"),
    [
        ("malicious_order", "seller", Outcome.ended),  # nobody apologises for that
        ("out_of_stock", "buyer", Outcome.ended),  # the buyer's own request was accepted
        ("out_of_stock", "platform", Outcome.ended_elsewhere),
    ],
)
async def test_nobody_is_written_to_without_cause(office: Office, reason: str, ended_by: str, outcome: Outcome) -> None:
    await office.begin(_order("red", ended_by=ended_by, refunded_minor=5000), reason)
    assert (await office.step(outcome)).settled
    assert await office.tasks(TaskKind.send_message) == []


async def test_a_close_made_by_our_person_counts_as_ours_where_the_platform_does_not_say(office: Office) -> None:
    await office.begin(_order("red", ended_by=None, refunded_minor=5000))

    def close(c: Any) -> None:
        assert office.case is not None
        task = open_task(
            c,
            case_id=office.case.id,
            store="red",
            order_id="S1",
            kind=TaskKind.close,
            subject="S1",
            details={},
            due_by=None,
            now=FRIDAY,
        )
        finish_task(c, task.id, by="mei", now=FRIDAY, because="closed in the console")

    await office.step(Outcome.ended_elsewhere)
    assert await office.tasks(TaskKind.send_message) == []
    await office.database.write(close)
    await office.step()
    assert len(await office.tasks(TaskKind.send_message)) == 1


async def test_the_gateway_itself_tells_the_buyer_where_it_can(office: Office) -> None:
    await office.begin(_order("tik"))
    first = await office.step(chat=Offered.api)
    assert (first.write, first.settled) == (Writing.closed, False)

    def sent(c: Any) -> None:
        record_sent(
            c,
            office.vault,
            store="tik",
            order_id="S1",
            purpose="closed",
            language="ja",
            text="text",
            at=office.now,
            by="gateway",
            now=office.now,
        )

    await office.database.write(sent)
    assert (await office.step(chat=Offered.api)).settled
    assert (await office.done())["closed"]["how"] == "sent"
    assert await office.tasks(TaskKind.send_message) == []


async def test_what_no_text_can_be_written_for_is_a_persons(office: Office) -> None:
    await office.begin(_order("tik", "S2"), "unwilling")
    left = await office.step(chat=Offered.api)
    tasks = await office.tasks(TaskKind.send_message)
    if left.write is None:
        assert [each.subject for each in tasks] == ["S2:closed"]
        assert not tasks[0].has_text
    else:
        pytest.fail("there is no text that says the seller was unwilling")


async def test_what_goes_on_or_had_ended_before_leaves_nothing_to_do(office: Office) -> None:
    await office.begin(_order("red", closure="completed", fulfillment="delivered", ended_by=None))
    assert (await office.step(Outcome.fulfilled)).settled
    await office.begin(_order("red", "S2"))
    assert (await office.step(Outcome.nothing_to_do)).settled
    assert await office.tasks() == []


async def test_the_purchases_of_a_sale_get_their_cases_once(office: Office) -> None:
    await office.begin(_order("red"), "buyer_asked")
    await office.put(
        _order("buy", "P1", closure="open", fulfillment="to_ship", ended_by=None, ended_at=None, lines=[
            {"line_id": "l1", "product_id": "p", "quantity": 2}
        ])
    )  # fmt: skip
    link = PurchaseLink(
        sale=OrderLineKey(store="red", order_id="S1", line_id="l1"),
        purchase=OrderLineKey(store="buy", order_id="P1", line_id="l1"),
        quantity=2,
    )
    known = KnownLink(link=link, source=LinkSource.person, by="mei", at=FRIDAY)
    await office.database.write(lambda c: keep(c, known))
    for _ in range(2):
        await office.step(Outcome.ended_elsewhere)
    (opened,) = await office.database.read(lambda c: list_cases(c, stores=["buy"]))
    assert office.case is not None
    assert (opened.order_id, opened.via, opened.cause, opened.reason) == ("P1", "sale", office.case.id, "changed_mind")
    await office.database.write(
        lambda c: c.execute(update(cases).where(cases.c.id == opened.id).values(state="settled"))
    )
    await office.step(Outcome.ended_elsewhere)
    assert len(await office.database.read(lambda c: list_cases(c, stores=["buy"]))) == 1, "not a second time"


async def test_a_malicious_buyer_is_listed_without_a_name(office: Office) -> None:
    for number in ("S1", "S2"):
        await office.begin(_order("red", number, refunded_minor=5000), "malicious_order")
        await office.step()
        await office.step()
    (listed,) = await office.database.read(lambda c: marked(c, ["red"]))
    assert (listed.mark, listed.times, listed.orders) == (BuyerMark.malicious, 2, ("S1", "S2"))
    assert "canary" not in str(listed)
    assert await office.database.read(lambda c: marked(c, ["sho"])) == []

    def clear(c: Any) -> bool:
        return clear_buyer(c, office.vault, ("red", "S1"), BuyerMark.malicious, by="mei", now=office.now)

    assert await office.database.write(clear)
    assert await office.database.read(lambda c: marked(c, ["red"])) == []
    await office.put(_order("red", "HIDDEN", buyer=None))

    def hidden(c: Any) -> bool:
        return mark_buyer(c, office.vault, ("red", "HIDDEN"), BuyerMark.malicious, by="mei", now=office.now)

    assert not await office.database.write(hidden), "who it is, is not known"


async def test_the_buyers_with_the_most_refunds(office: Office) -> None:
    def refund(number: str, buyer: str, day: int, **facts: Any) -> Order:
        asked = _request("red", number, f"R{number}", opened_at=FRIDAY - timedelta(days=day), **facts)
        return _order("red", number, requests=[asked], buyer={"buyer_id": buyer})

    await office.put(
        refund("A1", "often", 1),
        refund("A2", "often", 2, kind="return_refund"),
        refund("A3", "often", 40),
        refund("A4", "often", 1, state="refused", refund="none"),
        refund("B1", "once", 1, refund_minor=9000),
        refund("C1", "also", 1, refund_minor=100),
    )
    since = FRIDAY - timedelta(days=30)
    found = await office.database.read(lambda c: top_refunders(c, office.vault, ["red"], since, 2))
    assert [(each.refunds, each.orders, each.amount_minor) for each in found] == [
        (2, ("A2", "A1"), 10000),
        (1, ("B1",), 9000),
    ]

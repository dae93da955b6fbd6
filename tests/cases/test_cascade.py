"""A sale that ends and its purchases, from the first turn to the last: each case goes its own way to its own end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from gateway.cases.after import Aftermath
from gateway.cases.case import Case, CaseState, Outcome, history_of, list_cases
from gateway.cases.resolve import Resolver
from gateway.cases.tasks import TaskKind, tasks_open
from gateway.cases.upstream import Judge
from gateway.model.after_sale import AfterSale
from gateway.model.purchase import KnownLink, LinkSource, OrderLineKey, PurchaseLink
from gateway.model.store import App, AppSecret, Role, Store, StoreMode
from gateway.orders.links import keep
from gateway.policy.rule_set import load_rules
from gateway.policy.terms import Reason
from gateway.ports import Act, Finding, Happened, Manifest, Offered, Operation
from gateway.storage import stores as rows
from gateway.sync.connections import Connections
from gateway.sync.pull import Pull
from tests.kit.paper import NOON, Desk, NoChannel, PaperPlatform

RULES = load_rules()
BUYER = Store(
    id="b1",
    app="a2",
    platform="alibaba_1688",
    external_id="2",
    role=Role.buyer,
    region="CN",
    currency="CNY",
    time_zone="Asia/Shanghai",
    mode=StoreMode.act,
)


@dataclass
class Suppliers(PaperPlatform):
    """A platform on which this account buys: unpaid purchases are closed, of paid ones the money is asked back."""

    requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def manifest(self) -> Manifest:
        told = super().manifest
        offered = {**told.capabilities, Operation.request_refund: Offered.api}
        return type(told)(
            platform="paper",
            title="Paper of suppliers",
            capabilities=offered,
            limits=told.limits,
            rates=told.rates,
            base_urls=told.base_urls,
            time_zones=told.time_zones,
            refresh_before=told.refresh_before,
            masks_buyers=False,
            roles=(Role.buyer,),
        )

    def show(self, order_id: str, second: int, **facts: Any) -> None:
        """Let the platform tell an order as it is now."""
        told = {"store": "b1", "region": "CN", "currency": "CNY", "total_minor": 3000}
        self.put(
            order_id, NOON + timedelta(seconds=second), **(told | {"placed_at": NOON - timedelta(hours=1)} | facts)
        )

    def apply(self, act: Act) -> str:
        self.performed.append(act)
        if act.operation is Operation.seller_close:
            self.show(act.order_id, 50, payment="unpaid", fulfillment="not_due", closure="cancelled", ended_by="buyer")
        else:
            self.show(act.order_id, 50, requests=(self.request(act.order_id, "open", "none"),))
        return f"ref-{len(self.performed)}"

    def request(self, order_id: str, state: str, refund: str, second: int = 50) -> AfterSale:
        at = NOON + timedelta(seconds=second)
        return AfterSale.model_validate(
            {
                "store": "b1",
                "order_id": order_id,
                "request_id": f"R-{order_id}",
                "in_order": True,
                "kind": "refund",
                "state": state,
                "refund": refund,
                "opened_at": NOON + timedelta(seconds=50),
                "updated_at": at,
                "currency": "CNY",
                "refund_minor": 3000,
            }
        )

    async def probe(self, channel: Any, act: Act) -> Finding:
        there = bool(self.orders[act.order_id].requests) or self.orders[act.order_id].closure == "cancelled"
        return Finding(Happened.applied if there else Happened.not_applied, "as told")


@dataclass
class Shops:
    """A shop that sells and an account that buys, with the gateway's parts around them."""

    desk: Desk
    suppliers: Suppliers
    resolver: Resolver

    async def due(self) -> None:
        """Take the turns of all cases that are due, until none is."""
        for _ in range(20):
            now = self.desk.clock.now()
            listed = await self.desk.read(list_cases)
            wanted = [each.id for each in listed if each.due_at is not None and each.due_at <= now]
            if not wanted:
                return
            for case in wanted:
                await self.resolver.cases.advance(case)
        pytest.fail("a case turns on the spot")

    async def cases(self) -> dict[str, Case]:
        return {each.order_id: each for each in await self.desk.read(list_cases)}

    async def link(self, sale: str, purchase: str) -> None:
        link = PurchaseLink(
            sale=OrderLineKey(store="s1", order_id=sale, line_id="1"),
            purchase=OrderLineKey(store="b1", order_id=purchase, line_id="1"),
            quantity=1,
        )
        known = KnownLink(link=link, source=LinkSource.person, by="mei", at=NOON)
        await self.desk.database.write(lambda c: keep(c, known))


@pytest.fixture
async def shops(desk: Desk) -> Shops:
    def set_up(c: Any) -> None:
        app = App(id="a2", platform="alibaba_1688", key="1", base_url="http://127.0.0.1:1")
        rows.add_app(c, desk.vault, app, AppSecret(sign_key="k"), NOON)
        rows.add_store(c, BUYER, NOON)

    await desk.database.write(set_up)
    suppliers = Suppliers()
    platforms = {"shopee": desk.platform, "alibaba_1688": suppliers}

    def pull(connection: Any) -> Pull:
        return Pull(
            store=connection.store,
            adapter=connection.adapter,
            channel=connection.channel,
            database=desk.database,
            vault=desk.vault,
            clock=desk.clock,
            settings=desk.settings,
            tell=desk.told.append,
            rules=RULES,
        )

    async def no_wait(seconds: float) -> None:
        """Nobody waits here."""

    resolver = Resolver(
        database=desk.database,
        vault=desk.vault,
        clock=desk.clock,
        rules=RULES,
        connections=Connections(
            desk.database,
            desk.vault,
            lambda platform: platforms[platform],  # type: ignore[arg-type,return-value]  # the parts of the port in use
            lambda adapter, app, secret, store: NoChannel(store),  # type: ignore[arg-type,return-value]
        ),
        pull_for=pull,
        valuations={},
        sleep=no_wait,
        aftermath=Aftermath(Judge(desk.vault, RULES, {})),
    )
    return Shops(desk, suppliers, resolver)


async def test_each_purchase_of_a_sale_that_ends_comes_to_its_own_end(shops: Shops) -> None:
    desk, suppliers = shops.desk, shops.suppliers
    desk.platform.put("S1", NOON, lines=({"line_id": "1", "product_id": "p1", "quantity": 3},))
    suppliers.show("UNPAID", 0, payment="unpaid", fulfillment="not_due")
    suppliers.show("PAID", 0, paid_at=NOON)
    suppliers.show("SHARED", 0, paid_at=NOON, lines=({"line_id": "1", "product_id": "p1", "quantity": 2},))
    await desk.pull().named(["S1"])
    for purchase in ("UNPAID", "PAID", "SHARED"):
        await shops.resolver.ask("b1", purchase, Reason.changed_mind)
        await shops.link("S1", purchase)
    told = await shops.resolver.resolve("s1", "S1", Reason.out_of_stock, by="mei", approved=True)
    assert told.case is not None
    desk.clock.advance(timedelta(minutes=1))
    await shops.due()
    found = await shops.cases()
    assert set(found) == {"S1", "UNPAID", "PAID"}, "a unit of the third was bought for somebody else"
    assert (found["S1"].state, found["S1"].outcome) == (CaseState.settled, Outcome.ended)
    assert {found[each].cause for each in ("UNPAID", "PAID")} == {told.case.id}
    assert (found["UNPAID"].state, found["UNPAID"].outcome) == (CaseState.settled, Outcome.ended)
    assert (found["PAID"].state, found["PAID"].waits_for) == (CaseState.running, "platform")
    assert sorted((act.order_id, act.operation) for act in suppliers.performed) == [
        ("PAID", Operation.request_refund),
        ("UNPAID", Operation.seller_close),
    ]
    gone = {"closure": "cancelled", "fulfillment": "not_due", "paid_at": NOON, "ended_at": NOON + timedelta(hours=1)}
    suppliers.show("PAID", 60, **gone, requests=(suppliers.request("PAID", "agreed", "pending", 60),))
    desk.clock.advance(timedelta(hours=6))
    await shops.due()
    waiting = (await shops.cases())["PAID"]
    assert (waiting.stage, waiting.outcome, waiting.state) == ("after", Outcome.ended, CaseState.running)
    assert "refund should show by" in waiting.because
    suppliers.show("PAID", 70, **gone, requests=(suppliers.request("PAID", "done", "refunded", 70),))
    desk.clock.advance(timedelta(hours=6))
    await shops.due()
    assert (await shops.cases())["PAID"].state is CaseState.settled
    assert len(suppliers.performed) == 2, "no purchase is touched twice"
    tasks = await desk.read(tasks_open)
    assert {(each.kind, each.order_id) for each in tasks if each.store == "s1"} == {
        (TaskKind.verify_stock, "S1"),
        (TaskKind.send_message, "S1"),  # the paper platform has no call for it
    }
    lines = await desk.read(lambda c: history_of(c, told.case.id))  # type: ignore[union-attr]
    (upstream,) = [each for each in lines if each.what == "upstream"]
    assert {each["order"]: each["plan"] for each in upstream.details["purchases"]} == {
        "UNPAID": "cancel",
        "PAID": "ask_money_back",
        "SHARED": "needed",
    }

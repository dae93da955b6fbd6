"""The adapter through the production transport against the simulator, from both sides of the orders."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from adapters.alibaba_1688 import adapter
from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.errors import Conflict, InvalidRequest, NotFound, OutcomeUnknown, RateLimited, Refused
from gateway.inbox.lost import LostPushFetcher
from gateway.model.after_sale import DisputeState, GoodsState, RefundState, RequestKind, RequestState
from gateway.model.order import EndedBy, EndReason, FulfillmentState, Order, Phase
from gateway.model.store import AppSecret, Role, StoreMode
from gateway.operations import receiving
from gateway.operations.apps import add_app
from gateway.operations.connecting import Tokens, Wishes, add_store, connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.requests import accept_request
from gateway.operations.resolving import Outcome, resolve
from gateway.operations.serving import Pages
from gateway.operations.stores import set_store_mode
from gateway.operations.syncing import sync_once
from gateway.operations.tasks import finish_task, list_tasks
from gateway.orders.reading import order as stored_order
from gateway.policy.terms import Reason, ReturnState
from gateway.ports import Act, Happened, Operation, SaleLink, Window
from gateway.storage import stores as rows
from mocks.kit.running import serve
from tests.adapters.alibaba_1688.contract.writes import RECIPIENT, asked
from tests.kit.contract_bench import Shop

pytestmark = pytest.mark.slow  # a whole gateway on the simulator

PICTURE = b"\xff\xd8\xff\xe0example\xff\xd9"
CANCEL = "com.alibaba.trade/alibaba.trade.cancel"
CREATE = "com.alibaba.trade/alibaba.trade.createCrossOrder"


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    return Act(operation=operation, order_id=order_id, key=f"k:{order_id}", **fields)


async def request_of(shop: Shop, refund_id: str) -> Any:
    (one,) = (await adapter.fetch_after_sale(shop.channel, refund_id)).after_sales
    return one


def yuan(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text) * 100)


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def check(order: Order, truth: Any) -> None:
    times, money = truth["times"], truth["money"]
    assert order.raw_status == truth["status"]
    assert (order.region, order.currency, order.cross_border) == ("CN", "CNY", truth["cross_border"])
    assert (order.placed_at, order.updated_at) == (moment(times["created"]), moment(times["updated"]))
    assert (order.paid_at, order.shipped_at) == (moment(times["paid"]), moment(times["pickup_done"]))
    assert order.auto_cancel_at == moment(times["pay_by"])
    assert (order.total_minor, order.shipping_minor, order.refunded_minor) == tuple(
        yuan(money[name]) for name in ("total", "shipping", "refunded")
    )
    lines = {line.line_id: line for line in order.lines}
    assert set(lines) == {row["id"] for row in truth["lines"]}
    for row in truth["lines"]:
        line = lines[row["id"]]
        assert (line.title, line.sku, line.quantity) == (row["title"], row["sku"], row["quantity"])
        assert (line.paid_minor, line.unit_price_minor) == (yuan(row["paid"]), yuan(row["price"]))
        assert line.list_price_minor == yuan(row["list_price"])
    assert {one.package_id: (one.tracking_number, one.carrier) for one in order.packages} == {
        one["number"]: (one["tracking_number"] or "", one["carrier"]) for one in truth["packages"]
    }
    if truth["ended"] is None:
        assert (order.ended_by, order.end_reason) == (None, None)
    elif order.paid_at is None:
        by = {"buyer": "buyer", "seller": "seller", "system": "platform", "Ops": "platform"}[truth["ended"]["by"]]
        assert order.ended_by == by


async def compare(shop: Shop) -> None:
    truths = await shop.truths()
    orders: dict[str, Order] = {}
    for window in shop.windows(120, timedelta(days=60)):
        for page in await shop.pages(adapter.list_orders, window):
            for order_id in page.ids:
                batch = await adapter.fetch_orders(shop.channel, [order_id])
                assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
                orders |= {order.order_id: order for order in batch.orders}
    assert len(orders) > 4
    assert set(orders) == set(truths)
    for order_id, order in orders.items():
        check(order, truths[order_id])


async def test_orders_that_we_sell(seller: Shop) -> None:
    await compare(seller)


async def test_orders_that_we_buy(buyer: Shop) -> None:
    await compare(buyer)
    order = await buyer.order(next(iter(await buyer.truths())))
    assert order.supplier is not None
    assert order.supplier.supplier_id.startswith("b2b-")


async def test_ids_that_the_platform_rounds_stay_exact(seller: Shop) -> None:
    order_id = await seller.make(lines=[{"sku": "A", "quantity": 2}, {"sku": "B"}])
    exact = await seller.order(order_id)
    await seller.do("set_id_rounding", on=True)
    rounded = await seller.order(order_id)
    assert rounded == exact
    assert rounded.order_id == order_id
    end = seller.clock.now() + timedelta(minutes=1)
    assert order_id in (await adapter.list_orders(seller.channel, Window(end - timedelta(hours=1), end), None)).ids


async def test_an_order_of_the_other_side_is_not_this_stores(buyer: Shop) -> None:
    sold = await buyer.make(role="seller")
    batch = await adapter.fetch_orders(buyer.channel, [sold])
    assert (list(batch.orders), list(batch.missing)) == ([], [sold])


async def test_an_order_just_made_is_closed_after_the_rest_the_platform_asks_for(seller: Shop) -> None:
    order_id = await seller.make(phase="unpaid", placed_at=int(seller.clock.now().timestamp()))
    closing = act(Operation.seller_close, order_id, reason="other")
    with pytest.raises(RateLimited) as told:
        await adapter.perform(seller.channel, closing)
    assert told.value.retry_after == 10
    assert (await seller.applied())[CANCEL] == 0
    await seller.later("PT11S")
    await adapter.perform(seller.channel, closing)
    order = await seller.order(order_id)
    assert (order.ended_by, order.end_reason) == (EndedBy.seller, EndReason.other)


async def test_a_paid_order_is_closed_by_a_refund_that_the_buyer_asked_for(seller: Shop) -> None:
    order_id, refund_id = await asked(seller, "buyer_requests_refund", "awaiting_shipment")
    waiting = await request_of(seller, refund_id)
    assert (waiting.kind, waiting.state, waiting.answer_by is not None) == (RequestKind.refund, RequestState.open, True)
    with pytest.raises(Conflict):
        await adapter.perform(seller.channel, act(Operation.seller_close, order_id, reason="other"))
    agreed = act(Operation.refund_return, order_id, request_id=refund_id)
    await adapter.perform(seller.channel, agreed)
    done, order = await request_of(seller, refund_id), await seller.order(order_id)
    assert (done.state, done.refund) == (RequestState.done, RefundState.refunded)
    assert done.refunded_minor == done.refund_minor == order.refunded_minor == order.total_minor
    assert (order.raw_status, order.ended_by, order.end_reason) == ("cancel", EndedBy.buyer, EndReason.buyer_asked)


async def test_a_return_all_the_way(seller: Shop) -> None:
    order_id, refund_id = await asked(seller)
    assert (await request_of(seller, refund_id)).goods is GoodsState.not_returning
    await adapter.perform(seller.channel, act(Operation.approve_return, order_id, request_id=refund_id))
    agreed = await request_of(seller, refund_id)
    assert (agreed.state, agreed.goods) == (RequestState.agreed, GoodsState.to_send_back)
    assert agreed.send_back_by is not None
    await seller.act(order_id, "buyer_ships_return")
    sent = await request_of(seller, refund_id)
    assert (sent.goods, sent.inspect_by is not None, bool(sent.tracking_number)) == (GoodsState.sent_back, True, True)
    await adapter.perform(seller.channel, act(Operation.refund_return, order_id, request_id=refund_id))
    done = await request_of(seller, refund_id)
    assert (done.goods, done.refunded_minor) == (GoodsState.received, done.refund_minor)


async def test_shipping_one_of_two_lines(seller: Shop) -> None:
    order_id = await seller.make(lines=[{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}])
    first, second = (await seller.order(order_id)).lines
    parameters = {"carrier": "YTO", "tracking_number": "EX12345678"}
    shipping = act(Operation.ship, order_id, lines=((first.line_id, 2),), parameters=parameters)
    await adapter.perform(seller.channel, shipping)
    order = await seller.order(order_id)
    assert order.fulfillment is FulfillmentState.partly_shipped
    assert [(one.tracking_number, [line.line_id for line in one.lines]) for one in order.packages] == [
        ("EX12345678", [first.line_id])
    ]
    (trace,) = await adapter.parcel_traces(seller.channel, order_id)
    assert trace.tracking_number == "EX12345678"
    await seller.act(order_id, "platform_holds", line=second.line_id)
    again = act(Operation.ship, order_id, parameters={"carrier": "YTO", "tracking_number": "EX12345679"})
    with pytest.raises((Refused, Conflict)):  # the platform holds the rest back, and says so itself
        await adapter.perform(seller.channel, again)


async def test_scans_of_a_parcel(buyer: Shop) -> None:
    order_id = await buyer.make(phase="awaiting_shipment")
    assert list(await adapter.parcel_traces(buyer.channel, order_id)) == []
    await buyer.act(order_id, "supplier_ships", tracking_number="EX12345678")
    await buyer.act(order_id, "carrier_collects")
    await buyer.later("PT2H")
    await buyer.act(order_id, "carrier_delivers")
    (trace,) = await adapter.parcel_traces(buyer.channel, order_id)
    assert (trace.state, trace.raw_status) == (FulfillmentState.delivered, "SIGN")
    assert len(trace.scans) >= 2
    assert trace.scans[-1].at - trace.scans[0].at == timedelta(hours=2)
    assert "签收" not in repr(trace.scans[-1]), "what a carrier says is kept out of logs"


async def test_a_supplier_who_ships_ends_our_application(buyer: Shop) -> None:
    order_id = await buyer.make(phase="awaiting_shipment")
    choices = await adapter.refund_choices(buyer.channel, order_id)
    order = await buyer.order(order_id)
    assert choices.most_minor == order.total_minor
    assert "20028" in {reason.reason_id for reason in choices.reasons}
    asking = act(Operation.request_refund, order_id, reason="20028")
    refund_id = await adapter.perform(buyer.channel, asking)
    waiting = await request_of(buyer, refund_id)
    assert (waiting.refund_minor, waiting.state) == (order.total_minor, RequestState.open)
    assert (await buyer.order(order_id)).lines[0].cancel_requested == order.lines[0].quantity
    await buyer.act(order_id, "supplier_ships")
    assert (await request_of(buyer, refund_id)).state is RequestState.withdrawn
    assert (await adapter.probe(buyer.channel, asking)).happened is Happened.not_applied


async def test_a_reason_that_is_not_offered_is_refused_unsent(buyer: Shop) -> None:
    order_id = await buyer.make(phase="awaiting_shipment")
    with pytest.raises(InvalidRequest, match="20028"):
        await adapter.perform(buyer.channel, act(Operation.request_refund, order_id, reason="1"))
    assert not [path for path in buyer.sent if path.endswith("createRefund")]


async def test_a_purchase_that_we_do_not_want_needs_no_reason_named(buyer: Shop) -> None:
    """The first reason of the list claims an agreement with the supplier, and is not taken for it."""
    order_id = await buyer.make(phase="awaiting_shipment")
    lines = tuple((line.line_id, line.quantity) for line in (await buyer.order(order_id)).lines)
    refund_id = await adapter.perform(buyer.channel, act(Operation.request_refund, order_id, lines=lines))
    assert (await request_of(buyer, refund_id)).reason_raw == "不想买了/等不及/拍错"
    under_way = await buyer.make(phase="in_transit")
    with pytest.raises(InvalidRequest, match="20007"):  # where none fits a person names one
        await adapter.perform(buyer.channel, act(Operation.request_refund, under_way))


async def test_a_picture_is_handed_in_and_named_in_a_refund(buyer: Shop) -> None:
    order_id = await buyer.make(phase="in_transit", lines=[{"sku": "A", "quantity": 3}])
    (line,) = (await buyer.order(order_id)).lines
    link = await adapter.upload_evidence(buyer.channel, order_id, PICTURE)
    assert link.startswith("https://")
    for broken in (b"GIF89a", b"\xff\xd8" + b"x" * 2**20):
        with pytest.raises(InvalidRequest, match="jpg"):
            await adapter.upload_evidence(buyer.channel, order_id, broken)
    fields = {"solution": "return_refund", "text": "收到时已损坏", "evidence": link}
    without = act(
        Operation.request_refund,
        order_id,
        reason="20024",
        lines=((line.line_id, 2),),
        parameters={name: text for name, text in fields.items() if name != "evidence"},
    )
    with pytest.raises(Refused, match="5005"):
        await adapter.perform(buyer.channel, without)
    named = act(Operation.request_refund, order_id, reason="20024", lines=without.lines, parameters=fields)
    refund = await request_of(buyer, await adapter.perform(buyer.channel, named))
    assert (refund.kind, [(each.line_id, each.quantity) for each in refund.lines]) == (
        RequestKind.return_refund,
        [(line.line_id, 2)],
    )


async def test_the_platform_judges_what_the_supplier_refused(buyer: Shop) -> None:
    order_id, refund_id = await asked(buyer)
    await buyer.act(order_id, "supplier_refuses")
    assert (await request_of(buyer, refund_id)).state is RequestState.refused
    dispute = act(Operation.open_dispute, order_id, request_id=refund_id, parameters={"text": "货不对板"})
    assert (await adapter.perform(buyer.channel, dispute)).isdigit()
    assert (await request_of(buyer, refund_id)).dispute is DisputeState.judging
    await buyer.act(order_id, "platform_decides", **{"for": "buyer"})
    decided = await request_of(buyer, refund_id)
    assert (decided.state, decided.refund) == (RequestState.done, RefundState.refunded)


async def purchase(buyer: Shop, number: str, depots: str = "A") -> Act:
    told = await buyer.get("/credentials")
    mine = buyer.store.external_id
    by_seller: dict[str, list[Any]] = {}
    for offer in told["offers"]:
        by_seller.setdefault(offer["seller"], []).append(offer)
    for seller, offers in by_seller.items():
        chosen = [next((one for one in offers if one["depot"] == depot), None) for depot in depots]
        stocked = [
            (one, next((spec for spec in one["specs"] if spec["stock"]), None)) for one in chosen if one is not None
        ]
        if seller != mine and len(stocked) == len(depots) and all(spec for _, spec in stocked):
            lines = tuple((f"{one['offer_id']}:{spec['spec_id']}", 3) for one, spec in stocked if spec)
            break
    else:
        raise AssertionError("no supplier sells from these depots")
    return act(Operation.create_order, number, lines=lines, parameters={"recipient": RECIPIENT, "channel": "kuajing"})


async def test_a_purchase_is_found_under_our_number_after_a_lost_answer(buyer: Shop) -> None:
    wanted = await purchase(buyer, "SALE-77")
    await buyer.fault(CREATE, "timeout_after", times=1, ms=10)
    with pytest.raises(OutcomeUnknown):
        await adapter.perform(buyer.channel, wanted)
    finding = await adapter.probe(buyer.channel, wanted)
    assert finding.happened is Happened.applied
    made = [row for row in (await buyer.truths()).values() if row["out_order_id"] == "SALE-77"]
    assert [row["id"] in finding.because for row in made] == [True]
    order = await buyer.order(made[0]["id"])
    assert order.platform_ids["own_number"] == "SALE-77"
    assert order.platform_ids["sale_platform"] == "kuajing"


async def test_one_purchase_may_become_two_orders_and_each_line_is_linked(buyer: Shop) -> None:
    numbers = (await adapter.perform(buyer.channel, await purchase(buyer, "SALE-78", depots="AB"))).split(",")
    assert len(numbers) == 2
    for place, number in enumerate(numbers):
        (line,) = (await buyer.order(number)).lines
        link = SaleLink(number, line.line_id, "SALE-78", f"SALE-78-{place}")
        await adapter.link_sale(buyer.channel, link)
        await adapter.link_sale(buyer.channel, link)  # told again, known already
        truth = (await buyer.truths())[number]
        assert truth["links"] == [
            {
                "orderId": f"SALE-78-{place}",
                "parentOrderId": "SALE-78",
                "purchaseOrderId": line.line_id,
                "purchaseParentOrderId": number,
            }
        ]
    with pytest.raises(NotFound):
        await adapter.link_sale(buyer.channel, SaleLink("1", "2", "SALE-78", "SALE-78-0"))


async def test_a_seller_neither_links_nor_hands_pictures_in(seller: Shop) -> None:
    with pytest.raises(InvalidRequest, match="link_sale"):
        await adapter.link_sale(seller.channel, SaleLink("1", "2", "3", "4"))
    with pytest.raises(InvalidRequest, match="upload_evidence"):
        await adapter.upload_evidence(seller.channel, "1", PICTURE)
    assert seller.sent == []


# -- through the whole gateway -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Levers:
    """A running simulator's levers."""

    base_url: str
    client: httpx.AsyncClient

    async def read(self, path: str) -> Any:
        return (await self.client.get(f"{self.base_url}/_mock{path}")).raise_for_status().json()

    async def orders(self) -> list[dict[str, Any]]:
        told = await self.read("/orders?limit=1000")
        return told["orders"] if isinstance(told, dict) else told

    async def do(self, path: str, what: object, method: str = "POST") -> Any:
        return (await self.client.request(method, f"{self.base_url}/_mock{path}", json=what)).raise_for_status().json()


@pytest.fixture
async def levers() -> AsyncIterator[Levers]:
    async with (
        serve(platforms=["alibaba_1688"], orders=12, clock="real") as served,
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
    ):
        yield Levers(served["alibaba_1688"]["base_url"], client)


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, levers: Levers) -> AsyncIterator[Context]:
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    folder = DataFolder(tmp_path / "data")
    await initialise(folder, os.environ)
    folder.configuration.write_text(f"clock: {levers.base_url}/_mock\nlisten: 127.0.0.1:0\nsync:\n  every: 1s\n")
    async with running(folder.path) as context:
        told = await levers.read("/credentials")
        await add_app(
            context,
            name="demo",
            platform="alibaba_1688",
            key=told["app_key"],
            secret=AppSecret(sign_key=told["app_secret"]),
            base_url=levers.base_url,
        )
        yield context


async def connected(gateway: Context, levers: Levers) -> dict[Role, str]:
    told = await levers.read("/credentials")
    stores = await connect_with(gateway, "demo", {"code": told["auth_codes"][0]})
    assert all(each.new and each.unknown == () for each in stores)
    return {each.store.role: each.store.id for each in stores}


async def test_one_authorisation_connects_both_roles(gateway: Context, levers: Levers) -> None:
    ids = await connected(gateway, levers)
    told = await levers.read("/credentials")
    member = told["stores"][0]["member_id"]
    assert ids == {
        Role.seller: f"alibaba_1688-{member}-seller",
        Role.buyer: f"alibaba_1688-{member}-buyer",
    }
    again = await connect_with(gateway, "demo", {"code": await fresh_code(levers)})
    assert {each.store.id: each.new for each in again} == dict.fromkeys(ids.values(), False)
    assert {each.words for each in await sync_once(gateway)} == {""}
    for role, store in ids.items():
        truths = {row["id"]: row for row in await levers.orders() if (row["store"], row["role"]) == (member, role)}
        for order_id, truth in truths.items():
            stored = await gateway.database.read(
                lambda c, store=store, order_id=order_id: stored_order(c, gateway.vault, store, order_id)
            )
            assert stored is not None
            check(stored.order, truth)
            assert stored.phase is Phase(truth["phase"])


async def fresh_code(levers: Levers) -> str:
    """Return a code for the first account: those not used yet are listed account by account."""
    return str((await levers.read("/credentials"))["auth_codes"][0])


async def test_one_refresh_serves_both_roles(gateway: Context, levers: Levers) -> None:
    ids = await connected(gateway, levers)
    await levers.do("/acts", {"act": "expire_tokens"})
    member = (await gateway.connections.open(ids[Role.buyer])).store.external_id

    def version(connection: Any) -> int:
        kept = rows.credential_of(connection, gateway.vault, "demo", member)
        assert kept is not None
        return kept[1]

    before = await gateway.database.read(version)
    channels = [(await gateway.connections.open(store)).channel for store in ids.values()]
    now = gateway.clock.now()
    window = Window(now - timedelta(days=1), now)
    await asyncio.gather(*(adapter.list_orders(channel, window, None) for channel in channels * 5))
    assert await gateway.database.read(version) == before + 1, "one refresh for all who asked, in either role"


async def test_an_account_is_added_by_hand_in_both_roles(gateway: Context, levers: Levers) -> None:
    mine = (await levers.read("/credentials"))["stores"][1]
    tokens = Tokens(mine["access_token"], mine["refresh_token"], timedelta(hours=10))
    added = await add_store(gateway, "demo", mine["member_id"], tokens, Wishes(name="second", region="cn"))
    assert {(each.store.id, each.store.role, each.store.time_zone) for each in added} == {
        ("second-seller", Role.seller, "Asia/Shanghai"),
        ("second-buyer", Role.buyer, "Asia/Shanghai"),
    }


# -- the pull and the push -----------------------------------------------------------------------------------------


async def until(true: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await asyncio.sleep(0.02)


async def status_of(gateway: Context, order_id: str) -> set[tuple[str, str]]:
    """Return where an order is stored, and in which status."""
    statement = text("select store, raw_status from orders where order_id = :id").bindparams(id=order_id)
    found = await gateway.database.read(lambda c: c.execute(statement).all())
    return {(row.store, row.raw_status) for row in found}


async def test_both_roads_bring_orders_to_the_store_of_their_side(gateway: Context, levers: Levers) -> None:
    """A push names the side of the order that is told, and only that store reads it anew."""
    ids = await connected(gateway, levers)
    member = (await levers.read("/credentials"))["stores"][0]["member_id"]
    pulled = await levers.do("/orders", {"store": member, "role": "seller", "phase": "unpaid"})
    await sync_once(gateway)
    assert await status_of(gateway, pulled["id"]) == {(ids[Role.seller], "waitbuyerpay")}

    processor = receiving.processor(gateway)
    receiver = receiving.receiver(gateway, processor.wake)
    async with open_site(gateway, Pages(receiver=receiver)) as address:
        url = f"{address}/webhooks/alibaba_1688"
        await levers.do("/push", {"url": url, "enabled": True}, method="PUT")
        await levers.do(f"/orders/{pulled['id']}/acts", {"act": "buyer_pays"})
        pushed = await levers.do("/orders", {"store": member, "role": "buyer", "phase": "awaiting_shipment"})
        asked_for = await levers.do(f"/orders/{pushed['id']}/acts", {"act": "buyer_requests_refund"})

        async def settled() -> bool:
            await processor.drain()
            paid = await status_of(gateway, pulled["id"]) == {(ids[Role.seller], "waitsellersend")}
            return paid and bool(await requests_of(gateway, pushed["id"]))

        await until(settled, "what was pushed is read")
        assert await status_of(gateway, pushed["id"]) == {(ids[Role.buyer], "waitsellersend")}
        refund_id = asked_for["returns"][0]["return_sn"]
        assert await requests_of(gateway, pushed["id"]) == {(ids[Role.buyer], refund_id, "open")}
        forged = await levers.client.post(url, content=b"message=%7B%7D&_aop_signature=00")
        assert forged.status_code == 401
    assert receiver.counts.refused == 1


async def requests_of(gateway: Context, order_id: str) -> set[tuple[str, str, str]]:
    statement = text("select store, request_id, state from after_sales where order_id = :id").bindparams(id=order_id)
    found = await gateway.database.read(lambda c: c.execute(statement).all())
    return {(row.store, row.request_id, row.state) for row in found}


async def test_messages_that_were_lost_are_fetched_and_then_forgotten(gateway: Context, levers: Levers) -> None:
    """By the call that confirms nothing: what was read and not yet stored is there again."""
    ids = await connected(gateway, levers)
    member = (await levers.read("/credentials"))["stores"][0]["member_id"]
    await levers.do("/push", {"url": "http://127.0.0.1:9/webhooks/alibaba_1688", "enabled": True}, method="PUT")
    made = await levers.do("/orders", {"store": member, "role": "buyer"})
    reached = datetime.fromisoformat((await levers.do("/clock", {"advance": "PT12H"}))["now"])

    async def caught_up() -> bool:
        return gateway.clock.now() >= reached

    await until(caught_up, "the clocks agree")
    app = await gateway.database.read(lambda c: rows.app_of(c, "demo"))
    secret = await gateway.database.read(lambda c: rows.app_secret(c, gateway.vault, "demo"))
    channel = gateway.app_channel(adapter, app, secret)

    async def lost() -> bool:
        return bool((await adapter.lost_pushes(channel)).bodies)

    await until(lost, "the platform gives up")
    assert await lost(), "reading confirms nothing"
    processor = receiving.processor(gateway)
    fetcher = LostPushFetcher(
        database=gateway.database,
        vault=gateway.vault,
        clock=gateway.clock,
        adapter_for=gateway.adapter_for,
        app_channel=gateway.app_channel,
        on_kept=processor.wake,
    )
    assert await fetcher.fetch_all() >= 1
    assert not await lost()
    await processor.drain()
    assert await status_of(gateway, made["id"]) == {(ids[Role.buyer], "waitsellersend")}


# -- an effect through the whole gateway -----------------------------------------------------------------------------


async def test_a_refund_is_accepted_with_a_persons_yes(gateway: Context, levers: Levers) -> None:
    ids = await connected(gateway, levers)
    member = (await levers.read("/credentials"))["stores"][0]["member_id"]
    order = await levers.do("/orders", {"store": member, "role": "seller"})
    truth = await levers.do(f"/orders/{order['id']}/acts", {"act": "buyer_requests_refund"})
    refund_id = truth["returns"][0]["return_sn"]
    await sync_once(gateway)
    await set_store_mode(gateway, ids[Role.seller], StoreMode.act, by="test")
    done = await accept_request(gateway, refund_id, approved=True, by="test")
    assert done.outcome is Outcome.done, done.words
    after = (await levers.read(f"/orders/{order['id']}"))["returns"][0]
    assert after["status"] == "refundsuccess"
    await sync_once(gateway)
    assert await requests_of(gateway, order["id"]) == {(ids[Role.seller], refund_id, "done")}


async def test_a_store_that_buys_cannot_answer_refunds(gateway: Context, levers: Levers) -> None:
    ids = await connected(gateway, levers)
    member = (await levers.read("/credentials"))["stores"][0]["member_id"]
    order = await levers.do("/orders", {"store": member, "role": "buyer"})
    truth = await levers.do(f"/orders/{order['id']}/acts", {"act": "buyer_requests_refund"})
    await sync_once(gateway)
    await set_store_mode(gateway, ids[Role.buyer], StoreMode.act, by="test")
    with pytest.raises(Refused, match="no call"):
        await accept_request(gateway, truth["returns"][0]["return_sn"], approved=True, by="test")


async def test_a_return_is_paid_once_a_person_has_seen_what_came_back(gateway: Context, levers: Levers) -> None:
    ids = await connected(gateway, levers)
    member = (await levers.read("/credentials"))["stores"][0]["member_id"]
    await set_store_mode(gateway, ids[Role.seller], StoreMode.act, by="test")
    order = str((await levers.do("/orders", {"store": member, "role": "seller", "phase": "delivered"}))["id"])
    await levers.do(f"/orders/{order}/acts", {"act": "buyer_requests_return"})

    async def goes_on() -> tuple[str, str]:
        """Read what changed and take the case's turn; return the decision's action and the refund's status."""
        await sync_once(gateway)
        told = await resolve(gateway, order, Reason.changed_mind, store=ids[Role.seller], approved=True, by="test")
        return told.decision["action"], (await levers.read(f"/orders/{order}"))["returns"][0]["status"]

    assert await goes_on() == ("approve_return", "waitbuyersend")
    await levers.do(f"/orders/{order}/acts", {"act": "buyer_ships_return"})
    assert await goes_on() == ("wait", "waitsellerreceive")
    (asked,) = await list_tasks(gateway, order=order)
    assert asked.task.kind == "return_received"
    await finish_task(gateway, asked.task.id, returned=ReturnState.received, by="test")
    assert await goes_on() == ("refund_returned", "refundsuccess")

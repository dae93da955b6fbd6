"""A whole gateway against the simulator, over real HTTP on loopback: connecting, pulling, pushes, acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from adapters.tiktok_shop import adapter
from gateway.bootstrap import running
from gateway.errors import Conflict, DataError, StoreDisconnected
from gateway.inbox.receive import Receiver
from gateway.model.after_sale import GoodsState, OpenedBy, RefundState, RequestKind, RequestState
from gateway.model.attested import FactName
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, Phase
from gateway.model.store import AppSecret, StoreMode
from gateway.operations.apps import add_app
from gateway.operations.connecting import Connected, Tokens, Wishes, add_store, connect_link, connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.facts import set_fact
from gateway.operations.initialise import initialise
from gateway.operations.receiving import processor, receiver
from gateway.operations.resolving import resolve
from gateway.operations.stores import set_store_mode
from gateway.operations.tasks import finish_task, list_tasks
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.terms import Reason, ReturnState
from gateway.ports import Act, Happened, Operation
from gateway.sync.connections import Connection
from mocks.kit.running import serve

pytestmark = pytest.mark.slow  # a whole gateway on the simulator

LIMIT = 30  # seconds a busy machine may need
PARCEL = {"tracking_number": "EXAMPLE-1", "carrier": "6617675021119438849"}


@dataclass
class World:
    """A gateway with the shops of one simulated seller, and the simulator's levers."""

    gateway: Context
    control: httpx.AsyncClient
    told: Mapping[str, Any]
    connected: list[Connected]

    @property
    def store(self) -> str:
        return self.connected[0].store.id

    async def get(self, path: str) -> Any:
        answer = await self.control.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, **facts: Any) -> str:
        shop = self.connected[0].store.external_id
        return str((await self.post("/orders", {"store": shop, **facts}))["id"])

    async def act(self, order_id: str, act: str, **details: Any) -> Any:
        return await self.post(f"/orders/{order_id}/acts", {"act": act, **details})

    async def later(self, duration: str) -> None:
        reached = (await self.post("/clock", {"advance": duration}))["unix"]
        await self.gateway.clock.sleep_until(datetime.fromtimestamp(reached, UTC))

    async def open(self, store: str | None = None) -> Connection:
        return await self.gateway.connections.open(store or self.store)

    async def pull(self, store: str | None = None) -> int:
        return (await self.gateway.pull_for(await self.open(store)).changes()).seen

    async def order(self, order_id: str) -> StoredOrder:
        vault = self.gateway.vault
        found = await self.gateway.database.read(
            lambda c: stored_order(c, vault, self.store, order_id, with_personal=True)
        )
        assert found is not None
        return found


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Run the simulator, and a gateway that has connected the shops of its first seller with a code."""
    monkeypatch.delenv("ORDER_GATEWAY_KEY", raising=False)
    async with serve(platforms=["tiktok_shop"], seed=7, orders=30, clock="virtual") as served:
        at = served["tiktok_shop"]
        folder = DataFolder(tmp_path / "data")
        await initialise(folder, {})
        folder.configuration.write_text(f"clock: {at['control_url']}\nlisten: 127.0.0.1:0\n", "utf-8")
        async with (
            httpx.AsyncClient(base_url=at["control_url"], trust_env=False, timeout=30) as control,
            running(folder.path) as gateway,
        ):
            told = (await control.get("/credentials")).json()
            await add_app(
                gateway,
                name="tts",
                platform="tiktok_shop",
                key=told["app_key"],
                secret=AppSecret(sign_key=told["app_secret"]),
                base_url=at["base_url"],
            )
            connected = await connect_with(gateway, "tts", {"code": told["auth_codes"][0]})
            world = World(gateway, control, told, connected)
            for one in connected:
                await set_store_mode(gateway, one.store.id, StoreMode.act, by="test")
            yield world


async def test_a_code_connects_the_shops_its_token_opens(world: World) -> None:
    stores = [one.store for one in world.connected]
    known = {row["shop_id"]: row for row in world.told["stores"]}
    assert stores
    for store in stores:
        assert (store.region, store.currency, store.time_zone) == ("JP", "JPY", "Asia/Tokyo")
        assert store.external_id in known
    with pytest.raises(StoreDisconnected):  # a code works once
        await connect_with(world.gateway, "tts", {"code": world.told["auth_codes"][0]})
    with pytest.raises(DataError, match="no `code`"):
        await connect_with(world.gateway, "tts", {"state": "x"})


async def test_tokens_by_hand_learn_the_shops_cipher(world: World) -> None:
    told = (await world.get("/credentials"))["stores"]
    row = next(row for row in told if row["shop_id"] == world.connected[0].store.external_id)
    tokens = Tokens(row["access_token"], row["refresh_token"], None)
    (again,) = await add_store(world.gateway, "tts", row["shop_id"], tokens, Wishes(region="JP"))
    assert not again.new
    assert await world.pull() > 0


async def test_the_consent_page_leads_back_with_code_and_state(world: World) -> None:
    link = await connect_link(world.gateway, "tts", "http://127.0.0.1:1/oauth/tiktok_shop/callback")
    await world.post("/acts", {"act": "set_redirect_url", "url": link.redirect_url})  # set in the console, not the link
    async with httpx.AsyncClient(trust_env=False) as browser:
        assert (await browser.get(link.url)).status_code == 200
        home = (await browser.post(link.url)).headers["location"]
    query = dict(httpx.URL(home).params)
    assert home.startswith(link.redirect_url)
    assert query["state"] == link.state
    assert await connect_with(world.gateway, "tts", query)


async def test_every_order_and_request_is_pulled_as_it_is(world: World) -> None:
    asked, parted = await world.make(), await world.make(split=True, lines=[{"sku": "A", "title": "A", "quantity": 2}])
    await world.act(asked, "buyer_requests_cancellation")
    (first, _) = (await world.act(parted, "seller_ships"))["packages"]
    await world.act(
        parted, "carrier_collects", package_number=first["number"]
    )  # AWAITING_COLLECTION, and a part is gone
    await world.pull()
    shop = world.connected[0].store.external_id
    truth = {row["id"]: row for row in await world.get("/orders?limit=1000") if row["store"] == shop}
    assert len(truth) > 4
    for order_id, row in truth.items():
        check((await world.order(order_id)), row)


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def check(stored: StoredOrder, truth: Any) -> None:
    order, times = stored.order, truth["times"]
    assert (order.raw_status, order.region, order.currency) == (truth["status"], "JP", "JPY")
    assert stored.phase == truth["phase"]
    told = (seconds(order.placed_at), seconds(order.updated_at), seconds(order.paid_at), seconds(order.ship_by))
    assert told == (times["created"], times["updated"], times["paid"], times["ship_by"])
    assert (seconds(order.shipped_at), seconds(order.delivered_at)) == (times["pickup_done"], times["delivered"])
    assert order.total_minor == Decimal(truth["money"]["total"])
    units = {each for line in order.lines for each in line.unit_ids}
    assert units == {row["line_item_id"] for row in truth["units"]}
    lines = {line.unit_ids[0]: line for line in order.lines}
    assert len(order.lines) == len(truth["lines"]) == len({line.line_id for line in order.lines})
    for row in truth["lines"]:
        line = lines[min(row["line_item_ids"])]
        assert (line.quantity, line.cancelled, line.sku) == (row["quantity"], row["cancelled"], row["sku"])
        assert line.unit_price_minor == Decimal(row["price"])
    packages = {one.package_id: (one.raw_status, one.tracking_number) for one in order.packages if one.raw_status}
    told_packages = {row["number"]: (row["status"], row["tracking_number"] or "") for row in truth["packages"]}
    assert packages.items() <= told_packages.items()
    ended = truth["ended"]
    by = {"system": "platform"}.get(ended["by"], ended["by"]) if ended else None
    assert (order.ended_by, order.end_reason_raw if ended else None) == (by, ended["reason"] if ended else None)
    requests = {one["cancel_id"]: one["status"] for one in truth["cancellations"]}
    requests |= {one["return_id"]: one["status"] for one in truth["returns"]}
    assert {one.request_id: one.raw_status for one in order.requests} == requests
    for one in truth["cancellations"]:
        found = next(each for each in order.requests if each.request_id == one["cancel_id"])
        assert seconds(found.answer_by) == one["answer_by"]


async def test_the_hour_on_hold_hides_the_buyer_and_ends(world: World) -> None:
    order_id = await world.make(phase="on_hold")
    await world.pull()
    held = await world.order(order_id)
    assert (held.phase, held.order.fulfillment) == (Phase.on_hold, FulfillmentState.held)
    assert held.order.recipient is None
    assert held.order.paid_at is not None
    assert seconds(held.order.ship_from) == (seconds(held.order.paid_at) or 0) + 3600
    connection = await world.open()
    with pytest.raises(Conflict, match="on hold"):
        await adapter.perform(connection.channel, Act(Operation.ship, order_id, "k", parameters=PARCEL))
    await world.later("PT1H1M")
    await world.pull()
    ready = await world.order(order_id)
    assert (ready.phase, ready.order.ship_from) == (Phase.awaiting_shipment, None)
    assert ready.order.recipient is not None
    assert ready.order.recipient.name_katakana


async def test_a_line_keeps_its_id_while_its_units_end(world: World) -> None:
    lines = [{"sku": "CUP", "title": "カップ", "quantity": 3, "price": "1000"}]
    order_id = await world.make(lines=lines)
    await world.pull()
    (before,) = (await world.order(order_id)).order.lines
    await world.act(order_id, "merchant_closes")
    await world.pull()
    (after,) = (await world.order(order_id)).order.lines
    assert (before.line_id, before.unit_ids) == (after.line_id, after.unit_ids)
    assert (before.quantity, before.cancelled, after.quantity, after.cancelled) == (3, 0, 3, 3)
    assert after.end_reason is EndReason.out_of_stock


async def test_a_return_goes_its_whole_way(world: World) -> None:
    order_id = await world.make(phase="delivered")
    return_id = (await world.act(order_id, "buyer_requests_return"))["returns"][0]["return_id"]
    await world.pull()
    (asked,) = (await world.order(order_id)).order.requests
    assert (asked.kind, asked.state, asked.opened_by) == (
        RequestKind.return_refund,
        RequestState.open,
        OpenedBy.buyer,
    )
    assert asked.answer_by is not None
    connection = await world.open()
    agree = Act(Operation.approve_return, order_id, "agree", request_id=return_id)
    await adapter.perform(connection.channel, agree)
    await world.act(order_id, "buyer_ships_return")
    await world.act(order_id, "warehouse_receives_return")
    await world.pull()
    (back,) = (await world.order(order_id)).order.requests
    assert (back.goods, back.answer_by is None, back.inspect_by is None) == (GoodsState.sent_back, True, False)
    pay = Act(Operation.refund_return, order_id, "pay", request_id=return_id)
    await adapter.perform(connection.channel, pay)
    assert (await adapter.probe(connection.channel, pay)).happened is Happened.applied
    await world.later("P3D")
    await world.pull()
    (paid,) = (await world.order(order_id)).order.requests
    assert (paid.state, paid.refund, paid.refunded_minor) == (
        RequestState.done,
        RefundState.refunded,
        paid.refund_minor,
    )


async def test_a_seller_refunds_what_nobody_asked_for(world: World) -> None:
    lines = [{"sku": "CUP", "title": "カップ", "quantity": 2, "price": "1000"}]
    order_id = await world.make(lines=lines, phase="delivered")
    connection = await world.open()
    (line,) = (await adapter.fetch_orders(connection.channel, [order_id])).orders[0].lines
    reason = "ecom_order_delivered_refund_reason_general_adjustment"
    refund = Act(Operation.refund_return, order_id, "refund", reason=reason, lines=((line.line_id, 1),))
    assert (await adapter.probe(connection.channel, refund)).happened is Happened.not_applied
    await adapter.perform(connection.channel, refund)
    assert (await adapter.probe(connection.channel, refund)).happened is Happened.applied
    (made,) = (await world.get(f"/orders/{order_id}"))["returns"]
    assert (made["role"], Decimal(made["refund_amount"]), len(made["line_item_ids"])) == ("SELLER", 1000, 1)


async def test_a_parcel_is_shipped_corrected_and_followed(world: World) -> None:
    order_id = await world.make()
    connection = await world.open()
    choices = await adapter.shipping_choices(connection.channel, order_id)
    assert [(way.kind, tuple(way.needs)) for way in choices.ways] == [
        ("own_carrier", ("tracking_number", "carrier")),
    ]
    assert list(await adapter.parcel_traces(connection.channel, order_id)) == []
    await adapter.perform(connection.channel, Act(Operation.ship, order_id, "s", parameters=PARCEL))
    correct = Act(Operation.set_tracking, order_id, "t", parameters={"tracking_number": "EXAMPLE-2"})
    await adapter.perform(connection.channel, correct)
    assert (await adapter.probe(connection.channel, correct)).happened is Happened.applied
    await world.act(order_id, "carrier_collects")
    (trace,) = await adapter.parcel_traces(connection.channel, order_id)
    assert (trace.tracking_number, trace.state) == ("EXAMPLE-2", FulfillmentState.shipped)
    assert trace.scans
    assert [scan.at for scan in trace.scans] == sorted(scan.at for scan in trace.scans)


async def test_a_parcel_waits_while_the_buyer_asks_to_cancel(world: World) -> None:
    order_id = await world.make()
    await world.act(order_id, "buyer_requests_cancellation")
    connection = await world.open()
    with pytest.raises(Conflict) as refused:
        await adapter.perform(connection.channel, Act(Operation.ship, order_id, "s", parameters=PARCEL))
    assert refused.value.code == "21011007"


async def test_two_shops_of_one_authorisation_outlive_a_refresh(world: World) -> None:
    opened = await world.post("/acts", {"act": "seller_opens_store", "region": "JP"})
    stores: list[str] = []
    for code in (await world.get("/credentials"))["auth_codes"]:
        stores = [one.store.id for one in await connect_with(world.gateway, "tts", {"code": code})]
        if any(name.endswith(opened["store"]) for name in stores):
            break
    assert len(stores) == 2
    for _ in range(2):
        await world.post("/acts", {"act": "expire_tokens"})
        assert await asyncio.gather(*(world.pull(name) for name in stores))


# -- pull and webhook --------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(taker: Receiver) -> AsyncIterator[str]:
    """Serve the gateway's inbox on a free port, and tell where."""

    async def take(request: web.Request) -> web.Response:
        answer = await taker.take("tiktok_shop", None, request.path, request.headers, await request.read())
        return web.Response(status=answer.status, body=answer.body)

    app = web.Application()
    app.router.add_post("/webhooks/tiktok_shop", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/tiktok_shop"
    finally:
        await runner.cleanup()


async def test_what_a_push_names_is_read_anew(world: World) -> None:
    order_id = await world.make()
    await world.pull()
    taker = receiver(world.gateway, lambda: None)
    async with listening(taker) as url:
        put = await world.control.put("/push", json={"url": url, "enabled": True})
        assert put.status_code == 200
        asked = await world.act(order_id, "buyer_requests_cancellation")
        cancel_id = asked["cancellation"]["cancel_id"]
        await world.act(order_id, "buyer_withdraws_request")  # the push says ..._CANCELLED, the search ..._CANCEL
        await world.act(order_id, "merchant_closes")  # and here CANCEL stands for CANCELLED
        async with asyncio.timeout(LIMIT):
            while taker.counts.taken < 4:
                await asyncio.sleep(0.01)
        assert taker.counts.refused == 0
        work = processor(world.gateway)
        async with asyncio.timeout(LIMIT):
            await work.drain()
    order = (await world.order(order_id)).order
    assert (order.closure, order.ended_by, order.raw_status) == (Closure.cancelled, EndedBy.seller, "CANCELLED")
    assert {one.request_id: one.state for one in order.requests}[cancel_id] is RequestState.withdrawn


async def test_a_return_is_paid_once_a_person_has_seen_what_came_back(world: World) -> None:
    order_id = await world.make(phase="delivered")

    async def goes_on() -> tuple[str, str]:
        """Read what changed and take the case's turn; return the decision's action and the return's status."""
        await world.later("PT1M")  # the rate limit goes by the simulator's clock
        await world.pull()
        told = await resolve(world.gateway, order_id, Reason.changed_mind, store=world.store, approved=True, by="test")
        truth = (await world.control.get(f"/orders/{order_id}")).json()
        return told.decision["action"], truth["returns"][0]["status"]

    await world.act(order_id, "buyer_requests_return")
    await world.pull()
    await set_fact(world.gateway, FactName.goods_cost, "50000", order=order_id, by="test")
    assert await goes_on() == ("approve_return", "AWAITING_BUYER_SHIP")
    assert await goes_on() == ("wait", "AWAITING_BUYER_SHIP")
    assert await list_tasks(world.gateway, order=order_id) == []
    await world.act(order_id, "buyer_ships_return")
    await world.act(order_id, "warehouse_receives_return")
    assert await goes_on() == ("wait", "BUYER_SHIPPED_ITEM")
    (asked,) = await list_tasks(world.gateway, order=order_id)
    assert asked.task.kind == "return_received"
    await finish_task(world.gateway, asked.task.id, returned=ReturnState.received, by="test")
    assert await goes_on() == ("refund_returned", "RETURN_OR_REFUND_REQUEST_SUCCESS")

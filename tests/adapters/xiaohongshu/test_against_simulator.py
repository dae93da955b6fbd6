"""The adapter through the production transport against the simulator, and both roads into a real gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.xiaohongshu import adapter
from adapters.xiaohongshu.choices import tracks
from adapters.xiaohongshu.personal import search_indexes
from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.errors import MissingScope, NotFound, Refused, StoreDisconnected
from gateway.inbox.process import Processor
from gateway.model.attested import FactName
from gateway.model.order import Order
from gateway.model.store import AppSecret, StoreMode
from gateway.operations import receiving
from gateway.operations.apps import add_app
from gateway.operations.commanding import Commanded
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.facts import set_fact
from gateway.operations.initialise import initialise
from gateway.operations.orders import show_order
from gateway.operations.requests import reject_request
from gateway.operations.resolving import resolve
from gateway.operations.serving import Pages
from gateway.operations.simulated import Simulator
from gateway.operations.stores import set_store_mode
from gateway.operations.tasks import list_tasks
from gateway.policy.terms import Reason
from gateway.ports import Act, Operation, Window
from mocks.kit.running import serve
from tests.adapters.xiaohongshu.contract.writes import PARCEL, act, asked

pytestmark = pytest.mark.slow  # a whole gateway on the simulator

LIMIT = 60  # seconds a machine with other work may need
LINES = [{"sku": "A", "title": "甲", "quantity": 2, "price": "12.34"}, {"sku": "B", "title": "乙", "quantity": 1}]


async def one(shop: Any, order_id: str) -> Order:
    order: Order = await shop.order(order_id)
    return order


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def yuan(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor).scaleb(-2)


# -- reading ---------------------------------------------------------------------------------------------------------


async def test_every_order_is_read_as_the_simulator_knows_it(simulated: Any) -> None:
    truths = await simulated.truths()
    assert len(truths) > 10
    for order_id, truth in truths.items():
        order, times = await one(simulated, order_id), truth["times"]
        assert order.raw_status == truth["status"]
        assert order.updated_at == datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=truth["updated_ms"])
        assert [seconds(each) for each in (order.placed_at, order.paid_at, order.ship_by, order.shipped_at)] == [
            times["created"],
            times["paid"],
            times["ship_by"],
            times["shipped"],
        ]
        assert yuan(order.total_minor) == Decimal(truth["money"]["total"])
        assert yuan(order.shipping_minor) == Decimal(truth["money"]["shipping"])
        assert order.cross_border is truth["cross_border"]
        assert order.replaces == (truth["original_order_id"] or "")
        assert order.note == truth["remark"]["text"]
        assert [
            (line.variant_id, line.sku, line.quantity, line.gift, yuan(line.paid_minor)) for line in order.lines
        ] == [(row["sku_id"], row["sku"], row["quantity"], row["gift"], Decimal(row["paid"])) for row in truth["lines"]]
        assert [(each.package_id, each.tracking_number, each.carrier) for each in order.packages] == [
            (str(row["index"]), row["tracking_number"] or "", row["carrier"] or "") for row in truth["packages"]
        ]
        if truth["ended"] is not None and truth["times"]["paid"] is None:
            told = {"buyer": "buyer", "system": "platform"}[truth["ended"]["by"]]
            assert order.ended_by == told


async def test_after_sales_are_read_as_the_simulator_knows_them(simulated: Any) -> None:
    await asked(simulated, "buyer_requests_return")
    await simulated.act(await simulated.make(), "merchant_closes")
    found = 0
    for truth in (await simulated.truths()).values():
        for row in truth["returns"]:
            page = await adapter.fetch_after_sale(simulated.channel, row["returns_id"])
            (one,) = page.after_sales
            assert (one.raw_status, one.reason_raw) == (row["status"], row["reason"])
            assert yuan(one.refund_minor) == Decimal(row["refund_amount"])
            assert yuan(one.refunded_minor) == Decimal(row["refunded"])
            assert {line.line_id: line.quantity for line in one.lines} == {
                line["sku_id"]: line["quantity"] for line in row["lines"]
            }
            assert one.tracking_number == (row["tracking_number"] or "")
            assert one.opened_by == {1: "buyer", 2: "seller"}[row["request_from"]]
            deadline = {"1": one.answer_by, "3": one.inspect_by}.get(one.raw_status)
            if one.raw_status in {"1", "3"}:
                assert seconds(deadline) == row["due_date"]
            found += 1
    assert found > 3


@pytest.mark.parametrize("style", ["code_msg", "two_level"])
async def test_other_envelopes_say_the_same(simulated: Any, style: str) -> None:
    order_id, number = await asked(simulated, "buyer_requests_return")
    before = await one(simulated, order_id), await adapter.fetch_after_sale(simulated.channel, number)
    await simulated.post("/acts", {"act": "set_envelope", "style": style})
    assert (await one(simulated, order_id), await adapter.fetch_after_sale(simulated.channel, number)) == before
    with pytest.raises(NotFound):
        await adapter.perform(simulated.channel, act(Operation.set_note, "P0", parameters={"note": "n"}))


async def test_success_with_a_code_is_an_error(simulated: Any) -> None:
    await simulated.post("/acts", {"act": "set_envelope", "style": "contradicting"})
    with pytest.raises(NotFound):
        await adapter.perform(simulated.channel, act(Operation.set_note, "P0", parameters={"note": "n"}))


async def test_unknown_orders_are_missing(simulated: Any) -> None:
    known = await simulated.make()
    batch = await adapter.fetch_orders(simulated.channel, ["P000000000000000000", known])
    assert (list(batch.missing), [order.order_id for order in batch.orders]) == (["P000000000000000000"], [known])


async def test_parcels_tell_where_they_are(simulated: Any) -> None:
    order_id = await simulated.make(phase="in_transit")
    (parcel,) = await tracks(simulated.channel, order_id)
    assert parcel["expressNo"] == (await one(simulated, order_id)).packages[0].tracking_number
    assert parcel["records"]


# -- persons ---------------------------------------------------------------------------------------------------------

BUYER = {"name": "王小明", "phone": "13855501234", "address": "Example 路 1 号", "city": "杭州市"}


async def test_a_receiver_is_masked_then_opened_field_by_field(simulated: Any) -> None:
    order = await one(simulated, await simulated.make(buyer=BUYER))
    recipient = order.recipient
    assert recipient is not None
    assert (recipient.name, recipient.phone, recipient.city) == ("王**", "138****1234", "杭州市")
    assert not any(clear in repr(order) for clear in (BUYER["name"], BUYER["phone"], BUYER["address"]))
    phone = await adapter.open_recipient(simulated.channel, order, ["phone"])
    assert (phone.phone, phone.name) == (BUYER["phone"], "王**")
    whole = await adapter.open_recipient(simulated.channel, order, ["name", "phone", "full_address"])
    assert (whole.name, whole.full_address, whole.masked) == (BUYER["name"], BUYER["address"], frozenset())
    name, tel = await search_indexes(simulated.channel, [("name", BUYER["name"]), ("phone", BUYER["phone"])])
    assert name in recipient.encrypted["name"]
    assert tel in recipient.encrypted["phone"]


async def test_a_used_up_quota_is_told(simulated: Any) -> None:
    order = await one(simulated, await simulated.make(buyer=BUYER))
    await simulated.post("/acts", {"act": "set_decrypt_quota", "rows": 0})
    with pytest.raises(Refused, match="quota"):
        await adapter.open_recipient(simulated.channel, order, ["name"])


# -- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_code_may_be_exchanged_twice_and_tells_its_shop(simulated: Any) -> None:
    told = await simulated.get("/credentials")
    call = adapter.exchange_call(simulated.connected.app, {"code": told["auth_codes"][0]})
    grants = [adapter.read_grants(call, await simulated.app_channel.send(call), simulated.clock.now()) for _ in (1, 2)]
    assert grants[0] == grants[1]
    assert grants[0][0].external_id in {one["seller_id"] for one in told["stores"]}
    assert grants[0][0].shop is not None
    assert grants[0][0].shop.region == "CN"


async def test_a_refresh_gives_the_same_pair_until_it_is_about_to_end(simulated: Any) -> None:
    connected = simulated.connected
    call = adapter.refresh_call(connected.app, connected.store, connected.credential)

    async def renewed() -> Any:
        return adapter.read_grants(call, await simulated.app_channel.send(call), simulated.clock.now())[0].credential

    assert (await renewed()).access_token == connected.credential.access_token
    await simulated.later("P6DT23H35M")
    assert (await renewed()).access_token != connected.credential.access_token


async def test_a_revoked_shop_is_disconnected(simulated: Any) -> None:
    await simulated.do("seller_revokes_authorization")
    with pytest.raises(StoreDisconnected):
        await adapter.fetch_orders(simulated.channel, ["P0"])


async def test_a_missing_permission_is_told(simulated: Any) -> None:
    await simulated.post("/acts", {"act": "restrict_calls", "operations": "order.getOrderDetail"})
    with pytest.raises(MissingScope):
        await adapter.fetch_orders(simulated.channel, ["P0"])


async def test_the_authorisation_page_carries_the_state_home(simulated: Any) -> None:
    home = "http://127.0.0.1:1/oauth/xiaohongshu/callback?x=1"
    connected = simulated.connected
    url = adapter.authorise_url(connected.app, connected.secret, home, "st4te", simulated.clock.now())
    assert (await simulated.client.get(url)).status_code == 200


# -- stock -----------------------------------------------------------------------------------------------------------


async def test_stock_is_read_and_set(simulated: Any) -> None:
    sku = (await one(simulated, await simulated.make())).lines[0].variant_id
    level = await adapter.set_stock(simulated.channel, sku, 77)
    assert level.total == 77
    assert await adapter.read_stock(simulated.channel, sku) == level


# -- the roads into a real gateway -----------------------------------------------------------------------------------


@dataclass
class Road:
    """A gateway with a receiver, its shops connected, and the simulator's levers."""

    context: Context
    processor: Processor
    platform: Simulator

    async def pull(self) -> None:
        for store in await self.context.connections.stores():
            await self.context.pull_for(await self.context.connections.open(store.id)).changes()

    async def stored(self, order_id: str) -> Order | None:
        try:
            return (await show_order(self.context, order_id, personal=True)).order
        except NotFound:
            return None

    async def make(self, **facts: Any) -> str:
        store = (await self.context.connections.stores())[0].external_id
        return str((await self.platform.do("/orders", {"store": store, **facts}))["id"])

    async def advance(self, span: str) -> None:
        """Move the simulator's clock, and wait until the gateway's shows it too."""
        target = datetime.fromisoformat((await self.platform.do("/clock", {"advance": span}))["now"])
        async with asyncio.timeout(LIMIT):
            await self.context.clock.sleep_until(target)

    async def settled(self, true: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(LIMIT):
            while not await true():
                await self.processor.drain()
                await asyncio.sleep(0.02)


@asynccontextmanager
async def opened_road(data: Path) -> AsyncIterator[Road]:
    # a clock that stands still would never fill the bucket of the platform's rate limit again
    async with serve(platforms=["xiaohongshu"], orders=40, clock="real") as addresses:
        at = addresses["xiaohongshu"]
        platform = Simulator(at["base_url"], at["control_url"])
        folder = DataFolder(data)
        await initialise(folder, {})
        folder.configuration.write_text(f"clock: {platform.control_url}\nlisten: 127.0.0.1:0\n")
        async with running(data) as context, httpx.AsyncClient(trust_env=False, timeout=30) as client:
            told = await platform.read("/credentials")
            app = await add_app(
                context,
                name="ark",
                platform="xiaohongshu",
                key=told["app_id"],
                secret=AppSecret(sign_key=told["app_secret"]),
                base_url=platform.base_url,
            )
            (connected,) = await connect_with(context, app.id, {"code": told["auth_codes"][0]})
            assert (connected.store.region, connected.store.currency, connected.unknown) == ("CN", "CNY", ())
            assert connected.store.name
            await set_store_mode(context, connected.store.id, StoreMode.act, by="test")
            processor = receiving.processor(context)
            receiver = receiving.receiver(context, processor.wake)
            async with open_site(context, Pages(receiver=receiver)) as address:
                put = {"url": f"{address}/webhooks/xiaohongshu?shop=s%201", "enabled": True}
                (await client.put(f"{platform.control_url}/push", json=put)).raise_for_status()
                try:
                    yield Road(context, processor, platform)
                finally:
                    await platform.close()


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[Road]:
    async with opened_road(tmp_path / "data") as opened:
        yield opened


async def test_a_first_pull_stores_every_order_and_a_second_what_changed(road: Road) -> None:
    (store,) = await road.context.connections.stores()
    await road.pull()
    truths = {row["id"]: row for row in await road.platform.orders() if row["store"] == store.external_id}
    assert len(truths) > 10
    for order_id, truth in truths.items():
        order = await road.stored(order_id)
        assert order is not None
        assert order.raw_status == truth["status"]
        assert {each.request_id for each in order.requests} == {each["returns_id"] for each in truth["returns"]}
    waiting = next(order_id for order_id, row in truths.items() if row["phase"] == "awaiting_shipment")
    before = await road.stored(waiting)
    assert before is not None
    assert before.recipient is not None
    await road.platform.act(waiting, "seller_ships")
    await road.advance("PT40M")
    await road.pull()
    after = await road.stored(waiting)
    assert after is not None
    assert after.fulfillment == "shipped"
    assert after.recipient == before.recipient, "the ciphertext of a parcel on its way stays known"


async def test_a_push_leads_to_the_platforms_truth(road: Road) -> None:
    order_id = await road.make()

    async def known() -> bool:
        return await road.stored(order_id) is not None

    await road.settled(known)
    await road.platform.act(order_id, "buyer_requests_cancellation")

    async def asked_for() -> bool:
        order = await road.stored(order_id)
        return order is not None and [each.kind for each in order.requests] == ["cancellation"]

    await road.settled(asked_for)
    pushes = await road.platform.read("/pushes")
    assert all(each["ok"] for each in (pushes["pushes"] if isinstance(pushes, dict) else pushes))


async def test_the_consoles_close_shows_as_an_order_that_ended(road: Road) -> None:
    order_id = await road.make()
    await road.platform.act(order_id, "merchant_closes")

    async def ended() -> bool:
        order = await road.stored(order_id)
        return order is not None and order.closure == "cancelled"

    await road.settled(ended)


async def test_a_cancellation_is_rejected_by_shipping_through_the_gateway(road: Road) -> None:
    order_id = await road.make()
    await road.platform.act(order_id, "buyer_requests_cancellation")
    await road.pull()
    done: Commanded = await reject_request(road.context, order_id, reason="ship", more=PARCEL, approved=True, by="test")
    assert done.outcome == "done", done.words
    truth = await road.platform.read(f"/orders/{order_id}")
    assert (truth["status"], truth["returns"][0]["status"]) == ("6", "6")
    assert truth["packages"][0]["tracking_number"] == PARCEL["tracking_number"]


async def test_one_act_written_through_a_store_that_only_observes_is_stopped(road: Road) -> None:
    order_id = await road.make()
    (store,) = await road.context.connections.stores()
    await set_store_mode(road.context, store.id, StoreMode.observe, by="test")
    connection = await road.context.connections.open(store.id)
    with pytest.raises(Exception, match="observe"):
        await adapter.perform(
            connection.channel, Act(Operation.set_note, order_id, "k", parameters={"note": "not to be written"})
        )
    assert (await road.platform.read(f"/orders/{order_id}"))["remark"]["text"] == ""


async def test_a_window_by_creation_finds_what_was_placed_in_it(simulated: Any) -> None:
    now = simulated.clock.now()
    placed = now - timedelta(days=3, hours=1)
    order_id = await simulated.make(placed_at=placed.isoformat().replace("+00:00", "Z"))
    window = Window(placed - timedelta(hours=12), placed + timedelta(hours=12), "created")
    pages = await simulated.pages(adapter.list_orders, window)
    assert order_id in {each for page in pages for each in page.ids}


async def test_a_return_is_paid_once_its_parcel_was_signed_for(road: Road) -> None:
    order_id = await road.make(phase="delivered")

    async def goes_on() -> tuple[str, str]:
        """Read what changed and take the case's turn; return the decision's action and the after-sale's status."""
        await road.pull()
        told = await resolve(road.context, order_id, Reason.changed_mind, approved=True, by="test")
        return told.decision["action"], (await road.platform.read(f"/orders/{order_id}"))["returns"][0]["status"]

    await road.platform.act(order_id, "buyer_requests_return")
    await road.pull()
    await set_fact(road.context, FactName.goods_cost, "500.00", order=order_id, by="test")
    assert await goes_on() == ("approve_return", "2")
    await road.platform.act(order_id, "buyer_ships_return")
    assert await goes_on() == ("wait", "3")
    assert await list_tasks(road.context, order=order_id) == []
    await road.platform.act(order_id, "warehouse_receives_return")
    assert await goes_on() == ("refund_returned", "4")

"""From a push to the stored order: hints are read, deduplicated, and the platform's truth is merged."""

from __future__ import annotations

import asyncio
import json

import pytest

from gateway.errors import Unavailable
from gateway.operations.demo.run import compare_with
from gateway.operations.events import replay_events, show_event


async def new_order(gate, **what) -> str:
    return str((await gate.shopee.do("/orders", {"phase": "awaiting_shipment", **what}))["id"])


async def pushed_order(gate, until, **what) -> str:
    """Make an order, and return when its push was acknowledged."""
    order_id = await new_order(gate, **what)

    async def arrived() -> bool:
        return any(each["ok"] and each["order_id"] == order_id for each in await gate.attempts())

    await until(arrived, "it was pushed")
    return order_id


async def settled(gate, until) -> None:
    """Act on pushes until none waits."""

    async def done() -> bool:
        await gate.processor.drain()
        return "received" not in await gate.states()

    await until(done, "every push is settled")


@pytest.fixture
def until():
    from tests.inbox.conftest import until as wait  # noqa: PLC0415 - named as the fixture

    return wait


@pytest.mark.on_both
async def test_a_pushed_order_is_pulled_and_stored(gate, until) -> None:
    order_id = await pushed_order(gate, until)
    assert await gate.order(order_id) is None
    await gate.processor.drain()
    assert await gate.order(order_id) == "READY_TO_SHIP"
    rows = await gate.rows()
    assert {row.state for row in rows} == {"processed"}
    assert {row.subject for row in rows} == {order_id}
    assert {row.kind for row in rows} <= {"3", "4", "30", "47"}


async def test_every_push_of_a_played_sequence_arrives_and_the_stored_orders_are_the_platforms(gate, until) -> None:
    first, second = await new_order(gate), await new_order(gate)
    await gate.shopee.act(first, "seller_ships")
    await gate.shopee.act(first, "carrier_collects")
    await gate.shopee.act(second, "buyer_requests_cancellation", reason="CHANGE_ADDRESS")
    await gate.advance("PT1H")
    await gate.shopee.act(first, "carrier_delivers")
    await gate.shopee.act(first, "buyer_requests_return", reason="WRONG_ITEM", text="blue")
    await gate.advance("PT1M")
    attempts = await gate.attempts()
    assert attempts
    assert {(each["status"], each["outcome"]) for each in attempts} == {(200, "answered")}
    assert {"3", "29"} <= {each["kind"] for each in attempts}
    stored = await gate.rows("deliveries")
    assert sum(row.deliveries for row in stored) == len(attempts)
    await settled(gate, until)
    assert set(await gate.states()) <= {"processed", "ignored"}
    compared = await compare_with(gate.context, {"shopee": gate.shopee})
    assert (compared.orders, compared.differences) == (2, ())
    requests = await gate.context.database.read(
        lambda c: c.exec_driver_sql("select order_id, kind from after_sales order by kind").all()
    )
    assert first in {row.order_id for row in requests}


@pytest.mark.parametrize("fault", ["push_duplicate", "push_reorder", "push_delay", "push_drop"])
async def test_whatever_happens_to_pushes_one_reconcile_converges(gate, until, fault) -> None:
    """G2: the same day with every push repeated, swapped, late, or half of them lost."""
    await gate.pull()
    faults = {"operation": "push", "fault": fault, "probability": 0.5 if fault == "push_drop" else 1.0}
    await gate.shopee.do("/faults", [faults])
    made = [await new_order(gate) for _ in range(4)]
    for order_id in made[:3]:
        await gate.advance("PT1M")
        await gate.shopee.act(order_id, "seller_ships")
    for order_id in made[:2]:
        await gate.advance("PT2M")
        await gate.shopee.act(order_id, "carrier_collects")
    await gate.advance("PT20M")  # held and delayed ones are out by now
    await settled(gate, until)
    if fault == "push_drop":
        assert any(each["outcome"] == "dropped" for each in await gate.attempts())
    else:
        compared = await compare_with(gate.context, {"shopee": gate.shopee})
        assert compared.differences == (), "nothing was lost, so pushes alone suffice"
    await gate.pull()
    compared = await compare_with(gate.context, {"shopee": gate.shopee})
    assert (compared.orders, compared.differences) == (4, ())


@pytest.mark.on_both
async def test_the_same_event_in_other_bytes_is_ignored(gate, until) -> None:
    order_id = await pushed_order(gate, until)
    await gate.processor.drain()
    pushed = next(each for each in await gate.attempts() if each["kind"] == "3")
    await gate.post(json.dumps(json.loads(pushed["body"]), indent=1).encode())
    await gate.processor.drain()
    *_, last = await gate.rows()
    assert (last.state, last.subject) == ("ignored", order_id)
    assert last.last_error.startswith("the same event as ")


async def test_an_unknown_code_is_kept_acknowledged_and_ignored(gate) -> None:
    shop = (await gate.context.connections.stores())[0].external_id
    body = {"code": 99, "shop_id": int(shop), "timestamp": 1795305600, "data": {"strange": True, "ordersn": "261122A"}}
    assert (await gate.post(body)).status_code == 200
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert (row.state, row.kind, row.subject) == ("ignored", "99", None)
    assert row.last_error == "kind 99 names nothing to read"
    shown = await show_event(gate.context, row.id, body=True)
    assert json.loads(shown.body) == body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "not the JSON expected"),
        (b"[1, 2]", "no object"),
        (b"", "empty"),
        (b"\xff\xfe{}", "JSON"),
    ],
)
async def test_a_signed_push_that_cannot_be_read_is_kept_with_the_reason(gate, body, reason) -> None:
    assert (await gate.post(body)).status_code == 200
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert row.state == "failed"
    assert reason in row.last_error


async def test_a_push_of_a_shop_that_is_not_connected(gate) -> None:
    body = {"code": 3, "shop_id": 4242, "timestamp": 1, "data": {"ordersn": "261122A", "status": "UNPAID"}}
    await gate.post(body)
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert (row.state, row.last_error) == ("ignored", "shop 4242 is not connected")


async def test_several_pushes_of_one_order_are_one_read(gate, until, monkeypatch) -> None:
    order_id = await pushed_order(gate, until)
    await gate.processor.drain()
    shop = json.loads((await gate.attempts())[0]["body"])["shop_id"]
    asked: list[list[str]] = []
    adapter = gate.context.adapter_for("shopee")
    fetch = adapter.fetch_orders

    async def counted(channel, ids):
        asked.append(list(ids))
        return await fetch(channel, ids)

    monkeypatch.setattr(type(adapter), "fetch_orders", lambda self, channel, ids: counted(channel, ids))
    for number, status in enumerate(["PROCESSED", "SHIPPED", "COMPLETED"]):
        data = {"ordersn": order_id, "status": status, "update_time": 1795305700 + number}
        await gate.post({"code": 3, "shop_id": shop, "timestamp": 1795305700, "data": data})
    await gate.processor.drain()
    assert asked == [[order_id]]
    assert set(await gate.states()) == {"processed"}


async def test_a_hint_that_fails_is_tried_again_later_and_at_last_set_aside(gate, until) -> None:
    shop = (await gate.context.connections.stores())[0].external_id
    data = {"ordersn": "261122NOWHERE", "status": "UNPAID", "update_time": 1795305600}
    await gate.post({"code": 3, "shop_id": int(shop), "timestamp": 1795305600, "data": data})
    good = await pushed_order(gate, until, store=shop)
    waits = []
    for attempt in range(1, 9):
        await gate.processor.drain()
        (row,) = await gate.rows("*", "subject = '261122NOWHERE'")
        assert row.attempts == attempt
        if attempt == 1:
            assert await gate.order(good) == "READY_TO_SHIP", "one that fails takes no other with it"
        if attempt < 8:
            assert row.state == "received"
            due = row.due_at - int(gate.context.clock.now().timestamp() * 1_000_000)
            waits.append(round(due / 1_000_000))
            await gate.advance(f"PT{waits[-1]}S")
    assert waits == [2, 4, 8, 16, 32, 64, 128]
    assert row.state == "failed"
    assert "NotFound" in row.last_error or "know" in row.last_error
    before = row.attempts
    await replay_events(gate.context, failed=True)
    await gate.processor.drain()
    (row,) = await gate.rows("*", "subject = '261122NOWHERE'")
    assert (row.attempts, row.state, before) == (1, "received", 8)


async def test_a_failed_push_that_is_delivered_again_gets_a_new_chance(gate) -> None:
    await gate.post(b"no json")
    await gate.processor.drain()
    assert await gate.states() == ["failed"]
    await gate.post(b"no json")
    await gate.processor.drain()
    (row,) = await gate.rows()
    assert (row.state, row.deliveries, row.attempts) == ("failed", 2, 1), "tried once more, and still no good"


async def test_a_replayed_push_is_read_and_acted_upon_anew(gate, until) -> None:
    order_id = await pushed_order(gate, until)
    await gate.processor.drain()
    (first, *_) = await gate.rows()
    await gate.context.database.write(lambda c: c.exec_driver_sql("update orders set raw_status = 'GARBLED'"))
    replayed = await replay_events(gate.context, [first.id])
    assert [event.state for event in replayed] == ["received"]
    await gate.processor.drain()
    assert set(await gate.states()) == {"processed"}
    assert await gate.order(order_id) is not None


async def test_a_sick_store_delays_no_other(gate, monkeypatch) -> None:
    """Calls for one shop hang; the other shop's order is stored meanwhile by the running processor."""
    sick, well, *_ = await gate.context.connections.stores()
    hang = asyncio.Event()
    adapter = gate.context.adapter_for("shopee")
    fetch = type(adapter).fetch_orders

    async def slow(self, channel, ids):
        if channel.store.id == sick.id:
            await hang.wait()
            raise Unavailable("the platform is down")
        return await fetch(self, channel, ids)

    monkeypatch.setattr(type(adapter), "fetch_orders", slow)
    running = asyncio.create_task(gate.processor.run())
    try:
        first = await new_order(gate, store=sick.external_id)
        second = await new_order(gate, store=well.external_id)
        async with asyncio.timeout(30):
            while await gate.order(second) is None:
                await asyncio.sleep(0.02)
        assert await gate.order(first) is None
        third = await new_order(gate, store=well.external_id)
        async with asyncio.timeout(30):
            while await gate.order(third) is None:
                await asyncio.sleep(0.02)
        assert not running.done()
    finally:
        hang.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_shop_that_takes_its_authorisation_back_is_flagged_and_others_are_not(gate, until) -> None:
    gone, *others = await gate.context.connections.stores()
    await gate.shopee.do("/acts", {"act": "seller_revokes_authorization", "store": gone.external_id})
    await until(gate.rows, "it was pushed")
    await settled(gate, until)
    states = {store.id: store.state for store in await gate.context.connections.stores()}
    assert states[gone.id] == "disconnected"
    assert {states[store.id] for store in others} == {"connected"}


async def test_old_news_of_an_authorisation_that_works_again_flags_nothing(gate) -> None:
    store = (await gate.context.connections.stores())[0]
    data = {"authorize_type": "user cancel shop authorization", "shop_id": int(store.external_id), "success": 1}
    await gate.post({"code": 2, "partner_id": 1, "timestamp": 1, "data": data})
    await gate.processor.drain()
    assert {each.state for each in await gate.context.connections.stores()} == {"connected"}
    assert await gate.states() == ["processed"]


async def test_an_authorisation_that_ends_soon_is_told_with_the_store(gate) -> None:
    store, *others = await gate.context.connections.stores()
    data = {"shop_expire_soon": [int(store.external_id), 4242], "expire_before": 1795400000}
    await gate.post({"code": 12, "timestamp": 1795305600, "data": data})
    await gate.processor.drain()
    told = {each.id: each for each in await gate.context.connections.stores()}
    assert "ends soon" in told[store.id].state_reason
    assert told[store.id].state == "connected"
    assert {told[other.id].state_reason for other in others} == {""}


async def test_bodies_are_forgotten_a_month_after_the_push_was_settled(gate) -> None:
    await gate.post(b"no json")
    await gate.processor.drain()
    await gate.post({"code": 99, "data": {}})
    await gate.processor.drain()
    await gate.advance("P31D")
    await gate.post({"code": 98, "data": {}})
    running = asyncio.create_task(gate.processor.run())
    async with asyncio.timeout(30):
        while (await gate.rows("sealed"))[0].sealed is not None:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [row.sealed is None for row in await gate.rows()] == [True, True, False]

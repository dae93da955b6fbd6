"""The running gateway: stores run apart, lost authorisations are flagged, open effects are settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.api.site import open_site
from gateway.cases.effects import EffectState, Recorded, commit, effects_of, record_decision, record_intent
from gateway.cases.hands import HANDS
from gateway.errors import DataError, OutcomeUnknown
from gateway.model.store import AppSecret, StoreMode, StoreState
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_link, connect_with_state
from gateway.operations.context import Context
from gateway.operations.orders import list_orders
from gateway.operations.roles import Role
from gateway.operations.serving import Serving, serve
from gateway.operations.stores import list_stores, set_store_mode
from gateway.orders.query import Query
from gateway.orders.store import order as stored_order
from gateway.ports import Act, Operation
from gateway.storage import stores as rows
from gateway.storage.schema import effects, stores
from gateway.work.leases import this_process

SG, MY = "shopee-301000101", "shopee-301000202"
LIMIT = 60.0


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT):
        while not await true():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _serving(context: Context, *roles: Role) -> AsyncIterator[Serving]:
    ready: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    task = asyncio.create_task(
        serve(context, roles=roles or tuple(Role), stop=stop, ready=ready.set_result, open_site=open_site)
    )
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield await ready
    stop.set()
    async with asyncio.timeout(LIMIT):
        await task


async def _ids(context: Context, store: str) -> set[str]:
    return {each.order_id for each in (await list_orders(context, Query(stores=(store,)), limit=500)).orders}


async def _mine(shopee, shop: str) -> set[str]:
    return {each["id"] for each in await shopee.orders() if each["store"] == shop}


async def test_a_store_that_hangs_delays_no_other(context, shopee) -> None:
    """One shop's host takes the request and never answers; the others are pulled again and again meanwhile."""
    accepted = asyncio.Event()
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await add_app(
        context,
        name="sick",
        platform="shopee",
        key="1",
        secret=AppSecret(sign_key="0" * 50),
        base_url=f"http://127.0.0.1:{port}",
    )
    credential, _ = await context.database.read(lambda c: rows.credential_of(c, context.vault, "demo", "301000202"))

    def move(c) -> None:
        rows.save_credential(c, context.vault, "sick", "301000202", credential, None)
        c.execute(update(stores).where(stores.c.id == MY).values(app="sick"))

    await context.database.write(move)
    async with _serving(context, Role.sync):
        async with asyncio.timeout(LIMIT):
            await accepted.wait()
        await _until(lambda: _same(context, shopee, SG, "301000101"))
        new = (await shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"}))["id"]
        await _until(lambda: _has(context, SG, new))
        assert await _ids(context, MY) == set()
        gone.set()
    server.close()
    await server.wait_closed()


async def _same(context: Context, shopee, store: str, shop: str) -> bool:
    return await _ids(context, store) == await _mine(shopee, shop)


async def _has(context: Context, store: str, order: str) -> bool:
    return order in await _ids(context, store)


async def test_a_revoked_store_is_flagged_and_taken_up_again_once_reconnected(context, shopee) -> None:
    await shopee.do("/acts", {"act": "seller_revokes_authorization", "store": 301000101})

    async def flagged() -> bool:
        return (await context.database.read(lambda c: rows.store_of(c, SG))).state is StoreState.disconnected

    async with _serving(context) as serving:
        await _until(flagged)
        await _until(lambda: _same(context, shopee, MY, "301000202"))
        assert await _ids(context, SG) == set()
        link = await connect_link(context, "demo", f"{serving.address}/oauth/shopee/callback")
        page = await shopee.client.post(link.url, data={"who": "301000101"})
        answer = await shopee.client.get(page.headers["location"])
        assert answer.status_code == 200
        await _until(lambda: _same(context, shopee, SG, "301000101"))
    assert not await flagged()


@pytest.mark.parametrize("dead", [True, False], ids=["by a dead process", "by this one, whose database failed"])
async def test_an_effect_left_behind_in_mid_call_is_settled(context, shopee, dead) -> None:
    """Nobody noted the answer to a call: it was applied, and a probe finds that out."""
    order = (await shopee.do("/orders", {"store": "301000101", "phase": "awaiting_shipment"}))["id"]
    await set_store_mode(context, SG, StoreMode.act, by="test")
    await shopee.do("/faults", [{"operation": "*cancel_order", "fault": "timeout_after", "times": 1}])
    connection = await context.connections.open(SG)
    await context.pull_for(connection).named([order])
    stored = await context.database.read(lambda c: stored_order(c, context.vault, SG, order))
    lines = tuple((line.line_id, line.quantity) for line in stored.order.lines)
    act = Act(operation=Operation.seller_close, order_id=order, key="k", reason="OUT_OF_STOCK", lines=lines)
    now = context.clock.now()
    later = now if dead else now + timedelta(hours=1)  # nothing else is to come by and look

    def leave(c) -> None:
        intent = record_intent(c, SG, order, "out_of_stock", "test", now)
        decision = record_decision(c, intent, SG, order, Recorded("2026.11.1", b"{}", b"{}"), now)
        commit(c, intent=intent, decision=decision, store=SG, act=act, known=(), now=now, due_at=later)
        c.execute(update(effects).values(state=EffectState.calling, caller="gone" if dead else this_process()))

    if dead:
        await context.database.write(leave)
    with pytest.raises(OutcomeUnknown):
        await connection.adapter.perform(connection.channel, act)
    async with _serving(context, Role.worker):
        if not dead:
            await context.database.write(leave)
            (left,) = await context.database.read(lambda c: effects_of(c, SG, order))
            with pytest.raises(OutcomeUnknown), HANDS.hold(left.id):
                raise OutcomeUnknown("the database failed")

        async def settled() -> bool:
            found = await context.database.read(lambda c: effects_of(c, SG, order))
            return [each.state for each in found] == [EffectState.confirmed]

        await _until(settled)
    journal = await shopee.read("/effects")
    applied = journal["effects"] if isinstance(journal, dict) else journal
    assert [each["order_id"] for each in applied] == [order]


async def test_roles_do_only_their_part(context) -> None:
    async with _serving(context, Role.api) as serving:
        assert serving.roles == (Role.api,)
        assert serving.address is not None
        assert set(serving.stores) >= {SG, MY}
    async with _serving(context, Role.worker) as serving:
        assert serving.address is None
    assert all(view.read_to is None for view in await list_stores(context))


async def test_a_state_is_good_once_and_for_its_platform_only(context, shopee) -> None:
    link = await connect_link(context, "demo")
    with pytest.raises(DataError, match="shopee"):
        await connect_with_state(context, "tiktok_shop", {"state": link.state, "code": "x", "shop_id": "1"})
    with pytest.raises(DataError, match="stores connect"):
        await connect_with_state(context, "shopee", {"state": "made up", "code": "x", "shop_id": "1"})
    with pytest.raises(DataError, match="stores connect"):
        await connect_with_state(context, "shopee", {"code": "x", "shop_id": "1"})

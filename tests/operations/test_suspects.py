"""Orders held back: a person's word lifts a sign, and a phone that the platform sealed is judged once it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from gateway.bootstrap import running
from gateway.errors import InvalidRequest, NotFound, Refused
from gateway.model.store import AppSecret
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.suspects import clear_suspect, list_suspects, reveal_recipient
from gateway.operations.syncing import sync_once
from gateway.orders.suspects import Sign
from gateway.storage.schema import audit, orders
from mocks.kit.running import serve


@pytest.fixture
async def shop(folder: DataFolder) -> AsyncIterator[tuple[Context, str, Any]]:
    """Return a gateway with a Xiaohongshu shop, an order that waits there, and the simulator's levers."""
    async with (
        serve(platforms=["xiaohongshu"], orders=0, clock="real") as served,
        httpx.AsyncClient(trust_env=False, timeout=30, base_url=served["xiaohongshu"]["base_url"]) as client,
    ):

        async def do(path: str, what: object) -> Any:
            return (await client.post(f"/_mock{path}", json=what)).raise_for_status().json()

        await initialise(folder, {})
        folder.configuration.write_text("listen: 127.0.0.1:0\nsync:\n  every: 1h\n")
        told = (await client.get("/_mock/credentials")).raise_for_status().json()
        async with running(folder.path) as context:
            await add_app(
                context,
                name="demo",
                platform="xiaohongshu",
                key=told["app_id"],
                secret=AppSecret(sign_key=told["app_secret"]),
                base_url=served["xiaohongshu"]["base_url"],
            )
            await connect_with(context, "demo", {"code": told["auth_codes"][0]})
            buyer = {"name": "王小明", "phone": "1390000", "address": "某路 7 号"}
            store = (await context.connections.stores())[0].external_id
            await do("/orders", {"store": store, "buyer": buyer})
            await sync_once(context)
            order = await context.database.read(lambda c: c.execute(select(orders.c.order_id)).scalars().first())
            yield context, order, do


async def entries(context: Context) -> list[tuple[str, str]]:
    rows = await context.database.read(lambda c: c.execute(select(audit.c.what, audit.c.details)).all())
    return [(row.what, row.details.decode()) for row in rows if row.what in {"recipient_opened", "signs_cleared"}]


async def test_an_opened_phone_holds_the_order_until_a_person_lifts_it(shop) -> None:
    context, order, _ = shop
    assert {each.sign for each in await list_suspects(context)} <= {Sign.phone_digits}
    revealed = await reveal_recipient(context, order, ["phone"], by="Ann")
    assert revealed.fields == {"phone": "1390000"}
    assert any("XHS-03" in each for each in revealed.signs)
    assert [(each.order_id, each.sign) for each in await list_suspects(context)] == [(order, Sign.phone_digits)]
    await sync_once(context)
    assert len(await list_suspects(context)) == 1
    lifted = await clear_suspect(context, order, by="Ann")
    assert [each.sign for each in lifted] == [Sign.phone_digits]
    assert await list_suspects(context) == []
    with pytest.raises(NotFound, match="has no such sign"):
        await clear_suspect(context, order, by="Ann")
    assert await entries(context) == [
        ("recipient_opened", '{"fields":"phone"}'),
        ("signs_cleared", '{"signs":"phone_digits"}'),
    ]


async def test_who_asked_is_on_record_also_where_nothing_is_opened(shop) -> None:
    context, order, do = shop
    with pytest.raises(InvalidRequest, match="there is no city to open"):
        await reveal_recipient(context, order, ["city"], by="Ann")
    await do("/acts", {"act": "set_decrypt_quota", "rows": 0})
    with pytest.raises(Refused, match="quota"):
        await reveal_recipient(context, order, ["name"], by="Ann")
    assert await entries(context) == [
        ("recipient_opened", '{"fields":"city"}'),
        ("recipient_opened", '{"fields":"name"}'),
    ]
    with pytest.raises(NotFound, match="No store has an order nowhere"):
        await reveal_recipient(context, "nowhere", ["name"], by="Ann")


async def test_a_platform_that_seals_nothing_says_so(context: Context) -> None:
    await sync_once(context)
    order = await context.database.read(lambda c: c.execute(select(orders.c.order_id)).scalars().first())
    with pytest.raises(Refused, match=r"seals no recipient\. `gateway orders show .* --personal`"):
        await reveal_recipient(context, order, ["phone"], by="Ann")

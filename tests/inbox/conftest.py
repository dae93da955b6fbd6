"""A real receiver on a real port, and a simulator that pushes to it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gateway.api.site import open_site
from gateway.bootstrap import running
from gateway.config import DATABASE_VARIABLE
from gateway.inbox.process import Processor
from gateway.inbox.receive import Receiver
from gateway.model.store import AppSecret
from gateway.operations import receiving
from gateway.operations.apps import add_app
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.serving import Pages
from gateway.operations.simulated import Simulator
from gateway.storage.vault import create_key_file
from mocks.kit.running import serve

LIMIT = 60  # seconds a machine with other work may need


def signed(key: str, url: str, body: bytes) -> dict[str, str]:
    """Sign a push as API.md section 12 says, in words of the test's own."""
    return {"Authorization": hmac.new(key.encode(), url.encode() + b"|" + body, hashlib.sha256).hexdigest()}


async def until(true: Callable[[], Any | Awaitable[Any]], what: str) -> Any:
    async with asyncio.timeout(LIMIT):
        while True:
            found = true()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
    raise AssertionError(what)


@dataclass
class Gate:
    """A gateway whose receiver listens, five connected shops, and the simulator's levers."""

    context: Context
    receiver: Receiver
    processor: Processor
    address: str
    shopee: Simulator
    push_key: str
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        return f"{self.address}/webhooks/shopee"

    async def post(self, body: bytes | dict[str, Any], url: str | None = None, **headers: str) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = url or self.url
        return await self.client.post(url, content=raw, headers=signed(self.push_key, url, raw) | headers)

    def signed(self, url: str, body: bytes) -> dict[str, str]:
        return signed(self.push_key, url, body)

    async def rows(self, what: str = "*", where: str = "1=1") -> list[Any]:
        statement = text(f"select {what} from inbox where {where} order by id")
        return await self.context.database.read(lambda c: c.execute(statement).all())

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows("state")]

    async def attempts(self) -> list[dict[str, Any]]:
        """What the simulator tried to deliver."""
        told = await self.shopee.read("/pushes")
        return told["pushes"] if isinstance(told, dict) else told

    async def advance(self, span: str) -> None:
        """Move the simulator's clock, and wait until the gateway's shows it too."""
        told = await self.shopee.do("/clock", {"advance": span})
        target = datetime.fromisoformat(told["now"])
        await until(lambda: self.context.clock.now() >= target, "the clocks agree")

    async def order(self, order_id: str) -> str:
        """What the gateway has stored as an order's status."""
        statement = text("select raw_status from orders where order_id = :id").bindparams(id=order_id)
        return await self.context.database.read(lambda c: c.execute(statement).scalar_one_or_none())

    async def pull(self) -> None:
        for store in await self.context.connections.stores():
            await self.context.pull_for(await self.context.connections.open(store.id)).changes()


async def connect(context: Context, shopee: Simulator) -> str:
    """Register the simulator's app, connect its five shops, and return the key of its pushes."""
    told = await shopee.read("/credentials")
    app = await add_app(
        context,
        name="demo",
        platform="shopee",
        key=str(told["partner_id"]),
        secret=AppSecret(sign_key=told["partner_key"], push_key=told["push_partner_key"]),
        base_url=shopee.base_url,
    )
    callback = {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
    await connect_with(context, app.id, callback)
    return str(told["push_partner_key"])


@asynccontextmanager
async def opened_gate(data: Path, *, orders: int = 0, push: bool = True) -> AsyncIterator[Gate]:
    async with serve(platforms=["shopee"], orders=orders) as addresses:
        at = addresses["shopee"]
        shopee = Simulator(at["base_url"], at["control_url"])
        folder = DataFolder(data)
        await initialise(folder, {})
        folder.configuration.write_text(f"clock: {shopee.control_url}\nlisten: 127.0.0.1:0\n")
        async with running(data) as context, httpx.AsyncClient(trust_env=False, timeout=30) as client:
            key = await connect(context, shopee)
            processor = receiving.processor(context)
            receiver = receiving.receiver(context, processor.wake)
            async with open_site(context, Pages(receiver=receiver)) as address:
                gate = Gate(context, receiver, processor, address, shopee, key, client)
                if push:
                    put = {"url": gate.url, "enabled": True}
                    (await client.put(f"{shopee.control_url}/push", json=put)).raise_for_status()
                try:
                    yield gate
                finally:
                    await shopee.close()


@pytest.fixture
async def gate(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gate]:
    if database_url.startswith("postgresql"):
        monkeypatch.setenv(DATABASE_VARIABLE, database_url)
        (tmp_path / "data").mkdir(mode=0o700)
        create_key_file(DataFolder(tmp_path / "data").key)  # the tables are there: no new key would be made for them
    async with opened_gate(tmp_path / "data") as opened:
        yield opened

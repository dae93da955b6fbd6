"""A whole gateway with a few stores, on each database, with a clock that a test moves."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.cases.notices import Notice, notices_like
from gateway.clock import ManualClock
from gateway.config import DATABASE_VARIABLE, Configuration
from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.model.store import App, AppSecret, Role, Store, StoreMode
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.orders.store import upsert_after_sales, upsert_orders
from gateway.ports import AfterSalePage, OrderBatch
from gateway.storage import stores
from gateway.storage.vault import KEY_VARIABLE
from tests.kit.sales import sale

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STORES = (
    ("red", Role.seller, "xiaohongshu", "CN", "CNY", "Asia/Shanghai"),
    ("blue", Role.seller, "shopee", "MY", "MYR", "Asia/Kuala_Lumpur"),
    ("ali", Role.buyer, "alibaba_1688", "CN", "CNY", "Asia/Shanghai"),
)


@dataclass
class Office:
    """The gateway, and short words for what tests do with it."""

    context: Context
    clock: ManualClock
    folder: Path
    memory: dict[str, Any] = field(default_factory=dict)

    async def write(self, act: Callable[[Any], Any]) -> Any:
        return await self.context.database.write(act)

    async def read(self, act: Callable[[Any], Any]) -> Any:
        return await self.context.database.read(act)

    def configure(self, **settings: Any) -> None:
        told = self.context.configuration.model_dump() | settings
        object.__setattr__(self.context, "configuration", Configuration.model_validate(told))

    async def put(self, store: str, number: str, **facts: Any) -> Order:
        """Store an order that waits for shipment, unless ``facts`` say otherwise."""
        order = self.order(store, number, **facts)
        await self.keep(order)
        return order

    async def keep(self, *made: Order) -> None:
        batch = OrderBatch(orders=list(made))
        await self.write(lambda c: upsert_orders(c, self.context.vault, batch, self.clock.now()))

    def order(self, store: str, number: str, **facts: Any) -> Order:
        currency = next(each[4] for each in STORES if each[0] == store)
        region = next(each[3] for each in STORES if each[0] == store)
        return sale(store, number, self.clock.now(), **({"region": region, "currency": currency} | facts))

    async def ask(self, store: str, number: str, request: str, **facts: Any) -> AfterSale:
        """Store a buyer's request to cancel, unless ``facts`` say otherwise."""
        now = self.clock.now()
        plain: dict[str, Any] = {
            "store": store,
            "order_id": number,
            "request_id": request,
            "kind": "cancellation",
            "state": "open",
            "opened_by": "buyer",
            "reason": "changed_mind",
            "opened_at": now,
            "updated_at": now,
            "currency": next(each[4] for each in STORES if each[0] == store),
            "refund_minor": 5000,
        }
        asked = AfterSale.model_validate(plain | facts)
        page = AfterSalePage(after_sales=[asked], raws=[], next_page=None)
        await self.write(lambda c: upsert_after_sales(c, self.context.vault, page, now))
        return asked

    async def notices(self, *, settled: bool = False) -> list[Notice]:
        return await self.read(lambda c: notices_like(c, settled=settled))

    async def kinds(self, *, settled: bool = False) -> list[str]:
        return sorted(each.kind for each in await self.notices(settled=settled))

    def later(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))


@pytest.fixture
async def office(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    monkeypatch.setenv(KEY_VARIABLE, base64.b64encode(bytes(range(32))).decode())
    monkeypatch.setenv(DATABASE_VARIABLE, database_url)
    await initialise(DataFolder(tmp_path), os.environ)
    async with running(tmp_path) as context:

        def fill(c: Any) -> None:
            for platform in {each[2] for each in STORES}:
                app = App(id=platform, platform=platform, key="k", base_url="http://127.0.0.1:9")
                stores.add_app(c, context.vault, app, AppSecret(sign_key="s"), NOON)
            for name, role, platform, region, currency, zone in STORES:
                store = Store(
                    id=name, app=platform, platform=platform, external_id=name, role=role, region=region,
                    currency=currency, time_zone=zone, mode=StoreMode.act,
                )  # fmt: skip
                stores.add_store(c, store, NOON)

        await context.database.write(fill)
        clock = ManualClock(NOON)
        object.__setattr__(context, "clock", clock)
        yield Office(context, clock, tmp_path)

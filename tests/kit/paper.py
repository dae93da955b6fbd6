"""A platform made of paper: orders in a list, read through the ports, with failures on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.cases.resolve import Resolver
from gateway.clock import ManualClock
from gateway.config import SyncSettings
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, LineItem, Order, PaymentState
from gateway.model.store import App, AppSecret, Store, StoreMode
from gateway.policy.rule_set import load_rules
from gateway.ports import (
    Act,
    BadItem,
    Call,
    Channel,
    Finding,
    Happened,
    Limits,
    Manifest,
    Offered,
    Operation,
    OrderBatch,
    OrderPage,
    Rate,
    RawItem,
    StoreHealth,
    Window,
)
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.connections import Connections
from gateway.sync.pull import Progress, Pull

_rules = cache(load_rules)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def make_order(order_id: str, updated_at: datetime, **facts: Any) -> Order:
    plain: dict[str, Any] = {
        "store": "s1",
        "order_id": order_id,
        "raw_status": "READY",
        "payment": PaymentState.paid,
        "fulfillment": FulfillmentState.to_ship,
        "closure": Closure.open,
        "region": "MY",
        "currency": "MYR",
        "placed_at": updated_at,
        "updated_at": updated_at,
        "total_minor": 1000,
        "lines": (LineItem(line_id="1", product_id="p1", quantity=1),),
    }
    return Order(**(plain | facts))


@dataclass
class PaperPlatform:
    """Implements the adapter ports over a dict. ``page_size`` ids a page; the page token is an offset."""

    orders: dict[str, Order] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    page_size: int = 3
    listed: list[tuple[Window, str | None]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    before_list: Callable[[Window, str | None], None] = lambda window, page: None
    before_fetch: Callable[[Sequence[str]], None] = lambda ids: None
    performed: list[Act] = field(default_factory=list)  # acts that reached the platform
    on_perform: Callable[[Act], Awaitable[None]] | None = None  # what goes wrong on the way
    points: int = 0

    @property
    def manifest(self) -> Manifest:
        return Manifest(
            platform="paper",
            title="Paper",
            capabilities={
                Operation.list_orders: Offered.api,
                Operation.seller_close: Offered.api,
                Operation.accept_cancellation: Offered.api,
            },
            limits=Limits(timedelta(days=15), self.page_size, 2, timedelta(days=15), 10),
            rates={"default": Rate(100, 100)},
            base_urls={"default": "http://127.0.0.1:1"},
            time_zones={"MY": "Asia/Kuala_Lumpur"},
            refresh_before=timedelta(minutes=5),
            masks_buyers=False,
        )

    def put(self, order_id: str, updated_at: datetime, **facts: Any) -> None:
        self.orders[order_id] = make_order(order_id, updated_at, **facts)

    async def list_orders(self, channel: Channel, window: Window, page: str | None) -> OrderPage:
        self.listed.append((window, page))
        self.before_list(window, page)
        within = sorted(
            (order.updated_at, order_id)
            for order_id, order in self.orders.items()
            if window.start <= order.updated_at <= window.end
        )
        start = int(page or 0)
        ids = [order_id for _, order_id in within[start : start + self.page_size]]
        more = start + self.page_size < len(within)
        return OrderPage(ids, str(start + self.page_size) if more else None)

    async def fetch_orders(self, channel: Channel, ids: Sequence[str]) -> OrderBatch:
        self.before_fetch(ids)
        self.fetched.extend(ids)
        known = [self.orders[order_id] for order_id in ids if order_id in self.orders]
        good = [order for order in known if order.order_id not in self.broken]
        bad = [BadItem(order.order_id, "lines: missing", b"{}") for order in known if order.order_id in self.broken]
        return OrderBatch(good, [RawItem(order.order_id, b"{}") for order in good], bad)

    async def perform(self, channel: Channel, act: Act) -> str:
        if self.on_perform is not None:
            await self.on_perform(act)
        return self.apply(act)

    def apply(self, act: Act) -> str:
        """What the platform does when the call arrives."""
        self.performed.append(act)
        order = self.orders[act.order_id]
        ended_by = EndedBy.seller if act.operation is Operation.seller_close else EndedBy.buyer
        self.put(
            act.order_id,
            order.updated_at + timedelta(seconds=1),
            raw_status="CANCELLED",
            closure=Closure.cancelled,
            ended_by=ended_by,
            end_reason=EndReason.out_of_stock,
        )
        return f"ref-{len(self.performed)}"

    async def probe(self, channel: Channel, act: Act) -> Finding:
        ended = self.orders[act.order_id].closure is Closure.cancelled
        return Finding(Happened.applied if ended else Happened.not_applied, self.orders[act.order_id].raw_status)

    async def read_health(self, channel: Channel) -> StoreHealth:
        return StoreHealth(self.points, ())


class NoChannel:
    """A channel nobody may send through: the paper platform answers by itself."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def send(self, call: Call) -> Any:
        raise AssertionError(f"nothing should be sent, but {call.operation} was")


async def _no_wait(seconds: float) -> None:
    """Between two looks for a lost answer nobody has to wait here."""


@dataclass
class Desk:
    """One store of the paper platform with the gateway's parts around it."""

    platform: PaperPlatform
    database: Database
    vault: Vault
    clock: ManualClock
    store: Store
    told: list[Progress] = field(default_factory=list)
    settings: SyncSettings = field(default_factory=lambda: SyncSettings(history=timedelta(days=10), parallel=2))

    def pull(self, **settings: Any) -> Pull:
        return Pull(
            store=self.store,
            adapter=self.platform,  # type: ignore[arg-type]  # the parts of the port that pulling uses
            channel=NoChannel(self.store),
            database=self.database,
            vault=self.vault,
            clock=self.clock,
            settings=self.settings.model_copy(update=settings),
            tell=self.told.append,
            rules=_rules(),
        )

    async def read(self, act: Callable[[Any], Any]) -> Any:
        return await self.database.read(act)

    def resolver(self) -> Resolver:
        connections = Connections(
            self.database, self.vault, lambda platform: self.platform, lambda a, b, c, store: NoChannel(store)
        )
        return Resolver(
            database=self.database,
            vault=self.vault,
            clock=self.clock,
            rules=_rules(),
            connections=connections,
            pull_for=lambda connection: self.pull(),
            valuations={},
            sleep=_no_wait,
        )


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database.open(database_url, lock=tmp_path / "gateway.lock")
    vault = Vault(bytes(range(32)))
    store = Store(
        id="s1",
        app="a1",
        platform="shopee",
        external_id="1",
        region="MY",
        currency="MYR",
        time_zone="Asia/Kuala_Lumpur",
        mode=StoreMode.act,
    )
    app = App(id="a1", platform="shopee", key="1", base_url="http://127.0.0.1:1")

    def set_up(c: Any) -> None:
        rows.add_app(c, vault, app, AppSecret(sign_key="k"), NOON)
        rows.add_store(c, store, NOON)

    await database.write(set_up)
    yield Desk(PaperPlatform(), database, vault, ManualClock(NOON), store)
    await database.close()


@pytest.fixture
async def shop(desk: Desk) -> Desk:
    """A store with enough orders for a rate, and one, o1, to end that needs nobody's yes."""
    now = desk.clock.now()
    for n in range(30):
        desk.platform.put(f"other{n}", now - timedelta(hours=1))
    desk.platform.put("o1", now - timedelta(hours=2), paid_at=now - timedelta(hours=2))
    await desk.pull().changes()
    return desk

"""A shop made of scripted answers, and the road to the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from adapters.shopee import adapter
from gateway.clock import SimulatorClock
from gateway.errors import StoreDisconnected
from gateway.model.store import App, AppSecret, Credential, Store, StoreMode
from gateway.ports import Answer, Call
from gateway.transport.channel import AppChannel, StoreChannel, Transport
from gateway.transport.client import make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import ModeGate, Standing
from gateway.transport.limiter import Limiter
from gateway.transport.retry import RetryPlan
from mocks.kit.running import serve

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
Script = dict[str, Any]


def shop(region: str = "SG", currency: str = "SGD", external_id: str = "14701711") -> Store:
    return Store(
        id="shop-1",
        app="app-1",
        platform="shopee",
        external_id=external_id,
        region=region,
        currency=currency,
        time_zone="Asia/Singapore",
        mode=StoreMode.act,
    )


@dataclass
class PaperShop:
    """Answers each operation with the next scripted body (the last one again), and keeps every call.

    Errors go through the adapter's own classification, as the real channel does.
    """

    script: dict[str, list[Any]]
    store: Store = field(default_factory=shop)
    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        waiting = self.script[call.operation]
        content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(content, Exception):
            raise content
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        answer = Answer(200, {}, body)
        failure = adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.effect]


def wrapped(content: Any) -> dict[str, Any]:
    return {"error": "", "message": "", "request_id": "r-1", "response": content}


def order_row(**changes: Any) -> dict[str, Any]:
    """A plain order of one line and one parcel; ``...`` leaves a field away."""
    row: dict[str, Any] = {
        "order_sn": "260310AAAAAAA1",
        "region": "SG",
        "currency": "SGD",
        "cod": False,
        "order_status": "READY_TO_SHIP",
        "message_to_seller": "",
        "create_time": 1_773_000_000,
        "update_time": 1_773_000_500,
        "pay_time": 1_773_000_100,
        "ship_by_date": 1_773_200_000,
        "can_full_cancel_order": True,
        "can_partial_cancel_order": False,
        "buyer_user_id": 900100,
        "buyer_username": "buyer_one",
        "estimated_shipping_fee": 1.5,
        "actual_shipping_fee": None,
        "recipient_address": {"name": "A Person", "phone": "******10", "region": "SG", "full_address": "1 Road"},
        "note": "",
        "buyer_cancel_reason": "",
        "cancel_by": "",
        "cancel_reason": "",
        "fulfillment_flag": "fulfilled_by_local_seller",
        "pickup_done_time": 0,
        "payment_method": "Card",
        "total_amount": 21.5,
        "item_list": [item_row()],
        "package_list": [package_row()],
    }
    row.update(changes)
    return {name: value for name, value in row.items() if value is not ...}


def item_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item_id": 11,
        "item_name": "Cup",
        "item_sku": "CUP",
        "model_id": 22,
        "model_name": "Red",
        "model_sku": "CUP-R",
        "model_quantity_purchased": 2,
        "model_original_price": 12,
        "model_discounted_price": 10,
        "promotion_type": "",
        "order_item_id": 11,
        "promotion_group_id": 0,
        "active_qty": 2,
        "cancel_requested_qty": 0,
        "cancelled_qty": 0,
        "return_requested_qty": 0,
        "returned_qty": 0,
    }
    row.update(changes)
    return {name: value for name, value in row.items() if value is not ...}


def package_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "package_number": "OFG1",
        "logistics_status": "LOGISTICS_READY",
        "shipping_carrier": "Carrier",
        "group_shipment_id": None,
        "item_list": [
            {"item_id": 11, "model_id": 22, "model_quantity": 2, "order_item_id": 11, "promotion_group_id": 0}
        ],
    }
    row.update(changes)
    return {name: value for name, value in row.items() if value is not ...}


def return_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "return_sn": "2603100000000R1",
        "order_sn": "260310AAAAAAA1",
        "status": "REQUESTED",
        "reason": "NOT_RECEIPT",
        "currency": "SGD",
        "refund_amount": 12.34,
        "create_time": 1_773_000_000,
        "update_time": 1_773_000_500,
        "due_date": 1_773_100_000,
        "return_ship_due_date": 0,
        "return_seller_due_date": 0,
        "tracking_number": "",
        "return_solution": 0,
        "negotiation_status": "PENDING_RESPOND",
        "seller_proof_status": "NOT_NEEDED",
        "seller_compensation_status": "NOT_APPLICABLE",
        "item": [{"item_id": 11, "model_id": 22, "amount": 1, "refund_amount": 12.34}],
    }
    row.update(changes)
    return {name: value for name, value in row.items() if value is not ...}


@pytest.fixture
def paper() -> Callable[..., PaperShop]:
    """Makes a scripted shop: ``paper({"order.get_order_list": [body, ...]})``."""

    def make(script: dict[str, list[Any]], store: Store | None = None) -> PaperShop:
        return PaperShop(script, store or shop())

    return make


@dataclass
class Rows:
    """The makers of platform rows, as a fixture, for test modules cannot import a conftest."""

    order: Callable[..., dict[str, Any]] = order_row
    item: Callable[..., dict[str, Any]] = item_row
    package: Callable[..., dict[str, Any]] = package_row
    returned: Callable[..., dict[str, Any]] = return_row
    wrapped: Callable[[Any], dict[str, Any]] = wrapped
    shop: Callable[..., Store] = shop


@pytest.fixture
def rows() -> Rows:
    return Rows()


@dataclass
class Simulated:
    """A running simulator with one of its shops, reached through the production transport."""

    channel: StoreChannel
    app_channel: AppChannel
    app: App
    secret: AppSecret
    clock: SimulatorClock
    credentials: dict[str, Credential]
    control: httpx.AsyncClient
    client: httpx.AsyncClient

    async def get(self, path: str) -> Any:
        answer = await self.control.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, order_id: str, act: str, **details: Any) -> Any:
        return await self.post(f"/orders/{order_id}/acts", {"act": act, **details})

    async def make(self, **details: Any) -> str:
        made = await self.post("/orders", {"store": int(self.channel.store.external_id), **details})
        return str(made["id"])

    async def truth(self, order_id: str) -> Any:
        return await self.get(f"/orders/{order_id}")

    async def later(self, duration: str) -> None:
        """Advance the simulator, and wait until our clock shows it."""
        reached = datetime.fromtimestamp((await self.post("/clock", {"advance": duration}))["unix"], UTC)
        await self.clock.sleep_until(reached)


async def _connect(region: str, orders: int) -> AsyncIterator[Simulated]:
    async with serve(platforms=["shopee"], seed=7, orders=orders, clock="virtual") as addresses:
        base, control_url = addresses["shopee"]["base_url"], addresses["shopee"]["control_url"]
        clock = SimulatorClock(control_url, poll=0.01)
        await clock.start()
        control = httpx.AsyncClient(base_url=control_url, trust_env=False, timeout=30)
        client = make_client()
        try:
            told = (await control.get("/credentials")).json()
            mine = next(one for one in told["stores"] if one["region"] == region)
            app = App(id="app-1", platform="shopee", key=str(told["partner_id"]), base_url=base)
            secret = AppSecret(sign_key=told["partner_key"])
            store = shop(region, mine["currency"], str(mine["shop_id"]))
            kept = {
                store.id: Credential(
                    access_token=mine["access_token"],
                    refresh_token=mine["refresh_token"],
                    expires_at=clock.now() + timedelta(hours=4),
                )
            }

            async def load(asked: Store) -> Credential:
                if asked.id not in kept:
                    raise StoreDisconnected("no credential")
                return kept[asked.id]

            async def save(asked: Store, credential: Credential) -> None:
                kept[asked.id] = credential

            async def standing(_store: Store) -> Standing:
                return Standing(StoreMode.act)

            transport = Transport(
                client,
                clock,
                SingleFlightCredentials(load, save),
                ModeGate(standing),
                Limiter(clock, per_store=8),
                plan=RetryPlan(first=0.01, jitter=0.0),
            )
            yield Simulated(
                transport.channel(adapter, app, secret, store),
                transport.app_channel(adapter, app, secret),
                app,
                secret,
                clock,
                kept,
                control,
                client,
            )
        finally:
            await client.aclose()
            await control.aclose()
            await clock.close()


@pytest.fixture
async def simulated() -> AsyncIterator[Simulated]:
    """A shop in Singapore of a simulator with a few orders."""
    async for one in _connect("SG", 40):
        yield one


@pytest.fixture
async def simulated_vietnam() -> AsyncIterator[Simulated]:
    """A shop in Vietnam: no decimals, buyers masked."""
    async for one in _connect("VN", 40):
        yield one

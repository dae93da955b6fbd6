"""A shop made of scripted answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.tiktok_shop import adapter
from gateway.model.store import Store, StoreMode
from gateway.ports import Answer, Call
from gateway.transport.json import decode, encode


def shop() -> Store:
    return Store(
        id="shop-1",
        app="app-1",
        platform="tiktok_shop",
        external_id="7494000000000000001",
        region="JP",
        currency="JPY",
        time_zone="Asia/Tokyo",
        mode=StoreMode.act,
    )


@dataclass
class PaperShop:
    """Answers each call with what the script says; failures are judged by the adapter, as the real channel does."""

    script: dict[str, Any]
    store: Store = field(default_factory=shop)
    calls: list[Call] = field(default_factory=list)

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = Answer(200, {}, encode(self.script[call.operation]))
        failure = adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer

    @property
    def writes(self) -> list[Any]:
        return [decode(call.body or b"null") for call in self.calls if call.effect]


@pytest.fixture
def paper() -> Callable[..., PaperShop]:
    """Makes a scripted shop: ``paper({"order.detail": {"orders": []}})``, given what stands in ``data``."""

    def make(script: dict[str, Any]) -> PaperShop:
        told = {
            name: data if "code" in data else {"code": 0, "message": "Success", "request_id": "r-1", "data": data}
            for name, data in script.items()
        }
        return PaperShop(told)

    return make


@pytest.fixture
def unit() -> Callable[..., dict[str, Any]]:
    """Makes one unit; ``...`` leaves a field away."""

    def make(number: str = "1", **changes: Any) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": number,
            "sku_id": "100",
            "product_id": "10",
            "product_name": "カップ",
            "original_price": "1200",
            "sale_price": "1000",
            "currency": "JPY",
            "display_status": "AWAITING_SHIPMENT",
            "package_id": "P1",
            "package_status": "TO_FULFILL",
            "is_gift": False,
        }
        return {name: value for name, value in (row | changes).items() if value is not ...}

    return make


@pytest.fixture
def row(unit: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Makes one order of one unit; ``...`` leaves a field away."""

    def make(**changes: Any) -> dict[str, Any]:
        base: dict[str, Any] = {
            "id": "5764",
            "status": "AWAITING_SHIPMENT",
            "user_id": "7494",
            "create_time": 1_773_000_000,
            "paid_time": 1_773_000_100,
            "update_time": 1_773_003_700,
            "is_on_hold_order": True,
            "shipping_type": "SELLER",
            "payment": {"currency": "JPY", "total_amount": "1600", "shipping_fee": "600"},
            "recipient_address": {"name": "Example Person", "region_code": "JP"},
            "line_items": [unit()],
        }
        return {name: value for name, value in (base | changes).items() if value is not ...}

    return make

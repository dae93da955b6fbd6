from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order
from gateway.storage.database import Database
from gateway.storage.vault import Vault

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return START + timedelta(days=1, microseconds=7)


@pytest.fixture
def vault() -> Vault:
    return Vault(base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
async def database(url: str, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(url, lock=tmp_path / "lock")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def make_order() -> Callable[..., Order]:
    def make(second: int = 0, **fields: Any) -> Order:
        told: dict[str, Any] = {
            "store": "sg",
            "order_id": "260314A",
            "raw_status": "READY_TO_SHIP",
            "payment": "paid",
            "fulfillment": "to_ship",
            "closure": "open",
            "region": "SG",
            "currency": "SGD",
            "placed_at": START,
            "updated_at": START + timedelta(seconds=second),
            "ship_by": START + timedelta(days=2),
            "total_minor": 1990,
            "lines": ({"line_id": "1-1", "product_id": "1", "title": "Cup", "quantity": 2, "unit_price_minor": 995},),
            "buyer": {"buyer_id": "b1", "name": "Canary Quillfeather"},
            "recipient": {"name": "Canary Quillfeather", "phone": "55501999", "full_address": "Nowhere Lane 77"},
            "note": "canary note text",
            "buyer_message": "canary message text",
        }
        return Order.model_validate({**told, **fields})

    return make


@pytest.fixture(scope="session")
def make_request() -> Callable[..., AfterSale]:
    def make(second: int = 0, **fields: Any) -> AfterSale:
        told: dict[str, Any] = {
            "store": "sg",
            "order_id": "260314A",
            "request_id": "R1",
            "kind": "cancellation",
            "state": "open",
            "opened_at": START + timedelta(seconds=second),
            "updated_at": START + timedelta(seconds=second),
            "currency": "SGD",
        }
        return AfterSale.model_validate({**told, **fields})

    return make

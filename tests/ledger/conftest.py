from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, update

from gateway.ledger.quota import CloseEntry, CloseState
from gateway.model.store import Store, StoreMode
from gateway.storage.engines import Use, make_engine
from gateway.storage.schema import stores
from tests.kit.paper import desk

__all__ = ["desk"]

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def xhs() -> Store:
    return Store(
        id="s1",
        app="a1",
        platform="xiaohongshu",
        external_id="2",
        region="CN",
        currency="CNY",
        time_zone="Asia/Shanghai",
        mode=StoreMode.act,
    )


@pytest.fixture(scope="session")
def close() -> Callable[..., CloseEntry]:
    """Make one entry of an order's close."""

    def make(order_id: str, **fields: Any) -> CloseEntry:
        plain: dict[str, Any] = {
            "store": "s1",
            "order_id": order_id,
            "state": CloseState.reserved,
            "month": "2026-03",
            "units": 1,
            "points": 0,
            "holder": f"effect of {order_id}",
            "reason": "out_of_stock",
            "contacted": True,
            "by": "anna",
            "at": NOON,
            "because": "",
        }
        return CloseEntry(**(plain | fields))

    return make


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url, Use.write)
    yield made
    made.dispose()


@pytest.fixture
def books(engine: Engine) -> Iterator[Connection]:
    """One transaction, never committed."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture
async def shop(desk: Any, xhs: Store) -> Any:
    """The desk as a store on Xiaohongshu, connected at noon."""
    told = {name: getattr(xhs, name) for name in ("platform", "external_id", "region", "currency", "time_zone")}
    await desk.database.write(lambda c: c.execute(update(stores).values(told)))
    desk.store = xhs
    return desk

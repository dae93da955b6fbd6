"""A request that the platform keeps within the order ends when a newer order no longer carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Closure, Order
from gateway.orders.merge import merge
from gateway.orders.store import order, upsert_orders
from gateway.ports import OrderBatch
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from tests.kit.paper import make_order

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def asked(at: datetime, *, in_order: bool = True) -> AfterSale:
    return AfterSale(
        store="s1",
        order_id="o1",
        request_id="cancel:o1",
        in_order=in_order,
        kind=RequestKind.cancellation,
        state=RequestState.open,
        opened_at=at,
        updated_at=at,
        currency="MYR",
    )


def readings(ending: Closure, *, in_order: bool = True) -> list[Order]:
    """Asked at one, still asked at two, no longer asked at three."""
    one, two, three = (T0 + timedelta(hours=n) for n in (1, 2, 3))
    return [
        make_order("o1", one, requests=(asked(one, in_order=in_order),)),
        make_order("o1", two, requests=(asked(two, in_order=in_order),)),
        make_order("o1", three, closure=ending),
    ]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url, lock=None)
    yield opened
    await opened.close()


async def store_all(database: Database, orders: Sequence[Order]) -> list[AfterSale]:
    vault = Vault(bytes(32))
    for each in orders:
        await database.write(lambda c, each=each: upsert_orders(c, vault, OrderBatch([each]), T0))
    stored: Any = await database.read(lambda c: order(c, vault, "s1", "o1"))
    return list(stored.order.requests)


@pytest.mark.parametrize("arrival", list(permutations(range(3))))
@pytest.mark.parametrize(
    ("ending", "expected"), [(Closure.open, RequestState.withdrawn), (Closure.cancelled, RequestState.done)]
)
async def test_ends_in_whatever_order_the_readings_arrive(
    database: Database, arrival: tuple[int, ...], ending: Closure, expected: RequestState
) -> None:
    told = readings(ending)
    (request,) = await store_all(database, [told[n] for n in arrival])
    assert request.state is expected
    assert request.opened_at <= T0 + timedelta(hours=2)


async def test_request_read_apart_from_orders_is_not_ended_by_silence(database: Database) -> None:
    (request,) = await store_all(database, readings(Closure.open, in_order=False))
    assert request.state is RequestState.open


def test_pure_merge_says_the_same() -> None:
    first, _, last = readings(Closure.open)
    merged = merge(first, last)
    assert merged is not None
    assert [request.state for request in merged.requests] == [RequestState.withdrawn]
    late = merge(last, first)
    assert late is not None
    assert [request.state for request in late.requests] == [RequestState.withdrawn]


async def test_answered_within_the_second_it_was_asked(database: Database) -> None:
    """Platforms date changes to the second: the reading that comes later counts."""
    one = T0 + timedelta(hours=1)
    asking = make_order("o1", one, requests=(asked(one),))
    (request,) = await store_all(database, [asking, make_order("o1", one, closure=Closure.cancelled)])
    assert request.state is RequestState.done

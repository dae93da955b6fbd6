"""Section 7, the status errors of ship_order: every row, provoked from outside.

logistics.error_param "The order status is not ready to ship."  unpaid, on hold
logistics.error_param "Order has been shipped."                 arranged, shipped, delivered
logistics.error_order_state                                     a cancellation request waits
error_status "The order has been cancelled."                    a cancelled order
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api


async def ship(api: Api, order_sn: str, **how: Any) -> Any:
    return await api.post("logistics/ship_order", {"order_sn": order_sn, **(how or {"dropoff": {}})})


@pytest.mark.parametrize("phase", ["unpaid", "on_hold"])
async def test_not_ready(api: Api, phase: str) -> None:
    order_sn = await api.order(phase=phase)
    before = await api.status(order_sn)
    (await ship(api, order_sn)).refused("logistics.error_param", "The order status is not ready to ship.")
    assert await api.status(order_sn) == before
    assert await api.effects("logistics/ship_order") == []


@pytest.mark.parametrize("phase", ["in_transit", "delivered", "completed"])
async def test_already_shipped(api: Api, phase: str) -> None:
    order_sn = await api.order(phase=phase)
    (await ship(api, order_sn)).refused("logistics.error_param", "Order has been shipped.")
    assert await api.effects("logistics/ship_order") == []


async def test_arranged_twice(api: Api) -> None:
    order_sn = await api.order()
    assert (await api.ship(order_sn)).error == ""
    answer = await ship(api, order_sn)
    answer.refused_as_one_of(
        ("logistics.error_param", "Order has been shipped."),
        ("logistics.error_param", "The order status is not ready to ship."),
        ("logistics.error_order_state", None),
    )
    assert len(await api.effects("logistics/ship_order")) == 1


async def test_state_that_allows_no_shipment(api: Api) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    (await ship(api, order_sn)).refused("logistics.error_order_state")
    assert await api.status(order_sn) == "IN_CANCEL"
    assert await api.effects("logistics/ship_order") == []


async def test_cancelled(api: Api) -> None:
    order_sn = await api.order(phase="cancelled")
    (await ship(api, order_sn)).refused("error_status", "The order has been cancelled.")
    assert await api.effects("logistics/ship_order") == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("logistics.error_param", "The order status is not ready to ship."),
        ("logistics.error_param", "Order has been shipped."),
        ("logistics.error_order_state", None),
        ("error_status", "The order has been cancelled."),
    ],
)
async def test_row_switched(api: Api, error: str, message: str | None) -> None:
    order_sn = await api.order()
    await api.answers(error, message=message, operation="logistics/ship_order")
    (await api.ship(order_sn)).refused(error, message)
    assert await api.status(order_sn) == "READY_TO_SHIP"
    assert await api.effects("logistics/ship_order") == []


async def test_none_of_the_three_ways(api: Api) -> None:
    """The chosen object must be present even when empty."""
    order_sn = await api.order()
    answer = await api.post("logistics/ship_order", {"order_sn": order_sn})
    assert answer.error.split(".")[-1] == "error_param"
    assert await api.status(order_sn) == "READY_TO_SHIP"


async def test_unknown_order(api: Api) -> None:
    answer = await ship(api, "260101NOSUCHSN")
    assert answer.error.split(".")[-1] == "error_not_found"


async def test_update_shipping_order_is_for_retry_ship_only(api: Api) -> None:
    order_sn = await api.order()
    answer = await api.post(
        "logistics/update_shipping_order",
        {"order_sn": order_sn, "pickup": {"address_id": 1, "pickup_time_id": "1"}},
    )
    assert answer.error != ""
    assert await api.effects() == []


@pytest.mark.parametrize("phase", ["awaiting_collection", "in_transit", "unpaid"])
@pytest.mark.parametrize("call", ["order/split_order", "order/unsplit_order"])
async def test_split_is_for_ready_to_ship_only(api: Api, phase: str, call: str) -> None:
    order_sn = await api.order(phase=phase, lines=[{"sku": "A", "title": "Mug", "quantity": 2, "price": 5}])
    answer = await api.post(call, {"order_sn": order_sn, "package_list": [{"item_list": []}]})
    assert answer.error != ""
    assert await api.effects() == []

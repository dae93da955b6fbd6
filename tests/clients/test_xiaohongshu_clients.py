"""Xiaohongshu (platforms/xiaohongshu/API.md, sections 1 to 5): a client by others against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import RunClient, Simulator

PLATFORM = "xiaohongshu"
pytestmark = pytest.mark.slow

LINES = [{"sku": "CUP-1", "title": "杯子", "quantity": 2, "price": "5.50"}]


def test_xiaohongshu_ecommerce(simulator: Simulator, run_python: RunClient) -> None:
    credentials = simulator.get("credentials")
    store = credentials["stores"][0]["seller_id"]
    to_ship = simulator.make(store=store, phase="awaiting_shipment", lines=LINES)
    to_refuse = simulator.make(store=store, phase="in_transit", lines=LINES)
    to_refund = simulator.make(store=store, phase="awaiting_shipment", lines=LINES)
    asked = simulator.post(f"orders/{to_refund}/acts", {"act": "buyer_requests_cancellation"})
    returns_id = asked["cancellation"]["returns_id"]
    for _ in range(12):
        simulator.make(store=store, phase="awaiting_shipment", lines=LINES)
    now = simulator.now()
    since = now - 86_000  # a window by creation spans at most 24 hours
    paid = simulator.order(to_ship)["money"]["total"]
    opened = [
        one["returns_id"] for row in simulator.orders(store, 0) for one in row["returns"] if one["opened_at"] >= since
    ]

    seen = run_python(
        "xiaohongshu_ecommerce_client.py",
        base_url=simulator.base_url,
        app_id=credentials["app_id"],
        app_secret=credentials["app_secret"],
        auth_code=credentials["auth_codes"][0],
        time_from=since,
        time_to=now + 60,
        page_size=5,
        to_ship=to_ship,
        to_refuse=to_refuse,
        to_review=returns_id,
    )

    assert seen["seller"] == store
    assert seen["renewed"] == {"success": True, "seller": store}
    assert len(seen["pages"]) >= 3
    placed = sorted(row["id"] for row in simulator.orders(store, since))
    assert sorted(order for page in seen["pages"] for order in page) == placed
    assert seen["detail"] == {"id": to_ship, "status": 4, "paid": round(float(paid) * 100)}
    assert sorted(one for page in seen["after_sales"] for one in page) == sorted(opened)
    assert (seen["reviewed"], seen["reviewed_twice"]["success"]) == (True, False)
    assert (seen["written"], seen["refused"]["success"]) == (True, False)

    assert simulator.order(to_ship)["status"] == "6"
    assert simulator.order(to_refuse)["status"] == "6"
    assert simulator.writes(to_ship) == ["order.orderDeliver"]
    assert simulator.writes(to_refuse) == []
    assert simulator.writes(to_refund) == ["afterSale.auditReturns"]

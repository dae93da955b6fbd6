"""Shopee (platforms/shopee/API.md, sections 2 to 6): clients by others against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import RunClient, Simulator

PLATFORM = "shopee"
pytestmark = pytest.mark.slow

DAYS = 86_400
LINES = [{"sku": "CUP-1", "title": "Cup", "quantity": 2, "price": "5.50"}]


class Work:
    """A shop, two orders in it, and what every client is given to do with them."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        credentials = simulator.get("credentials")
        self.shop = credentials["stores"][0]
        self.store = str(self.shop["shop_id"])
        self.to_cancel = simulator.make(store=self.store, phase="awaiting_shipment", lines=LINES)
        self.to_refuse = simulator.make(store=self.store, phase="in_transit", lines=LINES)
        now = simulator.now()
        self.given: dict[str, Any] = {
            "base_url": simulator.base_url,
            "partner_id": credentials["partner_id"],
            "partner_key": credentials["partner_key"],
            "auth_code": credentials["auth_codes"][0],
            "shop_id": self.shop["shop_id"],
            "redirect_url": "http://127.0.0.1/",
            "time_from": now - 14 * DAYS,
            "time_to": now + 60,
            "page_size": 7,
            "to_cancel": self.to_cancel,
            "to_refuse": self.to_refuse,
        }
        self.placed = sorted(row["id"] for row in simulator.orders(self.store, now - 14 * DAYS))

    def assert_listed_whole(self, pages: list[list[str]]) -> None:
        assert len(pages) >= 3
        assert [len(page) for page in pages[:-1]] == [7] * (len(pages) - 1)
        assert sorted(order for page in pages for order in page) == self.placed

    def assert_cancelled_once_and_refused_once(self) -> None:
        cancelled, refused = self.simulator.order(self.to_cancel), self.simulator.order(self.to_refuse)
        assert (cancelled["status"], cancelled["ended"]["by"]) == ("CANCELLED", "seller")
        assert refused["status"] == "SHIPPED"
        assert self.simulator.writes(self.to_cancel) == ["order/cancel_order"]
        assert self.simulator.writes(self.to_refuse) == []


def test_pyshopee(simulator: Simulator, run_python: RunClient) -> None:
    work = Work(simulator)
    total = float(simulator.order(work.to_cancel)["money"]["total"])
    seen = run_python("pyshopee_client.py", **work.given)
    assert seen["renewed"] is True
    assert 14_000 < seen["expires_in"] <= 14_400
    work.assert_listed_whole(seen["pages"])
    assert seen["detail"] == {"id": work.to_cancel, "status": "READY_TO_SHIP", "total": pytest.approx(total)}
    assert (seen["written"], seen["refused"]) == ("", "order.error_limit")
    work.assert_cancelled_once_and_refused_once()


@pytest.mark.needs_node
def test_shopee_sdk(simulator: Simulator, run_node: RunClient) -> None:
    work = Work(simulator)
    total = float(simulator.order(work.to_cancel)["money"]["total"])
    seen = run_node("shopee_sdk.mjs", **work.given)
    assert seen["renewed"] is True
    work.assert_listed_whole(seen["pages"])
    detail = seen["detail"]
    assert (detail["id"], detail["status"]) == (work.to_cancel, "READY_TO_SHIP")
    assert detail["total"] == pytest.approx(total)
    assert (seen["written"], seen["refused"]["error"]) == ("", "order.error_limit")
    assert seen["after_renewal"] == "CANCELLED"
    work.assert_cancelled_once_and_refused_once()

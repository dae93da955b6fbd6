"""TikTok Shop (platforms/tiktok_shop/API.md, sections 1 to 4): clients by others against the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import RunClient, Simulator

PLATFORM = "tiktok_shop"
pytestmark = pytest.mark.slow

DAYS = 86_400
LINES = [{"sku": "CUP-1", "title": "カップ", "quantity": 2, "price": "550"}]
CLIENTS = ["python", pytest.param("node", marks=pytest.mark.needs_node)]


@pytest.fixture(params=CLIENTS)
def run_client(request: pytest.FixtureRequest) -> Any:
    run = request.getfixturevalue(f"run_{request.param}")
    script = {"python": "tiktok_shop_api_client.py", "node": "tiktok_shop_sdk.mjs"}[request.param]
    return lambda **given: run(script, **given)


def test_tiktok_shop_api_and_tiktok_shop_sdk(simulator: Simulator, run_client: RunClient) -> None:
    credentials = simulator.get("credentials")
    shop = credentials["stores"][0]
    since = simulator.now() - 60 * DAYS
    to_cancel = simulator.make(store=shop["shop_id"], phase="awaiting_shipment", lines=LINES)
    to_refuse = simulator.make(store=shop["shop_id"], phase="in_transit", lines=LINES)
    webhook = "https://hooks.example.com/tiktok"
    total = simulator.order(to_cancel)["money"]["total"]

    seen = run_client(
        base_url=simulator.base_url,
        app_key=credentials["app_key"],
        app_secret=credentials["app_secret"],
        auth_code=credentials["auth_codes"][0],
        shop_cipher=shop["shop_cipher"],
        time_from=since,
        time_to=simulator.now() + 60,
        page_size=11,
        to_cancel=to_cancel,
        to_refuse=to_refuse,
        webhook=webhook,
    )

    assert seen["renewed"] is True
    assert seen["shops"] == [shop["shop_id"]]
    assert len(seen["pages"]) >= 3
    assert [len(page) for page in seen["pages"][:-1]] == [11] * (len(seen["pages"]) - 1)
    placed = sorted(row["id"] for row in simulator.orders(shop["shop_id"], since))
    assert sorted(order for page in seen["pages"] for order in page) == placed
    assert seen["details"] == sorted([to_cancel, to_refuse])
    assert seen["detail"] == {"id": to_cancel, "status": "AWAITING_SHIPMENT", "total": total, "units": 2}
    assert seen["written"] == "CANCELLATION_REQUEST_SUCCESS"
    assert seen["refused"] == 25001045  # shipped, cannot cancel
    assert seen["webhooks"] == [webhook]

    assert simulator.order(to_cancel)["status"] == "CANCELLED"
    assert simulator.order(to_refuse)["status"] == "IN_TRANSIT"
    assert simulator.writes(to_cancel) == ["return_refund/cancellations"]
    assert simulator.writes(to_refuse) == []


def test_tiktok_shop_api_chat(simulator: Simulator, run_python: RunClient) -> None:
    credentials = simulator.get("credentials")
    shop = credentials["stores"][0]
    order = simulator.make(store=shop["shop_id"], phase="awaiting_shipment", lines=LINES)
    simulator.post(f"orders/{order}/acts", {"act": "buyer_replies", "text": "まだですか"})

    seen = run_python(
        "tiktok_shop_api_chat.py",
        base_url=simulator.base_url,
        app_key=credentials["app_key"],
        app_secret=credentials["app_secret"],
        access_token=shop["access_token"],
        shop_cipher=shop["shop_cipher"],
        answer="明日発送します",
    )

    assert {"まだですか", "明日発送します"} <= set(seen["messages"])
    assert seen["sent"] is True
    assert seen["refused"] is not None
    assert [one["operation"] for one in simulator.get("effects")] == ["customer_service/conversations/messages"]

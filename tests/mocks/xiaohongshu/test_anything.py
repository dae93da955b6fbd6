"""Whatever people, carriers, the platform and calls do in whatever order: answers keep their form, numbers add up."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Start

STEPS = 260
ACTS = (
    "buyer_pays", "buyer_cancels", "buyer_requests_cancellation", "buyer_requests_refund", "buyer_requests_return",
    "buyer_requests_exchange", "buyer_requests_price_protection", "buyer_changes_request",
    "buyer_turns_exchange_into_refund", "buyer_withdraws_request", "buyer_ships_return", "buyer_opens_dispute",
    "buyer_confirms_receipt", "buyer_changes_address", "seller_ships", "seller_picks", "seller_reports_delay",
    "merchant_closes", "carrier_collects", "carrier_delivers", "carrier_loses", "carrier_returns",
    "warehouse_receives_return", "platform_cancels", "platform_holds", "platform_releases", "platform_clears_customs",
    "platform_decides", "platform_extends_ship_by",
)  # fmt: skip
KNOWN = {"unpaid", "on_hold", "awaiting_shipment", "in_transit", "delivered", "completed", "closed", "cancelled"}


async def some_call(api: Api, rng: random.Random, truth: dict[str, Any]) -> None:
    """A write, legal or not: it answers in its envelope."""
    asked = [one["returns_id"] for one in truth["returns"]]
    if asked and rng.random() < 0.7:
        to = {"sellerAddressRecordId": 19605746}
        params: dict[str, Any] = {"returnsId": rng.choice(asked), "action": rng.randint(1, 3), "receiverInfo": to}
        answer = await rng.choice(
            [
                lambda: api.call("afterSale.auditReturns", **params, reason=201),
                lambda: api.call("afterSale.confirmReceive", **params, reason=301),
                lambda: api.call(
                    "afterSale.receiveAndShip", returnsId=params["returnsId"], expressCompanyCode="zto", expressNo="Z"
                ),
            ]
        )()
    else:
        skus = [line["sku_id"] for line in truth["lines"]]
        answer = await rng.choice(
            [
                lambda: api.ship(truth["id"]),
                lambda: api.ship(truth["id"], unpack=True, skuIdList=skus[:1]),
                lambda: api.call(
                    "order.modifyOrderExpressInfo", orderId=truth["id"], expressNo="N", expressCompanyCode="zto"
                ),
            ]
        )()
    assert answer.http == 200
    assert isinstance(answer.body["success"], bool)
    if answer.body["success"] is False:
        answer.refused()


def check(truth: dict[str, Any]) -> None:
    assert truth["phase"] in KNOWN
    for line in truth["lines"]:
        used = line["cancelled"] + line["returned"]
        asked = line["cancel_requested"] + line["return_requested"]
        assert min(line[name] for name in ("cancelled", "returned", "cancel_requested", "return_requested")) >= 0
        assert used + asked <= line["quantity"], truth
        assert not (truth["status"] in {"8", "9"} and (asked or used != line["quantity"])), truth
    assert (truth["ended"] is not None) == (truth["status"] in {"8", "9"})
    assert (truth["times"]["completed"] is not None) or truth["status"] != "7"
    running = [one for one in truth["returns"] if one["status"] not in {"4", "5", "6"}]
    assert len(running) <= 1
    assert truth["status"] not in {"8", "9"} or not running, truth
    assert (truth["status"] == "10") <= bool(running), truth
    back = sum(float(one["refunded"]) for one in truth["returns"])
    assert back <= float(truth["money"]["total"]) + 0.001, truth
    times = truth["times"]
    assert times["created"] <= times["updated"]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_anything_in_any_order(start: Start, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    api = await start(orders=64, seed=seed)
    rng = random.Random(seed)
    ids = [one["id"] for one in await api.control_ok("GET", "/orders") if one["store"] == api.seller_id]
    for step in range(STEPS):
        if step % 25 == 24:
            await api.advance(rng.choice(["PT5M", "PT31M", "PT6H", "P1D", "P3D"]))
            for store in api.stores:
                await api.oauth("oauth.refreshToken", refreshToken=store["refresh_token"])
            await api.load_credentials()
            everything = await api.control_ok("GET", "/orders")
            for truth in everything:
                check(truth)
            ids = [one["id"] for one in everything if one["store"] == api.seller_id]
            continue
        order_id = rng.choice(ids)
        if rng.random() < 0.35:
            await some_call(api, rng, await api.truth(order_id))
        else:
            offered = (await api.control_ok("GET", f"/orders/{order_id}/acts"))["acts"]
            act = rng.choice(offered or ACTS) if rng.random() < 0.8 else rng.choice(ACTS)
            body: dict[str, Any] = {"act": act, "for": rng.choice(["buyer", "seller"])}
            if "requests" in act and rng.random() < 0.4:
                body |= {"lines": [{"line": 0, "quantity": 1}]}
            status, answer = await api.control("POST", f"/orders/{order_id}/acts", body)
            assert status in {200, 409}, (act, answer)
        truth = await api.truth(order_id)
        check(truth)
        found = await api.detail(order_id)
        assert (str(found["orderStatus"]), found["updateTime"]) == (truth["status"], truth["updated_ms"])
        assert [one["status"] for one in truth["returns"]] == [
            str(one["status"]) for one in await api.after_sales(order_id)
        ]
    assert [record.getMessage() for record in caplog.records if "transition" in record.getMessage()] == []
    truths = [one for one in await api.control_ok("GET", "/orders") if one["store"] == api.seller_id]
    for sku_id in {line["sku_id"] for one in truths for line in one["lines"]}:
        stock = (await api.ok("inventory.getSkuStock", skuId=sku_id))["skuStock"]
        unpaid = [line for one in truths if one["status"] == "1" for line in one["lines"]]
        held = sum(line["quantity"] for line in unpaid if line["sku_id"] == sku_id)
        assert stock["occupiedQuantity"] == held
        assert stock["available"] == stock["total"] - held

"""Section 6: cancelling by the seller, in part, by the buyer and by the platform."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

LINES = [
    {"sku": "MUG-1", "title": "Mug", "quantity": 3, "price": 10},
    {"sku": "TEA-1", "title": "Tea", "quantity": 2, "price": 5},
]


async def answer_request(api: Api, order_sn: str, operation: str) -> dict[str, Any]:
    return (await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": operation})).ok


async def in_cancel(api: Api, phase: str = "awaiting_shipment") -> str:
    order_sn = await api.order(phase=phase)
    await api.advance("PT2H")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Found Cheaper Elsewhere")
    assert await api.status(order_sn) == "IN_CANCEL"
    return order_sn


# -- the seller ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["OUT_OF_STOCK", "CUSTOMER_REQUEST"])
async def test_cancel(api: Api, reason: str) -> None:
    order_sn = await api.order(lines=LINES)
    await api.advance("PT1M")
    answer = (await api.cancel(order_sn, reason)).ok
    assert answer == {"update_time": await api.now()}
    detail = await api.detail(order_sn, "cancel_by,cancel_reason,item_list")
    assert detail["order_status"] == "CANCELLED"
    assert detail["update_time"] == answer["update_time"]
    assert detail["cancel_by"].lower() == "seller"
    assert detail["cancel_reason"]
    assert [i["active_qty"] for i in detail["item_list"]] == [0, 0]
    assert [i["cancelled_qty"] for i in detail["item_list"]] == [3, 2]
    assert (detail["can_full_cancel_order"], detail["can_partial_cancel_order"]) == (False, False)
    effects = await api.effects("order/cancel_order")
    assert [e["order_id"] for e in effects] == [order_sn]


async def test_one_item_without_stock_cancels_the_whole_order(api: Api) -> None:
    order_sn = await api.order(lines=LINES)
    first = (await api.lines(order_sn))[0]
    item = {"item_id": first["item_id"], "model_id": first["model_id"]}
    assert (await api.cancel(order_sn, "OUT_OF_STOCK", item_list=[item])).error == ""
    assert await api.status(order_sn) == "CANCELLED"


@pytest.mark.parametrize("region", ["TW", "MY"])
async def test_undeliverable_area(api: Api, region: str) -> None:
    known = {s["region"] for s in api.stores}
    store = api.store_in(region if region in known else next(iter(known & {"TW", "MY"})))
    order_sn = await api.order(store=store["shop_id"])
    assert (await api.cancel(order_sn, "UNDELIVERABLE_AREA", store=store)).error == ""
    assert await api.status(order_sn, store) == "CANCELLED"


async def test_cod_not_supported(api: Api) -> None:
    order_sn = await api.order(cod=True)
    assert (await api.detail(order_sn))["cod"] is True
    assert (await api.cancel(order_sn, "COD_NOT_SUPPORTED")).error == ""
    assert await api.status(order_sn) == "CANCELLED"


async def test_an_unpaid_order_and_the_packages_of_a_cancelled_one(api: Api) -> None:
    ready = await api.order()
    assert (await api.cancel(ready)).error == ""
    package = (await api.detail(ready, "package_list"))["package_list"][0]
    assert package["logistics_status"] == "LOGISTICS_INVALID"


async def test_a_parcel_the_carrier_was_asked_for_keeps_its_number_when_the_order_is_cancelled(api: Api) -> None:
    order_sn = await api.order(phase="awaiting_collection")
    await api.act(order_sn, "carrier_misses_pickup")
    assert await api.status(order_sn) == "RETRY_SHIP"
    await api.act(order_sn, "platform_cancels")
    package = (await api.detail(order_sn, "package_list"))["package_list"][0]
    assert package["logistics_status"] == "LOGISTICS_REQUEST_CANCELED"


# -- in part -------------------------------------------------------------------------------------------------------


async def part_of(api: Api, order_sn: str, quantity: int) -> list[dict[str, Any]]:
    line = (await api.lines(order_sn))[0]
    return [{"item_id": line["item_id"], "model_id": line["model_id"], "model_quantity": quantity}]


async def test_partial_cancel_takes_pieces_off_a_line(api: Api) -> None:
    order_sn = await api.order(lines=LINES)
    assert (await api.detail(order_sn))["can_partial_cancel_order"] is True
    part = await part_of(api, order_sn, 2)
    item = {"item_id": part[0]["item_id"], "model_id": part[0]["model_id"]}
    answer = await api.cancel(order_sn, "OUT_OF_STOCK", item_list=[item], partial_cancel_item_list=part)
    assert answer.ok["update_time"] == await api.now()
    first, second = await api.lines(order_sn)
    assert first["model_quantity_purchased"] == 3
    assert (first["active_qty"], first["cancelled_qty"] + first["cancel_requested_qty"]) == (1, 2)
    assert (second["active_qty"], second["cancelled_qty"]) == (2, 0)
    assert await api.status(order_sn) != "CANCELLED"


async def test_the_preview_of_a_partial_cancel_applies_nothing(api: Api) -> None:
    order_sn = await api.order(lines=LINES)
    part = await part_of(api, order_sn, 2)
    answer = await api.post("order/get_estimate_cancel_value", {"order_sn": order_sn, "partial_cancel_item_list": part})
    found = answer.body.get("response", answer.body)["cancel_value_price"]
    assert isinstance(found, str)
    assert Decimal(found) == 20
    assert [i["cancelled_qty"] for i in await api.lines(order_sn)] == [0, 0]
    assert await api.effects() == []


# -- the buyer -----------------------------------------------------------------------------------------------------


async def test_within_the_first_hour_the_buyer_cancels_alone(api: Api) -> None:
    order_sn = await api.order(phase="unpaid")
    await api.act(order_sn, "buyer_pays")
    await api.advance("PT59M")
    await api.act(order_sn, "buyer_cancels")
    detail = await api.detail(order_sn, "cancel_by,cancel_reason")
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() == "buyer"
    assert await api.effects() == [], "the buyer's doing is no write of the client"


async def test_after_the_first_hour_the_buyer_must_ask(api: Api) -> None:
    order_sn = await api.order(phase="unpaid")
    await api.act(order_sn, "buyer_pays")
    await api.advance("PT1H1M")
    await api.illegal_act(order_sn, "buyer_cancels")
    await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    assert await api.status(order_sn) == "IN_CANCEL"


async def test_accept(api: Api) -> None:
    order_sn = await in_cancel(api)
    await api.advance("PT1M")
    assert await answer_request(api, order_sn, "ACCEPT") == {"update_time": await api.now()}
    detail = await api.detail(order_sn, "cancel_by,cancel_reason,buyer_cancel_reason")
    assert detail["order_status"] == "CANCELLED"
    assert detail["buyer_cancel_reason"] == "Found Cheaper Elsewhere"
    assert detail["cancel_by"]
    assert [e["order_id"] for e in await api.effects("order/handle_buyer_cancellation")] == [order_sn]


@pytest.mark.parametrize(
    ("phase", "status"), [("awaiting_shipment", "READY_TO_SHIP"), ("awaiting_collection", "PROCESSED")]
)
@pytest.mark.parametrize("end", ["rejects", "withdraws"])
async def test_after_the_request_the_order_goes_back(api: Api, phase: str, status: str, end: str) -> None:
    order_sn = await in_cancel(api, phase)
    if end == "rejects":
        assert "update_time" in await answer_request(api, order_sn, "REJECT")
    else:
        await api.act(order_sn, "buyer_withdraws_request")
    assert await api.status(order_sn) == status
    assert (await api.detail(order_sn, "cancel_by"))["cancel_by"] == ""


@pytest.mark.parametrize("end", ["rejects", "withdraws"])
async def test_the_buyer_can_not_ask_again(api: Api, end: str) -> None:
    order_sn = await in_cancel(api)
    if end == "rejects":
        await answer_request(api, order_sn, "REJECT")
    else:
        await api.act(order_sn, "buyer_withdraws_request")
    await api.illegal_act(order_sn, "buyer_requests_cancellation", reason="Others")
    assert await api.status(order_sn) == "READY_TO_SHIP"


async def test_an_unanswered_request_ends_after_two_days(api: Api) -> None:
    order_sn = await in_cancel(api)
    await api.advance("PT47H59M")
    await api.store_act("expire_tokens")
    store = await api.renewed()
    assert await api.status(order_sn, store) == "IN_CANCEL"
    await api.advance("PT2M")
    assert await api.status(order_sn, store) == "CANCELLED"


async def test_the_two_days_are_settable(api: Api) -> None:
    await api.app_act("set_timing", cancel_answer="PT3H")
    order_sn = await in_cancel(api)
    await api.advance("PT1H58M")
    assert await api.status(order_sn) == "IN_CANCEL"
    await api.store_act("expire_tokens")
    await api.advance("PT1H3M")
    store = await api.renewed()
    assert await api.status(order_sn, store) == "CANCELLED"


async def test_an_answer_in_time_stops_the_clock(api: Api) -> None:
    order_sn = await in_cancel(api)
    await answer_request(api, order_sn, "REJECT")
    await api.advance("PT49H")
    store = await api.renewed()
    assert await api.status(order_sn, store) == "READY_TO_SHIP"


# -- the platform --------------------------------------------------------------------------------------------------


async def test_an_unpaid_order_ends_by_itself(api: Api) -> None:
    order_sn = await api.order(phase="unpaid")
    await api.advance("P10D")
    store = await api.renewed()
    detail = await api.detail(order_sn, "cancel_by,cancel_reason", store)
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() == "system"
    assert detail["cancel_reason"]


async def test_an_order_the_seller_did_not_ship_ends_by_itself(api: Api) -> None:
    """Not shipped within days_to_ship plus a grace of 72 hours."""
    order_sn = await api.order()
    deadline = (await api.detail(order_sn))["ship_by_date"]
    await api.advance(f"PT{deadline - await api.now() + 60}S")
    store = await api.renewed()
    assert await api.status(order_sn, store) == "READY_TO_SHIP"
    await api.advance("P7D")
    store = await api.renewed(store)
    detail = await api.detail(order_sn, "cancel_by,cancel_reason", store)
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() == "system"


async def test_the_platform_cancels(api: Api) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "platform_cancels", reason="Inactive Seller")
    detail = await api.detail(order_sn, "cancel_by,cancel_reason")
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() in {"system", "ops"}
    assert detail["cancel_reason"] == "Inactive Seller"


async def test_a_lost_parcel_ends_the_order(api: Api) -> None:
    order_sn = await api.order(phase="in_transit")
    await api.act(order_sn, "carrier_loses")
    detail = await api.detail(order_sn, "cancel_by,cancel_reason,package_list")
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() == "system"
    assert detail["cancel_reason"] == "Parcel is Lost"
    assert detail["package_list"][0]["logistics_status"] == "LOGISTICS_LOST"


async def test_the_merchant_closes_in_the_console(api: Api) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "merchant_closes", reason="OUT_OF_STOCK")
    detail = await api.detail(order_sn, "cancel_by,cancel_reason")
    assert detail["order_status"] == "CANCELLED"
    assert detail["cancel_by"].lower() == "seller"
    assert await api.effects() == [], "done in the console, not by a client"

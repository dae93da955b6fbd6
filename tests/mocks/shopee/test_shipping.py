"""Section 7: arranging shipment and following the parcel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api


async def test_parameters_then_ship(api: Api) -> None:
    order_sn = await api.order()
    asked = (await api.get("logistics/get_shipping_parameter", order_sn=order_sn)).ok
    assert set(asked["info_needed"]) <= {"pickup", "dropoff", "non_integrated"}
    assert asked["info_needed"]
    if "pickup" in asked["info_needed"]:
        address = asked["pickup"]["address_list"][0]
        assert {"address_id", "region", "address_flag", "time_slot_list"} <= address.keys()
    answer = await api.ship(order_sn)
    assert answer.error == ""
    assert "response" not in answer.body, "the answer of ship_order has no response key"
    assert await api.status(order_sn) == "PROCESSED"
    assert [e["order_id"] for e in await api.effects("logistics/ship_order")] == [order_sn]


async def test_dropoff_may_be_empty(api: Api) -> None:
    order_sn = await api.order()
    answer = await api.post("logistics/ship_order", {"order_sn": order_sn, "dropoff": {}})
    asked = (await api.get("logistics/get_shipping_parameter", order_sn=await api.order())).ok
    if "dropoff" in asked["info_needed"]:
        assert answer.error == ""
        assert await api.status(order_sn) == "PROCESSED"
    else:
        assert answer.error.split(".")[-1] == "error_param"


async def test_tracking_number_is_empty_until_ready(api: Api) -> None:
    order_sn = await api.order()
    before = await api.get("logistics/get_tracking_number", order_sn=order_sn)
    assert before.ok["tracking_number"] == ""
    assert (await api.ship(order_sn)).error == ""
    after = (await api.get("logistics/get_tracking_number", order_sn=order_sn)).ok
    assert after["tracking_number"]
    number = (await api.detail(order_sn, "package_list"))["package_list"][0]["package_number"]
    same = (await api.get("logistics/get_tracking_number", order_sn=order_sn, package_number=number)).ok
    assert same["tracking_number"] == after["tracking_number"]


async def test_tracking_number_optional_fields(api: Api) -> None:
    order_sn = await api.order(phase="in_transit")
    answer = await api.get(
        "logistics/get_tracking_number",
        order_sn=order_sn,
        response_optional_fields="plp_number,first_mile_tracking_number,last_mile_tracking_number",
    )
    assert {"tracking_number", "first_mile_tracking_number", "last_mile_tracking_number"} <= answer.ok.keys()


async def test_the_way_of_a_parcel(api: Api) -> None:
    order_sn = await api.order()
    seen = [await api.status(order_sn)]
    for act in ("seller_ships", "carrier_collects", "carrier_delivers", "buyer_confirms_receipt"):
        await api.advance("PT30M")
        await api.act(order_sn, act)
        seen.append(await api.status(order_sn))
    assert seen == ["READY_TO_SHIP", "PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED"]


async def test_tracking_info_tells_the_steps(api: Api) -> None:
    order_sn = await api.order()
    for act in ("seller_ships", "carrier_collects", "carrier_delivers"):
        await api.advance("PT1H")
        await api.act(order_sn, act)
    info = (await api.get("logistics/get_tracking_info", order_sn=order_sn)).ok
    assert info["order_sn"] == order_sn
    assert info["package_number"]
    assert info["logistics_status"]
    assert info["tracking_info"]
    assert all({"update_time", "description", "logistics_status"} <= s.keys() for s in info["tracking_info"])
    times = [s["update_time"] for s in info["tracking_info"]]
    assert times in (sorted(times), sorted(times, reverse=True))
    assert len(set(times)) >= 3


async def test_pickup_failed_then_arranged_again(api: Api) -> None:
    order_sn = await api.order(phase="awaiting_collection")
    await api.act(order_sn, "carrier_misses_pickup")
    assert await api.status(order_sn) == "RETRY_SHIP"
    listed = (await api.get("order/get_shipment_list", page_size=100)).ok["order_list"]
    assert [o["order_sn"] for o in listed] == [order_sn]
    asked = (await api.get("logistics/get_shipping_parameter", order_sn=order_sn)).ok
    address = asked["pickup"]["address_list"][0]
    body = {
        "order_sn": order_sn,
        "pickup": {
            "address_id": address["address_id"],
            "pickup_time_id": address["time_slot_list"][0]["pickup_time_id"],
        },
    }
    assert (await api.post("logistics/update_shipping_order", body)).error == ""
    assert await api.status(order_sn) == "PROCESSED"
    assert [e["order_id"] for e in await api.effects("logistics/update_shipping_order")] == [order_sn]


@pytest.mark.parametrize(
    ("acts", "logistics_status"),
    [
        ([], "LOGISTICS_READY"),
        (["seller_ships"], "LOGISTICS_REQUEST_CREATED"),
        (["seller_ships", "carrier_collects"], "LOGISTICS_PICKUP_DONE"),
        (["seller_ships", "carrier_collects", "carrier_delivers"], "LOGISTICS_DELIVERY_DONE"),
        (["seller_ships", "carrier_collects", "carrier_loses"], "LOGISTICS_LOST"),
    ],
)
async def test_order_and_package_tell_the_same_logistics_status(
    api: Api, acts: list[str], logistics_status: str
) -> None:
    order_sn = await api.order()
    for act in acts:
        await api.act(order_sn, act)
    package = (await api.detail(order_sn, "package_list"))["package_list"][0]
    assert package["logistics_status"] == logistics_status
    answer = (await api.get("order/get_package_detail", package_number_list=package["package_number"])).ok
    detail = next(v for v in answer.values() if isinstance(v, list))[0]
    assert detail["fulfillment_status"] == logistics_status
    assert detail["is_shipment_arranged"] is (acts != [])


async def test_a_buyer_may_confirm_only_what_was_delivered(api: Api) -> None:
    await api.illegal_act(await api.order(), "buyer_confirms_receipt")


async def test_a_delivered_order_completes_by_itself(api: Api) -> None:
    order_sn = await api.order(phase="delivered")
    await api.advance("P29D")
    store = await api.renewed()
    assert await api.status(order_sn, store) == "COMPLETED"

"""What a seller may choose on Shopee: ways of shipping, reasons to object; and common names of parameters."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapters.shopee import adapter
from gateway.errors import Conflict, InvalidRequest
from gateway.ports import Act, Operation, WayKind

ORDER, RETURN = "260310AAAAAAA1", "2601010000000001"
DETAIL, PARAMETER = "order.get_order_detail", "logistics.get_shipping_parameter"
REASONS = "returns.get_return_dispute_reason"
OK = {"error": "", "message": "", "request_id": "r-1"}


def act(operation: Operation, **fields: Any) -> Act:
    return Act(operation=operation, order_id=ORDER, key="k", **fields)


async def test_ways_addresses_and_slots_come_from_the_platform(simulated: Any) -> None:
    order_id = await simulated.make(phase="awaiting_shipment")
    choices = await adapter.shipping_choices(simulated.channel, order_id)
    assert len(choices.packages) == 1
    by_kind = {way.kind: way for way in choices.ways}
    assert set(by_kind) == {WayKind.pickup, WayKind.dropoff}
    assert (by_kind[WayKind.pickup].needs, by_kind[WayKind.dropoff].needs) == (["address_id", "slot_id"], [])
    (place,) = by_kind[WayKind.pickup].places
    assert place.usual
    assert len(place.slots) == 3
    assert all("09:00-12:00" in words for _, words in place.slots)
    ship = Act(
        operation=Operation.ship,
        order_id=order_id,
        key="k",
        parameters={"way": "pickup", "address_id": place.address_id, "slot_id": place.slots[1][0]},
    )
    await adapter.perform(simulated.channel, ship)
    assert (await adapter.probe(simulated.channel, ship)).happened == "applied"
    with pytest.raises(Conflict):
        await adapter.shipping_choices(simulated.channel, order_id)


async def test_of_several_parcels_only_the_numbers_are_told(paper: Any, rows: Any) -> None:
    packages = [{"package_number": f"P{n}", "logistics_status": "LOGISTICS_READY"} for n in (1, 2)]
    shop = paper({DETAIL: [rows.wrapped({"order_list": [rows.order(package_list=packages)]})]})
    choices = await adapter.shipping_choices(shop, ORDER)
    assert (list(choices.packages), list(choices.ways)) == (["P1", "P2"], [])


async def test_a_missed_pickup_leaves_only_another_pickup(simulated: Any) -> None:
    order_id = await simulated.make(status="RETRY_SHIP")
    choices = await adapter.shipping_choices(simulated.channel, order_id)
    assert [way.kind for way in choices.ways] == [WayKind.pickup]


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"way": "own_carrier", "tracking_number": "TN"}, {"non_integrated": {"tracking_number": "TN"}}),
        ({"way": "dropoff", "tracking_number": "TN"}, {"dropoff": {"tracking_number": "TN"}}),
        (
            {"way": "pickup", "package_id": "P1", "address_id": "7", "slot_id": "s", "carrier": "c"},
            {"package_number": "P1", "pickup": {"address_id": 7, "pickup_time_id": "s", "slug": "c"}},
        ),
    ],
)
async def test_common_names_become_shopees(given: dict[str, str], body: Any, paper: Any, rows: Any) -> None:
    offered = {
        "info_needed": {
            "non_integrated": ["tracking_number"],
            "dropoff": [],
            "pickup": ["address_id", "pickup_time_id"],
        },
        "pickup": {"address_list": [{"address_id": 7, "time_slot_list": [{"pickup_time_id": "s"}]}]},
    }
    shop = paper(
        {
            DETAIL: [rows.wrapped({"order_list": [rows.order()]})],
            PARAMETER: [rows.wrapped(offered)],
            "logistics.ship_order": [OK],
        }
    )
    await adapter.perform(shop, act(Operation.ship, parameters=given))
    assert orjson.loads(shop.writes[0].body) == {"order_sn": ORDER, **body}


async def test_an_offer_in_common_words(paper: Any) -> None:
    shop = paper({"returns.offer": [OK]})
    offer = act(Operation.offer_solution, request_id=RETURN, parameters={"solution": "refund", "amount": "3.50"})
    await adapter.perform(shop, offer)
    assert orjson.loads(shop.writes[0].body) == {
        "return_sn": RETURN,
        "proposed_solution": "REFUND",
        "proposed_adjusted_refund_amount": 3.5,
    }


async def test_a_cancellation_is_rejected_without_a_reason(paper: Any) -> None:
    shop = paper({})
    assert list(await adapter.reject_reasons(shop, f"cancel:{ORDER}")) == []


async def test_reasons_say_what_they_ask_for(simulated: Any) -> None:
    order_id = await simulated.make(phase="delivered")
    told = await simulated.act(order_id, "buyer_requests_return")
    return_sn = told["returns"][0]["return_sn"]
    reasons = {each.reason_id: each for each in await adapter.reject_reasons(simulated.channel, return_sn)}
    assert {"41", "46", "50"} <= set(reasons)
    assert "proof" in reasons["41"].title
    assert [(asked.name, asked.required) for asked in reasons["50"].asks] == [
        ("email", True),
        ("evidence:1", True),
        ("evidence:2", False),
        ("text", False),
    ]
    given = {"email": "shop@example.com", "evidence:1": "https://img.example.com/a.jpg https://img.example.com/b.jpg"}
    dispute = Act(
        operation=Operation.open_dispute,
        order_id=order_id,
        key="k",
        request_id=return_sn,
        reason="50",
        parameters=given,
    )
    await adapter.perform(simulated.channel, dispute)
    assert (await adapter.probe(simulated.channel, dispute)).happened == "applied"


@pytest.mark.parametrize(
    ("reason", "given"), [("99", {"evidence:1": "https://x.example"}), ("41", {"evidence:9": "https://x.example"})]
)
async def test_evidence_nobody_asks_for_is_told_unsent(reason: str, given: Any, paper: Any, rows: Any) -> None:
    modules = [{"module_index": 1, "requirement": "parcel", "is_required": True}]
    row = {"dispute_reason": 41, "dispute_requirement": "", "evidence_module_list": modules}
    shop = paper({REASONS: [rows.wrapped({"dispute_reason_list": [row]})]})
    parameters = {"email": "shop@example.com", **given}
    with pytest.raises(InvalidRequest):
        await adapter.perform(
            shop, act(Operation.open_dispute, request_id=RETURN, reason=reason, parameters=parameters)
        )
    assert shop.writes == []

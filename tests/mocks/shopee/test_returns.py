"""Section 8: the life of a return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 32

RETURN_FIELDS = {
    "return_sn", "order_sn", "status", "reason", "text_reason", "reassessed_request_reason", "refund_amount",
    "amount_before_discount", "currency", "create_time", "update_time", "due_date", "return_ship_due_date",
    "return_seller_due_date", "tracking_number", "needs_logistics", "image", "buyer_videos", "user", "item",
    "return_refund_type", "return_solution", "return_refund_request_type", "validation_type", "is_seller_arrange",
}  # fmt: skip

DETAIL_FIELDS = {
    "negotiation", "seller_proof", "seller_compensation", "activity", "logistics_status", "reverse_logistics_status",
    "return_pickup_address", "return_address",
}  # fmt: skip

ITEM_FIELDS = {
    "item_id", "model_id", "name", "images", "amount", "item_price", "is_add_on_deal", "is_main_item",
    "add_on_deal_id", "item_sku", "variation_sku", "refund_amount",
}  # fmt: skip


async def listed(api: Api, **params: Any) -> list[dict[str, Any]]:
    page = (await api.get("returns/get_return_list", page_no=1, page_size=100, **params)).ok
    assert page["more"] is False
    return list(page["return"])


async def test_a_request_turns_the_order_and_opens_a_return(api: Api) -> None:
    order_sn, return_sn = await api.returned(reason="ITEM_DAMAGED")
    assert await api.status(order_sn) == "TO_RETURN"
    entry = (await listed(api))[0]
    assert entry.keys() >= RETURN_FIELDS
    assert (entry["return_sn"], entry["order_sn"]) == (return_sn, order_sn)
    assert len(return_sn) == 15
    assert (entry["status"], entry["reason"]) == ("REQUESTED", "ITEM_DAMAGED")
    assert entry["due_date"] > await api.now()
    assert entry["currency"] == api.store["currency"]
    assert 0 < entry["refund_amount"] <= (await api.detail(order_sn, "total_amount"))["total_amount"]
    assert entry["item"]
    assert all(i.keys() >= ITEM_FIELDS for i in entry["item"])
    assert sum(i["amount"] for i in entry["item"]) >= 1
    assert sum(i["return_requested_qty"] for i in await api.lines(order_sn)) >= 1


async def test_states_are_strings_in_the_list_and_objects_in_the_detail(api: Api) -> None:
    _, return_sn = await api.returned()
    entry, detail = (await listed(api))[0], await api.return_detail(return_sn)
    assert entry["negotiation_status"] == detail["negotiation"]["negotiation_status"]
    assert entry["seller_proof_status"] == detail["seller_proof"]["seller_proof_status"]
    assert detail.keys() >= (RETURN_FIELDS | DETAIL_FIELDS) - {"seller_compensation"}
    assert {"latest_solution", "latest_offer_amount", "latest_offer_creator", "counter_limit", "offer_due_date"} <= set(
        detail["negotiation"]
    )
    assert "seller_evidence_deadline" in detail["seller_proof"]
    compensation = detail["seller_compensation"]
    assert {"seller_compensation_status", "seller_compensation_due_date", "compensation_amount"} <= compensation.keys()
    listed_compensation = entry["seller_compensation_status"]
    assert compensation["seller_compensation_status"].removeprefix("COMPENSATION_") == listed_compensation.removeprefix(
        "COMPENSATION_"
    )


@pytest.mark.parametrize(("act", "solution"), [("buyer_requests_return", 0), ("buyer_requests_refund", 1)])
async def test_solution_and_kind(api: Api, act: str, solution: int) -> None:
    _, return_sn = await api.returned(act)
    detail = await api.return_detail(return_sn)
    assert detail["return_solution"] == solution
    assert detail["return_refund_type"] == "RRBOC"
    assert detail["return_refund_request_type"] == 0
    assert detail["validation_type"] == "seller_validation"


async def test_after_completion(api: Api) -> None:
    _, return_sn = await api.returned(phase="completed")
    assert (await api.return_detail(return_sn))["return_refund_type"] == "RRAOC"


@pytest.mark.parametrize("phase", ["unpaid", "awaiting_shipment", "cancelled"])
async def test_no_return_of_what_was_never_sent(api: Api, phase: str) -> None:
    await api.illegal_act(await api.order(phase=phase), "buyer_requests_return")


async def test_confirm_accepts_and_refunds(api: Api) -> None:
    order_sn, return_sn = await api.returned("buyer_requests_refund")
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).ok == {"return_sn": return_sn}
    assert (await api.return_detail(return_sn))["status"] == "ACCEPTED"
    assert [e["order_id"] for e in await api.effects("returns/confirm")] == [order_sn]


async def test_goods_come_back(api: Api) -> None:
    order_sn, return_sn = await api.returned(needs_logistics=True)
    await api.act(order_sn, "buyer_ships_return")
    detail = await api.return_detail(return_sn)
    assert detail["tracking_number"]
    tracking = (await api.get("returns/get_reverse_tracking_info", return_sn=return_sn)).ok
    assert tracking["tracking_info"]
    await api.act(order_sn, "warehouse_receives_return")
    later = await api.return_detail(return_sn)
    assert later["update_time"] >= detail["update_time"]
    assert later["return_seller_due_date"] > await api.now(), "the goods are here: the seller must act"
    assert later["reverse_logistics_status"] != detail["reverse_logistics_status"]


async def test_the_buyer_withdraws(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    await api.act(order_sn, "buyer_withdraws_request")
    assert (await api.return_detail(return_sn))["status"] == "CANCELLED"
    assert await api.status(order_sn) != "TO_RETURN"
    assert sum(i["return_requested_qty"] for i in await api.lines(order_sn)) == 0


async def test_one_order_may_have_several_returns(api: Api) -> None:
    order_sn, first = await api.returned()
    await api.act(order_sn, "buyer_withdraws_request")
    await api.advance("PT1H")
    await api.act(order_sn, "buyer_requests_return")
    second = (await api.return_of(order_sn))["return_sn"]
    assert second != first
    assert {r["return_sn"] for r in await listed(api)} == {first, second}


# -- negotiation ---------------------------------------------------------------------------------------------------


async def solutions(api: Api, return_sn: str) -> dict[str, Any]:
    return (await api.get("returns/get_available_solutions", return_sn=return_sn)).ok


async def test_solutions(api: Api) -> None:
    _, return_sn = await api.returned()
    found = await solutions(api, return_sn)
    for kind in ("offer_return_refund", "offer_refund"):
        terms = found[kind]
        assert {"eligibility", "refund_amount_adjustable", "max_refund_amount", "min_refund_amount"} <= terms.keys()
        assert 0 <= terms["min_refund_amount"] <= terms["max_refund_amount"]
    assert found["offer_refund"]["max_refund_amount"] <= (await api.return_detail(return_sn))["refund_amount"]


async def test_offer_then_the_buyers_turn(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    amount = (await solutions(api, return_sn))["offer_refund"]["max_refund_amount"]
    body = {"return_sn": return_sn, "proposed_solution": "REFUND", "proposed_adjusted_refund_amount": amount}
    assert (await api.post("returns/offer", body)).ok == {"return_sn": return_sn}
    negotiation = (await api.return_detail(return_sn))["negotiation"]
    assert negotiation["negotiation_status"] == "PENDING_BUYER_RESPOND"
    assert negotiation["latest_solution"] == "REFUND"
    assert negotiation["latest_offer_amount"] == amount
    assert [e["order_id"] for e in await api.effects("returns/offer")] == [order_sn]


async def test_accepting_the_buyers_offer(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    amount = (await solutions(api, return_sn))["offer_refund"]["max_refund_amount"]
    await api.act(order_sn, "buyer_offers", solution="REFUND", amount=amount)
    detail = await api.return_detail(return_sn)
    assert detail["negotiation"]["negotiation_status"] == "PENDING_RESPOND"
    assert detail["negotiation"]["latest_offer_amount"] == amount
    assert (await api.post("returns/accept_offer", {"return_sn": return_sn})).ok == {"return_sn": return_sn}
    detail = await api.return_detail(return_sn)
    assert detail["status"] == "ACCEPTED"
    assert detail["refund_amount"] == amount
    assert detail["return_solution"] == 1
    assert [e["order_id"] for e in await api.effects("returns/accept_offer")] == [order_sn]


# -- dispute -------------------------------------------------------------------------------------------------------


async def test_dispute_reasons(api: Api) -> None:
    _, return_sn = await api.returned()
    reasons = (await api.get("returns/get_return_dispute_reason", return_sn=return_sn)).ok["dispute_reason_list"]
    assert reasons
    for reason in reasons:
        assert {"dispute_reason", "dispute_requirement", "evidence_module_list"} <= reason.keys()
        assert all({"module_index", "requirement", "is_required"} <= m.keys() for m in reason["evidence_module_list"])


async def test_dispute(api: Api) -> None:
    order_sn, return_sn = await api.returned()
    answer = (await api.dispute(return_sn)).ok
    assert answer["return_sn"] == return_sn
    assert answer["msg"]
    detail = await api.return_detail(return_sn)
    assert detail["status"] == "SELLER_DISPUTE"
    assert [e["order_id"] for e in await api.effects("returns/dispute")] == [order_sn]


async def test_dispute_after_acceptance(api: Api) -> None:
    """Allowed in REQUESTED, PROCESSING and ACCEPTED."""
    _, return_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    assert (await api.dispute(return_sn)).error == ""


@pytest.mark.parametrize("winner", ["buyer", "seller"])
async def test_the_platform_judges_and_decides(api: Api, winner: str) -> None:
    order_sn, return_sn = await api.disputed()
    await api.act(order_sn, "platform_decides", **{"for": winner})
    detail = await api.return_detail(return_sn)
    assert detail["status"] in ({"ACCEPTED", "CLOSED"} if winner == "buyer" else {"CLOSED", "CANCELLED"})
    assert await api.status(order_sn) in {"COMPLETED", "CANCELLED", "TO_RETURN", "TO_CONFIRM_RECEIVE"}


async def test_cancel_dispute_over_compensation(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    assert (await api.dispute(return_sn)).error == ""
    detail = await api.return_detail(return_sn)
    assert detail["status"] == "ACCEPTED"
    assert detail["seller_compensation"]["seller_compensation_status"] == "COMPENSATION_REQUESTED"
    answer = await api.post("returns/cancel_dispute", {"return_sn": return_sn, "email": "seller@example.com"})
    assert answer.ok == {"return_sn": return_sn, "message": "SUCCESS"}
    assert len(await api.effects("returns/cancel_dispute")) == 1


# -- evidence ------------------------------------------------------------------------------------------------------


async def test_picture_to_url_to_evidence(api: Api) -> None:
    _, return_sn = await api.disputed()
    picture = await api.picture(return_sn)
    assert picture["url"]
    assert picture["thumbnail"]
    assert (await api.return_detail(return_sn))["seller_proof"]["seller_proof_status"] == "PENDING"
    answer = await api.post(
        "returns/upload_proof", {"return_sn": return_sn, "photo": [picture], "description": "as packed"}
    )
    assert answer.ok == {}
    assert (await api.return_detail(return_sn))["seller_proof"]["seller_proof_status"] == "UPLOADED"
    proof = (await api.get("returns/query_proof", return_sn=return_sn)).ok
    assert {"image", "video", "description"} <= proof.keys()
    assert len(proof["image"]) == 1
    assert proof["description"] == "as packed"
    assert len(await api.effects("returns/upload_proof")) == 1


async def test_seller_arranges_the_way_back(api: Api) -> None:
    """Seller pickup is for TW and BR."""
    store = api.store_in("TW")
    order_sn = await api.order(phase="delivered", store=store["shop_id"])
    await api.act(order_sn, "buyer_requests_return")
    return_sn = (await api.return_of(order_sn, store))["return_sn"]
    carriers = (await api.get("returns/get_shipping_carrier", store, return_sn=return_sn)).ok
    choice = next(v for v in carriers.values() if isinstance(v, list))[0]
    form = aiohttp.FormData()
    for name, value in (("business", "2"), ("scene", "1")):
        form.add_field(name, value)
    form.add_field("images", JPEG, filename="slip.jpg", content_type="image/jpeg")
    uploaded = (await api.public_post("media/upload_image", data=form)).ok
    image_id = uploaded["image_list"][0]["image_id"]
    body = {
        "return_sn": return_sn,
        "reverse_logistics_carrier_id": choice["reverse_logistics_carrier_id"],
        "tracking_number": "RTN0001",
        "image_id_list": [image_id],
    }
    assert (await api.post("returns/upload_shipping_proof", body, store)).ok == {}
    assert (await api.return_detail(return_sn, store))["tracking_number"] == "RTN0001"


# -- the list ------------------------------------------------------------------------------------------------------


async def test_filters(api: Api) -> None:
    _, open_sn = await api.returned()
    _, accepted_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": accepted_sn})).error == ""
    assert [r["return_sn"] for r in await listed(api, status="REQUESTED")] == [open_sn]
    assert [r["return_sn"] for r in await listed(api, status="ACCEPTED")] == [accepted_sn]
    assert await listed(api, status="JUDGING") == []


async def test_windows(api: Api) -> None:
    made = await api.now()
    _, return_sn = await api.returned()
    await api.advance("PT3H")
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    changed = await api.now()
    window = {"create_time_from": made - 60, "create_time_to": made + 60}
    assert [r["return_sn"] for r in await listed(api, **window)] == [return_sn]
    window = {"update_time_from": made - 60, "update_time_to": changed - 60}
    assert await listed(api, **window) == []
    window = {"update_time_from": changed - 60, "update_time_to": changed + 60}
    assert [r["return_sn"] for r in await listed(api, **window)] == [return_sn]


async def test_pages(api: Api) -> None:
    made = {(await api.returned())[1] for _ in range(3)}
    first = (await api.get("returns/get_return_list", page_no=1, page_size=2)).ok
    second = (await api.get("returns/get_return_list", page_no=2, page_size=2)).ok
    assert (len(first["return"]), first["more"]) == (2, True)
    assert (len(second["return"]), second["more"]) == (1, False)
    assert {r["return_sn"] for r in first["return"] + second["return"]} == made


async def test_returned_quantities_show_on_the_order(api: Api) -> None:
    order_sn = await api.order(phase="delivered", lines=[{"sku": "A", "title": "Mug", "quantity": 2, "price": 10}])
    await api.act(order_sn, "buyer_requests_refund")
    return_sn = (await api.return_of(order_sn))["return_sn"]
    asked = (await api.lines(order_sn))[0]["return_requested_qty"]
    assert asked >= 1
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    line = (await api.lines(order_sn))[0]
    assert (line["return_requested_qty"], line["returned_qty"]) == (0, asked)

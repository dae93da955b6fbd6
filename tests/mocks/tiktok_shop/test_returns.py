"""Section 5: returns, refunds and replacements, both reviews, deadlines, and each code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api

DAY = 86_400
CORRECT = "seller_reject_apply_item_is_correct"
DAMAGED = "ecom_order_delivered_refund_reason_damaged"
SELLER_DAMAGED = "ecom_order_delivered_refund_reason_damaged_seller"


async def state(api: Api, order_id: str) -> str:
    return str((await api.return_of(order_id))["return_status"])


# -- flows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["awaiting_collection", "in_transit", "delivered"])
async def test_refund_approved_ends_completed_when_all_is_refunded(api: Api, phase: str) -> None:
    order_id, return_id = await api.returned(phase=phase)
    total = (await api.detail(order_id))["payment"]["total_amount"]
    one = await api.return_of(order_id)
    assert (one["return_type"], one["return_status"]) == ("REFUND", "RETURN_OR_REFUND_REQUEST_PENDING")
    assert one["refund_amount"]["refund_total"] == total
    deadline = await api.now() + 2 * DAY
    assert one["seller_next_action_response"] == [{"action": "SELLER_RESPOND_REFUND", "deadline": deadline}]
    assert (await api.truth(order_id))["lines"][0]["return_requested"] == 1
    assert (await api.decide(return_id, "APPROVE_REFUND")).ok == {}
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_SUCCESS"
    assert (await api.truth(order_id))["phase"] == phase
    await api.advance("PT10M")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_COMPLETE"
    truth = await api.truth(order_id)
    assert (truth["phase"], truth["money"]["refunded"]) == ("completed", total)
    assert (truth["lines"][0]["return_requested"], truth["lines"][0]["returned"]) == (0, 1)


async def test_a_refunded_parcel_that_still_travels_changes_nothing(api: Api) -> None:
    order_id, return_id = await api.returned(phase="awaiting_collection")
    assert (await api.decide(return_id, "APPROVE_REFUND")).code == 0
    await api.advance("PT10M")
    for act in ("carrier_collects", "carrier_delivers"):
        await api.act(order_id, act)
        assert await api.status(order_id) == "COMPLETED"
    assert (await api.truth(order_id))["packages"][0]["status"] == "COMPLETED"


async def test_a_part_refunded_leaves_the_order_delivered(api: Api) -> None:
    order_id = await api.order(phase="delivered", lines=[{"sku": "A", "quantity": 2, "price": "500"}])
    unit = (await api.detail(order_id))["line_items"][0]["id"]
    await api.act(order_id, "buyer_requests_refund", line_item_ids=[unit], reason=DAMAGED)
    one = await api.return_of(order_id)
    assert [line["order_line_item_id"] for line in one["return_line_items"]] == [unit]
    assert one["refund_amount"]["refund_total"] == "500"
    assert (await api.decide(one["return_id"], "APPROVE_REFUND")).code == 0
    await api.advance("PT10M")
    assert await api.status(order_id) == "DELIVERED"
    assert (await api.truth(order_id))["lines"][0]["returned"] == 1


async def test_return_of_goods_through_both_reviews(api: Api) -> None:
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.return_of(order_id))["shipment_type"] == "PLATFORM"
    assert (await api.decide(return_id, "APPROVE_RETURN")).ok == {}
    assert await state(api, order_id) == "AWAITING_BUYER_SHIP"
    await api.act(order_id, "buyer_ships_return", tracking_number="BACK1")
    one = await api.return_of(order_id)
    assert (one["return_status"], one["return_tracking_number"]) == ("BUYER_SHIPPED_ITEM", "BACK1")
    await api.act(order_id, "warehouse_receives_return")
    (step,) = (await api.return_of(order_id))["seller_next_action_response"]
    assert step["action"] == "SELLER_RESPOND_RECEIVE_PACKAGE"
    assert (await api.decide(return_id, "APPROVE_RECEIVED_PACKAGE")).ok == {}
    await api.advance("PT10M")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_COMPLETE"
    assert await api.status(order_id) == "COMPLETED"
    records = (await api.get(f"return_refund/returns/{return_id}/records", {"locale": "ja-JP"})).ok["records"]
    assert [record["event"] for record in records] == [
        *("BUYER_SUBMIT_REQUEST", "APPROVE_RETURN", "BUYER_SHIP_ITEM", "PACKAGE_RECEIVED"),
        *("APPROVE_RECEIVED_PACKAGE", "REFUND_ISSUED"),
    ]
    assert [record["role"] for record in records][:2] == ["BUYER", "SELLER"]


async def test_keep_item_and_direct_refund_skip_the_way_back(api: Api) -> None:
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "APPROVE_RETURN", buyer_keep_item=True)).code == 0
    one = await api.return_of(order_id)
    assert (one["return_status"], one["can_buyer_keep_item"]) == ("RETURN_OR_REFUND_REQUEST_SUCCESS", True)
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "DIRECT_REFUND")).code == 0
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_SUCCESS"


async def test_partial_offer(api: Api) -> None:
    order_id, return_id = await api.returned()
    part = {"currency": "JPY", "amount": "300"}
    assert (await api.decide(return_id, "OFFER_PARTIAL_REFUND", partial_refund=part)).code == 0
    one = await api.return_of(order_id)
    assert (one["return_status"], one["partial_refund"]) == ("AWAITING_BUYER_RESPONSE", part)
    assert one["seller_proposed_return_type"] == "PARTIAL_REFUND"
    found = (await api.post("return_refund/returns/search", {"seller_proposed_return_type": ["PARTIAL_REFUND"]})).ok
    assert found["total_count"] == 1
    await api.act(order_id, "buyer_refuses_offer")
    one = await api.return_of(order_id)
    assert (one["return_status"], one["buyer_rejected_partial_refund"]) == ("RETURN_OR_REFUND_REQUEST_PENDING", True)
    assert (await api.decide(return_id, "OFFER_PARTIAL_REFUND", partial_refund=part)).code == 0
    await api.act(order_id, "buyer_accepts_offer")
    await api.advance("PT10M")
    one = await api.return_of(order_id)
    assert one["return_status"] == "RETURN_OR_REFUND_REQUEST_COMPLETE"
    assert one["refund_amount"]["refund_total"] == "300"
    assert (await api.truth(order_id))["money"]["refunded"] == "300"


async def test_an_offer_after_the_goods_are_back(api: Api) -> None:
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "APPROVE_RETURN")).code == 0
    await api.act(order_id, "buyer_ships_return")
    name, part = "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG", {"currency": "JPY", "amount": "100"}
    (await api.decide(return_id, name)).refused(25001001)
    assert (await api.decide(return_id, name, partial_refund_amount=part)).code == 0
    assert await state(api, order_id) == "AWAITING_BUYER_RESPONSE"
    await api.act(order_id, "buyer_refuses_offer")
    assert await state(api, order_id) == "BUYER_SHIPPED_ITEM"


@pytest.mark.parametrize(
    ("winner", "status"), [("buyer", "AWAITING_BUYER_SHIP"), ("seller", "RETURN_OR_REFUND_REQUEST_CANCEL")]
)
async def test_a_rejection_is_not_final(api: Api, winner: str, status: str) -> None:
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "REJECT_RETURN", reject_reason=CORRECT, comment="ok")).code == 0
    assert await state(api, order_id) == "REFUND_OR_RETURN_REQUEST_REJECT"
    await api.act(order_id, "buyer_opens_dispute")
    assert (await api.return_of(order_id))["arbitration_status"] == "IN_PROGRESS"
    await api.advance("P4D")
    assert (await api.truth(order_id))["returns"][0]["status"] == "REFUND_OR_RETURN_REQUEST_REJECT"
    await api.act(order_id, "platform_decides", **{"for": winner})
    one = await api.return_of(order_id)
    assert (one["return_status"], one["arbitration_status"]) == (status, f"SUPPORT_{winner.upper()}")


@pytest.mark.parametrize(
    ("winner", "status"),
    [("buyer", "RETURN_OR_REFUND_REQUEST_SUCCESS"), ("seller", "RETURN_OR_REFUND_REQUEST_CANCEL")],
)
async def test_a_parcel_refused_and_disputed(api: Api, winner: str, status: str) -> None:
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "APPROVE_RETURN")).code == 0
    await api.act(order_id, "buyer_ships_return")
    await api.act(order_id, "warehouse_receives_return")
    assert (await api.decide(return_id, "REJECT_RECEIVED_PACKAGE", reject_reason=CORRECT)).code == 0
    assert await state(api, order_id) == "REJECT_RECEIVE_PACKAGE"
    await api.act(order_id, "buyer_opens_dispute")
    await api.act(order_id, "platform_decides", **{"for": winner})
    assert await state(api, order_id) == status


async def test_without_a_dispute_a_rejection_becomes_a_cancel(api: Api) -> None:
    order_id, return_id = await api.returned()
    assert (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT)).code == 0
    await api.advance("P3D")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_CANCEL"
    await api.illegal_act(order_id, "buyer_opens_dispute")


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("buyer_requests_refund", "RETURN_OR_REFUND_REQUEST_SUCCESS"),
        ("buyer_requests_return", "AWAITING_BUYER_SHIP"),
        ("buyer_requests_replacement", "REPLACEMENT_REQUEST_COMPLETE"),
    ],
)
async def test_silence_accepts(api: Api, act: str, status: str) -> None:
    order_id, _ = await api.returned(act)
    await api.advance("P2D")
    assert await state(api, order_id) == status


async def test_a_buyer_who_does_not_send_loses_the_return(api: Api) -> None:
    await api.store_act("set_timing", return_ship="P2D")
    order_id, return_id = await api.returned("buyer_requests_return")
    assert (await api.decide(return_id, "APPROVE_RETURN")).code == 0
    await api.advance("P2D")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_CANCEL"


async def test_an_open_return_keeps_the_order_from_completing(api: Api) -> None:
    await api.store_act("set_timing", after_sale_window="P1D")
    order_id, _ = await api.returned()
    await api.advance("P1DT1H")
    assert await api.status(order_id) == "DELIVERED"
    await api.act(order_id, "buyer_withdraws_request")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_CANCEL"
    assert await api.status(order_id) == "COMPLETED"


async def test_a_cancelled_order_closes_its_refund_request(api: Api) -> None:
    order_id, _ = await api.returned(phase="in_transit")
    await api.act(order_id, "carrier_loses")
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_CANCEL"
    truth = await api.truth(order_id)
    assert (truth["phase"], truth["lines"][0]["return_requested"]) == ("cancelled", 0)


async def test_replacements(api: Api) -> None:
    order_id, return_id = await api.returned("buyer_requests_replacement")
    assert await state(api, order_id) == "REPLACEMENT_REQUEST_PENDING"
    assert (await api.decide(return_id, "APPROVE_REPLACEMENT")).code == 0
    assert await state(api, order_id) == "REPLACEMENT_REQUEST_COMPLETE"
    fresh = await api.detail((await api.truth(order_id))["replacement"])
    assert (fresh["is_replacement_order"], fresh["replaced_order_id"]) == (True, order_id)
    assert (fresh["status"], fresh["payment"]["total_amount"]) == ("AWAITING_SHIPMENT", "0")
    order_id, return_id = await api.returned("buyer_requests_replacement")
    assert (await api.decide(return_id, "ISSUE_REPLACEMENT_REFUND")).code == 0
    assert await state(api, order_id) == "REPLACEMENT_REQUEST_REFUND_SUCCESS"
    order_id, return_id = await api.returned("buyer_requests_replacement")
    assert (await api.decide(return_id, "REJECT_REPLACEMENT", reject_reason=CORRECT)).code == 0
    await api.act(order_id, "buyer_opens_dispute")
    await api.act(order_id, "platform_decides", **{"for": "buyer"})
    assert await state(api, order_id) == "REPLACEMENT_REQUEST_COMPLETE"
    order_id, _ = await api.returned("buyer_requests_replacement")
    await api.act(order_id, "buyer_withdraws_request")
    assert await state(api, order_id) == "REPLACEMENT_REQUEST_CANCEL"


# -- the seller's own refund ----------------------------------------------------------------------------------------


async def create(api: Api, order_id: str, *, key: str = "", **more: Any) -> Any:
    body = {"order_id": order_id, "return_reason": SELLER_DAMAGED, "return_type": "REFUND", **more}
    return await api.post("return_refund/returns", body, {"idempotency_key": key} if key else {})


async def test_a_refund_by_the_seller_needs_no_answer(api: Api) -> None:
    order_id = await api.order(phase="delivered", lines=[{"sku": "A", "quantity": 2, "price": "500"}])
    unit = (await api.detail(order_id))["line_items"][0]["id"]
    data = (await create(api, order_id, order_line_item_ids=[unit], refund_total="200", currency="JPY", key="k1")).ok
    assert data["return_status"] == "RETURN_OR_REFUND_REQUEST_SUCCESS"
    again = (await create(api, order_id, order_line_item_ids=[unit], refund_total="200", currency="JPY", key="k1")).ok
    assert again == data
    (effect,) = await api.effects("return_refund/returns")
    assert (effect["order_id"], effect["idempotency_key"]) == (order_id, "k1")
    one = await api.return_of(order_id)
    assert (one["role"], one["refund_amount"]["refund_total"]) == ("SELLER", "200")
    await api.advance("PT10M")
    assert (await api.truth(order_id))["money"]["refunded"] == "200"
    assert await api.status(order_id) == "DELIVERED"


async def test_codes_of_the_sellers_refund(api: Api) -> None:
    order_id = await api.order(phase="delivered")
    for phase in ("unpaid", "awaiting_shipment", "in_transit", "completed"):
        (await create(api, await api.order(phase=phase))).refused(25001003)
    (await create(api, await api.order(phase="cancelled"))).refused(25001011)
    (await create(api, await api.order(phase="delivered", store=api.stores[1]["shop_id"]))).refused(25020005)
    (await create(api, order_id, return_type="RETURN_AND_REFUND")).refused(25020005)
    (await create(api, order_id, return_type="REPLACEMENT")).refused(25001001)
    (await create(api, order_id, return_reason="nothing")).refused(25001014)
    (await create(api, order_id, return_reason=DAMAGED)).refused(25001015)
    (await create(api, order_id, refund_total="999999", currency="JPY")).refused(25005005)
    (await create(api, order_id, refund_total="100")).refused(25001001)
    (await create(api, order_id, refund_total="100", currency="USD")).refused(25001001)
    (await create(api, order_id, refund_total="10.5", currency="JPY")).refused(25001001)
    await api.store_act("platform_retires_reason", reason=SELLER_DAMAGED)
    (await create(api, order_id)).refused(25001020)
    other = "ecom_order_delivered_refund_reason_general_adjustment"
    await api.act(order_id, "platform_holds")
    (await create(api, order_id, return_reason=other)).refused(25001046)
    await api.act(order_id, "platform_releases")
    assert (await create(api, order_id, return_reason=other)).code == 0
    (await create(api, order_id, return_reason=other)).refused(25001010)


async def test_calculate(api: Api) -> None:
    order_id = await api.order(lines=[{"sku": "A", "quantity": 2, "price": "500"}])
    order = await api.detail(order_id)
    body = {"order_id": order_id, "request_type": "CANCEL", "reason_name": "seller_cancel_reason_out_of_stock"}
    whole = (await api.post("return_refund/refunds/calculate", body)).ok["order_refund_amount"]
    assert (whole["currency"], whole["refund_total"]) == ("JPY", order["payment"]["total_amount"])
    assert (whole["refund_subtotal"], whole["refund_shipping_fee"]) == ("1000", order["payment"]["shipping_fee"])
    part = {**body, "skus": [{"sku_id": order["line_items"][0]["sku_id"], "quantity": 1}]}
    assert (await api.post("return_refund/refunds/calculate", part)).ok["order_refund_amount"]["refund_total"] == "500"
    (await api.post("return_refund/refunds/calculate", {**body, "request_type": "X"})).refused(25001001)
    (await api.post("return_refund/refunds/calculate", {**body, "order_id": "57"})).refused(25007006)


# -- codes of the answers -------------------------------------------------------------------------------------------


async def test_11050001_and_25001001_parameters(api: Api) -> None:
    order_id, return_id = await api.returned()
    (await api.post(f"return_refund/returns/{return_id}/approve", "nothing")).refused(11050001)
    (await api.post(f"return_refund/returns/{return_id}/approve", {})).refused(25001001)
    (await api.decide(return_id, "APPROVE_EVERYTHING")).refused(25001001)
    (await api.decide(return_id, "REJECT_REFUND")).refused(25001001)
    (await api.decide(return_id, "REJECT_REFUND", reject_reason="no")).refused(25001001)
    for part in (
        {"currency": "USD", "amount": "1"},
        {"currency": "JPY", "amount": "0"},
        {"currency": "JPY", "amount": "x"},
    ):
        (await api.decide(return_id, "OFFER_PARTIAL_REFUND", partial_refund=part)).refused(25001001)
    assert await state(api, order_id) == "RETURN_OR_REFUND_REQUEST_PENDING"


async def test_25020004_decision_does_not_match(api: Api) -> None:
    _, refund = await api.returned()
    _, back = await api.returned("buyer_requests_return")
    for return_id, decision in (
        (refund, "APPROVE_RETURN"),
        (refund, "APPROVE_REPLACEMENT"),
        (refund, "APPROVE_RECEIVED_PACKAGE"),
        (back, "APPROVE_REFUND"),
        (refund, "OFFER_PARTIAL_REFUND"),
    ):
        (await api.decide(return_id, decision)).refused(25020004)
    for return_id, decision in ((refund, "REJECT_RETURN"), (back, "REJECT_REFUND"), (back, "REJECT_RECEIVED_PACKAGE")):
        (await api.decide(return_id, decision, reject_reason=CORRECT)).refused(25020004)


async def test_the_official_inconsistent_sample_is_25020004(api: Api) -> None:
    _, return_id = await api.returned()
    part = {"currency": "JPY", "amount": "10"}
    (await api.decide(return_id, "APPROVE_REFUND", buyer_keep_item=True, partial_refund=part)).refused(25020004)


async def test_25001003_a_held_order(api: Api) -> None:
    order_id, return_id = await api.returned()
    await api.act(order_id, "platform_holds")
    (await api.decide(return_id, "APPROVE_REFUND")).refused(25001003)


async def test_25011012_and_25011013_wrong_review(api: Api) -> None:
    _, return_id = await api.returned("buyer_requests_return")
    (await api.decide(return_id, "APPROVE_RECEIVED_PACKAGE")).refused(25011013)
    assert (await api.decide(return_id, "APPROVE_RETURN")).code == 0
    (await api.decide(return_id, "APPROVE_RETURN")).refused(25011012)


async def test_25020010_already_approved(api: Api) -> None:
    _, return_id = await api.returned()
    assert (await api.decide(return_id, "APPROVE_REFUND")).code == 0
    (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT)).refused(25020010)


async def test_25011025_quick_refund(api: Api) -> None:
    order_id, return_id = await api.returned(quick=True)
    assert (await api.return_of(order_id))["is_quick_refund"] is True
    (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT)).refused(25011025)
    assert (await api.decide(return_id, "APPROVE_REFUND")).code == 0


async def test_25001020_offline_reason(api: Api) -> None:
    await api.store_act("platform_retires_reason", reason=CORRECT)
    _, return_id = await api.returned()
    (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT)).refused(25001020)
    offered = (await api.get("return_refund/reject_reasons", {"return_or_cancel_id": return_id})).ok["reasons"]
    assert CORRECT not in {one["name"] for one in offered}
    assert (await api.decide(return_id, "REJECT_REFUND", reject_reason=offered[0]["name"])).code == 0


async def test_25020005_and_25007006_of_other_shops_and_nobody(api: Api) -> None:
    theirs = await api.order(phase="delivered", store=api.stores[1]["shop_id"])
    await api.act(theirs, "buyer_requests_refund")
    return_id = (await api.truth(theirs))["returns"][0]["return_id"]
    (await api.decide(return_id, "APPROVE_REFUND")).refused(25020005)
    (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT)).refused(25020005)
    (await api.decide("4040000000000000001", "APPROVE_REFUND")).refused(25007006)
    (await api.get(f"return_refund/returns/{return_id}/records")).refused(25020005)


async def test_same_key_same_answer(api: Api) -> None:
    order_id, return_id = await api.returned()
    assert [(await api.decide(return_id, "APPROVE_REFUND", key="a")).ok for _ in range(2)] == [{}, {}]
    assert len(await api.effects("return_refund/returns/approve")) == 1
    order_id, return_id = await api.returned()
    for _ in range(2):
        assert (await api.decide(return_id, "REJECT_REFUND", reject_reason=CORRECT, key="a")).ok == {}
    assert [one["order_id"] for one in await api.effects("return_refund/returns/reject")] == [order_id]


# -- search ---------------------------------------------------------------------------------------------------------


async def test_an_empty_page_has_no_return_orders(api: Api) -> None:
    assert (await api.post("return_refund/returns/search", {})).ok == {"total_count": 0}


async def test_search_filters_and_pages(api: Api) -> None:
    first, return_id = await api.returned()
    await api.advance("PT1S")
    second, _ = await api.returned("buyer_requests_return")
    third, _ = await api.returned()

    async def ids(body: dict[str, Any]) -> list[str]:
        page = (await api.post("return_refund/returns/search", body)).ok
        return [one["order_id"] for one in page.get("return_orders", [])]

    assert await ids({"return_types": ["RETURN_AND_REFUND"]}) == [second]
    assert await ids({"return_ids": [return_id]}) == [first]
    assert set(await ids({"create_time_ge": await api.now()})) == {second, third}
    assert await ids({"update_time_lt": await api.now()}) == [first]
    assert await ids({"return_status": ["AWAITING_BUYER_SHIP"]}) == []
    page = (await api.post("return_refund/returns/search", {}, {"page_size": "2"})).ok
    rest = (await api.post("return_refund/returns/search", {}, {"page_token": page["next_page_token"]})).ok
    assert [one["order_id"] for one in rest["return_orders"]] not in ([first], [second])
    assert rest["next_page_token"] == ""
    (await api.post("return_refund/returns/search", {}, {"page_size": 51})).refused(25001001)


async def test_decisions_open_on_a_return(api: Api) -> None:
    _, return_id = await api.returned("buyer_requests_return")
    query = {"return_or_cancel_id": return_id}
    rows = (await api.get("return_refund/decision_eligibility", query)).ok["decisions"]
    allowed = {row["decision"] for row in rows if row["eligible"]}
    assert allowed == {"APPROVE_RETURN", "REJECT_RETURN", "OFFER_PARTIAL_REFUND", "DIRECT_REFUND"}

"""Every value the sheet lists: the simulator shows it, or takes it where a value is sent.

Orders: 12 statuses, 8 of them filters; the 22 cancel reasons and 18 buyer reasons; logistics statuses; who cancelled.
Returns: status, reason, solution, negotiation, evidence, dispute reasons. The rest (metrics, violations, message kinds,
push codes) stands in test_health, test_chat_media_money and test_push.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

ORDER_STATUSES: dict[str, tuple[str, list[str]]] = {
    "UNPAID": ("unpaid", []),
    "PENDING": ("on_hold", []),
    "READY_TO_SHIP": ("awaiting_shipment", []),
    "PROCESSED": ("awaiting_collection", []),
    "RETRY_SHIP": ("awaiting_collection", ["carrier_misses_pickup"]),
    "SHIPPED": ("in_transit", []),
    "TO_CONFIRM_RECEIVE": ("delivered", []),
    "IN_CANCEL": ("awaiting_shipment", ["buyer_requests_cancellation"]),
    "CANCELLED": ("cancelled", []),
    "TO_RETURN": ("delivered", ["buyer_requests_return"]),
    "COMPLETED": ("completed", []),
}


@pytest.mark.parametrize("status", ORDER_STATUSES)
async def test_order_status_is_shown(api: Api, status: str) -> None:
    phase, acts = ORDER_STATUSES[status]
    order_sn = await api.order(phase=phase)
    for act in acts:
        await api.act(order_sn, act, reason="Others") if "cancellation" in act else await api.act(order_sn, act)
    assert await api.status(order_sn) == status
    listed = await api.listed(response_optional_fields="order_status", request_order_status_pending=True)
    assert listed == [{"order_sn": order_sn, "order_status": status}]
    assert (await api.truth(order_sn))["status"] == status


async def test_invoice_pending_is_for_brazil(api: Api) -> None:
    store = api.store_in("BR")
    order_sn = await api.order(store=store["shop_id"], phase="on_hold", status="INVOICE_PENDING")
    listed = await api.listed(store, response_optional_fields="order_status")
    assert listed == [{"order_sn": order_sn, "order_status": "INVOICE_PENDING"}]


@pytest.mark.parametrize(
    "status",
    [
        "UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "COMPLETED", "IN_CANCEL", "CANCELLED", "INVOICE_PENDING",
    ],
)  # fmt: skip
async def test_order_status_is_a_filter(api: Api, status: str) -> None:
    assert await api.listed(order_status=status) == []


@pytest.mark.parametrize("region", ["SG", "MY", "TH", "ID", "VN", "PH", "TW", "BR"])
async def test_regions_have_their_currency(api: Api, region: str) -> None:
    currencies = {
        "SG": "SGD", "MY": "MYR", "TH": "THB", "ID": "IDR", "VN": "VND", "PH": "PHP", "TW": "TWD", "BR": "BRL",
    }  # fmt: skip
    for store in api.stores:
        if store["region"] == region:
            assert store["currency"] == currencies[region]
            detail = await api.detail(await api.order(store=store["shop_id"]), "", store)
            assert (detail["region"], detail["currency"]) == (region, currencies[region])
    assert {s["region"] for s in api.stores} <= currencies.keys()


CANCEL_REASONS = [
    "Out of Stock", "Buyer Request to Cancel", "Undeliverable Area", "COD Unsupported", "Parcel is Lost",
    "Game Completed", "Unpaid Order", "Underpaid Order", "Unsuccessful / Rejected Payment",
    "Logistics Request is Cancelled", "3PL pickup Fail", "Failed Delivery", "COD Rejected", "Seller did not Ship",
    "Transit Warehouse Cancelled", "Other", "Inactive Seller", "Auto Cancel", "Logistic Issue",
    "Your approver did not approve order on time.", "You are unable to place order at the moment.", "TBC",
]  # fmt: skip


@pytest.mark.parametrize("reason", CANCEL_REASONS)
async def test_cancel_reason_is_shown(api: Api, reason: str) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "platform_cancels", reason=reason)
    assert (await api.detail(order_sn, "cancel_reason"))["cancel_reason"] == reason


BUYER_REASONS = [
    "Seller is not Responsive to buyer's Inquires", "Seller ask Buyer to Cancel", "Modify Existing Order",
    "Product has Bad Reviews", "Seller Takes too Long to Ship The Order", "Seller is Untrustworthy", "Others",
    "Forgot to Input Voucher Code", "Need to Change Delivery Address", "Need to input / Change Voucher Code",
    "Need to Modify Order", "Payment Procedure too Troublesome", "Found Cheaper Elsewhere",
    "Don't Want to Buy Anymore", "Too long delivery time", "Modify existing order (color, size, voucher, etc)",
    "Change of mind / others", "Your approver rejected the order.",
]  # fmt: skip


@pytest.mark.parametrize("reason", BUYER_REASONS)
async def test_buyer_cancel_reason_is_shown(api: Api, reason: str) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "buyer_requests_cancellation", reason=reason)
    answer = await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": "ACCEPT"})
    assert answer.error == ""
    assert (await api.detail(order_sn, "buyer_cancel_reason"))["buyer_cancel_reason"] == reason


@pytest.mark.parametrize(
    ("who", "phase", "act"),
    [
        ("buyer", "awaiting_shipment", "buyer_cancels"),
        ("seller", "awaiting_shipment", "merchant_closes"),
        ("system", "in_transit", "carrier_loses"),
    ],
)
async def test_cancel_by(api: Api, who: str, phase: str, act: str) -> None:
    order_sn = await api.order(phase=phase)
    await api.act(order_sn, act, reason="Other")
    assert (await api.detail(order_sn, "cancel_by"))["cancel_by"].lower() == who


async def test_cancel_by_ops(api: Api) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "platform_cancels", reason="Other", by="Ops")
    assert (await api.detail(order_sn, "cancel_by"))["cancel_by"].lower() == "ops"


LOGISTICS: dict[str, tuple[str, list[str]]] = {
    "LOGISTICS_NOT_START": ("unpaid", []),
    "LOGISTICS_READY": ("awaiting_shipment", []),
    "LOGISTICS_REQUEST_CREATED": ("awaiting_collection", []),
    "LOGISTICS_PICKUP_DONE": ("in_transit", []),
    "LOGISTICS_PICKUP_RETRY": ("awaiting_collection", ["carrier_misses_pickup"]),
    "LOGISTICS_DELIVERY_DONE": ("delivered", []),
    "LOGISTICS_DELIVERY_FAILED": ("in_transit", ["carrier_returns"]),
    "LOGISTICS_LOST": ("in_transit", ["carrier_loses"]),
    "LOGISTICS_INVALID": ("awaiting_shipment", ["platform_cancels"]),
    "LOGISTICS_REQUEST_CANCELED": ("awaiting_collection", ["platform_cancels"]),
}


@pytest.mark.parametrize("status", LOGISTICS)
async def test_logistics_status_is_shown(api: Api, status: str) -> None:
    phase, acts = LOGISTICS[status]
    order_sn = await api.order(phase=phase)
    for act in acts:
        await api.act(order_sn, act)
    package = (await api.detail(order_sn, "package_list"))["package_list"][0]
    assert package["logistics_status"] == status


async def test_cod_rejected(api: Api) -> None:
    order_sn = await api.order(phase="in_transit", cod=True)
    await api.act(order_sn, "carrier_returns")
    detail = await api.detail(order_sn, "package_list,cancel_reason")
    assert detail["package_list"][0]["logistics_status"] == "LOGISTICS_COD_REJECTED"
    assert detail["cancel_reason"] == "COD Rejected"


RETURN_REASONS = [
    "NONE", "NOT_RECEIPT", "NONRECEIPT", "WRONG_ITEM", "ITEM_DAMAGED", "DIFFERENT_DESCRIPTION", "DIFF_DESC",
    "MUTUAL_AGREE", "MUITAL_AGREE", "OTHER", "USED", "NO_REASON", "ITEM_WRONGDAMAGED", "CHANGE_MIND", "CHANGE_OF_MIND",
    "ITEM_MISSING", "EXPECTATION_FAILED", "ITEM_FAKE", "PHYSICAL_DMG", "FUNCTIONAL_DMG", "ITEM_NOT_FIT",
    "SUSPICIOUS_PARCEL", "EXPIRED_PRODUCT", "WRONG_ORDER_INFO", "WRONG_ADDRESS", "SELLER_SENT_WRONG_ITEM",
    "SPILLED_CONTENTS", "BROKEN_PRODUCTS", "DAMAGED_PACKAGE", "SCRATCHED", "DAMAGED_OTHERS", "SIZE_DEVIATION",
    "LOOK_DEVIATION", "DATE_DEVIATION",
]  # fmt: skip


@pytest.mark.parametrize("reason", RETURN_REASONS)
async def test_return_reason_is_shown(api: Api, reason: str) -> None:
    order_sn = await api.order(phase="delivered")
    await api.act(order_sn, "buyer_requests_return", reason=reason)
    assert (await api.return_of(order_sn))["reason"] == reason


async def test_return_statuses_are_reached(api: Api) -> None:
    """REQUESTED, PROCESSING, ACCEPTED, SELLER_DISPUTE, JUDGING, CLOSED, CANCELLED."""
    seen = set()
    order_sn, return_sn = await api.returned()
    seen.add((await api.return_detail(return_sn))["status"])
    assert (await api.dispute(return_sn)).error == ""
    seen.add((await api.return_detail(return_sn))["status"])
    await api.act(order_sn, "buyer_opens_dispute")
    seen.add((await api.return_detail(return_sn))["status"])
    await api.act(order_sn, "platform_decides", **{"for": "seller"})
    seen.add((await api.return_detail(return_sn))["status"])
    order_sn, return_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    seen.add((await api.return_detail(return_sn))["status"])
    order_sn, return_sn = await api.returned()
    await api.act(order_sn, "buyer_withdraws_request")
    seen.add((await api.return_detail(return_sn))["status"])
    order_sn, return_sn = await api.returned(needs_logistics=True)
    await api.act(order_sn, "buyer_ships_return")
    seen.add((await api.return_detail(return_sn))["status"])
    assert seen >= {"REQUESTED", "SELLER_DISPUTE", "JUDGING", "CLOSED", "ACCEPTED", "CANCELLED", "PROCESSING"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "status",
            ["REQUESTED", "PROCESSING", "ACCEPTED", "SELLER_DISPUTE", "JUDGING", "CLOSED", "CANCELLED"],
        ),
        ("negotiation_status", ["PENDING_RESPOND", "PENDING_BUYER_RESPOND", "TERMINATED"]),
        ("seller_proof_status", ["NOT_NEEDED", "PENDING", "UPLOADED", "OVERDUE"]),
        (
            "seller_compensation_status",
            [
                f"COMPENSATION_{s}"
                for s in (
                    "NOT_APPLICABLE", "INITIAL_STAGE", "PENDING_REQUEST", "NOT_REQUIRED", "REQUESTED", "APPROVED",
                    "REJECTED", "CANCELLED", "NOT_ELIGIBLE",
                )
            ],
        ),
    ],
    ids=["status", "negotiation", "proof", "compensation"],
)  # fmt: skip
async def test_return_filters_take_every_value(api: Api, name: str, values: list[str]) -> None:
    _, return_sn = await api.returned()
    found = []
    for value in values:
        page = (await api.get("returns/get_return_list", page_no=1, page_size=10, **{name: value})).ok
        found += [r["return_sn"] for r in page["return"]]
    assert found == [return_sn], "the values part the returns: each return has exactly one"
    assert (await api.get("returns/get_return_list", page_no=1, page_size=10, **{name: "WEATHER"})).error


async def test_negotiation_ends(api: Api) -> None:
    _, return_sn = await api.returned()
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    assert (await api.return_detail(return_sn))["negotiation"]["negotiation_status"] == "TERMINATED"


@pytest.mark.parametrize("solution", ["RETURN_REFUND", "REFUND"])
async def test_both_solutions_can_be_offered(api: Api, solution: str) -> None:
    _, return_sn = await api.returned()
    found = (await api.get("returns/get_available_solutions", return_sn=return_sn)).ok
    terms = found["offer_return_refund" if solution == "RETURN_REFUND" else "offer_refund"]
    assert terms["eligibility"] is True
    body = {
        "return_sn": return_sn,
        "proposed_solution": solution,
        "proposed_adjusted_refund_amount": terms["max_refund_amount"],
    }
    assert (await api.post("returns/offer", body)).error == ""
    assert (await api.return_detail(return_sn))["negotiation"]["latest_solution"] == solution


@pytest.mark.parametrize("reason_id", [41, 42, 43, 44, 46, 47, 48, 49, 50, 53, 54, 56])
async def test_dispute_reason_is_taken(api: Api, reason_id: int) -> None:
    order_sn, return_sn = await api.returned()
    if reason_id in {46, 47, 48, 49, 50, 56}:  # about the goods that came, or did not come, back
        await api.act(order_sn, "buyer_ships_return")
    assert (await api.dispute(return_sn, reason_id)).error == ""
    assert (await api.return_detail(return_sn))["status"] == "SELLER_DISPUTE"


async def test_second_stage_dispute_reasons(api: Api) -> None:
    """81-89 are copies for the second stage."""
    _, return_sn = await api.returned()
    assert not set(await api.dispute_reasons(return_sn)) & set(range(81, 90))
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    assert set(await api.dispute_reasons(return_sn)) & set(range(81, 90))


@pytest.mark.parametrize("preference", [0, 1])
async def test_buyers_preference_for_partial_cancellation(api: Api, preference: int) -> None:
    """0 ship what is available, 1 cancel the whole order; can_partial_cancel_order already includes it."""
    order_sn = await api.order(
        lines=[{"sku": "A", "title": "Mug", "quantity": 3, "price": 10}],
        preference=preference,
    )
    detail = await api.detail(order_sn)
    assert detail["buyer_preference_for_partial_cancellation"] == preference
    assert detail["can_partial_cancel_order"] is (preference == 0)

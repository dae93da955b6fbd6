"""MOCKS.md: what people, carriers and the platform do, and 409 with the reason when the state forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api

RETURN = ("delivered", ["buyer_requests_return"])
LEGAL: list[tuple[str, str, list[str], str | None]] = [
    # act, phase to begin in, acts before it, Shopee status after it
    ("buyer_pays", "unpaid", [], "READY_TO_SHIP"),
    ("buyer_requests_cancellation", "awaiting_shipment", [], "IN_CANCEL"),
    ("buyer_requests_refund", "delivered", [], "TO_RETURN"),
    ("buyer_requests_return", "delivered", [], "TO_RETURN"),
    ("buyer_withdraws_request", "awaiting_shipment", ["buyer_requests_cancellation"], "READY_TO_SHIP"),
    ("buyer_ships_return", *RETURN, "TO_RETURN"),
    ("buyer_confirms_receipt", "delivered", [], "COMPLETED"),
    ("buyer_replies", "awaiting_shipment", [], "READY_TO_SHIP"),
    ("seller_ships", "awaiting_shipment", [], "PROCESSED"),
    ("carrier_collects", "awaiting_collection", [], "SHIPPED"),
    ("carrier_delivers", "in_transit", [], "TO_CONFIRM_RECEIVE"),
    ("carrier_loses", "in_transit", [], "CANCELLED"),
    ("warehouse_receives_return", "delivered", ["buyer_requests_return", "buyer_ships_return"], None),
    ("platform_cancels", "awaiting_shipment", [], "CANCELLED"),
    ("merchant_closes", "awaiting_shipment", [], "CANCELLED"),
    ("buyer_cancels", "unpaid", ["buyer_pays"], "CANCELLED"),
    ("buyer_changes_address", "awaiting_shipment", [], "READY_TO_SHIP"),
    ("platform_holds", "awaiting_shipment", [], "PENDING"),
    ("platform_releases", "awaiting_shipment", ["platform_holds"], "READY_TO_SHIP"),
]


def details(act: str) -> dict[str, Any]:
    if act == "buyer_replies":
        return {"text": "hello"}
    if act in {"buyer_requests_cancellation", "platform_cancels", "merchant_closes"}:
        return {"reason": {"platform_cancels": "Auto Cancel", "merchant_closes": "OUT_OF_STOCK"}.get(act, "Others")}
    return {"for": "seller"} if act == "platform_decides" else {}


@pytest.mark.parametrize(("act", "phase", "before", "status"), LEGAL, ids=[row[0] for row in LEGAL])
async def test_act(api: Api, act: str, phase: str, before: list[str], status: str | None) -> None:
    order_sn = await api.order(phase=phase)
    for earlier in before:
        await api.act(order_sn, earlier, **details(earlier))
    await api.act(order_sn, act, **details(act))
    if status is not None:
        assert await api.status(order_sn) == status
    assert await api.effects() == [], "acts of others are no writes of the client"


async def test_platform_decides(api: Api) -> None:
    order_sn, return_sn = await api.disputed()
    await api.act(order_sn, "platform_decides", **{"for": "seller"})
    assert (await api.return_detail(return_sn))["status"] not in {"SELLER_DISPUTE", "JUDGING", "REQUESTED"}


ILLEGAL = [
    ("buyer_pays", "awaiting_shipment"),
    ("buyer_requests_cancellation", "in_transit"),
    ("buyer_requests_cancellation", "cancelled"),
    ("buyer_requests_refund", "cancelled"),
    ("buyer_requests_return", "awaiting_shipment"),
    ("buyer_withdraws_request", "awaiting_shipment"),
    ("buyer_ships_return", "delivered"),
    ("buyer_confirms_receipt", "awaiting_shipment"),
    ("seller_ships", "unpaid"),
    ("seller_ships", "in_transit"),
    ("carrier_collects", "awaiting_shipment"),
    ("carrier_delivers", "awaiting_shipment"),
    ("carrier_loses", "awaiting_shipment"),
    ("warehouse_receives_return", "delivered"),
    ("platform_cancels", "completed"),
    ("platform_cancels", "cancelled"),
    ("merchant_closes", "in_transit"),
    ("merchant_closes", "cancelled"),
    ("buyer_cancels", "in_transit"),
    ("buyer_cancels", "cancelled"),
    ("buyer_changes_address", "in_transit"),
    ("platform_decides", "delivered"),
    ("platform_holds", "in_transit"),
    ("platform_releases", "awaiting_shipment"),
]


@pytest.mark.parametrize(("act", "phase"), ILLEGAL, ids=[f"{a}-{p}" for a, p in ILLEGAL])
async def test_illegal_act_answers_409_with_the_reason(api: Api, act: str, phase: str) -> None:
    order_sn = await api.order(phase=phase)
    before = await api.truth(order_sn)
    answer = await api.illegal_act(order_sn, act, **details(act))
    assert any(isinstance(v, str) and len(v) > 10 for v in answer.values()), answer
    assert await api.truth(order_sn) == before


@pytest.mark.parametrize("act", ["supplier_agrees", "supplier_refuses", "supplier_ships"])
async def test_acts_of_other_platforms_are_refused(api: Api, act: str) -> None:
    order_sn = await api.order()
    status, answer = await api.control("POST", f"/orders/{order_sn}/acts", {"act": act})
    assert status in {400, 409}
    assert act in answer["error"]


# -- acts on a store ------------------------------------------------------------------------------------------------


async def test_store_acts(api: Api) -> None:
    await api.store_act("platform_issues_points", points=1, violation_type=6)
    await api.store_act("expire_tokens")
    assert (await api.get("order/get_shipment_list", page_size=1)).error != ""
    await api.store_act("seller_revokes_authorization", store=api.stores[1]["shop_id"])
    assert (await api.get("order/get_shipment_list", api.stores[1], page_size=1)).error == "shop_no_linked"
    status, _ = await api.control("POST", "/acts", {"act": "seller_dances", "store": api.store["shop_id"]})
    assert status in {400, 409}
    assert (await api.control("POST", "/acts", {"act": "expire_tokens", "store": 1}))[0] in {400, 404, 409}

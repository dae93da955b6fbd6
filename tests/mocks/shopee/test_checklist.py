"""Section 13, the sheet's mock checklist: one test a line."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver

DAY = 86_400


async def test_line_1_checks_in_this_order(api: Api) -> None:
    """partner_id, timestamp present and in window, sign present, token, shop_id present, sign right, token known and
    unexpired, shop linked.

    The order inside the vendor's gateway is UNVERIFIED: asked is that each check exists, and that a call with
    everything missing is told about the first in the line.
    """
    path = "/api/v2/order/get_shipment_list"
    good = {**await api.shop_query(path), "page_size": 10}
    everything_wrong = {"page_size": 10}
    (await api.raw("GET", path, everything_wrong)).refused("error_param", "There is no partner_id in query.")
    for name in ("sign", "access_token", "shop_id"):
        without = {k: v for k, v in good.items() if k != name}
        (await api.raw("GET", path, without)).refused("error_param", f"There is no {name} in query.")
    old = {**good, "timestamp": good["timestamp"] - 301}
    (await api.raw("GET", path, old)).refused("error_param", "Timestamp is expired.")
    (await api.raw("GET", path, {**good, "sign": "0" * 64})).refused("error_sign", "Wrong sign.")
    unknown = await api.get("order/get_shipment_list", {**api.store, "access_token": "0" * 32}, page_size=10)
    assert unknown.error in {"invalid_acceess_token", "error_auth"}
    await api.store_act("expire_tokens", store=api.stores[1]["shop_id"])
    expired = await api.get("order/get_shipment_list", api.stores[1], page_size=10)
    assert expired.error in {"invalid_acceess_token", "error_auth"}
    await api.store_act("seller_revokes_authorization")
    (await api.get("order/get_shipment_list", page_size=10)).refused(
        "shop_no_linked", "Partner and shop has no linked."
    )


async def test_line_2_rotates_tokens(api: Api) -> None:
    """refresh_token single use, old access_token alive 5 min, per-shop pairs."""

    async def refresh(store: dict[str, Any]) -> Any:
        return await api.public_post(
            "auth/access_token/get",
            {
                "refresh_token": store["refresh_token"],
                "partner_id": api.partner_id,
                "shop_id": store["shop_id"],
            },
        )

    fresh = {**api.store, **(await refresh(api.store)).flat}
    (await refresh(api.store)).refused("error_auth", "Invalid refresh_token.")
    assert (await api.get("order/get_shipment_list", api.store, page_size=1)).error == ""
    await api.advance("PT5M1S")
    assert (await api.get("order/get_shipment_list", api.store, page_size=1)).error != ""
    assert (await api.get("order/get_shipment_list", fresh, page_size=1)).error == ""
    assert (await api.get("order/get_shipment_list", api.stores[1], page_size=1)).error == ""


async def test_line_3_order_list(api: Api) -> None:
    """15-day span check, page_size 1..100, opaque cursor, filter list, order_status only on demand."""
    orders = [await api.order() for _ in range(3)]
    now = await api.now()
    sent: dict[str, Any] = {
        "time_range_field": "create_time",
        "time_from": now - 60,
        "time_to": now + 60,
        "page_size": 2,
        "cursor": "",
    }

    async def call(**changed: Any) -> Any:
        return await api.get("order/get_order_list", **{**sent, **changed})

    (await call(time_from=now - 15 * DAY)).refused(
        "order.order_list_invalid_time", "Start time must be earlier than end time and diff in 15days."
    )
    for page_size in (0, 101):
        assert (await call(page_size=page_size)).error == "error_param"
    first = (await call()).ok
    second = (await call(cursor=first["next_cursor"])).ok
    assert sorted(o["order_sn"] for o in first["order_list"] + second["order_list"]) == sorted(orders)
    assert (await call(order_status="TO_RETURN")).error == "error_param"
    assert all("order_status" not in o for o in first["order_list"])
    shown = (await call(response_optional_fields="order_status")).ok
    assert {o["order_status"] for o in shown["order_list"]} == {"READY_TO_SHIP"}


async def test_line_4_order_detail(api: Api) -> None:
    """Optional fields omitted unless asked; 50 limit; error_not_found."""
    order_sn = await api.order()
    plain = await api.detail(order_sn)
    assert not plain.keys() & {"item_list", "recipient_address", "total_amount", "cancel_by", "package_list"}
    assert "item_list" in await api.detail(order_sn, "item_list")
    answer = await api.get("order/get_order_detail", order_sn_list=",".join([order_sn] * 51))
    assert answer.error == "error_param"
    (await api.get("order/get_order_detail", order_sn_list="260101NOSUCHSN")).refused(
        "error_not_found", "Wrong parameters, detail: the order is not found."
    )


async def test_line_5_cancel_order(api: Api, pushed: Receiver) -> None:
    """Four reasons, item_list with OUT_OF_STOCK, error_limit when tracking exists or already CANCELLED; push 3."""
    area = next(s for s in api.stores if s["region"] in {"TW", "MY"})
    for reason, store, extra in (
        ("OUT_OF_STOCK", api.store, {}),
        ("CUSTOMER_REQUEST", api.store, {}),
        ("UNDELIVERABLE_AREA", area, {}),
        ("COD_NOT_SUPPORTED", api.store, {"cod": True}),
    ):
        order_sn = await api.order(store=store["shop_id"], **extra)
        assert (await api.cancel(order_sn, reason, store=store)).error == ""
        await pushed.wait(
            lambda sn=order_sn: any(d.body["data"]["status"] == "CANCELLED" for d in pushed.of(3, sn))  # type: ignore[misc]  # mypy infers no type for a lambda's default
        )
        (await api.cancel(order_sn, "CUSTOMER_REQUEST", store=store)).refused(
            "order.error_limit", "Can not cancel this order"
        )
    without_list = {"order_sn": await api.order(), "cancel_reason": "OUT_OF_STOCK"}
    assert (await api.post("order/cancel_order", without_list)).error.split(".")[-1] == "error_param"
    tracked = await api.order()
    assert (await api.ship(tracked)).error == ""
    (await api.cancel(tracked)).refused("order.error_limit", "Can not cancel this order")


async def test_line_6_handle_buyer_cancellation(api: Api) -> None:
    """Only IN_CANCEL; ACCEPT -> CANCELLED, REJECT -> earlier status; auto-cancel after a settable delay."""
    orders = [await api.order() for _ in range(3)]
    await api.advance("PT2H")

    async def answer(order_sn: str, operation: str) -> Any:
        return await api.post("order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": operation})

    assert (await answer(orders[0], "ACCEPT")).message == ("Invalid order_status.The order status should be IN_CANCEL.")
    await api.app_act("set_timing", cancel_answer="PT1H")
    for order_sn in orders:
        await api.act(order_sn, "buyer_requests_cancellation", reason="Others")
    assert (await answer(orders[0], "ACCEPT")).error == ""
    assert (await answer(orders[1], "REJECT")).error == ""
    assert [await api.status(o) for o in orders] == ["CANCELLED", "READY_TO_SHIP", "IN_CANCEL"]
    await api.advance("PT1H1M")
    assert [await api.status(o) for o in orders] == ["CANCELLED", "READY_TO_SHIP", "CANCELLED"]


async def test_line_7_returns(api: Api) -> None:
    """REQUESTED -> (confirm) ACCEPTED; offer/accept_offer via negotiation; dispute -> SELLER_DISPUTE -> JUDGING."""
    _, confirmed = await api.returned()
    assert (await api.return_detail(confirmed))["status"] == "REQUESTED"
    assert (await api.post("returns/confirm", {"return_sn": confirmed})).error == ""
    assert (await api.return_detail(confirmed))["status"] == "ACCEPTED"

    order_sn, negotiated = await api.returned()
    terms = (await api.get("returns/get_available_solutions", return_sn=negotiated)).ok["offer_refund"]
    body = {
        "return_sn": negotiated,
        "proposed_solution": "REFUND",
        "proposed_adjusted_refund_amount": terms["min_refund_amount"] or terms["max_refund_amount"],
    }
    assert (await api.post("returns/offer", body)).error == ""
    negotiation = (await api.return_detail(negotiated))["negotiation"]
    assert negotiation["negotiation_status"] == "PENDING_BUYER_RESPOND"
    await api.act(order_sn, "buyer_offers", solution="REFUND", amount=terms["max_refund_amount"])
    assert (await api.post("returns/accept_offer", {"return_sn": negotiated})).error == ""
    assert (await api.return_detail(negotiated))["status"] == "ACCEPTED"

    order_sn, disputed = await api.disputed()
    assert (await api.return_detail(disputed))["status"] == "SELLER_DISPUTE"
    await api.act(order_sn, "buyer_opens_dispute")
    assert (await api.return_detail(disputed))["status"] == "JUDGING"


async def test_line_8_push(api: Api, pushed: Receiver, push_sign: Any) -> None:
    """Sign, retry 300/1800/10800, duplicates and reordering switchable, lost-message queue."""
    order_sn = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_sn)
    await api.faults({"operation": "push/3", "fault": "push_duplicate", "times": 1})
    await api.act(order_sn, "buyer_pays")
    first, second = await pushed.expect(3, 2, order_sn)
    assert first.raw == second.raw
    assert first.headers["Authorization"] == push_sign(api.push_key, pushed.url, first.raw)

    swapped = await api.order()
    await pushed.forget_the_making_of(swapped)
    await api.faults({"operation": "push/3", "fault": "push_reorder", "times": 1})
    await api.act(swapped, "buyer_requests_cancellation", reason="Others")
    await api.act(swapped, "buyer_withdraws_request")
    told = [d.body["data"]["status"] for d in await pushed.expect(3, 2, swapped)]
    assert told == ["READY_TO_SHIP", "IN_CANCEL"]

    nobody = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(nobody)
    pushed.status = 500
    await api.act(nobody, "buyer_pays")
    for n, wait in enumerate((300, 1800, 10_800), start=1):
        await pushed.expect(3, n, nobody)
        await api.advance(f"PT{wait}S")
    await pushed.expect(3, 4, nobody)
    lost = (await api.public_get("push/get_lost_push_message")).ok
    assert any(m["code"] == 3 and nobody in str(m["data"]) for m in lost["push_message_list"])


async def test_line_9_switches(api: Api) -> None:
    """429 + error_rate_limit switchable; error_server switchable; slow answer after the action took effect."""
    order_sn = await api.order()
    await api.faults({"operation": "order/cancel_order", "fault": "http_429", "times": 1})
    limited = await api.cancel(order_sn)
    assert (limited.http, limited.error) == (429, "error_rate_limit")
    await api.answers("error_server", operation="order/cancel_order")
    (await api.cancel(order_sn)).refused("error_server", "System error. Please try again later.")
    assert await api.status(order_sn) == "READY_TO_SHIP"

    await api.faults({"operation": "order/cancel_order", "fault": "slow", "times": 1, "ms": 400})
    began = time.monotonic()
    slow = asyncio.create_task(api.cancel(order_sn))
    while not await api.effects("order/cancel_order"):
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.01)
    assert not slow.done(), "applied, and the answer still on its way"
    assert await api.status(order_sn) == "CANCELLED"
    assert (await slow).error == ""

    other = await api.order()
    await api.faults({"operation": "order/cancel_order", "fault": "timeout_after", "times": 1, "ms": 20})
    with pytest.raises((aiohttp.ClientError, ConnectionError, TimeoutError)):
        await api.cancel(other)
    assert await api.status(other) == "CANCELLED"

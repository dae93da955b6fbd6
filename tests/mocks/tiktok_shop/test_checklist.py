"""Section 10, the checklist for the mock: one test a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.tiktok_shop.conftest import Api, Receiver

OUT_OF_STOCK = "seller_cancel_reason_out_of_stock"


async def test_sign_timestamp_token_and_cipher_have_their_own_codes(api: Api, sign: Callable[..., str]) -> None:
    path = "/order/202309/orders"
    secret, token = api.credentials["app_secret"], api.store["access_token"]
    good = {**await api.query(path), "ids": "1"}

    async def code(query: dict[str, str], token: str, signed: str | None = None) -> int:
        sent = {**query, "sign": sign(secret, path, query) if signed is None else signed}
        return int((await api.raw("GET", path, sent, headers={"x-tts-access-token": token})).code)

    old = str(await api.now() - 301)
    assert await code(good, token) == 0
    assert await code(good, token, "0" * 64) == 106001
    assert await code({**good, "timestamp": old}, token) == 36009004
    assert await code(good, "ROW_wrong") == 105001
    assert await code({**good, "shop_cipher": "ROW_wrong"}, token) == 106013


async def test_any_six_digit_version(api: Api) -> None:
    order_id = await api.order()
    for version in ("202309", "202507", "209912"):
        found = await api.get("order/orders", {"ids": order_id}, version=version)
        assert found.ok["orders"][0]["id"] == order_id


async def test_ids_are_strings(api: Api) -> None:
    order = await api.detail(await api.order())
    assert all(isinstance(one, str) for one in (order["id"], order["user_id"], order["line_items"][0]["sku_id"]))


async def test_one_line_item_per_unit(api: Api) -> None:
    order = await api.detail(await api.order(lines=[{"sku": "A", "quantity": 4}]))
    assert len(order["line_items"]) == 4


async def test_on_hold_for_an_hour_then_forward(api: Api) -> None:
    order_id = await api.order(phase="unpaid")
    await api.act(order_id, "buyer_pays")
    assert await api.status(order_id) == "ON_HOLD"
    await api.advance("PT1H")
    assert await api.status(order_id) == "AWAITING_SHIPMENT"


async def test_pending_requests_for_48_hours_then_success_then_complete(api: Api) -> None:
    order_id, _ = await api.asked()
    opened = await api.now()
    one = await api.cancellation(order_id)
    assert one["seller_next_action_response"][0]["deadline"] == opened + 48 * 3600
    seen = [one["cancel_status"]]
    for wait in ("P2D", "PT10M"):
        await api.advance(wait)
        seen.append((await api.cancellation(order_id))["cancel_status"])
    assert seen == [f"CANCELLATION_REQUEST_{word}" for word in ("PENDING", "SUCCESS", "COMPLETE")]


async def test_approval_cancels_restocks_and_pushes_11_then_1(api: Api, pushed: Receiver) -> None:
    order_id, cancel_id = await api.asked()
    await pushed.expect(11)
    pushed.got.clear()
    assert (await api.post(f"return_refund/cancellations/{cancel_id}/approve")).ok == {}
    await pushed.expect(1)
    assert [push.body["type"] for push in pushed.got] == [11, 1]
    assert pushed.got[0].data["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert pushed.got[1].data["order_status"] == "CANCEL"
    assert await api.status(order_id) == "CANCELLED"
    assert (await api.cancellation(order_id))["should_replenish_stock"] is True


async def test_an_idempotency_key_replays_the_first_answer(api: Api) -> None:
    order_id = await api.order(phase="delivered")
    body = {
        "order_id": order_id,
        "return_type": "REFUND",
        "return_reason": "ecom_order_delivered_refund_reason_damaged_seller",
    }
    first, second = [await api.post("return_refund/returns", body, {"idempotency_key": "once"}) for _ in range(2)]
    assert first.ok == second.ok
    assert len((await api.truth(order_id))["returns"]) == 1


async def test_return_orders_is_left_out_when_empty(api: Api) -> None:
    assert "return_orders" not in (await api.post("return_refund/returns/search", {})).ok


async def test_spellings_differ_between_search_and_webhook(api: Api, pushed: Receiver) -> None:
    order_id, _ = await api.asked()
    await api.act(order_id, "buyer_withdraws_request")
    await pushed.expect(11, 2)
    assert pushed.of(11)[1].data["cancel_status"] == "CANCELLATION_REQUEST_CANCELLED"
    assert (await api.cancellation(order_id))["cancel_status"] == "CANCELLATION_REQUEST_CANCEL"
    assert (await api.cancel(order_id)).code == 0
    await pushed.expect(1, 2, order_id)
    assert pushed.of(1, order_id)[-1].data["order_status"] == "CANCEL"
    assert [one["status"] for one in await api.search({"order_status": "CANCELLED"})] == ["CANCELLED"]


async def test_webhooks_come_twice_and_out_of_order(api: Api, pushed: Receiver) -> None:
    order_id = await api.order(phase="unpaid")
    await pushed.forget_the_making_of(order_id)
    await api.faults(
        {"operation": "push/1", "fault": "push_reorder", "times": 1},
        {"operation": "push/1", "fault": "push_duplicate", "times": 1},
    )
    await api.act(order_id, "buyer_pays")
    await api.act(order_id, "platform_releases")
    await api.advance("PT1M")
    await pushed.expect(1, 3, order_id)
    assert [push.data["order_status"] for push in pushed.of(1)] == ["AWAITING_SHIPMENT", "AWAITING_SHIPMENT", "ON_HOLD"]
    first, again, earlier = (push.body["tts_notification_id"] for push in pushed.of(1))
    assert first == again
    assert first != earlier


async def test_bursts_of_429(api: Api) -> None:
    await api.faults({"operation": "order/*", "fault": "http_429", "times": 3})
    answers = [await api.post("order/orders/search", {}, {"page_size": 1}) for _ in range(4)]
    assert [one.http for one in answers] == [429, 429, 429, 200]
    assert [one.code for one in answers] == [36009002, 36009002, 36009002, 0]


async def test_addresses_are_masked(api: Api) -> None:
    address = (await api.detail(await api.order(shipping_type="TIKTOK")))["recipient_address"]
    assert "*" in address["name"]
    assert "*" in address["full_address"]


async def test_a_reason_that_does_not_fit_the_state(api: Api) -> None:
    (await api.cancel(await api.order(phase="unpaid"), OUT_OF_STOCK)).refused(25001021)


async def test_partial_cancellation_in_japan(api: Api) -> None:
    order_id = await api.order(lines=[{"sku": "A", "quantity": 2}])
    unit = (await api.detail(order_id))["line_items"][0]["id"]
    (await api.cancel(order_id, order_line_item_ids=[unit])).refused(25005010)


async def test_cancellation_of_a_shipped_order(api: Api) -> None:
    (await api.cancel(await api.order(phase="in_transit"))).refused(25001045)

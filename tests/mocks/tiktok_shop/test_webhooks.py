"""Section 7: registration, envelope, signature, both spellings, retries, and the faults of a delivery."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.tiktok_shop.conftest import Api, Receiver, Start


async def made(api: Api, pushed: Receiver, **fields: Any) -> str:
    order_id = await api.order(**fields)
    await pushed.forget_the_making_of(order_id)
    return order_id


# -- registration ---------------------------------------------------------------------------------------------------


async def test_registration(api: Api, receiver: Receiver) -> None:
    assert (await api.get("event/webhooks")).ok == {"webhooks": [], "total_count": 0}
    body = {"event_type": "ORDER_STATUS_CHANGE", "address": receiver.url}
    assert (await api.call("PUT", "event/webhooks", body=body)).ok == {}
    order_id = await api.order(phase="unpaid")
    (push,) = await receiver.expect(1, 1, order_id)
    assert push.path == "/hooks/tiktok"
    listed = (await api.get("event/webhooks")).ok
    assert listed["total_count"] == 1
    row = listed["webhooks"][0]
    assert (row["event_type"], row["address"], row["create_time"]) == (*body.values(), await api.now())
    assert (await api.get("event/webhooks", store=api.stores[1])).ok["total_count"] == 0, "per shop"
    delete = {"event_type": "ORDER_STATUS_CHANGE"}
    assert (await api.call("DELETE", "event/webhooks", body=delete)).ok == {}
    assert (await api.get("event/webhooks")).ok["total_count"] == 0
    receiver.got.clear()
    await api.act(order_id, "buyer_pays")
    await api.advance("PT1M")
    assert receiver.got == []


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "EVERYTHING", "address": "https://a.invalid"},
        {"event_type": "NEW_MESSAGE"},
        {"event_type": "NEW_MESSAGE", "address": "https://" + "a" * 248},
        {"event_type": "NEW_MESSAGE", "address": "a.invalid"},
    ],
)
async def test_registrations_refused(api: Api, body: Any) -> None:
    (await api.call("PUT", "event/webhooks", body=body)).refused(36009004)


async def test_push_to_names_the_whole_address(start: Start, receiver: Receiver) -> None:
    api = await start(push_to=receiver.url)
    await api.order()
    assert (await receiver.expect(1))[0].path == "/hooks/tiktok/webhooks/tiktok_shop"


# -- envelope and bodies --------------------------------------------------------------------------------------------


async def test_envelope_and_signature(api: Api, pushed: Receiver, push_sign: Callable[[str, str, bytes], str]) -> None:
    order_id = await api.order(phase="unpaid")
    (push,) = await pushed.expect(1, 1, order_id)
    assert set(push.body) == {"type", "tts_notification_id", "shop_id", "timestamp", "data"}
    assert push.body["tts_notification_id"].isdigit()
    assert (push.body["shop_id"], push.body["timestamp"]) == (api.store["shop_id"], await api.now())
    assert push.data == {
        "order_id": order_id,
        "order_status": "UNPAID",
        "is_on_hold_order": True,
        "update_time": await api.now(),
    }
    right = push_sign(api.credentials["app_key"], api.credentials["app_secret"], push.raw)
    assert push.headers["Authorization"] == right
    assert push.headers["Content-Type"] == "application/json"


async def test_the_way_of_an_order_in_pushes(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed, phase="unpaid")
    await api.act(order_id, "buyer_pays")
    await api.advance("PT1H")
    for act in ("seller_ships", "carrier_collects", "carrier_delivers", "buyer_confirms_receipt"):
        await api.act(order_id, act)
    await pushed.expect(1, 6, order_id)
    assert [one.data["order_status"] for one in pushed.of(1)] == [
        *("ON_HOLD", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED")
    ]
    assert len({one.body["tts_notification_id"] for one in pushed.got}) == 6


async def test_both_spellings_of_cancelled(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed)
    await api.act(order_id, "buyer_requests_cancellation")
    await api.act(order_id, "buyer_withdraws_request")
    await pushed.expect(11, 2)
    one = await api.cancellation(order_id)
    assert [push.data["cancel_status"] for push in pushed.of(11)] == [
        "CANCELLATION_REQUEST_PENDING",
        "CANCELLATION_REQUEST_CANCELLED",
    ]
    assert one["cancel_status"] == "CANCELLATION_REQUEST_CANCEL"
    assert pushed.of(11)[0].data == {
        "order_id": order_id,
        "cancellations_role": "BUYER",
        "cancel_status": "CANCELLATION_REQUEST_PENDING",
        "cancel_id": one["cancel_id"],
        "create_time": one["create_time"],
    }
    assert (await api.cancel(order_id)).code == 0
    (push,) = await pushed.expect(1, 1, order_id)
    assert push.data["order_status"] == "CANCEL"
    assert await api.status(order_id) == "CANCELLED"


async def test_a_return_in_pushes(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed, phase="delivered")
    await api.act(order_id, "buyer_requests_refund")
    (push,) = await pushed.expect(12)
    one = await api.return_of(order_id)
    assert push.data == {
        "order_id": order_id,
        "return_role": "BUYER",
        "return_type": "REFUND",
        "return_status": "RETURN_OR_REFUND_REQUEST_PENDING",
        "return_id": one["return_id"],
        "create_time": one["create_time"],
        "update_time": one["update_time"],
    }


async def test_address_parcel_and_chat_pushes(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed, lines=[{"sku": "A"}, {"sku": "B"}])
    await api.act(order_id, "buyer_changes_address", street="試験町1-1")
    (push,) = await pushed.expect(3)
    assert push.data == {"order_id": order_id, "update_time": await api.now()}
    order = await api.detail(order_id)
    assert (order["has_updated_recipient_address"], order["recipient_address"]["address_line1"]) == (True, "試験町1-1")
    await api.act(order_id, "seller_splits")
    (push,) = await pushed.expect(4)
    assert push.data["sc_type"] == "SPLIT"
    assert [one["order_id_list"] for one in push.data["package_list"]] == [[order_id], [order_id]]
    await api.act(order_id, "buyer_replies", text="まだですか")
    (opened,) = await pushed.expect(13)
    (message,) = await pushed.expect(14)
    assert opened.data["conversation_id"] == message.data["conversation_id"]
    assert message.data["content"] == '{"content": "まだですか"}'
    assert message.data["sender"]["role"] == "BUYER"
    await api.act(order_id, "buyer_replies")
    await pushed.expect(14, 2)
    assert len(pushed.of(13)) == 1


async def test_deauthorisation_is_type_6_and_the_last(api: Api, pushed: Receiver) -> None:
    await api.store_act("seller_revokes_authorization")
    (push,) = await pushed.expect(6)
    assert set(push.data) == {"message"}
    await api.order()
    await api.advance("PT1M")
    assert pushed.of(1) == []


async def test_expiry_is_announced_thirty_days_ahead_then_daily(api: Api, pushed: Receiver) -> None:
    ends = (await api.store_act("set_authorization_end", **{"in": "P31D"}))["authorised_until"]
    await api.advance("PT23H")
    assert pushed.of(7) == []
    await api.advance("PT1H")
    (push,) = await pushed.expect(7)
    assert push.data["expiration_time"] == str(ends)
    await api.advance("P2D")
    assert len(pushed.of(7)) == 3
    code = (await api.control_ok("GET", "/credentials"))["auth_codes"][0]
    assert (await api.token("get", auth_code=code, grant_type="authorized_code")).code == 0
    await api.advance("P2D")
    assert len(pushed.of(7)) == 3


# -- delivery -------------------------------------------------------------------------------------------------------


async def test_ladder(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed, phase="unpaid")
    pushed.status = 204
    await api.act(order_id, "buyer_pays")
    await pushed.expect(1, 1, order_id)
    await api.store_act("set_timing", hold="P9D")
    sent = pushed.of(1, order_id)[0].raw
    for wait in (120, 1800, 10_800, 43_200):
        before = sum(one.raw == sent for one in pushed.got)
        await api.advance(f"PT{wait - 1}S")
        assert sum(one.raw == sent for one in pushed.got) == before
        await api.advance("PT1S")
        assert sum(one.raw == sent for one in pushed.got) == before + 1
    await api.advance("P1D")
    assert sum(one.raw == sent for one in pushed.got) == 5, "then dropped"
    tried = [one for one in await api.control_ok("GET", "/pushes") if one["body"] == sent.decode()]
    assert [one["attempt"] for one in tried] == [1, 2, 3, 4, 5]
    assert [b["at"] - a["at"] for a, b in pairwise(tried)] == [120, 1800, 10_800, 43_200]


async def test_another_ladder_and_an_early_end(api: Api, pushed: Receiver) -> None:
    await api.store_act("set_push_ladder", seconds=[10, 20])
    order_id = await made(api, pushed)
    pushed.status = 500
    await api.act(order_id, "buyer_requests_cancellation")
    await pushed.expect(11)
    pushed.status = 200
    await api.advance("PT10S")
    assert len(pushed.of(11)) == 2
    await api.advance("PT1M")
    assert len(pushed.of(11)) == 2


async def test_faults_of_a_delivery(api: Api, pushed: Receiver) -> None:
    order_id = await made(api, pushed)

    async def request() -> None:
        await api.act(order_id, "buyer_requests_cancellation")
        await api.act(order_id, "buyer_withdraws_request")

    await api.faults({"operation": "push/11", "fault": "push_duplicate", "times": 1})
    await request()
    first, second, _ = await pushed.expect(11, 3)
    assert first.raw == second.raw
    pushed.got.clear()
    await api.faults({"operation": "push/11", "fault": "push_reorder", "times": 1})
    await request()
    await pushed.expect(11, 2)
    assert [one.data["cancel_status"][-9:] for one in pushed.of(11)] == ["CANCELLED", "T_PENDING"]
    pushed.got.clear()
    await api.faults({"operation": "push/11", "fault": "push_drop", "times": 1})
    await request()
    await pushed.expect(11)
    await api.advance("P1D")
    assert [one.data["cancel_status"] for one in pushed.of(11)] == ["CANCELLATION_REQUEST_CANCELLED"]
    pushed.got.clear()
    await api.faults({"operation": "push/11", "fault": "push_delay", "times": 1, "seconds": 900})
    sent_at = await api.now()
    await api.act(order_id, "buyer_requests_cancellation")
    await api.advance("PT14M")
    assert pushed.of(11) == []
    await api.advance("PT1M")
    (late,) = await pushed.expect(11)
    assert late.body["timestamp"] == sent_at

"""Section 9: bodies, tags, acknowledgement, the one retry, and what is never told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Receiver


async def test_a_body_is_an_array_of_messages_with_data_as_text(api: Api, pushed: Receiver) -> None:
    order_id = await api.order()
    await pushed.wait(lambda: bool(pushed.got))
    [message] = pushed.got[0].body
    assert message.keys() == {"msgTag", "sellerId", "data"}
    assert (message["msgTag"], message["sellerId"]) == ("msg_fulfillment_status_change", api.seller_id)
    assert isinstance(message["data"], str)
    detail = json.loads(message["data"])
    assert detail == {
        "orderId": order_id,
        "packageId": order_id,
        "orderStatus": 4,
        "packageStatus": 4,
        "updateTime": (await api.detail(order_id))["updateTime"],
    }
    assert pushed.got[0].headers["content-type"].startswith("application/json")


async def test_the_six_messages_of_a_refund_before_shipping(api: Api, pushed: Receiver) -> None:
    """The live batch of section 9's source: audit, end, receipt though nothing was shipped, late ship-by, money."""
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    before = (await api.truth(order_id))["times"]["ship_by"]
    await api.audit(returns_id, 1)
    await api.advance("PT17M30S")
    await pushed.expect("msg_after_sale_refund_finished")
    tags = [tag for tag, _ in pushed.messages]
    assert tags == [
        "msg_fulfillment_status_change",
        "msg_after_sale_create",
        "msg_after_sale_audit_pass",
        "msg_fulfillment_status_change",
        "msg_after_sale_confirm_receive",
        "msg_fulfillment_delivery_time_change",
        "msg_after_sale_refund_finished",
    ]
    [created] = pushed.of("msg_after_sale_create")
    truth = await api.truth(order_id)
    goods = round(float(truth["money"]["total"]) - float(truth["money"]["shipping"]), 2)
    assert created.keys() == {
        "refundFee", "orderId", "packageId", "returnsId", "updateTime", "returnType", "requestFrom"
    }  # fmt: skip
    assert (created["returnsId"], created["returnType"], created["requestFrom"]) == (returns_id, 5, 1)
    assert created["refundFee"] == goods
    assert pushed.of("msg_fulfillment_status_change")[-1]["orderStatus"] == 9
    assert pushed.of("msg_fulfillment_delivery_time_change")[0]["promiseLastShipTime"] == before * 1000
    times = [detail["updateTime"] for tag, detail in pushed.messages if tag.startswith("msg_after_sale")]
    assert times == sorted(set(times))


async def test_no_message_tells_of_an_unpaid_order(api: Api, pushed: Receiver) -> None:
    order_id = await api.order(phase="unpaid")
    await api.act(order_id, "buyer_pays")
    assert (await pushed.expect("msg_fulfillment_status_change"))[0]["orderStatus"] == 2
    await api.advance("PT7S")
    assert [one["orderStatus"] for one in pushed.of("msg_fulfillment_status_change")] == [2, 4]
    assert len(pushed.messages) == 2


async def test_status_4_may_come_twice(api: Api, pushed: Receiver) -> None:
    order_id = await api.order()
    await api.act(order_id, "seller_picks")
    first, second = await pushed.expect("msg_fulfillment_status_change", 2)
    assert (first["orderStatus"], second["orderStatus"]) == (4, 4)
    assert first["updateTime"] < second["updateTime"]
    assert "PRINTED" in (await api.detail(order_id))["orderTagList"]
    await api.illegal_act(order_id, "seller_picks")


async def test_tags_of_orders(api: Api, pushed: Receiver) -> None:
    order_id = await api.order()
    await api.act(order_id, "buyer_changes_address")
    [moved] = await pushed.expect("msg_fulfillment_receiver_change")
    assert moved["openAddressId"] == (await api.detail(order_id))["openAddressId"]
    mark = {"orderId": order_id, "sellerMarkNote": "备注", "operator": "admin", "sellerMarkPriority": 3}
    await api.ok("order.modifySellerMarkInfo", **mark)
    [noted] = await pushed.expect("msg_fulfillment_seller_remark_change")
    assert (noted["sellerRemarkContent"], noted["sellerRemarkOperator"]) == ("备注", "admin")
    await api.act(order_id, "seller_reports_delay")
    [late] = await pushed.expect("msg_fulfillment_delivery_time_change")
    assert late["promiseLastShipTime"] == (await api.detail(order_id))["promiseLastDeliveryTime"]


async def test_tags_of_after_sales(api: Api, pushed: Receiver) -> None:
    back, back_id = await api.asked("buyer_requests_exchange", "delivered")
    await api.act(back, "buyer_changes_request", text="说明")
    await api.agreed_return(back_id)
    await api.act(back, "buyer_ships_return")
    await api.ok("afterSale.receiveAndShip", returnsId=back_id, expressCompanyCode="zto", expressNo="Z1")
    rejected, rejected_id = await api.asked("buyer_requests_refund", "in_transit")
    await api.audit(rejected_id, 3, reason=202)
    await api.act(rejected, "buyer_opens_dispute")
    await api.act(rejected, "platform_decides", **{"for": "seller"})
    _, refused_id = await api.coming_back()
    await api.ok("afterSale.confirmReceive", returnsId=refused_id, action=2, reason=302)
    withdrawn, withdrawn_id = await api.asked("buyer_requests_refund", "in_transit")
    await api.act(withdrawn, "buyer_withdraws_request")
    await pushed.expect("msg_after_sale_closed", 2)

    def tags(returns_id: str) -> list[str]:
        return [tag.removeprefix("msg_after_sale_") for tag, d in pushed.messages if d.get("returnsId") == returns_id]

    assert tags(back_id) == ["create", "update", "audit_pass", "confirm_receive", "exchange_ship"]
    assert tags(rejected_id) == ["create", "audit_reject", "transfer", "closed"]
    assert tags(refused_id) == ["create", "audit_pass", "reject_receive"]
    assert tags(withdrawn_id) == ["create", "closed"]


async def test_a_console_close_comes_back_as_status_and_after_sale_of_the_seller(api: Api, pushed: Receiver) -> None:
    order_id = await api.order()
    await api.act(order_id, "merchant_closes")
    await pushed.expect("msg_after_sale_confirm_receive")
    assert [one["orderStatus"] for one in pushed.of("msg_fulfillment_status_change")] == [4, 9]
    assert pushed.of("msg_after_sale_create")[0]["requestFrom"] == 2


@pytest.mark.parametrize(
    ("status", "text", "taken"),
    [
        (200, '{"success":true,"error_code":0,"error_msg":""}', True),
        (200, '{"success":false,"error_code":1,"error_msg":"x"}', False),
        (200, "ok", False),
        (500, '{"success":true}', False),
    ],
)
async def test_one_retry_after_five_minutes_then_it_is_lost(
    api: Api, pushed: Receiver, status: int, text: str, taken: bool
) -> None:
    pushed.status, pushed.text = status, text
    order_id = await api.order()
    await pushed.wait(lambda: len(pushed.got) == 1)
    await api.advance("PT4M59S")
    assert len(pushed.got) == 1
    await api.advance("PT1S")
    assert len(pushed.got) == (1 if taken else 2)
    await api.advance("P1D")
    assert len(pushed.got) == (1 if taken else 2)
    assert len({one.raw for one in pushed.got}) == 1
    attempts = await api.attempts()
    assert [one["ok"] for one in attempts] == ([True] if taken else [False, False])
    assert {(one["kind"], one["store"], one["order_id"]) for one in attempts} == {
        ("msg_fulfillment_status_change", api.seller_id, order_id)
    }
    assert (await api.control_ok("GET", "/push"))["lost"] == (0 if taken else 1)


async def test_a_retry_is_signed_anew(api: Api, pushed: Receiver) -> None:
    pushed.status = 503
    await api.order()
    await pushed.wait(lambda: len(pushed.got) == 1)
    pushed.status = 200
    await api.advance("PT5M")
    first, second = pushed.got
    assert int(second.headers["timestamp"]) - int(first.headers["timestamp"]) == 300
    assert first.headers["sign"] != second.headers["sign"]
    assert [one["ok"] for one in await api.attempts()] == [False, True]


async def test_nothing_is_pushed_for_a_shop_whose_token_has_run_out(api: Api, pushed: Receiver) -> None:
    await api.store_act("expire_tokens")
    await api.order()
    other = await api.order(store=api.other["seller_id"])
    await pushed.wait(lambda: bool(pushed.got))
    assert [detail["orderId"] for _, detail in pushed.messages] == [other]
    await api.oauth("oauth.refreshToken", refreshToken=api.stores[0]["refresh_token"])
    again = await api.order()
    await pushed.wait(lambda: len(pushed.got) == 2)
    assert pushed.messages[-1][1]["orderId"] == again


async def test_several_messages_may_come_in_one_call(api: Api, pushed: Receiver) -> None:
    _, returns_id = await api.asked("buyer_requests_cancellation")
    await pushed.expect("msg_after_sale_create")
    await api.app_act("set_push_batch", size=10)
    pushed.got.clear()
    await api.audit(returns_id, 1)
    await pushed.wait(lambda: bool(pushed.got))
    assert [len(one.body) for one in pushed.got] == [4]
    await api.advance("PT17M30S")
    assert [len(one.body) for one in pushed.got] == [4, 1]


async def test_the_platform_tests_a_saved_url(api: Api, receiver: Receiver) -> None:
    await api.app_act("platform_tests_push_url", url=receiver.url)
    await receiver.wait(lambda: bool(receiver.got))
    assert receiver.got[0].body == {"test": True}
    assert (await api.control_ok("GET", "/push"))["url"] == receiver.url
    status, _ = await api.control("POST", "/acts", {"act": "platform_tests_push_url", "url": 5})
    assert status == 409


async def test_faults_drop_duplicate_delay_and_reorder(api: Api, pushed: Receiver) -> None:
    tag = "msg_fulfillment_status_change"
    await api.faults(
        {"operation": f"push/{tag}", "fault": "push_drop", "times": 1},
        {"operation": f"push/{tag}", "fault": "push_duplicate", "times": 1},
        {"operation": f"push/{tag}", "fault": "push_delay", "seconds": 90, "times": 1},
        {"operation": f"push/{tag}", "fault": "push_reorder", "times": 1},
    )
    dropped, twice, late, swapped, last = [await api.order() for _ in range(5)]
    await pushed.expect(tag, 4)
    await api.advance("PT90S")
    assert [one["orderId"] for one in pushed.of(tag)] == [twice, twice, last, swapped, late]
    assert dropped in {one["order_id"] for one in await api.attempts() if one["outcome"] == "dropped"}

"""Section 9.1 and 9.2: messages, their form, their signature, their topics; retries on the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.mocks.alibaba_1688.conftest import Api, Receiver, Start

VIEW = "ORDER_BUYER_VIEW_"
IN_SALE, AFTER_SALE = f"{VIEW}ORDER_BUYER_REFUND_IN_SALES", f"{VIEW}ORDER_REFUND_AFTER_SALES"


async def test_a_message_is_a_signed_form(
    api: Api, pushed: Receiver, sign: Callable[[str, str, Mapping[str, str]], str]
) -> None:
    order = await api.bought(phase="unpaid")
    (message,) = await pushed.expect(f"{VIEW}BUYER_MAKE")
    (delivery,) = pushed.got
    assert delivery.content_type.startswith("application/x-www-form-urlencoded")
    assert set(delivery.form) == {"message", "_aop_signature"}
    assert delivery.form["_aop_signature"] == sign(api.secret, "", {"message": delivery.form["message"]})
    assert {"msgId", "gmtBorn", "data", "userInfo", "type"} <= set(message)
    assert message["userInfo"] == api.member
    assert message["gmtBorn"] == await api.now() * 1000
    data = message["data"]
    assert isinstance(data["orderId"], int)
    assert str(data["orderId"]) == order
    assert data["currentStatus"] == "waitbuyerpay"
    assert data["msgSendTime"] == "2026-11-22 08:00:00"  # China time
    assert (data["buyerMemberId"], data["sellerMemberId"]) == (api.member, (await api.truth(order))["seller"])


async def test_the_life_of_a_purchase_in_topics(api: Api, pushed: Receiver) -> None:
    order = await api.bought(phase="unpaid", lines=[{"price": "5.00"}, {"price": "6.00"}])
    steps: list[tuple[str, dict[str, Any], str, str]] = [
        ("supplier_changes_price", {}, "ORDER_PRICE_MODIFY", "waitbuyerpay"),
        ("buyer_pays", {}, "ORDER_PAY", "waitsellersend"),
        ("supplier_ships", {"lines": [0]}, "PART_PART_SENDGOODS", "waitsellersend"),
        ("supplier_ships", {}, "ANNOUNCE_SENDGOODS", "waitbuyerreceive"),
        ("buyer_confirms_receipt", {}, "ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods"),
    ]
    for act, details, topic, status in steps:
        await api.act(order, act, **details)
        (message,) = await pushed.expect(VIEW + topic)
        assert message["data"]["currentStatus"] == status
    (message,) = await pushed.expect(f"{VIEW}ORDER_SUCCESS")
    assert message["data"]["currentStatus"] == "success"
    numbers = [delivery.message["msgId"] for delivery in pushed.got]
    assert len(set(numbers)) == len(numbers)


async def test_the_sellers_topics(api: Api, pushed: Receiver) -> None:
    order = await api.order(phase="unpaid")
    for act, topic in (
        ("merchant_changes_price", "ORDER_ORDER_PRICE_MODIFY"),
        ("buyer_pays", "ORDER_PAY"),
        ("seller_ships", "ORDER_ANNOUNCE_SENDGOODS"),
    ):
        await api.act(order, act)
        await pushed.expect(topic)
    assert not [topic for topic in pushed.topics if "BUYER_VIEW" in topic]


async def test_an_order_between_two_accounts_tells_both(api: Api, pushed: Receiver) -> None:
    await api.order(counterpart=api.other["member_id"])
    (seller,) = await pushed.expect("ORDER_PAY")
    (buyer,) = await pushed.expect(f"{VIEW}ORDER_PAY")
    assert (seller["userInfo"], buyer["userInfo"]) == (api.member, api.other["member_id"])


@pytest.mark.parametrize(
    ("act", "topic"),
    [("buyer_cancels", "ORDER_BUYER_CLOSE"), ("supplier_closes", "ORDER_SELLER_CLOSE"), (None, "ORDER_BOPS_CLOSE")],
)
async def test_closing_topics(api: Api, pushed: Receiver, act: str | None, topic: str) -> None:
    order = await api.bought(phase="unpaid")
    if act:
        await api.act(order, act)
    else:
        await api.advance("P3D")
    (message,) = await pushed.expect(VIEW + topic)
    assert message["data"]["currentStatus"] == "cancel"


async def test_a_refund_that_closes_the_trade(api: Api, pushed: Receiver) -> None:
    """The trade is closed with the seller's topic although nobody failed."""
    order = await api.bought()
    refund = await api.refunded(order)
    (applied,) = await pushed.expect(IN_SALE)
    data = applied["data"]
    assert data["refundId"] == refund.removeprefix("TQ")  # the sample spells it without the letters
    assert (data["refundAction"], data["operator"]) == ("BUYER_APPLY_REFUND", "buyer")
    assert data["currentStatus"] == "waitselleragree"
    await api.act(order, "supplier_agrees")
    agreed = (await pushed.expect(IN_SALE, 2))[1]["data"]
    assert (agreed["refundAction"], agreed["currentStatus"]) == ("SELLER_AGREE_REFUND", "refundsuccess")
    await pushed.expect(f"{VIEW}ORDER_SELLER_CLOSE")


async def test_refund_actions(api: Api, pushed: Receiver) -> None:
    order, _ = await api.returning()
    await pushed.expect(IN_SALE)
    for act, action, status in (
        ("supplier_refuses", "SELLER_REJECT_REFUND_PROCOTOL", "waitbuyermodify"),
        ("buyer_modifies_request", "BUYER_MODIFY_REFUND_PROTOCOL", "waitselleragree"),
        ("supplier_agrees", "SELLER_AGREE_REFUND_PROCOTOL", "waitbuyersend"),
        ("buyer_ships_return", "BUYER_SEND_GOODS", "waitsellerreceive"),
        ("warehouse_receives_return", "SELLER_RECEIVE_GOODS", "refundsuccess"),
    ):
        before = len(pushed.of(IN_SALE))
        await api.act(order, act)
        data = (await pushed.expect(IN_SALE, before + 1))[-1]["data"]
        assert (data["refundAction"], data["currentStatus"]) == (action, status)


async def test_other_ends_of_refunds(api: Api, pushed: Receiver) -> None:
    for act, action, operator in (
        ("supplier_ships", "SELLER_SEND_GOODS_CLOSE", "seller"),
        ("buyer_withdraws_request", "BUYER_CANCEL_REFUND_CLOSE", "buyer"),
    ):
        order = await api.bought()
        await api.refunded(order)
        await api.act(order, act)
        await pushed.expect(f"{VIEW}ORDER_PAY")
        data = [one["data"] for one in await pushed.expect(IN_SALE, 2) if str(one["data"]["orderId"]) == order]
        assert (data[-1]["refundAction"], data[-1]["operator"]) == (action, operator)
        pushed.got.clear()


async def test_the_clock_answers_as_system(api: Api, pushed: Receiver) -> None:
    await api.refunded(await api.bought())
    await api.advance("P2D")
    data = (await pushed.expect(IN_SALE, 2))[1]["data"]
    assert (data["refundAction"], data["operator"]) == ("SYSTEM_AGREE_REFUND", "system")


async def test_after_sale_has_its_own_topic(api: Api, pushed: Receiver) -> None:
    order = await api.bought(phase="completed")
    await api.refunded(order, goodsStatus="aftersaleBuyerReceived", applyReasonId=20021)
    await pushed.expect(AFTER_SALE)
    assert IN_SALE not in pushed.topics


async def test_parcels(api: Api, pushed: Receiver) -> None:
    order = await api.bought()
    await api.act(order, "supplier_ships", tracking_number="YT5556667778")
    for act in ("carrier_collects", "carrier_transports", "carrier_changes_number", "carrier_delivers"):
        await api.act(order, act)
    models = [one["data"]["OrderLogisticsTracingModel"] for one in await pushed.expect("LOGISTICS_BUYER_VIEW_TRACE", 4)]
    assert [model["statusChanged"] for model in models] == ["CONSIGN", "ACCEPT", "TRANSPORT", "SIGN"]
    assert models[0]["mailNo"] == "YT5556667778"
    assert models[0]["orderLogsItems"] == [{"orderId": int(order), "orderEntryId": int(order)}]
    (changed,) = await pushed.expect("LOGISTICS_MAIL_NO_CHANGE")
    model = changed["data"]["MailNoChangeModel"]
    assert (model["oldMailNo"], model["newMailNo"]) == ("YT5556667778", models[3]["mailNo"])


async def test_any_2xx_acknowledges_and_anything_else_is_tried_again(api: Api, pushed: Receiver) -> None:
    pushed.status = 500
    await api.bought()
    await pushed.expect(f"{VIEW}ORDER_PAY", 1)
    for n in range(2, 7):
        await api.advance("PT29M59S")
        assert len(pushed.of(f"{VIEW}ORDER_PAY")) == n - 1
        await api.advance("PT1S")
        await pushed.expect(f"{VIEW}ORDER_PAY", n)
    await api.advance("P2D")
    assert len(pushed.of(f"{VIEW}ORDER_PAY")) == 6
    attempts = await api.control_ok("GET", "/pushes")
    assert [one["attempt"] for one in attempts] == [1, 2, 3, 4, 5, 6]
    assert {one["kind"] for one in attempts} == {f"{VIEW}ORDER_PAY"}
    pushed.got.clear()
    pushed.status = 204
    await api.bought()
    await pushed.expect(f"{VIEW}ORDER_PAY")
    await api.advance("PT1H")
    assert len(pushed.got) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"fault": "push_drop"}, 0),
        ({"fault": "push_duplicate"}, 2),
        ({"fault": "push_delay", "seconds": 60}, 0),
    ],
)
async def test_faults_of_deliveries(api: Api, pushed: Receiver, fault: dict[str, Any], expected: int) -> None:
    await api.faults({"operation": f"push/{VIEW}ORDER_PAY", "times": 1, **fault})
    await api.bought()
    await api.advance("PT0S")  # deliveries of the instant are finished before time goes on
    assert len(pushed.got) == expected
    await api.advance("PT60S")
    assert len(pushed.got) == (1 if fault["fault"] == "push_delay" else expected)
    if expected == 2:
        assert pushed.got[0].raw == pushed.got[1].raw


async def test_the_command_pushes_to_the_platforms_path(start: Start, receiver: Receiver) -> None:
    api = await start(push_to=receiver.base)
    assert (await api.control_ok("GET", "/push"))["url"] == f"{receiver.base}/webhooks/alibaba_1688"
    await api.bought()
    await receiver.expect(f"{VIEW}ORDER_PAY")


async def test_an_unlinked_account_hears_nothing(api: Api, pushed: Receiver) -> None:
    await api.store_act("seller_revokes_authorization", store=api.member)
    await api.bought()
    await api.order(store=api.other["member_id"])
    await pushed.expect("ORDER_PAY")
    assert {delivery.message["userInfo"] for delivery in pushed.got} == {api.other["member_id"]}

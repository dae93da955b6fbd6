"""The sheet has no list under that name; its lines for a mock stand in sections 2, 5.6, 9.1 and 11. One test a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.mocks.alibaba_1688.conftest import Api, Receiver

VIEW = "ORDER_BUYER_VIEW_"
TWO = [{"quantity": 1, "price": "5.00"}, {"quantity": 1, "price": "7.00"}]

# section 5.6, "Transitions for a mock"


async def test_5_6_create_then_waitbuyerpay(api: Api, pushed: Receiver) -> None:
    made = (await api.create([(api.offers()[0], 1)])).result["orderId"]
    assert (await api.truth(made))["status"] == "waitbuyerpay"
    await pushed.expect(f"{VIEW}BUYER_MAKE")


async def test_5_6_pay_then_waitsellersend(api: Api, pushed: Receiver) -> None:
    order = await api.bought(phase="unpaid")
    await api.act(order, "buyer_pays")
    assert (await api.truth(order))["status"] == "waitsellersend"
    await pushed.expect(f"{VIEW}ORDER_PAY")


async def test_5_6_ship_all_then_waitbuyerreceive(api: Api, pushed: Receiver) -> None:
    order = await api.bought(lines=TWO)
    await api.act(order, "supplier_ships")
    row = await api.purchase(order)
    assert row["baseInfo"]["status"] == "waitbuyerreceive"
    assert [item["logisticsStatus"] for item in row["productItems"]] == [2, 2]
    await pushed.expect(f"{VIEW}ANNOUNCE_SENDGOODS")


async def test_5_6_ship_part_stays_waitsellersend(api: Api, pushed: Receiver) -> None:
    order = await api.bought(lines=TWO)
    await api.act(order, "supplier_ships", lines=[1])
    row = await api.purchase(order)
    assert row["baseInfo"]["status"] == "waitsellersend"
    assert [item["logisticsStatus"] for item in row["productItems"]] == [1, 2]
    await pushed.expect(f"{VIEW}PART_PART_SENDGOODS")
    assert f"{VIEW}ANNOUNCE_SENDGOODS" not in pushed.topics


async def test_5_6_buyer_confirms_then_success(api: Api, pushed: Receiver) -> None:
    order = await api.bought(phase="in_transit")
    await api.act(order, "buyer_confirms_receipt")
    assert (await api.truth(order))["status"] == "success"
    await pushed.expect(f"{VIEW}ORDER_SUCCESS")


async def test_5_6_unpaid_past_pay_timeout_then_cancel(api: Api, pushed: Receiver) -> None:
    order = await api.bought(phase="unpaid")
    await api.advance(f"PT{(await api.purchase(order))['baseInfo']['payTimeout']}S")
    assert (await api.truth(order))["status"] == "cancel"
    await pushed.expect(f"{VIEW}ORDER_BOPS_CLOSE")


@pytest.mark.parametrize(
    ("phase", "wish"),
    [
        ("awaiting_shipment", {}),
        ("in_transit", {"goodsStatus": "refundWaitBuyerReceive", "applyReasonId": 20007}),
    ],
)
async def test_5_6_full_refund_then_cancel_with_the_sellers_topic(
    api: Api, pushed: Receiver, phase: str, wish: dict[str, Any]
) -> None:
    order = await api.bought(phase=phase)
    await api.refunded(order, **wish)
    await api.act(order, "supplier_agrees")
    assert (await api.truth(order))["status"] == "cancel"
    await pushed.expect(f"{VIEW}ORDER_SELLER_CLOSE")


# what the other sections ask of a mock or say of the platform's behaviour


async def test_2_either_order_of_sorting(api: Api, sign: Callable[[str, str, Mapping[str, str]], str]) -> None:
    """`page` and `pageSize` with a value that makes the two readings differ: z sorts after S."""
    path = api.path("alibaba.trade.getBuyerOrderList")
    params = {"access_token": str(api.store["access_token"]), "outOrderId": "1", "out": "z"}
    joined = sign(api.secret, path, params)
    assert (await api.raw(path, {**params, "_aop_signature": joined})).ok
    by_key = sign(api.secret, path + "".join(key + params[key] for key in sorted(params)), {})
    assert by_key != joined
    assert (await api.raw(path, {**params, "_aop_signature": by_key})).ok


async def test_9_1_duplicates_and_disorder_happen(api: Api, pushed: Receiver) -> None:
    await api.faults({"operation": "push", "fault": "push_duplicate", "times": 1})
    await api.bought()
    first, second = await pushed.expect(f"{VIEW}ORDER_PAY", 2)
    assert first["msgId"] == second["msgId"]
    pushed.got.clear()
    await api.faults({"operation": "push", "fault": "push_reorder", "times": 1})
    await api.bought()
    await api.bought()
    early, late = [one["msgId"] for one in await pushed.expect(f"{VIEW}ORDER_PAY", 2)]
    assert early > late


async def test_11_1_two_roles_of_one_account(api: Api) -> None:
    sale, purchase = await api.order(), await api.bought()
    assert (await api.sold(sale))["baseInfo"]["sellerID"] == api.member
    assert (await api.purchase(purchase))["baseInfo"]["buyerID"] == api.member
    assert api.store["roles"] == ["seller", "buyer"]


@pytest.mark.parametrize(
    ("phase", "wish"),
    [
        ("awaiting_shipment", {}),
        ("in_transit", {"goodsStatus": "refundWaitBuyerReceive", "applyReasonId": 20007}),
        ("completed", {"goodsStatus": "aftersaleBuyerReceived", "applyReasonId": 20021}),
    ],
)
async def test_11_2_all_but_the_first_are_requests(api: Api, phase: str, wish: dict[str, Any]) -> None:
    """Unpaid: closed at once. Paid: nothing has happened yet when the call has been answered."""
    unpaid = await api.bought(phase="unpaid")
    assert (await api.cancel(unpaid)).ok
    assert (await api.truth(unpaid))["status"] == "cancel"
    order = await api.bought(phase=phase)
    before = (await api.truth(order))["status"]
    (await api.cancel(order)).flat("ORDER_STATUS_ERROR")
    assert (await api.refund(order, **wish)).ok
    told = await api.truth(order)
    assert (told["status"], told["money"]["refunded"]) == (before, "0.00")


async def test_11_3_a_seller_can_not_close_a_paid_order_but_agree(api: Api) -> None:
    order = await api.order()
    (await api.cancel(order, cancelReason="sellerGoodsLack")).flat("ORDER_STATUS_ERROR")
    await api.illegal_act(order, "merchant_closes")
    await api.act(order, "buyer_requests_refund")
    await api.act(order, "merchant_agrees")
    assert (await api.truth(order))["status"] == "cancel"


async def test_11_4_a_refund_is_not_the_sellers_fault(api: Api) -> None:
    order = await api.bought()
    await api.refunded(order)
    await api.act(order, "supplier_agrees")
    base = (await api.purchase(order))["baseInfo"]
    assert base["closeOperateType"] != "CLOSE_TRADE_BY_SELLER"
    assert base["refundStatus"] == "refundsuccess"


async def test_11_5_the_supplier_ships_meanwhile(api: Api, pushed: Receiver) -> None:
    order = await api.bought()
    await api.refunded(order)
    await api.act(order, "supplier_ships")
    told = await api.truth(order)
    assert (told["status"], told["returns"][0]["status"]) == ("waitbuyerreceive", "refundclose")
    actions = [one["data"]["refundAction"] for one in await pushed.expect(f"{VIEW}ORDER_BUYER_REFUND_IN_SALES", 2)]
    assert actions == ["BUYER_APPLY_REFUND", "SELLER_SEND_GOODS_CLOSE"]


async def test_11_6_many_sales_and_many_purchases(api: Api) -> None:
    orders = [await api.bought(lines=TWO) for _ in range(2)]
    for order in orders:
        for number, line in enumerate((await api.truth(order))["lines"]):
            link = {
                "orderId": f"SALE-{number}",
                "parentOrderId": f"PARENT-{number}",
                "purchaseOrderId": line["id"],
                "purchaseParentOrderId": order,
            }
            written = await api.call(
                "order.relation.write", {"orderRelationParam": link}, namespace="com.alibaba.fenxiao.crossborder"
            )
            assert written.ok
    for order in orders:
        assert [one["parentOrderId"] for one in (await api.truth(order))["links"]] == ["PARENT-0", "PARENT-1"]


async def test_11_7_ten_seconds_after_creation(api: Api) -> None:
    order = (await api.create([(api.offers()[0], 1)])).result["orderId"]
    (await api.cancel(order)).flat("CLOSE_ORDER_TOO_FAST")
    await api.advance("PT10S")
    assert (await api.cancel(order)).ok

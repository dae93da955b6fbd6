"""Section 7: every error row of the refund calls; those no act brings about come through `platform_error`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mocks.alibaba_1688.conftest import Api

CREATE = "alibaba.trade.createRefund"
RETURN = "alibaba.trade.refund.returnGoods"


async def test_5001_order_unknown(api: Api) -> None:
    order = await api.bought()
    (await api.refund(order, orderId=1)).nested("5001", "订单不存在")
    (await api.refund(order, orderEntryIds=[1])).nested("5001")


async def test_5002_not_the_buyer(api: Api) -> None:
    (await api.refund(await api.bought(), who=api.other)).nested("5002", "订单买家与用户身份不一致")
    (await api.refund(await api.order())).nested("5002")  # a seller cannot apply


async def test_5003_goods_status(api: Api) -> None:
    (await api.refund(await api.bought(), goodsStatus="onTheMoon")).nested("5003", "货物状态状态不合法")


async def test_5004_reason(api: Api) -> None:
    (await api.refund(await api.bought(), applyReasonId=20021)).nested("5004")  # a reason for received goods
    (await api.refund(await api.bought(), applyReasonId=1)).nested("5004")


async def test_5005_voucher_needed(api: Api) -> None:
    order = await api.bought(phase="in_transit")
    wish: dict[str, Any] = {
        "disputeRequest": "returnRefund",
        "goodsStatus": "refundBuyerReceived",
        "applyReasonId": 20022,
    }
    (await api.refund(order, **wish)).nested("5005")
    assert (await api.refund(order, **wish, vouchers=["https://img.invalid/1.jpg"])).inner["isVoucher"] is True


async def test_5006_no_shipping_fee_for_this_reason(api: Api) -> None:
    order = await api.bought(phase="in_transit", shipping_fee="6.00")
    wish = {"goodsStatus": "refundBuyerReceived", "applyReasonId": 20028}
    (await api.refund(order, **wish, applyCarriage=100)).nested("5006")
    assert (await api.refund(order, **wish, applyCarriage=0)).ok


async def test_5010_state(api: Api) -> None:
    unpaid, done = await api.bought(phase="unpaid"), await api.bought(phase="cancelled")
    for order in (unpaid, done):
        (await api.refund(order)).nested("5010", "退货状态错误")
    twice = await api.bought()
    assert (await api.refund(twice)).ok
    (await api.refund(twice)).nested("5010")
    unshipped = await api.bought()
    wish = {"disputeRequest": "returnRefund", "goodsStatus": "refundBuyerReceived", "applyReasonId": 20021}
    (await api.refund(unshipped, **wish)).nested("5010")
    (await api.refund(unshipped, disputeRequest="returnRefund")).nested("5010")  # returnRefund without received goods
    shipped = await api.bought(phase="in_transit")
    (await api.refund(shipped)).nested("5010")  # says "waiting for shipment"
    after = {"goodsStatus": "aftersaleBuyerReceived", "applyReasonId": 20021}
    (await api.refund(shipped, **after)).nested("5010")  # the trade is not complete
    late = await api.bought(phase="completed")
    await api.advance("P16D")
    fresh = (await api.token_call(grant_type="refresh_token", refresh_token=api.store["refresh_token"])).body
    (await api.refund(late, **after, who=fresh)).nested("5010")


@pytest.mark.parametrize("off", [-1, 1])
async def test_5011_amount_waiting_for_shipment_must_be_exact(api: Api, off: int) -> None:
    order = await api.bought(lines=[{"quantity": 2, "price": "6.15"}])
    (await api.refund(order, applyPayment=1230 + off)).nested("5011")
    assert (await api.refund(order, applyPayment=1230)).ok


async def test_5011_no_more_than_was_paid(api: Api) -> None:
    order = await api.bought(phase="in_transit", lines=[{"quantity": 2, "price": "6.15"}], shipping_fee="6.00")
    wish = {"goodsStatus": "refundWaitBuyerReceive", "applyReasonId": 20007}
    (await api.refund(order, **wish, applyPayment=1231)).nested("5011")
    (await api.refund(order, **wish, applyPayment=0)).nested("5011")
    (await api.refund(order, **wish, applyCarriage=601)).nested("5011")
    assert (await api.refund(order, **wish, applyPayment=1, applyCarriage=600)).ok


@pytest.mark.parametrize("length", [1, 151])
async def test_5012_description(api: Api, length: int) -> None:
    (await api.refund(await api.bought(), description="字" * length)).nested("5012")


@pytest.mark.parametrize("count", [0, 3])
async def test_5013_return_quantity(api: Api, count: int) -> None:
    order = await api.bought(phase="in_transit", lines=[{"quantity": 2, "price": "5.00"}])
    entry = int((await api.truth(order))["lines"][0]["id"])
    wish = {
        "disputeRequest": "returnRefund",
        "goodsStatus": "refundBuyerReceived",
        "applyReasonId": 20021,
        "applyPayment": 500,
    }
    (await api.refund(order, **wish, orderEntryCountList=[{"id": entry, "count": count}])).nested("5013")
    assert (await api.refund(order, **wish, orderEntryCountList=[{"id": entry, "count": 1}])).ok


async def test_5013_partial_only_with_a_return_of_received_goods(api: Api) -> None:
    order = await api.bought(lines=[{"quantity": 2, "price": "5.00"}])
    entry = int((await api.truth(order))["lines"][0]["id"])
    (await api.refund(order, orderEntryCountList=[{"id": entry, "count": 1}])).nested("5013")


async def test_5100_other(api: Api) -> None:
    (await api.refund(await api.bought(), disputeRequest="apology")).nested("5100")


async def test_4xxx_internal_errors(api: Api) -> None:
    order = await api.bought()
    await api.answers("4001", CREATE)
    (await api.refund(order)).nested("4001")
    assert (await api.truth(order))["returns"] == []
    assert (await api.refund(order)).ok


@pytest.mark.parametrize(
    "missing",
    ["orderId", "orderEntryIds", "disputeRequest", "applyPayment", "applyCarriage", "applyReasonId", "description"],
)
async def test_required_fields_of_an_application(api: Api, missing: str) -> None:
    (await api.refund(await api.bought(), **{missing: None})).gateway_refused("gw.ParamMissing")


async def test_vouchers_are_small_jpegs(api: Api) -> None:
    import aiohttp  # noqa: PLC0415 - the only multipart bodies here

    path = api.path("alibaba.trade.uploadRefundVoucher")

    async def upload(content: bytes) -> Any:
        form = aiohttp.FormData()
        form.add_field("imageData", content, filename="a.jpg", content_type="image/jpeg")
        return await api.raw(path, {}, data=form, query=api.signed(path, {}, api.store["access_token"]))

    (await upload(b"GIF89a")).nested("4000")
    (await upload(api.jpeg.ljust(2**20, b"\x00"))).nested("4000")
    image = (await upload(api.jpeg)).inner
    assert set(image) == {"imageDomain", "imageRelativeUrl"}
    async with api.http.get(f"{api.base_url}/{image['imageRelativeUrl']}") as kept:
        assert await kept.read() == api.jpeg


# returning goods, which fails in E3


async def returning(api: Api) -> tuple[str, str]:
    order, refund = await api.returning()
    await api.act(order, "supplier_agrees")
    return order, refund


async def send_back(api: Api, refund: str, who: Any = None, **changed: Any) -> Any:
    asked = {"refundId": refund, "logisticsCompanyNo": "YTO", "freightBill": "YT9988776655", **changed}
    return await api.call(RETURN, {k: v for k, v in asked.items() if v is not None}, who=who)


async def test_4001_not_authorised(api: Api) -> None:
    _, refund = await returning(api)
    await api.answers("4001", RETURN)
    (await send_back(api, refund)).nested_info("4001")


async def test_4002_company_and_bill(api: Api) -> None:
    _, refund = await returning(api)
    (await send_back(api, refund, freightBill=None)).nested_info("4002")
    (await send_back(api, refund, logisticsCompanyNo=None)).nested_info("4002")


async def test_4003_vouchers(api: Api) -> None:
    _, refund = await returning(api)
    (await send_back(api, refund, vouchers=[f"https://img.invalid/{n}.jpg" for n in range(11)])).nested_info("4003")


async def test_4004_company_and_bill_do_not_fit(api: Api) -> None:
    _, refund = await returning(api)
    for changed in ({"logisticsCompanyNo": "PIGEON"}, {"freightBill": "1"}):
        (await send_back(api, refund, **changed)).nested_info("4004", "物流公司编号和运单号校验不通过")


async def test_4005_refund_unknown(api: Api) -> None:
    (await send_back(api, "TQ12345")).nested_info("4005")
    (await api.call("alibaba.trade.cancelRefund", {"refundId": "TQ12345"})).nested_info("4005")


async def test_4006_no_permission(api: Api) -> None:
    _, refund = await returning(api)
    (await send_back(api, refund, who=api.other)).nested_info("4006")
    (await api.call("alibaba.trade.cancelRefund", {"refundId": refund}, who=api.other)).nested_info("4006")


async def test_4007_state_does_not_allow_a_return(api: Api) -> None:
    _, refund = await api.returning()
    (await send_back(api, refund)).nested_info("4007")  # the seller has not agreed
    refunded = await api.bought()
    only_money = await api.refunded(refunded)
    (await send_back(api, only_money)).nested_info("4007")
    await api.act(refunded, "supplier_agrees")
    (await api.call("alibaba.trade.cancelRefund", {"refundId": only_money})).nested_info("4007")


async def test_4008_refund_id_wrong(api: Api) -> None:
    (await send_back(api, "TQabc")).nested_info("4008")


@pytest.mark.parametrize("code", ["5001", "5002", "5003"])
async def test_troubles_of_the_return_service(api: Api, code: str) -> None:
    order, refund = await returning(api)
    await api.answers(code, RETURN)
    (await send_back(api, refund)).nested_info(code)
    assert (await api.truth(order))["returns"][0]["status"] == "waitbuyersend"


# the queries, which fail in E4


async def test_a_failed_query_hides_its_cause_in_json(api: Api) -> None:
    name = "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus"
    failed = await api.call(name, {"orderId": 1, "queryType": "1"})
    failed.query("500")
    assert failed.body["extErrorMessage"] == "订单号有误"
    assert json.loads(failed.body["errorMessage"])["cause"] == "errorCode:ORDER_NOT_EXIST,errorMsg:null,cause:null"
    foreign = await api.order()  # ours as seller: the buyer's query does not know it
    (await api.call(name, {"orderId": foreign, "queryType": "1"})).query("500")
    assert (await api.call(name + ".sellerView", {"orderId": foreign, "queryType": "1"})).ok
    for detail in ("OpQueryOrderRefund", "OpQueryOrderRefundOperationList"):
        (await api.call(f"alibaba.trade.refund.{detail}", {"refundId": "TQ1"})).query("500")


async def test_the_refund_list_reaches_back_730_days(api: Api, date: Callable[[int], str]) -> None:
    name = "alibaba.trade.refund.buyer.queryOrderRefundList"
    edge = await api.now() - 730 * 86_400
    assert (await api.call(name, {"applyStartTime": date(edge)})).ok
    (await api.call(name, {"applyStartTime": date(edge - 1)})).query_list("APPLY_TIME_ERROR")


async def test_the_sellers_agreement_refused(api: Api) -> None:
    order = await api.order()
    await api.act(order, "buyer_requests_refund")
    refund = (await api.truth(order))["returns"][0]["return_sn"]

    async def agree(who: Any = None, **changed: Any) -> Any:
        asked = {
            "refundId": refund,
            "memberId": api.member,
            "refundOperateType": "SELLER_AGREE_REFUND",
            "operatorRole": "SELLER",
            **changed,
        }
        return await api.call("alibaba.trade.refund.OpAgreeReturnGoods", asked, who=who)

    (await agree(refundId="TQ1")).query("4005")
    (await agree(who=api.other)).query("4006")
    (await agree(disputeType=2)).gateway_refused("400")
    (await agree(operatorRole="BUYER")).gateway_refused("400")
    assert (await agree(disputeType=1)).body == {}
    (await agree()).query("4007")


async def test_arbitration_refused(api: Api) -> None:
    order = await api.bought()
    refund = await api.refunded(order)

    async def ask(who: Any = None, **changed: Any) -> Any:
        wish = {
            "type": "RefundComplaint",
            "refundId": refund,
            "orderId": int(order),
            "reasonText": "卖家拒绝退款",
            **changed,
        }
        return await api.call("trade.arbitration.apply", {"param": wish}, who=who)

    (await ask(type="Grudge")).nested("5100")
    (await ask(refundId="TQ1")).nested("5001")
    (await ask(who=api.other)).nested("5002")
    assert isinstance((await ask()).inner, int)
    (await ask()).nested("5010")

"""The buyer's refund calls (API.md section 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mocks.alibaba_1688 import machine, refund_applying, refund_machine
from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.errors import ApiError, Envelope, bad, missing
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import UNSHIPPED
from mocks.alibaba_1688.reasons import GOODS_STATES, reasons_for

if TYPE_CHECKING:
    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.model import Entry, Order, Refund
    from mocks.alibaba_1688.params import Params

TEXTS = {
    "5001": "订单不存在",
    "5002": "订单买家与用户身份不一致",
    "5003": "货物状态状态不合法",
    "5012": "退款说明长度不正确",
    "5100": "其他错误",
}
VOUCHER_LIMIT = 2**20
COMPLAINTS = {"RefundComplaint", "SafeRefundComplaint", "AfterSalesComplaint", "TradeComplaint"}


def _own(ctx: Context, order_id: int) -> Order:
    try:
        return ctx.order(order_id, side="buyer", unknown="5001", foreign="5002")
    except ApiError as error:
        raise ApiError(error.code, TEXTS[error.code]) from error


def _goods_status(params: Params) -> str:
    value = params.text("goodsStatus")
    if value not in GOODS_STATES:
        raise ApiError("5003", TEXTS["5003"])
    return value


def _entries(order: Order, ids: list[int]) -> list[Entry]:
    found = [order.entry(one) for one in ids]
    if not found or None in found:
        raise ApiError("5001", TEXTS["5001"])
    return [one for one in found if one is not None]


def _reasons(ctx: Context, params: Params) -> dict[str, Any]:
    params.text("orderEntryIds")
    order = _own(ctx, params.number("orderId"))
    _entries(order, params.numbers("orderEntryIds"))
    status = _goods_status(params)
    kind = "returnRefund" if GOODS_STATES[status] == 2 else "refund"
    rows = [
        {
            "id": one.reason_id,
            "name": one.name,
            "needVoucher": one.need_voucher,
            "noRefundCarriage": one.no_carriage,
            **({"tip": one.tip} if one.tip else {}),
        }
        for one in reasons_for(status, kind)
    ]
    return {"result": {"success": True, "code": "0", "message": "", "result": {"reasons": rows}}}


def _max_fee(ctx: Context, params: Params) -> dict[str, Any]:
    wish = params.inner("input")
    order = _own(ctx, wish.number("orderId"))
    _goods_status(wish)
    counts = {row.number("id"): row.number("count") for row in wish.rows("refundGoodsCountList")}
    lines = _entries(order, list(counts)) if counts else order.live_entries()
    if not lines:
        raise ApiError("5010", "退货状态错误")
    units = {line.entry_id: counts.get(line.entry_id, line.quantity - line.refunded_units) for line in lines}
    if any(not 1 <= units[line.entry_id] <= line.quantity - line.refunded_units for line in lines):
        raise ApiError("5013", "退货数量错误")
    goods, carriage = refund_applying.most(order, lines, units)
    fees = {
        "maxRefundFee": goods + carriage,
        "maxGoodsFee": goods,
        "maxPostFee": carriage,
        "maxSubstituteFetchFee": 0,
    }
    return {"result": {"success": True, "code": "0", "message": "", "result": fees}}


def _upload(ctx: Context, _params: Params) -> dict[str, Any]:
    content = next((one.content for one in ctx.uploads if one.field_name == "imageData"), None)
    if content is None:
        raise missing("imageData")
    if not content.startswith(b"\xff\xd8") or len(content) >= VOUCHER_LIMIT:
        raise ApiError("4000", "图片格式或大小不正确，仅支持小于1M的jpg")
    name = f"{ctx.world.number(12)}.jpg"
    ctx.world.vouchers[name] = content
    ctx.applied(None)
    image = {"imageDomain": "https://cbu01.invalid", "imageRelativeUrl": f"vouchers/{name}"}
    return {"result": {"success": True, "code": "0", "message": "", "result": image}}


def _create(ctx: Context, params: Params) -> dict[str, Any]:
    for name in ("orderId", "orderEntryIds", "disputeRequest", "applyPayment", "applyCarriage", "applyReasonId"):
        params.text(name)
    description = params.text("description")
    order = _own(ctx, params.number("orderId"))
    kind = _kind(params.text("disputeRequest"))
    if not 2 <= len(description) <= 150:
        raise ApiError("5012", TEXTS["5012"])
    vouchers = params.texts("vouchers")
    if len(vouchers) > 5:
        raise ApiError("5005", "凭证最多5张")
    wish = refund_applying.Wish(
        entries=params.numbers("orderEntryIds"),
        kind=kind,
        goods_status=_goods_status(params),
        payment=params.number("applyPayment"),
        carriage=params.number("applyCarriage"),
        reason_id=params.number("applyReasonId"),
        description=description,
        vouchers=vouchers,
        units={row.number("id"): row.number("count") for row in params.rows("orderEntryCountList")},
    )
    try:
        refund = refund_applying.apply(ctx.world, order, wish)
    except Illegal as error:
        raise ApiError(error.code or "5100", str(error)) from error
    ctx.applied(order.order_id)
    told = {
        "refundId": refund.refund_id,
        "innerReasonId": refund.reason.reason_id,
        "innerReason": refund.reason.name,
        "innerPostFee": refund.carriage,
        "isVoucher": refund.reason.need_voucher,
    }
    return {"result": {"success": True, "code": "0", "message": "", "result": told}}


def _kind(text: str) -> Literal["refund", "returnRefund"]:
    if text == "refund":
        return "refund"
    if text == "returnRefund":
        return "returnRefund"
    raise ApiError("5100", "退款诉求不正确")


def _running(ctx: Context, refund_id: str) -> Refund:
    """Find the buyer's own refund, or refuse with the codes of the E3 calls."""
    if not refund_id.removeprefix("TQ").isdigit():
        raise ApiError("4008", "退款单id不正确")
    refund = ctx.world.refund_of(refund_id)
    if refund is None:
        raise ApiError("4005", "退款单不存在")
    if refund.order.buyer.member_id != ctx.account.member_id:
        raise ApiError("4006", "没有权限操作该退款单")
    return refund


def _return_goods(ctx: Context, params: Params) -> dict[str, Any]:
    refund = _running(ctx, params.text("refundId"))
    company, bill = params.optional("logisticsCompanyNo"), params.optional("freightBill")
    if not company or not bill:
        raise ApiError("4002", "物流公司编号和运单号不能为空")
    description = params.optional("description")
    if description and not 2 <= len(description) <= 200:
        raise bad("description must have 2 to 200 characters")
    vouchers = params.texts("vouchers")
    if len(vouchers) > 10:
        raise ApiError("4003", "凭证最多10张")
    if company not in machine.CARRIERS or not bill.isalnum() or not 6 <= len(bill) <= 30:
        raise ApiError("4004", "物流公司编号和运单号校验不通过")
    named = (company, machine.CARRIERS[company][1])
    try:
        refund_machine.send_back(ctx.world, refund, named, bill, vouchers)
    except Illegal as error:
        raise ApiError("4007", "当前状态不允许退货") from error
    ctx.applied(refund.order.order_id)
    return {"result": {"success": True}}


def _cancel(ctx: Context, params: Params) -> dict[str, Any]:
    refund = _running(ctx, params.text("refundId"))
    try:
        refund_machine.withdraw(ctx.world, refund)
    except Illegal as error:
        raise ApiError("4007", "当前状态不允许撤销退款") from error
    ctx.applied(refund.order.order_id)
    return {"result": {"success": True}}


def _arbitrate(ctx: Context, params: Params) -> dict[str, Any]:
    wish = params.inner("param")
    if wish.text("type") not in COMPLAINTS:
        raise ApiError("5100", "投诉类型不正确")
    wish.text("reasonText")
    refund = ctx.world.refund_of(wish.text("refundId"))
    if refund is None or refund.order.order_id != wish.number("orderId"):
        raise ApiError("5001", TEXTS["5001"])
    side = refund.order.side(ctx.account.member_id)
    if side is None:
        raise ApiError("5002", TEXTS["5002"])
    try:
        number = refund_machine.complain(ctx.world, refund, side)
    except Illegal as error:
        raise ApiError("5010", "退货状态错误") from error
    ctx.applied(refund.order.order_id)
    return {"result": {"success": True, "code": "0", "message": "", "result": number}}


def _agree(ctx: Context, params: Params) -> dict[str, Any]:
    """The seller's agreement (API.md 7.3): to pay back, to take the goods back, or that they came back in order."""
    refund = ctx.world.refund_of(params.text("refundId"))
    if refund is None:
        raise ApiError("4005", "退款单不存在", "退款单号有误")
    params.text("memberId")
    if params.text("operatorRole") != "SELLER" or params.text("refundOperateType") != "SELLER_AGREE_REFUND":
        raise bad("operatorRole must be SELLER and refundOperateType SELLER_AGREE_REFUND")
    if refund.order.seller.member_id != ctx.account.member_id:
        raise ApiError("4006", "没有权限操作该退款单", "不是该订单的卖家")
    kind = params.optional_number("disputeType")
    if kind is not None and kind != refund.dispute_type:
        raise bad(f"disputeType of this refund is {refund.dispute_type}")
    address = None
    if params.optional("address"):
        mobile = params.optional("mobilePhone") or params.optional("phone")
        address = (params.optional("fullName"), mobile, params.optional("address"))
    try:
        if refund.status == "waitsellerreceive":
            refund_machine.receive(ctx.world, refund)
        else:
            refund_machine.agree(ctx.world, refund, address=address)
    except Illegal as error:
        raise ApiError("4007", "当前状态不允许同意退款", str(error)) from error
    ctx.applied(refund.order.order_id)
    return {}


def _return_address(ctx: Context, params: Params) -> dict[str, Any]:
    order = _own(ctx, params.number("orderId"))
    if all(line.logistics_status == UNSHIPPED for line in order.entries):
        raise ApiError("5010", "退货状态错误")
    seller = order.seller
    place = {
        "fullName": seller.name,
        "mobile": seller.mobile,
        "address": "浙江省 金华市 义乌市 示例路1号",
        "post": "322000",
    }
    return {"result": {"success": True, "code": "0", "message": "", "result": place}}


CALLS = {
    "com.alibaba.trade/alibaba.trade.getRefundReasonList": Call(_reasons, Envelope.RESULT),
    "com.alibaba.trade/alibaba.trade.getMaxRefundFee": Call(_max_fee, Envelope.RESULT),
    "com.alibaba.trade/alibaba.trade.uploadRefundVoucher": Call(_upload, Envelope.RESULT),
    "com.alibaba.trade/alibaba.trade.createRefund": Call(_create, Envelope.RESULT),
    "com.alibaba.trade/alibaba.trade.refund.returnGoods": Call(_return_goods, Envelope.RESULT_INFO),
    "com.alibaba.trade/alibaba.trade.cancelRefund": Call(_cancel, Envelope.RESULT_INFO),
    "com.alibaba.trade/trade.arbitration.apply": Call(_arbitrate, Envelope.RESULT),
    "com.alibaba.trade/alibaba.trade.refund.OpAgreeReturnGoods": Call(_agree, Envelope.QUERY),
    "com.alibaba.trade/alibaba.trade.refund": Call(_agree, Envelope.QUERY),
    "com.alibaba.fenxiao/refund.address.get": Call(_return_address, Envelope.RESULT),
}

"""A refund as the platform shows it (API.md section 7.2); flags have two spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.model import wire_date

if TYPE_CHECKING:
    from mocks.alibaba_1688.model import Operation, Refund

_FLAGS = (
    "onlyRefund",
    "refundGoods",
    "goodsReceived",
    "buyerSendGoods",
    "timeOutFreeze",
    "crmModifyRefund",
    "newRefundReturn",
    "supportNewSteppay",
)


def refund(one: Refund, *, batch: bool = False, with_timeout: bool = True) -> dict[str, Any]:
    """Render a refund; `batch` spells the flags as the query by order does: isOnlyRefund instead of onlyRefund."""
    order = one.order
    returning = one.kind == "returnRefund"
    shown: dict[str, Any] = {
        "refundId": one.refund_id,
        "id": one.number,
        "orderId": order.order_id,
        "orderEntryIdList": list(one.units),
        "orderEntryCountMap": {str(entry_id): count for entry_id, count in one.units.items()},
        "status": one.status,
        "disputeType": one.dispute_type,
        "disputeRequest": 3 if returning else 1,
        "goodsStatus": one.goods_status,
        "applyPayment": one.payment,
        "applyCarriage": one.carriage,
        "canRefundPayment": one.payment,
        "refundPayment": one.payment if one.status == "refundsuccess" else 0,
        "refundCarriage": one.carriage_back,
        "frozenFund": -1,
        "applyReason": one.reason.name,
        "applyReasonId": one.reason.reason_id,
        "applySubReasonId": -1,
        "rejectTimes": one.reject_times,
        "rejectReasonId": 0,
        "buyerMemberId": order.buyer.member_id,
        "buyerLoginId": order.buyer.login_id,
        "buyerUserId": order.buyer.user_id,
        "sellerMemberId": order.seller.member_id,
        "sellerLoginId": order.seller.login_id,
        "sellerUserId": order.seller.user_id,
        "alipayPaymentId": order.alipay_trade,
        "productName": next(line.name for line in order.entries if line.entry_id in one.units),
        "tradeTypeStr": "50060",
        "gmtApply": wire_date(one.created),
        "gmtCreate": wire_date(one.created),
        "gmtModified": wire_date(one.modified),
        "extInfo": {
            "payMode": "alipay",
            "reason": str(one.reason.reason_id),
            "newRefund": "rp2",
            "opRole": "timeout" if one.ended_by == "system" else "user",
            "apply_init_refund_fee": str(one.payment),
            "workflowName": "cbu_return_and_refund" if returning else "cbu_only_refund",
        },
        "refundOperationList": [],
    }
    flags = {
        "onlyRefund": not returning,
        "refundGoods": returning,
        "goodsReceived": one.goods_status in {2, 3},
        "buyerSendGoods": one.buyer_sent,
        "timeOutFreeze": False,
        "crmModifyRefund": False,
        "newRefundReturn": returning,
        "supportNewSteppay": True,
    }
    for name in _FLAGS:
        shown[f"is{name[0].upper()}{name[1:]}" if batch else name] = flags[name]
    shown |= _given(one, with_timeout=with_timeout)
    return shown


def _given(one: Refund, *, with_timeout: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if one.completed is not None:
        shown["gmtCompleted"] = wire_date(one.completed)
    if with_timeout and one.timeout_at is not None:
        shown["gmtTimeOut"] = wire_date(one.timeout_at)
    if one.reject_reason:
        shown["rejectReason"] = one.reject_reason
    if one.bill_no:
        shown |= {"freightBill": one.bill_no, "buyerLogisticsName": one.company_name}
    if one.return_address:
        shown |= {
            "sellerRealName": one.return_name,
            "sellerMobile": one.return_mobile,
            "sellerReceiveAddress": one.return_address,
        }
    if one.complaint is not None:
        shown["taskStatus"] = 1 if one.open else 3
    if one.vouchers:
        shown["vouchers"] = list(one.vouchers)
    return shown


def operations(one: Refund) -> list[dict[str, Any]]:
    """Render the history of a refund, newest first."""
    return [operation(one, step) for step in reversed(one.operations)]


def operation(one: Refund, step: Operation) -> dict[str, Any]:
    """Render one step."""
    shown: dict[str, Any] = {
        "id": step.operation_id,
        "refundId": one.refund_id,
        "operateTypeInt": step.kind,
        "operateRemark": step.remark,
        "discription": step.words,
        "operatorRoleId": step.role,
        "msgType": 7,
        "messageStatus": 3,
        "closeRefundStepId": 0,
        "crmModifyRefund": False,
        "gmtCreate": wire_date(step.at),
        "gmtModified": wire_date(step.at),
    }
    if step.before:
        shown |= {"beforeOperateStatus": step.before, "afterOperateStatus": step.after}
    if step.member is not None:
        shown |= {"operatorLoginId": step.member.login_id, "operatorUserId": step.member.user_id}
    if step.kind == 1 and one.vouchers:
        shown["vouchers"] = list(one.vouchers)
    return {**shown, **step.extra}

"""Reading refunds, buyer's and seller's side (API.md section 7.1, Queries)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import wire_refunds
from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.errors import ApiError, Envelope
from mocks.alibaba_1688.model import DAY, Refund, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.params import Params

REACH = 730 * DAY
PAGE_LIMIT = 20


def _failed(service: str, cause: str, extra: str) -> ApiError:
    """Fail as the query services do: code 500, and the cause as JSON inside the message."""
    told = {
        "errorCode": "003002",
        "errorMessage": f"SERVICE:INVOKE_FAIL:OrderRefundService.{service}",
        "cause": f"errorCode:{cause},errorMsg:null,cause:null",
    }
    return ApiError("500", json.dumps(told, ensure_ascii=False), extra)


def _list(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        page = params.optional_number("currentPageNum", 0) or 0
        size = params.optional_number("pageSize", PAGE_LIMIT) or 0
        if page < 0 or not 1 <= size <= PAGE_LIMIT:
            raise ApiError("PARAM_ERROR", f"currentPageNum从0开始，pageSize最大{PAGE_LIMIT}")
        fits = _filter(ctx, params, role)
        found = [one for one in ctx.world.refunds.values() if fits(one)]
        found.sort(key=lambda one: (one.created, one.number), reverse=True)
        shown = [wire_refunds.refund(one) for one in found[page * size : (page + 1) * size]]
        result = {"opOrderRefundModels": shown, "totalCount": len(found), "currentPageNum": page}
        return {"success": True, "result": result}

    return answer


def _filter(ctx: Context, params: Params, role: Role) -> Callable[[Refund], bool]:
    applied = params.date("applyStartTime"), params.date("applyEndTime")
    modified = params.date("modifyStartTime"), params.date("modifyEndTime")
    earliest = ctx.world.now() - REACH
    if any(start is not None and start < earliest for start in (applied[0], modified[0])):
        raise ApiError("APPLY_TIME_ERROR")
    states = set(params.texts("refundStatusSet"))
    order_id = params.optional_number("orderId")
    other = params.optional("sellerMemberId" if role == "buyer" else "buyerMemberId")
    bill = params.optional("logisticsNo")
    if bill and not other and role == "buyer":
        raise ApiError("PARAM_ERROR", "logisticsNo需要与sellerMemberId一起使用")
    kind = params.optional_number("dipsuteType", 0)

    def fits(one: Refund) -> bool:
        order = one.order
        partner = order.seller if role == "buyer" else order.buyer
        return all(
            (
                order.side(ctx.account.member_id) == role,
                one.created >= earliest,
                order_id in {None, order.order_id},
                _within(one.created, applied),
                _within(one.modified, modified),
                not states or one.status in states,
                other in {"", partner.member_id},
                bill in {"", one.bill_no},
                kind in {0, one.dispute_type},
            )
        )

    return fits


def _within(at: int, span: tuple[int | None, int | None]) -> bool:
    return (span[0] is None or at >= span[0]) and (span[1] is None or at <= span[1])


def _by_order(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        order = ctx.world.orders.get(params.number("orderId"))
        if order is None or order.side(ctx.account.member_id) != role:
            raise _failed("queryBatchRefundByOrderIdAndStatus", "ORDER_NOT_EXIST", "订单号有误")
        query = params.text("queryType")
        if query not in {"1", "3"}:
            raise _failed("queryBatchRefundByOrderIdAndStatus", "PARAM_ERROR", "查询类型有误")
        wanted = [
            one
            for one in order.refunds
            if not one.after_sale and (one.open if query == "1" else one.status == "refundsuccess")
        ]
        shown = [{**wire_refunds.refund(one, batch=True), "success": True} for one in wanted]
        return {"result": {"opOrderRefundModels": shown}}

    return answer


def _find(ctx: Context, params: Params, role: Role | None, service: str) -> Refund:
    one = ctx.world.refund_of(params.text("refundId"))
    mine = one.order.side(ctx.account.member_id) if one is not None else None
    if one is None or mine is None or role not in {None, mine}:
        raise _failed(service, "REFUND_NOT_EXIST", "退款单号有误")
    return one


def _detail(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        one = _find(ctx, params, role, "queryOrderRefund")
        shown = wire_refunds.refund(one, with_timeout=params.flag("needTimeOutInfo"))
        if params.flag("needOrderRefundOperation"):
            shown["refundOperationList"] = wire_refunds.operations(one)
        return {"result": {"opOrderRefundModelDetail": shown}}

    return answer


def _operations(ctx: Context, params: Params) -> dict[str, Any]:
    one = _find(ctx, params, None, "queryOrderRefundOperationList")
    page, size = params.optional_number("pageNo", 1) or 1, params.optional_number("pageSize", 20) or 20
    steps = wire_refunds.operations(one)
    return {"result": {"opOrderRefundOperationModels": steps[(page - 1) * size : page * size]}}


_PREFIX = "com.alibaba.trade/alibaba.trade.refund."
CALLS = {
    f"{_PREFIX}buyer.queryOrderRefundList": Call(_list("buyer"), Envelope.QUERY_LIST),
    f"{_PREFIX}queryOrderRefundList": Call(_list("seller"), Envelope.QUERY_LIST),
    f"{_PREFIX}OpQueryBatchRefundByOrderIdAndStatus": Call(_by_order("buyer"), Envelope.QUERY),
    f"{_PREFIX}OpQueryBatchRefundByOrderIdAndStatus.sellerView": Call(_by_order("seller"), Envelope.QUERY),
    f"{_PREFIX}OpQueryOrderRefund": Call(_detail("buyer"), Envelope.QUERY),
    f"{_PREFIX}OpQueryOrderRefund.sellerView": Call(_detail("seller"), Envelope.QUERY),
    f"{_PREFIX}OpQueryOrderRefundOperationList": Call(_operations, Envelope.QUERY),
    f"{_PREFIX}OpQueryOrderRefundOperationList.sellerView": Call(_operations, Envelope.QUERY),
}

"""Order lists and details of both sides, and the closing of unpaid orders (API.md 5.1 to 5.4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688 import machine, wire
from mocks.alibaba_1688.calling import Call, web_site
from mocks.alibaba_1688.errors import ApiError, bad
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import DAY, Order, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.model import Member
    from mocks.alibaba_1688.params import Params

HISTORY_AFTER = 90 * DAY
PAGE_LIMITS = {"seller": 20, "buyer": 50}
CANCEL_REASONS = {"buyerCancel", "sellerGoodsLack", "other"}


def _list(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        page, size = params.optional_number("page", 1) or 0, params.optional_number("pageSize", 20) or 0
        if page < 1 or not 1 <= size <= PAGE_LIMITS[role]:
            raise ApiError("PARAM_ERROR", f"page从1开始，pageSize最大{PAGE_LIMITS[role]}")
        tests = _tests(params, role, ctx.world.now())
        mine = ctx.world.orders_of(ctx.account.member_id, role)
        found = [order for order in mine if all(fits(order) for fits in tests)]
        found.sort(key=lambda order: (order.created, order.order_id), reverse=True)
        view = wire.View(
            role,
            ctx.account.member_id,
            address=params.flag("needBuyerAddressAndPhone"),
            memos=params.flag("needMemoInfo"),
            can_send=params.flag("needCheckSend"),
            overdue=params.flag("needSendGoodsOverdueRisk"),
        )
        rows = [wire.trade(ctx.world, order, view) for order in found[(page - 1) * size : page * size]]
        body: dict[str, Any] = {"result": rows, "totalRecord": len(found)}
        return {**body, "success": True, "retCodes": []} if role == "seller" else body

    return answer


def _tests(params: Params, role: Role, now: int) -> list[Callable[[Order], bool]]:
    """Give what an order must fulfil to be listed; only the parameters that were sent ask anything."""
    text, horizon, history = params.optional, now - HISTORY_AFTER, params.flag("isHis")
    tests: list[Callable[[Order], bool]] = [lambda order: (order.created < horizon) == history]
    created = params.date("createStartTime"), params.date("createEndTime")
    modified = params.date("modifyStartTime"), params.date("modifyEndTime")
    if created != (None, None):
        tests.append(lambda order: _within(order.created, created))
    if modified != (None, None):
        tests.append(lambda order: _within(order.updated, modified))
    ids, kinds = set(params.numbers("orderIds")), set(params.texts("bizTypes"))
    if ids:
        tests.append(lambda order: order.order_id in ids)
    if kinds:
        tests.append(lambda order: order.business_type in kinds)
    prefix = "buyer" if role == "seller" else "seller"
    for name, fits in _TEXT_TESTS.items():
        wanted = text(name.replace("other", prefix))
        if wanted:
            tests.append(partial(fits, role, wanted))
    return tests


def _other(order: Order, role: Role) -> Member:
    return order.buyer if role == "seller" else order.seller


_TEXT_TESTS: dict[str, Callable[[Role, str, Order], bool]] = {
    "orderStatus": lambda _, wanted, order: order.status == wanted,
    "refundStatus": lambda _, wanted, order: any(one.status == wanted for one in order.refunds[-1:]),
    "tradeType": lambda _, wanted, _order: wanted == "50060",
    "outOrderId": lambda _, wanted, order: order.out_order_id == wanted,
    "productName": lambda _, wanted, order: any(wanted in one.name for one in order.entries),
    "otherMemberId": lambda role, wanted, order: wanted == _other(order, role).member_id,
    "otherLoginId": lambda role, wanted, order: wanted in {_other(order, role).login_id, _other(order, role).member_id},
}


def _within(at: int, span: tuple[int | None, int | None]) -> bool:
    start, end = span
    return (start is None or at >= start) and (end is None or at <= end)


def _detail(role: Role) -> Callable[[Context, Params], dict[str, Any]]:
    def answer(ctx: Context, params: Params) -> dict[str, Any]:
        web_site(params)
        order = ctx.order(_order_id(ctx, params, role), side=role)
        asked = params.optional("includeFields")
        view = wire.View(role, ctx.account.member_id, detail=True, can_send=role == "seller")
        if asked:
            parts = frozenset(part.strip() for part in asked.split(",") if part.strip())
            view = wire.View(role, ctx.account.member_id, detail=True, can_send=role == "seller", parts=parts)
        return {"result": wire.trade(ctx.world, order, view), "success": "true" if role == "buyer" else True}

    return answer


def _order_id(ctx: Context, params: Params, role: Role) -> int:
    ours = params.optional("outOrderId")
    if role == "buyer" and not params.optional("orderId") and ours:
        for order in ctx.world.orders_of(ctx.account.member_id, "buyer"):
            if order.out_order_id == ours:
                return order.order_id
        raise ApiError("ORDER_NOT_EXIST")
    return params.number("orderId")


def _cancel(ctx: Context, params: Params) -> dict[str, Any]:
    web_site(params)
    order_id, reason = params.number("tradeID"), params.text("cancelReason")
    if reason not in CANCEL_REASONS:
        raise bad(f"cancelReason must be one of {', '.join(sorted(CANCEL_REASONS))}")
    order = ctx.order(order_id)
    by: Role = "buyer" if order.buyer.member_id == ctx.account.member_id else "seller"
    try:
        machine.close(ctx.world, order, by=by, reason=reason, remark=params.optional("remark"))
    except Illegal as error:
        raise ApiError(error.code) from error
    ctx.applied(order_id)
    return {"success": True}


def _memo(ctx: Context, params: Params) -> dict[str, Any]:
    order = ctx.order(params.number("orderId"))
    order.memos[ctx.account.member_id] = (params.text("memo"), params.optional("remarkIcon"))
    machine.touch(ctx.world, order)
    ctx.applied(order.order_id)
    return {"success": True}


def _feedback(ctx: Context, params: Params) -> dict[str, Any]:
    inner = params.inner("tradeFeedbackParam") if params.optional("tradeFeedbackParam") else params
    order = ctx.order(inner.number("orderId"), side="buyer")
    text = inner.text("feedback")
    if len(text) > 500:
        raise bad("feedback has more than 500 characters")
    order.feedback = text
    machine.touch(ctx.world, order)
    ctx.applied(order.order_id)
    return {"success": True}


def _receive(ctx: Context, params: Params) -> dict[str, Any]:
    order = ctx.order(params.number("orderId"), side="buyer")
    try:
        machine.confirm(ctx.world, order)
    except Illegal as error:
        raise ApiError("ORDER_STATUS_ERROR") from error
    ctx.applied(order.order_id)
    return {"success": True}


CALLS = {
    "com.alibaba.trade/alibaba.trade.getBuyerOrderList": Call(_list("buyer")),
    "com.alibaba.trade/alibaba.trade.getSellerOrderList": Call(_list("seller")),
    "com.alibaba.trade/alibaba.trade.get.buyerView": Call(_detail("buyer")),
    "com.alibaba.trade/alibaba.trade.get.sellerView": Call(_detail("seller")),
    "com.alibaba.trade/alibaba.trade.cancel": Call(_cancel),
    "com.alibaba.trade/alibaba.order.memoAdd": Call(_memo),
    "com.alibaba.trade/alibaba.trade.addFeedback": Call(_feedback),
    "com.alibaba.trade/trade.receivegoods.confirm": Call(_receive),
}

"""Linking purchases with the sales they serve (API.md section 8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocks.alibaba_1688.calling import Call
from mocks.alibaba_1688.errors import ApiError, Envelope

if TYPE_CHECKING:
    from mocks.alibaba_1688.calling import Context
    from mocks.alibaba_1688.params import Params


def _relation(ctx: Context, params: Params) -> dict[str, Any]:
    given = params.inner("orderRelationParam")
    link = {name: given.text(name) for name in ("orderId", "parentOrderId", "purchaseOrderId", "purchaseParentOrderId")}
    parent, entry = link["purchaseParentOrderId"], link["purchaseOrderId"]
    order = ctx.world.orders.get(int(parent)) if re.fullmatch(r"\d{1,19}", parent) else None
    if order is None or order.buyer.member_id != ctx.account.member_id:
        raise ApiError("ORDER_NOT_EXIST")
    if not entry.isdigit() or (order.entry(int(entry)) is None and int(entry) != order.order_id):
        raise ApiError("SUB_ORDER_NOT_EXIST", "采购子订单不存在")
    if link not in order.links:
        order.links.append(link)
        ctx.applied(order.order_id)
    return {"result": {"success": True, "code": "0", "message": ""}}


def _sync(ctx: Context, params: Params) -> dict[str, Any]:
    """Take note of the downstream sale: a refunded one keeps the supplier from shipping what was linked to it."""
    given = params.inner("orderParam")
    sale, status = given.text("orderId"), given.text("status")
    if status not in {"payed", "success", "close"} or given.optional("refundStatus") not in {"", "0", "1"}:
        raise ApiError("PARAM_ERROR", "status或refundStatus不正确")
    linked = [
        order
        for order in ctx.world.orders_of(ctx.account.member_id, "buyer")
        if any(sale in (link["orderId"], link["parentOrderId"]) for link in order.links)
    ]
    refunded = given.optional("refundStatus") == "1" or status == "close"
    for order in linked:
        order.synced.append({"order": sale, "status": status, "refunded": refunded})
        order.downstream_refund = "refunded" if refunded else ""
    ctx.applied(linked[0].order_id if linked else None, sale)
    return {"result": {"success": True, "code": "0", "message": ""}}


_CROSS = "com.alibaba.fenxiao.crossborder/"
CALLS = {
    f"{_CROSS}order.relation.write": Call(_relation, Envelope.RESULT),
    f"{_CROSS}trade.cross.orderSync": Call(_sync, Envelope.RESULT),
}

"""After-sales: list, detail, review, receipt, exchange (API.md sections 5 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.xiaohongshu import after_sale_machine, wire_after_sales
from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.carriers import carrier_name
from mocks.xiaohongshu.errors import ApiError, required, wrong
from mocks.xiaohongshu.model import DAY, MINUTE, Kind, Stage
from mocks.xiaohongshu.reasons import RECEIPT, REJECT_REASONS, REVIEW, reject_reason

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import AfterSale
    from mocks.xiaohongshu.params import Params

CREATED, UPDATED = 1, 2
SPANS_MS = {CREATED: DAY * 1000, UPDATED: 30 * MINUTE * 1000}
MAX_DEPTH = 50_000
AGREE_REFUND, AGREE_RETURN, REJECT = 1, 2, 3
RECEIVED, REFUSE, EXTEND = 1, 2, 3


def _list(ctx: Context, params: Params) -> dict[str, Any]:
    page, size = params.number("pageNo"), params.within("pageSize", 1, 100)
    if page < 1 or page * size > MAX_DEPTH:
        raise wrong("pageNo*pageSize不能超过50000")
    order_id = params.optional_text("orderId")
    statuses, kinds = set(params.numbers("statuses")), set(params.numbers("returnTypes"))
    window = _window(params)
    if window is None and not order_id:
        raise wrong("orderId与timeType至少传一个")
    found = []
    for one in ctx.world.after_sales.values():
        if one.order.seller_id != ctx.shop.seller_id or (order_id and one.order.order_id != order_id):
            continue
        if (statuses and one.stage not in statuses) or (kinds and one.kind not in kinds):
            continue
        if window is not None and not window[1] <= _when(ctx, one, window[0]) <= window[2]:
            continue
        found.append(one)
    found.sort(key=lambda one: (one.updated_ms if window and window[0] == UPDATED else one.applied_at, one.returns_id))
    return {
        "afterSaleBasicInfos": [wire_after_sales.basic(one) for one in found[(page - 1) * size : page * size]],
        "totalCount": len(found),
        "pageNo": page,
        "pageSize": size,
        "maxPageNo": -(-len(found) // size),
    }


def _window(params: Params) -> tuple[int, int, int] | None:
    if not params.optional_number("timeType", 0):  # some clients write 0 for what they leave out
        return None
    by = params.within("timeType", CREATED, UPDATED)
    start, end = params.number("startTime"), params.number("endTime")
    if end <= start:
        raise wrong("endTime必须大于startTime")
    if end - start > SPANS_MS[by]:
        raise wrong("时间跨度不能超过24小时" if by == CREATED else "时间跨度不能超过30分钟")
    return by, start, end


def _when(ctx: Context, one: AfterSale, by: int) -> int:
    return one.applied_at * 1000 if by == CREATED else ctx.world.seen_ms(one.updated_ms)


def _detail(ctx: Context, params: Params) -> dict[str, Any]:
    one = ctx.after_sale(params.text("returnsId"))
    return wire_after_sales.detailed(one, with_records=params.flag("needNegotiateRecord", default=False))


def _reasons(ctx: Context, params: Params) -> dict[str, Any]:
    ctx.after_sale(params.text("returnsId"))
    kind = params.within("rejectReasonType", REVIEW, RECEIPT)
    rows = [{"reasonType": kind - 1, "reasonId": one.reason_id, "reasonName": one.name} for one in REJECT_REASONS[kind]]
    return {"rejectReasons": rows}


def _read_reason(params: Params, kind: int) -> str:
    if not params.has("reason"):
        raise required("reason")
    found = reject_reason(kind, params.number("reason"))
    if found is None:
        raise ApiError("reject_reason")
    description = params.optional_text("description")
    if found.other and not description:
        raise required("description")
    return description or found.name


def _audit(ctx: Context, params: Params) -> None:
    one = ctx.after_sale(params.text("returnsId"))
    action = params.within("action", AGREE_REFUND, REJECT)
    if one.stage != Stage.REVIEW:
        raise ApiError("after_sale_state")
    goods_back = one.kind in {Kind.RETURN, Kind.EXCHANGE}
    if action == AGREE_REFUND:
        if goods_back:
            raise ApiError("after_sale_action", "退货退款、换货不支持直接退款")
        after_sale_machine.agree_refund(ctx.world, one)
    elif action == AGREE_RETURN:
        if not goods_back:
            raise ApiError("after_sale_action", "仅退款不支持寄回")
        address_id = params.inner("receiverInfo").number("sellerAddressRecordId")
        if address_id not in ctx.shop.address_ids:
            raise wrong("sellerAddressRecordId不存在")
        after_sale_machine.agree_return(ctx.world, one, address_id)
    else:
        if one.kind == Kind.REFUND_UNSHIPPED:
            raise ApiError("after_sale_action", "未发货仅退款不支持拒绝，请发货")
        after_sale_machine.reject(ctx.world, one, _read_reason(params, REVIEW))
    ctx.applied(one.order.order_id)


def _receive(ctx: Context, params: Params) -> None:
    one = ctx.after_sale(params.text("returnsId"))
    action = params.within("action", RECEIVED, EXTEND)
    if one.stage != Stage.RECEIVE:
        raise ApiError("after_sale_state")
    if action == RECEIVED:
        after_sale_machine.receive(ctx.world, one)
    elif action == REFUSE:
        after_sale_machine.refuse_receipt(ctx.world, one, _read_reason(params, RECEIPT))
    else:
        after_sale_machine.extend_receipt(ctx.world, one)
    ctx.applied(one.order.order_id)


def _receive_and_ship(ctx: Context, params: Params) -> None:
    one = ctx.after_sale(params.text("returnsId"))
    code, number = params.text("expressCompanyCode"), params.text("expressNo")
    if carrier_name(code) is None:
        raise wrong("expressCompanyCode不存在")
    if one.kind != Kind.EXCHANGE:
        raise ApiError("after_sale_action", "仅换货支持")
    after_sale_machine.receive_and_ship(ctx.world, one, number, code)
    ctx.applied(one.order.order_id)


CALLS = {
    "afterSale.listAfterSaleInfos": Call(_list, nested=True),
    "afterSale.getAfterSaleInfo": Call(_detail, nested=True),
    "afterSale.rejectReasons": Call(_reasons, nested=True),
    "afterSale.auditReturns": Call(_audit, refusal="after_sale_state", nested=True),
    "afterSale.confirmReceive": Call(_receive, refusal="after_sale_state", nested=True),
    "afterSale.receiveAndShip": Call(_receive_and_ship, refusal="after_sale_state", nested=True),
}

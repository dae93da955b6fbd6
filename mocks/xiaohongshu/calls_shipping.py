"""Writing orders: shipping, tracking changes, the seller's remark (API.md section 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.xiaohongshu import after_sale_machine, machine
from mocks.xiaohongshu.calling import Call, Context
from mocks.xiaohongshu.carriers import carrier_name
from mocks.xiaohongshu.errors import ApiError, required, wrong
from mocks.xiaohongshu.machine import SELF_DELIVERY
from mocks.xiaohongshu.model import Kind, Stage, Status

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import Order, Parcel
    from mocks.xiaohongshu.params import Params
    from mocks.xiaohongshu.world import World


def _carrier(params: Params, *, self_delivery: bool) -> tuple[str, str]:
    code = params.text("expressCompanyCode")
    name = "无物流发货" if code == SELF_DELIVERY and self_delivery else carrier_name(code)
    if name is None:
        raise wrong("expressCompanyCode不存在")
    return code, params.optional_text("expressCompanyName") or name


def deliver(world: World, order: Order, parcels: list[Parcel], number: str, code: str, name: str) -> None:
    """Ship parcels with all that follows: a waiting refund is refused by it, an exchange is on its way."""
    machine.ship(world, order, parcels, number, code, name)
    waiting = order.open_after_sale
    if waiting is not None and waiting.kind == Kind.REFUND_UNSHIPPED and waiting.stage == Stage.REVIEW:
        after_sale_machine.refuse_by_shipping(world, waiting)
    if order.order_type == 5 and order.status == Status.SHIPPED:
        for one in world.after_sales.values():
            if one.exchange_order_id == order.order_id and one.stage == Stage.SHIP_EXCHANGE:
                after_sale_machine.exchange_shipped(world, one, number, code)


def _deliver(ctx: Context, params: Params) -> None:
    order = ctx.order(params.text("orderId"))
    number = params.text("expressNo")
    code, name = _carrier(params, self_delivery=True)
    if code == SELF_DELIVERY and not all(line.no_logistics for line in order.lines):
        raise ApiError("order_state", "商品不支持无物流发货")
    if order.status not in {Status.TO_SHIP, Status.PARTLY_SHIPPED}:
        raise ApiError("order_state")
    if params.flag("unpack", default=False):
        sku_ids = params.texts("skuIdList")
        if not sku_ids:
            raise required("skuIdList")
        parcels = [machine.split(ctx.world, order, sku_ids)]
    else:
        parcels = [parcel for parcel in order.parcels if parcel.shipped_at is None]
    deliver(ctx.world, order, parcels, number, code, name)
    ctx.applied(order.order_id)


def _retrack(ctx: Context, params: Params) -> None:
    order = ctx.order(params.text("orderId"))
    number = params.text("expressNo")
    code, name = _carrier(params, self_delivery=False)
    if order.status not in {Status.PARTLY_SHIPPED, Status.SHIPPED}:
        raise ApiError("order_state")
    chosen = [parcel for parcel in order.parcels if parcel.shipped_at is not None]
    old = params.optional_text("oldExpressNo")
    if old:  # wins over the index, and changes every parcel that travels with it
        chosen = [parcel for parcel in chosen if parcel.express_no == old]
    elif params.has("deliveryOrderIndex"):
        index = params.number("deliveryOrderIndex")
        chosen = [parcel for parcel in chosen if parcel.index == index]
    elif order.unpack:
        raise required("deliveryOrderIndex")
    if not chosen:
        raise wrong("包裹不存在")
    if any(parcel.delivered_at is not None for parcel in chosen):
        raise ApiError("order_state", "包裹已签收")
    machine.retrack(ctx.world, order, chosen, number, code, name)
    ctx.applied(order.order_id)


def _mark(ctx: Context, params: Params) -> None:
    order = ctx.order(params.text("orderId"))
    note = params.text("sellerMarkNote")
    operator = params.text("operator")
    machine.mark(ctx.world, order, note, operator, params.within("sellerMarkPriority", 1, 6))
    ctx.applied(order.order_id)


CALLS = {
    "order.orderDeliver": Call(_deliver),
    "order.modifyOrderExpressInfo": Call(_retrack),
    "order.modifySellerMarkInfo": Call(_mark),
}

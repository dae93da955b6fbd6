"""The seller's cancellations and the answer to the buyer's (API.md section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.shopee import machine
from mocks.shopee.calling import Call, Reply
from mocks.shopee.calls_orders import line_keys
from mocks.shopee.errors import ApiError, required, wrong
from mocks.shopee.model import major

if TYPE_CHECKING:
    from mocks.shopee.calling import Context
    from mocks.shopee.model import LineKey, Order
    from mocks.shopee.params import Params

FINAL_REASONS = {
    "OUT_OF_STOCK": "Out of Stock",
    "CUSTOMER_REQUEST": "Buyer Request to Cancel",
    "UNDELIVERABLE_AREA": "Undeliverable Area",
    "COD_NOT_SUPPORTED": "COD Unsupported",
}


def cancel_order(ctx: Context, params: Params) -> Reply:
    """Let the seller cancel an order, or some units of it, before shipment. Not idempotent."""
    sn = params.text("order_sn")
    reason = params.choice("cancel_reason", FINAL_REASONS)
    partial = params.rows("partial_cancel_item_list")
    items = params.rows("item_list")
    if reason == "OUT_OF_STOCK" and not items and not partial:
        raise required("item_list")
    order = ctx.order(sn)
    if order.fulfillment_flag == "fulfilled_by_shopee":
        raise ApiError("order.error_param")
    _check_reason(order, reason)
    named = {(row.number("item_id"), row.number("model_id")) for row in items}
    if not named <= {(line.item_id, line.model_id) for line in order.lines}:
        raise wrong("item_list names an item that is not in the order.")
    units = _units(order, partial) if partial else {}
    if not machine.seller_can_cancel(order):
        raise ApiError("order.error_limit")
    if units and any(line.active != units.get(line.key, 0) for line in order.lines):
        if not machine.seller_can_cancel_part(order):
            raise ApiError("order.error_limit")
        machine.cancel_units(ctx.world, order, units)
    else:
        machine.cancel(ctx.world, order, by="seller", reason=FINAL_REASONS[reason], counts_as="seller")
    ctx.applied(order.sn)
    return Reply({"update_time": order.updated})


def _check_reason(order: Order, reason: str) -> None:
    if reason == "UNDELIVERABLE_AREA" and order.region not in {"TW", "MY"}:
        raise wrong("cancel_reason UNDELIVERABLE_AREA is only for TW and MY.")
    if reason == "COD_NOT_SUPPORTED" and (not order.cod or order.region == "BR"):
        raise wrong("cancel_reason COD_NOT_SUPPORTED is only for COD orders.")


def _units(order: Order, rows: list[Params]) -> dict[LineKey, int]:
    units = line_keys(order, rows)
    for key, quantity in units.items():
        line = order.line(key)
        if line is None or not 0 < quantity <= line.active:
            raise wrong("model_quantity is invalid.")
    return units


def get_estimate_cancel_value(ctx: Context, params: Params) -> Reply:
    """Tell what cancelling some units would take off, as a text, at the top level."""
    order = ctx.order(params.text("order_sn"))
    rows = params.rows("partial_cancel_item_list")
    if not rows:
        raise required("partial_cancel_item_list")
    units = _units(order, rows)
    value = sum(line.price * units.get(line.key, 0) for line in order.lines)
    return Reply(beside={"cancel_value_price": str(major(value, order.currency))})


def handle_buyer_cancellation(ctx: Context, params: Params) -> Reply:
    """Accept or reject the buyer's request to cancel."""
    sn = params.text("order_sn")
    operation = params.choice("operation", ("ACCEPT", "REJECT"))
    order = ctx.order(sn)
    if order.status != "IN_CANCEL":
        raise ApiError("order.cancel_order_invalid_status")
    if operation == "ACCEPT":
        machine.grant_request(ctx.world, order)
    else:
        machine.drop_request(ctx.world, order)
    ctx.applied(order.sn)
    return Reply({"update_time": order.updated})


CALLS = {
    "order/cancel_order": Call("POST", "shop", cancel_order),
    "order/get_estimate_cancel_value": Call("POST", "shop", get_estimate_cancel_value),
    "order/handle_buyer_cancellation": Call("POST", "shop", handle_buyer_cancellation),
}

"""The seller's cancellations, their search, and the answer to the buyer's (API.md 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import cancelling, reasons
from mocks.tiktok_shop.calling import Call, page_of
from mocks.tiktok_shop.calls_orders import sorting, within
from mocks.tiktok_shop.chosen import check_reason, chosen_units, own_order
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.wire_after import cancellation_json

if TYPE_CHECKING:
    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Cancellation, Order, Unit

SCOPE = "seller.return_refund.basic"
STATUSES = {f"CANCELLATION_REQUEST_{word}" for word in ("PENDING", "SUCCESS", "COMPLETE", "CANCEL")}
_ALL_SELLER = {name: words for found in reasons.SELLER_CANCEL.values() for name, words in found.items()}


def cancel_order(ctx: Context) -> dict[str, Any]:
    """Let the seller cancel an order, or units of it where the market allows. Not idempotent."""
    order = own_order(ctx)
    reason = ctx.body.text("cancel_reason")
    units = chosen_units(ctx.body, order.live_units())
    check_state(ctx, order)
    check_reason(ctx.world, reason, _ALL_SELLER, of_status=reasons.SELLER_CANCEL.get(order.status, {}))
    if len(units) < len(order.live_units()):
        _check_partial(ctx, order, units, reason)
    one = cancelling.cancel(ctx.world, order, role="SELLER", reason=reason, units=units)
    ctx.applied(order.order_id)
    return {"cancel_id": one.cancel_id, "cancel_status": one.status}


def check_state(ctx: Context, order: Order) -> None:
    """Refuse what can not be cancelled by the seller now, with the code that says why."""
    if any(one.under_way for one in order.cancellations):
        raise ApiError(25001011)
    if order.status in {"CANCELLED", "COMPLETED"}:
        raise ApiError(25001051)
    if order.held:
        raise ApiError(25001046)
    if not cancelling.seller_can_cancel(ctx.world, order):
        raise ApiError(25001003 if order.status == "UNPAID" else 25001045)


def _check_partial(ctx: Context, order: Order, units: list[Unit], reason: str) -> None:
    if not order.shop.partial_cancel or reason != reasons.OUT_OF_STOCK:
        raise ApiError(25005010)
    if len(units) > ctx.world.style.line_limit:
        raise ApiError(25005011)


def search(ctx: Context) -> dict[str, Any]:
    """List a shop's cancellations."""
    size = ctx.query.page_size(50, 10)
    field, descending = sorting(ctx.query)
    body = ctx.body
    ids, orders, buyers = body.texts("cancel_ids"), body.texts("order_ids"), body.texts("buyer_user_ids")
    kinds, states = body.texts("cancel_types"), body.texts("cancel_status")
    if not set(kinds) <= {"BUYER_CANCEL", "CANCEL"} or not set(states) <= STATUSES:
        raise body.wrong("cancel_types or cancel_status")
    rows = [
        (one.created if field == "create_time" else one.updated, one.cancel_id)
        for one in ctx.world.cancellations.values()
        if one.order.shop is ctx.shop
        and (not ids or one.cancel_id in ids)
        and (not orders or one.order.order_id in orders)
        and (not buyers or one.order.buyer.user_id in buyers)
        and (not kinds or one.kind in kinds)
        and (not states or one.status in states)
        and within(body, one.created, one.updated)
    ]
    names, token, total = page_of(ctx.query, rows, size=size, descending=descending)
    shown = [cancellation_json(ctx.world.cancellations[name], ctx.locale) for name in names]
    return {"cancellations": shown, "total_count": total, "next_page_token": token}


def own_cancellation(ctx: Context, cancel_id: str) -> Cancellation:
    """Give the shop's cancellation, or refuse."""
    one = ctx.world.cancellations.get(cancel_id)
    if one is None:
        raise ApiError(25007006)
    if one.order.shop is not ctx.shop:
        raise ApiError(25020005)
    return one


def approve(ctx: Context) -> dict[str, Any]:
    """Accept the buyer's request; the whole order ends."""
    one = own_cancellation(ctx, ctx.path["cancel_id"])

    def act() -> dict[str, Any]:
        if not one.pending:
            raise ApiError(25011012)
        if one.order.held:
            raise ApiError(25001003)
        if any(package.collected_at is not None for package in one.order.live_packages()):
            raise ApiError(25001045)
        cancelling.grant(ctx.world, one)
        ctx.applied(one.order.order_id)
        return {}

    return ctx.once(act)


def reject(ctx: Context) -> dict[str, Any]:
    """Refuse the buyer's request with a reason fetched just before; the order goes on."""
    one = own_cancellation(ctx, ctx.path["cancel_id"])
    reason = ctx.body.text("reject_reason")
    ctx.body.optional("comment")
    ctx.body.rows("images")

    def act() -> dict[str, Any]:
        if one.ended_as in {"approved", "auto_approved"}:
            raise ApiError(25020010)
        if not one.pending:
            raise ApiError(25011011)
        if reason not in reasons.REJECT_CANCEL or reason in ctx.world.app.offline_reasons:
            raise ctx.body.wrong("reject_reason")
        cancelling.close(ctx.world, one, "rejected")
        ctx.applied(one.order.order_id)
        return {}

    return ctx.once(act)


CALLS = [
    Call("POST", "return_refund/cancellations", cancel_order, SCOPE, 25001001),
    Call("POST", "return_refund/cancellations/search", search, SCOPE, 25001001),
    Call("POST", "return_refund/cancellations/{cancel_id}/approve", approve, SCOPE, 25001001),
    Call("POST", "return_refund/cancellations/{cancel_id}/reject", reject, SCOPE, 25001001),
]

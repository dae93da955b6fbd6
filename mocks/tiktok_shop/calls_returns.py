"""Returns and refunds: search, both reviews, the seller's own refund, records, preview (API.md 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import reasons, returning
from mocks.tiktok_shop.calling import Call, page_of
from mocks.tiktok_shop.calls_orders import sorting, within
from mocks.tiktok_shop.chosen import check_reason, chosen_units, own_order
from mocks.tiktok_shop.errors import ApiError
from mocks.tiktok_shop.model import minor_of
from mocks.tiktok_shop.wire_after import amounts, return_json

if TYPE_CHECKING:
    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Order, Return
    from mocks.tiktok_shop.params import Params

SCOPE = "seller.return_refund.basic"
KINDS = ("REFUND", "RETURN_AND_REFUND", "REPLACEMENT", "EXCHANGE")
APPROVALS = {
    "APPROVE_REFUND": {"REFUND"},
    "APPROVE_RETURN": {"RETURN_AND_REFUND"},
    "APPROVE_RECEIVED_PACKAGE": {"RETURN_AND_REFUND"},
    "APPROVE_REPLACEMENT": {"REPLACEMENT"},
    "ISSUE_REPLACEMENT_REFUND": {"REPLACEMENT"},
    "OFFER_PARTIAL_REFUND": {"REFUND", "RETURN_AND_REFUND"},
    "DIRECT_REFUND": {"REFUND", "RETURN_AND_REFUND"},
}
REJECTIONS = {
    "REJECT_REFUND": {"REFUND"},
    "REJECT_RETURN": {"RETURN_AND_REFUND"},
    "REJECT_RECEIVED_PACKAGE": {"RETURN_AND_REFUND"},
    "REJECT_REPLACEMENT": {"REPLACEMENT"},
    "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG": {"RETURN_AND_REFUND"},
}
SECOND_REVIEW = {"APPROVE_RECEIVED_PACKAGE", "REJECT_RECEIVED_PACKAGE", "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG"}


def search(ctx: Context) -> dict[str, Any]:
    """List a shop's returns; an empty page has no `return_orders`."""
    size = ctx.query.page_size(50, 10)
    field, descending = sorting(ctx.query)
    rows = [
        (one.created if field == "create_time" else one.updated, one.return_id)
        for one in ctx.world.returns.values()
        if one.order.shop is ctx.shop and _fits(ctx.body, one)
    ]
    names, token, total = page_of(ctx.query, rows, size=size, descending=descending)
    found: dict[str, Any] = {"total_count": total}
    if names:
        shown = [return_json(ctx.world.returns[name], ctx.locale) for name in names]
        found |= {"return_orders": shown, "next_page_token": token}
    return found


def _fits(body: Params, one: Return) -> bool:
    wanted = (
        ("return_ids", one.return_id),
        ("order_ids", one.order.order_id),
        ("buyer_user_ids", one.order.buyer.user_id),
        ("return_types", one.kind),
        ("return_status", one.status),
        ("seller_proposed_return_type", "PARTIAL_REFUND" if one.offered else ""),
        ("arbitration_status", one.arbitration),
    )
    return within(body, one.created, one.updated) and all(
        not body.texts(name) or value in body.texts(name) for name, value in wanted
    )


def own_return(ctx: Context, return_id: str) -> Return:
    """Give the shop's return, or refuse."""
    one = ctx.world.returns.get(return_id)
    if one is None:
        raise ApiError(25007006)
    if one.order.shop is not ctx.shop:
        raise ApiError(25020005)
    return one


def approve(ctx: Context) -> dict[str, Any]:
    """Agree in the first or second review, offer a part, or refund directly."""
    decision = ctx.body.choice("decision", APPROVALS)
    keep, partial = ctx.body.flag("buyer_keep_item"), ctx.body.inner("partial_refund")
    one = own_return(ctx, ctx.path["return_id"])

    def act() -> dict[str, Any]:
        _check_approval(one, decision, keep=keep, partial=partial)
        match decision:
            case "APPROVE_RECEIVED_PACKAGE":
                returning.accept_parcel(ctx.world, one)
            case "OFFER_PARTIAL_REFUND" if partial is not None:
                returning.offer(ctx.world, one, _part(one, partial))
            case "DIRECT_REFUND" | "ISSUE_REPLACEMENT_REFUND":
                returning.refund_instead(ctx.world, one)
            case _:
                one.keep_item = keep is True
                returning.approve(ctx.world, one)
        ctx.applied(one.order.order_id)
        return {}

    return ctx.once(act)


def _check_approval(one: Return, decision: str, *, keep: bool | None, partial: Params | None) -> None:
    extras_fit = (keep is None or decision == "APPROVE_RETURN") and (partial is not None) is (
        decision == "OFFER_PARTIAL_REFUND"
    )
    if one.kind not in APPROVALS[decision] or not extras_fit:
        raise ApiError(25020004)
    if one.order.held:
        raise ApiError(25001003)
    if decision == "APPROVE_RECEIVED_PACKAGE":
        if one.status != returning.SHIPPED:
            raise ApiError(25011013)
    elif one.status not in returning.FIRST_REVIEW:
        raise ApiError(25011012)


def _part(one: Return, partial: Params) -> int:
    if partial.text("currency") != one.order.currency:
        raise partial.wrong("partial_refund.currency")
    amount = _amount(partial, "amount", one.order)
    if not 0 < amount <= one.amount:
        raise partial.wrong("partial_refund.amount")
    return amount


def _amount(params: Params, name: str, order: Order) -> int:
    try:
        return minor_of(params.text(name), order.currency)
    except ValueError as error:
        raise params.wrong(name) from error


def reject(ctx: Context) -> dict[str, Any]:
    """Refuse in the first or second review, or offer a part once the goods are back."""
    decision = ctx.body.choice("decision", REJECTIONS)
    one = own_return(ctx, ctx.path["return_id"])
    offering = decision == "OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG"
    reason = ctx.body.optional("reject_reason") if offering else ctx.body.text("reject_reason")
    comment = ctx.body.optional("comment")
    ctx.body.rows("images")

    def act() -> dict[str, Any]:
        if one.kind not in REJECTIONS[decision]:
            raise ApiError(25020004)
        second = decision in SECOND_REVIEW
        if one.status in returning.APPROVED and not (second and one.status == returning.SHIPPED):
            raise ApiError(25020010)
        if one.status not in ({returning.SHIPPED} if second else returning.FIRST_REVIEW):
            raise ApiError(25020004)
        if one.quick:
            raise ApiError(25011025)
        if reason and reason in ctx.world.app.offline_reasons:
            raise ApiError(25001020)
        if not offering and reason not in reasons.REJECT_RETURN:
            raise ctx.body.wrong("reject_reason")
        if offering:
            amount = ctx.body.inner("partial_refund_amount")
            if amount is None:
                raise ctx.body.wrong("partial_refund_amount is required")
            returning.offer(ctx.world, one, _part(one, amount))
        else:
            returning.reject(ctx.world, one, reason, comment)
        ctx.applied(one.order.order_id)
        return {}

    return ctx.once(act)


def create(ctx: Context) -> dict[str, Any]:
    """Let the seller refund; outside the US only delivered orders, and no return of goods."""
    order = own_order(ctx)
    reason = ctx.body.text("return_reason")
    kind = ctx.body.choice("return_type", ("REFUND", "RETURN_AND_REFUND"))

    def act() -> dict[str, Any]:
        _check_creation(ctx, order, kind, reason)
        units = chosen_units(ctx.body, returning.free_units(order))
        amount = None
        if ctx.body.optional("refund_total"):
            if ctx.body.text("currency") != order.currency:
                raise ctx.body.wrong("currency must be the order's")
            amount = _amount(ctx.body, "refund_total", order)
            if amount > returning.refundable(order, units)[0]:
                raise ApiError(25005005)
        wish = returning.Wish(kind, reason, units, amount)
        one = returning.ask(ctx.world, order, wish, role="SELLER")
        ctx.applied(order.order_id)
        return {"return_id": one.return_id, "return_status": one.status}

    return ctx.once(act)


def _check_creation(ctx: Context, order: Order, kind: str, reason: str) -> None:
    if order.status == "CANCELLED" or any(one.under_way for one in order.cancellations):
        raise ApiError(25001011)
    if order.held:
        raise ApiError(25001046)
    if order.status != "DELIVERED":
        raise ApiError(25001003)
    if kind != "REFUND":
        raise ApiError(25020005)
    if not returning.free_units(order):
        raise ApiError(25001010)
    check_reason(ctx.world, reason, reasons.SELLER_REFUND, of_status=reasons.SELLER_REFUND)


def calculate(ctx: Context) -> dict[str, Any]:
    """Tell what a cancellation or refund would pay back."""
    body = ctx.body
    order = ctx.order(body.text("order_id"), unknown=25007006, foreign=25020005)
    kind = body.choice("request_type", ("CANCEL", "REFUND", "RETURN_AND_REFUND"))
    body.text("reason_name")
    free = order.live_units() if kind == "CANCEL" else returning.free_units(order)
    units = chosen_units(body, free)
    whole, shipping = returning.refundable(order, units) if order.paid is not None and units else (0, 0)
    return {"order_refund_amount": amounts(order.currency, whole, shipping)}


def records(ctx: Context) -> dict[str, Any]:
    """Tell what happened to a return, oldest first."""
    return {"records": own_return(ctx, ctx.path["return_id"]).records}


CALLS = [
    Call("POST", "return_refund/returns", create, SCOPE, 25001001),
    Call("POST", "return_refund/returns/search", search, SCOPE, 25001001),
    Call("POST", "return_refund/returns/{return_id}/approve", approve, SCOPE, 25001001, unreadable=11050001),
    Call("POST", "return_refund/returns/{return_id}/reject", reject, SCOPE, 25001001),
    Call("GET", "return_refund/returns/{return_id}/records", records, SCOPE, 25001001),
    Call("POST", "return_refund/refunds/calculate", calculate, SCOPE, 25001001),
]

"""What may be asked and answered now, with the reasons open to it (API.md 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocks.tiktok_shop import cancelling, reasons, returning
from mocks.tiktok_shop.calling import Call
from mocks.tiktok_shop.calls_cancel import SCOPE, own_cancellation
from mocks.tiktok_shop.calls_returns import APPROVALS, REJECTIONS, SECOND_REVIEW, own_return
from mocks.tiktok_shop.errors import TEXTS, ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.tiktok_shop.calling import Context
    from mocks.tiktok_shop.model import Order, Return, Unit

REQUEST_TYPES = ("CANCEL", "REFUND", "RETURN_AND_REFUND")
_CANCEL_DECISIONS = ("APPROVE_REQUEST_CANCEL", "REJECT_REQUEST_CANCEL")


def aftersale_eligibility(ctx: Context) -> dict[str, Any]:
    """Tell for each kind of goods what seller or buyer may start, and with which reasons."""
    order = ctx.order(ctx.path["order_id"], unknown=25001001, foreign=25020005)
    user = ctx.query.choice("initiate_aftersale_user", ("SELLER", "BUYER"), "SELLER")
    given = [one for text in ctx.repeated.get("request_types", []) for one in text.split(",") if one]
    if not set(given) <= set(REQUEST_TYPES):
        raise ctx.query.wrong("request_types")
    kinds: dict[str, list[Unit]] = {}
    for unit in order.units:
        kinds.setdefault(unit.sku_id, []).append(unit)
    return {
        "sku_eligibility": [
            {
                "sku_id": sku,
                "line_item_eligibility": [
                    _eligibility(ctx, order, units, user, kind) for kind in given or REQUEST_TYPES
                ],
            }
            for sku, units in kinds.items()
        ]
    }


def _eligibility(ctx: Context, order: Order, units: list[Unit], user: str, kind: str) -> dict[str, Any]:
    code, names = _answer(ctx, order, units, user, kind)
    shown: dict[str, Any] = {
        "request_type": kind,
        "order_line_items_ids": [unit.line_item_id for unit in units],
        "order_line_list": [{"order_line_item_id": unit.line_item_id} for unit in units],
        "eligible": code == 0,
        "available_reason_names": [name for name in names if name not in ctx.world.app.offline_reasons],
    }
    if code:
        shown |= {"ineligible_code": code, "ineligible_reason": TEXTS[code], "available_reason_names": []}
    return shown


def _answer(ctx: Context, order: Order, units: list[Unit], user: str, kind: str) -> tuple[int, Mapping[str, str]]:
    if kind == "CANCEL":
        return _cancel_answer(ctx, order, user)
    free = [unit for unit in units if unit in returning.free_units(order)]
    if user == "SELLER" and kind == "RETURN_AND_REFUND":
        return 25020005, {}
    allowed = {"DELIVERED"}
    if user == "BUYER" and kind == "REFUND":
        allowed = {"AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"}
    if order.status not in allowed:
        return 25001003, {}
    if not free:
        return 25001010, {}
    return 0, reasons.SELLER_REFUND if user == "SELLER" else reasons.BUYER_REFUND


def _cancel_answer(ctx: Context, order: Order, user: str) -> tuple[int, Mapping[str, str]]:
    if any(one.under_way for one in order.cancellations):
        return 25001011, {}
    if order.status in {"CANCELLED", "COMPLETED"}:
        return 25001051, {}
    if user == "BUYER":
        open_to_buyer = order.status in {"UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING"}
        return (0, reasons.BUYER_CANCEL) if open_to_buyer else (25001045, {})
    if order.held:
        return 25001046, {}
    if not cancelling.seller_can_cancel(ctx.world, order):
        return 25001003 if order.status == "UNPAID" else 25001045, {}
    return 0, reasons.SELLER_CANCEL[order.status]


def reject_reasons(ctx: Context) -> dict[str, Any]:
    """List the reasons with which the seller may refuse this request now."""
    names = _reasons_of(ctx, ctx.query.text("return_or_cancel_id"))
    return {
        "reasons": [
            {"name": name, "text": reasons.words(name, ctx.locale)}
            for name in names
            if name not in ctx.world.app.offline_reasons
        ]
    }


def _reasons_of(ctx: Context, request_id: str) -> Mapping[str, str]:
    if request_id in ctx.world.cancellations:
        own_cancellation(ctx, request_id)
        return reasons.REJECT_CANCEL
    own_return(ctx, request_id)
    return reasons.REJECT_RETURN


def decision_eligibility(ctx: Context) -> dict[str, Any]:
    """Tell which decisions are open on a cancellation or return."""
    request_id = ctx.query.text("return_or_cancel_id")
    given = [one for text in ctx.repeated.get("check_decisions", []) for one in text.split(",") if one]
    known = (*_CANCEL_DECISIONS, *APPROVALS, *REJECTIONS, "ISSUE_EXCHANGE_REFUND")
    if not set(given) <= set(known):
        raise ctx.query.wrong("check_decisions")
    cancellation = ctx.world.cancellations.get(request_id)
    if cancellation is not None:
        own_cancellation(ctx, request_id)
        codes = dict.fromkeys(_CANCEL_DECISIONS, 0 if cancellation.pending else 25011012)
    else:
        one = own_return(ctx, request_id)
        codes = {name: _decision_code(one, name) for name in (*APPROVALS, *REJECTIONS)}
    return {"decisions": [_decision(ctx, request_id, name, codes.get(name, 25020004)) for name in given or codes]}


def _decision_code(one: Return, name: str) -> int:
    if one.kind not in (APPROVALS | REJECTIONS)[name]:
        return 25020004
    if one.status not in ({returning.SHIPPED} if name in SECOND_REVIEW else returning.FIRST_REVIEW):
        return 25011013 if name in SECOND_REVIEW else 25011012
    return 25011025 if one.quick and name in REJECTIONS else 0


def _decision(ctx: Context, request_id: str, name: str, code: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"decision": name, "eligible": code == 0}
    if code:
        shown |= {"ineligible_code": code, "ineligible_reason": ApiError(code).text}
    elif name.startswith("REJECT"):
        names = _reasons_of(ctx, request_id)
        shown["available_reject_reasons"] = [
            {"name": one, "text": reasons.words(one, ctx.locale)}
            for one in names
            if one not in ctx.world.app.offline_reasons
        ]
    return shown


CALLS = [
    Call("GET", "return_refund/orders/{order_id}/aftersale_eligibility", aftersale_eligibility, SCOPE, 25001001),
    Call("GET", "return_refund/reject_reasons", reject_reasons, SCOPE, 25001001),
    Call("GET", "return_refund/decision_eligibility", decision_eligibility, SCOPE, 25001001),
]

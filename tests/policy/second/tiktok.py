"""TikTok Shop Japan's table of READINGS.md (TTJ-01..35)."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from tests.policy.second import costs, paths
from tests.policy.second.facts import HOUR, local, midnight

NATIVE = {
    "out_of_stock": "seller_cancel_reason_out_of_stock",
    "stock_damaged": "seller_cancel_reason_out_of_stock",
    "price_error": "seller_cancel_reason_wrong_price",
    "buyer_asked": "seller_cancel_paid_reason_buyer_requested_cancellation",
    "undeliverable_area": "seller_cancel_paid_reason_address_not_deliver",
    "malicious_order": "seller_cancel_order_reason_potential_fraud",
}
UNUSUAL = ("price_error", "undeliverable_area", "malicious_order")


def options(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase == "unpaid":
        return [paths.platform_wait(f)]
    if f.request is not None and f.not_shipped:
        return request_unshipped(f)
    if f.request is not None:
        return [accept_overdue(f)] if overdue(f) else paths.shipped_request(f)
    free_until = f.paid_at + HOUR if f.paid_at is not None else None
    first = f.as_of if free_until is None or f.as_of > free_until else free_until + 1
    return close(f) + paths.fulfil(f, first)


def request_unshipped(f: SimpleNamespace) -> list[SimpleNamespace]:
    cost = costs.item(f, "counted_cancellation") if f.request.reason == "late_shipment" else {}
    deadline = f.request.deadline
    if deadline is not None and f.as_of > deadline:
        return [paths.option(f, "buyer_cancel", "wait", "platform", cost=cost, not_before=None)]
    accept = paths.accept_unshipped(f)
    accept.cost = cost
    if deadline is None:
        return [accept]
    return [accept, paths.option(f, "wait", "wait", "platform", cost=cost, not_before=deadline, end=deadline)]


def overdue(f: SimpleNamespace) -> bool:
    if f.request.kind != "cancellation" or f.phase != "in_transit" or f.returning != "none":
        return False
    if f.latest_delivery_at is None:
        return False
    day = local(f, f.latest_delivery_at).date() + timedelta(days=16 if f.cross_border else 4)
    return f.as_of >= midnight(f.zone, day.year, day.month, day.day)


def accept_overdue(f: SimpleNamespace) -> SimpleNamespace:
    given = paths.plain_refund(f)
    return paths.option(f, "buyer_cancel", "accept_request", "gateway", cost=given.cost, approval=given.approval)


def close(f: SimpleNamespace) -> list[SimpleNamespace]:
    if not f.not_shipped or f.false_reason or f.reason not in NATIVE:
        return []
    counted = {} if f.reason == "buyer_asked" else costs.item(f, "counted_cancellation", f.n)
    cost = costs.plus(counted, costs.late(f, f.as_of))
    approval = ["unusual_reason"] if f.reason in UNUSUAL else []
    if f.reason == "buyer_asked" and "chat" not in f.evidence:
        return [
            paths.option(
                f, "seller_close", "collect_evidence", "person", ready=False, missing=["evidence:chat"], cost=cost
            )
        ]
    return [paths.option(f, "seller_close", "close", "gateway", cost=cost, approval=approval, native=NATIVE[f.reason])]

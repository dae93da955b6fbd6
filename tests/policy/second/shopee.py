"""Shopee's table of READINGS.md (SHP-01..32)."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import costs, paths


def native(f: SimpleNamespace) -> str | None:
    if f.reason in ("out_of_stock", "stock_damaged"):
        return "OUT_OF_STOCK"
    if f.reason == "buyer_asked":
        return "CUSTOMER_REQUEST"
    if f.reason == "undeliverable_area" and f.region in ("TW", "MY"):
        return "UNDELIVERABLE_AREA"
    return None


def options(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase == "unpaid":
        return [paths.platform_wait(f)]
    if f.request is not None:
        return [paths.accept_unshipped(f)] if f.not_shipped else paths.shipped_request(f)
    return close(f) + paths.fulfil(f, f.as_of)


def close(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase not in ("on_hold", "awaiting_shipment") or f.false_reason or native(f) is None:
        return []
    counted = 0 if f.reason == "buyer_asked" else f.n
    line = costs.rate_line(f, counted)
    if line is not None and f.points + 2 >= 6:
        return []
    cost = costs.plus(
        costs.item(f, "counted_cancellation", counted) if counted else {},
        costs.rate_cost(f, line),
        costs.item(f, "penalty_point", 2) if line else {},
        costs.late(f, f.as_of),
    )
    approval = costs.rate_approvals(f, counted)
    if f.reason == "buyer_asked" and "chat" not in f.evidence:
        return [
            paths.option(
                f, "seller_close", "collect_evidence", "person", ready=False, missing=["evidence:chat"], cost=cost
            )
        ]
    return [paths.option(f, "seller_close", "close", "gateway", cost=cost, approval=approval, native=native(f))]

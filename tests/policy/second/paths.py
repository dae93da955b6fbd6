"""The parts all platforms share: an option, requests on shipped goods, shipping after all."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import costs

PATHS = ("buyer_cancel", "seller_close", "refund", "return_refund", "fulfil", "wait")
NEVER = 1 << 60


def option(f: SimpleNamespace, path: str, action: str, by: str, **facts: object) -> SimpleNamespace:
    """Return an allowed option, ready at once unless told otherwise."""
    given = {
        "path": path,
        "action": action,
        "by": by,
        "cost": {},
        "ready": True,
        "earliest": f.as_of,
        "not_before": f.as_of,
        "missing": [],
        "approval": [],
        "native": None,
        "purpose": None,
        "end": f.as_of,
    }
    return SimpleNamespace(**{**given, **facts})


def platform_wait(f: SimpleNamespace) -> SimpleNamespace:
    """Return the wait for the platform's own cancellation, whose instant is known only while it lies ahead."""
    known = f.auto_cancel_at is not None and f.auto_cancel_at >= f.as_of
    until = f.auto_cancel_at if known else None
    return option(f, "wait", "wait", "platform", not_before=until, end=until)


def accept_unshipped(f: SimpleNamespace) -> SimpleNamespace:
    return option(f, "buyer_cancel", "accept_request", "gateway")


def shipped_request(f: SimpleNamespace) -> list[SimpleNamespace]:
    """Return what the buyer's request on goods that have left allows (role seller)."""
    if f.request.kind == "refund":
        return [plain_refund(f)]
    if f.request.kind == "return_refund":
        return [return_refund(f)] + ([] if f.platform == "alibaba_1688" else [plain_refund(f)])
    return []


def plain_refund(f: SimpleNamespace) -> SimpleNamespace:
    cost = costs.plus(costs.figure("goods", f.goods_cost), costs.figure("shipping", f.outbound_shipping_cost))
    approval = ["goods_lost"] if costs.exact(cost) > 0 else []
    return option(f, "refund", "accept_request", "gateway", cost=cost, approval=approval)


def return_refund(f: SimpleNamespace) -> SimpleNamespace:
    cost = costs.both_ways(f)
    if f.returning in ("none", "requested"):
        return option(f, "return_refund", "approve_return", "gateway", cost=cost, end=NEVER)
    if f.returning == "received":
        return option(f, "return_refund", "refund_returned", "gateway", cost=cost)
    refused = f.returning == "refused"
    return option(
        f,
        "return_refund",
        "ask_person" if refused else "wait",
        "person" if refused else "gateway",
        cost=cost,
        ready=False,
        missing=["return_received"],
        earliest=None,
        not_before=f.as_of if refused else None,
        end=NEVER,
    )


def loss(f: SimpleNamespace) -> object:
    return max(0, f.goods_cost + f.outbound_shipping_cost - f.paid)


def may_fulfil(f: SimpleNamespace, reply: str) -> bool:
    return (
        f.seller
        and f.phase in ("awaiting_shipment", "awaiting_collection")
        and f.stock
        and f.reason in ("price_error", "unwilling", "out_of_stock", "force_majeure")
        and reply != "asks_to_cancel"
        and f.request is None
    )


def fulfil_cost(f: SimpleNamespace, at: int) -> costs.Cost:
    gift = f.platform == "xiaohongshu" and f.reason == "price_error"
    one = costs.plus(costs.figure("loss", loss(f)), costs.item(f, "gift") if gift else {})
    return costs.plus(costs.times(one, f.n), costs.late(f, at))


def fulfil(f: SimpleNamespace, earliest: int) -> list[SimpleNamespace]:
    if not may_fulfil(f, f.reply) or earliest > max(f.horizon, f.as_of):
        return []
    waits = earliest > f.as_of
    return [
        option(
            f,
            "fulfil",
            "wait" if waits else "ship",
            "gateway" if waits else "person",
            ready=not waits,
            missing=["time"] if waits else [],
            earliest=earliest,
            not_before=earliest,
            cost=fulfil_cost(f, earliest),
            approval=["loss_order"] if loss(f) > 100 * costs.rate(f) else [],
            end=f.soft if f.soft is not None else NEVER,
        )
    ]

"""1688's table of READINGS.md (1688-01..27), for the seller and for the account that buys from a supplier."""

from __future__ import annotations

from types import SimpleNamespace

from tests.policy.second import costs, paths
from tests.policy.second.facts import HOUR


def native(f: SimpleNamespace) -> str:
    if f.reason in ("out_of_stock", "stock_damaged"):
        return "sellerGoodsLack"
    return "buyerCancel" if f.reason in ("buyer_asked", "changed_mind") else "other"


def options(f: SimpleNamespace) -> list[SimpleNamespace]:
    if f.phase == "unpaid":
        return close_unpaid(f)
    if not f.seller:
        return purchase(f)
    if f.request is not None:
        return [paths.accept_unshipped(f)] if f.not_shipped else paths.shipped_request(f)
    if not f.not_shipped:
        return []
    return asking(f) + close(f) + paths.fulfil(f, f.as_of)


def close_unpaid(f: SimpleNamespace) -> list[SimpleNamespace]:
    path = "seller_close" if f.seller else "buyer_cancel"
    first = f.as_of if f.placed_at is None else max(f.as_of, f.placed_at + 10)
    if first > max(f.horizon, f.as_of):
        return []
    if first > f.as_of:
        return [
            paths.option(
                f, path, "wait", "gateway", ready=False, missing=["time"], earliest=first, not_before=first, end=first
            )
        ]
    return [paths.option(f, path, "close", "gateway", native=native(f))]


def asking(f: SimpleNamespace) -> list[SimpleNamespace]:
    """Return the buyer's own cancellation: awaited after consent, else after a message that explains."""
    if f.n > 1 or f.reply == "refuses":
        return []
    if f.consent:
        until = f.as_of if f.replied_at is None else f.replied_at + 24 * HOUR
        if f.as_of > until or (f.false_reason and f.reply != "asks_to_cancel"):
            return []
        return [
            paths.option(
                f, "buyer_cancel", "wait", "buyer", ready=False, missing=["buyer_request"], earliest=None,
                not_before=until, end=until,
            )
        ]  # fmt: skip
    if f.false_reason:
        return []
    told = bool(f.messages)
    return [
        paths.option(
            f,
            "buyer_cancel",
            "wait" if told else "send_message",
            "buyer" if told else "person",
            ready=False,
            missing=["consent"],
            earliest=None,
            not_before=None if told else f.as_of,
            purpose=None if told else "explain",
            cost=costs.item(f, "person_task"),
            end=paths.NEVER,
        )
    ]


def close(f: SimpleNamespace) -> list[SimpleNamespace]:
    """Return the close through the platform's support, which needs the buyer's consent."""
    if f.phase == "awaiting_collection" or not f.consent or f.false_reason:
        return []
    cost = costs.plus(costs.item(f, "person_task"), costs.late(f, f.as_of))
    missing = [f"evidence:{kind}" for kind in ("chat", "problem") if kind not in f.evidence]
    action = "collect_evidence" if missing else "contact_support"
    return [paths.option(f, "seller_close", action, "person", ready=not missing, missing=missing, cost=cost)]


def purchase(f: SimpleNamespace) -> list[SimpleNamespace]:
    """Return what this account may do as a buyer: its own application, and the step the supplier's answer asks for."""
    if f.n > 1:
        return []
    path, cost = (
        ("refund", {}) if f.not_shipped else ("return_refund", costs.figure("shipping", f.return_shipping_cost))
    )
    by_hand = {"agreed": "ship", "refused": "open_dispute"}.get(f.returning)
    if f.shipped and by_hand is not None:
        return [paths.option(f, path, by_hand, "person", cost=cost, end=paths.NEVER)]
    if f.request is not None:
        return [awaited(f, path, cost)]
    return [paths.option(f, path, "request_refund", "gateway", cost=cost)]


def awaited(f: SimpleNamespace, path: str, cost: costs.Cost) -> SimpleNamespace:
    """Return the wait for the supplier's answer to this account's own application."""
    deadline = f.request.deadline
    until = deadline if deadline is not None and deadline >= f.as_of else None
    missing = ["return_received"] if f.shipped and f.returning == "shipped_back" else ["time"]
    end = paths.NEVER if until is None else until
    return paths.option(
        f, path, "wait", "platform", cost=cost, ready=False, missing=missing, earliest=None, not_before=until, end=end
    )

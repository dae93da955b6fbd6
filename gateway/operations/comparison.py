"""The simulator's truth against the gateway's view, field by field.

Reads the simulator's own books, not the platform's API, and uses no adapter: what an adapter misreads shows here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.money import to_major
from gateway.orders.store import StoredOrder

FIELDS = (
    "status", "phase", "region", "currency", "payment", "closure", "placed_at", "paid_at", "ship_by", "total",
    "ended_by", "ended_reason", "line.quantity", "line.cancel_requested", "line.cancelled", "line.return_requested",
    "line.returned", "line.price", "package.status", "package.tracking_number", "package.carrier",
    "cancellation.open", "return.status", "return.refund", "return.answer_by", "return.tracking_number",
)  # fmt: skip
"""What is compared of every order; a dotted field once for each line, package or return."""

_ENDED_BY = {"buyer": "buyer", "seller": "seller", "system": "platform", "ops": "platform"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field on which the two do not agree."""

    store: str
    order_id: str
    field: str
    truth: str | None
    gateway: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much was compared, and what differs."""

    orders: int
    fields: int
    differences: tuple[Difference, ...]


def compare(truth: Sequence[Mapping[str, Any]], stored: Mapping[tuple[str, str], StoredOrder]) -> Comparison:
    """Compare every order that either side knows. ``stored`` is keyed by (the shop's id on the platform, order id)."""
    told = {(str(order["store"]), str(order["id"])): order for order in truth}
    fields = 0
    differences: list[Difference] = []
    for key in sorted({*told, *stored}):
        expected = _expected(told[key]) if key in told else {"order": "absent"}
        found = _found(stored[key]) if key in stored else {"order": "absent"}
        names = sorted({*expected, *found})
        fields += len(names)
        differences += [
            Difference(*key, name, expected.get(name), found.get(name))
            for name in names
            if expected.get(name) != found.get(name)
        ]
    return Comparison(len({*told, *stored}), fields, tuple(differences))


def _expected(order: Mapping[str, Any]) -> dict[str, str | None]:
    times, ended = order["times"], order["ended"]
    seen: dict[str, str | None] = {
        "status": order["status"],
        "phase": order["phase"],
        "region": order["region"],
        "currency": order["currency"],
        "payment": "paid" if times["paid"] else "on_delivery" if order["cod"] else "unpaid",
        "closure": order["phase"] if order["phase"] in {"cancelled", "completed", "closed"} else "open",
        "placed_at": _seconds(times["created"]),
        "paid_at": _seconds(times["paid"]),
        "ship_by": _seconds(times["ship_by"]),
        "total": _told_money(order["money"]["total"]),
        "ended_by": _ENDED_BY[ended["by"].lower()] if ended else None,
        "ended_reason": ended["reason"] if ended else None,
        "cancellation.open": "yes" if order["cancellation"] else "no",
    }
    for line in order["lines"]:
        key = ":".join(line[part] for part in ("item_id", "model_id", "order_item_id", "promotion_group_id"))
        for name in ("quantity", "cancel_requested", "cancelled", "return_requested", "returned"):
            seen[f"line.{name} {key}"] = str(line[name])
        seen[f"line.price {key}"] = _told_money(line["price"])
    for package in order["packages"]:
        key = package["number"]
        for name in ("status", "tracking_number", "carrier"):
            seen[f"package.{name} {key}"] = package[name] or None
    for one in order["returns"]:
        key = one["return_sn"]
        seen[f"return.status {key}"] = one["status"]
        seen[f"return.refund {key}"] = _told_money(one["refund_amount"])
        seen[f"return.answer_by {key}"] = _seconds(one["due_date"])
        seen[f"return.tracking_number {key}"] = one["tracking_number"] or None
    return seen


def _found(stored: StoredOrder) -> dict[str, str | None]:
    order = stored.order
    asks = [request for request in order.requests if request.kind is RequestKind.cancellation]
    seen: dict[str, str | None] = {
        "status": order.raw_status,
        "phase": stored.phase.value,
        "region": order.region,
        "currency": order.currency,
        "payment": order.payment.value,
        "closure": order.closure.value,
        "placed_at": _instant(order.placed_at),
        "paid_at": _instant(order.paid_at),
        "ship_by": _instant(order.ship_by),
        "total": _money(order.total_minor, order.currency),
        "ended_by": order.ended_by.value if order.ended_by else None,
        "ended_reason": order.end_reason_raw or None,
        "cancellation.open": "yes" if any(ask.state is RequestState.open for ask in asks) else "no",
    }
    for line in order.lines:
        for name in ("quantity", "cancel_requested", "cancelled", "return_requested", "returned"):
            seen[f"line.{name} {line.line_id}"] = str(getattr(line, name))
        seen[f"line.price {line.line_id}"] = _money(line.unit_price_minor, order.currency)
    for package in order.packages:
        seen[f"package.status {package.package_id}"] = package.raw_status or None
        seen[f"package.tracking_number {package.package_id}"] = package.tracking_number or None
        seen[f"package.carrier {package.package_id}"] = package.carrier or None
    for request in order.requests:
        if request not in asks:
            seen |= _found_return(request)
    return seen


def _found_return(request: AfterSale) -> dict[str, str | None]:
    key = request.request_id
    return {
        f"return.status {key}": request.raw_status,
        f"return.refund {key}": _money(request.refund_minor, request.currency),
        f"return.answer_by {key}": _instant(request.answer_by),
        f"return.tracking_number {key}": request.tracking_number or None,
    }


def _told_money(text: str | None) -> str | None:
    return None if text is None else _amount(text)


def _seconds(value: int | None) -> str | None:
    return str(value) if value else None


def _instant(value: datetime | None) -> str | None:
    return str(int(value.timestamp())) if value is not None else None


def _money(minor: int | None, currency: str) -> str | None:
    return None if minor is None else _amount(to_major(minor, currency))


def _amount(text: str) -> str:
    return f"{Decimal(text).normalize():f}"

"""The simulator's truth against the gateway's view, field by field.

Reads the simulator's own books, not the platform's API, and uses no adapter: what an adapter misreads shows here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.money import to_major
from gateway.model.order import LineItem
from gateway.operations.demo.truth import TRUTHS, UNTOLD, amount
from gateway.orders.store import StoredOrder

FIELDS = (
    "status", "phase", "region", "currency", "payment", "closure", "placed_at", "paid_at", "ship_by", "total",
    "ended_by", "ended_reason", "line.quantity", "line.cancel_requested", "line.cancelled", "line.return_requested",
    "line.returned", "line.price", "package.status", "package.tracking_number", "package.carrier",
    "cancellation.open", "return.status", "return.refund", "return.answer_by", "return.tracking_number",
)  # fmt: skip
"""What is compared of every order; a dotted field once for each line, package or return."""

_ABSENT: Mapping[str, str | None] = {"order": "absent"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field on which the two do not agree."""

    platform: str
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


Key: TypeAlias = tuple[str, str, str]
"""Platform, the shop's id on the platform, order id."""


def compare(
    truth: Mapping[str, Sequence[Mapping[str, Any]]],
    stored: Mapping[Key, StoredOrder],
    shops: Collection[tuple[str, str]],
) -> Comparison:
    """Compare every order that either side knows of ``shops``, which are pairs of platform and shop id.

    ``truth`` holds each simulator's own books by platform.
    """
    told: dict[Key, Mapping[str, str | None]] = {
        (platform, order["store"], order["id"]): TRUTHS[platform](order)
        for platform, orders in truth.items()
        for order in orders
        if (platform, order["store"]) in shops
    }
    fields = 0
    differences: list[Difference] = []
    for key in sorted({*told, *stored}):
        expected = told.get(key, _ABSENT)
        found = view(stored[key]) if key in stored else _ABSENT
        untold = UNTOLD[key[0]]
        names = sorted(name for name in {*expected, *found} if name.partition(" ")[0] not in untold)
        fields += len(names)
        differences += [
            Difference(*key, name, expected.get(name), found.get(name))
            for name in names
            if expected.get(name) != found.get(name)
        ]
    return Comparison(len({*told, *stored}), fields, tuple(differences))


def view(stored: StoredOrder) -> dict[str, str | None]:
    """Return what the gateway has stored of an order, field by field."""
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
        seen |= _view_of_line(line, order.currency)
    for package in order.packages:
        seen[f"package.status {package.package_id}"] = package.raw_status or None
        seen[f"package.tracking_number {package.package_id}"] = package.tracking_number or None
        seen[f"package.carrier {package.package_id}"] = package.carrier or None
    for request in order.requests:
        if not request.in_order:
            seen |= _found_return(request)
    return seen


_UNITS = ("quantity", "cancel_requested", "cancelled", "return_requested", "returned")


def _view_of_line(line: LineItem, currency: str) -> dict[str, str | None]:
    """Return the fields of a line; of one that names its units, those of each unit, for they share one fate."""
    price = _money(line.unit_price_minor, currency)
    if not line.unit_ids:
        told = {f"line.{name} {line.line_id}": str(getattr(line, name)) for name in _UNITS}
        return {**told, f"line.price {line.line_id}": price}
    seen: dict[str, str | None] = {}
    for unit in line.unit_ids:
        seen |= {f"line.{name} {unit}": str(getattr(line, name) / line.quantity).removesuffix(".0") for name in _UNITS}
        seen[f"line.price {unit}"] = price
    return seen


def _found_return(request: AfterSale) -> dict[str, str | None]:
    key = request.request_id
    return {
        f"return.units {key}": str(sum(line.quantity for line in request.lines)),
        f"return.status {key}": request.raw_status,
        f"return.refund {key}": _money(request.refund_minor, request.currency),
        f"return.answer_by {key}": _instant(request.answer_by or request.inspect_by),  # the seller's turn
        f"return.tracking_number {key}": request.tracking_number or None,
    }


def _instant(value: datetime | None) -> str | None:
    return str(int(value.timestamp())) if value is not None else None


def _money(minor: int | None, currency: str) -> str | None:
    return None if minor is None else amount(to_major(minor, currency))

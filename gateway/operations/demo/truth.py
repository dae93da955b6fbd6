"""What a simulator's own books say of an order, in the words of the comparison. One function a platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, str | None]

_ENDED_BY = {"buyer": "buyer", "seller": "seller", "system": "platform", "ops": "platform"}


def shopee(order: Mapping[str, Any]) -> Fields:
    """Return what Shopee's simulator knows of an order."""
    times, ended = order["times"], order["ended"]
    seen: Fields = {
        "status": order["status"],
        "phase": order["phase"],
        "region": order["region"],
        "currency": order["currency"],
        "payment": "paid" if times["paid"] else "on_delivery" if order["cod"] else "unpaid",
        "closure": order["phase"] if order["phase"] in {"cancelled", "completed", "closed"} else "open",
        "placed_at": _seconds(times["created"]),
        "paid_at": _seconds(times["paid"]),
        "ship_by": _seconds(times["ship_by"]),
        "total": _money(order["money"]["total"]),
        "ended_by": _ENDED_BY[ended["by"].lower()] if ended else None,
        "ended_reason": ended["reason"] if ended else None,
        "cancellation.open": "yes" if order["cancellation"] else "no",
    }
    for line in order["lines"]:
        key = ":".join(line[part] for part in ("item_id", "model_id", "order_item_id", "promotion_group_id"))
        for name in ("quantity", "cancel_requested", "cancelled", "return_requested", "returned"):
            seen[f"line.{name} {key}"] = str(line[name])
        seen[f"line.price {key}"] = _money(line["price"])
    for package in order["packages"]:
        key = package["number"]
        for name in ("status", "tracking_number", "carrier"):
            seen[f"package.{name} {key}"] = package[name] or None
    for one in order["returns"]:
        key = one["return_sn"]
        seen[f"return.status {key}"] = one["status"]
        seen[f"return.refund {key}"] = _money(one["refund_amount"])
        seen[f"return.answer_by {key}"] = _seconds(one["due_date"])
        seen[f"return.tracking_number {key}"] = one["tracking_number"] or None
    return seen


def amount(text: str) -> str:
    """Return a decimal text without zeros at its end."""
    return f"{Decimal(text).normalize():f}"


def _money(text: str | None) -> str | None:
    return None if text is None else amount(text)


def _seconds(value: int | None) -> str | None:
    return str(value) if value else None


TRUTHS: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {"shopee": shopee}
"""By platform: what its books say of an order."""

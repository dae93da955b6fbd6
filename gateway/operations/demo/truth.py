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


def tiktok_shop(order: Mapping[str, Any]) -> Fields:
    """Return what TikTok Shop's simulator knows of an order, unit by unit: each has an id of its own."""
    seen = _common(order)
    for unit in order["units"]:
        told = {**unit, **{name: int(unit[name]) for name in ("cancel_requested", "cancelled")}}
        seen |= _line(unit["line_item_id"], {**told, "quantity": 1})
    for package in order["packages"]:
        seen |= _package(package["number"], package)
    for one in order["returns"]:
        seen |= _return(one["return_sn"], one)
    for one in order["cancellations"]:
        waits = one["status"] == "CANCELLATION_REQUEST_PENDING"
        told = {"tracking_number": None, "due_date": one["answer_by"] if waits else None}
        if one["refund_amount"] == "0":
            told["refund_amount"] = None  # nothing was paid yet: no refund is told
        seen |= _return(one["cancel_id"], {**one, **told})
    return seen


def xiaohongshu(order: Mapping[str, Any]) -> Fields:
    """Return what Xiaohongshu's simulator knows of an order."""
    seen = _common(order)
    seen["phase"] = order["phase_shown"]  # that a parcel has arrived is a carrier's scan, not a status
    for line in order["lines"]:
        seen |= _line(line["sku_id"], line)
    for package in order["packages"]:
        seen |= _package(str(package["index"]), package)
    for one in order["returns"]:
        seen |= _return(one["returns_id"], one)
    return seen


def alibaba_1688(order: Mapping[str, Any]) -> Fields:
    """Return what 1688's simulator knows of an order. To look at what came back is the seller's turn as well."""
    seen = _common(order)
    for line in order["lines"]:
        seen |= _line(line["id"], line)
    for package in order["packages"]:
        seen |= _package(package["number"], package)
    for one in order["returns"]:
        looks = one["status"] == "waitsellerreceive"
        seen |= _return(one["return_sn"], {**one, "due_date": one["timeout"] if looks else one["due_date"]})
    return seen


def _common(order: Mapping[str, Any]) -> Fields:
    times, ended = order["times"], order["ended"]
    return {
        "status": order["status"],
        "phase": order["phase"],
        "region": order.get("region", "CN"),
        "currency": order["currency"],
        "payment": "paid" if times["paid"] else "unpaid",
        "closure": order["phase"] if order["phase"] in {"cancelled", "completed", "closed"} else "open",
        "placed_at": _seconds(times["created"]),
        "paid_at": _seconds(times["paid"]),
        "ship_by": _seconds(times["ship_by"]),
        "total": _money(order["money"]["total"]),
        "ended_by": _ENDED_BY[ended["by"].lower()] if ended else None,
        "ended_reason": ended["reason"] if ended else None,
        "cancellation.open": "yes" if order["cancellation"] else "no",
    }


def _line(key: str, line: Mapping[str, Any]) -> Fields:
    names = ("quantity", "cancel_requested", "cancelled", "return_requested", "returned")
    return {f"line.{name} {key}": str(line[name]) for name in names} | {f"line.price {key}": _money(line["price"])}


def _package(key: str, package: Mapping[str, Any]) -> Fields:
    return {f"package.{name} {key}": package[name] or None for name in ("status", "tracking_number", "carrier")}


def _return(key: str, told: Mapping[str, Any]) -> Fields:
    units = sum(line["quantity"] for line in told["lines"]) if "lines" in told else len(told.get("line_item_ids", ()))
    return {
        f"return.units {key}": str(units),
        f"return.status {key}": told["status"],
        f"return.refund {key}": _money(told["refund_amount"]),
        f"return.answer_by {key}": _seconds(told["due_date"]),
        f"return.tracking_number {key}": told["tracking_number"] or None,
    }


def amount(text: str) -> str:
    """Return a decimal text without zeros at its end."""
    return f"{Decimal(text).normalize():f}"


def _money(text: str | None) -> str | None:
    return None if text is None else amount(text)


def _seconds(value: int | None) -> str | None:
    return str(value) if value else None


UNTOLD: Mapping[str, frozenset[str]] = {
    "shopee": frozenset({"return.units"}),
    "tiktok_shop": frozenset({"line.cancel_requested", "line.return_requested", "line.returned"}),
    "xiaohongshu": frozenset(
        {
            "line.cancel_requested",
            "line.cancelled",
            "line.return_requested",
            "line.returned",
            "package.status",
            "ended_by",
            "ended_reason",
        }
    ),
    "alibaba_1688": frozenset({"line.return_requested", "line.returned"}),
}
"""What is not compared: Shopee's books do not say it, and the others' orders do not; their requests do."""

TRUTHS: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {
    "shopee": shopee,
    "tiktok_shop": tiktok_shop,
    "xiaohongshu": xiaohongshu,
    "alibaba_1688": alibaba_1688,
}
"""By platform: what its books say of an order."""

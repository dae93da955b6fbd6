"""What things cost: the figures of VALUATION.md, exact until an item is rounded.

A cost is a dict from kind to (quantity, amount), both exact fractions, the amount in the store's currency.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from types import SimpleNamespace

Cost = dict[str, tuple[Fraction, Fraction]]

CNY_TO = {
    "CNY": "1", "JPY": "21", "MYR": "0.62", "SGD": "0.18", "USD": "0.14", "VND": "3500", "THB": "4.6",
    "IDR": "2300", "PHP": "8", "TWD": "4.5",
}  # fmt: skip
IN_CNY = {
    "quota_unit": 20, "credit_point": 100, "penalty_point": 300, "counted_cancellation": 5, "coupon": 5,
    "gift": 10, "fallback_none": 200, "person_task": 10, "late_shipment": 100,
}  # fmt: skip
BANDS = {"80": 1000, "70": 5000}
LINES = {"xiaohongshu": {"2": 100, "5": 5000}, "shopee": {"10": 3000}}
CHANCES = {"p_buyer_accepts": "0.7", "p_silent": "0.2", "p_refuses": "0.1"}
ORDER = (
    "quota_unit", "credit_point", "credit_band", "penalty_point", "counted_cancellation", "rate_threshold", "coupon",
    "gift", "fallback_none", "person_task", "late_shipment", "goods", "shipping", "loss",
)  # fmt: skip
WHOLE_UNITS = ("JPY", "VND", "IDR", "TWD")


def rate(f: SimpleNamespace) -> Fraction:
    return Fraction(f.valuation.get("rate") or CNY_TO[f.currency])


def price(f: SimpleNamespace, kind: str) -> Fraction:
    own = f.valuation.get(kind)
    return Fraction(own) if own is not None else IN_CNY[kind] * rate(f)


def chance(f: SimpleNamespace, name: str) -> Fraction:
    return Fraction(f.valuation.get(name) or CHANCES[name])


def item(f: SimpleNamespace, kind: str, quantity: int | Fraction = 1) -> Cost:
    return {kind: (Fraction(quantity), Fraction(quantity) * price(f, kind))}


def figure(kind: str, amount: Fraction) -> Cost:
    """Return an item of the order's own figures; nothing when it is zero."""
    return {kind: (Fraction(1), Fraction(amount))} if amount else {}


def both_ways(f: SimpleNamespace) -> Cost:
    """Return the parcel there and the parcel back: one item, its quantity the parcels that cost something."""
    return plus(figure("shipping", f.outbound_shipping_cost), figure("shipping", f.return_shipping_cost))


def plus(*costs: Cost) -> Cost:
    total: Cost = {}
    for cost in costs:
        for kind, (quantity, amount) in cost.items():
            before = total.get(kind, (Fraction(0), Fraction(0)))
            total[kind] = (before[0] + quantity, before[1] + amount)
    return total


def times(cost: Cost, factor: int | Fraction) -> Cost:
    return {kind: (quantity * factor, amount * factor) for kind, (quantity, amount) in cost.items()}


def without(cost: Cost, kind: str) -> Cost:
    return {k: v for k, v in cost.items() if k != kind}


def exact(cost: Cost) -> Fraction:
    return sum((amount for _, amount in cost.values()), Fraction(0))


def places(f: SimpleNamespace) -> int:
    return 0 if f.currency in WHOLE_UNITS else 2


def minor(f: SimpleNamespace, amount: Fraction) -> int:
    return round(amount * 10 ** places(f))


def total(f: SimpleNamespace, cost: Cost) -> int:
    """Return the sum of the rounded items in minor units: what two paths are compared by."""
    return sum(minor(f, amount) for _, amount in cost.values())


def rate_line(f: SimpleNamespace, counted: int) -> str | None:
    """Return the highest line that the projected rate is strictly above; None below twenty orders."""
    if f.platform not in LINES or f.orders < 20 or not counted:
        return None
    numerator = f.counted + counted
    denominator = max(f.orders, numerator)
    above = [int(line) for line in LINES[f.platform] if numerator * 100 > int(line) * denominator]
    return str(max(above)) if above else None


def rate_cost(f: SimpleNamespace, line: str | None) -> Cost:
    if line is None:
        return {}
    own = (f.valuation.get("rate_threshold") or {}).get(line)
    worth = Fraction(own) if own is not None else LINES[f.platform][line] * rate(f)
    return {"rate_threshold": (Fraction(1), worth)}


def band_cost(f: SimpleNamespace, projected: int) -> Cost:
    own = f.valuation.get("credit_band") or {}
    crossed = [band for band in BANDS if f.score >= int(band) > projected]
    worth = [Fraction(own[band]) if band in own else BANDS[band] * rate(f) for band in crossed]
    return {"credit_band": (Fraction(len(crossed)), sum(worth, Fraction(0)))} if crossed else {}


def rate_approvals(f: SimpleNamespace, counted: int) -> list[str]:
    if f.platform not in LINES or not counted:
        return []
    if f.orders < 20:
        return ["rate_unknown"]
    return ["rate_threshold"] if rate_line(f, counted) in ("5", "10") else []


def late(f: SimpleNamespace, at: int) -> Cost:
    """Return the price of acting after the soft bound; a bound that has passed bounds nothing any more."""
    return item(f, "late_shipment", f.n) if f.soft is not None and f.as_of <= f.soft < at else {}


def money_text(f: SimpleNamespace, units: int) -> dict:
    text = str(units) if places(f) == 0 else f"{units // 100}.{units % 100:02d}"
    return {"amount": text, "currency": f.currency}


def quantity_text(quantity: Fraction) -> str:
    rounded = (Decimal(quantity.numerator) / Decimal(quantity.denominator)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    return f"{rounded.normalize():f}"


def written_cost(f: SimpleNamespace, cost: Cost) -> dict:
    items = [
        {"kind": kind, "quantity": quantity_text(cost[kind][0]), "amount": money_text(f, minor(f, cost[kind][1]))}
        for kind in ORDER
        if kind in cost
    ]
    return {"total": money_text(f, total(f, cost)), "items": items}

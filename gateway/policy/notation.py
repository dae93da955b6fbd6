"""How scenarios and decisions are written: one way only, so that equal values give equal bytes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

_WITHOUT_DECIMALS = frozenset({"JPY", "VND", "IDR", "TWD"})
_QUANTITY_PLACES = 4

Exact = int | Fraction
"""A number without rounding. Nearly all are whole, and sums of whole numbers are much faster."""


def decimal_places(currency: str) -> int:
    """Return how many decimals policy amounts in ``currency`` have (JPY, VND, IDR and TWD 0, others 2)."""
    return 0 if currency in _WITHOUT_DECIMALS else 2


def exact(value: Decimal | Exact, out_of: int = 1) -> Exact:
    """Return a number divided by another, as an int when it is whole."""
    if isinstance(value, int) and not value % out_of:
        return value // out_of
    numerator, denominator = value.as_integer_ratio()
    whole = Fraction(numerator, denominator * out_of)
    return whole.numerator if whole.denominator == 1 else whole


def money_object(amount: Decimal, currency: str) -> dict[str, str]:
    """Return ``{"amount": "199.00", "currency": "CNY"}``; ``amount`` is in major units and already rounded."""
    return {"amount": f"{amount:.{decimal_places(currency)}f}", "currency": currency}


def quantity_text(quantity: Exact) -> str:
    """Return a quantity without trailing zeros, rounded half-even to 4 places: ``Fraction(7, 10) -> "0.7"``."""
    scaled = round(quantity * 10**_QUANTITY_PLACES)
    text = f"{Decimal(scaled).scaleb(-_QUANTITY_PLACES):f}"
    return text.rstrip("0").rstrip(".")


def decimal_text(value: Decimal) -> str:
    """Return a price or rate without trailing zeros and without an exponent: ``Decimal("0.620") -> "0.62"``."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def time_text(instant: datetime | None, zone: tzinfo) -> str | None:
    """Return ISO 8601 with the offset of ``zone`` at that instant, to the second."""
    return None if instant is None else instant.astimezone(zone).isoformat(timespec="seconds")


def json_bytes(value: Mapping[str, object]) -> bytes:
    """Return compact UTF-8 JSON with the keys in the order given."""
    return orjson.dumps(value)

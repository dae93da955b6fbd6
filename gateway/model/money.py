"""Money as whole minor units beside a currency. No float comes near it.

The number of decimals follows ISO 4217; a currency not listed has two.
"""

from __future__ import annotations

from decimal import Decimal

from gateway.errors import DataError
from gateway.model.base import Frozen

_DECIMALS = {"JPY": 0, "VND": 0, "KRW": 0, "CLP": 0}
_POWERS = (1, 10, 100)


def decimals(currency: str) -> int:
    """Return how many decimals an amount in ``currency`` has (JPY 0, CNY 2)."""
    return _DECIMALS.get(currency, 2)


def to_minor(amount: Decimal | int | str, currency: str) -> int:
    """Return ``amount`` (major units) in minor units, exactly: ``("12.34", "SGD") -> 1234``.

    Raises DataError when the amount has more decimals than the currency, for rounding money is never right.
    """
    digits = _DECIMALS.get(currency, 2)
    if type(amount) is str:
        whole, _, part = amount.partition(".")
        figures = whole + part
        if len(part) <= digits and figures.isdecimal():
            return int(figures) * _POWERS[digits - len(part)]
    if type(amount) is int:
        return amount * _POWERS[digits]
    exact = amount if type(amount) is Decimal else Decimal(amount)
    minor = int(exact.scaleb(digits))
    if Decimal(minor).scaleb(-digits) != exact:
        raise DataError(f"{amount} has more than the {digits} decimals that {currency} allows; keep the raw value")
    return minor


def to_major(minor: int, currency: str) -> str:
    """Return minor units as the decimal text a person reads: ``(1234, "SGD") -> "12.34"``."""
    digits = decimals(currency)
    return str(Decimal(minor).scaleb(-digits)) if digits else str(minor)


class Money(Frozen):
    """An amount where a field of its own is clearer than a ``*_minor`` number beside the order's currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{to_major(self.minor, self.currency)} {self.currency}"

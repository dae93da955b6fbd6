"""Money in a scenario and in a decision: an exact decimal in major units beside its currency.

The policy's table of decimals (VALUATION.md) differs from ISO 4217 for TWD and IDR, so no minor units cross this
border: amounts enter and leave as decimals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BeforeValidator, model_validator

from gateway.model.base import Frozen
from gateway.model.money import Money, to_major
from gateway.policy.notation import decimal_places

if TYPE_CHECKING:
    from gateway.policy.notation import Exact

_DECIMAL_TEXT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,10})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_decimal(value: object) -> Decimal:
    """Return the number a decimal text holds; a Decimal is taken as it is.

    Raises ValueError for anything else: a JSON number has lost digits on its way, and nothing here is negative.
    """
    text = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else value
    if not isinstance(text, str):
        raise ValueError('must be a decimal text in quotes, like "199.00"')  # noqa: TRY004 - pydantic wants ValueError
    if text.startswith("-"):
        raise ValueError("must not be negative: give zero or more")
    if not _DECIMAL_TEXT.fullmatch(text):
        raise ValueError('must be a decimal text like "199.00": at most 15 digits before the point and 10 after')
    return Decimal(text)


def read_currency(value: object) -> str:
    """Return an ISO 4217 code. Raises ValueError for anything that is not three capital letters."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError('must be an ISO 4217 code of three capital letters, like "MYR"')
    return str(value)


DecimalText = Annotated[Decimal, BeforeValidator(read_decimal)]
"""A number of zero or more, written as decimal text."""

CurrencyCode = Annotated[str, BeforeValidator(read_currency)]
"""An ISO 4217 code."""


class Amount(Frozen):
    """An amount of zero or more in major units of ``currency``, with no more decimals than the currency has."""

    amount: DecimalText
    currency: CurrencyCode

    @model_validator(mode="after")
    def _decimals_fit(self) -> Self:
        places = decimal_places(self.currency)
        exponent = self.amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise ValueError(f"amount has too many decimals: {self.currency} has {places}, so round it before")
        return self

    @classmethod
    def of(cls, money: Money) -> Amount:
        """Return canonical money as a policy amount. Raises ValueError when it is negative or does not fit.

        Zero decimals are dropped where the policy knows none (100.00 TWD is 100 TWD).
        """
        major = Decimal(to_major(money.minor, money.currency))
        if decimal_places(money.currency) == 0 and major == major.to_integral_value():
            major = major.to_integral_value()
        return cls(amount=major, currency=money.currency)

    @property
    def minor(self) -> int:
        """The amount in the currency's minor units."""
        return int(self.amount.scaleb(decimal_places(self.currency)))

    @classmethod
    def rounded(cls, minor: Exact, currency: str) -> Amount:
        """Return an exact figure of zero or more minor units, rounded half-even."""
        return _whole(round(minor), currency)

    @classmethod
    def zero(cls, currency: str) -> Amount:
        """Return nothing, in ``currency``."""
        return _whole(0, currency)


@lru_cache(maxsize=4096)  # few prices, so the same amounts come again and again
def _whole(minor: int, currency: str) -> Amount:
    places = decimal_places(currency)
    digits = str(minor).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return Amount.model_construct(amount=Decimal(text), currency=currency)

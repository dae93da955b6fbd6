"""What each kind of cost is worth to a seller: the defaults of VALUATION.md and a store's own figures.

Prices are a seller's judgement, not platform facts, so they are no dated rules. Defaults are in CNY and convert at
the store's rate; what a store gives itself is in the store's currency already.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from gateway.errors import NoRuleKnown
from gateway.model.base import Frozen
from gateway.policy.amount import DecimalText
from gateway.policy.terms import CostKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RATES: Mapping[str, Decimal] = {
    "CNY": Decimal(1),
    "JPY": Decimal(21),
    "MYR": Decimal("0.62"),
    "SGD": Decimal("0.18"),
    "USD": Decimal("0.14"),
    "VND": Decimal(3500),
    "THB": Decimal("4.6"),
    "IDR": Decimal(2300),
    "PHP": Decimal(8),
    "TWD": Decimal("4.5"),
}
"""How much of each currency one CNY buys, unless the store gives its own rate."""

_PRICES_IN_CNY: Mapping[CostKind, Decimal] = {
    CostKind.quota_unit: Decimal(20),
    CostKind.credit_point: Decimal(100),
    CostKind.penalty_point: Decimal(300),
    CostKind.counted_cancellation: Decimal(5),
    CostKind.coupon: Decimal(5),
    CostKind.gift: Decimal(10),
    CostKind.fallback_none: Decimal(200),
    CostKind.person_task: Decimal(10),
    CostKind.late_shipment: Decimal(100),
}
_BANDS_IN_CNY: Mapping[int, Decimal] = {80: Decimal(1000), 70: Decimal(5000)}
_LINES_IN_CNY: Mapping[int, Decimal] = {2: Decimal(100), 5: Decimal(5000), 10: Decimal(3000)}
_BUYER_ACCEPTS = Decimal("0.7")
_BUYER_SILENT = Decimal("0.2")
_BUYER_REFUSES = Decimal("0.1")


def _probability(value: Decimal) -> Decimal:
    if value > 1:
        raise ValueError('is a probability: give a number from "0" to "1"')
    return value


def _rate(value: Decimal) -> Decimal:
    if value == 0:
        raise ValueError("must be above zero: how much of the store's currency one CNY buys")
    return value


def _known_number(known: Mapping[int, Decimal], what: str) -> Callable[[str], str]:
    def check(key: str) -> str:
        if key not in {str(number) for number in known}:
            raise ValueError(f"no such {what}: known are {', '.join(str(number) for number in known)}")
        return key

    return check


Probability = Annotated[DecimalText, AfterValidator(_probability)]
"""A chance between 0 and 1, written as decimal text."""

Rate = Annotated[DecimalText, AfterValidator(_rate)]
"""Store currency for one CNY, above zero."""

_Band = Annotated[str, AfterValidator(_known_number(_BANDS_IN_CNY, "credit band"))]
_Line = Annotated[str, AfterValidator(_known_number(_LINES_IN_CNY, "rate line in percent"))]


class Valuation(Frozen):
    """A store's own figures, in its currency; what it leaves out keeps the default.

    ``credit_band`` goes by the band's lower border, ``rate_threshold`` by the line in percent. `goods`, `shipping`
    and `loss` are not here: they are the order's own figures.
    """

    quota_unit: DecimalText | None = None
    credit_point: DecimalText | None = None
    credit_band: dict[_Band, DecimalText] = {}
    penalty_point: DecimalText | None = None
    counted_cancellation: DecimalText | None = None
    rate_threshold: dict[_Line, DecimalText] = {}
    coupon: DecimalText | None = None
    gift: DecimalText | None = None
    p_buyer_accepts: Probability | None = None
    p_silent: Probability | None = None
    p_refuses: Probability | None = None
    fallback_none: DecimalText | None = None
    person_task: DecimalText | None = None
    late_shipment: DecimalText | None = None
    rate: Rate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Every price in one store's currency, exact. ``rate`` is that currency for one CNY."""

    rate: Fraction
    by_kind: Mapping[CostKind, Fraction]
    credit_bands: Mapping[int, Fraction]
    rate_lines: Mapping[int, Fraction]
    p_buyer_accepts: Fraction
    p_silent: Fraction
    p_refuses: Fraction

    def from_cny(self, amount: Decimal) -> Fraction:
        """Return an amount given in CNY at the store's rate."""
        return Fraction(amount) * self.rate

    def line(self, percent: int) -> Fraction:
        """Return the price of being above a rate line. Raises NoRuleKnown for a line nobody has priced."""
        if percent not in self.rate_lines:
            raise NoRuleKnown(f"no price is known for a rate line of {percent} %: add it to the valuation table")
        return self.rate_lines[percent]

    def band(self, border: int) -> Fraction:
        """Return the price of falling below a border of the credit score. Raises NoRuleKnown without one."""
        if border not in self.credit_bands:
            raise NoRuleKnown(f"no price is known for a credit score below {border}: add it to the valuation table")
        return self.credit_bands[border]


def is_priceable(currency: str, valuation: Valuation) -> bool:
    """Whether defaults can be converted: the currency is in the table or the store gives its rate."""
    return valuation.rate is not None or currency in RATES


def prices(currency: str, valuation: Valuation) -> Prices:
    """Return what everything costs a store with this currency and these own figures (VALUATION.md)."""
    return _prices(currency, valuation) if valuation.model_fields_set else _default_prices(currency)


@cache
def _default_prices(currency: str) -> Prices:
    return _prices(currency, Valuation())


def _prices(currency: str, valuation: Valuation) -> Prices:
    rate = Fraction(valuation.rate if valuation.rate is not None else RATES[currency])

    def own(given: Decimal | None, in_cny: Decimal) -> Fraction:
        return Fraction(given) if given is not None else Fraction(in_cny) * rate

    return Prices(
        rate=rate,
        by_kind={kind: own(getattr(valuation, kind.value), cny) for kind, cny in _PRICES_IN_CNY.items()},
        credit_bands={band: own(valuation.credit_band.get(str(band)), cny) for band, cny in _BANDS_IN_CNY.items()},
        rate_lines={line: own(valuation.rate_threshold.get(str(line)), cny) for line, cny in _LINES_IN_CNY.items()},
        p_buyer_accepts=_chance(valuation.p_buyer_accepts, _BUYER_ACCEPTS),
        p_silent=_chance(valuation.p_silent, _BUYER_SILENT),
        p_refuses=_chance(valuation.p_refuses, _BUYER_REFUSES),
    )


def _chance(given: Decimal | None, default: Decimal) -> Fraction:
    return Fraction(given if given is not None else default)

"""What each kind of cost is worth to a seller: the defaults of VALUATION.md and a store's own figures.

Prices are a seller's judgement, not platform facts, so they are no dated rules. Defaults are in CNY and convert at
the store's rate; what a store gives itself is in the store's currency already.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import AfterValidator, Field

from gateway.errors import NoRuleKnown
from gateway.model.base import Frozen
from gateway.policy.amount import DecimalText
from gateway.policy.notation import decimal_places, exact
from gateway.policy.terms import CostKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.policy.notation import Exact

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
    credit_band: dict[_Band, DecimalText] = Field(default_factory=dict)
    penalty_point: DecimalText | None = None
    counted_cancellation: DecimalText | None = None
    rate_threshold: dict[_Line, DecimalText] = Field(default_factory=dict)
    coupon: DecimalText | None = None
    gift: DecimalText | None = None
    p_buyer_accepts: Probability | None = None
    p_silent: Probability | None = None
    p_refuses: Probability | None = None
    fallback_none: DecimalText | None = None
    person_task: DecimalText | None = None
    late_shipment: DecimalText | None = None
    rate: Rate | None = None


class Chances(NamedTuple):
    """How a buyer answers: so many times in ``out_of``."""

    accepts: int
    silent: int
    refuses: int
    out_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Every price in minor units of one store's currency, exact. ``rate`` is so many of these for one CNY."""

    rate: Exact
    by_kind: Mapping[CostKind, Exact]
    credit_bands: Mapping[int, Exact]
    rate_lines: Mapping[int, Exact]
    chances: Chances

    def from_cny(self, amount: Decimal) -> Exact:
        """Return an amount given in CNY at the store's rate."""
        return exact(amount) * self.rate

    def line(self, percent: int) -> Exact:
        """Return the price of being above a rate line. Raises NoRuleKnown for a line nobody has priced."""
        if percent not in self.rate_lines:
            raise NoRuleKnown(f"no price is known for a rate line of {percent} %: add it to the valuation table")
        return self.rate_lines[percent]

    def band(self, border: int) -> Exact:
        """Return the price of falling below a border of the credit score. Raises NoRuleKnown without one."""
        if border not in self.credit_bands:
            raise NoRuleKnown(f"no price is known for a credit score below {border}: add it to the valuation table")
        return self.credit_bands[border]


def is_priceable(currency: str, valuation: Valuation) -> bool:
    """Whether defaults can be converted: the currency is in the table or the store gives its rate."""
    return valuation.rate is not None or currency in RATES


def prices(currency: str, valuation: Valuation) -> Prices:
    """Return what everything costs a store with this currency and these own figures (VALUATION.md)."""
    if not valuation.model_fields_set:
        return _usual(currency)
    places = decimal_places(currency)
    defaults = _defaults(valuation.rate if valuation.rate is not None else RATES[currency], places)

    def own(given: Decimal | None, default: Exact) -> Exact:
        return default if given is None else _minor(given, places)

    bands, lines = valuation.credit_band, valuation.rate_threshold
    return Prices(
        rate=defaults.rate,
        by_kind={kind: own(getattr(valuation, kind.value), price) for kind, price in defaults.by_kind.items()},
        credit_bands={band: own(bands.get(str(band)), price) for band, price in defaults.credit_bands.items()},
        rate_lines={line: own(lines.get(str(line)), price) for line, price in defaults.rate_lines.items()},
        chances=_chances(valuation.p_buyer_accepts, valuation.p_silent, valuation.p_refuses),
    )


@lru_cache(maxsize=256)
def _usual(currency: str) -> Prices:
    return _defaults(RATES[currency], decimal_places(currency))


@lru_cache(maxsize=256)
def _defaults(rate: Decimal, places: int) -> Prices:
    minor_for_one = _minor(rate, places)

    def converted(in_cny: Decimal) -> Exact:
        return exact(Fraction(in_cny) * minor_for_one)

    return Prices(
        rate=minor_for_one,
        by_kind={kind: converted(cny) for kind, cny in _PRICES_IN_CNY.items()},
        credit_bands={band: converted(cny) for band, cny in _BANDS_IN_CNY.items()},
        rate_lines={line: converted(cny) for line, cny in _LINES_IN_CNY.items()},
        chances=_chances(None, None, None),
    )


def _minor(major: Decimal, places: int) -> Exact:
    return exact(Fraction(major) * 10**places)


@lru_cache(maxsize=256)
def _chances(accepts: Decimal | None, silent: Decimal | None, refuses: Decimal | None) -> Chances:
    pairs = ((accepts, _BUYER_ACCEPTS), (silent, _BUYER_SILENT), (refuses, _BUYER_REFUSES))
    shares = [Fraction(default if given is None else given) for given, default in pairs]
    out_of = lcm(*(share.denominator for share in shares))
    times = [int(share * out_of) for share in shares]
    return Chances(accepts=times[0], silent=times[1], refuses=times[2], out_of=out_of)

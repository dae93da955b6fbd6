"""Reading what people vouch for: one value, or a whole CSV file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from gateway.model.attested import FactName
from gateway.orders.csv_file import Mistakes, csv_rows
from gateway.policy.amount import Amount
from gateway.policy.notation import money_object
from gateway.policy.terms import Interception, Reason, ReturnState

COLUMNS = ("name", "value", "store", "order", "sku")
_REQUIRED = ("name", "value")
_MONEY = frozenset({FactName.goods_cost, FactName.outbound_shipping_cost, FactName.return_shipping_cost})
_WORDS: Mapping[FactName, tuple[str, ...]] = {
    FactName.stock_available: ("true", "false"),
    FactName.interception: tuple(Interception),
    # `none` takes an earlier word back
    FactName.return_state: (ReturnState.received, ReturnState.refused, ReturnState.none),
    FactName.reason: tuple(Reason),
}


_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


class Mistake(ValueError):
    """A value somebody must correct; the text says how."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file, as it stands there; empty cells are None."""

    line: int
    name: str
    value: str
    store: str | None
    order: str | None
    sku: str | None


def read_name(text: str) -> FactName:
    """Return the fact called ``text``. Raises Mistake naming those there are."""
    try:
        return FactName(text.strip())
    except ValueError:
        raise Mistake(f"{text!r} is no fact; there are {', '.join(FactName)}") from None


def read_value(name: FactName, text: str, currency: str) -> str:
    """Return a value as facts keep it: amounts as ``12.34 MYR``, in the store's own ``currency``. Raises Mistake."""
    text = text.strip()
    if name in _MONEY:
        return _amount(text, currency)
    if name is FactName.score:
        if not (text.isascii() and text.replace(".", "", 1).isdigit()):
            raise Mistake(f"{text!r} is no number of zero or more; write it like 98 or 4.8")
        return text
    if name is FactName.buyer_language:
        if not _LANGUAGE.fullmatch(text):
            raise Mistake(f"{text!r} is no language tag; write it like zh-CN, ja or pt-BR")
        return text
    known = _WORDS[name]
    if text.lower() not in known:
        raise Mistake(f"{text!r} is none of {', '.join(known)}")
    return text.lower()


def read_rows(text: str, mistakes: Mistakes) -> list[Row]:
    """Return the lines of a CSV file; those that cannot be read go to ``mistakes``. Blank lines are skipped."""
    return [
        Row(
            line,
            named["name"] or "",
            named["value"] or "",
            named.get("store"),
            named.get("order"),
            named.get("sku"),
        )
        for line, named in csv_rows(text, COLUMNS, _REQUIRED, mistakes)
    ]


def _amount(text: str, currency: str) -> str:
    number, _, given = text.partition(" ")
    given = given.strip() or currency
    if given != currency:
        raise Mistake(f"{text!r} is in {given}, but the store's currency is {currency}; give it in {currency}")
    try:
        amount = Amount.model_validate({"amount": number, "currency": currency})
    except ValueError:
        example = money_object(Decimal("12.5") if _has_decimals(currency) else Decimal(12), currency)["amount"]
        raise Mistake(f"{text!r} is no amount in {currency}; write it like {example} or {example} {currency}") from None
    told = money_object(amount.amount, amount.currency)
    return f"{told['amount']} {told['currency']}"


def _has_decimals(currency: str) -> bool:
    return "." in money_object(Decimal(0), currency)["amount"]

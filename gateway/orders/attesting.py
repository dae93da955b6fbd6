"""Reading what people vouch for: one value, or a whole CSV file with every mistake named by line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from gateway.errors import DataError
from gateway.model.attested import FactName
from gateway.policy.amount import Amount
from gateway.policy.notation import money_object
from gateway.policy.terms import Interception, Reason

COLUMNS = ("name", "value", "store", "order", "sku")
_REQUIRED = ("name", "value")
_MONEY = frozenset({FactName.goods_cost, FactName.outbound_shipping_cost, FactName.return_shipping_cost})
_WORDS: Mapping[FactName, tuple[str, ...]] = {
    FactName.stock_available: ("true", "false"),
    FactName.interception: tuple(Interception),
    FactName.reason: tuple(Reason),
}
_MOST_TOLD = 20  # mistakes of a file that are listed; of the others the number is told


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


class Mistakes:
    """Collects the mistakes of a file, to tell them all at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[str] = []

    def add(self, line: int, column: str, words: str) -> None:
        """Note a mistake."""
        self._found.append(f"{self._file}, line {line}, column {column}: {words}")

    def raise_if_any(self) -> None:
        """Raise DataError with everything that was noted."""
        if not self._found:
            return
        told = self._found[:_MOST_TOLD]
        if len(self._found) > len(told):
            told.append(f"and {len(self._found) - len(told)} more")
        raise DataError("\n".join([*told, "Nothing was imported. Correct this and import the whole file again."]))


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
    known = _WORDS[name]
    if text.lower() not in known:
        raise Mistake(f"{text!r} is none of {', '.join(known)}")
    return text.lower()


def read_rows(text: str, mistakes: Mistakes) -> list[Row]:
    """Return the lines of a CSV file; those that cannot be read go to ``mistakes``. Blank lines are skipped."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[Row] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip().lower() for cell in cells]
                if not _check_header(header, reader.line_num, mistakes):
                    return []
                continue
            if len(cells) != len(header):
                mistakes.add(reader.line_num, "-", f"{len(cells)} cells, but the first line names {len(header)}")
                continue
            named = {column: cell.strip() or None for column, cell in zip(header, cells, strict=True)}
            rows.append(_row(reader.line_num, named))
    except csv.Error as error:
        mistakes.add(reader.line_num, "-", f"is no CSV ({error}); check its quotes")
    if header is None:
        mistakes.add(1, "-", f"the file is empty; its first line must name columns, such as {','.join(COLUMNS)}")
    return rows


def _check_header(header: list[str], line: int, mistakes: Mistakes) -> bool:
    fine = True
    for column in header:
        if column not in COLUMNS or header.count(column) > 1:
            mistakes.add(line, column or "-", f"is unknown or named twice; columns are {', '.join(COLUMNS)}")
            fine = False
    for column in _REQUIRED:
        if column not in header:
            mistakes.add(line, column, "is missing; name it in the first line")
            fine = False
    return fine


def _row(line: int, named: Mapping[str, str | None]) -> Row:
    return Row(
        line, named["name"] or "", named["value"] or "", named.get("store"), named.get("order"), named.get("sku")
    )


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

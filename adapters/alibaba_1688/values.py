"""Amounts, instants and ids as 1688 writes them (API.md section 1.1). Pure.

Yuan are decimal numbers, fen whole ones, and both stand in one object: each field says here which it is. Instants
carry an offset, or are China's time. Numbers of orders go beyond 2^53, and some producers round them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.errors import DataError
from gateway.model.money import to_minor

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?([+-]\d{4})")
_PLAIN = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")  # China's time, unsaid
_FEN = Decimal("0.01")


class Unmappable(DataError):
    """A field that cannot be carried over exactly. The text names the field and the rule, never the value."""


def yuan(amount: str | None, currency: str, field: str) -> int | None:
    """Return an amount in major units as minor ones, None for none. Raises Unmappable when it is not exact."""
    if not amount:
        return None
    try:
        return to_minor(Decimal(amount), currency)
    except (DataError, ArithmeticError, ValueError) as fault:
        raise Unmappable(f"{field}: not a whole number of {currency} minor units") from fault


def fen(amount: str | None, currency: str, field: str) -> int | None:
    """Return an amount in hundredths as minor units, None for none. Raises Unmappable when it is not exact."""
    if not amount:
        return None
    try:
        return yuan(str(Decimal(amount) * _FEN), currency, field)
    except InvalidOperation as fault:
        raise Unmappable(f"{field}: not a number") from fault


def exact_or_none(amount: Decimal | None, currency: str) -> int | None:
    """Return a unit price in minor units, None where it is finer than they are: it is no amount anybody pays."""
    if amount is None:
        return None
    try:
        return to_minor(amount, currency)
    except (DataError, ArithmeticError):
        return None


def instant(text: str | None, field: str) -> datetime | None:
    """Return an instant in UTC, None for an empty text. Raises Unmappable for one that is written otherwise."""
    text = (text or "").strip()
    if not text:
        return None
    found = _DATE.fullmatch(text) or _PLAIN.fullmatch(text)
    if found is not None:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        thousandths, offset = (found[7], found[8]) if found.re is _DATE else (None, "+0800")
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        try:
            local = datetime(year, month, day, hour, minute, second, int(thousandths or 0) * 1000, tzinfo=UTC)
            return local - ahead if offset[0] == "+" else local + ahead
        except (ValueError, OverflowError):
            pass
    raise Unmappable(f"{field}: not an instant")


def line_id_of(item: Mapping[str, Any]) -> str:
    """Return a sub-order's number: its text twin, else the one in its snapshot's address, else the number itself.

    The address counts only when the number is what rounding makes of it.
    """
    twin, number = item.get("subItemIDString"), item.get("subItemID")
    if twin or not number:
        return str(twin or "")
    shown = re.search(r"order_entry_id=(\d+)", str(item.get("productSnapshotUrl") or ""))
    if shown and _rounded(shown[1], str(number)):
        return shown[1]
    return str(number)


def _rounded(exact: str, told: str) -> bool:
    return told.isdigit() and abs(int(exact) - int(told)) <= int(told) >> 53


def numbers(text: str | None) -> Iterator[str]:
    """Yield the ids of a comma text."""
    return (part for part in (each.strip() for each in (text or "").split(",")) if part)


def flag(row: Mapping[str, Any], *names: str) -> bool | None:
    """Return a boolean under the first name that is there; text counts too. None when nobody told."""
    for name in names:
        value = row.get(name)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
    return None

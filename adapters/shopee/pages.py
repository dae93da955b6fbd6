"""Pages of orders, read fast where that is sure and exact, and slowly where it is not.

The fast road cuts a page into the bytes of its orders and validates each straight from them: no Python objects are
made of what nobody reads, and each order's raw words are at hand as they came. The slow road decodes the whole page
with exact numbers. It is taken whenever the fast one cannot prove itself, and when an order does not have the shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from adapters.shopee.payloads import (
    OrderRow,
    content_of,
    fields_at_fault,
    order_row,
    order_rows,
    raw_bytes,
    rows_of,
    text_of,
)
from gateway.errors import DataError
from gateway.ports import Answer, BadItem
from gateway.transport.json import exact_as_doubles

_LIST = b'"order_list":['
_CUT = b'"order_list":["cut"]'


@dataclass(frozen=True, slots=True)
class Told:
    """The orders of a page that have the platform's shape, with their raw words at the same index, and the others."""

    rows: Sequence[OrderRow] = ()
    raws: Sequence[bytes] = ()
    bad: Sequence[BadItem] = ()


def read_page(answer: Answer, call: str) -> tuple[dict[str, Any], Told]:
    """Return the ``response`` object of an answer, for what stands beside `order_list`, and the orders in it.

    Raises DataError when the answer cannot be read, or has no list: nothing is not "no orders".
    """
    fast = _read_fast(answer, call)
    if fast is not None:
        return fast
    content = content_of(answer, call)
    return content, told_by(rows_of(content, "order_list", call))


def told_by(listed: Sequence[Any]) -> Told:
    """Return what decoded orders tell. Never raises: what has not the platform's shape goes to ``bad``."""
    try:
        return Told(order_rows().validate_python(listed), [raw_bytes(row) for row in listed])
    except ValidationError:
        pass
    rows, raws, bad = [], [], []
    for row in listed:
        raw = raw_bytes(row)
        try:
            rows.append(order_row().validate_python(row))
        except ValidationError as fault:
            number = text_of(row, "order_sn") if isinstance(row, dict) else ""
            bad.append(BadItem(number, fields_at_fault(fault), raw))
        else:
            raws.append(raw)
    return Told(rows, raws, bad)


def _read_fast(answer: Answer, call: str) -> tuple[dict[str, Any], Told] | None:
    """Return what `read_page` does, or None when the slow road must be taken.

    That each piece is JSON, and the answer without them too, proves the cut: see `cut`.
    """
    parts = cut(answer.body)
    if parts is None or not exact_as_doubles(answer.body):
        return None
    rest, pieces = parts
    validate = order_row().validator.validate_json
    try:
        content = content_of(Answer(answer.status, answer.headers, rest), call)
        told = Told([validate(piece) for piece in pieces], pieces)
    except (DataError, ValidationError):
        return None
    return (content, told) if content.get("order_list") == ["cut"] else None


def cut(body: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return an answer without its orders, and the bytes of each order; None where no list of objects is found.

    Orders are told apart by the key that the first of them begins with. That is a guess which proves itself: when the
    answer with ``["cut"]`` in the place of the list is JSON with that very list in it, and each piece is JSON of its
    own, then the pieces are the elements of the list, for they and the commas between them are all of its text.
    A wrong guess (blanks, orders that begin with different keys, something nested that begins with the same one)
    leaves pieces that are no JSON. No text misleads, for within one each quotation mark stands behind a backslash.
    """
    place = _place_of_list(body)
    if place is None:
        return None
    start, end = place
    first = start + len(_LIST)
    begins = body[first : body.find(b'"', first + 2) + 1]
    pieces = body[first + len(begins) : end].split(b"}," + begins)
    return _around(body, start, end), [b"".join((begins, piece, b"}")) for piece in pieces]


def without_orders(body: bytes) -> bytes | None:
    """Return an answer with ``["cut"]`` in the place of its orders; None where no list of objects is found.

    It is for those who read what stands beside the list: most of a page is orders. Nothing is proved about the list.
    """
    place = _place_of_list(body)
    return None if place is None else _around(body, *place)


def _place_of_list(body: bytes) -> tuple[int, int] | None:
    """Return where the key of the list begins and where the last object in it ends."""
    start, end = body.find(_LIST + b'{"'), body.rfind(b"}]")
    return None if start < 0 or end < start else (start, end)


def _around(body: bytes, start: int, end: int) -> bytes:
    return b"".join((body[:start], _CUT, body[end + 2 :]))

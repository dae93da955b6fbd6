"""Pages of a list, read from the last to the first (API.md section 4.1). Pure.

Rows leave a window by update time while it is paged, and those behind them move to lower pages: read downwards, a row
may be met twice but none is skipped. The first page is asked for first, only to learn how many there are. Where rows
came in meanwhile, some may have moved up to a page that was read, and that one is read again; so up to thirty rows
between two answers push none out of sight. (The gateway's windows end in the past, where no more than a few come in.)

A token names the spans of time still to be read, ``page.rows@start-end`` joined by commas, the present one first. A
span with more pages than the platform gives is cut in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.errors import DataError

SIZE = 100
"""Rows of a page, of orders and of after-sales."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of whole units of time, both ends included. ``page`` 0: how many pages it has is not known yet.

    ``rows`` is how many it had when the page above was read; None: this page only, once more.
    """

    page: int
    start: int
    end: int
    rows: int | None = 0


def spans_of(page: str | None, start: int, end: int) -> list[Span]:
    """Return the spans to be read; without a token the whole window. Raises DataError for a foreign token."""
    if page is None:
        return [Span(0, start, max(end, start + 1))]
    try:
        spans = [_span(part) for part in page.split(",")]
    except ValueError:
        raise DataError("This is no page of a Xiaohongshu list. Start the list again.") from None
    return spans


def _span(part: str) -> Span:
    place, _, span = part.partition("@")
    number, _, rows = place.partition(".")
    first, _, last = span.partition("-")
    return Span(int(number), int(first), int(last), int(rows) if rows else None)


def token_of(spans: Sequence[Span]) -> str | None:
    """Return the token of what is left, None for nothing."""
    return ",".join(f"{span.page}.{_text(span.rows)}@{span.start}-{span.end}" for span in spans) or None


def _text(rows: int | None) -> str:
    return "" if rows is None else str(rows)


def after(spans: Sequence[Span], rows: int, most: int) -> tuple[bool, list[Span]]:
    """Return whether the rows of the page just read count, and what is left.

    ``rows`` is how many the present span has now, ``most`` how many pages the platform gives.
    """
    present, rest = spans[0], list(spans[1:])
    pages = -(-rows // SIZE)
    if present.page == 0:
        return (True, rest) if pages <= 1 else (False, [*_whole(present, rows, most), *rest])
    if present.rows is None:
        return True, rest
    moved = -(-max(rows - present.rows, 0) // SIZE)
    again = range(present.page + 1, min(present.page + moved, pages, most) + 1)
    left = [replace(present, page=page, rows=None) for page in again]
    if present.page > 1:
        left.append(replace(present, page=present.page - 1, rows=rows))
    return True, [*left, *rest]


def _whole(span: Span, rows: int, most: int) -> list[Span]:
    middle = (span.start + span.end) // 2
    if -(-rows // SIZE) > most and middle > span.start:
        return [Span(0, span.start, middle), Span(0, middle, span.end)]
    return [replace(span, page=min(-(-rows // SIZE), most), rows=rows)]

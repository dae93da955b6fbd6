"""Pages of a list, read from the last to the first (API.md section 4.1). Pure.

Rows leave a window by update time while it is paged, and those behind them move to lower pages: read downwards, a row
may be met twice but none is skipped. The first page is asked for first, only to learn how many there are.

A token names the spans of time still to be read, ``page@start-end`` joined by commas, the present one first. A span
with more pages than the platform gives is cut in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import DataError


@dataclass(frozen=True, slots=True)
class Span:
    """A span of whole units of time, both ends included. ``page`` 0: how many pages it has is not known yet."""

    page: int
    start: int
    end: int


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
    number, _, span = part.partition("@")
    first, _, last = span.partition("-")
    return Span(int(number), int(first), int(last))


def token_of(spans: Sequence[Span]) -> str | None:
    """Return the token of what is left, None for nothing."""
    return ",".join(f"{span.page}@{span.start}-{span.end}" for span in spans) or None


def after(spans: Sequence[Span], pages: int, most: int) -> tuple[bool, list[Span]]:
    """Return whether the rows of the page just read count, and what is left.

    ``pages`` is how many the present span has now, ``most`` how many the platform gives.
    """
    present, rest = spans[0], list(spans[1:])
    if present.page > 1:
        return True, [Span(present.page - 1, present.start, present.end), *rest]
    if present.page == 1 or pages <= 1:
        return True, rest
    middle = (present.start + present.end) // 2
    if pages > most and middle > present.start:
        return False, [Span(0, present.start, middle), Span(0, middle, present.end), *rest]
    return False, [Span(min(pages, most), present.start, present.end), *rest]

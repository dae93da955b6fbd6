"""Lists by page number, in which things may vanish while they are read: no row is lost by that.

A row that is updated again leaves its window, and those behind it move up. So the total is remembered from page to
page; when it has shrunk, the pages onto which rows may have moved are read again.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.alibaba_1688.manifest import PAGE
from gateway.errors import DataError


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a list: its number, the total that was told before, and whether it is of the older table."""

    page: int
    total: int | None = None
    old: bool = False

    def __str__(self) -> str:
        return f"{'old' if self.old else 'new'}:{self.page}:{'' if self.total is None else self.total}"


def place_of(token: str | None, *, first: int) -> Place:
    """Return where a list is to be read on. Raises DataError for a token that is not ours."""
    if token is None:
        return Place(first)
    table, _, rest = token.partition(":")
    page, _, total = rest.partition(":")
    if table not in {"old", "new"} or not page.isdigit() or not (total.isdigit() or not total):
        raise DataError("The page of a 1688 list is not one of ours. Start the list again.")
    return Place(int(page), int(total) if total else None, table == "old")


def next_place(place: Place, found: int, total: int | None, *, first: int) -> Place | None:
    """Return the page to read after one with ``found`` rows, None after the last.

    The last is short, whatever the total says: pages may count from 0 or from 1.
    """
    gone = max((place.total or 0) - total, 0) if total is not None else 0
    if gone and place.page > first:
        return Place(max(first, place.page - -(-gone // PAGE)), total, place.old)
    if found < PAGE:
        return None
    return Place(place.page + 1, total, place.old)

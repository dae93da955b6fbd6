"""What a platform's lists and details give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from gateway.model.after_sale import AfterSale
from gateway.model.order import Order


@dataclass(frozen=True, slots=True)
class Window:
    """A span of times, both ends included: update times, or creation times where `Limits` tells a window for them."""

    start: datetime
    end: datetime
    by: Literal["updated", "created"] = "updated"


@dataclass(frozen=True, slots=True)
class RawItem:
    """The platform's own words for one object, as JSON bytes. Holds personal data: stored encrypted only."""

    external_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadItem:
    """One object that could not be mapped. ``reason`` names fields, never values."""

    external_id: str
    reason: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A word of the platform that no table knows. The object is kept, the word is alerted."""

    external_id: str
    where: str  # field, e.g. "order_status"
    word: str


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Orders as read: mapped ones with their raw words at the same index, and those that could not be mapped."""

    orders: Sequence[Order] = ()
    raws: Sequence[RawItem] = ()
    bad: Sequence[BadItem] = ()
    missing: Sequence[str] = ()  # asked for, but the platform does not know them
    unmapped: Sequence[Unmapped] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Orders as they came, and how they are read: work that the core may have done by another process.

    ``reader`` is a pure function of a module, ``arguments`` are what pickle takes at little cost: bytes, texts, a
    store. It raises DataError when nothing can be read; one bad order goes to `OrderBatch.bad`.
    """

    reader: Callable[..., OrderBatch]
    arguments: tuple[Any, ...] = field(repr=False)

    def read(self) -> OrderBatch:
        """Return the orders."""
        return self.reader(*self.arguments)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a list: ids, or the orders themselves where the platform lists them whole.

    Whole orders may come unread; ``ids`` are then not looked at.
    """

    ids: Sequence[str]
    next_page: str | None  # opaque; None: last page
    batch: OrderBatch | Unread | None = None


@dataclass(frozen=True, slots=True)
class AfterSalePage:
    """One page of requests."""

    after_sales: Sequence[AfterSale]
    raws: Sequence[RawItem]
    next_page: str | None
    bad: Sequence[BadItem] = ()
    unmapped: Sequence[Unmapped] = ()

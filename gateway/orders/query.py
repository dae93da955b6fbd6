"""What a search for orders asks, in plain words: `gateway.orders.search` answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.order import Phase


class Sort(StrEnum):
    """The order of a list. Orders alike in it stand by store and number, so that no two change places."""

    placed = "placed"  # the latest placed first
    deadline = "deadline"  # the nearest deadline first; then those without one, the latest placed first


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. Everything that is given must hold; nothing given finds every order.

    ``number`` is how the order's number begins. ``title`` holds words that one line's title must all hold, wherever
    they stand (`gateway.storage.words`). ``receiver`` is the whole name (or the one in katakana), ``phone`` the whole
    phone, ``phone_tail`` its last four digits: those the platform hides are not found. Times are from ``since`` on and
    before ``until``. ``deadline_before`` is about the nearest deadline (`gateway.orders.deadlines`).
    """

    number: str = ""
    title: str = ""
    receiver: str = ""
    phone: str = ""
    phone_tail: str = ""
    stores: tuple[str, ...] = ()
    platform: str = ""
    phases: tuple[Phase, ...] = ()
    placed_since: datetime | None = None
    placed_until: datetime | None = None
    updated_since: datetime | None = None
    updated_until: datetime | None = None
    deadline_before: datetime | None = None
    open_request: bool | None = None
    sort: Sort = Sort.placed

    @property
    def about_person(self) -> bool:
        """Return whether something is asked that a platform may hide."""
        return bool(self.receiver or self.phone or self.phone_tail)

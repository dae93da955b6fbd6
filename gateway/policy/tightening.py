"""In which direction a store may set a rule fact for itself: so that it allows less or asks more, never otherwise."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from gateway.policy.fact import Line, Window


class Tightening(StrEnum):
    """What makes a value of a fact stricter. A fact without one cannot be set by a store."""

    at_most = "at_most"  # a smaller number, a shorter window, a line crossed sooner
    at_least = "at_least"  # a greater number
    fewer = "fewer"  # words left out of a list
    more = "more"  # words added to a list
    never = "never"  # true may become false
    always = "always"  # false may become true

    def permits(self, own: object, base: object) -> bool:
        """Tell whether ``own`` is as strict as ``base`` or stricter. Values of one fact have one shape."""
        if isinstance(own, frozenset) and isinstance(base, frozenset):
            return own <= base if self is Tightening.fewer else self is Tightening.more and own >= base
        if isinstance(own, bool) and isinstance(base, bool):
            return own == base or (own is (self is Tightening.always) and self in {self.never, self.always})
        mine, theirs = _extent(own), _extent(base)
        return mine <= theirs if self is Tightening.at_most else self is Tightening.at_least and mine >= theirs


def _extent(value: object) -> tuple[Decimal, bool]:
    """Return how far a number, a window or a line reaches; whether its border still belongs to what is allowed."""
    if isinstance(value, Window):
        return Decimal(int(value.length.total_seconds())), value.inclusive
    if isinstance(value, Line):
        return Decimal(value.percent), not value.inclusive
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value), False
    raise TypeError(f"{value!r} has no direction in which it is stricter")

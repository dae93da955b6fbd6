"""A space of scenarios: axes of facts, every combination once, each found by its index."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

Facts = dict[str, object]


@dataclass(frozen=True)
class Space:
    """The product of some axes. The last axis turns fastest; ``compose`` makes the scenario of one combination."""

    name: str
    axes: Mapping[str, Sequence[object]]
    compose: Callable[[Facts], dict]

    @property
    def size(self) -> int:
        return math.prod(len(values) for values in self.axes.values())

    def facts(self, index: int) -> Facts:
        chosen = {}
        for name in reversed(self.axes):
            index, at = divmod(index, len(self.axes[name]))
            chosen[name] = self.axes[name][at]
        return chosen

    def scenario(self, index: int) -> dict:
        return {"id": f"{self.name}/{index}", **self.compose(self.facts(index))}


def placed(spaces: Sequence[Space], index: int) -> tuple[Space, int]:
    """Return the space that holds the index counted over all of them, and the index in that space."""
    for space in spaces:
        if index < space.size:
            return space, index
        index -= space.size
    raise IndexError("beyond the last space")


def total(spaces: Sequence[Space]) -> int:
    return sum(space.size for space in spaces)


def every(spaces: Sequence[Space], shard: int, shards: int) -> Iterator[dict]:
    """Yield each shard-th scenario of all spaces: the shards together are the whole."""
    for space in spaces:
        for index in range(shard, space.size, shards):
            yield space.scenario(index)


SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ago(as_of: str, span: timedelta | None) -> str | None:
    """Return the instant that long before ``as_of`` (after it where the span is negative); None stays None."""
    return None if span is None else (datetime.fromisoformat(as_of) - span).isoformat()


def money(amount: str, currency: str) -> dict[str, str]:
    return {"amount": amount, "currency": currency}

"""What this process is calling now, and what it has called without being able to write down what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from gateway.errors import Conflict


class Hands:
    """The effects in one process's hands, by their ids."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._lost: set[str] = set()

    @contextmanager
    def hold(self, effect: str) -> Iterator[None]:
        """Hold an effect while its call and the writes around it run; an error leaves it `lost`.

        Raises Conflict when this process is calling it already.
        """
        if effect in self._held:
            raise Conflict(f"Effect {effect} is being sent just now.")
        self._held.add(effect)
        self._lost.add(effect)
        try:
            yield
            self._lost.discard(effect)
        finally:
            self._held.discard(effect)

    def holds(self, effect: str) -> bool:
        """Tell whether an effect is being called now."""
        return effect in self._held

    @property
    def lost(self) -> frozenset[str]:
        """What was called and may not have been noted."""
        return frozenset(self._lost - self._held)

    def forget(self, effects: Collection[str]) -> None:
        """Look no more for these."""
        self._lost.difference_update(effects)


HANDS = Hands()
"""Those of this process, as `gateway.work.leases.this_process` is its name."""

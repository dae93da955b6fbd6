"""What a story is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.operations.demo.stories.scene import Scene


@dataclass(frozen=True, slots=True)
class Story:
    """A story: its name, where it plays, and what happens in it. ``plot`` makes its own order."""

    name: str
    platform: str
    plot: Callable[[Scene], Awaitable[None]]
    shop: int = 0  # which of the platform's shops it plays in

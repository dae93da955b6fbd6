"""The journal of applied writes: what an exactly-once check reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that took effect, whether or not its answer reached the client."""

    seq: int
    at: int
    operation: str
    order_id: str | None
    idempotency_key: str | None
    request_id: str


class Journal:
    """Every applied write of one simulator, oldest first."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def record(
        self,
        *,
        at: int,
        operation: str,
        order_id: str | None,
        request_id: str,
        idempotency_key: str | None = None,
    ) -> None:
        """Note that a write was applied at the clock's unix second `at`."""
        effect = Effect(len(self._effects) + 1, at, operation, order_id, idempotency_key, request_id)
        self._effects.append(effect)

    def clear(self) -> None:
        """Forget everything."""
        self._effects.clear()

    def shown(self) -> list[dict[str, Any]]:
        """Render the journal for the control API."""
        return [asdict(effect) for effect in self._effects]

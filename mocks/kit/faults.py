"""Faults a test or a person switches on: which call they hit, how often, and what goes wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable


class Fault(StrEnum):
    """What can go wrong; the first group hits calls, the `push_` group hits deliveries."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    HTTP_500 = "http_500"
    HTTP_429 = "http_429"
    RATE_LIMIT_CODE = "rate_limit_code"
    PLATFORM_ERROR = "platform_error"
    HTML_BODY = "html_body"
    TRUNCATED_JSON = "truncated_json"
    SLOW = "slow"
    RESET = "reset"
    PUSH_DROP = "push_drop"
    PUSH_DUPLICATE = "push_duplicate"
    PUSH_DELAY = "push_delay"
    PUSH_REORDER = "push_reorder"

    @property
    def hits_pushes(self) -> bool:
        """Say whether the fault is about deliveries rather than calls."""
        return self.value.startswith("push_")


@dataclass(slots=True)
class FaultRule:
    """One switched-on fault.

    `times` None means until deleted. `ms` is the hold before a timeout closes the connection (default 200), the
    delay of `slow` (default 1000). `seconds` (of the shared clock) is the delay of `push_delay` and the
    Retry-After of `http_429`. `code` and `message` are for `platform_error`. `applied` says whether the act
    takes effect before the answer is spoilt.
    """

    operation: str
    fault: Fault
    times: int | None = None
    probability: float = 1.0
    ms: int | None = None
    seconds: int | None = None
    code: str | None = None
    message: str | None = None
    status: int | None = None
    applied: bool | None = None
    hits: int = 0

    def shown(self) -> dict[str, Any]:
        """Render the rule for the control API."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_TYPES: dict[str, tuple[type, ...]] = {
    "operation": (str,),
    "times": (int,),
    "probability": (int, float),
    "ms": (int,),
    "seconds": (int,),
    "code": (str,),
    "message": (str,),
    "status": (int,),
    "applied": (bool,),
}


class FaultTable:
    """The faults of one simulator, in the order they were switched on; the first that matches hits."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._rules: list[FaultRule] = []

    def add(self, wanted: object) -> None:
        """Switch on a list of faults; ValueError names the row and the field that is wrong."""
        rows = wanted if isinstance(wanted, list) else [wanted]
        self._rules.extend([_read_rule(number, row) for number, row in enumerate(rows)])

    def clear(self) -> None:
        """Switch every fault off."""
        self._rules.clear()

    def shown(self) -> list[dict[str, Any]]:
        """List what is on, with the remaining times and the hits so far."""
        return [rule.shown() for rule in self._rules]

    def take(self, names: Iterable[str], *, push: bool) -> FaultRule | None:
        """Give the fault that hits this call or delivery, counting it, or None."""
        wanted = tuple(names)
        for rule in self._rules:
            if rule.fault.hits_pushes is not push or rule.times == 0:
                continue
            if not any(fnmatchcase(name, rule.operation) for name in wanted):
                continue
            if rule.probability < 1 and self._rng.random() >= rule.probability:
                continue
            rule.hits += 1
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None


def _read_rule(number: int, row: object) -> FaultRule:
    if not isinstance(row, dict):
        msg = f"fault {number} must be an object with operation and fault"
        raise ValueError(msg)  # noqa: TRY004 - the control API answers every bad body alike
    known = {name: value for name, value in row.items() if name in _TYPES and value is not None}
    unknown = set(row) - set(_TYPES) - {"fault"}
    if unknown:
        msg = f"fault {number} has unknown fields {sorted(unknown)}"
        raise ValueError(msg)
    for name, value in known.items():
        if not isinstance(value, _TYPES[name]) or (isinstance(value, bool) and name != "applied"):
            msg = f"fault {number}: {name} has the wrong type"
            raise ValueError(msg)
    try:
        fault = Fault(str(row.get("fault")))
    except ValueError as error:
        msg = f"fault {number}: fault must be one of {', '.join(Fault)}"
        raise ValueError(msg) from error
    if fault is Fault.PLATFORM_ERROR and "code" not in known:
        msg = f"fault {number}: platform_error needs the platform's code"
        raise ValueError(msg)
    known.setdefault("operation", "*")
    return FaultRule(fault=fault, **known)

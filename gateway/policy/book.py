"""What each platform's rules offer to `decide`: its verdicts, its deadline for an answer, what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Refusal, Rejection
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Allowed, Verdict


class Book(Protocol):
    """The rules of one platform, as pure functions over a situation. None of them raises."""

    def in_force(self, situation: Situation) -> bool:
        """Tell whether any rule of the platform was in force and known for this store at the instant."""

    def verdicts(self, situation: Situation) -> Iterable[Verdict]:
        """Return the paths that can be judged on an order that has not ended; a path left out is not permitted."""

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the deadline of the open request, None without one."""

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return the tempting acts the rules forbid here, in the order of `RefusedAct`."""

    def rejection(self, situation: Situation) -> Rejection | None:
        """Return what rejecting the open request may cost, None where no rule prices it."""

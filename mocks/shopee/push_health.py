"""Whether the client's webhook does well enough to be sent to (API.md section 12)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mocks.kit.push import PushSender

WINDOW = 6 * 3600
MANY = 600
WARNED_BELOW = Fraction(70, 100)
SUSPENDED_BELOW = Fraction(30, 100)


def delivery_status(pushes: PushSender, now: int) -> str:
    """Give Normal, Warning or Suspended: judged only after more than 600 attempts within six hours."""
    if len(pushes.attempts) <= MANY:
        return "Normal"
    recent = [one for one in pushes.attempts if one.at > now - WINDOW]
    if len(recent) <= MANY:
        return "Normal"
    rate = Fraction(sum(one.ok for one in recent), len(recent))
    if rate < SUSPENDED_BELOW:
        return "Suspended"
    return "Warning" if rate < WARNED_BELOW else "Normal"

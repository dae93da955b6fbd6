"""States of the contact with a buyer: what was sent how long ago, and what came back."""

from __future__ import annotations

from datetime import timedelta

from tests.policy.sweep.space import DAY, HOUR, MINUTE, SECOND, ago

# Each message: (how long ago, purpose, how long ago the announced close is; negative when it lies ahead).
Sent = tuple[timedelta, str, timedelta | None]

_OFFERED_LATE = ((30 * HOUR, "offer_cancel", None), (24 * HOUR, "second_notice", None))
_FIRST_TWO = ((25 * HOUR, "explain", None), (19 * HOUR, "second_notice", None))

STATES: dict[str, tuple[tuple[Sent, ...], str, timedelta | None]] = {
    "nothing": ((), "none", None),
    "explained": (((HOUR, "explain", None),), "none", None),
    "offered_just_now": (((MINUTE, "offer_cancel", None),), "none", None),
    "offered_before_second": (((6 * HOUR - SECOND, "offer_cancel", None),), "none", None),
    "offered_second_due": (((6 * HOUR, "offer_cancel", None),), "none", None),
    "second_too_early": (((7 * HOUR, "offer_cancel", None), (HOUR + SECOND, "second_notice", None)), "none", None),
    "final_one_second_off": (
        ((24 * HOUR - SECOND, "explain", None), (18 * HOUR - SECOND, "second_notice", None)),
        "none",
        None,
    ),
    "final_due": (((24 * HOUR, "offer_cancel", None), (18 * HOUR, "second_notice", None)), "none", None),
    "final_overdue": (_OFFERED_LATE, "none", None),
    "final_unannounced": ((*_OFFERED_LATE, (HOUR, "final_notice", None)), "none", None),
    "announced_ahead": ((*_FIRST_TWO, (HOUR, "final_notice", -SECOND)), "none", None),
    "announced_now": ((*_FIRST_TWO, (HOUR, "final_notice", 0 * HOUR)), "none", None),
    "announced_twice": (
        (*_FIRST_TWO, (HOUR, "final_notice", MINUTE), (MINUTE, "final_notice", -2 * HOUR)),
        "none",
        None,
    ),
    "complete_after_offer": ((*_OFFERED_LATE, (2 * HOUR, "final_notice", HOUR)), "none", None),
    "consented": (((3 * HOUR, "offer_cancel", None),), "consents", HOUR),
    "consent_a_day_old": (((26 * HOUR, "offer_cancel", None),), "consents", DAY),
    "consent_too_old": (((26 * HOUR, "offer_cancel", None),), "consents", DAY + SECOND),
    "consent_undated": ((), "consents", None),
    "refused": (((3 * HOUR, "offer_cancel", None),), "refuses", HOUR),
    "asked_to_cancel": ((), "asks_to_cancel", HOUR),
    "asked_long_ago": (((3 * DAY, "explain", None),), "asks_to_cancel", 2 * DAY),
}


def contact(state: str, as_of: str, language: str = "zh") -> dict:
    """Return the scenario's ``contact`` for one of the states."""
    sent, reply, replied = STATES[state]
    messages = [
        {"at": ago(as_of, age), "language": language, "purpose": purpose, "announced_close_at": ago(as_of, announced)}
        for age, purpose, announced in sent
    ]
    return {"messages": messages, "reply": reply, "replied_at": ago(as_of, replied)}

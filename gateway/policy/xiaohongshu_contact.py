"""Xiaohongshu: the messages a buyer must have had before silence stands for consent (XHS-28 to XHS-35, C4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.facts_xiaohongshu import (
    XHS_ANNOUNCED_HOURS,
    XHS_LAST_AFTER_HOURS,
    XHS_MESSAGE_GAP_HOURS,
    XHS_MESSAGES,
)
from gateway.policy.terms import Missing, Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.scenario import Message
    from gateway.policy.situation import Situation


_HOUR = timedelta(hours=1)


class Due(NamedTuple):
    """A message still to be sent, and when it is due: never before the instant of the decision."""

    purpose: Purpose
    at: datetime


class Procedure(NamedTuple):
    """Where the contact procedure stands; ``complete_at`` is a forecast while messages are still ``pending``.

    ``missing`` names the messages, the gap that still runs, the announced time that was never told or lies ahead.
    """

    complete_at: datetime
    pending: tuple[Due, ...]
    missing: tuple[Missing, ...]

    @property
    def is_complete(self) -> bool:
        """Everything was sent and the announced hour has passed."""
        return not self.missing


def contact_procedure(situation: Situation) -> Procedure:
    """Return where the procedure stands at `as_of` (Terms; Edge rulings, "Contact forecast"). Raises NoRuleKnown."""
    rules, now = situation.rules, situation.scenario.as_of
    sent = situation.scenario.contact.messages
    gap = rules.value(XHS_MESSAGE_GAP_HOURS) * _HOUR
    notice = rules.value(XHS_ANNOUNCED_HOURS) * _HOUR
    pending: list[Due] = []
    first = previous = sent[0].at if sent else now
    if not sent:
        pending.append(Due(Purpose.explain, now))
    for _ in range(rules.value(XHS_MESSAGES) - 2):
        found = _earliest(sent, previous + gap)
        if found is None:
            pending.append(Due(Purpose.second_notice, max(now, previous + gap)))
        previous = found.at if found else pending[-1].at
    last_from = max(first + rules.value(XHS_LAST_AFTER_HOURS) * _HOUR, previous + gap)
    told = [message.announced_close_at for message in sent if message.announced_close_at is not None]
    if _earliest(sent, last_from, announced=True) is None:
        final = Due(Purpose.final_notice, max(now, last_from))
        pending.append(final)
        told.append(final.at + notice)
    return Procedure(
        complete_at=max(told),
        pending=tuple(pending),
        missing=_missing(now, pending, max(told), third_sent=_earliest(sent, last_from) is not None),
    )


def contact_rules(situation: Situation) -> tuple[str, ...]:
    """Return the rules that the procedure follows. Raises NoRuleKnown."""
    facts = (XHS_MESSAGES, XHS_MESSAGE_GAP_HOURS, XHS_LAST_AFTER_HOURS, XHS_ANNOUNCED_HOURS)
    return tuple(rule for fact in facts for rule in situation.rules.know(fact).cites)


def _earliest(sent: tuple[Message, ...], since: datetime, *, announced: bool = False) -> Message | None:
    for message in sent:
        if message.at >= since and (message.announced_close_at is not None or not announced):
            return message
    return None


def _missing(now: datetime, pending: list[Due], complete_at: datetime, *, third_sent: bool) -> tuple[Missing, ...]:
    purposes = [due.purpose for due in pending]
    final_pending = Purpose.final_notice in purposes
    found = (
        (Missing.message, Purpose.explain in purposes),
        (Missing.second_message, Purpose.second_notice in purposes),
        (Missing.third_message, final_pending and not third_sent),
        (Missing.message_gap, bool(pending) and pending[0].at > now),
        (Missing.announced_time, final_pending and third_sent),
        (Missing.time, not pending and now < complete_at),
    )
    return tuple([missing for missing, is_so in found if is_so])

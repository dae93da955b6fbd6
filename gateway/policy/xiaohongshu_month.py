"""Xiaohongshu: waiting for the free closes of the next month, when this month's are spent (READINGS.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.facts_xiaohongshu import XHS_ANSWER_HOURS, XHS_NEVER_LET_LAPSE, XHS_WAIT_FOR_THE_FIRST
from gateway.policy.terms import Interception, Path, Performer
from gateway.policy.verdict import Allowed, Forbidden, cost_of
from gateway.policy.xiaohongshu_close import Close, Ground, Outlook, close_at
from gateway.policy.xiaohongshu_plan import lacking_evidence, lacks_contact, steps_to_close, steps_to_wait
from gateway.policy.xiaohongshu_price import next_month, units_left

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict
    from gateway.policy.xiaohongshu_contact import Procedure


class Later(NamedTuple):
    """A close on the first of the next month."""

    at: datetime
    close: Close
    cites: tuple[str, ...]


def close_next_month(situation: Situation, outlook: Outlook) -> Later | None:
    """Return the close that waiting for the 1st makes possible; None where it would not be ready then.

    It rests on the evidence on file now and on the contact procedure as forecast. Raises NoRuleKnown.
    """
    allowed = situation.rules.know(XHS_WAIT_FOR_THE_FIRST)
    if not allowed.value or situation.is_batch or units_left(situation, outlook.at):
        return None
    first = next_month(situation, outlook.at)
    if first > situation.horizon(situation.deadline(XHS_ANSWER_HOURS), outlook.at) or lacking_evidence(situation):
        return None
    if not situation.not_shipped and situation.order.interception is not Interception.confirmed:
        return None
    then = Outlook(at=first, reply=outlook.reply, silent_at=outlook.silent_at, settled=outlook.settled)
    close = close_at(situation, then)
    if isinstance(close, Forbidden) or close.earliest > first:
        return None
    return Later(first, close, allowed.cites)


def wait_for_the_first(situation: Situation, procedure: Procedure) -> Verdict:
    """Wait until the 1st, 00:00 in the store's zone, and close with a fresh unit then. Raises NoRuleKnown."""
    later = close_next_month(situation, Outlook.now(situation, procedure))
    if later is None:
        lapse = situation.rules.know(XHS_NEVER_LET_LAPSE)
        return Forbidden(path=Path.wait, because=lapse.cites) if situation.not_shipped else Forbidden(path=Path.wait)
    close = steps_to_close(situation, later.close, procedure)[-1]
    needs_messages = later.close.ground is Ground.silence or lacks_contact(situation)
    pending = procedure.pending if later.close.ground is Ground.silence else procedure.pending[:1]
    waits = steps_to_wait(situation, pending if needs_messages else (), later.at, Performer.gateway, awaited=())
    steps = (*waits, close)
    first_step = steps[0]
    return Allowed(
        path=Path.wait,
        because=(*later.cites, *later.close.because),
        why="This month's free closes are spent. On the first of the next month closing is cheaper.",
        steps=steps,
        cost=cost_of(later.close.charges, situation.currency, later.close.out_of),
        earliest=situation.as_of,
        not_before=first_step.until or first_step.at,
        ends=situation.local(later.at),
        approval=later.close.approval,
    )

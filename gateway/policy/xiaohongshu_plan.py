"""Xiaohongshu: the steps that lead to a close by the seller, now, by silence or on the first of a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.decision import Step
from gateway.policy.facts_xiaohongshu import (
    XHS_BATCH_TICKET,
    XHS_CLOSE_EVIDENCE,
    XHS_CONTACT_FIRST,
)
from gateway.policy.terms import (
    EVIDENCE_KINDS,
    Action,
    Awaited,
    Condition,
    Interception,
    Missing,
    Performer,
    Purpose,
    Reply,
)
from gateway.policy.xiaohongshu_close import Ground

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.situation import Situation
    from gateway.policy.terms import EvidenceKind
    from gateway.policy.xiaohongshu_close import Close
    from gateway.policy.xiaohongshu_contact import Due, Procedure


def missing_for_close(situation: Situation, close: Close, procedure: Procedure) -> tuple[Missing, ...]:
    """Return what the close still lacks, in the order of `Missing`. Raises NoRuleKnown."""
    found = set(procedure.missing if close.ground is Ground.silence else ())
    if lacks_contact(situation):
        found.add(Missing.message)
    found |= {Missing(f"evidence:{kind}") for kind in lacking_evidence(situation)}
    if _is_on_its_way(situation) and situation.order.interception is not Interception.confirmed:
        found.add(Missing.interception)
    if _lacks_ticket(situation):
        found.add(Missing.support_ticket)
    return tuple(each for each in Missing if each in found) if found else ()


def lacking_evidence(situation: Situation) -> tuple[EvidenceKind, ...]:
    """Return the kinds of evidence every close needs and that are not on file (XHS-50). Raises NoRuleKnown."""
    needed = situation.rules.value(XHS_CLOSE_EVIDENCE)
    return tuple(kind for kind in EVIDENCE_KINDS if kind in needed and kind not in situation.scenario.evidence)


def steps_to_close(situation: Situation, close: Close, procedure: Procedure) -> tuple[Step, ...]:
    """Return the forecast in the order of steps: support, interception, messages, evidence, waits, the close."""
    now = situation.as_of
    steps: list[Step] = []
    if _lacks_ticket(situation):
        steps.append(Step(action=Action.contact_support, at=now, performed_by=Performer.person))
    if _is_on_its_way(situation):
        steps += _steps_to_intercept(situation)
    pending = procedure.pending if close.ground is Ground.silence else ()
    if not pending and lacks_contact(situation):
        pending = procedure.pending[:1]
    evidence = bool(lacking_evidence(situation))
    steps += steps_to_wait(situation, pending, close.earliest, Performer.buyer, evidence=evidence)
    condition = Condition.no_reply if close.ground is Ground.silence else None
    at = situation.local(close.earliest)
    return (*steps, Step(action=Action.close, at=at, condition=condition, performed_by=Performer.person))


def steps_to_wait(
    situation: Situation,
    pending: Iterable[Due],
    until: datetime,
    waiting: Performer,
    *,
    evidence: bool = False,
    awaited: tuple[Awaited, ...] = (Awaited.buyer_reply,),
) -> list[Step]:
    """Return the messages as they fall due, with the waits between them, up to ``until``; what is due comes first."""
    now = situation.scenario.as_of
    collect = Step(action=Action.collect_evidence, at=situation.as_of, performed_by=Performer.person)
    steps: list[Step] = []
    reached = now

    def wait(end: datetime) -> Step:
        return Step(action=Action.wait, until=situation.local(end), awaited=awaited, performed_by=waiting)

    for due in pending:
        if due.at > reached and evidence:
            steps.append(collect)
            evidence = False
        if due.at > reached:
            steps.append(wait(min(due.at, until)))
        if due.at > now and due.at >= until:
            return steps
        steps.append(message(situation, due.purpose, due.at))
        reached = max(reached, due.at)
    if evidence:
        steps.append(collect)
    if until > reached:
        steps.append(wait(until))
    return steps


def message(situation: Situation, purpose: Purpose, at: datetime) -> Step:
    """Return the step of a message; no chat is open to software, so a person sends it (item 8)."""
    return Step(action=Action.send_message, purpose=purpose, at=situation.local(at), performed_by=Performer.person)


def lacks_contact(situation: Situation) -> bool:
    """Tell whether nobody has talked to the buyer yet, which every close asks for (XHS-25). Raises NoRuleKnown."""
    contact = situation.scenario.contact
    spoken = contact.messages or contact.reply is not Reply.none
    return situation.rules.value(XHS_CONTACT_FIRST) and not spoken


def _lacks_ticket(situation: Situation) -> bool:
    needs = situation.is_batch and situation.rules.value(XHS_BATCH_TICKET)
    return needs and not situation.scenario.support_ticket


def _is_on_its_way(situation: Situation) -> bool:
    return not situation.not_shipped


def _steps_to_intercept(situation: Situation) -> list[Step]:
    state, now = situation.order.interception, situation.as_of
    wait = Step(action=Action.wait, awaited=(Awaited.interception,), performed_by=Performer.platform)
    if state is Interception.none:
        return [Step(action=Action.intercept_parcel, at=now, performed_by=Performer.person), wait]
    return [wait] if state is Interception.requested else []

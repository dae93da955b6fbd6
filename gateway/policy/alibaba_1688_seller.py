"""1688 as the seller of a paid order: consent first, support closes, goods back before money (1688-05 to 1688-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.after_sale import AfterSaleFacts, after_sale_verdicts
from gateway.policy.answering import accept_request
from gateway.policy.decision import Step
from gateway.policy.facts_1688 import (
    ALI_ACCEPT_REFUND,
    ALI_ACCEPT_REQUEST,
    ALI_ACCEPT_RETURN,
    ALI_CONSENT_FIRST,
    ALI_CONSENT_LASTS,
    ALI_FULFIL_PHASES,
    ALI_FULFIL_REASONS,
    ALI_GRANT_MORE,
    ALI_NEVER_LET_LAPSE,
    ALI_REQUEST_COMES_FIRST,
    ALI_SUPPORT_EVIDENCE,
    ALI_SUPPORT_PHASES,
    ALI_TALK_FIRST,
    ALI_TRUE_REASON_ONLY,
)
from gateway.policy.fulfil import FulfilFacts, fulfil
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import (
    Action,
    Awaited,
    CostKind,
    EvidenceKind,
    Missing,
    Path,
    Performer,
    Purpose,
    Reply,
)
from gateway.policy.verdict import Allowed, Forbidden, cost_of, judged
from gateway.policy.waiting import let_it_lapse, wait_for_consenting_buyer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict

_CONSENTS = frozenset({Reply.consents, Reply.asks_to_cancel})
_AFTER_SALE = AfterSaleFacts(
    accept_refund=ALI_ACCEPT_REFUND, accept_return=ALI_ACCEPT_RETURN, grant_more=ALI_GRANT_MORE
)
_FULFIL = FulfilFacts(phases=ALI_FULFIL_PHASES, reasons=ALI_FULFIL_REASONS)


def sale_verdicts(situation: Situation) -> Iterable[Verdict]:
    """Return the paths of a paid order that this account has sold."""
    if situation.order.phase in SHIPPED:
        return after_sale_verdicts(situation, _AFTER_SALE)
    return (
        judged(Path.buyer_cancel, buyer_cancel, situation),
        judged(Path.seller_close, close_through_support, situation),
        judged(Path.fulfil, lambda each: fulfil(each, _FULFIL), situation),
        judged(Path.wait, lambda each: let_it_lapse(each, ALI_NEVER_LET_LAPSE), situation),
    )


def buyer_cancel(situation: Situation) -> Verdict:
    """Accept the buyer's request, await that of a consenting buyer, or tell the buyer and wait. Raises NoRuleKnown."""
    if situation.open_kind is not None:
        return accept_request(situation, ALI_ACCEPT_REQUEST)
    rules, reply = situation.rules, situation.scenario.contact.reply
    if situation.is_batch:
        return Forbidden(path=Path.buyer_cancel)
    truth = rules.know(ALI_TRUE_REASON_ONLY)
    if truth.value and situation.states_false_reason and reply is not Reply.asks_to_cancel:
        return Forbidden(path=Path.buyer_cancel, because=truth.cites)
    if reply in _CONSENTS:
        return wait_for_consenting_buyer(situation, ALI_CONSENT_LASTS, rules.know(ALI_CONSENT_FIRST).cites)
    talk = rules.know(ALI_TALK_FIRST)
    if reply is Reply.refuses or not talk.value:
        return Forbidden(path=Path.buyer_cancel, because=talk.cites, why="The buyer has refused.")
    return _tell_the_buyer(situation, talk.cites)


def _tell_the_buyer(situation: Situation, cites: tuple[str, ...]) -> Allowed:
    """Tell the buyer, once, what happened, without asking for anything (X1), and wait for the answer."""
    now = situation.as_of
    tell = Step(action=Action.send_message, purpose=Purpose.explain, at=now, performed_by=Performer.person)
    wait = Step(action=Action.wait, awaited=(Awaited.buyer_reply,), performed_by=Performer.buyer)
    told = bool(situation.scenario.contact.messages)
    reason = situation.reason.value.replace("_", " ")
    return Allowed(
        path=Path.buyer_cancel,
        because=cites,
        why="The buyer was told. Wait for the answer."
        if told
        else f"Tell the buyer the true reason ({reason}) without asking for anything, and wait for the answer.",
        steps=(wait,) if told else (tell, wait),
        cost=cost_of([situation.charge(CostKind.person_task, 1)], situation.currency),
        earliest=None,
        not_before=None if told else now,
        ends=None,
        missing=(Missing.consent,),
        ready=False,
    )


def close_through_support(situation: Situation) -> Verdict:
    """Have the platform's support close the order of a consenting buyer (1688-06, 08, 09). Raises NoRuleKnown."""
    obstacle = _obstacle(situation)
    if obstacle is not None:
        return obstacle
    now, needed = situation.as_of, situation.rules.know(ALI_SUPPORT_EVIDENCE)
    on_file = situation.scenario.evidence
    missing = tuple(
        Missing(f"evidence:{kind}") for kind in EvidenceKind if kind in needed.value and kind not in on_file
    )
    support = Step(action=Action.contact_support, at=now, performed_by=Performer.person)
    collect = Step(action=Action.collect_evidence, at=now, performed_by=Performer.person)
    return Allowed(
        path=Path.seller_close,
        because=(*situation.rules.know(ALI_CONSENT_FIRST).cites, *needed.cites),
        why="The buyer agrees. "
        + ("Save the chat and the proof for the platform's support." if missing else "Ask support to close the order."),
        steps=(collect, support) if missing else (support,),
        cost=cost_of([situation.charge(CostKind.person_task, 1)], situation.currency),
        earliest=now,
        not_before=now,
        ends=now,
        missing=missing,
        ready=not missing,
    )


def _obstacle(situation: Situation) -> Forbidden | None:
    """Return why support is not asked to close, whatever it would cost; None when nothing stands against it."""
    rules = situation.rules

    def no(cites: tuple[str, ...], why: str) -> Forbidden:
        return Forbidden(path=Path.seller_close, because=cites, why=why)

    first, phases = rules.know(ALI_REQUEST_COMES_FIRST), rules.know(ALI_SUPPORT_PHASES)
    truth, consent = rules.know(ALI_TRUE_REASON_ONLY), rules.know(ALI_CONSENT_FIRST)
    if first.value and situation.open_kind is not None:
        return no(first.cites, "The buyer's open request must be answered first.")
    if situation.order.phase not in phases.value:
        return no(phases.cites, "In this phase an order cannot be closed by the seller.")
    if truth.value and situation.states_false_reason:
        return no(truth.cites, "The reason given contradicts what is known about the order, so it must not be used.")
    if consent.value and situation.scenario.contact.reply not in _CONSENTS:
        return no(consent.cites, "A paid order is closed only when the buyer agrees, and the buyer has not.")
    return None

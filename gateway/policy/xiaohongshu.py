"""Xiaohongshu: what a seller may do with an order, path by path (READINGS.md, items 1 to 11 and "Xiaohongshu")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.model.order import Phase
from gateway.policy.after_sale import AfterSaleFacts, after_sale_verdicts, parcels_both_ways
from gateway.policy.decision import Step
from gateway.policy.facts_xiaohongshu import (
    XHS_ACCEPT_REFUND,
    XHS_ACCEPT_RETURN,
    XHS_ANSWER_HOURS,
    XHS_GRANT_MORE,
    XHS_HOLD_PASSES,
    XHS_INTERCEPT_BEFORE_REFUND,
    XHS_MONEY_AFTER_GOODS,
    XHS_NEVER_LET_LAPSE,
    XHS_NEVER_REFUSE_TO_SHIP,
    XHS_TRUE_REASON_ONLY,
    XHS_UNPAID_LAPSES,
)
from gateway.policy.fulfil import fulfil
from gateway.policy.refusals import refusals
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import (
    Action,
    Awaited,
    Interception,
    Missing,
    Path,
    Performer,
    RefusedAct,
    RequestKind,
)
from gateway.policy.verdict import Allowed, Forbidden, cost_of, judged
from gateway.policy.waiting import wait_for_platform
from gateway.policy.xiaohongshu_close import Outlook, close_at
from gateway.policy.xiaohongshu_contact import contact_procedure, contact_rules
from gateway.policy.xiaohongshu_fulfil import XHS_FULFIL
from gateway.policy.xiaohongshu_invite import buyer_cancel
from gateway.policy.xiaohongshu_month import wait_for_the_first
from gateway.policy.xiaohongshu_plan import missing_for_close, steps_to_close

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Refusal, Rejection
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict
    from gateway.policy.xiaohongshu_contact import Procedure

_AFTER_SALE = AfterSaleFacts(
    accept_refund=XHS_ACCEPT_REFUND, accept_return=XHS_ACCEPT_RETURN, grant_more=XHS_GRANT_MORE
)


class XiaohongshuBook:
    """The rules of Xiaohongshu as `decide` asks for them."""

    def in_force(self, situation: Situation) -> bool:
        """Tell whether any rule of Xiaohongshu was in force and known."""
        return situation.rules.covers("xiaohongshu")

    def verdicts(self, situation: Situation) -> Iterable[Verdict]:
        """Return the paths the rules speak of: unpaid, on hold, shipped with a request, and the rest."""
        phase = situation.order.phase
        if phase is Phase.unpaid:
            return (judged(Path.wait, wait_for_payment, situation),)
        if phase is Phase.on_hold and situation.open_kind is None:
            return (judged(Path.wait, wait_for_risk_check, situation),)
        if phase in SHIPPED and situation.open_kind is not None:
            return _on_a_request(situation)
        shipping = judged(Path.fulfil, lambda each: fulfil(each, XHS_FULFIL), situation)
        try:
            procedure = contact_procedure(situation)
        except NoRuleKnown:
            return (shipping,)  # the other paths rest on it
        return (
            judged(Path.buyer_cancel, lambda each: buyer_cancel(each, procedure), situation),
            judged(Path.seller_close, lambda each: seller_close(each, procedure), situation),
            shipping,
            judged(Path.wait, lambda each: wait_for_the_first(each, procedure), situation),
        )

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the platform's own deadline, else 48 h after opening (XHS-88)."""
        return situation.deadline(XHS_ANSWER_HOURS)

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return what nobody may do by hand here (XHS-20, XHS-52, XHS-53, READING-3, READING-5)."""
        return refusals(
            situation,
            chosen,
            while_here={
                RefusedAct.refuse_to_ship: XHS_NEVER_REFUSE_TO_SHIP,
                RefusedAct.let_it_lapse: XHS_NEVER_LET_LAPSE,
            },
            true_reason_only=XHS_TRUE_REASON_ONLY,
            money_after_goods=XHS_MONEY_AFTER_GOODS,
        )

    def rejection(self, situation: Situation) -> Rejection | None:  # noqa: ARG002 - the form of every book
        """Return None: no rule of Xiaohongshu prices a rejection."""
        return None


XIAOHONGSHU = XiaohongshuBook()


def wait_for_payment(situation: Situation) -> Verdict:
    """Wait for the platform to end an unpaid order by itself, at no cost (XHS-82)."""
    why = "The buyer has not paid. Xiaohongshu closes an unpaid order by itself, at no cost to the shop."
    return wait_for_platform(situation, XHS_UNPAID_LAPSES, why)


def wait_for_risk_check(situation: Situation) -> Verdict:
    """Wait for the platform's risk check, at no cost."""
    why = "Xiaohongshu is checking this order for risks. Wait for the result before anything else is done."
    return wait_for_platform(situation, XHS_HOLD_PASSES, why)


def seller_close(situation: Situation, procedure: Procedure) -> Verdict:
    """Close in the console: in the free window, with consent, or when the contact procedure was met with silence."""
    close = close_at(situation, Outlook.now(situation, procedure))
    if isinstance(close, Forbidden):
        return close
    if close.earliest > situation.horizon(situation.deadline(XHS_ANSWER_HOURS), situation.scenario.as_of):
        why = "The buyer cannot be told often enough before the order ends by itself. A person must look at it."
        return Forbidden(path=Path.seller_close, because=contact_rules(situation), why=why)
    steps = steps_to_close(situation, close, procedure)
    missing = missing_for_close(situation, close, procedure)
    earliest = situation.local(close.earliest)
    return Allowed(
        path=Path.seller_close,
        because=close.because,
        why=_why(situation, steps[0]),
        steps=steps,
        cost=cost_of(close.charges, situation.currency, close.out_of),
        earliest=earliest,
        not_before=steps[0].until or steps[0].at,
        ends=earliest,
        missing=missing,
        ready=not missing,
        approval=close.approval,
    )


_NEXT = {
    Action.close: "A person closes the order in the console",
    Action.contact_support: "Ask the platform's support for a special treatment first",
    Action.intercept_parcel: "Ask the courier to stop the parcel first",
    Action.collect_evidence: "Save the screenshots that every close needs first",
    Action.send_message: "Tell the buyer first",
}


def _why(situation: Situation, step: Step) -> str:
    reason = situation.reason.value.replace("_", " ")
    waiting = "courier's" if Awaited.interception in step.awaited else "buyer's"
    first = _NEXT.get(step.action, f"Wait for the {waiting} answer first")
    return f"{first}. The order is closed with its true reason: {reason}."


def _on_a_request(situation: Situation) -> Iterable[Verdict]:
    order = situation.order
    stoppable = order.phase is Phase.in_transit and order.interception is not Interception.failed
    if situation.open_kind is RequestKind.refund and stoppable:
        return (judged(Path.refund, refund_of_a_stopped_parcel, situation),)
    return after_sale_verdicts(situation, _AFTER_SALE)


def refund_of_a_stopped_parcel(situation: Situation) -> Verdict:
    """Stop the parcel before its refund is granted: only the parcels are then paid for (XHS-49)."""
    stop, accept = situation.rules.know(XHS_INTERCEPT_BEFORE_REFUND), situation.rules.know(XHS_ACCEPT_REFUND)
    if not accept.value or situation.order.phase not in stop.value:
        return Forbidden(path=Path.refund, because=accept.cites)
    now, state = situation.as_of, situation.order.interception
    intercept = Step(action=Action.intercept_parcel, at=now, performed_by=Performer.person)
    wait = Step(action=Action.wait, awaited=(Awaited.interception,), performed_by=Performer.gateway)
    grant = Step(action=Action.accept_request, at=now, performed_by=Performer.gateway)
    steps, why = {
        Interception.none: (
            (intercept, wait, grant),
            "Ask the courier to stop the parcel before the refund is granted.",
        ),
        Interception.requested: ((wait, grant), "The courier was asked to stop the parcel. Wait for the answer."),
        Interception.confirmed: ((grant,), "The parcel was stopped and the goods come back. Grant the refund."),
    }[state]
    stopped = state is Interception.confirmed
    return Allowed(
        path=Path.refund,
        because=(*accept.cites, *stop.cites),
        why=why,
        steps=steps,
        cost=cost_of(parcels_both_ways(situation.order), situation.currency),
        earliest=now,
        not_before=steps[0].at,
        ends=now,
        missing=() if stopped else (Missing.interception,),
        ready=stopped,
    )

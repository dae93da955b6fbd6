"""Xiaohongshu: the buyer's own cancellation, accepted, awaited from a consenting buyer, or invited (XHS-59 to 62)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.answering import accept_request
from gateway.policy.decision import Step
from gateway.policy.facts_xiaohongshu import (
    XHS_ACCEPT_REQUEST,
    XHS_ANSWER_HOURS,
    XHS_CLOSE_PHASES,
    XHS_CONSENT_LASTS,
    XHS_COUPON,
    XHS_INVITE,
    XHS_INVITE_LEAST_MINUTES,
    XHS_INVITE_STOPS_MINUTES,
    XHS_NEVER_AWAITED,
    XHS_NOT_INVITED,
    XHS_TRUE_REASON_ONLY,
)
from gateway.policy.fulfil import fulfil_charges, may_fulfil
from gateway.policy.terms import Action, Condition, CostKind, Path, Performer, Purpose, Reply
from gateway.policy.verdict import Allowed, Charge, Forbidden, cost_of
from gateway.policy.waiting import wait_for_consenting_buyer
from gateway.policy.xiaohongshu_close import CONSENTS, Outlook, close_at, free_window_end
from gateway.policy.xiaohongshu_fulfil import XHS_FULFIL
from gateway.policy.xiaohongshu_month import close_next_month
from gateway.policy.xiaohongshu_plan import message, steps_to_wait
from gateway.policy.xiaohongshu_price import exact_total, scaled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict
    from gateway.policy.xiaohongshu_contact import Procedure


def buyer_cancel(situation: Situation, procedure: Procedure) -> Verdict:
    """Judge the buyer's own cancellation in its cheapest lawful form. Raises NoRuleKnown."""
    if situation.open_kind is not None:
        return accept_request(situation, XHS_ACCEPT_REQUEST)
    if situation.is_batch or situation.order.phase not in situation.rules.value(XHS_CLOSE_PHASES):
        return Forbidden(path=Path.buyer_cancel)
    awaited = await_application(situation)
    return awaited if isinstance(awaited, Allowed) else invite(situation, procedure)


def await_application(situation: Situation) -> Verdict:
    """Wait for the application of a buyer who has consented. Raises NoRuleKnown."""
    rules, reply = situation.rules, situation.scenario.contact.reply
    never, truth = rules.know(XHS_NEVER_AWAITED), rules.know(XHS_TRUE_REASON_ONLY)
    if reply not in CONSENTS or situation.reason in never.value:
        return Forbidden(path=Path.buyer_cancel, because=never.cites)
    if situation.states_false_reason and reply is not Reply.asks_to_cancel:
        return Forbidden(path=Path.buyer_cancel, because=truth.cites)
    return wait_for_consenting_buyer(situation, XHS_CONSENT_LASTS, rules.know(XHS_ACCEPT_REQUEST).cites)


def invite(situation: Situation, procedure: Procedure) -> Verdict:
    """Offer the buyer to cancel himself, once, and wait for it as the contact procedure goes on. Raises NoRuleKnown."""
    invitation = situation.rules.know(XHS_INVITE)
    obstacle = _obstacle(situation)
    if obstacle is not None or not invitation.value:
        return obstacle or Forbidden(path=Path.buyer_cancel, because=invitation.cites)
    now = situation.scenario.as_of
    offered_at = _offered_at(situation)
    ends = _wait_ends(situation, procedure, offered_at or now)
    if not now < ends <= situation.horizon(situation.deadline(XHS_ANSWER_HOURS), now):
        why = "The time in which an invitation to cancel may be waited for is over."
        return Forbidden(path=Path.buyer_cancel, because=invitation.cites, why=why)
    offer = [] if offered_at else [message(situation, Purpose.offer_cancel, now)]
    pending = procedure.pending[1:] if offer and not situation.scenario.contact.messages else procedure.pending
    silent, refused = (branch_after(situation, ends, reply) for reply in (Reply.none, Reply.refuses))
    waits = steps_to_wait(situation, pending, ends, Performer.buyer)
    steps = (*offer, *waits, _if_unanswered(situation, silent))
    return Allowed(
        path=Path.buyer_cancel,
        because=(*invitation.cites, *situation.rules.know(XHS_ACCEPT_REQUEST).cites),
        why=_why(situation, steps[0]),
        steps=steps,
        cost=cost_of(_charges(situation, silent, refused), situation.currency, situation.prices.chances.out_of),
        earliest=situation.as_of,
        not_before=steps[0].until or steps[0].at,
        ends=situation.local(ends),
    )


def _obstacle(situation: Situation) -> Forbidden | None:
    rules = situation.rules
    excluded, truth = rules.know(XHS_NOT_INVITED), rules.know(XHS_TRUE_REASON_ONLY)
    if situation.reason in excluded.value:
        return Forbidden(path=Path.buyer_cancel, because=excluded.cites)
    if truth.value and situation.states_false_reason:
        return Forbidden(path=Path.buyer_cancel, because=truth.cites)
    if situation.scenario.contact.reply is Reply.refuses:
        return Forbidden(path=Path.buyer_cancel, because=rules.know(XHS_INVITE).cites, why="The buyer has refused.")
    return None


def _offered_at(situation: Situation) -> datetime | None:
    messages = situation.scenario.contact.messages
    return next((each.at for each in messages if each.purpose is Purpose.offer_cancel), None)


def _wait_ends(situation: Situation, procedure: Procedure, offered_at: datetime) -> datetime:
    """Return E: a little before the free window ends if enough of it was left, else the procedure's completion."""
    rules, window_end = situation.rules, free_window_end(situation)
    least = timedelta(minutes=rules.value(XHS_INVITE_LEAST_MINUTES))
    if window_end is not None and window_end - offered_at >= least:
        return window_end - timedelta(minutes=rules.value(XHS_INVITE_STOPS_MINUTES))
    return procedure.complete_at


class Branch(NamedTuple):
    """What is done when the wait for an invited buyer ends in one way, and its exact charges."""

    charges: tuple[Charge, ...]
    action: Action
    at: datetime


def branch_after(situation: Situation, ends: datetime, reply: Reply) -> Branch:
    """Return the cheapest other path at E, without a person's work, had the buyer been silent or refused.

    Where none is allowed a person is asked, at the price of having no path, which is also the most a branch can cost
    (VALUATION.md, S and F). Raises NoRuleKnown.
    """
    outlook = Outlook(at=ends, reply=reply, silent_at=ends, settled=True)
    found: list[Branch] = []
    close = close_at(situation, outlook)
    if not isinstance(close, Forbidden):
        found.append(Branch(_without_work(close.charges), Action.close, ends))
    if may_fulfil(situation, XHS_FULFIL, reply):
        found.append(Branch(_without_work(fulfil_charges(situation, XHS_FULFIL, ends)), Action.ship, ends))
    later = close_next_month(situation, outlook)
    if later is not None:
        found.append(Branch(_without_work(later.close.charges), Action.close, later.at))
    no_path = (situation.charge(CostKind.fallback_none, 1),)
    best = min(found, key=lambda each: exact_total(each.charges), default=Branch(no_path, Action.ask_person, ends))
    return Branch(min(best.charges, no_path, key=exact_total), best.action, best.at)


def _without_work(charges: Iterable[Charge]) -> tuple[Charge, ...]:
    return tuple(each for each in charges if each.kind is not CostKind.person_task)


def _charges(situation: Situation, silent: Branch, refused: Branch) -> list[Charge]:
    """Return what an invitation costs, in quantities that count so many out of `Chances.out_of`. Raises NoRuleKnown."""
    chances = situation.prices.chances
    coupon = situation.rules.know(XHS_COUPON)
    coupons = chances.accepts if coupon.value else 0
    return [
        situation.charge(CostKind.person_task, chances.out_of),
        situation.charge(CostKind.coupon, coupons, coupon.cites[0]),
        *scaled(silent.charges, chances.silent),
        *scaled(refused.charges, chances.refuses),
    ]


def _if_unanswered(situation: Situation, branch: Branch) -> Step:
    at = situation.local(branch.at)
    return Step(action=branch.action, at=at, condition=Condition.no_reply, performed_by=Performer.person)


def _why(situation: Situation, step: Step) -> str:
    reason = situation.reason.value.replace("_", " ")
    if step.action is Action.wait:
        return f"The buyer was told the true reason ({reason}) and invited to cancel. Wait for the answer."
    if step.purpose is Purpose.offer_cancel:
        return (
            f"Tell the buyer the true reason ({reason}) and offer a coupon for cancelling the order. "
            "The buyer's own cancellation spends no free close and does not count."
        )
    if step.purpose is Purpose.final_notice:
        return (
            f"The buyer has not answered. Tell the buyer the true reason ({reason}) once more, "
            "and when the order will be closed."
        )
    return f"The buyer has not answered. Remind the buyer of the true reason ({reason}) and of the way to cancel."

"""TikTok Shop Japan: what a seller may do with an order, path by path (READINGS.md, "TikTok Shop Japan")."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.model.order import Phase
from gateway.policy.after_sale import AfterSaleFacts, after_sale_verdicts
from gateway.policy.facts_tiktok import (
    TIKTOK_ACCEPT_REFUND,
    TIKTOK_ACCEPT_RETURN,
    TIKTOK_ANSWER_HOURS,
    TIKTOK_FREE_HOUR,
    TIKTOK_FULFIL_PHASES,
    TIKTOK_FULFIL_REASONS,
    TIKTOK_GRANT_MORE,
    TIKTOK_MONEY_AFTER_GOODS,
    TIKTOK_NEVER_ASK_TO_CANCEL,
    TIKTOK_NEVER_LET_LAPSE,
    TIKTOK_NEVER_REFUSE_TO_SHIP,
    TIKTOK_REGIONS,
    TIKTOK_TRUE_REASON_ONLY,
    TIKTOK_UNPAID_LAPSES,
)
from gateway.policy.fulfil import FulfilFacts, fulfil
from gateway.policy.refusals import refusals
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import Path, RefusedAct
from gateway.policy.tiktok_close import seller_close
from gateway.policy.tiktok_request import accept_overdue, buyer_cancel, is_overdue, wait_for_approval
from gateway.policy.verdict import judged
from gateway.policy.waiting import wait_for_platform

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Refusal, Rejection
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Allowed, Verdict

_AFTER_SALE = AfterSaleFacts(
    accept_refund=TIKTOK_ACCEPT_REFUND, accept_return=TIKTOK_ACCEPT_RETURN, grant_more=TIKTOK_GRANT_MORE
)
_FULFIL = FulfilFacts(phases=TIKTOK_FULFIL_PHASES, reasons=TIKTOK_FULFIL_REASONS)


class TikTokBook:
    """The rules of TikTok Shop Japan as `decide` asks for them."""

    def in_force(self, situation: Situation) -> bool:
        """Tell whether any rule was in force and known, and whether the rules speak of the store's region."""
        try:
            regions = situation.rules.value(TIKTOK_REGIONS)
        except NoRuleKnown:
            return False
        return situation.scenario.store.region in regions

    def verdicts(self, situation: Situation) -> Iterable[Verdict]:
        """Return the paths the rules speak of: unpaid, shipped, overdue, and the rest."""
        phase = situation.order.phase
        if phase is Phase.unpaid:
            return (judged(Path.wait, wait_for_payment, situation),)
        if phase in SHIPPED:
            overdue = judged(Path.buyer_cancel, accept_overdue, situation)
            return (overdue,) if is_overdue(situation) else after_sale_verdicts(situation, _AFTER_SALE)
        return (
            judged(Path.buyer_cancel, buyer_cancel, situation),
            judged(Path.seller_close, seller_close, situation),
            judged(Path.fulfil, ship_after_the_free_hour, situation),
            judged(Path.wait, wait_for_approval, situation),
        )

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the platform's own deadline, else 48 h after opening (TTJ-16)."""
        return situation.deadline(TIKTOK_ANSWER_HOURS)

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return what nobody may do by hand here (TTJ-06, 07, 09, 22, READING-3)."""
        return refusals(
            situation,
            chosen,
            while_here={
                RefusedAct.ask_buyer_to_cancel: TIKTOK_NEVER_ASK_TO_CANCEL,
                RefusedAct.refuse_to_ship: TIKTOK_NEVER_REFUSE_TO_SHIP,
                RefusedAct.let_it_lapse: TIKTOK_NEVER_LET_LAPSE,
            },
            true_reason_only=TIKTOK_TRUE_REASON_ONLY,
            money_after_goods=TIKTOK_MONEY_AFTER_GOODS,
        )

    def rejection(self, situation: Situation) -> Rejection | None:  # noqa: ARG002 - the form of every book
        """Return None: no rule of TikTok Shop prices a rejection."""
        return None


TIKTOK = TikTokBook()


def wait_for_payment(situation: Situation) -> Verdict:
    """Wait for the platform to end an unpaid order by itself, at no cost (T1)."""
    why = "The buyer has not paid. TikTok Shop cancels an unpaid order by itself, at no cost to the shop."
    return wait_for_platform(situation, TIKTOK_UNPAID_LAPSES, why)


def ship_after_the_free_hour(situation: Situation) -> Verdict:
    """Ship once the hour in which the buyer may cancel freely is over (TTJ-10). Raises NoRuleKnown."""
    paid_at, free = situation.order.paid_at, situation.rules.value(TIKTOK_FREE_HOUR)
    if paid_at is None or not free.covers(paid_at, situation.scenario.as_of):
        return fulfil(situation, _FULFIL)
    over = paid_at + free.length + timedelta(seconds=1 if free.inclusive else 0)
    return fulfil(situation, _FULFIL, earliest=situation.local(over), answer_by=situation.deadline(TIKTOK_ANSWER_HOURS))

"""Shopee: what a seller may do with an order, path by path (READINGS.md, items 1 to 11 and "Shopee")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.model.order import Phase
from gateway.policy.after_sale import AfterSaleFacts, after_sale_verdicts
from gateway.policy.answering import accept_request
from gateway.policy.chat_proof import missing_proof_of_asking
from gateway.policy.decision import Step
from gateway.policy.facts import (
    SHOPEE_ACCEPT_REFUND,
    SHOPEE_ACCEPT_REQUEST,
    SHOPEE_ACCEPT_RETURN,
    SHOPEE_ANSWER_HOURS,
    SHOPEE_CLOSE_PHASES,
    SHOPEE_FULFIL_PHASES,
    SHOPEE_FULFIL_REASONS,
    SHOPEE_GRANT_MORE,
    SHOPEE_MONEY_AFTER_GOODS,
    SHOPEE_NATIVE_REASONS,
    SHOPEE_NEVER_ASK_TO_CANCEL,
    SHOPEE_NEVER_LET_LAPSE,
    SHOPEE_NEVER_REFUSE_TO_SHIP,
    SHOPEE_NO_HONEST_REASON,
    SHOPEE_REQUEST_COMES_FIRST,
    SHOPEE_TRUE_REASON_ONLY,
    SHOPEE_UNCOUNTED_REASONS,
    SHOPEE_UNDELIVERABLE_REGIONS,
    SHOPEE_UNPAID_LAPSES,
)
from gateway.policy.fulfil import FulfilFacts, fulfil
from gateway.policy.rate import RateEffect, shopee_rate_effect
from gateway.policy.refusals import refusals
from gateway.policy.shopee_rejection import rejection_before_shipment
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import (
    Action,
    CostKind,
    Missing,
    Path,
    Performer,
    Reason,
    RefusedAct,
)
from gateway.policy.verdict import Allowed, Charge, Forbidden, cost_of, judged
from gateway.policy.waiting import let_it_lapse, wait_for_platform

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Refusal, Rejection
    from gateway.policy.rule_set import Known
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


_AFTER_SALE = AfterSaleFacts(
    accept_refund=SHOPEE_ACCEPT_REFUND, accept_return=SHOPEE_ACCEPT_RETURN, grant_more=SHOPEE_GRANT_MORE
)
_FULFIL = FulfilFacts(phases=SHOPEE_FULFIL_PHASES, reasons=SHOPEE_FULFIL_REASONS)


class ShopeeBook:
    """The rules of Shopee as `decide` asks for them."""

    def in_force(self, situation: Situation) -> bool:
        """Tell whether any Shopee rule was in force and known."""
        return situation.rules.covers("shopee")

    def verdicts(self, situation: Situation) -> Iterable[Verdict]:
        """Return the paths Shopee's rules speak of in the order's phase."""
        if situation.order.phase is Phase.unpaid:
            return (judged(Path.wait, wait_for_payment, situation),)
        if situation.order.phase in SHIPPED:
            return after_sale_verdicts(situation, _AFTER_SALE)
        return (
            judged(Path.buyer_cancel, buyer_cancel, situation),
            judged(Path.seller_close, seller_close, situation),
            judged(Path.fulfil, lambda each: fulfil(each, _FULFIL), situation),
            judged(Path.wait, lambda each: let_it_lapse(each, SHOPEE_NEVER_LET_LAPSE), situation),
        )

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the platform's own deadline, else 24 h after opening while the goods are here (SHP-27)."""
        request = situation.order.request
        if situation.not_shipped or request is None:
            return situation.deadline(SHOPEE_ANSWER_HOURS)
        return None if situation.open_kind is None else request.answer_by

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return what nobody may do by hand here (S7, SHP-02, SHP-19, SHP-23, READING-3)."""
        return refusals(
            situation,
            chosen,
            while_here={
                RefusedAct.ask_buyer_to_cancel: SHOPEE_NEVER_ASK_TO_CANCEL,
                RefusedAct.refuse_to_ship: SHOPEE_NEVER_REFUSE_TO_SHIP,
                RefusedAct.let_it_lapse: SHOPEE_NEVER_LET_LAPSE,
            },
            true_reason_only=SHOPEE_TRUE_REASON_ONLY,
            money_after_goods=SHOPEE_MONEY_AFTER_GOODS,
        )

    def rejection(self, situation: Situation) -> Rejection | None:
        """Return what rejecting a request on goods still here may cost (SHP-18, SHP-29)."""
        return rejection_before_shipment(situation)


SHOPEE = ShopeeBook()


def wait_for_payment(situation: Situation) -> Verdict:
    """Wait for the platform to end an unpaid order by itself, at no cost (SHP-31)."""
    why = "The buyer has not paid. Shopee cancels an unpaid order by itself, at no cost to the shop."
    return wait_for_platform(situation, SHOPEE_UNPAID_LAPSES, why)


def buyer_cancel(situation: Situation) -> Verdict:
    """Accept the buyer's open request on goods still here; nobody may ask for one (SHP-23, SHP-28, S7)."""
    if situation.open_kind is not None:
        return accept_request(situation, SHOPEE_ACCEPT_REQUEST)
    return Forbidden(
        path=Path.buyer_cancel,
        because=situation.rules.know(SHOPEE_NEVER_ASK_TO_CANCEL).cites,
        why="The buyer has not asked to cancel, and on Shopee nobody may ask the buyer to.",
    )


def seller_close(situation: Situation) -> Verdict:
    """Let the seller close before shipment, for a true reason that Shopee knows (SHP-16, SHP-17, SHP-23)."""
    obstacle = _obstacle_to_close(situation)
    if obstacle is not None:
        return obstacle
    native = situation.rules.know(SHOPEE_NATIVE_REASONS)
    orders = situation.orders_asked
    uncounted = situation.rules.know(SHOPEE_UNCOUNTED_REASONS)
    counted = situation.reason not in uncounted.value
    effect = shopee_rate_effect(situation, orders) if counted else RateEffect()
    if effect.stopped_by:
        return Forbidden(
            path=Path.seller_close,
            because=effect.stopped_by,
            why="Closing would bring the shop to a number of penalty points at which Shopee restricts it. "
            "A person must look at the order.",
        )
    charges = [*effect.charges]
    if counted:
        price = situation.prices.by_kind[CostKind.counted_cancellation]
        charges.append(Charge(CostKind.counted_cancellation, orders, price, uncounted.cites[0]))
    missing, steps, why = _close_plan(situation, counted=counted)
    return Allowed(
        path=Path.seller_close,
        because=(*native.cites, *effect.because),
        why=why,
        steps=steps,
        cost=cost_of(charges, situation.currency),
        earliest=situation.as_of,
        not_before=situation.as_of,
        ends=situation.as_of,
        missing=missing,
        ready=not missing,
        approval=effect.approval,
        native_reason=native.value[situation.reason],
    )


def _obstacle_to_close(situation: Situation) -> Forbidden | None:
    """Return why the seller may not close, whatever it would cost; None when nothing stands against it."""
    rules, reason = situation.rules, situation.reason

    def no(known: Known[object], why: str) -> Forbidden:
        return Forbidden(path=Path.seller_close, because=known.cites, why=why)

    first = rules.know(SHOPEE_REQUEST_COMES_FIRST)
    if first.value and situation.open_kind is not None:
        return no(first, "The buyer's open request must be answered first.")
    phases = rules.know(SHOPEE_CLOSE_PHASES)
    if situation.order.phase not in phases.value:
        return no(phases, "Shopee lets a seller close an order only until its shipment is arranged.")
    unhonest = rules.know(SHOPEE_NO_HONEST_REASON)
    if reason in unhonest.value:
        return no(unhonest, "Shopee has no honest reason under which a seller could close this order.")
    truth = rules.know(SHOPEE_TRUE_REASON_ONLY)
    if truth.value and situation.states_false_reason:
        return no(truth, "The reason given contradicts what is known about the order, so it must not be used.")
    regions = rules.know(SHOPEE_UNDELIVERABLE_REGIONS)
    if reason is Reason.undeliverable_area and situation.scenario.store.region not in regions.value:
        return no(regions, "Shopee does not accept an undeliverable address as a reason in this region.")
    is_known = reason in rules.value(SHOPEE_NATIVE_REASONS)
    return None if is_known else Forbidden(path=Path.seller_close)


def _close_plan(situation: Situation, *, counted: bool) -> tuple[tuple[Missing, ...], tuple[Step, ...], str]:
    now = situation.as_of
    close = Step(action=Action.close, at=now, performed_by=Performer.gateway)
    missing = missing_proof_of_asking(situation)
    if missing:
        collect = Step(action=Action.collect_evidence, at=now, performed_by=Performer.person)
        return missing, (collect, close), "The buyer asked to cancel in chat. Save the chat first, then close."
    why = "Close the order with its true reason. " + (
        "It counts in the shop's cancellation rate."
        if counted
        else "It does not count in the shop's cancellation rate."
    )
    return (), (close,), why

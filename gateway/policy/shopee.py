"""Shopee: what a seller may do with an order, path by path (READINGS.md, items 1 to 11 and "Shopee")."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from gateway.errors import NoRuleKnown
from gateway.model.order import Phase
from gateway.policy.decision import Refusal, Step
from gateway.policy.facts import (
    EVIDENCE_FOR_BUYER_ASKED,
    LOSS_NEEDING_APPROVAL_CNY,
    SHOPEE_ACCEPT_REQUEST,
    SHOPEE_ANSWER_HOURS,
    SHOPEE_CLOSE_PHASES,
    SHOPEE_FULFIL_PHASES,
    SHOPEE_FULFIL_REASONS,
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
from gateway.policy.rate import RateEffect, shopee_rate_effect
from gateway.policy.shopee_after_sale import after_sale_verdicts, money_before_goods
from gateway.policy.shopee_rejection import rejection_before_shipment
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import (
    Action,
    Approval,
    Awaited,
    CostKind,
    EvidenceKind,
    Missing,
    Path,
    Performer,
    Reason,
    RefusedAct,
    Reply,
)
from gateway.policy.verdict import Allowed, Charge, Forbidden, cost_of, judged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Rejection
    from gateway.policy.facts import Fact
    from gateway.policy.rule_set import Known
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


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
            return after_sale_verdicts(situation)
        return (
            judged(Path.buyer_cancel, accept_request, situation),
            judged(Path.seller_close, seller_close, situation),
            judged(Path.fulfil, fulfil, situation),
            judged(Path.wait, let_it_lapse, situation),
        )

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the platform's own deadline, else 24 h after opening while the goods are here (SHP-27)."""
        request = situation.order.request
        if situation.open_kind is None or request is None:
            return None
        if request.answer_by is not None or not situation.not_shipped:
            return request.answer_by
        try:
            return request.opened_at + timedelta(hours=situation.rules.value(SHOPEE_ANSWER_HOURS))
        except NoRuleKnown:
            return None

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return what nobody may do by hand here (S7, SHP-02, SHP-19, SHP-23, READING-3)."""
        while_here: dict[RefusedAct, Fact[bool]] = {
            RefusedAct.ask_buyer_to_cancel: SHOPEE_NEVER_ASK_TO_CANCEL,
            RefusedAct.refuse_to_ship: SHOPEE_NEVER_REFUSE_TO_SHIP,
            RefusedAct.let_it_lapse: SHOPEE_NEVER_LET_LAPSE,
        }
        found = [(act, _forbids(situation, fact)) for act, fact in while_here.items() if situation.not_shipped]
        if situation.states_false_reason:
            found.append((RefusedAct.false_reason, _forbids(situation, SHOPEE_TRUE_REASON_ONLY)))
        found.append((RefusedAct.refund_before_return, money_before_goods(situation, chosen)))
        by_act = {act: cites for act, cites in found if cites}
        return tuple(Refusal(what=act, because=by_act[act]) for act in RefusedAct if act in by_act)

    def rejection(self, situation: Situation) -> Rejection | None:
        """Return what rejecting a request on goods still here may cost (SHP-18, SHP-29)."""
        return rejection_before_shipment(situation)


SHOPEE = ShopeeBook()


def _forbids(situation: Situation, fact: Fact[bool]) -> tuple[str, ...]:
    try:
        known = situation.rules.know(fact)
    except NoRuleKnown:
        return ()
    return known.cites if known.value else ()


def wait_for_payment(situation: Situation) -> Verdict:
    """Wait for the platform to end an unpaid order by itself, at no cost (SHP-31)."""
    lapses = situation.rules.know(SHOPEE_UNPAID_LAPSES)
    if not lapses.value:
        return Forbidden(path=Path.wait, because=lapses.cites)
    ends = situation.order.auto_cancel_at
    until = situation.local(ends) if ends is not None and ends >= situation.scenario.as_of else None
    wait = Step(
        action=Action.wait,
        until=until,
        awaited=(Awaited.platform_cancellation,),
        performed_by=Performer.platform,
    )
    return Allowed(
        path=Path.wait,
        because=lapses.cites,
        why="The buyer has not paid. Shopee cancels an unpaid order by itself, at no cost to the shop.",
        steps=(wait,),
        cost=cost_of((), situation.currency),
        earliest=situation.as_of,
        not_before=until,
        ends=until,
    )


def accept_request(situation: Situation) -> Verdict:
    """Accept the buyer's open request on goods still here, before or after its deadline (SHP-23, SHP-28)."""
    if situation.open_kind is None:
        never = situation.rules.know(SHOPEE_NEVER_ASK_TO_CANCEL)
        return Forbidden(
            path=Path.buyer_cancel,
            because=never.cites,
            why="The buyer has not asked to cancel, and on Shopee nobody may ask the buyer to.",
        )
    accept = situation.rules.know(SHOPEE_ACCEPT_REQUEST)
    if not accept.value:
        return Forbidden(path=Path.buyer_cancel, because=accept.cites)
    now = situation.as_of
    return Allowed(
        path=Path.buyer_cancel,
        because=accept.cites,
        why="The buyer has asked to end this order and the goods have not left. "
        "Accepting costs nothing and does not count against the shop.",
        steps=(Step(action=Action.accept_request, at=now, performed_by=Performer.gateway),),
        cost=cost_of((), situation.currency),
        earliest=now,
        not_before=now,
        ends=now,
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
        charges.append(Charge(CostKind.counted_cancellation, Fraction(orders), price, uncounted.cites[0]))
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

    if situation.open_kind is not None:
        return no(rules.know(SHOPEE_REQUEST_COMES_FIRST), "The buyer's open request must be answered first.")
    phases = rules.know(SHOPEE_CLOSE_PHASES)
    if situation.order.phase not in phases.value:
        return no(phases, "Shopee lets a seller close an order only until its shipment is arranged.")
    unhonest = rules.know(SHOPEE_NO_HONEST_REASON)
    if reason in unhonest.value:
        return no(unhonest, "Shopee has no honest reason under which a seller could close this order.")
    if situation.states_false_reason:
        truth = rules.know(SHOPEE_TRUE_REASON_ONLY)
        return no(truth, "The reason given contradicts what is known about the order, so it must not be used.")
    regions = rules.know(SHOPEE_UNDELIVERABLE_REGIONS)
    if reason is Reason.undeliverable_area and situation.scenario.store.region not in regions.value:
        return no(regions, "Shopee does not accept an undeliverable address as a reason in this region.")
    is_known = reason in rules.value(SHOPEE_NATIVE_REASONS)
    return None if is_known else Forbidden(path=Path.seller_close)


def _close_plan(situation: Situation, *, counted: bool) -> tuple[tuple[Missing, ...], tuple[Step, ...], str]:
    now = situation.as_of
    close = Step(action=Action.close, at=now, performed_by=Performer.gateway)
    if situation.reason is Reason.buyer_asked:
        needed = situation.rules.value(EVIDENCE_FOR_BUYER_ASKED)
        lacking = [kind for kind in EvidenceKind if kind in needed and kind not in situation.scenario.evidence]
        if lacking:
            collect = Step(action=Action.collect_evidence, at=now, performed_by=Performer.person)
            missing = tuple(Missing(f"evidence:{kind}") for kind in lacking)
            return missing, (collect, close), "The buyer asked to cancel in chat. Save the chat first, then close."
    why = "Close the order with its true reason. " + (
        "It counts in the shop's cancellation rate."
        if counted
        else "It does not count in the shop's cancellation rate."
    )
    return (), (close,), why


def fulfil(situation: Situation) -> Verdict:
    """Ship goods that are here after all, where the reason to end is only the seller's (SHP-02, READING-4)."""
    rules, order = situation.rules, situation.order
    reasons, phases = rules.know(SHOPEE_FULFIL_REASONS), rules.know(SHOPEE_FULFIL_PHASES)
    possible = (
        situation.open_kind is None
        and order.phase in phases.value
        and order.stock_available
        and situation.reason in reasons.value
        and situation.scenario.contact.reply is not Reply.asks_to_cancel
    )
    if not possible:
        return Forbidden(path=Path.fulfil, because=phases.cites)
    spent = Fraction(order.goods_cost.amount) + Fraction(order.outbound_shipping_cost.amount)
    loss = max(Fraction(0), spent - Fraction(order.paid.amount))
    limit = rules.know(LOSS_NEEDING_APPROVAL_CNY)
    needs_approval = loss > situation.prices.from_cny(limit.value)
    now = situation.as_of
    ends = situation.soft_bound
    return Allowed(
        path=Path.fulfil,
        because=(*reasons.cites, *(limit.cites if needs_approval else ())),
        why="The goods can be shipped, and shipping them is the cheapest way the rules allow. "
        + ("It costs more than the buyer paid." if loss else "Ship the order."),
        steps=(Step(action=Action.ship, at=now, performed_by=Performer.person),),
        cost=cost_of(
            [Charge(CostKind.loss, Fraction(situation.orders_asked if loss else 0), loss)], situation.currency
        ),
        earliest=now,
        not_before=now,
        ends=situation.local(ends) if ends else None,
        approval=(Approval.loss_order,) if needs_approval else (),
    )


def let_it_lapse(situation: Situation) -> Verdict:
    """Never let an order run into the platform's cancellation for late shipment (SHP-19)."""
    never = situation.rules.know(SHOPEE_NEVER_LET_LAPSE)
    return Forbidden(path=Path.wait, because=never.cites)

"""TikTok Shop Japan: the seller's own cancellation, and the word to the buyer that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.chat_proof import missing_proof_of_asking
from gateway.policy.decision import Step
from gateway.policy.facts_tiktok import (
    TIKTOK_CLOSE_PHASES,
    TIKTOK_NATIVE_REASONS,
    TIKTOK_REQUEST_COMES_FIRST,
    TIKTOK_TELL_THE_BUYER,
    TIKTOK_TRUE_REASON_ONLY,
    TIKTOK_UNCOUNTED_REASONS,
    TIKTOK_UNUSUAL_REASONS,
)
from gateway.policy.terms import Action, Approval, CostKind, Path, Performer, Purpose
from gateway.policy.verdict import Allowed, Forbidden, cost_of

if TYPE_CHECKING:
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


def seller_close(situation: Situation) -> Verdict:
    """Cancel before the parcel is under way, for a true reason the platform knows (TTJ-01, 02, 05)."""
    obstacle = _obstacle(situation)
    if obstacle is not None:
        return obstacle
    rules, reason, now = situation.rules, situation.reason, situation.as_of
    native, unusual = rules.know(TIKTOK_NATIVE_REASONS), rules.know(TIKTOK_UNUSUAL_REASONS)
    uncounted = rules.know(TIKTOK_UNCOUNTED_REASONS)
    counted = 0 if reason in uncounted.value else situation.orders_asked
    missing = missing_proof_of_asking(situation)
    return Allowed(
        path=Path.seller_close,
        because=(*native.cites, *(unusual.cites if reason in unusual.value else ()), *uncounted.cites),
        why=_why(situation, saved=not missing, counted=bool(counted)),
        steps=_steps(situation, saved=not missing),
        cost=cost_of(
            [situation.charge(CostKind.counted_cancellation, counted, uncounted.cites[0])], situation.currency
        ),
        earliest=now,
        not_before=now,
        ends=now,
        missing=missing,
        ready=not missing,
        approval=(Approval.unusual_reason,) if reason in unusual.value else (),
        native_reason=native.value[reason],
    )


def _obstacle(situation: Situation) -> Forbidden | None:
    """Return why the seller may not cancel, whatever it would cost; None when nothing stands against it."""
    rules = situation.rules

    def no(cites: tuple[str, ...], why: str) -> Forbidden:
        return Forbidden(path=Path.seller_close, because=cites, why=why)

    first = rules.know(TIKTOK_REQUEST_COMES_FIRST)
    if first.value and situation.open_kind is not None:
        return no(first.cites, "The buyer's open request must be answered first.")
    phases = rules.know(TIKTOK_CLOSE_PHASES)
    if situation.order.phase not in phases.value:
        return no(phases.cites, "TikTok Shop lets a seller cancel only until the parcel is under way.")
    truth = rules.know(TIKTOK_TRUE_REASON_ONLY)
    if truth.value and situation.states_false_reason:
        return no(truth.cites, "The reason given contradicts what is known about the order, so it must not be used.")
    native = rules.know(TIKTOK_NATIVE_REASONS)
    if situation.reason not in native.value:
        return no(native.cites, "TikTok Shop has no true reason under which a seller could cancel this order.")
    return None


def _steps(situation: Situation, *, saved: bool) -> tuple[Step, ...]:
    now = situation.as_of
    steps = [Step(action=Action.close, at=now, performed_by=Performer.gateway)]
    if not saved:
        steps.insert(0, Step(action=Action.collect_evidence, at=now, performed_by=Performer.person))
    if situation.rules.value(TIKTOK_TELL_THE_BUYER):
        told = Step(action=Action.send_message, purpose=Purpose.explain, at=now, performed_by=Performer.gateway)
        steps.append(told)
    return tuple(steps)


def _why(situation: Situation, *, saved: bool, counted: bool) -> str:
    if not saved:
        return "The buyer asked to cancel in chat. Save the chat first, then cancel the order."
    counts = "It counts" if counted else "It does not count"
    language = situation.order.buyer_language
    return (
        f"Cancel with the true reason and tell the buyer at once in the app, in {language}. {counts} against the shop."
    )

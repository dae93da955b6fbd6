"""1688: what an account may do with an order, as the seller or as the buyer of a supplier (READINGS.md, "1688")."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.model.order import Phase
from gateway.model.store import Role
from gateway.policy.alibaba_1688_buyer import purchase_verdicts
from gateway.policy.alibaba_1688_seller import sale_verdicts
from gateway.policy.decision import Step
from gateway.policy.facts_1688 import (
    ALI_CLOSE_AFTER_SECONDS,
    ALI_CLOSE_UNPAID,
    ALI_MONEY_AFTER_GOODS,
    ALI_NATIVE_REASONS,
    ALI_NEVER_ASK_TO_CANCEL,
    ALI_NEVER_LET_LAPSE,
    ALI_NEVER_REFUSE_TO_SHIP,
    ALI_TRUE_REASON_ONLY,
)
from gateway.policy.refusals import refusals
from gateway.policy.terms import Action, Missing, Path, Performer, RefusedAct
from gateway.policy.verdict import Allowed, Forbidden, cost_of, judged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.policy.decision import Refusal, Rejection
    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Verdict


class Alibaba1688Book:
    """The rules of 1688 as `decide` asks for them."""

    def in_force(self, situation: Situation) -> bool:
        """Tell whether any rule of 1688 was in force and known."""
        return situation.rules.covers("alibaba_1688")

    def verdicts(self, situation: Situation) -> Iterable[Verdict]:
        """Return the paths open to this role; while unpaid, either side may close."""
        is_buyer = situation.scenario.store.role is Role.buyer
        if situation.order.phase is Phase.unpaid:
            path = Path.buyer_cancel if is_buyer else Path.seller_close
            return (judged(path, lambda each: close_unpaid(each, path), situation),)
        return purchase_verdicts(situation) if is_buyer else sale_verdicts(situation)

    def answer_by(self, situation: Situation) -> datetime | None:
        """Return the platform's own deadline of an open request; the rules know none."""
        request = situation.order.request
        return None if situation.open_kind is None or request is None else request.answer_by

    def refused(self, situation: Situation, chosen: Allowed | None) -> tuple[Refusal, ...]:
        """Return what nobody may do by hand here (X1, 1688-11, 1688-18, READING-5)."""
        return refusals(
            situation,
            chosen,
            while_here={
                RefusedAct.ask_buyer_to_cancel: ALI_NEVER_ASK_TO_CANCEL,
                RefusedAct.refuse_to_ship: ALI_NEVER_REFUSE_TO_SHIP,
                RefusedAct.let_it_lapse: ALI_NEVER_LET_LAPSE,
            },
            true_reason_only=ALI_TRUE_REASON_ONLY,
            money_after_goods=ALI_MONEY_AFTER_GOODS,
        )

    def rejection(self, situation: Situation) -> Rejection | None:  # noqa: ARG002 - the form of every book
        """Return None: no rule of 1688 prices a rejection."""
        return None


ALIBABA_1688 = Alibaba1688Book()


def close_unpaid(situation: Situation, path: Path) -> Verdict:
    """Close an unpaid order for any reason, at no cost, a few seconds after it was placed (1688-04)."""
    rules, now, placed_at = situation.rules, situation.as_of, situation.order.placed_at
    lawful, native = rules.know(ALI_CLOSE_UNPAID), rules.know(ALI_NATIVE_REASONS)
    if not lawful.value or situation.reason not in native.value:
        return Forbidden(path=path, because=lawful.cites)
    soonest = now if placed_at is None else placed_at + timedelta(seconds=rules.value(ALI_CLOSE_AFTER_SECONDS))
    at = max(now, situation.local(soonest))
    if at > situation.horizon(None, situation.scenario.as_of):
        return Forbidden(path=path, because=lawful.cites, why="The order ends by itself before it can be closed.")
    close = Step(action=Action.close, at=at, performed_by=Performer.gateway)
    wait = Step(action=Action.wait, until=at, performed_by=Performer.gateway)
    return Allowed(
        path=path,
        because=(*lawful.cites, *native.cites),
        why="The order is not paid. It can be closed at no cost and without anybody's consent.",
        steps=(close,) if at == now else (wait, close),
        cost=cost_of((), situation.currency),
        earliest=at,
        not_before=at,
        ends=at,
        missing=() if at == now else (Missing.time,),
        ready=at == now,
        native_reason=native.value[situation.reason],
    )

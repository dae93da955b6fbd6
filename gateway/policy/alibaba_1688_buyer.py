"""1688 as the buyer of a supplier: money back before shipment, goods back after it (1688-10 to 1688-15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.policy.after_sale import charge_once
from gateway.policy.decision import Step
from gateway.policy.facts_1688 import ALI_BUYER_DISPUTE, ALI_BUYER_REFUND, ALI_BUYER_RETURN
from gateway.policy.situation import SHIPPED
from gateway.policy.terms import Action, Awaited, CostKind, Missing, Path, Performer, ReturnState
from gateway.policy.verdict import Allowed, Forbidden, cost_of, judged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.policy.situation import Situation
    from gateway.policy.verdict import Charge, Verdict


def purchase_verdicts(situation: Situation) -> Iterable[Verdict]:
    """Return the paths of a paid order that this account has bought."""
    if situation.order.phase in SHIPPED:
        return (judged(Path.return_refund, send_back, situation),)
    return (judged(Path.refund, ask_for_the_money, situation),)


def ask_for_the_money(situation: Situation) -> Verdict:
    """Apply for a refund of goods not sent yet, or wait for the answer to the application (1688-12, 13)."""
    lawful = situation.rules.know(ALI_BUYER_REFUND)
    if not lawful.value or situation.is_batch:
        return Forbidden(path=Path.refund, because=lawful.cites)
    if situation.open_kind is not None:
        return _wait_for_supplier(situation, Path.refund, lawful.cites, ())
    return _now(
        situation,
        Path.refund,
        Step(action=Action.request_refund, at=situation.as_of, performed_by=Performer.gateway),
        lawful.cites,
        "The supplier has not sent the goods. Apply for a refund with the true reason.",
    )


def send_back(situation: Situation) -> Verdict:
    """Apply for a return, send the goods back when agreed, go to a dispute when refused (1688-10, 15)."""
    lawful = situation.rules.know(ALI_BUYER_RETURN)
    if not lawful.value or situation.is_batch:
        return Forbidden(path=Path.return_refund, because=lawful.cites)
    state, now = situation.order.return_state, situation.as_of
    if state is ReturnState.agreed:
        ship = Step(action=Action.ship, at=now, performed_by=Performer.person)
        why = "The supplier agrees to the return. Send the goods back."
        return _now(situation, Path.return_refund, ship, lawful.cites, why)
    dispute = situation.rules.know(ALI_BUYER_DISPUTE)
    if state is ReturnState.refused and dispute.value:
        step = Step(action=Action.open_dispute, at=now, performed_by=Performer.person)
        why = "The supplier refuses the return. Open a dispute with the platform."
        return _now(situation, Path.return_refund, step, (*lawful.cites, *dispute.cites), why)
    if situation.open_kind is not None:
        on_the_way = state is ReturnState.shipped_back
        awaited = (Awaited.return_received,) if on_the_way else ()
        return _wait_for_supplier(situation, Path.return_refund, lawful.cites, awaited)
    step = Step(action=Action.request_refund, at=now, performed_by=Performer.gateway)
    why = "The goods have been sent. Apply for a return with the true reason."
    return _now(situation, Path.return_refund, step, lawful.cites, why)


def _now(situation: Situation, path: Path, step: Step, cites: tuple[str, ...], why: str) -> Allowed:
    now = situation.as_of
    return Allowed(
        path=path,
        because=cites,
        why=why,
        steps=(step,),
        cost=cost_of([_way_back(situation, path)], situation.currency),
        earliest=now,
        not_before=now,
        ends=now,
    )


def _wait_for_supplier(
    situation: Situation, path: Path, cites: tuple[str, ...], awaited: tuple[Awaited, ...]
) -> Allowed:
    """Wait for the platform to pass on the supplier's answer, until the deadline it gives."""
    request = situation.order.request
    deadline = request.answer_by if request is not None else None
    ahead = deadline is not None and deadline >= situation.scenario.as_of
    until = situation.local(deadline) if deadline is not None and ahead else None
    wait = Step(action=Action.wait, until=until, awaited=awaited, performed_by=Performer.platform)
    return Allowed(
        path=path,
        because=cites,
        why="The application is open. Wait for the supplier's answer.",
        steps=(wait,),
        cost=cost_of([_way_back(situation, path)], situation.currency),
        earliest=None,
        not_before=until,
        ends=until,
        missing=(Missing.return_received if awaited else Missing.time,),
        ready=False,
    )


def _way_back(situation: Situation, path: Path) -> Charge:
    times = 1 if path is Path.return_refund else 0
    return charge_once(CostKind.shipping, situation.order.return_shipping_cost, times)

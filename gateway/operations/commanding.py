"""What every act a person orders by name tells afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.cases.commands import Carried, Command
from gateway.cases.effects import Effect
from gateway.model.order import Phase
from gateway.operations.context import Context
from gateway.operations.resolving import Outcome, outcome_of_effect
from gateway.policy.decision import cost_object, decision_object
from gateway.ports import RejectReason, ShippingChoices


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """What was ordered, what the rules say of it, and what became of it.

    ``needs`` say why a yes was needed; ``cost`` is spelt as in a decision, None where no rule prices the act.
    ``words`` say why nothing was called, or how the effect stands. With ``reasons`` or ``choices`` nothing was
    decided yet: a person must choose among them first, and ``decision`` is None.
    """

    store: str
    order_id: str
    request_id: str | None
    outcome: Outcome
    words: str
    operation: str = ""
    phase: Phase | None = None
    path: str = ""
    needs: tuple[str, ...] = ()
    cost: dict[str, Any] | None = None
    rules: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    decision: dict[str, Any] | None = None
    attested: tuple[str, ...] = ()
    defaulted: tuple[str, ...] = ()
    effect: Effect | None = None
    reasons: Sequence[RejectReason] | None = None
    choices: ShippingChoices | None = None


async def command(
    context: Context, store: str, wanted: Command, *, dry_run: bool, approved: bool, by: str
) -> Commanded:
    """Do what a person orders, or only say what the rules think of it (``dry_run``). Raises as `Commands.order`."""
    commands = context.resolver.commands
    if dry_run:
        carried = await commands.ask(store, wanted)
    else:
        carried = await commands.order(store, wanted, by=by, approved=approved)
    return _told(wanted, carried, dry_run=dry_run)


def _told(wanted: Command, carried: Carried, *, dry_run: bool) -> Commanded:
    order, judgement, effect = carried.order.order, carried.judgement, carried.effect
    forbidden = judgement.forbidden_by
    words = carried.because or (effect.because if effect else "")
    if forbidden:
        words = f"{words}: the rules forbid it ({', '.join(forbidden)}). {carried.decision.explanation}"
    done = Outcome.person if effect is None else outcome_of_effect(effect)
    return Commanded(
        store=order.store,
        order_id=order.order_id,
        request_id=wanted.request_id,
        outcome=Outcome.dry_run if dry_run else done,
        words=words,
        operation=carried.operation.value,
        phase=carried.order.phase,
        path=judgement.path.value,
        needs=judgement.needs,
        cost=None if judgement.cost is None else cost_object(judgement.cost),
        rules=forbidden or judgement.because,
        advice=judgement.words,
        decision=decision_object(carried.decision),
        attested=carried.question.attested,
        defaulted=carried.question.defaulted,
        effect=effect,
    )

"""Ending an order that must end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.cases.effects import Effect, EffectState
from gateway.cases.resolve import Resolution
from gateway.cases.upstream import Upstream, upstream_of
from gateway.model.order import Phase
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.upstream import judge_of
from gateway.policy.decision import decision_object
from gateway.policy.terms import Action, Performer, Reason


class Outcome(StrEnum):
    """What became of the decision's next step."""

    done = "done"  # the platform confirmed it
    refused = "refused"  # the platform said no
    dropped = "dropped"  # not applied; decide again
    pending = "pending"  # committed, or sent and not known yet; the running gateway settles it
    person = "person"  # a task for a person
    nothing_to_do = "nothing_to_do"  # the order goes on, waits, or has ended
    dry_run = "dry_run"


_OF_EFFECT = {
    EffectState.confirmed: Outcome.done,
    EffectState.refused: Outcome.refused,
    EffectState.not_applied: Outcome.dropped,
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """The decision on an order, spelt as `gateway.policy.decision` writes it, and what became of its next step.

    ``attested`` and ``defaulted`` name the facts that rest on a person's word or on a default. ``words`` say why
    nothing was called, or how the effect stands.
    """

    store: str
    order_id: str
    phase: Phase
    decision: dict[str, Any]
    attested: tuple[str, ...]
    defaulted: tuple[str, ...]
    outcome: Outcome
    words: str
    effect: Effect | None
    upstream: Upstream | None = None  # the purchases of a sale, and what its end costs with theirs
    case: str | None = None  # that goes on with it; None for a dry run


async def resolve(
    context: Context,
    order_id: str,
    reason: Reason,
    *,
    store: str | None = None,
    dry_run: bool = False,
    approved: bool = False,
    by: str,
) -> Resolved:
    """Open a case for an order, or go on with its open one, and take its next step now; ``dry_run`` only says it.

    ``reason`` is the true one. Raises NeedsApproval, NotAllowed, Conflict, NotFound as `Resolver.resolve`.
    """
    owner = await context.database.read(lambda c: store_of_order(c, order_id, store))
    if dry_run:
        found = await context.resolver.ask(owner, order_id, reason)
    else:
        found = await context.resolver.resolve(owner, order_id, reason, by=by, approved=approved)
    order, now = found.order.order, context.clock.now()
    judge, sale = judge_of(context), (order.store, order.order_id)
    upstream = await context.database.read(lambda c: upstream_of(c, judge, sale, reason, found.decision, now))
    return Resolved(
        order.store,
        order.order_id,
        found.order.phase,
        decision_object(found.decision),
        found.question.attested,
        found.question.defaulted,
        Outcome.dry_run if dry_run else _outcome(found),
        found.because or (found.effect.because if found.effect else ""),
        found.effect,
        upstream,
        None if found.case is None else found.case.id,
    )


def outcome_of_effect(effect: Effect) -> Outcome:
    """Return what became of a step by how its effect stands."""
    return _OF_EFFECT.get(effect.state, Outcome.pending)


def _outcome(found: Resolution) -> Outcome:
    if found.effect is not None:
        return outcome_of_effect(found.effect)
    decision = found.decision
    if decision.action is Action.ask_person or decision.performed_by in {Performer.person, Performer.gateway}:
        # what the gateway would do but the platform's API does not offer is a person's task as well
        idle = decision.action in {Action.none, Action.wait}
        return Outcome.nothing_to_do if idle else Outcome.person
    return Outcome.nothing_to_do

"""Whether an order has ended, by whose doing, and so how its case settles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.cases.case import Case, Outcome, WaitsFor
from gateway.cases.effects import Effect, EffectState
from gateway.cases.found import Found
from gateway.cases.tasks import Task, TaskKind, TaskState
from gateway.model.order import EndedBy, Phase
from gateway.model.store import Role, StoreMode
from gateway.policy.terms import Action, Purpose, Reply
from gateway.ports import Operation

_GONE = frozenset({Phase.in_transit, Phase.delivered, Phase.awaiting_collection, Phase.completed})
_TELLING = frozenset({Operation.send_message, Operation.set_note})  # these end nothing
_CLOSING = frozenset({TaskKind.close, TaskKind.contact_support})
_UNSAID = frozenset({EndedBy.unknown, None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a case knows besides the facts: its store, what it has done and asked for, and what people said.

    ``effects`` and ``tasks`` are those of this case, the oldest first. ``since`` is when a person last let it go on.
    ``agreed``: a yes stands that covers what is needed; ``agreed_before``: one was used up,
    with which a person's task may be asked for again; ``refused_by``: who said no to it.
    """

    case: Case
    now: datetime
    mode: StoreMode
    role: Role
    stopped: bool
    since: datetime
    effects: Sequence[Effect] = ()
    tasks: Sequence[Task] = ()
    agreed: bool = False
    agreed_before: bool = False
    refused_by: str | None = None


def outcome_of(found: Found, standing: Standing) -> Outcome | None:
    """Return how the case settles, None while the order goes on. Pure."""
    phase = found.order.phase
    if phase in {Phase.cancelled, Phase.closed}:
        return Outcome.ended if _is_ours(found, standing) else _not_ours(standing, Outcome.ended_elsewhere)
    if standing.case.step == Action.ship and phase in _GONE:
        return Outcome.fulfilled
    if found.decision.action is not Action.none:
        return None
    if _confirmed(standing):
        return Outcome.ended
    return _not_ours(standing, Outcome.fulfilled) if phase is Phase.completed else None


def _not_ours(standing: Standing, outcome: Outcome) -> Outcome:
    return Outcome.nothing_to_do if _is_new(standing) else outcome


def words_of(found: Found, outcome: Outcome) -> str:
    """Say how an order ended, for people."""
    by = found.order.order.ended_by
    who = f" by the {by.value}" if by is not None and by is not EndedBy.unknown else ""
    return {
        Outcome.ended: f"The order has ended{who}.",
        Outcome.fulfilled: "The order goes its way: it was shipped after all.",
        Outcome.ended_elsewhere: f"The order was ended{who} without this case.",
        Outcome.nothing_to_do: f"The order had ended{who} before this case was opened.",
    }[outcome]


def _is_new(standing: Standing) -> bool:
    return standing.case.decision is None and not standing.effects


def _confirmed(standing: Standing) -> bool:
    return any(each.state is EffectState.confirmed and each.act.operation not in _TELLING for each in standing.effects)


def _is_ours(found: Found, standing: Standing) -> bool:
    """Tell whether the end is this case's doing: its effect, its person's, or the buyer's whom it asked or answered."""
    by, contact = found.order.order.ended_by, found.question.scenario.contact
    if _confirmed(standing):
        return True
    if by is EndedBy.platform:
        return standing.case.waits_for is WaitsFor.platform and not _is_new(standing)
    if by is EndedBy.buyer or by in _UNSAID:
        invited = any(each.purpose is Purpose.offer_cancel for each in contact.messages)
        if invited or contact.reply in {Reply.consents, Reply.asks_to_cancel}:
            return True
    told = any(each.kind in _CLOSING and each.state is not TaskState.cancelled for each in standing.tasks)
    return told and by is not EndedBy.buyer

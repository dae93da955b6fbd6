"""What a turn looks at beside the facts, in their snapshot: for all turns that look at about the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection as Transaction

from gateway.cases import approvals
from gateway.cases.case import Case, let_go_on
from gateway.cases.effects import Effect, effects_of_orders
from gateway.cases.ending import Standing
from gateway.cases.found import Asked, Found
from gateway.cases.road import Road
from gateway.cases.step import needs_of
from gateway.cases.tasks import Task, tasks_of_cases
from gateway.policy.terms import Reason
from gateway.storage import stores
from gateway.sync.connections import Connection


@dataclass(frozen=True, slots=True)
class Looked:
    """A case that is looked at, and the way to its store."""

    case: Case
    connection: Connection


@dataclass(frozen=True, slots=True)
class _Beside:
    """What else is stored about the cases."""

    effects: Sequence[Effect]
    tasks: Sequence[Task]
    since: datetime
    stopped: bool


def look_all(c: Transaction, road: Road, several: Sequence[Looked]) -> list[tuple[Found, Standing]]:
    """Decide about the orders of cases as they are stored now, and see how each case stands.

    Raises NotFound and DataError as `find_all`.
    """
    instant = road.clock.now()
    asked = [Asked(each.connection.store, each.case.order_id, Reason(each.case.reason)) for each in several]
    found = road.find_all(c, asked, instant)
    beside = _beside(c, [each.case for each in several])
    return [
        (facts, _standing(c, each, facts, beside[each.case.id], instant))
        for each, facts in zip(several, found, strict=True)
    ]


def _beside(c: Transaction, cases: Sequence[Case]) -> dict[str, _Beside]:
    since = let_go_on(c, cases)
    effects = effects_of_orders(c, [(each.store, each.order_id) for each in cases])
    tasks = tasks_of_cases(c, [each.id for each in cases])
    stopped = {store: stores.stopped(c, store) for store in {each.store for each in cases}}
    return {
        each.id: _Beside(
            effects=[effect for effect in effects.get((each.store, each.order_id), ()) if effect.intent == each.intent],
            tasks=tasks.get(each.id, ()),
            since=since[each.id],
            stopped=stopped[each.store],
        )
        for each in cases
    }


def _standing(c: Transaction, looked: Looked, found: Found, beside: _Beside, instant: datetime) -> Standing:
    case, store, decision = looked.case, looked.connection.store, found.decision
    needs, cost, since = needs_of(found, looked.connection.manifest, store.mode), decision.cost.total, beside.since
    agreed = approvals.standing(c, case, decision.action, needs, instant, cost=cost) if needs else None
    refused = approvals.refusal(c, case, decision.action, needs, cost=cost, since=since) if needs else None
    return Standing(
        case=case,
        now=instant,
        mode=store.mode,
        role=store.role,
        stopped=beside.stopped,
        since=since,
        effects=beside.effects,
        tasks=beside.tasks,
        agreed=agreed is not None,
        agreed_before=bool(needs) and approvals.used_before(c, case, decision.action, needs, cost=cost),
        refused_by=None if refused is None else refused.second_by or refused.first_by,
    )

"""Cases as people see and steer them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.cases import case as kept
from gateway.cases import steering
from gateway.cases.approvals import Approval, approvals_like
from gateway.cases.case import Case, CaseState, HistoryLine, history_of
from gateway.cases.effects import Effect, effects_of
from gateway.cases.tasks import Task, tasks_like
from gateway.errors import DataError, NotFound
from gateway.model.money import Money
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.policy.terms import Reason

_OPEN = tuple(state for state in CaseState if state is not CaseState.settled)
_SHORTEST = 4  # letters of an id that name a case


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case in a list. ``cost`` is what its end is expected to cost, empty before the first decision."""

    case: Case
    cost: str
    late: bool  # it should have acted by now


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case with its timeline, its tasks and approvals, and what was called for it; all of it oldest first."""

    case: Case
    cost: str
    history: list[HistoryLine]
    tasks: list[Task]
    approvals: list[Approval]
    effects: list[Effect]


async def list_cases(
    context: Context,
    *,
    store: str | None = None,
    order: str | None = None,
    state: CaseState | None = None,
    settled: bool = False,
    limit: int = 100,
) -> list[ListedCase]:
    """Return the open cases, the newest first; with ``settled`` all, with ``state`` those in it.

    Raises NotFound for an unknown store.
    """
    stores = [each.id for each in await chosen_stores(context, [store] if store is not None else [])]
    now = context.clock.now()
    states = (state,) if state is not None else None if settled else _OPEN

    def read(c: Connection) -> list[ListedCase]:
        found = kept.list_cases(c, stores=stores, states=states, order_id=order, limit=limit)
        return [
            ListedCase(each, cost_of(each), each.is_open and each.act_by is not None and each.act_by < now)
            for each in found
        ]

    return await context.database.read(read)


async def show_case(context: Context, case: str, *, store: str | None = None) -> ShownCase:
    """Return a case by its id, the beginning of it, or its order's number. Raises NotFound, DataError."""

    def read(c: Connection) -> ShownCase:
        found = find_case(c, case, store)
        effects = [each for each in effects_of(c, found.store, found.order_id) if each.intent == found.intent]
        tasks = sorted(tasks_like(c, case_id=found.id), key=lambda each: each.opened_at)
        approvals = sorted(approvals_like(c, case_id=found.id), key=lambda each: each.asked_at)
        return ShownCase(found, cost_of(found), history_of(c, found.id), tasks, approvals, effects)

    return await context.database.read(read)


async def open_case(
    context: Context, order_id: str, reason: Reason, *, store: str | None = None, batch_size: int = 1, by: str
) -> Case:
    """Open a case for an order that should end; the running gateway takes its turns. Raises NotFound, Conflict.

    ``batch_size`` is how many orders end together for the same reason.
    """
    if batch_size < 1:
        raise DataError("A batch has at least one order.")
    now = context.clock.now()

    def act(c: Connection) -> Case:
        owner = store_of_order(c, order_id, store)
        return kept.open_case(
            c, store=owner, order_id=order_id, reason=reason.value, by=by, now=now, batch_size=batch_size
        )

    return await context.database.write(act)


async def pause_case(context: Context, case: str, *, because: str = "", by: str) -> Case:
    """Let a case rest until it is resumed. Raises NotFound, Conflict."""
    return await _steer(context, case, steering.pause, because, by)


async def resume_case(context: Context, case: str, *, because: str = "", by: str) -> Case:
    """Let a case go on, due at once. Raises NotFound, Conflict."""
    return await _steer(context, case, steering.resume, because, by)


async def hand_over_case(context: Context, case: str, *, because: str = "", by: str) -> Case:
    """Take a case into a person's hands; the gateway only sees when the order ends. Raises NotFound, Conflict."""
    return await _steer(context, case, steering.hand_over, because, by)


async def stop_case(context: Context, case: str, *, because: str = "", by: str) -> Case:
    """End a case without an effect. Raises NotFound, Conflict."""
    return await _steer(context, case, steering.stop, because, by)


def find_case(c: Connection, case: str, store: str | None = None) -> Case:
    """Return the case with this id, with an id that begins so, or the latest one of the order with this number.

    Raises NotFound, and DataError where several are meant.
    """
    exact = kept.find_cases(c, case) if len(case) >= _SHORTEST else []
    if not exact:
        orders = kept.list_cases(c, stores=None if store is None else [store], order_id=case, limit=20)
        if len({each.store for each in orders}) > 1:
            raise DataError(f"Several stores have a case of order {case}; name the store with --store.")
        exact = orders[:1]
    if len(exact) > 1:
        raise DataError(f"Several cases begin with {case}; give more of the id.")
    if not exact:
        raise NotFound(f"There is no case {case}, and none of an order {case}. `gateway cases list` shows them.")
    return exact[0]


def cost_of(case: Case) -> str:
    """Return what a case's end is expected to cost, as people read it; empty before the first decision."""
    return "" if case.cost_minor is None else str(Money(minor=case.cost_minor, currency=case.currency))


async def _steer(context: Context, case: str, word: steering.Word, because: str, by: str) -> Case:
    now = context.clock.now()
    return await context.database.write(lambda c: word(c, find_case(c, case), by, now, because))

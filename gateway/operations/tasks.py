"""Tasks as people see and finish them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases import tasks as kept
from gateway.cases.finishing import Said, finish
from gateway.cases.instructions import Instructions, instructions_for
from gateway.cases.tasks import Task, TaskKind, TaskState
from gateway.errors import DataError
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.policy.terms import Interception, Reply, ReturnState
from gateway.policy.wording.catalog import Language
from gateway.storage import stores as rows


@dataclass(frozen=True, slots=True)
class ListedTask:
    """A task in a list. ``late``: it is open and its time has passed."""

    task: Task
    title: str
    late: bool


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task with how it is done, and the ``text`` to copy where there is one."""

    task: Task
    late: bool
    instructions: Instructions
    text: str | None


async def list_tasks(
    context: Context,
    *,
    store: str | None = None,
    order: str | None = None,
    kind: TaskKind | None = None,
    ended: bool = False,
    language: Language = Language.en,
) -> list[ListedTask]:
    """Return the open tasks, the most urgent first; with ``ended`` those that are done or cancelled too.

    Raises NotFound for an unknown store.
    """
    stores = {each.id: each for each in await chosen_stores(context, [store] if store is not None else [])}
    now = context.clock.now()

    def read(c: Connection) -> list[ListedTask]:
        states = None if ended else {TaskState.open}
        found = kept.tasks_like(c, stores=list(stores), order_id=order, kind=kind, states=states)
        return [
            ListedTask(each, instructions_for(each, stores[each.store], language).title, is_late(each, now))
            for each in found
        ]

    return await context.database.read(read)


async def show_task(context: Context, task: str, *, language: Language = Language.en) -> ShownTask:
    """Return a task, how it is done, and its text. Raises NotFound."""
    now = context.clock.now()

    def read(c: Connection) -> ShownTask:
        found = kept.task_of(c, task)
        how = instructions_for(found, rows.store_of(c, found.store), language)
        return ShownTask(found, is_late(found, now), how, kept.text_of(c, context.vault, found))

    return await context.database.read(read)


async def finish_task(
    context: Context,
    task: str,
    *,
    because: str = "",
    at: datetime | None = None,
    ticket: str | None = None,
    interception: Interception | None = None,
    reply: Reply | None = None,
    quantity: int | None = None,
    returned: ReturnState | None = None,
    by: str,
) -> Task:
    """Note that a person has done a task, with what its kind needs, and let its case go on.

    Raises as `gateway.cases.finishing.finish`.
    """
    now = context.clock.now()
    said = Said(because, at, ticket, interception, reply, quantity, returned)

    def act(c: Connection) -> Task:
        store = rows.store_of(c, kept.task_of(c, task).store)
        line = context.configuration.stock.line_of(store.id)
        return finish(c, context.vault, store, task, said, by=by, now=now, low_line=line)

    return await context.database.write(act)


async def cancel_task(context: Context, task: str, *, because: str, by: str) -> Task:
    """Note that a task is not needed or cannot be done, and let its case go on.

    Raises DataError without a word on why, NotFound, and Conflict when it is not open any more.
    """
    if not because.strip():
        raise DataError("Say why it is not needed, or cannot be done: --because.")
    now = context.clock.now()
    return await context.database.write(lambda c: kept.cancel_task(c, task, by=by, now=now, because=because))


def is_late(task: Task, now: datetime) -> bool:
    """Return whether a task is open and its time has passed."""
    return task.state is TaskState.open and task.due_by is not None and task.due_by < now

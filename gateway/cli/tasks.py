"""``gateway tasks``: what only a person can do, how it is done, and that it is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OnlyOrderOption, OnlyStoreOption
from gateway.cli.order_filters import TIMES
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.terms import Interception, Reply, ReturnState
from gateway.policy.wording.catalog import Language

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.tasks import Task
    from gateway.operations.tasks import ListedTask, ShownTask

group = typer.Typer(help="What only a person can do, how it is done, and that it is done.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task's id, as `gateway tasks list` shows it.")]
LanguageOption = Annotated[Language, typer.Option("--lang", help="The language of the instructions.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="tasks")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    order: OnlyOrderOption = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only of this kind, as close.")] = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that are done or cancelled.")] = False,
    lang: LanguageOption = Language.en,
) -> None:
    """List the open tasks, the most urgent first."""
    from gateway.cases.tasks import TaskKind
    from gateway.operations.tasks import list_tasks as run

    if kind is not None and kind not in set(TaskKind):
        raise typer.BadParameter(f"{kind} is no kind of task. Kinds: {', '.join(TaskKind)}.")
    only = None if kind is None else TaskKind(kind)
    found = session.run(
        lambda context: run(context, store=store, order=order, kind=only, ended=ended, language=lang), Access.read
    )
    session.show(found, _tasks)


@group.command("show")
@with_session
def show(session: Session, task: TaskArgument, lang: LanguageOption = Language.en) -> None:
    """Show how a task is done, step by step, with the text to copy and what to enter afterwards."""
    from gateway.operations.tasks import show_task as run

    found = session.run(lambda context: run(context, task, language=lang), Access.read)
    session.show(found, _page)


@group.command("done")
@with_session
def done(
    session: Session,
    task: TaskArgument,
    because: Annotated[str, typer.Option("--because", help="What came of it, without names or numbers.")] = "",
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=TIMES,
            metavar="TIME",
            help="When it was done, like 2026-03-10T12:00:00+08:00 (UTC unless it says).  [default: just now]",
            show_default=False,
        ),
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", metavar="NUMBER", help="The case that platform support opened.")
    ] = None,
    interception: Annotated[
        Interception | None, typer.Option("--interception", help="What the courier said.", show_default=False)
    ] = None,
    reply: Annotated[
        Reply | None, typer.Option("--reply", help="What the buyer means; `none` withdraws.", show_default=False)
    ] = None,
    quantity: Annotated[
        int | None, typer.Option("--quantity", metavar="NUMBER", min=0, help="How many were counted.")
    ] = None,
    returned: Annotated[
        ReturnState | None,
        typer.Option(
            "--returned",
            metavar="[received|refused]",
            help="What a buyer sent back: as it was sold, or not.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say that a task is done, with what its kind needs; its case goes on."""
    from gateway.operations.tasks import finish_task as run

    told = session.ask(
        run,
        task,
        because=because,
        at=_aware(at),
        ticket=ticket,
        interception=interception,
        reply=reply,
        quantity=quantity,
        returned=returned,
        by=session.person(),
    )
    session.show(told, _ended)


@group.command("cancel")
@with_session
def cancel(
    session: Session,
    task: TaskArgument,
    because: Annotated[str, typer.Option("--because", help="Why it is not needed, or cannot be done.")] = "",
) -> None:
    """Say that a task is not needed or cannot be done; its case decides anew, and may ask again."""
    from gateway.operations.tasks import cancel_task as run

    session.show(session.ask(run, task, because=because, by=session.person()), _ended)


def _aware(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def _tasks(found: list[ListedTask]) -> RenderableType:
    rows = (
        (
            each.task.id,
            each.task.due_by,
            "late" if each.late else each.task.state,
            each.task.kind,
            each.task.store,
            each.task.order_id,
            each.title,
        )
        for each in found
    )
    return table("", ("task", "by", "", "kind", "store", "order", "what"), rows, empty="No task is open.")


def _page(found: ShownTask) -> str:
    task, how = found.task, found.instructions
    lines = [how.title, f"  {task.store}, {task.kind}, {'late' if found.late else task.state}", ""]
    lines += [f"  {number}. {step}" for number, step in enumerate(how.steps, start=1)]
    if found.text is not None:
        lines += ["", "-" * 20, found.text, "-" * 20]
    lines += ["", *(f"  ✗ {each}" for each in how.never)]
    if task.state == "open":
        lines += ["", *(f"  > {each}" for each in how.afterwards), f"  x {how.otherwise}"]
    elif task.because:
        lines += ["", f"  {task.state}, {task.done_by}: {task.because}"]
    return "\n".join(lines)


def _ended(task: Task) -> str:
    return f"Task {task.id} is {task.state}: {task.because}"

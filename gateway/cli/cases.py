"""``gateway cases``: each order's way to its end, looked at and steered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import OnlyOrderOption, OnlyStoreOption, OrderArgument, StoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.policy.terms import Reason

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.case import Case, HistoryLine
    from gateway.operations.cases import ListedCase, ShownCase

group = typer.Typer(help="Each order's way to its end: what was decided, done and awaited.", no_args_is_help=True)

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="The case's id, the beginning of it, or its order's number.")
]
BecauseOption = Annotated[str, typer.Option("--because", help="Why, without names or numbers.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="cases")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    order: OnlyOrderOption = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help="Only in this state: running, paused, with_person, settled."),
    ] = None,
    settled: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
) -> None:
    """List the open cases, the newest first."""
    from gateway.cases.case import CaseState
    from gateway.operations.cases import list_cases as run

    if state is not None and state not in set(CaseState):
        raise typer.BadParameter(f"{state} is no state of a case. States: {', '.join(CaseState)}.")
    only = None if state is None else CaseState(state)
    found = session.run(
        lambda context: run(context, store=store, order=order, state=only, settled=settled, limit=limit), Access.read
    )
    session.show(found, _cases)


@group.command("show")
@with_session
def show(
    session: Session,
    case: CaseArgument,
    store: StoreOption = None,
) -> None:
    """Show a case and its timeline: each turn with what was decided, why, at what cost, and what it waited for."""
    from gateway.operations.cases import show_case as run

    found = session.run(lambda context: run(context, case, store=store), Access.read)
    session.show(found, _page, _timeline)


@group.command("open")
@with_session
def open_(
    session: Session,
    order: OrderArgument,
    reason: Annotated[Reason, typer.Option(help="The true reason why it should end.")],
    store: StoreOption = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="How many orders end together for the same reason.")
    ] = 1,
) -> None:
    """Open a case for an order that should end; the running gateway takes its steps."""
    from gateway.operations.cases import open_case as run

    opened = session.ask(run, order, reason, store=store, batch_size=batch_size, by=session.person())
    session.show(opened, _standing)


@group.command("pause")
@with_session
def pause(session: Session, case: CaseArgument, because: BecauseOption = "") -> None:
    """Let a case rest until it is resumed."""
    from gateway.operations.cases import pause_case as run

    session.show(session.ask(run, case, because=because, by=session.person()), _standing)


@group.command("resume")
@with_session
def resume(session: Session, case: CaseArgument, because: BecauseOption = "") -> None:
    """Let a case go on at once: after a pause, out of a person's hands, or before its time."""
    from gateway.operations.cases import resume_case as run

    session.show(session.ask(run, case, because=because, by=session.person()), _standing)


@group.command("hand-over")
@with_session
def hand_over(session: Session, case: CaseArgument, because: BecauseOption = "") -> None:
    """Take a case into your own hands; the gateway only sees when the order ends."""
    from gateway.operations.cases import hand_over_case as run

    session.show(session.ask(run, case, because=because, by=session.person()), _standing)


@group.command("stop")
@with_session
def stop(session: Session, case: CaseArgument, because: BecauseOption = "") -> None:
    """End a case without an effect; the order goes on as it is."""
    from gateway.operations.cases import stop_case as run

    session.show(session.ask(run, case, because=because, by=session.person()), _standing)


def _cases(found: list[ListedCase]) -> RenderableType:
    rows = (
        (
            each.case.id,
            each.case.store,
            each.case.order_id,
            each.case.reason,
            each.case.outcome or each.case.state,
            each.case.step,
            each.case.waits_for or "-",
            each.case.due_at,
            f"{each.case.act_by}, passed" if each.late else each.case.act_by,
            each.cost,
        )
        for each in found
    )
    columns = ("case", "store", "order", "reason", "", "step", "waits for", "looks again", "act by", "cost")
    return table("", columns, rows, empty="No case is open.")


def _page(found: ShownCase) -> RenderableType:
    case = found.case
    effects = "; ".join(f"{each.act.operation}: {each.state}" for each in found.effects)
    facts: list[tuple[str, object]] = [
        ("case", case.id),
        ("order", f"{case.order_id} of {case.store}"),
        ("true reason", case.reason if case.batch_size == 1 else f"{case.reason}, {case.batch_size} orders together"),
        ("opened", f"{case.opened_at} by {case.opened_by} ({case.via})"),
        ("state", case.state if case.outcome is None else f"{case.state}: {case.outcome}"),
        ("stage", case.stage),
        ("step", case.step and f"{case.step} (path {case.path})"),
        ("waits for", case.waits_for),
        ("why", case.because),
        ("looks again", case.due_at),
        ("act by", case.act_by),
        ("costs", found.cost),
        ("calls", effects),
        ("open tasks", ", ".join(f"{each.kind} {each.id}" for each in found.tasks if each.state == "open")),
        ("asks for a yes", ", ".join(each.id for each in found.approvals if each.state == "asked")),
    ]
    return table("", ("", "case"), ((name, value) for name, value in facts if value), empty="")


def _timeline(found: ShownCase) -> RenderableType:
    rows = ((line.at, line.what, line.by, words_of(line)) for line in found.history)
    return table("Timeline", ("at", "", "by", ""), rows, empty="Nothing has happened yet.")


def words_of(line: HistoryLine) -> str:
    """Return in words what a line of a timeline tells."""
    told = line.details
    parts = [str(told[name]) for name in ("why", "reason", "kind", "state", "done", "how") if told.get(name)]
    if line.what == "turn" and "action" in told:
        cost = told["cost"]
        parts = [
            f"{told['action']} by {told['performed_by']}, path {told['path']}, {cost['amount']} {cost['currency']}"
        ]
    if line.what == "effect":
        parts = [f"{told['operation']}: {told['state']}"]
    waits = told.get("waits_for")
    parts += [
        *([str(told["because"])] if told.get("because") else []),
        *([f"[{', '.join(told['rules'])}]"] if told.get("rules") else []),
        *([f"waits for {waits}{_until(told)}"] if waits else []),
    ]
    return ". ".join(part.rstrip(".") for part in parts)


def _until(told: Any) -> str:
    return f" until {told['due_at']}" if told.get("due_at") else ""


def _standing(case: Case) -> str:
    state = f"{case.state}: {case.outcome}" if case.outcome else case.state
    return f"Case {case.id} of order {case.order_id} is {state}. `gateway cases show {case.id}` tells all of it."

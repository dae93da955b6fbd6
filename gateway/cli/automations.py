"""``gateway automations``: what the gateway does by itself, tried on history before it is switched on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.order_filters import TIMES
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.cases.automation_file import Automation
    from gateway.cases.automations import ActDone, Switch
    from gateway.operations.automations import DryRun, ListedAutomation

group = typer.Typer(
    help="What the gateway does by itself: automations.yaml, tried on history before it is switched on.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(metavar="AUTOMATION", help="Its name in automations.yaml.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="automations")


@group.command("list")
@with_session
def list_(session: Session) -> None:
    """List the automations of the file, and whether they are on."""
    from gateway.operations.automations import list_automations as run

    session.show(session.run(run, Access.read), _listed)


@group.command("check")
@with_session
def check(session: Session) -> None:
    """Check automations.yaml; a mistake is told with its line and key."""
    from gateway.operations.automations import check_automations as run

    session.show(session.run(run, Access.read), _checked)


@group.command("dry-run")
@with_session
def dry_run(
    session: Session,
    since: Annotated[
        datetime, typer.Option("--since", formats=TIMES, metavar="TIME", help="From when on (UTC unless it says).")
    ],
    automation: Annotated[
        str | None, typer.Argument(metavar="[AUTOMATION]", help="Only this one.", show_default=False)
    ] = None,
) -> None:
    """Show what automations would have done since then: to which orders, at which cost, what the limits had held.

    It reads what is stored and asks no platform. An automation can be switched on once exactly its text was tried.
    """
    from gateway.operations.automations import try_automations as run

    begun = since.replace(tzinfo=UTC) if since.tzinfo is None else since
    session.show(session.ask(run, begun, automation=automation, by=session.person()), _acts_would, _sums)


@group.command("enable")
@with_session
def enable(session: Session, automation: NameArgument) -> None:
    """Switch an automation on; refused until exactly its text was tried with `dry-run`."""
    from gateway.operations.automations import enable_automation as run

    session.show(session.ask(run, automation, by=session.person()), _switched)


@group.command("disable")
@with_session
def disable(session: Session, automation: NameArgument) -> None:
    """Switch an automation off at once."""
    from gateway.operations.automations import disable_automation as run

    session.show(session.ask(run, automation, by=session.person()), _switched)


@group.command("acts")
@with_session
def acts(
    session: Session,
    automation: Annotated[str | None, typer.Option("--automation", metavar="NAME", help="Only of this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 100,
) -> None:
    """List what automations did, the newest first."""
    from gateway.operations.automations import list_acts as run

    found = session.run(lambda context: run(context, automation=automation, limit=limit), Access.read)
    session.show(found, _acts)


def _listed(found: list[ListedAutomation]) -> RenderableType:
    rows = (
        (
            each.automation.name,
            each.state,
            each.automation.when,
            each.automation.do,
            ", ".join(each.automation.stores),
            f"{each.automation.limits.per_hour}/h, {each.automation.limits.per_day}/day",
            each.acted_today,
        )
        for each in found
    )
    columns = ("automation", "", "when", "does", "stores", "at most", "last day")
    return table("", columns, rows, empty="There is no automations.yaml in the data folder, or it is empty.")


def _checked(found: list[Automation]) -> str:
    return f"{len(found)} automations, all of them right."


def _acts_would(found: DryRun) -> RenderableType:
    rows = (
        (each.at, each.automation, each.act, each.result, each.store, each.order_id, each.cost, each.because)
        for each in found.acts
    )
    columns = ("at", "automation", "act", "", "store", "order", "cost", "why")
    return table("", columns, rows, empty="Nothing would have been done.")


def _sums(found: DryRun) -> str:
    lines = [f"{found.left_out} more are not shown."] if found.left_out else []
    for name in found.tried:
        counts = ", ".join(f"{count} {result}" for result, count in found.counts[name].items()) or "nothing"
        costs = ", ".join(f"{amount} {currency}" for currency, amount in found.costs[name].items()) or "nothing"
        lines.append(f"{name}: {counts}; {found.not_meant[name]} did not meet its conditions; expected cost {costs}.")
    return "\n".join(lines)


def _switched(switch: Switch) -> str:
    return f"Automation {switch.automation} is {'on' if switch.enabled else 'off'}."


def _acts(found: list[ActDone]) -> RenderableType:
    rows = (
        (each.at, each.automation, each.act, each.result, each.store, each.order_id, each.subject) for each in found
    )
    columns = ("at", "automation", "act", "", "store", "order", "about")
    return table("", columns, rows, empty="No automation has done anything.")

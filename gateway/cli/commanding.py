"""How an act a person orders is asked for and shown, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.effects import exit_of
from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.commanding import Commanded

RequestArgument = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request's id, or the number of an order with one open request.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what the rules think of it.")]
YesOption = Annotated[bool, typer.Option("--yes", help="You agree to it, where a person must.")]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="NAME=VALUE", help="What the platform asks for besides; may repeat."),
]


def named_values(given: list[str] | None) -> dict[str, str]:
    """Return what ``--with`` brought. Wrong usage when it is no NAME=VALUE, or a name comes twice."""
    values: dict[str, str] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not name or not equals or name in values:
            raise typer.BadParameter(f"{name or each!r}: write NAME=VALUE, each name once.", param_hint="--with")
        values[name] = value
    return values


def show_commanded(session: Session, result: Commanded) -> None:
    """Print what became of an act; anything but done ends with its exit code."""
    session.show(result, _facts, _options, _reasons, _choices)
    if (code := exit_of(result.outcome)) is not Exit.ok:
        raise typer.Exit(code)


def _facts(result: Commanded) -> RenderableType:
    cost = None if result.cost is None else " ".join(result.cost["total"].values())
    facts: list[tuple[str, object]] = [
        ("order", f"{result.order_id} of {result.store}{f', {result.phase}' if result.phase else ''}"),
        ("request", result.request_id),
        ("act", result.operation),
        ("path", result.path),
        ("cost", cost),
        ("rules", ", ".join(result.rules)),
        ("needs a yes", ", ".join(result.needs)),
        ("vouched for", ", ".join(result.attested)),
        ("assumed", ", ".join(result.defaulted)),
        *(("", words) for words in result.advice),
        ("outcome", result.outcome),
        ("", result.words),
    ]
    return table("", ("", "what you ordered"), ((name, value) for name, value in facts if value), empty="")


def _options(result: Commanded) -> RenderableType | None:
    if result.decision is None or not result.needs:
        return None
    rows = (
        (
            option["path"],
            option["allowed"],
            "-" if option["cost"] is None else " ".join(option["cost"]["total"].values()),
            ", ".join(option["because"]),
        )
        for option in result.decision["options"]
    )
    return table("What the rules would choose from", ("path", "allowed", "cost", "rules"), rows, empty="")


def _reasons(result: Commanded) -> RenderableType | None:
    if result.reasons is None:
        return None
    rows = (
        (
            reason.reason_id,
            reason.title,
            "\n".join(
                f"{asked.name}{'' if asked.required else ' (if you like)'}: {asked.title}" for asked in reason.asks
            ),
        )
        for reason in result.reasons
    )
    return table("Reasons the platform takes", ("--reason", "it says", "--with"), rows, empty="None.")


def _choices(result: Commanded) -> RenderableType | None:
    if result.choices is None:
        return None
    rows: list[tuple[object, ...]] = [("--package", each, "") for each in result.choices.packages]
    for way in result.choices.ways:
        needs = f"needs {', '.join(way.needs)}" if way.needs else "needs nothing more"
        rows.append((way.kind, needs, ""))
        for place in way.places:
            rows.append(("--pickup", place.address_id, f"{place.title}{', usual' if place.usual else ''}"))
            rows += [("--slot", slot_id, words) for slot_id, words in place.slots]
        rows += [("--with", f"branch_id={each}", "") for each in way.branches]
    return table("What you can choose", ("", "", ""), rows, empty="Nothing.")

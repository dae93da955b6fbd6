"""``gateway doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.doctor import Finding


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


@with_session
def doctor(session: Session) -> None:
    """Check configuration, key, database, clock, reachability and packages, and say what to do."""
    from gateway.operations.context import DataFolder
    from gateway.operations.doctor import examine

    session.log()
    findings = session.run_plain(examine(DataFolder(session.data), session.open_to_read))
    session.show(findings, _findings)
    if any(each.state == "fail" for each in findings):
        raise typer.Exit(Exit.configuration)


def _findings(findings: list[Finding]) -> RenderableType:
    rows = ((each.check, each.state, each.found, each.do) for each in findings)
    return table("", ("check", "", "found", "what to do"), rows, empty="")

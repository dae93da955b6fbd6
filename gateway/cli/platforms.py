"""``gateway platforms``: what each platform offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gateway.ports import Manifest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("platforms")(platforms)


@with_session
def platforms(
    session: Session,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table of the README.")] = False,
) -> None:
    """Show which operation which platform offers: by API, by hand in its console, or not at all. Needs no folder."""
    from gateway.operations.platforms import manifests, matrix_markdown

    told = manifests()
    if markdown:
        typer.echo(matrix_markdown(told), nl=False)
        return
    session.show({each.platform: each.capabilities for each in told}, lambda _: _table(told))


def _table(told: Sequence[Manifest]) -> RenderableType:
    from gateway.operations.platforms import matrix

    return table("", ("operation", *(each.title for each in told)), matrix(told), empty="No platform is installed.")

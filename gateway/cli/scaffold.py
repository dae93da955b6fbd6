"""``gateway new-platform``: the skeleton of one more platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from gateway.operations.scaffold import Rendered


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new-platform")(new_platform)


@with_session
def new_platform(
    session: Session,
    name: Annotated[str, typer.Argument(help="The platform's id in snake_case, like tiktok_shop.")],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="A checkout of Order Gateway.", show_default="here")
    ] = Path(),
) -> None:
    """Render a platform that works at once, to be replaced piece by piece: adapter, simulator, contract test.

    For developers, in a checkout. It registers the platform too. Nothing that is there is overwritten. Needs no data
    folder.
    """
    from gateway.operations.scaffold import new_platform as render

    session.show(render(name, into), _made)


def _made(made: Rendered) -> str:
    adapter, _, contract, simulator_tests = made.folders
    return "\n".join(
        [
            f"{made.files} files of an invented platform, {made.platform}:",
            *(f"  {folder}/" for folder in made.folders),
            f"One line each in {' and '.join(made.registered)} registers it.",
            "",
            "It works as it is:",
            f"  pytest {contract} {simulator_tests}",
            f"  gateway-mocks --base-port 0 --platforms {made.platform}",
            "",
            f"Now make it true, file by file: {adapter}/README.md, and CONTRIBUTING.md, “Add a platform”. At the end",
            "the table of `gateway platforms --markdown` goes into both READMEs.",
        ]
    )

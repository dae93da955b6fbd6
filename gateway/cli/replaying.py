"""``gateway rules replay``: recorded decisions made again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.order_filters import TIMES
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.replaying import Replayed


@with_session
def replay(
    session: Session,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", formats=TIMES, metavar="TIME", help="Only what was decided from then on.", show_default=False
        ),
    ] = None,
    order: Annotated[str | None, typer.Option("--order", metavar="ORDER", help="Only decisions about it.")] = None,
) -> None:
    """Make recorded decisions again, with the rule files each was made with; exit code 1 when one differs."""
    from gateway.operations.replaying import replay as run

    start = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
    replayed = session.run(lambda context: run(context, since=start, order=order), Access.read)
    session.show(replayed, _counts, _first)
    if replayed.different:
        raise typer.Exit(Exit.failed)


def _counts(replayed: Replayed) -> RenderableType:
    rows = [
        ("the same, byte for byte", replayed.same),
        ("different", replayed.different),
        ("rule files not kept, this release has others", replayed.without_files),
        ("rule sets", ", ".join(replayed.rule_sets) or "none"),
    ]
    return table("Decisions made again", ("", ""), rows, empty="")


def _first(replayed: Replayed) -> RenderableType | None:
    first = replayed.first
    if first is None:
        return None
    rows = [
        ("decision", first.decision),
        ("order", f"{first.order_id} of {first.store}"),
        ("decided", first.at),
        ("rule set", first.rule_set),
        ("place", first.place),
        ("recorded", first.recorded),
        ("now", first.now),
    ]
    return table("The first that differs", ("", ""), rows, empty="")

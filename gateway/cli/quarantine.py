"""``gateway quarantine list / retry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.cli.syncing import show_synced

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.orders.quarantine import Quarantined

group = typer.Typer(help="What arrived and could not be understood.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="quarantine")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")] = None,
) -> None:
    """List what waits, with the field that could not be read."""
    from gateway.operations.quarantine import list_quarantine

    session.show(session.run(lambda context: list_quarantine(context, store), Access.read), _waiting)


@group.command("retry")
@with_session
def retry(
    session: Session,
    store: Annotated[
        list[str] | None, typer.Option("--store", metavar="STORE", help="Only this store; may repeat.")
    ] = None,
) -> None:
    """Read what waits anew; a newer version of the gateway may understand it."""
    from gateway.operations.quarantine import retry_quarantine

    show_synced(session, session.ask(retry_quarantine, store or ()))


def _waiting(waiting: list[Quarantined]) -> RenderableType:
    rows = ((each.store, each.stream, each.external_id, each.attempts, each.first_at, each.reason) for each in waiting)
    return table("", ("store", "what", "id", "tries", "since", "reason"), rows, empty="Nothing is in quarantine.")

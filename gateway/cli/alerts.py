"""``gateway alerts`` and ``gateway gaps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.orders.alerts import Alert
    from gateway.sync.gaps import Gap

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("alerts")(alerts)
    app.command("gaps")(gaps)


@with_session
def alerts(session: Session, store: StoreOption = None) -> None:
    """List words of the platforms that this version does not know: statuses, reasons, kinds.

    What carries one is kept as the platform told it, shown as `unknown`, and never taken for a success.
    """
    from gateway.operations.alerts import list_alerts

    session.show(session.run(lambda context: list_alerts(context, store), Access.read), _alerts)


@with_session
def gaps(
    session: Session,
    store: StoreOption = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = 100,
) -> None:
    """List changes that had been missed and that a second look found, the latest first.

    They have been read since. Many of them mean that the platform lists changes late: raise `sync.overlap`.
    """
    from gateway.operations.alerts import list_gaps

    session.show(session.run(lambda context: list_gaps(context, store, limit), Access.read), _gaps)


def _alerts(found: list[Alert]) -> RenderableType:
    rows = (
        (each.store, each.place, each.word, each.times, each.example, each.first_at, each.last_at) for each in found
    )
    columns = ("store", "field", "word", "times", "for example", "first", "last")
    return table("", columns, rows, empty="Every word the platforms sent is known.")


def _gaps(found: list[Gap]) -> RenderableType:
    rows = ((each.store, each.stream, each.external_id, each.updated_at, each.found_at) for each in found)
    columns = ("store", "what", "id", "changed", "found")
    return table("", columns, rows, empty="No change was missed, as far as second looks have shown.")

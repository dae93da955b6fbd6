"""``gateway today``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.today import Today


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("today")(today)


@with_session
def today(
    session: Session,
    store: Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
) -> None:
    """Show what is due: requests to answer, orders to ship, evidence, open effects, quarantine; most urgent first."""
    from gateway.operations.today import today as run

    found = session.run(lambda context: run(context, store=store, limit=limit), Access.read)
    session.show(found, _due, _stores, _more)


def _due(found: Today) -> RenderableType:
    rows = (
        (
            each.by or "now",
            "late" if each.passed else "",
            each.kind,
            each.store,
            each.order_id or each.subject,
            each.words,
        )
        for each in found.due
    )
    return table("", ("by", "", "what", "store", "order", "how"), rows, empty="Nothing is due.")


def _stores(found: Today) -> RenderableType | None:
    rows = (
        (day.store, ", ".join(f"{count} {kind}" for kind, count in day.waiting.items()) or "nothing", day.passed or "")
        for day in found.stores
    )
    return table("", ("store", "waiting", "late"), rows, empty="") if found.stores else None


def _more(found: Today) -> str | None:
    left = found.in_all - len(found.due)
    return f"{left} more: --limit shows them." if left else None

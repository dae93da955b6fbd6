"""``gateway orders list / export / show``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import suspects
from gateway.cli.options import OrderArgument, StoreOption
from gateway.cli.order_filters import Filters, with_filters
from gateway.cli.order_page import order_parts
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.model.money import to_major

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.erasing import Erased
    from gateway.operations.orders import OrderPage


class ListSort(StrEnum):
    """In which order a list is told."""

    placed = "placed"
    deadline = "deadline"


class ExportKind(StrEnum):
    """How exported orders are written."""

    csv = "csv"
    jsonl = "jsonl"


group = typer.Typer(help="The orders of every store, as last read.", no_args_is_help=True)

group.command("reveal")(suspects.reveal)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="orders")
    suspects.register(app)


@group.command("list")
@with_session
@with_filters
def list_(
    session: Session,
    filters: Filters,
    sort: Annotated[
        ListSort, typer.Option(help="The latest placed first, or the nearest deadline first.")
    ] = ListSort.placed,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="NEXT", help="Go on behind the last list.")] = None,
) -> None:
    """List orders: all, or those that meet everything given. Works beside a running gateway."""
    from gateway.operations.orders import list_orders

    query = filters.query(sort.value)
    page = session.run(lambda context: list_orders(context, query, limit=limit, after=after), Access.read)
    session.show(page, _orders, lambda shown: f"More: --after {shown.next}" if shown.next else None)
    _notes(session, page.notes)


@group.command("export")
@with_session
@with_filters
def export(
    session: Session,
    filters: Filters,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    kind: Annotated[ExportKind, typer.Option("--format", help="A table for spreadsheets, or JSON, one order a line.")],
    personal: Annotated[bool, typer.Option("--personal", help="Buyer, recipient and messages too.")] = False,
) -> None:
    """Write orders into a file: all, or those that meet everything given. Works beside a running gateway."""
    from gateway.operations.export_formats import ExportFormat
    from gateway.operations.exporting import export_orders

    query, format_ = filters.query(), ExportFormat(kind.value)
    done = session.run(
        lambda context: export_orders(context, file, query, format_=format_, personal=personal), Access.read
    )
    session.show(done, lambda made: f"{made.orders} orders in {made.file}.")
    if personal:
        session.say("The file names people: keep it no longer than needed, and where nobody else reads it.")
    _notes(session, done.notes)


@group.command("show")
@with_session
def show(
    session: Session,
    order: OrderArgument,
    store: StoreOption = None,
    personal: Annotated[bool, typer.Option("--personal", help="Show buyer, recipient and messages too.")] = False,
) -> None:
    """Show one order: facts, lines, packages, requests with deadlines, effects and history."""
    from gateway.operations.orders import show_order

    shown = session.run(lambda context: show_order(context, order, store=store, personal=personal), Access.read)
    session.show(shown, *order_parts())


@group.command("erase")
@with_session
def erase(
    session: Session,
    order: OrderArgument,
    store: StoreOption = None,
    because: Annotated[str, typer.Option("--because", help="Why, for the audit trail; without names.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone, and is to be done.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also while a case is open, or before the order's end.")
    ] = False,
) -> None:
    """Forget the person of an order for good: its own key goes. The order's facts stay."""
    from gateway.operations.erasing import erase_order as run

    done = session.ask(run, order, store=store, because=because, yes=yes, force=force, by=session.person())
    session.show(done, _erased)


def _erased(done: Erased) -> str:
    was = "had been forgotten before" if done.already else "is forgotten"
    lines = [f"The person of order {done.order_id} of store {done.store} {was}."]
    if done.files:
        numbers = ", ".join(str(each) for each in done.files)
        lines.append(f"Evidence {numbers}: the files stay, sealed, and nobody can open them any more.")
    if done.also:
        lines.append(f"Linked orders may hold the same person: {', '.join(done.also)}. Erase them too.")
    return "\n".join([*lines, done.words])


def _orders(page: OrderPage) -> RenderableType:
    rows = (
        (
            each.store,
            each.order_id,
            each.phase,
            each.raw_status,
            each.quantity,
            "-" if each.total_minor is None else f"{to_major(each.total_minor, each.currency)} {each.currency}",
            each.open_requests or "-",
            each.placed_at,
            each.due_at,
        )
        for each in page.orders
    )
    columns = ("store", "order", "phase", "platform says", "units", "total", "requests", "placed", "deadline")
    return table("", columns, rows, empty="No orders. `gateway sync` fetches them.")


def _notes(session: Session, notes: list[str]) -> None:
    for note in notes:
        session.say(f"gateway: {note}")

"""``gateway orders list``, ``gateway orders show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.order_page import order_parts
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.model.money import to_major
from gateway.model.order import Phase

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.orders import OrderPage

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")]

group = typer.Typer(help="The orders of every store, as last read.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="orders")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: StoreOption = None,
    phase: Annotated[Phase | None, typer.Option(help="Only orders that stand here.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="NEXT", help="Go on behind the last list.")] = None,
) -> None:
    """List orders, the latest placed first."""
    from gateway.operations.orders import list_orders

    page = session.run(
        lambda context: list_orders(context, store=store, phase=phase, limit=limit, after=after), Access.read
    )
    session.show(page, _orders, lambda shown: f"More: --after {shown.next}" if shown.next else None)


@group.command("show")
@with_session
def show(
    session: Session,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The platform's order number.")],
    store: Annotated[
        str | None, typer.Option("--store", metavar="STORE", help="Needed when several stores know the number.")
    ] = None,
    personal: Annotated[bool, typer.Option("--personal", help="Show buyer, recipient and messages too.")] = False,
) -> None:
    """Show one order: facts, lines, packages, requests with deadlines, effects and history."""
    from gateway.operations.orders import show_order

    shown = session.run(lambda context: show_order(context, order, store=store, personal=personal), Access.read)
    session.show(shown, *order_parts())


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
            each.ship_by,
        )
        for each in page.orders
    )
    columns = ("store", "order", "phase", "platform says", "units", "total", "requests", "placed", "ship by")
    return table("", columns, rows, empty="No orders. `gateway sync` fetches them.")

"""``gateway purchases link / unlink / import / discover / list``: which purchase supplies which sale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.model.money import to_major

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gateway.model.purchase import KnownLink
    from gateway.operations.purchases import Discovered
    from gateway.operations.upstream import Orphan

SaleArgument = Annotated[str, typer.Argument(metavar="SALE", help="The sale's order number.")]
PurchaseArgument = Annotated[str, typer.Argument(metavar="PURCHASE", help="The purchase's order number.")]
SaleLineOption = Annotated[str | None, typer.Option(metavar="LINE", help="Needed when the sale has several lines.")]
PurchaseLineOption = Annotated[
    str | None, typer.Option(metavar="LINE", help="Needed when the purchase has several lines.")
]
SaleStoreOption = Annotated[str | None, typer.Option(metavar="STORE", help="Needed when several stores know the sale.")]
PurchaseStoreOption = Annotated[
    str | None, typer.Option(metavar="STORE", help="Needed when several stores know the purchase.")
]

group = typer.Typer(help="Which purchase supplies which sale, line by line.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="purchases")


@group.command("link")
@with_session
def link(
    session: Session,
    sale: SaleArgument,
    purchase: PurchaseArgument,
    sale_line: SaleLineOption = None,
    purchase_line: PurchaseLineOption = None,
    sale_store: SaleStoreOption = None,
    purchase_store: PurchaseStoreOption = None,
    quantity: Annotated[
        int | None, typer.Option(min=1, help="Units of the sold line; without it, all that both lines have.")
    ] = None,
) -> None:
    """Say that a purchase supplies a sale. Said again, the new quantity counts."""
    from gateway.operations.purchases import link_purchase as run

    done = session.ask(
        run,
        sale,
        purchase,
        sale_line=sale_line,
        purchase_line=purchase_line,
        sale_store=sale_store,
        purchase_store=purchase_store,
        quantity=quantity,
        by=session.person(),
    )
    session.show(done, lambda made: links_table("", made.links))


@group.command("unlink")
@with_session
def unlink(
    session: Session,
    sale: SaleArgument,
    purchase: PurchaseArgument,
    sale_line: SaleLineOption = None,
    purchase_line: PurchaseLineOption = None,
    sale_store: SaleStoreOption = None,
    purchase_store: PurchaseStoreOption = None,
) -> None:
    """Say that a purchase does not supply a sale."""
    from gateway.operations.purchases import unlink_purchase as run

    done = session.ask(
        run,
        sale,
        purchase,
        sale_line=sale_line,
        purchase_line=purchase_line,
        sale_store=sale_store,
        purchase_store=purchase_store,
        by=session.person(),
    )
    session.show(done, lambda made: "The link is removed." if made.removed else "There was no such link.")


@group.command("import")
@with_session
def import_(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help="Columns: sale,purchase and sale_line, purchase_line, sale_store, purchase_store, quantity as needed.",
        ),
    ],
) -> None:
    """Link every line of a CSV file, or none when one is wrong."""
    from gateway.operations.purchases import import_links as run

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    imported = session.ask(run, file.name, text, by=session.person())
    session.show(imported, lambda done: f"{len(done.links)} links are on record.")


@group.command("discover")
@with_session
def discover(session: Session) -> None:
    """Link every purchase that was placed under a sale's number, as far as the lines are clear."""
    from gateway.operations.purchases import discover_purchases as run

    found = session.ask(run, by=session.person())
    session.show(found, lambda done: links_table("Linked now", done.links), _unclear)


@group.command("list")
@with_session
def list_(
    session: Session,
    order: Annotated[str | None, typer.Option(metavar="ORDER", help="Only of this order, sale or purchase.")] = None,
    store: Annotated[str | None, typer.Option(metavar="STORE", help="Only of this store's orders.")] = None,
    orphaned: Annotated[
        bool, typer.Option("--orphaned", help="Only purchases that live although their sales are over.")
    ] = False,
) -> None:
    """List which purchase supplies which sale, or the purchases that nobody needs any more."""
    from gateway.operations.purchases import list_links
    from gateway.operations.upstream import list_orphans

    if orphaned:
        if order is not None:
            raise typer.BadParameter("--orphaned lists whole stores; it does not go with --order.")
        alone = session.run(lambda context: list_orphans(context, store=store), Access.read)
        session.show(alone, _orphans)
        return
    found = session.run(lambda context: list_links(context, store=store, order=order), Access.read)
    session.show(found, lambda shown: links_table("", shown))


def _orphans(found: Sequence[Orphan]) -> RenderableType:
    rows = (
        (
            each.store,
            each.order_id,
            each.phase,
            "under way" if each.shipped else "not sent yet",
            "-" if each.total_minor is None else f"{to_major(each.total_minor, each.currency)} {each.currency}",
            ", ".join(each.sales),
        )
        for each in found
    )
    columns = ("bought by", "purchase", "phase", "", "paid", "its sales, all over")
    return table("", columns, rows, empty="No purchase is left over.")


def links_table(title: str, found: Sequence[KnownLink]) -> RenderableType:
    """Return the table of links."""
    rows = (
        (
            each.link.sale.store,
            each.link.sale.order_id,
            each.link.sale.line_id,
            each.link.quantity,
            each.link.purchase.store,
            each.link.purchase.order_id,
            each.link.purchase.line_id,
            f"{each.source} ({each.by})",
        )
        for each in found
    )
    columns = ("sold by", "sale", "line", "units", "bought by", "purchase", "line", "says")
    return table(title, columns, rows, empty="No links.")


def _unclear(found: Discovered) -> RenderableType | None:
    if not found.unclear:
        return None
    rows = ((each.store, each.order_id, each.sale, each.because) for each in found.unclear)
    return table("Not clear: link these by hand", ("bought by", "purchase", "sale", "why"), rows, empty="")

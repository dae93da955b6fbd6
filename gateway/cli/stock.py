"""``gateway stock list / set / import / read``: what is left, here and at the suppliers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OnlyStoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gateway.cases.stock import Kept
    from gateway.operations.stock import ListedStock, StockImported, StockRead

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Needed when several stores sell.")]

group = typer.Typer(help="What is left of each article, here and at the suppliers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="stock")


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    sku: Annotated[str | None, typer.Option("--sku", metavar="SKU", help="Only of this article.")] = None,
    low: Annotated[bool, typer.Option("--low", help="Only what is below the line.")] = False,
) -> None:
    """List what was last read or told of each article."""
    from gateway.operations.stock import list_stock

    found = session.run(lambda context: list_stock(context, store=store, sku=sku, low=low), Access.read)
    session.show(found, _levels)


@group.command("set")
@with_session
def set_(
    session: Session,
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The article, as the shop calls it.")],
    quantity: Annotated[int, typer.Argument(metavar="UNITS", min=0, help="How many are left; 0 for none.")],
    supplier: Annotated[
        str, typer.Option("--supplier", metavar="SUPPLIER", help="Left at this supplier, not here.")
    ] = "",
    store: StoreOption = None,
) -> None:
    """Say how many units are left. Nothing is changed on the platform."""
    from gateway.operations.stock import set_stock as run

    kept = session.ask(run, sku, quantity, store=store, supplier=supplier, by=session.person())
    session.show(kept, _said, lambda done: _affected([done]))


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
            help="Columns: sku,quantity and store, supplier, article as needed.",
        ),
    ],
    store: Annotated[str | None, typer.Option("--store", metavar="STORE", help="For lines that name no store.")] = None,
) -> None:
    """Take every line of a CSV file, or none when one is wrong."""
    from gateway.operations.stock import import_stock as run

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    imported = session.ask(run, file.name, text, store=store, by=session.person())
    session.show(imported, _imported, lambda done: _affected(done.levels))


@group.command("read")
@with_session
def read(session: Session, store: OnlyStoreOption = None) -> None:
    """Ask the platforms that tell stock for what was sold of late; a running gateway does so twice a day."""
    from gateway.operations.stock import read_stock as run

    session.show(session.ask(run, store=store, by=session.person()), _read)


def _levels(found: list[ListedStock]) -> RenderableType:
    rows = (
        (
            each.level.store,
            each.level.sku,
            each.level.supplier or "own",
            each.article,
            each.level.quantity,
            "low" if each.level.low else "",
            f"{each.level.source} ({each.level.by})",
            each.level.at,
        )
        for each in found
    )
    columns = ("store", "SKU", "at", "supplier's article", "units", "", "says", "when")
    return table("", columns, rows, empty="No stock is on record.")


def _said(kept: Kept) -> str:
    level = kept.level
    where = f"at supplier {level.supplier}" if level.supplier else f"in {level.store}"
    low = " That is below the line." if level.low else ""
    return f"Of {level.sku} there are {level.quantity} units {where} now.{low}"


def _imported(done: StockImported) -> str:
    low = sum(each.fell for each in done.levels)
    return f"{len(done.levels)} levels are on record, {low} fell below the line; {done.articles} articles were named."


def _affected(found: Sequence[Kept]) -> RenderableType | None:
    rows = [
        (order.store, order.order_id, each.level.sku, order.phase, order.units, order.covered, order.ship_by)
        for each in found
        for order in each.affected
    ]
    if not rows:
        return None
    columns = ("store", "order", "SKU", "phase", "units", "bought", "ship by")
    return table("Open orders that want what ran out", columns, rows, empty="")


def _read(found: list[StockRead]) -> RenderableType:
    rows = (
        (each.store, each.read, ", ".join(each.fell) or "-", ", ".join(each.unknown) or "-", each.because)
        for each in found
    )
    columns = ("store", "read", "fell below the line", "not known there", "why not")
    return table("", columns, rows, empty="No store sells here.")

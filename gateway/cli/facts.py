"""``gateway facts set / import / list``: what no platform tells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session
from gateway.model.attested import FactName

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.facts import ListedFact

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="For this store.")]
OrderOption = Annotated[str | None, typer.Option("--order", metavar="ORDER", help="For this order.")]
SkuOption = Annotated[str | None, typer.Option("--sku", metavar="SKU", help="For this SKU, within --order if given.")]

group = typer.Typer(
    help="Facts no platform tells, as people vouch for them: costs, stock, intercepted parcels.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="facts")


@group.command("set")
@with_session
def set_(
    session: Session,
    name: Annotated[FactName, typer.Argument(metavar="NAME", help=f"One of {', '.join(FactName)}.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Costs like 12.50, in the store's currency.")],
    order: OrderOption = None,
    sku: SkuOption = None,
    store: StoreOption = None,
) -> None:
    """Vouch for a fact. A newer word counts before an older one, and a narrower subject before a wider one."""
    from gateway.operations.facts import set_fact as run

    fact = session.ask(run, name, value, store=store, order=order, sku=sku, by=session.person())
    session.show(fact, lambda said: f"{said.name} is {said.value} now, for {_subject(said)}.")


@group.command("import")
@with_session
def import_(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv", exists=True, dir_okay=False, help="Columns: name,value and store, order, sku as needed."
        ),
    ],
    store: Annotated[
        str | None, typer.Option("--store", metavar="STORE", help="For lines that name neither store nor order.")
    ] = None,
) -> None:
    """Vouch for every line of a CSV file, or for none when one is wrong."""
    from gateway.operations.facts import import_facts as run

    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    imported = session.ask(run, file.name, text, store=store, by=session.person())
    session.show(imported, lambda done: f"{len(done.facts)} facts are on record.")


@group.command("list")
@with_session
def list_(
    session: Session,
    name: Annotated[FactName | None, typer.Option(help="Only this fact.", show_default=False)] = None,
    order: OrderOption = None,
    sku: SkuOption = None,
    store: StoreOption = None,
    replaced: Annotated[bool, typer.Option("--all", help="Also what a newer word replaced.")] = False,
) -> None:
    """List what people vouched for, the newest first."""
    from gateway.operations.facts import list_facts

    found = session.run(
        lambda context: list_facts(context, store=store, order=order, sku=sku, name=name, replaced=replaced),
        Access.read,
    )
    session.show(found, _facts)


def _facts(found: list[ListedFact]) -> RenderableType:
    rows = (
        (
            each.fact.name,
            each.fact.value,
            each.fact.store,
            each.fact.order_id,
            each.fact.sku,
            each.fact.by,
            each.fact.at,
            "" if each.in_force else "replaced",
        )
        for each in found
    )
    columns = ("fact", "value", "store", "order", "sku", "by", "at", "")
    return table("", columns, rows, empty="Nobody has vouched for anything like this.")


def _subject(fact: object) -> str:
    named = {what: getattr(fact, field) for what, field in (("SKU", "sku"), ("order", "order_id"), ("store", "store"))}
    return ", ".join(f"{what} {value}" for what, value in named.items() if value is not None)

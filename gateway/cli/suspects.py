"""``gateway suspects list / clear`` and ``gateway orders reveal``: orders held back, and what a person finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OrderArgument
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.suspects import Revealed
    from gateway.orders.suspects import RaisedSign

StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Only this store.")]
_SIGNS = ("incomplete_address", "phone_digits", "repeated", "listed_buyer")

group = typer.Typer(help="Orders held back from shipment, and why.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="suspects")


@group.command("list")
@with_session
def list_(session: Session, store: StoreOption = None) -> None:
    """List the orders that are held back: each sign, its rule, since when."""
    from gateway.operations.suspects import list_suspects as run

    session.show(session.run(lambda context: run(context, store), Access.read), _signs)


@group.command("clear")
@with_session
def clear(
    session: Session,
    order: OrderArgument,
    sign: Annotated[
        list[str] | None,
        typer.Option("--sign", metavar="SIGN", help=f"Only this sign: {', '.join(_SIGNS)}; may repeat."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Say that the signs on an order mean nothing: it may be shipped, and they are not raised on it again."""
    from gateway.operations.suspects import clear_suspect as run
    from gateway.orders.suspects import Sign

    for each in sign or ():
        if each not in _SIGNS:
            raise typer.BadParameter(f"--sign {each}: use one of {', '.join(_SIGNS)}.")
    signs = [Sign(each) for each in sign or ()]
    lifted = session.ask(run, order, by=session.person(), store=store, signs=signs)
    words = ", ".join(each.words for each in lifted)
    session.show(lifted, lambda _: f"Order {order} is not held back for this any more: {words}.")


@with_session
def reveal(
    session: Session,
    order: OrderArgument,
    field: Annotated[
        list[str], typer.Option("--field", metavar="FIELD", help="What to open: phone, name, full_address; may repeat.")
    ],
    store: StoreOption = None,
) -> None:
    """Have the platform open a sealed recipient, and show it to you. The platform counts each field; it is audited."""
    from gateway.operations.suspects import reveal_recipient as run

    session.show(session.ask(run, order, field, by=session.person(), store=store), _opened, _held)


def _signs(standing: list[RaisedSign]) -> RenderableType:
    rows = ((each.store, each.order_id, each.sign.value, each.words, each.at) for each in standing)
    return table("", ("store", "order", "sign", "why", "since"), rows, empty="No order is held back.")


def _opened(revealed: Revealed) -> RenderableType:
    return table(f"Recipient of {revealed.order_id}", ("", ""), revealed.fields.items(), empty="")


def _held(revealed: Revealed) -> RenderableType | None:
    return f"Held back: {'; '.join(revealed.signs)}." if revealed.signs else None

"""``gateway buyers list / mark / clear`` and ``gateway reasons``: who orders in bad faith, and why orders ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import OnlyStoreOption, StoreOption
from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.buyers import BuyerList, Marked
    from gateway.operations.reasons import Reasons

MARKS = ("malicious", "refunds", "reviews")

OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="An order of that buyer.")]
MarkArgument = Annotated[str, typer.Argument(metavar="MARK", help=f"One of {', '.join(MARKS)}.")]

group = typer.Typer(help="Buyers who order or give back in bad faith.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="buyers")
    app.command("reasons")(reasons)


@group.command("list")
@with_session
def list_(
    session: Session,
    store: OnlyStoreOption = None,
    days: Annotated[int, typer.Option("--days", min=1, help="The span in which refunds count.")] = 30,
) -> None:
    """List the marks that stand, and the buyers with the most refunds. Nobody is named."""
    from gateway.operations.buyers import list_buyers

    found = session.run(lambda context: list_buyers(context, store=store, days=days), Access.read)
    session.show(found, _marked, _top)


@group.command("mark")
@with_session
def mark(session: Session, order: OrderArgument, why: MarkArgument, store: StoreOption = None) -> None:
    """Put the buyer of an order on the list."""
    from gateway.cases.buyers import BuyerMark
    from gateway.operations.buyers import mark_buyer_of as run

    _check(why)
    session.show(session.ask(run, order, BuyerMark(why), store=store, by=session.person()), _said)


@group.command("clear")
@with_session
def clear(session: Session, order: OrderArgument, why: MarkArgument, store: StoreOption = None) -> None:
    """Take the buyer of an order off the list."""
    from gateway.cases.buyers import BuyerMark
    from gateway.operations.buyers import clear_buyer_of as run

    _check(why)
    session.show(session.ask(run, order, BuyerMark(why), store=store, by=session.person()), _said)


@with_session
def reasons(
    session: Session,
    store: OnlyStoreOption = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], metavar="DATE", help="From this day (UTC) on. Else 30 days."),
    ] = None,
) -> None:
    """Count why orders ended: the true reasons of our own cases first, else what the platform tells."""
    from gateway.operations.reasons import count_reasons

    start = None if since is None else since.replace(tzinfo=UTC)
    session.show(session.run(lambda context: count_reasons(context, store=store, since=start), Access.read), _reasons)


def _check(why: str) -> None:
    if why not in MARKS:
        raise typer.BadParameter(f"MARK is one of {', '.join(MARKS)}, not {why}.")


def _marked(found: BuyerList) -> RenderableType:
    rows = (
        (each.store, each.buyer, each.mark, each.times, ", ".join(each.orders), each.by, each.at)
        for each in found.marked
    )
    return table("", ("store", "buyer", "mark", "times", "orders", "by", "since"), rows, empty="Nobody is on the list.")


def _top(found: BuyerList) -> RenderableType:
    rows = (
        (
            each.store,
            each.buyer,
            each.refunds,
            f"{each.amount_minor} {each.currency}",
            ", ".join(each.orders),
            ", ".join(each.marks) or "-",
        )
        for each in found.top
    )
    title = f"Most refunds within {found.days} days"
    columns = ("store", "buyer", "refunds", "minor units", "orders", "marks")
    return table(title, columns, rows, empty=f"No refunds within {found.days} days.")


def _said(done: Marked) -> str:
    where = "is on the list" if done.raised else "is not on the list any more"
    return f"The buyer of order {done.order_id} {where} ({done.mark})."


def _reasons(found: Reasons) -> RenderableType:
    rows = (
        (each.store, each.reason, each.ended_by, each.orders, f"{each.share} %", each.cost_minor)
        for each in found.counts
    )
    columns = ("store", "reason", "ended by", "orders", "share", "expected cost, minor units")
    return table(f"Since {found.since.date()}", columns, rows, empty="No order ended in this time.")

"""``gateway accept``, ``gateway reject`` and ``gateway offer``: answers to what buyers ask for."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.commanding import (
    DryRunOption,
    RequestArgument,
    WithOption,
    YesOption,
    named_values,
    show_commanded,
)
from gateway.cli.options import StoreOption
from gateway.cli.session import Session, with_session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("accept")(accept)
    app.command("reject")(reject)
    app.command("offer")(offer)


@with_session
def accept(
    session: Session,
    request: RequestArgument,
    offer: Annotated[bool, typer.Option("--offer", help="Take the offer the buyer made in a return.")] = False,
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Grant what a buyer asks for: the cancellation, or the money back."""
    from gateway.operations.requests import accept_request as run

    by = session.person()
    show_commanded(session, session.ask(run, request, store=store, offer=offer, dry_run=dry_run, approved=yes, by=by))


@with_session
def reject(
    session: Session,
    request: RequestArgument,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", help="The platform's id of a reason; without it they are shown."),
    ] = None,
    more: WithOption = None,
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Reject what a buyer asks for. What that may cost is shown first; it is done with --yes only."""
    from gateway.operations.requests import reject_request as run

    values, by = named_values(more), session.person()
    result = session.ask(run, request, reason=reason, more=values, store=store, dry_run=dry_run, approved=yes, by=by)
    show_commanded(session, result)


@with_session
def offer(
    session: Session,
    request: RequestArgument,
    solution: Annotated[
        str,
        typer.Argument(metavar="refund|return_refund", help="refund: the buyer keeps the goods."),
    ],
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="Another amount, in the order's currency.")
    ] = None,
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Offer a buyer another end of a return."""
    from gateway.operations.requests import offer_solution as run

    by = session.person()
    result = session.ask(run, request, solution, amount=amount, store=store, dry_run=dry_run, approved=yes, by=by)
    show_commanded(session, result)

"""``gateway ship`` and ``gateway tracking set``."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.commanding import (
    DryRunOption,
    WithOption,
    YesOption,
    named_values,
    show_commanded,
)
from gateway.cli.options import OrderArgument, StoreOption
from gateway.cli.session import Session, with_session

PackageOption = Annotated[
    str | None, typer.Option("--package", metavar="PACKAGE", help="Which parcel, where there are several.")
]

group = typer.Typer(help="Tracking numbers of parcels under way.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ship")(ship)
    app.add_typer(group, name="tracking")


@with_session
def ship(  # noqa: PLR0913, PLR0917 - one argument for each option
    session: Session,
    order: OrderArgument,
    package: PackageOption = None,
    tracking: Annotated[
        str | None, typer.Option("--tracking", metavar="NUMBER", help="The number your own carrier gave.")
    ] = None,
    pickup: Annotated[
        str | None, typer.Option("--pickup", metavar="ADDRESS", help="The carrier fetches it from this address.")
    ] = None,
    slot: Annotated[str | None, typer.Option("--slot", metavar="SLOT", help="The time of the pickup.")] = None,
    dropoff: Annotated[bool, typer.Option("--dropoff", help="You bring it to the carrier.")] = False,
    more: WithOption = None,
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Arrange an order's shipment. What the platform leaves to choose is shown when it was not chosen."""
    from gateway.operations.shipping import Shipment
    from gateway.operations.shipping import ship as run

    if pickup is not None and dropoff:
        raise typer.BadParameter("--pickup and --dropoff exclude each other; give one.")
    if slot is not None and pickup is None:
        raise typer.BadParameter("--slot names a time at an address; give it with --pickup ADDRESS.")
    chosen = Shipment(package, tracking, pickup, slot, dropoff, named_values(more))
    show_commanded(
        session, session.ask(run, order, chosen, store=store, dry_run=dry_run, approved=yes, by=session.person())
    )


@group.command("set")
@with_session
def set_(
    session: Session,
    order: OrderArgument,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The tracking number.")],
    package: PackageOption = None,
    store: StoreOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Set or change the tracking number of a parcel under way, where the platform has a call for it."""
    from gateway.operations.shipping import set_tracking as run

    result = session.ask(
        run, order, number, store=store, package=package, dry_run=dry_run, approved=yes, by=session.person()
    )
    show_commanded(session, result)

"""``gateway demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.demo import DemoReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


@with_session
def demo(
    session: Session,
    orders: Annotated[int, typer.Option(min=1, metavar="N", help="How many orders to begin with.")] = 200,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Leave the simulator and the data.")] = False,
) -> None:
    """Play a short day of shops against a simulator, and compare its truth with the gateway's view.

    Keeps its things in a temporary folder unless --data or ORDER_GATEWAY_DATA names one.
    """
    from gateway.operations.demo import run  # the rest of the gateway comes with it

    session.log()
    done = session.run_plain(
        run(session.running, data=session.named_data, count=orders, keep=keep_running, say=session.narrate)
    )
    kept = (lambda shown: f"Left running: {shown.control_url}; data in {shown.data}") if keep_running else _nothing
    session.show(done, _deeds, _differences, kept, _numbers)
    if not done.ok:
        raise typer.Exit(Exit.failed)


def _nothing(_report: DemoReport) -> None:
    return None


def _deeds(report: DemoReport) -> RenderableType:
    rows = (
        (deed.order_id, deed.wanted, f"{deed.path}: {deed.action}", deed.cost, deed.outcome) for deed in report.deeds
    )
    return table("What was ended", ("order", "why", "how", "cost", "outcome"), rows, empty="Nothing was ended.")


def _differences(report: DemoReport) -> RenderableType | None:
    if not report.comparison.differences:
        return None
    rows = ((each.store, each.order_id, each.field, each.truth, each.gateway) for each in report.comparison.differences)
    return table("Where they differ", ("shop", "order", "field", "simulator", "gateway"), rows, empty="")


def _numbers(report: DemoReport) -> str:
    phases = ", ".join(f"{count} {phase}" for phase, count in sorted(report.by_phase.items()))
    compared = report.comparison
    return (
        f"{report.stores} stores, {report.orders} orders: {phases}\n"
        f"{len(report.deeds)} effects wanted, {report.applied} applied by the platform\n"
        f"compared: {compared.orders} orders, {compared.fields} fields\n"
        f"differences: {len(compared.differences)}"
    )

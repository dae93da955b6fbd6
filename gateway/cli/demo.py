"""``gateway demo``."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.demo_stories import story_table
from gateway.cli.exits import Exit
from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.operations.demo.run import DemoReport


_BECAME = {
    "processed": "acted on",
    "ignored": "naming nothing to read",
    "received": "waiting for another try",
    "failed": "given up as hints (pulling found what they told)",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


@with_session
def demo(
    session: Session,
    orders: Annotated[int, typer.Option(min=60, metavar="N", help="How many orders each platform begins with.")] = 130,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave the simulator up at the end, until Ctrl-C.")
    ] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Only the day, without the ten stories.")] = False,
) -> None:
    """Play a short shop day and ten orders' ways to their end against simulators, and compare their truth.

    Keeps its things in a temporary folder unless --data or ORDER_GATEWAY_DATA names one.
    """
    from gateway.operations.demo.run import run

    session.log()

    async def afterwards(report: DemoReport) -> None:
        _show(session, report)
        if keep_running:
            await _stay(session, report)

    report = session.run_plain(
        run(
            session.running,
            data=session.named_data,
            count=orders,
            say=session.say,
            afterwards=afterwards,
            tell_stories=not brief,
        )
    )
    if not report.ok:
        raise typer.Exit(Exit.failed)


def _show(session: Session, report: DemoReport) -> None:
    session.show(
        report,
        _deeds,
        *(partial(_story, number) for number in range(len(report.stories))),
        _paths,
        _phases,
        _differences,
    )
    if not session.json:
        if report.paths:
            print("See it yourself with --keep-running, without and with the one fact changed:")
            for each in report.paths:
                print(f"  {each.command} {each.change}")
        compared = report.comparison
        print(f"compared {compared.orders} orders, {compared.fields} fields with the simulators' own books")
        pushes = ", ".join(f"{number} {_BECAME[state]}" for state, number in sorted(report.pushes.items()))
        print(f"pushes: {pushes}; {report.forged_refused} forged, refused unseen")
        print(f"purchases linked to sales by their numbers: {report.links} lines")
        ended = sum(each.ended for each in report.stories)
        print(f"stories: {ended} of {len(report.stories)} came to their end")
        for story in report.stories:
            if story.trouble:
                print(f"  {story.name}: {story.trouble}")
        print(f"effects: {report.intended} intended, {report.applied} applied")
        print(f"differences: {len(compared.differences)}", flush=True)


async def _stay(session: Session, report: DemoReport) -> None:
    from gateway.operations.simulated import flow_again

    await flow_again(next(iter(report.control_urls.values())))
    command = f"gateway --data {report.data}"
    pages = ", ".join(f"{url}/" for url in report.control_urls.values())
    session.say(
        f"The simulators stay up until Ctrl-C. Their pages for a person: {pages}\n"
        f"In another terminal:\n  {command} orders list\n  {command} sync --once\n"
        f"  {command} resolve ORDER --reason out_of_stock --dry-run\n  {command} serve"
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _deeds(report: DemoReport) -> RenderableType:
    rows = [
        (deed.order_id, deed.store, deed.wanted, deed.action, deed.cost, ", ".join(deed.because), deed.outcome)
        for deed in report.deeds
    ]
    return table(
        "What was ended, and why", ["order", "store", "because", "act", "cost", "rules", "outcome"], rows, empty=""
    )


def _story(number: int, report: DemoReport) -> RenderableType:
    return story_table(report.stories[number])


def _paths(report: DemoReport) -> RenderableType:
    rows = [
        (
            f"{each.order_id}\n{each.store}",
            each.reason,
            f"{each.path}\n{each.action}",
            each.cost,
            ", ".join(each.because),
            f"{each.change}\n-> {each.path_then}",
        )
        for each in report.paths
    ]
    columns = ["order", "reason", "cheapest path", "cost", "rules", "another fact, another path"]
    return table("Five orders, five paths", columns, rows, empty="")


def _phases(report: DemoReport) -> RenderableType:
    rows = sorted(report.by_phase.items())
    return table(
        f"{report.orders} orders of {report.accounts} shops on four platforms",
        ["phase", "orders"],
        rows,
        empty="no orders",
    )


def _differences(report: DemoReport) -> RenderableType | None:
    found = report.comparison.differences
    if not found:
        return None
    rows = [(each.platform, each.store, each.order_id, each.field, each.truth, each.gateway) for each in found]
    return table("Differences", ["platform", "shop", "order", "field", "simulator", "gateway"], rows, empty="")

"""``gateway sync``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import exit_for_kind
from gateway.cli.output import table
from gateway.cli.session import Session, with_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from gateway.operations.syncing import Synced


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


@with_session
def sync(
    session: Session,
    once: Annotated[bool, typer.Option("--once", help="Pull what changed since the last time. The default.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"],
            metavar="TIME",
            help="Pull everything updated since then (2026-11-01 or 2026-11-01T08:00:00Z; UTC unless it says).",
        ),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Pull what changed, and read every open order anew, nearest deadline first.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Read the recent past once more too, and report what had been missed.")
    ] = False,
    store: Annotated[
        list[str] | None, typer.Option("--store", metavar="STORE", help="Only this store; may repeat.")
    ] = None,
) -> None:
    """Pull orders from the platforms once. `gateway serve` does it all the time."""
    from gateway.operations.syncing import sync_again, sync_now, sync_once, sync_since

    if once + now + again + (since is not None) > 1:
        raise typer.BadParameter("--once, --now, --again and --since exclude each other; give one.")
    chosen = store or ()
    if since is not None:
        instant = since.replace(tzinfo=UTC) if since.tzinfo is None else since
        done = session.ask(sync_since, instant, chosen)
    elif now:
        done = session.ask(sync_now, chosen)
    elif again:
        done = session.ask(sync_again, chosen)
    else:
        done = session.ask(sync_once, chosen)
    show_synced(session, done)


def show_synced(session: Session, done: Sequence[Synced]) -> None:
    """Print what pulls came to; one that failed gives the exit code."""
    session.show(done, _synced)
    failed = [each for each in done if each.report is None]
    if failed:
        raise typer.Exit(max(exit_for_kind(each.kind) for each in failed))


def _synced(done: Sequence[Synced]) -> RenderableType:
    rows = (
        (each.store, each.report.seen, each.report.changed, each.report.gaps, each.report.bad, "")
        if each.report is not None
        else (each.store, "-", "-", "-", "-", each.words)
        for each in done
    )
    return table(
        "",
        ("store", "read", "changed", "found late", "quarantined", "trouble"),
        rows,
        empty="No stores. Connect one with `gateway stores connect --app APP`.",
    )

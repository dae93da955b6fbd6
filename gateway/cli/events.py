"""``gateway events list / show / replay``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import table
from gateway.cli.session import Access, Session, with_session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.inbox.events import Event, EventState
    from gateway.operations.events import EventView

group = typer.Typer(help="What the platforms pushed, and what came of it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="events")


@group.command("list")
@with_session
def list_(
    session: Session,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Only these: received, processed, ignored or failed.")
    ] = None,
    store: Annotated[str | None, typer.Option(metavar="STORE", help="Only this store.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only this kind, as the platform calls it.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="ID", help="Only about this order or request.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
) -> None:
    """List pushes, the newest first."""
    from gateway.operations.events import list_events

    wanted = _state(state)
    found = session.run(
        lambda context: list_events(context, state=wanted, store=store, kind=kind, subject=subject, limit=limit),
        Access.read,
    )
    session.show(found, _events)


@group.command("show")
@with_session
def show(
    session: Session,
    number: Annotated[int, typer.Argument(metavar="EVENT", help="Its number, from the list.")],
    body: Annotated[bool, typer.Option("--body", help="Also what was sent; it may name a person.")] = False,
) -> None:
    """Show one push."""
    from gateway.operations.events import show_event

    session.show(session.run(lambda context: show_event(context, number, body=body), Access.read), _event)


@group.command("replay")
@with_session
def replay(
    session: Session,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[EVENT]...", help="Their numbers.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up.")] = False,
) -> None:
    """Act on pushes anew: the running gateway does it within seconds, or else the next one to run."""
    from gateway.operations.events import replay_events

    replayed = session.ask(replay_events, numbers or (), failed=failed, by=session.person())
    session.show(replayed, _events)


def _state(word: str | None) -> EventState | None:
    from gateway.inbox.events import EventState

    try:
        return None if word is None else EventState(word)
    except ValueError:
        raise typer.BadParameter(f"{word!r} is none of {', '.join(EventState)}.", param_hint="--state") from None


def _events(found: list[Event]) -> RenderableType:
    columns = ("event", "received", "app", "kind", "about", "store", "state", "tries", "reason")
    rows = (
        (
            each.id,
            each.received_at,
            each.app,
            each.kind or "",
            each.subject or "",
            each.store or "",
            each.state,
            each.attempts,
            each.reason,
        )
        for each in found
    )
    return table("", columns, rows, empty="No pushes like this.")


def _event(view: EventView) -> RenderableType:
    event = view.event
    facts = [
        ("event", event.id),
        ("app", f"{event.app} ({event.platform})"),
        ("came", f"{event.received_at:%Y-%m-%d %H:%M:%S} UTC, {event.deliveries} times, by {event.via}"),
        ("kind", event.kind or "not read yet"),
        ("about", event.subject or ""),
        ("store", event.store or ""),
        ("state", f"{event.state}, after {event.attempts} tries"),
        ("reason", event.reason),
        ("headers", view.headers),
        *([("body", view.body)] if view.body is not None else []),
    ]
    return table("", ("", ""), facts, empty="")

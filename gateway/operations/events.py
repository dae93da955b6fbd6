"""Pushes that were taken in: what came of them, and acting on them anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.errors import DataError
from gateway.inbox import events as rows
from gateway.inbox.events import Event, EventState
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.storage import audit


@dataclass(frozen=True, slots=True)
class EventView:
    """One push. ``body`` is what the platform sent, only when asked for: it may name a person."""

    event: Event
    headers: str
    body: str | None = None


async def list_events(
    context: Context,
    *,
    state: EventState | None = None,
    store: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    limit: int = 50,
) -> list[Event]:
    """Return the newest pushes like this, the newest first. Raises NotFound for an unknown store."""
    if store is not None:
        await chosen_stores(context, [store])
    return await context.database.read(
        lambda c: rows.find(c, state=state, store=store, kind=kind, subject=subject, limit=limit)
    )


async def show_event(context: Context, number: int, *, body: bool = False) -> EventView:
    """Return one push. Raises NotFound, and DataError when the ``body`` is wanted and no longer kept."""

    def read(connection: Connection) -> EventView:
        event = rows.event_of(connection, number)
        plain = rows.body_of(connection, context.vault, event).decode("utf-8", "replace") if body else None
        return EventView(event, rows.headers_of(connection, number).decode(), plain)

    return await context.database.read(read)


async def replay_events(
    context: Context, numbers: Sequence[int] = (), *, failed: bool = False, by: str = "gateway"
) -> list[Event]:
    """Let pushes be read and acted upon anew, those named and with ``failed`` all that were given up.

    The running gateway does it within seconds, or the next one to run. Raises NotFound for a number that does not
    exist, DataError when nothing is named or a body is no longer kept.
    """
    if not numbers and not failed:
        raise DataError("No event is named. Give its number from `gateway events list`, or --failed for all given up.")
    now = context.clock.now()

    def act(connection: Connection) -> list[Event]:
        wanted = list(dict.fromkeys([*numbers, *(rows.failed_with_body(connection) if failed else ())]))
        rows.replay(connection, wanted, now)
        if wanted:
            audit.append(connection, now, by, "events_replayed", details={"events": ", ".join(map(str, wanted))})
        return [rows.event_of(connection, number) for number in wanted]

    return await context.database.write(act)

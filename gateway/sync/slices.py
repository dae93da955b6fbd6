"""A span of time cut into slices that are read side by side, each with a cursor of its own.

Many platforms tell the next page's token with a page only: one slice alone waits for one call at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from gateway.ports import Window
from gateway.sync.cursors import Cursor
from gateway.sync.streams import Stream

_SECOND = timedelta(seconds=1)
_FINE = 4  # slices for each that is read at a time: spans of time hold unlike numbers of changes
_CREATED = ".created"  # ends the name of a cursor that goes by creation time


def slices(store: str, name: str, start: datetime, end: datetime, count: int) -> list[Cursor]:
    """Return the cursors of a span cut into ``count`` slices, fewer where they would be shorter than a second."""
    step = max((end - start) / count, _SECOND)
    cursors: list[Cursor] = []
    at = start
    while at < end:
        until = min(at + step, end)
        cursors.append(Cursor(store, f"{name}@{at:%Y%m%dT%H%M%S}-{until:%Y%m%dT%H%M%S}", at, until=until))
        at = until
    return cursors


async def count_slices(stream: Stream, start: datetime, now: datetime, parallel: int, *, by_creation: bool) -> int:
    """Return into how many slices the past is cut: as many as it takes windows, or more where there is much.

    There is much when the newest window has more than two pages; some platforms keep two lists, each of a page.
    Raises the error tree.
    """
    most = _FINE * parallel
    widest = (stream.widest_created if by_creation else None) or stream.widest
    newest = Window(max(start, now - widest), now, "created" if by_creation else "updated")
    following = (await stream.list(newest, None)).next_page
    if following is not None and (await stream.list(newest, following)).next_page is not None:
        return most
    return min(most, ceil((now - start) / widest))


def named_by_creation(stream: Stream) -> str:
    """Return the name under which slices of ``stream`` go by creation time."""
    return stream.name + _CREATED


def goes_by_creation(cursor: Cursor) -> bool:
    """Return whether the cursor's position is a creation time."""
    return _CREATED in cursor.stream


def stream_of(cursor: Cursor) -> str:
    """Return the name of the stream that a slice belongs to."""
    return cursor.stream.partition("@")[0].removesuffix(_CREATED)

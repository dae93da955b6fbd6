"""Making what was stored by an earlier version searchable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog

from gateway.operations.context import Context
from gateway.orders.reindex import Place, is_whole, trace_some
from gateway.storage import words

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What became searchable. ``trigrams``: whether the words of titles have their index (else they are read through).

    ``unreadable`` receivers did not open with their order's key: their rows were altered.
    """

    traced: int
    unreadable: int
    trigrams: bool


async def reindex(context: Context, *, everything: bool = False) -> Reindexed:
    """Trace the receivers that have no traces yet, and see to the index of titles; ``everything``: all anew."""
    trigrams = await context.database.write(lambda c: words.prepare(c, anew=everything))
    traced = unreadable = 0
    place: Place | None = None
    while True:
        step = await context.database.write(
            partial(trace_some, vault=context.vault, after=place, everything=everything)
        )
        traced, unreadable, place = traced + step.traced, unreadable + step.unreadable, step.next
        if place is None:
            return Reindexed(traced, unreadable, trigrams)


@asynccontextmanager
async def reindexing(context: Context) -> AsyncIterator[None]:
    """Do `reindex` beside whatever else runs, when something is left to do; a later start goes on where this ends."""
    if await context.database.read(is_whole):
        yield
        return
    task = asyncio.create_task(_told(context), name="reindex")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _told(context: Context) -> None:
    try:
        done = await reindex(context)
    except Exception as error:  # the gateway goes on: only older orders are not found by their receiver
        log.warning("search.not_reindexed", error=type(error).__name__)
        return
    log.info("search.reindexed", traced=done.traced, unreadable=done.unreadable)

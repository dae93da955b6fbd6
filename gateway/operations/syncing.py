"""Pulling on demand. Stores do not wait for each other, and one that fails stops none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.cases.effects import open_effects
from gateway.errors import DataError, GatewayError, StoreDisconnected, TokenExpired
from gateway.model.store import Store, StoreState
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores, flag_disconnected
from gateway.operations.taking_over import take_over
from gateway.sync.pull import Pull, PullReport

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a pull of one store came to: a report, or the error that ended it and its words."""

    store: str
    report: PullReport | None
    kind: str = ""
    words: str = ""


async def sync_once(context: Context, wanted: Sequence[str] = ()) -> list[Synced]:
    """Pull what changed since the last time, once, from the stores named (all, when none is).

    Where the last second look is long ago another one is taken. Effects that an earlier process left open are taken
    one step on, as the daemon would do.
    """
    await _carry_on(context)

    async def both(pull: Pull) -> PullReport:
        return await pull.changes() + await pull.reconcile_if_due()

    return await pull_each(context, wanted, both)


async def _carry_on(context: Context) -> None:
    if context.shares_database or not context.shared:  # else who is calling is alive, and this very process
        await take_over(context)
    for effect in await context.database.read(open_effects):
        try:
            await context.resolver.advance(effect.id)
        except GatewayError as error:  # it stays open and visible; pulling goes on
            log.warning("effect.not_settled", effect=effect.id, error=type(error).__name__, text=str(error))


async def sync_since(context: Context, since: datetime, wanted: Sequence[str] = ()) -> list[Synced]:
    """Pull everything updated since an instant, whatever was read before.

    Raises DataError for an instant that is not in the past.
    """
    now = context.clock.now()
    if since >= now:
        raise DataError(f"--since {since:%Y-%m-%d %H:%M} is not in the past (now: {now:%Y-%m-%d %H:%M} UTC).")
    return await pull_each(context, wanted, lambda pull: pull.range(since, now))


async def sync_again(context: Context, wanted: Sequence[str] = ()) -> list[Synced]:
    """Pull what changed, and take a second look at the recent past: what it finds is reported as found late."""

    async def both(pull: Pull) -> PullReport:
        return await pull.changes() + await pull.reconcile()

    return await pull_each(context, wanted, both)


async def sync_now(context: Context, wanted: Sequence[str] = ()) -> list[Synced]:
    """Pull what changed, and read every order that has not ended anew, the nearest deadline first."""

    async def both(pull: Pull) -> PullReport:
        return await pull.open_orders() + await pull.changes()

    return await pull_each(context, wanted, both)


async def pull_each(
    context: Context, wanted: Sequence[str], act: Callable[[Pull], Awaitable[PullReport]]
) -> list[Synced]:
    """Let ``act`` pull the stores named (all, when none is) side by side; an error of one is its own result."""
    stores = await chosen_stores(context, wanted)
    return list(await asyncio.gather(*(_sync(context, store, act) for store in stores)))


async def _sync(context: Context, store: Store, act: Callable[[Pull], Awaitable[PullReport]]) -> Synced:
    try:
        pull = context.pull_for(await context.connections.open(store.id))
        report = await act(pull)
    except (StoreDisconnected, TokenExpired) as error:
        words = str(error)
        if store.state is StoreState.connected:
            words = await flag_disconnected(context, store.id, error)
        return Synced(store.id, None, type(error).__name__, words)
    except GatewayError as error:
        return Synced(store.id, None, type(error).__name__, str(error))
    if (wake := context.loops.get(store.id)) is not None:
        wake()  # it may rest long after errors that are over now
    return Synced(store.id, report)

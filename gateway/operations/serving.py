"""The running gateway: one loop a store, due work, pushes, and the callback pages, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime

from gateway.cases.after import CHECK_KIND
from gateway.cases.approvals import EXPIRY_KIND, expire_due
from gateway.cases.effects import WORK_KIND
from gateway.cases.notices import NOTICE_KIND
from gateway.cases.watch import WATCH_KIND
from gateway.errors import GatewayError
from gateway.inbox.receive import Receiver
from gateway.model.store import StoreState
from gateway.operations.app_loops import Acting, fetch_lost
from gateway.operations.automating import AUTOMATION_KIND, Automating, plan_automations
from gateway.operations.case_work import case_turns, keep_sweeping
from gateway.operations.connecting import Connected
from gateway.operations.context import Context
from gateway.operations.notifying.loops import Delivering, routing
from gateway.operations.pruning import PRUNE_KIND, Pruning, plan_pruning
from gateway.operations.receiving import receiver
from gateway.operations.reindexing import reindexing
from gateway.operations.remote.door import open_door
from gateway.operations.roles import Role
from gateway.operations.stock import STOCK_KIND, check_order_stock, plan_readings, read_again
from gateway.operations.store_loops import StoreLoops
from gateway.operations.taking_over import keep_own, take_over
from gateway.operations.upstream import look_at_linked
from gateway.operations.watching import Watching, plan_watch
from gateway.orders.link_news import PURCHASE_KIND
from gateway.work.carrying import Handler
from gateway.work.due import DueRunner, runner_for
from gateway.work.leases import Alone, Lease, Leases, Turns, this_process
from gateway.work.queue import Claim
from gateway.work.wake import CASE_KIND

_LOOK_FOR_DEAD = 2.0  # seconds of real time between two looks for what dead processes left in mid-call
_GRACE = 20.0  # seconds of real time that work under way has to end


@dataclass(frozen=True, slots=True)
class Serving:
    """What runs: the stores connected at the start, the roles, and where the web server listens (None: nowhere)."""

    address: str | None
    stores: tuple[str, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """What the web server shows: the addresses of pushes, and those of callbacks; None: not."""

    receiver: Receiver | None = None
    on_connected: Callable[[Sequence[Connected]], None] | None = None
    listen: str = ""  # where to serve; empty: where the configuration says


OpenSite = Callable[[Context, Pages], AbstractAsyncContextManager[str]]
"""Serves pages while it is open, and gives their address."""


async def serve(
    context: Context,
    *,
    roles: Collection[Role],
    stop: asyncio.Event,
    ready: Callable[[Serving], None],
    open_site: OpenSite,
    listen: str = "",
) -> None:
    """Run the ``roles`` until ``stop`` is set; ``ready`` hears once all of them do.

    Effects that a dead process left open are settled first. Stores run apart: one that fails or hangs delays no other,
    and one whose authorisation is gone is flagged and left until it is connected again. On PostgreSQL other processes
    may run the same roles: they share the stores, the apps and the due work, and take over from one that dies.
    Raises ConfigurationError when the web server cannot listen.
    """
    turns: Turns = Leases(context.database, this_process()) if context.shares_database else Alone()
    pulling = StoreLoops(context, turns)
    runner = _runner(context)
    acting = Acting(context, turns)
    tasks: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        address = None
        if Role.api in roles or Role.receiver in roles:
            pages = Pages(
                receiver(context, acting.wake) if Role.receiver in roles else None,
                (lambda _: pulling.look()) if Role.api in roles else None,
                listen,
            )
            address = await stack.enter_async_context(open_site(context, pages))
        if Role.receiver in roles:
            tasks.append(asyncio.create_task(fetch_lost(context, turns, acting.wake), name="lost pushes"))
        if Role.worker in roles:
            if context.shares_database:
                tasks.append(asyncio.create_task(turns.hold("interrupted", _watch(context)), name="watch"))
            else:
                await take_over(context)
            await plan_readings(context)
            await plan_watch(context)
            await plan_automations(context)
            await plan_pruning(context)
            await stack.enter_async_context(reindexing(context))
            tasks.append(asyncio.create_task(runner.run(), name="work"))
            tasks.append(asyncio.create_task(keep_sweeping(context, runner.wake), name="cases"))
            tasks.append(asyncio.create_task(acting.run(), name="inbox"))
            tasks.append(asyncio.create_task(Delivering(context, turns).run(), name="notices"))
        if Role.sync in roles:
            tasks.append(asyncio.create_task(pulling.run(), name="stores"))
        tasks.append(asyncio.create_task(keep_own(context), name="lost calls"))
        try:
            async with nullcontext() if context.shares_database else open_door(context):
                stores = await context.connections.stores()
                connected = tuple(store.id for store in stores if store.state is StoreState.connected)
                ready(Serving(address, connected, tuple(role for role in Role if role in roles)))
                await _until(stop, tasks)
        finally:
            runner.stop()
            await _end(tasks)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for ``stop``. A role that ends by itself has crashed: its error is raised."""
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({told, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
    for task in tasks:
        if task.done():
            task.result()
            raise GatewayError(f"The {task.get_name()} of the gateway ended by itself. Start it again and report it.")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Let work under way end, then cancel what is left; errors were told where they happened."""
    working = {task for task in tasks if task.get_name() == "work"}
    for task in tasks:
        if task not in working:
            task.cancel()
    if working:
        await asyncio.wait(working, timeout=_GRACE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _runner(context: Context) -> DueRunner:
    async def advance(claim: Claim) -> datetime | None:
        again = await context.resolver.advance(claim.key)
        return None if again is None else context.clock.now() + again

    async def read_stock(claim: Claim) -> datetime | None:
        return await read_again(context, claim.key)

    async def check_stock(claim: Claim) -> None:
        await check_order_stock(context, claim.key)

    async def expire_approvals(_: Claim) -> None:
        now = context.clock.now()
        await context.database.write(lambda c: expire_due(c, now))

    async def look_at_purchase(claim: Claim) -> None:
        await look_at_linked(context, claim.key)

    handlers: dict[str, Handler] = {
        WORK_KIND: advance,
        STOCK_KIND: read_stock,
        CHECK_KIND: check_stock,
        PURCHASE_KIND: look_at_purchase,
        EXPIRY_KIND: expire_approvals,
        CASE_KIND: case_turns(context),
        NOTICE_KIND: routing(context),
        WATCH_KIND: Watching(context).take,
        AUTOMATION_KIND: Automating(context).take,
        PRUNE_KIND: Pruning(context).take,
    }
    return runner_for(context.database, context.folder.database_url, context.clock, handlers, this_process())


def _watch(context: Context) -> Callable[[Lease | None], Awaitable[None]]:
    """Return what looks for effects that processes left in mid-call when they died, again and again."""

    async def watch(_: Lease | None) -> None:
        while True:
            await take_over(context)
            await asyncio.sleep(_LOOK_FOR_DEAD)

    return watch

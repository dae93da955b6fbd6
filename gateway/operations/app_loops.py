"""What is done for each app apart: acting on its pushes, and fetching those that never arrived.

One process does it for all apps at once. Where several share the work, each app is in the hands of whichever process
has its lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.inbox.process import Processor
from gateway.operations.context import Context
from gateway.operations.receiving import lost_pushes, processor
from gateway.storage import stores as rows
from gateway.work.leases import Lease, Turns

_LOOK_EVERY = 5.0  # seconds of real time between two looks for apps that another process added
_LOOK_FOR_PUSHES = 0.5  # seconds of real time between two looks for pushes that another process took in


class Acting:
    """Acts on received pushes."""

    def __init__(self, context: Context, turns: Turns) -> None:
        self._context = context
        self._turns = turns
        self._processors: dict[str, Processor] = {}

    def wake(self) -> None:
        """Look for pushes now: some were just stored."""
        for each in self._processors.values():
            each.wake()

    async def run(self) -> None:
        """Work until cancelled. Raises what the database raises."""
        if not self._context.shares_database:
            alone = self._processors[""] = processor(self._context)
            await alone.run()
            return
        await _for_each_app(self._context, self._turns, "inbox", self._act)

    async def _act(self, app: str) -> None:
        mine = self._processors[app] = processor(self._context, app, look_every=_LOOK_FOR_PUSHES)
        try:
            await mine.run()
        finally:
            del self._processors[app]


async def fetch_lost(context: Context, turns: Turns, on_kept: Callable[[], None]) -> None:
    """Fetch pushes that never arrived until cancelled."""
    if not context.shares_database:
        await lost_pushes(context, on_kept).run()
        return

    async def fetch(app: str) -> None:
        await lost_pushes(context, on_kept, app).run()

    await _for_each_app(context, turns, "lost", fetch)


async def _for_each_app(context: Context, turns: Turns, name: str, do: Callable[[str], Awaitable[None]]) -> None:
    """Run ``do`` for every app whose lease this process has, apps added later included. Raises what ends one."""
    tasks: dict[str, asyncio.Task[None]] = {}

    def hold(app: str) -> Awaitable[None]:
        async def run(_: Lease | None) -> None:
            await do(app)

        return turns.hold(f"{name}:{app}", run)

    try:
        while True:
            for app in await context.database.read(rows.apps):
                if app.id not in tasks:
                    tasks[app.id] = asyncio.ensure_future(hold(app.id))
            if not tasks:
                await asyncio.sleep(_LOOK_EVERY)
                continue
            ended, _ = await asyncio.wait(tasks.values(), timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)

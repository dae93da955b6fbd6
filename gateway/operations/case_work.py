"""The due work of cases: each turn a piece of work, and a sweep for cases that are due without one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.cases.case import due_without_work
from gateway.operations.context import Context
from gateway.work.carrying import Handler
from gateway.work.queue import Claim, submit
from gateway.work.wake import CASE_KIND

log = structlog.get_logger(__name__)

SWEEP_EVERY = 5.0  # seconds of real time
_AT_ONCE = 500  # wake-ups written in one act: acts must be short


def case_turns(context: Context) -> Handler:
    """Return what takes the turn that a claim names; a stale wake-up does nothing."""

    async def take(claim: Claim) -> datetime | None:
        return await context.resolver.cases.advance(claim.key)

    return take


async def sweep_cases(context: Context) -> int:
    """Wake the cases that are due and for which no work waits; return how many those were.

    The row of a case is the truth, and work a mere wake-up: should one be missing, this finds it.
    """
    found = 0
    while True:
        now = context.clock.now()

        def wake(c: Connection, now: datetime = now) -> int:
            ids = due_without_work(c, now, _AT_ONCE)
            for case_id in ids:
                submit(c, CASE_KIND, case_id, now, b"")
            return len(ids)

        # looking costs no turn of the one writer
        if not await context.database.read(lambda c, now=now: due_without_work(c, now, 1)):  # type: ignore[misc]  # mypy cannot infer a lambda's default
            return found
        woken = await context.database.write(wake)
        found += woken
        if woken < _AT_ONCE:
            return found


async def keep_sweeping(context: Context, woken: Callable[[], None]) -> None:
    """Sweep again and again, until cancelled; ``woken`` hears when there is something to do."""
    while True:
        if found := await sweep_cases(context):
            log.info("cases.swept", count=found)
            woken()
        await asyncio.sleep(SWEEP_EVERY)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.storage.database import Database
from gateway.work.carrying import Handler
from gateway.work.due import DueRunner, runner_for

START = datetime(2026, 3, 14, 8, 0, 0, tzinfo=UTC)


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = START
        self._moved = asyncio.Condition()
        self.sleepers: list[datetime] = []

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, instant: datetime) -> None:
        async with self._moved:
            self.sleepers.append(instant)
            try:
                await self._moved.wait_for(lambda: self._now >= instant)
            finally:
                self.sleepers.remove(instant)

    async def move(self, by: timedelta) -> None:
        async with self._moved:
            self._now += by
            self._moved.notify_all()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


# The suite runs on every database that the gateway stores in: with the embedded runner on SQLite, with PgQueuer's
# deliveries on PostgreSQL.
@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database.open(database_url, lock=tmp_path / "lock")
    yield opened
    await opened.close()


@pytest.fixture
def make_runner(database: Database, database_url: str, clock: HandClock) -> Callable[..., DueRunner]:
    def make(handlers: Mapping[str, Handler], worker: str = "w", *, at_once: int = 8) -> DueRunner:
        return runner_for(database, database_url, clock, handlers, worker, at_once=at_once)

    return make

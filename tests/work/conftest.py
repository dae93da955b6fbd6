from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.storage.database import Database
from gateway.storage.migrate import upgrade

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


# The suite of the queue runs on every database that the gateway stores in.
@pytest.fixture(params=["sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = {"sqlite": f"sqlite:///{tmp_path}/gateway.db"}[request.param]
    upgrade(url)
    opened = Database.open(url, lock=tmp_path / "lock")
    yield opened
    await opened.close()

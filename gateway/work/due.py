"""Which runner carries due work out: the embedded one on SQLite, PgQueuer's deliveries on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.engines import parse_url
from gateway.work.carrying import Handler
from gateway.work.runner import Runner

_MANY = 128  # pieces at a time: most wait for a platform, and those that come together share their statements


class DueRunner(Protocol):
    """Carries out due work until it is stopped."""

    async def submit(self, kind: str, key: str, due_at: datetime, payload: bytes = b"") -> None:
        """Ask for work and return once it is stored."""
        ...

    def wake(self) -> None:
        """Look for due work now."""
        ...

    def stop(self) -> None:
        """Take nothing more; `run` returns as soon as what runs has ended."""
        ...

    async def run(self) -> None:
        """Carry out due work until `stop`. Raises what the database raises."""
        ...


def runner_for(
    database: Database,
    url: str,
    clock: Clock,
    handlers: Mapping[str, Handler],
    worker_id: str,
    *,
    at_once: int | None = None,
) -> DueRunner:
    """Return the runner for a database, which ``url`` names; ``worker_id`` differs from process to process."""
    if database.backend == "sqlite":
        return Runner(database, clock, handlers, worker_id, at_once=at_once or _MANY)
    from gateway.storage.queue_tables import conninfo  # noqa: PLC0415 - their packages are there with PostgreSQL's only
    from gateway.work.delivered import DeliveredRunner  # noqa: PLC0415 - as above

    address = conninfo(parse_url(url).url)
    return DeliveredRunner(database, clock, handlers, worker_id, conninfo=address, at_once=at_once or _MANY)

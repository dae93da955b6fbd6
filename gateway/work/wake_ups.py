"""Due work of many workers on PostgreSQL. The rows of `work` stay the truth; PgQueuer's jobs are wake-ups for them.

A wake-up names a row and the fence it had. One that comes when the row has moved on does nothing. PgQueuer gives each
job to one worker and watches its heartbeat; when that stops it gives the job to another, which claims the row anew,
with a higher fence: the first can then no longer end it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import SyncQueries
from pgqueuer.adapters.persistence.schema_ddl import spelled
from pgqueuer.domain.schema.queue import dedupe_predicate
from pgqueuer.ports.driver import SyncDriver
from psycopg import Connection as PsycopgConnection
from psycopg import RawCursor
from psycopg.rows import dict_row
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    TextClause,
    cast,
    literal,
    select,
    update,
)
from sqlalchemy import text as sql

from gateway.storage.moments import to_micros
from gateway.storage.queue_tables import SCHEMA, SETTINGS
from gateway.storage.schema import work
from gateway.storage.statements import write_back
from gateway.work.queue import Claim, WorkState, by_id

ENTRYPOINT = "gateway_work"

_HELD = (WorkState.claimed.value, WorkState.renewed.value)
_LOG_KEPT = timedelta(hours=1)  # of what PgQueuer notes about each job
_COUNTS_KEPT = timedelta(days=7)

# PgQueuer's own table; only what is asked of it here
_jobs = Table(
    SETTINGS.queue_table,
    MetaData(schema=SCHEMA),
    Column("id", BigInteger),
    Column("dedupe_key", String),
)


@dataclass(frozen=True, slots=True)
class WakeUp:
    """What a job says: the row of `work`, and the fence it had."""

    work: int
    fence: int

    @property
    def payload(self) -> bytes:
        """Return the words of a job."""
        return f"{self.work}:{self.fence}".encode()

    @classmethod
    def of(cls, payload: bytes | None) -> WakeUp:
        """Read the words of a job. Raises ValueError when they are not ours."""
        number, _, fence = (payload or b"").decode().partition(":")
        return cls(int(number), int(fence))


def waiting(connection: Connection, kinds: Collection[str], now: datetime, limit: int) -> list[WakeUp]:
    """Return due work for which no wake-up is on its way, the longest due first."""
    key = cast(work.c.id, String).concat(":").concat(cast(work.c.fence, String))
    under_way = select(literal(1)).where(_jobs.c.dedupe_key == key, _alive()).exists()
    found = (
        select(work.c.id, work.c.fence)
        .where(work.c.state == WorkState.waiting.value, work.c.due_at <= to_micros(now))
        .where(work.c.kind.in_(sorted(kinds)), ~under_way)
        .order_by(work.c.due_at, work.c.id)
        .limit(limit)
    )
    return [WakeUp(row.id, row.fence) for row in connection.execute(found)]


def send(connection: Connection, wake_ups: Collection[WakeUp]) -> None:
    """Hand wake-ups to the workers when this transaction commits; one that is under way already is left out."""
    words = [each.payload for each in wake_ups]
    if words:
        SyncQueries(_WithinTransaction(connection), QueryQueueBuilder(SETTINGS)).enqueue(
            [ENTRYPOINT] * len(words),
            list(words),
            [0] * len(words),
            dedupe_key=[word.decode() for word in words],
            on_conflict="skip",
        )


def claim(
    connection: Connection, wake_up: WakeUp, job: int, kinds: Collection[str], now: datetime, worker: str
) -> Claim | None:
    """Take the work a job speaks of for ``worker``; None when it has moved on since.

    Work that was claimed through this very job before is taken over: its worker's heartbeat has stopped.
    """
    return claim_all(connection, [(wake_up, job)], kinds, now, worker)[0]


def claim_all(
    connection: Connection, jobs: Sequence[tuple[WakeUp, int]], kinds: Collection[str], now: datetime, worker: str
) -> list[Claim | None]:
    """Take the work that several jobs speak of, as `claim` does for one."""
    rows = by_id(connection, [wake_up.work for wake_up, _ in jobs])
    claims: list[Claim | None] = []
    taken: list[dict[str, Any]] = []
    for wake_up, job in jobs:
        row = rows.get(wake_up.work)
        if row is None or row["kind"] not in kinds or not _is_meant(row, wake_up, job, to_micros(now)):
            claims.append(None)
            continue
        fence, attempts = row["fence"] + 1, row["attempts"] + 1
        row |= {"worker": worker, "delivery": job, "fence": fence, "attempts": attempts}
        if row["state"] == WorkState.waiting:  # else what was submitted meanwhile is still wanted after it
            row["state"] = WorkState.claimed.value
        taken.append(row)
        claims.append(Claim(row["id"], row["kind"], row["key"], row["payload"], fence, attempts))
    write_back(connection, work, taken)
    return claims


def _is_meant(row: Mapping[str, Any], wake_up: WakeUp, job: int, now: int) -> bool:
    """Tell whether a row is as it was when it was called for, or was left in claim through this very job."""
    fresh = row["state"] == WorkState.waiting and row["fence"] == wake_up.fence and row["due_at"] <= now
    return fresh or (row["state"] in _HELD and row["delivery"] == job)


def release_lost(connection: Connection) -> int:
    """Let work wait again that is claimed through a job that is no more; return how much that was.

    PgQueuer itself sees to the jobs of dead workers. These here were dropped with their work unfinished: the database
    failed the worker in between, or the work came from a gateway of one process.
    """
    alive = select(literal(1)).where(_jobs.c.id == work.c.delivery, _alive()).exists()
    lost = update(work).where(work.c.state.in_(_HELD), ~alive)
    return connection.execute(lost.values(state=WorkState.waiting.value, worker=None, delivery=None)).rowcount


def tidy(connection: Connection) -> None:
    """Forget what PgQueuer noted about jobs long done; it keeps all of it otherwise."""
    names = SETTINGS.qualified
    old = "created < now() - make_interval(secs => :kept)"
    for table, kept in ((names.queue_table_log, _LOG_KEPT), (names.statistics_table, _COUNTS_KEPT)):
        connection.execute(sql(f"delete from {table} where {old}"), {"kept": kept.total_seconds()})  # noqa: S608 - PgQueuer's own names
    failed = f"delete from {names.queue_table} where status = 'failed' and {old}"  # noqa: S608 - as above
    connection.execute(sql(failed), {"kept": _COUNTS_KEPT.total_seconds()})


def _alive() -> TextClause:
    """Return "the job waits or is in a worker's hands", in the words of the index that finds its key."""
    return sql(spelled(dedupe_predicate(SETTINGS), SETTINGS))


class _WithinTransaction(SyncDriver):
    """Runs PgQueuer's statements on a connection of ours, in the transaction under way."""

    def __init__(self, connection: Connection) -> None:
        self._connection: PsycopgConnection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # psycopg's: this runs on PostgreSQL only

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Run a statement and return its rows."""
        with RawCursor(self._connection, row_factory=dict_row) as cursor:
            cursor.execute(query, args or None)
            return cursor.fetchall()

"""One road of writes into the database: a thread, its connection, and one COMMIT for all acts that wait."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Transaction
from sqlalchemy.exc import DBAPIError

from gateway.errors import ConfigurationError, GatewayError

T = TypeVar("T")

_GROUP = 256  # acts in one transaction at most: keeps the wait of the first one short
_WAITING = 4096  # acts that may wait for the writer; the next caller waits before it queues


class CommitUnknown(GatewayError):
    """The connection broke while a transaction was being committed: it may be stored, or nothing of it is.

    Whoever wrote looks at what is stored before writing it again; an effect whose intent was in it was not called.
    """


@dataclass(slots=True)
class _Act:
    """One write that waits, and where its outcome goes."""

    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Lane:
    """Runs acts one after another through a single thread; all that wait share one transaction and one COMMIT.

    Each act runs in a SAVEPOINT of its own. Use it from one event loop.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self._closed = False
        self._waiting: deque[_Act] = deque()
        self._changed = threading.Condition()
        self._room = asyncio.Semaphore(_WAITING)
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` and return its result after the COMMIT; see `Database.write`."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        waiting = _Act(act, loop, loop.create_future())
        with self._changed:
            closed = self._closed
            if not closed:
                self._waiting.append(waiting)
                self._changed.notify()
        if closed:
            self._room.release()
            raise ConfigurationError("the database is closed: nothing can be written any more")
        result: T = await waiting.future
        return result

    def refuse(self) -> None:
        """Take no further act; those that wait are still run."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def finish(self) -> None:
        """Wait, after `refuse`, for the acts that wait. The engine is left to whoever made it."""
        self._thread.join()

    def _serve(self) -> None:
        while group := self._next_group():
            try:
                self._run_group(group)
            except BaseException as error:  # whatever it was, nobody may wait for ever
                for act in group:
                    act.result, act.error = None, error
            self._tell(group)

    def _run_group(self, group: list[_Act]) -> None:
        committing = False
        try:
            with begun(self.engine) as (connection, transaction), transaction:
                if len(group) == 1:  # its failure ends the transaction, and nobody else's work with it
                    group[0].result = group[0].run(connection)
                else:
                    _run_each(connection, group)
                committing = True
        except DBAPIError as error:
            if not (committing and error.connection_invalidated):
                raise
            raise CommitUnknown(
                "the connection to the database broke while it committed: what was written may be stored or not; "
                "look before it is written again"
            ) from error

    def _next_group(self) -> list[_Act]:
        """Return what waits, at least one act; an empty list once the lane closes."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(_GROUP, len(self._waiting)))]

    def _tell(self, group: list[_Act]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Act]] = {}
        for act in group:
            by_loop.setdefault(act.loop, []).append(act)
        for loop, acts in by_loop.items():
            with suppress(RuntimeError):  # the loop is gone, and with it everyone who waited
                loop.call_soon_threadsafe(self._settle, acts)

    def _settle(self, acts: list[_Act]) -> None:
        for act in acts:
            self._room.release()
            if act.future.done():
                continue  # its caller was cancelled
            if act.error is None:
                act.future.set_result(act.result)
            elif isinstance(act.error, StopIteration):  # a future refuses it
                act.future.set_exception(RuntimeError("the act raised StopIteration"))
            else:
                act.future.set_exception(act.error)


@contextmanager
def begun(engine: Engine) -> Iterator[tuple[Connection, Transaction]]:
    """Give a connection whose transaction has begun; what is not committed at the end is rolled back.

    A server that was started anew leaves a dead connection in the pool, which shows at BEGIN; nothing was asked of
    it yet, so it is asked once more on a fresh one.
    """
    with engine.connect() as connection:
        try:
            transaction = connection.begin()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        else:
            yield connection, transaction
            return
    with engine.connect() as connection:
        yield connection, connection.begin()


def _run_each(connection: Connection, group: list[_Act]) -> None:
    """Run the acts so that the failure of one undoes its own statements only.

    Raises when not even that is possible: SQLite has rolled back the whole transaction (disk full, say), or the
    connection to PostgreSQL broke.
    """
    following = ["RELEASE act", "SAVEPOINT act"]
    if connection.dialect.name != "sqlite":
        following = ["; ".join(following)]  # each way to the server and back costs more than the work there
    marks = ["SAVEPOINT act"]
    for act in group:
        for mark in marks:
            connection.exec_driver_sql(mark)
        try:
            act.result = act.run(connection)
            marks = following
        except BaseException as error:  # it belongs to the caller, in another thread
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            act.error = error
            connection.exec_driver_sql("ROLLBACK TO act")
            marks = []  # the mark stays

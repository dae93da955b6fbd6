"""The open database: one writer with group commit, readers beside it, no wait on the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from gateway.errors import ConfigurationError
from gateway.storage.engines import parse_url, sqlite_engine
from gateway.storage.process_lock import ProcessLock

T = TypeVar("T")

_READERS = 4
_GROUP = 256  # acts in one transaction at most: keeps the wait of the first one short
_WAITING = 4096  # acts that may wait for the writer; the next caller waits before it queues


@dataclass(slots=True)
class _Act:
    """One write that waits, and where its outcome goes."""

    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Database:
    """Runs synchronous acts on connections, in threads.

    Writes go one after another through a single thread; all that wait share one transaction and one COMMIT, each in
    a SAVEPOINT of its own. Reads run beside them on snapshots. Use it from one event loop.
    """

    def __init__(self, writer: Engine | None, readers: Engine, lock: ProcessLock | None) -> None:
        self._writer = writer
        self._readers = readers
        self._lock = lock
        self._closed = False
        self._waiting: deque[_Act] = deque()
        self._changed = threading.Condition()
        self._room = asyncio.Semaphore(_WAITING)
        self._reader_threads = ThreadPoolExecutor(_READERS, "database-reader")
        self._thread: threading.Thread | None = None
        if writer is not None:
            self._thread = threading.Thread(target=self._serve, args=(writer,), name="database-writer", daemon=True)
            self._thread.start()

    @classmethod
    def open(cls, url: str, *, lock: Path | None, read_only: bool = False) -> Self:
        """Open the database at ``url``, holding the lock file ``lock`` until `close`.

        A read-only database takes no lock (``lock`` is not looked at), must exist, and refuses `write`.
        Raises ConfigurationError when another process holds the lock, or the file cannot be opened.
        Tables are not made here: see `gateway.storage.migrate`.
        """
        _, file = parse_url(url)
        if not file.parent.is_dir() or (read_only and not file.is_file()):
            raise ConfigurationError(f"there is no database at {file}: run `gateway db upgrade` to make it")
        held = ProcessLock(lock) if lock is not None and not read_only else None
        if held is not None:
            held.take()
        readers = sqlite_engine(url, connections=_READERS, writes=False)
        writer = None if read_only else sqlite_engine(url, connections=1, writes=True)
        try:
            # fails here, not at the first use, when the file is no database
            for engine in (writer, readers):
                if engine is not None:
                    with engine.connect() as connection:
                        connection.exec_driver_sql("select count(*) from sqlite_master")
        except Exception as error:
            readers.dispose()
            if writer is not None:
                writer.dispose()
            if held is not None:
                held.release()
            reason = str(error.orig) if isinstance(error, OperationalError) else type(error).__name__
            raise ConfigurationError(
                f"the database {file} cannot be opened ({reason}): check the path, its rights and the disk, "
                "or restore a backup with `gateway restore`"
            ) from error
        return cls(writer, readers, held)

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` in the writer's transaction and return its result after the COMMIT.

        An act that raises is rolled back alone and its error raised here. When the transaction as a whole fails,
        every caller of the group gets that error and nothing of the group is stored. A caller that is cancelled
        does not learn whether its act was stored. Acts must be short: they hold up all other writes.
        """
        if self._writer is None:
            raise ConfigurationError("the database was opened read-only: nothing can be written through it")
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

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` on one snapshot of what is committed and return its result. A write in it is refused."""
        if self._closed:
            raise ConfigurationError("the database is closed: nothing can be read any more")
        return await asyncio.get_running_loop().run_in_executor(self._reader_threads, self._read, act)

    async def close(self) -> None:
        """Finish the writes that wait, then let go of files and lock. Closing again does nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._reader_threads.shutdown()
        self._readers.dispose()
        if self._writer is not None:
            self._writer.dispose()
        if self._lock is not None:
            self._lock.release()

    def _read(self, act: Callable[[Connection], T]) -> T:
        with self._readers.connect() as connection:
            return act(connection)

    def _serve(self, writer: Engine) -> None:
        while group := self._next_group():
            try:
                with writer.begin() as connection:
                    for act in group:
                        _run_alone(connection, act)
            except BaseException as error:  # whatever it was, nobody may wait for ever
                for act in group:
                    act.result, act.error = None, error
            self._tell(group)

    def _next_group(self) -> list[_Act]:
        """Return what waits, at least one act; an empty list once the database closes."""
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


def _run_alone(connection: Connection, act: _Act) -> None:
    """Run one act so that its failure undoes its own statements only.

    Raises when not even that is possible: SQLite has then rolled back the whole transaction (disk full, say).
    """
    connection.exec_driver_sql("SAVEPOINT act")
    try:
        act.result = act.run(connection)
    except BaseException as error:  # it belongs to the caller, in another thread
        act.error = error
        connection.exec_driver_sql("ROLLBACK TO act")
    connection.exec_driver_sql("RELEASE act")

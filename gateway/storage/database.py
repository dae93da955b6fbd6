"""The open database: one writer with group commit, readers beside it, no wait on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, select

from gateway.errors import ConfigurationError
from gateway.storage.engines import Use, make_engine, parse_url, unusable
from gateway.storage.lane import Lane, begun
from gateway.storage.process_lock import ProcessLock

T = TypeVar("T")

_READERS = 4


class Database:
    """Runs synchronous acts on connections, in threads.

    Writes go one after another through a single thread; all that wait share one transaction and one COMMIT, each in
    a SAVEPOINT of its own. On PostgreSQL the transactions of other processes stand in the same line, so an act that
    reads and then writes is right there too. Reads run beside them on snapshots. Use it from one event loop.
    """

    def __init__(
        self, writer: Engine | None, readers: Engine, lock: ProcessLock | None, appender: Engine | None = None
    ) -> None:
        self._writer = None if writer is None else Lane(writer, "database-writer")
        self._appender = self._writer if appender is None else Lane(appender, "database-appender")
        self._readers = readers
        self._lock = lock
        self._closed = False
        self._reader_threads = ThreadPoolExecutor(_READERS, "database-reader")

    @classmethod
    def open(cls, url: str, *, lock: Path | None, read_only: bool = False) -> Self:
        """Open the database at ``url``, holding the lock file ``lock`` until `close`.

        PostgreSQL serves many processes: there ``lock`` is not looked at, nor is it for a read-only database, which
        must exist and refuses `write`.
        Raises ConfigurationError when another process holds the lock, or the database cannot be opened.
        Tables are not made here: see `gateway.storage.migrate`.
        """
        address = parse_url(url)
        file = address.file
        if file is not None and (not file.parent.is_dir() or (read_only and not file.is_file())):
            raise ConfigurationError(f"there is no database at {file}: run `gateway db upgrade` to make it")
        held = ProcessLock(lock) if lock is not None and not read_only and file is not None else None
        if held is not None:
            held.take()
        readers = make_engine(url, Use.read, connections=_READERS)
        writer = None if read_only else make_engine(url, Use.write)
        appender = None if read_only or file is not None else make_engine(url, Use.append)
        try:
            # fails here, not at the first use, when the file is no database or the server cannot be reached
            for engine in (writer, readers):
                if engine is not None:
                    with engine.connect() as connection:
                        if file is None:
                            connection.execute(select(1))
                        else:
                            connection.exec_driver_sql("select count(*) from sqlite_master")
        except Exception as error:
            for engine in (readers, writer, appender):
                if engine is not None:
                    engine.dispose()
            if held is not None:
                held.release()
            raise unusable(url, error, "cannot be opened") from error
        return cls(writer, readers, held, appender)

    @property
    def backend(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self._readers.dialect.name

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` in the writer's transaction and return its result after the COMMIT.

        An act that raises is rolled back alone and its error raised here. When the transaction as a whole fails,
        every caller of the group gets that error and nothing of the group is stored; but where the connection to
        PostgreSQL breaks during the COMMIT nobody knows, and they get `CommitUnknown`. A caller that is cancelled
        does not learn whether its act was stored. Acts must be short: they hold up all other writes, on PostgreSQL
        those of other processes too, and after 10 seconds without a statement the server ends their transaction.
        """
        return await self._lane(self._writer).run(act)

    async def append(self, act: Callable[[Connection], T]) -> T:
        """Run ``act``, which inserts and reads nothing, as `write` does, but without a place in the writers' line.

        On PostgreSQL it is committed beside the writers of all processes; on SQLite it is a `write`.
        """
        return await self._lane(self._appender).run(act)

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` on one snapshot of what is committed and return its result. A write in it is refused."""
        if self._closed:
            raise ConfigurationError("the database is closed: nothing can be read any more")
        return await asyncio.get_running_loop().run_in_executor(self._reader_threads, self._read, act)

    async def close(self) -> None:
        """Finish the writes that wait, then let go of files and lock. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        for lane in self._lanes():
            lane.refuse()
        await asyncio.to_thread(self._close)

    def _lanes(self) -> list[Lane]:
        return list({id(lane): lane for lane in (self._writer, self._appender) if lane is not None}.values())

    @staticmethod
    def _lane(lane: Lane | None) -> Lane:
        if lane is None:
            raise ConfigurationError("the database was opened read-only: nothing can be written through it")
        return lane

    def _close(self) -> None:
        for lane in self._lanes():
            lane.finish()
        self._reader_threads.shutdown()
        self._readers.dispose()  # first: whoever closes an SQLite file last tidies up, which a reader may not
        for lane in self._lanes():
            lane.engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def _read(self, act: Callable[[Connection], T]) -> T:
        with begun(self._readers) as (connection, _):
            return act(connection)

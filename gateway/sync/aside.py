"""Reading pages beside the writer: in a process of its own while there is much to read.

Reading, validating and preparing a page takes about as long as storing one. Both want the interpreter, so a long pull
has a second one do the reading. Nothing depends on it: keys, sealing and the database stay here, results are the same
and come in the order asked for, and whatever goes wrong there, the page is read here instead.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pickle
import sys
from asyncio import BaseProtocol, ReadTransport, StreamReader, StreamReaderProtocol, WriteTransport
from collections import deque
from contextlib import suppress
from subprocess import DEVNULL, PIPE, Popen
from typing import IO, Self

import structlog

from gateway.orders.prepared import PreparedBatch, prepare_batch
from gateway.ports import Unread
from gateway.sync.frames import LENGTH, framed, unpacked

log = structlog.get_logger(__name__)

_MODULE = "gateway.sync.aside_process"
_FEW = 4  # pages read here first: less is no reason to start a process
_BUFFER = 1 << 20


class Aside:
    """Reads pages, within ``async with`` with the help of a process that starts at the fifth page and ends with it.

    May be entered several times; the process ends with the last. Outside, and on a machine with one processor, pages
    are read here.
    """

    def __init__(self) -> None:
        self._users = 0
        self._seen = 0
        self._serving: asyncio.Task[None] | None = None
        self._process: _Process | None = None  # once it is ready
        self._asked: deque[asyncio.Future[bytes]] = deque()

    async def __aenter__(self) -> Self:
        self._users += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._users -= 1
        if self._users:
            return
        serving, self._serving, self._seen = self._serving, None, 0
        if serving is not None:
            serving.cancel()
            await asyncio.wait({serving})

    async def read(self, page: Unread) -> PreparedBatch:
        """Return the orders of ``page``, prepared. Raises what reading it raises."""
        self._seen += 1
        if self._users and self._seen > _FEW and self._serving is None and _processors() > 1:
            self._serving = asyncio.create_task(self._serve())
        prepared = await self._ask(page) if self._process is not None else b""
        if prepared:
            return unpacked(prepared, page)
        return prepare_batch(page.read())

    async def _ask(self, page: Unread) -> bytes:
        """Return what the process makes of ``page``, nothing when it makes nothing or has ended."""
        if self._process is None:
            return b""
        try:
            content = pickle.dumps(page, pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, AttributeError, TypeError):
            return b""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._process.send(content)
        return await answer

    async def _serve(self) -> None:
        """Start the process and hand its answers to who asked; when it ends, nobody goes on waiting for it."""
        try:
            process = await _Process.start()
        except (OSError, ValueError, NotImplementedError) as error:
            log.warning("sync.reading_alone", why=f"no process can be started: {type(error).__name__}")
            return
        try:
            await process.receive()
            self._process = process
            while True:
                answer = await process.receive()
                asked = self._asked.popleft()
                if not asked.done():  # else its caller was cancelled
                    asked.set_result(answer)
        except asyncio.IncompleteReadError:
            log.warning("sync.reading_alone", why="the process that read pages has ended")
        finally:
            self._process = None
            for asked in self._asked:
                if not asked.done():
                    asked.set_result(b"")
            self._asked.clear()
            process.end()


class _Process:
    """The other process, and the pipes to and from it. Its input ends, and with it the process, when this one does."""

    def __init__(
        self, process: Popen[bytes], asks: WriteTransport, hears: ReadTransport, answers: StreamReader
    ) -> None:
        self._process = process
        self._asks = asks
        self._hears = hears
        self._answers = answers

    @classmethod
    async def start(cls) -> Self:
        """Start the process: same interpreter, same modules, no secrets."""
        process = _started()
        try:
            loop, answers = asyncio.get_running_loop(), StreamReader(_BUFFER)
            asks, _ = await loop.connect_write_pipe(BaseProtocol, process.stdin)
            hears, _ = await loop.connect_read_pipe(lambda: StreamReaderProtocol(answers), process.stdout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return cls(process, asks, hears, answers)

    def send(self, content: bytes) -> None:
        """Send one page, as soon as there is room for it."""
        self._asks.write(framed(content))
        self._asks.write(content)

    async def receive(self) -> bytes:
        """Return the next answer. Raises IncompleteReadError when the process has ended."""
        length = int.from_bytes(await self._answers.readexactly(LENGTH))
        return await self._answers.readexactly(length) if length else b""

    def end(self) -> None:
        """End the process, which keeps nothing, and wait the instant until it is gone."""
        self._process.kill()
        self._process.wait()
        if not self._asks.is_closing():
            self._asks.abort()
        self._hears.close()


def _started() -> Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDER_GATEWAY_")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-P", "-m", _MODULE]
    # its errors are not shown: a traceback could name a person
    process = Popen(  # noqa: S603 - our own interpreter, our own module
        command, bufsize=0, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
    )
    for pipe in (process.stdin, process.stdout):
        _widen(pipe)
    return process


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold some whole pages, where the system can: else both sides wait for each other within a page."""
    if sys.platform == "linux" and pipe is not None:
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _BUFFER)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

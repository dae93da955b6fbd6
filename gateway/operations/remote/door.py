"""The running gateway's end of the socket: it does what this user's other processes ask, and tells them the result."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError

from gateway.errors import ConfigurationError, DataError, GatewayError, OutcomeUnknown
from gateway.operations.context import Context
from gateway.operations.remote.address import is_ours, short_name
from gateway.operations.remote.use_cases import USE_CASES, UseCase
from gateway.operations.remote.wire import (
    LONGEST_REQUEST,
    Accepted,
    Hello,
    Request,
    Result,
    Told,
    line,
    trouble_of,
    version,
)
from gateway.sync.pull import Progress
from gateway.transport.limiter import FOREGROUND, PATIENCE

log = structlog.get_logger(__name__)

GRACE = 20.0  # seconds of real time that accepted requests have to end when the gateway stops
_HURRY = 10.0  # seconds a peer has to say what it wants, or to take its answer
_AGAIN = 1.0  # seconds of real time after which connections are taken again when that failed
_LAST_WORDS = 2.0  # seconds of real time in which answers are delivered when the gateway stops
_UNREAD = 1 << 20  # bytes of progress nobody reads, after which no more is told


@asynccontextmanager
async def open_door(context: Context) -> AsyncIterator[None]:
    """Answer requests in ``context``'s folder while the block lasts; the caller holds the process lock.

    At the end no new request is accepted, and those accepted are finished, as far as `GRACE` allows.
    Raises ConfigurationError when the socket cannot be made.
    """
    # whatever socket is there belongs to a process that is gone: we hold the lock
    taken = await asyncio.to_thread(_listen, context.folder.door)
    door = _Door(context, taken)
    try:
        yield
    finally:
        context.folder.door.unlink(missing_ok=True)
        await door.close()


def _listen(path: Path) -> socket.socket:
    """Return a listening socket at ``path``, mode 600 from its first moment there."""
    fresh = path.with_suffix(".new")
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        fresh.unlink(missing_ok=True)
        with short_name(fresh) as name:
            taken.bind(name)
        fresh.chmod(0o600)
        taken.listen(64)
        taken.setblocking(False)
        fresh.rename(path)
    except OSError as error:
        taken.close()
        raise ConfigurationError(
            f"The socket {path} cannot be made ({error.strerror or error}). Keep the data folder on a local disk "
            "where this user may write."
        ) from error
    except ConfigurationError:
        taken.close()
        raise
    return taken


class _Door:
    """Takes connections from ``taken`` until it is closed; each is one talk, about one request."""

    def __init__(self, context: Context, taken: socket.socket) -> None:
        self._context = context
        self._taken = taken
        self._closing = False
        self._talks: set[asyncio.Task[None]] = set()
        self._silent: set[asyncio.Task[None]] = set()  # talks in which nothing was accepted yet
        self._working: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()  # those of `_working` that only wait for something
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(taken, self._take)

    async def close(self) -> None:
        """Accept nothing more, and let what was accepted end."""
        self._closing = True
        self._loop.remove_reader(self._taken)
        self._taken.close()
        await asyncio.sleep(0)  # talks that were just taken begin, so that each lets go of its connection
        for task in (*self._silent, *self._waiting):
            task.cancel()
        if self._working:
            log.info("remote.finishing", requests=len(self._working))
            await asyncio.wait(self._working, timeout=GRACE)
        for task in self._working:
            task.cancel()
        if self._talks:
            await asyncio.wait(self._talks, timeout=_LAST_WORDS)
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, *self._working, return_exceptions=True)

    def _take(self) -> None:
        try:
            connection, _ = self._taken.accept()
        except BlockingIOError:
            return  # it went away again
        except OSError as error:  # too many open files, say: others may close some
            log.warning("remote.not_taken", error=error.strerror)
            self._loop.remove_reader(self._taken)
            self._loop.call_later(_AGAIN, self._take_again)
            return
        connection.setblocking(False)
        talk = asyncio.create_task(self._talk(connection), name="remote talk")
        for talks in (self._talks, self._silent):
            talks.add(talk)
            talk.add_done_callback(talks.discard)

    def _take_again(self) -> None:
        if not self._closing:
            self._loop.add_reader(self._taken, self._take)

    async def _talk(self, connection: socket.socket) -> None:
        """Read one request and see to it. It goes on when the peer goes away."""
        try:
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_REQUEST)
        except BaseException:
            connection.close()
            raise
        try:
            accepted = await self._accept(reader, writer)
            if accepted is not None:
                self._silent.discard(_this_task())
                await self._see_to(accepted, reader)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.Task[None] | None:
        if not is_ours(writer.get_extra_info("socket")):
            log.warning("remote.stranger")
            await _refuse(reader, writer, _stranger())
            return None
        await _say(writer, Hello(version=version()))
        try:
            async with asyncio.timeout(_HURRY):
                told = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, OSError):
            return None  # it went away before it had asked
        except (TimeoutError, asyncio.LimitOverrunError) as error:
            log.warning("remote.unread", error=type(error).__name__)
            await _refuse(reader, writer, DataError(f"A request is one line of at most {LONGEST_REQUEST} bytes."))
            return None
        try:
            case, arguments = _read(told)
        except GatewayError as error:
            await _say(writer, trouble_of(error))
            return None
        if self._closing:
            return None  # nothing was accepted: it may ask the next process, or do it by itself
        # before any await: a request that is told to be accepted must not be lost to `close`
        task = asyncio.create_task(self._do(case, arguments, writer), name=f"remote {case.name}")
        for tasks in (self._working, self._waiting) if case.waits else (self._working,):
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return task

    async def _see_to(self, task: asyncio.Task[None], reader: asyncio.StreamReader) -> None:
        """Wait for the end of a request; one that only waits need not outlive who asked."""
        gone = asyncio.create_task(reader.read(1)) if task in self._waiting else None
        await asyncio.wait({task, gone} if gone else {task}, return_when=asyncio.FIRST_COMPLETED)
        if gone is not None:
            gone.cancel()
            task.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def _do(self, case: UseCase, arguments: BaseModel, writer: asyncio.StreamWriter) -> None:
        writer.write(line(Accepted()))

        def tell(progress: Progress) -> None:
            if writer.is_closing() or writer.transport.get_write_buffer_size() > _UNREAD:
                return
            writer.write(line(_told(progress)))

        log.info("remote.asked", ask=case.name)
        end: BaseModel
        try:
            PATIENCE.set(FOREGROUND)  # of this task alone: somebody waits for it
            result = await case.run(replace(self._context, tell=tell, shared=True), arguments)
            end = Result(value=case.result.dump_python(result, mode="json"))
        except GatewayError as error:
            end = trouble_of(error)
        except Exception as error:
            log.exception("remote.crashed", ask=case.name)
            end = trouble_of(error)
        except asyncio.CancelledError:
            log.warning("remote.cut_short", ask=case.name)
            end = trouble_of(cut_short(case))
        await _say(writer, end)


def cut_short(case: UseCase) -> OutcomeUnknown:
    """Return the error of a request that the running gateway did not finish."""
    return OutcomeUnknown(
        f"The running gateway ended in the middle of {case.name}, so it is not known whether that was done. "
        f"See `{case.look}`, then repeat the command if it is still needed."
    )


def _stranger() -> ConfigurationError:
    return ConfigurationError(
        "The running gateway belongs to another user and takes requests of that user only. Run the command as that one."
    )


def _read(told: bytes) -> tuple[UseCase, BaseModel]:
    """Return what is asked. Raises DataError naming the field, never its value."""
    try:
        request = Request.model_validate_json(told)
    except ValidationError as error:
        raise DataError(f"The request cannot be read: {_where(error)}.") from None
    if request.version != version():
        raise ConfigurationError(
            f"The running gateway is of release {version()}, this command of {request.version}. "
            "Restart the gateway with the newer one."
        )
    case = USE_CASES.get(request.ask)
    if case is None:
        raise DataError(f"The running gateway knows no {request.ask!r}. Restart it with this command's release.")
    try:
        return case, case.arguments.model_validate(request.arguments)
    except ValidationError as error:
        raise DataError(f"{case.name} cannot be asked like this: {_where(error)}.") from None


def _where(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'line'}: {each['type']}" for each in found[:5])


def _told(progress: Progress) -> Told:
    return Told(
        store=progress.store,
        doing=progress.doing,
        seen=progress.seen,
        done=progress.done,
        total=progress.total,
        remaining=progress.remaining,
        of=progress.of,
    )


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, error: GatewayError) -> None:
    """Tell why a request is not even read; what is still coming is dropped, or closing would cut the answer off."""
    await _say(writer, trouble_of(error))
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_HURRY):
            while await reader.read(1 << 16):
                pass


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for the type checker: only tasks call this
    return task


async def _say(writer: asyncio.StreamWriter, said: BaseModel) -> None:
    with suppress(OSError, TimeoutError):  # nobody waits for it any more
        writer.write(line(said))
        async with asyncio.timeout(_HURRY):
            await writer.drain()

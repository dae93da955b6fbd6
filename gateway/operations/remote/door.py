"""The running gateway's end of the socket: it does what this user's other processes ask, and tells them the result."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import structlog
from pydantic import BaseModel, ValidationError

from gateway.errors import ConfigurationError, DataError, GatewayError, OutcomeUnknown
from gateway.operations.context import Context
from gateway.operations.remote.address import is_ours, short_name
from gateway.operations.remote.use_cases import USE_CASES, UseCase
from gateway.operations.remote.wire import (
    LONGEST_REQUEST,
    Accepted,
    Request,
    Result,
    Told,
    line,
    trouble_of,
    version,
)
from gateway.sync.pull import Progress

log = structlog.get_logger(__name__)

GRACE = 20.0  # seconds of real time that accepted requests have to end when the gateway stops
_HURRY = 10.0  # seconds a peer has to say what it wants, or to take its answer
_UNREAD = 1 << 20  # bytes of progress nobody reads, after which no more is told


@asynccontextmanager
async def open_door(context: Context) -> AsyncIterator[None]:
    """Answer requests in ``context``'s folder while the block lasts; the caller holds the process lock.

    At the end no new request is accepted, and those accepted are finished, as far as `GRACE` allows.
    Raises ConfigurationError when the socket cannot be made.
    """
    door = _Door(context)
    # whatever socket is there belongs to a process that is gone: we hold the lock
    taken = await asyncio.to_thread(_listen, context.folder.door)
    server = await asyncio.start_unix_server(door.answer, sock=taken, limit=LONGEST_REQUEST)
    try:
        yield
    finally:
        context.folder.door.unlink(missing_ok=True)
        server.close()
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
    def __init__(self, context: Context) -> None:
        self._context = context
        self._closing = False
        self._working: set[asyncio.Task[None]] = set()
        self._peers: set[asyncio.StreamWriter] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and see to it. It goes on when the peer goes away."""
        self._peers.add(writer)
        try:
            accepted = await self._accept(reader, writer)
            if accepted is not None:
                await asyncio.wait({accepted})
        finally:
            self._peers.discard(writer)
            writer.close()

    async def close(self) -> None:
        """Accept nothing more, and let what was accepted end."""
        self._closing = True
        if self._working:
            log.info("remote.finishing", requests=len(self._working))
            await asyncio.wait(self._working, timeout=GRACE)
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        for peer in self._peers:
            peer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> asyncio.Task[None] | None:
        if not is_ours(writer.get_extra_info("socket")):
            log.warning("remote.stranger")
            await _say(writer, trouble_of(_stranger()))
            return None
        try:
            async with asyncio.timeout(_HURRY):
                told = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, OSError):
            return None  # it went away before it had asked
        except (TimeoutError, asyncio.LimitOverrunError) as error:
            log.warning("remote.unread", error=type(error).__name__)
            await _say(writer, trouble_of(DataError(f"A request is one line of at most {LONGEST_REQUEST} bytes.")))
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
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _do(self, case: UseCase, arguments: BaseModel, writer: asyncio.StreamWriter) -> None:
        writer.write(line(Accepted()))

        def tell(progress: Progress) -> None:
            if writer.is_closing() or writer.transport.get_write_buffer_size() > _UNREAD:
                return
            writer.write(line(_told(progress)))

        log.info("remote.asked", ask=case.name)
        end: BaseModel
        try:
            result = await case.run(replace(self._context, tell=tell), arguments)
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


async def _say(writer: asyncio.StreamWriter, said: BaseModel) -> None:
    with suppress(OSError, TimeoutError):  # nobody waits for it any more
        writer.write(line(said))
        async with asyncio.timeout(_HURRY):
            await writer.drain()

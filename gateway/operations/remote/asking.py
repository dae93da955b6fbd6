"""A command's end: do the thing in this process, or let the running gateway do it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Concatenate, ParamSpec, TypeVar

from pydantic import ValidationError

from gateway.errors import ConfigurationError, DataError
from gateway.operations.context import Context, DataFolder, Tell
from gateway.operations.remote.address import is_ours, short_name
from gateway.operations.remote.door import cut_short
from gateway.operations.remote.use_cases import UseCase, case_of
from gateway.operations.remote.wire import (
    ANSWERS,
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    Accepted,
    Answer,
    Crash,
    Hello,
    Request,
    Result,
    Told,
    Trouble,
    error_of,
    line,
    version,
)
from gateway.storage.process_lock import LockHeld
from gateway.sync.pull import Progress

T = TypeVar("T")
P = ParamSpec("P")

PATIENCE = 15.0  # seconds of real time to wait for a lock whose holder takes no requests: it starts, ends or is brief
HURRY = 10.0  # seconds of real time in which a running gateway greets
_AGAIN = 0.05  # seconds between two tries


class Nobody(ConfigurationError):
    """No running gateway took the request, so nothing was done."""


class Asking:
    """Runs use cases: here when the folder is free, else in the gateway that runs on it."""

    def __init__(
        self,
        folder: DataFolder,
        open_own: Callable[[], AbstractAsyncContextManager[Context]],
        *,
        tell: Tell,
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._open_own = open_own
        self._tell = tell
        self._say = say

    async def answered(self) -> bool:
        """Tell whether a running gateway takes requests now."""
        try:
            _, writer = await _connect(self._folder)
        except Nobody:
            return False
        writer.close()
        return True

    async def __call__(
        self, act: Callable[Concatenate[Context, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Run ``act``, one of the use cases, and return its result, whoever did it; its errors are raised alike.

        Raises ConfigurationError when another process holds the lock and takes no requests, OutcomeUnknown when the
        running gateway ended in the middle.
        """
        case = case_of(act)
        ends = asyncio.get_running_loop().time() + PATIENCE
        told = False
        while True:
            try:
                asked = case.bound(*arguments, **named)
                result: T = await ask(self._folder, case, asked, self._tell, self._say)
            except Nobody as nobody:
                if isinstance(nobody.__cause__, PermissionError):
                    raise
            else:
                return result
            try:
                async with self._open_own() as context:
                    return await act(context, *arguments, **named)
            except LockHeld as held:
                if asyncio.get_running_loop().time() > ends:
                    raise ConfigurationError(
                        f"{held} It takes no requests at {self._folder.door}: it is no `gateway serve`, or it hangs."
                    ) from held
                if not told:
                    self._say(f"Waiting for the process that uses {self._folder.path}: {held}")
                    told = True
            await asyncio.sleep(_AGAIN)


async def ask(
    folder: DataFolder,
    case: UseCase,
    arguments: Mapping[str, Any],
    tell: Tell,
    say: Callable[[str], None] = lambda _: None,
) -> Any:
    """Let the gateway that runs on ``folder`` do a use case, and return its result.

    A caller that is cancelled hears what goes on without it (``say``).

    Raises the error that ended it there; Nobody when no gateway took the request, OutcomeUnknown when it went away
    after that.
    """
    asked = line(Request(version=version(), ask=case.name, arguments=dict(arguments)))
    if len(asked) > LONGEST_REQUEST:
        raise DataError(
            f"{case.name} is asked with {len(asked)} bytes; the running gateway takes {LONGEST_REQUEST} at most. "
            "Divide it, or stop the gateway first."
        )
    reader, writer = await _connect(folder)
    try:
        if not is_ours(writer.get_extra_info("socket")):
            raise ConfigurationError(
                f"Another user's process answers at {folder.door}. Run the command as that user, or remove the socket."
            )
        await _greeted(reader, writer, folder)
        writer.write(asked)
        return await _answer(reader, writer, case, tell, say)
    finally:
        writer.close()


async def _connect(folder: DataFolder) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        with short_name(folder.door) as name:
            return await asyncio.open_unix_connection(name, limit=LONGEST_ANSWER)
    except PermissionError as error:
        raise Nobody(f"{folder.door} cannot be used by this user. Run the command as the one it belongs to.") from error
    except OSError as error:
        raise Nobody(f"No running gateway answers at {folder.door}.") from error


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, folder: DataFolder) -> None:
    """Return once the gateway has shown that it listens. Nothing was asked yet, so nothing can be half done."""
    try:
        async with asyncio.timeout(HURRY):
            said = await _next(reader, writer)
    except TimeoutError:
        said = None
    if isinstance(said, Trouble | Crash):
        raise error_of(said)
    if not isinstance(said, Hello):
        raise Nobody(f"The process behind {folder.door} does not answer.")


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    case: UseCase,
    tell: Tell,
    say: Callable[[str], None],
) -> Any:
    accepted = False
    while True:
        try:
            said = await _next(reader, writer)
        except asyncio.CancelledError:
            if accepted and not case.waits:
                say(
                    f"The running gateway has begun {case.name} and finishes it. `{case.look}` shows what became of it."
                )
            raise
        if isinstance(said, Accepted):
            accepted = True
        elif isinstance(said, Told):
            tell(_progress(said))
        elif isinstance(said, Result):
            return case.result.validate_python(said.value)
        elif isinstance(said, Trouble | Crash):
            raise error_of(said)
        elif accepted:
            raise cut_short(case)
        else:
            raise Nobody("The running gateway went away before it took the request.")


async def _next(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer | None:
    """Return the next line; None when there is none that is whole."""
    try:
        await writer.drain()
        return ANSWERS.validate_json(await reader.readuntil(b"\n"))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    except ValidationError:
        return None


def _progress(said: Told) -> Progress:
    return Progress(said.store, said.doing, said.seen, said.done, said.total, said.remaining, said.of)

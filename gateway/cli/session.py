"""One run of the command: its options, the gateway it opens, and how its end is told."""

from __future__ import annotations

import asyncio
import functools
import getpass
import inspect
import os
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, get_type_hints

import typer

from gateway.cli import output
from gateway.cli.exits import Exit, exit_for
from gateway.errors import GatewayError
from gateway.operations.remote.wire import RemoteFault

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gateway.config import LogSettings
    from gateway.operations.context import Context
    from gateway.operations.remote.asking import Asking
    from gateway.sync.pull import Progress

T = TypeVar("T")
P = ParamSpec("P")

Level = Literal["debug", "info", "warning", "error"]


class Running(Protocol):
    """Opens the gateway kept in a folder; `gateway.bootstrap` gives it."""

    def __call__(
        self,
        data: Path,
        *,
        clock_url: str | None,
        read_only: bool,
        alone: bool = True,
        tell: Callable[[Progress], None],
    ) -> AbstractAsyncContextManager[Context]:
        """Return what opens the gateway and closes it cleanly."""
        ...


class Access(StrEnum):
    """How a command opens the gateway."""

    own = "own"  # alone: holds the process lock
    read = "read"  # also while another process runs it; writes nothing
    brake = "brake"  # writes a single row beside whoever runs it, also beside one that hangs


DATA = "./gateway-data"

_PANEL = "Global options"
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="ORDER_GATEWAY_DATA",
        help=f"The data folder.  [default: {DATA}]",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs; the log goes to stderr.", rich_help_panel=_PANEL)
]
ClockOption = Annotated[
    str | None,
    typer.Option("--clock", metavar="URL", help="Follow the clock of a simulator.", rich_help_panel=_PANEL),
]
LevelOption = Annotated[
    Level | None,
    typer.Option(
        "--log-level",
        help="How much to log; `debug` also shows tracebacks.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Session:
    """The global options of one run, and the one way to open the gateway and to print."""

    running: Running
    named_data: Path | None = None
    json: bool = False
    clock_url: str | None = None
    log_level: Level | None = None

    @property
    def data(self) -> Path:
        """Return the data folder to work in."""
        return self.named_data or Path(DATA)

    def given(self, data: Path | None, as_json: bool, clock_url: str | None, log_level: Level | None) -> Session:
        """Return the session with the options that were given in a further place."""
        return replace(
            self,
            named_data=data or self.named_data,
            json=as_json or self.json,
            clock_url=clock_url or self.clock_url,
            log_level=log_level or self.log_level,
        )

    def run(self, act: Callable[[Context], Awaitable[T]], access: Access = Access.own, *, daemon: bool = False) -> T:
        """Open the gateway, await ``act`` and return its result.

        A ``daemon`` logs as the configuration says, other commands from `warning` on; `--log-level` rules both.
        """

        async def inside() -> T:
            from gateway.cli.progress import Teller

            self.log()
            with Teller(quiet=daemon) as teller:
                async with self.running(
                    self.data,
                    clock_url=self.clock_url,
                    read_only=access is Access.read,
                    alone=access is Access.own,
                    tell=teller.tell,
                ) as context:
                    if daemon:
                        self.log(context.configuration.log)
                    else:
                        _be_impatient()
                    return await act(context)

        return self.run_plain(inside(), fast=daemon)

    def ask(self, act: Callable[Concatenate[Context, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a use case that writes (`gateway.operations.remote.use_cases`) and return its result.

        Where a gateway runs on the folder, that one does it.
        """

        async def inside() -> T:
            async with self.asking() as ask:
                return await ask(act, *arguments, **named)

        return self.run_plain(inside())

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Asking]:
        """Yield what runs use cases, for a command that needs several."""
        from gateway.cli.progress import Teller
        from gateway.operations.context import DataFolder
        from gateway.operations.remote.asking import Asking

        self.log()
        _be_impatient()
        with Teller() as teller:

            def own() -> AbstractAsyncContextManager[Context]:
                return self.running(self.data, clock_url=self.clock_url, read_only=False, tell=teller.tell)

            yield Asking(DataFolder(self.data), own, tell=teller.tell, say=self.say)

    def open_to_read(self) -> AbstractAsyncContextManager[Context]:
        """Return what opens the gateway without its lock and without writing."""
        return self.running(self.data, clock_url=self.clock_url, read_only=True, tell=lambda _: None)

    def run_plain(self, coroutine: Coroutine[Any, Any, T], *, fast: bool = False) -> T:
        """Await what needs no open gateway; ``fast`` on the quicker event loop, where there is one."""
        with asyncio.Runner(loop_factory=_quick_loop() if fast else None) as runner:
            return runner.run(coroutine)

    def log(self, settings: LogSettings | None = None) -> None:
        """Send the log to standard error."""
        from gateway.transport.redaction import configure_logging

        level = self.log_level or (settings.level if settings else "warning")
        configure_logging(level, json=bool(settings and settings.format == "json"))

    def show(self, value: T, *tables: Callable[[T], RenderableType | None]) -> None:
        """Print ``value``: as JSON, or as what ``tables`` make of it."""
        if self.json:
            output.print_json(value)
            return
        console = output.console()
        for make in tables:
            if (shown := make(value)) is not None:
                console.print(shown, markup=False)

    def person(self) -> str:
        """Return who gives the command, for the audit trail."""
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # a container's user may have no name
            return f"user {os.getuid()}"

    def say(self, sentence: str) -> None:
        """Tell a person something beside the result: on standard error, whatever the format."""
        output.console(stderr=True).print(sentence, markup=False)

    def narrate(self, sentence: str) -> None:
        """Tell a person what goes on; with `--json` on standard error, so that standard output stays one document."""
        output.console(stderr=self.json).print(sentence, markup=False)

    @contextmanager
    def errors_told(self) -> Iterator[None]:
        """Turn an error into one sentence and its exit code."""
        try:
            yield
        except (GatewayError, KeyboardInterrupt) as error:
            self._tell(error, str(error) or "interrupted")
        except RemoteFault as error:
            self._tell(error, str(error))
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            # The text of an unexpected error may hold anything, personal data included: its class and place say enough.
            self._tell(
                error,
                f"A fault of the gateway: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}. "
                "Repeat with --log-level debug to see all of it, and report it.",
            )

    def _tell(self, error: BaseException, sentence: str) -> None:
        code = exit_for(error)
        if self.log_level == "debug":
            traceback.print_exception(error, file=sys.stderr)
        if self.json:
            kind = "Fault" if code is Exit.fault else type(error).__name__
            output.print_json({"error": {"kind": kind, "message": sentence, "exit_code": code.value}})
        self.say(f"gateway: {sentence}")
        raise typer.Exit(code) from None


def _be_impatient() -> None:
    """Let calls of this task not wait for ever on a clock that stands still: somebody waits for the command."""
    from gateway.transport.limiter import FOREGROUND, PATIENCE

    PATIENCE.set(FOREGROUND)


def _quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # it does not exist for Windows
        return None
    return uvloop.new_event_loop


_LARGEST = 2**31 - 1  # what a column for whole numbers holds


def _check_given(name: str, value: object) -> None:
    """Raise BadParameter for words that are no text and numbers that nothing here can be as large as."""
    if isinstance(value, list | tuple):
        for each in value:
            _check_given(name, each)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise typer.BadParameter(
                f"{name}: what is given is no UTF-8 text. Check the terminal's encoding."
            ) from None
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise typer.BadParameter(f"{name}: {value} is too large; {_LARGEST} is the largest number taken.")


def with_session(function: Callable[Concatenate[Session, P], None]) -> Callable[..., None]:
    """Make a command of a function over a `Session`: it gains the global options, and its errors are told."""
    hints = get_type_hints(function, include_extras=True)
    _, *others = inspect.signature(function).parameters.values()
    shared = {"data": DataOption, "as_json": JsonOption, "clock": ClockOption, "log_level": LevelOption}
    keyword = inspect.Parameter.KEYWORD_ONLY

    @functools.wraps(function)
    def command(**given: Any) -> None:
        session: Session = given.pop("ctx").obj
        for name, value in given.items():
            _check_given(name, value)
        session = session.given(*(given.pop(name) for name in shared))
        with session.errors_told():
            function(session, **given)  # type: ignore[call-arg]  # typer gives what the signature below asks

    parameters = [inspect.Parameter("ctx", keyword, annotation=typer.Context)]
    parameters += [each.replace(annotation=hints[each.name], kind=keyword) for each in others]
    parameters += [
        inspect.Parameter(name, keyword, annotation=hint, default=False if name == "as_json" else None)
        for name, hint in shared.items()
    ]
    del command.__wrapped__  # set by functools.wraps; the signature below is the one
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command

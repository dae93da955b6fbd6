"""What is said between a command and the running gateway: it greets, one line of JSON asks, several answer.

::

    {"kind": "hello", "version": "0.1.0"}                               the gateway: it is there and listens

    {"version": "0.1.0", "ask": "stop_effects", "arguments": {...}}     the command

    {"kind": "accepted"}          it will be done, whether anybody waits or not
    {"kind": "progress", ...}     any number of them
    {"kind": "result", ...}       or {"kind": "error", ...} or {"kind": "fault", ...}; the last line
"""

from __future__ import annotations

import inspect
import traceback
from datetime import timedelta
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gateway import errors
from gateway.errors import GatewayError

LONGEST_REQUEST = 32 << 20  # bytes; the largest evidence file that may be set, in base64, and what goes with it
LONGEST_ANSWER = 256 << 20


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Request(_Said):
    """What is asked. ``version`` is the release of who asks."""

    version: str
    ask: str
    arguments: dict[str, Any] = Field(repr=False)


class Hello(_Said):
    """Somebody listens. ``version`` is the release of the running gateway."""

    kind: Literal["hello"] = "hello"
    version: str


class Accepted(_Said):
    """It will be done."""

    kind: Literal["accepted"] = "accepted"


class Told(_Said):
    """How far a pull has come, as `gateway.sync.pull.Progress`."""

    kind: Literal["progress"] = "progress"
    store: str
    doing: str
    seen: int
    done: timedelta
    total: timedelta
    remaining: timedelta | None
    of: int | None = None


class Result(_Said):
    """It was done; the use case knows how to read ``value``."""

    kind: Literal["result"] = "result"
    value: Any = Field(repr=False)


class Trouble(_Said):
    """An error of the tree: its class, its text, and what the class carries besides."""

    kind: Literal["error"] = "error"
    error: str
    text: str
    details: dict[str, str | int | tuple[str, ...] | None] = {}


class Crash(_Said):
    """An error nobody raised on purpose; its text stays in the running gateway, for it may hold anything."""

    kind: Literal["fault"] = "fault"
    error: str
    place: str


Answer = Annotated[Hello | Accepted | Told | Result | Trouble | Crash, Field(discriminator="kind")]
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)
"""Reads a line of an answer."""


class RemoteFault(Exception):
    """A fault of the running gateway met while it did what was asked."""


def version() -> str:
    """Return our release."""
    return installed_version("order-gateway")


def line(said: BaseModel) -> bytes:
    """Return one line."""
    return said.model_dump_json().encode() + b"\n"


def trouble_of(error: Exception) -> Trouble | Crash:
    """Return an error as it is told. A class outside the tree's module is told as the nearest one within."""
    if not isinstance(error, GatewayError):
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Crash(error=type(error).__name__, place=f"{Path(place.filename).name}:{place.lineno}")
    kind = next(each for each in type(error).__mro__ if getattr(errors, each.__name__, None) is each)
    carried = inspect.signature(kind.__init__).parameters
    details = {name: value for name, value in vars(error).items() if name in carried}
    return Trouble(error=kind.__name__, text=str(error), details=details)


def error_of(told: Trouble | Crash) -> Exception:
    """Return the error that was told, of the same class."""
    if isinstance(told, Crash):
        return RemoteFault(
            f"A fault of the running gateway: {told.error} at {told.place}. Its log shows all of it; report it."
        )
    kind = getattr(errors, told.error, GatewayError)
    found: Exception = kind(told.text, **told.details)
    return found

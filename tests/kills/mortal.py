"""Gateway processes that die at a chosen point.

The product holds no hook for this. What is wrapped here are the functions through which every effect goes; at the
n-th pass of the chosen place the process kills itself with SIGKILL, as a power cut would, and notes that in a file
first. One that is to live is the plain gateway.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import random
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

_APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_MODULES = (
    "gateway.api.site",
    "gateway.bootstrap",
    "gateway.cli.app",
    "gateway.cli.serving",
    "gateway.cli.session",
    "gateway.operations.serving",
    "gateway.policy.rule_set",
    "gateway.work.delivered",
)


class Place(StrEnum):
    """Where a process dies."""

    before_intent = "before_intent"  # the decision is made, nothing of it is written
    after_intent = "after_intent"  # the effect is committed, nobody has called
    in_call = "in_call"  # it is marked as being called, the request has not left
    after_call = "after_call"  # the platform has answered, or broken off; nobody has noted it
    after_commit = "after_commit"  # what became of it is committed; the case does not know yet


class Passing:
    """Counts the passes of one place and ends the process at the chosen one."""

    def __init__(self, place: Place, at: int, note: str) -> None:
        self._place, self._left, self._note = place, at, note
        self._lock = threading.Lock()  # acts of the database run in its writer's thread

    def at(self, place: Place) -> None:
        """Pass a place."""
        if place is not self._place:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._die()

    def _die(self) -> None:
        from gateway.work.leases import this_process  # noqa: PLC0415 - the gateway's modules come as it needs them

        told = {"place": self._place, "process": this_process(), "pid": os.getpid(), "at": time.time()}
        with Path(self._note).open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
        os.kill(os.getpid(), signal.SIGKILL)


class _Port:
    """An adapter whose writes pass two places."""

    def __init__(self, port: Any, passing: Passing) -> None:
        self._port, self._passing = port, passing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    async def perform(self, channel: Any, act: Any) -> str:
        self._passing.at(Place.in_call)
        try:
            reference: str = await self._port.perform(channel, act)
        finally:
            self._passing.at(Place.after_call)
        return reference


def arm(passing: Passing) -> None:
    """Put the places into the roads that every effect of a case takes."""
    from gateway.cases import carrying_out  # noqa: PLC0415 - as above
    from gateway.cases.effects import Effects, EffectState  # noqa: PLC0415 - as above

    commit: Callable[..., str] = carrying_out.commit
    call: Callable[..., Awaitable[Any]] = Effects.call
    to: Callable[..., Awaitable[Any]] = Effects._to

    def committing(*arguments: Any, **named: Any) -> str:
        passing.at(Place.before_intent)
        return commit(*arguments, **named)

    async def calling(self: Effects, effect: Any, port: Any, channel: Any, **named: Any) -> Any:
        passing.at(Place.after_intent)
        return await call(self, effect, _Port(port, passing), channel, **named)

    async def noting(self: Effects, effect: Any, state: EffectState, *arguments: Any) -> Any:
        moved = await to(self, effect, state, *arguments)
        if not moved.state.is_open:
            passing.at(Place.after_commit)
        return moved

    carrying_out.commit = committing
    Effects.call = calling
    Effects._to = noting


def main() -> None:
    """Bring forth gateway processes as standard input asks for them, and tell on standard output how they end.

    A line in: ``{"arguments": [...], "die_at": "place:n", "note": FILE, "stdout": FILE, "stderr": FILE}``, without a
    place where it is to live. Lines out: ``{"born": pid}`` for each, in order, and ``{"ended": pid, "status": n}``,
    negative for a signal. Each is a process of its own, forked from this one, which has read the gateway's modules
    already: to read them dozens of times over would take most of the time. When the input ends, all are killed.
    """
    _read_modules()
    gc.freeze()
    living: set[int] = set()
    heard = b""
    while True:
        if select.select([0], [], [], 0.05)[0]:
            more = os.read(0, 65536)
            if not more:
                break
            *lines, heard = (heard + more).split(b"\n")
            for line in lines:
                living.add(child := _bear(json.loads(line)))
                print(json.dumps({"born": child}), flush=True)
        for child in list(living):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                living.discard(child)
                print(json.dumps({"ended": child, "status": os.waitstatus_to_exitcode(status)}), flush=True)
    for child in living:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _read_modules() -> None:
    adapters = importlib.import_module("adapters")
    of_adapters = (each.name for each in pkgutil.walk_packages(adapters.__path__, "adapters."))
    for name in (*_MODULES, *of_adapters):
        importlib.import_module(name)


def _bear(wanted: dict[str, Any]) -> int:
    """Return the process id of a new gateway."""
    if child := os.fork():
        return child
    status = 1
    try:
        os.setsid()
        for number, (name, flags) in enumerate(
            ((os.devnull, os.O_RDONLY), (wanted["stdout"], _APPENDING), (wanted["stderr"], _APPENDING))
        ):
            os.dup2(os.open(name, flags, 0o600), number)
        random.seed()  # it came into the world with its parent's
        sys.argv = ["gateway", *wanted["arguments"]]
        if named := wanted.get("die_at"):
            place, _, count = named.partition(":")
            arm(Passing(Place(place), int(count), wanted["note"]))
        from gateway.bootstrap import main as run  # noqa: PLC0415 - as above

        run()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()

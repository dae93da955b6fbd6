"""A gateway process that dies at a chosen point: `python -m tests.kills.mortal` instead of `python -m gateway`.

The product holds no hook for this. What is wrapped here are the functions through which every effect goes; at the
n-th pass of the chosen place the process kills itself with SIGKILL, as a power cut would, and notes that in a file
first. `DIE_AT` is ``place:n``, `DIE_NOTE` the file; without them this is the plain gateway.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

AT, NOTE = "DIE_AT", "DIE_NOTE"


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
    """Run the gateway's command, mortal where the environment says so."""
    from gateway.bootstrap import main as run  # noqa: PLC0415 - as above

    if named := os.environ.get(AT):
        place, _, count = named.partition(":")
        arm(Passing(Place(place), int(count), os.environ[NOTE]))
    run()


if __name__ == "__main__":
    main()

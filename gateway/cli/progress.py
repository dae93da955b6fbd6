"""How far a long pull has come, told on standard error."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from gateway.cli.output import console

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from gateway.sync.pull import Progress

log = structlog.get_logger(__name__)

_SHORT = timedelta(hours=1)  # a pull over less than this is over before a line about it is read
_FEW = 200  # orders known by number, likewise
_STEP = 0.05  # how much further a pull must be for another line
_MANY = 1000  # or how many more it must have read
_WORTH_A_LINE = timedelta(seconds=10)  # still to go, where each step is a line of its own


class Teller:
    """Shows bars to a terminal and writes lines to anything else. A daemon's is ``quiet``: its log tells.

    Where each step is a line of its own, nothing is told of a pull that ends in a moment.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = console(stderr=True)
        self._bars: Bars | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._said: dict[tuple[str, str], tuple[int, float]] = {}  # read and share as last told in a line

    def __enter__(self) -> Self:
        """Begin; nothing is shown until there is progress."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()

    def tell(self, progress: Progress) -> None:
        """Show how far a pull has come."""
        if progress.total < _SHORT if progress.of is None else progress.of <= _FEW:
            return
        left = f"about {spoken(progress.remaining)} left" if progress.remaining else ""
        if self._console.is_terminal and not self._quiet:
            self._draw(progress, left)
        elif self._worth_a_line(progress):
            self._say(progress, left)

    def _worth_a_line(self, progress: Progress) -> bool:
        if (progress.remaining or timedelta()) < _WORTH_A_LINE:
            return False
        key = (progress.store, progress.doing)
        seen, share = self._said.get(key, (0, -1.0))
        if share <= progress.share < share + _STEP and seen <= progress.seen < seen + _MANY:
            return False
        self._said[key] = (progress.seen, progress.share)
        return True

    def _say(self, progress: Progress, left: str) -> None:
        done = f"{progress.share:.0%}"
        if self._quiet:
            log.info(
                "sync.progress",
                store=progress.store,
                doing=progress.doing,
                seen=progress.seen,
                done=done,
                remaining=left,
            )
            return
        self._console.print(
            f"{progress.store}: {progress.doing}, {progress.seen} read, {done} {left}".rstrip(), markup=False
        )

    def _draw(self, progress: Progress, left: str) -> None:
        bars = self._bars or self._begin()
        key = (progress.store, progress.doing)
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(f"{progress.store} {progress.doing}", total=1.0, seen=0, left="")
        bars.update(self._tasks[key], completed=progress.share, seen=progress.seen, left=left)

    def _begin(self) -> Bars:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[seen]} read {task.fields[left]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._bars.start()
        return self._bars


def spoken(span: timedelta) -> str:
    """Return a span as people say it, to the first unit that matters: ``3 h 20 min``, ``45 s``."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60} min" if hours < 48 else f"{hours // 24} days"

"""The demo: a short shop day against the simulators, played with real processes, and the proof at its end.

Shops are connected as a seller would connect them and a daemon is started. The day is in
`gateway.operations.demo.script`.
At the end the simulator's own books are compared with what the gateway stored, and its journal of applied
writes with what the gateway meant to do.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from gateway.cases.effects import EffectState
from gateway.config import DATABASE_VARIABLE
from gateway.errors import ConfigurationError
from gateway.operations.context import Context, DataFolder
from gateway.operations.demo.books import Comparison
from gateway.operations.demo.day import Day, Deed, agree, in_haste, stand_still, tell
from gateway.operations.demo.looking import all_stored, compare_with
from gateway.operations.demo.paths import ShownPath, different_paths
from gateway.operations.demo.script import days_after, play
from gateway.operations.demo.shops import REGISTRATIONS, connect
from gateway.operations.demo.stories.playing import ToldStory, play_stories
from gateway.operations.demo.stories.ten import TEN
from gateway.operations.initialise import initialise
from gateway.operations.processes import Daemon
from gateway.operations.simulated import Simulator, simulators
from gateway.operations.syncing import sync_now
from gateway.storage.schema import effects, inbox

SEED = 7

_NOTHING_DONE = (EffectState.refused.value, EffectState.not_applied.value)
_MESSAGES = frozenset(
    {"customer_service/conversations/messages"}
)  # no order stands beside them; settings of apps neither

_MONTHS_IN = ZoneInfo("Asia/Shanghai")
_BEFORE_THE_FIRST = (timedelta(days=2), timedelta(hours=36))  # the day begins so long before it, at most and at least

Running = Callable[..., AbstractAsyncContextManager[Context]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the day came to. ``ok`` when nothing differs and every effect happened exactly once."""

    data: Path
    control_urls: dict[str, str]
    accounts: int  # shops; one that also buys is two stores
    links: int  # purchases linked to sales, by line
    orders: int
    by_phase: dict[str, int]
    deeds: tuple[Deed, ...]
    stories: tuple[ToldStory, ...]
    intended: int  # effects that the gateway has on record as applied or under way, those of the stories included
    applied: int  # writes in the simulators' journals
    pushes: dict[str, int]  # taken in, by what became of them
    forged_refused: int
    paths: tuple[ShownPath, ...]  # orders whose cheapest paths differ
    comparison: Comparison

    @property
    def ok(self) -> bool:
        """Return whether the two books agree, nothing was done twice, and every story came to its end."""
        agree = not self.comparison.differences and self.applied == self.intended
        return agree and all(each.ended for each in self.stories)


async def run(
    running: Running,
    *,
    data: Path | None = None,
    count: int = 130,
    say: Say = print,
    afterwards: Callable[[DemoReport], Awaitable[None]] | None = None,
    tell_stories: bool = True,
) -> DemoReport:
    """Play the day and, unless not ``tell_stories``, the ten stories after it; return its report.

    ``data`` names a folder that stays; without it a temporary one is used. ``afterwards`` is awaited while the
    simulators are still up, their clock standing still, and the gateway is closed, so that its commands can be tried.
    Raises ConfigurationError when the simulator does not start or ``data`` holds a gateway already.
    """
    address = f"http://127.0.0.1:{_free_port()}"
    async with (
        _folder(data) as path,
        simulators(platforms=",".join(REGISTRATIONS), orders=0, seed=SEED, push_to=address) as doors,
    ):
        await _begin(doors, count)
        await _prepare(path, doors, address)
        async with _opened(running, path) as gateway:
            stores = await connect(gateway, doors)
        say(f"connected {len(stores)} stores: {', '.join(f'{one.id} ({one.currency})' for one in stores)}")

        daemon = Daemon(path)
        async with _opened(running, path, read_only=True) as gateway:
            day = Day(data=path, doors=doors, daemon=daemon, stores=stores, address=address, gateway=gateway, say=say)
            stories: Sequence[ToldStory] = ()
            try:
                await daemon.start()
                async with in_haste(day):
                    await play(day)
                    if tell_stories:
                        stories = await _tell(day, gateway)
                    else:
                        await days_after(day)
                await stand_still(day)
            finally:
                await daemon.stop()
            report = await _close_books(gateway, day, stories)
        if afterwards is not None:
            await afterwards(report)
        return report


async def _tell(day: Day, gateway: Context) -> Sequence[ToldStory]:
    day.say(f"{len(TEN)} stories begin on the one clock; people act as commands do, at the daemon's door")
    stories = await play_stories(day, gateway, TEN)
    await tell(day, sync_now)
    ended = all(each.ended for each in stories)
    await agree(day, "the stories have ended" if ended else "some stories stick")
    return stories


async def _begin(doors: Mapping[str, Simulator], count: int) -> None:
    """Set the simulators' clock to some days before a month's end, and let their orders begin there.

    One of the stories awaits the 1st, and what is decided looks only a week ahead.
    """
    clock = next(iter(doors.values()))
    now = datetime.fromisoformat((await clock.read("/clock"))["now"])
    first = _first_after(now + _BEFORE_THE_FIRST[1])
    await clock.do("/clock", {"now": max(now, first - _BEFORE_THE_FIRST[0]).astimezone(UTC).isoformat()})
    for door in doors.values():
        await door.do("/reset", {"seed": SEED, "orders": count})


def _first_after(instant: datetime) -> datetime:
    """Return the next 1st, 00:00 where the month of the closes is counted."""
    local = instant.astimezone(_MONTHS_IN)
    year, month = divmod(local.year * 12 + local.month, 12)
    return datetime(year, month + 1, 1, tzinfo=_MONTHS_IN)


def _opened(running: Running, path: Path, *, read_only: bool = False) -> AbstractAsyncContextManager[Context]:
    return running(path, clock_url=None, read_only=read_only, tell=lambda _: None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    if os.environ.get(DATABASE_VARIABLE):
        raise ConfigurationError(
            f"{DATABASE_VARIABLE} names a database, and the demo plays in an SQLite file of its own. Unset it first."
        )
    if data is None:
        with tempfile.TemporaryDirectory(prefix="order-gateway-demo-") as folder:
            yield Path(folder)
        return
    if DataFolder(data).database.exists():
        raise ConfigurationError(f"{data} already holds a gateway. Name an empty folder, or remove this one first.")
    yield data


async def _prepare(path: Path, doors: Mapping[str, Simulator], address: str) -> None:
    """Make the data folder. Pulls rest for hours of the simulator's time: what arrives in between came by push."""
    folder = DataFolder(path)
    await initialise(folder, os.environ)
    folder.configuration.write_text(
        f"clock: {next(iter(doors.values())).control_url}\n"  # all simulators of a process share one clock
        f"listen: {address.removeprefix('http://')}\n"
        f"public_url: {address}\n"
        "sync:\n  every: 6h\n  reconcile_every: 3d\n  reconcile_span: 12h\n  absence: 2d\n"
        "stock:\n  every: 1d\n"
        "log:\n  level: error\n",
        "utf-8",
    )


async def _close_books(gateway: Context, day: Day, stories: Sequence[ToldStory]) -> DemoReport:
    stored = await all_stored(gateway)
    journal = [entry for door in day.doors.values() for entry in await door.read("/effects")]
    intended = await gateway.database.read(
        lambda c: c.execute(
            select(func.count()).select_from(effects).where(effects.c.state.not_in(_NOTHING_DONE))
        ).scalar_one()
    )
    pushes = await gateway.database.read(
        lambda c: c.execute(select(inbox.c.state, func.count().label("number")).group_by(inbox.c.state)).all()
    )
    return DemoReport(
        data=day.data,
        control_urls={platform: door.control_url for platform, door in day.doors.items()},
        accounts=len({(store.platform, store.external_id) for store in day.stores}),
        links=day.links,
        orders=len(stored),
        by_phase=dict(Counter(one.phase.value for one in stored.values())),
        deeds=tuple(day.deeds),
        stories=tuple(stories),
        intended=intended,
        applied=sum(bool(entry["order_id"]) or entry["operation"] in _MESSAGES for entry in journal),
        pushes={row.state: row.number for row in pushes},
        forged_refused=day.forged_refused,
        paths=tuple(await different_paths(gateway, f"gateway --data {shlex.quote(str(day.data))}")),
        comparison=await compare_with(gateway, day.doors),
    )

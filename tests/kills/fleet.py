"""Gateway processes that are killed and started again, beside simulators that fail; and the people who use both."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, func, select

from gateway.cases.approvals import ApprovalState, answer, approvals_like
from gateway.cases.approvals import Role as Lead
from gateway.cases.case import open_case
from gateway.model.store import Role, Store
from gateway.operations.context import Context
from gateway.operations.simulated import Simulator
from gateway.storage.moments import to_micros
from gateway.storage.schema import case_history, cases, effects, inbox, work
from tests.kills.mortal import Place

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 120  # seconds of real time for one thing to happen; a generous bound, not a pace
CHANCE = "chance"
AT_FIRST = 200  # cases open before the first process starts
FEW = 10  # fewer cases than these about to decide: more come in

_OPEN = ("committed", "calling", "unknown")
_FAULTS: Sequence[Mapping[str, object]] = (
    {"operation": "order/cancel_order", "fault": "timeout_after", "probability": 0.15, "ms": 40},
    {"operation": "order/cancel_order", "fault": "timeout_before", "probability": 0.08, "ms": 40},
    {"operation": "*ancel*", "fault": "timeout_after", "probability": 0.06, "ms": 40},
    {"operation": "*ancel*", "fault": "timeout_before", "probability": 0.03, "ms": 40},
    {"operation": "*", "fault": "http_500", "probability": 0.01},
    {"operation": "*", "fault": "reset", "probability": 0.01},
    {"operation": "*", "fault": "http_429", "probability": 0.01, "seconds": 1},
    {"operation": "push/*", "fault": "push_duplicate", "probability": 0.05},
)


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill to come: at the n-th pass of a place, or at whatever instant ``n`` lines of history later."""

    place: str
    n: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one process at a time: its roles (none: all), and its kills, which slots may share."""

    roles: Sequence[str]
    kills: deque[Kill]


def plan(each: int, by_chance: int, seed: int) -> list[Kill]:
    """Return kills: ``each`` at every place, ``by_chance`` at any instant, mixed by ``seed``."""
    drawn = random.Random(seed)
    kills = [Kill(place.value, drawn.randint(1, 5)) for place in Place for _ in range(each)]
    kills += [Kill(CHANCE, drawn.randint(2, 25)) for _ in range(by_chance)]
    drawn.shuffle(kills)
    return kills


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], Awaitable[bool]], what: Callable[[], object], limit: float = LIMIT) -> None:
    """Wait until something holds; raises AssertionError with ``what`` when it does not in time."""
    ends = time.monotonic() + limit
    while not await condition():
        if time.monotonic() > ends:
            raise AssertionError(f"after {limit:.0f} s still not: {what()}")
        await asyncio.sleep(0.05)


@dataclass
class Process:
    """One gateway process, by its id; ``ended`` tells how it ended, negative for a signal."""

    pid: int
    told: Path
    ended: asyncio.Future[int]

    async def ready(self) -> bool:
        """Wait until its roles run; return whether they did before it died."""

        async def known() -> bool:
            return self.ended.done() or self._is_ready()

        await until(known, lambda: f"process {self.pid} is ready")
        return self._is_ready()

    async def gone(self) -> int:
        """Wait until it has ended; return how."""
        return await asyncio.wait_for(asyncio.shield(self.ended), LIMIT)

    def _is_ready(self) -> bool:
        return self.told.is_file() and self.told.read_bytes().endswith(b"\n")


@dataclass
class Fleet:
    """The processes of one gateway, and the nursery they come from."""

    data: Path
    note: Path
    errors: Path
    killed: Counter[str] = field(default_factory=Counter)
    _processes: dict[int, Process] = field(default_factory=dict)
    _born: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Keep the nursery; whatever lives is killed at the end."""
        with self.errors.open("ab") as errors:
            self._nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.kills.mortal"),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            )
        hearing = asyncio.create_task(self._hear())
        try:
            yield self
        finally:
            assert self._nursery.stdin is not None
            self._nursery.stdin.close()
            await asyncio.wait_for(self._nursery.wait(), LIMIT)
            await hearing

    async def start(self, roles: Sequence[str], kill: Kill | None) -> Process:
        """Start a process with ``roles`` (none: all of them) and wait until they run."""
        told = self.data.parent / f"told-{len(self._processes)}-{time.monotonic_ns()}"
        words = [word for role in roles for word in ("--role", role)]
        wanted: dict[str, object] = {
            "arguments": ["--data", str(self.data), "--json", "serve", *words],
            "stdout": str(told),
            "stderr": str(self.errors),
        }
        if kill is not None and kill.place != CHANCE:
            wanted |= {"die_at": f"{kill.place}:{kill.n}", "note": str(self.note)}
        assert self._nursery.stdin is not None
        async with self._one_by_one:
            self._nursery.stdin.write(json.dumps(wanted).encode() + b"\n")
            pid = await asyncio.wait_for(self._born.get(), LIMIT)
        process = self._processes[pid]
        process.told = told
        # it may have died before it was ready: what waited was due at once
        assert await process.ready() or await process.gone() == -signal.SIGKILL, f"it did not start: {self.said()}"
        return process

    def count(self, place: str, pid: int) -> dict[str, Any] | None:
        """Count a kill; return what the dead process noted last, None where it was killed by chance."""
        self.killed[place] += 1
        if place == CHANCE:
            return None
        noted = [json.loads(line) for line in self.note.read_text("utf-8").splitlines()]
        own = [each for each in noted if each["pid"] == pid][-1]
        assert own["place"] == place
        return dict(own)

    def said(self) -> str:
        """Return the last words of all processes."""
        return self.errors.read_text("utf-8", "replace")[-3000:]

    async def _hear(self) -> None:
        assert self._nursery.stdout is not None
        async for line in self._nursery.stdout:
            told = json.loads(line)
            if pid := told.get("born"):
                ended = asyncio.get_running_loop().create_future()
                self._processes[pid] = Process(pid, self.data.parent / "never", ended)
                self._born.put_nowait(pid)
            else:
                self._processes[told["ended"]].ended.set_result(told["status"])


@dataclass
class Shops:
    """The stores, their simulators, and what people do there."""

    gateway: Context
    doors: Mapping[str, Simulator]
    stores: Sequence[Store]
    opened: int = 0
    closed_by_merchant: list[str] = field(default_factory=list)
    _orders: int = 0

    async def misbehave(self) -> None:
        """Switch the faults on."""
        for door in self.doors.values():
            await door.do("/faults", [dict(each) for each in _FAULTS])

    async def behave(self) -> None:
        """Switch the faults off."""
        for door in self.doors.values():
            await door.do("/faults", {}, method="DELETE")

    async def more(self, amount: int) -> None:
        """Make orders that are to end, every other one because its buyer asks for it, and open their cases."""
        made = []
        for _ in range(amount):
            self._orders += 1
            store = self.stores[self._orders % len(self.stores)]
            door = self.doors[store.platform]
            role = {"role": store.role.value} if store.role is not None else {}
            told = {"store": store.external_id, "phase": "awaiting_shipment", **role}
            order_id = str((await door.do("/orders", told))["id"])
            ours = store.role is Role.buyer  # a purchase: there is no other buyer than the gateway
            if self._orders // len(self.stores) % 2 and not ours:
                await door.act(order_id, "buyer_requests_cancellation", reason="no longer needed")
            elif store.platform == "xiaohongshu" and len(self.closed_by_merchant) < 8:
                self.closed_by_merchant.append(order_id)
            made.append((store.id, order_id))
        now = self.gateway.clock.now()

        def act(c: Connection) -> None:
            for store, order_id in made:
                open_case(c, store=store, order_id=order_id, reason="out_of_stock", by="anna", now=now)

        await self.gateway.database.write(act)
        self.opened += len(made)
        for _, order_id in made:
            if order_id in self.closed_by_merchant:
                await self.doors["xiaohongshu"].act(order_id, "merchant_closes", reason="out_of_stock")

    async def agree(self) -> None:
        """Say yes to all that is asked."""

        def act(c: Connection) -> None:
            now = self.gateway.clock.now()
            for each in approvals_like(c, states=[ApprovalState.asked]):
                answer(c, each.id, by="ben", role=Lead.lead, yes=True, because="", now=now)

        if await self.gateway.database.read(lambda c: bool(approvals_like(c, states=[ApprovalState.asked]))):
            await self.gateway.database.write(act)

    async def lines(self) -> int:
        """Return how much has happened in all cases."""
        counted = select(func.count()).select_from(case_history)
        return int(await self.gateway.database.read(lambda c: c.execute(counted).scalar_one()))

    async def fresh(self) -> int:
        """Return how many cases are about to decide. One that waits for the outcome of a lost call passes no place."""
        soon = to_micros(self.gateway.clock.now()) + 60_000_000
        about_to = (cases.c.state == "running") & (cases.c.waits_for == "") & (cases.c.due_at <= soon)
        query = select(func.count()).select_from(cases).where(about_to)
        return int(await self.gateway.database.read(lambda c: c.execute(query).scalar_one()))

    async def restless(self) -> dict[str, int]:
        """Return what is not at rest: effects open, cases due within a minute, work and pushes in hand."""
        now = to_micros(self.gateway.clock.now())

        def look(c: Connection) -> dict[str, int]:
            def count(table: Any, *where: Any) -> int:
                return int(c.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

            kinds = work.c.kind.in_(["case", "effect"])
            return {
                "effects": count(effects, effects.c.state.in_(_OPEN)),
                "cases": count(cases, cases.c.state != "settled", cases.c.due_at <= now + 60_000_000),
                "work": count(work, kinds, work.c.state.in_(["claimed", "renewed"]))
                + count(work, kinds, work.c.state == "waiting", work.c.due_at <= now),
                "pushes": count(inbox, inbox.c.state == "received"),
                "approvals": len(approvals_like(c, states=[ApprovalState.asked])),
            }

        found = await self.gateway.database.read(look)
        return {name: number for name, number in found.items() if number}

    async def pass_time(self, how_long: str) -> None:
        """Let the clock that all follow jump."""
        door = next(iter(self.doors.values()))
        before = self.gateway.clock.now()
        await door.do("/clock", {"advance": how_long})

        async def seen() -> bool:
            return (self.gateway.clock.now() - before).total_seconds() >= 60

        await until(seen, lambda: "the clock's jump is seen")


async def kill_all(
    fleet: Fleet,
    shops: Shops,
    slots: Sequence[Slot],
    on_death: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Run a process in each slot and kill it again and again until all kills are made; leave living ones behind.

    Cases come in as long as kills are to come, so that there is always something to die of.
    """
    over = asyncio.Event()

    async def keep(roles: Sequence[str], left: deque[Kill]) -> None:
        while left:
            kill = left.popleft()
            process = await fleet.start(roles, kill)
            if kill.place == CHANCE:
                goal = await shops.lines() + kill.n

                async def come(goal: int = goal) -> bool:
                    return await shops.lines() >= goal

                await until(come, lambda: f"something happens in the cases: {fleet.said()}")
                os.kill(process.pid, signal.SIGKILL)
            try:
                ended = await process.gone()
            except TimeoutError:
                raise AssertionError(f"{kill} did not come: {await shops.restless()}, {fleet.said()}") from None
            assert ended == -signal.SIGKILL, f"it ended by itself, with {ended}: {fleet.said()}"
            died = fleet.count(kill.place, process.pid)
            if on_death is not None and died is not None:
                on_death(died)
        await fleet.start(roles, None)

    async def feed() -> None:
        while not over.is_set():
            await shops.agree()
            if await shops.fresh() < FEW:
                await shops.more(FEW)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.5)

    await shops.more(AT_FIRST)
    await shops.misbehave()
    feeding = asyncio.create_task(feed())
    keeping = asyncio.gather(*(keep(slot.roles, slot.kills) for slot in slots))
    try:
        await asyncio.wait({feeding, keeping}, return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()
        await keeping
        over.set()
        await feeding
    finally:
        for task in (feeding, keeping):
            task.cancel()
        await asyncio.gather(feeding, keeping, return_exceptions=True)


async def come_to_rest(shops: Shops, said: Callable[[], str]) -> None:
    """Let everything settle that can: platforms work again, people agree, minutes pass until lost calls are certain."""
    await shops.behave()
    seen: dict[str, int] = {}

    async def resting() -> bool:
        await shops.agree()
        seen.clear()
        seen.update(await shops.restless())
        return set(seen) <= {"effects", "cases"}  # these may wait for their time: a lost call, a failed turn

    for _ in range(8):
        await until(resting, lambda: f"{seen} come to rest: {said()}", limit=2 * LIMIT)
        if not seen:
            return
        await shops.pass_time("PT3M")
    raise AssertionError(f"not at rest: {seen}; {said()}")

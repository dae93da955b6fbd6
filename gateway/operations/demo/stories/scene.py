"""What a story is told with: what happens outside, what people do, and what is awaited of the order's case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from gateway.cases.approvals import Approval, ApprovalState
from gateway.cases.case import WaitsFor, case_of
from gateway.cases.tasks import Task, TaskKind, TaskState
from gateway.errors import GatewayError
from gateway.model.attested import FactName
from gateway.model.store import Role, Store
from gateway.operations.approvals import answer_approval
from gateway.operations.cases import ShownCase, open_case, show_case
from gateway.operations.contact import enter_reply
from gateway.operations.context import Context
from gateway.operations.demo.day import PERSON, Day, tell
from gateway.operations.demo.looking import is_quiet
from gateway.operations.demo.stories.pace import Pace
from gateway.operations.evidence import add_evidence
from gateway.operations.facts import set_fact
from gateway.operations.simulated import Simulator
from gateway.operations.tasks import finish_task
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.terms import EvidenceKind, Reason, Reply

T = TypeVar("T")
P = ParamSpec("P")

_PATIENCE = 120.0  # seconds of real time for what another process should do at once
_LOOK_EVERY = 0.1
_AT_REST = 3  # looks in a row at which a case has not changed and nothing is left to do
_PEOPLE = frozenset({WaitsFor.person, WaitsFor.approval})  # they do not come by themselves
_AHEAD = timedelta(seconds=20)  # what is due later than that needs the clock to jump
_MARKS = timedelta(hours=12)  # where the hour does not matter, stories wait for the same ones


@dataclass(frozen=True, slots=True)
class Happening:
    """What the buyer, the courier, the supplier or somebody in the console did with an order."""

    at: datetime
    store: str
    order_id: str
    act: str


@dataclass(slots=True)
class Play:
    """What all stories share. ``gateway`` only reads; what people do goes to the running gateway."""

    day: Day
    gateway: Context
    pace: Pace
    outside: list[Happening] = field(default_factory=list)

    def store(self, platform: str, number: int = 0, role: Role = Role.seller) -> Store:
        """Return a connected store of a platform, by its place among those of a role."""
        return [each for each in self.day.stores if (each.platform, each.role) == (platform, role)][number]

    async def tell(
        self, act: Callable[Concatenate[Context, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Do what a person's command would: the running gateway is asked for it at its door, as commands do."""
        return await tell(self.day, act, *arguments, **named)


@dataclass(slots=True)
class Scene:
    """One story as it goes: an order of a store, and the cases that it is about, its own first."""

    play: Play
    store: Store
    order_id: str = ""
    cases: list[str] = field(default_factory=list)

    @property
    def door(self) -> Simulator:
        """Return the platform's simulator: the world outside."""
        return self.play.day.doors[self.store.platform]

    def now(self) -> datetime:
        """Return the time of the clock that all share."""
        return self.play.gateway.clock.now()

    async def passes(self, span: timedelta) -> None:
        """Let time pass."""
        await self.play.pace.until(self.now() + span)

    async def until(self, instant: datetime) -> None:
        """Let time pass until an instant."""
        await self.play.pace.until(instant)

    async def placed(self, **wish: Any) -> None:
        """Let a buyer place the order of the story, and wait until the gateway knows it."""
        told = await self.door.do("/orders", {"store": self.store.external_id, **_plain(wish)})
        self.order_id = told["id"]
        await self.known(lambda _: True, "a new order is known")

    async def happens(self, act: str, **details: Any) -> None:
        """Be the buyer, the courier or the console for one act."""
        self.play.outside.append(Happening(self.now(), self.store.id, self.order_id, act))
        await self.door.act(self.order_id, act, **details)

    async def known(self, true: Callable[[StoredOrder], bool], why: str) -> StoredOrder:
        """Wait until the gateway knows something of the order. Raises GatewayError when it does not come."""

        async def look() -> StoredOrder | None:
            stored = await self.play.gateway.database.read(
                lambda c: stored_order(c, self.play.gateway.vault, self.store.id, self.order_id)
            )
            return stored if stored is not None and true(stored) else None

        return await self._soon(look, why)

    async def opened(self, reason: Reason) -> None:
        """Let a person open a case for the order."""
        case = await self.play.tell(open_case, self.order_id, reason, store=self.store.id, by=PERSON)
        self.cases.append(case.id)

    async def look(self) -> ShownCase:
        """Return the story's own case as it stands."""
        return await show_case(self.play.gateway, self.cases[0])

    async def sees(self, true: Callable[[ShownCase], bool], why: str) -> ShownCase:
        """Wait, while the clock goes at its own pace, until something is true of the case."""

        async def look() -> ShownCase | None:
            shown = await self.look()
            return shown if true(shown) else None

        return await self._soon(look, why)

    async def asked_for(self, kind: TaskKind, about: str = "") -> Task:
        """Wait until a person is asked for something; ``about`` stands in the task's subject."""
        shown = await self.sees(lambda shown: _open_task(shown, kind, about) is not None, f"a task {kind} {about}")
        found = _open_task(shown, kind, about)
        assert found is not None  # noqa: S101 - it was just seen
        return found

    async def did(self, kind: TaskKind, about: str = "", **said: Any) -> None:
        """Wait for a task and say that it is done."""
        task = await self.asked_for(kind, about)
        await self.play.tell(finish_task, task.id, by=PERSON, **said)

    async def agreed(self) -> None:
        """Wait until a yes is asked for, and give it."""
        shown = await self.sees(lambda shown: _asked(shown) is not None, "a yes is asked for")
        found = _asked(shown)
        assert found is not None  # noqa: S101 - it was just seen
        await self.play.tell(answer_approval, found.id, yes=True, because="", by=PERSON)

    async def files(self, *kinds: EvidenceKind) -> None:
        """Put evidence on file; what is in it is invented."""
        for kind in kinds:
            text = f"What the demo's shop kept of the {kind}, of order {self.order_id}.\n".encode()
            told = (self.order_id, kind, f"{kind}.txt", text)
            await self.play.tell(add_evidence, *told, store=self.store.id, by=PERSON)

    async def costs(self, **amounts: str) -> None:
        """Vouch for what the order's goods and parcels cost, in the store's currency."""
        for name, amount in amounts.items():
            told = (FactName(name), amount)
            await self.play.tell(set_fact, *told, store=self.store.id, order=self.order_id, by=PERSON)

    async def replied(self, reply: Reply) -> None:
        """Enter what the buyer answered."""
        await self.play.tell(enter_reply, self.order_id, reply, store=self.store.id, by=PERSON)

    async def lives(self, true: Callable[[ShownCase], bool], why: str, *, to_the_hour: bool = True) -> ShownCase:
        """Let the case go on, and time pass whenever it rests until an instant, until something is true of it."""
        while True:
            found: ShownCase | datetime = await self._soon(_Rest(self, true).look, why)
            if isinstance(found, ShownCase):
                return found
            await self.until(found + timedelta(seconds=1) if to_the_hour else _mark_after(found))

    async def settled(self) -> None:
        """Let the case go on until it is settled. A person agrees where asked, and finds the money where it is late."""
        while (shown := await self.lives(_settled_or_asks, "the case settles", to_the_hour=False)).case.is_open:
            if _asked(shown) is not None:
                await self.agreed()
            else:
                await self.did(TaskKind.watch_refund, because="the money is there")

    async def all_settled(self) -> None:
        """Wait for the story's other cases as for its own."""
        for case in list(self.cases):
            await Scene(self.play, self.store, self.order_id, [case]).settled()

    async def _soon(self, look: Callable[[], Awaitable[T | None]], why: str) -> T:
        try:
            async with asyncio.timeout(_PATIENCE):
                # another process does the work: there is nothing to wait on but its result
                while (found := await look()) is None:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_EVERY)
                return found
        except TimeoutError:
            stands = await self._stands()
            raise GatewayError(f"The demo waited in vain: {why}. Order {self.order_id}: {stands}") from None

    async def _stands(self) -> str:
        if not self.cases:
            return "no case yet"
        case = await self.play.gateway.database.read(lambda c: case_of(c, self.cases[0]))
        waits = f"step {case.step or '-'}, waits for {case.waits_for or '-'}"
        return f"its case is {case.state} ({case.stage}), {waits}: {case.because}"


@dataclass(slots=True)
class _Rest:
    """Looks at a case until something is true of it, or it rests until an instant that lies ahead."""

    scene: Scene
    true: Callable[[ShownCase], bool]
    version: int = -1
    rests: int = 0

    async def look(self) -> ShownCase | datetime | None:
        shown = await self.scene.look()
        if self.true(shown):
            return shown
        case = shown.case
        still = case.version == self.version and await is_quiet(self.scene.play.gateway)
        self.rests = self.rests + 1 if still else 0
        self.version = case.version
        if self.rests < _AT_REST or case.due_at is None or case.waits_for in _PEOPLE:
            return None
        return case.due_at if case.due_at > self.scene.now() + _AHEAD else None


def _mark_after(instant: datetime) -> datetime:
    return instant + _MARKS - (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % _MARKS


def _settled_or_asks(shown: ShownCase) -> bool:
    asks = _asked(shown) is not None or _open_task(shown, TaskKind.watch_refund, "") is not None
    return asks or not shown.case.is_open


def _open_task(shown: ShownCase, kind: TaskKind, about: str) -> Task | None:
    fitting = (each for each in shown.tasks if each.kind is kind and each.state is TaskState.open)
    return next((each for each in fitting if about in each.subject), None)


def _asked(shown: ShownCase) -> Approval | None:
    return next((each for each in shown.approvals if each.state is ApprovalState.asked), None)


def _plain(wish: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wish.items()}

"""The demo's day as it goes: its shops, its clock, what has been done, and waiting until both sides agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from gateway.errors import GatewayError
from gateway.model.store import Role, Store
from gateway.operations.context import Context, DataFolder
from gateway.operations.demo.books import Comparison
from gateway.operations.demo.looking import agree_now, compare_with, is_quiet
from gateway.operations.processes import Daemon
from gateway.operations.remote.asking import ask
from gateway.operations.remote.use_cases import case_of
from gateway.operations.resolving import Resolved
from gateway.operations.resolving import resolve as resolve_order
from gateway.operations.simulated import Simulator
from gateway.policy.terms import Reason

T = TypeVar("T")
P = ParamSpec("P")

PERSON = "demo"
"""Who is in the shop."""

_AGREE_WITHIN = 60  # seconds of real time
_LOOK_EVERY = 0.1
_TRIES = 5
_LAPSE_EVERY = 0.25
_LAPSE = "PT3S"


@dataclass(frozen=True, slots=True)
class Deed:
    """One effect of the day: what was wanted, what was done, what the rules said."""

    wanted: str
    store: str
    order_id: str
    path: str
    action: str
    cost: str
    because: tuple[str, ...]
    explanation: str
    outcome: str


@dataclass(slots=True)
class Day:
    """The day as it goes. ``gateway`` only reads; what people do goes to the running gateway."""

    data: Path
    doors: Mapping[str, Simulator]
    daemon: Daemon
    stores: Sequence[Store]
    address: str
    gateway: Context
    say: Callable[[str], None]
    deeds: list[Deed] = field(default_factory=list)
    forged_refused: int = 0
    links: int = 0  # of purchases to sales
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)  # held by who moves the clock to an instant


def fault(kind: str, times: int, operation: str = "push/*") -> dict[str, object]:
    """Return what a simulator is told to do wrong, so many times."""
    return {"operation": operation, "fault": kind, "times": times}


@asynccontextmanager
async def in_haste(day: Day) -> AsyncIterator[None]:
    """Let the simulators' time run some ten times as fast as ours: calls a second are counted by their clock."""

    async def run() -> None:
        while True:
            await asyncio.sleep(_LAPSE_EVERY)
            async with day.moving:
                await let_pass(day, _LAPSE)

    running = asyncio.create_task(run(), name="time-lapse")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def let_pass(day: Day, span: str) -> None:
    """Let ``span`` (ISO 8601) of the simulators' time pass."""
    await next(iter(day.doors.values())).do("/clock", {"advance": span})


async def tell(
    day: Day, act: Callable[Concatenate[Context, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
) -> T:
    """Do what a person's command would: the running gateway is asked for it at its door, as commands do."""
    case = case_of(act)
    asked = case.bound(*arguments, **named)
    result: T = await ask(DataFolder(day.data), case, asked, lambda _: None)
    return result


async def agree(day: Day, why: str) -> None:
    """Wait until the gateway's view is the platform's, then tell how many orders that are."""
    try:
        async with asyncio.timeout(_AGREE_WITHIN):
            comparison = await _agreed(day)
    except TimeoutError:
        comparison = await compare_with(day.gateway, day.doors)
    left = len(comparison.differences)
    day.say(
        f"{why}: {comparison.orders} orders" + (f", {left} fields still differ" if left else ", all as on the platform")
    )


async def _agreed(day: Day) -> Comparison:
    """Compare all books, but only once nothing is left to do and what differed the last time agrees."""
    while True:
        await until(lambda: is_quiet(day.gateway))
        comparison = await compare_with(day.gateway, day.doors)
        if not comparison.differences:
            return comparison
        await until(partial(agree_now, day.gateway, day.doors, comparison.differences))


async def stand_still(day: Day) -> None:
    """Let the clock stand where both sides agree, so that all books compared from now on are of one instant."""
    clock = next(iter(day.doors.values()))
    for _ in range(_TRIES):
        await clock.do("/clock", {"stands": True})
        if not (await compare_with(day.gateway, day.doors)).differences:
            return
        await clock.do("/clock", {"stands": False})  # it moved on just before: the gateway catches up
        with suppress(TimeoutError):
            async with asyncio.timeout(_AGREE_WITHIN):
                await _agreed(day)
    await clock.do("/clock", {"stands": True})


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Look until something is true. Another process does the work: there is nothing to wait on but its result."""
    while not await true():  # noqa: ASYNC110 - as said
        await asyncio.sleep(_LOOK_EVERY)


async def resolve(day: Day, wanted: Mapping[str, Mapping[str, Any]], reason: Reason, why: str) -> None:
    """Ask the gateway to end an order on each platform, all at once, and note what it did.

    ``wanted`` holds the orders by platform. Raises GatewayError when nothing was done to one.
    """
    stores = [store_of(day, platform, one) for platform, one in wanted.items()]
    asked = (
        tell(day, resolve_order, one["id"], reason, store=store.id, approved=True, by=PERSON)
        for store, one in zip(stores, wanted.values(), strict=True)
    )
    for store, done in zip(stores, await asyncio.gather(*asked), strict=True):
        day.say(f"{why}: order {done.order_id} of {store.id}")
        _note(day, store, done, why)


def _note(day: Day, store: Store, done: Resolved, why: str) -> None:
    decision, effect = done.decision, done.effect
    if effect is None:
        raise GatewayError(f"The demo expected an effect on {done.order_id}, but: {done.words}")
    total = decision["cost"]["total"]
    deed = Deed(
        wanted=why,
        store=store.id,
        order_id=done.order_id,
        path=decision["path"],
        action=decision["action"],
        cost=f"{total['amount']} {total['currency']}",
        because=tuple(decision["because"]),
        explanation=decision["explanation"],
        outcome=f"{effect.state} ({effect.because})",
    )
    day.deeds.append(deed)
    day.say(f"  {deed.path} / {deed.action}, cost {deed.cost}, by {', '.join(deed.because)} -> {deed.outcome}")
    day.say(f"  {deed.explanation}")


def store_of(day: Day, platform: str, told: Mapping[str, Any]) -> Store:
    """Return the store that an order of a simulator's books belongs to."""
    role = told.get("role", Role.seller)
    return next(
        each for each in day.stores if (each.platform, each.external_id, each.role) == (platform, told["store"], role)
    )


def shops_of(day: Day, platform: str) -> list[str]:
    """Return the ids, on the platform, of the shops that are connected."""
    return list(dict.fromkeys(each.external_id for each in day.stores if each.platform == platform))


async def waiting(
    day: Day, platform: str, phase: str, number: int | None = None, *, cancellable: bool = False
) -> list[dict[str, Any]]:
    """Return sales in ``phase`` on which nothing is asked, the same for the same day.

    With ``number``, exactly so many; with ``cancellable`` only those that the platform lets the seller cancel.
    Raises GatewayError when there are too few.
    """
    shops = shops_of(day, platform)
    fitting = [
        told
        for told in sorted(await day.doors[platform].orders(), key=lambda told: told["id"])
        if told["phase"] == phase
        and told["store"] in shops
        and told.get("role", Role.seller) == Role.seller
        and told["cancellation"] is None
        and not told["returns"]
        and not told.get("cancellations")
        and told["status"] != "RETRY_SHIP"
        and (told["cancellable"] if cancellable else True)
        and all(line["cancelled"] == line["cancel_requested"] == 0 for line in told["lines"])
    ]
    if number is not None and len(fitting) < number:
        raise GatewayError(f"The demo needs {number} orders in {phase} on {platform}, there are {len(fitting)}.")
    return fitting[:number]


async def possible(day: Day, platform: str, order_id: str) -> list[str]:
    """Return the acts that an order's present state may allow."""
    told = await day.doors[platform].read(f"/orders/{order_id}/acts")
    found: list[str] = told["acts"] if isinstance(told, dict) else told
    return found

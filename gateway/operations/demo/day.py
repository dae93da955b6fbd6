"""The demo's day as it goes: its shops, its clock, what has been done, and waiting until both sides agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.model.store import Role, Store
from gateway.operations.demo.books import Comparison
from gateway.operations.processes import Daemon, ask
from gateway.operations.simulated import Simulator
from gateway.policy.terms import Reason

_AGREE_WITHIN = 60  # seconds of real time
_LOOK_EVERY = 0.7


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
    """The day as it goes. ``look`` compares the books of the simulators with the gateway's."""

    data: Path
    doors: Mapping[str, Simulator]
    daemon: Daemon
    stores: Sequence[Store]
    address: str
    look: Callable[[], Awaitable[Comparison]]
    say: Callable[[str], None]
    deeds: list[Deed] = field(default_factory=list)
    forged_refused: int = 0
    links: int = 0  # of purchases to sales


def fault(kind: str, times: int, operation: str = "push/*") -> dict[str, object]:
    """Return what a simulator is told to do wrong, so many times."""
    return {"operation": operation, "fault": kind, "times": times}


async def let_pass(day: Day, span: str) -> None:
    """Let ``span`` (ISO 8601) of the simulators' time pass."""
    await next(iter(day.doors.values())).do("/clock", {"advance": span})


async def agree(day: Day, why: str) -> None:
    """Wait until the gateway's view is the platform's, then tell how many orders that are."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_AGREE_WITHIN):
            # another process does the work: there is nothing to wait on but its result
            began = loop.time()
            while (comparison := await day.look()).differences:
                await asyncio.sleep(max(_LOOK_EVERY, loop.time() - began))  # looking takes no more than half a core
                began = loop.time()
    except TimeoutError:
        comparison = await day.look()
    left = len(comparison.differences)
    day.say(
        f"{why}: {comparison.orders} orders" + (f", {left} fields still differ" if left else ", all as on the platform")
    )


async def resolve(day: Day, wanted: Mapping[str, Mapping[str, Any]], reason: Reason, why: str) -> None:
    """Ask the gateway to end an order on each platform, all at once, and note what it did.

    ``wanted`` holds the orders by platform. Raises GatewayError when nothing was done to one.
    """
    stores = [store_of(day, platform, told) for platform, told in wanted.items()]
    asked = (
        ask(day.data, "resolve", told["id"], "--store", store.id, "--reason", reason.value, "--yes")
        for store, told in zip(stores, wanted.values(), strict=True)
    )
    for store, told, done in zip(stores, wanted.values(), await asyncio.gather(*asked), strict=True):
        day.say(f"{why}: order {told['id']} of {store.id}")
        _note(day, store, told["id"], done, why)


def _note(day: Day, store: Store, order_id: str, done: Mapping[str, Any], why: str) -> None:
    decision, effect = done["decision"], done["effect"]
    if effect is None:
        raise GatewayError(f"The demo expected an effect on {order_id}, but: {done['words']}")
    total = decision["cost"]["total"]
    deed = Deed(
        wanted=why,
        store=store.id,
        order_id=order_id,
        path=decision["path"],
        action=decision["action"],
        cost=f"{total['amount']} {total['currency']}",
        because=tuple(decision["because"]),
        explanation=decision["explanation"],
        outcome=f"{effect['state']} ({effect['because']})",
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

"""The script of the demo's day: what buyers, couriers, the network and the power supply do to a running gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError
from gateway.model.store import Store
from gateway.operations.comparison import Comparison
from gateway.operations.processes import Daemon, ask
from gateway.operations.simulated import Simulator
from gateway.policy.terms import Reason
from gateway.transport.client import make_client

_REGIONS = {"SG", "MY", "VN"}  # where the day happens: money with cents and without
_AGREE_WITHIN = 30  # seconds of real time
_BEFORE = {
    "seller_ships": "awaiting_shipment",
    "carrier_collects": "awaiting_collection",
    "carrier_delivers": "in_transit",
}


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
    """The day as it goes. ``look`` compares the simulator's books with the gateway's."""

    data: Path
    shopee: Simulator
    daemon: Daemon
    stores: dict[str, Store]  # by the shop's id on the platform
    address: str
    look: Callable[[], Awaitable[Comparison]]
    say: Callable[[str], None]
    deeds: list[Deed] = field(default_factory=list)
    forged_refused: int = 0


async def play(day: Day) -> None:
    """Play the whole day. Raises GatewayError when the gateway does not catch up with the platform."""
    await _agree(day, "first pull")
    await _morning(day)
    await _forgery(day)
    await _afternoon(day)
    await _power_cut(day)
    await _evening(day)
    await _days_after(day)


async def _morning(day: Day) -> None:
    """Orders come in, some are paid; pushes arrive twice and out of order; one buyer has second thoughts."""
    await day.shopee.do("/faults", [_fault("push_duplicate", 5), _fault("push_reorder", 5)])
    made = []
    for shop in day.stores:
        for phase in ("unpaid", "unpaid", "awaiting_shipment", "awaiting_shipment"):
            made.append((await day.shopee.do("/orders", {"store": shop, "phase": phase}))["id"])
    unpaid = [sn for sn in made if (await day.shopee.read(f"/orders/{sn}"))["status"] == "UNPAID"]
    for sn in unpaid[::2]:
        await day.shopee.act(sn, "buyer_pays")
    await _pass(day, "PT3H")
    await _agree(day, f"{len(made)} new orders, {len(unpaid[::2])} paid; some pushes come twice or out of order")
    first = await _some(day, "awaiting_shipment", skip=0)
    await day.shopee.act(first["id"], "buyer_requests_cancellation", reason="Don't Want to Buy Anymore")
    await _agree(day, "a buyer asks to cancel")
    await _resolve(day, first, Reason.changed_mind, "a buyer asked to cancel")


async def _forgery(day: Day) -> None:
    """Somebody who knows the address but not the key says that an order was cancelled."""
    body = b'{"code":3,"shop_id":1,"timestamp":1,"data":{"ordersn":"X","status":"CANCELLED","update_time":1}}'
    async with make_client() as client:
        for headers in ({}, {"Authorization": "0" * 64}):
            answer = await client.post(f"{day.address}/webhooks/shopee", content=body, headers=headers)
            if answer.status_code != 401:
                raise GatewayError(f"A forged push was answered with {answer.status_code}.")
            day.forged_refused += 1
    day.say(f"forged pushes: {day.forged_refused} refused, none stored")


async def _afternoon(day: Day) -> None:
    """Two shelves are empty, and of one close the answer is lost; parcels move, and some pushes never arrive."""
    await _resolve(day, await _some(day, "awaiting_shipment", skip=1), Reason.out_of_stock, "the shelf is empty")
    await day.shopee.do("/faults", [_fault("timeout_after", 1, operation="order/cancel_order")])
    lost = await _some(day, "awaiting_shipment", skip=2)
    await _resolve(day, lost, Reason.out_of_stock, "another shelf is empty, and the platform's answer is lost")
    await _agree(day, "three orders have ended")
    await day.shopee.do("/faults", [_fault("push_drop", 4), _fault("push_delay", 4)])
    for act, phase in _BEFORE.items():
        await day.shopee.act((await _some(day, phase, skip=0))["id"], act)
    await _pass(day, "PT20M")
    await ask(day.data, "sync", "--now")
    await _agree(day, "parcels move; pushes that were lost are found by pulling")


async def _power_cut(day: Day) -> None:
    """The daemon dies at once. Life goes on without it; the next one catches up by itself."""
    await day.daemon.kill()
    asking = await _some(day, "awaiting_shipment", skip=3)
    await day.shopee.act(asking["id"], "buyer_requests_cancellation", reason="Need to Change Delivery Address")
    for _ in range(2):
        await day.shopee.act((await _some(day, "unpaid", skip=0))["id"], "buyer_pays")
    day.say("the daemon is killed with SIGKILL; meanwhile a buyer asks to cancel and two pay")
    await day.daemon.start()
    await _agree(day, "a new daemon has caught up")
    await _resolve(day, asking, Reason.changed_mind, "the request that came while nobody was there")


async def _evening(day: Day) -> None:
    """A buyer wants to send something back."""
    delivered = await _some(day, "delivered", skip=0)
    await day.shopee.act(delivered["id"], "buyer_requests_return", reason="PHYSICAL_DMG")
    await _agree(day, "a buyer asks to send goods back")
    await _pass(day, "PT9H")
    await _agree(day, "the night passes")


async def _days_after(day: Day) -> None:
    """What nobody paid lapses, what nobody shipped is cancelled, what arrived is completed: by the platform itself."""
    await _pass(day, "P3D")
    await ask(day.data, "sync", "--now")
    await _agree(day, "three days pass")


def _fault(kind: str, times: int, operation: str = "push/*") -> dict[str, object]:
    return {"operation": operation, "fault": kind, "times": times}


async def _pass(day: Day, span: str) -> None:
    await day.shopee.do("/clock", {"advance": span})


async def _agree(day: Day, why: str) -> None:
    """Wait until the gateway's view is the platform's, then tell how many orders that are."""
    try:
        async with asyncio.timeout(_AGREE_WITHIN):
            # another process does the work: there is nothing to wait on but its result
            while (comparison := await day.look()).differences:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        comparison = await day.look()
    left = len(comparison.differences)
    day.say(
        f"{why}: {comparison.orders} orders" + (f", {left} fields still differ" if left else ", all as on the platform")
    )


async def _some(day: Day, phase: str, *, skip: int) -> dict[str, Any]:
    """Return one order of the simulator in ``phase`` without any request on it, the same for the same day."""
    fitting = [
        told
        for told in sorted(await day.shopee.orders(), key=lambda told: told["id"])
        if told["phase"] == phase
        and told["region"] in _REGIONS
        and told["cancellation"] is None
        and not told["returns"]
        and told["status"] != "RETRY_SHIP"
        and (phase != "awaiting_shipment" or told["cancellable"])
        and all(line["cancelled"] == line["cancel_requested"] == 0 for line in told["lines"])
    ]
    return fitting[skip % len(fitting)]


async def _resolve(day: Day, told: dict[str, Any], reason: Reason, why: str) -> None:
    store = day.stores[told["store"]]
    day.say(f"{why}: order {told['id']} of {store.id}")
    done = await ask(day.data, "resolve", told["id"], "--store", store.id, "--reason", reason.value, "--yes")
    decision, effect = done["decision"], done["effect"]
    if effect is None:
        raise GatewayError(f"The demo expected an effect on {told['id']}, but: {done['words']}")
    total = decision["cost"]["total"]
    deed = Deed(
        wanted=why,
        store=store.id,
        order_id=told["id"],
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

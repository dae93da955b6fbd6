"""The script of the demo's day: what buyers, couriers, the network and the power supply do to a running gateway."""

from __future__ import annotations

from typing import Any

from gateway.errors import GatewayError
from gateway.operations.demo.day import Day, agree, fault, let_pass, resolve, shops_of
from gateway.operations.processes import ask
from gateway.operations.simulated import Simulator
from gateway.policy.terms import Reason
from gateway.transport.client import make_client

_PLATFORM = "shopee"
_BEFORE = {
    "seller_ships": "awaiting_shipment",
    "carrier_collects": "awaiting_collection",
    "carrier_delivers": "in_transit",
}


async def play(day: Day) -> None:
    """Play the whole day. Raises GatewayError when the gateway does not catch up with the platform."""
    await agree(day, "first pull")
    await _morning(day)
    await _forgery(day)
    await _afternoon(day)
    await _power_cut(day)
    await _evening(day)
    await _days_after(day)


async def _morning(day: Day) -> None:
    """Orders come in, some are paid; pushes arrive twice and out of order; one buyer has second thoughts."""
    await _door(day).do("/faults", [fault("push_duplicate", 5), fault("push_reorder", 5)])
    made = []
    for shop in shops_of(day, _PLATFORM):
        for phase in ("unpaid", "unpaid", "awaiting_shipment", "awaiting_shipment"):
            made.append((await _door(day).do("/orders", {"store": shop, "phase": phase}))["id"])
    unpaid = [sn for sn in made if (await _door(day).read(f"/orders/{sn}"))["status"] == "UNPAID"]
    for sn in unpaid[::2]:
        await _door(day).act(sn, "buyer_pays")
    await let_pass(day, "PT3H")
    await agree(day, f"{len(made)} new orders, {len(unpaid[::2])} paid; some pushes come twice or out of order")
    first = await _some(day, "awaiting_shipment", skip=0)
    await _door(day).act(first["id"], "buyer_requests_cancellation", reason="Don't Want to Buy Anymore")
    await agree(day, "a buyer asks to cancel")
    await resolve(day, _PLATFORM, first, Reason.changed_mind, "a buyer asked to cancel")


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
    await resolve(
        day, _PLATFORM, await _some(day, "awaiting_shipment", skip=1), Reason.out_of_stock, "the shelf is empty"
    )
    await _door(day).do("/faults", [fault("timeout_after", 1, operation="order/cancel_order")])
    lost = await _some(day, "awaiting_shipment", skip=2)
    await resolve(
        day, _PLATFORM, lost, Reason.out_of_stock, "another shelf is empty, and the platform's answer is lost"
    )
    await agree(day, "three orders have ended")
    await _door(day).do("/faults", [fault("push_drop", 4), fault("push_delay", 4)])
    for act, phase in _BEFORE.items():
        await _door(day).act((await _some(day, phase, skip=0))["id"], act)
    await let_pass(day, "PT20M")
    await ask(day.data, "sync", "--now")
    await agree(day, "parcels move; pushes that were lost are found by pulling")


async def _power_cut(day: Day) -> None:
    """The daemon dies at once. Life goes on without it; the next one catches up by itself."""
    await day.daemon.kill()
    asking = await _some(day, "awaiting_shipment", skip=3)
    await _door(day).act(asking["id"], "buyer_requests_cancellation", reason="Need to Change Delivery Address")
    for _ in range(2):
        await _door(day).act((await _some(day, "unpaid", skip=0))["id"], "buyer_pays")
    day.say("the daemon is killed with SIGKILL; meanwhile a buyer asks to cancel and two pay")
    await day.daemon.start()
    await agree(day, "a new daemon has caught up")
    await resolve(day, _PLATFORM, asking, Reason.changed_mind, "the request that came while nobody was there")


async def _evening(day: Day) -> None:
    """A buyer wants to send something back."""
    delivered = await _some(day, "delivered", skip=0)
    await _door(day).act(delivered["id"], "buyer_requests_return", reason="PHYSICAL_DMG")
    await agree(day, "a buyer asks to send goods back")
    await let_pass(day, "PT9H")
    await agree(day, "the night passes")


async def _days_after(day: Day) -> None:
    """What nobody paid lapses, what nobody shipped is cancelled, what arrived is completed: by the platform itself."""
    await let_pass(day, "P3D")
    await ask(day.data, "sync", "--now")
    await agree(day, "three days pass")


def _door(day: Day) -> Simulator:
    return day.doors[_PLATFORM]


async def _some(day: Day, phase: str, *, skip: int) -> dict[str, Any]:
    """Return one order of the simulator in ``phase`` without any request on it, the same for the same day."""
    fitting = [
        told
        for told in sorted(await _door(day).orders(), key=lambda told: told["id"])
        if told["phase"] == phase
        and told["store"] in shops_of(day, _PLATFORM)
        and told["cancellation"] is None
        and not told["returns"]
        and told["status"] != "RETRY_SHIP"
        and (phase != "awaiting_shipment" or told["cancellable"])
        and all(line["cancelled"] == line["cancel_requested"] == 0 for line in told["lines"])
    ]
    return fitting[skip % len(fitting)]

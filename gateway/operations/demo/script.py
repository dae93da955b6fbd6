"""The script of the demo's day: what buyers, couriers, the network and the power supply do to a running gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.errors import GatewayError
from gateway.operations.demo.day import (
    PERSON,
    Day,
    agree,
    fault,
    let_pass,
    possible,
    resolve,
    shops_of,
    tell,
    until,
    waiting,
)
from gateway.operations.demo.looking import is_quiet
from gateway.operations.purchases import discover_purchases
from gateway.operations.syncing import sync_now
from gateway.policy.terms import Reason
from gateway.transport.client import make_client

_CLOSES = {"shopee": "order/cancel_order", "tiktok_shop": "cancellations"}  # where a seller may close by a call
_FORGED = {
    "shopee": b'{"code":3,"shop_id":1,"timestamp":1,"data":{"ordersn":"X","status":"CANCELLED","update_time":1}}',
    "tiktok_shop": b'{"type":1,"shop_id":"1","timestamp":1,"data":{"order_id":"1","order_status":"CANCELLED"}}',
    "xiaohongshu": b'[{"msgTag":"msg_fulfillment_status_change","sellerId":"1","data":"{}"}]',
    "alibaba_1688": b"message=%7B%22type%22%3A%22ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE%22%7D&_aop_signature=00",
}


async def play(day: Day) -> None:
    """Play the day. Raises GatewayError when the gateway does not catch up with the platforms."""
    await agree(day, "first pull")
    await _morning(day)
    await _second_thoughts(day)
    await _forgery(day)
    await _empty_shelves(day)
    await _parcels(day)
    await _power_cut(day)
    await _evening(day)


async def _morning(day: Day) -> None:
    """Orders come in, some are paid; what is sold is bought from suppliers; pushes come twice and out of order."""
    made, paid = 0, 0
    for platform, door in day.doors.items():
        await door.do("/faults", [fault("push_duplicate", 5), fault("push_reorder", 5)])
        for shop in shops_of(day, platform):
            for phase in ("unpaid", "unpaid", "awaiting_shipment", "awaiting_shipment"):
                order_id = (await door.do("/orders", {"store": shop, "phase": phase}))["id"]
                made += 1
                if phase == "unpaid" and made % 2 and "buyer_pays" in await possible(day, platform, order_id):
                    await door.act(order_id, "buyer_pays")
                    paid += 1
    linked = await _buy(day)
    await let_pass(day, "PT3H")
    await _mend(day)
    await agree(day, f"{made} new orders, {paid} paid; some pushes come twice or out of order")
    found = await tell(day, discover_purchases, by=PERSON)
    if len(found.links) != linked:
        raise GatewayError(f"The demo bought {linked} lines, but {len(found.links)} were linked: {found.unclear}")
    day.say(f"{linked} purchases on 1688 are linked to the sales on Xiaohongshu whose numbers they bear")
    day.links = linked


async def _buy(day: Day) -> int:
    """Buy on 1688 what two sales on Xiaohongshu need, under the numbers of the sales."""
    sales = await waiting(day, "xiaohongshu", "awaiting_shipment", 2)
    [buyer] = shops_of(day, "alibaba_1688")
    for sale, phase in zip(sales, ("awaiting_shipment", "unpaid"), strict=True):
        lines = [
            {"sku": line["sku"], "title": line["title"], "quantity": line["quantity"], "price": "3.50"}
            for line in sale["lines"]
        ]
        wish = {"store": buyer, "role": "buyer", "phase": phase, "lines": lines, "out_order_id": sale["id"]}
        await day.doors["alibaba_1688"].do("/orders", wish)
    return sum(len(sale["lines"]) for sale in sales)


async def _second_thoughts(day: Day) -> None:
    """On each platform a buyer asks to cancel, and is let go."""
    asking = await _ask_to_cancel(day)
    await agree(day, f"{len(asking)} buyers ask to cancel")
    await resolve(day, asking, Reason.changed_mind, "a buyer asked to cancel")


async def _ask_to_cancel(day: Day) -> dict[str, Mapping[str, Any]]:
    asking: dict[str, Mapping[str, Any]] = {}
    for platform, door in day.doors.items():
        for one in await waiting(day, platform, "awaiting_shipment"):
            if "buyer_requests_cancellation" in await possible(day, platform, one["id"]):
                await door.act(one["id"], "buyer_requests_cancellation")
                asking[platform] = one
                break
    return asking


async def _forgery(day: Day) -> None:
    """Somebody who knows the addresses but no key says that orders were cancelled."""
    async with make_client() as client:
        for platform in day.doors:
            for headers in ({}, {"Authorization": "0" * 64}):
                url = f"{day.address}/webhooks/{platform}"
                answer = await client.post(url, content=_FORGED[platform], headers=headers)
                if answer.status_code != 401:
                    raise GatewayError(f"A forged push to {url} was answered with {answer.status_code}.")
                day.forged_refused += 1
    day.say(f"forged pushes: {day.forged_refused} refused, none stored")


async def _empty_shelves(day: Day) -> None:
    """Shelves are empty, and of some closes the answer is lost on the way."""
    out = {name: await waiting(day, name, "awaiting_shipment", 2, cancellable=True) for name in _CLOSES}
    await resolve(day, {name: pair[0] for name, pair in out.items()}, Reason.out_of_stock, "the shelf is empty")
    for platform, close in _CLOSES.items():
        await day.doors[platform].do("/faults", [fault("timeout_after", 1, operation=f"*{close}")])
    lost = {name: pair[1] for name, pair in out.items()}
    await resolve(day, lost, Reason.out_of_stock, "another shelf is empty, and the platform's answer is lost")
    await agree(day, "these orders have ended")


async def _parcels(day: Day) -> None:
    """Parcels move; some pushes never arrive, others late."""
    for platform, door in day.doors.items():
        await door.do("/faults", [fault("push_drop", 4), fault("push_delay", 4)])
        for act, phases in (
            ("seller_ships", ("awaiting_shipment",)),
            ("carrier_collects", ("awaiting_collection",)),
            ("carrier_delivers", ("in_transit",)),
        ):
            for each in [one for phase in phases for one in await waiting(day, platform, phase)]:
                if act in await possible(day, platform, each["id"]):
                    await door.act(each["id"], act)
                    break
    await let_pass(day, "PT20M")
    await _mend(day)
    await tell(day, sync_now)
    await agree(day, "parcels move; pushes that were lost are found by pulling")


async def _power_cut(day: Day) -> None:
    """The daemon dies at once. Life goes on without it; the next one catches up by itself."""
    await day.daemon.kill()
    asking = await _ask_to_cancel(day)
    for platform, door in day.doors.items():
        made = await door.do("/orders", {"store": shops_of(day, platform)[0], "phase": "unpaid"})
        await door.act(made["id"], "buyer_pays")
    day.say(f"the daemon is killed with SIGKILL; meanwhile {len(asking)} buyers ask to cancel, and others buy and pay")
    await day.daemon.start()
    await agree(day, "a new daemon has caught up")
    await resolve(day, asking, Reason.changed_mind, "the request that came while nobody was there")


async def _evening(day: Day) -> None:
    """Buyers want to send something back."""
    asked = 0
    for platform, door in day.doors.items():
        for each in await waiting(day, platform, "delivered"):
            if "buyer_requests_return" in await possible(day, platform, each["id"]):
                await door.act(each["id"], "buyer_requests_return")
                asked += 1
                break
    await agree(day, f"{asked} buyers ask to send goods back")
    await let_pass(day, "PT9H")
    await agree(day, "the night passes")


async def days_after(day: Day) -> None:
    """What nobody paid lapses, what nobody shipped is cancelled, what arrived is completed: by the platforms."""
    for _ in range(12):  # a token lives for four hours: a gateway that sees days pass at once cannot keep up
        await let_pass(day, "PT6H")
        await until(lambda: is_quiet(day.gateway))
    await tell(day, sync_now)
    await agree(day, "three days pass")


async def _mend(day: Day) -> None:
    """End what was ordered to go wrong, as far as it has not."""
    for door in day.doors.values():
        await door.do("/faults", [], method="DELETE")

"""A short shop day against the simulators, and the proof at its end.

Shops are connected as a seller would connect them. Orders arrive, are paid, change and end; one answer of the platform
is lost. At the end the simulator's own books are compared with what the gateway stored, and its journal of
applied writes with what the gateway meant to do.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.cases.resolve import Resolution
from gateway.errors import ConfigurationError, GatewayError
from gateway.model.store import AppSecret, Store, StoreMode
from gateway.operations.apps import add_app
from gateway.operations.comparison import Comparison, compare
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.initialise import initialise
from gateway.operations.simulated import Simulator, simulators
from gateway.operations.stores import set_store_mode
from gateway.orders.store import StoredOrder, order, orders
from gateway.policy.terms import Reason
from gateway.storage import stores as rows

SEED = 7
_REGIONS = {"SG", "MY", "VN"}  # where the day happens: money with cents and without
Running = Callable[..., AbstractAsyncContextManager[Context]]
Say = Callable[[str], None]


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
    outcome: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the day came to. ``ok`` when nothing differs and every effect happened exactly once."""

    data: Path
    control_url: str
    stores: int
    orders: int
    by_phase: dict[str, int]
    deeds: tuple[Deed, ...]
    applied: int  # writes in the simulator's journal
    comparison: Comparison

    @property
    def ok(self) -> bool:
        """Return whether the two books agree and nothing was done twice."""
        return not self.comparison.differences and self.applied == len(self.deeds)


@dataclass(slots=True)
class _Day:
    """The day as it goes."""

    gateway: Context
    shopee: Simulator
    say: Say
    stores: dict[str, Store] = field(default_factory=dict)  # by the shop's id on the platform
    deeds: list[Deed] = field(default_factory=list)


async def run(
    running: Running,
    *,
    data: Path | None = None,
    count: int = 200,
    say: Say = print,
    afterwards: Callable[[DemoReport], Awaitable[None]] | None = None,
) -> DemoReport:
    """Play the day and return its report.

    ``data`` names a folder that stays; without it a temporary one is used. ``afterwards`` is awaited while the
    simulator is still up and the gateway is closed, so that its commands can be tried.
    Raises ConfigurationError when the simulator does not start or ``data`` holds a gateway already.
    """
    async with _folder(data) as path, simulators(platforms="shopee", orders=count, seed=SEED) as doors:
        shopee = doors["shopee"]
        folder = DataFolder(path)
        await initialise(folder, os.environ)
        folder.configuration.write_text(f"clock: {shopee.control_url}\nsync:\n  every: 5s\n", "utf-8")
        async with _opened(running, path) as gateway:
            day = _Day(gateway, shopee, say)
            await _connect(day)
            await _morning(day)
            await _afternoon(day)
            await _evening(day)
            await _days_after(day)
            report = await _close_books(day, path)
        if afterwards is not None:
            await afterwards(report)
        return report


def _opened(running: Running, path: Path) -> AbstractAsyncContextManager[Context]:
    return running(path, clock_url=None, read_only=False, tell=lambda _: None)


async def compare_with(gateway: Context, simulator: Simulator) -> Comparison:
    """Return the simulator's truth against everything the gateway has stored."""
    truth = await simulator.orders()
    return compare(truth, await _all_stored(gateway))


@contextlib.asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    if data is None:
        with tempfile.TemporaryDirectory(prefix="order-gateway-demo-") as folder:
            yield Path(folder)
        return
    if DataFolder(data).database.exists():
        raise ConfigurationError(f"{data} already holds a gateway. Name an empty folder, or remove this one first.")
    yield data


async def _connect(day: _Day) -> None:
    told = await day.shopee.read("/credentials")
    app = await add_app(
        day.gateway,
        name="demo-shopee",
        platform="shopee",
        key=str(told["partner_id"]),
        secret=AppSecret(sign_key=told["partner_key"], push_key=told["push_partner_key"]),
        base_url=day.shopee.base_url,
    )
    callback = {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
    for connected in await connect_with(day.gateway, app.id, callback):
        store = await set_store_mode(day.gateway, connected.store.id, StoreMode.act, by="demo")
        day.stores[store.external_id] = store
    regions = ", ".join(f"{store.id} ({store.currency})" for store in day.stores.values())
    day.say(f"connected {len(day.stores)} shops: {regions}")
    await _pull(day, "first pull")


async def _morning(day: _Day) -> None:
    """Orders come in, some are paid; one buyer has second thoughts."""
    made = []
    for shop in day.stores:
        for phase in ("unpaid", "unpaid", "awaiting_shipment", "awaiting_shipment"):
            made.append((await day.shopee.do("/orders", {"store": shop, "phase": phase}))["id"])
    await _pull(day, f"{len(made)} new orders arrive")
    unpaid = [sn for sn in made if (await day.shopee.read(f"/orders/{sn}"))["status"] == "UNPAID"]
    for sn in unpaid[::2]:
        await day.shopee.act(sn, "buyer_pays")
    await _pull(day, f"{len(unpaid[::2])} of them are paid")
    await _pass(day, "PT3H")
    first = await _some(day, "awaiting_shipment", skip=0)
    await day.shopee.act(first["id"], "buyer_requests_cancellation", reason="Don't Want to Buy Anymore")
    await _pull(day, "a buyer asks to cancel")
    await _resolve(day, first, Reason.changed_mind, "a buyer asked to cancel")


async def _afternoon(day: _Day) -> None:
    """Two shelves are empty; of one close the platform's answer is lost."""
    await _resolve(day, await _some(day, "awaiting_shipment", skip=1), Reason.out_of_stock, "the shelf is empty")
    await day.shopee.do("/faults", [{"operation": "order/cancel_order", "fault": "timeout_after", "times": 1}])
    lost = await _some(day, "awaiting_shipment", skip=2)
    await _resolve(day, lost, Reason.out_of_stock, "another shelf is empty, and the platform's answer is lost")
    for act in ("seller_ships", "carrier_collects", "carrier_delivers"):
        await day.shopee.act((await _some(day, _BEFORE[act], skip=0))["id"], act)
    await _pull(day, "parcels move")


async def _evening(day: _Day) -> None:
    """A buyer wants to send something back."""
    delivered = await _some(day, "delivered", skip=0)
    await day.shopee.act(delivered["id"], "buyer_requests_return", reason="PHYSICAL_DMG")
    await _pull(day, "a buyer asks to send goods back")
    await _pass(day, "PT9H")
    await _pull(day, "the night passes")


async def _days_after(day: _Day) -> None:
    """What nobody paid lapses, what nobody shipped is cancelled, what arrived is completed: by the platform itself."""
    await _pass(day, "P3D")
    await _pull(day, "three days pass")


_BEFORE = {
    "seller_ships": "awaiting_shipment",
    "carrier_collects": "awaiting_collection",
    "carrier_delivers": "in_transit",
}


async def _pass(day: _Day, span: str) -> None:
    now = (await day.shopee.do("/clock", {"advance": span}))["now"]

    await day.gateway.clock.sleep_until(datetime.fromisoformat(now))


async def _pull(day: _Day, why: str) -> None:
    seen = changed = 0
    for store in day.stores.values():
        report = await day.gateway.pull_for(await day.gateway.connections.open(store.id)).changes()
        seen, changed = seen + report.seen, changed + report.changed
    day.say(f"{why}: {seen} read, {changed} new or changed")


async def _some(day: _Day, phase: str, *, skip: int) -> dict[str, Any]:
    """Return one order of the simulator in ``phase`` without any request on it, the same for the same day.

    One that awaits shipment is one that the platform lets the seller cancel.
    """
    stored = await _all_stored(day.gateway)
    fitting = [
        told
        for told in sorted(await day.shopee.orders(), key=lambda told: told["id"])
        if told["phase"] == phase
        and told["region"] in _REGIONS
        and (phase != "awaiting_shipment" or stored[told["store"], told["id"]].order.can_cancel)
        and told["cancellation"] is None
        and not told["returns"]
        and told["status"] != "RETRY_SHIP"
        and all(line["cancelled"] == line["cancel_requested"] == 0 for line in told["lines"])
    ]
    return fitting[skip % len(fitting)]


async def _resolve(day: _Day, told: dict[str, Any], reason: Reason, why: str) -> None:
    store = day.stores[told["store"]]
    day.say(f"{why}: order {told['id']} of {store.id}")
    result = await day.gateway.resolver.resolve(store.id, told["id"], reason, by="demo", approved=True)
    deed = _deed(why, result)
    day.deeds.append(deed)
    day.say(f"  {deed.path} / {deed.action}, cost {deed.cost}, by {', '.join(deed.because)} -> {deed.outcome}")


def _deed(why: str, result: Resolution) -> Deed:
    decision, stored = result.decision, result.order.order
    if result.effect is None:
        raise GatewayError(f"The demo expected an effect on {stored.order_id}, but: {result.because}")
    return Deed(
        wanted=why,
        store=stored.store,
        order_id=stored.order_id,
        path=decision.path.value,
        action=decision.action.value,
        cost=f"{decision.cost.total.amount} {decision.cost.total.currency}",
        because=decision.because,
        outcome=f"{result.effect.state.value} ({result.effect.because})",
    )


async def _close_books(day: _Day, path: Path) -> DemoReport:
    stored = await _all_stored(day.gateway)
    journal = await day.shopee.read("/effects")
    applied = journal["effects"] if isinstance(journal, dict) else journal
    ours = {"order/cancel_order", "order/handle_buyer_cancellation"}
    return DemoReport(
        data=path,
        control_url=day.shopee.control_url,
        stores=len(day.stores),
        orders=len(stored),
        by_phase=dict(Counter(one.phase.value for one in stored.values())),
        deeds=tuple(day.deeds),
        applied=sum(entry["operation"] in ours for entry in applied),
        comparison=await compare_with(day.gateway, day.shopee),
    )


async def _all_stored(gateway: Context) -> dict[tuple[str, str], StoredOrder]:
    """Return every stored order, keyed by (the shop's id on the platform, order id)."""

    def read(c: Connection) -> dict[tuple[str, str], StoredOrder]:
        found: dict[tuple[str, str], StoredOrder] = {}
        for store in rows.stores(c):
            after = None
            while page := orders(c, store=store.id, phase=None, limit=500, after=after):
                for row in page:
                    one = order(c, gateway.vault, store.id, row.order_id)
                    if one is not None:
                        found[store.external_id, row.order_id] = one
                after = page[-1].place
        return found

    return await gateway.database.read(read)

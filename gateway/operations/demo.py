"""The demo: a short shop day against the simulators, played with real processes, and the proof at its end.

Shops are connected as a seller would connect them and a daemon is started. The day is in `gateway.operations.demo_day`.
At the end the simulator's own books are compared with what the gateway stored, and its journal of applied
writes with what the gateway meant to do.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from gateway.errors import ConfigurationError
from gateway.model.store import AppSecret, Store, StoreMode
from gateway.operations.apps import add_app
from gateway.operations.comparison import Comparison, compare
from gateway.operations.connecting import connect_with
from gateway.operations.context import Context, DataFolder
from gateway.operations.demo_day import Day, Deed, play
from gateway.operations.initialise import initialise
from gateway.operations.processes import Daemon
from gateway.operations.simulated import Simulator, simulators
from gateway.operations.stores import set_store_mode
from gateway.orders.query import Query
from gateway.orders.search import find
from gateway.orders.store import StoredOrder, order
from gateway.storage import stores as rows
from gateway.storage.schema import inbox

SEED = 7
_OUR_WRITES = {"order/cancel_order", "order/handle_buyer_cancellation"}

Running = Callable[..., AbstractAsyncContextManager[Context]]
Say = Callable[[str], None]


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
    pushes: dict[str, int]  # taken in, by what became of them
    forged_refused: int
    comparison: Comparison

    @property
    def ok(self) -> bool:
        """Return whether the two books agree and nothing was done twice."""
        return not self.comparison.differences and self.applied == len(self.deeds)


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
    address = f"http://127.0.0.1:{_free_port()}"
    async with (
        _folder(data) as path,
        simulators(platforms="shopee", orders=count, seed=SEED, push_to=address) as doors,
    ):
        shopee = doors["shopee"]
        await _prepare(path, shopee, address)
        async with _opened(running, path) as gateway:
            stores = await _connect(gateway, shopee)
        say(f"connected {len(stores)} shops: {', '.join(f'{one.id} ({one.currency})' for one in stores.values())}")

        async def look() -> Comparison:
            async with _opened(running, path, read_only=True) as gateway:
                return await compare_with(gateway, shopee)

        daemon = Daemon(path)
        day = Day(data=path, shopee=shopee, daemon=daemon, stores=stores, address=address, look=look, say=say)
        try:
            await daemon.start()
            await play(day)
        finally:
            await daemon.stop()
        async with _opened(running, path, read_only=True) as gateway:
            report = await _close_books(gateway, day)
        if afterwards is not None:
            await afterwards(report)
        return report


async def compare_with(gateway: Context, simulator: Simulator) -> Comparison:
    """Return the simulator's truth against everything the gateway has stored."""
    truth = await simulator.orders()
    return compare(truth, await _all_stored(gateway))


def _opened(running: Running, path: Path, *, read_only: bool = False) -> AbstractAsyncContextManager[Context]:
    return running(path, clock_url=None, read_only=read_only, tell=lambda _: None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    if data is None:
        with tempfile.TemporaryDirectory(prefix="order-gateway-demo-") as folder:
            yield Path(folder)
        return
    if DataFolder(data).database.exists():
        raise ConfigurationError(f"{data} already holds a gateway. Name an empty folder, or remove this one first.")
    yield data


async def _prepare(path: Path, shopee: Simulator, address: str) -> None:
    """Make the data folder. Pulls rest for hours of the simulator's time: what arrives in between came by push."""
    folder = DataFolder(path)
    await initialise(folder, os.environ)
    folder.configuration.write_text(
        f"clock: {shopee.control_url}\n"
        f"listen: {address.removeprefix('http://')}\n"
        f"public_url: {address}\n"
        "sync:\n  every: 2h\n"
        "log:\n  level: error\n",
        "utf-8",
    )


async def _connect(gateway: Context, shopee: Simulator) -> dict[str, Store]:
    """Connect every shop through the account that owns them; return them by the platform's ids."""
    told = await shopee.read("/credentials")
    app = await add_app(
        gateway,
        name="demo-shopee",
        platform="shopee",
        key=str(told["partner_id"]),
        secret=AppSecret(sign_key=told["partner_key"], push_key=told["push_partner_key"]),
        base_url=shopee.base_url,
    )
    callback = {"code": told["auth_codes"][0], "main_account_id": str(told["main_account_id"])}
    stores = [
        await set_store_mode(gateway, connected.store.id, StoreMode.act, by="demo")
        for connected in await connect_with(gateway, app.id, callback)
    ]
    return {store.external_id: store for store in stores}


async def _close_books(gateway: Context, day: Day) -> DemoReport:
    stored = await _all_stored(gateway)
    journal = await day.shopee.read("/effects")
    pushes = await gateway.database.read(
        lambda c: c.execute(select(inbox.c.state, func.count().label("number")).group_by(inbox.c.state)).all()
    )
    return DemoReport(
        data=day.data,
        control_url=day.shopee.control_url,
        stores=len(day.stores),
        orders=len(stored),
        by_phase=dict(Counter(one.phase.value for one in stored.values())),
        deeds=tuple(day.deeds),
        applied=sum(entry["operation"] in _OUR_WRITES for entry in journal),
        pushes={row.state: row.number for row in pushes},
        forged_refused=day.forged_refused,
        comparison=await compare_with(gateway, day.shopee),
    )


async def _all_stored(gateway: Context) -> dict[tuple[str, str], StoredOrder]:
    """Return every stored order, keyed by (the shop's id on the platform, order id)."""

    def read(c: Connection) -> dict[tuple[str, str], StoredOrder]:
        found: dict[tuple[str, str], StoredOrder] = {}
        for store in rows.stores(c):
            page = find(c, gateway.vault, Query(stores=(store.id,)), 500)
            while page.rows:
                for row in page.rows:
                    one = order(c, gateway.vault, store.id, row.order_id)
                    if one is not None:
                        found[store.external_id, row.order_id] = one
                if page.next is None:
                    break
                page = find(c, gateway.vault, Query(stores=(store.id,)), 500, page.next)
        return found

    return await gateway.database.read(read)

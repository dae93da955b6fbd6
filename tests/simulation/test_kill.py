"""Real processes killed with SIGKILL in the middle of their work: nothing is lost, nothing happens twice (G3, G10)."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import running
from gateway.operations.demo.run import compare_with
from gateway.operations.simulated import Simulator, simulators
from tests.kit.shops import connected_folder

pytestmark = pytest.mark.slow  # real processes, killed

LIMIT = 60  # seconds; a generous bound, not a pace


class Shop:
    """The simulator and data folder that a finished demo day leaves, with real gateway processes to run on them."""

    def __init__(self, data: Path, simulator: Simulator) -> None:
        self.data = data
        self.simulator = simulator
        self._processes: list[asyncio.subprocess.Process] = []

    async def gateway(self, *arguments: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from gateway.bootstrap import main; main()",
            "--data",
            str(self.data),
            *arguments,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def effects(self, order_id: str) -> list[tuple[str, int]]:
        with contextlib.closing(sqlite3.connect(self.data / "gateway.db")) as connection:
            query = "select state, attempts from effects where order_id = ? order by created_at"
            return connection.execute(query, (order_id,)).fetchall()

    async def applied(self, order_id: str) -> int:
        journal = await self.simulator.read("/effects")
        return sum(entry["order_id"] == order_id and entry["operation"] == "order/cancel_order" for entry in journal)

    async def closable(self) -> str:
        for told in await self.simulator.orders():
            if told["status"] == "READY_TO_SHIP" and told["region"] in {"SG", "MY", "VN"} and told["cancellable"]:
                return str(told["id"])
        raise AssertionError("the day left no order to close")

    async def end(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until(condition: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)
    raise AssertionError(what)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Five connected shops with 80 orders, all pulled; the gateway is closed and nothing listens for pushes."""
    async with simulators(platforms="shopee", orders=80, seed=7, push_to="http://127.0.0.1:1") as doors:
        simulator = doors["shopee"]
        await simulator.do("/push", {"enabled": False}, method="PUT")
        await connected_folder(running, tmp_path, simulator)
        shop = Shop(tmp_path, simulator)
        yield shop
        await shop.end()


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
async def test_killed_while_the_platform_is_called(shop: Shop, fault: str) -> None:
    """The call hangs; the process dies; a fresh daemon looks at the platform and settles it without a second call."""
    order_id = await shop.closable()
    await shop.simulator.do("/faults", [{"operation": "order/cancel_order", "fault": fault, "times": 1, "ms": 20_000}])
    victim = await shop.gateway("resolve", order_id, "--reason", "out_of_stock", "--yes")
    was_applied = fault == "timeout_after"
    await until(lambda: [state for state, _ in shop.effects(order_id)] == ["calling"], "the effect is being called")
    await until(lambda: _hits(shop.simulator), "the call has reached the simulator")
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    assert shop.effects(order_id) == [("calling", 1)]
    assert await shop.applied(order_id) == int(was_applied)

    await shop.gateway("serve")
    if not was_applied:  # only after this long does the gateway believe that the call will never show
        await until(lambda: [state for state, _ in shop.effects(order_id)] == ["unknown"], "found as unknown")
        await shop.simulator.do("/clock", {"advance": "PT3M"})
    final = "confirmed" if was_applied else "not_applied"
    await until(lambda: shop.effects(order_id) == [(final, 1)], f"the fresh daemon settles it as {final}")
    assert await shop.applied(order_id) == int(was_applied), "nothing was sent again"


async def _hits(simulator: Simulator) -> bool:
    faults = await simulator.read("/faults")
    return all(fault["hits"] > 0 or fault["times"] == 0 for fault in faults)


@pytest.mark.parametrize("kills", [2, pytest.param(8, marks=pytest.mark.slow)])
async def test_daemon_killed_while_it_pulls_goes_on_where_it_was(shop: Shop, kills: int) -> None:
    """Kills at whatever instant they fall; the view converges to the simulator's truth without a person."""
    shop_ids = sorted({told["store"] for told in await shop.simulator.orders()})
    for number in range(kills):
        for shop_id in shop_ids:
            await shop.simulator.do("/orders", {"store": shop_id, "phase": "unpaid" if number % 2 else "in_transit"})
        journal = len(await shop.simulator.read("/effects"))
        victim = await shop.gateway("serve")
        database = shop.data / "gateway.db-wal"
        size = database.stat().st_size if database.exists() else 0
        await until(lambda size=size, wal=database: wal.exists() and wal.stat().st_size > size, "it writes")
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        assert len(await shop.simulator.read("/effects")) == journal, "pulling changes nothing on the platform"
    async with running(shop.data) as gateway:
        for store in await gateway.connections.stores():
            await gateway.pull_for(await gateway.connections.open(store.id)).changes()
        comparison = await compare_with(gateway, {"shopee": shop.simulator})
    assert comparison.differences == ()
    assert comparison.orders == 80 + kills * len(shop_ids)

"""Real processes killed with SIGKILL while hundreds of cases run against failing platforms (G1, G3, G4, G10).

At least 40 kills on each database: most where they hurt and chance is too rare, between intent, call and commit; some
at any instant. What died is started again. Then everything comes to rest, and the simulators' own journals are asked.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from sqlalchemy import select

from gateway.bootstrap import running
from gateway.cases.case import CaseState, list_cases
from gateway.config import DATABASE_VARIABLE
from gateway.inbox.events import delivery_of
from gateway.model.store import StoreMode
from gateway.operations.context import DataFolder
from gateway.operations.demo.shops import connect
from gateway.operations.initialise import initialise
from gateway.operations.simulated import simulators
from gateway.storage import audit
from gateway.storage.schema import effects, inbox, quota_entries
from gateway.storage.stores import apps
from tests.kills.fleet import CHANCE, Fleet, Kill, Shops, Slot, come_to_rest, free_port, kill_all, plan, until
from tests.kills.mortal import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # real processes, killed

TAKE_OVER = 10  # seconds; what is promised of one death
MOST_TURNS = 60  # of one case; it dies in the midst of some, and its calls fail now and then
PLATFORMS = ("shopee", "tiktok_shop", "xiaohongshu", "alibaba_1688")
EACH, BY_CHANCE = 6, 10  # kills at each of the five places, and at any instant
CHATS = ("customer_service/conversations/messages", "sellerchat/send_message")  # of the platforms that have one


CLOSED = select(effects.c.order_id).where(effects.c.operation == "seller_close", effects.c.state == "confirmed")


class Gateway:
    """A data folder with connected shops, and how to open it beside the processes that run on it."""

    def __init__(self, fleet: Fleet, shops: Shops, app_of: dict[str, str]) -> None:
        self.fleet, self.shops, self.app_of = fleet, shops, app_of

    async def read(self, act: Any) -> Any:
        return await self.shops.gateway.database.read(act)

    async def journal(self) -> list[dict[str, Any]]:
        return [entry for door in self.shops.doors.values() for entry in await door.read("/effects")]


@pytest.fixture
async def gateway(empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """Four platforms whose shops are connected and acted in, some orders pulled; nothing runs yet."""
    on_server = empty_database_url.startswith("postgresql")
    if on_server:
        monkeypatch.setenv(DATABASE_VARIABLE, empty_database_url)
    folder = DataFolder(tmp_path / "data")
    port = free_port()
    fleet = Fleet(folder.path, tmp_path / "deaths", tmp_path / "errors")
    async with AsyncExitStack() as stack:
        doors = await stack.enter_async_context(
            simulators(platforms=",".join(PLATFORMS), orders=40, seed=11, push_to=f"http://127.0.0.1:{port}")
        )
        await initialise(folder, {})
        folder.configuration.write_text(
            f"clock: {doors['shopee'].control_url}\nlisten: 127.0.0.1:{port}\n"
            "sync:\n  every: 30s\nlog:\n  level: error\n",
            "utf-8",
        )
        async with running(folder.path) as context:
            stores = await connect(context, doors)
            for store in stores:
                await context.pull_for(await context.connections.open(store.id)).changes()
            app_of = {each.platform: each.id for each in await context.database.read(apps)}
        assert all(store.mode is StoreMode.act for store in stores)
        context = await stack.enter_async_context(running(folder.path, alone=False))
        await stack.enter_async_context(fleet.open())
        yield Gateway(fleet, Shops(context, doors, stores), app_of)


async def check_killing(gateway: Gateway, slots: Sequence[Slot], on_death: Any = None) -> None:
    """Kill, let everything come to rest, and ask the simulators what happened."""
    fleet, shops = gateway.fleet, gateway.shops
    began = time.monotonic()
    await kill_all(fleet, shops, slots, on_death)
    killing = time.monotonic() - began
    await come_to_rest(shops, fleet.said)
    print(
        f"\n{fleet.killed.total()} kills {dict(fleet.killed)} in {killing:.0f} s, at rest after "
        f"{time.monotonic() - began:.0f} s; {shops.opened} cases"
    )
    assert fleet.killed.total() >= 40
    assert all(fleet.killed[place] > 0 for place in (*Place, CHANCE))
    assert shops.opened >= 200
    await check_effects(gateway)
    await check_cases(gateway)
    await check_quota(gateway)
    await check_pushes(gateway)
    assert await gateway.read(audit.verify) > 0


async def check_effects(gateway: Gateway) -> None:
    """What the gateway believes and what the platforms' journals say is the same; nothing happened twice."""
    rows = await gateway.read(lambda c: c.execute(select(effects)).mappings().all())
    print("effects:", dict(Counter(f"{row['operation']} {row['state']}" for row in rows)))
    assert not [row for row in rows if row["state"] in {"committed", "calling", "unknown"}]
    confirmed = [row for row in rows if row["state"] == "confirmed"]
    # a message is known by its order and purpose, all else by the order: each happens once for a case's intent
    key = [
        (row["intent"], row["operation"], orjson.loads(row["act"])["parameters"].get("purpose")) for row in confirmed
    ]
    assert [each for each, count in Counter(key).items() if count > 1] == []
    journal = await gateway.journal()
    acts = Counter(row["order_id"] for row in confirmed if row["operation"] != "send_message")
    done = Counter(entry["order_id"] for entry in journal if entry["operation"] not in CHATS)
    assert {order: (acts[order], done[order]) for order in acts | done if acts[order] != done[order]} == {}
    assert max(done.values()) == 1, "an order was ended twice"
    messages = sum(row["operation"] == "send_message" for row in confirmed)
    assert messages == sum(entry["operation"] in CHATS for entry in journal)
    print(f"{len(journal)} effects in the platforms' journals, each once")
    assert sum(done.values()) >= 100


async def check_cases(gateway: Gateway) -> None:
    """No case is lost, none turns on the spot: each is settled, or waits for something that is named."""
    found = await gateway.read(lambda c: list_cases(c, limit=10_000))
    assert len(found) == gateway.shops.opened, "a case was lost"
    print("cases:", dict(Counter(f"{case.state} {case.waits_for}".strip() for case in found)))
    lost = [case for case in found if case.is_open and not case.waits_for and case.state is not CaseState.with_person]
    assert lost == [], "neither settled nor waiting"
    assert max(case.fence for case in found) <= MOST_TURNS


async def check_quota(gateway: Gateway) -> None:
    """What a close holds is spent when it happened, given back when it did not; rates count each close once."""
    rows = await gateway.read(lambda c: c.execute(select(quota_entries).order_by(quota_entries.c.seq)).mappings().all())
    last = {(row["store"], row["order_id"]): row for row in rows}
    spent = {order: row for (_, order), row in last.items() if row["state"] == "spent"}
    happened = await gateway.read(lambda c: dict(c.execute(select(effects.c.id, effects.c.state)).all()))
    for row in last.values():
        if row["holder"] in happened:  # else a person's, or found by sync
            assert row["state"] == ("spent" if happened[row["holder"]] == "confirmed" else "released"), dict(row)
    by_hand = gateway.shops.closed_by_merchant
    assert by_hand
    booked = Counter(row["order_id"] for row in rows if row["state"] == "spent")
    # the month's free closes take a unit each, those beyond them points; each close is booked once
    assert {order: booked[order] for order in by_hand} == dict.fromkeys(by_hand, 1)
    assert all(spent[order]["units"] + spent[order]["points"] > 0 for order in by_hand)
    ours = {case.order_id for case in await gateway.read(lambda c: list_cases(c, limit=10_000))}
    ended = {row["order_id"] for row in await gateway.read(lambda c: c.execute(CLOSED).mappings().all())}
    assert set(booked) & ours <= ended | set(by_hand), "spent for a close that did not happen"
    print(f"quota: {len(by_hand)} closes in the console and {len(set(booked) & ended)} of ours booked, once each")


async def check_pushes(gateway: Gateway) -> None:
    stored = set(await gateway.read(lambda c: c.execute(select(inbox.c.delivery)).scalars().all()))
    acknowledged = set()
    for platform, door in gateway.shops.doors.items():
        for attempt in await door.read("/pushes"):
            if attempt["ok"]:
                acknowledged.add(delivery_of(gateway.app_of[platform], attempt["body"].encode()))
    print(f"{len(acknowledged)} pushes acknowledged, all on record")
    assert len(acknowledged) >= 100
    assert acknowledged <= stored, f"{len(acknowledged - stored)} acknowledged pushes are lost"


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
async def test_the_daemon_on_sqlite(gateway: Gateway) -> None:
    await check_killing(gateway, [Slot((), deque(plan(EACH, BY_CHANCE, seed=1)))])


@pytest.mark.postgresql
@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_three_workers_on_postgresql(gateway: Gateway, empty_database_url: str) -> None:
    """A killed worker's cases go on elsewhere; the receiver and the sync are killed too."""
    shared = deque(plan(EACH, BY_CHANCE, seed=2))
    front = deque(Kill(CHANCE, n) for n in (40, 25, 60, 30))
    slots = [*(Slot(("worker",), shared) for _ in range(3)), Slot(("receiver", "sync"), front)]
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        handovers = Handovers(connection)
        await check_killing(gateway, slots, handovers.watch)
        took = await handovers.all_made()
    soon = sum(each <= TAKE_OVER for each in took) / len(took)  # an heir may be killed before it comes to it
    print(
        f"{len(took)} pieces of work taken over: median {statistics.median(took):.1f} s, longest {max(took):.1f} s, "
        f"{soon:.0%} within {TAKE_OVER} s"
    )
    assert len(took) >= 5 * EACH


class Handovers:
    """Waits until the work that dead processes held is in other hands."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection
        self._watching: list[asyncio.Task[list[float]]] = []

    def watch(self, died: dict[str, Any]) -> None:
        """Begin to wait for what a process held that has just died."""
        self._watching.append(asyncio.create_task(self._until_taken(died["process"], died["at"])))

    async def all_made(self) -> list[float]:
        """Return the seconds each took, from death to the next claim."""
        return [took for each in await asyncio.gather(*self._watching) for took in each]

    async def _until_taken(self, dead: str, at: float) -> list[float]:
        query = "select id, fence from work where worker = %s and state in ('claimed', 'renewed')"
        held = dict(await (await self._connection.execute(query, (dead,))).fetchall())
        assert held, "it died with work in hand"
        took: dict[int, float] = {}

        async def taken() -> bool:
            query = "select id, fence from work where id = any(%s)"
            for key, fence in await (await self._connection.execute(query, (list(held),))).fetchall():
                if fence > held[key]:
                    took.setdefault(key, time.time() - at)
            return len(took) == len(held)

        await until(taken, lambda: f"{len(held) - len(took)} of {len(held)} pieces of work are in other hands")
        return list(took.values())

"""Stores pulled from simulators in virtual time: it goes on as soon as everything waits for it, and only then.

The simulators' clock and the gateway's are moved together, from one instant that somebody sleeps for to the next. An
answer may take virtual time on its way. So it is known to the microsecond when each call left and when a pull ended,
whatever the machine does meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import httpx
from sqlalchemy import Connection
from structlog.testing import capture_logs

from gateway.clock import ManualClock
from gateway.config import SyncSettings
from gateway.errors import StoreDisconnected
from gateway.model.store import Credential, Store
from gateway.ports import Adapter, Rate
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.migrate import upgrade
from gateway.storage.vault import Vault
from gateway.sync import aside
from gateway.sync.pull import Pull
from gateway.transport.channel import Transport
from gateway.transport.client import make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import ModeGate, Standing
from gateway.transport.limiter import Limiter
from gateway.transport.retry import RetryPlan
from mocks.kit.bucket import Buckets
from mocks.kit.clock import VIRTUAL_START
from mocks.kit.clock import Clock as SimulatedClock
from mocks.kit.running import Address, serve
from tests.kit.contract_case import Case, Connected

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken:
    """One call as the simulator's limit saw it."""

    at: datetime
    caller: str
    refused: bool


class VirtualTime:
    """Moves both clocks. What is under way on wires and in threads is counted, so that time waits for it."""

    def __init__(self) -> None:
        self.gateway = ManualClock(VIRTUAL_START)
        self.simulated = SimulatedClock("virtual")
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    @property
    def now(self) -> datetime:
        return self.gateway.now()

    async def sleep(self, seconds: float) -> None:
        await self.gateway.sleep_until(self.now + timedelta(seconds=seconds))

    async def counted(self, work: Awaitable[T]) -> T:
        """Return what ``work`` gives; no time passes until then."""
        self._under_way += 1
        self._none.clear()
        try:
            return await work
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none.set()

    async def play(self, doing: Coroutine[Any, Any, T], until: datetime | None = None) -> T | None:
        """Let time go on until ``doing`` ends and return its result; None when ``until`` comes first."""
        task = asyncio.create_task(doing)
        try:
            while True:
                await self._everything_waits()
                if task.done():
                    return task.result()
                at = self.gateway.next_wake()
                if at is None:
                    raise AssertionError("everything waits, but nothing for the clock: this would hang for ever")
                if until is not None and at >= until:
                    return None
                await self.simulated.set(at)
                self.gateway.set(at)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _everything_waits(self) -> None:
        loop: Any = asyncio.get_running_loop()
        while True:
            await self._none.wait()
            await asyncio.sleep(0)
            if not self._under_way and not loop._ready:  # nobody else has a turn: only the event loop itself can tell
                return


class CountedDatabase(Database):
    """The database as it is; time waits for its threads."""

    time: VirtualTime

    async def write(self, act: Callable[[Connection], T]) -> T:
        return await self.time.counted(super().write(act))

    async def read(self, act: Callable[[Connection], T]) -> T:
        return await self.time.counted(super().read(act))


class Road(httpx.AsyncBaseTransport):
    """The network: to the simulators, with virtual seconds per answer by access token, and refusals for some."""

    def __init__(self, time: VirtualTime, network: httpx.AsyncBaseTransport) -> None:
        self.usual = 0.0
        self.slow: dict[str, float] = {}  # access token -> seconds an answer takes
        self.refused: dict[str, int] = {}  # access token -> seconds of Retry-After, always
        self.refusals: list[tuple[datetime, str]] = []
        self._time = time
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        words = f"{request.url} {sorted(request.headers.items())} {request.content!r}"
        token = next((known for known in (*self.slow, *self.refused) if known in words), "")
        sent = self._time.now
        if token in self.refused:
            self.refusals.append((sent, token))
            response = httpx.Response(429, headers={"Retry-After": str(self.refused[token])}, content=b"{}")
        else:
            response = await self._time.counted(self._answer(request))
        await self._time.gateway.sleep_until(sent + timedelta(seconds=self.slow.get(token, self.usual)))
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._network.handle_async_request(request)
        try:
            return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._network.aclose()


def with_limits(adapter: Any, **limits: Any) -> Any:
    """Return ``adapter`` asking for less at a time, so that few orders need many calls; its rates stay."""
    told = adapter.manifest
    manifest = replace(told, limits=replace(told.limits, **limits))
    return type("Narrow", (type(adapter),), {"manifest": property(lambda _: manifest)})()


@dataclass
class Shops:
    """Simulators, and a gateway's parts around them."""

    time: VirtualTime
    addresses: Mapping[str, Address]
    control: httpx.AsyncClient
    road: Road
    transport: Transport
    database: Database
    vault: Vault
    settings: SyncSettings
    credentials: dict[str, Credential] = field(default_factory=dict)

    async def limit(self, platform: str, rate: Rate) -> None:
        """Have the simulator enforce ``rate``."""
        act = {"act": "set_rate_limit", "per_second": rate.per_second, "burst": rate.burst}
        (await self.control.post(self.addresses[platform]["control_url"] + "/acts", json=act)).raise_for_status()

    async def connect(self, case: Case, region: str, name: str) -> Connected:
        """Return one shop, known to the gateway as ``name``."""
        address = self.addresses[case.platform]
        told = (await self.control.get(address["control_url"] + "/credentials")).json()
        found = case.simulator.connect(told, address["base_url"], region, self.time.now)
        app = found.app.model_copy(update={"id": case.platform})
        found = replace(found, app=app, store=found.store.model_copy(update={"id": name, "app": app.id}))
        self.credentials[name] = found.credential

        def keep(c: Connection) -> None:
            if app.id not in {each.id for each in rows.apps(c)}:
                rows.add_app(c, self.vault, app, found.secret, self.time.now)
            rows.add_store(c, found.store, self.time.now)

        await self.database.write(keep)
        return found

    def pull(self, adapter: Adapter, shop: Connected) -> Pull:
        """Return the gateway's own pull of a shop."""
        return Pull(
            store=shop.store,
            adapter=adapter,
            channel=self.transport.channel(adapter, shop.app, shop.secret, shop.store),
            database=self.database,
            vault=self.vault,
            clock=self.time.gateway,
            settings=self.settings,
        )


@asynccontextmanager
async def shops(folder: Path, platforms: Sequence[str], *, orders: int, **settings: Any) -> AsyncIterator[Shops]:
    """Start simulators with ``orders`` orders each, and a gateway's parts in ``folder``."""
    time = VirtualTime()
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_logs())  # thousands of calls would be written out
        stack.enter_context(mock.patch.object(aside, "_processors", return_value=1))  # a process is not counted
        addresses = await stack.enter_async_context(serve(platforms=platforms, orders=orders, clock=time.simulated))
        control = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        url = f"sqlite:///{folder / 'gateway.db'}"
        upgrade(url)
        database = CountedDatabase.open(url, lock=folder / "gateway.lock")
        database.time = time
        stack.push_async_callback(database.close)
        network = make_client()
        stack.push_async_callback(network.aclose)
        road = Road(time, network._transport)  # the production client's own
        client = make_client(road)
        credentials: dict[str, Credential] = {}

        async def load(store: Store) -> Credential:
            if store.id not in credentials:
                raise StoreDisconnected(f"Store {store.id} has no credential.")
            return credentials[store.id]

        async def save(store: Store, credential: Credential) -> None:
            credentials[store.id] = credential

        async def standing(store: Store) -> Standing:
            return Standing(store.mode)

        transport = Transport(
            client,
            time.gateway,
            SingleFlightCredentials(load, save),
            ModeGate(standing),
            Limiter(time.gateway),
            plan=RetryPlan(jitter=0.0),
            sleep=time.sleep,
        )
        yield Shops(
            time,
            addresses,
            control,
            road,
            transport,
            database,
            Vault(bytes(range(32))),
            SyncSettings(**settings),
            credentials,
        )


@contextmanager
def limits_watched() -> Any:
    """Give the list of all calls that a simulator's limit let pass or refused, while one is set by hand."""
    taken: list[Taken] = []
    take = Buckets.take

    def watched(self: Buckets, caller: str, now: datetime) -> int:
        wait = take(self, caller, now)
        if self.burst < 100_000:  # else the one that a standing clock begins with, which refuses nobody
            taken.append(Taken(now, caller, wait > 0))
        return wait

    with mock.patch.object(Buckets, "take", watched):
        yield taken


def by_second(taken: Sequence[Taken]) -> list[int]:
    """Return how many calls passed in each second since the first."""
    counts: dict[int, int] = defaultdict(int)
    for each in taken:
        counts[(each.at - taken[0].at) // timedelta(seconds=1)] += not each.refused
    return [counts[second] for second in range(max(counts) + 1)]

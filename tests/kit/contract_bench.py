"""Shops for the contract suite: one of paper, one behind a canned wire, one behind the simulator, one that is real."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from gateway.clock import ManualClock, SimulatorClock, SystemClock
from gateway.errors import StoreDisconnected
from gateway.model.order import Order
from gateway.model.store import Credential, Role, Store, StoreMode
from gateway.ports import Answer, Call, Rate, Window
from gateway.transport.channel import AppChannel, StoreChannel, Transport
from gateway.transport.client import Timeouts, make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import ModeGate, Standing
from gateway.transport.json import decode, encode
from gateway.transport.limiter import Limiter
from gateway.transport.retry import RetryPlan
from mocks.kit.running import serve
from tests.kit.contract_case import Case, Connected, Script

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def exact(path: Path) -> Any:
    """Return a JSON file with its numbers as they are written."""
    return decode(path.read_bytes())


class Unhurried(Limiter):
    """Gives slots without a rate: a simulator's clock stands still, and a bucket would never fill again."""

    def slot(self, store: str, group: str, rate: Rate, *, platform: str) -> AbstractAsyncContextManager[bool]:
        return super().slot(store, group, Rate(1e6, 1_000_000), platform=platform)


@dataclass
class PaperChannel:
    """Answers each operation from a script; errors go through the adapter's own classification."""

    case: Case
    script: Script
    calls: list[Call] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.case.connected.store

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = Answer(200, {}, encode(self.script[call.operation]))
        failure = self.case.adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer


@dataclass
class Shop:
    """A shop behind the production transport."""

    case: Case
    connected: Connected
    channel: StoreChannel
    app_channel: AppChannel
    clock: Any
    client: httpx.AsyncClient
    transport: Transport
    kept: dict[str, Credential]
    control: httpx.AsyncClient | None = None
    sent: list[str] = field(default_factory=list)  # every request on the wire, by `Case.name_of`
    saved: list[Credential] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)  # seconds waited between repetitions, not really slept

    @property
    def adapter(self) -> Any:
        return self.case.adapter

    @property
    def store(self) -> Store:
        return self.connected.store

    def sent_to(self, path_end: str) -> int:
        """Return how many requests went to a path."""
        return sum(path.endswith(path_end) for path in self.sent)

    # the control API

    async def get(self, path: str) -> Any:
        assert self.control is not None, "a real shop has no control API"
        answer = await self.control.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        assert self.control is not None, "a real shop has no control API"
        answer = await self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, **facts: Any) -> str:
        side = {"role": "buyer"} if self.store.role is Role.buyer else {}
        made = await self.post("/orders", {"store": self._name(), **side, **facts})
        return str(made["id"])

    async def act(self, order_id: str, act: str, **details: Any) -> Any:
        return await self.post(f"/orders/{order_id}/acts", {"act": act, **details})

    async def do(self, act: str, **details: Any) -> Any:
        return await self.post("/acts", {"act": act, "store": self._name(), **details})

    def _name(self) -> int | str:
        shop = self.store.external_id
        return int(shop) if shop.isdigit() else shop

    async def fault(self, operation: str, fault: str, **details: Any) -> None:
        await self.post("/faults", [{"operation": operation, "fault": fault, **details}])

    async def truths(self) -> dict[str, Any]:
        told = await self.get("/orders?limit=100000")
        rows = told["orders"] if isinstance(told, dict) else told
        mine = [row for row in rows if row["store"] == self.store.external_id]
        return {row["id"]: row for row in mine if row.get("role", Role.seller) == self.store.role}

    async def applied(self) -> Counter[str]:
        """Return the journal of applied writes, counted by operation."""
        told = await self.get("/effects")
        return Counter(row["operation"] for row in (told["effects"] if isinstance(told, dict) else told))

    async def later(self, duration: str) -> None:
        """Advance the simulator, and wait until our clock shows it."""
        reached = datetime.fromtimestamp((await self.post("/clock", {"advance": duration}))["unix"], UTC)
        await self.clock.sleep_until(reached)

    # reading

    async def order(self, order_id: str) -> Order:
        batch = await self.adapter.fetch_orders(self.channel, [order_id])
        assert not batch.bad, batch.bad
        assert not batch.unmapped, batch.unmapped
        (order,) = batch.orders
        return order

    async def pages(self, lister: Callable[..., Any], window: Window) -> list[Any]:
        """Return every page of a window."""
        found, page = [], None
        while True:
            found.append(await lister(self.channel, window, page))
            page = found[-1].next_page
            if page is None:
                return found

    def windows(self, days: int, widest: timedelta, created: timedelta | None = None) -> list[Window]:
        """Return windows of the platform's maximum that cover the last ``days``, the oldest first.

        By creation time where ``created`` tells a window for it.
        """
        end, by = self.clock.now() + timedelta(minutes=1), "created" if created else "updated"
        widest = created or widest
        steps = int(timedelta(days=days) / widest) + 1
        spans = [(end - widest * (step + 1), end - widest * step) for step in reversed(range(steps))]
        return [Window(start, until, by) for start, until in spans]  # type: ignore[arg-type]  # one of the two words


@asynccontextmanager
async def transported(
    case: Case,
    connected: Connected,
    clock: Any,
    *,
    network: httpx.AsyncBaseTransport | None = None,
    control: httpx.AsyncClient | None = None,
    time_limit: float = 60.0,
    read_timeout: float = 30.0,
    renewable: bool = True,
) -> AsyncIterator[Shop]:
    """Put a shop behind the production transport."""
    client = make_client(network, timeouts=Timeouts(read=read_timeout))
    kept = {connected.store.id: connected.credential}
    saved: list[Credential] = []
    sent: list[str] = []
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def load(store: Store) -> Credential:
        return kept[store.id]

    async def save(store: Store, credential: Credential) -> None:
        if not renewable:
            raise StoreDisconnected("a real token is never renewed by a test; put a fresh one into the environment")
        kept[store.id] = credential
        saved.append(credential)

    async def standing(_store: Store) -> Standing:
        return Standing(StoreMode.act if renewable else StoreMode.observe)

    async def note(request: httpx.Request) -> None:
        sent.append(case.name_of(request))

    client.event_hooks["request"].append(note)
    transport = Transport(
        client,
        clock,
        SingleFlightCredentials(load, save),
        ModeGate(standing),
        Unhurried(clock, per_store=64, per_platform=64, total=64),
        plan=RetryPlan(jitter=0.0),
        sleep=nap,
        time_limit=time_limit,
    )
    try:
        yield Shop(
            case,
            connected,
            transport.channel(case.adapter, connected.app, connected.secret, connected.store),
            transport.app_channel(case.adapter, connected.app, connected.secret, connected.credential),
            clock,
            client,
            transport,
            kept,
            control,
            sent,
            saved,
            naps,
        )
    finally:
        await client.aclose()


@asynccontextmanager
async def simulated(case: Case, region: str, *, orders: int = 40, **options: Any) -> AsyncIterator[Shop]:
    """Start the platform's simulator and connect one of its shops."""
    async with serve(platforms=[case.platform], seed=7, orders=orders, clock="virtual") as addresses:
        base, control_url = addresses[case.platform]["base_url"], addresses[case.platform]["control_url"]
        clock = SimulatorClock(control_url, poll=0.01)
        await clock.start()
        try:
            async with httpx.AsyncClient(base_url=control_url, trust_env=False, timeout=30) as control:
                told = (await control.get("/credentials")).json()
                connected = case.simulator.connect(told, base, region, clock.now())
                async with transported(case, connected, clock, control=control, **options) as shop:
                    yield shop
        finally:
            await clock.close()


@asynccontextmanager
async def live(case: Case) -> AsyncIterator[Shop]:
    """Connect the shop the environment names, for reading only; skip when it names none."""
    missing = [name for name in case.live.variables if not os.environ.get(name)]
    if missing:
        wanted = "; ".join(f"{name}: {meaning}" for name, meaning in case.live.variables.items())
        pytest.skip(f"no real credentials: {', '.join(missing)} not set. Needed: {wanted}")
    clock = SystemClock()
    connected = case.live.connect({name: os.environ[name] for name in case.live.variables}, clock.now())
    async with transported(case, connected, clock, renewable=False) as shop:
        yield shop


@asynccontextmanager
async def canned(case: Case, network: httpx.AsyncBaseTransport, **options: Any) -> AsyncIterator[Shop]:
    """Put the invented shop behind a wire whose answers are canned."""
    async with transported(case, case.connected, ManualClock(NOON), network=network, **options) as shop:
        yield shop


def plain(value: Any) -> Any:
    """Return canonical objects as the JSON a golden file holds: without defaults, sets as sorted lists."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        told = {name: getattr(value, name) for name in fields}
        return {
            name: plain(each)
            for name, each in told.items()
            if fields[name].is_required() or each != fields[name].get_default(call_default_factory=True)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int) else str(value)

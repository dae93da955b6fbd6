from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from gateway.clock import ManualClock
from gateway.errors import GatewayError, StoreDisconnected, TokenExpired
from gateway.model.store import App, AppSecret, Credential, Store, StoreMode
from gateway.ports import Answer, Call, Grant, Limits, Manifest, Rate, Signed
from gateway.transport.channel import Transport
from gateway.transport.client import make_client
from gateway.transport.credentials import SingleFlightCredentials
from gateway.transport.gate import ModeGate, Standing
from gateway.transport.limiter import Limiter
from gateway.transport.retry import RetryPlan

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class ToyPlatform:
    """A platform small enough to reason about: a token in the query, JSON-less bodies, `X-Code` headers as errors."""

    def __init__(self, base: str = "https://toy.example", rate: Rate | None = None) -> None:
        self.base = base
        self.refresh_idempotent = "no"
        self.manifest = Manifest(
            platform="toy",
            title="Toy",
            capabilities={},
            limits=Limits(timedelta(days=1), 10, 10, timedelta(days=1), 10),
            rates={"default": rate or Rate(1000.0, 1000)},
            base_urls={"default": base},
            time_zones={},
            refresh_before=timedelta(minutes=10),
            masks_buyers=False,
        )

    def sign(self, call, app, secret, store, credential, now) -> Signed:
        token = credential.access_token if credential else ""
        shop = store.external_id if store else ""
        query = f"timestamp={int(now.timestamp())}&shop={shop}&access_token={token}&sign={secret.sign_key}"
        return Signed(call.method, f"{app.base_url}{call.path}?{query}", {"Authorization": token}, call.body)

    def classify(self, call: Call, answer: Answer) -> GatewayError | None:
        code = answer.headers.get("x-code", "")
        if code == "token_expired":
            return TokenExpired("the token has expired", code=code, request_id="req-7")
        if code == "refresh_token_dead":
            return StoreDisconnected("the refresh token is dead; connect the store again", code=code)
        return None

    def refresh_call(self, app, store, credential) -> Call:
        return Call(
            operation="auth.refresh",
            method="POST",
            path="/refresh",
            body=f"{store.external_id} {credential.refresh_token}".encode(),
            scope="app",
            idempotent=self.refresh_idempotent,
            refreshable=False,
        )

    def read_grants(self, call, answer, now):
        shop, access, refresh, seconds = answer.body.decode().split()
        expires = now + timedelta(seconds=int(seconds))
        return [Grant(shop, Credential(access_token=access, refresh_token=refresh, expires_at=expires))]


@pytest.fixture
def toy() -> ToyPlatform:
    return ToyPlatform()


@pytest.fixture
def make_toy() -> type[ToyPlatform]:
    return ToyPlatform


@pytest.fixture
def make_store() -> Callable[..., Store]:
    def make(name: str = "s1", **changes) -> Store:
        fields = {
            "id": name,
            "app": "app1",
            "platform": "toy",
            "external_id": f"ext-{name}",
            "region": "SG",
            "currency": "SGD",
            "time_zone": "Asia/Singapore",
        }
        return Store(**(fields | changes))

    return make


@pytest.fixture
def read_call() -> Call:
    return Call(operation="order.list", method="GET", path="/orders")


@pytest.fixture
def effect_call() -> Call:
    return Call(operation="order.cancel", method="POST", path="/cancel", body=b"{}", effect=True, idempotent="no")


class Bench:
    """A transport with everything under it visible: credentials kept, naps taken, the standing of effects."""

    def __init__(self, client: httpx.AsyncClient, *, clock=None, limiter=None, plan=None, **options) -> None:
        self.clock = clock or ManualClock(START)
        self.stored: dict[str, Credential] = {}
        self.saves = 0
        self.naps: list[float] = []
        self.standing = Standing(StoreMode.observe)
        self.keeper = SingleFlightCredentials(self._load, self._save)
        self.limiter = limiter or Limiter(self.clock)
        self.transport = Transport(
            client,
            self.clock,
            self.keeper,
            ModeGate(self._standing),
            self.limiter,
            plan=plan or RetryPlan(jitter=0.0),
            sleep=self._nap,
            **options,
        )
        self.app = App(id="app1", platform="toy", key="2001", base_url="https://toy.example")
        self.secret = AppSecret(sign_key="sign-key-canary")

    def give(self, store: Store, *, access: str = "access-1", refresh: str = "refresh-1", lives=timedelta(hours=4)):
        self.stored[store.id] = Credential(
            access_token=access, refresh_token=refresh, expires_at=self.clock.now() + lives
        )
        return self.stored[store.id]

    def channel(self, adapter, store: Store):
        self.app = self.app.model_copy(update={"base_url": adapter.base})
        if store.id not in self.stored:
            self.give(store)
        return self.transport.channel(adapter, self.app, self.secret, store)

    async def _load(self, store: Store) -> Credential:
        await asyncio.sleep(0)
        return self.stored[store.id]

    async def _save(self, store: Store, credential: Credential) -> None:
        await asyncio.sleep(0)
        self.saves += 1
        self.stored[store.id] = credential

    async def _standing(self, store: Store) -> Standing:
        return self.standing

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def make_bench() -> type[Bench]:
    return Bench


@pytest.fixture
async def production_client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as client:
        yield client


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def raw_server() -> Callable[[Behaviour], object]:
    """Serves as it is told on a port of loopback, and tells how many connections it saw."""

    @asynccontextmanager
    async def serve(behave: Behaviour) -> AsyncIterator[SimpleNamespace]:
        seen = SimpleNamespace(connections=0, base="")

        async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.connections += 1
            try:
                await behave(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
        seen.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield seen
        finally:
            server.close()

    return serve

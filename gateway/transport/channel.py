"""The road to a platform: wait for a slot, ask the gate, sign, send, read, raise the error tree, repeat if safe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

import httpx
import structlog

from gateway.errors import (
    ConfigurationError,
    DataError,
    GatewayError,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    StoreDisconnected,
    TokenExpired,
    Unavailable,
)
from gateway.model.store import App, AppSecret, Credential, Store
from gateway.ports import Adapter, Answer, Call, Clock, Rate, Signed
from gateway.transport.causes import read_failure
from gateway.transport.credentials import CredentialKeeper
from gateway.transport.gate import EffectGate
from gateway.transport.limiter import Limiter
from gateway.transport.retry import RetryPlan, Sleep, read_retry_after

_REST_UNASKED = 1  # seconds a bucket rests when a platform says "too many" without saying how long
_EARLY_AGAIN = timedelta(minutes=1)  # between two attempts to renew a token that still works

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Transport:
    """Makes channels that share one client, one limiter and one keeper of credentials."""

    client: httpx.AsyncClient
    clock: Clock
    credentials: CredentialKeeper
    gate: EffectGate
    limiter: Limiter
    plan: RetryPlan = field(default_factory=RetryPlan)
    sleep: Sleep = asyncio.sleep
    time_limit: float = 60.0  # seconds of real time for one request, its whole answer included
    body_limit: int = 20 * 1024 * 1024  # bytes of one answer, unpacked
    # Per store, when a token that still works may be renewed again after an attempt that failed.
    early_after: dict[str, datetime] = field(default_factory=dict, init=False, repr=False)

    def channel(self, adapter: Adapter, app: App, secret: AppSecret, store: Store) -> StoreChannel:
        """Return the road to ``store``."""
        return StoreChannel(_Line(self, adapter, app, secret), store)

    def app_channel(
        self, adapter: Adapter, app: App, secret: AppSecret, credential: Credential | None = None
    ) -> AppChannel:
        """Return the road for calls of scope `app`, which belong to no store: authorisation, lists of shops.

        They carry ``credential`` where one is given: that of an authorisation whose shops are not known yet.
        """
        return AppChannel(_Line(self, adapter, app, secret), credential)


class AppChannel:
    """Calls that carry the app's signature only. A `gateway.ports.Channel` without a store."""

    def __init__(self, line: _Line, credential: Credential | None = None) -> None:
        self._line = line
        self._credential = credential

    @property
    def store(self) -> Store:
        """Raise InvalidRequest: this road leads to no store."""
        raise InvalidRequest(f"this channel acts for app {self._line.app.id}, not for a store; open a store's channel")

    async def send(self, call: Call) -> Answer:
        """Return the answer of a call of scope `app`; raises as `gateway.ports.Channel.send` does.

        Raises InvalidRequest for a call that needs a store, and for an effect, since no store's mode allows it.
        """
        if call.scope != "app" or call.effect:
            raise InvalidRequest(f"{call.operation} belongs to a store and cannot be sent for app {self._line.app.id}")
        credential = None if self._credential is None else _just(self._credential)
        return await self._line.send(call, _Bearer(f"app:{self._line.app.id}", credential=credential))


class StoreChannel:
    """The road to one store. Renews its token ahead of time, and once when the platform calls it expired."""

    def __init__(self, line: _Line, store: Store) -> None:
        self._line = line
        self._store = store

    @property
    def store(self) -> Store:
        """Return the store that is called."""
        return self._store

    async def send(self, call: Call) -> Answer:
        """Return the answer of a call that succeeded; raises as `gateway.ports.Channel.send` does.

        DataError: the answer of a read is larger than the limit. StoreDisconnected: the token cannot be renewed.
        """
        if call.scope == "app":
            if call.effect:
                await self._line.shared.gate.check(self._store, call)
            return await self._line.send(call, _Bearer(f"app:{self._line.app.id}"))
        bearer = _Bearer(self._store.id, self._store, self._credential)
        try:
            return await self._line.send(call, bearer)
        except TokenExpired:
            if not call.refreshable or bearer.used is None:
                raise
            await self._line.shared.credentials.renew(self._store, bearer.used, self._refresh)
        return await self._line.send(call, bearer)

    async def _credential(self) -> Credential:
        shared, store = self._line.shared, self._store
        present = await shared.credentials.current(store)
        now = shared.clock.now()
        if present.expires_at - now > self._line.adapter.manifest.refresh_before:
            return present
        still_good = present.expires_at > now
        if still_good and now < shared.early_after.get(store.id, now):
            return present
        shared.early_after[store.id] = now + _EARLY_AGAIN
        try:
            return await shared.credentials.renew(store, present, self._refresh)
        except (Unavailable, RateLimited) as error:
            if not still_good:
                raise
            _log.warning("token not renewed ahead of time", store=store.id, error=type(error).__name__)
            return present

    async def _refresh(self, old: Credential) -> Credential:
        adapter, app = self._line.adapter, self._line.app
        # Asked again when the answer was lost, also where a refresh token is good for one use: either the platform
        # gives a token after all, or it says that this one is dead, and only then is the store disconnected.
        call = replace(adapter.refresh_call(app, self._store, old), idempotent="yes", effect=False, refreshable=False)
        bearer = _Bearer(f"app:{app.id}") if call.scope == "app" else _Bearer(self._store.id, self._store, _just(old))
        try:
            answer = await self._line.send(call, bearer)
        except TokenExpired as error:
            raise StoreDisconnected(
                f"store {self._store.id}: the platform refuses to renew its token ({error.code or 'no code'})."
                " A person must connect the store again.",
                code=error.code,
                request_id=error.request_id,
            ) from None
        for grant in adapter.read_grants(call, answer, self._line.shared.clock.now()):
            if grant.external_id in {self._store.external_id, ""}:
                self._line.shared.early_after.pop(self._store.id, None)
                kept = {**old.extra, **grant.credential.extra}  # what only the authorisation told stays
                return grant.credential.model_copy(update={"extra": kept})
        raise DataError(f"store {self._store.id}: the answer that renews its token holds none for this shop")


@dataclass(slots=True)
class _Bearer:
    """Whose name a call carries; remembers which credential was used last."""

    lane: str
    store: Store | None = None
    credential: Callable[[], Awaitable[Credential]] | None = None
    used: Credential | None = None

    async def show(self) -> None:
        self.used = None if self.credential is None else await self.credential()


def _just(credential: Credential) -> Callable[[], Awaitable[Credential]]:
    async def give() -> Credential:
        return credential

    return give


@dataclass(frozen=True, slots=True)
class _Line:
    """One app's calls to its platform."""

    shared: Transport
    adapter: Adapter
    app: App
    secret: AppSecret

    async def send(self, call: Call, bearer: _Bearer) -> Answer:
        """Send ``call`` and repeat what is safe to repeat."""
        waited_out: datetime | None = None

        async def attempt() -> Answer:
            nonlocal waited_out
            if waited_out is not None:
                self.shared.limiter.resume(bearer.lane, call.group, waited_out)
                waited_out = None
            try:
                return await self._attempt(call, bearer)
            except RateLimited as error:
                rest = timedelta(seconds=error.retry_after or _REST_UNASKED)
                waited_out = self.shared.clock.now() + rest
                self.shared.limiter.pause(bearer.lane, call.group, waited_out)
                raise

        return await self.shared.plan.retrying(call, self.shared.sleep)(attempt)

    async def _attempt(self, call: Call, bearer: _Bearer) -> Answer:
        await bearer.show()  # before the slot: renewing a token needs one of its own
        self._refuse_long_pause(call, bearer)
        async with self.shared.limiter.slot(
            bearer.lane, call.group, self._rate(call.group), platform=self.app.platform
        ) as waited:
            if waited:
                await bearer.show()
            if call.effect and bearer.store is not None:
                await self.shared.gate.check(bearer.store, call)
            signed = self.adapter.sign(call, self.app, self.secret, bearer.store, bearer.used, self.shared.clock.now())
            return await self._exchange(call, signed, bearer)

    def _rate(self, group: str) -> Rate:
        rates = self.adapter.manifest.rates
        return rates.get(group) or rates["default"]

    def _refuse_long_pause(self, call: Call, bearer: _Bearer) -> None:
        until = self.shared.limiter.paused_until(bearer.lane, call.group)
        if until is None:
            return
        left = (until - self.shared.clock.now()).total_seconds()
        if left > self.shared.plan.patience:
            raise RateLimited(
                f"{call.operation}: the platform asked for a rest until {until:%Y-%m-%d %H:%M:%S} UTC."
                " Nothing was sent.",
                retry_after=int(left) + 1,
            )

    async def _exchange(self, call: Call, signed: Signed, bearer: _Bearer) -> Answer:
        began = asyncio.get_running_loop().time()
        answer: Answer | None = None
        failure: GatewayError | None = None
        try:
            answer = await self._receive(call, signed)
            failure = self._judge(call, answer)
        except GatewayError as error:
            failure = error
        milliseconds = round((asyncio.get_running_loop().time() - began) * 1000)
        self._note(call, bearer, answer, failure, milliseconds)
        if failure is not None:
            raise failure
        assert answer is not None  # noqa: S101 - for the type checker: one of the two is there
        return answer

    def _note(
        self, call: Call, bearer: _Bearer, answer: Answer | None, failure: GatewayError | None, milliseconds: int
    ) -> None:
        facts: dict[str, object] = {
            "operation": call.operation,
            "store": bearer.lane,
            "status": answer.status if answer else None,
            "milliseconds": milliseconds,
        }
        if failure is None:
            (_log.info if call.effect else _log.debug)("call", **facts)
            return
        facts["error"] = type(failure).__name__
        facts["error_code"] = getattr(failure, "code", "") or None
        facts["request_id"] = getattr(failure, "request_id", "") or None
        _log.warning("call failed", **{key: value for key, value in facts.items() if value is not None})

    async def _receive(self, call: Call, signed: Signed) -> Answer:
        """Send and read all. Raises NotSent, OutcomeUnknown or DataError, without the words of the failure."""
        request = self._build(call, signed)
        failure: Exception
        try:
            async with asyncio.timeout(self.shared.time_limit):
                response = await self.shared.client.send(request, stream=True)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
        except Exception as error:  # whatever broke, the request may have left: no cause, no certainty
            failure = error
        else:
            if body is None:
                raise self._too_large(call)
            return Answer(response.status_code, dict(response.headers), body)
        # Raised out here, so that the failure, whose text may hold the address and its token, is no context of it.
        raise read_failure(call.operation, request.url.host, failure)

    def _build(self, call: Call, signed: Signed) -> httpx.Request:
        if urlsplit(signed.url).scheme in ("http", "https"):
            try:
                return self.shared.client.build_request(
                    signed.method, signed.url, headers=dict(signed.headers), content=signed.body
                )
            except httpx.InvalidURL:
                pass
        raise ConfigurationError(
            f"{call.operation}: the address of app {self.app.id} cannot be called. Its base_url must be like"
            " https://partner.shopeemobile.com; correct it."
        )

    async def _read(self, response: httpx.Response) -> bytes | None:
        """Return the whole body, or None as soon as it is larger than the limit."""
        limit = self.shared.body_limit
        pieces: list[bytes] = []
        size = 0
        async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as stream:
            async for piece in stream:
                size += len(piece)
                if size > limit:
                    return None
                pieces.append(piece)
        return b"".join(pieces)

    def _too_large(self, call: Call) -> GatewayError:
        words = f"{call.operation}: the answer is larger than {self.shared.body_limit} bytes and was not read."
        if call.idempotent == "yes" and not call.effect:
            return DataError(words + " Ask for less at a time, or raise the limit.")
        return OutcomeUnknown(words + " The request was probably applied; read the platform's state.")

    def _judge(self, call: Call, answer: Answer) -> GatewayError | None:
        """Return what the adapter makes of the answer; where it sees nothing wrong the HTTP status still counts."""
        failure = self.adapter.classify(call, answer)
        if isinstance(failure, RateLimited) and failure.retry_after is None:
            failure.retry_after = read_retry_after(answer.headers, self.shared.clock.now())
        if failure is not None or answer.status < 300:
            return failure
        said = f"{call.operation}: HTTP {answer.status}"
        if answer.status == 429:
            wait = read_retry_after(answer.headers, self.shared.clock.now())
            return RateLimited(f"{said}: too many calls. Nothing was applied; it is repeated later.", retry_after=wait)
        if 400 <= answer.status < 500:
            return InvalidRequest(f"{said}, which the adapter cannot explain. Report it with the platform's page.")
        return OutcomeUnknown(f"{said}. The request may have been applied; read the platform's state first.")

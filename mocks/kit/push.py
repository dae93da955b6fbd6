"""Deliveries to the client's webhook: signed, tried again on the shared clock, recorded, finally lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from mocks.kit.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mocks.kit.clock import Clock
    from mocks.kit.faults import FaultTable

DEFAULT_DELAY_SECONDS = 600
REORDER_PATIENCE_SECONDS = 60


class PushStyle(Protocol):
    """What differs per platform: how a body is signed and which answer counts as received."""

    def sign(self, url: str, body: bytes) -> Mapping[str, str]:
        """Give the headers for this body."""
        ...

    def received(self, status: int, body: bytes) -> bool:
        """Say whether the answer means the receiver has the message."""
        ...


@dataclass(slots=True, eq=False)
class Message:
    """One push: its exact bytes, the waits before each further try (seconds), the patience for an answer."""

    seq: int
    kind: str
    store: str
    order_id: str | None
    body: bytes
    ladder: tuple[int, ...]
    patience: float
    made_at: int
    url: str | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver one message; `status` is the HTTP status, or None with the cause in `outcome`."""

    message: int
    attempt: int
    at: int
    kind: str
    store: str
    order_id: str | None
    url: str
    status: int | None
    outcome: str
    ok: bool
    body: str


class PushSender:
    """Sends one platform's pushes, in order per store, several stores at a time."""

    def __init__(self, platform: str, clock: Clock, faults: FaultTable, style: PushStyle) -> None:
        self._platform = platform
        self._clock = clock
        self._faults = faults
        self._style = style
        self.url: str | None = None
        self.enabled = True
        self.attempts: list[Attempt] = []
        self.lost: list[Message] = []
        self._made = 0
        self._lanes: dict[str, deque[Message]] = defaultdict(deque)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, Message] = {}
        self._session: aiohttp.ClientSession | None = None
        clock.after_each_instant(self.settle)

    def send(
        self,
        *,
        kind: str,
        store: str,
        order_id: str | None,
        body: bytes,
        ladder: tuple[int, ...],
        patience: float = 3.0,
        url: str | None = None,
    ) -> None:
        """Start delivering a message, to an address of its own if it has one; without any URL nothing is sent."""
        if (url is None and self.url is None) or not self.enabled:
            return
        self._made += 1
        message = Message(self._made, kind, store, order_id, body, ladder, patience, self._clock.unix(), url)
        fault = self._faults.take((f"push/{kind}", kind, "push"), push=True)
        match fault.fault if fault else None:
            case Fault.PUSH_DROP:
                self._note(message, None, "dropped", ok=False)
            case Fault.PUSH_DUPLICATE:
                self._queue(message)
                self._queue(message)
            case Fault.PUSH_DELAY:
                seconds = fault.seconds if fault and fault.seconds is not None else DEFAULT_DELAY_SECONDS
                self._later(seconds, message)
            case Fault.PUSH_REORDER if store not in self._held:
                self._held[store] = message
                due = self._clock.unix() + REORDER_PATIENCE_SECONDS
                self._clock.call_at(due, lambda: self._release(store, message), owner=self._platform)
            case _:
                self._queue(message)
                if store in self._held:
                    self._release(store, self._held[store])

    def lose(self, *, kind: str, store: str, order_id: str | None, body: bytes) -> None:
        """Put a message straight among the lost ones (the platform suspended deliveries)."""
        self._made += 1
        self.lost.append(Message(self._made, kind, store, order_id, body, (), 0, self._clock.unix()))

    async def probe(self, url: str, body: bytes, patience: float = 3.0) -> bool:
        """Post a test body once and say whether the receiver took it."""
        status, answer, _ = await self._post(url, body, patience)
        return status is not None and self._style.received(status, answer)

    async def settle(self) -> None:
        """Wait until nothing is on its way; retries that wait for the clock do not count."""
        while self._workers:
            await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def clear(self) -> None:
        """Forget messages, attempts and losses; the URL stays."""
        self.attempts.clear()
        self.lost.clear()
        self._lanes.clear()
        self._held.clear()

    async def close(self) -> None:
        """Stop delivering and give the connections back."""
        for worker in list(self._workers.values()):
            worker.cancel()
        await self.settle()
        if self._session is not None:
            await self._session.close()

    def shown(self) -> list[dict[str, Any]]:
        """List every attempt, oldest first, for the control API."""
        return [asdict(attempt) for attempt in self.attempts]

    def _release(self, store: str, message: Message) -> None:
        if self._held.get(store) is message:
            del self._held[store]
            self._queue(message)

    def _later(self, seconds: int, message: Message) -> None:
        self._clock.call_at(self._clock.unix() + seconds, lambda: self._queue(message), owner=self._platform)

    def _queue(self, message: Message) -> None:
        self._lanes[message.store].append(message)
        if message.store not in self._workers:
            self._workers[message.store] = asyncio.create_task(self._work(message.store))

    async def _work(self, store: str) -> None:
        try:
            lane = self._lanes[store]
            while lane:
                await self._deliver(lane.popleft())
        finally:
            del self._workers[store]

    async def _deliver(self, message: Message) -> None:
        target = message.url or self.url
        if target is None:
            return
        message.tries += 1
        status, answer, outcome = await self._post(target, message.body, message.patience)
        ok = status is not None and self._style.received(status, answer)
        if status is not None and not ok:
            outcome = "refused by status" if not 200 <= status < 300 else "answered with a body"
        self._note(message, status, outcome, ok=ok)
        if ok:
            return
        if message.tries <= len(message.ladder):
            self._later(message.ladder[message.tries - 1], message)
        else:
            self.lost.append(message)

    async def _post(self, url: str, body: bytes, patience: float) -> tuple[int | None, bytes, str]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {"Content-Type": "application/json", **self._style.sign(url, body)}
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=limit) as answer:
                return answer.status, await answer.read(), "answered"
        except TimeoutError:
            return None, b"", "timeout"
        except (aiohttp.ClientError, ValueError) as error:
            return None, b"", f"not delivered ({type(error).__name__})"

    def _note(self, message: Message, status: int | None, outcome: str, *, ok: bool) -> None:
        self.attempts.append(
            Attempt(
                message.seq,
                message.tries,
                self._clock.unix(),
                message.kind,
                message.store,
                message.order_id,
                message.url or self.url or "",
                status,
                outcome,
                ok,
                message.body.decode(),
            )
        )

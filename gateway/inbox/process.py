"""Acting on pushes that are safe on disk: a push is a hint, what the platform then answers is the truth (G2)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.errors import DataError, GatewayError, RateLimited
from gateway.inbox import events as rows
from gateway.inbox.events import Event, EventState, Outcome
from gateway.inbox.read import Reader, Wish
from gateway.inbox.truth import Thing, Truth
from gateway.ports import Adapter, Clock
from gateway.storage import stores
from gateway.storage.database import Database
from gateway.storage.vault import Vault

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 8  # then a push is set aside with its reason; a person may replay it
BODIES_KEPT = timedelta(days=30)  # the body of a settled push; it may name a person

_FIRST_WAIT = timedelta(seconds=2)
_LONGEST_WAIT = timedelta(minutes=10)
_AT_ONCE = 200  # pushes looked at, or acted upon for one store, in one go
_LOOK_EVERY = 5.0  # seconds of real time between two looks for pushes that another process replayed
_TIDY_EVERY = timedelta(hours=1)


class Processor:
    """Reads and acts on received pushes for as long as it runs. Stores run apart: a sick one delays no other.

    With ``app`` only on those of one app, so that several processes can share the apps between them. Pushes that
    another process stored or replayed are seen within ``look_every`` seconds of real time.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        adapter_for: Callable[[str], Adapter],
        truth: Truth,
        app: str | None = None,
        look_every: float = _LOOK_EVERY,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._adapter_for = adapter_for
        self._truth = truth
        self._app = app
        self._look_every = look_every
        self._awake = asyncio.Event()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._fault: BaseException | None = None  # the database failed us: no push can be settled any more
        self._tidied_at: datetime | None = None

    def wake(self) -> None:
        """Look for pushes now: some were just stored."""
        self._awake.set()

    async def run(self) -> None:
        """Work until cancelled. Pushes under way then wait as before. Raises what the database raises."""
        try:
            while self._fault is None:
                self._awake.clear()
                looked = await self._look()
                if not (self._start(await self._due()) or looked):
                    await self._tidy()
                    await self._sleep()
            raise self._fault
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def drain(self) -> None:
        """Act once on all that is due now, and return when that is done. Not beside `run`."""
        while await self._look() or self._start(await self._due()):
            if self._lanes:
                await asyncio.gather(*self._lanes.values())

    async def _look(self) -> bool:
        """Look into what nobody has looked into; return whether there was any."""
        now = self._clock.now()
        fresh = await self._database.read(lambda c: rows.unread(c, now, _AT_ONCE, self._app))
        if not fresh:
            return False

        def read(connection: Connection) -> list[rows.Reading]:
            reader = self._reader(connection)
            return [reader.look(connection, event) for event in fresh]

        readings = await self._database.read(read)
        await self._database.write(lambda c: rows.note_readings(c, readings, now))
        for reading in readings:
            if reading.failed:
                log.warning("push.unreadable", number=reading.id, text=reading.failed)
        return True

    async def _due(self) -> list[Event]:
        now, busy = self._clock.now(), frozenset(self._lanes)
        return await self._database.read(lambda c: rows.due(c, now, busy, _AT_ONCE, self._app))

    def _start(self, due: Sequence[Event]) -> bool:
        by_store: dict[str, list[Event]] = defaultdict(list)
        for event in due:
            by_store[event.store or ""].append(event)
        for store, events in by_store.items():
            lane = asyncio.create_task(self._act(events), name=f"inbox {store}")
            self._lanes[store] = lane
            lane.add_done_callback(partial(self._ended, store))
        return bool(due)

    def _ended(self, store: str, lane: asyncio.Task[None]) -> None:
        self._lanes.pop(store, None)
        if not lane.cancelled() and (error := lane.exception()) is not None:
            self._fault = error
        self._awake.set()

    async def _act(self, events: Sequence[Event]) -> None:
        """Read what these pushes name, each thing once, and settle them."""

        def read(connection: Connection) -> dict[int, list[Wish] | GatewayError]:
            reader = self._reader(connection)
            return {event.id: _wishes(reader, connection, event) for event in events}

        wishes = await self._database.read(read)
        things = {event.id: _things(wishes[event.id]) for event in events}
        errors = await self._truth.read([thing for named in things.values() for thing in named])
        now = self._clock.now()
        outcomes = [_outcome(event, wishes[event.id], _error(things[event.id], errors), now) for event in events]
        await self._database.write(lambda c: rows.settle(c, outcomes, now))
        for event, outcome in zip(events, outcomes, strict=True):
            if outcome.state is not EventState.processed:
                log.warning(
                    "push.failed", number=event.id, store=event.store, attempts=outcome.attempts, text=outcome.reason
                )

    def _reader(self, connection: Connection) -> Reader:
        return Reader(self._vault, self._adapter_for, stores.stores(connection))

    async def _tidy(self) -> None:
        now = self._clock.now()
        if self._tidied_at is not None and now - self._tidied_at < _TIDY_EVERY:
            return
        self._tidied_at = now
        await self._database.write(lambda c: rows.forget_bodies(c, now - BODIES_KEPT))

    async def _sleep(self) -> None:
        """Return on `wake`, when a lane ends, when the next push is due, or to look at what others replayed."""
        busy = frozenset(self._lanes)
        due_at = await self._database.read(lambda c: rows.next_due(c, busy, self._app))
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._awake.wait())]
        if due_at is not None:
            waits.append(asyncio.create_task(self._until(due_at)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=self._look_every)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _until(self, instant: datetime) -> None:
        await self._clock.sleep_until(instant)


def _wishes(reader: Reader, connection: Connection, event: Event) -> list[Wish] | GatewayError:
    try:
        return reader.wishes(connection, event)
    except GatewayError as error:
        return error
    except Exception as error:  # an adapter's fault on one push must not stop the others
        return DataError(f"{type(error).__name__} in the {event.platform} adapter while it read the push: report it.")


def _things(wishes: list[Wish] | GatewayError) -> list[Thing]:
    found: list[Thing] = []
    for wish in wishes if isinstance(wishes, list) else ():
        found += [Thing("order", wish.store, name) for name in wish.orders]
        found += [Thing("request", wish.store, name) for name in wish.requests]
        if wish.authorisation is not None:
            found.append(Thing("authorisation", wish.store, wish.authorisation.value))
        if wish.chat is not None:
            found.append(Thing("chat", wish.store, wish.chat.conversation, wish.chat.buyer))
    return found


def _error(things: Sequence[Thing], errors: Mapping[Thing, GatewayError]) -> GatewayError | None:
    return next((errors[thing] for thing in things if thing in errors), None)


def _outcome(event: Event, wishes: list[Wish] | GatewayError, error: GatewayError | None, now: datetime) -> Outcome:
    if isinstance(wishes, GatewayError):  # unreadable: time alone changes nothing
        return Outcome(event.id, EventState.failed, event.attempts + 1, now, f"{type(wishes).__name__}: {wishes}")
    if error is None:
        return Outcome(event.id, EventState.processed, event.attempts + 1, now)
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, RateLimited):  # nothing is wrong with the push: it does not count
        wait = timedelta(seconds=error.retry_after) if error.retry_after is not None else _FIRST_WAIT
        return Outcome(event.id, EventState.received, event.attempts, now + wait, reason)
    attempts = event.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        return Outcome(event.id, EventState.failed, attempts, now, reason)
    wait = min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT)
    return Outcome(event.id, EventState.received, attempts, now + wait, reason)

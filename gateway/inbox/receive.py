"""Taking a push in: verify, commit the raw bytes, acknowledge. Nothing is parsed before the commit (G1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import structlog
from sqlalchemy import Connection

from gateway.errors import BadSignature, ConfigurationError, NotFound, RateLimited
from gateway.inbox.events import Arrival, keep
from gateway.model.store import App, AppSecret
from gateway.ports import Adapter, Answer, Clock, WebhookSource
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.transport.json import encode

log = structlog.get_logger(__name__)

LARGEST_BODY = 1024 * 1024
RETRY_AFTER = 5  # seconds that a platform is asked to wait when too much waits here

_MOST_WAITING = 4096  # pushes between their arrival and their commit
_MOST_BYTES = 64 * 1024 * 1024
_GROUP = 512  # pushes in one commit
_KEPT_HEADERS = ("Content-Type", "User-Agent")
_LOOK_AGAIN = 30.0  # seconds of real time for which apps and their keys are remembered
_LOOK_SOON = 1.0  # seconds between two looks for an app or key that did not match
_TELL_EVERY = 10.0  # seconds between two log lines about refused pushes


@dataclass(slots=True)
class Counts:
    """What came since the start. ``turned_away`` counts pushes for which there was no room."""

    taken: int = 0
    refused: int = 0
    turned_away: int = 0


@dataclass(frozen=True, slots=True)
class _Door:
    """One app whose pushes may come at an address."""

    app: App
    secret: AppSecret
    source: WebhookSource


class Receiver:
    """Takes pushes for every app. ``base_url`` is the public address as it is registered with the platforms."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        adapter_for: Callable[[str], Adapter],
        base_url: str,
        on_kept: Callable[[], None] = lambda: None,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self.base_url = base_url
        self.counts = Counts()
        self._vault = vault
        self._clock = clock
        self._doors = _Doors(database, vault, adapter_for)
        self._commits = _GroupCommit(database, vault, on_kept, most_waiting)
        self._told_at = float("-inf")

    def check_room(self, length: int = 0) -> None:
        """Raise RateLimited when too many pushes, or bytes, wait for their commit to take another."""
        if not self._commits.has_room(length):
            self.counts.turned_away += 1
            raise RateLimited("Too many pushes wait to be stored. Send this one again.", retry_after=RETRY_AFTER)

    async def take(
        self, platform: str, app_id: str | None, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Return the acknowledgement of a push, once it is on disk.

        Without ``app_id`` the push may be of any app of the platform: its signature tells. Raises NotFound for an
        unknown platform or app, BadSignature (nothing is stored), RateLimited as `check_room`, and what the database
        raises: then nothing was acknowledged.
        """
        door = await self._verified(platform, app_id, f"{self.base_url.rstrip('/')}{path}", headers, body)
        self.check_room(len(body))
        kept = _kept(tuple(headers.get(name, "") for name in _KEPT_HEADERS))
        await self._commits.add(Arrival(platform, door.app.id, body, self._clock.now(), kept))
        self.counts.taken += 1
        return door.source.ack()

    async def _verified(
        self, platform: str, app_id: str | None, url: str, headers: Mapping[str, str], body: bytes
    ) -> _Door:
        doors = await self._doors.at(platform, app_id)
        found = _matching(doors, url, headers, body)
        if found is None and await self._doors.look_again():  # a key may have been replaced
            doors = await self._doors.at(platform, app_id)
            found = _matching(doors, url, headers, body)
        if found is not None:
            return found
        if not doors:
            raise NotFound(f"No app takes pushes of {platform!r} here.")
        self._refuse(platform, app_id)
        raise BadSignature("The push is not signed as the platform would sign it.")

    def _refuse(self, platform: str, app_id: str | None) -> None:
        self.counts.refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            log.warning(
                "push.refused", platform=platform, app=app_id, refused=self.counts.refused, public_url=self.base_url
            )


class _Doors:
    """The apps that take pushes, remembered for a while."""

    def __init__(self, database: Database, vault: Vault, adapter_for: Callable[[str], Adapter]) -> None:
        self._database = database
        self._vault = vault
        self._adapter_for = adapter_for
        self._known: dict[tuple[str, str | None], list[_Door]] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def at(self, platform: str, app_id: str | None) -> Sequence[_Door]:
        if self._age() > _LOOK_AGAIN:
            async with self._looking:
                if self._age() > _LOOK_AGAIN:
                    await self._look()
        return self._known.get((platform, app_id), ())

    async def look_again(self) -> bool:
        """Read the apps anew, unless that was done a moment ago; return whether they may be others now."""
        before = self._looked_at
        async with self._looking:
            if self._looked_at == before:
                if self._age() < _LOOK_SOON:
                    return False
                await self._look()
        return True

    def _age(self) -> float:
        return asyncio.get_running_loop().time() - self._looked_at

    async def _look(self) -> None:
        def read(connection: Connection) -> list[tuple[App, AppSecret]]:
            return [(app, rows.app_secret(connection, self._vault, app.id)) for app in rows.apps(connection)]

        known: dict[tuple[str, str | None], list[_Door]] = {}
        for app, secret in await self._database.read(read):
            try:
                adapter = self._adapter_for(app.platform)
            except ConfigurationError:
                continue  # its adapter is not installed
            if isinstance(adapter, WebhookSource):
                door = _Door(app, secret, adapter)
                known[app.platform, app.id] = [door]
                known.setdefault((app.platform, None), []).append(door)
        self._known = known
        self._looked_at = asyncio.get_running_loop().time()


class _GroupCommit:
    """Commits what waits, all of it at once; the time a commit takes forms the next group."""

    def __init__(self, database: Database, vault: Vault, on_kept: Callable[[], None], most: int) -> None:
        self._database = database
        self._vault = vault
        self._on_kept = on_kept
        self._most = most
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._count = 0
        self._bytes = 0
        self._committing: asyncio.Task[None] | None = None

    def has_room(self, length: int) -> bool:
        return self._count < self._most and self._bytes + length <= _MOST_BYTES

    async def add(self, arrival: Arrival) -> None:
        """Return once ``arrival`` is on disk."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, stored))
        self._count += 1
        self._bytes += len(arrival.body)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit(), name="inbox commit")
        await stored

    async def _commit(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
                await self._store(group)
        finally:
            self._committing = None

    async def _store(self, group: Sequence[tuple[Arrival, asyncio.Future[None]]]) -> None:
        arrivals = [arrival for arrival, _ in group]
        failure: BaseException | None = None
        try:
            await self._database.write(lambda connection: keep(connection, self._vault, arrivals))
        except Exception as error:  # whatever it was, nobody may wait for ever
            failure = error
            log.warning("push.not_stored", count=len(group), error=type(error).__name__)
        self._count -= len(group)
        self._bytes -= sum(len(arrival.body) for arrival in arrivals)
        for _, stored in group:
            if stored.done():
                continue  # the platform hung up
            if failure is None:
                stored.set_result(None)
            else:
                stored.set_exception(failure)
        if failure is None:
            self._on_kept()


def _matching(doors: Sequence[_Door], url: str, headers: Mapping[str, str], body: bytes) -> _Door | None:
    for door in doors:
        try:
            door.source.verify(door.app, door.secret, url, headers, body)
        except BadSignature:
            continue
        return door
    return None


@lru_cache(maxsize=64)
def _kept(values: tuple[str, ...]) -> bytes:
    return encode({name: value[:200] for name, value in zip(_KEPT_HEADERS, values, strict=True) if value})

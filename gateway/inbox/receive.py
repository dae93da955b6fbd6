"""Taking a push in: verify, commit the raw bytes, acknowledge. Nothing is parsed before the commit (G1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

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
        self.counts = Counts()
        self._base = base_url.rstrip("/")
        self._vault = vault
        self._clock = clock
        self._doors = _Doors(database, vault, adapter_for)
        self._commits = _GroupCommit(database, vault, on_kept, most_waiting)
        self._told_at = float("-inf")

    def listens_at(self, base_url: str) -> None:
        """Take ``base_url`` for the public address from now on."""
        self._base = base_url.rstrip("/")

    def check_room(self) -> None:
        """Raise RateLimited when too many pushes, or bytes, wait for their commit to take another."""
        if self._commits.full:
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
        url = self._base + path
        door = self._doors.whose(platform, app_id, url, headers, body)
        if door is None:  # an app or a key may be new
            await self._doors.look_again()
            door = self._doors.whose(platform, app_id, url, headers, body)
        if door is None:
            self._refuse(platform, app_id)
        self.check_room()
        kept = _kept(headers.get("Content-Type", ""), headers.get("User-Agent", ""))
        await self._commits.add(Arrival(platform, door.app.id, body, self._clock.now(), kept))
        self.counts.taken += 1
        return door.source.ack()

    def _refuse(self, platform: str, app_id: str | None) -> NoReturn:
        if not self._doors.has(platform, app_id):
            raise NotFound(f"No app takes pushes of {platform!r} here.")
        self.counts.refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            log.warning(
                "push.refused", platform=platform, app=app_id, refused=self.counts.refused, public_url=self._base
            )
        raise BadSignature("The push is not signed as the platform would sign it.")


class _Doors:
    """The apps that take pushes, remembered for a while."""

    def __init__(self, database: Database, vault: Vault, adapter_for: Callable[[str], Adapter]) -> None:
        self._database = database
        self._vault = vault
        self._adapter_for = adapter_for
        self._known: dict[tuple[str, str | None], list[_Door]] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    def has(self, platform: str, app_id: str | None) -> bool:
        return (platform, app_id) in self._known

    def whose(
        self, platform: str, app_id: str | None, url: str, headers: Mapping[str, str], body: bytes
    ) -> _Door | None:
        """Return the app whose platform signed a push; None too when what is remembered is too old to tell."""
        if self._loop_time() - self._looked_at > _LOOK_AGAIN:
            return None
        for door in self._known.get((platform, app_id), ()):
            try:
                door.source.verify(door.app, door.secret, url, headers, body)
            except BadSignature:
                continue
            return door
        return None

    async def look_again(self) -> None:
        """Read the apps anew, unless that was done a moment ago; several that ask at once wait for one reading."""
        async with self._looking:
            if self._loop_time() - self._looked_at > _LOOK_SOON:
                await self._look()

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

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
        self._looked_at = self._loop_time()


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

    @property
    def full(self) -> bool:
        return self._count >= self._most or self._bytes >= _MOST_BYTES

    def add(self, arrival: Arrival) -> asyncio.Future[None]:
        """Return what is done once ``arrival`` is on disk."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, stored))
        self._count += 1
        self._bytes += len(arrival.body)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit(), name="inbox commit")
        return stored

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
            await self._database.append(lambda connection: keep(connection, self._vault, arrivals))
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


@lru_cache(maxsize=64)
def _kept(content_type: str, user_agent: str) -> bytes:
    kept = {"Content-Type": content_type[:200], "User-Agent": user_agent[:200]}
    return encode({name: value for name, value in kept.items() if value})

"""The credential of a store: read before each call, renewed by one caller for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from hashlib import sha256
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from gateway.errors import StoreDisconnected
from gateway.model.store import Credential, Store

Refresh = Callable[[Credential], Awaitable[Credential]]

_Account = tuple[str, str]

_log = structlog.get_logger(__name__)


def _account(store: Store) -> _Account:
    return store.app, store.external_id


class CredentialKeeper(Protocol):
    """Where credentials live."""

    async def current(self, store: Store) -> Credential:
        """Return the store's credential. Raises StoreDisconnected when it has none."""
        ...

    async def renew(self, store: Store, seen: Credential, refresh: Refresh) -> Credential:
        """Return a credential newer than ``seen``, calling ``refresh`` at most once for all who ask at a time.

        Raises what ``refresh`` raises.
        """
        ...


class SingleFlightCredentials:
    """A `CredentialKeeper` over two callables that read and write one credential.

    Stores that are one account of an app (its roles) share a credential, so one refresh serves them all. Accounts that
    one authorisation opened have credentials of their own with the same refresh token: they are renewed one after
    another, and ``save`` gives what one of them got to the others too.

    ``load`` raises StoreDisconnected for a store that has none. ``save`` must have stored the credential when it
    returns: a refresh token may be good for one use only. ``turn`` keeps other processes from renewing what has the
    same refresh token meanwhile; it gets a name that does not tell the token.
    """

    def __init__(
        self,
        load: Callable[[Store], Awaitable[Credential]],
        save: Callable[[Store, Credential], Awaitable[None]],
        turn: Callable[[str], AbstractAsyncContextManager[object]] = nullcontext,
    ) -> None:
        self._turn = turn
        self._load = load
        self._save = save
        self._flights: dict[_Account, asyncio.Task[Credential]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by refresh token
        self._unsaved: dict[_Account, Credential] = {}

    async def current(self, store: Store) -> Credential:
        """Return the store's credential, also one that could not be stored yet."""
        if (account := _account(store)) in self._unsaved:
            return await self._keep(store, self._unsaved[account])
        return await self._load(store)

    async def renew(self, store: Store, seen: Credential, refresh: Refresh) -> Credential:
        """Return a credential newer than ``seen``; one refresh serves all who wait for it.

        A caller that is cancelled does not stop the refresh: its answer holds the only good token.
        """
        account = _account(store)
        flight = self._flights.get(account)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(self._fly(store, seen, refresh), name="credential-refresh")
            self._flights[account] = flight
            flight.add_done_callback(lambda done: self._land(account, done))
        return await asyncio.shield(flight)

    def _land(self, account: _Account, flight: asyncio.Task[Credential]) -> None:
        self._flights.pop(account, None)
        if not flight.cancelled():
            flight.exception()  # seen, also when every caller has gone

    async def _fly(self, store: Store, seen: Credential, refresh: Refresh) -> Credential:
        name = sha256(seen.refresh_token.encode()).hexdigest()[:32]
        async with self._turns.setdefault(seen.refresh_token, asyncio.Lock()), self._turn(name):
            return await self._renewed(store, seen, refresh)

    async def _renewed(self, store: Store, seen: Credential, refresh: Refresh) -> Credential:
        present = await self.current(store)
        if present.access_token != seen.access_token:  # somebody was quicker
            return present
        try:
            fresh = await refresh(present)
        except StoreDisconnected:
            present = await self.current(store)
            if present.access_token != seen.access_token:  # another process used the refresh token up
                return present
            raise
        return await self._keep(store, fresh)

    async def _keep(self, store: Store, fresh: Credential) -> Credential:
        self._unsaved[_account(store)] = fresh
        try:
            await self._save(store, fresh)
        except Exception as error:  # the token works; to lose it would disconnect the store
            _log.error("credential could not be stored", store=store.id, error=type(error).__name__)
        else:
            self._unsaved.pop(_account(store), None)
        return fresh

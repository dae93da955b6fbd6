"""The way to a store: its adapter and a channel to it, with the credential the vault keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection as Transaction

from gateway.errors import StoreDisconnected
from gateway.model.store import App, AppSecret, Store, StoreState
from gateway.ports import Adapter, Channel, Manifest
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.joined import Joined
from gateway.storage.vault import Vault

OpenChannel = Callable[[Adapter, App, AppSecret, Store], Channel]


@dataclass(frozen=True, slots=True)
class Connection:
    """One store, ready to be called."""

    store: Store
    app: App
    adapter: Adapter
    channel: Channel
    manifest: Manifest  # what the platform offers to this store, in its role


_Stored = tuple[Store, App, AppSecret]


class Connections:
    """Opens connections to stores by their id. One serves as long as what is stored of its store stays the same."""

    def __init__(
        self, database: Database, vault: Vault, adapter_for: Callable[[str], Adapter], open_channel: OpenChannel
    ) -> None:
        self._database = database
        self._vault = vault
        self._adapter_for = adapter_for
        self._open_channel = open_channel
        self._stored: Joined[str, _Stored] = Joined(database.read, self._stored_of)
        self._latest: dict[str, tuple[object, Connection]] = {}

    async def stores(self) -> list[Store]:
        """Return every store."""
        return await self._database.read(rows.stores)

    async def open(self, store_id: str) -> Connection:
        """Return the connection to a store.

        Raises NotFound for an unknown store and StoreDisconnected for one whose authorisation is gone.
        """
        return self._opened(*await self._stored(store_id))

    def _stored_of(self, c: Transaction, store_ids: Sequence[str]) -> list[_Stored]:
        found = {store_id: self._connected(c, store_id) for store_id in dict.fromkeys(store_ids)}
        return [found[store_id] for store_id in store_ids]

    def _connected(self, c: Transaction, store_id: str) -> _Stored:
        store = rows.store_of(c, store_id)
        if store.state is StoreState.disconnected:
            raise StoreDisconnected(
                f"Store {store.id} is disconnected: {store.state_reason} "
                f"Connect it again with `gateway stores connect --app {store.app}`."
            )
        return store, *self._app(c, store)

    async def open_any(self, store: Store) -> Connection:
        """Return the connection to ``store`` whatever its state."""
        return self._opened(store, *await self._database.read(lambda c: self._app(c, store)))

    def _app(self, c: Transaction, store: Store) -> tuple[App, AppSecret]:
        return rows.app_of(c, store.app), rows.app_secret(c, self._vault, store.app)

    def _opened(self, store: Store, app: App, secret: AppSecret) -> Connection:
        adapter = self._adapter_for(store.platform)
        now = (store, app, secret, adapter, adapter.manifest)
        rests_on, connection = self._latest.get(store.id, (None, None))
        if connection is None or rests_on != now:
            channel = self._open_channel(adapter, app, secret, store)
            connection = Connection(store, app, adapter, channel, adapter.manifest.seen_by(store.role))
        self._latest[store.id] = now, connection
        return connection

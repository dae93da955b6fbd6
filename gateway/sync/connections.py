"""The way to a store: its adapter and a channel to it, with the credential the vault keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection as Transaction

from gateway.errors import StoreDisconnected
from gateway.model.store import App, AppSecret, Store, StoreState
from gateway.ports import Adapter, Channel, Manifest
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.storage.vault import Vault

OpenChannel = Callable[[Adapter, App, AppSecret, Store], Channel]


@dataclass(frozen=True, slots=True)
class Connection:
    """One store, ready to be called."""

    store: Store
    app: App
    adapter: Adapter
    channel: Channel

    @property
    def manifest(self) -> Manifest:
        """Return what the platform offers to this store, in its role."""
        return self.adapter.manifest.seen_by(self.store.role)


class Connections:
    """Opens connections to stores by their id."""

    def __init__(
        self, database: Database, vault: Vault, adapter_for: Callable[[str], Adapter], open_channel: OpenChannel
    ) -> None:
        self._database = database
        self._vault = vault
        self._adapter_for = adapter_for
        self._open_channel = open_channel

    async def stores(self) -> list[Store]:
        """Return every store."""
        return await self._database.read(rows.stores)

    async def open(self, store_id: str) -> Connection:
        """Return the connection to a store.

        Raises NotFound for an unknown store and StoreDisconnected for one whose authorisation is gone.
        """

        def read(c: Transaction) -> tuple[Store, App, AppSecret]:
            store = rows.store_of(c, store_id)
            if store.state is StoreState.disconnected:
                raise StoreDisconnected(
                    f"Store {store.id} is disconnected: {store.state_reason} "
                    f"Connect it again with `gateway stores connect --app {store.app}`."
                )
            return store, *self._app(c, store)

        return self._opened(*await self._database.read(read))

    async def open_any(self, store: Store) -> Connection:
        """Return the connection to ``store`` whatever its state."""
        return self._opened(store, *await self._database.read(lambda c: self._app(c, store)))

    def _app(self, c: Transaction, store: Store) -> tuple[App, AppSecret]:
        return rows.app_of(c, store.app), rows.app_secret(c, self._vault, store.app)

    def _opened(self, store: Store, app: App, secret: AppSecret) -> Connection:
        adapter = self._adapter_for(store.platform)
        return Connection(store, app, adapter, self._open_channel(adapter, app, secret, store))

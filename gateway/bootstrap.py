"""Where the parts are joined. The only module that knows concrete ones; the ``gateway`` command starts here.

Imports stand inside the functions, so that ``gateway --help`` answers at once.
"""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.model.store import Store
    from gateway.operations.context import Context, DataFolder
    from gateway.policy.rule_set import RuleSet
    from gateway.ports import Clock
    from gateway.storage.database import Database
    from gateway.storage.vault import Vault
    from gateway.sync.pull import Progress
    from gateway.transport.channel import Transport


def main() -> None:
    """Run the ``gateway`` command."""
    from gateway.cli.app import build

    calm_collector()
    build(running)()


def calm_collector() -> None:
    """Let the garbage collector look seldom: orders are trees without cycles, freed as soon as they are stored.

    With Python's own threshold it looks at every few orders again and takes about a seventh of a pull.
    """
    gc.set_threshold(50_000, 20, 50)


@asynccontextmanager
async def running(
    data: Path,
    *,
    clock_url: str | None = None,
    read_only: bool = False,
    alone: bool = True,
    tell: Callable[[Progress], None] = lambda _: None,
) -> AsyncIterator[Context]:
    """Open the gateway kept in ``data`` and close it cleanly at the end.

    ``clock_url`` is a simulator's control URL whose clock to follow, instead of the configuration's. ``read_only``
    takes no lock and writes nothing. Not ``alone``: writes single rows beside whoever holds the lock.
    Raises ConfigurationError when the folder, the key, the configuration or the database is not usable.
    """
    from gateway.config import read_configuration
    from gateway.errors import ConfigurationError
    from gateway.operations.context import DataFolder, joined
    from gateway.policy.rule_set import load_rules
    from gateway.policy.store_rules import with_stores
    from gateway.registry import adapter_for
    from gateway.storage.stores import check_key
    from gateway.storage.vault import Vault, master_key_of

    folder = DataFolder(data)
    if not folder.path.is_dir():
        raise ConfigurationError(f"There is no data folder {data}. `gateway init` makes it; --data names another.")
    configuration = read_configuration(folder.configuration)
    vault = Vault(master_key_of(os.environ, folder.key))
    async with AsyncExitStack() as stack:
        clock = await _clock(stack, clock_url or configuration.clock)
        database = await _database(stack, folder, read_only=read_only, alone=alone)
        await database.read(lambda c: check_key(c, vault))
        rules = with_stores(load_rules(), folder.rules)
        await database.read(lambda c: _check_own_rules(c, rules, folder))
        transport = await _transport(stack, folder, database, vault, clock)
        yield joined(
            folder=folder,
            configuration=configuration,
            database=database,
            vault=vault,
            clock=clock,
            rules=rules,
            adapter_for=adapter_for,
            store_channel=transport.channel,
            app_channel=transport.app_channel,
            tell=tell,
        )


def _check_own_rules(connection: Connection, rules: RuleSet, folder: DataFolder) -> None:
    """Raise ConfigurationError for own rules of a store that does not exist: they would count for nobody."""
    from gateway.errors import ConfigurationError
    from gateway.storage.stores import stores

    known = {each.id for each in stores(connection)}
    for name in rules.by_store.keys() - known:
        raise ConfigurationError(
            f"{folder.rules / name}.yaml holds rules of a store {name}, and there is none. Name the file after one of: "
            f"{', '.join(sorted(known)) or 'no store is connected yet'}; or remove it."
        )


async def _clock(stack: AsyncExitStack, url: str) -> Clock:
    from gateway.clock import SimulatorClock, SystemClock

    if not url:
        return SystemClock()
    clock = SimulatorClock(url)
    await clock.start()
    stack.push_async_callback(clock.close)
    return clock


async def _database(stack: AsyncExitStack, folder: DataFolder, *, read_only: bool, alone: bool) -> Database:
    from gateway.storage.database import Database
    from gateway.storage.migrate import check_at_head
    from gateway.storage.words import prepare

    database = Database.open(
        folder.database_url, lock=folder.lock if alone and not read_only else None, read_only=read_only
    )
    stack.push_async_callback(database.close)
    await database.read(check_at_head)
    if not read_only and database.backend == "sqlite":
        from gateway.storage.move import check_stays

        await database.read(check_stays)
        await database.write(prepare)
    if folder.serves_many and not read_only:
        from gateway.work.leases import Leases, this_process

        await stack.enter_async_context(Leases(database, this_process()).alive())
    return database


async def _transport(
    stack: AsyncExitStack, folder: DataFolder, database: Database, vault: Vault, clock: Clock
) -> Transport:
    from gateway.errors import StoreDisconnected
    from gateway.model.store import Credential
    from gateway.storage import stores as rows
    from gateway.transport.channel import Transport
    from gateway.transport.client import make_client
    from gateway.transport.credentials import SingleFlightCredentials
    from gateway.transport.gate import ModeGate, Standing
    from gateway.transport.limiter import Limiter

    async def load(store: Store) -> Credential:
        kept = await database.read(lambda c: rows.credential_of(c, vault, store.app, store.external_id))
        if kept is None:
            raise StoreDisconnected(f"Store {store.id} has no credential. Connect it with `gateway stores connect`.")
        return kept[0]

    async def save(store: Store, credential: Credential) -> None:
        await database.write(lambda c: rows.save_renewed(c, vault, store.app, store.external_id, credential))

    async def standing(store: Store) -> Standing:
        def read(connection: Connection) -> Standing:
            stopped = "gateway stop-effects" if rows.stopped(connection, store.id) else None
            return Standing(rows.store_of(connection, store.id).mode, stopped)

        return await database.read(read)

    client = make_client()
    stack.push_async_callback(client.aclose)
    if not folder.serves_many:
        return Transport(client, clock, SingleFlightCredentials(load, save), ModeGate(standing), Limiter(clock))
    from gateway.storage.engines import parse_url
    from gateway.storage.shared_rates import SharedRatesInPostgres
    from gateway.work.leases import RENEW, Leases, this_process

    rates = SharedRatesInPostgres(parse_url(folder.database_url).url)
    stack.push_async_callback(rates.close)
    leases = Leases(database, this_process())
    credentials = SingleFlightCredentials(load, save, lambda token: leases.turn(RENEW + token))
    return Transport(client, clock, credentials, ModeGate(standing), Limiter(clock, shared=rates))

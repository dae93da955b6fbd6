"""What every operation works with: one running gateway, its parts joined by `gateway.bootstrap`."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection as Transaction

from gateway.cases.resolve import Resolver
from gateway.config import DATABASE_VARIABLE, Configuration, read_configuration
from gateway.model.store import App, AppSecret, Credential
from gateway.operations.arrivals import Arrivals
from gateway.operations.case_means import aftermath_of, means_of
from gateway.policy.rule_set import RuleSet
from gateway.ports import Adapter, Channel, Clock
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.connections import Connection, Connections, OpenChannel
from gateway.sync.pull import Progress, Pull

Tell = Callable[[Progress], None]
"""Hears how far a pull has come."""


Guard = Callable[[Transaction], None]
"""Raises within a write that this process may no longer do."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where a gateway keeps what it must not lose."""

    path: Path

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.path / "gateway.yaml"

    @property
    def automations(self) -> Path:
        """What the gateway does by itself (see `gateway.cases.automation_file`)."""
        return self.path / "automations.yaml"

    @property
    def rules(self) -> Path:
        """Where a store's own rules stand, ``<store id>.yaml`` (see `gateway.policy.store_rules`)."""
        return self.path / "rules"

    @property
    def database(self) -> Path:
        """The SQLite database, where no server is named."""
        return self.path / "gateway.db"

    @property
    def sqlite_url(self) -> str:
        """The SQLite database as SQLAlchemy names it."""
        return f"sqlite:///{self.database}"

    @property
    def database_url(self) -> str:
        """The database in use: the environment's, else the configuration's, else the SQLite file of this folder.

        Raises ConfigurationError when the configuration cannot be read.
        """
        named = os.environ.get(DATABASE_VARIABLE) or read_configuration(self.configuration).database
        return named or self.sqlite_url

    @property
    def serves_many(self) -> bool:
        """Whether the database takes many processes at a time."""
        return not self.database_url.startswith("sqlite")

    @property
    def lock(self) -> Path:
        """The file that says which process owns the database."""
        return self.path / "gateway.lock"

    @property
    def door(self) -> Path:
        """The socket at which the running gateway takes what other processes want written."""
        return self.path / "gateway.sock"

    @property
    def key(self) -> Path:
        """The master key, mode 600, unless the environment holds it."""
        return self.path / "master.key"

    @property
    def evidence(self) -> Path:
        """Evidence files."""
        return self.path / "evidence"


class OpenAppChannel(Protocol):
    """Opens the road for calls of an app; they carry ``credential`` where one is given."""

    def __call__(
        self, adapter: Adapter, app: App, secret: AppSecret, credential: Credential | None = None, /
    ) -> Channel:
        """Return the road."""
        ...


class MakePull(Protocol):
    """Makes the pull of a store."""

    def __call__(self, connection: Connection, hears: Tell, guard: Guard | None = None, /) -> Pull:
        """Return the pull."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One running gateway."""

    folder: DataFolder
    configuration: Configuration
    database: Database
    vault: Vault
    clock: Clock
    rules: RuleSet
    connections: Connections
    resolver: Resolver
    adapter_for: Callable[[str], Adapter]
    app_channel: OpenAppChannel
    make_pull: MakePull
    tell: Tell  # hears how far pulls have come
    shared: bool = False  # other acts may be under way in this process, effects in mid-call among them
    arrivals: Arrivals[Any] = field(default_factory=Arrivals)  # what links of this process brought
    loops: dict[str, Callable[[], None]] = field(default_factory=dict)  # by store: cuts the rest of its loop short

    @property
    def shares_database(self) -> bool:
        """Whether other processes may be at work on the same database."""
        return self.database.backend != "sqlite"

    def pull_for(self, connection: Connection, guard: Guard | None = None) -> Pull:
        """Return the pull of a store; `tell` hears its progress, ``guard`` may refuse what moves a cursor."""
        return self.make_pull(connection, self.tell, guard)


def joined(
    *,
    folder: DataFolder,
    configuration: Configuration,
    database: Database,
    vault: Vault,
    clock: Clock,
    rules: RuleSet,
    adapter_for: Callable[[str], Adapter],
    store_channel: OpenChannel,
    app_channel: OpenAppChannel,
    tell: Tell = lambda _: None,
) -> Context:
    """Return the context in which these parts work together."""
    connections = Connections(database, vault, adapter_for, store_channel)

    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def make_pull(connection: Connection, hears: Tell, guard: Guard | None = None) -> Pull:
        return Pull(
            store=connection.store,
            adapter=connection.adapter,
            channel=connection.channel,
            database=database,
            vault=vault,
            clock=clock,
            settings=configuration.sync,
            tell=hears,
            turn=turns[connection.store.id],
            rules=rules,
            guard=guard or (lambda _: None),
        )

    resolver = Resolver(
        database=database,
        vault=vault,
        clock=clock,
        rules=rules,
        connections=connections,
        pull_for=lambda connection: make_pull(connection, tell),
        valuations=configuration.valuation,
        means=means_of(configuration, folder.evidence, database=database, vault=vault, clock=clock, rules=rules),
        aftermath=aftermath_of(configuration, vault, rules),
    )
    return Context(
        folder=folder,
        configuration=configuration,
        database=database,
        vault=vault,
        clock=clock,
        rules=rules,
        connections=connections,
        resolver=resolver,
        adapter_for=adapter_for,
        app_channel=app_channel,
        make_pull=make_pull,
        tell=tell,
    )

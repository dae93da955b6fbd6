"""What was read of one store into the tables, and what follows from it, in one transaction with its cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.ledger.found import book_found
from gateway.model.store import Store
from gateway.orders.link_news import note_linked
from gateway.orders.suspects import mark
from gateway.policy.rule_set import RuleSet
from gateway.ports import Clock
from gateway.storage.database import Database
from gateway.storage.vault import Vault
from gateway.sync.cursors import Cursor, drop_cursor, save_cursor
from gateway.sync.streams import Loaded, Saved, joined


class Storing:
    """Stores pages and cursors of one store.

    ``guard`` raises within each write that moves a cursor once the store is another process's to pull. Without
    ``rules`` orders are stored and nothing else is done with them.
    """

    def __init__(
        self,
        *,
        store: Store,
        database: Database,
        vault: Vault,
        clock: Clock,
        rules: RuleSet | None,
        guard: Callable[[Connection], None],
    ) -> None:
        self._store = store
        self._database = database
        self._vault = vault
        self._clock = clock
        self._rules = rules
        self._guard = guard

    async def pages(self, pages: Sequence[Loaded], cursor: Cursor | None = None) -> Saved:
        """Store pages that follow each other, and the ``cursor`` after the last, or nothing of it all."""
        now = self._clock.now()

        def act(connection: Connection) -> Saved:
            saved = self.keep(connection, pages, now)
            if cursor is not None:
                self._guard(connection)
                save_cursor(connection, cursor, now)
            return saved

        return await self._database.write(act)

    def keep(self, connection: Connection, pages: Sequence[Loaded], now: datetime) -> Saved:
        """Store pages within the caller's transaction."""
        saved = sum((loaded.save(connection, self._vault, now) for loaded in joined(pages)), Saved())
        self._look_at(connection, saved.orders, now)
        return saved

    async def plan(self, planned: Sequence[Cursor]) -> None:
        """Store cursors of what is to be read."""
        now = self._clock.now()

        def act(connection: Connection) -> None:
            self._guard(connection)
            for cursor in planned:
                save_cursor(connection, cursor, now)

        await self._database.write(act)

    async def drop(self, cursor: Cursor) -> None:
        """Forget the cursor of what has been read to its end."""

        def act(connection: Connection) -> None:
            self._guard(connection)
            drop_cursor(connection, self._store.id, cursor.stream)

        await self._database.write(act)

    def _look_at(self, connection: Connection, order_ids: Sequence[str], now: datetime) -> None:
        """Do what is to be done with orders that differ now: look at linked ones, mark suspicious ones, book closes."""
        note_linked(connection, self._store.id, order_ids, now)
        if self._rules is None or not order_ids:
            return
        mark(connection, self._vault, self._store, self._rules, order_ids, now)
        book_found(connection, self._store, self._rules, order_ids, now)


@dataclass(frozen=True, slots=True)
class Named:
    """Orders of a store that were read by their numbers and are not stored yet."""

    store: str
    storing: Storing
    page: Loaded


def keep_all(connection: Connection, several: Sequence[Named], now: datetime) -> None:
    """Store what was read, all orders of a store in one go."""
    by_store: dict[str, list[Named]] = {}
    for each in several:
        by_store.setdefault(each.store, []).append(each)
    for reads in by_store.values():
        reads[-1].storing.keep(connection, [each.page for each in reads], now)

"""What pushes name, read from the platform: each thing once, stores one after another, errors kept apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection as Rows

from gateway.errors import AuthError, DataError, GatewayError, NotFound, RateLimited, Unavailable
from gateway.model.store import StoreState
from gateway.ports import AuthorisationNews, ChatSource
from gateway.storage import stores as rows
from gateway.storage.database import Database
from gateway.sync.connections import Connection, Connections
from gateway.sync.pull import Pull, PullReport


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to read in a store: an order or a request by its id, news of its authorisation, or of a chat.

    ``buyer`` is who wrote in the chat, where the push tells.
    """

    kind: Literal["order", "request", "authorisation", "chat"]
    store: str
    name: str
    buyer: str = field(default="", repr=False)


class Truth:
    """Reads named things and merges them.

    ``check`` tries a store's credential, flags the store by what the platform says, and raises when it cannot tell.
    ``heard`` is told in which store which buyer wrote.
    """

    def __init__(
        self,
        *,
        database: Database,
        connections: Connections,
        pull_for: Callable[[Connection], Pull],
        check: Callable[[str], Awaitable[None]],
        heard: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._connections = connections
        self._pull_for = pull_for
        self._check = check
        self._heard = heard

    async def read(self, things: Iterable[Thing]) -> dict[Thing, GatewayError]:
        """Read every thing once; return the errors of those that could not be read."""
        by_store: dict[str, dict[Thing, None]] = defaultdict(dict)
        for thing in things:
            by_store[thing.store][thing] = None
        errors: dict[Thing, GatewayError] = {}
        for store, named in by_store.items():
            errors |= await self._read_store(store, list(named))
        return errors

    async def _read_store(self, store: str, things: Sequence[Thing]) -> dict[Thing, GatewayError]:
        errors: dict[Thing, GatewayError] = {}
        for thing in things:
            if thing.kind == "authorisation" and (trouble := await self._safely(self._news(thing))) is not None:
                errors[thing] = trouble
            if thing.kind == "chat" and (trouble := await self._safely(self._chat(thing))) is not None:
                errors[thing] = trouble
        orders = [thing for thing in things if thing.kind == "order"]
        requests = [thing for thing in things if thing.kind == "request"]
        if not orders and not requests:
            return errors
        try:
            pull = self._pull_for(await self._connections.open(store))
        except GatewayError as error:
            return errors | dict.fromkeys([*orders, *requests], error)
        # requests first: an order's merge looks at the requests that are known of it
        errors |= await self._each(pull.named_requests, requests)
        return errors | await self._each(pull.named, orders)

    async def _each(
        self, read: Callable[[Sequence[str]], Awaitable[PullReport]], things: Sequence[Thing]
    ) -> dict[Thing, GatewayError]:
        """Read things together; when that goes wrong for a reason one of them may be, one by one."""
        if not things:
            return {}
        trouble = await self._safely(_all_seen(read, [thing.name for thing in things]))
        if trouble is None:
            return {}
        if len(things) == 1 or isinstance(trouble, RateLimited | Unavailable | AuthError):
            return dict.fromkeys(things, trouble)
        errors: dict[Thing, GatewayError] = {}
        for thing in things:
            errors |= await self._each(read, [thing])
        return errors

    async def _safely(self, work: Awaitable[None]) -> GatewayError | None:
        try:
            await work
        except GatewayError as error:
            return error
        return None

    async def _chat(self, thing: Thing) -> None:
        buyer: str | None = thing.buyer
        if not buyer:
            connection = await self._connections.open(thing.store)
            if not isinstance(connection.adapter, ChatSource):
                return
            buyer = await connection.adapter.chat_buyer(connection.channel, thing.name)
        if buyer:
            await self._heard(thing.store, buyer)

    async def _news(self, thing: Thing) -> None:
        if thing.name != AuthorisationNews.ending:
            await self._check(thing.store)
            return

        def warn(connection: Rows) -> None:
            store = rows.store_of(connection, thing.store)
            if store.state is StoreState.connected:
                reason = f"the authorisation ends soon: renew it with `gateway stores connect --app {store.app}`"
                rows.set_state(connection, store.id, store.state, reason)

        await self._database.write(warn)


async def _all_seen(read: Callable[[Sequence[str]], Awaitable[PullReport]], names: Sequence[str]) -> None:
    try:
        report = await read(names)
    except GatewayError:
        raise
    except Exception as error:  # an adapter's fault on one thing must not stop the others
        raise DataError(f"{type(error).__name__} while {len(names)} things were read: report it.") from error
    if report.seen < len(names):
        raise NotFound(
            f"The platform does not know {names[0] if len(names) == 1 else 'all of what was pushed'}. "
            "It may know it later; the next pull reads what there is."
        )

"""The connected stores: what they are, whether they work, how far the gateway may go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.errors import AuthError, GatewayError, NotFound, StoreDisconnected, TokenExpired
from gateway.model.store import Store, StoreMode, StoreState
from gateway.operations.context import Context
from gateway.ports import OrderSource, Window
from gateway.storage import audit
from gateway.storage import stores as rows
from gateway.sync.cursors import cursors_of
from gateway.work.wake import wake_all

_GLANCE = timedelta(minutes=1)  # the narrow window of the cheapest read that needs a working credential


@dataclass(frozen=True, slots=True)
class StoreView:
    """One store as a list shows it. ``read_to`` is how far its orders have been read, None before the first pull."""

    store: Store
    read_to: datetime | None
    effects_stopped: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a store's credential works now. ``words`` say what is wrong and what to do, empty when it works.

    ``kind`` is the class of the error, empty when it works.
    """

    store: str
    works: bool
    state: StoreState
    kind: str = ""
    words: str = ""


async def list_stores(context: Context) -> list[StoreView]:
    """Return every store."""

    def read(c: Connection) -> list[StoreView]:
        found = []
        for store in rows.stores(c):
            cursors = {cursor.stream: cursor for cursor in cursors_of(c, store.id)}
            orders = cursors.get("orders")
            found.append(StoreView(store, orders.position if orders else None, rows.stopped(c, store.id)))
        return found

    return await context.database.read(read)


async def chosen_stores(context: Context, wanted: Sequence[str]) -> list[Store]:
    """Return the stores named, or all when none is. Raises NotFound naming those that exist."""
    stores = {store.id: store for store in await context.connections.stores()}
    unknown = [name for name in wanted if name not in stores]
    if unknown:
        raise NotFound(
            f"There is no store {', '.join(unknown)}. Known: {', '.join(stores) or 'none'}. "
            "See `gateway stores list`, or connect one with `gateway stores connect`."
        )
    return [stores[name] for name in wanted] if wanted else list(stores.values())


async def check_stores(context: Context, wanted: Sequence[str] = ()) -> list[Checked]:
    """Try the credential of each store named (of all, when none is) with one small read, side by side.

    A store whose credential the platform does not accept is flagged disconnected; one that works again is connected.
    """
    stores = await chosen_stores(context, wanted)
    return list(await asyncio.gather(*(_check(context, store) for store in stores)))


async def _check(context: Context, store: Store) -> Checked:
    now = context.clock.now()
    try:
        connection = await context.connections.open_any(store)
        if isinstance(connection.adapter, OrderSource):
            await connection.adapter.list_orders(connection.channel, Window(now - _GLANCE, now), None)
    except (StoreDisconnected, TokenExpired) as error:
        words = await flag_disconnected(context, store.id, error)
        return Checked(store.id, works=False, state=StoreState.disconnected, kind=type(error).__name__, words=words)
    except GatewayError as error:
        return Checked(store.id, works=False, state=store.state, kind=type(error).__name__, words=str(error))
    if store.state is not StoreState.connected:
        await context.database.write(lambda c: rows.set_state(c, store.id, StoreState.connected, ""))
    return Checked(store.id, works=True, state=StoreState.connected)


async def flag_disconnected(context: Context, store_id: str, error: AuthError | str) -> str:
    """Note that a store needs a person to authorise it again; return the words that say so and how."""
    store = await context.database.read(lambda c: rows.store_of(c, store_id))
    reason = f"{str(error).rstrip('.')}."
    await context.database.write(lambda c: rows.set_state(c, store_id, StoreState.disconnected, reason))
    return (
        f"{reason} Connect it again with `gateway stores connect --app {store.app}`; if the app's secret is wrong, "
        f"correct it with `gateway apps add {store.app} --replace` and run `gateway stores check {store_id}`."
    )


async def set_store_mode(context: Context, store_id: str, mode: StoreMode, *, by: str) -> Store:
    """Set how far the gateway may go in a store. Raises NotFound."""
    now = context.clock.now()
    before = (await chosen_stores(context, [store_id]))[0]

    def act(c: Connection) -> None:
        rows.set_mode(c, store_id, mode)
        audit.append(c, now, by, "store_mode", store_id, None, {"from": before.mode.value, "to": mode.value})
        wake_all(c, store_id, now, "store_mode", by)  # what waited for a person may be ours to do now

    await context.database.write(act)
    return before.model_copy(update={"mode": mode})

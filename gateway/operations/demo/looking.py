"""Looking at both sides: all books at once, a few orders cheaply, and whether the gateway has done what was due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, exists, select

from gateway.inbox.events import EventState
from gateway.operations.context import Context
from gateway.operations.demo.books import Comparison, Difference, Key, compare
from gateway.operations.simulated import Simulator
from gateway.orders.store import StoredOrder, order
from gateway.storage import stores as rows
from gateway.storage.moments import to_micros
from gateway.storage.schema import inbox, orders, work
from gateway.work.queue import WorkState

_A_FEW = 8
_HELD = (WorkState.claimed.value, WorkState.renewed.value)


async def compare_with(gateway: Context, doors: Mapping[str, Simulator]) -> Comparison:
    """Return the truth of the simulators against everything the gateway has stored."""
    truth = {platform: await door.orders() for platform, door in doors.items()}
    connected = await gateway.database.read(rows.stores)
    shops = {(store.platform, store.external_id) for store in connected}
    return compare(truth, await all_stored(gateway), shops)


async def all_stored(gateway: Context) -> dict[Key, StoredOrder]:
    """Return every stored order."""

    def read(c: Connection) -> dict[Key, StoredOrder]:
        named = c.execute(select(orders.c.store, orders.c.order_id)).all()
        return _read(c, gateway, [(each.store, each.order_id) for each in named])

    return await gateway.database.read(read)


async def agree_now(gateway: Context, doors: Mapping[str, Simulator], found: Sequence[Difference]) -> bool:
    """Return whether a few orders among those that differed agree by now. Costs much less than all books."""
    keys = list(dict.fromkeys((each.platform, each.store, each.order_id) for each in found))[-_A_FEW:]
    connected = await gateway.database.read(rows.stores)
    named = [
        (store.id, order_id)
        for platform, shop, order_id in keys
        for store in connected
        if (store.platform, store.external_id) == (platform, shop)
    ]
    stored = await gateway.database.read(lambda c: _read(c, gateway, named))
    if len(stored) < len(keys):
        return False
    truth = {each: [await doors[each].read(f"/orders/{key[2]}") for key in keys if key[0] == each] for each in doors}
    return not compare(truth, stored, {key[:2] for key in keys}).differences


async def is_quiet(gateway: Context) -> bool:
    """Return whether no work and no push waits that is due by now, and none is under way."""
    now = to_micros(gateway.clock.now())
    is_due = (work.c.state == WorkState.waiting.value) & (work.c.due_at <= now)
    pushed = (inbox.c.state == EventState.received.value) & (inbox.c.due_at <= now)
    query = select(exists().where(is_due | work.c.state.in_(_HELD)), exists().where(pushed))
    return not any(await gateway.database.read(lambda c: c.execute(query).one()))


def _read(c: Connection, gateway: Context, named: Sequence[tuple[str, str]]) -> dict[Key, StoredOrder]:
    stores = {store.id: store for store in rows.stores(c)}
    found: dict[Key, StoredOrder] = {}
    for store_id, order_id in named:
        store, one = stores[store_id], order(c, gateway.vault, store_id, order_id)
        if one is not None:
            found[store.platform, store.external_id, order_id] = one
    return found

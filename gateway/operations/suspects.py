"""Suspicious orders: which are held back and why, a person's word that lifts it, a sealed recipient that is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.errors import NotFound, Refused
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.orders import store as stored
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.store import StoredOrder
from gateway.orders.suspects import RaisedSign, Sign, clear, judge_opened_phone, standing_signs
from gateway.ports import SealedRecipientSource
from gateway.storage import audit

CLEARED = "signs_cleared"
"""The audit entry that says which signs a person found to mean nothing."""
REVEALED = "recipient_opened"
"""The audit entry that says who had which fields of a recipient opened; never what they hold."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """What a platform opened, by field: personal data for who asked. ``signs`` say why the order is held back."""

    store: str
    order_id: str
    fields: dict[str, str]
    signs: tuple[str, ...]


async def list_suspects(context: Context, store: str | None = None) -> list[RaisedSign]:
    """Return the signs that stand on orders which have not left, of one store or of all. Raises NotFound."""
    stores = [each.id for each in await chosen_stores(context, [store] if store is not None else ())]

    def read(c: Connection) -> list[RaisedSign]:
        found = standing_signs(c, stores)
        orders = {(each.store, each.order_id) for each in found}
        waiting = {each for each in orders if (there := _stored(c, context, *each)) and there.phase in BEFORE_SHIPMENT}
        return [each for each in found if (each.store, each.order_id) in waiting]

    return await context.database.read(read)


async def clear_suspect(
    context: Context, order_id: str, *, by: str, store: str | None = None, signs: Sequence[Sign] = ()
) -> list[RaisedSign]:
    """Lift the signs of an order by a person's word, all or those named; return them. Audited.

    The gateway does not raise them on this order again. Raises NotFound where none of them stands.
    """
    now = context.clock.now()

    def write(c: Connection) -> list[RaisedSign]:
        owner = store_of_order(c, order_id, store)
        lifted = clear(c, owner, order_id, signs, by, now)
        if not lifted:
            raise NotFound(f"Order {order_id} of store {owner} has no such sign. `gateway suspects list` shows them.")
        audit.append(c, now, by, CLEARED, owner, order_id, {"signs": ", ".join(each.sign for each in lifted)})
        return lifted

    return await context.database.write(write)


async def reveal_recipient(
    context: Context, order_id: str, fields: Sequence[str], *, by: str, store: str | None = None
) -> Revealed:
    """Have the platform open ``fields`` of an order's recipient for a person, and judge a phone that was sealed.

    That somebody asked is in the audit trail before the platform is called; what it answers is stored nowhere.
    The platform counts each field, and its limits hold. Raises NotFound, Refused where the platform seals nothing or
    opens nothing now, InvalidRequest for a field it does not seal.
    """

    def ask(c: Connection) -> StoredOrder:
        owner = store_of_order(c, order_id, store)
        found = _stored(c, context, owner, order_id)
        if found is None:
            raise NotFound(f"Store {owner} has no order {order_id}. `gateway sync` may fetch it.")
        return found

    order = (await context.database.read(ask)).order
    connection = await context.connections.open(order.store)
    if not isinstance(connection.adapter, SealedRecipientSource):
        raise Refused(
            f"{connection.store.platform} seals no recipient. `gateway orders show {order_id} --personal` shows what "
            "the platform gave."
        )
    asked_at = context.clock.now()
    asked = {"fields": ", ".join(fields)}
    await context.database.write(lambda c: audit.append(c, asked_at, by, REVEALED, order.store, order_id, asked))
    recipient = await connection.adapter.open_recipient(connection.channel, order, fields)
    signs: list[RaisedSign] = []
    if "phone" in fields:
        now = context.clock.now()
        signs = await context.database.write(
            lambda c: judge_opened_phone(c, connection.store, context.rules, order_id, recipient, by, now)
        )
    opened = {field: str(getattr(recipient, field)) for field in fields}
    return Revealed(order.store, order_id, opened, tuple(each.words for each in signs))


def _stored(connection: Connection, context: Context, store: str, order_id: str) -> StoredOrder | None:
    return stored.order(connection, context.vault, store, order_id, with_personal=True)

"""Closes that the platform shows: made by a person in the console, by a case or without one.

Xiaohongshu never says who ended a paid order. Where no request of the buyer is behind it, and the goods had not left,
it was the seller; a request that comes to light later takes the booking back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, Row, bindparam, exists, select

from gateway.ledger import points, quota
from gateway.ledger.booking import expect_points, held_by_effect
from gateway.ledger.quota import CloseEntry, CloseState
from gateway.ledger.standing import Allotment, allotment_of
from gateway.model.after_sale import OpenedBy, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy, FulfillmentState, PaymentState, Phase
from gateway.model.store import Role, Store
from gateway.policy.rule_set import RuleSet
from gateway.storage.moments import from_micros
from gateway.storage.schema import after_sales, orders, stores
from gateway.storage.statements import one_of

_ASKS = after_sales.c.kind.in_([RequestKind.cancellation, RequestKind.refund, RequestKind.return_refund]) & (
    after_sales.c.state.in_([RequestState.open, RequestState.agreed, RequestState.done])
)
_HAS_REQUEST = exists().where(after_sales.c.store == orders.c.store, after_sales.c.order_id == orders.c.order_id, _ASKS)
_REQUESTS = select(after_sales.c.document).where(
    after_sales.c.store == bindparam("the_store"), after_sales.c.order_id == bindparam("the_order"), _ASKS
)
_ENDED_OR_BOOKED = select(
    orders.c.order_id,
    orders.c.phase,
    orders.c.closure,
    orders.c.payment,
    orders.c.fulfillment,
    orders.c.ended_by,
    orders.c.ended_at,
    orders.c.updated_at,
    _HAS_REQUEST.label("has_request"),
).where(
    orders.c.store == bindparam("the_store"),
    one_of(orders.c.order_id, "ids"),
    orders.c.phase.in_([Phase.cancelled, Phase.closed, Phase.delivered, Phase.completed]),
)
_ENDED = frozenset({Closure.cancelled, Closure.closed})
_UNSAID = frozenset({EndedBy.unknown, None})


def book_found(connection: Connection, store: Store, rules: RuleSet, order_ids: Sequence[str], now: datetime) -> None:
    """Book the closes among orders that were just stored or whose requests changed. Nothing without an allotment."""
    if store.role is not Role.seller or allotment_of(store, rules, now) is None:
        return
    named = {"the_store": store.id, "ids": orjson.dumps(list(order_ids)).decode()}
    for row in connection.execute(_ENDED_OR_BOOKED, named).all():
        before = quota.entry_of(connection, store.id, row.order_id)
        ended_at = from_micros(row.ended_at if row.ended_at is not None else row.updated_at)
        allotment = allotment_of(store, rules, ended_at)
        by_request = row.has_request and _is_asked(connection, store, row.order_id)
        if allotment is not None and _is_sellers(row, before, by_request=by_request):
            _book(connection, store, row.order_id, before, allotment, ended_at, now)
        else:
            _take_back(connection, store, before, now)


def _is_asked(connection: Connection, store: Store, order_id: str) -> bool:
    """Tell whether anybody but the seller asked: a close in the console opens a refund of the seller's own."""
    found = connection.execute(_REQUESTS, {"the_store": store.id, "the_order": order_id}).scalars()
    return any(orjson.loads(document).get("opened_by") != OpenedBy.seller for document in found)


def _is_sellers(row: Row[Any], before: CloseEntry | None, *, by_request: bool) -> bool:
    if row.closure not in _ENDED:
        return False
    if row.ended_by not in _UNSAID:
        return bool(row.ended_by == EndedBy.seller)
    left = row.fulfillment != FulfillmentState.not_due
    prepared = before is not None and before.state in {CloseState.reserved, CloseState.spent}
    return row.payment == PaymentState.paid and not by_request and (prepared or not left)


def _book(
    connection: Connection,
    store: Store,
    order_id: str,
    before: CloseEntry | None,
    allotment: Allotment,
    ended_at: datetime,
    now: datetime,
) -> None:
    month = quota.month_of(ended_at, ZoneInfo(store.time_zone))
    if before is not None and before.state is CloseState.spent and before.month == month:
        return
    entry = before or CloseEntry(
        store=store.id,
        order_id=order_id,
        state=CloseState.spent,
        month=month,
        units=0,
        points=0,
        holder=None,
        reason=None,
        contacted=None,
        by="platform",
        at=now,
        because="",
    )
    found = replace(entry, month=month, at=now, because="the platform shows the order as ended by the seller")
    booked = quota.spend(connection, found, allotment.closes, allotment.points_beyond)
    if before is not None and before.state is CloseState.spent:  # the platform's month is another one
        points.withdraw(connection, store.id, store.platform, order_id, now, "booked in another month")
    if ended_at < _known_since(connection, store):
        return  # whatever it cost stands in the score by now
    if booked.points:
        expect_points(connection, store.id, store.platform, booked, now)
    if booked.holder is None:
        points.expect(
            connection,
            store.id,
            store.platform,
            allotment.points_unprepared,
            order_id=order_id,
            rule="XHS-30",
            at=now,
            because=f"nobody here prepared the close of order {order_id}",
        )


def _take_back(connection: Connection, store: Store, before: CloseEntry | None, now: datetime) -> None:
    if before is None or held_by_effect(connection, before):
        return
    if before.state is CloseState.reserved:
        quota.release(connection, store.id, before.order_id, before.holder, now, "the order ended in another way")
    elif before.state is CloseState.spent:
        quota.withdraw(connection, before, now, "the buyer had asked for it")
        points.withdraw(connection, store.id, store.platform, before.order_id, now, "the buyer had asked for it")


def _known_since(connection: Connection, store: Store) -> datetime:
    return from_micros(connection.execute(select(stores.c.created_at).where(stores.c.id == store.id)).scalar_one())

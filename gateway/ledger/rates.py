"""A store's rate over the platform's window, recomputed from the orders that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, func, or_, select

from gateway.errors import NoRuleKnown
from gateway.ledger.quota import CloseState, latest_entries
from gateway.model.order import EndedBy, EndReason
from gateway.model.store import Platform, Store
from gateway.policy.fact import Fact
from gateway.policy.facts import SHOPEE_RATE_WINDOW
from gateway.policy.facts_xiaohongshu import XHS_RATE_WINDOW
from gateway.policy.rule_set import RuleSet
from gateway.storage.moments import to_micros
from gateway.storage.schema import orders
from gateway.storage.statements import one_of

_WINDOWS: dict[str, Fact[int]] = {Platform.shopee: SHOPEE_RATE_WINDOW, Platform.xiaohongshu: XHS_RATE_WINDOW}
# a close for a buyer who asked for it counts here all the same (XHS-64); elsewhere it does not (SHP-16, TTJ-05)
_COUNTS_EVERY_CLOSE = frozenset({Platform.xiaohongshu})


@dataclass(frozen=True, slots=True)
class RateCounts:
    """Orders placed in a window and the seller's counted cancellations among them. ``days`` None: no window known."""

    orders: int
    counted: int
    days: int | None


def window_days(store: Store, rules: RuleSet, now: datetime) -> int | None:
    """Return the length of the platform's window, None where no rule tells it."""
    fact = _WINDOWS.get(store.platform)
    try:
        return rules.at(now, now, ZoneInfo(store.time_zone)).value(fact) if fact is not None else None
    except NoRuleKnown:
        return None


def rate_of(connection: Connection, store: Store, rules: RuleSet, now: datetime) -> RateCounts:
    """Return the counts over the window that ends now.

    A cancellation counts when the seller ended the order and, but on Xiaohongshu, the buyer had not asked for it
    (SHP-16, SHP-28, XHS-64). Where the platform does not say who ended an order, the books do: closes booked as
    spent count. Without a rule for the window nothing is counted, which the policy answers with `rate_unknown`.
    """
    days = window_days(store, rules, now)
    if days is None:
        return RateCounts(0, 0, None)
    return counts_between(connection, store, now - timedelta(days=days), now, days)


def counts_between(connection: Connection, store: Store, since: datetime, until: datetime, days: int) -> RateCounts:
    """Return the counts of the orders placed from ``since`` to ``until``, both included."""
    within = (
        orders.c.store == store.id,
        orders.c.placed_at >= to_micros(since),
        orders.c.placed_at <= to_micros(until),
    )
    by_seller = orders.c.ended_by == EndedBy.seller
    if store.platform not in _COUNTS_EVERY_CLOSE:
        by_seller &= orders.c.end_reason.is_distinct_from(EndReason.buyer_asked)
    booked = [each.order_id for each in latest_entries(connection, store.id).values() if each.state is CloseState.spent]
    ended = or_(by_seller, one_of(orders.c.order_id, "booked"))
    placed = select(func.count()).where(*within)
    counted = connection.execute(placed.where(ended), {"booked": orjson.dumps(booked).decode()}).scalar_one()
    return RateCounts(connection.execute(placed).scalar_one(), counted, days)

"""A store's rate over the platform's window, recomputed from the orders that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, bindparam, func, or_, select, text

from gateway.errors import NoRuleKnown
from gateway.ledger.quota import CloseState, Entries, latest_entries
from gateway.model.order import EndedBy, EndReason
from gateway.model.store import Platform, Store
from gateway.policy.fact import Fact
from gateway.policy.facts import SHOPEE_RATE_WINDOW
from gateway.policy.facts_xiaohongshu import XHS_RATE_WINDOW
from gateway.policy.rule_set import RuleSet
from gateway.storage.moments import to_micros
from gateway.storage.schema import orders
from gateway.storage.statements import one_of, unindexed

_WINDOWS: dict[str, Fact[int]] = {Platform.shopee: SHOPEE_RATE_WINDOW, Platform.xiaohongshu: XHS_RATE_WINDOW}
# a close for a buyer who asked for it counts here all the same (XHS-64); elsewhere it does not (SHP-16, TTJ-05)
_COUNTS_EVERY_CLOSE = frozenset({Platform.xiaohongshu})

# Statements are made once. All count by indexes alone, but for the few orders that were booked.
_PLACED = select(func.count()).where(
    orders.c.store == bindparam("the_store"), orders.c.placed_at.between(bindparam("since"), bindparam("until"))
)
_ENDED_BY_SELLER = text("orders.ended_by = 'seller'")  # as the partial index spells it
_UNASKED = orders.c.end_reason.is_distinct_from(EndReason.buyer_asked.value)
_BY_SELLER = _PLACED.where(_ENDED_BY_SELLER)
_BY_SELLER_ALONE = _BY_SELLER.where(_UNASKED)
_IN_BOOKS = select(func.count()).where(
    orders.c.store == bindparam("the_store"),
    one_of(orders.c.order_id, "booked"),
    unindexed(orders.c.placed_at).between(bindparam("since"), bindparam("until")),
)
_NOT_SELLERS = orders.c.ended_by.is_distinct_from(EndedBy.seller.value)
_BOOKED = _IN_BOOKS.where(_NOT_SELLERS)
_BOOKED_ALONE = _IN_BOOKS.where(or_(_NOT_SELLERS, orders.c.end_reason == EndReason.buyer_asked.value))


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


def rate_of(
    connection: Connection, store: Store, rules: RuleSet, now: datetime, entries: Entries | None = None
) -> RateCounts:
    """Return the counts over the window that ends now; ``entries`` as in `counts_between`.

    A cancellation counts when the seller ended the order and, but on Xiaohongshu, the buyer had not asked for it
    (SHP-16, SHP-28, XHS-64). Where the platform does not say who ended an order, the books do: closes booked as
    spent count. Without a rule for the window nothing is counted, which the policy answers with `rate_unknown`.
    """
    days = window_days(store, rules, now)
    if days is None:
        return RateCounts(0, 0, None)
    return counts_between(connection, store, now - timedelta(days=days), now, days, entries)


def counts_between(
    connection: Connection, store: Store, since: datetime, until: datetime, days: int, entries: Entries | None = None
) -> RateCounts:
    """Return the counts of the orders placed from ``since`` to ``until``, both included.

    ``entries`` are the store's `gateway.ledger.quota.latest_entries`, where they were just read.
    """
    entries = latest_entries(connection, store.id) if entries is None else entries
    booked = [each.order_id for each in entries.values() if each.state is CloseState.spent]
    every = store.platform in _COUNTS_EVERY_CLOSE
    span: dict[str, object] = {"the_store": store.id, "since": to_micros(since), "until": to_micros(until)}
    counted = connection.execute(_BY_SELLER if every else _BY_SELLER_ALONE, span).scalar_one()
    if booked:  # those of them that are not counted yet
        beside = {**span, "booked": orjson.dumps(booked).decode()}
        counted += connection.execute(_BOOKED if every else _BOOKED_ALONE, beside).scalar_one()
    return RateCounts(connection.execute(_PLACED, span).scalar_one(), counted, days)

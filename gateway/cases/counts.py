"""A store's own counts over the platform's window, recomputed from the orders that are stored."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from gateway.cases.facts import StoreCounts
from gateway.errors import NoRuleKnown
from gateway.model.order import EndedBy, EndReason
from gateway.model.store import Platform, Store
from gateway.policy.fact import Fact
from gateway.policy.facts import SHOPEE_RATE_WINDOW
from gateway.policy.rule_set import RuleSet
from gateway.ports import StoreHealth
from gateway.storage.moments import to_micros
from gateway.storage.schema import orders

_WINDOWS: dict[str, Fact[int]] = {Platform.shopee: SHOPEE_RATE_WINDOW}


def counts_of(
    connection: Connection, store: Store, rules: RuleSet, health: StoreHealth | None, now: datetime
) -> StoreCounts:
    """Return orders placed and the seller's counted cancellations within the platform's window, and points.

    A cancellation counts when the seller ended the order and the buyer had not asked for it (SHP-16, SHP-28). Without
    a rule for the window nothing is counted, which the policy answers with `rate_unknown`. Points are the platform's
    own where it tells them.
    """
    points = health.penalty_points if health is not None and health.penalty_points is not None else 0
    fact = _WINDOWS.get(store.platform)
    try:
        days = rules.at(now, now, ZoneInfo(store.time_zone)).value(fact) if fact is not None else None
    except NoRuleKnown:
        days = None
    if days is None:
        return StoreCounts(0, 0, points)
    placed = select(func.count()).where(
        orders.c.store == store.id,
        orders.c.placed_at >= to_micros(now - timedelta(days=days)),
        orders.c.placed_at <= to_micros(now),
    )
    by_seller = placed.where(
        orders.c.ended_by == EndedBy.seller, orders.c.end_reason.is_distinct_from(EndReason.buyer_asked)
    )
    return StoreCounts(connection.execute(placed).scalar_one(), connection.execute(by_seller).scalar_one(), points)

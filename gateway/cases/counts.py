"""What a store's books say, as the policy weighs it: its rate, its closes of the month, its points."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.facts import StoreCounts
from gateway.ledger.quota import latest_entries
from gateway.ledger.rates import rate_of
from gateway.ledger.standing import standings_at
from gateway.model.store import Store
from gateway.policy.rule_set import RuleSet


def counts_of(
    connection: Connection, store: Store, rules: RuleSet, now: datetime, *, order_id: str | None = None
) -> StoreCounts:
    """Return the counts over the platform's window, this month's closes and the points.

    What is held for the order itself is left out: it is what is being decided.
    """
    return counts_for_all(connection, store, rules, now, [order_id])[order_id]


def counts_for_all(
    connection: Connection, store: Store, rules: RuleSet, now: datetime, order_ids: Collection[str | None]
) -> dict[str | None, StoreCounts]:
    """Return what `counts_of` does for several orders."""
    entries = latest_entries(connection, store.id)
    rate = rate_of(connection, store, rules, now, entries)
    return {
        order_id: StoreCounts(
            rate.orders, rate.counted, books.penalty_points, books.closes_this_month, books.credit_score
        )
        for order_id, books in standings_at(connection, store, now, order_ids, entries).items()
    }

"""By when a buyer's open request must be answered, where the platform names no deadline but its rules do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.cases.facts import StoreCounts, question_of
from gateway.errors import DataError, NoRuleKnown
from gateway.model.after_sale import AfterSale
from gateway.model.order import Order, SaleType
from gateway.model.store import Platform, Store
from gateway.orders.store import order as stored_order
from gateway.policy.decide import answer_by
from gateway.policy.facts_xiaohongshu import XHS_SHIP_HOURS
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Reason
from gateway.storage.vault import Vault

_NO_COUNTS = StoreCounts(0, 0, 0)  # they change what an answer costs, not by when it is due


def due_by_rule(
    connection: Connection,
    vault: Vault,
    store: Store,
    request: AfterSale,
    rules: RuleSet,
    valuation: Mapping[str, object],
    now: datetime,
) -> datetime | None:
    """Return the deadline of an open request: the platform's own, else that of the rules in force, else None."""
    if request.answer_by is not None:
        return request.answer_by
    found = stored_order(connection, vault, store.id, request.order_id)
    if found is None:
        return None
    try:
        question = question_of(found, store, Reason.unwilling, _NO_COUNTS, (), valuation, now)
    except DataError:  # an order the policy cannot be asked about has no deadline it could tell
        return None
    return answer_by(question.scenario, rules.of_store(store.id))


def ship_by_rule(order: Order, store: Store, rules: RuleSet) -> datetime | None:
    """Return by when an order must leave: the platform's own instant, else its rule for goods in stock (XHS-83).

    None where neither tells.
    """
    if order.ship_by is not None or order.paid_at is None:
        return order.ship_by
    if store.platform != Platform.xiaohongshu or order.sale_type is not SaleType.in_stock:
        return None
    try:
        view = rules.of_store(store.id).at(order.paid_at, order.paid_at, ZoneInfo(store.time_zone))
        hours = view.value(XHS_SHIP_HOURS)
    except NoRuleKnown:
        return None
    return order.paid_at + timedelta(hours=hours)

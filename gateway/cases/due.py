"""By when a buyer's open request must be answered, where the platform names no deadline but its rules do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.facts import StoreCounts, question_of
from gateway.errors import DataError
from gateway.model.after_sale import AfterSale
from gateway.model.store import Store
from gateway.orders.store import order as stored_order
from gateway.policy.decide import answer_by
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
    return answer_by(question.scenario, rules)

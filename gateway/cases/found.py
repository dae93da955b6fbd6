"""What stored orders ask of the rules, and what the rules answer: for one order, or for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.counts import counts_for_all
from gateway.cases.facts import Question, question_of
from gateway.cases.gathered import gathered_for_all
from gateway.errors import NotFound
from gateway.model.store import Store
from gateway.orders.attested import facts_for_all
from gateway.orders.store import StoredOrder, orders_of
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Reason


@dataclass(frozen=True, slots=True)
class Found:
    """An order as it stands now, the question it poses, and the policy's answer.

    ``version`` is that of the order's open case when the facts were read: what changed it earlier is among them.
    """

    order: StoredOrder
    question: Question
    decision: Decision
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An order that should end for a reason."""

    store: Store
    order_id: str
    reason: Reason


def find_all(
    connection: Connection,
    asked: Sequence[Asked],
    rules: RuleSet,
    valuations: Mapping[str, Mapping[str, object]],
    now: datetime,
) -> list[Found]:
    """Decide about orders as they are stored now, each statement run once a store; ``valuations`` are by store.

    Raises NotFound for an order that is not stored, and DataError as `question_of`.
    """
    by_store: dict[Store, list[Asked]] = {}
    for each in asked:
        by_store.setdefault(each.store, []).append(each)
    found: dict[Asked, Found] = {}
    for store, several in by_store.items():
        found |= _of_store(connection, store, several, rules, valuations.get(store.id, {}), now)
    return [found[each] for each in asked]


def no_order(store: str, order_id: str) -> NotFound:
    """Return the error that says that a store has no such order."""
    return NotFound(f"Store {store} has no order {order_id}. Check the number and the store.")


def _of_store(
    c: Connection,
    store: Store,
    asked: Sequence[Asked],
    rules: RuleSet,
    valuation: Mapping[str, object],
    now: datetime,
) -> dict[Asked, Found]:
    ids = list(dict.fromkeys(each.order_id for each in asked))
    stored = orders_of(c, store.id, ids)
    for order_id in ids:
        if order_id not in stored:
            raise no_order(store.id, order_id)
    skus = {order_id: {line.sku for line in stored[order_id].order.lines if line.sku} for order_id in ids}
    facts = facts_for_all(c, store.id, skus)
    counts = counts_for_all(c, store, rules, now, ids)
    known = gathered_for_all(c, store.id, ids, now)
    in_force = rules.of_store(store.id)
    found: dict[Asked, Found] = {}
    for each in asked:
        order, name = stored[each.order_id], each.order_id
        question = question_of(order, store, each.reason, counts[name], facts[name], valuation, now, known[name])
        found[each] = Found(order, question, decide(question.scenario, in_force), known[name].version)
    return found

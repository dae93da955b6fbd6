"""Why orders ended: counted, so that what happens again and again is seen (1688-22, 24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from gateway.model.order import EndedBy, EndReason, Phase
from gateway.operations.context import Context
from gateway.operations.stores import chosen_stores
from gateway.storage.moments import to_micros
from gateway.storage.schema import cases, orders

_GONE = [Phase.cancelled.value, Phase.closed.value]
_UNTOLD = frozenset({EndReason.unknown.value, EndReason.other.value, None})
_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """So many orders of a store ended for a reason, by somebody. ``share`` is of all that ended there, in percent.

    ``cost_minor`` is what our cases expected these ends to cost, in the store's currency.
    """

    store: str
    reason: str
    ended_by: str
    orders: int
    share: float
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why orders ended from ``since`` on, the most frequent first within each store."""

    since: datetime
    counts: list[ReasonCount]


async def count_reasons(context: Context, *, store: str | None = None, since: datetime | None = None) -> Reasons:
    """Count why orders ended from ``since`` on (None: in the last 30 days).

    The true reason of our own case counts before the platform's word, which is often a general one. Raises NotFound.
    """
    stores = [each.id for each in await chosen_stores(context, [store] if store is not None else [])]
    start = since or context.clock.now() - _SPAN
    return Reasons(start, await context.database.read(lambda c: _counts(c, stores, start)))


def _counts(c: Connection, stores: Sequence[str], since: datetime) -> list[ReasonCount]:
    ended = select(orders.c.store, orders.c.order_id, orders.c.end_reason, orders.c.ended_by).where(
        orders.c.store.in_(list(stores)),
        orders.c.phase.in_(_GONE),
        orders.c.ended_at >= to_micros(since),
    )
    ours = select(cases.c.store, cases.c.order_id, cases.c.reason, cases.c.cost_minor).where(
        cases.c.store.in_(list(stores)), cases.c.outcome == "ended"
    )
    known = {(row.store, row.order_id): row for row in c.execute(ours)}
    counted: Counter[tuple[str, str, str]] = Counter()
    costs: Counter[tuple[str, str, str]] = Counter()
    for row in c.execute(ended):
        case = known.get((row.store, row.order_id))
        told = "not_told" if row.end_reason in _UNTOLD else row.end_reason
        key = (row.store, told if case is None else case.reason, row.ended_by or EndedBy.unknown.value)
        counted[key] += 1
        costs[key] += 0 if case is None else case.cost_minor or 0
    whole = Counter[str]()
    for (store, _, _), number in counted.items():
        whole[store] += number
    found = [
        ReasonCount(*key, number, round(100 * number / whole[key[0]], 1), costs[key]) for key, number in counted.items()
    ]
    return sorted(found, key=lambda each: (each.store, -each.orders, each.reason, each.ended_by))

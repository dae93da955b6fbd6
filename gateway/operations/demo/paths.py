"""Orders of the demo whose cheapest paths differ, and the one fact of each that would change its path."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import combinations, product

from gateway.errors import DataError
from gateway.model.order import Phase
from gateway.operations.context import Context
from gateway.operations.deciding import Answer, decide_order
from gateway.orders.query import Query
from gateway.orders.search import find
from gateway.policy.notation import money_object
from gateway.policy.setting import read_setting
from gateway.policy.terms import Path, Reason
from gateway.storage import stores as rows

WANTED = 5
_BEFORE = (Reason.out_of_stock, Reason.changed_mind, Reason.price_error)
_AFTER = (Reason.changed_mind, Reason.quality_problem, Reason.not_delivered)
_REASONS = {
    Phase.unpaid: _BEFORE,
    Phase.on_hold: _BEFORE,
    Phase.awaiting_shipment: _BEFORE,
    Phase.awaiting_collection: _BEFORE,
    Phase.in_transit: _AFTER,
    Phase.delivered: _AFTER,
}
_CHANGES = (
    "order.stock_available=true",
    "order.stock_available=false",
    "order.request=null",
    "contact.reply=consents",
    "contact.reply=refuses",
    "order.interception=confirmed",
    "order.return=received",
    "order.phase=awaiting_shipment",
)
_OF_EACH_PHASE = 3  # orders of a store looked at


@dataclass(frozen=True, slots=True)
class ShownPath:
    """What the rules say of one order, the command that says so, and what one other fact would make of it."""

    platform: str
    store: str
    order_id: str
    reason: str
    path: str
    action: str
    cost: str
    because: tuple[str, ...]
    command: str
    change: str
    path_then: str


async def different_paths(gateway: Context, command: str) -> list[ShownPath]:
    """Return `WANTED` orders, each with another cheapest path, on as many platforms as there are.

    Only orders are taken for which one changed fact gives another path. ``command`` is how the gateway is called.
    """
    found: dict[str, dict[str, ShownPath]] = {}
    async for platform, answer, reason in _answers(gateway):
        path = answer.decision.path
        if path is Path.none or platform in found.setdefault(path.value, {}):
            continue
        one = await _shown(gateway, platform, answer, reason, command)
        if one is not None:
            found[path.value][platform] = one
    return list(_most_platforms([list(each.values()) for each in found.values() if each]))


def _most_platforms(by_path: list[list[ShownPath]]) -> tuple[ShownPath, ...]:
    """Return one order a path, so that many paths and, among equals, many platforms are shown."""
    choices = (chosen for paths in combinations(by_path, min(WANTED, len(by_path))) for chosen in product(*paths))
    return max(choices, key=lambda chosen: len({each.platform for each in chosen}), default=())


async def _answers(gateway: Context) -> AsyncIterator[tuple[str, Answer, Reason]]:
    """Yield what the rules say of a few living orders of each store, for each reason that fits."""
    for store in await gateway.database.read(rows.stores):
        query = Query(stores=(store.id,))
        page = await gateway.database.read(lambda c, query=query: find(c, gateway.vault, query, 500))  # type: ignore[misc]  # bound at once
        seen = Counter[Phase]()
        for row in page.rows:
            seen[row.phase] += 1
            for reason in _REASONS.get(row.phase, ()) if seen[row.phase] <= _OF_EACH_PHASE else ():
                try:
                    yield (
                        store.platform,
                        await decide_order(gateway, row.order_id, store=store.id, reason=reason),
                        reason,
                    )
                except DataError:
                    continue  # a fact the policy has no place for: nothing to show


async def _shown(gateway: Context, platform: str, answer: Answer, reason: Reason, command: str) -> ShownPath | None:
    for change in _CHANGES:
        try:
            other = await decide_order(
                gateway, answer.order_id, store=answer.store, reason=reason, settings=[read_setting(change)]
            )
        except DataError:
            continue  # not a fact of such an order
        if other.decision.path not in {answer.decision.path, Path.none}:
            break
    else:
        return None
    decision = answer.decision
    words = ["decide", "--order", answer.order_id, "--store", answer.store, "--reason", reason.value]
    return ShownPath(
        platform=platform,
        store=answer.store,
        order_id=answer.order_id,
        reason=reason.value,
        path=decision.path.value,
        action=decision.action.value,
        cost=" ".join(money_object(decision.cost.total.amount, decision.cost.total.currency).values()),
        because=decision.because,
        command=f"{command} {shlex.join(words)}",
        change=f"--set {change}",
        path_then=other.decision.path.value,
    )

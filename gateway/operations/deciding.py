"""What the rules would say about a stored order at an instant: nothing is read from a platform, nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.counts import counts_of
from gateway.cases.facts import open_request, question_of
from gateway.cases.gathered import Gathered, gathered
from gateway.cases.upstream import Upstream, upstream_of
from gateway.errors import DataError, NotFound
from gateway.ledger import points
from gateway.model.after_sale import AfterSaleReason
from gateway.model.store import Platform, Store
from gateway.operations.context import Context
from gateway.operations.orders import store_of_order
from gateway.operations.stores import chosen_stores
from gateway.operations.upstream import judge_of
from gateway.orders.attested import facts_for
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import Scenario
from gateway.policy.setting import Setting, with_settings
from gateway.policy.situation import NOT_SHIPPED, SHIPPED
from gateway.policy.terms import Reason
from gateway.storage import stores as rows


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, the exact scenario it answers, and where its facts come from, as paths of the scenario.

    ``attested`` facts rest on a person's word, ``changed`` ones on what the asker set. ``defaulted`` facts nobody
    told, so SCENARIO.md's default stands. ``missing`` ones are not known, and the decision went without them.
    """

    store: str
    order_id: str
    scenario: Scenario
    decision: Decision
    rules: RuleSet  # the platform's, with the store's own values over them
    attested: tuple[str, ...]
    changed: tuple[str, ...]
    defaulted: tuple[str, ...]
    missing: tuple[str, ...]
    upstream: Upstream | None  # the purchases of a sale, and what its end costs with theirs


async def decide_order(
    context: Context,
    order_id: str,
    *,
    store: str | None = None,
    reason: Reason | None = None,
    at: datetime | None = None,
    settings: Sequence[Setting] = (),
    rules: RuleSet | None = None,
) -> Answer:
    """Decide about an order as it is stored, at ``at`` (None: now), with the facts of ``settings`` changed.

    ``rules`` are those to go by instead of the store's.

    Without a ``reason`` that of the order's open case stands, else that of the buyer's open request. Raises NotFound,
    and DataError when no reason is known or a fact does not fit.
    """
    as_of = at or context.clock.now()
    if store is not None:
        await chosen_stores(context, [store])

    def read(c: Connection) -> Answer:
        owner = store_of_order(c, order_id, store)
        found = stored_order(c, context.vault, owner, order_id)
        if found is None:
            raise NotFound(
                f"Store {owner} has no order {order_id}. Check the number; `gateway sync` fetches what is new."
            )
        if at is not None:
            _check_instant(found, at)
        known = gathered(c, owner, order_id, as_of)
        why = reason or _reason_on_record(found, known)
        skus = [line.sku for line in found.order.lines if line.sku]
        of_store = rows.store_of(c, owner)
        by = rules or context.rules.of_store(owner)
        counts = counts_of(c, of_store, by, as_of, order_id=order_id)
        facts = facts_for(c, owner, order_id, skus)
        valuation = context.configuration.valuation.get(owner, {})
        question = question_of(found, of_store, why, counts, facts, valuation, as_of, known)
        scenario = question.scenario.model_copy(update={"id": order_id})
        changed = tuple(setting.path for setting in settings)
        scenario = with_settings(scenario, settings)
        attested = tuple(f"order.{name}" for name in question.attested)
        defaulted = tuple(f"order.{name}" for name in question.defaulted) + _points_untold(c, of_store)
        decision = decide(scenario, by)
        return Answer(
            owner,
            order_id,
            scenario,
            decision,
            by,
            _without(attested, changed),
            changed,
            _without(defaulted, changed),
            _without(_missing(scenario), changed),
            upstream_of(c, judge_of(context), (owner, order_id), why, decision, as_of),
        )

    return await context.database.read(read)


def _check_instant(found: StoredOrder, at: datetime) -> None:
    """Raise DataError for an instant before the order became what is stored: nothing older is known of it."""
    order = found.order
    events = {"placed": order.placed_at, "paid": order.paid_at, "shipped": order.shipped_at}
    events |= {"delivered": order.delivered_at}
    events |= {f"request {request.request_id} opened": request.opened_at for request in order.requests}
    for what, when in events.items():
        if when is not None and when > at:
            raise DataError(
                f"--at {at.isoformat(timespec='seconds')} lies before something known of order {order.order_id} "
                f"({what}: {when.isoformat(timespec='seconds')}). Name a later instant; an order is decided as it is "
                "stored now, and --set changes what was otherwise then."
            )


def _reason_on_record(found: StoredOrder, known: Gathered) -> Reason:
    """Return the reason of the open case, or the one the buyer gives; with neither, the weakest a seller could have."""
    if known.reason is not None:
        return Reason(known.reason)
    request = open_request(found.order.requests)
    if request is None:
        raise DataError(
            f"Order {found.order.order_id} has no open case and no open request of the buyer, so the gateway cannot "
            f"know why it should end. Say the true reason with --reason, one of: {', '.join(Reason)}."
        )
    given = request.reason
    if given is None or given is AfterSaleReason.unknown or given.value not in set(Reason):
        return Reason.unwilling
    return Reason(given.value)


def _without(paths: tuple[str, ...], changed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for path in paths if not any(f"{path}.".startswith(f"{each}.") for each in changed))


def _points_untold(c: Connection, store: Store) -> tuple[str, ...]:
    """Return the points the platform counts where neither it nor a person has told the gateway any."""
    name = {Platform.xiaohongshu: "credit_score", Platform.shopee: "penalty_points"}.get(Platform.of(store.platform))
    if name is None or points.entries_of(c, store.id):
        return ()
    return (f"store.health.{name}",)


def _missing(scenario: Scenario) -> tuple[str, ...]:
    """Return the facts a decision in this phase asks for and that are not known."""
    order = scenario.order
    wanted = {"placed_at": True, "paid_at": order.phase in NOT_SHIPPED, "ship_by": order.phase in NOT_SHIPPED}
    wanted |= {"shipped_at": order.phase in SHIPPED, "latest_delivery_at": order.phase in SHIPPED}
    missing = [f"order.{name}" for name, asked in wanted.items() if asked and getattr(order, name) is None]
    if not scenario.contact.messages:
        missing.append("contact.messages")
    if not scenario.evidence:
        missing.append("evidence")
    return tuple(missing)

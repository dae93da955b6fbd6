"""What a decision is about to spend, booked with its effect and settled with it.

One place for every platform: what a close costs is read from the decision itself, and held in the transaction in
which the effect is committed. There the books are read once more. When they are worse than the decision assumed,
somebody else was quicker, and nothing is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gateway.errors import Conflict
from gateway.ledger import points, quota
from gateway.ledger.quota import CloseEntry, CloseState
from gateway.ledger.standing import allotment_of, standing_at
from gateway.model.store import Store
from gateway.policy.decision import Decision
from gateway.policy.rule_set import RuleSet
from gateway.policy.scenario import Scenario
from gateway.policy.terms import Action, CostKind, Path, Reply
from gateway.storage.schema import effects, stores

_POINTS = (CostKind.credit_point, CostKind.penalty_point)


class SpentMeanwhile(Conflict):
    """Another order has taken what a decision counted on: decide again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a close is about to spend."""

    units: int
    points: int


class Spending(TypedDict):
    """What a close is booked by: the order, the decision and its question, who ordered it, the rules, the instant."""

    order_id: str
    decision: Decision
    scenario: Scenario
    by: str
    rules: RuleSet
    now: datetime


def plan_of(decision: Decision) -> Plan | None:
    """Return what the decision's next step spends of a store's allotment or points, None when it does not. Pure."""
    if decision.path is not Path.seller_close or decision.action is not Action.close:
        return None
    spent = {item.kind: int(item.quantity) for item in decision.cost.items}
    plan = Plan(spent.get(CostKind.quota_unit, 0), sum(spent.get(kind, 0) for kind in _POINTS))
    return plan if plan.units or plan.points else None


def hold(connection: Connection, store: Store, *, holder: str, **spending: Unpack[Spending]) -> None:
    """Hold what a close will spend until ``holder``, an effect or an intent, is settled. Nothing for other steps.

    Raises SpentMeanwhile when the books are worse now than the decision assumed: decide again.
    """
    plan = plan_of(spending["decision"])
    if plan is None:
        return
    order_id, scenario, now = spending["order_id"], spending["scenario"], spending["now"]
    seen = scenario.store.health
    there = standing_at(connection, store, now, besides=order_id)
    if there.is_worse_than(seen.closes_this_month, seen.credit_score, seen.penalty_points):
        raise SpentMeanwhile(
            f"Since this was decided, another order has taken free closes or points of store {store.id}. Decide again; "
            f"`gateway quota --store {store.id}` shows how it stands."
        )
    allotment = allotment_of(store, spending["rules"], now)
    contact = scenario.contact
    entry = CloseEntry(
        store=store.id,
        order_id=order_id,
        state=CloseState.reserved,
        month=quota.month_of(now, ZoneInfo(store.time_zone)),
        units=plan.units,
        points=plan.points,
        holder=holder,
        reason=scenario.intent.reason.value,
        contacted=bool(contact.messages) or contact.reply is not Reply.none,
        by=spending["by"],
        at=now,
        because="held for a close under way",
    )
    quota.reserve(connection, entry, allotment.closes if allotment else None)


def hand_over(connection: Connection, store: Store, *, intent: str, **spending: Unpack[Spending]) -> None:
    """Hold what a person is told to spend by closing in the console; give back what an earlier decision held.

    Raises SpentMeanwhile as `hold`.
    """
    if plan_of(spending["decision"]) is not None:
        hold(connection, store, holder=intent, **spending)
        return
    order_id, now = spending["order_id"], spending["now"]
    held = quota.entry_of(connection, store.id, order_id)
    if held is not None and held.state is CloseState.reserved and not held_by_effect(connection, held):
        quota.release(connection, store.id, order_id, held.holder, now, "decided anew: no close is to be made now")


def settle(
    connection: Connection, store: str, order_id: str, *, holder: str, happened: bool, at: datetime, because: str
) -> None:
    """Book what an effect held: spent when it happened, else given back. Nothing when it held nothing."""
    if not happened:
        quota.release(connection, store, order_id, holder, at, because)
        return
    spent = quota.confirm(connection, store, order_id, holder, at, because)
    if spent is not None and spent.points:
        platform = connection.execute(select(stores.c.platform).where(stores.c.id == store)).scalar_one()
        expect_points(connection, store, platform, spent, at)


def expect_points(connection: Connection, store: str, platform: str, spent: CloseEntry, at: datetime) -> None:
    """Expect the points a booked close costs. Being above a rate's line is punished once, not close by close."""
    scale = points.scale_of(platform)
    known = points.standing_of(connection, store, platform)
    if scale is None or known is None or (scale.step > 0 and known.expected):
        return
    points.expect(
        connection,
        store,
        platform,
        spent.points,
        order_id=spent.order_id,
        rule=scale.rule_of_close,
        at=at,
        because=f"the close of order {spent.order_id}",
    )


def held_by_effect(connection: Connection, entry: CloseEntry) -> bool:
    """Tell whether an entry is held for an effect: then only the effect's own outcome settles it."""
    return connection.execute(select(effects.c.id).where(effects.c.id == entry.holder)).first() is not None

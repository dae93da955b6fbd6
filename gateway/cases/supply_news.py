"""Looking at a purchase and the sales it is for: a purchase nobody needs any more, and sales left without their goods.

A purchase whose sales are all over is flagged before it ships: people are told, and one of them decides. A purchase
that its supplier closed or could not deliver leaves sales in doubt: they are told with their deadlines, and their open
cases look anew. Cases are opened here for nobody: that is for people, and for automations that people switched on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.cases.case import cases_of, open_case_of
from gateway.cases.notices import Level, key_of, tell
from gateway.cases.supply import ALIVE, OVER, Key, SaleInDoubt, order_of, sales_in_doubt, sales_of, unneeded
from gateway.cases.tasks import TaskKind, TaskState, cancel_task, open_task, tasks_like
from gateway.model.order import Order, Phase
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.phase import phase_of
from gateway.policy.rule_set import RuleSet
from gateway.work.wake import wake_cases

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen. ``orphaned``: nobody needs the goods, and no case ends the purchase yet."""

    orphaned: bool = False
    in_doubt: tuple[SaleInDoubt, ...] = ()


def look_at_purchase(c: Connection, purchase: Key, now: datetime, rules: RuleSet | None = None) -> Looked:
    """Look at a purchase that changed, or whose sale did, and tell what people must know, once.

    ``rules`` name the deadlines that a platform does not tell.
    """
    order = order_of(c, purchase)
    if order is None:
        return Looked()
    phase = phase_of(order)
    if phase in OVER:
        _not_asked(c, purchase, now, "the purchase has ended")
        return Looked(in_doubt=_tell_sales(c, order, now, rules))
    orphan = phase in ALIVE and unneeded(c, purchase)
    if not orphan or open_case_of(c, *purchase) is not None or _was_seen_to(c, purchase):
        _not_asked(c, purchase, now, "a case sees to it" if orphan else "its goods are needed")
        return Looked()
    _flag(c, order, phase, now)
    return Looked(orphaned=True)


def _flag(c: Connection, order: Order, phase: Phase, now: datetime) -> None:
    purchase = (order.store, order.order_id)
    sales = ", ".join(order_id for _, order_id in sales_of(c, *purchase)[:_NAMED])
    hurry = "It has not been sent yet." if phase in BEFORE_SHIPMENT else "It is under way already."
    words = (
        f"Its sale has ended or was refunded ({sales}), and nobody needs its goods any more. {hurry} End it with "
        f"`gateway resolve {order.order_id} --store {order.store} --reason changed_mind`, or keep the goods."
    )
    open_task(
        c,
        case_id=None,
        store=order.store,
        order_id=order.order_id,
        kind=TaskKind.ask_person,
        subject=_subject(order.order_id),
        details={"order": order.order_id, "explanation": words, "sales": sales},
        due_by=None,
        now=now,
    )
    tell(
        c,
        key=key_of("purchase_orphaned", order.store, order.order_id),
        kind="purchase_orphaned",
        store=order.store,
        order_id=order.order_id,
        level=Level.urgent if phase in BEFORE_SHIPMENT else Level.warning,
        details={"sales": sales, "phase": phase.value},
        now=now,
    )


def _tell_sales(c: Connection, purchase: Order, now: datetime, rules: RuleSet | None) -> tuple[SaleInDoubt, ...]:
    found = tuple(sales_in_doubt(c, (purchase.store, purchase.order_id), rules))
    for sale in found:
        by = None if sale.ship_by is None else sale.ship_by.isoformat()
        news = tell(
            c,
            key=key_of("supply_ended", purchase.store, purchase.order_id, sale.order_id),
            kind="supply_ended",
            store=sale.store,
            order_id=sale.order_id,
            level=Level.urgent,
            details={"purchase": purchase.order_id, "bought_by": purchase.store, "units": sale.units, "ship_by": by},
            now=now,
        )
        if news:
            wake_cases(c, sale.store, [sale.order_id], now, "supplier")
    return found


def _was_seen_to(c: Connection, purchase: Key) -> bool:
    """Tell whether people have decided about the purchase: its case is over, or they have answered the question."""
    mine = tasks_like(c, stores=[purchase[0]], order_id=purchase[1])
    answered = any(each.subject == _subject(purchase[1]) and each.state is TaskState.done for each in mine)
    kept = any(each.kind is TaskKind.verify_stock for each in mine)
    return answered or kept or bool(cases_of(c, *purchase))


def _not_asked(c: Connection, purchase: Key, now: datetime, because: str) -> None:
    for task in tasks_like(c, stores=[purchase[0]], order_id=purchase[1], states={TaskState.open}):
        if task.subject == _subject(purchase[1]):
            cancel_task(c, task.id, by="gateway", now=now, because=because)


def _subject(order_id: str) -> str:
    return f"{order_id}:orphaned"

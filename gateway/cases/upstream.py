"""Upstream: what becomes of a purchase when the sale it was bought for ends.

Each purchase is decided by its own rules, as one that this account has bought, and gets a case of its own with its
own outcome: not paid, it is cancelled; paid and not sent, the money is asked back; sent, the goods go back or stay.

**Goods that were sent go back, or stay, by cost.** Sending them back costs their way; keeping them costs what was
paid for them, less what they are worth in the stockroom (``stock: worth`` in gateway.yaml, a share of what they cost:
nothing, unless it says more). What costs less is done; at the same cost they go back. Goods that are faulty are worth
nothing. Where nobody told what the way back costs (`gateway facts set return_shipping_cost`), it counts as nothing.

Nothing is done about a purchase whose goods another living sale needs, or which no sale is linked to in part: nobody
said that they are not wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from sqlalchemy import Connection

from gateway.cases.articles import sku_of
from gateway.cases.case import Case, note, open_case, open_case_of
from gateway.cases.counts import counts_of
from gateway.cases.facts import question_of
from gateway.cases.gathered import gathered
from gateway.cases.stock import supplier_is_out
from gateway.cases.supply import ALIVE, Key, order_of, purchases_of, unneeded
from gateway.cases.tasks import TaskKind, open_task
from gateway.errors import DataError
from gateway.model.attested import FactName
from gateway.model.money import to_major
from gateway.model.order import Phase
from gateway.model.store import Store
from gateway.orders.attested import facts_for
from gateway.orders.links import links_of
from gateway.orders.store import StoredOrder
from gateway.orders.store import order as stored_order
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.notation import decimal_places
from gateway.policy.rule_set import RuleSet
from gateway.policy.terms import Action, Path, Reason
from gateway.policy.valuation import Valuation, is_priceable, prices
from gateway.storage import stores as rows
from gateway.storage.vault import Vault

BY = "gateway"
VIA_SALE = "sale"
"""The word in a case for: the end of a sale opened it."""

HISTORY = "upstream"
"""The word in a sale's case for what became of its purchases."""

_CNY = "CNY"
_FAULTY = frozenset({Reason.quality_problem, Reason.stock_damaged})
_OF_THE_GOODS = frozenset({Reason.quality_problem, Reason.not_delivered})


class Plan(StrEnum):
    """What is to become of a purchase."""

    cancel = "cancel"  # not paid yet
    ask_money_back = "ask_money_back"  # paid, not sent
    send_back = "send_back"
    keep = "keep"  # sending back costs more than the goods are worth
    under_way = "under_way"  # it is being ended already
    needed = "needed"  # another sale, or the stock, wants the goods
    over = "over"  # it has ended, or its goods are ours for good
    ask_person = "ask_person"  # no rule gives a way


_TO_DO = frozenset({Plan.cancel, Plan.ask_money_back, Plan.send_back, Plan.under_way})


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseEnd:
    """What is to become of one purchase, for which true ``reason``, and at which cost in minor units of ``currency``.

    ``money_back_minor`` is what the supplier would give back, not counted against the cost.
    """

    store: str
    order_id: str
    phase: Phase
    plan: Plan
    reason: Reason
    cost_minor: int
    money_back_minor: int
    currency: str
    because: str


@dataclass(frozen=True, slots=True)
class Upstream:
    """The purchases of a sale, and what the sale's end costs with theirs, in the sale's own currency.

    ``net_minor`` is None where a cost cannot be converted.
    """

    purchases: tuple[PurchaseEnd, ...]
    cost_minor: int
    net_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Judge:
    """With what purchases are decided about: the rules, the stores' valuations, and what kept goods are worth."""

    vault: Vault
    rules: RuleSet
    valuations: Mapping[str, Mapping[str, object]]
    worth: Decimal = Decimal(0)


def ends_of(c: Connection, judge: Judge, sale: Key, reason: Reason, now: datetime) -> list[PurchaseEnd]:
    """Return what would become of each purchase of a sale, were the sale to end for ``reason`` now."""
    found = []
    for key in purchases_of(c, *sale):
        stored = stored_order(c, judge.vault, *key)
        if stored is not None:
            found.append(_end(c, judge, stored, sale, reason, now))
    return found


def upstream_of(
    c: Connection, judge: Judge, sale: Key, reason: Reason, decision: Decision, now: datetime
) -> Upstream | None:
    """Return the purchases of a sale with what all of it costs; None for an order that no purchase is linked to."""
    ends = ends_of(c, judge, sale, reason, now)
    if not ends:
        return None
    store = rows.store_of(c, sale[0])
    own = decision.cost.total.minor
    converted = [_converted(judge, store, each) for each in ends]
    known = [each for each in converted if each is not None]
    net = own + sum(known) if len(known) == len(converted) else None
    return Upstream(tuple(ends), own, net, decision.cost.total.currency)


def cascade(c: Connection, judge: Judge, case: Case, now: datetime) -> list[PurchaseEnd]:
    """Open a case for each purchase that nobody needs now that a sale's case has ended its order; say what each gets.

    Called in the transaction that sees the end; again, it opens nothing twice. Goods that stay, and a purchase for
    which no rule gives a way, become tasks. What became of all is a line in the case's history.
    """
    ends = []
    for end in ends_of(c, judge, (case.store, case.order_id), Reason(case.reason), now):
        ends.append(_open(c, case, end, now))
    if ends:
        told = [
            {"store": each.store, "order": each.order_id, "plan": each.plan.value, "because": each.because}
            for each in ends
        ]
        note(c, case.id, HISTORY, BY, now, {"purchases": told})
    return ends


def purchase_reason(sale_reason: Reason, *, supplier_out: bool) -> Reason:
    """Return the true reason for which a purchase ends when its sale has ended for ``sale_reason``. Pure.

    The buyer of a purchase is this account, so what it says must be true of the purchase: that the supplier has none
    left only where its stock says so; that the goods are faulty or did not come, where the sale's buyer said so of the
    same goods; else that they are not wanted any more.
    """
    if supplier_out:
        return Reason.out_of_stock
    return sale_reason if sale_reason in _OF_THE_GOODS else Reason.changed_mind


def is_kept(way_back_minor: int, goods_minor: int, worth: Decimal) -> tuple[bool, int]:
    """Return whether sent goods stay rather than go back, and what that costs, in minor units. Pure.

    ``worth`` is the share of their cost that they are worth in the stockroom.
    """
    loss = int((goods_minor * (1 - worth)).quantize(Decimal(1), ROUND_HALF_EVEN))
    return loss < way_back_minor, min(loss, way_back_minor)


def kept_now(stored: StoredOrder, reason: Reason, decision: Decision, worth: Decimal) -> str | None:
    """Return why the goods of a purchase that a sale's end wants to end stay, now that they were sent; else None. Pure.

    They may have been sent only after the purchase's own case was opened.
    """
    if decision.action is not Action.request_refund or decision.path is not Path.return_refund:
        return None
    cost, order = decision.cost.total.minor, stored.order
    kept, cheapest = is_kept(cost, goods_paid(stored), Decimal(0) if reason in _FAULTY else worth)
    if not kept:
        return None
    return f"sending it back costs {_words(cost, order.currency)}, keeping it {_words(cheapest, order.currency)}"


def goods_paid(stored: StoredOrder) -> int:
    """Return what was paid for the goods of a purchase, shipping left out, in minor units."""
    return max(0, (stored.order.total_minor or 0) - (stored.order.shipping_minor or 0))


def _open(c: Connection, case: Case, end: PurchaseEnd, now: datetime) -> PurchaseEnd:
    standing = open_case_of(c, end.store, end.order_id)
    if end.plan in _TO_DO and standing is None:
        open_case(
            c,
            store=end.store,
            order_id=end.order_id,
            reason=end.reason.value,
            by=BY,
            now=now,
            via=VIA_SALE,
            cause=case.id,
        )
        return end
    if end.plan in _TO_DO and standing is not None and standing.cause != case.id:
        return replace(end, plan=Plan.under_way, because=f"case {standing.id} is open for it already")
    kind = {Plan.keep: TaskKind.verify_stock, Plan.ask_person: TaskKind.ask_person}.get(end.plan)
    if kind is not None:
        skus = ", ".join(_skus(c, (end.store, end.order_id)).values())
        details = {"order": end.order_id, "sale": case.order_id, "plan": end.plan.value, "sku": skus}
        details["explanation"] = f"The sale {case.order_id} has ended: {end.because.rstrip('.')}."
        open_task(
            c,
            case_id=None,
            store=end.store,
            order_id=end.order_id,
            kind=kind,
            subject=end.order_id,
            details=details,
            due_by=None,
            now=now,
        )
    return end


def _end(
    c: Connection, judge: Judge, stored: StoredOrder, sale: Key, sale_reason: Reason, now: datetime
) -> PurchaseEnd:
    order = stored.order
    store = rows.store_of(c, order.store)
    reason = purchase_reason(sale_reason, supplier_out=_supplier_out(c, stored, sale))
    nothing = PurchaseEnd(
        store=order.store,
        order_id=order.order_id,
        phase=stored.phase,
        plan=Plan.over,
        reason=reason,
        cost_minor=0,
        money_back_minor=0,
        currency=order.currency,
        because="it has ended" if stored.phase is not Phase.completed else "it is completed: the goods are yours",
    )
    if stored.phase is Phase.unknown:
        return replace(nothing, plan=Plan.ask_person, because="how it stands is not known")
    if stored.phase not in ALIVE:
        return nothing
    if not unneeded(c, (order.store, order.order_id), [sale]):
        return replace(nothing, plan=Plan.needed, because="its goods were not all bought for sales that have ended")
    try:
        decision, told = _decision(c, judge, stored, store, reason, now)
    except DataError as error:
        return replace(nothing, plan=Plan.ask_person, because=str(error))
    return _planned(judge, stored, nothing, decision, way_back_told=FactName.return_shipping_cost.value in told)


def _planned(
    judge: Judge, stored: StoredOrder, nothing: PurchaseEnd, decision: Decision, *, way_back_told: bool
) -> PurchaseEnd:
    order, cost = stored.order, decision.cost.total.minor
    paid = order.total_minor or 0
    end = replace(nothing, cost_minor=cost, because=decision.explanation)
    if decision.action is Action.close:
        return replace(end, plan=Plan.cancel)
    if decision.action is not Action.request_refund:
        waits = decision.path in {Path.refund, Path.return_refund}
        back = paid if waits else 0
        return replace(end, plan=Plan.under_way if waits else Plan.ask_person, money_back_minor=back)
    if decision.path is Path.refund:
        return replace(end, plan=Plan.ask_money_back, money_back_minor=paid)
    why = kept_now(stored, end.reason, decision, judge.worth)
    if why is not None:
        worth = Decimal(0) if end.reason in _FAULTY else judge.worth
        return replace(end, plan=Plan.keep, cost_minor=is_kept(cost, goods_paid(stored), worth)[1], because=why)
    untold = "" if way_back_told else " Nobody told what the way back costs: it counts as nothing."
    return replace(
        end, plan=Plan.send_back, money_back_minor=goods_paid(stored), because=f"{decision.explanation}{untold}"
    )


def _decision(
    c: Connection, judge: Judge, stored: StoredOrder, store: Store, reason: Reason, now: datetime
) -> tuple[Decision, Sequence[str]]:
    order_id = stored.order.order_id
    rules = judge.rules.of_store(store.id)
    facts = facts_for(c, store.id, order_id, [line.sku for line in stored.order.lines if line.sku])
    counts = counts_of(c, store, rules, now, order_id=order_id)
    valuation = judge.valuations.get(store.id, {})
    known = gathered(c, store.id, order_id, now)
    question = question_of(stored, store, reason, counts, facts, valuation, now, known)
    return decide(question.scenario, rules), question.attested


def _supplier_out(c: Connection, stored: StoredOrder, sale: Key) -> bool:
    """Tell whether the supplier's own stock, as last read or told, says that it has none of what was sold."""
    sold = _skus(c, sale)
    linked = {
        each.link.sale.line_id
        for each in links_of(c, stored.order.store, stored.order.order_id)
        if (each.link.sale.store, each.link.sale.order_id) == sale
    }
    skus = [sku for line, sku in sold.items() if line in linked]
    return bool(skus) and all(supplier_is_out(c, sale[0], sku) for sku in skus)


def _skus(c: Connection, sale: Key) -> dict[str, str]:
    order = order_of(c, sale)
    return {} if order is None else {line.line_id: sku_of(line) for line in order.lines}


def _converted(judge: Judge, store: Store, end: PurchaseEnd) -> int | None:
    """Return a purchase's cost in minor units of the sale's currency; None where no rate is known."""
    if end.currency == store.currency or end.cost_minor == 0:
        return end.cost_minor
    valuation = Valuation.model_validate(dict(judge.valuations.get(store.id, {})))
    if end.currency != _CNY or not is_priceable(store.currency, valuation):
        return None
    in_cny = Decimal(to_major(end.cost_minor, _CNY))
    return round(prices(store.currency, valuation).from_cny(in_cny))


def _words(minor: int, currency: str) -> str:
    places = decimal_places(currency)
    return f"{Decimal(minor).scaleb(-places)} {currency}"

"""What automations answer: what waits now, and what came in the past, as far as it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from gateway.cases.automation_file import REQUESTS, Automation, When
from gateway.cases.stock import OWN, StockSource, affected_orders, levels, supplier_is_out
from gateway.cases.supply import order_of
from gateway.model.after_sale import AfterSale, AfterSaleReason, DisputeState, GoodsState, RefundState, RequestKind
from gateway.model.after_sale import RequestState as State
from gateway.model.money import to_major
from gateway.model.order import Closure, FulfillmentState, Order, PaymentState
from gateway.orders.buyer_marks import buyer_trace, standing_marks
from gateway.orders.deadlines import BEFORE_SHIPMENT
from gateway.orders.documents import read_request
from gateway.orders.phase import phase_of
from gateway.orders.store import order as stored_order
from gateway.storage.moments import from_micros, to_micros
from gateway.storage.schema import after_sales, notices
from gateway.storage.vault import Vault

_QUALITY = frozenset(
    {
        AfterSaleReason.damaged,
        AfterSaleReason.defective,
        AfterSaleReason.not_as_described,
        AfterSaleReason.wrong_item,
        AfterSaleReason.missing_parts,
        AfterSaleReason.counterfeit,
        AfterSaleReason.expired,
    }
)
_KINDS = {
    When.cancellation_requested: [RequestKind.cancellation.value],
    When.quality_refund_requested: [RequestKind.refund.value, RequestKind.return_refund.value],
}
_TOLD = {
    When.supplier_shortage: "supplier_out_of_stock",
    When.stock_zero: "stock_out",
    When.purchase_closed: "supply_ended",
}
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing an automation may answer. ``subject`` names it: it is answered once."""

    store: str
    order_id: str
    subject: str
    at: datetime
    order: Order
    request: AfterSale | None = None

    @property
    def request_state(self) -> State | None:
        """How far the request has come; None: it is about none."""
        return None if self.request is None else self.request.state

    @property
    def amount_minor(self) -> int | None:
        """What is at stake: what the buyer asks for, else what the order is worth; None: nobody knows."""
        asked = None if self.request is None else self.request.refund_minor
        return self.order.total_minor if asked is None else asked


def waiting(c: Connection, automation: Automation) -> list[Happening]:
    """Return what waits for an automation's answer now, the oldest first."""
    if automation.when in REQUESTS:
        rows = c.execute(_requests(automation).where(after_sales.c.state == State.open.value)).all()
        found = [each for row in rows if (each := _of_request(c, automation, row, rewind=False)) is not None]
    elif automation.when is When.purchase_closed:
        rows = c.execute(_notices(automation).where(notices.c.settled_at.is_(None))).all()
        found = list(_of_notices(c, automation, rows))
    else:
        found = list(_short(c, automation))
    return sorted(found, key=lambda each: (each.at, each.store, each.subject))


def request_now(c: Connection, automation: Automation, happening: Happening) -> Happening | None:
    """Return a buyer's request as it is stored by now; None when it no longer waits for this automation's answer."""
    table = after_sales
    mine = (table.c.store == happening.store) & (table.c.request_id == happening.subject)
    row = c.execute(_requests(automation).where(mine, table.c.state == State.open.value)).first()
    return None if row is None else _of_request(c, automation, row, rewind=False)


def request_of(c: Connection, store: str, request_id: str) -> Happening | None:
    """Return a buyer's request as it is stored by now, whatever has become of it; None when it is not stored."""
    mine = (after_sales.c.store == store) & (after_sales.c.request_id == request_id)
    row = c.execute(select(after_sales.c.document).where(mine)).first()
    request = None if row is None else read_request(row.document)
    order = None if request is None else order_of(c, (store, request.order_id))
    if request is None or order is None:
        return None
    return Happening(store, request.order_id, request_id, request.opened_at, order, request)


def past(c: Connection, automation: Automation, since: datetime) -> list[Happening]:
    """Return what came since then, each with its order as far as it can be told how it stood at that time."""
    if automation.when in REQUESTS:
        rows = c.execute(_requests(automation).where(after_sales.c.opened_at >= to_micros(since))).all()
        found = [each for row in rows if (each := _of_request(c, automation, row, rewind=True)) is not None]
    else:
        rows = c.execute(_notices(automation).where(notices.c.at >= to_micros(since))).all()
        found = list(_of_notices(c, automation, rows, rewind=True))
    return sorted(found, key=lambda each: (each.at, each.store, each.subject))


def unmet(c: Connection, vault: Vault, automation: Automation, happening: Happening) -> str | None:
    """Return which condition is not met, None when all are."""
    wanted, order = automation.conditions, happening.order
    if wanted.before_shipment and phase_of(order) not in BEFORE_SHIPMENT:
        return "it is not before shipment"
    if wanted.amount_at_most and not within(wanted.amount_at_most, happening):
        return "the amount is higher, or not known"
    if wanted.reasons:
        told = happening.request.reason if happening.request is not None else None
        if told is None or told.value not in wanted.reasons:
            return f"the buyer's reason is {told.value if told else 'not known'}"
    if wanted.buyer_not_marked and _is_marked(c, vault, happening):
        return "the buyer is on the list"
    return None


def within(most: Mapping[str, Decimal], happening: Happening) -> bool:
    """Return whether the amount at stake is known, and not above what is set for its currency. Pure."""
    amount, currency = happening.amount_minor, happening.order.currency
    limit = most.get(currency)
    return amount is not None and limit is not None and Decimal(to_major(amount, currency)) <= limit


def rewound(order: Order, at: datetime, request: AfterSale | None = None) -> Order:
    """Return an order as it stood at an instant, as far as its own times tell. Pure.

    What has become of it since is taken back; of its requests only ``request`` is there, open.
    """
    paid = order.paid_at is not None and order.paid_at <= at
    fulfillment = FulfillmentState.to_ship if paid or order.paid_at is None else FulfillmentState.not_due
    if order.shipped_at is not None and order.shipped_at <= at:
        fulfillment = FulfillmentState.shipped
    if order.delivered_at is not None and order.delivered_at <= at:
        fulfillment = FulfillmentState.delivered
    early = order.paid_at is not None and not paid
    return order.model_copy(
        update={
            "payment": PaymentState.unpaid if early else order.payment,
            "paid_at": order.paid_at if paid else None,
            "shipped_at": order.shipped_at if fulfillment not in _HERE else None,
            "delivered_at": order.delivered_at if fulfillment is FulfillmentState.delivered else None,
            "fulfillment": fulfillment,
            "closure": Closure.open,
            "ended_at": None,
            "ended_by": None,
            "end_reason": None,
            "refunded_minor": None,
            "updated_at": min(order.updated_at, at),
            "packages": (),
            "requests": () if request is None else (_opened(request, at),),
        }
    )


_HERE = frozenset({FulfillmentState.to_ship, FulfillmentState.not_due})


def _opened(request: AfterSale, at: datetime) -> AfterSale:
    return request.model_copy(
        update={
            "state": State.open,
            "goods": GoodsState.not_returning,
            "refund": RefundState.none,
            "dispute": DisputeState.none,
            "refunded_minor": None,
            "updated_at": min(request.updated_at, at),
        }
    )


def _requests(automation: Automation) -> Any:
    table = after_sales
    return select(table.c.document).where(
        table.c.store.in_(automation.stores), table.c.kind.in_(_KINDS[automation.when])
    )


def _of_request(c: Connection, automation: Automation, row: Row[Any], *, rewind: bool) -> Happening | None:
    request = read_request(row.document)
    if automation.when is When.quality_refund_requested and request.reason not in _QUALITY:
        return None
    order = order_of(c, (request.store, request.order_id))
    if order is None:  # the request came before its order
        return None
    at = request.opened_at
    if rewind:
        order, request = rewound(order, at, request), _opened(request, at)
    return Happening(request.store, request.order_id, request.request_id, at, order, request)


def _short(c: Connection, automation: Automation) -> Iterator[Happening]:
    for store in automation.stores:
        for level in levels(c, store=store):
            of_supplier = automation.when is When.supplier_shortage
            if level.quantity > 0 or (level.supplier == OWN) == of_supplier:
                continue
            if of_supplier and not supplier_is_out(c, store, level.sku):
                continue
            if not of_supplier and level.source is StockSource.api:
                continue  # a platform sells nothing it lacks: its zero leaves sold goods where they are
            for each in affected_orders(c, store, level.sku):
                if each.covered < each.units:
                    yield from _named(c, store, each.order_id, level.sku, level.at)


def _notices(automation: Automation) -> Any:
    return select(notices).where(notices.c.kind == _TOLD[automation.when], notices.c.store.in_(automation.stores))


def _of_notices(
    c: Connection, automation: Automation, rows: Sequence[Row[Any]], *, rewind: bool = False
) -> Iterator[Happening]:
    for row in rows:
        details, at = orjson.loads(row.details), from_micros(row.at)
        if automation.when is When.purchase_closed:
            yield from _named(c, row.store, row.order_id, str(details.get("purchase", "")), at, rewind=rewind)
            continue
        for each in details.get("affected", []):
            if each["covered"] < each["units"]:
                yield from _named(c, row.store, each["order"], str(details.get("sku", "")), at, rewind=rewind)


def _named(
    c: Connection, store: str, order_id: str, what: str, at: datetime, *, rewind: bool = False
) -> Iterator[Happening]:
    order = order_of(c, (store, order_id))
    if order is not None:
        subject = f"{order_id}:{what}"[:_LONGEST_SUBJECT]
        yield Happening(store, order_id, subject, at, rewound(order, at) if rewind else order)


def _is_marked(c: Connection, vault: Vault, happening: Happening) -> bool:
    found = stored_order(c, vault, happening.store, happening.order_id, with_personal=True)
    trace = None if found is None else buyer_trace(vault, found.order)
    return trace is not None and bool(standing_marks(c, happening.store, [trace]))

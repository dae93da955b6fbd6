"""What a store's people have to do, read from what is stored: shipments, open requests, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from gateway.model.after_sale import AfterSale, RequestKind, RequestState
from gateway.model.order import Phase
from gateway.orders.documents import read_request
from gateway.orders.keys import same_order
from gateway.storage.moments import from_micros_or_none
from gateway.storage.schema import after_sales, orders


@dataclass(frozen=True, slots=True)
class Shipment:
    """One order that waits for its shipment."""

    store: str
    order_id: str
    ship_by: datetime | None


def to_ship(connection: Connection, stores: Sequence[str]) -> list[Shipment]:
    """Return the orders to be shipped. Those whose buyer asks to cancel are left out: that is answered first."""
    asked = exists().where(
        same_order(after_sales, orders),
        after_sales.c.kind == RequestKind.cancellation.value,
        after_sales.c.state == RequestState.open.value,
    )
    query = select(orders.c.store, orders.c.order_id, orders.c.ship_by).where(
        orders.c.phase == Phase.awaiting_shipment.value, orders.c.store.in_(list(stores)), ~asked
    )
    return [Shipment(row.store, row.order_id, from_micros_or_none(row.ship_by)) for row in connection.execute(query)]


def running_requests(connection: Connection, stores: Sequence[str]) -> list[AfterSale]:
    """Return the requests on which something may still have to be done."""
    states = [state.value for state in (RequestState.open, RequestState.agreed, RequestState.refused)]
    query = select(after_sales.c.document).where(after_sales.c.state.in_(states), after_sales.c.store.in_(list(stores)))
    return [read_request(document) for document in connection.execute(query).scalars()]

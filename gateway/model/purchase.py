"""Which purchase supplies which sale."""

from __future__ import annotations

from gateway.model.base import Frozen


class OrderLineKey(Frozen):
    """A line of an order of a store."""

    store: str
    order_id: str
    line_id: str


class PurchaseLink(Frozen):
    """``quantity`` units of a sold line are bought by a line of a purchase order. Many to many."""

    sale: OrderLineKey
    purchase: OrderLineKey
    quantity: int

"""Stored orders, as the rest of the gateway uses them: synchronous functions on a connection of `Database`."""

from gateway.orders.reading import (
    ListedOrder,
    StoredOrder,
    erase_person,
    open_with_deadlines,
    order,
    raw,
)
from gateway.orders.reading import orders_of as orders
from gateway.orders.writing import Changes, upsert_after_sales, upsert_orders

__all__ = [
    "Changes",
    "ListedOrder",
    "StoredOrder",
    "erase_person",
    "open_with_deadlines",
    "order",
    "orders",
    "raw",
    "upsert_after_sales",
    "upsert_orders",
]

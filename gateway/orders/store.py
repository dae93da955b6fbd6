"""Stored orders, as the rest of the gateway uses them: synchronous functions on a connection of `Database`."""

from gateway.orders.reading import (
    StoredOrder,
    erase_person,
    is_stored,
    open_with_deadlines,
    order,
    orders_of,
    raw,
)
from gateway.orders.writing import Changes, upsert_after_sales, upsert_orders, upsert_prepared

__all__ = [
    "Changes",
    "StoredOrder",
    "erase_person",
    "is_stored",
    "open_with_deadlines",
    "order",
    "orders_of",
    "raw",
    "upsert_after_sales",
    "upsert_orders",
    "upsert_prepared",
]

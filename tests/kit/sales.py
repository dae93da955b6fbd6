"""An order as a platform would show it: paid, and waiting for shipment unless told otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from gateway.model.order import Order


def sale(owner: str, number: str, now: datetime, **facts: Any) -> Order:
    """Return an order of store ``owner``, placed an hour before ``now``, with ``facts`` over what is plain."""
    plain: dict[str, Any] = {
        "store": owner,
        "order_id": number,
        "raw_status": "x",
        "payment": "paid",
        "fulfillment": "to_ship",
        "closure": "open",
        "region": "CN",
        "currency": "CNY",
        "placed_at": now - timedelta(hours=1),
        "paid_at": now - timedelta(hours=1),
        "updated_at": now,
        "total_minor": 5000,
        "lines": [{"line_id": "1", "product_id": "p", "sku": "CUP", "quantity": 1}],
    }
    return Order.model_validate(plain | facts)

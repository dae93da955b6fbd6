"""Facts no platform tells, as a person vouches for them."""

from __future__ import annotations

from enum import StrEnum

from gateway.model.base import Frozen, Instant


class FactName(StrEnum):
    """What can be attested."""

    goods_cost = "goods_cost"
    outbound_shipping_cost = "outbound_shipping_cost"
    return_shipping_cost = "return_shipping_cost"
    stock_available = "stock_available"
    interception = "interception"
    return_state = "return_state"  # what a person found of goods that were sent back
    reason = "reason"
    score = "score"
    buyer_language = "buyer_language"


class AttestedFact(Frozen):
    """``value`` (text; money as "12.34 MYR") holds for the narrowest subject that is named, from ``at`` on."""

    name: FactName
    value: str
    store: str
    sku: str | None = None
    order_id: str | None = None
    by: str
    at: Instant

"""Which purchase supplies which sale."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from gateway.model.base import Frozen, Instant


class OrderLineKey(Frozen):
    """A line of an order of a store."""

    store: str
    order_id: str
    line_id: str

    def __str__(self) -> str:
        return f"line {self.line_id} of order {self.order_id} in {self.store}"


class LinkSource(StrEnum):
    """Who said that a purchase supplies a sale."""

    person = "person"
    file = "file"
    own_number = "own_number"  # the purchase was placed under the sale's number


class PurchaseLink(Frozen):
    """``quantity`` units of a sold line are bought by a line of a purchase order. Many to many."""

    sale: OrderLineKey
    purchase: OrderLineKey
    quantity: int = Field(ge=1)


class KnownLink(Frozen):
    """A link on record: who said it, and when."""

    link: PurchaseLink
    source: LinkSource
    by: str
    at: Instant

"""What is told of goods: the sale they are for, where they are, how many are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.order import FulfillmentState


@dataclass(frozen=True, slots=True)
class SaleLink:
    """A line of a purchase, and the line of the sale elsewhere that it is for. Ids as each side's platform has them."""

    order_id: str
    line_id: str
    sale_order_id: str
    sale_line_id: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What a carrier said of a parcel, in its own words. May name a place or a person: kept out of logs."""

    at: datetime
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ParcelTrace:
    """Where one parcel has been, the oldest scan first. ``raw_status`` is the platform's own word."""

    package_id: str
    state: FulfillmentState
    raw_status: str
    carrier: str
    tracking_number: str
    scans: Sequence[Scan] = ()


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of one variant. ``total`` includes what unpaid or unshipped orders hold (``occupied``)."""

    available: int
    total: int
    occupied: int

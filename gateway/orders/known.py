"""An order as known from several readings, with the age of what is older than the newest of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.order import Order


@dataclass(frozen=True, slots=True)
class Known:
    """An order as known from several readings.

    ``as_of`` names the values that are older than ``order.updated_at`` with the update time of the reading they
    come from: "note", "recipient.phone", "packages.P1.tracking_number". Without it, a late reading could not be told
    from a later one.
    """

    order: Order
    as_of: Mapping[str, datetime] = field(default_factory=dict)

    def moment_of(self, *places: str) -> datetime:
        """Return how old a value is: as the first of ``places`` says that is named in ``as_of``."""
        for place in places:
            if place in self.as_of:
                return self.as_of[place]
        return self.order.updated_at

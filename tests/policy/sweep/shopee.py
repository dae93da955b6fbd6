"""Shopee's fact space: reasons by region, the rate and its points, requests before and after shipping, dates."""

from __future__ import annotations

from tests.policy.sweep import orders
from tests.policy.sweep.space import DAY, HOUR, SECOND, Facts, Space
from tests.policy.sweep.vocabulary import KINDS, PHASES, REASONS, RETURNS

AS_OF = "2026-03-10T12:00:00+08:00"
CURRENCIES = {"MY": "MYR", "TW": "TWD", "SG": "SGD", "VN": "VND"}
RATES = ((0, 0), (5, 19), (1, 20), (2, 20), (5, 60), (6, 60), (9, 100), (10, 100), (25, 20))


def compose(x: Facts) -> dict:
    region = str(x.get("region", "MY"))
    store = {"platform": "shopee", "region": region, "currency": CURRENCIES[region]}
    return orders.compose(x, store, AS_OF, "en")


CLOSING = Space(
    "shopee-closing",
    {
        "phase": ("on_hold", "awaiting_shipment", "awaiting_collection"),
        "reason": REASONS,
        "region": ("MY", "TW", "SG"),
        "stock": (False, True),
        "contact": ("nothing", "asked_to_cancel", "refused"),
        "evidence": ((), ("chat",)),
        "rates": RATES[1::2],
        "points": (0, 4),
        "n": (1, 2),
        "ship_by": (SECOND, -HOUR),
    },
    compose,
)
HEALTH = Space(
    "shopee-health",
    {
        "reason": ("out_of_stock", "buyer_asked", "undeliverable_area", "price_error"),
        "contact": ("nothing", "asked_to_cancel"),
        "evidence": ((), ("chat",)),
        "stock": (False, True),
        "rates": RATES,
        "points": (0, 3, 4, 5, 6),
        "n": (1, 3, 5),
        "region": ("MY", "TW", "VN"),
        "money": (orders.NOTHING, orders.AT_A_LOSS, ("200", "0", "0", "100"), ("9000", "0", "0", "1")),
    },
    compose,
)
REQUESTS = Space(
    "shopee-requests",
    {
        "phase": PHASES,
        "kind": (None, *KINDS),
        "opened": (DAY, DAY + SECOND),
        "answer_by": (None, -HOUR, 0 * HOUR, SECOND),
        "return": RETURNS,
        "reason": ("out_of_stock", "buyer_asked", "price_error", "changed_mind"),
        "contact": ("nothing", "asked_to_cancel"),
        "n": (1, 2),
        "money": (orders.NOTHING, orders.USUAL, ("5", "0", "30", "50")),
    },
    compose,
)
DATES = Space(
    "shopee-dates",
    {
        "as_of": ("2025-11-10T23:59:59+08:00", "2025-11-11T00:00:00+08:00", AS_OF),
        "known": (None, "2025-11-10T15:59:59+00:00", "2025-11-10T16:00:00+00:00"),
        "phase": PHASES,
        "reason": REASONS,
        "kind": (None, "cancellation"),
        "opened": (HOUR,),
        "auto_cancel": (None, SECOND, -HOUR),
        "ship_by": (None, HOUR, -2 * HOUR),
    },
    compose,
)
SPACES = (CLOSING, HEALTH, REQUESTS, DATES)

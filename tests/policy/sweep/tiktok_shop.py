"""TikTok Shop Japan's fact space: the first hour, reasons, requests and their deadline, overdue parcels, dates."""

from __future__ import annotations

from tests.policy.sweep import orders
from tests.policy.sweep.space import DAY, HOUR, SECOND, Facts, Space
from tests.policy.sweep.vocabulary import KINDS, PHASES, REASONS, RETURNS

AS_OF = "2026-03-10T12:00:00+09:00"


def compose(x: Facts) -> dict:
    region = str(x.get("region", "JP"))
    store = {"platform": "tiktok_shop", "region": region, "currency": "JPY" if region == "JP" else "USD"}
    return orders.compose(x, store, AS_OF, "ja")


CLOSING = Space(
    "tiktok-closing",
    {
        "phase": ("on_hold", "awaiting_shipment", "awaiting_collection"),
        "reason": REASONS,
        "paid_ago": (None, HOUR - SECOND, HOUR, HOUR + SECOND, 2 * DAY),
        "stock": (False, True),
        "contact": ("nothing", "asked_to_cancel", "refused"),
        "evidence": ((), ("chat",)),
        "n": (1, 3),
        "ship_by": (None, SECOND, 0 * HOUR, -HOUR),
        "auto_cancel": (None, -SECOND),
        "money": (orders.NOTHING, ("2500", "200", "50", "599"), ("2500", "200", "50", "600")),
    },
    compose,
)
REQUESTS = Space(
    "tiktok-requests",
    {
        "phase": PHASES,
        "kind": (None, *KINDS),
        "request_reason": (None, "late_shipment", "changed_mind"),
        "opened": (2 * DAY, 2 * DAY + SECOND),
        "answer_by": (None, -HOUR, 0 * HOUR, SECOND),
        "return": RETURNS,
        "reason": ("out_of_stock", "changed_mind"),
        "n": (1, 2),
        "ship_by": (SECOND, -HOUR),
        "money": (orders.NOTHING, orders.USUAL),
    },
    compose,
)
# A parcel promised for 6 March is overdue from 10 March 00:00 in Tokyo, from abroad 12 days later.
OVERDUE = Space(
    "tiktok-overdue",
    {
        "as_of": (
            "2026-03-09T23:59:59+09:00", "2026-03-10T00:00:00+09:00", "2026-03-21T23:59:59+09:00",
            "2026-03-22T00:00:00+09:00",
        ),
        "latest_delivery": (
            None, "2026-03-05T23:59:59+09:00", "2026-03-06T00:00:00+09:00", "2026-03-06T14:59:59+00:00",
            "2026-03-06T15:00:00+00:00",
        ),
        "cross_border": (False, True),
        "phase": ("in_transit", "delivered", "awaiting_collection"),
        "kind": KINDS,
        "opened": (HOUR, 49 * HOUR),
        "return": RETURNS,
        "reason": ("not_delivered", "out_of_stock"),
        "money": (orders.NOTHING, orders.USUAL),
    },
    compose,
)  # fmt: skip
DATES = Space(
    "tiktok-dates",
    {
        "as_of": ("2025-10-27T23:59:59+09:00", "2025-10-28T00:00:00+09:00", AS_OF),
        "known": (None, "2025-10-27T14:59:59+00:00", "2025-10-27T15:00:00+00:00"),
        "region": ("JP", "US"),
        "phase": PHASES,
        "reason": REASONS,
        "kind": (None, "cancellation"),
        "opened": (HOUR,),
        "auto_cancel": (None, SECOND, -HOUR),
    },
    compose,
)
SPACES = (CLOSING, REQUESTS, OVERDUE, DATES)

"""1688's fact space: a seller's unpaid and paid orders, consent, requests; a buyer's purchases; dates."""

from __future__ import annotations

from tests.policy.sweep import orders
from tests.policy.sweep.contacts import STATES
from tests.policy.sweep.space import HOUR, SECOND, Facts, Space
from tests.policy.sweep.vocabulary import KINDS, PHASES, REASONS, RETURNS

AS_OF = "2026-03-10T12:00:00+08:00"


def compose(x: Facts) -> dict:
    store = {"platform": "alibaba_1688", "region": "CN", "currency": "CNY", "role": x.get("role", "seller")}
    return orders.compose(x, store, AS_OF, "zh")


CONSENT = Space(
    "1688-consent",
    {
        "phase": ("on_hold", "awaiting_shipment", "awaiting_collection"),
        "reason": REASONS,
        "contact": tuple(STATES),
        "stock": (False, True),
        "evidence": ((), ("chat",), ("problem",), ("chat", "problem")),
        "n": (1, 2),
        "ship_by": (None, SECOND, -HOUR),
        "money": (orders.NOTHING, ("150", "20", "5", "70"), orders.AT_A_LOSS),
    },
    compose,
)
UNPAID = Space(
    "1688-unpaid",
    {
        "role": ("seller", "buyer"),
        "phase": ("unpaid",),
        "reason": REASONS,
        "placed_ago": (None, 0 * HOUR, 10 * SECOND - SECOND, 10 * SECOND, HOUR),
        "auto_cancel": (None, -9 * SECOND, -10 * SECOND, -HOUR, SECOND),
        "stock": (False, True),
        "contact": ("nothing", "refused", "asked_to_cancel"),
        "n": (1, 2),
        "kind": (None, "cancellation"),
        "ship_by": (None, SECOND),
    },
    compose,
)
REQUESTS = Space(
    "1688-requests",
    {
        "role": ("seller", "buyer"),
        "phase": PHASES,
        "kind": (None, *KINDS),
        "answer_by": (None, -HOUR, 0 * HOUR, SECOND),
        "return": RETURNS,
        "reason": ("out_of_stock", "buyer_asked", "buyer_unreachable", "price_error", "changed_mind"),
        "contact": ("nothing", "consented", "refused"),
        "n": (1, 2),
        "money": (orders.NOTHING, orders.USUAL),
    },
    compose,
)
DATES = Space(
    "1688-dates",
    {
        "as_of": ("2025-04-13T23:59:59+08:00", "2025-04-14T00:00:00+08:00", AS_OF),
        "known": (None, "2025-04-13T15:59:59+00:00", "2025-04-13T16:00:00+00:00"),
        "role": ("seller", "buyer"),
        "phase": PHASES,
        "reason": REASONS,
        "kind": (None, "cancellation"),
    },
    compose,
)
SPACES = (CONSENT, UNPAID, REQUESTS, DATES)

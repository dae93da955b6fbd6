"""Xiaohongshu's fact space: closing and inviting, parcels under way, requests, quota and rates, batches, dates."""

from __future__ import annotations

from tests.policy.sweep.contacts import STATES, contact
from tests.policy.sweep.space import DAY, HOUR, MINUTE, SECOND, Facts, Space, ago, money
from tests.policy.sweep.vocabulary import INTERCEPTIONS, KINDS, PHASES, REASONS, RETURNS

MID_MONTH = "2026-03-10T12:00:00+08:00"
NEAR_THE_FIRST = "2026-03-30T20:00:00+08:00"
EVIDENCE = ("chat", "problem", "order_detail")


def compose(x: Facts) -> dict:
    """Return the scenario of the facts; an axis that a space lacks has its ordinary value."""
    as_of = str(x.get("as_of", MID_MONTH))
    presale = bool(x.get("presale", False))
    window = 24 * HOUR if presale else 4 * HOUR
    paid = x.get("paid_ago", HOUR)
    if isinstance(paid, tuple):  # measured from the end of the window
        paid = window + paid[0]
    currency = str(x.get("currency", "CNY"))
    cost, out, back, price = x.get("money", ("40.00", "0.00", "0.00", "100.00"))
    order = {
        "phase": x.get("phase", "awaiting_shipment"),
        "sale_type": "presale" if presale else "in_stock",
        "paid_at": ago(as_of, paid),
        "ship_by": ago(as_of, x.get("ship_by")),
        "auto_cancel_at": ago(as_of, x.get("auto_cancel")),
        "stock_available": x.get("stock", False),
        "interception": x.get("interception", "none"),
        "return": x.get("return", "none"),
        "paid": money(price, currency),
        "goods_cost": money(cost, currency),
        "outbound_shipping_cost": money(out, currency),
        "return_shipping_cost": money(back, currency),
    }
    if x.get("kind"):
        order["request"] = {
            "kind": x["kind"],
            "reason": x.get("request_reason"),
            "opened_at": ago(as_of, x.get("opened", HOUR)),
            "answer_by": ago(as_of, x.get("answer_by")),
        }
    counted, orders = x.get("rates", (3, 500))
    health = {
        "closes_this_month": x.get("closes", 0),
        "credit_score": x.get("score", 100),
        "orders_in_window": orders,
        "counted_cancellations_in_window": counted,
    }
    store = {"platform": "xiaohongshu", "region": "CN", "currency": currency, "health": health}
    store["valuation"] = x.get("valuation") or {}
    return {
        "as_of": as_of,
        "store": store,
        "order": order,
        "intent": {"reason": x.get("reason", "out_of_stock"), "batch_size": x.get("n", 1)},
        "contact": contact(str(x.get("contact", "nothing")), as_of),
        "evidence": list(x.get("evidence", EVIDENCE)),
        "support_ticket": x.get("ticket"),
    }


_WINDOW = (HOUR, (-30 * MINUTE,), (-30 * MINUTE + SECOND,), (0 * HOUR,), (SECOND,), 60 * HOUR, None)

CLOSING = Space(
    "xiaohongshu-closing",
    {
        "reason": REASONS,
        "presale": (False, True),
        "paid_ago": _WINDOW,
        "contact": tuple(STATES),
        "stock": (False, True),
        "closes": (0, 3),
        "evidence": ((), EVIDENCE),
        "as_of": (MID_MONTH, NEAR_THE_FIRST),
        "bounds": ("none", "ship_ahead", "ship_past", "cancelled_soon"),
    },
    lambda x: compose({**x, **_BOUNDS[str(x["bounds"])]}),
)
_BOUNDS = {
    "none": {},
    "ship_ahead": {"ship_by": -10 * HOUR},
    "ship_past": {"ship_by": SECOND},
    "cancelled_soon": {"auto_cancel": -20 * HOUR, "ship_by": -3 * DAY},
}
TRANSIT = Space(
    "xiaohongshu-transit",
    {
        "phase": ("in_transit", "delivered"),
        "reason": REASONS,
        "interception": INTERCEPTIONS,
        "contact": tuple(STATES),
        "stock": (False, True),
        "closes": (0, 3),
        "evidence": (("chat", "order_detail"), EVIDENCE),
        "as_of": (MID_MONTH, NEAR_THE_FIRST),
        "money": (("0.00", "0.00", "0.00", "0.00"), ("40.00", "12.00", "9.50", "100.00")),
    },
    compose,
)
REQUESTS = Space(
    "xiaohongshu-requests",
    {
        "phase": PHASES,
        "kind": (None, *KINDS),
        "opened": (48 * HOUR, 48 * HOUR + SECOND),
        "answer_by": (None, -HOUR, 0 * HOUR, SECOND),
        "return": RETURNS,
        "interception": INTERCEPTIONS,
        "contact": ("nothing", "consented"),
        "n": (1, 2),
        "money": (
            ("0.00", "0.00", "0.00", "0.00"),
            ("40.00", "12.00", "9.50", "100.00"),
            ("5.00", "0.00", "30.00", "50.00"),
        ),
    },
    compose,
)
HEALTH = Space(
    "xiaohongshu-health",
    {
        "closes": (0, 2, 3, 4),
        "score": (100, 82, 81, 80, 79, 72, 71, 70, 62, 61, 60, 59),
        "rates": ((0, 0), (0, 19), (0, 20), (0, 50), (0, 49), (3, 200), (3, 199), (4, 99), (4, 100), (30, 20)),
        "reason": ("out_of_stock", "price_error", "malicious_order"),
        "paid_ago": (HOUR, (SECOND,)),
        "contact": ("nothing", "offered_just_now", "complete_after_offer"),
        "stock": (False,),
        "as_of": (
            MID_MONTH, "2026-03-25T00:00:00+08:00", "2026-03-24T23:59:59+08:00", "2026-03-31T23:59:59+08:00",
            "2026-04-01T00:00:00+08:00",
        ),
    },
    compose,
)  # fmt: skip
BATCH = Space(
    "xiaohongshu-batch",
    {
        "n": (1, 2, 4),
        "reason": REASONS,
        "phase": ("awaiting_shipment", "in_transit", "on_hold"),
        "paid_ago": ((0 * HOUR,), (SECOND,)),
        "contact": ("nothing", "announced_now", "consented", "refused"),
        "closes": (0, 1, 2),
        "ticket": (None, "T-1"),
        "evidence": ((), EVIDENCE),
        "stock": (False, True),
        "interception": ("none", "confirmed"),
        "rates": ((3, 500), (8, 500)),
    },
    compose,
)
MONEY = Space(
    "xiaohongshu-money",
    {
        "currency": ("CNY", "JPY", "MYR", "VND"),
        "money": (("0", "0", "0", "0"), ("150", "20", "5", "69"), ("150", "20", "5", "70"), ("9000", "0", "0", "1")),
        "reason": ("price_error", "force_majeure", "unwilling", "stock_damaged"),
        "stock": (False, True),
        "ship_by": (None, SECOND, 0 * HOUR, -HOUR, -25 * HOUR, -26 * HOUR),
        "valuation": (
            {}, {"quota_unit": "30", "gift": "7"}, {"person_task": "0", "coupon": "0"}, {"rate": "3"},
            {"p_silent": "0", "p_refuses": "0", "p_buyer_accepts": "1"}, {"p_silent": "0.25", "p_refuses": "0.05"},
            {"fallback_none": "11", "late_shipment": "1"},
        ),
        "contact": ("nothing", "offered_second_due", "final_due", "complete_after_offer", "refused"),
        "paid_ago": (HOUR, (-30 * MINUTE,), (SECOND,)),
    },
    compose,
)  # fmt: skip
DATES = Space(
    "xiaohongshu-dates",
    {
        "as_of": ("2024-12-31T23:59:59+08:00", "2025-01-01T00:00:00+08:00", MID_MONTH),
        "known": (None, "2024-12-31T15:59:59+00:00", "2024-12-31T16:00:00+00:00"),
        "phase": PHASES,
        "reason": REASONS,
        "kind": (None, "refund"),
        "auto_cancel": (None, SECOND, 0 * HOUR, -HOUR),
    },
    lambda x: {**compose(x), **({"known_by": x["known"]} if x["known"] else {})},
)
SPACES = (CLOSING, TRANSIT, REQUESTS, HEALTH, BATCH, MONEY, DATES)

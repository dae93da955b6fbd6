"""A scenario of a platform without Xiaohongshu's windows: the same fields, filled from the facts of a space."""

from __future__ import annotations

from tests.policy.sweep.contacts import contact
from tests.policy.sweep.space import HOUR, Facts, ago, money

NOTHING = ("0", "0", "0", "0")
AT_A_LOSS = ("150", "20", "5", "69")
USUAL = ("40", "12", "9", "100")


def compose(x: Facts, store: dict, as_of: str, language: str) -> dict:
    """Return the scenario; an axis that a space lacks has its ordinary value."""
    as_of = str(x.get("as_of", as_of))
    cost, out, back, price = x.get("money", NOTHING)
    currency = store["currency"]
    order = {
        "phase": x.get("phase", "awaiting_shipment"),
        "stock_available": x.get("stock", False),
        "return": x.get("return", "none"),
        "cross_border": x.get("cross_border", False),
        "interception": x.get("interception", "none"),
        "latest_delivery_at": x.get("latest_delivery"),
        "paid": money(price, currency),
        "goods_cost": money(cost, currency),
        "outbound_shipping_cost": money(out, currency),
        "return_shipping_cost": money(back, currency),
    }
    for name, axis in (
        ("placed_at", "placed_ago"),
        ("paid_at", "paid_ago"),
        ("ship_by", "ship_by"),
        ("auto_cancel_at", "auto_cancel"),
    ):
        order[name] = ago(as_of, x.get(axis))
    if x.get("kind"):
        order["request"] = {
            "kind": x["kind"],
            "reason": x.get("request_reason"),
            "opened_at": ago(as_of, x.get("opened", HOUR)),
            "answer_by": ago(as_of, x.get("answer_by")),
        }
    counted, orders = x.get("rates", (0, 100))
    store["health"] = {
        "penalty_points": x.get("points", 0),
        "orders_in_window": orders,
        "counted_cancellations_in_window": counted,
    }
    scenario = {
        "as_of": as_of,
        "store": store,
        "order": order,
        "intent": {"reason": x.get("reason", "out_of_stock"), "batch_size": x.get("n", 1)},
        "contact": contact(str(x.get("contact", "nothing")), as_of, language),
        "evidence": list(x.get("evidence", ())),
        "support_ticket": x.get("ticket"),
    }
    if x.get("known"):
        scenario["known_by"] = x["known"]
    return scenario

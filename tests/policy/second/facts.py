"""A scenario (plain dict in the JSON shape) as named facts, with the defaults of the exchange format.

Instants are whole seconds since 1970 (READINGS: instants compare to the second); money is an exact fraction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 24 * HOUR

SHOPEE_ZONES = {
    "SG": "Asia/Singapore",
    "MY": "Asia/Kuala_Lumpur",
    "TW": "Asia/Taipei",
    "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh",
    "PH": "Asia/Manila",
    "ID": "Asia/Jakarta",
    "BR": "America/Sao_Paulo",
    "MX": "America/Mexico_City",
}
IN_FORCE = {
    "xiaohongshu": (2025, 1, 1),
    "alibaba_1688": (2025, 4, 14),
    "tiktok_shop": (2025, 10, 28),
    "shopee": (2025, 11, 11),
}
# Hours a buyer's request may stay unanswered when the platform gives no deadline: (not shipped, shipped).
ANSWER_HOURS = {
    "xiaohongshu": (48, 48),
    "tiktok_shop": (48, 48),
    "shopee": (24, None),
    "alibaba_1688": (None, None),
}
NOT_SHIPPED = ("on_hold", "awaiting_shipment", "awaiting_collection")
SHIPPED = ("in_transit", "delivered", "completed")
CONSENT = ("consents", "asks_to_cancel")


def instant(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def amount(money: dict | None) -> Fraction:
    return Fraction(money["amount"]) if money else Fraction(0)


def zone_of(store: dict) -> ZoneInfo:
    if store.get("time_zone"):
        return ZoneInfo(store["time_zone"])
    platform = store["platform"]
    if platform == "tiktok_shop":
        return ZoneInfo("Asia/Tokyo")
    if platform == "shopee":
        return ZoneInfo(SHOPEE_ZONES.get(store["region"], "UTC"))
    return ZoneInfo("Asia/Shanghai")


def in_order(messages: list[dict]) -> list[SimpleNamespace]:
    read = [
        SimpleNamespace(at=instant(m["at"]), purpose=m["purpose"], announced=instant(m.get("announced_close_at")))
        for m in messages
    ]
    return sorted(read, key=lambda m: m.at)


def read(scenario: dict) -> SimpleNamespace:
    store, order, intent = scenario["store"], scenario["order"], scenario["intent"]
    health, contact = store.get("health") or {}, scenario.get("contact") or {}
    f = SimpleNamespace(
        id=scenario.get("id"),
        as_of=instant(scenario["as_of"]),
        known_by=instant(scenario.get("known_by") or scenario["as_of"]),
        platform=store["platform"],
        region=store["region"],
        seller=store.get("role", "seller") == "seller",
        currency=store["currency"],
        zone=zone_of(store),
        valuation=store.get("valuation") or {},
        closes=health.get("closes_this_month", 0),
        score=health.get("credit_score", 100),
        points=health.get("penalty_points", 0),
        orders=health.get("orders_in_window", 0),
        counted=health.get("counted_cancellations_in_window", 0),
        phase=order["phase"],
        presale=order.get("sale_type", "in_stock") == "presale",
        cross_border=order.get("cross_border", False),
        stock=order.get("stock_available", True),
        interception=order.get("interception", "none"),
        returning=order.get("return", "none"),
        reason=intent["reason"],
        n=intent.get("batch_size", 1),
        messages=in_order(contact.get("messages") or []),
        reply=contact.get("reply", "none"),
        replied_at=instant(contact.get("replied_at")),
        evidence=set(scenario.get("evidence") or []),
        ticket=scenario.get("support_ticket"),
    )
    for name in ("placed_at", "paid_at", "ship_by", "latest_delivery_at", "auto_cancel_at"):
        setattr(f, name, instant(order.get(name)))
    for name in ("paid", "goods_cost", "outbound_shipping_cost", "return_shipping_cost"):
        setattr(f, name, amount(order.get(name)))
    if f.platform == "xiaohongshu" and f.phase == "awaiting_collection":
        f.phase = "in_transit"
    f.not_shipped, f.shipped = f.phase in NOT_SHIPPED, f.phase in SHIPPED
    f.consent = f.reply in CONSENT
    f.request = request_of(f, order.get("request"))
    batch_matters = f.request is None and f.phase not in ("unpaid", "on_hold")
    f.n = f.n if batch_matters else 1
    f.false_reason = false_reason(f)
    set_bounds(f)
    return f


def request_of(f: SimpleNamespace, given: dict | None) -> SimpleNamespace | None:
    """Return the open request; goods on their way back count as one. A request on an unpaid order is ignored."""
    if f.phase == "unpaid":
        return None
    if given is None:
        if f.returning == "none" or f.phase == "completed":
            return None
        return SimpleNamespace(kind="return_refund", reason=None, deadline=None)
    kind = "return_refund" if f.returning != "none" else given["kind"]
    deadline = instant(given.get("answer_by"))
    hours = ANSWER_HOURS[f.platform][0 if f.not_shipped else 1]
    if deadline is None and hours is not None and given.get("opened_at") and f.seller:
        deadline = instant(given["opened_at"]) + hours * HOUR
    return SimpleNamespace(kind=kind, reason=given.get("reason"), deadline=deadline)


def false_reason(f: SimpleNamespace) -> bool:
    if f.platform == "alibaba_1688" and f.phase == "unpaid":
        return False
    return (
        (f.reason == "out_of_stock" and f.stock)
        or (f.reason == "buyer_asked" and f.reply != "asks_to_cancel")
        or (f.reason == "buyer_unreachable" and f.reply != "none")
    )


def set_bounds(f: SimpleNamespace) -> None:
    f.hard = [b for b in (f.request.deadline if f.request else None, f.auto_cancel_at) if b is not None]
    f.soft = None
    if f.not_shipped:
        f.soft = f.ship_by
        if f.soft is None and f.platform == "xiaohongshu" and not f.presale and f.paid_at is not None:
            f.soft = f.paid_at + 48 * HOUR
    every = f.hard + ([f.soft] if f.soft is not None else [])
    ahead = [b for b in every if b >= f.as_of]
    f.act_by = min(ahead) if ahead else max(every, default=None)
    f.horizon = horizon(f, f.as_of)


def horizon(f: SimpleNamespace, now: int) -> int:
    return min((b for b in f.hard if b >= now), default=now + 7 * DAY)


def midnight(zone: ZoneInfo, year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=zone).timestamp())


def local(f: SimpleNamespace, at: int) -> datetime:
    return datetime.fromtimestamp(at, f.zone)


def next_first(f: SimpleNamespace, now: int) -> int:
    day = local(f, now)
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return midnight(f.zone, year, month, 1)


def same_month(f: SimpleNamespace, one: int, other: int) -> bool:
    a, b = local(f, one), local(f, other)
    return (a.year, a.month) == (b.year, b.month)


def rules_in_force(f: SimpleNamespace) -> bool:
    since = midnight(f.zone, *IN_FORCE[f.platform])
    return f.as_of >= since and f.known_by >= since


def written(f: SimpleNamespace, at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()

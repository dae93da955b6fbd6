"""One TikTok Shop order -> the fields of one canonical order. Pure: dict in, dict out (API.md section 3.4).

Money goes exactly into minor units, instants stay epoch seconds, words go through `words`. What did not arrive is
named in ``absent``; what no table knows becomes ``unknown`` and is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from adapters.tiktok_shop import words
from adapters.tiktok_shop.payloads import Address, OrderRow, Unit
from gateway.errors import DataError
from gateway.model.money import to_minor
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState, SaleType
from gateway.model.store import Store
from gateway.ports import Unmapped

ON_HOLD_SECONDS = 3600
"""A buyer cancels freely in the first hour after paying; nothing may be shipped before (section 3.3)."""

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "sale_type": ("order_type",),
    "paid_at": ("paid_time",),
    "ship_by": ("rts_sla_time",),
    "collect_by": ("tts_sla_time",),
    "shipped_at": ("collection_time",),
    "latest_delivery_at": ("delivery_sla_time",),
    "delivered_at": ("delivery_time",),
    "auto_cancel_at": ("cancel_order_sla_time", "shipping_due_time", "collection_due_time", "delivery_due_time"),
    "total_minor": ("payment",),
    "shipping_minor": ("payment",),
    "note": ("seller_note",),
    "buyer_message": ("buyer_message",),
    "lines": ("line_items",),
    "packages": ("packages", "line_items"),
    "payments": ("payment_method_name",),
    "buyer": ("user_id",),
}
"""Canonical field -> the fields of the platform it comes from. Those of an ending are missing while there is none."""

_NEVER_TOLD = frozenset({"cross_border", "can_cancel", "can_cancel_lines", "refunded_minor", "returnable_until"})
"""No field of an order says this: the shop's seller type, eligibility and returns do."""

_NEEDED = ("id", "status", "create_time", "update_time")
_DETAILS = (
    "order_type", "fulfillment_type", "shipping_type", "delivery_type", "split_or_combine_tag", "is_on_hold_order",
    "is_buyer_request_cancel", "request_cancel_time", "is_sample_order",
)  # fmt: skip
_IDS = ("warehouse_id", "delivery_option_id", "shipping_provider_id")
_LEVELS = {"L1": "state", "L2": "city", "L3": "district", "L4": "town"}
_GONE = frozenset({FulfillmentState.shipped, FulfillmentState.delivered})
_LEFT = _GONE | {FulfillmentState.partly_shipped}
"""Until something has left, an order's times of collection and delivery are plans: sandbox orders carry them."""
_STEPS = tuple(FulfillmentState)


class Unmappable(DataError):
    """A field that cannot be carried over exactly. The text names the field and the rule, never the value."""


def minor(amount: str | None, currency: str, field: str) -> int | None:
    """Return an amount in minor units, None for none. Raises Unmappable when it has more decimals than allowed."""
    if not amount:
        return None
    try:
        return to_minor(amount, currency)
    except (DataError, ArithmeticError, ValueError) as fault:
        raise Unmappable(f"{field}: not a whole number of {currency} minor units") from fault


def order_fields(row: OrderRow, store: Store) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical order and the words no table knows, each once.

    Raises Unmappable when id, status, creation or update time is missing, or an amount is not exact.
    """
    get: Callable[[str], Any] = row.get
    missing = next((name for name in _NEEDED if not get(name)), None)
    if missing is not None:
        raise Unmappable(f"{missing}: missing")
    order_id, status, units, paid = str(get("id")), str(get("status")), get("line_items") or (), get("payment") or {}
    currency = paid.get("currency") or (units[0].get("currency") if units else None) or store.currency
    unmapped: dict[Unmapped, None] = {}

    def meant(table: Mapping[str, Any], where: str, word: str | None, unknown: Any) -> Any:
        if word and word not in table:
            unmapped[Unmapped(order_id, where, word)] = None
        return table.get(word, unknown) if word else None

    standing = meant(words.ORDER_STATUS, "status", status, words.UNKNOWN_STATUS)
    payment = _payment(row, standing)
    address = _recipient(get("recipient_address"))
    total, reason = minor(paid.get("total_amount"), currency, "payment.total_amount"), get("cancel_reason") or ""
    ended_by = meant(words.ENDED_BY, "cancellation_initiator", get("cancellation_initiator"), EndedBy.unknown)
    end_reason = meant(words.END_REASON, "cancel_reason", reason, EndReason.unknown)
    ended, fulfillment = standing.closure is Closure.cancelled, _fulfillment(row, standing)
    left = fulfillment in _LEFT
    method, lines = get("payment_method_name"), _lines(units, currency, meant)
    fields = {
        "store": store.id,
        "order_id": order_id,
        "raw_status": status,
        "raw_details": {name: _text(get(name)) for name in _DETAILS if get(name) not in {None, ""}},
        "platform_ids": {name: get(name) for name in _IDS if get(name)},
        "replaces": get("replaced_order_id") or get("exchange_source_order_id") or "",
        "payment": payment,
        "fulfillment": fulfillment,
        "closure": standing.closure,
        "region": (get("recipient_address") or {}).get("region_code") or store.region,
        "currency": currency,
        "sale_type": meant(words.SALE_TYPE, "order_type", get("order_type"), SaleType.in_stock) or SaleType.in_stock,
        "placed_at": get("create_time"),
        "updated_at": get("update_time"),
        "paid_at": get("paid_time") or None,
        "ship_from": _ship_from(row),
        "ship_by": get("rts_sla_time") or None,
        "collect_by": get("tts_sla_time") or None,
        "shipped_at": (get("collection_time") or None) if left else None,
        "latest_delivery_at": get("delivery_sla_time") or None,
        "delivered_at": (get("delivery_time") or None) if left else None,
        "auto_cancel_at": _auto_cancel_at(row),
        "ended_at": (get("cancel_time") or None) if ended else None,
        "ended_by": (ended_by or EndedBy.unknown) if ended else None,
        "ended_by_raw": get("cancellation_initiator") or "",
        "end_reason": (end_reason or EndReason.unknown) if ended else None,
        "end_reason_raw": reason,
        "buyer_reason_raw": reason if ended_by is EndedBy.buyer else "",
        "total_minor": total,
        "shipping_minor": minor(paid.get("shipping_fee"), currency, "payment.shipping_fee"),
        "note": get("seller_note") or "",
        "buyer_message": get("buyer_message") or "",
        "lines": lines,
        "packages": _packages(row, units, lines, meant),
        "payments": [{"method": method, "state": payment, "amount_minor": total, "paid_at": get("paid_time") or None}]
        if method
        else [],
        "buyer": {"buyer_id": get("user_id")} if get("user_id") else None,
        "recipient": address,
        "absent": _NEVER_TOLD.union(
            {name for name, keys in _SOURCES.items() if all(get(key) is None for key in keys)},
            () if address else {"recipient"},
        ),
    }
    return fields, list(unmapped)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _payment(row: OrderRow, standing: words.Standing) -> PaymentState:
    if row.get("paid_time") and standing.payment is not PaymentState.unpaid:
        return PaymentState.paid
    if row.get("is_cod"):
        return PaymentState.on_delivery
    if standing.payment is not None:
        return standing.payment
    return PaymentState.unpaid if standing.closure is Closure.cancelled else PaymentState.unknown


def _fulfillment(row: OrderRow, standing: words.Standing) -> FulfillmentState:
    if standing.fulfillment in {FulfillmentState.to_ship, FulfillmentState.arranged}:
        # The status names the unit that is furthest behind; goods that have left are a fact all the same.
        words_told = [unit.get("display_status") or "" for unit in row.get("line_items") or ()]
        states = {words.UNIT_STATUS.get(word) for word in words_told if word not in words.ENDED_UNIT}
        if states & _GONE:
            return FulfillmentState.shipped if states <= _GONE else FulfillmentState.partly_shipped
    if standing.fulfillment is not None:
        return standing.fulfillment
    if row.get("delivery_time"):
        return FulfillmentState.delivered
    if row.get("collection_time"):
        return FulfillmentState.shipped
    if standing.closure is Closure.cancelled:
        return FulfillmentState.not_due
    return FulfillmentState.arranged if row.get("rts_time") else FulfillmentState.delivered


def _ship_from(row: OrderRow) -> int | None:
    """Return when shipping may begin: a presale's release, or the end of the hour in which the buyer is free."""
    if row.get("release_date"):
        return row.get("release_date")
    paid, status = row.get("paid_time"), row.get("status")
    # Where an order does not pass through ON_HOLD, the hour is the first one of AWAITING_SHIPMENT.
    held = status == "ON_HOLD" or (status == "AWAITING_SHIPMENT" and row.get("is_on_hold_order") is False)
    return paid + ON_HOLD_SECONDS if paid and held else None


def _auto_cancel_at(row: OrderRow) -> int | None:
    """Return when the platform ends an order that does not get on: by what it waits for now."""
    step = {"AWAITING_COLLECTION": "collection_due_time", "IN_TRANSIT": "delivery_due_time"}
    status = row.get("status") or ""
    get: Callable[[str], Any] = row.get
    due = get(step.get(status, "shipping_due_time"))
    return min((moment for moment in (due, get("cancel_order_sla_time")) if moment), default=None)


def by_age(ids: Sequence[str]) -> list[str]:
    """Return ids of units in the order of their numbers, so that the first one is always the same."""
    return sorted(ids, key=lambda each: (len(each), each))


def _lines(units: Sequence[Unit], currency: str, meant: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return one line for the equal units of a SKU. Equal is what never changes: SKU, prices, gift or not.

    A line's id is its SKU's; where a SKU has several lines, all but the one with the oldest unit add theirs. How many
    units ended is counted, so that the line stays the same one. Raises Unmappable for a unit without id or SKU.
    """
    if not all(unit.get("id") and unit.get("sku_id") for unit in units):
        raise Unmappable("line_items: an entry without id or sku_id")
    alike: dict[tuple[Any, ...], list[Unit]] = {}
    for unit in units:
        same = tuple(unit.get(name) for name in ("sku_id", "sale_price", "original_price", "is_gift"))
        alike.setdefault(same, []).append(unit)
    groups = [(by_age([str(unit.get("id")) for unit in group]), group) for group in alike.values()]
    groups.sort(key=lambda each: (str(each[1][0].get("sku_id")), len(each[0][0]), each[0][0]))
    lines = {
        ids[0]: _line(group, ids, str(sku) if place == 0 else f"{sku}:{ids[0]}", currency, meant)
        for sku, same in groupby(groups, lambda each: each[1][0].get("sku_id"))
        for place, (ids, group) in enumerate(same)
    }
    return [lines[first] for first in by_age(list(lines))]


def _line(
    group: Sequence[Unit], ids: Sequence[str], line_id: str, currency: str, meant: Callable[..., Any]
) -> dict[str, Any]:
    get: Callable[[str], Any] = group[0].get
    ended = [unit for unit in group if unit.get("display_status") in words.ENDED_UNIT]
    by, reason = (ended[0].get("cancel_user"), ended[0].get("cancel_reason")) if ended else (None, None)
    return {
        "line_id": line_id,
        "product_id": get("product_id") or "",
        "variant_id": get("sku_id"),
        "sku": get("seller_sku") or None,
        "title": get("product_name") or "",
        "variant": get("sku_name") or "",
        "quantity": len(group),
        "cancelled": len(ended),
        "unit_price_minor": minor(get("sale_price"), currency, "line_items.sale_price"),
        "list_price_minor": minor(get("original_price"), currency, "line_items.original_price"),
        "gift": bool(get("is_gift")),
        "ended_by": meant(words.ENDED_BY, "line_items.cancel_user", by, EndedBy.unknown),
        "end_reason": meant(words.END_REASON, "cancel_reason", reason, EndReason.unknown),
        "end_reason_raw": reason or "",
        "unit_ids": ids,
    }


def _packages(
    row: OrderRow, units: Sequence[Unit], lines: Sequence[Mapping[str, Any]], meant: Callable[..., Any]
) -> list[dict[str, Any]]:
    """Return the parcels an order names, and those its units lie in (section 3.4)."""
    numbers = [ref.get("id") for ref in row.get("packages") or ()] + [unit.get("package_id") for unit in units]
    return [
        _package(number, [unit for unit in units if unit.get("package_id") == number], lines, meant)
        for number in dict.fromkeys(numbers)
        if number
    ]


def _package(
    number: str, inside: Sequence[Unit], lines: Sequence[Mapping[str, Any]], meant: Callable[..., Any]
) -> dict[str, Any]:
    first: Mapping[str, Any] = inside[0] if inside else {}
    going = [unit for unit in inside if unit.get("display_status") not in words.ENDED_UNIT] or inside
    unknown = FulfillmentState.unknown
    states = {
        meant(words.UNIT_STATUS, "line_items.display_status", unit.get("display_status"), unknown)
        or meant(words.PACKAGE_STATUS, "line_items.package_status", unit.get("package_status"), unknown)
        or unknown
        for unit in going
    }
    ids = {str(unit.get("id")) for unit in inside}
    held = {line["line_id"]: [each for each in line["unit_ids"] if each in ids] for line in lines}
    return {
        "package_id": number,
        "state": unknown if unknown in states or not states else min(states, key=_STEPS.index),
        "raw_status": first.get("package_status") or "",
        "carrier": first.get("shipping_provider_name") or "",
        "tracking_number": first.get("tracking_number") or "",
        "lines": [{"line_id": line, "quantity": len(each), "unit_ids": each} for line, each in held.items() if each],
    }


def _recipient(address: Address | None) -> dict[str, Any] | None:
    """Return who receives, None while the platform hides it altogether, as during the hour of ON_HOLD."""
    if not address:
        return None
    levels = {
        _LEVELS[level]: each.get("address_name") or ""
        for each in address.get("district_info") or ()
        if (level := each.get("address_level") or "") in _LEVELS
    }
    katakana = (address.get("last_name_local_script"), address.get("first_name_local_script"))
    fields = {
        "name": address.get("name") or "",
        "name_katakana": " ".join(part for part in katakana if part),
        "phone": address.get("phone_number") or "",
        "postal_code": address.get("postal_code") or "",
        "full_address": address.get("full_address") or "",
        **levels,
    }
    if not any(fields.values()):
        return None
    masked = {name for name, value in fields.items() if "*" in value}
    return {**fields, "region": address.get("region_code") or "", "masked": masked}

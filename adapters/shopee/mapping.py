"""One Shopee order -> the fields of one canonical order. Pure: dict in, dict out (API.md section 5).

Money goes exactly into minor units, instants stay epoch seconds (0 means "none" here), words go through `words`.
What did not arrive is named in ``absent``; what no table knows becomes ``unknown`` and is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

from adapters.shopee import words
from adapters.shopee.lines import Unmappable, items_of, line_fields, minor, package_fields, told, untracked
from adapters.shopee.parameters import CANCELLATION
from adapters.shopee.payloads import Address, OrderRow
from gateway.model.after_sale import AfterSaleReason, RequestKind, RequestState
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState
from gateway.model.store import Store
from gateway.ports import Unmapped

_SOURCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cross_border", ("fulfillment_flag",)),
    ("paid_at", ("pay_time",)),
    ("ship_by", ("ship_by_date",)),
    ("shipped_at", ("pickup_done_time",)),
    ("returnable_until", ("return_request_due_date",)),
    ("ended_by", ("cancel_by",)),
    ("ended_by_raw", ("cancel_by",)),
    ("end_reason", ("cancel_reason",)),
    ("end_reason_raw", ("cancel_reason",)),
    ("buyer_reason_raw", ("buyer_cancel_reason",)),
    ("total_minor", ("total_amount",)),
    ("shipping_minor", ("actual_shipping_fee", "estimated_shipping_fee")),
    ("can_cancel", ("can_full_cancel_order",)),
    ("can_cancel_lines", ("can_partial_cancel_order",)),
    ("note", ("note",)),
    ("buyer_message", ("message_to_seller",)),
    ("lines", ("item_list",)),
    ("packages", ("package_list",)),
    ("payments", ("payment_method", "payment_info")),
    ("buyer", ("buyer_user_id", "buyer_username")),
    ("recipient", ("recipient_address",)),
)
"""Canonical field -> the fields of the platform it comes from."""

_NEVER_TOLD = frozenset({
    "sale_type", "ship_from", "collect_by", "latest_delivery_at", "delivered_at", "auto_cancel_at", "ended_at",
    "refunded_minor",
})  # fmt: skip
"""`get_order_detail` has no field for these: they stay what is stored, or unknown."""

OPTIONAL_FIELDS = (
    "buyer_user_id,buyer_username,estimated_shipping_fee,recipient_address,actual_shipping_fee,note,item_list,pay_time,"
    "buyer_cancel_reason,cancel_by,cancel_reason,fulfillment_flag,pickup_done_time,package_list,payment_method,"
    "total_amount,return_request_due_date,payment_info"
)
"""What is asked for beside the default fields: all that the canonical order uses, and no more."""

_NEEDED: tuple[Literal["order_sn", "order_status", "region", "currency", "create_time", "update_time"], ...] = (
    "order_sn", "order_status", "region", "currency", "create_time", "update_time",
)  # fmt: skip
_LEFT = frozenset({FulfillmentState.shipped, FulfillmentState.delivered})
_NOT_YET = frozenset({FulfillmentState.to_ship, FulfillmentState.arranged, FulfillmentState.held})


def order_fields(row: OrderRow, store: Store, tracking: Mapping[str, str]) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical order and the words no table knows.

    ``tracking`` holds tracking numbers by parcel. Raises Unmappable when something the canonical order cannot do
    without is missing (number, status, region, currency, creation and update time) or an amount is not exact.
    """
    get: Callable[[str], Any] = row.get
    order_id, status, region, currency = get("order_sn"), get("order_status"), get("region"), get("currency")
    placed_at, updated_at = get("create_time"), get("update_time")
    if not (order_id and status and region and currency and placed_at and updated_at):
        raise Unmappable(f"{next(name for name in _NEEDED if not get(name))}: missing")
    unmapped: list[Unmapped] = []
    standing = words.ORDER_STATUS.get(status)
    if standing is None:
        standing = words.UNKNOWN_STATUS
        unmapped.append(Unmapped(order_id, "order_status", status))
    lines = line_fields(row, currency)
    packages = package_fields(row, lines, order_id, tracking, unmapped)
    total, paid_at = minor(get("total_amount"), currency, "total_amount"), get("pay_time") or None
    payment = _payment(row, standing)
    ended_by, end_reason = _ending(row, standing, order_id, unmapped)
    fields: dict[str, Any] = {
        "store": store.id,
        "order_id": order_id,
        "raw_status": status,
        "payment": payment,
        "fulfillment": _fulfillment(standing, packages),
        "closure": standing.closure,
        "region": region,
        "currency": currency,
        "cross_border": _cross_border(row, order_id, unmapped),
        "placed_at": placed_at,
        "updated_at": updated_at,
        "paid_at": paid_at,
        "ship_by": get("ship_by_date") or None,
        "shipped_at": get("pickup_done_time") or None,
        "returnable_until": get("return_request_due_date") or None,
        "ended_by": ended_by,
        "ended_by_raw": get("cancel_by") or "",
        "end_reason": end_reason,
        "end_reason_raw": get("cancel_reason") or "",
        "buyer_reason_raw": get("buyer_cancel_reason") or "",
        "total_minor": total,
        "shipping_minor": _shipping(row, currency),
        "can_cancel": get("can_full_cancel_order"),
        "can_cancel_lines": get("can_partial_cancel_order"),
        "note": get("note") or "",
        "buyer_message": get("message_to_seller") or "",
        "lines": lines,
        "packages": packages,
        "payments": _payments(row, payment, currency, total, paid_at),
        "buyer": _buyer(row),
        "recipient": _recipient(get("recipient_address")),
        "absent": _absent(row, tracking),
    }
    fields["requests"] = _requests(fields, unmapped)
    return fields, unmapped


def _absent(row: OrderRow, tracking: Mapping[str, str]) -> frozenset[str]:
    absent = _untold(tuple(row))
    for package in row.get("package_list") or ():
        if untracked(package, tracking):
            absent |= {"packages.tracking_number"}
        for item in items_of(package):
            if item.get("model_quantity") is None:
                absent |= {"packages.lines"}
    return absent


@lru_cache(maxsize=256)  # one platform sends few different sets of fields
def _untold(told: tuple[str, ...]) -> frozenset[str]:
    """Return the canonical fields for which none of the fields told says anything."""
    return _NEVER_TOLD.union(name for name, keys in _SOURCES if not set(keys).intersection(told))


def _with_masked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a person with the names of those that the platform hides, wholly or partly."""
    if "*" in "".join(fields.values()):
        return {**fields, "masked": {name for name, value in fields.items() if "*" in value}}
    return fields


def _payment(row: OrderRow, standing: words.Standing) -> PaymentState:
    if standing.payment is PaymentState.unpaid:
        return PaymentState.on_delivery if row.get("cod") else PaymentState.unpaid
    if row.get("pay_time"):
        return PaymentState.paid
    if row.get("cod"):
        return PaymentState.on_delivery
    if standing.payment is not None:
        return standing.payment
    # Section 5: `pay_time` is null or missing while unpaid. An unknown status proves nothing.
    return PaymentState.unpaid if standing.closure is Closure.cancelled else PaymentState.unknown


def _fulfillment(standing: words.Standing, packages: list[dict[str, Any]]) -> FulfillmentState:
    told = standing.fulfillment
    if told is not None and told not in _NOT_YET:
        return told
    states = {package["state"] for package in packages} - {FulfillmentState.not_due}
    if told is not None:
        # The status names the parcel that is furthest behind; goods that have left are a fact all the same.
        return _of_parcels(states) if states & _LEFT else told
    if standing.closure is Closure.cancelled and not states & _LEFT:
        return FulfillmentState.not_due
    return _of_parcels(states)


def _of_parcels(states: set[FulfillmentState]) -> FulfillmentState:
    if states & _LEFT and not states <= _LEFT:
        return FulfillmentState.partly_shipped
    if FulfillmentState.shipped in states:
        return FulfillmentState.shipped
    if FulfillmentState.unknown in states:
        return FulfillmentState.unknown
    return states.pop() if len(states) == 1 else FulfillmentState.to_ship


def _ending(
    row: OrderRow, standing: words.Standing, order_id: str, unmapped: list[Unmapped]
) -> tuple[EndedBy | None, EndReason | None]:
    by_word, why_word = row.get("cancel_by") or "", row.get("cancel_reason") or ""
    by = words.CANCEL_BY.get(words.plain(by_word)) if by_word else None
    why = words.CANCEL_REASON.get(words.plain(why_word)) if why_word else None
    if by_word and by is None:
        unmapped.append(Unmapped(order_id, "cancel_by", by_word))
    if why_word and why is None:
        unmapped.append(Unmapped(order_id, "cancel_reason", why_word))
    if standing.closure is not Closure.cancelled:
        return None, None
    return (
        (by or EndedBy.unknown) if "cancel_by" in row else None,
        (why or EndReason.unknown) if "cancel_reason" in row else None,
    )


def _requests(fields: Mapping[str, Any], unmapped: list[Unmapped]) -> list[dict[str, Any]]:
    """Return the buyer's open cancellation request, which Shopee keeps in the order's status (section 6).

    An order that is not IN_CANCEL carries none: whoever stored an open one settles it, done when the order is
    cancelled, else withdrawn, for the platform does not tell a withdrawal from a rejection. When the request was
    opened is not told either; the update time of the first reading that shows it comes nearest.
    """
    raw, order_id = fields["buyer_reason_raw"], fields["order_id"]
    reason = words.BUYER_CANCEL_REASON.get(words.plain(raw)) if raw else None
    if raw and reason is None:
        reason = AfterSaleReason.unknown
        unmapped.append(Unmapped(order_id, "buyer_cancel_reason", raw))
    if fields["raw_status"] != "IN_CANCEL":
        return []
    lines = fields["lines"]
    if any(line.get("cancel_requested", 0) > 0 for line in lines):
        asked = [(line["line_id"], line.get("cancel_requested", 0)) for line in lines]
    else:
        asked = [(line["line_id"], line["quantity"] - line.get("cancelled", 0)) for line in lines]
    return [
        {
            "store": fields["store"],
            "order_id": order_id,
            "request_id": f"{CANCELLATION}{order_id}",
            "kind": RequestKind.cancellation,
            "state": RequestState.open,
            "in_order": True,
            "raw_status": fields["raw_status"],
            "reason": reason,
            "reason_raw": raw,
            "opened_at": fields["updated_at"],
            "updated_at": fields["updated_at"],
            "currency": fields["currency"],
            "lines": [{"line_id": line_id, "quantity": units} for line_id, units in asked if units > 0],
        }
    ]


def _payments(
    row: OrderRow, state: PaymentState, currency: str, total: int | None, paid_at: int | None
) -> list[dict[str, Any]]:
    parts = row.get("payment_info")
    if parts:
        return [
            {
                "payment_id": part.get("transaction_id") or "",
                "method": part.get("payment_method") or "",
                "state": state,
                "amount_minor": minor(part.get("payment_amount"), currency, "payment_info.payment_amount"),
                "paid_at": paid_at,
            }
            for part in parts
        ]
    method = row.get("payment_method")
    return [{"method": method, "state": state, "amount_minor": total, "paid_at": paid_at}] if method else []


def _shipping(row: OrderRow, currency: str) -> int | None:
    actual = row.get("actual_shipping_fee")
    if actual is not None:
        return minor(actual, currency, "actual_shipping_fee")
    return minor(row.get("estimated_shipping_fee"), currency, "estimated_shipping_fee")


def _cross_border(row: OrderRow, order_id: str, unmapped: list[Unmapped]) -> bool | None:
    flag = row.get("fulfillment_flag") or ""
    if flag and flag not in words.FULFILLED_ACROSS_BORDER:
        unmapped.append(Unmapped(order_id, "fulfillment_flag", flag))
    return words.FULFILLED_ACROSS_BORDER.get(flag)


def _buyer(row: OrderRow) -> Mapping[str, Any] | None:
    number, name = row.get("buyer_user_id") or "", row.get("buyer_username") or ""
    return _with_masked({"buyer_id": number, "name": name}) if number or name else None


def _recipient(address: Address | None) -> Mapping[str, Any] | None:
    if address is None:
        return None
    return _with_masked(told(address))

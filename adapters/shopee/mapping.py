"""One Shopee order -> the fields of one canonical order. Pure: dict in, dict out (API.md section 5).

Money goes exactly into minor units, instants stay epoch seconds (0 means "none" here), words go through `words`.
What did not arrive is named in ``absent``; what no table knows becomes ``unknown`` and is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.shopee import words
from adapters.shopee.payloads import Address, Amount, Id, OrderItem, OrderRow, PackageItem, PackageRow, text_of
from gateway.errors import DataError
from gateway.model.after_sale import AfterSaleReason, RequestKind, RequestState
from gateway.model.money import to_minor
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

_NEVER_TOLD = frozenset({"sale_type", "latest_delivery_at", "delivered_at", "auto_cancel_at", "ended_at"})
"""`get_order_detail` has no field for these: they stay what is stored, or unknown."""

OPTIONAL_FIELDS = (
    "buyer_user_id,buyer_username,estimated_shipping_fee,recipient_address,actual_shipping_fee,note,item_list,pay_time,"
    "buyer_cancel_reason,cancel_by,cancel_reason,fulfillment_flag,pickup_done_time,package_list,payment_method,"
    "total_amount,return_request_due_date,payment_info"
)
"""What is asked for beside the default fields: all that the canonical order uses, and no more."""

_LEFT = frozenset({FulfillmentState.shipped, FulfillmentState.delivered})
_NOT_YET = frozenset({FulfillmentState.to_ship, FulfillmentState.arranged, FulfillmentState.held})


class Unmappable(DataError):
    """A field that cannot be carried over exactly. The text names the field and the rule, never the value."""


def minor(amount: Amount, currency: str, field: str) -> int | None:
    """Return an amount in minor units, None for null. Raises Unmappable when it has more decimals than allowed."""
    if amount is None:
        return None
    try:
        return to_minor(amount, currency)
    except (DataError, ArithmeticError, ValueError) as fault:
        raise Unmappable(f"{field}: not a whole number of {currency} minor units") from fault


def order_fields(row: OrderRow, store: Store, tracking: Mapping[str, str]) -> tuple[dict[str, Any], list[Unmapped]]:
    """Return the fields of the canonical order and the words no table knows.

    ``tracking`` holds tracking numbers by parcel. Raises Unmappable when something the canonical order cannot do
    without is missing (number, status, region, currency, creation and update time) or an amount is not exact.
    """
    for name in ("order_sn", "order_status", "region", "currency", "create_time", "update_time"):
        if not row.get(name):
            raise Unmappable(f"{name}: missing")
    order_id, status, currency = str(row.get("order_sn")), str(row.get("order_status")), str(row.get("currency"))
    unmapped: list[Unmapped] = []
    standing = words.ORDER_STATUS.get(status)
    if standing is None:
        standing = words.UNKNOWN_STATUS
        unmapped.append(Unmapped(order_id, "order_status", status))
    packages = _packages(row, order_id, tracking, unmapped)
    absent = {name for name, keys in _SOURCES if not any(key in row for key in keys)} | _NEVER_TOLD
    if any(_untracked(package, tracking) for package in row.get("package_list") or ()):
        absent.add("packages.tracking_number")
    if any(item.get("model_quantity") is None for package in row.get("package_list") or () for item in _items(package)):
        absent.add("packages.lines")
    fields: dict[str, Any] = {
        "store": store.id,
        "order_id": order_id,
        "raw_status": status,
        "payment": _payment(row, standing),
        "fulfillment": _fulfillment(standing, [package["state"] for package in packages]),
        "closure": standing.closure,
        "region": row.get("region"),
        "currency": currency,
        "cross_border": _cross_border(row, order_id, unmapped),
        "placed_at": row.get("create_time"),
        "updated_at": row.get("update_time"),
        "paid_at": row.get("pay_time") or None,
        "ship_by": row.get("ship_by_date") or None,
        "shipped_at": row.get("pickup_done_time") or None,
        "returnable_until": row.get("return_request_due_date") or None,
        "ended_by_raw": row.get("cancel_by") or "",
        "end_reason_raw": row.get("cancel_reason") or "",
        "buyer_reason_raw": row.get("buyer_cancel_reason") or "",
        "total_minor": minor(row.get("total_amount"), currency, "total_amount"),
        "shipping_minor": _shipping(row, currency),
        "can_cancel": row.get("can_full_cancel_order"),
        "can_cancel_lines": row.get("can_partial_cancel_order"),
        "note": row.get("note") or "",
        "buyer_message": row.get("message_to_seller") or "",
        "lines": _lines(row, currency),
        "packages": packages,
        "payments": _payments(row, standing, currency),
        "buyer": _buyer(row),
        "recipient": _recipient(row.get("recipient_address")),
        "absent": absent,
    }
    fields["ended_by"], fields["end_reason"] = _ending(row, standing, order_id, unmapped)
    fields["requests"] = _requests(fields, unmapped)
    return fields, unmapped


def tracked_packages(rows: Iterable[Any]) -> list[str]:
    """Return the parcels that may have a tracking number, from decoded orders as they came, broken ones included."""
    numbers = []
    for row in rows:
        packages = row.get("package_list") if isinstance(row, dict) else None
        for package in packages if isinstance(packages, list) else ():
            number = text_of(package, "package_number") if isinstance(package, dict) else ""
            if number and text_of(package, "logistics_status") not in words.WITHOUT_TRACKING:
                numbers.append(number)
    return numbers


def line_ids(items: Iterable[OrderItem]) -> list[str]:
    """Return one id a line: item, model, order item and promotion group; a repeated one counts up in order."""
    seen: dict[str, int] = {}
    ids = []
    for item in items:
        key = line_key(item)
        seen[key] = seen.get(key, 0) + 1
        ids.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return ids


def line_key(item: OrderItem | PackageItem) -> str:
    """Return item:model:order_item:promotion_group. Outside a bundle the order item is the item (section 5)."""
    product = _id(item.get("item_id"))
    order_item = item.get("order_item_id")
    return ":".join(
        (
            product,
            _id(item.get("model_id")) or "0",
            product if order_item is None else _id(order_item),
            _id(item.get("promotion_group_id")) or "0",
        )
    )


def masked(fields: Mapping[str, str]) -> set[str]:
    """Return the names of the fields the platform hides, wholly or partly, with asterisks."""
    return {name for name, value in fields.items() if "*" in value}


def _id(value: Id) -> str:
    return "" if value is None else str(value)


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


def _fulfillment(standing: words.Standing, parcels: list[FulfillmentState]) -> FulfillmentState:
    told = standing.fulfillment
    states = set(parcels) - {FulfillmentState.not_due}
    if told in _NOT_YET and states & _LEFT and not states <= _LEFT:
        # The status names the parcel that is furthest behind; goods that have left are a fact all the same.
        return FulfillmentState.partly_shipped
    if told is not None:
        return told
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
    by = words.CANCEL_BY.get(words.plain(by_word))
    why = words.CANCEL_REASON.get(words.plain(why_word))
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
    """Return the buyer's cancellation request, which Shopee keeps in the order's status (section 6).

    IN_CANCEL: open. Ended by the buyer: done. Anything else carries none; whoever stored an open one settles it.
    """
    raw, order_id = fields["buyer_reason_raw"], fields["order_id"]
    reason = words.BUYER_CANCEL_REASON.get(words.plain(raw)) if raw else None
    if raw and reason is None:
        reason = AfterSaleReason.unknown
        unmapped.append(Unmapped(order_id, "buyer_cancel_reason", raw))
    if fields["raw_status"] == "IN_CANCEL":
        state = RequestState.open
    elif fields["closure"] is Closure.cancelled and fields["ended_by"] is EndedBy.buyer:
        state = RequestState.done
    else:
        return []
    asked = [line for line in fields["lines"] if line["cancel_requested"] > 0]
    return [
        {
            "store": fields["store"],
            "order_id": order_id,
            "request_id": f"cancel:{order_id}",
            "kind": RequestKind.cancellation,
            "state": state,
            "raw_status": fields["raw_status"],
            "reason": reason,
            "reason_raw": raw,
            "opened_at": fields["updated_at"],
            "updated_at": fields["updated_at"],
            "currency": fields["currency"],
            "lines": [
                {"line_id": line["line_id"], "quantity": line["cancel_requested"] or line["quantity"]}
                for line in asked or fields["lines"]
            ],
        }
    ]


def _lines(row: OrderRow, currency: str) -> list[dict[str, Any]]:
    items = row.get("item_list") or []
    lines = []
    for line_id, item in zip(line_ids(items), items, strict=True):
        if item.get("item_id") is None or item.get("model_quantity_purchased") is None:
            raise Unmappable("item_list: an entry without item_id or model_quantity_purchased")
        ids = line_id.partition("#")[0].split(":")
        lines.append(
            {
                "line_id": line_id,
                "product_id": ids[0],
                "variant_id": "" if ids[1] == "0" else ids[1],
                "sku": item.get("model_sku") or item.get("item_sku") or None,
                "title": item.get("item_name") or "",
                "variant": item.get("model_name") or "",
                "quantity": item.get("model_quantity_purchased"),
                "cancel_requested": item.get("cancel_requested_qty") or 0,
                "cancelled": item.get("cancelled_qty") or 0,
                "return_requested": item.get("return_requested_qty") or 0,
                "returned": item.get("returned_qty") or 0,
                "unit_price_minor": _unit_price(item, currency),
                "list_price_minor": minor(item.get("model_original_price"), currency, "model_original_price"),
                "platform_ids": dict(
                    zip(("item_id", "model_id", "order_item_id", "promotion_group_id"), ids, strict=True)
                ),
            }
        )
    return lines


def _unit_price(item: OrderItem, currency: str) -> int | None:
    price = item.get("model_discounted_price")
    bundle = item.get("promotion_type") == "bundle_deal" or (_id(item.get("promotion_group_id")) or "0") != "0"
    # Section 5: 0 for bundle items, whose price only the escrow tells.
    return None if bundle and price == 0 else minor(price, currency, "model_discounted_price")


def _items(package: PackageRow) -> list[PackageItem]:
    return package.get("item_list") or []


def _untracked(package: PackageRow, tracking: Mapping[str, str]) -> bool:
    state = package.get("logistics_status") or ""
    return state not in words.WITHOUT_TRACKING and _id(package.get("package_number")) not in tracking


def _packages(
    row: OrderRow, order_id: str, tracking: Mapping[str, str], unmapped: list[Unmapped]
) -> list[dict[str, Any]]:
    room = _room(row)
    packages = []
    for package in row.get("package_list") or ():
        word = package.get("logistics_status") or ""
        state = words.LOGISTICS.get(word)
        if state is None:
            state = FulfillmentState.unknown
            unmapped.append(Unmapped(order_id, "package_list.logistics_status", word))
        number, group = _id(package.get("package_number")), _id(package.get("group_shipment_id"))
        packages.append(
            {
                "package_id": number,
                "state": state,
                "raw_status": word,
                "carrier": package.get("shipping_carrier") or "",
                "tracking_number": tracking.get(number, ""),
                "shipment_id": "" if group == "0" else group,
                "lines": _package_lines(_items(package), room),
            }
        )
    return packages


def _room(row: OrderRow) -> dict[str, list[list[Any]]]:
    """Return what each line has yet to put into parcels, by line key: twins are filled in order of appearance."""
    room: dict[str, list[list[Any]]] = {}
    items = row.get("item_list") or []
    for line_id, item in zip(line_ids(items), items, strict=True):
        room.setdefault(line_key(item), []).append([line_id, item.get("model_quantity_purchased") or 0])
    return room


def _package_lines(items: list[PackageItem], room: dict[str, list[list[Any]]]) -> list[dict[str, Any]]:
    filled: dict[str, int] = {}
    for item in items:
        key, quantity = line_key(item), item.get("model_quantity")
        if quantity is None:
            continue  # older answers: how many lie in the parcel is not told
        twins = room.get(key) or [[key, quantity]]
        for place, twin in enumerate(twins):
            taken = quantity if place == len(twins) - 1 else min(quantity, twin[1])
            if taken > 0:
                twin[1] -= taken
                quantity -= taken
                filled[twin[0]] = filled.get(twin[0], 0) + taken
    return [{"line_id": line_id, "quantity": quantity} for line_id, quantity in filled.items()]


def _payments(row: OrderRow, standing: words.Standing, currency: str) -> list[dict[str, Any]]:
    state, paid_at = _payment(row, standing), row.get("pay_time") or None
    parts = row.get("payment_info") or []
    if parts:
        return [
            {
                "payment_id": _id(part.get("transaction_id")),
                "method": part.get("payment_method") or "",
                "state": state,
                "amount_minor": minor(part.get("payment_amount"), currency, "payment_info.payment_amount"),
                "paid_at": paid_at,
            }
            for part in parts
        ]
    if not row.get("payment_method"):
        return []
    total = minor(row.get("total_amount"), currency, "total_amount")
    return [{"method": row.get("payment_method"), "state": state, "amount_minor": total, "paid_at": paid_at}]


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


def _buyer(row: OrderRow) -> dict[str, Any] | None:
    fields = {"buyer_id": _id(row.get("buyer_user_id")), "name": row.get("buyer_username") or ""}
    if not any(fields.values()):
        return None
    return {**fields, "masked": masked(fields)}


def _recipient(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    fields = {
        "name": address.get("name") or "",
        "phone": address.get("phone") or "",
        "region": address.get("region") or "",
        "state": address.get("state") or "",
        "city": address.get("city") or "",
        "district": address.get("district") or "",
        "town": address.get("town") or "",
        "postal_code": address.get("zipcode") or "",
        "full_address": address.get("full_address") or "",
    }
    return {**fields, "masked": masked(fields)}

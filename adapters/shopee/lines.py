"""Lines and parcels of a Shopee order, and which units of which line lie in which parcel (API.md section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.shopee import words
from adapters.shopee.payloads import Amount, Id, OrderItem, OrderRow, PackageItem, PackageRow, text_of
from gateway.errors import DataError
from gateway.model.money import to_minor
from gateway.model.order import FulfillmentState
from gateway.ports import Unmapped


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


def id_text(value: Id) -> str:
    """Return an id as text, empty for null."""
    return "" if value is None else str(value)


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
    return _distinct([line_key(item) for item in items])


def _distinct(keys: list[str]) -> list[str]:
    if len(set(keys)) == len(keys):
        return keys
    seen: dict[str, int] = {}
    ids = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        ids.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return ids


def line_key(item: OrderItem | PackageItem) -> str:
    """Return item:model:order_item:promotion_group, which tells lines of an order apart (section 5)."""
    return ":".join(_line_parts(item))


def _line_parts(item: OrderItem | PackageItem) -> tuple[str, str, str, str]:
    product, order_item = id_text(item.get("item_id")), item.get("order_item_id")
    return (
        product,
        id_text(item.get("model_id")) or "0",
        product if order_item is None else id_text(order_item),  # outside a bundle the order item is the item
        id_text(item.get("promotion_group_id")) or "0",
    )


def line_fields(row: OrderRow, currency: str) -> list[dict[str, Any]]:
    """Return the fields of the canonical lines. Raises Unmappable when item or quantity is missing."""
    items = row.get("item_list") or []
    lines = []
    parts = [_line_parts(item) for item in items]
    for line_id, ids, item in zip(_distinct([":".join(ids) for ids in parts]), parts, items, strict=True):
        if item.get("item_id") is None or item.get("model_quantity_purchased") is None:
            raise Unmappable("item_list: an entry without item_id or model_quantity_purchased")
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
                "platform_ids": {
                    "item_id": ids[0],
                    "model_id": ids[1],
                    "order_item_id": ids[2],
                    "promotion_group_id": ids[3],
                },
            }
        )
    return lines


def _unit_price(item: OrderItem, currency: str) -> int | None:
    price = item.get("model_discounted_price")
    bundle = item.get("promotion_type") == "bundle_deal" or (id_text(item.get("promotion_group_id")) or "0") != "0"
    # Section 5: 0 for bundle items, whose price only the escrow tells.
    return None if bundle and price == 0 else minor(price, currency, "model_discounted_price")


def items_of(package: PackageRow) -> list[PackageItem]:
    """Return what a parcel holds, nothing for null."""
    return package.get("item_list") or []


def untracked(package: PackageRow, tracking: Mapping[str, str]) -> bool:
    """Return whether a parcel should have a tracking number that was not told."""
    state = package.get("logistics_status") or ""
    return state not in words.WITHOUT_TRACKING and id_text(package.get("package_number")) not in tracking


def package_fields(
    row: OrderRow,
    lines: list[dict[str, Any]],
    order_id: str,
    tracking: Mapping[str, str],
    unmapped: list[Unmapped],
) -> list[dict[str, Any]]:
    """Return the fields of the canonical parcels, which hold units of the canonical ``lines``.

    Unknown logistics words are added to ``unmapped``.
    """
    room = _room(lines)
    packages = []
    for package in row.get("package_list") or ():
        word = package.get("logistics_status") or ""
        state = words.LOGISTICS.get(word)
        if state is None:
            state = FulfillmentState.unknown
            unmapped.append(Unmapped(order_id, "package_list.logistics_status", word))
        number, group = id_text(package.get("package_number")), id_text(package.get("group_shipment_id"))
        packages.append(
            {
                "package_id": number,
                "state": state,
                "raw_status": word,
                "carrier": package.get("shipping_carrier") or "",
                "tracking_number": tracking.get(number, ""),
                "shipment_id": "" if group == "0" else group,
                "lines": _package_lines(items_of(package), room),
            }
        )
    return packages


def _room(lines: list[dict[str, Any]]) -> dict[str, list[list[Any]]]:
    """Return what each line has yet to put into parcels, by line key: twins are filled in order of appearance."""
    room: dict[str, list[list[Any]]] = {}
    for line in lines:
        line_id = line["line_id"]
        room.setdefault(line_id.partition("#")[0], []).append([line_id, line["quantity"]])
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

"""Lines and parcels of a Shopee order, and which units of which line lie in which parcel (API.md section 5). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from adapters.shopee import words
from adapters.shopee.payloads import Amount, OrderItem, OrderRow, PackageItem, PackageRow
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


def tracked_packages(rows: Iterable[OrderRow]) -> list[str]:
    """Return the parcels that may have a tracking number."""
    return [
        number
        for row in rows
        for package in row.get("package_list") or ()
        if (number := package.get("package_number")) and package.get("logistics_status") not in words.WITHOUT_TRACKING
    ]


def line_ids(items: Sequence[OrderItem]) -> list[str]:
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
    get: Callable[[str], Any] = item.get
    product, order_item = get("item_id") or "", get("order_item_id")
    return (
        product,
        get("model_id") or "0",
        product if order_item is None else order_item,  # outside a bundle the order item is the item
        get("promotion_group_id") or "0",
    )


def line_fields(row: OrderRow, currency: str) -> list[dict[str, Any]]:
    """Return the fields of the canonical lines. Raises Unmappable when item or quantity is missing."""
    items = row.get("item_list") or []
    parts = [_line_parts(item) for item in items]
    ids = _distinct([":".join(part) for part in parts])
    return [_line(*each, currency) for each in zip(ids, parts, items, strict=True)]


def _line(line_id: str, ids: tuple[str, str, str, str], item: OrderItem, currency: str) -> dict[str, Any]:
    get: Callable[[str], Any] = item.get
    product, model, order_item, group = ids
    if not product or get("quantity") is None:
        raise Unmappable("item_list: an entry without item_id or model_quantity_purchased")
    unit_price = minor(get("model_discounted_price"), currency, "model_discounted_price")
    if unit_price == 0 and (group != "0" or get("promotion_type") == "bundle_deal"):
        unit_price = None  # section 5: 0 for bundle items, whose price only the escrow tells
    return {
        **told(item),
        "line_id": line_id,
        "product_id": product,
        "variant_id": "" if model == "0" else model,
        "sku": get("model_sku") or get("item_sku") or None,
        "unit_price_minor": unit_price,
        "list_price_minor": minor(get("model_original_price"), currency, "model_original_price"),
        "platform_ids": {
            "item_id": product,
            "model_id": model,
            "order_item_id": order_item,
            "promotion_group_id": group,
        },
    }


def told(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that have a value: null means what the canonical field is without one."""
    if None in fields.values():
        return {name: value for name, value in fields.items() if value is not None}
    return fields


def items_of(package: PackageRow) -> list[PackageItem]:
    """Return what a parcel holds, nothing for null."""
    return package.get("item_list") or []


def untracked(package: PackageRow, tracking: Mapping[str, str]) -> bool:
    """Return whether a parcel should have a tracking number that was not told."""
    state = package.get("logistics_status") or ""
    return state not in words.WITHOUT_TRACKING and (package.get("package_number") or "") not in tracking


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
        number, group = package.get("package_number") or "", package.get("group_shipment_id") or ""
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
    """Return what each twin has yet to put into parcels, by line key: twins are filled in order of appearance."""
    room: dict[str, list[list[Any]]] = {}
    if not any("#" in line["line_id"] for line in lines):
        return room  # a line without twins takes all that names it
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
        twins = room.get(key)
        if twins is None:
            if quantity > 0:
                filled[key] = filled.get(key, 0) + quantity
            continue
        for place, twin in enumerate(twins):
            taken = quantity if place == len(twins) - 1 else min(quantity, twin[1])
            if taken > 0:
                twin[1] -= taken
                quantity -= taken
                filled[twin[0]] = filled.get(twin[0], 0) + taken
    return [{"line_id": line_id, "quantity": quantity} for line_id, quantity in filled.items()]

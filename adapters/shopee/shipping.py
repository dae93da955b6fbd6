"""Shipping: what the platform leaves to the seller, and the call that arranges it (API.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.shopee import words
from adapters.shopee.client import read, write
from adapters.shopee.orders import read_order
from adapters.shopee.parameters import NON_INTEGRATED, common, whole
from adapters.shopee.payloads import OrderRow, content_of, text_of
from gateway.errors import InvalidRequest
from gateway.model.order import FulfillmentState
from gateway.ports import Act, Call, Channel, PickupPlace, ShippingChoices, ShippingWay, WayKind

_PARAMETER = "logistics.get_shipping_parameter"
_WAYS = {"pickup": WayKind.pickup, "dropoff": WayKind.dropoff, NON_INTEGRATED: WayKind.own_carrier}


async def shipping_choices(channel: Channel, order_id: str, package_id: str | None) -> ShippingChoices:
    """Return the ways of shipping an order or one of its parcels; of several parcels, only their numbers."""
    row = await read_order(channel, order_id)
    waiting = _waiting(row)
    if package_id is None and len(waiting) > 1:
        return ShippingChoices(waiting, ())
    offered = await _offered(channel, order_id, package_id or _package_to_ship(row))
    retry = row.get("order_status") == "RETRY_SHIP"
    ways = [_choice(way, names, offered) for way, names in _needed_by_way(offered).items() if way in _WAYS]
    return ShippingChoices(waiting, [way for way in ways if way.kind is WayKind.pickup or not retry])


async def ship(channel: Channel, act: Act) -> Call:
    """Return the call that arranges a shipment, or a new pickup after the carrier came in vain."""
    row = await read_order(channel, act.order_id)
    body: dict[str, Any] = {"order_sn": act.order_id}
    package = act.parameters.get("package_number") or _package_to_ship(row)
    if package:
        body["package_number"] = package  # never as an empty text (section 7)
    method, chosen = _way(act, await _offered(channel, act.order_id, package))
    if row.get("order_status") != "RETRY_SHIP":
        return write("logistics.ship_order", {**body, method: chosen})
    if method != "pickup":
        raise InvalidRequest(f"Order {act.order_id} waits for a new pickup: only the method pickup can be arranged.")
    return write("logistics.update_shipping_order", {**body, method: chosen})


async def _offered(channel: Channel, order_id: str, package: str) -> dict[str, Any]:
    named = {"package_number": package} if package else {}
    return content_of(await channel.send(read(_PARAMETER, order_sn=order_id, **named)), _PARAMETER)


def _waiting(row: OrderRow) -> list[str]:
    return [
        str(package.get("package_number"))
        for package in row.get("package_list") or []
        if words.LOGISTICS.get(package.get("logistics_status") or "") is FulfillmentState.to_ship
    ]


def _package_to_ship(row: OrderRow) -> str:
    if len(row.get("package_list") or []) < 2:
        return ""
    waiting = _waiting(row)
    if len(waiting) != 1:
        raise InvalidRequest(
            f"Order {row.get('order_sn')} has {len(waiting)} parcels to ship. Name one: parameter `package_number`."
        )
    return waiting[0]


def _needed_by_way(offered: Mapping[str, Any]) -> dict[str, list[str]]:
    raw = offered.get("info_needed")
    if not isinstance(raw, dict):
        return {}
    return {way: list(names) for way, names in raw.items() if isinstance(names, list)}


def _choice(way: str, names: list[str], offered: Mapping[str, Any]) -> ShippingWay:
    dropoff = offered.get("dropoff")
    branches = dropoff.get("branch_list") if way == "dropoff" and isinstance(dropoff, dict) else None
    return ShippingWay(
        _WAYS[way],
        [common(name) for name in names],
        [_place(row) for row in _addresses(offered)] if way == "pickup" else (),
        [text_of(row, "branch_id") for row in branches if isinstance(row, dict)] if isinstance(branches, list) else (),
    )


def _place(row: Mapping[str, Any]) -> PickupPlace:
    slots = [
        (text_of(slot, "pickup_time_id"), text_of(slot, "time_text") or text_of(slot, "date")) for slot in _slots(row)
    ]
    title = ", ".join(part for part in (text_of(row, name) for name in ("city", "state", "region")) if part)
    return PickupPlace(text_of(row, "address_id"), title, "pickup_address" in (row.get("address_flag") or []), slots)


def _addresses(offered: Mapping[str, Any]) -> list[dict[str, Any]]:
    pickup = offered.get("pickup")
    rows = pickup.get("address_list") if isinstance(pickup, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _slots(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    slots = row.get("time_slot_list")
    return [slot for slot in slots if isinstance(slot, dict)] if isinstance(slots, list) else []


def _way(act: Act, offered: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Choose the way of shipping: the one named, else the one that needs least, and its values (section 7)."""
    ways = _needed_by_way(offered)
    method = act.parameters.get("method") or min(ways, key=lambda way: (len(ways[way]), way), default="")
    if method not in ways:
        raise InvalidRequest(
            f"Shopee offers {', '.join(ways) or 'no way'} of shipping order {act.order_id}; name one as `method`."
        )
    # a tracking number and a carrier may go along with every way, asked for or not
    names = dict.fromkeys((*ways[method], "slug", "tracking_number"))
    given = {name: act.parameters[name] for name in names if name in act.parameters}
    values: dict[str, Any] = {**(_pickup(act, offered) if method == "pickup" else {}), **given}
    missing = [name for name in ways[method] if name not in values]
    if missing:
        raise InvalidRequest(f"Shipping by {method} needs the parameters {', '.join(missing)}.")
    for name in ("address_id", "branch_id"):
        if name in values:
            values[name] = whole(str(values[name]))
    return method, values


def _pickup(act: Act, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Take the address named, else the one flagged for pickups, and its first slot when none is named."""
    addresses = _addresses(offered)
    wanted = act.parameters.get("address_id")
    flagged = [row for row in addresses if "pickup_address" in (row.get("address_flag") or [])]
    matching = [row for row in addresses if text_of(row, "address_id") == wanted] if wanted else flagged or addresses
    if not matching:
        return {}
    chosen = {"address_id": text_of(matching[0], "address_id")}
    if slots := _slots(matching[0]):
        chosen["pickup_time_id"] = text_of(slots[0], "pickup_time_id")
    return chosen

"""Shipping parcels, correcting their tracking numbers, following them (API.md section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.tiktok_shop import words
from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.orders import read_order, read_orders
from adapters.tiktok_shop.payloads import OrderRow, Unit, content_of, rows_of, text_of
from gateway.errors import Conflict, InvalidRequest
from gateway.model.order import FulfillmentState
from gateway.ports import (
    Act,
    Call,
    Channel,
    ParcelTrace,
    Scan,
    ShippingChoices,
    ShippingWay,
    WayKind,
)

_OWN = ShippingWay(WayKind.own_carrier, ("tracking_number", "carrier"))
_WAYS: Mapping[str, Sequence[ShippingWay]] = {
    "SELLER": (_OWN,),
    "TIKTOK": (ShippingWay(WayKind.dropoff), ShippingWay(WayKind.pickup)),
}
_HANDOVER = {WayKind.dropoff: "DROP_OFF", WayKind.pickup: "PICKUP"}
_SENT = frozenset({FulfillmentState.arranged, FulfillmentState.shipped, FulfillmentState.delivered})
_LATEST = 10**14  # milliseconds; a time beyond is none


async def ship(channel: Channel, act: Act) -> Call:
    """Return the call that ships one parcel of an order, by the way named or else the first that is offered.

    ``carrier`` is the platform's id of a shipping provider; ``slot_id`` is "start-end" in epoch seconds. Raises
    InvalidRequest when something must be named, Conflict while the buyer is free to cancel (ON_HOLD).
    """
    row = await read_order(channel, act.order_id)
    if row.get("status") == "ON_HOLD":
        raise Conflict(f"Order {act.order_id} is on hold for an hour after its payment. Ship it afterwards.")
    package = act.parameters.get("package_id") or _only(act, _packages(row, waiting=True), "to ship")
    kinds = [way.kind for way in _ways(row)]
    way = act.parameters.get("way") or (kinds[0] if kinds else "")
    if way not in kinds:
        raise InvalidRequest(f"TikTok Shop ships order {act.order_id} by {', '.join(kinds) or 'nobody'}; name a way.")
    if way == WayKind.own_carrier:
        body: dict[str, Any] = {"self_shipment": _number(act, act.parameters.get("carrier", ""))}
    else:
        body = {"handover_method": _HANDOVER[WayKind(way)], **_slot(act)}
    return call("fulfillment.ship", package, body=body, effect=True)


async def set_tracking(channel: Channel, act: Act) -> Call:
    """Return the call that corrects the tracking number of what the seller shipped, by its carrier or another one.

    Where an order has several parcels one must be named.
    """
    row = await read_order(channel, act.order_id)
    package = act.parameters.get("package_id") or ""
    packages = _packages(row, waiting=False)
    if not package:
        _only(act, packages, "under way")
    units = [unit for unit in row.get("line_items") or () if package in {"", unit.get("package_id")}]
    provider = next((each for unit in units if (each := unit.get("shipping_provider_id"))), None)
    carrier = act.parameters.get("carrier") or provider or row.get("shipping_provider_id") or ""
    body = _number(act, carrier)
    if package:
        return call("fulfillment.update_package", package, body=body, effect=True)
    return call("fulfillment.update_order", act.order_id, body=body, effect=True)


async def shipping_choices(channel: Channel, order_id: str, package_id: str | None) -> ShippingChoices:
    """Return the ways of shipping; of several parcels to ship, only their numbers until one is named."""
    row = await read_order(channel, order_id)
    packages = _packages(row, waiting=True)
    if package_id is None and len(packages) > 1:
        return ShippingChoices(packages, ())
    return ShippingChoices(packages, _ways(row))


async def parcel_traces(channel: Channel, order_id: str) -> Sequence[ParcelTrace]:
    """Return an order's parcels with their scans. The platform tells scans by order: the first parcel holds them."""
    row = await read_order(channel, order_id)
    batch = read_orders([dict(row)], channel.store, ())
    parcels = [each for order in batch.orders for each in order.packages if each.state in _SENT]
    if not parcels:
        return []
    asked = call("fulfillment.tracking", order_id)
    rows = rows_of(content_of(await channel.send(asked), asked.operation), "tracking", asked.operation)
    scans = sorted(filter(None, map(_scan, rows)), key=lambda scan: scan.at)
    return [
        ParcelTrace(
            each.package_id,
            each.state,
            each.raw_status,
            each.carrier,
            each.tracking_number,
            tuple(scans) if place == 0 else (),
        )
        for place, each in enumerate(parcels)
    ]


def units_of(row: OrderRow, package_id: str) -> list[Unit]:
    """Return the units of a parcel that go on; of all parcels when none is named."""
    return [
        unit
        for unit in row.get("line_items") or ()
        if package_id in {"", unit.get("package_id")} and unit.get("display_status") not in words.ENDED_UNIT
    ]


def _ways(row: OrderRow) -> Sequence[ShippingWay]:
    return _WAYS.get(row.get("shipping_type") or "", ())


def _packages(row: OrderRow, *, waiting: bool) -> list[str]:
    named = [ref.get("id") for ref in row.get("packages") or ()] if waiting and not row.get("line_items") else []
    wanted = {FulfillmentState.to_ship} if waiting else _SENT
    found = [
        unit.get("package_id")
        for unit in units_of(row, "")
        if words.UNIT_STATUS.get(unit.get("display_status") or "") in wanted
    ]
    return [number for number in dict.fromkeys([*named, *found]) if number]


def _only(act: Act, packages: Sequence[str], which: str) -> str:
    if not packages:
        raise Conflict(f"Order {act.order_id} has no parcel {which} now. Read it anew.")
    if len(packages) > 1:
        raise InvalidRequest(f"Order {act.order_id} has {len(packages)} parcels {which}. Name one: `package_id`.")
    return packages[0]


def _number(act: Act, carrier: str) -> dict[str, str]:
    number = act.parameters.get("tracking_number", "")
    if not number or not carrier:
        raise InvalidRequest(f"{act.operation} needs `tracking_number` and `carrier`, the shipping provider's id.")
    return {"tracking_number": number, "shipping_provider_id": carrier}


def _slot(act: Act) -> dict[str, Any]:
    slot = act.parameters.get("slot_id", "")
    if not slot:
        return {}
    start, _, end = slot.partition("-")
    if not (start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
        raise InvalidRequest('`slot_id` is a span of epoch seconds, as in "1767225600-1767240000".')
    return {"pickup_slot": {"start_time": int(start), "end_time": int(end)}}


def _scan(row: Any) -> Scan | None:
    moment = row.get("update_time_millis") if isinstance(row, dict) else None
    if not isinstance(moment, int) or not 0 < moment < _LATEST:
        return None
    return Scan(datetime.fromtimestamp(moment / 1000, UTC), text_of(row, "description"))

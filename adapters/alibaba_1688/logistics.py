"""Shipping as the seller, and what carriers say of parcels (API.md sections 5.7, 10)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.client import LOGISTICS, read, write
from adapters.alibaba_1688.orders import SITE, read_order
from adapters.alibaba_1688.payloads import body_of, rows_of, text_of
from adapters.alibaba_1688.values import flag, instant, line_id_of
from gateway.errors import InvalidRequest, NotFound
from gateway.model.order import FulfillmentState
from gateway.ports import Act, Call, Channel, ParcelTrace, Scan

_SEND = "alibaba.logistics.OpDeliverySendOrder.offline"


async def ship(channel: Channel, act: Act) -> Call:
    """Return the call that ships lines whole; without any named, all that may be shipped now (section 5.2).

    Raises InvalidRequest without carrier and number, or for lines that the order has not.
    """
    carrier, number = act.parameters.get("carrier", ""), act.parameters.get("tracking_number", "")
    if not carrier or not number:
        raise InvalidRequest("Shipping on 1688 needs the parameters `carrier` and `tracking_number`.")
    row = await read_order(channel, act.order_id)
    named = {line_id for line_id, _ in act.lines}
    items = [item for item in row.get("productItems") or () if not named or line_id_of(item) in named]
    waiting = [
        item
        for item in items
        if item.get("status") == "waitsellersend"
        and item.get("logisticsStatus") == words.NOT_SHIPPED
        and flag(item, "canSendGoods") is not False
    ]
    # a line that is past it, or held back, gets the platform's own answer
    chosen = items if named or not waiting else waiting
    if not chosen:
        raise InvalidRequest(f"Order {act.order_id} has no such lines to ship. Take them from the order as read.")
    lines = [(line_id_of(item), Decimal(item.get("quantity") or 0)) for item in chosen]
    entries = [{"sourceEntryId": int(line_id), "amount": units} for line_id, units in lines]
    told = {"cpCode": act.parameters.get("carrier_code") or carrier, "logisticsCpName": carrier, "mailNo": number}
    goods = {"sourceId": int(act.order_id), "sendGoodEntries": entries}
    return write(_SEND, {"sendGoods": [goods], "extBody": told}, LOGISTICS)


async def parcel_traces(channel: Channel, order_id: str) -> Sequence[ParcelTrace]:
    """Return the parcels of an order with what their carriers said, the oldest scan first; none before shipment."""
    side = f"{channel.store.role}View"
    asked = {"webSite": SITE, "orderId": order_id}
    listing, tracing = f"alibaba.trade.getLogisticsInfos.{side}", f"alibaba.trade.getLogisticsTraceInfo.{side}"
    try:
        body = body_of(await channel.send(read(listing, {**asked, "fields": "company,name"}, LOGISTICS)))
    except NotFound:
        return ()
    return [
        _trace(parcel, await _scans(channel, tracing, {**asked, "logisticsId": text_of(parcel, "logisticsId")}))
        for parcel in rows_of(body, "result", listing)
    ]


async def _scans(channel: Channel, tracing: str, asked: dict[str, str]) -> list[Scan]:
    try:
        body = body_of(await channel.send(read(tracing, asked, LOGISTICS)))
    except NotFound:
        return []
    steps = [
        step for row in rows_of(body, "logisticsTrace", tracing) for step in rows_of(row, "logisticsSteps", tracing)
    ]
    scans = [(instant(text_of(step, "acceptTime"), "acceptTime"), text_of(step, "remark")) for step in steps]
    return sorted((Scan(at, said) for at, said in scans if at is not None), key=lambda scan: scan.at)


def _trace(parcel: dict[str, Any], scans: Sequence[Scan]) -> ParcelTrace:
    word, number = text_of(parcel, "status"), text_of(parcel, "logisticsBillNo")
    return ParcelTrace(
        package_id=text_of(parcel, "logisticsId"),
        state=words.PARCEL.get(word, FulfillmentState.unknown),
        raw_status=word,
        carrier=text_of(parcel, "logisticsCompanyName"),
        tracking_number=number if number.isascii() else "",  # without a carrier words stand in its place
        scans=scans,
    )

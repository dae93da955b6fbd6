"""What is left to the seller when shipping, rejecting and taking goods back. Only reads (API.md sections 6.4 and 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.xiaohongshu import words
from adapters.xiaohongshu.after_sales import read_after_sale
from adapters.xiaohongshu.client import read
from adapters.xiaohongshu.orders import read_order
from adapters.xiaohongshu.payloads import content_of, object_of, rows_of, text_of
from gateway.errors import Conflict, DataError, InvalidRequest
from gateway.ports import Asked, Channel, RejectReason, ShippingChoices, ShippingWay, WayKind

_REASONS, _ADDRESSES = "afterSale.rejectReasons", "common.getAddressRecord"
TO_REVIEW, TO_RECEIVE = "1", "3"
BEFORE_SHIPPING = "5"
"""The type of an after-sale that cancels the order."""

_OTHER = "其他"
BY_SHIPPING = "ship"
"""Our name of the one way to refuse a refund before shipping (section 6.3)."""


async def shipping_choices(channel: Channel, order_id: str) -> ShippingChoices:
    """Return the only way of shipping, with a carrier and a number of the seller's; none unless it waits for it."""
    status = (await read_order(channel, order_id)).get("orderStatus")
    if status not in words.WAITS_TO_SHIP | {"5"}:
        return ShippingChoices((), ())
    return ShippingChoices((), [ShippingWay(WayKind.own_carrier, ("carrier", "tracking_number"))])


async def reject_reasons(channel: Channel, request_id: str) -> Sequence[RejectReason]:
    """Return the reasons the platform takes now. A refund before shipping is refused by shipping, and only so.

    Raises Conflict when the request waits neither for a review nor for a receipt.
    """
    row = (await read_after_sale(channel, request_id))["afterSaleInfo"]
    status = text_of(row, "status")
    if status not in {TO_REVIEW, TO_RECEIVE}:
        raise Conflict(f"After-sale {request_id} has status {status}: there is nothing to reject. Read it anew.")
    if text_of(row, "returnType") == BEFORE_SHIPPING:
        parcel = (
            Asked("tracking_number", "the parcel's number", required=True),
            Asked("carrier", "the carrier's code, such as shunfeng", required=True),
        )
        return [RejectReason(BY_SHIPPING, "refused by shipping the order, and in no other way", parcel)]
    kind = 1 if status == TO_REVIEW else 2
    content = content_of(await channel.send(read(_REASONS, {"returnsId": request_id, "rejectReasonType": kind})))
    rows = content if isinstance(content, list) else rows_of(content or {}, "rejectReasons", _REASONS)
    return [_reason(row) for row in rows if text_of(row, "reasonId")]


def _reason(row: Any) -> RejectReason:
    title = text_of(row, "reasonName")
    words_of_own = Asked("description", "why, in words of your own", required=title == _OTHER)
    return RejectReason(text_of(row, "reasonId"), title, [words_of_own])


async def return_address(channel: Channel, wanted: str | None) -> int:
    """Return the id of the address goods go back to: the one named, else the shop's own choice, else its only one.

    Raises InvalidRequest when none or several are possible.
    """
    content = object_of(await channel.send(read(_ADDRESSES, {"pageIndex": 1, "pageSize": 50})), _ADDRESSES)
    rows = rows_of(content, "sellerAddressRecordList", _ADDRESSES)
    found = {
        text_of(row, "sellerAddressRecordId"): text_of(row, "aftersaleDefault") == "DEFAULT"
        for row in rows
        if text_of(row, "sellerAddressRecordId").isdigit()
    }
    usual = [number for number, default in found.items() if default]
    meant = [number for number in found if number == wanted] if wanted else usual[:1] or list(found)
    if len(meant) != 1:
        known = ", ".join(found) or "none"
        raise InvalidRequest(f"Goods that come back need an address: name it as `address_id`. Known: {known}.")
    return int(meant[0])


async def tracks(channel: Channel, order_id: str) -> list[dict[str, Any]]:
    """Return the parcels of an order with what their carriers tell, as `order.getOrderTracking` gives them.

    Raises DataError when the answer has no list of them.
    """
    call = read("order.getOrderTracking", {"orderId": order_id})
    rows = rows_of(object_of(await channel.send(call), call.operation), "orderTrackInfos", call.operation)
    if not all(isinstance(row, dict) for row in rows):
        raise DataError(f"Xiaohongshu's answer to {call.operation} holds what is no parcel. Ask again.")
    return rows

"""What Xiaohongshu's state says about an act whose answer was lost. Only reads; its words are given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.xiaohongshu import words
from adapters.xiaohongshu.after_sales import read_after_sale
from adapters.xiaohongshu.effects import returns_id
from adapters.xiaohongshu.orders import read_order
from adapters.xiaohongshu.payloads import OrderRow, text_of
from gateway.errors import InvalidRequest, NotFound
from gateway.ports import Act, Channel, Finding, Happened, Operation


async def probe(channel: Channel, act: Act) -> Finding:
    """Return whether ``act`` shows in the platform's state now. Raises the error tree when it cannot be read."""
    try:
        if act.operation is Operation.ship and act.request_id:
            return await _after_sale(channel, act, applied={"4", "13"}, not_applied={"1", "2", "3", "5", "6"})
        if act.operation in _OF_ORDER:
            return _OF_ORDER[act.operation](act, await read_order(channel, act.order_id))
        if act.operation in _OF_AFTER_SALE:
            applied, not_applied = _OF_AFTER_SALE[act.operation]
            return await _after_sale(channel, act, applied=set(applied.split()), not_applied=set(not_applied.split()))
    except NotFound as fault:
        return Finding(Happened.undecided, f"the platform does not know it: {fault.code or 'not listed'}")
    raise InvalidRequest(f"Xiaohongshu's adapter cannot do {act.operation}, so there is nothing to look for.")


async def _after_sale(channel: Channel, act: Act, *, applied: set[str], not_applied: set[str]) -> Finding:
    row = (await read_after_sale(channel, returns_id(act)))["afterSaleInfo"]
    status = text_of(row, "status")
    said = f"after-sale status {status or 'missing'}, refundStatus {text_of(row, 'refundStatus') or 'missing'}"
    if status in applied:
        return Finding(Happened.applied, said)
    return Finding(Happened.not_applied if status in not_applied else Happened.undecided, said)


_OF_AFTER_SALE: Mapping[Operation, tuple[str, str]] = {
    Operation.accept_cancellation: ("4", "1 5 6 9"),
    Operation.approve_return: ("2 3 4 12 13", "1 5 6 9"),
    Operation.refund_return: ("4 12", "1 2 3 5 6 9 9001"),
    # once rejected, the buyer may call the platform in, or let the time pass
    Operation.open_dispute: ("9 9001 14", "1 2 3 4 5"),
}
"""Statuses that show an act, and those that show that it was not done. Any other leaves it undecided."""


def _ship(act: Act, row: OrderRow) -> Finding:
    status = row.get("orderStatus") or "missing"
    said = f"orderStatus {status}"
    parcels = row.get("simpleDeliveryOrderList") or []
    numbers = {parcel.get("expressTrackingNo") for parcel in parcels} | {row.get("expressTrackingNo")}
    if act.parameters.get("tracking_number", "") in numbers - {"", None}:
        return Finding(Happened.applied, f"{said}, and a parcel has the number")
    if status in words.SHIPPED and not act.parameters.get("skuIdList"):
        return Finding(Happened.applied if status != "8" else Happened.undecided, said)
    if status in words.WAITS_TO_SHIP | {"5", "9"}:
        return Finding(Happened.not_applied, f"{said}, and no parcel has the number")
    return Finding(Happened.undecided, said)


def _set_tracking(act: Act, row: OrderRow) -> Finding:
    wanted, number = act.parameters.get("package_id"), act.parameters.get("tracking_number", "")
    parcels = [
        parcel
        for parcel in row.get("simpleDeliveryOrderList") or ()
        if wanted in {None, "", parcel.get("deliveryOrderIndex")}
    ]
    if not parcels:
        return Finding(Happened.undecided, "the order shows no such parcel")
    if any(parcel.get("expressTrackingNo") == number for parcel in parcels):
        return Finding(Happened.applied, "the parcel has the number")
    return Finding(Happened.not_applied, f"orderStatus {row.get('orderStatus')}, the parcel has another number")


def _set_note(act: Act, row: OrderRow) -> Finding:
    # live answers leave an empty remark away
    same = (row.get("sellerRemark") or "") == act.parameters.get("note", "")
    if same:
        return Finding(Happened.applied, "the note is the one wanted")
    return Finding(Happened.not_applied, "the note is another")


_OF_ORDER: Mapping[Operation, Callable[[Act, OrderRow], Finding]] = {
    Operation.reject_cancellation: _ship,
    Operation.ship: _ship,
    Operation.set_tracking: _set_tracking,
    Operation.set_note: _set_note,
}

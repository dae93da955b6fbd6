"""Acts on Xiaohongshu: each with one write call, and what has to be read before it (API.md sections 4.5 and 6).

No call takes an idempotency key, so none may be repeated blindly: after a lost answer `probes` reads what shows.

Parameters are those of `gateway.ports.Act`, all text, and some of the platform's own: `note`, `operator`,
`sellerMarkPriority` (note); `skuIdList`, comma-separated, for a part of the order (ship); `oldExpressNo` (tracking);
`message` (agreeing to a return); `description` (rejecting).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.xiaohongshu.after_sales import read_after_sale
from adapters.xiaohongshu.choices import TO_RECEIVE, return_address
from adapters.xiaohongshu.client import write
from adapters.xiaohongshu.orders import read_order
from adapters.xiaohongshu.payloads import text_of
from gateway.errors import InvalidRequest
from gateway.ports import Act, Call, Channel, Operation

AUDIT, RECEIVE = "afterSale.auditReturns", "afterSale.confirmReceive"
DELIVER, EXCHANGE, CHANGE = "order.orderDeliver", "afterSale.receiveAndShip", "order.modifyOrderExpressInfo"
NOTE = "order.modifySellerMarkInfo"
_AGREE, _SEND_BACK, _REJECT = 1, 2, 3
_RECEIVED, _NOT_RECEIVED = 1, 2
_GREY = 1
_GOODS_COME_BACK = frozenset({"1", "2"})


async def perform(channel: Channel, act: Act) -> str:
    """Carry ``act`` out; return the number of what was acted on, for the platform's answers have no reference.

    Raises InvalidRequest before anything is sent when the act lacks what the call needs; else the error tree.
    """
    build = _BUILDERS.get(act.operation)
    if build is None:
        raise InvalidRequest(f"Xiaohongshu's adapter cannot do {act.operation}; its manifest says who can.")
    await channel.send(await build(channel, act))
    return act.request_id or act.order_id


def returns_id(act: Act) -> str:
    """Return the number of the after-sale that is answered. Raises InvalidRequest without one."""
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} answers an after-sale: name its number as the request.")
    return act.request_id


def needed(act: Act, name: str) -> str:
    """Return a parameter. Raises InvalidRequest without it."""
    value = act.parameters.get(name, "")
    if not value:
        raise InvalidRequest(f"{act.operation} needs the parameter `{name}`.")
    return value


async def _accept_cancellation(_channel: Channel, act: Act) -> Call:
    return write(AUDIT, {"returnsId": returns_id(act), "action": _AGREE})


async def _approve_return(channel: Channel, act: Act) -> Call:
    address = await return_address(channel, act.parameters.get("address_id"))
    body: dict[str, Any] = {
        "returnsId": returns_id(act),
        "action": _SEND_BACK,
        "receiverInfo": {"sellerAddressRecordId": address},
    }
    if act.parameters.get("message"):
        body["message"] = act.parameters["message"]
    return write(AUDIT, body)


async def _refund(channel: Channel, act: Act) -> Call:
    """Pay: on review where nothing comes back, else once the goods are there."""
    number = returns_id(act)
    row = (await read_after_sale(channel, number))["afterSaleInfo"]
    if text_of(row, "status") == TO_RECEIVE:
        return write(RECEIVE, {"returnsId": number, "action": _RECEIVED})
    if text_of(row, "returnType") in _GOODS_COME_BACK:
        raise InvalidRequest(
            f"After-sale {number} brings goods back: it is refunded by confirming their receipt, and has status "
            f"{text_of(row, 'status')} now. Agree to the return first, or wait for the parcel."
        )
    return write(AUDIT, {"returnsId": number, "action": _AGREE})


async def _reject(channel: Channel, act: Act) -> Call:
    number, reason = returns_id(act), act.reason or ""
    if not (reason.isascii() and reason.isdigit()):
        raise InvalidRequest(f"{act.operation} needs a reason's id, as the platform lists them for this after-sale.")
    body: dict[str, Any] = {"returnsId": number, "reason": int(reason)}
    if act.parameters.get("description"):
        body["description"] = act.parameters["description"]
    row = (await read_after_sale(channel, number))["afterSaleInfo"]
    if text_of(row, "status") == TO_RECEIVE:
        return write(RECEIVE, {**body, "action": _NOT_RECEIVED})
    return write(AUDIT, {**body, "action": _REJECT})


async def _ship(_channel: Channel, act: Act) -> Call:
    number, carrier = needed(act, "tracking_number"), needed(act, "carrier")
    if act.request_id and act.operation is Operation.ship:
        return write(EXCHANGE, {"returnsId": act.request_id, "expressCompanyCode": carrier, "expressNo": number})
    body: dict[str, Any] = {"orderId": act.order_id, "expressNo": number, "expressCompanyCode": carrier}
    if skus := [sku for sku in act.parameters.get("skuIdList", "").split(",") if sku]:
        body |= {"unpack": True, "skuIdList": skus}
    return write(DELIVER, body)


async def _set_tracking(channel: Channel, act: Act) -> Call:
    """Change a parcel's number. The carrier stays unless one is named; of several parcels one must be named."""
    number, wanted = needed(act, "tracking_number"), act.parameters.get("package_id")
    body: dict[str, Any] = {"orderId": act.order_id, "expressNo": number}
    parcels = (await read_order(channel, act.order_id)).get("simpleDeliveryOrderList") or []
    meant = [parcel for parcel in parcels if wanted in {None, parcel.get("deliveryOrderIndex")}]
    old = act.parameters.get("oldExpressNo")
    if old:
        meant = [parcel for parcel in parcels if parcel.get("expressTrackingNo") == old][:1]
        body["oldExpressNo"] = old
    if len(meant) != 1:
        raise InvalidRequest(f"Order {act.order_id} has {len(meant)} such parcels: name one as `package_id`.")
    index = meant[0].get("deliveryOrderIndex") or ""
    if index.isdigit() and len(parcels) > 1 and not old:
        body["deliveryOrderIndex"] = int(index)
    carrier = act.parameters.get("carrier") or meant[0].get("expressCompanyCode")
    if not carrier:
        raise InvalidRequest("The parcel's carrier is not known: name it as `carrier`.")
    return write(CHANGE, {**body, "expressCompanyCode": carrier})


async def _set_note(channel: Channel, act: Act) -> Call:
    note = needed(act, "note")  # the platform takes no empty one
    flag = act.parameters.get("sellerMarkPriority") or (await read_order(channel, act.order_id)).get("sellerRemarkFlag")
    body = {
        "orderId": act.order_id,
        "sellerMarkNote": note,
        "operator": act.parameters.get("operator") or channel.store.id,
        "sellerMarkPriority": int(flag) if flag and flag.isdigit() and flag != "0" else _GREY,
    }
    return write(NOTE, body, repeatable=True)


_BUILDERS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Call]]] = {
    Operation.accept_cancellation: _accept_cancellation,
    Operation.reject_cancellation: _ship,
    Operation.approve_return: _approve_return,
    Operation.refund_return: _refund,
    Operation.open_dispute: _reject,
    Operation.ship: _ship,
    Operation.set_tracking: _set_tracking,
    Operation.set_note: _set_note,
}

"""Acts on 1688: each with one write call, and what may have to be read before it (API.md sections 5 to 7).

No call takes an idempotency key, so none may be repeated blindly: after a lost answer `probes` reads what shows. A
purchase carries our own number, by which it is found again.

Parameters are those of `gateway.ports.Act`. Beside them: ``remark`` (close); ``goods`` (`received`, `not_received`, of
a refund); ``carrier`` is the company's number when goods are sent back; ``type`` and ``text`` (dispute);
``carrier_code`` (ship); ``flow``, ``trade_type``, ``channel``, ``business_type`` (purchase).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.after_sales import read_refund, refund_id
from adapters.alibaba_1688.client import write
from adapters.alibaba_1688.logistics import ship
from adapters.alibaba_1688.manifest import MANIFEST
from adapters.alibaba_1688.orders import SITE
from adapters.alibaba_1688.payloads import body_of, text_of
from adapters.alibaba_1688.purchases import creation, orders_made
from adapters.alibaba_1688.refunds import application
from gateway.errors import InvalidRequest
from gateway.ports import Act, Answer, Call, Channel, Offered, Operation

_COMPLAINTS = frozenset({"RefundComplaint", "SafeRefundComplaint", "AfterSalesComplaint", "TradeComplaint"})


async def perform(channel: Channel, act: Act) -> str:
    """Carry ``act`` out; return the platform's reference: the refund, the orders made, or the thing acted upon.

    Raises InvalidRequest before anything is sent when the store's side cannot do it, or the act lacks what the call
    needs; else the error tree.
    """
    build = _BUILDERS.get(act.operation)
    check_side(channel, act)
    if build is None:
        raise InvalidRequest(f"1688's adapter cannot do {act.operation}; its manifest says who can.")
    return _reference(act, await channel.send(await build(channel, act)))


def check_side(channel: Channel, act: Act) -> None:
    """Raise InvalidRequest when the store's role, or nobody, does this on 1688."""
    if MANIFEST.offers(act.operation, channel.store.role) is not Offered.api:
        raise InvalidRequest(
            f"A store with role {channel.store.role} cannot do {act.operation} on 1688; the manifest says who can."
        )


def _reference(act: Act, answer: Answer) -> str:
    if act.operation is Operation.create_order:
        return ",".join(orders_made(answer))
    result = body_of(answer).get("result")
    inner = result.get("result") if isinstance(result, dict) else None
    if isinstance(inner, dict) and text_of(inner, "refundId"):
        return text_of(inner, "refundId")
    if isinstance(inner, int | str):
        return str(inner)
    told = text_of(result, "logisticsId") if isinstance(result, dict) else ""
    return told or act.request_id or act.order_id


async def _close(_channel: Channel, act: Act) -> Call:
    if act.reason not in words.CANCEL_REASONS:
        raise InvalidRequest(f"1688 takes no cancel reason {act.reason!r}. Give one of {', '.join(_CANCEL_REASONS)}.")
    remark = act.parameters.get("remark")
    asked = {"webSite": SITE, "tradeID": act.order_id, "cancelReason": act.reason, "remark": remark or None}
    return write("alibaba.trade.cancel", asked)


_CANCEL_REASONS = sorted(words.CANCEL_REASONS)


async def _agree(channel: Channel, act: Act) -> Call:
    """Agree to a refund, or that goods come back, or that they came back: the platform knows by the refund's state."""
    asked = _request(act)
    refund = await read_refund(channel, asked)
    address = {name: act.parameters[name] for name in ("address", "post", "phone") if act.parameters.get(name)}
    person = {"fullName": act.parameters.get("full_name"), "mobilePhone": act.parameters.get("mobile_phone")}
    return write(
        "alibaba.trade.refund.OpAgreeReturnGoods",
        {
            "refundId": asked,
            "memberId": channel.store.external_id,
            "refundOperateType": "SELLER_AGREE_REFUND",
            "operatorRole": "SELLER",
            "disputeType": refund.get("disputeType"),
            **address,
            **person,
            "discription": act.parameters.get("text"),
        },
    )


async def _withdraw(_channel: Channel, act: Act) -> Call:
    return write("alibaba.trade.cancelRefund", {"refundId": _request(act)})


async def _send_back(_channel: Channel, act: Act) -> Call:
    return write(
        "alibaba.trade.refund.returnGoods",
        {
            "refundId": _request(act),
            "logisticsCompanyNo": needed(act, "carrier"),
            "freightBill": needed(act, "tracking_number"),
            "description": act.parameters.get("text"),
            "vouchers": act.parameters.get("evidence", "").split() or None,
        },
    )


async def _arbitration(_channel: Channel, act: Act) -> Call:
    kind = act.parameters.get("type", "RefundComplaint")
    if kind not in _COMPLAINTS:
        raise InvalidRequest(f"`type` of a dispute is one of {', '.join(sorted(_COMPLAINTS))}.")
    if not act.order_id.isdigit():
        raise InvalidRequest("The number of a 1688 order is digits alone. Take it from the order as read.")
    links = act.parameters.get("evidence", "").split()
    told = {
        "type": kind,
        "refundId": _request(act),
        "orderId": int(act.order_id),
        "reasonText": needed(act, "text"),
        **({"reasonId": act.reason} if act.reason else {}),
        **({"picUrlEvidence": links} if links else {}),
    }
    return write("trade.arbitration.apply", {"param": told})


async def _create(_channel: Channel, act: Act) -> Call:
    return creation(act)


def needed(act: Act, name: str) -> str:
    """Return a parameter. Raises InvalidRequest without it."""
    value = act.parameters.get(name, "")
    if not value:
        raise InvalidRequest(f"{act.operation} needs the parameter `{name}`.")
    return value


def _request(act: Act) -> str:
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} is about a refund: name its id as the request.")
    return refund_id(act.request_id)


_BUILDERS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Call]]] = {
    Operation.seller_close: _close,
    Operation.approve_return: _agree,
    Operation.refund_return: _agree,
    Operation.ship: ship,
    Operation.request_refund: application,
    Operation.withdraw_request: _withdraw,
    Operation.send_back: _send_back,
    Operation.open_dispute: _arbitration,
    Operation.create_order: _create,
}

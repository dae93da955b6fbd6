"""Acts on TikTok Shop: each with one write call, and what has to be read before it (API.md sections 4 to 6).

Approvals and rejections carry an idempotency key; cancelling, shipping and writing do not, so none is ever repeated
blindly: after a lost answer `probes` reads what shows.

Parameters are those of `gateway.ports.Act`; `open_dispute` and `reject_cancellation` take ``text``, words to the buyer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from adapters.tiktok_shop import shipping, words
from adapters.tiktok_shop.after_sales import RETURN, read_request
from adapters.tiktok_shop.choices import calculated, reason_for
from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.orders import read_order
from adapters.tiktok_shop.payloads import RequestRow, content_of, reference_of, text_of
from gateway.errors import DataError, InvalidRequest, Refused
from gateway.model.after_sale import GoodsState
from gateway.model.money import to_major, to_minor
from gateway.ports import Act, Call, Channel, Operation
from gateway.transport.json import encode

_LONGEST_MESSAGE = 2000
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_BACK = frozenset({GoodsState.sent_back, GoodsState.receipt_refused})


async def perform(channel: Channel, act: Act) -> str:
    """Carry ``act`` out; return the platform's request id.

    Raises InvalidRequest before anything is sent when the act lacks what the call needs; else the error tree.
    """
    build = _BUILDERS.get(act.operation)
    if build is None:
        raise InvalidRequest(f"TikTok Shop's adapter cannot do {act.operation}; its manifest says who can.")
    return reference_of(await channel.send(await build(channel, act)))


async def _seller_close(channel: Channel, act: Act) -> Call:
    reason = await reason_for(channel, act)
    return call("cancellation.create", body={"order_id": act.order_id, "cancel_reason": reason}, effect=True)


async def _accept_cancellation(_channel: Channel, act: Act) -> Call:
    return call("cancellation.approve", request_id(act), body={}, effect=True, key=act.key)


async def _reject_cancellation(_channel: Channel, act: Act) -> Call:
    return call("cancellation.reject", request_id(act), body=_rejection(act), effect=True, key=act.key)


async def _approve_return(channel: Channel, act: Act) -> Call:
    row = await read_request(channel, RETURN, request_id(act))
    decisions = {"RETURN_AND_REFUND": "APPROVE_RETURN", "REPLACEMENT": "APPROVE_REPLACEMENT"}
    return _approval(act, {"decision": _for_type(row, decisions, "agree to goods coming back")})


async def _refund_return(channel: Channel, act: Act) -> Call:
    """Pay a request; without one, start a refund of the order or of the act's lines (section 5.5)."""
    if not act.request_id:
        return await _start_refund(channel, act)
    row = await read_request(channel, RETURN, request_id(act))
    if row.get("return_type") == "RETURN_AND_REFUND" and not _came_back(row):
        return _approval(act, {"decision": "APPROVE_RETURN", "buyer_keep_item": True})
    decisions = {
        "REFUND": "APPROVE_REFUND",
        "RETURN_AND_REFUND": "APPROVE_RECEIVED_PACKAGE",
        "REPLACEMENT": "ISSUE_REPLACEMENT_REFUND",
    }
    return _approval(act, {"decision": _for_type(row, decisions, "pay")})


async def _open_dispute(channel: Channel, act: Act) -> Call:
    """Reject a return: what was asked, or the parcel that came back."""
    row = await read_request(channel, RETURN, request_id(act))
    decisions = {
        "REFUND": "REJECT_REFUND",
        "RETURN_AND_REFUND": "REJECT_RECEIVED_PACKAGE" if _came_back(row) else "REJECT_RETURN",
        "REPLACEMENT": "REJECT_REPLACEMENT",
    }
    body = {"decision": _for_type(row, decisions, "reject"), **_rejection(act)}
    return call("return.reject", request_id(act), body=body, effect=True, key=act.key)


async def _offer(channel: Channel, act: Act) -> Call:
    if (act.parameters.get("solution") or "refund") != "refund":
        raise InvalidRequest("On TikTok Shop only a part of the money can be offered: `solution` is refund.")
    row = await read_request(channel, RETURN, request_id(act))
    currency = (row.get("refund_amount") or {}).get("currency") or channel.store.currency
    partial = {"currency": currency, "amount": amount(act, currency)}
    return _approval(act, {"decision": "OFFER_PARTIAL_REFUND", "partial_refund": partial})


async def _start_refund(channel: Channel, act: Act) -> Call:
    if not act.reason:
        raise InvalidRequest("A refund that the seller starts needs a reason of the platform's.")
    units = await _units(channel, act)
    most, currency = await calculated(channel, act.order_id, "REFUND", act.reason, units)
    total = amount(act, currency) if "amount" in act.parameters else most
    if Decimal(total) > Decimal(most):
        raise Refused(f"At most {most} {currency} of order {act.order_id} can be refunded. Ask for less.")
    body = {"order_id": act.order_id, "return_reason": act.reason, "return_type": "REFUND"}
    named = {"order_line_item_ids": units} if units else {}
    body_with_money = {**body, **named, "refund_total": total, "currency": currency}
    return call("return.create", body=body_with_money, effect=True, key=act.key)


async def _units(channel: Channel, act: Act) -> list[str]:
    """Return the ids of units that the act's lines mean, none when it names no line."""
    if not act.lines:
        return []
    units = (await read_order(channel, act.order_id)).get("line_items") or ()
    chosen: list[str] = []
    for line_id, quantity in act.lines:
        sku = line_id.partition(":")[0]
        going = [
            str(unit.get("id"))
            for unit in units
            if unit.get("sku_id") == sku and unit.get("display_status") not in words.ENDED_UNIT
        ]
        if not 0 < quantity <= len(going):
            raise InvalidRequest(f"Order {act.order_id} has no {quantity} units of line {line_id} left.")
        chosen += going[:quantity]
    return chosen


async def _send_message(channel: Channel, act: Act) -> Call:
    text = act.parameters.get("text", "")
    if not 0 < len(text) <= _LONGEST_MESSAGE:
        raise InvalidRequest(f"A message needs the parameter `text`, of at most {_LONGEST_MESSAGE} letters.")
    opening = call("chat.open", body={"buyer_user_id": await buyer_of(channel, act)}, effect=True)
    chat = text_of(content_of(await channel.send(opening), opening.operation), "conversation_id")
    if not chat:
        raise DataError("TikTok Shop opened no conversation with the buyer, so nothing was written. Try again.")
    content = encode({"content": text}).decode()  # JSON within JSON (section 6)
    return call("chat.send", chat, body={"type": "TEXT", "content": content}, effect=True)


async def buyer_of(channel: Channel, act: Act) -> str:
    """Return the buyer's user id. Raises InvalidRequest when the platform hides it, as while an order is on hold."""
    buyer = (await read_order(channel, act.order_id)).get("user_id")
    if not buyer:
        raise InvalidRequest(f"TikTok Shop does not tell the buyer of order {act.order_id} now. Write later.")
    return buyer


def request_id(act: Act) -> str:
    """Return the request that is answered. Raises InvalidRequest without one."""
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} answers a request: name its number.")
    return act.request_id


def amount(act: Act, currency: str) -> str:
    """Return the act's amount as the platform writes it. Raises InvalidRequest unless it is exact and above zero."""
    text = act.parameters.get("amount", "")
    try:
        minor = to_minor(text, currency) if _AMOUNT.fullmatch(text) else 0
    except DataError:
        minor = 0
    if minor <= 0:
        raise InvalidRequest(f"`amount` must be above 0 and a whole number of {currency}'s smallest unit.")
    return to_major(minor, currency)


def _rejection(act: Act) -> dict[str, str]:
    if not act.reason:
        raise InvalidRequest(f"{act.operation} needs a reason. `reject_reasons` tells those that are taken now.")
    text = act.parameters.get("text", "")
    return {"reject_reason": act.reason, **({"comment": text} if text else {})}


def _approval(act: Act, body: Mapping[str, Any]) -> Call:
    return call("return.approve", request_id(act), body=body, effect=True, key=act.key)


def _for_type(row: RequestRow, decisions: Mapping[str, str], wish: str) -> str:
    kind = row.get("return_type") or "without a type"
    if kind not in decisions:
        raise InvalidRequest(f"No call of TikTok Shop's lets a seller {wish} in a request {kind}. Use the console.")
    return decisions[kind]


def _came_back(row: RequestRow) -> bool:
    progress = words.RETURN_STATUS.get(row.get("return_status") or "")
    return progress is not None and progress.goods in _BACK


_BUILDERS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Call]]] = {
    Operation.seller_close: _seller_close,
    Operation.accept_cancellation: _accept_cancellation,
    Operation.reject_cancellation: _reject_cancellation,
    Operation.approve_return: _approve_return,
    Operation.refund_return: _refund_return,
    Operation.offer_solution: _offer,
    Operation.open_dispute: _open_dispute,
    Operation.ship: shipping.ship,
    Operation.set_tracking: shipping.set_tracking,
    Operation.send_message: _send_message,
}

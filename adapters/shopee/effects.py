"""Acts on Shopee: each with one write call, and what may have to be read before it (API.md sections 5 to 8, 11).

No call takes an idempotency key, so none may be repeated blindly: after a lost answer `probes` reads what shows.

Parameters are those of `gateway.ports.Act`, which `parameters` translates, or Shopee's own, all text: `note`; `to_id`,
`text`, `since` (message); `method`, `package_number`, `address_id`, `pickup_time_id`, `branch_id`, `sender_real_name`,
`slug`, `tracking_number` (ship); `proposed_solution`, `proposed_adjusted_refund_amount` (offer); `email`,
`dispute_reason_id`, `dispute_text_reason`, and `image_list` as JSON or `evidence:<module_index>` with links (dispute).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.shopee import words
from adapters.shopee.client import write
from adapters.shopee.disputes import open_dispute
from adapters.shopee.orders import read_order
from adapters.shopee.parameters import native, needed, return_sn, whole
from adapters.shopee.payloads import body_of, text_of
from adapters.shopee.shipping import ship
from gateway.errors import InvalidRequest
from gateway.ports import Act, Call, Channel, Operation

_CANCEL = "order.cancel_order"
_SOLUTIONS = frozenset({"RETURN_REFUND", "REFUND"})


async def perform(channel: Channel, act: Act) -> str:
    """Carry ``act`` out; return the platform's request id.

    Raises InvalidRequest before anything is sent when the act lacks what the call needs; else the error tree.
    """
    build = _BUILDERS.get(act.operation)
    if build is None:
        raise InvalidRequest(f"Shopee's adapter cannot do {act.operation}; its manifest says who can.")
    answer = await channel.send(await build(channel, native(act)))
    return text_of(body_of(answer), "request_id")


async def _seller_close(channel: Channel, act: Act) -> Call:
    reason = _cancel_reason(act)
    body: dict[str, Any] = {"order_sn": act.order_id, "cancel_reason": reason}
    if reason == "OUT_OF_STOCK":
        pairs = [_line(line_id)[:2] for line_id, _ in act.lines] or await _all_items(channel, act.order_id)
        body["item_list"] = [{"item_id": item, "model_id": model} for item, model in dict.fromkeys(pairs)]
    return write(_CANCEL, body)


async def _all_items(channel: Channel, order_id: str) -> list[tuple[int, int]]:
    """Name every item of the order: the whole order is cancelled whichever are named (section 6)."""
    items = (await read_order(channel, order_id)).get("item_list") or []
    pairs = [(whole(str(item.get("item_id"))), whole(str(item.get("model_id") or 0))) for item in items]
    if not pairs:
        raise InvalidRequest(f"Order {order_id} shows no items, and OUT_OF_STOCK must name some. Read it anew.")
    return pairs


async def _cancel_lines(_channel: Channel, act: Act) -> Call:
    reason = _cancel_reason(act)
    rows = []
    for line_id, quantity in act.lines:
        item, model, order_item, group = _line(line_id)
        if quantity < 1:
            raise InvalidRequest(f"Line {line_id} is to be cancelled by {quantity}: name at least one unit.")
        rows.append(
            {
                "item_id": item,
                "model_id": model,
                "order_item_id": order_item,
                "promotion_group_id": group,
                "model_quantity": quantity,
            }
        )
    if not rows:
        raise InvalidRequest(f"No lines of order {act.order_id} are named. Name line and quantity of each.")
    return write(_CANCEL, {"order_sn": act.order_id, "cancel_reason": reason, "partial_cancel_item_list": rows})


def _answer_cancellation(operation: str) -> Callable[[Channel, Act], Awaitable[Call]]:
    async def build(_channel: Channel, act: Act) -> Call:
        return write("order.handle_buyer_cancellation", {"order_sn": act.order_id, "operation": operation})

    return build


def _answer_return(call: str) -> Callable[[Channel, Act], Awaitable[Call]]:
    async def build(_channel: Channel, act: Act) -> Call:
        return write(call, {"return_sn": return_sn(act)})

    return build


async def _offer(_channel: Channel, act: Act) -> Call:
    solution = act.parameters.get("proposed_solution") or act.reason or ""
    if solution not in _SOLUTIONS:
        raise InvalidRequest("An offer needs the parameter `proposed_solution`: RETURN_REFUND or REFUND.")
    body: dict[str, Any] = {"return_sn": return_sn(act), "proposed_solution": solution}
    amount = act.parameters.get("proposed_adjusted_refund_amount")
    if amount is not None:
        body["proposed_adjusted_refund_amount"] = positive(amount)
    return write("returns.offer", body)


def positive(text: str) -> Decimal:
    """Return an offered amount exactly. Raises InvalidRequest unless it is a decimal number above zero."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise InvalidRequest("`proposed_adjusted_refund_amount` must be a decimal number above 0, as in 12.34.")
    return amount


async def _cancel_dispute(_channel: Channel, act: Act) -> Call:
    return write("returns.cancel_dispute", {"return_sn": return_sn(act), "email": needed(act, "email")})


async def _set_note(_channel: Channel, act: Act) -> Call:
    if "note" not in act.parameters:
        raise InvalidRequest("A note needs the parameter `note`; an empty one removes it.")
    body = {"order_sn": act.order_id, "note": act.parameters["note"]}
    return write("order.set_note", body, repeatable=True)


async def _send_message(channel: Channel, act: Act) -> Call:
    body = {
        "to_id": whole(await buyer_of(channel, act)),
        "message_type": "text",
        "content": {"text": needed(act, "text")},
    }
    return write("sellerchat.send_message", body)


async def buyer_of(channel: Channel, act: Act) -> str:
    """Return the buyer's user id, from the act or the order. Raises InvalidRequest when the platform hides it."""
    buyer = act.parameters.get("to_id") or str((await read_order(channel, act.order_id)).get("buyer_user_id") or "")
    if not buyer.isdigit():
        raise InvalidRequest(f"Shopee does not tell the buyer of order {act.order_id}: write in the Seller Centre.")
    return buyer


def _cancel_reason(act: Act) -> str:
    if act.reason not in words.SELLER_CANCEL_REASONS:
        known = ", ".join(sorted(words.SELLER_CANCEL_REASONS))
        raise InvalidRequest(f"Shopee takes no cancel reason {act.reason!r}. Give one of {known}.")
    return act.reason


def _line(line_id: str) -> tuple[int, int, int, int]:
    parts = line_id.partition("#")[0].split(":")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidRequest(f"{line_id!r} is no line of a Shopee order. Take the line ids of the order as read.")
    item, model, order_item, group = map(int, parts)
    return item, model, order_item, group


_BUILDERS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Call]]] = {
    Operation.seller_close: _seller_close,
    Operation.cancel_lines: _cancel_lines,
    Operation.accept_cancellation: _answer_cancellation("ACCEPT"),
    Operation.reject_cancellation: _answer_cancellation("REJECT"),
    Operation.refund_return: _answer_return("returns.confirm"),
    Operation.offer_solution: _offer,
    Operation.accept_offer: _answer_return("returns.accept_offer"),
    Operation.open_dispute: open_dispute,
    Operation.cancel_dispute: _cancel_dispute,
    Operation.ship: ship,
    Operation.set_note: _set_note,
    Operation.send_message: _send_message,
}

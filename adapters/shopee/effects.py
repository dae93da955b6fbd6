"""Acts on Shopee: each with one write call, and what may have to be read before it (API.md sections 5 to 8, 11).

No call takes an idempotency key, so none may be repeated blindly: after a lost answer `probes` reads what shows.

Parameters an `Act` may carry, all text: `note`; `to_id`, `text`, `since` (message); `method`, `package_number`,
`address_id`, `pickup_time_id`, `branch_id`, `sender_real_name`, `slug`, `tracking_number` (ship);
`proposed_solution`, `proposed_adjusted_refund_amount` (offer); `email`, `dispute_reason_id`, `dispute_text_reason`,
`image_list` as JSON (dispute).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from adapters.shopee import words
from adapters.shopee.client import read, write
from adapters.shopee.orders import detail_call
from adapters.shopee.payloads import OrderRow, body_of, content_of, fields_at_fault, order_rows, rows_of, text_of
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.order import FulfillmentState
from gateway.ports import Act, Call, Channel, Operation
from gateway.transport.json import decode

_CANCEL = "order.cancel_order"
_SOLUTIONS = frozenset({"RETURN_REFUND", "REFUND"})


async def perform(channel: Channel, act: Act) -> str:
    """Carry ``act`` out; return the platform's request id.

    Raises InvalidRequest before anything is sent when the act lacks what the call needs; else the error tree.
    """
    build = _BUILDERS.get(act.operation)
    if build is None:
        raise InvalidRequest(f"Shopee's adapter cannot do {act.operation}; its manifest says who can.")
    answer = await channel.send(await build(channel, act))
    return text_of(body_of(answer), "request_id")


async def read_order(channel: Channel, order_id: str) -> OrderRow:
    """Return one order as the platform tells it now. Raises NotFound, or DataError when it cannot be read."""
    content = content_of(await channel.send(detail_call([order_id])), "order.get_order_detail")
    try:
        rows = order_rows().validate_python(rows_of(content, "order_list", "order.get_order_detail"))
    except ValidationError as fault:
        raise DataError(f"Shopee's order {order_id} cannot be read: {fields_at_fault(fault)}") from None
    for row in rows:
        if row.get("order_sn") == order_id:
            return row
    raise NotFound(f"Shopee does not know order {order_id} in this shop. Check the number and the shop.")


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
    pairs = [(_whole(str(item.get("item_id"))), _whole(str(item.get("model_id") or 0))) for item in items]
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
        return write(call, {"return_sn": _return_sn(act)})

    return build


async def _offer(_channel: Channel, act: Act) -> Call:
    solution = act.parameters.get("proposed_solution") or act.reason or ""
    if solution not in _SOLUTIONS:
        raise InvalidRequest("An offer needs the parameter `proposed_solution`: RETURN_REFUND or REFUND.")
    body: dict[str, Any] = {"return_sn": _return_sn(act), "proposed_solution": solution}
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


async def _open_dispute(_channel: Channel, act: Act) -> Call:
    body = {
        "return_sn": _return_sn(act),
        "email": _needed(act, "email"),
        "dispute_reason_id": _whole(act.reason or _needed(act, "dispute_reason_id")),
        "dispute_text_reason": act.parameters.get("dispute_text_reason", ""),
    }
    images = decode(act.parameters.get("image_list", "[]").encode())
    if not isinstance(images, list):
        raise InvalidRequest("`image_list` must be a JSON list of {module_index, requirement, image_url}.")
    return write("returns.dispute", {**body, "image_list": images})


async def _cancel_dispute(_channel: Channel, act: Act) -> Call:
    return write("returns.cancel_dispute", {"return_sn": _return_sn(act), "email": _needed(act, "email")})


async def _set_note(_channel: Channel, act: Act) -> Call:
    if "note" not in act.parameters:
        raise InvalidRequest("A note needs the parameter `note`; an empty one removes it.")
    body = {"order_sn": act.order_id, "note": act.parameters["note"]}
    return write("order.set_note", body, repeatable=True)


async def _send_message(channel: Channel, act: Act) -> Call:
    body = {
        "to_id": _whole(await buyer_of(channel, act)),
        "message_type": "text",
        "content": {"text": _needed(act, "text")},
    }
    return write("sellerchat.send_message", body)


async def buyer_of(channel: Channel, act: Act) -> str:
    """Return the buyer's user id, from the act or the order. Raises InvalidRequest when the platform hides it."""
    buyer = act.parameters.get("to_id") or str((await read_order(channel, act.order_id)).get("buyer_user_id") or "")
    if not buyer.isdigit():
        raise InvalidRequest(f"Shopee does not tell the buyer of order {act.order_id}: write in the Seller Centre.")
    return buyer


async def _ship(channel: Channel, act: Act) -> Call:
    row = await read_order(channel, act.order_id)
    body: dict[str, Any] = {"order_sn": act.order_id}
    package = act.parameters.get("package_number") or _package_to_ship(row)
    if package:
        body["package_number"] = package  # never as an empty text (section 7)
    answer = await channel.send(read("logistics.get_shipping_parameter", **body))
    offered = content_of(answer, "logistics.get_shipping_parameter")
    method, chosen = _way(act, offered)
    if row.get("order_status") != "RETRY_SHIP":
        return write("logistics.ship_order", {**body, method: chosen})
    if method != "pickup":
        raise InvalidRequest(f"Order {act.order_id} waits for a new pickup: only the method pickup can be arranged.")
    return write("logistics.update_shipping_order", {**body, method: chosen})


def _package_to_ship(row: OrderRow) -> str:
    packages = row.get("package_list") or []
    if len(packages) < 2:
        return ""
    waiting = [
        str(package.get("package_number"))
        for package in packages
        if words.LOGISTICS.get(package.get("logistics_status") or "") is FulfillmentState.to_ship
    ]
    if len(waiting) != 1:
        raise InvalidRequest(
            f"Order {row.get('order_sn')} has {len(waiting)} parcels to ship. Name one: parameter `package_number`."
        )
    return waiting[0]


def _way(act: Act, offered: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Choose the way of shipping: the one named, else the one that needs least, and its values (section 7)."""
    raw = offered.get("info_needed")
    needed = (
        {way: list(names) for way, names in raw.items() if isinstance(names, list)} if isinstance(raw, dict) else {}
    )
    method = act.parameters.get("method") or min(needed, key=lambda way: (len(needed[way]), way), default="")
    if method not in needed:
        raise InvalidRequest(
            f"Shopee offers {', '.join(needed) or 'no way'} of shipping order {act.order_id}; name one as `method`."
        )
    given = {name: act.parameters[name] for name in (*needed[method], "slug") if name in act.parameters}
    values: dict[str, Any] = {**(_pickup(act, offered) if method == "pickup" else {}), **given}
    missing = [name for name in needed[method] if name not in values]
    if missing:
        raise InvalidRequest(f"Shipping by {method} needs the parameters {', '.join(missing)}.")
    for name in ("address_id", "branch_id"):
        if name in values:
            values[name] = _whole(str(values[name]))
    return method, values


def _pickup(act: Act, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Take the address named, else the one flagged for pickups, and its first slot when none is named."""
    pickup = offered.get("pickup")
    rows = pickup.get("address_list") if isinstance(pickup, dict) else None
    addresses = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    wanted = act.parameters.get("address_id")
    flagged = [row for row in addresses if "pickup_address" in (row.get("address_flag") or [])]
    matching = [row for row in addresses if text_of(row, "address_id") == wanted] if wanted else flagged or addresses
    if not matching:
        return {}
    chosen = {"address_id": text_of(matching[0], "address_id")}
    slots = matching[0].get("time_slot_list")
    if isinstance(slots, list) and slots and isinstance(slots[0], dict):
        chosen["pickup_time_id"] = text_of(slots[0], "pickup_time_id")
    return chosen


def _cancel_reason(act: Act) -> str:
    if act.reason not in words.SELLER_CANCEL_REASONS:
        known = ", ".join(sorted(words.SELLER_CANCEL_REASONS))
        raise InvalidRequest(f"Shopee takes no cancel reason {act.reason!r}. Give one of {known}.")
    return act.reason


def _return_sn(act: Act) -> str:
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} answers a return: name its number as the request.")
    return act.request_id


def _needed(act: Act, name: str) -> str:
    value = act.parameters.get(name, "")
    if not value:
        raise InvalidRequest(f"{act.operation} needs the parameter `{name}`.")
    return value


def _line(line_id: str) -> tuple[int, int, int, int]:
    parts = line_id.partition("#")[0].split(":")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidRequest(f"{line_id!r} is no line of a Shopee order. Take the line ids of the order as read.")
    item, model, order_item, group = map(int, parts)
    return item, model, order_item, group


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest("An id that Shopee wants as a whole number is none. Take it from the order as read.")
    return int(text)


_BUILDERS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Call]]] = {
    Operation.seller_close: _seller_close,
    Operation.cancel_lines: _cancel_lines,
    Operation.accept_cancellation: _answer_cancellation("ACCEPT"),
    Operation.reject_cancellation: _answer_cancellation("REJECT"),
    Operation.refund_return: _answer_return("returns.confirm"),
    Operation.offer_solution: _offer,
    Operation.accept_offer: _answer_return("returns.accept_offer"),
    Operation.open_dispute: _open_dispute,
    Operation.cancel_dispute: _cancel_dispute,
    Operation.ship: _ship,
    Operation.set_note: _set_note,
    Operation.send_message: _send_message,
}

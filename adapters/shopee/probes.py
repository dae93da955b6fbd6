"""What Shopee's state says about an act whose answer was lost. Only reads; the words it rests on are given back.

`order.error_limit` covers "cancelled already" and "too late" alike (API.md section 6), so only the order tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from adapters.shopee import words
from adapters.shopee.after_sales import compensation_word, inner
from adapters.shopee.after_sales import detail_call as return_call
from adapters.shopee.client import read
from adapters.shopee.effects import buyer_of, positive
from adapters.shopee.lines import line_ids
from adapters.shopee.orders import read_order
from adapters.shopee.parameters import native
from adapters.shopee.payloads import OrderRow, ReturnRow, content_of, fields_at_fault, return_rows, rows_of, text_of
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.order import FulfillmentState
from gateway.ports import Act, Channel, Finding, Happened, Operation

_STILL_OPEN = frozenset({"UNPAID", "PENDING", "INVOICE_PENDING", "READY_TO_SHIP", "RETRY_SHIP"})
_WENT_ON = frozenset({"PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "TO_RETURN", "COMPLETED"})
_HANDED_ON = frozenset({FulfillmentState.arranged, FulfillmentState.shipped, FulfillmentState.delivered})


async def probe(channel: Channel, act: Act) -> Finding:
    """Return whether ``act`` shows in the platform's state now. Raises the error tree when it cannot be read."""
    act = native(act)
    try:
        if act.operation in _OF_ORDER:
            return _OF_ORDER[act.operation](act, await read_order(channel, act.order_id))
        if act.operation in _OF_RETURN:
            return _OF_RETURN[act.operation](act, await _read_return(channel, act))
        if act.operation is Operation.send_message:
            return await _message(channel, act)
    except NotFound as fault:
        return _undecided(f"the platform does not know it: {fault.code or 'not listed'}")
    raise InvalidRequest(f"Shopee's adapter cannot do {act.operation}, so there is nothing to look for.")


def _applied(because: str) -> Finding:
    return Finding(Happened.applied, because)


def _not_applied(because: str) -> Finding:
    return Finding(Happened.not_applied, because)


def _undecided(because: str) -> Finding:
    return Finding(Happened.undecided, because)


def _words(row: OrderRow) -> str:
    said = f"order_status {row.get('order_status') or 'missing'}"
    if row.get("order_status") == "CANCELLED":
        said += f", cancel_by {row.get('cancel_by') or 'empty'}, cancel_reason {row.get('cancel_reason') or 'empty'}"
    return said


def _ended_by(row: OrderRow) -> str:
    """Return who ended a cancelled order in the gateway's word, empty when nobody says."""
    return str(words.CANCEL_BY.get(words.plain(row.get("cancel_by") or ""), ""))


def _seller_close(_act: Act, row: OrderRow) -> Finding:
    status, said = row.get("order_status") or "", _words(row)
    if status == "CANCELLED":
        by = _ended_by(row)
        if by == "seller":
            return _applied(said)
        return _not_applied(f"ended by {by}: {said}") if by else _undecided(f"ended by nobody named: {said}")
    if row.get("can_full_cancel_order"):
        return _not_applied(f"still cancellable: {said}")
    if status in _WENT_ON or status == "UNPAID":
        return _not_applied(f"not cancelled: {said}")
    return _undecided(said)


def _cancel_lines(act: Act, row: OrderRow) -> Finding:
    """Count units. A parameter ``before:<line id>`` tells how many were cancelled already when the act was decided."""
    items = row.get("item_list") or []
    gone = {
        line_id: (item.get("cancelled") or 0) + (item.get("cancel_requested") or 0)
        for line_id, item in zip(line_ids(items), items, strict=True)
    }
    said = _words(row)
    if row.get("order_status") == "CANCELLED" and _ended_by(row) not in {"", "seller"}:
        return _not_applied(f"ended by {_ended_by(row)}: {said}")
    if any(line_id not in gone for line_id, _ in act.lines):
        return _undecided(f"a line is not listed: {said}")
    more = [(gone[line_id] - _before(act, line_id), quantity) for line_id, quantity in act.lines]
    counted = f"{sum(found for found, _ in more)} of {sum(quantity for _, quantity in more)} units cancelled, {said}"
    if all(found >= quantity for found, quantity in more):
        return _applied(counted)
    return _not_applied(counted) if all(found <= 0 for found, _ in more) else _undecided(counted)


def _before(act: Act, line_id: str) -> int:
    text = act.parameters.get(f"before:{line_id}", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _accept_cancellation(_act: Act, row: OrderRow) -> Finding:
    status, said = row.get("order_status") or "", _words(row)
    if status == "CANCELLED":
        by = _ended_by(row)
        if by == "buyer":
            return _applied(said)
        return _not_applied(f"ended by {by}: {said}") if by else _undecided(f"ended by nobody named: {said}")
    if status == "IN_CANCEL":
        return _not_applied(f"the request still waits: {said}")
    if status in _STILL_OPEN or status in _WENT_ON:
        return _not_applied(f"the order goes on: {said}")
    return _undecided(said)


def _reject_cancellation(_act: Act, row: OrderRow) -> Finding:
    status, said = row.get("order_status") or "", _words(row)
    if status == "IN_CANCEL":
        return _not_applied(f"the request still waits: {said}")
    if status == "CANCELLED":
        return _not_applied(said)
    if status in _STILL_OPEN or status in _WENT_ON:
        # The platform does not tell a rejection from a withdrawal; either way the order goes on as wanted.
        return _applied(f"the order goes on: {said}")
    return _undecided(said)


def _ship(act: Act, row: OrderRow) -> Finding:
    status, wanted = row.get("order_status") or "", act.parameters.get("package_number")
    parcels = [
        package.get("logistics_status") or ""
        for package in row.get("package_list") or ()
        if wanted in {None, "", str(package.get("package_number"))}
    ]
    said = f"{_words(row)}, logistics_status {', '.join(parcels) or 'missing'}"
    if parcels and all(words.LOGISTICS.get(word) in _HANDED_ON for word in parcels):
        return _applied(said)
    if status == "CANCELLED" or (parcels and all(word in words.WITHOUT_TRACKING for word in parcels)):
        return _not_applied(said)
    return _undecided(said)


def _set_note(act: Act, row: OrderRow) -> Finding:
    if "note" not in row:
        return _undecided("the order shows no note field")
    same = (row.get("note") or "") == act.parameters.get("note", "")
    return _applied("the note is the one wanted") if same else _not_applied("the note is another")


async def _read_return(channel: Channel, act: Act) -> ReturnRow:
    if not act.request_id:
        raise InvalidRequest(f"{act.operation} answers a return: name its number as the request.")
    content = content_of(await channel.send(return_call(act.request_id)), "returns.get_return_detail")
    try:
        return return_rows().validate_python([content])[0]
    except ValidationError as fault:
        raise DataError(f"Shopee's return {act.request_id} cannot be read: {fields_at_fault(fault)}") from None


def _return_words(row: ReturnRow) -> str:
    negotiation = inner(row, "negotiation").get("negotiation_status")
    return (
        f"status {row.get('status') or 'missing'}, negotiation {negotiation or 'none'}, "
        f"compensation {compensation_word(row) or 'none'}"
    )


def _refund_return(_act: Act, row: ReturnRow) -> Finding:
    status, said = row.get("status") or "", _return_words(row)
    if status in {"ACCEPTED", "REFUND_PAID"}:
        return _applied(said)
    if status in {"REQUESTED", "PROCESSING", "SELLER_DISPUTE", "JUDGING", "CANCELLED"}:
        return _not_applied(said)
    return _undecided(said)


def _offer(act: Act, row: ReturnRow) -> Finding:
    negotiation, said = inner(row, "negotiation"), _return_words(row)
    word = negotiation.get("negotiation_status")
    solution = act.parameters.get("proposed_solution") or act.reason
    amount = act.parameters.get("proposed_adjusted_refund_amount")
    same = negotiation.get("latest_solution") == solution and (
        amount is None or _same_amount(negotiation.get("latest_offer_amount"), amount)
    )
    if word == "PENDING_BUYER_RESPOND":
        return _applied(f"the offer is on the table: {said}") if same else _not_applied(f"another offer is: {said}")
    if word == "PENDING_RESPOND" or row.get("status") == "CANCELLED":
        return _not_applied(said)
    return _undecided(said)


def _same_amount(told: str | None, asked: str) -> bool:
    try:
        return told is not None and Decimal(told) == positive(asked)
    except InvalidOperation:
        return False


def _accept_offer(_act: Act, row: ReturnRow) -> Finding:
    word, status, said = inner(row, "negotiation").get("negotiation_status"), row.get("status"), _return_words(row)
    if word == "PENDING_RESPOND" or status == "CANCELLED":
        return _not_applied(said)
    if word == "TERMINATED" and status in {"ACCEPTED", "PROCESSING", "REFUND_PAID"}:
        return _applied(said)
    return _undecided(said)


def _open_dispute(_act: Act, row: ReturnRow) -> Finding:
    status, claim, said = row.get("status") or "", compensation_word(row), _return_words(row)
    if status in {"SELLER_DISPUTE", "JUDGING"} or claim in {"REQUESTED", "APPROVED", "REJECTED"}:
        return _applied(said)
    if status in {"REQUESTED", "PROCESSING", "ACCEPTED", "CANCELLED"}:
        return _not_applied(said)
    return _undecided(said)


def _cancel_dispute(_act: Act, row: ReturnRow) -> Finding:
    claim, said = compensation_word(row), _return_words(row)
    if claim == "CANCELLED":
        return _applied(said)
    return _not_applied(said) if claim in {"REQUESTED", "APPROVED", "REJECTED"} else _undecided(said)


async def _message(channel: Channel, act: Act) -> Finding:
    """Look for our words in the chat, sent at ``since`` (epoch seconds) or later. The reads are [S]: UNVERIFIED."""
    buyer = await buyer_of(channel, act)
    listing = "sellerchat.get_conversation_list"
    content = content_of(await channel.send(read(listing, direction="latest", type="all", page_size=60)), listing)
    chats = [row for row in rows_of(content, "conversations", listing) if isinstance(row, dict)]
    chat = next((text_of(row, "conversation_id") for row in chats if text_of(row, "to_id") == buyer), "")
    if not chat:
        whole = len(chats) < 60
        return _not_applied("no chat with the buyer") if whole else _undecided("the chat is not among the latest 60")
    reading = "sellerchat.get_message"
    content = content_of(await channel.send(read(reading, conversation_id=chat, page_size=60)), reading)
    messages = [row for row in rows_of(content, "messages", reading) if isinstance(row, dict)]
    if any(_is_ours(act, buyer, row) for row in messages):
        return _applied("the message stands in the chat")
    whole = len(messages) < 60
    return _not_applied("the message is not in the chat") if whole else _undecided("it is not among the latest 60")


def _is_ours(act: Act, buyer: str, message: Mapping[str, Any]) -> bool:
    content, since = message.get("content"), act.parameters.get("since", "0")
    sent = message.get("created_timestamp")
    return (
        isinstance(content, dict)
        and content.get("text") == act.parameters.get("text")
        and text_of(message, "from_id") != buyer
        and (not isinstance(sent, int) or not since.isdigit() or sent >= int(since))
    )


_OF_ORDER: Mapping[Operation, Callable[[Act, OrderRow], Finding]] = {
    Operation.seller_close: _seller_close,
    Operation.cancel_lines: _cancel_lines,
    Operation.accept_cancellation: _accept_cancellation,
    Operation.reject_cancellation: _reject_cancellation,
    Operation.ship: _ship,
    Operation.set_note: _set_note,
}
_OF_RETURN: Mapping[Operation, Callable[[Act, ReturnRow], Finding]] = {
    Operation.refund_return: _refund_return,
    Operation.offer_solution: _offer,
    Operation.accept_offer: _accept_offer,
    Operation.open_dispute: _open_dispute,
    Operation.cancel_dispute: _cancel_dispute,
}

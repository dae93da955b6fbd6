"""What TikTok Shop's state says about an act whose answer was lost. Only reads; its words are given back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from adapters.tiktok_shop import words
from adapters.tiktok_shop.after_sales import CANCELLATION, RETURN, read_request, requests_of
from adapters.tiktok_shop.client import call
from adapters.tiktok_shop.effects import amount, buyer_of, request_id
from adapters.tiktok_shop.orders import read_order
from adapters.tiktok_shop.payloads import RequestRow, content_of, rows_of, text_of
from adapters.tiktok_shop.shipping import units_of
from gateway.errors import DataError, InvalidRequest, NotFound
from gateway.model.after_sale import RequestState
from gateway.model.order import FulfillmentState
from gateway.ports import Act, Channel, Finding, Happened, Operation
from gateway.transport.json import decode

_SENT = frozenset({FulfillmentState.arranged, FulfillmentState.shipped, FulfillmentState.delivered})
_AGREED_RETURN = frozenset({RequestState.agreed, RequestState.done})
_PAGES = 5  # of conversations, or of messages, that are looked through


async def probe(channel: Channel, act: Act) -> Finding:
    """Return whether ``act`` shows in the platform's state now. Raises the error tree when it cannot be read."""
    look = _LOOKS.get(act.operation)
    if look is None:
        raise InvalidRequest(f"TikTok Shop's adapter cannot do {act.operation}, so there is nothing to look for.")
    try:
        return await look(channel, act)
    except NotFound as fault:
        return Finding(Happened.undecided, f"the platform does not know it: {fault.code or 'not listed'}")


def _found(happened: bool | None, because: str) -> Finding:
    if happened is None:
        return Finding(Happened.undecided, because)
    return Finding(Happened.applied if happened else Happened.not_applied, because)


async def _seller_close(channel: Channel, act: Act) -> Finding:
    row = await read_order(channel, act.order_id)
    status, by = row.get("status") or "", row.get("cancellation_initiator") or ""
    said = f"status {status}, cancellation_initiator {by or 'missing'}"
    if status in words.ENDED_UNIT and by:
        return _found(by == "SELLER", said)
    ours = [each for each in await requests_of(channel, CANCELLATION, act.order_id) if each.get("role") == "SELLER"]
    said += f", cancellations of the seller {len(ours)}"
    if status in words.ENDED_UNIT:
        return _found(True if ours else None, said)
    return _found(any(each.get("cancel_status") != "CANCELLATION_REQUEST_CANCEL" for each in ours), said)


async def _cancellation(channel: Channel, act: Act) -> tuple[RequestState, str]:
    row = await read_request(channel, CANCELLATION, request_id(act))
    status = row.get("cancel_status") or "missing"
    progress = words.CANCEL_STATUS.get(status)
    return (progress.state if progress else RequestState.unknown), f"cancel_status {status}"


async def _accept_cancellation(channel: Channel, act: Act) -> Finding:
    """An accepted request shows; whether the seller did it or the deadline is not told, and comes to the same."""
    state, said = await _cancellation(channel, act)
    return _found(None if state is RequestState.unknown else state in _AGREED_RETURN, said)


async def _reject_cancellation(channel: Channel, act: Act) -> Finding:
    """The platform does not tell a rejection from a withdrawal; either way the order goes on as wanted."""
    state, said = await _cancellation(channel, act)
    if state is not RequestState.withdrawn:
        return _found(None if state is RequestState.unknown else False, said)
    status = (await read_order(channel, act.order_id)).get("status") or "missing"
    return _found(status not in words.ENDED_UNIT, f"{said}, order status {status}")


async def _return(channel: Channel, act: Act) -> tuple[RequestRow, words.Progress | None, str]:
    row = await read_request(channel, RETURN, request_id(act))
    status = row.get("return_status") or "missing"
    return row, words.RETURN_STATUS.get(status), f"return_status {status}"


async def _approve_return(channel: Channel, act: Act) -> Finding:
    _, progress, said = await _return(channel, act)
    return _found(None if progress is None else progress.state in _AGREED_RETURN, said)


async def _refund_return(channel: Channel, act: Act) -> Finding:
    if not act.request_id:
        begun = [row for row in await requests_of(channel, RETURN, act.order_id) if row.get("role") == "SELLER"]
        return _found(bool(begun), f"refunds that the seller started: {len(begun)}")
    _, progress, said = await _return(channel, act)
    paid = progress is not None and progress.refund.value in {"pending", "refunded"}
    return _found(None if progress is None else paid, said)


async def _offer(channel: Channel, act: Act) -> Finding:
    row, _, said = await _return(channel, act)
    offer = row.get("partial_refund") or {}
    told, currency = offer.get("amount"), offer.get("currency") or channel.store.currency
    same = told is not None and Decimal(told) == Decimal(amount(act, currency))
    return _found(same, f"{said}, {'the' if same else 'another' if told else 'no'} partial refund")


async def _open_dispute(channel: Channel, act: Act) -> Finding:
    _, progress, said = await _return(channel, act)
    if progress is None:
        return _found(None, said)
    if progress.state is not RequestState.withdrawn:
        return _found(progress.state is RequestState.refused, said)
    # A rejected request that nobody disputed is closed too: only its records say whether the seller had answered.
    asked = call("return.records", request_id(act), query={"locale": "ja-JP"})
    rows = rows_of(content_of(await channel.send(asked), asked.operation), "records", asked.operation)
    ours = sum(isinstance(each, dict) and text_of(each, "role") == "SELLER" for each in rows)
    return _found(ours > 0, f"{said}, records of the seller {ours}")


async def _ship(channel: Channel, act: Act) -> Finding:
    row = await read_order(channel, act.order_id)
    units = units_of(row, act.parameters.get("package_id", ""))
    states = {words.UNIT_STATUS.get(unit.get("display_status") or "") for unit in units}
    said = f"status {row.get('status')}, units {', '.join(sorted(str(each) for each in states)) or 'none'}"
    if states and states <= _SENT:
        return _found(True, said)
    return _found(None if None in states or states & _SENT else False, said)


async def _set_tracking(channel: Channel, act: Act) -> Finding:
    row = await read_order(channel, act.order_id)
    units = units_of(row, act.parameters.get("package_id", ""))
    told = {str(unit.get("tracking_number")) for unit in units if unit.get("tracking_number")}
    numbers = told or {row.get("tracking_number") or ""}
    same = numbers == {act.parameters.get("tracking_number", "")}
    return _found(same, "the number is the one wanted" if same else "the number is another")


async def _message(channel: Channel, act: Act) -> Finding:
    """Look for our words in the chat with the buyer, sent at ``since`` (epoch seconds) or later."""
    buyer = await buyer_of(channel, act)
    chats = [row async for row in _pages(channel, "chat.conversations", (), "conversations", "20")]
    chat = next((text_of(row, "id") for row in chats if buyer in _people(row)), "")
    if not chat:
        return _found(False, "no conversation with the buyer")
    messages = [row async for row in _pages(channel, "chat.messages", (chat,), "messages", "10")]
    ours = any(_is_ours(act, row) for row in messages)
    return _found(ours, "the message stands in the chat" if ours else "the message is not in the chat")


async def _pages(
    channel: Channel, name: str, ids: tuple[str, ...], key: str, size: str
) -> AsyncIterator[dict[str, Any]]:
    token = ""
    for _ in range(_PAGES):
        query = {"page_size": size, "locale": "ja-JP", **({"page_token": token} if token else {})}
        asked = call(name, *ids, query=query)
        content = content_of(await channel.send(asked), name)
        for row in rows_of(content, key, name):
            if isinstance(row, dict):
                yield row
        token = text_of(content, "next_page_token")
        if not token:
            return


async def chat_buyer(channel: Channel, conversation: str) -> str | None:
    """Return the buyer's user id in a conversation, None when it is not among the latest. IM ids are not user ids."""
    async for row in _pages(channel, "chat.conversations", (), "conversations", "20"):
        if text_of(row, "id") == conversation:
            people = row.get("participants")
            found = (
                text_of(each, "user_id")
                for each in (people if isinstance(people, list) else ())
                if isinstance(each, dict) and each.get("role") == "BUYER"
            )
            return next((each for each in found if each), None)
    return None


def _people(row: Mapping[str, Any]) -> set[str]:
    people = row.get("participants")
    return (
        {text_of(each, "user_id") for each in people if isinstance(each, dict)} if isinstance(people, list) else set()
    )


def _is_ours(act: Act, message: Mapping[str, Any]) -> bool:
    sender, since, sent = message.get("sender"), act.parameters.get("since", "0"), message.get("create_time")
    if isinstance(sender, dict) and sender.get("role") == "BUYER":
        return False
    if isinstance(sent, int) and since.isdigit() and sent < int(since):
        return False
    try:
        content = decode(text_of(message, "content").encode())
    except DataError:
        return False
    return isinstance(content, dict) and content.get("content") == act.parameters.get("text")


_LOOKS: Mapping[Operation, Callable[[Channel, Act], Awaitable[Finding]]] = {
    Operation.seller_close: _seller_close,
    Operation.accept_cancellation: _accept_cancellation,
    Operation.reject_cancellation: _reject_cancellation,
    Operation.approve_return: _approve_return,
    Operation.refund_return: _refund_return,
    Operation.offer_solution: _offer,
    Operation.open_dispute: _open_dispute,
    Operation.ship: _ship,
    Operation.set_tracking: _set_tracking,
    Operation.send_message: _message,
}

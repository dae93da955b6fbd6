"""Each write of Shopee's manifest: a state that allows it, one that forbids it (API.md sections 5 to 8, 11)."""

from __future__ import annotations

from typing import Any

from adapters.shopee import adapter
from gateway.errors import Conflict, InvalidRequest, MissingScope, NotFound
from gateway.ports import Act, Operation
from tests.kit.contract_case import Shop, Write

EVIDENCE = '[{"module_index": 1, "requirement": "parcel", "image_url": ["https://img.example.com/a.jpg"]}]'
DISPUTE = {"email": "seller@example.com", "dispute_reason_id": "41", "image_list": EVIDENCE}
UNITS = [{"sku": "A", "title": "A", "quantity": 3, "price": "5.00"}, {"sku": "B", "title": "B", "quantity": 1}]


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    """Return an act on an order."""
    return Act(operation=operation, order_id=order_id, key=f"key:{operation}:{order_id}", **fields)


async def open_request(shop: Shop) -> str:
    """Make a delivered order whose buyer wants to send it back; return the return's number."""
    return (await asked_back(shop))[1]


async def asked_back(shop: Shop, wish: str = "buyer_requests_return") -> tuple[str, str]:
    """Make a delivered order with a return of a kind."""
    order_id = await shop.make(phase="delivered")
    truth = await shop.act(order_id, wish, reason="ITEM_DAMAGED")
    return order_id, str(truth["returns"][0]["return_sn"])


async def _close(shop: Shop, reason: str, phase: str = "awaiting_shipment") -> Act:
    order_id = await shop.make(phase=phase)
    order = await shop.order(order_id)
    lines = tuple((line.line_id, line.quantity) for line in order.lines) if reason == "OUT_OF_STOCK" else ()
    return act(Operation.seller_close, order_id, reason=reason, lines=lines)


def _closing(reason: str) -> Write:
    return Write(
        name=f"seller_close_{reason.lower()}",
        operation=Operation.seller_close,
        wire="order/cancel_order",
        prepare=lambda shop: _close(shop, reason),
        forbid=lambda shop: _close(shop, reason, "in_transit"),
        refused=Conflict,
        again=Conflict,
    )


async def _lines(shop: Shop, phase: str = "awaiting_shipment") -> Act:
    order_id = await shop.make(lines=UNITS, phase=phase)
    first = next(line for line in (await shop.order(order_id)).lines if line.sku == "A")
    return act(Operation.cancel_lines, order_id, reason="OUT_OF_STOCK", lines=((first.line_id, 2),))


def _answering(operation: Operation) -> Write:
    async def prepare(shop: Shop) -> Act:
        order_id = await shop.make()
        await shop.act(order_id, "buyer_requests_cancellation", reason="Others")
        return act(operation, order_id, request_id=f"cancel:{order_id}")

    async def forbid(shop: Shop) -> Act:
        order_id = await shop.make()
        await shop.act(order_id, "platform_cancels", reason="Unpaid Order", by="system")
        return act(operation, order_id, request_id=f"cancel:{order_id}")

    return Write(
        operation=operation,
        wire="order/handle_buyer_cancellation",
        prepare=prepare,
        forbid=forbid,
        refused=Conflict,
        again=Conflict,
    )


async def _withdrawn(shop: Shop, operation: Operation, **fields: Any) -> Act:
    order_id, return_sn = await asked_back(shop)
    await shop.act(order_id, "buyer_withdraws_request")
    return act(operation, order_id, request_id=return_sn, **fields)


async def _refund(shop: Shop) -> Act:
    order_id, return_sn = await asked_back(shop, "buyer_requests_refund")
    return act(Operation.refund_return, order_id, request_id=return_sn)


OFFER = {"solution": "refund", "amount": "1.25"}


async def _offer(shop: Shop) -> Act:
    order_id, return_sn = await asked_back(shop)
    return act(Operation.offer_solution, order_id, request_id=return_sn, parameters=OFFER)


async def _accept_offer(shop: Shop, *, offered: bool = True) -> Act:
    order_id, return_sn = await asked_back(shop)
    if offered:
        await shop.act(order_id, "buyer_offers", solution="REFUND", amount="1.50")
    return act(Operation.accept_offer, order_id, request_id=return_sn)


async def _dispute(shop: Shop) -> Act:
    order_id, return_sn = await asked_back(shop, "buyer_requests_refund")
    return act(Operation.open_dispute, order_id, request_id=return_sn, parameters=DISPUTE)


async def _drop_claim(shop: Shop, *, claimed: bool = True) -> Act:
    refund = await _refund(shop)
    await adapter.perform(shop.channel, refund)
    if claimed:
        claim = act(Operation.open_dispute, refund.order_id, request_id=refund.request_id, parameters=DISPUTE)
        await adapter.perform(shop.channel, claim)
    parameters = {"email": "seller@example.com"}
    return act(Operation.cancel_dispute, refund.order_id, request_id=refund.request_id, parameters=parameters)


async def _ship(shop: Shop) -> Act:
    return act(Operation.ship, await shop.make())


async def _ship_ended(shop: Shop) -> Act:
    order_id = await shop.make()
    await shop.act(order_id, "platform_cancels", reason="Unpaid Order", by="system")
    return act(Operation.ship, order_id)


async def _note(shop: Shop) -> Act:
    return act(Operation.set_note, await shop.make(), parameters={"note": "call 客户 first 👍"})


async def _note_nowhere(_shop: Shop) -> Act:
    return act(Operation.set_note, "000000XXXXXXXX", parameters={"note": "nobody reads this"})


async def _message(shop: Shop) -> Act:
    return act(Operation.send_message, await shop.make(), parameters={"text": "Sold out, sorry 🙏 抱歉"})


async def _message_forbidden(shop: Shop) -> Act:
    await shop.do("restrict_calls", operations="sellerchat/send_message", code="error_api_permission")
    return await _message(shop)


WRITES = (
    _closing("OUT_OF_STOCK"),
    _closing("CUSTOMER_REQUEST"),
    Write(
        operation=Operation.cancel_lines,
        wire="order/cancel_order",
        prepare=_lines,
        forbid=lambda shop: _lines(shop, "in_transit"),
        refused=Conflict,
        again=InvalidRequest,  # more units than are left
    ),
    _answering(Operation.accept_cancellation),
    _answering(Operation.reject_cancellation),
    Write(
        operation=Operation.refund_return,
        wire="returns/confirm",
        prepare=_refund,
        forbid=lambda shop: _withdrawn(shop, Operation.refund_return),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.offer_solution,
        wire="returns/offer",
        prepare=_offer,
        forbid=lambda shop: _withdrawn(shop, Operation.offer_solution, parameters=OFFER),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.accept_offer,
        wire="returns/accept_offer",
        prepare=_accept_offer,
        forbid=lambda shop: _accept_offer(shop, offered=False),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.open_dispute,
        wire="returns/dispute",
        prepare=_dispute,
        forbid=lambda shop: _withdrawn(shop, Operation.open_dispute, parameters=DISPUTE),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.cancel_dispute,
        wire="returns/cancel_dispute",
        prepare=_drop_claim,
        forbid=lambda shop: _drop_claim(shop, claimed=False),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.ship,
        wire="logistics/ship_order",
        prepare=_ship,
        forbid=_ship_ended,
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.set_note,
        wire="order/set_note",
        prepare=_note,
        forbid=_note_nowhere,
        refused=NotFound,
        again=None,  # the same note stands there twice as well as once
    ),
    Write(
        operation=Operation.send_message,
        wire="sellerchat/send_message",
        prepare=_message,
        forbid=_message_forbidden,
        refused=MissingScope,
        again=None,  # the platform takes it; only the journal of intents keeps the buyer from two messages
    ),
)

"""Each write of TikTok Shop's manifest: a state that allows it, one that forbids it (API.md sections 4 to 6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from adapters.tiktok_shop import adapter
from gateway.errors import Conflict, Refused
from gateway.ports import Act, Operation
from tests.kit.contract_case import Shop, Write

SOLD_OUT = "seller_cancel_reason_out_of_stock"
REASONS = (SOLD_OUT, "seller_cancel_reason_wrong_price", "seller_cancel_paid_reason_buyer_requested_cancellation")
PARCEL = {"tracking_number": "EXAMPLE-100", "carrier": "6617675021119438849"}


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    """Return an act on an order."""
    return Act(operation=operation, order_id=order_id, key=f"key:{operation}:{order_id}", **fields)


async def open_request(shop: Shop) -> str:
    """Make an order whose buyer wants it cancelled; return the cancellation's number."""
    return (await asked_to_cancel(shop))[1]


async def asked_to_cancel(shop: Shop) -> tuple[str, str]:
    """Make an order with a cancellation that waits for the seller."""
    order_id = await shop.make()
    truth = await shop.act(order_id, "buyer_requests_cancellation")
    return order_id, str(truth["cancellation"]["cancel_id"])


async def asked_back(shop: Shop, wish: str = "buyer_requests_return") -> tuple[str, str]:
    """Make a delivered order with a return of a kind."""
    order_id = await shop.make(phase="delivered")
    truth = await shop.act(order_id, wish)
    return order_id, str(truth["returns"][-1]["return_id"])


async def _close(shop: Shop, reason: str, phase: str = "awaiting_shipment") -> Act:
    return act(Operation.seller_close, await shop.make(phase=phase), reason=reason)


def _closing(reason: str) -> Write:
    return Write(
        name=f"seller_close_{reason}",
        operation=Operation.seller_close,
        wire="return_refund/cancellations",
        prepare=lambda shop: _close(shop, reason),
        forbid=lambda shop: _close(shop, reason, "in_transit"),
        refused=Conflict,
        again=Conflict,
    )


async def _accept(shop: Shop) -> Act:
    order_id, cancel_id = await asked_to_cancel(shop)
    return act(Operation.accept_cancellation, order_id, request_id=cancel_id)


async def _accept_withdrawn(shop: Shop) -> Act:
    accept = await _accept(shop)
    await shop.act(accept.order_id, "buyer_withdraws_request")
    return accept


async def _reject(shop: Shop) -> Act:
    order_id, cancel_id = await asked_to_cancel(shop)
    reason = (await adapter.reject_reasons(shop.channel, cancel_id))[0].reason_id
    return act(Operation.reject_cancellation, order_id, request_id=cancel_id, reason=reason)


async def _reject_accepted(shop: Shop) -> Act:
    reject = await _reject(shop)
    await adapter.perform(
        shop.channel, act(Operation.accept_cancellation, reject.order_id, request_id=reject.request_id)
    )
    return reject


def _on_return(operation: Operation, wish: str, **fields: Any) -> Callable[[Shop], Awaitable[Act]]:
    async def prepare(shop: Shop) -> Act:
        order_id, return_id = await asked_back(shop, wish)
        return act(operation, order_id, request_id=return_id, **fields)

    return prepare


def _withdrawn(prepare: Callable[[Shop], Awaitable[Act]]) -> Callable[[Shop], Awaitable[Act]]:
    async def forbid(shop: Shop) -> Act:
        made = await prepare(shop)
        await shop.act(made.order_id, "buyer_withdraws_request")
        return made

    return forbid


async def _came_back(shop: Shop) -> Act:
    order_id, return_id = await asked_back(shop)
    await shop.later("PT49H")  # unanswered requests are approved after 48 hours (section 9)
    await shop.act(order_id, "buyer_ships_return")
    await shop.act(order_id, "warehouse_receives_return")
    return act(Operation.refund_return, order_id, request_id=return_id)


def _answering(operation: Operation, name: str, wish: str, **fields: Any) -> Write:
    prepare = _on_return(operation, wish, **fields)
    return Write(
        name=name,
        operation=operation,
        wire="return_refund/returns/approve",
        prepare=prepare,
        forbid=_withdrawn(prepare),
        refused=Conflict,
        again=None,  # the same idempotency key: the first answer once more, and nothing happens
    )


def _rejecting(name: str, wish: str) -> Write:
    async def prepare(shop: Shop) -> Act:
        order_id, return_id = await asked_back(shop, wish)
        reason = (await adapter.reject_reasons(shop.channel, return_id))[0].reason_id
        text = {"text": "It was packed with care"}
        return act(Operation.open_dispute, order_id, request_id=return_id, reason=reason, parameters=text)

    return Write(
        name=name,
        operation=Operation.open_dispute,
        wire="return_refund/returns/reject",
        prepare=prepare,
        forbid=_withdrawn(prepare),
        refused=Conflict,
        again=None,
    )


async def _ship(shop: Shop, phase: str = "awaiting_shipment") -> Act:
    return act(Operation.ship, await shop.make(phase=phase), parameters=PARCEL)


async def _track(shop: Shop) -> Act:
    order_id = await shop.make()
    await adapter.perform(shop.channel, act(Operation.ship, order_id, parameters=PARCEL))
    return act(Operation.set_tracking, order_id, parameters={"tracking_number": "EXAMPLE-200"})


async def _track_unsent(shop: Shop) -> Act:
    order_id = await shop.make()
    number = {"tracking_number": "EXAMPLE-200", "carrier": PARCEL["carrier"]}
    return act(Operation.set_tracking, order_id, parameters=number)


async def _message(shop: Shop, text: str = "在庫切れのため、ご注文をお届けできません。申し訳ございません 🙏") -> Act:
    order_id = await shop.make()
    await shop.act(order_id, "buyer_replies", text="いつ届きますか")
    return act(Operation.send_message, order_id, parameters={"text": text})


async def _message_refused(shop: Shop) -> Act:
    await shop.do("set_sensitive_words", words=["forbidden"])
    return await _message(shop, "a forbidden word")


WRITES = (
    *(_closing(reason) for reason in REASONS),
    Write(
        operation=Operation.accept_cancellation,
        wire="return_refund/cancellations/approve",
        prepare=_accept,
        forbid=_accept_withdrawn,
        refused=Conflict,
        again=None,
    ),
    Write(
        operation=Operation.reject_cancellation,
        wire="return_refund/cancellations/reject",
        prepare=_reject,
        forbid=_reject_accepted,
        refused=Conflict,
        again=None,
    ),
    _answering(Operation.approve_return, "approve_return", "buyer_requests_return"),
    _answering(Operation.refund_return, "refund_return_money_only", "buyer_requests_refund"),
    _answering(Operation.refund_return, "refund_return_goods_stay", "buyer_requests_return"),
    Write(
        name="refund_return_goods_back",
        operation=Operation.refund_return,
        wire="return_refund/returns/approve",
        prepare=_came_back,
        forbid=_withdrawn(_on_return(Operation.refund_return, "buyer_requests_return")),
        refused=Conflict,
        again=Conflict,  # the parcel has been taken: what would be asked now is another thing
    ),
    _answering(
        Operation.offer_solution,
        "offer_solution",
        "buyer_requests_refund",
        parameters={"solution": "refund", "amount": "100"},
    ),
    _rejecting("open_dispute_money_only", "buyer_requests_refund"),
    _rejecting("open_dispute_goods", "buyer_requests_return"),
    Write(
        operation=Operation.ship,
        wire="fulfillment/packages/ship",
        prepare=_ship,
        forbid=lambda shop: _ship(shop, "on_hold"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.set_tracking,
        wire="fulfillment/orders/shipping_info/update",
        prepare=_track,
        forbid=_track_unsent,
        refused=Conflict,
        again=None,  # the same number stands there twice as well as once
    ),
    Write(
        operation=Operation.send_message,
        wire="customer_service/conversations/messages",
        prepare=_message,
        forbid=_message_refused,
        refused=Refused,
        again=None,  # the platform takes it; only the journal of intents keeps the buyer from two messages
    ),
)

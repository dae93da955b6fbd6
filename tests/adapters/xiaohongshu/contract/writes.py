"""Each write of Xiaohongshu's manifest: a state that allows it, one that forbids it (API.md sections 4.5, 6)."""

from __future__ import annotations

from typing import Any

from adapters.xiaohongshu import adapter
from gateway.errors import Conflict, InvalidRequest, NotFound
from gateway.ports import Act, Operation
from tests.kit.contract_case import Shop, Write

AUDIT, RECEIVE = "afterSale.auditReturns", "afterSale.confirmReceive"
DELIVER, EXCHANGE = "order.orderDeliver", "afterSale.receiveAndShip"
PARCEL = {"tracking_number": "SF5550000000001", "carrier": "shunfeng"}
OTHER = {"tracking_number": "ZT5550000000002", "carrier": "zto"}


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    """Return an act on an order."""
    return Act(operation=operation, order_id=order_id, key=f"key:{operation}:{order_id}", **fields)


async def asked(shop: Shop, wish: str, phase: str = "delivered") -> tuple[str, str]:
    """Make an order whose buyer asks for something; return its number and the after-sale's."""
    order_id = await shop.make(phase=phase)
    truth = await shop.act(order_id, wish)
    return order_id, str(truth["returns"][-1]["returns_id"])


async def open_request(shop: Shop) -> str:
    """Make a delivered order whose buyer wants to send it back; return the after-sale's number."""
    return (await asked(shop, "buyer_requests_return"))[1]


async def _cancelling(shop: Shop, operation: Operation, **fields: Any) -> Act:
    order_id, number = await asked(shop, "buyer_requests_cancellation", "awaiting_shipment")
    return act(operation, order_id, request_id=number, **fields)


async def _withdrawn(shop: Shop, operation: Operation, wish: str, phase: str = "delivered", **fields: Any) -> Act:
    order_id, number = await asked(shop, wish, phase)
    await shop.act(order_id, "buyer_withdraws_request")
    return act(operation, order_id, request_id=number, **fields)


async def _refuse_by_shipping(shop: Shop) -> Act:
    return await _cancelling(shop, Operation.reject_cancellation, parameters=PARCEL)


async def _refuse_too_late(shop: Shop) -> Act:
    wanted = await _cancelling(shop, Operation.reject_cancellation, parameters=PARCEL)
    await adapter.perform(
        shop.channel, act(Operation.accept_cancellation, wanted.order_id, request_id=wanted.request_id)
    )
    return wanted


async def _return(shop: Shop, operation: Operation, wish: str = "buyer_requests_return", **fields: Any) -> Act:
    order_id, number = await asked(shop, wish)
    return act(operation, order_id, request_id=number, **fields)


async def _came_back(shop: Shop, operation: Operation, wish: str = "buyer_requests_return", **fields: Any) -> Act:
    wanted = await _return(shop, Operation.approve_return, wish)
    await adapter.perform(shop.channel, wanted)
    await shop.act(wanted.order_id, "buyer_ships_return")
    return act(operation, wanted.order_id, request_id=wanted.request_id, **fields)


async def _not_yet_back(shop: Shop) -> Act:
    return await _return(shop, Operation.refund_return)


async def _ship(shop: Shop, phase: str = "awaiting_shipment") -> Act:
    return act(Operation.ship, await shop.make(phase=phase), parameters=PARCEL)


async def _ship_exchange(shop: Shop) -> Act:
    return await _came_back(shop, Operation.ship, "buyer_requests_exchange", parameters=PARCEL)


async def _ship_no_exchange(shop: Shop) -> Act:
    return await _return(shop, Operation.ship, "buyer_requests_exchange", parameters=PARCEL)


async def _track(shop: Shop, phase: str = "in_transit") -> Act:
    return act(Operation.set_tracking, await shop.make(phase=phase), parameters=OTHER)


async def _note(shop: Shop) -> Act:
    return act(Operation.set_note, await shop.make(), parameters={"note": "call 客户 first 👍"})


async def _note_nowhere(_shop: Shop) -> Act:
    return act(Operation.set_note, "P000000000000000000", parameters={"note": "nobody reads this"})


WRITES = (
    Write(
        operation=Operation.accept_cancellation,
        wire=AUDIT,
        prepare=lambda shop: _cancelling(shop, Operation.accept_cancellation),
        forbid=lambda shop: _withdrawn(
            shop, Operation.accept_cancellation, "buyer_requests_cancellation", "awaiting_shipment"
        ),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.reject_cancellation,
        wire=DELIVER,
        prepare=_refuse_by_shipping,
        forbid=_refuse_too_late,
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.approve_return,
        wire=AUDIT,
        prepare=lambda shop: _return(shop, Operation.approve_return),
        forbid=lambda shop: _withdrawn(shop, Operation.approve_return, "buyer_requests_return"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        name="refund_without_goods",
        operation=Operation.refund_return,
        wire=AUDIT,
        prepare=lambda shop: _return(shop, Operation.refund_return, "buyer_requests_refund"),
        forbid=lambda shop: _withdrawn(shop, Operation.refund_return, "buyer_requests_refund"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        name="refund_of_goods_received",
        operation=Operation.refund_return,
        wire=RECEIVE,
        prepare=lambda shop: _came_back(shop, Operation.refund_return),
        forbid=_not_yet_back,
        refused=InvalidRequest,
        again=InvalidRequest,  # the goods are no longer waited for, so it is not even sent
    ),
    Write(
        name="reject_at_review",
        operation=Operation.open_dispute,
        wire=AUDIT,
        prepare=lambda shop: _return(shop, Operation.open_dispute, reason="202"),
        forbid=lambda shop: _withdrawn(shop, Operation.open_dispute, "buyer_requests_return", reason="202"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        name="reject_at_receipt",
        operation=Operation.open_dispute,
        wire=RECEIVE,
        prepare=lambda shop: _came_back(shop, Operation.open_dispute, reason="302"),
        forbid=lambda shop: _withdrawn(shop, Operation.open_dispute, "buyer_requests_return", reason="302"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.ship,
        wire=DELIVER,
        prepare=_ship,
        forbid=lambda shop: _ship(shop, "cancelled"),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        name="ship_exchange",
        operation=Operation.ship,
        wire=EXCHANGE,
        prepare=_ship_exchange,
        forbid=_ship_no_exchange,
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.set_tracking,
        wire="order.modifyOrderExpressInfo",
        prepare=_track,
        forbid=lambda shop: _track(shop, "delivered"),
        refused=Conflict,
        again=None,  # the same number stands there twice as well as once
    ),
    Write(
        operation=Operation.set_note,
        wire="order.modifySellerMarkInfo",
        prepare=_note,
        forbid=_note_nowhere,
        refused=NotFound,
        again=None,
    ),
)

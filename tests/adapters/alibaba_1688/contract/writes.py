"""Each write of 1688's manifest, from either side: a state that allows it, one that forbids it (API.md 5 to 7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.errors import Conflict, Refused
from gateway.ports import Act, Operation
from tests.kit.contract_case import Shop, Write

TRADE = "com.alibaba.trade/alibaba.trade."
RECIPIENT = (
    '{"fullName": "Example Person", "mobile": "5550100", "provinceText": "Example", "cityText": "Example", '
    '"areaText": "Example", "address": "Example 1"}'
)
Making = Callable[[Shop], Awaitable[Act]]


def act(operation: Operation, order_id: str, **fields: Any) -> Act:
    """Return an act on an order."""
    return Act(operation=operation, order_id=order_id, key=f"key:{operation}:{order_id}", **fields)


async def open_request(shop: Shop) -> str:
    """Make an order under way whose buyer wants to send it back; return the refund's id."""
    return (await asked(shop))[1]


async def asked(shop: Shop, wish: str = "buyer_requests_return", phase: str = "in_transit") -> tuple[str, str]:
    """Make an order with a refund that is asked for."""
    order_id = await shop.make(phase=phase)
    truth = await shop.act(order_id, wish)
    return order_id, str(truth["returns"][-1]["return_sn"])


def closing(reason: str, name: str) -> Write:
    """Closing an unpaid order, by either side."""

    def make(phase: str) -> Making:
        async def prepare(shop: Shop) -> Act:
            return act(Operation.seller_close, await shop.make(phase=phase), reason=reason)

        return prepare

    return Write(
        name=name,
        operation=Operation.seller_close,
        wire=f"{TRADE}cancel",
        prepare=make("unpaid"),
        forbid=make("awaiting_shipment"),
        refused=Conflict,
        again=Conflict,
    )


def answering(operation: Operation, wish: str, phase: str) -> Write:
    """The seller's agreement."""

    def make(withdrawn: bool) -> Making:
        async def prepare(shop: Shop) -> Act:
            order_id, refund_id = await asked(shop, wish, phase)
            if withdrawn:
                await shop.act(order_id, "buyer_withdraws_request")
            return act(operation, order_id, request_id=refund_id)

        return prepare

    return Write(
        operation=operation,
        wire=f"{TRADE}refund.OpAgreeReturnGoods",
        prepare=make(False),
        forbid=make(True),
        refused=Conflict,
        again=Conflict,
    )


def shipping() -> Write:
    """Shipping with a carrier and a number."""

    def make(phase: str) -> Making:
        async def prepare(shop: Shop) -> Act:
            parameters = {"carrier": "YTO", "tracking_number": f"EX{phase[:2].upper()}12345678"}
            return act(Operation.ship, await shop.make(phase=phase), parameters=parameters)

        return prepare

    return Write(
        operation=Operation.ship,
        wire="com.alibaba.logistics/alibaba.logistics.OpDeliverySendOrder.offline",
        prepare=make("awaiting_shipment"),
        forbid=make("in_transit"),
        refused=Conflict,
        again=Conflict,
    )


async def _refund(shop: Shop) -> Act:
    order_id = await shop.make(phase="awaiting_shipment")
    return act(Operation.request_refund, order_id, reason="20028", parameters={"text": "不需要了"})


async def _refund_too_much(shop: Shop) -> Act:
    order_id = await shop.make(phase="awaiting_shipment")
    parameters = {"text": "不需要了", "amount": "0.01"}  # before shipment it is exactly what was paid
    return act(Operation.request_refund, order_id, reason="20028", parameters=parameters)


async def _withdraw(shop: Shop) -> Act:
    order_id, refund_id = await asked(shop)
    return act(Operation.withdraw_request, order_id, request_id=refund_id)


async def _withdraw_late(shop: Shop) -> Act:
    order_id, refund_id = await asked(shop, "buyer_requests_refund", "awaiting_shipment")
    await shop.act(order_id, "supplier_agrees")
    return act(Operation.withdraw_request, order_id, request_id=refund_id)


def _sending_back(*, agreed: bool) -> Making:
    async def prepare(shop: Shop) -> Act:
        order_id, refund_id = await asked(shop)
        if agreed:
            await shop.act(order_id, "supplier_agrees")
        parameters = {"carrier": "YTO", "tracking_number": "EX1234567890"}
        return act(Operation.send_back, order_id, request_id=refund_id, parameters=parameters)

    return prepare


def _disputing(*, refused: bool) -> Making:
    async def prepare(shop: Shop) -> Act:
        order_id, refund_id = await asked(shop)
        await shop.act(order_id, "supplier_refuses" if refused else "supplier_agrees")
        parameters = {"text": "卖家拒绝退款"}
        return act(Operation.open_dispute, order_id, request_id=refund_id, parameters=parameters)

    return prepare


def _creating(*, known: bool) -> Making:
    async def prepare(shop: Shop) -> Act:
        told = await shop.get("/credentials")  # type: ignore[attr-defined]  # the bench has it
        mine = shop.channel.store.external_id
        offer = next(one for one in told["offers"] if one["seller"] != mine and one["depot"] == "A")
        spec = offer["specs"][0]["spec_id"] if known else "no-such-spec"
        number = f"SALE-{'A' if known else 'B'}-1"
        parameters = {"recipient": RECIPIENT, "channel": "kuajing", "message": "请仔细包装"}
        return act(Operation.create_order, number, lines=((f"{offer['offer_id']}:{spec}", 3),), parameters=parameters)

    return prepare


SELLING = [
    closing("sellerGoodsLack", "seller_close_goods_lack"),
    closing("other", "seller_close_other"),
    answering(Operation.approve_return, "buyer_requests_return", "in_transit"),
    answering(Operation.refund_return, "buyer_requests_refund", "awaiting_shipment"),
    shipping(),
]
BUYING = [
    closing("buyerCancel", "seller_close_as_buyer"),
    Write(
        operation=Operation.request_refund,
        wire=f"{TRADE}createRefund",
        prepare=_refund,
        forbid=_refund_too_much,
        refused=Refused,
        again=Conflict,
    ),
    Write(
        operation=Operation.withdraw_request,
        wire=f"{TRADE}cancelRefund",
        prepare=_withdraw,
        forbid=_withdraw_late,
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.send_back,
        wire=f"{TRADE}refund.returnGoods",
        prepare=_sending_back(agreed=True),
        forbid=_sending_back(agreed=False),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.open_dispute,
        wire="com.alibaba.trade/trade.arbitration.apply",
        prepare=_disputing(refused=True),
        forbid=_disputing(refused=False),
        refused=Conflict,
        again=Conflict,
    ),
    Write(
        operation=Operation.create_order,
        wire=f"{TRADE}createCrossOrder",
        prepare=_creating(known=True),
        forbid=_creating(known=False),
        refused=Refused,
        again=None,
    ),
]

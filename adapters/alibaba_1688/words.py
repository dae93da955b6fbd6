"""1688's words in the gateway's: total tables over API.md sections 5.5, 5.6, 7.2 and 10.

A word in no table is the caller's to report as unmapped; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.model.after_sale import AfterSaleReason, GoodsState, RefundState, RequestState
from gateway.model.order import Closure, EndedBy, EndReason, FulfillmentState, PaymentState


class Standing(NamedTuple):
    """What an order's status alone says. ``payment`` None: look at ``payTime``; ``fulfillment`` None: at the lines."""

    payment: PaymentState | None
    fulfillment: FulfillmentState | None
    closure: Closure


_PAID, _OPEN = PaymentState.paid, Closure.open
ORDER_STATUS: Mapping[str, Standing] = {
    "waitbuyerpay": Standing(PaymentState.unpaid, FulfillmentState.not_due, _OPEN),
    "waitsellersend": Standing(_PAID, FulfillmentState.to_ship, _OPEN),
    "waitlogisticstakein": Standing(_PAID, FulfillmentState.arranged, _OPEN),
    "waitbuyerreceive": Standing(_PAID, FulfillmentState.shipped, _OPEN),
    "waitbuyersign": Standing(_PAID, FulfillmentState.delivered, _OPEN),
    "signinsuccess": Standing(_PAID, FulfillmentState.delivered, _OPEN),
    "confirm_goods": Standing(_PAID, FulfillmentState.delivered, Closure.completed),
    "success": Standing(_PAID, FulfillmentState.delivered, Closure.completed),
    "cancel": Standing(None, None, Closure.cancelled),
    "terminated": Standing(None, None, Closure.closed),
}
"""Phase table of DESIGN.md section 5, taken apart into facts."""

UNKNOWN_STATUS = Standing(PaymentState.unknown, FulfillmentState.unknown, Closure.unknown)
ENDED = frozenset({"cancel", "terminated"})
COMPLETE = frozenset({"confirm_goods", "success"})

NOT_SHIPPED, RETURNED = "1", "4"
LEFT = frozenset({"2", "3", "4", "5"})
LINE_LOGISTICS = frozenset({NOT_SHIPPED, "8", *LEFT})
"""`logisticsStatus` of a line: 1 not shipped, 2 shipped, 3 received, 4 returned, 5 partly shipped, 8 no shipment."""

PARCEL: Mapping[str, FulfillmentState] = {
    "alreadysend": FulfillmentState.shipped,
    "WAITACCEPT": FulfillmentState.arranged,
    "ACCEPT": FulfillmentState.shipped,
    "TRANSPORT": FulfillmentState.shipped,
    "SIGN": FulfillmentState.delivered,
    "UNSIGN": FulfillmentState.shipped,  # refused at the door: it has left all the same
    "NOGET": FulfillmentState.arranged,  # the carrier did not get it
    "CANCEL": FulfillmentState.not_due,
}

CLOSED_BY: Mapping[str, EndedBy] = {
    "CLOSE_TRADE_BY_SELLER": EndedBy.seller,
    "CLOSE_TRADE_BY_BUYER": EndedBy.buyer,
    "CLOSE_TRADE_BY_SYSTEM": EndedBy.platform,
    "CLOSE_TRADE_BY_BOPS": EndedBy.platform,
    "CLOSE_TRADE_BY_CREADIT": EndedBy.platform,
}

CLOSE_REASON: Mapping[str, EndReason] = {
    "buyerCancel": EndReason.buyer_asked,
    "sellerGoodsLack": EndReason.out_of_stock,
    "other": EndReason.other,
    "BUYER_NO_PAY": EndReason.unpaid,
}
CANCEL_REASONS = frozenset({"buyerCancel", "sellerGoodsLack", "other"})
"""What `alibaba.trade.cancel` takes (section 5.4)."""

PAY_STATUS: Mapping[str, PaymentState] = {
    "1": PaymentState.unpaid,
    "2": PaymentState.paid,
    "4": PaymentState.paid,  # and fully refunded since
    "6": PaymentState.paid,
    "7": PaymentState.paid,  # nothing to pay through the platform
    "8": PaymentState.unpaid,
    "9": PaymentState.unpaid,
    "12": PaymentState.on_credit,
}
PAY_WAY: Mapping[str, str] = {
    "1": "alipay",
    "3": "credit",
    "4": "bank_transfer",
    "6": "acceptance_bill",
    "7": "account_period",
    "8": "merged",
    "9": "none",
    "10": "lst_credit",
    "13": "payment_platform",
}
CASH_ON_DELIVERY = "8"  # a `tradeType`


class Progress(NamedTuple):
    """What a refund's status says about the request, the money and the goods, where goods come back."""

    state: RequestState
    refund: RefundState
    goods: GoodsState


REFUND_STATUS: Mapping[str, Progress] = {
    "waitselleragree": Progress(RequestState.open, RefundState.none, GoodsState.not_returning),
    "waitbuyermodify": Progress(RequestState.refused, RefundState.none, GoodsState.not_returning),
    "waitbuyersend": Progress(RequestState.agreed, RefundState.none, GoodsState.to_send_back),
    "waitsellerreceive": Progress(RequestState.agreed, RefundState.none, GoodsState.sent_back),
    "refundsuccess": Progress(RequestState.done, RefundState.refunded, GoodsState.received),
    # withdrawn, or ended by shipping, receipt or time: nothing of it is left
    "refundclose": Progress(RequestState.withdrawn, RefundState.none, GoodsState.not_returning),
}
UNKNOWN_REFUND = Progress(RequestState.unknown, RefundState.unknown, GoodsState.unknown)
RUNNING = frozenset({"waitselleragree", "waitbuyermodify", "waitbuyersend", "waitsellerreceive"})
DEADLINE: Mapping[str, str] = {
    "waitselleragree": "answer_by",
    "waitbuyersend": "send_back_by",
    "waitsellerreceive": "inspect_by",
}
"""What `gmtTimeOut` is a deadline of."""


def refund_word(word: str) -> str:
    """Return a refund's status as refunds and orders spell it; lines write ``WAIT_SELLER_AGREE``, ``REFUND_CLOSED``."""
    plain = word.replace("_", "").lower()
    return "refundclose" if plain == "refundclosed" else plain


_REASONS: tuple[tuple[AfterSaleReason, tuple[str, ...]], ...] = (
    (AfterSaleReason.changed_mind, ("不想买", "不喜欢", "拍错", "七天无理由", "7天无理由")),
    (AfterSaleReason.late_shipment, ("发货", "等不及", "缺货")),
    (AfterSaleReason.not_received, ("未收到", "没收到", "空包裹", "快递", "物流")),
    (AfterSaleReason.missing_parts, ("少件", "漏发", "少货")),
    (AfterSaleReason.wrong_item, ("发错", "错发")),
    (AfterSaleReason.damaged, ("破损", "污渍", "变形")),
    (AfterSaleReason.not_as_described, ("不符", "不一致", "描述")),
    (AfterSaleReason.defective, ("质量", "做工", "瑕疵")),
    (AfterSaleReason.counterfeit, ("假冒", "假货")),
    (AfterSaleReason.mutual_agreement, ("协商一致",)),
)


def reason_of(text: str) -> AfterSaleReason | None:
    """Return why a refund is asked for. The platform's list is open text, so a reason not known here is `other`."""
    if not text:
        return None
    return next((meaning for meaning, parts in _REASONS if any(part in text for part in parts)), AfterSaleReason.other)

"""Total tables of Xiaohongshu's words (API.md sections 4.3 and 5.3). What no table knows is unknown and reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.model.after_sale import DisputeState, GoodsState, OpenedBy, RefundState, RequestKind, RequestState
from gateway.model.order import Closure, FulfillmentState, SaleType


class Standing(NamedTuple):
    """What a status says of the goods and of the order's end. ``paid`` None: only the times tell."""

    paid: bool | None
    fulfillment: FulfillmentState
    closure: Closure


ORDER_STATUS: Mapping[str, Standing] = {
    "1": Standing(False, FulfillmentState.not_due, Closure.open),
    "2": Standing(True, FulfillmentState.held, Closure.open),
    "3": Standing(True, FulfillmentState.held, Closure.open),
    "4": Standing(True, FulfillmentState.to_ship, Closure.open),
    "5": Standing(True, FulfillmentState.partly_shipped, Closure.open),
    "6": Standing(True, FulfillmentState.shipped, Closure.open),
    "7": Standing(True, FulfillmentState.delivered, Closure.completed),
    "8": Standing(True, FulfillmentState.shipped, Closure.closed),
    "9": Standing(None, FulfillmentState.not_due, Closure.cancelled),
    "10": Standing(True, FulfillmentState.shipped, Closure.open),
}
WAITS_TO_SHIP = frozenset({"4"})
"""Statuses in which the platform tells the receiver (section 4.4)."""

SHIPPED = frozenset({"5", "6", "7", "8", "10"})

PARCEL_STATUS: Mapping[str, FulfillmentState] = {
    "1": FulfillmentState.not_due,
    "2": FulfillmentState.held,
    "3": FulfillmentState.held,
    "4": FulfillmentState.to_ship,
    "6": FulfillmentState.shipped,
    "7": FulfillmentState.delivered,
    "8": FulfillmentState.shipped,
    "9": FulfillmentState.not_due,
    "10": FulfillmentState.shipped,
}
"""As the order's status, without 5."""

ORDER_TYPE: Mapping[str, SaleType] = {
    "1": SaleType.in_stock,
    "2": SaleType.presale,
    "3": SaleType.presale,
    "4": SaleType.presale,
    "5": SaleType.in_stock,
}

LOGISTICS_MODE: Mapping[str, bool] = {"1": False, "2": True, "3": True, "4": True}
"""Whether the goods cross the border: bonded, direct, CC."""

ORDER_AFTER_SALES: frozenset[str] = frozenset({"1", "2", "3", "4", "5", "6", "7"})
CANCEL_STATUS: frozenset[str] = frozenset({"0", "1"})

PAYMENT: Mapping[str, str] = {
    "1": "alipay",
    "2": "wechat",
    "3": "apple_iap",
    "4": "apple_pay",
    "5": "huabei",
    "7": "alipay_no_password",
    "8": "unionpay",
    "-1": "other",
}

RETURN_TYPE: Mapping[str, RequestKind] = {
    "1": RequestKind.return_refund,
    "2": RequestKind.exchange,
    "3": RequestKind.refund,
    "4": RequestKind.refund,
    "5": RequestKind.cancellation,
    "6": RequestKind.price_adjustment,
}


class Progress(NamedTuple):
    """What an after-sale's status says."""

    state: RequestState
    goods: GoodsState  # where goods go back at all
    dispute: DisputeState = DisputeState.none


AFTER_SALE_STATUS: Mapping[str, Progress] = {
    "1": Progress(RequestState.open, GoodsState.not_returning),
    "2": Progress(RequestState.agreed, GoodsState.to_send_back),
    "3": Progress(RequestState.agreed, GoodsState.sent_back),
    "4": Progress(RequestState.done, GoodsState.received),
    "5": Progress(RequestState.withdrawn, GoodsState.unknown),
    "6": Progress(RequestState.refused, GoodsState.unknown),
    "9": Progress(RequestState.refused, GoodsState.not_returning),
    "9001": Progress(RequestState.refused, GoodsState.receipt_refused),
    "11": Progress(RequestState.agreed, GoodsState.unknown),
    "12": Progress(RequestState.agreed, GoodsState.received),
    "13": Progress(RequestState.agreed, GoodsState.received),
    "14": Progress(RequestState.open, GoodsState.unknown, DisputeState.judging),
}

ROLE: Mapping[str, OpenedBy] = {  # numbered like `requestFrom` of the pushes; the talk's own numbers are not published
    "1": OpenedBy.buyer,
    "2": OpenedBy.seller,
    "3": OpenedBy.platform,  # customer service
    "4": OpenedBy.platform,
}

REFUND_STATUS: Mapping[str, RefundState] = {
    "101": RefundState.none,
    "201": RefundState.none,
    "301": RefundState.pending,
    "302": RefundState.none,
    "108": RefundState.pending,
    "1": RefundState.pending,
    "2": RefundState.refunded,
    "3": RefundState.pending,  # failed: still owed, not gone
    "401": RefundState.none,
    "402": RefundState.none,
}

RETURNS_TAG: frozenset[str] = frozenset({"0", "1", "2", "3", "4", "32", "35", "36"})
CARGO_STATUS: frozenset[str] = frozenset({"0", "1", "2"})

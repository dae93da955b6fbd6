"""What a buyer asks for after buying: a cancellation, money back, goods back. Goods and money are two axes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from gateway.model.base import Frozen, Instant


class RequestKind(StrEnum):
    """What is asked for."""

    cancellation = "cancellation"
    refund = "refund"
    return_refund = "return_refund"
    replacement = "replacement"
    exchange = "exchange"
    price_adjustment = "price_adjustment"  # part of the price back, the sale stands (Xiaohongshu price protection)
    unknown = "unknown"


class RequestState(StrEnum):
    """How far the request itself has come."""

    open = "open"  # somebody must answer
    agreed = "agreed"
    refused = "refused"  # may still be disputed
    withdrawn = "withdrawn"
    done = "done"
    unknown = "unknown"


class GoodsState(StrEnum):
    """Where the goods are on their way back."""

    not_returning = "not_returning"
    to_send_back = "to_send_back"
    sent_back = "sent_back"
    received = "received"
    receipt_refused = "receipt_refused"
    unknown = "unknown"


class RefundState(StrEnum):
    """Whether money has gone back."""

    none = "none"
    pending = "pending"
    refunded = "refunded"
    unknown = "unknown"


class DisputeState(StrEnum):
    """Whether the platform was asked to judge."""

    none = "none"
    opened = "opened"
    judging = "judging"
    decided = "decided"


class OpenedBy(StrEnum):
    """Who opened a request. One that the platform's staff or clock opened is nobody's fault by itself."""

    buyer = "buyer"
    seller = "seller"
    platform = "platform"
    unknown = "unknown"


class AfterSaleReason(StrEnum):
    """Why the buyer asks, in the gateway's words."""

    late_shipment = "late_shipment"
    not_received = "not_received"
    wrong_item = "wrong_item"
    damaged = "damaged"
    missing_parts = "missing_parts"
    not_as_described = "not_as_described"
    defective = "defective"
    counterfeit = "counterfeit"
    expired = "expired"
    changed_mind = "changed_mind"
    seller_asked = "seller_asked"
    wrong_address = "wrong_address"
    mutual_agreement = "mutual_agreement"
    other = "other"
    unknown = "unknown"


class AfterSaleLine(Frozen):
    """How many of a line the request is about."""

    line_id: str
    quantity: int
    refund_minor: int | None = None
    unit_ids: tuple[str, ...] = ()  # which of `LineItem.unit_ids`, where units have ids


class AfterSale(Frozen):
    """One request of a buyer. Deadlines are the platform's own, None when it names none."""

    store: str
    order_id: str
    request_id: str
    in_order: bool = False  # kept by the platform within the order itself: a newer order without it has settled it
    kind: RequestKind
    opened_by: OpenedBy | None = None  # None: the platform does not say
    state: RequestState
    goods: GoodsState = GoodsState.not_returning
    refund: RefundState = RefundState.none
    dispute: DisputeState = DisputeState.none
    raw_status: str = ""
    raw_details: dict[str, str] = Field(
        default_factory=dict
    )  # further platform words: negotiation, proof, compensation
    reason: AfterSaleReason | None = None
    reason_raw: str = ""
    opened_at: Instant
    updated_at: Instant
    answer_by: Instant | None = None
    send_back_by: Instant | None = None
    inspect_by: Instant | None = None
    evidence_by: Instant | None = None
    currency: str
    refund_minor: int | None = None  # what is asked for
    refunded_minor: int | None = None  # what has gone back to the buyer
    tracking_number: str = ""
    lines: tuple[AfterSaleLine, ...] = ()

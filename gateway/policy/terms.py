"""The closed word lists of a scenario and of a decision."""

from __future__ import annotations

from enum import StrEnum


class Interception(StrEnum):
    """What the courier says about stopping a parcel."""

    none = "none"
    requested = "requested"
    confirmed = "confirmed"
    failed = "failed"


class ReturnState(StrEnum):
    """Where the goods are on their way back."""

    none = "none"
    requested = "requested"
    agreed = "agreed"
    refused = "refused"
    shipped_back = "shipped_back"
    received = "received"


class RequestKind(StrEnum):
    """What the buyer's open request asks for."""

    cancellation = "cancellation"
    refund = "refund"
    return_refund = "return_refund"


class Reason(StrEnum):
    """The true reason for which an order should end, as the seller knows it."""

    out_of_stock = "out_of_stock"
    stock_damaged = "stock_damaged"
    price_error = "price_error"
    unwilling = "unwilling"
    malicious_order = "malicious_order"
    buyer_unreachable = "buyer_unreachable"
    system_error = "system_error"
    buyer_asked = "buyer_asked"
    undeliverable_area = "undeliverable_area"
    not_delivered = "not_delivered"
    quality_problem = "quality_problem"
    changed_mind = "changed_mind"
    force_majeure = "force_majeure"


class RequestReason(StrEnum):
    """Why the buyer asks: every `Reason`, and two that only a buyer gives."""

    out_of_stock = "out_of_stock"
    stock_damaged = "stock_damaged"
    price_error = "price_error"
    unwilling = "unwilling"
    malicious_order = "malicious_order"
    buyer_unreachable = "buyer_unreachable"
    system_error = "system_error"
    buyer_asked = "buyer_asked"
    undeliverable_area = "undeliverable_area"
    not_delivered = "not_delivered"
    quality_problem = "quality_problem"
    changed_mind = "changed_mind"
    force_majeure = "force_majeure"
    late_shipment = "late_shipment"
    other = "other"


class Reply(StrEnum):
    """The buyer's latest answer in the platform's chat."""

    none = "none"
    consents = "consents"
    refuses = "refuses"
    asks_to_cancel = "asks_to_cancel"


class Purpose(StrEnum):
    """What a message to the buyer is for."""

    explain = "explain"
    offer_cancel = "offer_cancel"
    second_notice = "second_notice"
    final_notice = "final_notice"


class EvidenceKind(StrEnum):
    """What is on file."""

    chat = "chat"
    problem = "problem"
    order_detail = "order_detail"
    parcel = "parcel"
    agreement = "agreement"


class Path(StrEnum):
    """How an order can end, or go on; in the order that settles a tie."""

    buyer_cancel = "buyer_cancel"
    seller_close = "seller_close"
    refund = "refund"
    return_refund = "return_refund"
    fulfil = "fulfil"
    wait = "wait"
    none = "none"


PATHS = tuple(path for path in Path if path is not Path.none)


class Action(StrEnum):
    """The next single step."""

    accept_request = "accept_request"
    reject_request = "reject_request"  # for a person to order; never chosen by cost
    close = "close"
    refund = "refund"
    approve_return = "approve_return"
    refund_returned = "refund_returned"
    request_refund = "request_refund"
    ship = "ship"
    send_message = "send_message"
    wait = "wait"
    intercept_parcel = "intercept_parcel"
    collect_evidence = "collect_evidence"
    contact_support = "contact_support"
    open_dispute = "open_dispute"
    ask_person = "ask_person"
    none = "none"


class Performer(StrEnum):
    """Who does the step: an API call, a person at a console or phone, the buyer, the platform."""

    gateway = "gateway"
    person = "person"
    buyer = "buyer"
    platform = "platform"


class Approval(StrEnum):
    """Why a person must agree before the effect; in the order a decision lists them."""

    high_risk_close = "high_risk_close"
    silence_instead_of_consent = "silence_instead_of_consent"
    unusual_reason = "unusual_reason"
    rate_threshold = "rate_threshold"
    rate_unknown = "rate_unknown"
    goods_lost = "goods_lost"
    loss_order = "loss_order"


class CostKind(StrEnum):
    """What a cost item prices; in the order a decision lists them."""

    quota_unit = "quota_unit"
    credit_point = "credit_point"
    credit_band = "credit_band"
    penalty_point = "penalty_point"
    counted_cancellation = "counted_cancellation"
    rate_threshold = "rate_threshold"
    coupon = "coupon"
    gift = "gift"
    fallback_none = "fallback_none"
    person_task = "person_task"
    late_shipment = "late_shipment"
    goods = "goods"
    shipping = "shipping"
    loss = "loss"


COST_KINDS = tuple(CostKind)
APPROVALS = tuple(Approval)
EVIDENCE_KINDS = tuple(EvidenceKind)


class Missing(StrEnum):
    """What a path still lacks before it is ready."""

    message = "message"
    second_message = "second_message"
    third_message = "third_message"
    message_gap = "message_gap"
    announced_time = "announced_time"
    consent = "consent"
    evidence_chat = "evidence:chat"
    evidence_problem = "evidence:problem"
    evidence_order_detail = "evidence:order_detail"
    evidence_parcel = "evidence:parcel"
    evidence_agreement = "evidence:agreement"
    interception = "interception"
    support_ticket = "support_ticket"
    buyer_request = "buyer_request"
    return_received = "return_received"
    stock = "stock"
    time = "time"


class RefusedAct(StrEnum):
    """Tempting acts that the rules forbid; in the order a decision lists them."""

    ask_buyer_to_cancel = "ask_buyer_to_cancel"
    false_reason = "false_reason"
    refuse_to_ship = "refuse_to_ship"
    let_it_lapse = "let_it_lapse"
    refund_before_return = "refund_before_return"


class Awaited(StrEnum):
    """What a `wait` step waits for."""

    buyer_reply = "buyer_reply"
    buyer_request = "buyer_request"
    platform_cancellation = "platform_cancellation"
    return_shipped_back = "return_shipped_back"
    return_received = "return_received"
    interception = "interception"


class Condition(StrEnum):
    """Under which answer a forecast step is taken."""

    no_reply = "no_reply"
    consent = "consent"


NO_RULE_PERMITS = "no_rule_permits"
"""Cited where nothing in force permits a path."""

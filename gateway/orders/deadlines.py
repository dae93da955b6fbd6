"""By when something about an order must be done: by the order itself, and by the requests about it."""

from __future__ import annotations

from datetime import datetime

from gateway.model.after_sale import AfterSale, RequestState
from gateway.model.order import Order, PaymentState, Phase

Named = tuple[str, datetime]

BEFORE_SHIPMENT = frozenset((Phase.unpaid, Phase.on_hold, Phase.awaiting_shipment, Phase.awaiting_collection))
_UNSETTLED = frozenset((RequestState.open, RequestState.agreed, RequestState.refused))


def of_order(order: Order, phase: Phase) -> list[Named]:
    """Return what the order itself demands, each with its instant, in no order. Requests are left out."""
    if phase not in BEFORE_SHIPMENT:
        return []
    steps = [
        (f"buyer pays step {payment.step}", payment.pay_by)
        for payment in order.payments
        if payment.step is not None and payment.state is PaymentState.unpaid
    ]
    return _told(
        ("ship", order.ship_by),
        ("hand over to the courier", order.collect_by),
        ("cancelled by the platform", order.auto_cancel_at),
        *steps,
    )


def of_request(request: AfterSale) -> list[Named]:
    """Return what a request demands, each with its instant, in no order; nothing once it is settled."""
    if request.state not in _UNSETTLED:
        return []
    answer_by = request.answer_by if request.state is RequestState.open else None
    return _told(
        (f"answer request {request.request_id}", answer_by),
        (f"buyer sends back, request {request.request_id}", request.send_back_by),
        (f"inspect the return, request {request.request_id}", request.inspect_by),
        (f"hand in evidence, request {request.request_id}", request.evidence_by),
    )


def nearest(named: list[Named]) -> datetime | None:
    """Return the earliest instant of some deadlines, None when there are none."""
    return min((by for _, by in named), default=None)


def _told(*named: tuple[str, datetime | None]) -> list[Named]:
    return [(what, by) for what, by in named if by is not None]

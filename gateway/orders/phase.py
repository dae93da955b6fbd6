"""Where an order stands, derived from its facts (DESIGN.md, section 5)."""

from __future__ import annotations

from gateway.model.order import Closure, FulfillmentState, Order, PaymentState, Phase

_ENDED = {Closure.completed: Phase.completed, Closure.cancelled: Phase.cancelled, Closure.closed: Phase.closed}
_ON_THE_WAY = {
    FulfillmentState.held: Phase.on_hold,
    FulfillmentState.to_ship: Phase.awaiting_shipment,
    FulfillmentState.arranged: Phase.awaiting_collection,
    FulfillmentState.partly_shipped: Phase.in_transit,
    FulfillmentState.shipped: Phase.in_transit,
    FulfillmentState.delivered: Phase.delivered,
}


def phase_of(order: Order) -> Phase:
    """Return the order's phase. A fact that is unknown makes it `unknown`, whatever the other facts say.

    Then how the order ended counts first, the payment next, the goods last. A deposit alone leaves an order `unpaid`
    as long as nothing is to be shipped for it. Paid with nothing to ship, though the order is open, contradicts
    itself and is `unknown`.
    """
    payment, fulfillment, closure = order.payment, order.fulfillment, order.closure
    if payment is PaymentState.unknown or fulfillment is FulfillmentState.unknown or closure is Closure.unknown:
        return Phase.unknown
    if closure is not Closure.open:
        return _ENDED[closure]
    if payment is PaymentState.unpaid:
        return Phase.unpaid
    if payment is PaymentState.partly_paid and fulfillment is FulfillmentState.not_due:
        return Phase.unpaid
    return _ON_THE_WAY.get(fulfillment, Phase.unknown)

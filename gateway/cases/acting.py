"""The call a decision asks the gateway for, where the platform's API has it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.cases.facts import open_request
from gateway.cases.found import Found
from gateway.model.after_sale import AfterSale, GoodsState, RequestKind, RequestState
from gateway.model.order import Phase
from gateway.policy.terms import Action, Path, Performer, ReturnState
from gateway.ports import Act, Manifest, Offered, Operation

_CALLS = {
    Action.close: Operation.seller_close,
    Action.request_refund: Operation.request_refund,
    Action.refund: Operation.refund_return,
    Action.refund_returned: Operation.refund_return,
    Action.approve_return: Operation.approve_return,
}
_ANSWERS = frozenset({Action.accept_request, Action.refund, Action.refund_returned, Action.approve_return})
_RUNNING = frozenset({RequestState.open, RequestState.agreed})
_RECEIVED = frozenset({Phase.delivered, Phase.completed})
_RETURN = {"solution": "return_refund", "goods": "received"}
_MONEY_BACK = frozenset({RequestKind.refund, RequestKind.return_refund})
_MONEY = Operation.refund_return


def act_of(found: Found, manifest: Manifest) -> Act | None:
    """Return the act a decision asks the gateway for, None when the next step is not a call it can make.

    A message to the buyer is not among them: its text must be written first.
    """
    decision, order = found.decision, found.order.order
    if decision.performed_by is not Performer.gateway:
        return None
    request = _request(found) if decision.action in _ANSWERS else None
    operation = _operation(found, request, manifest)
    if operation is None or manifest.offers(operation) is not Offered.api:
        return None
    if operation is Operation.seller_close and order.can_cancel is False:
        return None  # the platform's own word on this order wins over every rule
    if operation is Operation.request_refund and _claims_too_much(found):
        return None
    lines = tuple((line.line_id, line.quantity - line.cancelled) for line in order.lines)
    return Act(
        operation=operation,
        order_id=order.order_id,
        key=f"{order.store}:{order.order_id}:{operation}",
        request_id=None if request is None else request.request_id,
        reason=decision.native_reason,
        lines=() if request is not None else lines,
        parameters=_RETURN if operation is Operation.request_refund and decision.path is Path.return_refund else {},
    )


def why_no_call(found: Found) -> str:
    """Return in words why nothing is called for a decision."""
    if found.decision.action is Action.close and found.order.order.can_cancel is False:
        return (
            "The rules allow a close, but the platform says that the seller cannot cancel this order now. "
            "Look at it in the platform's console."
        )
    if found.decision.action is Action.request_refund and _claims_too_much(found):
        return (
            "The goods are on their way. A return is applied for by saying that they were received, which is not true "
            "yet: the case goes on when they are delivered. Ask the supplier in the platform's chat to have them "
            "stopped, or decide otherwise."
        )
    if waits_for_goods(found):
        return (
            "The goods are on their way back, and the platform pays no sooner: it would have to be told that they "
            "were received. The case goes on when they are back."
        )
    if _grants_money_for_a_return(found):
        return (
            "The buyer asks to send the goods back. The cheapest would be to pay and leave them with the buyer, and "
            "the platform has no call for that here. Agree to the return with `gateway accept`, or reject it. What the "
            "goods are worth decides: `gateway facts set goods_cost`, and `return_shipping_cost` for their way back."
        )
    return found.decision.explanation


def waits_for_goods(found: Found) -> bool:
    """Tell whether money is due for goods that are sent back already, or about to be."""
    on_their_way = found.question.scenario.order.return_state in {ReturnState.agreed, ReturnState.shipped_back}
    return on_their_way and _grants_money_for_a_return(found)


def _grants_money_for_a_return(found: Found) -> bool:
    request = _request(found)
    asked = request is not None and request.kind is RequestKind.return_refund and not _is_back(found)
    return asked and found.decision.action is Action.accept_request and found.decision.path is Path.refund


def _is_back(found: Found) -> bool:
    return found.question.scenario.order.return_state is ReturnState.received


def _claims_too_much(found: Found) -> bool:
    """Tell whether applying for a return now would say that goods were received which are still on their way."""
    return found.decision.path is Path.return_refund and found.order.phase not in _RECEIVED


def _request(found: Found) -> AfterSale | None:
    """Return the request a decision answers: the open one, or a return that was agreed to and goes on."""
    requests = found.order.order.requests
    return open_request(requests) or _running_return(requests)


def _running_return(requests: Sequence[AfterSale]) -> AfterSale | None:
    running = [each for each in requests if each.kind in _MONEY_BACK and each.state in _RUNNING]
    return max(running, key=lambda each: (each.goods is GoodsState.received, each.updated_at), default=None)


def _operation(found: Found, request: AfterSale | None, manifest: Manifest) -> Operation | None:
    action = found.decision.action
    if action in _ANSWERS and request is None:
        return None
    if action is not Action.accept_request or request is None:
        return _CALLS.get(action)
    if request.kind is RequestKind.cancellation:
        return Operation.accept_cancellation
    if request.kind is not RequestKind.return_refund or _is_back(found):
        return Operation.refund_return
    if found.decision.path is Path.refund:  # a return was asked for, and money alone is granted
        return Operation.refund_return if request.goods in manifest.refunds_unreturned else None
    return Operation.approve_return if manifest.offers(Operation.approve_return) is not Offered.none else _MONEY

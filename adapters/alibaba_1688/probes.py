"""What 1688's state says about an act whose answer was lost. Only reads; the words it rests on are given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.alibaba_1688 import words
from adapters.alibaba_1688.after_sales import judged, read_refund
from adapters.alibaba_1688.effects import check_side
from adapters.alibaba_1688.orders import read_order
from adapters.alibaba_1688.payloads import OrderRow, RefundRow
from adapters.alibaba_1688.purchases import orders_under
from adapters.alibaba_1688.values import line_id_of
from gateway.errors import InvalidRequest, NotFound
from gateway.model.store import Role
from gateway.ports import Act, Channel, Finding, Happened, Operation

_AGREED = frozenset({"waitbuyersend", "waitsellerreceive", "refundsuccess"})


async def probe(channel: Channel, act: Act) -> Finding:
    """Return whether ``act`` shows in the platform's state now. Raises the error tree when it cannot be read."""
    check_side(channel, act)
    try:
        if act.operation is Operation.create_order:
            return await _created(channel, act)
        if act.operation in _OF_ORDER:
            return _OF_ORDER[act.operation](act, await read_order(channel, act.order_id), channel.store.role)
        if act.operation in _OF_REFUND:
            if not act.request_id:
                raise InvalidRequest(f"{act.operation} is about a refund: name its id as the request.")
            return _OF_REFUND[act.operation](act, await read_refund(channel, act.request_id))
    except NotFound as fault:
        return Finding(Happened.undecided, f"the platform does not know it: {fault.code or 'not listed'}")
    raise InvalidRequest(f"1688's adapter cannot do {act.operation}, so there is nothing to look for.")


def _found(applied: bool, because: str) -> Finding:
    return Finding(Happened.applied if applied else Happened.not_applied, because)


async def _created(channel: Channel, act: Act) -> Finding:
    numbers = await orders_under(channel, act.order_id)
    return _found(bool(numbers), f"orders under our number: {', '.join(numbers) or 'none'}")


def _closed(_act: Act, row: OrderRow, role: Role) -> Finding:
    """A refund closes a paid trade in the seller's name; only one that was never paid was cancelled."""
    base = row.get("baseInfo") or {}
    status, word = base.get("status") or "missing", base.get("closeOperateType") or ""
    said = f"status {status}, closeOperateType {word or 'empty'}, closeReason {base.get('closeReason') or 'empty'}"
    if status not in words.ENDED:
        return _found(status not in words.ORDER_STATUS, said) if status in words.ORDER_STATUS else _open(said)
    by = words.CLOSED_BY.get(word)
    if by is None:
        return _open(f"ended by nobody named: {said}")
    return _found(str(by) == str(role) and not base.get("payTime"), said)


def _open(said: str) -> Finding:
    return Finding(Happened.undecided, said)


def _asked(act: Act, row: OrderRow, _role: Role) -> Finding:
    """A refund that runs on the lines, or has succeeded; one that was closed is an older one."""
    named = {line_id for line_id, _ in act.lines}
    items = [item for item in row.get("productItems") or () if not named or line_id_of(item) in named]
    asked = [words.refund_word(item.get("refundStatus") or "") for item in items]
    base = row.get("baseInfo") or {}
    said = f"status {base.get('status')}, refundStatus of the lines: {', '.join(word or 'none' for word in asked)}"
    shown = [word in words.RUNNING or word == "refundsuccess" for word in asked]
    return _found(any(shown) and (not named or all(shown)), said)


def _shipped(act: Act, row: OrderRow, _role: Role) -> Finding:
    named = {line_id for line_id, _ in act.lines}
    items = [item for item in row.get("productItems") or () if not named or line_id_of(item) in named]
    number = act.parameters.get("tracking_number")
    parcels = (row.get("nativeLogistics") or {}).get("logisticsItems") or ()
    said = f"logisticsStatus {', '.join(item.get('logisticsStatus') or 'missing' for item in items) or 'no lines'}"
    if any(number and shipment.get("logisticsBillNo") == number for shipment in parcels):
        return _found(True, f"a parcel has the number: {said}")
    return _found(False, f"no parcel has the number: {said}")


def _words(row: RefundRow) -> str:
    ticket = row.get("taskStatus") or "none"
    return f"status {row.get('status') or 'missing'}, goodsStatus {row.get('goodsStatus') or 'none'}, ticket {ticket}"


def _agreed(_act: Act, row: RefundRow) -> Finding:
    return _found(row.get("status") in _AGREED, _words(row))


def _refunded(_act: Act, row: RefundRow) -> Finding:
    return _found(row.get("status") == "refundsuccess", _words(row))


def _withdrawn(_act: Act, row: RefundRow) -> Finding:
    """Who ended it is not told for certain; either way the application is gone, as wanted."""
    return _found(row.get("status") == "refundclose", _words(row))


def _sent_back(act: Act, row: RefundRow) -> Finding:
    return _found(
        bool(row.get("freightBill")) and row.get("freightBill") == act.parameters.get("tracking_number"), _words(row)
    )


def _judging(_act: Act, row: RefundRow) -> Finding:
    return _found(judged(row), _words(row))


_OF_ORDER: Mapping[Operation, Callable[[Act, OrderRow, Role], Finding]] = {
    Operation.seller_close: _closed,
    Operation.request_refund: _asked,
    Operation.ship: _shipped,
}
_OF_REFUND: Mapping[Operation, Callable[[Act, RefundRow], Finding]] = {
    Operation.approve_return: _agreed,
    Operation.refund_return: _refunded,
    Operation.withdraw_request: _withdrawn,
    Operation.send_back: _sent_back,
    Operation.open_dispute: _judging,
}

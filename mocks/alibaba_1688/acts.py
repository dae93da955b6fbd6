"""What people, carriers and the platform do to an order, through the control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mocks.alibaba_1688 import machine, refund_applying, refund_machine
from mocks.alibaba_1688.machine import ENDED, ON_THE_WAY, Dispatch, Illegal
from mocks.alibaba_1688.model import UNSHIPPED
from mocks.alibaba_1688.wanted import fen
from mocks.kit.platform import BadRequest, IllegalAct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mocks.alibaba_1688.model import Entry, Order, Parcel, Refund, Role
    from mocks.alibaba_1688.world import World

    Doing = Callable[[World, Order, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what it does, the statuses in which the page offers it, and whose orders it is about."""

    do: Doing
    offered: frozenset[str]
    role: Role | None = None


def perform(world: World, order: Order, name: str, details: Mapping[str, Any]) -> None:
    """Do the act; BadRequest for an unknown one, IllegalAct when the state forbids it."""
    act = ACTS.get(name)
    if act is None:
        raise BadRequest(f"1688 knows no act {name!r}; known: {', '.join(ACTS)}")
    if act.role not in {None, order.role}:
        side = "suppliers act on what we buy" if act.role == "buyer" else "the console acts on what we sell"
        raise IllegalAct(f"{name}: {side}; the store's role in this order is {order.role}")
    try:
        act.do(world, order, details)
    except Illegal as error:
        raise IllegalAct(f"{name}: {error}") from error


def possible(order: Order) -> list[str]:
    """Name the acts the order's status may allow."""
    return [name for name, act in ACTS.items() if order.status in act.offered and act.role in {None, order.role}]


def _text(details: Mapping[str, Any], name: str, default: str) -> str:
    value = details.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value


def _line(order: Order, row: object) -> Entry:
    """Find a line by its place (0 is the first) or by its id."""
    found = None
    if isinstance(row, int) and 0 <= row < len(order.entries):
        found = order.entries[row]
    elif isinstance(row, str) and row.isdigit():
        found = order.entry(int(row))
    if found is None:
        raise BadRequest(f"no line {row!r}; give its place from 0 or its id as text")
    return found


def _rows(order: Order, details: Mapping[str, Any]) -> dict[int, int | None] | None:
    rows = details.get("lines")
    if rows is None:
        return None
    if not isinstance(rows, list):
        raise BadRequest('lines must be a list like [{"line": 0, "quantity": 1}]')
    picked: dict[int, int | None] = {}
    for row in rows:
        place, quantity = (row.get("line"), row.get("quantity")) if isinstance(row, dict) else (row, None)
        if quantity is not None and not isinstance(quantity, int):
            raise BadRequest("a line's quantity must be a whole number")
        picked[_line(order, place).entry_id] = quantity
    return picked


def _parcels(order: Order, details: Mapping[str, Any]) -> list[Parcel]:
    wanted = details.get("package_number")
    found = [
        one
        for one in order.parcels
        if wanted in (None, one.logistics_id) and one.type != "2" and one.state not in {"SIGN", "UNSIGN"}
    ]
    if not found:
        raise Illegal(f"no parcel on its way fits; the order is {order.status}")
    return found


def _refund(order: Order, details: Mapping[str, Any], *statuses: str) -> Refund:
    wanted = details.get("return_sn", details.get("refund_id"))
    running = [one for one in order.refunds if one.open and wanted in (None, one.refund_id)]
    if statuses:
        running = [one for one in running if one.status in statuses] or running
    if not running:
        raise Illegal(f"no running refund; the order is {order.status}")
    return running[-1]


# the buyer


def _pays(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.pay(world, order)


def _closes(by: Role, usual: str) -> Doing:
    def close(world: World, order: Order, details: Mapping[str, Any]) -> None:
        reason, remark = _text(details, "reason", usual), _text(details, "remark", "")
        machine.close(world, order, by=by, reason=reason, remark=remark)

    return close


def _asks(kind: Literal["refund", "returnRefund"]) -> Doing:
    def ask(world: World, order: Order, details: Mapping[str, Any]) -> None:
        picked = _rows(order, details)
        if picked is None:
            picked = {
                line.entry_id: None
                for line in order.live_entries()
                if refund_machine.open_refund(order, line.entry_id) is None
            }
        amount = details.get("amount")
        first = order.entry(next(iter(picked), 0))
        wish = refund_applying.Wish(
            entries=list(picked),
            kind=kind,
            goods_status=_text(details, "goods_status", _usual_goods(order, first, kind)),
            payment=None if amount is None else fen(amount, "amount"),
            reason_id=details.get("reason_id") if isinstance(details.get("reason_id"), int) else None,
            description=_text(details, "text", _text(details, "reason", "协商退款")),
            vouchers=["https://img.invalid/voucher.jpg"],
            units={entry_id: count for entry_id, count in picked.items() if count is not None},
        )
        refund_applying.apply(world, order, wish)

    return ask


def _usual_goods(order: Order, line: Entry | None, kind: str) -> str:
    if order.status in {"success", "confirm_goods"}:
        return "aftersaleBuyerReceived"
    if line is not None and line.logistics_status == UNSHIPPED:
        return "refundWaitSellerSend"
    return "refundBuyerReceived" if kind == "returnRefund" else "refundWaitBuyerReceive"


def _withdraws(world: World, order: Order, details: Mapping[str, Any]) -> None:
    refund_machine.withdraw(world, _refund(order, details))


def _modifies(world: World, order: Order, details: Mapping[str, Any]) -> None:
    amount = details.get("amount")
    refund = _refund(order, details, "waitbuyermodify")
    refund_machine.modify(world, refund, None if amount is None else fen(amount, "amount"))


def _ships_return(world: World, order: Order, details: Mapping[str, Any]) -> None:
    bill = _text(details, "tracking_number", f"YTO{world.number(12)}")
    company = ("YTO", machine.CARRIERS["YTO"][1])
    refund_machine.send_back(world, _refund(order, details, "waitbuyersend"), company, bill, [])


def _confirms(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.confirm(world, order)


def _writes(world: World, order: Order, details: Mapping[str, Any]) -> None:
    order.feedback = _text(details, "text", "请尽快发货")[:500]
    machine.touch(world, order)


def _changes_address(world: World, order: Order, details: Mapping[str, Any]) -> None:
    if order.status not in {"waitbuyerpay", "waitsellersend"} or order.parcels:
        raise Illegal(f"the address is fixed; the order is {order.status}")
    order.receiver["address"] = _text(details, "street", f"示例路{world.rng.randrange(400, 800)}号")
    machine.touch(world, order)


def _disputes(who: str) -> Doing:
    def complain(world: World, order: Order, details: Mapping[str, Any]) -> None:
        refund_machine.complain(world, _refund(order, details), who)

    return complain


# the seller's side


def _ships(world: World, order: Order, details: Mapping[str, Any]) -> None:
    picked = _rows(order, details)
    waiting = [one for one in order.live_entries() if one.logistics_status == UNSHIPPED]
    lines = waiting if picked is None else [one for one in order.entries if one.entry_id in picked]
    company, bill = _text(details, "carrier", "YTO"), _text(details, "tracking_number", "")
    without = details.get("without_logistics") is True
    machine.ship(world, order, Dispatch(lines, company, bill, "2" if without else "0"))


def _agrees(world: World, order: Order, details: Mapping[str, Any]) -> None:
    refund = _refund(order, details, "waitselleragree", "waitsellerreceive")
    if refund.status == "waitsellerreceive":
        refund_machine.receive(world, refund)
    else:
        refund_machine.agree(world, refund)


def _refuses(world: World, order: Order, details: Mapping[str, Any]) -> None:
    refund = _refund(order, details, "waitselleragree", "waitsellerreceive")
    refund_machine.refuse(world, refund, _text(details, "reason", "货品已备好"))


def _receives(world: World, order: Order, details: Mapping[str, Any]) -> None:
    refund_machine.receive(world, _refund(order, details, "waitsellerreceive"))


def _prices(world: World, order: Order, details: Mapping[str, Any]) -> None:
    discount = details.get("discount", -10)
    if not isinstance(discount, int):
        raise BadRequest("discount must be whole fen, negative for a cut")
    machine.change_price(world, order, _line(order, details.get("line", 0)), discount)


# carrier and platform


def _traces(state: str) -> Doing:
    def trace(world: World, order: Order, details: Mapping[str, Any]) -> None:
        for parcel in _parcels(order, details):
            machine.trace(world, order, parcel, state)

    return trace


def _arrives(world: World, order: Order, _details: Mapping[str, Any]) -> None:
    machine.arrive(world, order)


def _changes_bill(world: World, order: Order, details: Mapping[str, Any]) -> None:
    bill = _text(details, "tracking_number", f"ZTO{world.number(12)}")
    machine.change_bill(world, order, _parcels(order, details)[0], bill)


def _platform_cancels(world: World, order: Order, details: Mapping[str, Any]) -> None:
    by = _text(details, "by", "Ops")
    if by not in {"system", "Ops"}:
        raise BadRequest("by must be system or Ops")
    terminate = details.get("terminate") is True
    machine.close_by_platform(world, order, _text(details, "reason", "other"), by=by, terminate=terminate)


def _decides(world: World, order: Order, details: Mapping[str, Any]) -> None:
    winner = _text(details, "for", _text(details, "for_whom", "buyer"))
    if winner not in {"buyer", "seller"}:
        raise BadRequest("for must be buyer or seller")
    refund_machine.decide(world, _refund(order, details), winner)


def _holds_line(can_send: bool) -> Doing:
    def hold(world: World, order: Order, details: Mapping[str, Any]) -> None:
        if order.status != "waitsellersend":
            raise Illegal(f"only a line waiting for shipment can be held; the order is {order.status}")
        _line(order, details.get("line", 0)).can_send = can_send
        machine.touch(world, order)

    return hold


def _downstream(state: str) -> Doing:
    def note(world: World, order: Order, _details: Mapping[str, Any]) -> None:
        order.downstream_refund = state
        machine.touch(world, order)

    return note


_UNPAID = ("waitbuyerpay",)
_TO_SHIP = ("waitsellersend",)
_PAID = ("waitsellersend", *ON_THE_WAY, "confirm_goods", "success")
_RUNNING = ("waitbuyerpay", "waitsellersend", *ON_THE_WAY)
_EVERY = tuple(dict.fromkeys((*_RUNNING, *ENDED)))


def _act(do: Doing, *statuses: str, role: Role | None = None) -> Act:
    return Act(do, frozenset(statuses), role)


ACTS: dict[str, Act] = {
    "buyer_pays": _act(_pays, *_UNPAID),
    "buyer_cancels": _act(_closes("buyer", "buyerCancel"), *_UNPAID),
    "buyer_requests_cancellation": _act(_asks("refund"), *_TO_SHIP),
    "buyer_requests_refund": _act(_asks("refund"), *_PAID),
    "buyer_requests_return": _act(_asks("returnRefund"), *ON_THE_WAY, "confirm_goods", "success"),
    "buyer_withdraws_request": _act(_withdraws, *_PAID),
    "buyer_modifies_request": _act(_modifies, *_PAID),
    "buyer_ships_return": _act(_ships_return, *_PAID),
    "buyer_opens_dispute": _act(_disputes("buyer"), *_PAID),
    "buyer_confirms_receipt": _act(_confirms, *ON_THE_WAY),
    "buyer_replies": _act(_writes, *_RUNNING),
    "buyer_changes_address": _act(_changes_address, *_UNPAID, *_TO_SHIP),
    "seller_ships": _act(_ships, *_TO_SHIP, role="seller"),
    "merchant_agrees": _act(_agrees, *_PAID, role="seller"),
    "merchant_refuses": _act(_refuses, *_PAID, role="seller"),
    "merchant_closes": _act(_closes("seller", "sellerGoodsLack"), *_UNPAID, role="seller"),
    "merchant_changes_price": _act(_prices, *_UNPAID, role="seller"),
    "merchant_opens_dispute": _act(_disputes("seller"), *_PAID, role="seller"),
    "supplier_ships": _act(_ships, *_TO_SHIP, role="buyer"),
    "supplier_agrees": _act(_agrees, *_PAID, role="buyer"),
    "supplier_refuses": _act(_refuses, *_PAID, role="buyer"),
    "supplier_closes": _act(_closes("seller", "sellerGoodsLack"), *_UNPAID, role="buyer"),
    "supplier_changes_price": _act(_prices, *_UNPAID, role="buyer"),
    "supplier_opens_dispute": _act(_disputes("seller"), *_PAID, role="buyer"),
    "warehouse_receives_return": _act(_receives, *_PAID),
    "carrier_collects": _act(_traces("ACCEPT"), *ON_THE_WAY),
    "carrier_transports": _act(_traces("TRANSPORT"), *ON_THE_WAY),
    "carrier_arrives": _act(_arrives, "waitbuyerreceive"),
    "carrier_delivers": _act(_traces("SIGN"), *ON_THE_WAY),
    "carrier_loses": _act(_traces("UNSIGN"), *ON_THE_WAY),
    "carrier_changes_number": _act(_changes_bill, *ON_THE_WAY),
    "platform_cancels": _act(_platform_cancels, *_RUNNING),
    "platform_decides": _act(_decides, *_PAID),
    "platform_holds": _act(_holds_line(False), *_TO_SHIP),
    "platform_releases": _act(_holds_line(True), *_TO_SHIP),
    "downstream_refunds": _act(_downstream("refunding"), *_TO_SHIP),
    "downstream_refunded": _act(_downstream("refunded"), *_TO_SHIP),
    "downstream_settles": _act(_downstream(""), *_TO_SHIP),
}

"""How an order lives: payment, parcels, receipt, closing, and the platform's own deadlines (API.md section 5.6).

Every function is one legal transition; what is illegal raises `Illegal` with the reason, which the APIs turn into
1688's codes and the control API into 409.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mocks.alibaba_1688.model import RECEIVED, SHIPPED, UNSHIPPED, Entry, Order, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mocks.alibaba_1688.model import Refund, Role
    from mocks.alibaba_1688.world import World

UNPAID_REASON = "BUYER_NO_PAY"
ON_THE_WAY = ("waitlogisticstakein", "waitbuyerreceive", "waitbuyersign", "signinsuccess")
ENDED = ("confirm_goods", "success", "cancel", "terminated")
BILL_LIMIT = 15
CARRIERS: dict[str, tuple[str, str]] = {
    "YTO": ("3", "圆通速递(YTO)"),
    "ZTO": ("500", "中通速递(ZTO)"),
    "STO": ("2", "申通快递(STO)"),
    "YUNDA": ("102", "韵达快运(YUNDA)"),
    "SF": ("505", "顺丰速运(SF)"),
    "OTHER": ("8", "其他"),
}
"""Shipping companies by `companyNo`: `companyId` and name."""


class Illegal(Exception):
    """The transition is not possible in the present state; `code` is the platform's word where it has one."""

    def __init__(self, text: str, code: str = "") -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How goods are sent: which lines, by whom, under which bill number."""

    entries: Sequence[Entry]
    company_no: str = "YTO"
    bill_no: str = ""
    type: str = "0"


def touch(world: World, order: Order, entries: Sequence[Entry] = ()) -> None:
    """Note that the order, and these lines of it, changed now."""
    order.updated = max(order.updated, world.now())
    for entry in entries:
        entry.modified = max(entry.modified, world.now())


def move(world: World, order: Order, status: str) -> None:
    """Put the order and its living lines into a status and set the deadlines that belong to it."""
    order.status = status
    living = order.live_entries()
    for entry in living:
        entry.status = status
    touch(world, order, living)
    arm(world, order)


# making and paying


def place(world: World, order: Order) -> None:
    """Let a new order exist, waiting for payment."""
    world.add(order)
    move(world, order, "waitbuyerpay")
    world.tell(order, "BUYER_MAKE")


def pay(world: World, order: Order) -> None:
    """Let the buyer pay."""
    if order.status != "waitbuyerpay":
        raise Illegal(f"only an order that waits for payment can be paid; it is {order.status}")
    order.paid = world.now()
    order.alipay_trade = f"{world.number(14)}{world.number(14)}"
    order.promised_ship_by = world.now() + world.timing.ship_promise
    move(world, order, "waitsellersend")
    world.tell(order, "ORDER_PAY")


def change_price(world: World, order: Order, entry: Entry, discount: int) -> None:
    """Let the seller cut (negative) or raise the price of a line before payment."""
    if order.status != "waitbuyerpay":
        raise Illegal(f"the price is fixed; the order is {order.status}")
    if entry.price * entry.quantity + discount <= 0:
        raise Illegal("the line would cost nothing")
    entry.discount = discount
    touch(world, order, [entry])
    world.tell(order, "ORDER_PRICE_MODIFY")


# parcels


def ship(world: World, order: Order, dispatch: Dispatch) -> Parcel:
    """Let the seller send lines; their waiting refund applications end, because the goods have left."""
    from mocks.alibaba_1688 import refund_machine  # noqa: PLC0415 - the two machines end each other's processes

    if order.status != "waitsellersend":
        raise Illegal(f"only a paid order can be shipped; it is {order.status}", "ORDER_STATUS_ERROR")
    entries = [one for one in dispatch.entries if one.logistics_status == UNSHIPPED and not one.ended]
    if not entries or len(entries) < len(dispatch.entries):
        raise Illegal("a line has been shipped or refunded already", "ORDER_STATUS_ERROR")
    if dispatch.bill_no and world.bills.get(dispatch.bill_no, 0) >= BILL_LIMIT:
        raise Illegal(f"the bill number was used {BILL_LIMIT} times already", "INVALID_PARAM")
    parcel = _new_parcel(world, entries, dispatch)
    order.parcels.append(parcel)
    for entry in entries:
        entry.logistics_status, entry.status = SHIPPED, "waitbuyerreceive"
    touch(world, order, entries)
    for refund in [one for one in order.refunds if one.open and not one.shipped]:
        if any(entry.entry_id in refund.units for entry in entries):
            refund_machine.end_by_shipping(world, refund)
    if all(one.logistics_status != UNSHIPPED for one in order.live_entries()):
        order.shipped = world.now()
        move(world, order, "waitlogisticstakein" if order.takes_in else "waitbuyerreceive")
        world.tell(order, "ANNOUNCE_SENDGOODS")
    else:
        world.tell(order, "PART_PART_SENDGOODS")
    world.tell_parcel(order, parcel, "CONSIGN")
    return parcel


def _new_parcel(world: World, entries: Sequence[Entry], dispatch: Dispatch) -> Parcel:
    company_id, company_name = CARRIERS.get(dispatch.company_no, ("8", dispatch.company_no))
    without = dispatch.type == "2"
    bill = dispatch.bill_no or f"{dispatch.company_no}{world.number(12)}"
    if not without:
        world.bills[bill] = world.bills.get(bill, 0) + 1
    return Parcel(
        number=world.number(15),
        entries=tuple(entry.entry_id for entry in entries),
        company_id="" if without else company_id,
        company_no="" if without else dispatch.company_no,
        company_name="" if without else company_name,
        bill_no="" if without else bill,
        sent_at=world.now(),
        modified=world.now(),
        type=dispatch.type,
        steps=[(world.now(), "商家已发货")],
    )


_STEPS = {
    "ACCEPT": ("ACCEPT", "快件已揽收"),
    "TRANSPORT": ("TRANSPORT", "快件已到达分拨中心"),
    "SIGN": ("SIGN", "快件已签收"),
    "UNSIGN": ("FAILED", "快件丢失，未能签收"),
}


def trace(world: World, order: Order, parcel: Parcel, state: str) -> None:
    """Let a parcel get on: ACCEPT, TRANSPORT, SIGN or UNSIGN (lost)."""
    if parcel.state in {"SIGN", "UNSIGN"}:
        raise Illegal(f"the parcel is {parcel.state} already")
    changed, words = _STEPS[state]
    parcel.state, parcel.modified = state, world.now()
    parcel.steps.append((world.now(), words))
    if state in {"ACCEPT", "TRANSPORT"} and order.status == "waitlogisticstakein":
        move(world, order, "waitbuyerreceive")
    if state == "SIGN" and order.signs and order.status in {"waitbuyerreceive", "waitbuyersign"}:
        order.received = world.now()
        move(world, order, "signinsuccess")
    world.tell_parcel(order, parcel, changed)


def arrive(world: World, order: Order) -> None:
    """Let the goods stand before the buyer's door, waiting to be signed for."""
    if order.status != "waitbuyerreceive" or not order.signs:
        raise Illegal(f"the trade has no signature to wait for; the order is {order.status}")
    move(world, order, "waitbuyersign")


def change_bill(world: World, order: Order, parcel: Parcel, bill: str) -> None:
    """Let the seller or the carrier correct a bill number."""
    if parcel.type == "2" or parcel.state == "SIGN":
        raise Illegal("the parcel has no bill number to change, or has arrived")
    old, parcel.bill_no, parcel.modified = parcel.bill_no, bill, world.now()
    touch(world, order)
    world.tell_bill(order, parcel, old)


# the end


def confirm(world: World, order: Order) -> None:
    """Let the buyer (or the clock) confirm the receipt; the trade is complete when the money has gone over."""
    from mocks.alibaba_1688 import refund_machine  # noqa: PLC0415 - the two machines end each other's processes

    if order.status not in ON_THE_WAY:
        raise Illegal(f"only shipped goods can be confirmed; the order is {order.status}", "ORDER_STATUS_ERROR")
    for refund in [one for one in order.refunds if one.open]:
        refund_machine.close(world, refund, "BUYER_RECEIVE_CLOSE", "buyer", "买家确认收货，退款关闭")
    now = world.now()
    order.received, order.confirmed = order.received or now, now
    for entry in order.live_entries():
        entry.logistics_status = RECEIVED
    move(world, order, "confirm_goods")
    world.tell(order, "ORDER_COMFIRM_RECEIVEGOODS")
    if world.timing.settle == 0:
        complete(world, order)


def complete(world: World, order: Order) -> None:
    """Let the seller have the money: the trade has succeeded."""
    if order.status != "confirm_goods":
        raise Illegal(f"only a confirmed order can be completed; it is {order.status}")
    order.completed = world.now()
    move(world, order, "success")
    world.tell(order, "ORDER_SUCCESS")


def close(world: World, order: Order, *, by: Role, reason: str, remark: str = "") -> None:
    """Let either side close an order nobody has paid (API.md 5.4); young ones are refused for some seconds."""
    if order.status != "waitbuyerpay":
        raise Illegal(f"only an unpaid order can be closed; it is {order.status}", "ORDER_STATUS_ERROR")
    if world.now() - order.created < world.timing.close_guard:
        raise Illegal("the order is too young to be closed", "CLOSE_ORDER_TOO_FAST")
    order.close_remark = remark
    end(world, order, by=by, reason=reason, topic=f"ORDER_{by.upper()}_CLOSE")


_OPERATE_TYPES = {
    "buyer": "CLOSE_TRADE_BY_BUYER",
    "seller": "CLOSE_TRADE_BY_SELLER",
    "system": "CLOSE_TRADE_BY_SYSTEM",
    "Ops": "CLOSE_TRADE_BY_BOPS",
}


def end(world: World, order: Order, *, by: str, reason: str, topic: str, status: str = "cancel") -> None:
    """Close the order for good."""
    now = world.now()
    for entry in order.live_entries():
        if entry.logistics_status == UNSHIPPED:
            entry.cancelled += entry.left
        else:
            entry.kept += entry.left
        entry.status, entry.close_reason = status, reason
        entry.modified = now
    order.status = status
    order.cancelled = order.completed = now
    order.close_reason, order.close_operate_type, order.ended_by = reason, _OPERATE_TYPES[by], by
    touch(world, order)
    arm(world, order)
    world.tell(order, topic)


def expire(world: World, order: Order) -> None:
    """Let the clock close an order that was not paid in time."""
    if order.status != "waitbuyerpay":
        raise Illegal(f"only an unpaid order can run out; it is {order.status}")
    end(world, order, by="system", reason=UNPAID_REASON, topic="ORDER_BOPS_CLOSE")


def close_by_platform(world: World, order: Order, reason: str, *, by: str, terminate: bool) -> None:
    """Let the platform's staff (or its clock) close an order; a paid one gives the money back."""
    from mocks.alibaba_1688 import refund_machine  # noqa: PLC0415 - the two machines end each other's processes

    if order.status in ENDED:
        raise Illegal(f"the order is {order.status} already")
    for refund in [one for one in order.refunds if one.open]:
        refund_machine.close(world, refund, "BUYER_CLOSE_TRADE_CLOSE", "system", "交易关闭，退款关闭")
    if order.paid is not None:
        order.refunded = order.total
    status = "terminated" if terminate else "cancel"
    end(world, order, by=by, reason=reason, topic="ORDER_BOPS_CLOSE", status=status)


# deadlines


def arm(world: World, order: Order) -> None:
    """Set the automatic transitions of the present status, in place of those of the last one."""
    for timer in order.timers:
        timer.cancel()
    order.timers.clear()
    if world.writing_history:
        return
    due = _due(world, order)
    if due is not None:
        order.timers.append(world.later(due[0], lambda: _fire(world, order, due[1])))


def _fire(world: World, order: Order, action: Callable[[World, Order], None]) -> None:
    order.timers.clear()
    action(world, order)


def _due(world: World, order: Order) -> tuple[int, Callable[[World, Order], None]] | None:
    timing = world.timing
    match order.status:
        case "waitbuyerpay":
            return order.created + order.pay_timeout, expire
        case "waitsellersend" if timing.supplier_ships and order.role == "buyer" and order.paid is not None:
            return max(order.paid + timing.supplier_ships, world.now()), _supplier_ships
        case "waitlogisticstakein" | "waitbuyerreceive" | "waitbuyersign" | "signinsuccess":
            return (order.shipped or order.updated) + timing.auto_confirm, _confirm_by_clock
        case "confirm_goods" if timing.settle:
            return (order.confirmed or order.updated) + timing.settle, complete
        case _:
            return None


def _supplier_ships(world: World, order: Order) -> None:
    waiting = [one for one in order.live_entries() if one.logistics_status == UNSHIPPED]
    if order.status == "waitsellersend" and waiting:
        ship(world, order, Dispatch(waiting))


def _confirm_by_clock(world: World, order: Order) -> None:
    """Confirm in the buyer's place, unless a refund runs: that stops the clock until it is over."""
    if any(one.open for one in order.refunds):
        return
    confirm(world, order)


def refunds_settled(world: World, order: Order, refund: Refund) -> None:
    """Go on after a refund has ended: close the trade when nothing of it is left, ship-complete it, or just note it."""
    if order.status in ENDED:
        return
    if not order.live_entries():
        by = refund.ended_by
        # the platform sends the seller's topic whoever wanted the refund (API.md 5.6 and 11.4)
        end(world, order, by=by, reason="refund", topic="ORDER_SELLER_CLOSE")
        return
    unshipped = [one for one in order.live_entries() if one.logistics_status == UNSHIPPED]
    if order.status == "waitsellersend" and order.parcels and not unshipped:
        order.shipped = world.now()
        move(world, order, "waitlogisticstakein" if order.takes_in else "waitbuyerreceive")
        world.tell(order, "ANNOUNCE_SENDGOODS")
        return
    arm(world, order)

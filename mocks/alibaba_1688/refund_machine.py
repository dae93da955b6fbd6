"""How a refund application lives (API.md section 7), and what its end does to the order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import RETURNED, Operation, Order, Refund

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.model import Entry, Member
    from mocks.alibaba_1688.world import World

ITEM_WORDS = {
    "waitselleragree": "WAIT_SELLER_AGREE",
    "waitbuyermodify": "WAIT_BUYER_MODIFY",
    "waitbuyersend": "WAIT_BUYER_SEND",
    "waitsellerreceive": "WAIT_SELLER_RECEIVE",
    "refundsuccess": "REFUND_SUCCESS",
    "refundclose": "REFUND_CLOSED",
}
"""The item's spelling of a refund status (API.md 5.5)."""


def open_refund(order: Order, entry_id: int) -> Refund | None:
    """Give the running refund of a line."""
    return next((one for one in order.refunds if one.open and entry_id in one.units), None)


@dataclass(frozen=True, slots=True)
class Step:
    """What is written into the refund's history."""

    kind: int
    remark: str
    words: str
    who: str
    extra: dict[str, str] = field(default_factory=dict)


_ROLES = {"buyer": 1, "seller": 2, "system": 3, "staff": 4}


def move(world: World, refund: Refund, status: str, step: Step) -> None:
    """Put the refund into a status, write the step down, and set the deadline that belongs to it."""
    order = refund.order
    before = refund.status if refund.operations else ""
    member: Member | None = {"buyer": order.buyer, "seller": order.seller}.get(step.who)
    refund.operations.append(
        Operation(
            operation_id=world.number(11),
            at=world.now(),
            kind=step.kind,
            remark=step.remark,
            words=step.words,
            role=_ROLES[step.who],
            member=member,
            before=before,
            after=status if before else "",
            extra=dict(step.extra),
        )
    )
    refund.status = status
    refund.modified = max(refund.modified, world.now())
    lines = [line for line in order.entries if line.entry_id in refund.units]
    for line in lines:
        line.refund_status = ITEM_WORDS[status]
    machine.touch(world, order, lines)
    if not refund.open:
        refund.completed, refund.timeout_at = world.now(), None
        _disarm(refund)
    else:
        refund.timeout_at = world.now() + _patience(world, refund)
        arm(world, refund)


def _patience(world: World, refund: Refund) -> int:
    timing = world.timing
    if refund.complaint is not None:
        return timing.arbitration
    return {
        "waitselleragree": timing.refund_answer,
        "waitbuyermodify": timing.refund_modify,
        "waitbuyersend": timing.return_ship,
        "waitsellerreceive": timing.return_check,
    }[refund.status]


def count(refund: Refund, sign: int) -> None:
    """Add the refund's units to what is asked back of its lines, or (-1) take them away."""
    for line in refund.order.entries:
        units = sign * refund.units.get(line.entry_id, 0)
        if refund.shipped:
            line.return_requested += units
        else:
            line.cancel_requested += units


def _need(refund: Refund, *statuses: str) -> None:
    if refund.status not in statuses:
        raise Illegal(f"the refund is {refund.status}, not {' or '.join(statuses)}", "4007")


# the seller's answers


def agree(world: World, refund: Refund, who: str = "seller", address: tuple[str, str, str] | None = None) -> None:
    """Agree: money goes back at once, or the goods may be sent back."""
    _need(refund, "waitselleragree")
    refund.ended_by = ""
    if refund.kind == "refund":
        action = "SELLER_AGREE_REFUND" if who == "seller" else "SYSTEM_AGREE_REFUND"
        _pay_back(world, refund, action, who, Step(19, "退款成功", "卖家同意仅退款协议，仅退款成功", who))
        return
    refund.return_name, refund.return_mobile, refund.return_address = address or _seller_address(refund)
    action = "SELLER_AGREE_REFUND_PROCOTOL" if who == "seller" else "SYSTEM_AGREE_REFUND_PROTOCOL"
    move(world, refund, "waitbuyersend", Step(19, "确认收货地址", "卖家同意退货，等待买家退货", who))
    world.tell_refund(refund, action, who)


def _seller_address(refund: Refund) -> tuple[str, str, str]:
    seller = refund.order.seller
    return seller.name, seller.mobile, "浙江省 金华市 义乌市 示例路1号"


def refuse(world: World, refund: Refund, reason: str) -> None:
    """Refuse: the buyer may modify, withdraw or ask the platform."""
    _need(refund, "waitselleragree", "waitsellerreceive")
    refund.reject_times += 1
    refund.reject_reason = reason
    move(world, refund, "waitbuyermodify", Step(15, "卖家拒绝退款", f"拒绝原因：{reason}", "seller"))
    action = "SELLER_REJECT_REFUND" if refund.kind == "refund" else "SELLER_REJECT_REFUND_PROCOTOL"
    world.tell_refund(refund, action, "seller")


def receive(world: World, refund: Refund, who: str = "seller") -> None:
    """Let the seller have the goods back in order: the money goes back."""
    _need(refund, "waitsellerreceive")
    action = "SELLER_RECEIVE_GOODS" if who == "seller" else "SYSTEM_AGREE_REFUND"
    _pay_back(world, refund, action, who, Step(8, "退款成功", "卖家同意退货退款协议，退货退款成功", who))


# the buyer's steps


def modify(world: World, refund: Refund, payment: int | None) -> None:
    """Let the buyer ask again after a refusal, perhaps for less."""
    _need(refund, "waitbuyermodify")
    if payment is not None:
        if not 0 < payment <= refund.payment:
            raise Illegal("the amount must be above 0 and at most what was asked before", "5011")
        refund.full = refund.full and payment == refund.payment
        refund.payment = payment
    refund.complaint = None
    move(world, refund, "waitselleragree", Step(2, "买家修改退款协议", "买家修改退款协议，等待卖家确认", "buyer"))
    world.tell_refund(refund, "BUYER_MODIFY_REFUND_PROTOCOL", "buyer")


def send_back(world: World, refund: Refund, company: tuple[str, str], bill: str, vouchers: list[str]) -> None:
    """Let the buyer send the goods back."""
    _need(refund, "waitbuyersend")
    refund.company_no, refund.company_name = company
    refund.bill_no, refund.buyer_sent, refund.goods_status = bill, True, 3
    refund.vouchers = (*refund.vouchers, *vouchers)
    words = f"买家声明退货，等待卖家确认。|物流公司：{refund.company_name}|物流单号：{bill}"
    extra = {"freightBill": bill, "logisticsCompany": refund.company_name}
    move(world, refund, "waitsellerreceive", Step(10, "买家退货", words, "buyer", extra))
    world.tell_refund(refund, "BUYER_SEND_GOODS", "buyer")


def withdraw(world: World, refund: Refund) -> None:
    """Let the buyer take the application back."""
    _need(refund, "waitselleragree", "waitbuyermodify", "waitbuyersend")
    close(world, refund, "BUYER_CANCEL_REFUND_CLOSE", "buyer", "买家撤销退款")


def complain(world: World, refund: Refund, who: str = "buyer") -> int:
    """Ask the platform to judge; gives the complaint's number."""
    _need(refund, "waitselleragree", "waitbuyermodify", "waitsellerreceive")
    if refund.complaint is not None:
        raise Illegal("the platform looks at it already", "5010")
    refund.complaint = world.number(12)
    step = Step(99, "申请平台介入", "申请1688客服介入处理", who)
    move(world, refund, refund.status, step)
    world.tell_refund(refund, f"{who.upper()}_APPLY_SUPPORT", who)
    return refund.complaint


def decide(world: World, refund: Refund, winner: str) -> None:
    """Let the platform's staff decide: the buyer gets the money, or the refund is closed."""
    if not refund.open or refund.complaint is None:
        raise Illegal("nobody asked the platform to judge this refund")
    if winner == "buyer":
        _pay_back(world, refund, "CRM_FINISH_TASK", "staff", Step(8, "退款成功", "客服判定退款给买家", "staff"))
    else:
        close(world, refund, "CRM_FINISH_TASK", "staff", "客服判定不予退款")


# ends


def close(world: World, refund: Refund, action: str, who: str, words: str) -> None:
    """End the application without money."""
    refund.ended_by = who
    count(refund, -1)
    move(world, refund, "refundclose", Step(99, "退款关闭", words, who))
    world.tell_refund(refund, action, "system" if who == "staff" else who)
    if action not in {"BUYER_RECEIVE_CLOSE", "BUYER_CLOSE_TRADE_CLOSE"}:
        machine.refunds_settled(world, refund.order, refund)


def end_by_shipping(world: World, refund: Refund) -> None:
    """End an application because the seller has shipped meanwhile (API.md 11.5)."""
    refund.ended_by = "seller"
    count(refund, -1)
    move(world, refund, "refundclose", Step(99, "退款关闭", "卖家已发货，退款关闭", "seller"))
    world.tell_refund(refund, "SELLER_SEND_GOODS_CLOSE", "seller")


def _pay_back(world: World, refund: Refund, action: str, who: str, step: Step) -> None:
    order = refund.order
    count(refund, -1)
    refund.carriage_back = refund.carriage
    order.refunded += refund.payment + refund.carriage
    order.carriage_refunded += refund.carriage
    lines = [line for line in order.entries if line.entry_id in refund.units]
    rest = refund.payment
    for number, line in enumerate(lines):
        units = refund.units[line.entry_id]
        last = number == len(lines) - 1
        part = rest if last else min(rest, line.amount_of(units))
        rest -= part
        line.refunded += part
        if refund.full:
            line.refunded_units += units
            _take_units(refund, line, units)
    refund.ended_by = "buyer"  # it was the buyer who wanted the money back
    move(world, refund, "refundsuccess", step)
    world.tell_refund(refund, action, "system" if who == "staff" else who)
    machine.refunds_settled(world, order, refund)


def _take_units(refund: Refund, line: Entry, units: int) -> None:
    """Count the units as gone: goods never sent are cancelled, sent ones come back or stay with the buyer."""
    if refund.kind == "returnRefund":
        line.returned += units
        if line.ended and line.returned:
            line.logistics_status = RETURNED
    elif refund.shipped:
        line.kept += units
    else:
        line.cancelled += units
    if line.ended and not refund.after_sale:
        line.status, line.close_reason = "cancel", "refund"


# deadlines


def arm(world: World, refund: Refund) -> None:
    """Set the automatic transition of the present status."""
    _disarm(refund)
    if world.writing_history or refund.timeout_at is None:
        return
    timer: Callable[[], None] = lambda: _time_out(world, refund)  # noqa: E731 - bound to this refund
    refund.timers.append(world.later(refund.timeout_at, timer))
    patience = world.timing.supplier_answers
    if refund.status == "waitselleragree" and patience and refund.order.role == "buyer":
        refund.timers.append(world.later(refund.modified + patience, lambda: _supplier_answers(world, refund)))


def _disarm(refund: Refund) -> None:
    for timer in refund.timers:
        timer.cancel()
    refund.timers.clear()


def _supplier_answers(world: World, refund: Refund) -> None:
    if refund.status != "waitselleragree":
        return
    if world.supplier_refuses:
        refuse(world, refund, "货品已备好")
    else:
        agree(world, refund)


def _time_out(world: World, refund: Refund) -> None:
    if refund.complaint is not None:
        decide(world, refund, "buyer")
    elif refund.status == "waitselleragree":
        agree(world, refund, "system")
    elif refund.status == "waitsellerreceive":
        receive(world, refund, "system")
    elif refund.open:
        close(world, refund, "CRM_APPLY_TIMEOUT_CLOSE", "system", "超时未处理，退款关闭")

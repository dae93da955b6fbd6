"""How a refund application lives (API.md section 7), and what its end does to the order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mocks.alibaba_1688 import machine
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import RETURNED, UNSHIPPED, Operation, Order, Refund, yuan_text
from mocks.alibaba_1688.reasons import GOODS_STATES, reasons_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.alibaba_1688.model import Entry, Member, Reason
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
_KIND_WORDS = {"refund": "仅退款", "returnRefund": "退货退款"}
_GOODS_WORDS = {1: "未收到货", 2: "已收到货"}


@dataclass(slots=True)
class Wish:
    """One application as the buyer fills it in; `units` of an entry None means all of them."""

    entries: list[int]
    kind: Literal["refund", "returnRefund"]
    goods_status: str
    payment: int | None = None
    carriage: int | None = None
    reason_id: int | None = None
    description: str = ""
    vouchers: list[str] = field(default_factory=list)
    units: dict[int, int] = field(default_factory=dict)


def open_refund(order: Order, entry_id: int) -> Refund | None:
    """Give the running refund of a line."""
    return next((one for one in order.refunds if one.open and entry_id in one.units), None)


def apply(world: World, order: Order, wish: Wish) -> Refund:
    """Open a refund; Illegal with the platform's code (5003 to 5013) when something does not fit."""
    lines = _lines(order, wish)
    _check_state(world, order, wish, lines)
    units = _units(wish, lines)
    reason = _reason(wish)
    payment, carriage = _money(order, wish, lines, units)
    if carriage and reason.no_carriage:
        raise Illegal("该退款原因不支持退运费", "5006")
    if reason.need_voucher and not wish.vouchers:
        raise Illegal("该退款原因需要上传凭证", "5005")
    shipped = lines[0].logistics_status != UNSHIPPED
    refund = Refund(
        number=world.number(17),
        order=order,
        units=units,
        kind=wish.kind,
        dispute_type=2 if wish.goods_status.startswith("aftersale") else 1,
        payment=payment,
        carriage=carriage,
        reason=reason,
        description=wish.description,
        goods_status=GOODS_STATES[wish.goods_status],
        shipped=shipped,
        full=payment >= sum(line.amount_of(units[line.entry_id]) for line in lines),
        vouchers=tuple(wish.vouchers),
        created=world.now(),
        modified=world.now(),
    )
    order.refunds.append(refund)
    world.refunds[refund.refund_id] = refund
    for line in lines:
        if refund.after_sale:
            line.refund_id_after = refund.refund_id
        else:
            line.refund_id = refund.refund_id
    _count(refund, +1)
    words = "|".join(
        (
            f"退款诉求：{_KIND_WORDS[refund.kind]}",
            f"申请原因：{reason.name}",
            f"货品情况：{_GOODS_WORDS[refund.goods_status]}",
            f"退款货品金额：{yuan_text(payment)}",
            f"退款运费金额：{yuan_text(carriage)}",
            f"退款说明：{wish.description}",
        )
    )
    _move(world, refund, "waitselleragree", Step(1, "买家申请退款协议，等待卖家确认", words, "buyer"))
    world.tell_refund(refund, "BUYER_APPLY_REFUND", "buyer")
    return refund


def _lines(order: Order, wish: Wish) -> list[Entry]:
    lines = []
    for entry_id in dict.fromkeys(wish.entries):
        line = order.entry(entry_id)
        if line is None:
            raise Illegal("订单不存在", "5001")
        lines.append(line)
    if not lines:
        raise Illegal("订单不存在", "5001")
    return lines


def _check_state(world: World, order: Order, wish: Wish, lines: list[Entry]) -> None:
    if wish.goods_status not in GOODS_STATES:
        raise Illegal("货物状态状态不合法", "5003")
    wrong = Illegal("退货状态错误", "5010")
    after = wish.goods_status.startswith("aftersale")
    if any(line.ended or open_refund(order, line.entry_id) for line in lines):
        raise wrong
    if after != (order.status in {"success", "confirm_goods"}):
        raise wrong
    if after and world.now() > (order.confirmed or order.updated) + world.timing.after_sale_window:
        raise wrong
    if not after and order.status not in {"waitsellersend", *machine.ON_THE_WAY}:
        raise wrong
    unshipped = wish.goods_status == "refundWaitSellerSend"
    if not after and any((line.logistics_status == UNSHIPPED) != unshipped for line in lines):
        raise wrong
    if wish.kind == "returnRefund" and GOODS_STATES[wish.goods_status] != 2:
        raise wrong


def _units(wish: Wish, lines: list[Entry]) -> dict[int, int]:
    partial = wish.kind == "returnRefund" and wish.goods_status == "refundBuyerReceived"
    units = {}
    for line in lines:
        left = line.quantity - line.cancelled - line.returned
        count = wish.units.get(line.entry_id, left)
        if not 1 <= count <= left or (count != left and not partial):
            raise Illegal("退货数量错误", "5013")
        units[line.entry_id] = count
    return units


def _reason(wish: Wish) -> Reason:
    offered = reasons_for(wish.goods_status, wish.kind)
    if wish.reason_id is None:
        return offered[0]
    found = next((one for one in offered if one.reason_id == wish.reason_id), None)
    if found is None:
        raise Illegal("退款原因不正确", "5004")
    return found


def most(order: Order, lines: list[Entry], units: dict[int, int]) -> tuple[int, int]:
    """Tell how much goods money and how much shipping fee may come back for these units, fen."""
    goods = sum(line.amount_of(units[line.entry_id]) for line in lines)
    others = [one for one in order.live_entries() if one not in lines]
    promised = sum(one.carriage for one in order.refunds if one.open)
    postage = order.shipping_fee if not others else sum(line.share_postage for line in lines)
    return goods, max(0, min(postage, order.shipping_fee - order.carriage_refunded - promised))


def _money(order: Order, wish: Wish, lines: list[Entry], units: dict[int, int]) -> tuple[int, int]:
    most_goods, most_carriage = most(order, lines, units)
    payment = most_goods if wish.payment is None else wish.payment
    carriage = 0 if wish.carriage is None else wish.carriage
    if wish.payment is None and wish.carriage is None and wish.goods_status == "refundWaitSellerSend":
        carriage = most_carriage
    exact = wish.goods_status == "refundWaitSellerSend"
    if not 0 <= payment <= most_goods or (exact and payment != most_goods) or not 0 <= carriage <= most_carriage:
        raise Illegal("退款金额错误", "5011")
    if payment + carriage <= 0:
        raise Illegal("退款金额错误", "5011")
    return payment, carriage


@dataclass(frozen=True, slots=True)
class Step:
    """What is written into the refund's history."""

    kind: int
    remark: str
    words: str
    who: str
    extra: dict[str, str] = field(default_factory=dict)


_ROLES = {"buyer": 1, "seller": 2, "system": 3, "staff": 4}


def _move(world: World, refund: Refund, status: str, step: Step) -> None:
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


def _count(refund: Refund, sign: int) -> None:
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
    _move(world, refund, "waitbuyersend", Step(19, "确认收货地址", "卖家同意退货，等待买家退货", who))
    world.tell_refund(refund, action, who)


def _seller_address(refund: Refund) -> tuple[str, str, str]:
    seller = refund.order.seller
    return seller.name, seller.mobile, "浙江省 金华市 义乌市 示例路1号"


def refuse(world: World, refund: Refund, reason: str) -> None:
    """Refuse: the buyer may modify, withdraw or ask the platform."""
    _need(refund, "waitselleragree", "waitsellerreceive")
    refund.reject_times += 1
    refund.reject_reason = reason
    _move(world, refund, "waitbuyermodify", Step(15, "卖家拒绝退款", f"拒绝原因：{reason}", "seller"))
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
    _move(world, refund, "waitselleragree", Step(2, "买家修改退款协议", "买家修改退款协议，等待卖家确认", "buyer"))
    world.tell_refund(refund, "BUYER_MODIFY_REFUND_PROTOCOL", "buyer")


def send_back(world: World, refund: Refund, company: tuple[str, str], bill: str, vouchers: list[str]) -> None:
    """Let the buyer send the goods back."""
    _need(refund, "waitbuyersend")
    refund.company_no, refund.company_name = company
    refund.bill_no, refund.buyer_sent, refund.goods_status = bill, True, 3
    refund.vouchers = (*refund.vouchers, *vouchers)
    words = f"买家声明退货，等待卖家确认。|物流公司：{refund.company_name}|物流单号：{bill}"
    extra = {"freightBill": bill, "logisticsCompany": refund.company_name}
    _move(world, refund, "waitsellerreceive", Step(10, "买家退货", words, "buyer", extra))
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
    _move(world, refund, refund.status, step)
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
    _count(refund, -1)
    _move(world, refund, "refundclose", Step(99, "退款关闭", words, who))
    world.tell_refund(refund, action, "system" if who == "staff" else who)
    if action not in {"BUYER_RECEIVE_CLOSE", "BUYER_CLOSE_TRADE_CLOSE"}:
        machine.refunds_settled(world, refund.order, refund)


def end_by_shipping(world: World, refund: Refund) -> None:
    """End an application because the seller has shipped meanwhile (API.md 11.5)."""
    refund.ended_by = "seller"
    _count(refund, -1)
    _move(world, refund, "refundclose", Step(99, "退款关闭", "卖家已发货，退款关闭", "seller"))
    world.tell_refund(refund, "SELLER_SEND_GOODS_CLOSE", "seller")


def _pay_back(world: World, refund: Refund, action: str, who: str, step: Step) -> None:
    order = refund.order
    _count(refund, -1)
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
    _move(world, refund, "refundsuccess", step)
    world.tell_refund(refund, action, "system" if who == "staff" else who)
    machine.refunds_settled(world, order, refund)


def _take_units(refund: Refund, line: Entry, units: int) -> None:
    """Count the units as gone: goods never sent are cancelled, others returned (also when the buyer may keep them)."""
    if refund.shipped:
        line.returned += units
        if refund.kind == "returnRefund" and line.returned >= line.quantity:
            line.logistics_status = RETURNED
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

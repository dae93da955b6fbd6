"""Opening a refund: what the buyer may ask for, when, and how much (API.md section 7.1, createRefund)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mocks.alibaba_1688 import machine, refund_machine
from mocks.alibaba_1688.machine import Illegal
from mocks.alibaba_1688.model import UNSHIPPED, Order, Refund, yuan_text
from mocks.alibaba_1688.reasons import GOODS_STATES, reasons_for

if TYPE_CHECKING:
    from mocks.alibaba_1688.model import Entry, Reason
    from mocks.alibaba_1688.world import World

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
    refund_machine.count(refund, +1)
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
    refund_machine.move(
        world, refund, "waitselleragree", refund_machine.Step(1, "买家申请退款协议，等待卖家确认", words, "buyer")
    )
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
    if any(line.ended or refund_machine.open_refund(order, line.entry_id) for line in lines):
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
        left = line.left
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

"""How an after-sale lives: review, way back, receipt, exchange, refusal, intervention, refund (API.md section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.xiaohongshu import machine
from mocks.xiaohongshu.after_sale_books import (
    BUYER,
    REASONS,
    SELLER,
    SERVICE,
    SYSTEM,
    Wish,
    claim,
    paid_back,
    record,
    worth_of,
)
from mocks.xiaohongshu.machine import Illegal
from mocks.xiaohongshu.model import NOT_SHIPPED, SELLERS_TURN, AfterSale, Kind, Order, Stage, Status
from mocks.xiaohongshu.resending import resend

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.xiaohongshu.world import World

AFTER_SHIPPING = frozenset({Status.PARTLY_SHIPPED, Status.SHIPPED, Status.COMPLETED, Status.EXCHANGING})
_ORDER_WORD = {
    Stage.COMPLETED: 3,
    Stage.REJECTED: 4,
    Stage.RECEIPT_REJECTED: 4,
    Stage.CLOSED: 5,
    Stage.INTERVENTION: 6,
    Stage.WITHDRAWN: 7,
}
"""`orderAfterSalesStatus` beside each stage; every other stage is 2, in progress."""


def ask(world: World, order: Order, wish: Wish) -> AfterSale:
    """Open an after-sale."""
    fits = NOT_SHIPPED if wish.kind == Kind.REFUND_UNSHIPPED else AFTER_SHIPPING
    if order.status not in fits:
        raise Illegal(f"return type {int(wish.kind)} does not fit; the order is {order.status}")
    if order.open_after_sale is not None:
        raise Illegal(f"after-sale {order.open_after_sale.returns_id} still runs")
    units = wish.units or {line.sku_id: line.free for line in order.lines if line.free > 0}
    for sku_id, count in units.items():
        line = order.line(sku_id)
        if line is None or not 0 < count <= line.free:
            raise Illegal(f"SKU {sku_id} has not {count} units left")
    if not units:
        raise Illegal("nothing is left to ask for")
    whole = all(line.active == units.get(line.sku_id, 0) for line in order.lines)
    ship_fee = order.shipping_fee if wish.kind == Kind.REFUND_UNSHIPPED and whole else 0
    worth = worth_of(order, units, ship_fee)
    amount = worth if wish.amount is None else wish.amount
    if wish.kind == Kind.EXCHANGE:
        amount = 0
    if not 0 <= amount <= worth:
        raise Illegal(f"{amount} fen is more than was paid for the units ({worth})")
    reason_id, words = REASONS[wish.kind]
    now = world.now()
    one = AfterSale(
        returns_id=world.new_returns_id(),
        order=order,
        kind=wish.kind,
        stage=Stage.REVIEW,
        reason_id=wish.reason_id or reason_id,
        reason=wish.reason or words,
        applied=units,
        expected=amount,
        ship_fee=min(ship_fee, amount),
        applied_at=now,
        updated_ms=world.now_ms(),
        request_from=wish.request_from,
        tag=wish.tag,
        desc=wish.desc,
        refund_status=0 if wish.kind == Kind.EXCHANGE else 201,
        cargo_status=wish.cargo_status,
        earlier_status=order.status,
    )
    world.after_sales[one.returns_id] = one
    order.after_sales.append(one)
    claim(one, asked=True)
    if wish.kind == Kind.REFUND_UNSHIPPED:
        order.cancel_status = 1  # stays so, whatever becomes of the request (section 4.3)
    record(world, one, "买家申请售后" if wish.request_from == BUYER else "商家发起退款", wish.request_from)
    _enter(world, one, Stage.REVIEW, world.timing.review)
    world.tell_after_sale(one, "create")
    if wish.kind == Kind.EXCHANGE:
        machine.move(world, order, Status.EXCHANGING)
    return one


def _enter(world: World, one: AfterSale, stage: Stage, life: int | None) -> None:
    one.stage = stage
    one.updated_ms = world.change_ms(one.updated_ms)
    one.due = None if life is None else world.now() + life
    order = one.order
    order.after_sale_status = _ORDER_WORD.get(stage, 2)
    for line in order.lines:
        if line.sku_id in one.applied:
            line.after_sale_status = order.after_sale_status
    machine.touch(world, order)
    machine.arm(world, order)
    arm(world, one)


def seller_due(one: AfterSale) -> int | None:
    """Give the end of the seller's time, None when it is not the seller's turn."""
    return one.due if one.stage in SELLERS_TURN else None


# the seller's answers


def agree_refund(world: World, one: AfterSale, *, by: int = SELLER) -> None:
    """Agree to pay back without goods (types 4, 5, 6)."""
    _at(one, Stage.REVIEW)
    if one.kind in {Kind.RETURN, Kind.EXCHANGE}:
        raise Illegal(f"type {int(one.kind)} needs the goods back")
    record(world, one, "同意退款", by)
    _pay_back(world, one, by=by)


def agree_return(world: World, one: AfterSale, address_id: int, *, by: int = SELLER) -> None:
    """Agree that the goods come back (types 1, 2)."""
    _at(one, Stage.REVIEW)
    if one.kind not in {Kind.RETURN, Kind.EXCHANGE}:
        raise Illegal(f"type {int(one.kind)} has no goods to send back")
    one.address_id = address_id
    if one.refund_status:
        one.refund_status = 301
    record(world, one, "同意寄回", by)
    _enter(world, one, Stage.SEND_BACK, world.timing.send_back)
    world.tell_after_sale(one, "audit_pass")


def reject(world: World, one: AfterSale, why: str) -> None:
    """Refuse at review; a refund before shipping can only be refused by shipping (section 6.3)."""
    _at(one, Stage.REVIEW)
    if one.kind == Kind.REFUND_UNSHIPPED:
        raise Illegal("a refund before shipping is refused by shipping only")
    if one.refund_status:
        one.refund_status = 302
    record(world, one, f"拒绝售后：{why}", SELLER)
    _enter(world, one, Stage.REJECTED, world.timing.rejected_life)
    world.tell_after_sale(one, "audit_reject")


def refuse_by_shipping(world: World, one: AfterSale) -> None:
    """Close the refund before shipping because the goods have left."""
    _at(one, Stage.REVIEW)
    one.refund_status = 302
    _close(world, one, "商家已发货，售后关闭")


def receive(world: World, one: AfterSale, *, by: int = SELLER) -> None:
    """Take the goods in: money goes back, or the exchange is to be shipped."""
    _at(one, Stage.RECEIVE)
    one.back_signed_at = one.back_signed_at or world.now()
    record(world, one, "确认收货", by)
    if one.kind == Kind.EXCHANGE:
        one.exchange_order_id = resend(world, one).order_id
        _enter(world, one, Stage.SHIP_EXCHANGE, world.timing.ship_exchange)
        world.tell_after_sale(one, "confirm_receive")
    else:
        _pay_back(world, one, by=by)


def refuse_receipt(world: World, one: AfterSale, why: str) -> None:
    """Refuse what came back."""
    _at(one, Stage.RECEIVE)
    if one.refund_status:
        one.refund_status = 302
    record(world, one, f"拒绝收货：{why}", SELLER)
    _enter(world, one, Stage.RECEIPT_REJECTED, world.timing.rejected_life)
    world.tell_after_sale(one, "reject_receive")


def extend_receipt(world: World, one: AfterSale) -> None:
    """Take more time to look at what came back, once."""
    _at(one, Stage.RECEIVE)
    if one.extended:
        raise Illegal("the time was extended once already")
    one.extended = True
    left = max(0, (one.due or world.now()) - world.now())
    record(world, one, "延长收货时间", SELLER)
    _enter(world, one, Stage.RECEIVE, left + world.timing.receive_extension)


def receive_and_ship(world: World, one: AfterSale, express_no: str, express_code: str) -> None:
    """Take the goods in and ship the exchange at once."""
    _at(one, Stage.RECEIVE)
    if one.kind != Kind.EXCHANGE:
        raise Illegal(f"type {int(one.kind)} is no exchange")
    one.back_signed_at = one.back_signed_at or world.now()
    one.exchange_no, one.exchange_code = express_no, express_code
    record(world, one, "确认收货并发出换货", SELLER)
    world.tell_after_sale(one, "confirm_receive")
    _exchange_left(world, one)


def exchange_shipped(world: World, one: AfterSale, express_no: str, express_code: str) -> None:
    """Note that the order that carries the exchange has left."""
    _at(one, Stage.SHIP_EXCHANGE)
    one.exchange_no, one.exchange_code = express_no, express_code
    record(world, one, "换货已发出", SELLER)
    _exchange_left(world, one)


def _exchange_left(world: World, one: AfterSale) -> None:
    _enter(world, one, Stage.RECEIVE_EXCHANGE, world.timing.receive_exchange)
    world.tell_after_sale(one, "exchange_ship")


def console_close(world: World, order: Order, reason: str) -> AfterSale:
    """Let the merchant close a paid, unshipped order in the console: a refund of its own that needs no review.

    No call of the API does this (section 4.6).
    """
    if order.status != Status.TO_SHIP:
        raise Illegal(f"the console closes orders that wait for shipping (4); it is {order.status}")
    one = ask(world, order, Wish(Kind.REFUND_UNSHIPPED, reason=reason, request_from=SELLER))
    agree_refund(world, one)
    return one


# the buyer and the platform


def ship_back(world: World, one: AfterSale, express_no: str, express_code: str) -> None:
    """Let the buyer send the goods."""
    _at(one, Stage.SEND_BACK)
    one.back_no, one.back_code, one.back_sent_at = express_no, express_code, world.now()
    record(world, one, "买家已寄回", BUYER)
    _enter(world, one, Stage.RECEIVE, world.timing.receive)


def arrive(world: World, one: AfterSale) -> None:
    """Let the carrier hand the goods over to the seller."""
    _at(one, Stage.RECEIVE)
    if one.back_signed_at is not None:
        raise Illegal("the parcel was signed for already")
    one.back_signed_at = world.now()
    one.updated_ms = world.change_ms(one.updated_ms)


def withdraw(world: World, one: AfterSale) -> None:
    """Let the buyer take the request back."""
    if not one.open or one.stage in {Stage.SHIP_EXCHANGE, Stage.RECEIVE_EXCHANGE}:
        raise Illegal(f"nothing to withdraw; the after-sale is {int(one.stage)}")
    if one.refund_status:
        one.refund_status = 401
    one.close_reason = "买家撤销申请"
    claim(one)
    record(world, one, "买家撤销申请", BUYER)
    _enter(world, one, Stage.WITHDRAWN, None)
    world.tell_after_sale(one, "closed")
    _back_to_life(world, one)


def change(world: World, one: AfterSale, *, reason: str, desc: str, amount: int | None) -> None:
    """Let the buyer edit the request; a refused one is to be reviewed again."""
    if one.stage not in {Stage.REVIEW, Stage.REJECTED}:
        raise Illegal(f"the request can not be edited; the after-sale is {int(one.stage)}")
    worth = worth_of(one.order, one.applied, one.ship_fee)
    if amount is not None and not 0 <= amount <= worth:
        raise Illegal(f"{amount} fen is more than was paid for the units ({worth})")
    one.reason, one.desc = reason or one.reason, desc or one.desc
    one.expected = one.expected if amount is None else amount
    if one.refund_status:
        one.refund_status = 201
    record(world, one, "买家修改申请", BUYER)
    _enter(world, one, Stage.REVIEW, world.timing.review)
    world.tell_after_sale(one, "update")


def exchange_to_refund(world: World, one: AfterSale) -> None:
    """Let an exchange become a return with refund."""
    if one.kind != Kind.EXCHANGE or one.stage not in {Stage.REVIEW, Stage.SEND_BACK, Stage.RECEIVE}:
        raise Illegal(f"no exchange to turn; type {int(one.kind)}, status {int(one.stage)}")
    one.kind = Kind.RETURN
    one.refund_status = 201 if one.stage == Stage.REVIEW else 301
    one.expected = worth_of(one.order, one.applied)
    record(world, one, "换货转退货退款", BUYER)
    left = max(0, (one.due or world.now()) - world.now())
    _enter(world, one, one.stage, left)
    world.tell_after_sale(one, "transfer")
    if one.order.status == Status.EXCHANGING:
        machine.move(world, one.order, one.earlier_status)


def intervene(world: World, one: AfterSale) -> None:
    """Let the platform look at a refused request."""
    if one.stage not in {Stage.REJECTED, Stage.RECEIPT_REJECTED}:
        raise Illegal(f"only a refused request (9, 9001) goes to the platform; it is {int(one.stage)}")
    record(world, one, "买家申请平台介入", BUYER)
    _enter(world, one, Stage.INTERVENTION, None)
    world.tell_after_sale(one, "transfer")


def decide(world: World, one: AfterSale, winner: str) -> None:
    """Let the platform decide: the buyer's money goes back, or the request is closed."""
    _at(one, Stage.INTERVENTION)
    if winner == "buyer" and one.kind != Kind.EXCHANGE:
        record(world, one, "平台判定退款", SERVICE)
        _pay_back(world, one, by=SERVICE)
    elif winner == "buyer":
        one.kind, one.refund_status = Kind.RETURN, 301
        one.expected = worth_of(one.order, one.applied)
        record(world, one, "平台判定退款", SERVICE)
        _pay_back(world, one, by=SERVICE)
    else:
        _close(world, one, "平台判定商家胜诉")


def finish_exchange(world: World, one: AfterSale) -> None:
    """Let the buyer have the exchange: the order is completed."""
    _at(one, Stage.RECEIVE_EXCHANGE)
    claim(one)
    record(world, one, "换货完成", BUYER)
    _enter(world, one, Stage.COMPLETED, None)
    if one.order.status == Status.EXCHANGING:
        machine.complete(world, one.order)


def _pay_back(world: World, one: AfterSale, *, by: int) -> None:
    order = one.order
    goods_seen = one.stage == Stage.RECEIVE
    one.refund_status = 1
    claim(one, granted=True)
    _enter(world, one, Stage.COMPLETED, None)
    if not goods_seen:
        world.tell_after_sale(one, "audit_pass")
    _end_order(world, one, by=by)
    if goods_seen or one.kind == Kind.REFUND_UNSHIPPED:
        # live: also a refund before shipping is "received", and its latest shipping time told once more
        one.updated_ms = world.change_ms(one.updated_ms)
        world.tell_after_sale(one, "confirm_receive")
    if one.kind == Kind.REFUND_UNSHIPPED and order.ship_by is not None:
        machine.touch(world, order)
        world.tell_ship_by(order)
    arm(world, one)


def _end_order(world: World, one: AfterSale, *, by: int) -> None:
    order = one.order
    ended_by = "seller" if one.request_from == SELLER else "platform" if by == SERVICE else "buyer"
    if any(line.active for line in order.lines):
        if order.status == Status.EXCHANGING:
            machine.move(world, order, one.earlier_status)
        elif one.kind == Kind.REFUND_UNSHIPPED:
            for line in order.lines:
                world.stock_of(order.seller_id, line.sku_id).total += one.applied.get(line.sku_id, 0)
            _empty_parcels(order)
        return
    if one.kind == Kind.REFUND_UNSHIPPED:
        for line in order.lines:
            world.stock_of(order.seller_id, line.sku_id).total += one.applied.get(line.sku_id, 0)
        machine.end(world, order, Status.CANCELLED, by=ended_by, reason=one.reason)
    elif paid_back(order) >= order.total - order.shipping_fee:
        machine.end(world, order, Status.CLOSED, by=ended_by, reason=one.reason)


def _empty_parcels(order: Order) -> None:
    gone = {line.sku_id for line in order.lines if not line.active}
    for parcel in order.parcels:
        parcel.sku_ids = [sku for sku in parcel.sku_ids if sku not in gone]
    order.parcels = [parcel for parcel in order.parcels if parcel.sku_ids]


def _money_arrives(world: World, one: AfterSale) -> None:
    one.refund_status, one.refunded, one.refund_time = 2, one.expected, world.now()
    one.updated_ms = world.change_ms(one.updated_ms)
    record(world, one, "退款成功", SYSTEM)
    machine.touch(world, one.order)
    arm(world, one)
    world.tell_after_sale(one, "refund_finished")


def _close(world: World, one: AfterSale, why: str) -> None:
    one.close_reason = why
    if one.refund_status not in {0, 302}:
        one.refund_status = 402
    claim(one)
    record(world, one, why, SYSTEM)
    _enter(world, one, Stage.CLOSED, None)
    world.tell_after_sale(one, "closed")
    _back_to_life(world, one)


def _back_to_life(world: World, one: AfterSale) -> None:
    if one.order.status == Status.EXCHANGING:
        machine.move(world, one.order, one.earlier_status)


def _at(one: AfterSale, *stages: Stage) -> None:
    if one.stage not in stages:
        wanted = ", ".join(str(int(stage)) for stage in stages)
        raise Illegal(f"the after-sale must be in {wanted}; it is {int(one.stage)}")


# the platform's own deadlines


def _silence(world: World, one: AfterSale) -> None:
    """Do what happens when the time of a stage runs out."""
    default_address = world.shop_of(one.order).address_ids[0]
    match one.stage:
        case Stage.REVIEW if one.kind in {Kind.RETURN, Kind.EXCHANGE}:
            agree_return(world, one, default_address, by=SYSTEM)
        case Stage.REVIEW:
            agree_refund(world, one, by=SYSTEM)
        case Stage.SEND_BACK:
            _close(world, one, "买家超时未寄回")
        case Stage.RECEIVE:
            receive(world, one, by=SYSTEM)
        case Stage.RECEIVE_EXCHANGE:
            finish_exchange(world, one)
        case Stage.REJECTED | Stage.RECEIPT_REJECTED:
            _close(world, one, "商家拒绝后超时关闭")
        case Stage.SHIP_EXCHANGE:
            exchange_to_refund_late(world, one)
        case _:
            raise Illegal(f"nothing happens by itself in {int(one.stage)}")


def exchange_to_refund_late(world: World, one: AfterSale) -> None:
    """Turn an exchange the seller never shipped into a refund."""
    _at(one, Stage.SHIP_EXCHANGE)
    one.kind = Kind.RETURN
    one.expected = worth_of(one.order, one.applied)
    record(world, one, "商家超时未发出换货，转为退款", SYSTEM)
    world.tell_after_sale(one, "transfer")
    sent = world.orders.get(one.exchange_order_id)
    if sent is not None and sent.status in NOT_SHIPPED:
        machine.end(world, sent, Status.CANCELLED, by="system", reason="换货转退款")
    _pay_back(world, one, by=SYSTEM)


def deadlines(world: World, one: AfterSale) -> list[tuple[int, Callable[[], None]]]:
    """List what the platform will do by itself in the present state, and when."""
    if one.stage == Stage.COMPLETED and one.refund_status == 1:
        return [(one.updated_ms // 1000 + world.timing.refund_delay, lambda: _money_arrives(world, one))]
    if one.stage == Stage.REVIEW and one.tag and one.kind not in {Kind.RETURN, Kind.EXCHANGE}:
        return [(one.updated_ms // 1000 + world.timing.fast_refund, lambda: agree_refund(world, one, by=SYSTEM))]
    if one.due is not None:
        return [(one.due, lambda: _silence(world, one))]
    return []


def arm(world: World, one: AfterSale) -> None:
    """Replace the after-sale's timers by those of its present state."""
    for timer in one.timers:
        timer.cancel()
    one.timers.clear()
    if not world.writing_history:
        one.timers.extend([world.later(due, action) for due, action in deadlines(world, one)])


def money_arrives(world: World, one: AfterSale) -> None:
    """Let the money be back now (used when the past is written)."""
    if one.refund_status != 1:
        raise Illegal(f"no money is on its way; refund status {one.refund_status}")
    _money_arrives(world, one)

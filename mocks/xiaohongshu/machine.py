"""How an order lives: payment, risk check, customs, shipping, delivery, its end, and the platform's own deadlines.

Every function is one legal transition of API.md section 4.3; what is illegal raises `Illegal` with the reason, which
API calls turn into the platform's refusal and the control API into 409.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.xiaohongshu.model import DAY, ENDED, NOT_SHIPPED, ON_THE_WAY, Order, Parcel, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mocks.xiaohongshu.world import World

SELF_DELIVERY = "selfdelivery"


class Illegal(Exception):
    """The transition is not possible in the present state."""


def touch(world: World, order: Order) -> None:
    """Note that the order changed now."""
    order.updated_ms = world.change_ms(order.updated_ms)


def move(world: World, order: Order, status: Status) -> None:
    """Put the order into a status, tell it, and set the deadlines that belong to it."""
    order.status = status
    touch(world, order)
    arm(world, order)
    world.tell_status(order)


# payment, risk check, customs


def place(world: World, order: Order) -> None:
    """Let a new order exist, unpaid; it occupies stock. No message tells of it (section 9)."""
    world.orders[order.order_id] = order
    order.parcels.append(new_parcel(world, order, [line.sku_id for line in order.lines]))
    for line in order.lines:
        world.stock_of(order.seller_id, line.sku_id).occupied += line.quantity
    order.stock_held = True
    touch(world, order)
    arm(world, order)


def _leave_stock(world: World, order: Order, *, sold: bool) -> None:
    if order.stock_held:
        order.stock_held = False
        for line in order.lines:
            stock = world.stock_of(order.seller_id, line.sku_id)
            stock.occupied -= line.quantity
            stock.total -= line.quantity if sold else 0


def pay(world: World, order: Order) -> None:
    """Let the buyer pay; the risk check begins."""
    if order.status != Status.UNPAID:
        raise Illegal(f"only an unpaid order (1) can be paid; it is {order.status}")
    order.paid = world.now()
    _leave_stock(world, order, sold=True)
    start = max(order.paid, order.presale_start)
    order.ship_by = order.presale_end or start + order.days_to_ship * DAY
    note(world, order, "买家已付款", 5, 1015)
    move(world, order, Status.PROCESSING)


def pass_check(world: World, order: Order) -> None:
    """Let the risk check pass: on to customs, or to the seller."""
    if order.status != Status.PROCESSING:
        raise Illegal(f"only an order in the risk check (2) can pass it; it is {order.status}")
    order.held = False
    if order.logistics_mode != 1:
        note(world, order, "订单清关中", 6, 2010)
        move(world, order, Status.CUSTOMS)
    else:
        _to_ship(world, order)


def clear_customs(world: World, order: Order) -> None:
    """Let customs be done."""
    if order.status != Status.CUSTOMS:
        raise Illegal(f"only an order in customs (3) can be cleared; it is {order.status}")
    note(world, order, "订单清关完成", 6, 2015)
    _to_ship(world, order)


def _to_ship(world: World, order: Order) -> None:
    note(world, order, "商家处理中", 6, 3010)
    move(world, order, Status.TO_SHIP)


def hold(world: World, order: Order) -> None:
    """Let the platform look at an order again; it waits until released."""
    if order.status not in {Status.PROCESSING, Status.TO_SHIP}:
        raise Illegal(f"only an order in 2 or 4 can be held; it is {order.status}")
    order.held = True
    move(world, order, Status.PROCESSING)


# shipping


def new_parcel(world: World, order: Order, sku_ids: Sequence[str]) -> Parcel:
    """Make a parcel that waits for the seller."""
    index = max((parcel.index for parcel in order.parcels), default=0) + 1
    return Parcel(index, f"P{world.number(18)}", list(sku_ids))


def ship(
    world: World, order: Order, parcels: Sequence[Parcel], express_no: str, express_code: str, express_name: str
) -> None:
    """Let the seller ship parcels of an order; the rest keeps waiting."""
    for parcel in parcels:
        parcel.express_no, parcel.express_code, parcel.express_name = express_no, express_code, express_name
        parcel.shipped_at = world.now()
        parcel.events.append((world.now(), "商家已发货", 6, 3020))
    order.shipped = order.shipped or world.now()
    if express_code == SELF_DELIVERY and "NO_LOGISTICS_SHIP" not in order.tags:
        order.tags.append("NO_LOGISTICS_SHIP")
    waiting = any(parcel.shipped_at is None for parcel in order.parcels)
    if waiting and order.status == Status.PARTLY_SHIPPED:
        touch(world, order)
        world.tell_status(order)
    else:
        move(world, order, Status.PARTLY_SHIPPED if waiting else Status.SHIPPED)


def split(world: World, order: Order, sku_ids: Sequence[str]) -> Parcel:
    """Take SKUs out of the waiting parcels into one of their own."""
    waiting = [parcel for parcel in order.parcels if parcel.shipped_at is None]
    known = [sku for parcel in waiting for sku in parcel.sku_ids]
    if not sku_ids or len(set(sku_ids)) != len(sku_ids) or not set(sku_ids) <= set(known):
        raise Illegal("the SKUs to ship are not among those that wait")
    order.unpack = True
    for parcel in waiting:
        if set(parcel.sku_ids) == set(sku_ids):
            return parcel
    for parcel in waiting:
        parcel.sku_ids = [sku for sku in parcel.sku_ids if sku not in sku_ids]
    order.parcels = [parcel for parcel in order.parcels if parcel.sku_ids]
    made = new_parcel(world, order, sku_ids)
    order.parcels.append(made)
    order.parcels.sort(key=lambda one: (one.shipped_at is None and one is not made, one.index))
    for number, parcel in enumerate(order.parcels, 1):
        parcel.index = number
    return made


def retrack(world: World, order: Order, parcels: Sequence[Parcel], no: str, code: str, name: str) -> None:
    """Let the seller correct where parcels travel."""
    for parcel in parcels:
        parcel.express_no, parcel.express_code, parcel.express_name = no, code, name
    touch(world, order)


def collect(world: World, order: Order, parcel: Parcel) -> None:
    """Let the carrier scan a parcel in."""
    if order.status not in ON_THE_WAY or not parcel.on_the_road or parcel.collected_at is not None:
        raise Illegal(f"no parcel waits for the carrier; order {order.status}, parcel {parcel.state}")
    parcel.collected_at = world.now()
    parcel.events.append((world.now(), "快件已揽收，运输中", 35, 6020))


def deliver(world: World, order: Order, parcel: Parcel) -> None:
    """Let the carrier hand a parcel over; the order keeps its status until the buyer or time confirms."""
    if order.status not in ON_THE_WAY or not parcel.on_the_road:
        raise Illegal(f"the parcel is not on the road; order {order.status}, parcel {parcel.state}")
    if parcel.collected_at is None:
        collect(world, order, parcel)
    parcel.delivered_at = world.now()
    parcel.events.append((world.now(), "快件已签收", 35, 0))
    if all(one.delivered_at is not None for one in order.parcels):
        order.delivered = world.now()
    touch(world, order)


def lose(world: World, order: Order, parcel: Parcel) -> None:
    """Let the carrier lose a parcel; the order goes on, since the sheet knows no end by it."""
    if order.status not in ON_THE_WAY or not parcel.on_the_road:
        raise Illegal(f"the parcel is not on the road; order {order.status}, parcel {parcel.state}")
    parcel.lost_at = world.now()
    parcel.events.append((world.now(), "快件遗失", 35, 0))


def bring_back(world: World, order: Order, parcel: Parcel) -> None:
    """Let the carrier bring an intercepted parcel back to the seller."""
    if order.status not in ON_THE_WAY or not parcel.on_the_road:
        raise Illegal(f"the parcel is not on the road; order {order.status}, parcel {parcel.state}")
    parcel.came_back_at = world.now()
    parcel.events.append((world.now(), "快件已退回商家", 35, 0))


def complete(world: World, order: Order) -> None:
    """Let the order be done: the buyer confirmed, or time did."""
    if order.status not in {Status.SHIPPED, Status.EXCHANGING}:
        raise Illegal(f"only a shipped order (6) or an exchange (10) can be completed; it is {order.status}")
    order.completed = world.now()
    move(world, order, Status.COMPLETED)


# the end


def end(world: World, order: Order, status: Status, *, by: str, reason: str) -> None:
    """Close (8) or cancel (9) the order: what is not returned counts as cancelled, unshipped stock goes back."""
    order.cancelled = world.now()
    order.ended_by, order.end_reason = by, reason
    unshipped = order.shipped is None
    if order.paid is None:
        _leave_stock(world, order, sold=False)
    for line in order.lines:
        if order.paid is not None and unshipped:
            world.stock_of(order.seller_id, line.sku_id).total += line.active
        line.cancelled, line.cancel_requested = line.quantity - line.returned, 0
    move(world, order, status)


def cancel_unpaid(world: World, order: Order, *, by: str, reason: str) -> None:
    """End an order nobody paid."""
    if order.status != Status.UNPAID:
        raise Illegal(f"only an unpaid order (1) ends like this; it is {order.status}")
    end(world, order, Status.CANCELLED, by=by, reason=reason)


def extend(world: World, order: Order, seconds: int) -> None:
    """Move the latest shipping time and tell it."""
    if order.status not in NOT_SHIPPED or order.ship_by is None:
        raise Illegal(f"there is no latest shipping time to move; the order is {order.status}")
    order.ship_by += seconds
    touch(world, order)
    world.tell_ship_by(order)


def mark(world: World, order: Order, note_text: str, operator: str, flag: int) -> None:
    """Let the seller write the order's remark."""
    order.seller_remark, order.remark_operator, order.remark_flag = note_text, operator, flag
    touch(world, order)
    world.tell_remark(order)


def note(world: World, order: Order, words: str, node: int, status: int) -> None:
    """Write an event into the tracking of every parcel."""
    for parcel in order.parcels:
        parcel.events.append((world.now(), words, node, status))


# the platform's own deadlines


def deadlines(world: World, order: Order) -> list[tuple[int, Callable[[], None]]]:
    """List what the platform will do by itself in the present state, and when."""
    timing = world.timing
    if order.status == Status.UNPAID:
        due = order.created + timing.unpaid_life
        return [(due, lambda: cancel_unpaid(world, order, by="system", reason="超时未支付"))]
    if order.status == Status.PROCESSING and not order.held:
        return [(order.updated_ms // 1000 + timing.risk_check, lambda: pass_check(world, order))]
    if order.status == Status.CUSTOMS:
        return [(order.updated_ms // 1000 + timing.customs, lambda: clear_customs(world, order))]
    if order.status == Status.SHIPPED and order.shipped is not None and order.open_after_sale is None:
        last = max(parcel.shipped_at or 0 for parcel in order.parcels)
        return [(max(last + timing.auto_receipt, world.now()), lambda: complete(world, order))]
    return []


def arm(world: World, order: Order) -> None:
    """Replace the order's timers by those of its present state."""
    for timer in order.timers:
        timer.cancel()
    order.timers.clear()
    if not world.writing_history and order.status not in ENDED:
        order.timers.extend([world.later(due, action) for due, action in deadlines(world, order)])

"""The order that carries an exchange: type 5, free of charge, naming the order it replaces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mocks.xiaohongshu import machine
from mocks.xiaohongshu.model import DAY, Order, Status

if TYPE_CHECKING:
    from mocks.xiaohongshu.model import AfterSale
    from mocks.xiaohongshu.world import World


def resend(world: World, one: AfterSale) -> Order:
    """Make the order a seller ships for a received exchange; it waits for shipping at once."""
    earlier, now = one.order, world.now()
    lines = [
        replace(
            line,
            quantity=one.applied[line.sku_id],
            paid=0,
            merchant_discount=0,
            red_discount=0,
            deposit=0,
            cancel_requested=0,
            cancelled=0,
            return_requested=0,
            returned=0,
            after_sale_status=1,
        )
        for line in earlier.lines
        if line.sku_id in one.applied
    ]
    order = Order(
        order_id=world.new_order_id(),
        seller_id=earlier.seller_id,
        user_id=earlier.user_id,
        order_type=5,
        status=Status.UNPAID,
        created=now,
        updated_ms=world.now_ms(),
        receiver=replace(earlier.receiver),
        lines=lines,
        shipping_fee=0,
        payment_type=-1,
        original_order_id=earlier.order_id,
    )
    world.orders[order.order_id] = order
    order.parcels.append(machine.new_parcel(world, order, [line.sku_id for line in lines]))
    for line in lines:
        world.stock_of(order.seller_id, line.sku_id).total -= line.quantity
    order.paid, order.ship_by = now, now + order.days_to_ship * DAY
    machine.note(world, order, "换货补发，商家处理中", 6, 3010)
    machine.move(world, order, Status.TO_SHIP)
    return order

"""The shops and orders a simulation begins with: the same for the same seed and start of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.xiaohongshu import after_sale_machine, machine
from mocks.xiaohongshu.after_sale_books import Wish
from mocks.xiaohongshu.making import Wanted, WantedLine, make
from mocks.xiaohongshu.model import DAY, HOUR, MINUTE, Kind, Shop, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.xiaohongshu.model import AfterSale, Order
    from mocks.xiaohongshu.world import World

_SHOPS = (
    ("5f0e00000000000000000101", "示例生活馆", (19_605_746, 19_605_747)),
    ("5f0e00000000000000000202", "示例跨境店", (19_605_801,)),
)


def open_shops(world: World) -> None:
    """Open the shops, both linked with the app."""
    for seller_id, name, addresses in _SHOPS:
        world.shops[seller_id] = Shop(seller_id, name, addresses)


def fill(world: World, count: int) -> None:
    """Write the history of `count` orders, spread over the shops and the past weeks, then start their timers."""
    shops = list(world.shops.values())
    with world.in_the_past():
        for number in range(count):
            _RECIPES[(number // len(shops)) % len(_RECIPES)](world, shops[number % len(shops)])
    for order in world.orders.values():
        machine.arm(world, order)
    for one in world.after_sales.values():
        after_sale_machine.arm(world, one)


def _order(
    world: World, shop: Shop, status: Status, ago: tuple[int, int], *, pace: int = 6 * HOUR, **more: bool
) -> Order:
    lines = [WantedLine(quantity=world.rng.choice((1, 1, 1, 2, 3))) for _ in range(world.rng.choice((1, 1, 2, 3)))]
    placed = world.rig.clock.unix() - world.rng.randrange(ago[1], ago[0])
    wanted = Wanted(
        shop=shop,
        status=status,
        lines=lines,
        placed_at=placed,
        paid_at=placed + world.rng.randrange(30, 1500),
        pace=pace,
        delivered=more.get("delivered", False),
        cross_border=more.get("cross_border", shop.seller_id == _SHOPS[1][0]),
        order_type=4 if more.get("presale") else 1,
    )
    return make(world, wanted)


def _after(world: World, order: Order, seconds: int) -> None:
    world.pretend(min(order.updated_ms // 1000 + seconds, world.rig.clock.unix() - 1))


def _ask(world: World, order: Order, kind: Kind, *, after: int = HOUR, first_line: bool = False) -> AfterSale:
    _after(world, order, after)
    units = {order.lines[0].sku_id: order.lines[0].quantity} if first_line else {}
    return after_sale_machine.ask(world, order, Wish(kind, units))


def _unpaid(world: World, shop: Shop) -> None:
    _order(world, shop, Status.UNPAID, (25 * MINUTE, 2 * MINUTE))


def _held(world: World, shop: Shop) -> None:
    _order(world, shop, Status.PROCESSING, (10 * HOUR, HOUR))


def _in_customs(world: World, shop: Shop) -> None:
    _order(world, shop, Status.CUSTOMS, (90 * MINUTE, 60 * MINUTE), pace=10, cross_border=True)


def _ready(world: World, shop: Shop) -> None:
    _order(world, shop, Status.TO_SHIP, (2 * DAY, HOUR), pace=7)


def _late(world: World, shop: Shop) -> None:
    _order(world, shop, Status.TO_SHIP, (4 * DAY, 50 * HOUR), pace=7)


def _presale(world: World, shop: Shop) -> None:
    _order(world, shop, Status.TO_SHIP, (5 * DAY, DAY), pace=7, presale=True)


def _shipped(world: World, shop: Shop) -> None:
    _order(world, shop, Status.SHIPPED, (6 * DAY, 2 * DAY))


def _delivered(world: World, shop: Shop) -> None:
    _order(world, shop, Status.SHIPPED, (8 * DAY, 3 * DAY), delivered=True)


def _completed(world: World, shop: Shop) -> None:
    _order(world, shop, Status.COMPLETED, (28 * DAY, 14 * DAY), pace=2 * DAY)


def _part_shipped(world: World, shop: Shop) -> None:
    placed = world.rig.clock.unix() - world.rng.randrange(12 * HOUR, 2 * DAY)
    lines = [WantedLine("SPLIT-A", "拆单商品甲", 2, 3900), WantedLine("SPLIT-B", "拆单商品乙", 1, 5900)]
    make(world, Wanted(shop, Status.PARTLY_SHIPPED, lines=lines, placed_at=placed, paid_at=placed + 300))


def _never_paid(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.UNPAID, (20 * DAY, 2 * DAY))
    world.pretend(order.created + world.timing.unpaid_life + world.rng.randrange(5, 20))
    machine.cancel_unpaid(world, order, by="system", reason="超时未支付")


def _dropped(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.UNPAID, (20 * DAY, 2 * DAY))
    world.pretend(order.created + 85)
    machine.cancel_unpaid(world, order, by="buyer", reason="买家取消")


def _refund_wanted(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.TO_SHIP, (30 * HOUR, 3 * HOUR), pace=7)
    _ask(world, order, Kind.REFUND_UNSHIPPED, after=HOUR)


def _refunded_unshipped(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.TO_SHIP, (14 * DAY, 2 * DAY), pace=7)
    one = _ask(world, order, Kind.REFUND_UNSHIPPED)
    _after(world, order, 2 * HOUR)
    after_sale_machine.agree_refund(world, one)
    _after(world, order, world.timing.refund_delay)
    after_sale_machine.money_arrives(world, one)


def _part_refunded(world: World, shop: Shop) -> None:
    placed = world.rig.clock.unix() - world.rng.randrange(12 * HOUR, 2 * DAY)
    lines = [WantedLine("PART-A", "部分退款甲", 2, 4900), WantedLine("PART-B", "部分退款乙", 1, 2900)]
    order = make(world, Wanted(shop, lines=lines, placed_at=placed, paid_at=placed + 100, pace=7))
    one = _ask(world, order, Kind.REFUND_UNSHIPPED, first_line=True)
    _after(world, order, HOUR)
    after_sale_machine.agree_refund(world, one)
    _after(world, order, world.timing.refund_delay)
    after_sale_machine.money_arrives(world, one)


def _closed_by_seller(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.TO_SHIP, (9 * DAY, 2 * DAY), pace=7)
    _after(world, order, 3 * HOUR)
    one = after_sale_machine.console_close(world, order, "缺货")
    _after(world, order, world.timing.refund_delay)
    after_sale_machine.money_arrives(world, one)


def _refund_refused(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (5 * DAY, 3 * DAY))
    one = _ask(world, order, Kind.REFUND_SHIPPED)
    _after(world, order, 3 * HOUR)
    after_sale_machine.reject(world, one, "商品无质量问题")


def _refund_after_shipping(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (60 * HOUR, 30 * HOUR))
    _ask(world, order, Kind.REFUND_SHIPPED, after=5 * HOUR)


def _return_wanted(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (66 * HOUR, 40 * HOUR), delivered=True)
    _ask(world, order, Kind.RETURN, after=5 * HOUR)


def _coming_back(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (96 * HOUR, 80 * HOUR), delivered=True)
    one = _ask(world, order, Kind.RETURN, after=5 * HOUR)
    _after(world, order, HOUR)
    after_sale_machine.agree_return(world, one, shop.address_ids[0])
    _after(world, order, 12 * HOUR)
    after_sale_machine.ship_back(world, one, f"YD{world.number(13)}", "yunda")


def _returned(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (20 * DAY, 9 * DAY), delivered=True)
    one = _ask(world, order, Kind.RETURN, after=5 * HOUR)
    _after(world, order, HOUR)
    after_sale_machine.agree_return(world, one, shop.address_ids[0])
    _after(world, order, DAY)
    after_sale_machine.ship_back(world, one, f"YD{world.number(13)}", "yunda")
    _after(world, order, 2 * DAY)
    after_sale_machine.receive(world, one)
    _after(world, order, world.timing.refund_delay)
    after_sale_machine.money_arrives(world, one)


def _exchange_wanted(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (66 * HOUR, 40 * HOUR), delivered=True)
    _ask(world, order, Kind.EXCHANGE, after=5 * HOUR)


def _at_the_platform(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.SHIPPED, (5 * DAY, 3 * DAY))
    one = _ask(world, order, Kind.REFUND_SHIPPED)
    _after(world, order, 3 * HOUR)
    after_sale_machine.reject(world, one, "已与买家协商一致")
    _after(world, order, 6 * HOUR)
    after_sale_machine.intervene(world, one)


def _withdrawn(world: World, shop: Shop) -> None:
    order = _order(world, shop, Status.TO_SHIP, (30 * HOUR, 6 * HOUR), pace=7)
    one = _ask(world, order, Kind.REFUND_UNSHIPPED)
    _after(world, order, HOUR)
    after_sale_machine.withdraw(world, one)


_RECIPES: tuple[Callable[[World, Shop], None], ...] = (
    _ready,
    _refund_wanted,
    _completed,
    _shipped,
    _closed_by_seller,
    _unpaid,
    _return_wanted,
    _delivered,
    _part_shipped,
    _completed,
    _refunded_unshipped,
    _held,
    _ready,
    _never_paid,
    _refund_after_shipping,
    _part_refunded,
    _dropped,
    _completed,
    _in_customs,
    _coming_back,
    _shipped,
    _returned,
    _late,
    _refund_refused,
    _presale,
    _completed,
    _exchange_wanted,
    _delivered,
    _at_the_platform,
    _withdrawn,
    _completed,
    _ready,
)
"""What the orders are, in turn; the frequent ones stand several times."""

"""Making orders: invented buyers and goods, and bringing an order into a wanted status through its history."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.xiaohongshu import after_sale_machine, machine
from mocks.xiaohongshu.after_sale_books import Wish
from mocks.xiaohongshu.model import DAY, HOUR, Kind, Line, Order, Receiver, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.xiaohongshu.model import Shop
    from mocks.xiaohongshu.world import World

GOODS = (
    ("棉麻帆布包", "TOTE", ("本白", "墨黑", "橄榄绿"), 6900, 300),
    ("粗陶马克杯", "MUG", ("白", "沙"), 4500, 420),
    ("编织数据线", "CABLE", ("1米", "2米"), 2990, 80),
    ("可调光台灯", "LAMP", ("",), 18900, 1100),
    ("竹砧板", "BOARD", ("小", "中", "大"), 5900, 900),
    ("中筒棉袜五双", "SOCKS", ("36-40", "41-45"), 3900, 220),
    ("旅行分装瓶", "BOTTLE", ("",), 2500, 150),
    ("硅胶手机壳", "CASE", ("蓝", "透明", "粉"), 1990, 60),
    ("瑜伽垫", "MAT", ("灰", "紫"), 9900, 1300),
    ("点阵笔记本", "NOTE", ("单本", "两本装"), 1590, 310),
)
_PLACES = (("浙江省", "杭州市", "西湖区"), ("广东省", "深圳市", "南山区"), ("四川省", "成都市", "武侯区"))
_SHIPPING = (0, 0, 0, 800)

TO_STATUS = {
    "unpaid": Status.UNPAID,
    "on_hold": Status.PROCESSING,
    "awaiting_shipment": Status.TO_SHIP,
    "in_transit": Status.SHIPPED,
    "delivered": Status.SHIPPED,
    "completed": Status.COMPLETED,
    "cancelled": Status.CANCELLED,
    "closed": Status.CLOSED,
}
"""The canonical phases this platform has, with the status an order of that phase is made in."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One line to be made; what is None is invented. `price` is fen for one unit."""

    sku: str | None = None
    title: str | None = None
    quantity: int = 1
    price: int | None = None


@dataclass(slots=True)
class Wanted:
    """One order to be made; what is None is invented. Times are unix seconds."""

    shop: Shop
    status: Status = Status.TO_SHIP
    delivered: bool = False
    lines: list[WantedLine] = field(default_factory=list)
    order_type: int = 1
    cross_border: bool = False
    placed_at: int | None = None
    paid_at: int | None = None
    ship_by: int | None = None
    pace: int | None = None
    buyer: dict[str, str] = field(default_factory=dict)


def address_id_of(receiver: Receiver) -> str:
    """Give the open address id: equal for equal receivers."""
    parts = (receiver.name, receiver.phone, receiver.address, receiver.province, receiver.city, receiver.district)
    return hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()


def _sku_id(shop: Shop, *parts: object) -> str:
    text = "/".join(str(part) for part in (shop.seller_id, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def invent_receiver(world: World, given: dict[str, str]) -> Receiver:
    """Make a receiver nobody is."""
    number = world.rng.randrange(1, 10_000)
    province, city, district = world.rng.choice(_PLACES)
    fields = {
        "name": f"买家{number:04d}",
        "phone": f"000{world.number(8)}",
        "address": f"示例路{world.rng.randrange(1, 400)}号{world.rng.randrange(1, 30)}室",
        "province": province,
        "city": city,
        "district": district,
        "town": "示例街道",
        **given,
    }
    receiver = Receiver(**fields)
    receiver.open_address_id = address_id_of(receiver)
    return receiver


def invent_line(world: World, shop: Shop, wanted: WantedLine, *, deposit: bool) -> Line:
    """Make a line from the invented catalogue; the same goods keep their ids within a shop."""
    kind = world.rng.randrange(len(GOODS))
    title, code, specs, price, weight = GOODS[kind]
    variant = world.rng.randrange(len(specs))
    own = wanted.sku or wanted.title
    paid = price if wanted.price is None else wanted.price
    discounted = wanted.price is None and world.rng.random() < 0.3
    merchant, red = (200, 100) if discounted else (0, 0)
    # live answers leave the seller's code out where the seller gave none
    coded = wanted.sku is not None or kind % 5 != 4
    return Line(
        sku_id=_sku_id(shop, own, wanted.price) if own else _sku_id(shop, kind, variant),
        item_id=_sku_id(shop, own or kind, "item"),
        title=wanted.title or title,
        spec="" if own else specs[variant],
        erp_code=wanted.sku or (f"{code}-{variant + 1}" if coded else ""),
        sc_sku_code=f"XHS-{_sku_id(shop, own or kind, variant)[:12].upper()}",
        quantity=wanted.quantity,
        paid=paid - merchant - red,
        merchant_discount=merchant,
        red_discount=red,
        deposit=paid // 10 if deposit else 0,
        weight_gram=weight,
        no_logistics=code == "NOTE",
    )


def _distinct_lines(world: World, wanted: Wanted) -> list[Line]:
    lines: list[Line] = []
    for one in wanted.lines or [WantedLine()]:
        line = invent_line(world, wanted.shop, one, deposit=wanted.order_type == 2)
        same = next((other for other in lines if other.sku_id == line.sku_id), None)
        if same is None:
            lines.append(line)
        else:
            same.quantity += line.quantity  # the platform aggregates equal SKUs
    return lines


def make(world: World, wanted: Wanted) -> Order:
    """Make an order and let its history happen; the present deadlines are set when history is done."""
    shop = wanted.shop
    pace = wanted.pace if wanted.pace is not None else HOUR
    start = wanted.placed_at if wanted.placed_at is not None else world.now()
    world.pretend(start)
    order = Order(
        order_id=world.new_order_id(),
        seller_id=shop.seller_id,
        user_id=world.hex_id(24),
        order_type=wanted.order_type,
        status=Status.UNPAID,
        created=start,
        updated_ms=start * 1000,
        receiver=invent_receiver(world, wanted.buyer),
        lines=_distinct_lines(world, wanted),
        shipping_fee=world.rng.choice(_SHIPPING),
        payment_type=world.rng.choice((1, 2)),
        logistics_mode=2 if wanted.cross_border else 1,
        logistics="red_bonded" if wanted.cross_border else "red_auto",
    )
    if wanted.order_type in {2, 4}:
        order.presale_start, order.presale_end = start + 7 * DAY, start + 15 * DAY
    machine.place(world, order)
    at = max(wanted.paid_at if wanted.paid_at is not None else start, start)
    for step in _history(wanted):
        world.pretend(at)
        step(world, order)
        at += pace
    if wanted.ship_by is not None and order.ship_by is not None:
        order.ship_by = wanted.ship_by
    return order


def _pay(world: World, order: Order) -> None:
    machine.pay(world, order)
    order.trade_no = f"43{world.number(26)}"


def _hold(world: World, order: Order) -> None:
    _pay(world, order)
    machine.hold(world, order)


def _pass(world: World, order: Order) -> None:
    machine.pass_check(world, order)
    if order.status == Status.CUSTOMS:
        machine.clear_customs(world, order)


def ship_rest(world: World, order: Order) -> None:
    """Ship every parcel that waits with one invented number."""
    waiting = [parcel for parcel in order.parcels if parcel.shipped_at is None]
    machine.ship(world, order, waiting, f"SF{world.number(13)}", "shunfeng", "顺丰速运")


def _ship_part(world: World, order: Order) -> None:
    if len(order.lines) < 2:
        raise machine.Illegal("an order of one SKU can not be shipped in parts")
    parcel = machine.split(world, order, [order.lines[0].sku_id])
    machine.ship(world, order, [parcel], f"YT{world.number(13)}", "yuantong", "圆通速递")


def _deliver(world: World, order: Order) -> None:
    for parcel in order.parcels:
        machine.deliver(world, order, parcel)


def _expire(world: World, order: Order) -> None:
    machine.cancel_unpaid(world, order, by="system", reason="超时未支付")


def _refund_all(world: World, order: Order) -> None:
    one = after_sale_machine.ask(world, order, Wish(Kind.REFUND_SHIPPED))
    after_sale_machine.agree_refund(world, one)


def _exchange(world: World, order: Order) -> None:
    after_sale_machine.ask(world, order, Wish(Kind.EXCHANGE))


_PAID: list[Callable[[World, Order], None]] = [_pay, _pass]
_HISTORIES: dict[Status, list[Callable[[World, Order], None]]] = {
    Status.UNPAID: [],
    Status.PROCESSING: [_hold],
    Status.CUSTOMS: [_pay, machine.pass_check],
    Status.TO_SHIP: _PAID,
    Status.PARTLY_SHIPPED: [*_PAID, _ship_part],
    Status.SHIPPED: [*_PAID, ship_rest],
    Status.COMPLETED: [*_PAID, ship_rest, _deliver, machine.complete],
    Status.CLOSED: [*_PAID, ship_rest, _refund_all],
    Status.CANCELLED: [_expire],
    Status.EXCHANGING: [*_PAID, ship_rest, _deliver, _exchange],
}


def _history(wanted: Wanted) -> list[Callable[[World, Order], None]]:
    steps = _HISTORIES[wanted.status]
    return [*steps, _deliver] if wanted.delivered else steps

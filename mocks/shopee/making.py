"""Making orders: invented buyers and goods, and bringing an order into a wanted phase through its history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.shopee import machine
from mocks.shopee.model import DAY, HOUR, Buyer, Line, Order, exponent

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.shopee.model import Shop
    from mocks.shopee.world import World

GOODS = (
    ("Canvas tote bag", "TOTE", ("Natural", "Black", "Olive"), 1290, 300),
    ("Ceramic mug 350 ml", "MUG", ("White", "Sand"), 890, 420),
    ("USB-C cable 2 m", "CABLE", ("", "Braided"), 650, 80),
    ("Desk lamp with dimmer", "LAMP", ("",), 3490, 1100),
    ("Bamboo cutting board", "BOARD", ("S", "M", "L"), 1590, 900),
    ("Cotton socks, 5 pairs", "SOCKS", ("36-40", "41-45"), 990, 220),
    ("Travel bottle set", "BOTTLE", ("",), 750, 150),
    ("Silicone phone case", "CASE", ("Blue", "Clear", "Pink"), 490, 60),
    ("Yoga mat 6 mm", "MAT", ("Grey", "Violet"), 2390, 1300),
    ("Notebook A5 dotted", "NOTE", ("", "Twin pack"), 590, 310),
)
PRICE_SCALE = {"SGD": 1, "MYR": 3, "VND": 180, "TWD": 23, "THB": 25, "PHP": 40, "IDR": 115, "BRL": 4}
"""Minor units of the catalogue times this give a believable price in the currency's minor units."""

TO_STATUS = {
    "unpaid": "UNPAID",
    "on_hold": "PENDING",
    "awaiting_shipment": "READY_TO_SHIP",
    "awaiting_collection": "PROCESSED",
    "in_transit": "SHIPPED",
    "delivered": "TO_CONFIRM_RECEIVE",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}
"""The canonical phases this platform has, with the status an order of that phase is made in."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One line to be made; what is None is invented."""

    sku: str | None = None
    title: str | None = None
    quantity: int = 1
    price: int | None = None


@dataclass(slots=True)
class Wanted:
    """One order to be made; what is None is invented. Times are unix seconds."""

    shop: Shop
    status: str = "READY_TO_SHIP"
    lines: list[WantedLine] = field(default_factory=list)
    bundle: bool = False
    cod: bool = False
    presale: bool = False
    cross_border: bool = False
    warehouse: bool = False
    preference: int = 0
    placed_at: int | None = None
    paid_at: int | None = None
    ship_by: int | None = None
    pace: int | None = None
    buyer: dict[str, str | int] = field(default_factory=dict)


def invent_buyer(world: World, shop: Shop, given: dict[str, str | int]) -> Buyer:
    """Make a buyer nobody is."""
    number = world.rng.randrange(1, 10_000)
    fields: dict[str, str | int] = {
        "user_id": world.number(9),
        "username": f"buyer_{shop.region.lower()}_{number:04d}",
        "name": f"Buyer {number:04d}",
        "phone": f"000{world.number(8)}",
        "town": "",
        "district": f"District {world.rng.randrange(1, 30)}",
        "city": f"Sample City {shop.region}",
        "state": "Sample State",
        "zipcode": f"{world.number(5)}",
        "street": f"{world.rng.randrange(1, 400)} Example Road",
        **given,
    }
    texts = {name: str(value) for name, value in fields.items() if name != "user_id"}
    return Buyer(user_id=int(fields["user_id"]), **texts)


def _price(shop: Shop, base: int) -> int:
    minor = base * PRICE_SCALE.get(shop.currency, 1)
    if exponent(shop.currency) == 0:
        return max(1000, minor // 1000 * 1000)
    return minor // 100 * 100 if shop.currency == "TWD" else minor


def invent_line(world: World, shop: Shop, wanted: WantedLine) -> Line:
    """Make a line from the invented catalogue; the same goods keep their ids within a shop."""
    kind = world.rng.randrange(len(GOODS))
    title, sku, variations, base, weight = GOODS[kind]
    variant = world.rng.randrange(len(variations))
    item_id = shop.shop_id % 10_000 * 1_000_000 + 10_000 + kind
    has_models = len(variations) > 1
    price = wanted.price if wanted.price is not None else _price(shop, base)
    full_sku = wanted.sku or f"{sku}-{shop.region}-{variant + 1}"
    return Line(
        item_id=item_id,
        model_id=item_id * 100 + variant if has_models else 0,
        order_item_id=item_id,
        line_item_id=world.number(12),
        promotion_group_id=0,
        title=wanted.title or title,
        variation=variations[variant],
        item_sku=wanted.sku or f"{sku}-{shop.region}",
        sku=full_sku if has_models else (wanted.sku or ""),
        quantity=wanted.quantity,
        original_price=price * 5 // 4 if exponent(shop.currency) else price * 5 // 4 // 1000 * 1000 or price,
        price=price,
        weight_gram=weight,
    )


def _distinct_lines(world: World, wanted: Wanted) -> list[Line]:
    lines: list[Line] = []
    for one in wanted.lines or [WantedLine()]:
        line = invent_line(world, wanted.shop, one)
        while any(line.key == other.key for other in lines):
            line.model_id += 1
            line.item_id += 100
            line.order_item_id = line.item_id
        lines.append(line)
    if wanted.bundle:
        # in a bundle the same goods may stand twice; only the group tells the lines apart
        group = world.number(6)
        shared = lines[0].item_id
        for number, line in enumerate(lines):
            line.promotion_type, line.promotion_id = "bundle_deal", group
            line.promotion_group_id = group + number
            line.order_item_id = shared
    return lines


def make(world: World, wanted: Wanted) -> Order:
    """Make an order and let its history happen; the present deadlines are set when history is done."""
    shop = wanted.shop
    pace = wanted.pace if wanted.pace is not None else HOUR
    start = wanted.placed_at if wanted.placed_at is not None else world.now()
    world.pretend(start)
    order = Order(
        sn=world.dated_id(14),
        shop_id=shop.shop_id,
        region=shop.region,
        currency=shop.currency,
        status="UNPAID",
        cod=wanted.cod,
        created=start,
        updated=start,
        buyer=invent_buyer(world, shop, wanted.buyer),
        lines=_distinct_lines(world, wanted),
        shipping_fee=_price(shop, 199),
        days_to_ship=15 if wanted.presale else 3,
        payment_method="Cash on Delivery" if wanted.cod else "Credit/Debit Card",
        preference=wanted.preference,
    )
    if wanted.cross_border:
        order.fulfillment_flag = "fulfilled_by_cb_seller"
    if wanted.warehouse:
        order.fulfillment_flag = "fulfilled_by_shopee"
    machine.place(world, order)
    at = max(wanted.paid_at if wanted.paid_at is not None else start, start)
    for step in _history(wanted.status):
        world.pretend(at)
        step(world, order)
        at += pace
    if wanted.ship_by is not None and order.ship_by is not None:
        order.ship_by = wanted.ship_by
    return order


def _pay(world: World, order: Order) -> None:
    if not order.cod:
        machine.pay(world, order)


def _arrange(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.arrange(world, order, package)


def _miss(world: World, order: Order) -> None:
    machine.miss_pickup(world, order, order.live_packages()[0])


def _collect(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.collect(world, order, package)


def _deliver(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.deliver(world, order, package)


def _expire(world: World, order: Order) -> None:
    machine.cancel(world, order, by="system", reason="Unpaid Order")


def _ask(world: World, order: Order) -> None:
    machine.ask_to_cancel(world, order, "Change of mind / others")


_HISTORIES: dict[str, list[Callable[[World, Order], None]]] = {
    "UNPAID": [],
    "PENDING": [machine.hold],
    "INVOICE_PENDING": [machine.await_invoice],
    "READY_TO_SHIP": [_pay],
    "IN_CANCEL": [_pay, _ask],
    "PROCESSED": [_pay, _arrange],
    "RETRY_SHIP": [_pay, _arrange, _miss],
    "SHIPPED": [_pay, _arrange, _collect],
    "TO_CONFIRM_RECEIVE": [_pay, _arrange, _collect, _deliver],
    "COMPLETED": [_pay, _arrange, _collect, _deliver, machine.complete],
    "CANCELLED": [_expire],
}
STATUSES = tuple(_HISTORIES)


def _history(status: str) -> list[Callable[[World, Order], None]]:
    return _HISTORIES[status]


__all__ = ["DAY", "STATUSES", "TO_STATUS", "Wanted", "WantedLine", "make"]

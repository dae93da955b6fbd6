"""Making orders in any phase, through the same transitions that the acts use; goods and buyers are invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mocks.tiktok_shop import cancelling, machine
from mocks.tiktok_shop.model import EXPONENTS, HOUR, Buyer, Order, Shop, Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.tiktok_shop.world import World

GOODS: tuple[tuple[str, str, tuple[str, ...], int], ...] = (
    ("和紙ノート A5", "WASHI", ("白", "藍"), 780),
    ("抹茶クッキー", "MATCHA", ("12枚", "24枚"), 1980),
    ("ステンレスボトル 500ml", "BOTTLE", ("黒", "銀", "桜"), 2480),
    ("LED デスクライト", "LIGHT", ("標準",), 3980),
    ("綿トートバッグ", "TOTE", ("生成り", "紺"), 1480),
    ("ワイヤレスマウス", "MOUSE", ("黒", "白"), 2980),
    ("猫の爪とぎ", "CATPAD", ("小", "大"), 1280),
    ("陶器マグカップ", "MUG", ("青", "緑"), 1680),
)
_PEOPLE = (
    ("見本", "太郎", "ミホン", "タロウ"),
    ("見本", "花子", "ミホン", "ハナコ"),
    ("試験", "一郎", "シケン", "イチロウ"),
    ("架空", "直美", "カクウ", "ナオミ"),
    ("仮名", "健太", "カリナ", "ケンタ"),
)
_PLACES = (("東京都", "渋谷区"), ("大阪府", "大阪市"), ("北海道", "札幌市"), ("福岡県", "福岡市"), ("京都府", "京都市"))

TO_STATUS = {
    "unpaid": "UNPAID",
    "on_hold": "ON_HOLD",
    "awaiting_shipment": "AWAITING_SHIPMENT",
    "awaiting_collection": "AWAITING_COLLECTION",
    "in_transit": "IN_TRANSIT",
    "delivered": "DELIVERED",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}
"""The canonical phases this platform has, with the status an order of that phase is made in."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Some equal units to be made; what is None is invented."""

    sku: str | None = None
    title: str | None = None
    quantity: int = 1
    price: int | None = None
    discount: bool = False


@dataclass(slots=True)
class Wanted:
    """One order to be made; what is None is invented. Times are unix seconds."""

    shop: Shop
    status: str = "AWAITING_SHIPMENT"
    lines: list[WantedLine] = field(default_factory=list)
    split: bool = False
    presale: bool = False
    warehouse: bool = False
    shipping_type: str = "SELLER"
    placed_at: int | None = None
    paid_at: int | None = None
    ship_by: int | None = None
    pace: int | None = None
    buyer: dict[str, str] = field(default_factory=dict)
    message: str = ""
    replaces: str = ""


def invent_buyer(world: World, given: dict[str, str]) -> Buyer:
    """Make a buyer nobody is; a given `name` fills the parts of the name as well."""
    last, first, last_kana, first_kana = world.rng.choice(_PEOPLE)
    state, city = world.rng.choice(_PLACES)
    fields = {
        "user_id": world.new_id("749", 19),
        "email": f"relay{world.rng.getrandbits(40):010x}@scs.tiktok.invalid",
        "name": f"{last} {first}",
        "first_name": first,
        "last_name": last,
        "first_kana": first_kana,
        "last_kana": last_kana,
        "phone": f"(+81)000{world.rng.randrange(10**8):08d}",
        "state": state,
        "city": city,
        "street": f"見本町{world.rng.randrange(1, 9)}-{world.rng.randrange(1, 30)}",
        "building": f"サンプル荘 {world.rng.randrange(101, 909)}",
        "zipcode": f"{world.rng.randrange(100, 999)}-{world.rng.randrange(10**4):04d}",
    }
    if "name" in given:
        head, _, tail = given["name"].partition(" ")
        fields |= {"last_name": head, "first_name": tail, "first_kana": "", "last_kana": ""}
    return Buyer(**(fields | given))


def invent_units(world: World, shop: Shop, wanted: WantedLine) -> list[Unit]:
    """Make the units of one line from the invented catalogue; the same goods keep their ids within a shop."""
    kind = world.rng.randrange(len(GOODS))
    title, sku, variations, base = GOODS[kind]
    variant = world.rng.randrange(len(variations))
    own = f"{int(shop.shop_id) % 10**6:06d}"
    if wanted.sku is not None:
        # goods named by the caller: a number of their own, the same for the same name
        own = f"{sum(ord(letter) * 31**place for place, letter in enumerate(wanted.sku)) % 10**6:06d}"
        kind, variant = 90 + kind % 10, 0
    price = wanted.price
    if price is None:
        price = base if EXPONENTS[shop.currency] == 0 else base // 2
    discount = price // 10 if wanted.discount else 0
    return [
        Unit(
            line_item_id=world.new_id("577", 18),
            sku_id=f"17314322309{own}{kind if wanted.sku is None else 99:02d}{variant}"[:19].ljust(19, "8"),
            product_id=f"17314322052{own}{kind if wanted.sku is None else 99:02d}"[:19].ljust(19, "2"),
            title=wanted.title or title,
            variation=variations[variant] if wanted.sku is None else "標準",
            sku=wanted.sku or f"{sku}-{variant + 1}",
            original_price=price,
            seller_discount=discount,
        )
        for _ in range(wanted.quantity)
    ]


def make(world: World, wanted: Wanted) -> Order:
    """Make an order and let its history happen; the present deadlines are set when history is done."""
    shop = wanted.shop
    pace = wanted.pace if wanted.pace is not None else HOUR
    start = wanted.placed_at if wanted.placed_at is not None else world.now()
    world.pretend(start)
    order = Order(
        order_id=world.new_id("57", 18),
        shop=shop,
        status="UNPAID",
        created=start,
        updated=start,
        buyer=invent_buyer(world, wanted.buyer),
        units=[unit for line in wanted.lines or [WantedLine()] for unit in invent_units(world, shop, line)],
        shipping_fee=600 if EXPONENTS[shop.currency] == 0 else 399,
        days_to_ship=15 if wanted.presale else 3,
        shipping_type=wanted.shipping_type,
        message=wanted.message,
        wished_ship_by=wanted.ship_by,
        replaces=wanted.replaces,
    )
    if wanted.warehouse:
        order.fulfillment_type, order.shipping_type = "FULFILLMENT_BY_TIKTOK", "TIKTOK"
    machine.place(world, order)
    steps = _HISTORIES[wanted.status]
    limit = world.rig.clock.unix()
    at = start
    for number, step in enumerate(steps):
        if number == 0:
            at = wanted.paid_at if wanted.paid_at is not None else start
        elif step is _release:
            at = (order.paid or at) + (world.timing.hold if shop.holds else 0)
        else:
            at += pace
        at = min(at, limit)
        world.pretend(at)
        step(world, order)
        if step is _release and wanted.split:
            machine.split(world, order)
    return order


def _pay(world: World, order: Order) -> None:
    machine.pay(world, order)


def _release(world: World, order: Order) -> None:
    if order.status == "ON_HOLD":
        machine.get_ready(world, order)


def _arrange(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.arrange(world, order, package, handover="DROP_OFF" if order.shipping_type == "TIKTOK" else "")


def _collect(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.collect(world, order, package)


def _deliver(world: World, order: Order) -> None:
    for package in order.live_packages():
        machine.deliver(world, order, package)


def _expire(world: World, order: Order) -> None:
    cancelling.cancel(world, order, role="SYSTEM", reason="system_cancel_unpaid_time_out")


_HISTORIES: dict[str, list[Callable[[World, Order], None]]] = {
    "UNPAID": [],
    "ON_HOLD": [_pay],
    "AWAITING_SHIPMENT": [_pay, _release],
    "AWAITING_COLLECTION": [_pay, _release, _arrange],
    "IN_TRANSIT": [_pay, _release, _arrange, _collect],
    "DELIVERED": [_pay, _release, _arrange, _collect, _deliver],
    "COMPLETED": [_pay, _release, _arrange, _collect, _deliver, machine.complete],
    "CANCELLED": [_expire],
}
STATUSES = tuple(_HISTORIES)

"""The sellers, shops and orders a simulation begins with: the same for the same seed and start of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.tiktok_shop import cancelling, machine, reasons, returning
from mocks.tiktok_shop.calls_auth import SCOPES
from mocks.tiktok_shop.making import Wanted, WantedLine, make
from mocks.tiktok_shop.model import DAY, HOUR, Seller, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.tiktok_shop.model import Order, Return
    from mocks.tiktok_shop.world import World


def open_shops(world: World) -> None:
    """Open two JP shops of two sellers, one local and one cross-border, authorised for most of a year."""
    until = world.rig.clock.unix() + 335 * DAY
    for open_id, name, base, kind, shop_id in (
        ("ROWsample000local0jp", "sample_seller_local", "JP", "LOCAL", "7494049642642441001"),
        ("ROWsample000cross0cb", "sample_seller_cross_border", "CN", "CROSS_BORDER", "7494049642642442002"),
    ):
        seller = Seller(open_id, name, base, until, set(SCOPES))
        world.sellers[open_id] = seller
        open_shop(world, seller, shop_id, "JP", kind)


def open_shop(world: World, seller: Seller, shop_id: str, region: str, seller_type: str) -> Shop:
    """Open a shop in JP, or in GB: no hour on hold there, and units may be cancelled one by one."""
    known = {"JP": ("JPY", "6841743441349700001", "見本運輸"), "GB": ("GBP", "6841743441349700002", "Sample Mail")}
    currency, provider_id, provider = known[region]
    shop = Shop(
        shop_id=shop_id,
        seller=seller,
        name=f"sample_shop_{region.lower()}_{seller_type.lower()}",
        region=region,
        currency=currency,
        seller_type=seller_type,
        cipher=f"ROW_{world.tokens.rng.getrandbits(120):030x}",
        code=f"{region}{world.tokens.rng.getrandbits(40):010X}",
        warehouse_id=world.new_id("7498", 19),
        provider_id=provider_id,
        provider=provider,
        holds=region == "JP",
        partial_cancel=region == "GB",
    )
    world.shops[shop_id] = shop
    return shop


def fill(world: World, count: int) -> None:
    """Write the history of `count` orders, spread over the shops and the past weeks, then start their timers."""
    shops = list(world.shops.values())
    with world.in_the_past():
        for number in range(count):
            _RECIPES[(number // len(shops)) % len(_RECIPES)](world, shops[number % len(shops)])
    for order in world.orders.values():
        machine.arm(world, order)
    for one in world.cancellations.values():
        cancelling.arm(world, one)
    for other in world.returns.values():
        returning.arm(world, other)


def _order(
    world: World, shop: Shop, status: str, ago: tuple[int, int], *, pace: int = 6 * HOUR, split: bool = False
) -> Order:
    now = world.rig.clock.unix()
    placed = now - world.rng.randrange(ago[1], ago[0])
    kinds = 2 if split else world.rng.choice((1, 1, 2, 3))
    lines = [
        WantedLine(quantity=world.rng.choice((1, 1, 2, 3)), discount=world.rng.random() < 0.3) for _ in range(kinds)
    ]
    wanted = Wanted(
        shop=shop,
        status=status,
        lines=lines,
        split=split,
        shipping_type=world.rng.choice(("SELLER", "SELLER", "TIKTOK")),
        warehouse=world.rng.random() < 0.05,
        placed_at=placed,
        paid_at=min(placed + world.rng.randrange(30, 1500), now - 1),
        pace=pace,
    )
    return make(world, wanted)


def _after(world: World, order: Order, seconds: int) -> None:
    world.pretend(min(order.updated + seconds, world.rig.clock.unix() - 1))


def _unpaid(world: World, shop: Shop) -> None:
    _order(world, shop, "UNPAID", (20 * HOUR, HOUR))


def _held(world: World, shop: Shop) -> None:
    _order(world, shop, "ON_HOLD", (HOUR - 300, 60))


def _ready(world: World, shop: Shop) -> None:
    _order(world, shop, "AWAITING_SHIPMENT", (2 * DAY, 2 * HOUR))


def _late(world: World, shop: Shop) -> None:
    _order(world, shop, "AWAITING_SHIPMENT", (5 * DAY, 3 * DAY + 12 * HOUR))


def _arranged(world: World, shop: Shop) -> None:
    _order(world, shop, "AWAITING_COLLECTION", (2 * DAY, 12 * HOUR), pace=2 * HOUR)


def _partly(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (2 * DAY, 12 * HOUR), split=True)
    _after(world, order, HOUR)
    machine.arrange(world, order, order.live_packages()[0])


def _partly_gone(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (2 * DAY, 20 * HOUR), split=True)
    _after(world, order, HOUR)
    machine.arrange(world, order, order.live_packages()[0])
    _after(world, order, 6 * HOUR)
    machine.collect(world, order, order.live_packages()[0])


def _on_the_road(world: World, shop: Shop) -> None:
    _order(world, shop, "IN_TRANSIT", (5 * DAY, 2 * DAY))


def _delivered(world: World, shop: Shop) -> None:
    _order(world, shop, "DELIVERED", (6 * DAY, 3 * DAY), pace=12 * HOUR)


def _completed(world: World, shop: Shop) -> None:
    _order(world, shop, "COMPLETED", (28 * DAY, 6 * DAY), pace=DAY)


def _asked_back(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (20 * HOUR, 4 * HOUR))
    _after(world, order, HOUR)
    cancelling.ask(world, order, "ecom_order_unpaid_canceled_reason_wrong_delivery_info")


def _refused_request(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (2 * DAY, 10 * HOUR))
    _after(world, order, HOUR)
    one = cancelling.ask(world, order, reasons.NO_LONGER_NEEDED)
    _after(world, order, 3 * HOUR)
    cancelling.close(world, one, "rejected")


def _refunded(world: World, order: Order) -> None:
    _after(world, order, world.timing.refund_delay)
    cancelling.refund(world, order.cancellations[-1])


def _ended_by_buyer(world: World, shop: Shop) -> None:
    order = _order(world, shop, "ON_HOLD", (14 * DAY, DAY))
    _after(world, order, 1200)
    cancelling.buyer_cancels_alone(world, order, "ecom_order_unpaid_canceled_reason_better_price")
    _refunded(world, order)


def _ended_by_request(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (6 * DAY, 2 * DAY))
    _after(world, order, 4 * HOUR)
    one = cancelling.ask(world, order, reasons.NO_LONGER_NEEDED)
    _after(world, order, 5 * HOUR)
    cancelling.grant(world, one)
    _refunded(world, order)


def _ended_by_seller(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (6 * DAY, 2 * DAY))
    _after(world, order, 8 * HOUR)
    cancelling.cancel(world, order, role="SELLER", reason=reasons.OUT_OF_STOCK)
    _refunded(world, order)


def _ended_unpaid(world: World, shop: Shop) -> None:
    order = _order(world, shop, "UNPAID", (20 * DAY, 3 * DAY))
    _after(world, order, world.timing.unpaid_life)
    cancelling.cancel(world, order, role="SYSTEM", reason="system_cancel_unpaid_time_out")


def _ended_unshipped(world: World, shop: Shop) -> None:
    order = _order(world, shop, "AWAITING_SHIPMENT", (14 * DAY, 7 * DAY))
    world.pretend(order.shipping_due or order.created)
    cancelling.cancel(world, order, role="SYSTEM", reason="system_cancel_order_reason_shipping_timeout")
    _refunded(world, order)


def _ended_lost(world: World, shop: Shop) -> None:
    order = _order(world, shop, "IN_TRANSIT", (8 * DAY, 5 * DAY))
    _after(world, order, 2 * DAY)
    machine.fail_delivery(world, order, order.packages[0], "package_lost", "Lost")
    _refunded(world, order)


def _asked(world: World, order: Order, kind: str, reason: str, *, only_one: bool = False) -> Return:
    units = returning.free_units(order)
    return returning.ask(world, order, returning.Wish(kind, reason, units[:1] if only_one else units))


def _returning(world: World, shop: Shop) -> None:
    order = _order(world, shop, "DELIVERED", (84 * HOUR, 46 * HOUR), pace=10 * HOUR)
    _after(world, order, 6 * HOUR)
    _asked(world, order, "RETURN_AND_REFUND", reasons.DAMAGED, only_one=True)


def _refund_wanted(world: World, shop: Shop) -> None:
    order = _order(world, shop, "IN_TRANSIT", (60 * HOUR, 36 * HOUR))
    _after(world, order, 12 * HOUR)
    _asked(world, order, "REFUND", reasons.NOT_ARRIVED)


def _on_the_way_back(world: World, shop: Shop) -> None:
    order = _order(world, shop, "DELIVERED", (6 * DAY, 4 * DAY), pace=10 * HOUR)
    _after(world, order, 6 * HOUR)
    one = _asked(world, order, "RETURN_AND_REFUND", "ecom_order_delivered_refund_reason_no_need")
    _after(world, order, 18 * HOUR)
    returning.approve(world, one)
    _after(world, order, 30 * HOUR)
    returning.ship_back(world, one)


def _refunded_in_part(world: World, shop: Shop) -> None:
    order = _order(world, shop, "DELIVERED", (5 * DAY, 4 * DAY), pace=10 * HOUR)
    _after(world, order, 6 * HOUR)
    wrong = "ecom_order_delivered_refund_and_return_reason_wrong_product_JP"
    one = _asked(world, order, "REFUND", wrong, only_one=True)
    _after(world, order, 18 * HOUR)
    returning.approve(world, one)
    _after(world, order, 19 * HOUR)
    returning.finish(world, one)


def _refund_refused(world: World, shop: Shop) -> None:
    order = _order(world, shop, "DELIVERED", (84 * HOUR, 60 * HOUR), pace=8 * HOUR)
    _after(world, order, 6 * HOUR)
    one = _asked(world, order, "REFUND", "ecom_order_delivered_refund_reason_defective")
    _after(world, order, 12 * HOUR)
    returning.reject(world, one, "seller_reject_apply_reason_is_unclear_or_lack_of_evidence")


_RECIPES: tuple[Callable[[World, Shop], None], ...] = (
    _ready,
    _asked_back,
    _completed,
    _on_the_road,
    _ended_by_seller,
    _unpaid,
    _returning,
    _delivered,
    _partly,
    _completed,
    _arranged,
    _ended_by_buyer,
    _ready,
    _held,
    _refund_wanted,
    _ended_unpaid,
    _completed,
    _on_the_road,
    _ended_by_request,
    _late,
    _refunded_in_part,
    _refused_request,
    _completed,
    _ended_unshipped,
    _delivered,
    _partly_gone,
    _on_the_way_back,
    _ended_lost,
    _completed,
    _refund_refused,
    _ready,
)
"""What the orders are, in turn; the frequent ones stand several times."""

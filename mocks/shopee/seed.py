"""The shops and orders a simulation begins with: the same for the same seed and start of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocks.shopee import machine, return_machine
from mocks.shopee.making import Wanted, WantedLine, make
from mocks.shopee.model import DAY, HOUR, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.shopee.model import Order, Return
    from mocks.shopee.world import World

MERCHANT_ID = 1_001_705
_SHOPS = (
    (301_000_101, "SG", "SGD", "none", 10_007, "Sample Post Standard"),
    (301_000_202, "MY", "MYR", "none", 20_011, "Sample Express"),
    (301_000_303, "VN", "VND", "partial", 50_021, "Giao Mau Nhanh"),
    (301_000_404, "TW", "TWD", "whole", 30_005, "Sample Store Pickup"),
    (301_000_505, "BR", "BRL", "none", 90_016, "Sample Correios"),
)


def open_shops(world: World) -> None:
    """Open the shops, all linked with the app for most of a year."""
    now = world.rig.clock.unix()
    for shop_id, region, currency, masking, channel, carrier in _SHOPS:
        world.shops[shop_id] = Shop(
            shop_id=shop_id,
            region=region,
            currency=currency,
            name=f"sample_shop_{region.lower()}",
            merchant_id=MERCHANT_ID,
            masking=masking,
            host=f"img.{region.lower()}.invalid",
            channel_id=channel,
            carrier=carrier,
            authorised_at=now - 30 * DAY,
            authorised_until=now + 335 * DAY,
        )


def fill(world: World, count: int) -> None:
    """Write the history of `count` orders, spread over the shops and the past weeks, then start their timers."""
    shops = list(world.shops.values())
    with world.in_the_past():
        for number in range(count):
            _RECIPES[(number // len(shops)) % len(_RECIPES)](world, shops[number % len(shops)])
    for order in world.orders.values():
        machine.arm(world, order)
    for one in world.returns.values():
        return_machine.arm(world, one)


def _start(world: World, earliest: int, latest: int) -> int:
    """Pick an instant between so many seconds ago."""
    return world.rig.clock.unix() - world.rng.randrange(latest, earliest)


def _order(world: World, shop: Shop, status: str, ago: tuple[int, int], *, pace: int = 6 * HOUR) -> Order:
    lines = [WantedLine(quantity=world.rng.choice((1, 1, 1, 2, 3))) for _ in range(world.rng.choice((1, 1, 2, 3)))]
    bundle = len(lines) > 1 and world.rng.random() < 0.25
    cod = (
        shop.region in {"VN", "MY"}
        and status not in {"UNPAID", "PENDING", "INVOICE_PENDING", "CANCELLED"}
        and world.rng.random() < 0.3
    )
    placed = _start(world, *ago)
    wanted = Wanted(
        shop=shop,
        status=status,
        lines=lines,
        bundle=bundle,
        cod=cod,
        preference=world.rng.choice((0, 0, 1)),
        placed_at=placed,
        paid_at=placed + world.rng.randrange(30, 1800),
        pace=pace,
    )
    return make(world, wanted)


def _after(world: World, order: Order, seconds: int) -> None:
    world.pretend(min(order.updated + seconds, world.rig.clock.unix()))


def _unpaid(world: World, shop: Shop) -> None:
    _order(world, shop, "UNPAID", (20 * HOUR, HOUR))


def _held(world: World, shop: Shop) -> None:
    _order(world, shop, "INVOICE_PENDING" if shop.region == "BR" else "PENDING", (10 * HOUR, HOUR))


def _ready(world: World, shop: Shop) -> None:
    _order(world, shop, "READY_TO_SHIP", (2 * DAY, 600))


def _late(world: World, shop: Shop) -> None:
    _order(world, shop, "READY_TO_SHIP", (5 * DAY, 3 * DAY + 12 * HOUR))


def _processed(world: World, shop: Shop) -> None:
    _order(world, shop, "PROCESSED", (2 * DAY, 12 * HOUR), pace=2 * HOUR)


def _without_tracking(world: World, shop: Shop) -> None:
    order = _order(world, shop, "PROCESSED", (DAY, 12 * HOUR), pace=2 * HOUR)
    for package in order.packages:
        package.tracking_number = ""


def _retry(world: World, shop: Shop) -> None:
    _order(world, shop, "RETRY_SHIP", (2 * DAY, 20 * HOUR), pace=3 * HOUR)


def _shipped(world: World, shop: Shop) -> None:
    _order(world, shop, "SHIPPED", (6 * DAY, 2 * DAY))


def _delivered(world: World, shop: Shop) -> None:
    _order(world, shop, "TO_CONFIRM_RECEIVE", (6 * DAY, 3 * DAY), pace=12 * HOUR)


def _completed(world: World, shop: Shop) -> None:
    _order(world, shop, "COMPLETED", (28 * DAY, 6 * DAY), pace=DAY)


def _asked_back(world: World, shop: Shop) -> None:
    order = _order(world, shop, "READY_TO_SHIP", (20 * HOUR, 4 * HOUR))
    _after(world, order, 2 * HOUR)
    machine.ask_to_cancel(world, order, "Need to change Delivery Address")


def _asked_back_arranged(world: World, shop: Shop) -> None:
    order = _order(world, shop, "PROCESSED", (20 * HOUR, 8 * HOUR), pace=2 * HOUR)
    _after(world, order, HOUR)
    machine.ask_to_cancel(world, order, "Found Cheaper Elsewhere")


def _ended_by_buyer(world: World, shop: Shop) -> None:
    order = _order(world, shop, "READY_TO_SHIP", (14 * DAY, DAY))
    _after(world, order, 1200)
    machine.buyer_cancels_alone(world, order, "Forgot to Input Voucher Code")


def _ended_by_request(world: World, shop: Shop) -> None:
    order = _order(world, shop, "READY_TO_SHIP", (14 * DAY, 2 * DAY))
    _after(world, order, 4 * HOUR)
    machine.ask_to_cancel(world, order, "Don't Want to Buy Anymore")
    _after(world, order, 5 * HOUR)
    machine.grant_request(world, order)


def _ended_by_seller(world: World, shop: Shop) -> None:
    order = _order(world, shop, "READY_TO_SHIP", (6 * DAY, 2 * DAY))
    _after(world, order, 8 * HOUR)
    machine.cancel(world, order, by="seller", reason="Out of Stock", counts_as="seller")


def _ended_unpaid(world: World, shop: Shop) -> None:
    order = _order(world, shop, "UNPAID", (20 * DAY, 3 * DAY))
    _after(world, order, world.timing.unpaid_life)
    machine.cancel(world, order, by="system", reason="Unpaid Order")


def _ended_unshipped(world: World, shop: Shop) -> None:
    order = _order(world, shop, "READY_TO_SHIP", (14 * DAY, 7 * DAY))
    world.pretend((order.ship_by or order.created) + world.timing.ship_grace)
    machine.cancel(world, order, by="system", reason="Seller did not Ship")


def _ended_lost(world: World, shop: Shop) -> None:
    order = _order(world, shop, "SHIPPED", (14 * DAY, 6 * DAY))
    _after(world, order, 3 * DAY)
    machine.lose(world, order, order.packages[0])


def _partly_cancelled(world: World, shop: Shop) -> None:
    placed = _start(world, 2 * DAY, 12 * HOUR)
    lines = [WantedLine(quantity=3), WantedLine(quantity=2)]
    order = make(world, Wanted(shop=shop, lines=lines, placed_at=placed, paid_at=placed + 300))
    _after(world, order, 3 * HOUR)
    machine.cancel_units(world, order, {order.lines[0].key: 1})


def _split(world: World, shop: Shop) -> None:
    placed = _start(world, 2 * DAY, 12 * HOUR)
    lines = [WantedLine(quantity=2), WantedLine()]
    order = make(world, Wanted(shop=shop, lines=lines, placed_at=placed, paid_at=placed + 300))
    _after(world, order, HOUR)
    order.packages = [machine.new_package(world, order, {line.key: line.quantity}) for line in order.lines]
    order.split = True
    machine.arrange(world, order, order.packages[0])


def _returning(world: World, shop: Shop) -> None:
    order = _order(world, shop, "TO_CONFIRM_RECEIVE", (84 * HOUR, 46 * HOUR), pace=12 * HOUR)
    _after(world, order, 6 * HOUR)
    _ask_return(world, order, "RETURN_REFUND", "ITEM_DAMAGED")


def _refund_wanted(world: World, shop: Shop) -> None:
    order = _order(world, shop, "SHIPPED", (60 * HOUR, 36 * HOUR))
    _after(world, order, 12 * HOUR)
    _ask_return(world, order, "REFUND", "NOT_RECEIPT")


def _returned(world: World, shop: Shop) -> None:
    order = _order(world, shop, "TO_CONFIRM_RECEIVE", (20 * DAY, 9 * DAY), pace=12 * HOUR)
    _after(world, order, 6 * HOUR)
    one = _ask_return(world, order, "REFUND", "WRONG_ITEM")
    _after(world, order, 12 * HOUR)
    return_machine.refund(world, one)


def _on_the_way_back(world: World, shop: Shop) -> None:
    order = _order(world, shop, "TO_CONFIRM_RECEIVE", (8 * DAY, 5 * DAY), pace=12 * HOUR)
    _after(world, order, 6 * HOUR)
    one = _ask_return(world, order, "RETURN_REFUND", "CHANGE_OF_MIND")
    _after(world, order, 12 * HOUR)
    return_machine.ship_back(world, one)


def _ask_return(world: World, order: Order, solution: str, reason: str) -> Return:
    line = order.lines[0]
    wish = return_machine.Wish(solution, reason, "", {line.key: line.active})
    return return_machine.ask(world, order, wish)


_RECIPES: tuple[Callable[[World, Shop], None], ...] = (
    _ready,
    _asked_back,
    _completed,
    _shipped,
    _ended_by_seller,
    _unpaid,
    _returning,
    _delivered,
    _split,
    _completed,
    _processed,
    _ended_by_buyer,
    _ready,
    _held,
    _refund_wanted,
    _partly_cancelled,
    _ended_unpaid,
    _completed,
    _retry,
    _asked_back_arranged,
    _shipped,
    _ended_by_request,
    _late,
    _returned,
    _without_tracking,
    _completed,
    _ended_unshipped,
    _delivered,
    _on_the_way_back,
    _ended_lost,
    _completed,
    _ready,
)
"""What the orders are, in turn; the frequent ones stand several times."""

"""Account health, computed from the simulator's own orders; penalty points and their consequences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from mocks.shopee.model import DAY, PenaltyPoints, Punishment

if TYPE_CHECKING:
    from mocks.shopee.model import Order, Shop
    from mocks.shopee.world import World

WEEK = 7 * DAY
NFR_TARGET = Decimal(10)
HIGH_NFR = 6
MANY_UNFULFILLED = 30
TIERS = (3, 6, 9, 12, 15)
TIER_LIFE = 28 * DAY
CONSEQUENCES = {1: (107,), 2: (107, 108, 104), 3: (107, 108, 103), 4: (107, 108, 103, 105, 106), 5: (109,)}
"""What each reached tier brings: punishment types of API.md section 9, for 28 days."""
RETURN_REASONS = {
    "NOT_RECEIPT": 10015,
    "NONRECEIPT": 10015,
    "WRONG_ITEM": 10016,
    "ITEM_DAMAGED": 10017,
    "PHYSICAL_DMG": 10017,
    "ITEM_MISSING": 10018,
    "ITEM_FAKE": 10019,
    "FUNCTIONAL_DMG": 10020,
}
"""Return reasons that are the seller's fault, with their detail number."""
_BEIJING = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Unfulfilled:
    """One order that counts as not fulfilled: 1 system cancellation, 2 seller cancellation, 3 return."""

    order: Order
    kind: int
    detail: int
    at: int


def unfulfilled(world: World, shop: Shop, start: int, end: int) -> list[Unfulfilled]:
    """List a shop's orders that became unfulfilled in a period, cancellations before returns."""
    found = []
    for order in world.orders.values():
        if order.shop_id != shop.shop_id or order.cancelled is None or not start < order.cancelled <= end:
            continue
        if order.counts_as:
            kind = 2 if order.counts_as == "seller" else 1
            found.append(Unfulfilled(order, kind, order.detailed_reason, order.cancelled))
    for one in world.returns.values():
        fault = RETURN_REASONS.get(one.reason)
        counts = one.order.shop_id == shop.shop_id and one.status == "ACCEPTED" and fault is not None
        if counts and start < one.updated <= end:
            found.append(Unfulfilled(one.order, 3, fault or 1001, one.updated))
    return found


def all_orders(world: World, shop: Shop, start: int, end: int) -> set[str]:
    """Name the orders a rate is measured against: those ready in the period, and those that failed in it."""
    ready = {
        order.sn
        for order in world.orders.values()
        if order.shop_id == shop.shop_id
        and order.ship_by is not None
        and start < (order.created if order.paid is None else order.paid) <= end
    }
    return ready | {one.order.sn for one in unfulfilled(world, shop, start, end)}


def percent(part: int, whole: int) -> Decimal | None:
    """Give a rate in percent with two decimals, None when there is nothing to measure."""
    if whole == 0:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def failure_rate(world: World, shop: Shop, end: int, kinds: set[int]) -> Decimal | None:
    """Give the share of orders that failed in one of these ways in the seven days before `end`."""
    failed = {one.order.sn for one in unfulfilled(world, shop, end - WEEK, end) if one.kind in kinds}
    return percent(len(failed), len(all_orders(world, shop, end - WEEK, end)))


def shipped(world: World, shop: Shop, start: int, end: int) -> list[Order]:
    """List the orders the carrier took in a period."""
    return [
        order
        for order in world.orders.values()
        if order.shop_id == shop.shop_id and order.pickup_done is not None and start < order.pickup_done <= end
    ]


def late_orders(world: World, shop: Shop) -> list[Order]:
    """List the orders that still wait although their ship-by date is past."""
    return [
        order
        for order in world.orders.values()
        if order.shop_id == shop.shop_id
        and order.status in {"READY_TO_SHIP", "PROCESSED", "RETRY_SHIP"}
        and order.ship_by is not None
        and order.ship_by < world.now()
    ]


# points


def quarter_start(now: int) -> int:
    """Tell when the present quarter began: 00:00 UTC+8 of the first Monday of January, April, July, October."""
    local = datetime.fromtimestamp(now, UTC) + _BEIJING
    year, month = local.year, (local.month - 1) // 3 * 3 + 1
    while True:
        first = datetime(year, month, 1, tzinfo=UTC)
        monday = first + timedelta(days=-first.weekday() % 7)
        if monday <= local:
            return int((monday - _BEIJING).timestamp())
        year, month = (year, month - 3) if month > 3 else (year - 1, 10)


def points_of(world: World, shop: Shop) -> int:
    """Add up a shop's points of the present quarter."""
    start = quarter_start(world.now())
    return sum(one.points for one in world.points if one.shop_id == shop.shop_id and one.at >= start)


def _tier(points: int) -> int:
    return sum(points >= step for step in TIERS)


def issue_points(world: World, shop: Shop, points: int, violation_type: int) -> None:
    """Give a shop penalty points; push 28, and the consequences when a tier is reached."""
    now = world.now()
    before = _tier(points_of(world, shop))
    world.points.append(PenaltyPoints(shop.shop_id, now, points, violation_type, world.number(18)))
    issued = {"issued_points": points, "violation_type": violation_type}
    world.push(28, {"action_type": 1, "points_issued_data": issued, "update_time": now}, shop=shop)
    after = _tier(points_of(world, shop))
    if after > before:
        reference = world.number(18)
        for kind in CONSEQUENCES[after]:
            world.punishments.append(Punishment(shop.shop_id, now, now, now + TIER_LIFE, kind, after, reference))
        moved = {"old_tier": before, "new_tier": after}
        world.push(28, {"action_type": 3, "tier_update_data": moved, "update_time": now}, shop=shop)


def arm_weekly(world: World) -> None:
    """Evaluate every shop each Monday at 00:00 UTC+8."""
    local = datetime.fromtimestamp(world.now(), UTC) + _BEIJING
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight + timedelta(days=7 - local.weekday())

    def evaluate() -> None:
        for shop in world.shops.values():
            _evaluate(world, shop)
        arm_weekly(world)

    world.later(int((monday - _BEIJING).timestamp()), evaluate)


def _evaluate(world: World, shop: Shop) -> None:
    now = world.now()
    rate = failure_rate(world, shop, now, {1, 2, 3})
    if rate is not None and rate > NFR_TARGET:
        many = len(unfulfilled(world, shop, now - WEEK, now)) > MANY_UNFULFILLED
        issue_points(world, shop, 2 if many else 1, HIGH_NFR)

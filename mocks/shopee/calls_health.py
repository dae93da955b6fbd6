"""Account health calls (API.md section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from mocks.shopee import health
from mocks.shopee.calling import Call, Reply
from mocks.shopee.errors import ApiError, wrong
from mocks.shopee.model import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.shopee.calling import Context
    from mocks.shopee.model import Order, Shop
    from mocks.shopee.params import Params
    from mocks.shopee.world import World

    Measure = Callable[[World, Shop, int], Decimal | None]

FULFILMENT, LISTING, SERVICE = 1, 2, 3
NUMBER, PERCENT, DAYS = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the report; `measure` gives its value for the seven days before an instant."""

    number: int
    name: str
    kind: int
    parent: int
    unit: int
    comparator: str
    target: Decimal
    measure: Measure


def _failures(*kinds: int) -> Measure:
    return lambda world, shop, end: health.failure_rate(world, shop, end, set(kinds))


def _late_rate(world: World, shop: Shop, end: int) -> Decimal | None:
    orders = health.shipped(world, shop, end - health.WEEK, end)
    return health.percent(sum(_was_late(order) for order in orders), len(orders))


def _was_late(order: Order) -> bool:
    return order.ship_by is not None and order.pickup_done is not None and order.pickup_done > order.ship_by


def _preparation(world: World, shop: Shop, end: int) -> Decimal | None:
    orders = health.shipped(world, shop, end - health.WEEK, end)
    spans = [(order.pickup_done or 0) - (order.created if order.paid is None else order.paid) for order in orders]
    if not spans:
        return None
    return (Decimal(sum(max(span, 0) for span in spans)) / len(spans) / DAY).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _fast(world: World, shop: Shop, end: int) -> Decimal | None:
    orders = health.shipped(world, shop, end - health.WEEK, end)
    fast = [one for one in orders if (one.pickup_done or 0) - (one.created if one.paid is None else one.paid) <= DAY]
    return health.percent(len(fast), len(orders))


def _answered(world: World, shop: Shop, _end: int) -> Decimal | None:
    chats = [chat for chat in world.chats.values() if chat.shop_id == shop.shop_id and chat.messages]
    answered = [chat for chat in chats if chat.messages[-1]["from_id"] == chat.shop_id]
    return health.percent(len(answered), len(chats))


def _never(_world: World, _shop: Shop, _end: int) -> Decimal | None:
    return None


def _none(_world: World, _shop: Shop, _end: int) -> Decimal | None:
    return Decimal(0)


METRICS = (
    Metric(3, "non_fulfillment_rate", FULFILMENT, 0, PERCENT, "<", Decimal(10), _failures(1, 2, 3)),
    Metric(42, "cancellation_rate", FULFILMENT, 3, PERCENT, "<", Decimal(5), _failures(1, 2)),
    Metric(43, "return_refund_rate", FULFILMENT, 3, PERCENT, "<", Decimal(5), _failures(3)),
    Metric(1, "late_shipment_rate", FULFILMENT, 0, PERCENT, "<", Decimal(10), _late_rate),
    Metric(4, "preparation_time", FULFILMENT, 0, DAYS, "<", Decimal(2), _preparation),
    Metric(25, "fast_handover_rate", FULFILMENT, 0, PERCENT, ">=", Decimal(60), _fast),
    Metric(52, "severe_listing_violations", LISTING, 0, NUMBER, "<=", Decimal(0), _none),
    Metric(11, "response_rate", SERVICE, 0, PERCENT, ">=", Decimal(70), _answered),
    Metric(21, "response_time", SERVICE, 0, DAYS, "<", Decimal(1), _never),
    Metric(22, "shop_rating", SERVICE, 0, NUMBER, ">=", Decimal("4.5"), _never),
)


def _meets(metric: Metric, value: Decimal | None) -> bool:
    if value is None:
        return True
    match metric.comparator:
        case "<":
            return value < metric.target
        case "<=":
            return value <= metric.target
        case _:
            return value >= metric.target


def get_shop_performance(ctx: Context, _params: Params) -> Reply:
    """Report the shop's metrics of the last seven days and the seven before."""
    now = ctx.world.now()
    rows = []
    failed = {FULFILMENT: 0, LISTING: 0, SERVICE: 0}
    for metric in METRICS:
        current = metric.measure(ctx.world, ctx.shop, now)
        failed[metric.kind] += not _meets(metric, current)
        rows.append(
            {
                "metric_type": metric.kind,
                "metric_id": metric.number,
                "parent_metric_id": metric.parent,
                "metric_name": metric.name,
                "current_period": current,
                "last_period": metric.measure(ctx.world, ctx.shop, now - health.WEEK),
                "unit": metric.unit,
                "target": {"value": metric.target, "comparator": metric.comparator},
            }
        )
    overall = {
        "rating": max(1, 4 - sum(failed.values())),
        "fulfillment_failed": failed[FULFILMENT],
        "listing_failed": failed[LISTING],
        "custom_service_failed": failed[SERVICE],
    }
    return Reply({"overall_performance": overall, "metric_list": rows})


def _paged(params: Params) -> Callable[[list[Any]], list[Any]]:
    page = params.optional_number("page_no", 1)
    size = params.page_size(default=20)
    if page < 1:
        raise wrong("page_no must be 1 or greater.")
    return lambda rows: rows[(page - 1) * size : page * size]


def get_metric_source_detail(ctx: Context, params: Params) -> Reply:
    """Name the orders behind a rate: 1 late, 3 not fulfilled, 42 cancelled, 43 returned."""
    metric = params.number("metric_id")
    paged = _paged(params)
    now = ctx.world.now()
    failures = health.unfulfilled(ctx.world, ctx.shop, now - health.WEEK, now)
    rows: list[dict[str, Any]]
    match metric:
        case 1:
            key, rows = "lsr_order_list", [_late_row(order) for order in _late(ctx, now)]
        case 3:
            key = "nfr_order_list"
            rows = [_failure_row(one, "non_fulfillment_type") for one in failures]
        case 42:
            key = "cancellation_order_list"
            rows = [_failure_row(one, "cancellation_type") for one in failures if one.kind != 3]
        case 43:
            key = "return_refund_order_list"
            rows = [{"order_sn": one.order.sn, "detailed_reason": one.detail} for one in failures if one.kind == 3]
        case _:
            raise ApiError("SERVER_ERROR")
    return Reply({"metrics_id": metric, key: paged(rows), "total_count": len(rows)})


def _late(ctx: Context, now: int) -> list[Order]:
    orders = health.shipped(ctx.world, ctx.shop, now - health.WEEK, now)
    return [order for order in orders if _was_late(order)]


def _late_row(order: Order) -> dict[str, Any]:
    deadline, done = order.ship_by or 0, order.pickup_done or 0
    return {
        "order_sn": order.sn,
        "shipping_deadline": deadline,
        "actual_shipping_time": done,
        "late_by_days": -(-(done - deadline) // DAY),
    }


def _failure_row(one: health.Unfulfilled, kind_name: str) -> dict[str, Any]:
    return {"order_sn": one.order.sn, kind_name: one.kind, "detailed_reason": one.detail}


def get_penalty_point_history(ctx: Context, params: Params) -> Reply:
    """List the points of the present quarter, newest first."""
    paged = _paged(params)
    wanted = params.optional_number("violation_type", 0)
    start = health.quarter_start(ctx.world.now())
    rows = [
        {
            "issue_time": one.at,
            "latest_point_num": one.points,
            "original_point_num": one.points,
            "reference_id": one.reference_id,
            "violation_type": one.violation_type,
        }
        for one in reversed(ctx.world.points)
        if one.shop_id == ctx.shop.shop_id and one.at >= start and wanted in {0, one.violation_type}
    ]
    return Reply({"penalty_point_list": paged(rows), "total_count": len(rows)})


def get_punishment_history(ctx: Context, params: Params) -> Reply:
    """List the ongoing (1) or ended (2) consequences, newest first."""
    status = params.number("punishment_status")
    if status not in {1, 2}:
        raise wrong("punishment_status is invalid.")
    paged = _paged(params)
    now = ctx.world.now()
    rows = [
        {
            "issue_time": one.issued,
            "start_time": one.start,
            "end_time": one.end,
            "punishment_type": one.punishment_type,
            "reason": one.tier,
            "reference_id": one.reference_id,
        }
        for one in reversed(ctx.world.punishments)
        if one.shop_id == ctx.shop.shop_id and (one.end > now) is (status == 1)
    ]
    return Reply({"punishment_list": paged(rows), "total_count": len(rows)})


def get_late_orders(ctx: Context, params: Params) -> Reply:
    """List the orders that wait past their ship-by date."""
    paged = _paged(params)
    now = ctx.world.now()
    rows = [
        {
            "order_sn": order.sn,
            "shipping_deadline": order.ship_by,
            "late_by_days": -(-(now - (order.ship_by or now)) // DAY),
        }
        for order in health.late_orders(ctx.world, ctx.shop)
    ]
    return Reply({"late_order_list": paged(rows), "total_count": len(rows)})


def get_listings_with_issues(_ctx: Context, params: Params) -> Reply:
    """List the listings with issues: the simulated shops have none."""
    _paged(params)
    return Reply({"listing_list": [], "total_count": 0})


CALLS = {
    "account_health/get_shop_performance": Call("GET", "shop", get_shop_performance),
    "account_health/get_metric_source_detail": Call("GET", "shop", get_metric_source_detail),
    "account_health/get_penalty_point_history": Call("GET", "shop", get_penalty_point_history),
    "account_health/get_punishment_history": Call("GET", "shop", get_punishment_history),
    "account_health/get_late_orders": Call("GET", "shop", get_late_orders),
    "account_health/get_listings_with_issues": Call("GET", "shop", get_listings_with_issues),
}

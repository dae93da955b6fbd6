"""Penalty points and performance as Shopee tells them for a shop (API.md section 9). Targets are the shop's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapters.shopee.client import read
from adapters.shopee.payloads import content_of, rows_of, text_of
from gateway.errors import DataError
from gateway.ports import Channel, Metric, StoreHealth

_POINTS, _METRICS = "account_health.get_penalty_point_history", "account_health.get_shop_performance"
_UNITS = {"1": "number", "2": "percent", "3": "second", "4": "day", "5": "hour"}
_PAGE, _MOST_PAGES = 100, 100


async def read_health(channel: Channel) -> StoreHealth:
    """Return the points of the current quarter, as they stand after appeals, and every metric.

    Raises DataError when an answer cannot be read: a sum of half the points would be a lie.
    """
    content = content_of(await channel.send(read(_METRICS)), _METRICS)
    metrics = [_metric(row) for row in rows_of(content, "metric_list", _METRICS) if isinstance(row, dict)]
    return StoreHealth(await _penalty_points(channel), metrics)


async def _penalty_points(channel: Channel) -> int:
    points = 0
    seen = 0
    for page in range(1, _MOST_PAGES + 1):
        content = content_of(await channel.send(read(_POINTS, page_no=page, page_size=_PAGE)), _POINTS)
        rows = rows_of(content, "penalty_point_list", _POINTS)
        for row in rows:
            left = row.get("latest_point_num") if isinstance(row, dict) else None
            if not isinstance(left, int):
                raise DataError(f"Shopee's answer to {_POINTS} has an entry without latest_point_num. Report it.")
            points += left
        seen += len(rows)
        total = content.get("total_count")
        if not rows or not isinstance(total, int) or seen >= total:
            return points
    raise DataError(f"Shopee's answer to {_POINTS} did not end after {_MOST_PAGES} pages. Report it.")


def _metric(row: dict[str, Any]) -> Metric:
    target = row.get("target")
    goal = None
    if isinstance(target, dict) and _number(target.get("value")) is not None:
        goal = f"{text_of(target, 'comparator')} {_number(target.get('value'))}".strip()
    return Metric(
        metric_id=text_of(row, "metric_id") or text_of(row, "metrics_id"),
        name=text_of(row, "metric_name"),
        value=_number(row.get("current_period")),
        target=goal,
        unit=_UNITS.get(text_of(row, "unit"), text_of(row, "unit")),
    )


def _number(value: Any) -> str | None:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

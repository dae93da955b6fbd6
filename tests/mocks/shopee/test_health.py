"""Sections 9 and 10: performance, its source orders, penalty points and punishments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver, Start


async def performance(api: Api) -> dict[str, Any]:
    return (await api.get("account_health/get_shop_performance")).ok


async def metric(api: Api, metric_id: int) -> dict[str, Any]:
    found = [m for m in (await performance(api))["metric_list"] if m["metric_id"] == metric_id]
    assert len(found) == 1
    entry = found[0]
    assert isinstance(entry, dict)
    return entry


async def source(api: Api, metric_id: int, **params: Any) -> dict[str, Any]:
    asked = {"metric_id": metric_id, "page_no": 1, "page_size": 100, **params}
    return (await api.get("account_health/get_metric_source_detail", **asked)).ok


async def points(api: Api, **params: Any) -> dict[str, Any]:
    asked = {"page_no": 1, "page_size": 100, **params}
    return (await api.get("account_health/get_penalty_point_history", **asked)).ok


async def punishments(api: Api, status: int) -> list[dict[str, Any]]:
    answer = await api.get("account_health/get_punishment_history", punishment_status=status, page_no=1, page_size=100)
    return list(answer.ok["punishment_list"])


async def test_performance_shape(start: Start) -> None:
    api = await start(orders=40)
    found = await performance(api)
    overall = found["overall_performance"]
    assert {"rating", "fulfillment_failed", "listing_failed", "custom_service_failed"} <= overall.keys()
    assert overall["rating"] in {1, 2, 3, 4}
    for entry in found["metric_list"]:
        assert entry["metric_type"] in {1, 2, 3}
        assert entry["unit"] in {1, 2, 3, 4, 5}
        assert isinstance(entry["current_period"], float | int | None)
        assert isinstance(entry["last_period"], float | int | None)
        assert entry["target"]["comparator"] in {"<", "<=", ">", ">=", "="}
        assert "value" in entry["target"]
        assert entry["metric_name"]


@pytest.mark.parametrize(
    ("metric_id", "target"), [(3, 10), (42, 5), (43, 5), (1, 10)], ids=["NFR", "cancel", "return", "late"]
)
async def test_targets_come_in_the_answer(api: Api, metric_id: int, target: float) -> None:
    """The vendor's sample targets; a client reads them, so they must be there."""
    entry = await metric(api, metric_id)
    assert (entry["target"]["value"], entry["target"]["comparator"], entry["unit"]) == (target, "<", 2)


async def test_parents(api: Api) -> None:
    assert (await metric(api, 42))["parent_metric_id"] == 3
    assert (await metric(api, 43))["parent_metric_id"] == 3


@pytest.mark.parametrize("metric_id", [4, 25, 11, 21, 22])
async def test_the_other_metrics_are_there(api: Api, metric_id: int) -> None:
    assert (await metric(api, metric_id))["metric_id"] == metric_id


async def test_a_sellers_cancellation_counts_and_a_buyers_does_not(api: Api) -> None:
    for _ in range(8):
        await api.order()
    by_seller, by_buyer = await api.order(), await api.order()
    assert (await api.cancel(by_seller, "OUT_OF_STOCK")).error == ""
    await api.act(by_buyer, "buyer_requests_cancellation", reason="Others")
    answer = await api.post("order/handle_buyer_cancellation", {"order_sn": by_buyer, "operation": "ACCEPT"})
    assert answer.error == ""
    failed = (await source(api, 3))["nfr_order_list"]
    assert [(o["order_sn"], o["non_fulfillment_type"], o["detailed_reason"]) for o in failed] == [(by_seller, 2, 10005)]
    cancelled = await source(api, 42)
    assert [(o["order_sn"], o["cancellation_type"]) for o in cancelled["cancellation_order_list"]] == [(by_seller, 2)]
    assert cancelled["total_count"] == 1
    assert (await metric(api, 42))["current_period"] > 0
    assert (await metric(api, 3))["current_period"] > 0


async def test_a_system_cancellation_counts(api: Api) -> None:
    order_sn = await api.order()
    await api.act(order_sn, "platform_cancels", reason="Seller did not Ship")
    failed = (await source(api, 3))["nfr_order_list"]
    assert [(o["order_sn"], o["non_fulfillment_type"], o["detailed_reason"]) for o in failed] == [(order_sn, 1, 10012)]


async def test_returns_by_the_sellers_fault_count(api: Api) -> None:
    order_sn, return_sn = await api.returned(reason="WRONG_ITEM")
    assert (await api.post("returns/confirm", {"return_sn": return_sn})).error == ""
    listed = (await source(api, 43))["return_refund_order_list"]
    assert [o["order_sn"] for o in listed] == [order_sn]
    failed = (await source(api, 3))["nfr_order_list"]
    assert [(o["order_sn"], o["non_fulfillment_type"]) for o in failed] == [(order_sn, 3)]


async def test_source_pages(api: Api) -> None:
    made = set()
    for _ in range(3):
        order_sn = await api.order()
        assert (await api.cancel(order_sn, "OUT_OF_STOCK")).error == ""
        made.add(order_sn)
    first = await source(api, 42, page_size=2)
    second = await source(api, 42, page_size=2, page_no=2)
    listed = [o["order_sn"] for o in first["cancellation_order_list"] + second["cancellation_order_list"]]
    assert (len(first["cancellation_order_list"]), first["total_count"]) == (2, 3)
    assert sorted(listed) == sorted(made)


VIOLATIONS = [5, 6, 7, 8, 23, 25, 3060, 3068, 3145]


@pytest.mark.parametrize("violation_type", VIOLATIONS)
async def test_points_issued(api: Api, violation_type: int) -> None:
    await api.store_act("platform_issues_points", points=2, violation_type=violation_type)
    found = await points(api)
    assert found["total_count"] == 1
    entry = found["penalty_point_list"][0]
    assert entry["violation_type"] == violation_type
    assert (entry["original_point_num"], entry["latest_point_num"]) == (2, 2)
    assert entry["issue_time"] == await api.now()
    assert entry["reference_id"]
    assert (await points(api, violation_type=violation_type))["total_count"] == 1
    other = 5 if violation_type != 5 else 6
    assert (await points(api, violation_type=other))["total_count"] == 0


async def test_points_of_one_shop_are_its_own(api: Api) -> None:
    await api.store_act("platform_issues_points", points=1, violation_type=6)
    other = await api.get("account_health/get_penalty_point_history", api.stores[1], page_no=1, page_size=10)
    assert other.ok["penalty_point_list"] == []


@pytest.mark.parametrize(("total", "tier"), [(3, 1), (6, 2), (9, 3), (12, 4), (15, 5)])
async def test_tiers_bring_punishments_of_28_days(api: Api, total: int, tier: int) -> None:
    assert await punishments(api, 1) == []
    await api.store_act("platform_issues_points", points=total, violation_type=6)
    ongoing = await punishments(api, 1)
    assert ongoing
    assert max(p["reason"] for p in ongoing) == tier
    known = {103, 602, 104, 600, 105, 106, 107, 108, 109, 1109, 1110, 1111, 1112, 2008}
    for entry in ongoing:
        assert entry["punishment_type"] in known
        assert entry["end_time"] - entry["start_time"] == 28 * 86_400
        assert entry["reference_id"]


async def test_below_three_points_nothing_happens(api: Api) -> None:
    await api.store_act("platform_issues_points", points=2, violation_type=6)
    assert await punishments(api, 1) == []


async def test_punishments_end(api: Api) -> None:
    await api.store_act("platform_issues_points", points=3, violation_type=6)
    await api.advance("P28DT1H")
    store = await api.renewed()
    lists = {}
    for status in (1, 2):
        answer = await api.get(
            "account_health/get_punishment_history", store, punishment_status=status, page_no=1, page_size=10
        )
        lists[status] = answer.ok["punishment_list"]
    assert lists[1] == []
    assert lists[2]


async def test_push_28_tells_of_points_and_of_the_tier(api: Api, pushed: Receiver) -> None:
    await api.store_act("platform_issues_points", points=3, violation_type=5)
    await pushed.expect(28, 2)
    issued = next(d.body for d in pushed.of(28) if d.body["data"]["action_type"] == 1)
    assert issued["shop_id"] == api.store["shop_id"]
    assert issued["data"]["points_issued_data"] == {"issued_points": 3, "violation_type": 5}
    tier = next(d.body for d in pushed.of(28) if d.body["data"]["action_type"] == 3)
    assert tier["data"]["tier_update_data"] == {"old_tier": 0, "new_tier": 1}


async def test_late_orders_and_listings(api: Api) -> None:
    order_sn = await api.order()
    assert (await api.get("account_health/get_late_orders", page_no=1, page_size=10)).error == ""
    listings = await api.get("account_health/get_listings_with_issues", page_no=1, page_size=10)
    assert listings.error == ""
    deadline = (await api.detail(order_sn))["ship_by_date"]
    await api.advance(f"PT{deadline - await api.now() + 60}S")
    store = await api.renewed()
    late = (await api.get("account_health/get_late_orders", store, page_no=1, page_size=10)).ok
    entries = next(v for v in late.values() if isinstance(v, list))
    assert [o["order_sn"] for o in entries] == [order_sn]

"""Returns as list and detail tell them, and the shop's health (API.md sections 8 and 9)."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.shopee import adapter
from adapters.shopee.after_sales import read_after_sales
from gateway.errors import DataError
from gateway.ports import Window

LIST, DETAIL = "returns.get_return_list", "returns.get_return_detail"
POINTS, METRICS = "account_health.get_penalty_point_history", "account_health.get_shop_performance"
START = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def one(rows: Any, **changes: Any) -> Any:
    page = read_after_sales([rows.returned(**changes)], rows.shop(), None)
    assert not page.bad, page.bad
    assert not page.unmapped, page.unmapped
    return page.after_sales[0]


async def test_the_list_is_asked_by_update_time_from_page_zero(paper: Any, rows: Any) -> None:
    shop = paper(
        {
            LIST: [
                rows.wrapped({"more": True, "return": [rows.returned()]}),
                rows.wrapped({"more": False, "return": None}),
            ]
        }
    )
    window = Window(START, START + timedelta(days=15))
    first = await adapter.list_after_sales(shop, window, None)
    assert (first.next_page, [each.request_id for each in first.after_sales]) == ("1", ["2603100000000R1"])
    assert orjson.loads(first.raws[0].body) == rows.returned()
    second = await adapter.list_after_sales(shop, window, first.next_page)
    assert (second.next_page, list(second.after_sales)) == (None, [])
    call = shop.calls[0]
    assert (call.method, call.path, call.effect) == ("GET", "/api/v2/returns/get_return_list", False)
    assert call.query == (
        ("page_no", "0"),
        ("page_size", "100"),
        ("update_time_from", "1772323200"),
        ("update_time_to", "1773619200"),
    )
    assert dict(shop.calls[1].query)["page_no"] == "1"


@pytest.mark.parametrize("content", [None, {"more": False}, {"return": "x"}])
async def test_a_list_that_cannot_be_read_is_not_an_empty_one(content: Any, paper: Any, rows: Any) -> None:
    with pytest.raises(DataError):
        await adapter.list_after_sales(
            paper({LIST: [rows.wrapped(content)]}), Window(START, START + timedelta(days=1)), None
        )
    with pytest.raises(DataError):
        await adapter.list_after_sales(paper({}), Window(START, START), "no number")


def test_a_request_with_its_deadlines_and_lines(rows: Any) -> None:
    request = one(
        rows,
        return_ship_due_date=1_773_300_000,
        return_seller_due_date=1_773_400_000,
        tracking_number="RT1",
        negotiation_status=...,
        negotiation={"negotiation_status": "PENDING_RESPOND", "latest_offer_amount": 5.5, "offer_due_date": 9},
        seller_proof_status=...,
        seller_proof={"seller_proof_status": "PENDING", "seller_evidence_deadline": 1_773_500_000},
        seller_compensation_status=...,
        seller_compensation={"seller_compensation_status": "COMPENSATION_NOT_APPLICABLE"},
        validation_type="seller_validation",
        dispute_reason=[41, 42],
    )
    assert (request.store, request.order_id, request.request_id) == ("shop-1", "260310AAAAAAA1", "2603100000000R1")
    assert (request.opened_at, request.updated_at) == (at(1_773_000_000), at(1_773_000_500))
    assert (request.answer_by, request.send_back_by) == (at(1_773_100_000), at(1_773_300_000))
    assert (request.inspect_by, request.evidence_by) == (at(1_773_400_000), at(1_773_500_000))
    assert (request.currency, request.refund_minor, request.tracking_number) == ("SGD", 1234, "RT1")
    assert [(line.line_id, line.quantity, line.refund_minor) for line in request.lines] == [("11:22:11:0", 1, 1234)]
    assert request.raw_details == {
        "negotiation_status": "PENDING_RESPOND",
        "latest_offer_amount": "5.5",
        "offer_due_date": "9",
        "seller_proof_status": "PENDING",
        "seller_compensation_status": "COMPENSATION_NOT_APPLICABLE",
        "validation_type": "seller_validation",
        "dispute_reason": "41,42",
    }
    assert not request.in_order


def test_no_deadline_is_none(rows: Any) -> None:
    request = one(rows, due_date=0, return_ship_due_date=None, return_seller_due_date=...)
    assert (request.answer_by, request.send_back_by, request.inspect_by, request.evidence_by) == (None,) * 4


@pytest.mark.parametrize("reason", [2, [], ["UNKNOWN"], [2, 3], None, ...])
def test_dispute_reasons_come_as_number_or_list(reason: Any, rows: Any) -> None:
    told = {2: "2", "[]": "", "['UNKNOWN']": "UNKNOWN", "[2, 3]": "2,3"}
    expected = told.get(reason if isinstance(reason, int) else str(reason), "")
    assert one(rows, dispute_reason=reason).raw_details.get("dispute_reason", "") == expected


@pytest.mark.parametrize(
    ("changes", "goods"),
    [
        ({"return_solution": 1}, "not_returning"),
        ({"return_solution": ..., "needs_logistics": False}, "not_returning"),
        ({"return_solution": ...}, "unknown"),
        ({}, "not_returning"),
        ({"status": "CANCELLED"}, "not_returning"),
        ({"status": "PROCESSING"}, "unknown"),
        ({"status": "PROCESSING", "reverse_logistics_status": "LOGISTICS_REQUEST_CREATED"}, "to_send_back"),
        ({"status": "PROCESSING", "reverse_logistic_status": "LOGISTICS_PICKUP_DONE"}, "sent_back"),
        ({"status": "PROCESSING", "logistics_status": "LOGISTICS_PENDING_ARRANGE"}, "to_send_back"),
        ({"status": "PROCESSING", "logistics_status": "LOGISTICS_NOT_STARTED"}, "to_send_back"),
        ({"status": "ACCEPTED", "reverse_logistics_status": "LOGISTICS_DELIVERY_DONE"}, "received"),
        ({"status": "REQUESTED", "reverse_logistics_status": "LOGISTICS_NOT_START"}, "not_returning"),
        ({"status": "SELLER_DISPUTE", "reverse_logistics_status": "LOGISTICS_LOST"}, "sent_back"),
    ],
)
def test_where_the_goods_are(changes: dict[str, Any], goods: str, rows: Any) -> None:
    assert one(rows, **changes).goods == goods


@pytest.mark.parametrize(
    ("word", "dispute"),
    [("REQUESTED", "opened"), ("APPROVED", "decided"), ("REJECTED", "decided"), ("CANCELLED", "none")],
)
def test_a_claim_for_compensation_is_a_dispute(word: str, dispute: str, rows: Any) -> None:
    assert one(rows, status="ACCEPTED", seller_compensation_status=word).dispute == dispute


def test_a_return_of_unknown_way_is_told(rows: Any) -> None:
    page = read_after_sales([rows.returned(logistics_status="LOGISTICS_FLYING")], rows.shop(), None)
    assert page.after_sales[0].goods == "unknown"
    assert [(each.where, each.word) for each in page.unmapped] == [("reverse_logistics_status", "LOGISTICS_FLYING")]


def test_a_bad_return_does_not_sink_its_page(rows: Any) -> None:
    page = read_after_sales(
        [
            rows.returned(return_sn="R1"),
            rows.returned(return_sn="R2", refund_amount="1.234"),
            rows.returned(return_sn="R3", due_date="soon"),
            rows.returned(return_sn="R4", currency=None),
            7,
        ],
        rows.shop(),
        "1",
    )
    assert [each.request_id for each in page.after_sales] == ["R1"]
    assert [(bad.external_id, bad.reason.split(":")[0]) for bad in page.bad] == [
        ("R2", "refund_amount"),
        ("R3", "0.due_date"),
        ("R4", "currency"),
        ("", "0"),
    ]
    assert page.next_page == "1"


async def test_detail_is_one_call(paper: Any, rows: Any) -> None:
    shop = paper({DETAIL: [rows.wrapped(rows.returned())]})
    page = await adapter.fetch_after_sale(shop, "2603100000000R1")
    assert [each.request_id for each in page.after_sales] == ["2603100000000R1"]
    assert page.next_page is None
    assert shop.calls[0].query == (("return_sn", "2603100000000R1"),)


SCRAP = st.sampled_from([None, "", 0, -1, "word", [], {}, [None], True, 10**20, 1.5])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(draw=st.data())
def test_mapping_never_raises_on_thinned_returns(draw: Any, rows: Any) -> None:
    whole = rows.returned(
        negotiation={"negotiation_status": "TERMINATED"},
        seller_proof={"seller_proof_status": "PENDING", "seller_evidence_deadline": 5},
        reverse_logistics_status="LOGISTICS_LOST",
        dispute_reason=[1],
    )
    row = copy.deepcopy(whole)
    for name in draw.draw(st.lists(st.sampled_from(sorted(whole)), max_size=8)):
        if draw.draw(st.booleans()):
            row.pop(name, None)
        else:
            row[name] = draw.draw(SCRAP)
    page = read_after_sales([row, rows.returned(return_sn="GOOD")], rows.shop(), None)
    assert len(page.after_sales) + len(page.bad) == 2
    assert "GOOD" in {each.request_id for each in page.after_sales}


# -- health ----------------------------------------------------------------------------------------------------------


def metric(**changes: Any) -> dict[str, Any]:
    target = {"value": 4.5, "comparator": ">="}
    return {
        "metric_id": 22,
        "metric_name": "shop_rating",
        "current_period": 4.75,
        "unit": 1,
        "target": target,
        **changes,
    }


async def test_points_are_summed_over_pages_as_they_stand_now(paper: Any, rows: Any) -> None:
    points = [{"latest_point_num": 1, "original_point_num": 9}] * 100
    shop = paper(
        {
            METRICS: [rows.wrapped({"metric_list": [metric(), metric(metric_id=3, current_period=None, unit=2)]})],
            POINTS: [
                rows.wrapped({"penalty_point_list": points, "total_count": 101}),
                rows.wrapped({"penalty_point_list": [{"latest_point_num": 2}], "total_count": 101}),
            ],
        }
    )
    health = await adapter.read_health(shop)
    assert health.penalty_points == 102
    assert [(each.metric_id, each.value, each.target, each.unit) for each in health.metrics] == [
        ("22", "4.75", ">= 4.5", "number"),
        ("3", None, ">= 4.5", "percent"),
    ]
    assert [dict(call.query) for call in shop.calls[1:]] == [
        {"page_no": "1", "page_size": "100"},
        {"page_no": "2", "page_size": "100"},
    ]
    assert not shop.writes


async def test_a_shop_without_points_has_none(paper: Any, rows: Any) -> None:
    none = rows.wrapped({"penalty_point_list": [], "total_count": 0})
    shop = paper({METRICS: [rows.wrapped({"metric_list": []})], POINTS: [none]})
    assert (await adapter.read_health(shop)).penalty_points == 0


@pytest.mark.parametrize("content", [None, {}, {"penalty_point_list": [{"latest_point_num": None}], "total_count": 1}])
async def test_points_that_cannot_be_read_are_no_zero(content: Any, paper: Any, rows: Any) -> None:
    shop = paper({METRICS: [rows.wrapped({"metric_list": []})], POINTS: [rows.wrapped(content)]})
    with pytest.raises(DataError):
        await adapter.read_health(shop)

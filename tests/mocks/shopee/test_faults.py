"""MOCKS.md: each fault of a call, whether the write is applied under it, and which calls it hits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api


async def sent_cancel(api: Api, order_sn: str) -> tuple[int, bytes]:
    path = "/api/v2/order/cancel_order"
    query = {k: str(v) for k, v in (await api.shop_query(path)).items()}
    body = {"order_sn": order_sn, "cancel_reason": "CUSTOMER_REQUEST"}
    async with api.http.post(api.base_url + path, params=query, json=body) as answer:
        return answer.status, await answer.read()


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        ("timeout_before", False),
        ("timeout_after", True),
        ("http_500", False),
        ("http_429", False),
        ("rate_limit_code", False),
        ("html_body", False),
        ("truncated_json", True),
        ("slow", True),
        ("reset", False),
    ],
)
async def test_fault(api: Api, fault: str, applied: bool) -> None:
    order_sn = await api.order()
    row: dict[str, Any] = {"operation": "order/cancel_order", "fault": fault, "times": 1}
    if fault in {"slow", "timeout_before", "timeout_after"}:
        row["ms"] = 50
    await api.faults(row)
    if fault in {"timeout_before", "timeout_after", "reset"}:
        with pytest.raises((aiohttp.ClientError, ConnectionError, TimeoutError)):
            await sent_cancel(api, order_sn)
    else:
        status, text = await sent_cancel(api, order_sn)
        if fault == "http_500":
            assert status == 500
        elif fault == "http_429":
            assert status == 429
        elif fault == "rate_limit_code":
            assert json.loads(text)["error"] == "error_rate_limit"
        elif fault == "html_body":
            assert b"<html" in text.lower()
        elif fault == "truncated_json":
            with pytest.raises(ValueError, match=r".+"):
                json.loads(text)
        else:
            assert json.loads(text)["error"] == ""
    if fault != "html_body":  # MOCKS.md leaves open whether a page was shown before or after
        assert (await api.status(order_sn) == "CANCELLED") is applied
        assert [e["order_id"] for e in await api.effects("order/cancel_order")] == [order_sn] * applied
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""


async def test_fault_times_and_glob(api: Api) -> None:
    await api.faults({"operation": "order/get_*", "fault": "rate_limit_code", "times": 2})
    codes = [(await api.get("order/get_shipment_list", page_size=1)).error for _ in range(3)]
    assert codes == ["error_rate_limit", "error_rate_limit", ""]


async def test_fault_glob_leaves_the_others_alone(api: Api) -> None:
    await api.faults({"operation": "returns/*", "fault": "rate_limit_code", "times": 1})
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""
    assert (await api.get("returns/get_return_list", page_no=1, page_size=1)).error == "error_rate_limit"


async def test_fault_probability(api: Api) -> None:
    await api.faults({"operation": "order/*", "fault": "rate_limit_code", "probability": 0.5, "times": 1000})
    codes = [(await api.get("order/get_shipment_list", page_size=1)).error for _ in range(40)]
    assert 5 < codes.count("error_rate_limit") < 35


async def test_faults_can_be_deleted(api: Api) -> None:
    await api.faults({"operation": "*", "fault": "rate_limit_code", "times": 100})
    assert (await api.get("order/get_shipment_list", page_size=1)).error == "error_rate_limit"
    await api.control_ok("DELETE", "/faults")
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""


async def test_unknown_fault_is_refused(api: Api) -> None:
    status, answer = await api.control("POST", "/faults", [{"operation": "*", "fault": "meteor", "times": 1}])
    assert status == 400
    assert answer["error"]


async def test_faults_do_not_hit_the_control_api(api: Api) -> None:
    await api.faults({"operation": "*", "fault": "http_500", "times": 10})
    assert await api.effects() == []

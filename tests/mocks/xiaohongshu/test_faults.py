"""MOCKS.md: each fault of a call, whether the write is applied under it, and which calls it hits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api

URL = "/ark/open_api/v3/common_controller"


async def sent_audit(api: Api, returns_id: str) -> tuple[int, bytes]:
    fields = {
        **await api.system("afterSale.auditReturns"),
        "accessToken": api.stores[0]["access_token"],
        "returnsId": returns_id,
        "action": 1,
    }
    async with api.http.post(api.base_url + URL, json=fields) as answer:
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
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    row: dict[str, Any] = {"operation": "afterSale.auditReturns", "fault": fault, "times": 1}
    if fault in {"slow", "timeout_before", "timeout_after"}:
        row["ms"] = 5
    await api.faults(row)
    if fault in {"timeout_before", "timeout_after", "reset"}:
        with pytest.raises(aiohttp.ClientError):
            await sent_audit(api, returns_id)
    else:
        status, raw = await sent_audit(api, returns_id)
        if fault == "http_500":
            assert status == 500
        elif fault == "http_429":
            assert (status, json.loads(raw)["error_code"]) == (429, -9013)
        elif fault == "rate_limit_code":
            assert (status, json.loads(raw)["error_code"]) == (200, -9013)
        elif fault == "slow":
            assert json.loads(raw)["success"] is True
        else:
            assert status == (502 if fault == "html_body" else 200)
            with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
                json.loads(raw)
    assert (await api.truth(order_id))["status"] == ("9" if applied else "4")
    assert len(await api.effects()) == int(applied)


@pytest.mark.parametrize("glob", ["order.getOrderDetail", "getOrderDetail", "order.*", URL, "*"])
async def test_faults_are_matched_by_the_method_in_the_body(api: Api, glob: str) -> None:
    order_id = await api.order()
    await api.faults({"operation": glob, "fault": "platform_error", "code": "-5", "message": "坏", "times": 1})
    (await api.call("order.getOrderDetail", orderId=order_id)).refused(-5, "坏")
    assert (await api.call("order.getOrderDetail", orderId=order_id)).ok


async def test_other_methods_are_left_alone(api: Api) -> None:
    await api.faults({"operation": "order.*", "fault": "http_500"})
    assert (await api.call("common.getExpressCompanyList")).ok


async def test_errors_of_the_table_by_their_name(api: Api) -> None:
    await api.faults({"operation": "*", "fault": "platform_error", "code": "token_expired", "times": 1})
    (await api.call("common.getExpressCompanyList")).refused(None, "accessToken")

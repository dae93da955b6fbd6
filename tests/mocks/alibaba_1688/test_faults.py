"""MOCKS.md: faults, the journal of effects, the control API's own answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api

CANCEL = "alibaba.trade.cancel"


@pytest.mark.parametrize(("fault", "applied"), [("timeout_before", False), ("timeout_after", True), ("reset", False)])
async def test_lost_connections(api: Api, fault: str, applied: bool) -> None:
    order = await api.bought(phase="unpaid")
    await api.faults({"operation": CANCEL, "fault": fault, "times": 1, "ms": 1})
    with pytest.raises(aiohttp.ClientError):
        await api.cancel(order)
    assert (await api.truth(order))["status"] == ("cancel" if applied else "waitbuyerpay")
    assert len(await api.effects(CANCEL)) == int(applied)


@pytest.mark.parametrize(
    ("fault", "status", "content"), [("http_500", 500, "text/plain"), ("html_body", 502, "text/html")]
)
async def test_answers_that_are_none(api: Api, fault: str, status: int, content: str) -> None:
    order = await api.bought(phase="unpaid")
    await api.faults({"operation": f"com.alibaba.trade/{CANCEL}", "fault": fault, "times": 1})
    sent = api.signed(api.path(CANCEL), {"webSite": "1688", "tradeID": order}, api.store["access_token"])
    async with api.http.post(f"{api.base_url}/openapi/{api.path(CANCEL)}", data=sent) as answer:
        assert answer.status == status
        assert answer.content_type == content
    assert await api.effects() == []


async def test_half_an_answer_of_an_applied_call(api: Api) -> None:
    order = await api.bought(phase="unpaid")
    await api.faults({"operation": CANCEL, "fault": "truncated_json", "times": 1})
    with pytest.raises(json.JSONDecodeError):
        await api.cancel(order)
    assert len(await api.effects(CANCEL)) == 1


async def test_limits_by_fault(api: Api) -> None:
    name = "alibaba.trade.getBuyerOrderList"
    await api.faults({"operation": name, "fault": "rate_limit_code", "times": 1})
    coded = await api.call(name)
    assert (coded.http, coded.body["error_code"]) == (200, "gw.QosAppFrequencyLimit")
    await api.faults({"operation": name, "fault": "http_429", "times": 1, "seconds": 7})
    limited = await api.call(name)
    assert (limited.http, limited.headers["Retry-After"]) == (429, "7")
    assert limited.body["error_code"] == "gw.QosAppFrequencyLimit"
    assert (await api.call(name)).ok


@pytest.mark.parametrize(
    ("name", "code", "shape"),
    [
        (CANCEL, "X1", "flat"),
        ("alibaba.trade.createRefund", "4003", "nested"),
        ("alibaba.trade.refund.returnGoods", "4001", "nested_info"),
        ("alibaba.trade.refund.OpQueryOrderRefund", "500", "query"),
        ("alibaba.trade.refund.buyer.queryOrderRefundList", "500", "query_list"),
        ("alibaba.trade.createCrossOrder", "X5", "create"),
        ("alibaba.alipay.url.get", "X6", "pay"),
        (CANCEL, "gw.AppKeyNotFound", "gateway_refused"),
        (CANCEL, "403", "gateway_refused"),
    ],
)
async def test_any_error_comes_in_the_envelope_of_its_api(api: Api, name: str, code: str, shape: str) -> None:
    await api.answers(code, name, "原因")
    getattr(await api.call(name), shape)(code, "原因")


async def test_effects_name_the_call_and_the_order(api: Api) -> None:
    order = await api.bought(phase="unpaid")
    assert (await api.cancel(order)).ok
    (effect,) = await api.effects()
    assert effect["operation"] == "com.alibaba.trade/alibaba.trade.cancel"
    assert (effect["order_id"], effect["at"]) == (order, await api.now())
    assert effect["request_id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/orders/1", None, 404),
        ("GET", "/orders/x", None, 404),
        ("POST", "/orders", {"phase": "on_hold"}, 400),
        ("POST", "/orders", {"role": "agent"}, 400),
        ("POST", "/orders", {"presale": True}, 400),
        ("POST", "/orders", {"store": "b2b-1"}, 400),
        ("POST", "/orders", {"lines": [{"price": "1.234"}]}, 400),
        ("POST", "/orders", {"lines": [{"quantity": 0}]}, 400),
        ("POST", "/orders", {"status": "part_shipped"}, 400),
        ("POST", "/orders", {"counterpart": "b2b-1"}, 400),
        ("POST", "/orders", {"placed_at": 4_000_000_000}, 400),
        ("POST", "/orders", {"colour": "red"}, 400),
        ("POST", "/acts", {"act": "dance"}, 400),
        ("POST", "/acts", {"act": "set_timing", "dinner": "PT1H"}, 400),
        ("POST", "/acts", {"act": "set_stock", "offer_id": "1"}, 400),
        ("POST", "/acts", {"act": "set_rate_limit", "per_second": -1}, 400),
        ("POST", "/acts", {"act": "set_supplier_habit", "answers": "maybe"}, 400),
    ],
)
async def test_wrong_control_requests(api: Api, method: str, path: str, body: Any, status: int) -> None:
    got, said = await api.control(method, path, body)
    assert got == status
    assert said["error"]


async def test_acts_unknown_and_illegal(api: Api) -> None:
    order = await api.order()
    status, said = await api.control("POST", f"/orders/{order}/acts", {"act": "buyer_sings"})
    assert status == 400
    assert "supplier_agrees" in said["error"]
    assert await api.illegal_act(order, "merchant_agrees")


async def test_every_wished_phase_and_status(api: Api) -> None:
    for phase in (
        "unpaid",
        "awaiting_shipment",
        "awaiting_collection",
        "in_transit",
        "delivered",
        "completed",
        "cancelled",
        "closed",
    ):
        assert (await api.truth(await api.order(phase=phase)))["phase"] == phase
    for status in ("waitbuyersign", "confirm_goods", "terminated"):
        assert (await api.truth(await api.order(status=status)))["status"] == status
    part = await api.order(status="part_shipped", lines=[{"price": "1.00"}, {"price": "2.00"}])
    assert (await api.truth(part))["phase"] == "in_transit"


async def test_an_order_as_wished(api: Api) -> None:
    now = await api.now()
    order = await api.bought(
        lines=[{"sku": "A-1", "title": "杯子", "quantity": 3, "price": "9.90"}],
        placed_at=now - 7200,
        paid_at=now - 3600,
        shipping_fee="6.00",
        remark="轻放",
        out_order_id="OUR-9",
    )
    told = await api.truth(order)
    (line,) = told["lines"]
    assert (line["sku"], line["title"], line["quantity"], line["price"]) == ("A-1", "杯子", 3, "9.90")
    assert (told["times"]["created"], told["times"]["paid"], told["times"]["updated"]) == (now - 7200, now - 3600, now)
    assert told["money"] == {"total": "35.70", "shipping": "6.00", "refunded": "0.00"}
    assert (told["out_order_id"], told["remark"], told["store"], told["role"]) == ("OUR-9", "轻放", api.member, "buyer")


async def test_reset_and_the_page(api: Api) -> None:
    order = await api.order(lines=[{"title": "<b>杯</b>"}])
    async with api.http.get(f"{api.control_url}/") as answer:
        page = await answer.text()
    assert order in page
    async with api.http.get(f"{api.control_url}/", params={"order": order}) as answer:
        one = await answer.text()
    assert "merchant_agrees" in one
    assert "supplier_agrees" not in one
    assert "<b>杯</b>" not in page
    assert "set_supplier_habit" in page
    await api.control_ok("POST", "/reset", {"seed": 3, "orders": 12})
    assert len(await api.control_ok("GET", "/orders")) == 12
    assert await api.effects() == []

"""MOCKS.md: the control API, call by call, and the `gateway-mocks` command."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.shopee.conftest import Api, Receiver, Start

SHOPEE_STATUS = {
    "unpaid": "UNPAID",
    "on_hold": "PENDING",
    "awaiting_shipment": "READY_TO_SHIP",
    "awaiting_collection": "PROCESSED",
    "in_transit": "SHIPPED",
    "delivered": "TO_CONFIRM_RECEIVE",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}


def entries(answer: Any) -> list[dict[str, Any]]:
    return list(answer if isinstance(answer, list) else answer["orders"])


# -- credentials ---------------------------------------------------------------------------------------------------


async def test_credentials_are_all_a_client_needs(api: Api) -> None:
    found = api.credentials
    assert isinstance(found["partner_id"], int)
    assert isinstance(found["partner_key"], str)
    assert found["auth_codes"]
    assert len(found["stores"]) >= 2
    for store in found["stores"]:
        assert isinstance(store["shop_id"], int)
        assert {"region", "currency", "access_token", "refresh_token"} <= store.keys()
        assert (await api.get("order/get_shipment_list", store, page_size=1)).error == ""
    currencies = {s["currency"] for s in found["stores"]}
    assert currencies & {"VND", "IDR"}, "a currency without decimals"
    assert currencies - {"VND", "IDR"}, "a currency with decimals"


# -- orders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phase", "status"), SHOPEE_STATUS.items())
async def test_make_an_order_in_a_phase(api: Api, phase: str, status: str) -> None:
    order_sn = await api.order(phase=phase)
    assert await api.status(order_sn) == status
    truth = await api.truth(order_sn)
    assert truth["id"] == order_sn
    assert truth["phase"] == phase


async def test_an_order_of_nothing_waits_for_shipment_in_some_store(api: Api) -> None:
    answer = await api.control_ok("POST", "/orders", {})
    truth = await api.truth(answer["id"])
    assert truth["phase"] == "awaiting_shipment"
    assert truth["store"] in {s["shop_id"] for s in api.stores} | {str(s["shop_id"]) for s in api.stores}


async def test_order_fields(api: Api) -> None:
    now = await api.now()

    def iso(at: int) -> str:
        return datetime.fromtimestamp(at, tz=datetime.fromisoformat("2026-01-01T00:00:00Z").tzinfo).isoformat()

    order_sn = await api.order(
        lines=[{"sku": "MUG-1", "title": "Blue mug", "quantity": 2, "price": 12.5}],
        placed_at=iso(now - 7200),
        paid_at=iso(now - 3600),
        ship_by=iso(now + 86_400),
    )
    detail = await api.detail(order_sn, "pay_time,item_list,total_amount")
    assert detail["create_time"] == now - 7200
    assert detail["pay_time"] == now - 3600
    assert detail["ship_by_date"] == now + 86_400
    (line,) = detail["item_list"]
    assert (line["item_name"], line["model_quantity_purchased"]) == ("Blue mug", 2)
    assert line["model_discounted_price"] == 12.5


async def test_order_list_of_the_truth(start: Start) -> None:
    api = await start(orders=30)
    every = entries(await api.control_ok("GET", "/orders"))
    assert len(every) == 30
    assert len(entries(await api.control_ok("GET", "/orders", query={"limit": "5"}))) == 5
    for status in {o["status"] for o in every}:
        some = entries(await api.control_ok("GET", "/orders", query={"status": status}))
        assert {o["id"] for o in some} == {o["id"] for o in every if o["status"] == status}


async def test_unknown_order_and_broken_wishes(api: Api) -> None:
    assert (await api.control("GET", "/orders/260101NOSUCHSN"))[0] == 404
    assert (await api.control("POST", "/orders/260101NOSUCHSN/acts", {"act": "buyer_pays"}))[0] == 404
    for wish in ({"phase": "flying"}, {"store": 1}, {"lines": "many"}, {"placed_at": "yesterday"}):
        status, answer = await api.control("POST", "/orders", wish)
        assert status == 400, wish
        assert answer["error"], wish
    order_sn = await api.order()
    assert (await api.control("POST", f"/orders/{order_sn}/acts", {"act": "buyer_dances"}))[0] in {400, 409}
    assert (await api.control("POST", f"/orders/{order_sn}/acts", {}))[0] == 400


# -- acts on an order ----------------------------------------------------------------------------------------------

RETURN = ("delivered", ["buyer_requests_return"])
LEGAL: list[tuple[str, str, list[str], str | None]] = [
    # act, phase to begin in, acts before it, Shopee status after it
    ("buyer_pays", "unpaid", [], "READY_TO_SHIP"),
    ("buyer_requests_cancellation", "awaiting_shipment", [], "IN_CANCEL"),
    ("buyer_requests_refund", "delivered", [], "TO_RETURN"),
    ("buyer_requests_return", "delivered", [], "TO_RETURN"),
    ("buyer_withdraws_request", "awaiting_shipment", ["buyer_requests_cancellation"], "READY_TO_SHIP"),
    ("buyer_ships_return", *RETURN, "TO_RETURN"),
    ("buyer_confirms_receipt", "delivered", [], "COMPLETED"),
    ("buyer_replies", "awaiting_shipment", [], "READY_TO_SHIP"),
    ("seller_ships", "awaiting_shipment", [], "PROCESSED"),
    ("carrier_collects", "awaiting_collection", [], "SHIPPED"),
    ("carrier_delivers", "in_transit", [], "TO_CONFIRM_RECEIVE"),
    ("carrier_loses", "in_transit", [], "CANCELLED"),
    ("warehouse_receives_return", "delivered", ["buyer_requests_return", "buyer_ships_return"], None),
    ("platform_cancels", "awaiting_shipment", [], "CANCELLED"),
    ("merchant_closes", "awaiting_shipment", [], "CANCELLED"),
    ("buyer_cancels", "unpaid", ["buyer_pays"], "CANCELLED"),
    ("buyer_changes_address", "awaiting_shipment", [], "READY_TO_SHIP"),
    ("platform_holds", "awaiting_shipment", [], "PENDING"),
    ("platform_releases", "awaiting_shipment", ["platform_holds"], "READY_TO_SHIP"),
]


def details(act: str) -> dict[str, Any]:
    if act == "buyer_replies":
        return {"text": "hello"}
    if act in {"buyer_requests_cancellation", "platform_cancels", "merchant_closes"}:
        return {"reason": {"platform_cancels": "Auto Cancel", "merchant_closes": "OUT_OF_STOCK"}.get(act, "Others")}
    return {"for": "seller"} if act == "platform_decides" else {}


@pytest.mark.parametrize(("act", "phase", "before", "status"), LEGAL, ids=[row[0] for row in LEGAL])
async def test_act(api: Api, act: str, phase: str, before: list[str], status: str | None) -> None:
    order_sn = await api.order(phase=phase)
    for earlier in before:
        await api.act(order_sn, earlier, **details(earlier))
    await api.act(order_sn, act, **details(act))
    if status is not None:
        assert await api.status(order_sn) == status
    assert await api.effects() == [], "acts of others are no writes of the client"


async def test_platform_decides(api: Api) -> None:
    order_sn, return_sn = await api.disputed()
    await api.act(order_sn, "platform_decides", **{"for": "seller"})
    assert (await api.return_detail(return_sn))["status"] not in {"SELLER_DISPUTE", "JUDGING", "REQUESTED"}


ILLEGAL = [
    ("buyer_pays", "awaiting_shipment"),
    ("buyer_requests_cancellation", "in_transit"),
    ("buyer_requests_cancellation", "cancelled"),
    ("buyer_requests_refund", "cancelled"),
    ("buyer_requests_return", "awaiting_shipment"),
    ("buyer_withdraws_request", "awaiting_shipment"),
    ("buyer_ships_return", "delivered"),
    ("buyer_confirms_receipt", "awaiting_shipment"),
    ("seller_ships", "unpaid"),
    ("seller_ships", "in_transit"),
    ("carrier_collects", "awaiting_shipment"),
    ("carrier_delivers", "awaiting_shipment"),
    ("carrier_loses", "awaiting_shipment"),
    ("warehouse_receives_return", "delivered"),
    ("platform_cancels", "completed"),
    ("platform_cancels", "cancelled"),
    ("merchant_closes", "in_transit"),
    ("merchant_closes", "cancelled"),
    ("buyer_cancels", "in_transit"),
    ("buyer_cancels", "cancelled"),
    ("buyer_changes_address", "in_transit"),
    ("platform_decides", "delivered"),
    ("platform_holds", "in_transit"),
    ("platform_releases", "awaiting_shipment"),
]


@pytest.mark.parametrize(("act", "phase"), ILLEGAL, ids=[f"{a}-{p}" for a, p in ILLEGAL])
async def test_illegal_act_answers_409_with_the_reason(api: Api, act: str, phase: str) -> None:
    order_sn = await api.order(phase=phase)
    before = await api.truth(order_sn)
    answer = await api.illegal_act(order_sn, act, **details(act))
    assert any(isinstance(v, str) and len(v) > 10 for v in answer.values()), answer
    assert await api.truth(order_sn) == before


@pytest.mark.parametrize("act", ["supplier_agrees", "supplier_refuses", "supplier_ships"])
async def test_acts_of_other_platforms_are_refused(api: Api, act: str) -> None:
    order_sn = await api.order()
    status, answer = await api.control("POST", f"/orders/{order_sn}/acts", {"act": act})
    assert status in {400, 409}
    assert act in answer["error"]


# -- acts on a store -----------------------------------------------------------------------------------------------


async def test_store_acts(api: Api) -> None:
    await api.store_act("platform_issues_points", points=1, violation_type=6)
    await api.store_act("expire_tokens")
    assert (await api.get("order/get_shipment_list", page_size=1)).error != ""
    await api.store_act("seller_revokes_authorization", store=api.stores[1]["shop_id"])
    assert (await api.get("order/get_shipment_list", api.stores[1], page_size=1)).error == "shop_no_linked"
    status, _ = await api.control("POST", "/acts", {"act": "seller_dances", "store": api.store["shop_id"]})
    assert status in {400, 409}
    assert (await api.control("POST", "/acts", {"act": "expire_tokens", "store": 1}))[0] in {400, 404, 409}


# -- clock ---------------------------------------------------------------------------------------------------------


async def test_virtual_clock_stands_still_until_advanced(api: Api) -> None:
    first = await api.now()
    await api.order()
    assert await api.now() == first
    await api.advance("PT6H")
    assert await api.now() == first + 21_600
    target = "2027-01-02T03:04:05Z"
    await api.control_ok("POST", "/clock", {"now": target})
    assert await api.now() == int(datetime.fromisoformat(target).timestamp())


@pytest.mark.parametrize("body", [{"advance": "six hours"}, {"now": "2020-01-01T00:00:00Z"}, {}, {"now": "soon"}])
async def test_clock_refuses(api: Api, body: dict[str, str]) -> None:
    before = await api.now()
    status, answer = await api.control("POST", "/clock", body)
    assert status == 400
    assert answer["error"]
    assert await api.now() == before


async def test_deadlines_fire_in_order(api: Api, pushed: Receiver) -> None:
    late = await api.order(phase="unpaid")
    await api.advance("PT1H")
    early = await api.order(phase="in_transit")
    await api.act(early, "carrier_delivers")
    await api.advance("P60D")
    ends = [(d.body["timestamp"], d.body["data"]["ordersn"]) for d in pushed.of(3)]
    assert {late, early} <= {sn for _, sn in ends}
    assert [at for at, _ in ends] == sorted(at for at, _ in ends)


# -- faults --------------------------------------------------------------------------------------------------------


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


# -- effects -------------------------------------------------------------------------------------------------------


async def test_effects_journal(api: Api) -> None:
    first, second = await api.order(), await api.order()
    answer = await api.cancel(first)
    await api.advance("PT1H")
    assert (await api.ship(second)).error == ""
    journal = await api.effects()
    assert [e["operation"] for e in journal] == ["order/cancel_order", "logistics/ship_order"]
    assert [e["order_id"] for e in journal] == [first, second]
    assert journal[0]["seq"] < journal[1]["seq"]
    assert journal[0].keys() >= {"seq", "at", "operation", "order_id", "idempotency_key", "request_id"}
    assert journal[0]["request_id"] == answer.body["request_id"]
    assert journal[0]["idempotency_key"] is None, "the platform has none (section 6)"


async def test_reads_and_refusals_leave_no_effect(api: Api) -> None:
    order_sn = await api.order(phase="in_transit")
    await api.detail(order_sn, "item_list")
    await api.listed()
    assert (await api.cancel(order_sn)).error != ""
    assert await api.effects() == []


# -- pushes, reset, the page ---------------------------------------------------------------------------------------


async def test_pushes_are_listed_with_their_status(api: Api, pushed: Receiver) -> None:
    order_sn = await api.order(phase="unpaid")
    await api.act(order_sn, "buyer_pays")
    await pushed.expect(3, 1, order_sn)
    await api.advance("PT1S")
    tried = [a for a in await api.push_attempts() if str(a["kind"]) == "3"]
    assert tried
    assert {a["status"] for a in tried} == {200}
    assert {a["url"] for a in tried} == {pushed.url}


async def test_reset_starts_over(start: Start) -> None:
    api = await start(orders=20)
    before = entries(await api.control_ok("GET", "/orders"))
    order_sn = await api.order()
    assert (await api.cancel(order_sn)).error == ""
    await api.faults({"operation": "*", "fault": "http_500", "times": 100})
    await api.control_ok("POST", "/reset", {"seed": 7, "orders": 20})
    assert entries(await api.control_ok("GET", "/orders")) == before
    assert await api.effects() == []
    await api.load_credentials()
    assert (await api.get("order/get_shipment_list", page_size=1)).error == ""


async def whole_truth(api: Api) -> list[dict[str, Any]]:
    listed = entries(await api.control_ok("GET", "/orders"))
    return [await api.truth(o["id"]) for o in sorted(listed, key=lambda o: str(o["id"]))]


async def test_same_seed_same_orders_ids_and_times(start: Start) -> None:
    first, again, other = await start(orders=25), await start(orders=25), await start(orders=25, seed=8)
    assert await whole_truth(first) == await whole_truth(again)
    assert {o["id"] for o in await whole_truth(first)} != {o["id"] for o in await whole_truth(other)}


async def test_same_seed_same_pages_of_the_platform(start: Start) -> None:
    first, again = await start(orders=25), await start(orders=25)
    assert await first.now() == await again.now()
    assert await first.listed() == await again.listed()
    sns = ",".join(o["order_sn"] for o in await first.listed())
    asked = {"order_sn_list": sns, "response_optional_fields": "item_list,recipient_address,package_list,total_amount"}
    one, two = await first.get("order/get_order_detail", **asked), await again.get("order/get_order_detail", **asked)
    assert one.ok == two.ok


async def test_the_page_for_a_person(start: Start) -> None:
    api = await start(orders=5)
    async with api.http.get(api.control_url + "/") as answer:
        page = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/html")
    listed = entries(await api.control_ok("GET", "/orders"))
    assert any(str(o["id"]) in page for o in listed)


# -- the command ---------------------------------------------------------------------------------------------------


async def started(*args: str) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    command = Path(sys.executable).with_name("gateway-mocks")
    process = await asyncio.create_subprocess_exec(
        str(command),
        *args,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    if not line:
        assert process.stderr is not None
        pytest.fail((await process.stderr.read()).decode())
    return process, json.loads(line)


async def ended(process: asyncio.subprocess.Process) -> int:
    process.terminate()
    await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode is not None
    return process.returncode


def free_base_port() -> int:
    """A port whose next one (Shopee's) is free right now."""
    import socket  # noqa: PLC0415 - only this test asks the system for ports

    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 65_000:
            return port - 1


async def test_the_command_says_when_it_listens_and_where() -> None:
    base = free_base_port()
    process, ready = await started(
        "--base-port", str(base), "--platforms", "shopee", "--seed", "7", "--orders", "12", "--clock", "virtual"
    )
    try:
        url = f"http://127.0.0.1:{base + 1}"
        assert ready == {
            "ready": True,
            "platforms": {"shopee": {"base_url": url, "control_url": url + "/_mock"}},
        }
        async with aiohttp.ClientSession() as http, http.get(url + "/_mock/orders") as answer:
            assert len(entries(await answer.json())) == 12
    finally:
        code = await ended(process)
    assert code == 0


async def test_the_commands_own_clock_is_real() -> None:
    process, ready = await started("--base-port", "0", "--platforms", "shopee", "--orders", "1")
    try:
        control = ready["platforms"]["shopee"]["control_url"]
        async with aiohttp.ClientSession() as http:

            async def now() -> datetime:
                async with http.get(control + "/clock") as answer:
                    return datetime.fromisoformat((await answer.json())["now"])

            first = await now()
            async with http.post(control + "/clock", json={"advance": "PT6H"}) as answer:
                assert answer.status == 200
            later = await now()
            assert 21_600 <= (later - first).total_seconds() < 21_660
    finally:
        await ended(process)

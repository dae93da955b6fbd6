"""MOCKS.md: credentials, orders, clock, effects, pushes, reset and the page of the control API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

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


# -- credentials ----------------------------------------------------------------------------------------------------


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


# -- orders ---------------------------------------------------------------------------------------------------------


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


# -- clock ----------------------------------------------------------------------------------------------------------


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


# -- effects --------------------------------------------------------------------------------------------------------


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


# -- pushes, reset, the page ----------------------------------------------------------------------------------------


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

"""The control API of this simulator, and calls spoilt on purpose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.mocks.tiktok_shop.conftest import Api, Start


async def test_credentials_have_the_documented_shape(api: Api) -> None:
    assert {"app_key", "app_secret", "stores", "auth_codes"} <= set(api.credentials)
    wanted = {"shop_id", "shop_cipher", "region", "seller_type", "access_token", "refresh_token"}
    assert all(wanted <= set(store) for store in api.stores)
    assert [(store["region"], store["seller_type"]) for store in api.stores] == [
        ("JP", "LOCAL"),
        ("JP", "CROSS_BORDER"),
    ]


@pytest.mark.parametrize(
    "phase",
    [
        *("unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered", "completed"),
        "cancelled",
    ],
)
async def test_orders_are_made_in_any_phase(api: Api, phase: str) -> None:
    order_id = await api.order(phase=phase)
    truth = await api.truth(order_id)
    assert (truth["phase"], truth["store"]) == (phase, api.store["shop_id"])
    assert truth["times"]["updated"] == await api.now()
    assert (await api.control_ok("GET", "/orders", query={"status": truth["status"]}))[0]["id"] == order_id


async def test_wishes_are_met(api: Api) -> None:
    now = await api.now()
    order_id = await api.order(
        store=None,
        cross_border=True,
        lines=[{"sku": "A-1", "title": "箱", "quantity": 2, "price": "990"}],
        placed_at=now - 7200,
        paid_at="2026-11-21T22:30:00Z",
        ship_by=now + 5000,
        presale=True,
        buyer={"name": "試験 太郎", "phone": "000"},
        message="急ぎません",
    )
    truth = await api.truth(order_id)
    times = truth["times"]
    assert truth["store"] == api.stores[1]["shop_id"]
    assert (times["created"], times["paid"], times["ship_by"]) == (now - 7200, now - 5400, now + 5000)
    (line,) = truth["lines"]
    assert (line["sku"], line["title"], line["quantity"], line["price"]) == ("A-1", "箱", 2, "990")
    order = await api.detail(order_id, api.stores[1])
    assert (order["buyer_message"], order["recipient_address"]["name"]) == ("急ぎません", "試験 太郎")
    late = await api.detail(await api.order(presale=True))
    assert late["rts_sla_time"] == now + 15 * 86_400


@pytest.mark.parametrize(
    "wish",
    [
        {"phase": "closed"},
        {"status": "READY_TO_SHIP"},
        {"role": "buyer"},
        {"colour": "red"},
        {"store": 1},
        {"lines": []},
        {"lines": [{"quantity": 0}]},
        {"lines": [{"price": "9.90"}]},
        {"lines": [{"price": "-1"}]},
        {"placed_at": 4_000_000_000},
        {"placed_at": "yesterday"},
        {"placed_at": "2026-11-21T00:00:00"},
        {"shipping_type": "PIGEON"},
        {"split": True},
        {"buyer": {"shoe_size": 42}},
    ],
)
async def test_wishes_refused(api: Api, wish: dict[str, Any]) -> None:
    status, answer = await api.control("POST", "/orders", wish)
    assert (status, bool(answer["error"])) == (400, True)


@pytest.mark.parametrize(
    "act",
    [
        {"act": "nothing"},
        {"act": "platform_issues_points"},
        {"act": "set_timing", "lunch": "PT1H"},
        {"act": "set_timing", "hold": "soon"},
        {"act": "set_style", "free_cancel_type": "MAYBE"},
        {"act": "set_style", "unpaid_cancel": "yes"},
        {"act": "set_style", "colour": "red"},
        {"act": "set_rate_limit", "per_second": 0},
        {"act": "restrict_scopes", "scopes": ["everything"]},
        {"act": "set_declared_ips", "ips": "127.0.0.1"},
        {"act": "seller_opens_store", "region": "XX"},
        {"act": "platform_retires_reason"},
        {"act": "set_message_quota", "messages": -1},
        {"act": "set_sensitive_words", "words": "x"},
        {"act": "set_push_ladder", "seconds": [0]},
        {"act": "set_redirect_url"},
        {"act": "expire_tokens", "store": "1"},
    ],
)
async def test_store_acts_refused(api: Api, act: dict[str, Any]) -> None:
    status, answer = await api.control("POST", "/acts", act)
    assert (status, bool(answer["error"])) == (400, True)


async def test_order_acts_refused(api: Api) -> None:
    order_id = await api.order(phase="delivered")
    for act in (
        {"act": "supplier_ships"},
        {"act": "buyer_requests_refund", "line_item_ids": ["1"]},
        {"act": "buyer_requests_refund", "amount": "0.5"},
        {"act": "buyer_requests_refund", "reason": 5},
        {"act": "platform_decides"},
    ):
        status, _ = await api.control("POST", f"/orders/{order_id}/acts", act)
        assert status == 400, act
    assert (await api.control("POST", "/orders/1/acts", {"act": "buyer_pays"}))[0] == 404


async def test_every_act_is_offered_somewhere(api: Api) -> None:
    offered: set[str] = set()
    for phase in ("unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered"):
        order_id = await api.order(phase=phase)
        offered |= set((await api.control_ok("GET", f"/orders/{order_id}/acts"))["acts"])
    assert offered >= {
        *("buyer_pays", "buyer_requests_cancellation", "buyer_requests_refund", "buyer_requests_return"),
        *("buyer_withdraws_request", "buyer_ships_return", "buyer_confirms_receipt", "buyer_replies", "seller_ships"),
        *("carrier_collects", "carrier_delivers", "carrier_loses", "warehouse_receives_return", "platform_cancels"),
        *("merchant_closes", "buyer_cancels", "buyer_changes_address", "buyer_opens_dispute", "carrier_returns"),
        *("platform_decides", "platform_holds", "platform_releases"),
    }


async def test_the_merchants_console_and_the_platform(api: Api) -> None:
    order_id = await api.order()
    await api.act(order_id, "merchant_closes")
    assert (await api.truth(order_id))["ended"] == {"by": "seller", "reason": "seller_cancel_reason_out_of_stock"}
    assert await api.effects() == [], "the journal holds calls, not acts"
    order_id = await api.order(phase="awaiting_collection")
    await api.act(order_id, "platform_cancels", by="operator")
    assert (await api.truth(order_id))["ended"]["by"] == "system"
    one = await api.cancellation(order_id)
    assert (one["role"], one["cancel_reason"]) == ("OPERATOR", "system_cancel_order_reason_potential_fraud")
    order_id = await api.order(phase="on_hold")
    await api.act(order_id, "platform_releases")
    assert await api.status(order_id) == "AWAITING_SHIPMENT"


async def test_reset_and_page(start: Start) -> None:
    api = await start(orders=20)
    before = await api.control_ok("GET", "/orders")
    await api.advance("P3D")
    assert await api.control_ok("GET", "/orders") != before
    await api.control_ok("POST", "/reset", {"seed": 7, "orders": 20})
    assert await api.control_ok("GET", "/orders") == before
    assert (await api.control_ok("GET", "/credentials"))["app_secret"] == api.credentials["app_secret"]
    async with api.http.get(f"{api.control_url}/") as page:
        text = await page.text()
    assert before[0]["id"] in text
    async with api.http.get(f"{api.control_url}/", params={"order": before[0]["id"]}) as page:
        assert before[0]["id"] in await page.text()


async def test_request_ids_begin_with_the_time(api: Api) -> None:
    first, second = (await api.get("event/webhooks")).body, (await api.get("event/webhooks")).body
    assert re.fullmatch(r"20261122000000[0-9A-F]{20}", first["request_id"])
    assert first["request_id"] != second["request_id"]


# -- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "applied"),
    [("timeout_before", False), ("timeout_after", True), ("reset", False)],
)
async def test_no_answer(api: Api, fault: str, applied: bool) -> None:
    order_id = await api.order()
    await api.faults({"operation": "return_refund/cancellations", "fault": fault, "times": 1, "ms": 10})
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await api.cancel(order_id)
    assert ((await api.truth(order_id))["phase"] == "cancelled") is applied
    assert len(await api.effects("return_refund/cancellations")) == int(applied)


async def test_too_many_and_broken_answers(api: Api) -> None:
    order_id = await api.order()
    await api.faults({"operation": "order/orders", "fault": "http_429", "times": 1, "seconds": 7})
    limited = await api.get("order/orders", {"ids": order_id})
    limited.refused(36009002, http=429)
    assert limited.headers["Retry-After"] == "7"
    await api.faults({"operation": "orders", "fault": "rate_limit_code", "times": 1})
    (await api.get("order/orders", {"ids": order_id})).refused(36009002, http=200)
    for fault, status in (("http_500", 500), ("html_body", 502), ("truncated_json", 200)):
        await api.faults({"operation": "/order/202309/orders", "fault": fault, "times": 1})
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            await api.get("order/orders", {"ids": order_id})
        path = "/order/202309/orders"
        assert (await api.raw("GET", path, {})).code == 36009004, f"one {fault} ({status}) only"
    await api.faults({"operation": "token/*", "fault": "platform_error", "code": "36009003", "times": 1})
    (await api.token("refresh", refresh_token="x", grant_type="refresh_token")).refused(36009003)

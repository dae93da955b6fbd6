"""The control API: credentials, truth, making orders, acts, clock, reset, the page, other people's mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Start


async def test_credentials_have_the_agreed_shape(api: Api) -> None:
    told = api.credentials
    assert {"app_id", "app_secret", "stores", "auth_codes"} <= told.keys()
    assert len(told["app_id"]) == 20
    assert all({"seller_id", "access_token", "refresh_token"} <= store.keys() for store in told["stores"])
    assert len(told["auth_codes"]) == 3


async def test_same_seed_same_orders_ids_times_and_tokens(start: Start) -> None:
    first, again, other = await start(orders=60), await start(orders=60), await start(orders=60, seed=8)
    assert await first.control_ok("GET", "/orders") == await again.control_ok("GET", "/orders")
    assert first.credentials == again.credentials
    ids = [{one["id"] for one in await api.control_ok("GET", "/orders")} for api in (first, other)]
    assert ids[0].isdisjoint(ids[1])


async def test_nothing_changes_while_the_clock_stands_and_seeds_lie_in_the_past(start: Start) -> None:
    api = await start(orders=160)
    before = await api.control_ok("GET", "/orders")
    now = await api.now()
    assert all(one["times"]["updated"] < now for one in before)
    for one in before:
        for name in ("created", "paid", "shipped", "delivered", "completed", "cancelled"):
            assert (one["times"][name] or 0) < now
    await api.advance("PT0S")
    assert await api.control_ok("GET", "/orders") == before


async def test_reset_starts_over(start: Start) -> None:
    api = await start(orders=30)
    before = await api.control_ok("GET", "/orders")
    await api.advance("P3D")
    await api.order()
    await api.control_ok("POST", "/reset", {"seed": 7, "orders": 30})
    assert await api.control_ok("GET", "/orders") == before
    assert await api.effects() == []


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("unpaid", "1"), ("on_hold", "2"), ("awaiting_shipment", "4"), ("in_transit", "6"), ("delivered", "6"),
        ("completed", "7"), ("closed", "8"), ("cancelled", "9"),
    ],
)  # fmt: skip
async def test_orders_are_made_in_every_phase(api: Api, phase: str, status: str) -> None:
    order_id = await api.order(phase=phase)
    truth = await api.truth(order_id)
    assert (truth["phase"], truth["status"]) == (phase, status)
    assert (await api.detail(order_id))["orderStatus"] == int(status)


@pytest.mark.parametrize("status", range(1, 11))
async def test_orders_are_made_in_every_status(api: Api, status: int) -> None:
    assert (await api.truth(await api.order(status=status)))["status"] == str(status)


async def test_orders_take_times_and_lines_as_told(api: Api) -> None:
    now = await api.now()
    order_id = await api.order(
        placed_at=now - 7200,
        paid_at=now - 7000,
        ship_by=now + 60,
        lines=[{"sku": "K", "title": "题", "quantity": 2, "price": "3.05"}],
        presale=True,
    )
    truth = await api.truth(order_id)
    assert (truth["times"]["created"], truth["times"]["paid"], truth["times"]["ship_by"]) == (
        now - 7200, now - 7000, now + 60
    )  # fmt: skip
    [line] = truth["lines"]
    assert {k: line[k] for k in ("sku", "title", "quantity", "price", "paid")} == {
        "sku": "K", "title": "题", "quantity": 2, "price": "3.05", "paid": "6.10"
    }  # fmt: skip
    assert truth["currency"] == "CNY"
    assert truth["order_type"] == 4


@pytest.mark.parametrize(
    "wish",
    [
        {"phase": "awaiting_collection"}, {"status": 11}, {"store": "nobody"}, {"colour": "red"}, {"role": "buyer"},
        {"lines": [{"price": "1.234"}]}, {"lines": []}, {"placed_at": "tomorrow"}, {"placed_at": 9_999_999_999},
        {"buyer": {"age": "9"}}, {"presale": "maybe"}, {"status": 5, "lines": [{"sku": "ONE"}]},
    ],
)  # fmt: skip
async def test_wishes_that_can_not_be_met_answer_400(api: Api, wish: dict[str, Any]) -> None:
    status, answer = await api.control("POST", "/orders", wish)
    assert status == 400
    assert answer["error"]


async def test_unknown_orders_and_acts(api: Api) -> None:
    assert (await api.control("GET", "/orders/P1"))[0] == 404
    assert (await api.control("POST", "/orders/P1/acts", {"act": "buyer_pays"}))[0] == 404
    order_id = await api.order()
    assert (await api.control("POST", f"/orders/{order_id}/acts", {"act": "supplier_agrees"}))[0] == 400
    assert (await api.control("POST", "/acts", {"act": "set_weather"}))[0] == 400
    assert (await api.control("POST", "/acts", {"act": "set_timing", "lunch": "PT1H"}))[0] == 400
    assert (await api.control("POST", "/acts", {"act": "set_envelope", "style": "blue"}))[0] == 400
    assert (await api.control("POST", "/acts", {"act": "set_rate_limit", "per_second": 0}))[0] == 400


async def test_an_offered_act_is_a_known_one_and_unfit_ones_answer_409(api: Api) -> None:
    for status in range(1, 11):
        order_id = await api.order(status=status)
        offered = (await api.control_ok("GET", f"/orders/{order_id}/acts"))["acts"]
        for act in ("buyer_pays", "merchant_closes", "platform_clears_customs", "platform_releases"):
            if act not in offered:
                await api.illegal_act(order_id, act)
    assert "buyer_pays" in (await api.control_ok("GET", f"/orders/{await api.order(phase='unpaid')}/acts"))["acts"]


async def test_delays_may_be_set(api: Api) -> None:
    told = await api.app_act("set_timing", unpaid_life="PT1M", review="PT2H")
    assert (told["unpaid_life"], told["review"], told["auto_receipt"]) == ("PT60S", "PT7200S", "P12D")
    order_id = await api.order(phase="unpaid")
    await api.advance("PT1M")
    assert (await api.truth(order_id))["status"] == "9"


async def test_the_page_shows_orders_acts_and_console_close(api: Api) -> None:
    order_id = await api.order()
    async with api.http.get(api.control_url + "/") as page:
        text = await page.text()
        assert page.status == 200
        assert order_id in text
    async with api.http.get(api.control_url + "/", params={"order": order_id}) as page:
        text = await page.text()
        assert "merchant closes" in text
        assert "seller ships" in text


async def test_parcels_are_lost_or_come_back(api: Api) -> None:
    order_id = await api.order(phase="in_transit")
    await api.act(order_id, "carrier_collects")
    await api.illegal_act(order_id, "carrier_collects")
    assert (await api.act(order_id, "carrier_loses"))["packages"][0]["status"] == "lost"
    await api.illegal_act(order_id, "carrier_delivers")
    other = await api.order(phase="in_transit")
    assert (await api.act(other, "carrier_returns"))["packages"][0]["status"] == "came_back"
    [track] = (await api.ok("order.getOrderTracking", orderId=other))["orderTrackInfos"]
    assert track["currentStatusDesc"] == "已退回"

"""The control API's own promises, which no platform decides."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from mocks.kit.running import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Control:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self._session.request(method, self._url + path, json=body) as answer:
            return answer.status, await answer.json()

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        status, said = await self.call(method, path, body)
        assert status == 200, said
        return said

    async def made(self, **wanted: Any) -> str:
        return str((await self.ok("POST", "/orders", wanted))["id"])

    async def act(self, order: str, act: str, **details: Any) -> Any:
        return await self.ok("POST", f"/orders/{order}/acts", {"act": act, **details})


@asynccontextmanager
async def opened() -> AsyncIterator[Control]:
    async with serve(platforms=["shopee"], orders=0) as addresses, aiohttp.ClientSession() as session:
        yield Control(session, addresses["shopee"]["control_url"])


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    async with opened() as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/orders/nothing", None, 404),
        ("POST", "/orders/nothing/acts", {"act": "buyer_pays"}, 404),
        ("POST", "/orders", {"phase": "closed"}, 400),
        ("POST", "/orders", {"colour": "red"}, 400),
        ("POST", "/orders", {"store": 1}, 400),
        ("POST", "/orders", {"lines": [{"price": "1.234"}]}, 400),
        ("POST", "/orders", {"status": "INVOICE_PENDING"}, 400),
        ("POST", "/orders", {"placed_at": 4_000_000_000}, 400),
        ("POST", "/acts", {"act": "dance"}, 400),
        ("POST", "/acts", {}, 400),
        ("POST", "/clock", {"advance": "6 hours"}, 400),
        ("POST", "/clock", {"now": "2026-11-21T00:00:00Z"}, 400),
        ("POST", "/clock", {"now": "2026-12-21T00:00:00"}, 400),
        ("POST", "/clock", {}, 400),
        ("POST", "/faults", [{"fault": "explode"}], 400),
        ("PUT", "/push", {"enabled": "yes"}, 400),
        ("POST", "/reset", {"orders": -1}, 400),
    ],
)
async def test_wrong_requests_are_told_why(control: Control, method: str, path: str, body: object, status: int) -> None:
    got, said = await control.call(method, path, body)
    assert got == status
    assert said["error"]


async def test_an_act_the_state_forbids_is_409_with_the_reason(control: Control) -> None:
    order = await control.made(phase="completed")
    status, said = await control.call("POST", f"/orders/{order}/acts", {"act": "buyer_pays"})
    assert status == 409
    assert said["error"] == "buyer_pays: only an UNPAID order can be paid; it is COMPLETED"


async def test_the_clock_is_told_in_words_and_seconds(control: Control) -> None:
    await control.ok("POST", "/clock", {"now": "2026-11-23T08:00:00+08:00"})
    told = await control.ok("GET", "/clock")
    moves = told.pop("moves")
    assert told == {"now": "2026-11-23T00:00:00Z", "unix": 1_795_392_000, "mode": "virtual"}
    await control.ok("POST", "/clock", {"advance": "PT1S"})
    after = await control.ok("GET", f"/clock?moves={moves}")  # at once: it has jumped since
    assert (after["unix"], after["moves"] > moves) == (1_795_392_001, True)
    assert (await control.call("GET", "/clock?moves=many"))[0] == 400


async def test_an_order_as_wished(control: Control) -> None:
    lines = [{"sku": "A-1", "title": "Mug", "quantity": 2, "price": "9.90"}]
    order = await control.ok("GET", f"/orders/{await control.made(lines=lines, placed_at=1_795_219_200)}")
    (line,) = order["lines"]
    assert (line["sku"], line["title"], line["quantity"], line["price"]) == ("A-1", "Mug", 2, "9.90")
    assert order["times"]["created"] == 1_795_219_200
    assert order["times"]["updated"] == 1_795_305_600
    assert order["phase"] == "awaiting_shipment"


async def test_a_part_that_left_makes_the_order_in_transit(control: Control) -> None:
    async with serve(platforms=["shopee"], orders=200, seed=7) as addresses, aiohttp.ClientSession() as session:
        seeded = Control(session, addresses["shopee"]["control_url"])
        orders = await seeded.ok("GET", "/orders")
        split = next(o for o in orders if len(o["packages"]) > 1 and o["status"] == "READY_TO_SHIP")
        after = await seeded.act(split["id"], "seller_ships")
        assert (after["status"], after["phase"]) == ("PROCESSED", "awaiting_collection")
        first, second = (package["number"] for package in after["packages"])
        after = await seeded.act(split["id"], "carrier_collects", package_number=first)
        assert (after["status"], after["phase"]) == ("PROCESSED", "in_transit")
        after = await seeded.act(split["id"], "carrier_collects", package_number=second)
        assert (after["status"], after["phase"]) == ("SHIPPED", "in_transit")


async def test_a_request_shows_what_the_parcels_show(control: Control) -> None:
    waiting, arranged = await control.made(), await control.made(phase="awaiting_collection")
    for order, phase in ((waiting, "awaiting_shipment"), (arranged, "awaiting_collection")):
        after = await control.act(order, "buyer_requests_cancellation", reason="Others")
        assert (after["status"], after["phase"]) == ("IN_CANCEL", phase)
        assert after["cancellation"] == {
            "opened_at": 1_795_305_600,
            "answer_by": 1_795_305_600 + 2 * 86_400,
            "reason": "Others",
        }
        assert [line["cancel_requested"] for line in after["lines"]] == [line["quantity"] for line in after["lines"]]


async def test_a_return_withdrawn_on_the_road_leaves_the_order_on_the_road(control: Control) -> None:
    order = await control.made(phase="in_transit")
    assert (await control.act(order, "buyer_requests_refund"))["status"] == "TO_RETURN"
    after = await control.act(order, "buyer_withdraws_request")
    assert after["status"] == "SHIPPED"
    assert [one["status"] for one in after["returns"]] == ["CANCELLED"]
    assert (await control.act(order, "carrier_delivers"))["status"] == "TO_CONFIRM_RECEIVE"


async def test_the_platform_cancels_an_order_with_a_running_return(control: Control) -> None:
    order = await control.made(phase="in_transit")
    await control.act(order, "buyer_requests_refund")
    after = await control.act(order, "platform_cancels", reason="Parcel is Lost")
    assert (after["status"], after["ended"]) == ("CANCELLED", {"by": "system", "reason": "Parcel is Lost"})
    assert after["times"]["completed"] is None
    assert [one["status"] for one in after["returns"]] == ["CANCELLED"]


async def test_every_offered_act_is_known(control: Control) -> None:
    phases = ("unpaid", "on_hold", "awaiting_shipment", "awaiting_collection", "in_transit", "delivered", "completed")
    for phase in phases:
        order = await control.made(phase=phase)
        acts = (await control.ok("GET", f"/orders/{order}/acts"))["acts"]
        assert acts
        for act in acts:
            status, said = await control.call("POST", f"/orders/{await control.made(phase=phase)}/acts", {"act": act})
            assert status in {200, 409}, (phase, act, said)

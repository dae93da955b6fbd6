"""Whatever people, suppliers, carriers and the clock do in whatever order: the books stay right."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.alibaba_1688.conftest import Api, Start

WAITS = ("PT1S", "PT6H", "P1D", "P2D", "P7D")


def check(order: dict[str, Any]) -> None:
    """What must hold of every order at every instant."""
    money = {name: Decimal(amount) for name, amount in order["money"].items()}
    assert 0 <= money["refunded"] <= money["total"], order
    assert sum(Decimal(line["paid"]) for line in order["lines"]) + money["shipping"] == money["total"]
    for line in order["lines"]:
        gone = line["cancelled"] + line["returned"] + line["refunded_and_kept"]
        asked = line["cancel_requested"] + line["return_requested"]
        assert min(line["cancelled"], line["returned"], line["cancel_requested"], line["return_requested"]) >= 0, order
        assert gone + asked <= line["quantity"], order
        assert Decimal(line["refunded"]) <= Decimal(line["paid"]), order
        assert (line["status"] in {"cancel", "terminated"}) <= (gone == line["quantity"]), order
    asked = [refund for refund in order["returns"] if refund["timeout"] is not None]
    assert all(refund["status"].startswith("wait") for refund in asked)
    if order["ended"]:
        assert order["phase"] in {"cancelled", "closed"}
        assert not asked, order
        assert all(
            line["cancelled"] + line["returned"] + line["refunded_and_kept"] == line["quantity"]
            for line in order["lines"]
        )
    if order["phase"] == "awaiting_shipment":
        assert not order["packages"]


@pytest.mark.parametrize("seed", range(2))
async def test_any_acts_in_any_order(start: Start, seed: int) -> None:
    rng = random.Random(seed)
    api: Api = await start(orders=60, seed=seed)
    ids = [order["id"] for order in await api.control_ok("GET", "/orders")]
    done = 0
    for _ in range(250):
        if rng.random() < 0.05:
            await api.advance(rng.choice(WAITS))
            for order in await api.control_ok("GET", "/orders"):
                check(order)
            continue
        order_id = rng.choice(ids)
        acts = (await api.control_ok("GET", f"/orders/{order_id}/acts"))["acts"]
        if not acts:
            continue
        act = rng.choice(acts)
        details: dict[str, Any] = {"act": act}
        if rng.random() < 0.3 and ("requests" in act or "ships" in act) and "return" not in act:
            details["lines"] = [0]
        if act == "buyer_requests_return" and rng.random() < 0.5:
            details["lines"] = [{"line": 0, "quantity": 1}]
        status, answer = await api.control("POST", f"/orders/{order_id}/acts", details)
        assert status in {200, 409}, (details, answer)
        if status == 200:
            done += 1
            check(answer)
    assert done > 20
    for order in await api.control_ok("GET", "/orders"):
        check(order)

"""1688 (platforms/alibaba_1688/API.md, sections 1 to 6): clients by others against the simulator, as a buyer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.conftest import RunClient, Simulator

PLATFORM = "alibaba_1688"
pytestmark = pytest.mark.slow

DAYS = 86_400
CHINA = timezone(timedelta(hours=8))


def wire(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, CHINA).strftime("%Y%m%d%H%M%S") + "000+0800"


class Work:
    """An account that buys, and the window in which it bought."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.credentials = simulator.get("credentials")
        self.account = self.credentials["stores"][0]
        self.since = simulator.now() - 60 * DAYS
        self.given: dict[str, Any] = {
            "base_url": simulator.base_url,
            "app_key": self.credentials["app_key"],
            "app_secret": self.credentials["app_secret"],
            "page_size": 5,
            "created_from": wire(self.since),
            "created_to": wire(simulator.now() + 60),
        }

    def buys(self, phase: str) -> str:
        return self.simulator.make(store=self.account["member_id"], role="buyer", phase=phase)

    def bought(self) -> list[str]:
        rows = self.simulator.orders(self.account["member_id"], self.since)
        return sorted(row["id"] for row in rows if row["role"] == "buyer")


def test_open_1688(simulator: Simulator, run_python: RunClient) -> None:
    work = Work(simulator)
    to_read = work.buys("awaiting_shipment")
    before = work.bought()
    offer = next(one for one in work.credentials["offers"] if one["seller"] != work.account["member_id"])
    spec = offer["specs"][0]

    seen = run_python(
        "open_1688_client.py",
        **work.given,
        access_token=work.account["access_token"],
        to_read=to_read,
        offer_id=offer["offer_id"],
        spec_id=spec["spec_id"],
        address={
            "fullName": "收件人",
            "mobile": "13000000000",
            "provinceText": "浙江省",
            "cityText": "杭州市",
            "areaText": "滨江区",
            "address": "样例路1号",
        },
    )

    assert len(seen["pages"]) >= 3
    assert sorted(order for page in seen["pages"] for order in page) == before
    total = float(simulator.order(to_read)["money"]["total"])
    assert seen["detail"] == {"id": to_read, "status": "waitsellersend", "total": pytest.approx(total)}
    assert seen["refused"] == "401"
    assert sorted(set(work.bought()) - set(before)) == [seen["written"]]
    bought = simulator.order(seen["written"])
    assert (bought["status"], bought["lines"][0]["quantity"]) == ("waitbuyerpay", 2)
    assert bought["lines"][0]["spec_id"] == spec["spec_id"]
    assert simulator.writes(seen["written"]) == ["com.alibaba.trade/alibaba.trade.fastCreateOrder"]


@pytest.mark.needs_node
def test_1688_api(simulator: Simulator, run_node: RunClient) -> None:
    work = Work(simulator)
    to_close, to_refuse = work.buys("unpaid"), work.buys("awaiting_shipment")
    total = float(simulator.order(to_close)["money"]["total"])

    seen = run_node(
        "api_1688.mjs",
        **work.given,
        auth_code=work.credentials["auth_codes"][0],
        to_close=to_close,
        to_refuse=to_refuse,
    )

    assert seen["member"] == work.account["member_id"]
    assert len(seen["pages"]) >= 3
    assert sorted(order for page in seen["pages"] for order in page) == work.bought()
    assert seen["detail"] == {"id": to_close, "status": "waitbuyerpay", "total": pytest.approx(total)}
    assert (seen["written"], seen["refused"]) == (True, "ORDER_STATUS_ERROR")
    assert simulator.order(to_close)["status"] == "cancel"
    assert simulator.order(to_refuse)["status"] == "waitsellersend"
    assert simulator.writes(to_close) == ["com.alibaba.trade/alibaba.trade.cancel"]
    assert simulator.writes(to_refuse) == []

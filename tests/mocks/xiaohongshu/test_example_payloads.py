"""The simulator's answers have the keys and types of the payloads that were really seen.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
the one named by ORDER_GATEWAY_SHARED. Without it the tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS is 1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.mocks.xiaohongshu.conftest import Api, Receiver

pytestmark = pytest.mark.payloads


def folder() -> Path | None:
    named = os.environ.get("ORDER_GATEWAY_SHARED")
    roots = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    for root in roots:
        if (root / "platforms" / "xiaohongshu" / "examples").is_dir():
            return root / "platforms" / "xiaohongshu" / "examples"
    return None


FOLDER = folder()
REQUIRED = os.environ.get("ORDER_GATEWAY_REQUIRE_PAYLOADS") == "1"
needs_payloads = pytest.mark.skipif(
    FOLDER is None and not REQUIRED,
    reason="no folder `shared` beside the project: name it in ORDER_GATEWAY_SHARED",
)


def example(name: str) -> Any:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS=1, but there is no folder of example payloads"
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def lacking(seen: Any, made: Any, where: str = "") -> list[str]:
    """What was seen and is not made: missing keys, and values of another JSON type."""
    if isinstance(seen, dict) and isinstance(made, dict):
        missing = [f"{where}.{key}: missing" for key in seen if key not in made]
        return missing + [row for key in seen if key in made for row in lacking(seen[key], made[key], f"{where}.{key}")]
    if isinstance(seen, list) and isinstance(made, list):
        return lacking(seen[0], made[0], f"{where}[]") if seen and made else []
    if seen is None or (isinstance(seen, int | float) and isinstance(made, int | float)):
        return []
    return [] if type(seen) is type(made) else [f"{where}: {type(made).__name__}, seen {type(seen).__name__}"]


@needs_payloads
@pytest.mark.parametrize("name", ["order_getOrderDetail_single_sku", "order_getOrderDetail_two_skus"])
async def test_details(api: Api, name: str) -> None:
    lines = [{"sku": "A", "title": "甲", "price": "1"}, {"sku": "B", "title": "乙", "price": "2"}]
    answer = await api.call("order.getOrderDetail", orderId=await api.order(lines=lines))
    assert lacking(example(name), answer.body) == []


@needs_payloads
async def test_lists(api: Api) -> None:
    order_id, _ = await api.asked("buyer_requests_cancellation")
    now = await api.now()
    await api.call("order.modifySellerMarkInfo", orderId=order_id, sellerMarkNote="x", operator="o",
                   sellerMarkPriority=1)  # fmt: skip
    answer = await api.call("order.getOrderList", startTime=now - 9, endTime=now, timeType=1)
    seldom = [".data.orderList[].originalOrderId: missing"]  # only orders that carry an exchange have one
    assert lacking(example("order_getOrderList_documented"), answer.body) == seldom
    late = await api.call("afterSale.listAfterSaleInfos", pageNo=1, pageSize=50, orderId=order_id)
    assert lacking(example("afterSale_listAfterSaleInfos_composed"), late.body) == []
    await api.app_act("set_envelope", style="two_level")
    late = await api.call("afterSale.listAfterSaleInfos", pageNo=1, pageSize=50, orderId=order_id)
    assert lacking(example("afterSale_listAfterSaleInfos_two_level"), late.body) == []


@needs_payloads
async def test_receivers_tracking_and_common_calls(api: Api) -> None:
    order_id = await api.order()
    query = {"orderId": order_id, "openAddressId": (await api.detail(order_id))["openAddressId"]}
    answers = {
        "order_getOrderReceiverInfo_documented": await api.call(
            "order.getOrderReceiverInfo", receiverQueries=[query], isReturn=False
        ),
        "order_getOrderTracking_documented": await api.call("order.getOrderTracking", orderId=order_id),
        "common_getAddressRecord": await api.call("common.getAddressRecord", pageIndex=1, pageSize=10),
        "common_getExpressCompanyList_subset": await api.call("common.getExpressCompanyList"),
        "oauth_getAccessToken_documented": await api.oauth(
            "oauth.getAccessToken", code=api.credentials["auth_codes"][0]
        ),
        "envelope_code_200": await api.call("common.checkForbiddenKeyword", text="防脱发"),
    }
    for name, answer in answers.items():
        assert lacking(example(name), answer.body) == [], name
    sku_id = (await api.detail(order_id))["skuList"][0]["skuId"]
    stock = await api.call("inventory.syncSkuStock", skuId=sku_id, qty=5)
    assert lacking(example("inventory_syncSkuStock_inner_warning"), stock.body) == []


@needs_payloads
async def test_pushes(api: Api, pushed: Receiver) -> None:
    order_id, returns_id = await api.asked("buyer_requests_cancellation")
    await api.call("order.modifySellerMarkInfo", orderId=order_id, sellerMarkNote="x", operator="o",
                   sellerMarkPriority=1)  # fmt: skip
    await api.audit(returns_id, 1)
    await api.advance("PT17M30S")
    made = dict(pushed.messages)
    seen = [
        message
        for name in ("push_batch_refund_before_shipping", "push_msg_after_sale_create", "push_seller_remark_change")
        for message in example(name)
    ]
    assert len(seen) == 8
    for message in seen:
        detail = json.loads(message["data"])
        assert detail.keys() == made[message["msgTag"]].keys(), message["msgTag"]
        assert lacking(detail, made[message["msgTag"]]) == []

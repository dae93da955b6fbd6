"""Every example payload beside the project goes through the adapter: its kind, and values that must come out.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
what ORDER_GATEWAY_SHARED names. Without it these tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS=1.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.xiaohongshu import adapter
from adapters.xiaohongshu.choices import tracks
from adapters.xiaohongshu.payloads import content_of
from gateway.ports import Act, Answer, Call, Operation, Window
from gateway.transport.json import decode, encode
from tests.adapters.xiaohongshu.contract.rows import APP, DETAIL, MASK, RECEIVERS, order_row, wrapped

pytestmark = pytest.mark.payloads

NOW = datetime(2026, 3, 10, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=30), NOW)
Reader = Callable[[Any, Any], Awaitable[Any]]


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


def judged(body: Any, method: str = "any.method") -> dict[str, Any]:
    """What the adapter makes of an answer: class and code of the error, both empty for success."""
    error = adapter.classify(Call(operation=method, method="POST", path="/x"), Answer(200, {}, encode(body)))
    if error is None:
        return {"error": "", "code": "", "text": ""}
    return {"error": type(error).__name__, "code": getattr(error, "code", ""), "text": str(error)}


async def order(document: Any, paper: Any) -> Any:
    shop = paper({DETAIL: [document], RECEIVERS: [wrapped(None)]})
    batch = await adapter.fetch_orders(shop, ["any"])
    assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
    return batch.orders[0]


async def order_list(document: Any, paper: Any) -> Any:
    shop = paper({"order.getOrderList": [document]})
    first = await adapter.list_orders(shop, WINDOW, None)
    return {"first": first, "page": await adapter.list_orders(shop, WINDOW, "2.500@1-2")}


async def receivers(document: Any, paper: Any) -> Any:
    number = document["data"]["receiverInfos"][0]["orderId"]
    shop = paper({DETAIL: [wrapped(order_row(orderId=number))], RECEIVERS: [document], MASK: [wrapped(None)]})
    batch = await adapter.fetch_orders(shop, [number])
    return batch.orders[0].recipient


async def parcels(document: Any, paper: Any) -> Any:
    return await tracks(paper({"order.getOrderTracking": [document]}), "any")


async def after_sales(document: Any, paper: Any) -> Any:
    shop = paper({"afterSale.listAfterSaleInfos": [document]})
    page = await adapter.list_after_sales(shop, WINDOW, "1.1@1-2")
    assert (list(page.bad), list(page.unmapped)) == ([], [])
    return page.after_sales[0]


async def addresses(document: Any, paper: Any) -> Any:
    shop = paper({"common.getAddressRecord": [document], "afterSale.auditReturns": [{"success": True}]})
    await adapter.perform(shop, Act(Operation.approve_return, "P1", "k", request_id="R1"))
    return {"asked": shop.asked, "sent": decode(shop.calls[1].body or b"")}


async def tokens(document: Any, _paper: Any) -> Any:
    call = adapter.exchange_call(APP, {"code": "c"})
    return adapter.read_grants(call, Answer(200, {}, encode(document)), NOW)[0]


async def stock(document: Any, paper: Any) -> Any:
    shop = paper({"inventory.syncSkuStock": [document]})
    return await adapter.set_stock(shop, document["data"]["skuId"], 100)


async def error(document: Any, _paper: Any) -> Any:
    return judged(document)


async def pushes(document: Any, _paper: Any) -> Any:
    hints = adapter.read_pushes(encode(document))
    return {"hints": hints, "count": len(hints), "ids": len({hint.event_id for hint in hints})}


async def acknowledgement(document: Any, _paper: Any) -> Any:
    answer = adapter.ack()
    return {"status": answer.status, "same": decode(answer.body) == document, "type": answer.headers["Content-Type"]}


def unread(method: str) -> Reader:
    """A call no part of the gateway makes: its envelope is judged and its content kept as it came."""

    async def read(document: Any, _paper: Any) -> Any:
        return {**judged(document, method), "told": content_of(Answer(200, {}, encode(document)))}

    return read


# file -> its kind, and facts (path, value) that must come out
ROWS: Mapping[str, tuple[Reader, list[tuple[str, Any]]]] = {
    "afterSale_getAfterSaleDetail_old_documented.json": (
        unread("afterSale.getAfterSaleDetail"),  # section 5.4: the old pair is not built upon
        [("error", ""), ("told.returnsId", "R7488183140002901"), ("told.subStatus", 301)],
    ),
    "afterSale_listAfterSaleApi_old_documented.json": (
        unread("afterSale.listAfterSaleApi"),
        [("error", ""), ("told.haxNext", True), ("told.simpleAfterSaleList.0.refundStatus", 108)],
    ),
    "afterSale_listAfterSaleInfos_composed.json": (
        after_sales,
        [
            ("request_id", "R7488183140002901"),
            ("kind", "refund"),
            ("state", "open"),
            ("refund_minor", 1250),
            ("answer_by", datetime.fromtimestamp(1789142400, UTC)),
            ("reason_raw", "质量问题"),
        ],
    ),
    "afterSale_listAfterSaleInfos_two_level.json": (
        after_sales,
        [
            ("order_id", "P768291112062421411"),
            ("kind", "price_adjustment"),
            ("state", "refused"),
            ("raw_status", "9001"),
            ("answer_by", None),
        ],
    ),
    "common_getAddressRecord.json": (
        addresses,
        [
            ("asked", ["common.getAddressRecord", "afterSale.auditReturns"]),
            ("sent.receiverInfo.sellerAddressRecordId", 19605746),
            ("sent.action", 2),
        ],
    ),
    "common_getExpressCompanyList_subset.json": (
        unread("common.getExpressCompanyList"),
        [
            ("error", ""),
            ("told.expressCompanyInfos.2.expressCompanyCode", "shunfeng"),
            ("told.expressCompanyInfos.10.expressCompanyName", "极兔速递"),
        ],
    ),
    "envelope_code_200.json": (
        unread("common.checkForbiddenKeyword"),
        [("error", ""), ("code", ""), ("told.forbiddenKeywords.0", "防脱发")],
    ),
    "error_app_not_found.json": (error, [("error", "StoreDisconnected"), ("code", "401"), ("text", ...)]),
    "error_rate_limited.json": (error, [("error", "RateLimited"), ("code", "-9013"), ("text", ...)]),
    "error_success_true_code_50209.json": (error, [("error", "Refused"), ("code", "50209"), ("text", ...)]),
    "inventory_syncSkuStock_inner_warning.json": (stock, [("available", 25), ("total", 100), ("occupied", 35)]),
    "oauth_getAccessToken_documented.json": (
        tokens,
        [
            ("external_id", "5a1500000000000076ee0832"),
            ("credential.expires_at", datetime(2021, 2, 20, 7, 49, 49, 260_000, tzinfo=UTC)),
            ("credential.refresh_expires_at", datetime(2021, 3, 21, 7, 49, 49, 263_000, tzinfo=UTC)),
            ("shop.name", "开放平台测试店1专卖店"),
            ("shop.region", "CN"),
        ],
    ),
    "order_batchBindSkuIdentifyInfo_partial_failure.json": (
        unread("order.batchBindSkuIdentifyInfo"),
        [("error", ""), ("told.res.0.success", False), ("told.res.0.packageId", "P763799094814100101")],
    ),
    "order_getOrderDetail_documented_all_fields.json": (
        order,
        [
            ("order_id", "P321***4012"),
            ("payment", "unpaid"),
            ("total_minor", 10000),
            ("lines.0.gift", True),
            ("lines.0.list_price_minor", 115),
            ("raw_details.orderTagList", "rds"),
            ("packages.0.carrier", "shunfen"),
        ],
    ),
    "order_getOrderDetail_single_sku.json": (
        order,
        [
            ("order_id", "P768291112062421411"),
            ("fulfillment", "to_ship"),
            ("total_minor", 10),
            ("ship_by", datetime.fromtimestamp(1752911924, UTC)),
            ("updated_at", datetime(2025, 7, 17, 7, 58, 51, 122_000, tzinfo=UTC)),
            ("lines.0.line_id", "6878ac2e02d7b000016adb40"),
            ("recipient.city", "海口市"),
            ("recipient.address_token", "0000000000000000000000000000abc1"),
            ("packages.0.lines.0.quantity", 1),
        ],
    ),
    "order_getOrderDetail_two_skus.json": (
        order,
        [
            ("order_id", "P768269740371421731"),
            ("total_minor", 20),
            ("lines.1.variant", "18寸 宝蓝色"),
            ("lines.1.unit_price_minor", 10),
            ("lines.0.sku", None),
            ("payments.0.method", "wechat"),
        ],
    ),
    "order_getOrderList_documented.json": (
        order_list,
        [("first.ids", ()), ("first.next_page", "5.500@1773099000-1773100800"), ("page.ids", ["P141***1412"])],
    ),
    "order_getOrderReceiverInfo_documented.json": (
        receivers,
        [
            ("town", "xx街道"),
            ("encrypted", {"name": "张三", "phone": "123456789", "full_address": "XX路XX号"}),
            ("name", ""),
            ("masked", {"name", "phone", "full_address"}),
        ],
    ),
    "order_getOrderTracking_documented.json": (
        parcels,
        [("0.expressNo", "SF1234567890"), ("0.records.0.nodeId", 8), ("0.currentStatusDesc", "已发货")],
    ),
    "push_ack.json": (acknowledgement, [("status", 200), ("same", True), ("type", "application/json")]),
    "push_batch_refund_before_shipping.json": (
        pushes,
        [
            ("count", 6),
            ("ids", 6),
            ("hints.0.requests", ("R6242141112658161",)),
            ("hints.1.orders", ("P768291112062421411",)),
            ("hints.1.requests", ()),
            ("hints.3.changed_at", datetime(2025, 7, 18, 4, 24, 19, 636_000, tzinfo=UTC)),
        ],
    ),
    "push_connectivity_test.json": (pushes, [("count", 0), ("ids", 0), ("hints", [])]),
    "push_msg_after_sale_create.json": (
        pushes,
        [
            ("hints.0.kind", "msg_after_sale_create"),
            ("hints.0.shop", "686f00000000000000000001"),
            ("hints.0.requests", ("R6242141112658161",)),
            ("hints.0.orders", ("P768291112062421411",)),
        ],
    ),
    "push_seller_remark_change.json": (
        pushes,
        [
            ("hints.0.kind", "msg_fulfillment_seller_remark_change"),
            ("hints.0.orders", ("P768716729656421231",)),
            ("hints.0.changed_at", datetime(2025, 7, 22, 9, 5, 1, 977_000, tzinfo=UTC)),
        ],
    ),
    "push_sku_buyable.json": (
        pushes,
        [("hints.0.kind", "msg_sku_buyable"), ("hints.0.orders", ()), ("hints.0.requests", ())],
    ),
    "v0_packages_canceling_list.json": (
        unread("v0.packages.canceling_list"),  # the REST generation of 2018, retired
        [("error", ""), ("told.package_list.0.package_id", "P124394374937984"), ("told.total_number", 100)],
    ),
}


def dig(value: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value[step]
        elif step.isdigit():
            value = value[int(step)]
        else:
            value = getattr(value, step)
    return value


@needs_payloads
def test_every_file_has_a_row_and_every_row_a_file() -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS=1, but there is no folder of example payloads"
    assert {path.name for path in FOLDER.glob("*.json")} == set(ROWS)
    for name, (_, facts) in ROWS.items():
        assert len(facts) >= 3, name


@needs_payloads
@pytest.mark.parametrize("name", sorted(ROWS))
async def test_an_example_payload(name: str, paper: Any) -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS=1, but there is no folder of example payloads"
    reader, facts = ROWS[name]
    understood = await reader(decode((FOLDER / name).read_bytes()), paper)
    for path, expected in facts:
        found = dig(understood, path)
        if expected is not ...:
            assert found == expected, path

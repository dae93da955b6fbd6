"""Every example payload beside the project goes through the adapter: its kind, and values that must come out.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
what ORDER_GATEWAY_SHARED names. Without it these tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS=1.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from adapters.alibaba_1688 import adapter
from adapters.alibaba_1688.orders import map_order
from gateway.model.store import App
from gateway.ports import Act, Answer, Call, Operation, SaleLink, Window
from gateway.transport.json import decode, encode
from tests.adapters.alibaba_1688.contract.case import BUYER, SELLER, order_row

pytestmark = pytest.mark.payloads

APP = App(id="app-1", platform="alibaba_1688", key="1", base_url="https://gw.open.1688.com")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW)
TRADE = "alibaba.trade."


def folder() -> Path | None:
    named = os.environ.get("ORDER_GATEWAY_SHARED")
    roots = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    for root in roots:
        if (root / "platforms" / "alibaba_1688" / "examples").is_dir():
            return root / "platforms" / "alibaba_1688" / "examples"
    return None


FOLDER = folder()
REQUIRED = os.environ.get("ORDER_GATEWAY_REQUIRE_PAYLOADS") == "1"
needs_payloads = pytest.mark.skipif(
    FOLDER is None and not REQUIRED,
    reason="no folder `shared` beside the project: name it in ORDER_GATEWAY_SHARED",
)

Reader = Callable[[Any, Any], Awaitable[Any]]


def answer(body: Any) -> Answer:
    return Answer(200, {}, encode(body))


def judged(body: Any, operation: str) -> dict[str, Any]:
    """What the adapter makes of an answer: class and code of the error, both empty for success."""
    error = adapter.classify(Call(operation=operation, method="POST", path="/x"), answer(body))
    if error is None:
        return {"error": "", "code": "", "text": ""}
    return {"error": type(error).__name__, "code": getattr(error, "code", ""), "text": str(error)}


def verdict(operation: str) -> Reader:
    async def read(document: Any, _paper: Any) -> Any:
        return judged(document, operation)

    return read


def fields(call: Call) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((call.body or b"").decode()).items()}


async def cancelling(document: Any, paper: Any) -> Any:
    asked = document["request"]
    shop = paper("seller", named={f"{TRADE}cancel": document["response"]})
    act = Act(
        operation=Operation.seller_close,
        order_id=asked["tradeID"],
        key="k",
        reason=asked["cancelReason"],
        parameters={"remark": asked["remark"]},
    )
    assert await adapter.perform(shop, act) == asked["tradeID"]
    assert fields(shop.calls[0]) == asked
    return asked


async def create_refund(document: Any, paper: Any) -> Any:
    """The form of the page: what the adapter sends says the same of each field."""
    told = document
    (line,) = decode(told["orderEntryIds"].encode())  # type: ignore[misc]  # a list of one
    row = order_row(id=int(told["orderId"]), idOfStr=told["orderId"], status="waitbuyerreceive")
    row["productItems"][0] |= {
        "subItemIDString": str(line),
        "subItemID": line,
        "quantity": 2,
        "status": "waitbuyerreceive",
        "logisticsStatus": 2,
    }
    reasons = {"result": {"success": True, "result": {"reasons": [{"id": int(told["applyReasonId"]), "name": "测试"}]}}}
    fees = {"result": {"success": True, "result": {"maxGoodsFee": 1, "maxPostFee": 0}}}
    shop = paper(
        "buyer",
        named={
            f"{TRADE}get.buyerView": {"result": row},
            f"{TRADE}getRefundReasonList": reasons,
            f"{TRADE}getMaxRefundFee": fees,
            f"{TRADE}createRefund": {"result": {"success": True, "result": {"refundId": "TQ1"}}},
        },
    )
    act = Act(
        operation=Operation.request_refund,
        order_id=told["orderId"],
        key="k",
        reason=told["applyReasonId"],
        lines=((str(line), 1),),
        parameters={"solution": "return_refund", "text": told["description"]},
    )
    assert await adapter.perform(shop, act) == "TQ1"
    sent = fields(shop.calls[-1])
    assert {name: told[name] for name in sent} == sent
    return sent


async def refund_made(document: Any, paper: Any) -> Any:
    inner = document["result"]["result"]["refundId"]
    row = order_row()
    reasons = {"result": {"success": True, "result": {"reasons": [{"id": 7, "name": "原因"}]}}}
    shop = paper(
        "buyer",
        named={
            f"{TRADE}get.buyerView": {"result": row},
            f"{TRADE}getRefundReasonList": reasons,
            f"{TRADE}getMaxRefundFee": {"result": {"success": True, "result": {}}},
            f"{TRADE}createRefund": document,
        },
    )
    act = Act(operation=Operation.request_refund, order_id=row["baseInfo"]["idOfStr"], key="k", reason="7")
    return {"reference": await adapter.perform(shop, act), "told": inner, **judged(document, f"{TRADE}createRefund")}


async def creating(document: Any, paper: Any) -> Any:
    told = judged(document, f"{TRADE}createCrossOrder")
    if told["error"]:
        return told
    shop = paper("buyer", named={f"{TRADE}createCrossOrder": document})
    act = Act(
        operation=Operation.create_order,
        order_id="SALE-1",
        key="k",
        lines=(("1:x", 1),),
        parameters={"address_id": "1"},
    )
    return told | {"orders": (await adapter.perform(shop, act)).split(",")}


async def order(document: Any, _paper: Any) -> Any:
    batch = map_order(document["result"], BUYER.connected.store, "-")
    assert (list(batch.bad), list(batch.unmapped)) == ([], [])
    assert decode(batch.raws[0].body) == document["result"]
    return batch.orders[0]


def listed(role: str) -> Reader:
    case, operation = (BUYER, "getBuyerOrderList") if role == "buyer" else (SELLER, "getSellerOrderList")

    async def read(document: Any, paper: Any) -> Any:
        page = await adapter.list_orders(paper(role, named={f"{TRADE}{operation}": document}), DAY, None)
        batch = map_order(document["result"][0], case.connected.store, "-")
        assert (list(batch.bad), list(batch.unmapped)) == ([], [])
        return {"ids": list(page.ids), "next": page.next_page, "order": batch.orders[0]}

    return read


async def refund(document: Any, paper: Any) -> Any:
    result = document["result"]
    row = result.get("opOrderRefundModelDetail") or result["opOrderRefundModels"][0]
    shaped = {"result": {"opOrderRefundModelDetail": row}}
    page = await adapter.fetch_after_sale(
        paper("buyer", named={f"{TRADE}refund.OpQueryOrderRefund": shaped}), row["refundId"]
    )
    assert (list(page.bad), list(page.unmapped)) == ([], [])
    assert decode(page.raws[0].body) == row
    return page.after_sales[0]


async def history(document: Any, paper: Any) -> Any:
    steps = document["result"]["opOrderRefundOperationModels"]
    row = {
        "refundId": steps[0]["refundId"],
        "orderId": 1,
        "status": "refundsuccess",
        "gmtApply": steps[-1]["gmtCreate"],
        "gmtModified": steps[0]["gmtModified"],
        "onlyRefund": True,
        "refundOperationList": steps,
    }
    shaped = {"result": {"opOrderRefundModelDetail": row}}
    page = await adapter.fetch_after_sale(
        paper("seller", named={f"{TRADE}refund.OpQueryOrderRefund.sellerView": shaped}), row["refundId"]
    )
    return page.after_sales[0]


async def traces(document: Any, paper: Any) -> Any:
    infos, scans = f"{TRADE}getLogisticsInfos.buyerView", f"{TRADE}getLogisticsTraceInfo.buyerView"
    told = document if "logisticsTrace" in document else {"logisticsTrace": []}
    rows = document if "result" in document else {"result": [{"logisticsId": "LP1", "status": "SIGN"}]}
    (trace,) = await adapter.parcel_traces(paper("buyer", named={infos: rows, scans: told}), "1")
    return trace


async def shipped(document: Any, paper: Any) -> Any:
    sent = "alibaba.logistics.OpDeliverySendOrder.offline"
    shop = paper("seller", named={f"{TRADE}get.sellerView": {"result": order_row()}, sent: document})
    parameters = {"carrier": "YTO", "tracking_number": "EX12345678"}
    act = Act(operation=Operation.ship, order_id="1", key="k", parameters=parameters)
    return {"reference": await adapter.perform(shop, act), **judged(document, sent)}


async def pushed(document: Any, _paper: Any) -> Any:
    body = urlencode({"message": encode(document).decode()}).encode()
    (hint,) = adapter.read_pushes(body)
    return hint


async def lost(document: Any, paper: Any) -> Any:
    """Both replay calls list messages; the one that confirms by reading is never made, its rows are the same."""
    rows = document.get("pushMessageList")
    shaped = document if rows is None else {"pushMessagePage": {"datas": rows, "totalCount": len(rows)}}
    found = await adapter.lost_pushes(paper("seller", named={"push.query.messageList": shaped}))
    (hint,) = adapter.read_pushes(found.bodies[0])
    return {"marker": found.marker, "more": found.more, "hint": hint}


async def linked(document: Any, paper: Any) -> Any:
    asked = document["request"]
    shop = paper("buyer", named={"order.relation.write": document["response"]})
    link = SaleLink(
        order_id=asked["purchaseParentOrderId"],
        line_id=asked["purchaseOrderId"],
        sale_order_id=asked["parentOrderId"],
        sale_line_id=asked["orderId"],
    )
    await adapter.link_sale(shop, link)
    sent = decode(fields(shop.calls[0])["orderRelationParam"].encode())
    assert sent == asked
    return {**asked, "effect": shop.calls[0].effect, "repeatable": shop.calls[0].idempotent}


async def token(document: Any, _paper: Any) -> Any:
    call = adapter.exchange_call(APP, {"code": "c", "redirect_url": "https://gw.example.com/x"})
    (grant,) = adapter.read_grants(call, answer(document), NOW)
    return grant


@dataclass(frozen=True, slots=True)
class Row:
    """A payload's reader, and what must come out: path -> value."""

    reader: Reader
    values: dict[str, Any]


TABLE: dict[str, Row] = {
    "cancel_status_error.json": Row(
        verdict(f"{TRADE}cancel"), {"error": "Conflict", "code": "ORDER_STATUS_ERROR", "text~": "订单状态错误"}
    ),
    "cancel_success.json": Row(
        cancelling, {"tradeID": "202711458975969812", "cancelReason": "other", "remark": "取消订单"}
    ),
    # an order's number beside success:false: made or not, only a look under our own number tells
    "create_order_account_period.json": Row(
        creating, {"error": "OutcomeUnknown", "code": "", "text~": "own order number"}
    ),
    "create_order_flat.json": Row(creating, {"error": "OutcomeUnknown", "code": "", "text~": "own order number"}),
    "create_order_split_into_two.json": Row(
        creating, {"error": "", "orders.0": "105581756010628640", "orders.1": "105637283010628640"}
    ),
    "create_refund_request.json": Row(
        create_refund,
        {"applyPayment": "1", "goodsStatus": "refundBuyerReceived", "orderEntryIds": "[506683458996743225]"},
    ),
    "create_refund_success.json": Row(
        refund_made, {"error": "", "reference": "TQ34931008034741532", "told": "TQ34931008034741532"}
    ),
    "deliver_offline_result.json": Row(shipped, {"error": "", "code": "", "reference": "ZX113988430670174"}),
    "logistics_infos_signed.json": Row(
        traces, {"package_id": "BX111841674232006", "raw_status": "SIGN", "state": "delivered"}
    ),
    "logistics_trace_steps.json": Row(
        traces,
        {
            "scans.0.at": datetime(2018, 7, 24, 13, 55, 33, tzinfo=UTC),
            "scans.3.at": datetime(2018, 7, 26, 5, 33, 11, tzinfo=UTC),
            "scans.3.words": "快件已被 已签收 签收",
        },
    ),
    "message_logistics_trace.json": Row(
        pushed,
        {
            "event_id": "53210004",
            "orders": ("2938624554509662976",),
            "role": "buyer",
            "changed_at": datetime(2018, 5, 30, 11, 34, 27, tzinfo=UTC),  # `changeTime` is blank
        },
    ),
    "message_refund_after_sales.json": Row(
        pushed, {"requests": ("TQ1234567",), "shop": "b2b-346900403", "role": "buyer"}
    ),
    "message_refund_in_sales.json": Row(
        pushed,
        {
            "requests": ("TQ1234556",),
            "orders": ("1479266113491823456",),
            "changed_at": datetime(2018, 5, 30, 11, 30, 13, tzinfo=UTC),
        },
    ),
    "message_seller_close.json": Row(
        pushed,
        {"event_id": "53210001", "orders": ("167539019420540000",), "kind": "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE"},
    ),
    "order_detail_mixed_items.json": Row(
        order,
        {
            "order_id": "58218860983545941",  # the number beside it is rounded
            "lines.0.line_id": "128403042259997715",
            "lines.1.line_id": "58218860985545941",  # no twin: the snapshot's address has it
            "total_minor": 615,
            "placed_at": datetime(2017, 9, 14, 6, 17, 8, tzinfo=UTC),
            "fulfillment": "partly_shipped",
            "packages.0.tracking_number": "",
            "packages.0.lines.0.line_id": "58218860985545941",
        },
    ),
    "order_list_buyer_cancelled.json": Row(
        listed("buyer"),
        {
            "ids.0": "196965465451498520",
            "order.end_reason": "unpaid",
            "order.ended_by": "platform",
            "order.lines.0.list_price_minor": 3990,
            "order.lines.0.paid_minor": 1,
        },
    ),
    "order_list_seller_unpaid.json": Row(
        listed("seller"),
        {
            "ids.0": "193441303243969811",
            "order.payment": "unpaid",
            "order.total_minor": 7030,
            "order.lines.0.unit_price_minor": 630,
        },
    ),
    "order_relation_write.json": Row(linked, {"orderId": "234325234234542324", "effect": True, "repeatable": "yes"}),
    # a person opens the link in the console: paying is not among the gateway's acts
    "pay_url_batch.json": Row(verdict("alibaba.alipay.url.get"), {"error": "", "code": "", "text": ""}),
    "push_failed_cursor.json": Row(
        lost, {"marker": "[123456]", "hint.kind": "CAIGOU_MSG_BUYER_PUBLISH_BUYOFFER", "hint.orders": ()}
    ),
    "push_failed_query_page.json": Row(
        lost, {"marker": "[68891027]", "more": False, "hint.event_id": "68891027", "hint.orders": ()}
    ),
    "refund_detail_with_operations.json": Row(
        refund,
        {
            "request_id": "TQ8651493722961198",
            "kind": "return_refund",
            "goods": "received",
            "refunded_minor": 1,
            "reason": "not_as_described",
            "lines.0.quantity": 2,
        },
    ),
    "refund_list_closed_by_timeout.json": Row(
        refund, {"state": "withdrawn", "refunded_minor": 0, "refund_minor": 1, "reason": "changed_mind"}
    ),
    "refund_operations.json": Row(
        history,
        {
            "request_id": "TQ10143867704492085",
            "opened_at": datetime(2018, 6, 11, 10, 4, 14, tzinfo=UTC),
            "dispute": "none",
        },
    ),
    "refund_query_by_order.json": Row(
        refund, {"kind": "return_refund", "order_id": "151267031008969811", "tracking_number": "12345134135435234"}
    ),
    "refund_query_error_nested_json.json": Row(
        verdict(f"{TRADE}refund.OpQueryBatchRefundByOrderIdAndStatus"),
        {"error": "NotFound", "code": "500", "text~": "Check the number"},  # the cause within the message counts
    ),
    "return_goods_error.json": Row(
        verdict(f"{TRADE}refund.returnGoods"), {"error": "Refused", "code": "4004", "text~": "物流公司编号"}
    ),
    "token.json": Row(
        token,
        {
            "external_id": "b2b-1623492085",
            "credential.expires_at": NOW + timedelta(hours=10),
            "credential.refresh_expires_at": datetime(2012, 12, 22, 14, 22, 22, tzinfo=UTC),
        },
    ),
}


def found(value: Any, path: str) -> Any:
    for step in path.split("."):
        key: Any = int(step) if step.isdigit() else step
        value = value[key] if isinstance(value, dict | list | tuple) else getattr(value, step)
    return value


@needs_payloads
def test_every_payload_has_its_row() -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS is set, and there is no folder"
    assert {path.name for path in FOLDER.iterdir() if path.suffix == ".json"} == set(TABLE)
    assert all(len(row.values) >= 3 for row in TABLE.values())


@needs_payloads
@pytest.mark.parametrize("name", sorted(TABLE))
async def test_payload(name: str, paper: Any) -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS is set, and there is no folder"
    row = TABLE[name]
    result = await row.reader(decode((FOLDER / name).read_bytes()), paper)
    for path, value in row.values.items():
        told = found(result, path.removesuffix("~"))
        assert (value in told) if path.endswith("~") else (told == value), f"{path}: {told!r}"

"""Every example payload beside the project goes through the adapter: its kind, and values that must come out.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
what ORDER_GATEWAY_SHARED names. Without it these tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS=1.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.shopee import adapter
from adapters.shopee.payloads import body_of, content_of
from adapters.shopee.pushes import facts_of, read_push
from gateway.model.store import App, Credential
from gateway.ports import Act, Answer, Call, Operation, Window
from gateway.transport.json import decode, encode

pytestmark = pytest.mark.payloads

APP = App(id="app-1", platform="shopee", key="2001887", base_url="https://partner.shopeemobile.com")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW)


def folder() -> Path | None:
    named = os.environ.get("ORDER_GATEWAY_SHARED")
    roots = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    for root in roots:
        if (root / "platforms" / "shopee" / "examples").is_dir():
            return root / "platforms" / "shopee" / "examples"
    return None


FOLDER = folder()
REQUIRED = os.environ.get("ORDER_GATEWAY_REQUIRE_PAYLOADS") == "1"
needs_payloads = pytest.mark.skipif(
    FOLDER is None and not REQUIRED,
    reason="no folder `shared` beside the project: name it in ORDER_GATEWAY_SHARED",
)


@dataclass
class Kit:
    """What the readers need from the fixtures."""

    paper: Any
    rows: Any


Reader = Callable[[Any, Kit], Awaitable[Any]]


def answer(body: Any) -> Answer:
    return Answer(200, {}, encode(body))


def judged(body: Any, operation: str = "returns.dispute") -> dict[str, Any]:
    """What the adapter makes of an answer: class and code of the error, both empty for success."""
    error = adapter.classify(Call(operation=operation, method="POST", path="/x"), answer(body))
    if error is None:
        return {"error": "", "code": ""}
    return {"error": type(error).__name__, "code": getattr(error, "code", ""), "text": str(error)}


async def orders(document: Any, kit: Kit) -> Any:
    ids = [row["order_sn"] for row in document["response"]["order_list"]]
    packages = kit.rows.wrapped({"package_list": []})
    shop = kit.paper({"order.get_order_detail": [encode(document)], "order.get_package_detail": [packages]})
    batch = await adapter.fetch_orders(shop, ids)
    assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
    return batch.orders


async def order_list(document: Any, kit: Kit) -> Any:
    return await adapter.list_orders(kit.paper({"order.get_order_list": [encode(document)]}), DAY, None)


async def return_list(document: Any, kit: Kit) -> Any:
    page = await adapter.list_after_sales(kit.paper({"returns.get_return_list": [encode(document)]}), DAY, None)
    assert (list(page.bad), list(page.unmapped)) == ([], [])
    return page


async def return_detail(document: Any, kit: Kit) -> Any:
    page = await adapter.fetch_after_sale(kit.paper({"returns.get_return_detail": [encode(document)]}), "any")
    assert (list(page.bad), list(page.unmapped)) == ([], [])
    return page.after_sales[0]


async def packages(document: Any, kit: Kit) -> Any:
    number = document["response"]["package_list"][0]["package_number"]
    parcel = kit.rows.package(package_number=number, logistics_status="LOGISTICS_REQUEST_CREATED")
    order = kit.rows.wrapped({"order_list": [kit.rows.order(package_list=[parcel])]})
    shop = kit.paper({"order.get_order_detail": [order], "order.get_package_detail": [encode(document)]})
    batch = await adapter.fetch_orders(shop, ["260310AAAAAAA1"])
    content = content_of(answer(document), "order.get_package_detail")["package_list"][0]
    return {"order": batch.orders[0], "told": content}


async def exchange(document: Any, _kit: Kit) -> Any:
    asked = document["request"]
    call = adapter.exchange_call(
        APP.model_copy(update={"key": str(asked["partner_id"])}),
        {"code": asked["code"], "shop_id": str(asked["shop_id"])},
    )
    assert decode(call.body or b"") == asked
    return adapter.read_grants(call, answer(document["response"]), NOW)[0]


async def refresh(document: Any, kit: Kit) -> Any:
    asked = document["request"]
    store = kit.rows.shop(external_id=str(asked["shop_id"]))
    old = Credential(access_token="old", refresh_token=asked["refresh_token"], expires_at=NOW)
    call = adapter.refresh_call(APP.model_copy(update={"key": str(asked["partner_id"])}), store, old)
    assert decode(call.body or b"") == asked
    return adapter.read_grants(call, answer(document["response"]), NOW)[0]


async def main_account(document: Any, _kit: Kit) -> Any:
    call = adapter.exchange_call(APP, {"code": "c", "main_account_id": "7"})
    return [adapter.read_grants(call, answer(body), NOW) for body in document]


async def errors(document: Any, _kit: Kit) -> Any:
    return [judged(body) for body in document]


async def error_beside_content(document: Any, _kit: Kit) -> Any:
    return judged(document)


async def pushes(document: Any, _kit: Kit) -> Any:
    bodies = document if isinstance(document, list) else [document]
    return [read_push(encode(body)) for body in bodies]


async def lost_pushes(document: Any, _kit: Kit) -> Any:
    assert judged(document)["error"] == ""
    return [facts_of(message) for message in document["response"]["push_message_list"]]


async def content(document: Any, _kit: Kit) -> Any:
    """A read no part of the gateway asks for yet: its envelope is judged and its content kept as it came."""
    body = document["response"] if "request_id" not in document else document
    operation = "order.get_estimate_cancel_value" if "cancel_value_price" in body else "returns.get_return_detail"
    return {
        "judged": judged(body, operation),
        "told": body_of(answer(body)),
        "refusal": judged(document.get("error") or {}),
    }


async def performance(document: Any, kit: Kit) -> Any:
    none = kit.rows.wrapped({"penalty_point_list": [], "total_count": 0})
    script = {
        "account_health.get_shop_performance": [encode(document)],
        "account_health.get_penalty_point_history": [none],
    }
    return await adapter.read_health(kit.paper(script))


async def points(document: Any, kit: Kit) -> Any:
    script = {
        "account_health.get_shop_performance": [kit.rows.wrapped({"metric_list": []})],
        "account_health.get_penalty_point_history": [encode(document)],
    }
    return await adapter.read_health(kit.paper(script))


def act(operation: Operation, **fields: Any) -> Reader:
    """An act: the call it becomes is the request of the file, and each answer of the file is judged."""

    async def read(document: Any, kit: Kit) -> Any:
        names = {"returns.offer", "returns.confirm", "returns.accept_offer", "returns.dispute"}
        names |= {"returns.cancel_dispute", "order.cancel_order", "order.handle_buyer_cancellation"}
        shop = kit.paper({name: [encode(document["response"])] for name in names})
        asked = document["request"]
        reference = await adapter.perform(
            shop,
            Act(
                operation=operation,
                order_id=asked.get("order_sn", "-"),
                request_id=asked.get("return_sn"),
                key="k",
                **fields,
            ),
        )
        (call,) = shop.calls
        assert decode(call.body) == asked
        refusals = [judged(body, call.operation) for name, body in document.items() if name.startswith("error")]
        return {"operation": call.operation, "reference": reference, "refusals": refusals}

    return read


async def dispute(document: Any, kit: Kit) -> Any:
    asked = document["request"]
    terms = {
        "email": asked["email"],
        "dispute_text_reason": asked["dispute_text_reason"],
        "image_list": encode(asked["image_list"]).decode(),
    }
    return await act(Operation.open_dispute, reason=str(asked["dispute_reason_id"]), parameters=terms)(document, kit)


async def shipping(document: Any, kit: Kit) -> Any:
    shop = kit.paper(
        {
            "order.get_order_detail": [kit.rows.wrapped({"order_list": [kit.rows.order()]})],
            "logistics.get_shipping_parameter": [encode(document["get_shipping_parameter_response"])],
            "logistics.ship_order": [encode(document["ship_order_response"])],
        }
    )
    wanted = Act(Operation.ship, "260310AAAAAAA1", "k", parameters={"method": "pickup", "pickup_time_id": "1639472400"})
    reference = await adapter.perform(shop, wanted)
    tracking = content_of(answer(document["get_tracking_number_response"]), "logistics.get_tracking_number")
    return {"sent": decode(shop.writes[0].body), "reference": reference, "tracking": tracking}


# file -> its kind, and facts (path, value) that must come out
ROWS: Mapping[str, tuple[Reader, list[tuple[str, Any]]]] = {
    "accept_offer.json": (
        act(Operation.accept_offer),
        [
            ("operation", "returns.accept_offer"),
            ("reference", "772aff4cd09f4f649e32efa36d4546fd"),
            ("refusals.0.error", "NotFound"),
        ],
    ),
    "access_token_get.json": (
        refresh,
        [
            ("external_id", "322300222"),
            ("credential.access_token", "71594a4c54537649697341796363674a"),
            ("credential.refresh_token", "516c6b577753554375764a63704d7245"),
            ("credential.expires_at", NOW + timedelta(hours=4)),
        ],
    ),
    "booking_detail_my_cancelled.json": (
        error_beside_content,  # the page's own sample says `common.error_auth` beside its content
        [("error", "TokenExpired"), ("code", "common.error_auth"), ("text", ...)],
    ),
    "cancel_order_out_of_stock.json": (
        act(Operation.seller_close, reason="OUT_OF_STOCK", lines=(("1680783:327890123:1680783:0", 1),)),
        [
            ("operation", "order.cancel_order"),
            ("reference", "2ead12d461c34e7c9275c42c2f70fa7d"),
            ("refusals.0.error", "InvalidRequest"),
            ("refusals.1.error", "Conflict"),
            ("refusals.1.code", "order.error_limit"),
        ],
    ),
    "cancel_order_partial.json": (
        act(Operation.cancel_lines, reason="OUT_OF_STOCK", lines=(("1680783:327890123:0:0", 2),)),
        [("operation", "order.cancel_order"), ("reference", "2ead12d461c34e7c9275c42c2f70fa7d"), ("refusals", [])],
    ),
    "confirm_return.json": (
        act(Operation.refund_return),
        [
            ("operation", "returns.confirm"),
            ("reference", "33e099960cdf420393ca5d5c35016f6d"),
            ("refusals.0.code", "error_param"),
        ],
    ),
    "errors.json": (
        errors,
        [
            ("0.code", "order.order_list_invalid_time"),
            ("1.error", "NotFound"),
            ("2.error", "InvalidRequest"),
            ("3.error", "StoreDisconnected"),
            ("4.error", "StoreDisconnected"),
            ("5.error", "TokenExpired"),
            ("6.error", "StoreDisconnected"),
            ("7.error", "TokenExpired"),
        ],
    ),
    "escrow_detail.json": (
        content,
        [
            ("judged.error", ""),
            ("told.response.order_sn", "220725D58XURJS"),
            ("told.response.order_income.escrow_amount", 100),
            ("told.response.order_income.items.0.item_id", 800062998),
        ],
    ),
    "get_available_solutions.json": (
        content,
        [
            ("judged.error", ""),
            ("told.response.offer_return_refund.max_refund_amount", 15),
            ("told.response.offer_refund.max_refund_amount", 10),
            ("refusal.error", "NotFound"),
        ],
    ),
    "get_estimate_cancel_value.json": (
        content,
        [("told.cancel_value_price", "1000"), ("judged.error", ""), ("judged.code", "")],
    ),
    "get_order_detail_sg_completed.json": (
        orders,
        [
            ("0.order_id", "210930KJDNF06T"),
            ("0.closure", "completed"),
            ("0.total_minor", 298899),
            ("0.lines.0.line_id", "101513055:0:101513055:0"),
            ("0.lines.0.unit_price_minor", 300000),
            ("0.paid_at", datetime.fromtimestamp(1632973437, UTC)),
            ("0.recipient.masked", {"phone"}),
            ("0.packages.0.state", "delivered"),
            ("0.shipping_minor", 399),
        ],
    ),
    "get_order_list.json": (
        order_list,
        [("ids.0", "201218V2Y6E59M"), ("ids.9", "201214JAJXU6G7"), ("next_page", "20")],
    ),
    "get_penalty_point_history.json": (points, [("penalty_points", 10), ("metrics", []), ("penalty_points", 10)]),
    "get_return_list.json": (
        return_list,
        [
            ("after_sales.0.request_id", "200203171852695"),
            ("after_sales.0.state", "withdrawn"),
            ("after_sales.0.refund_minor", 140900),
            ("after_sales.0.reason", "damaged"),
            ("after_sales.0.lines.0.quantity", 1),
            ("next_page", "1"),
        ],
    ),
    "get_shipment_list.json": (
        content,
        [
            ("told.response.order_list.0.order_sn", "2003160SXK2A3T"),
            ("told.response.order_list.4.package_number", "62839386141288"),
            ("told.response.next_cursor", "20"),
        ],
    ),
    "get_shop_performance.json": (
        performance,
        [
            ("metrics.0.name", "non_fulfillment_rate"),
            ("metrics.0.target", "< 10"),
            ("metrics.0.value", None),
            ("metrics.13.value", "57"),
            ("metrics.15.target", ">= 4.5"),
        ],
    ),
    "handle_buyer_cancellation.json": (
        act(Operation.accept_cancellation),
        [
            ("operation", "order.handle_buyer_cancellation"),
            ("refusals.0.error", "InvalidRequest"),
            ("refusals.1.error", "Conflict"),
        ],
    ),
    "lost_push_messages.json": (
        lost_pushes,
        [
            ("0.0.code", 3),
            ("0.0.shop_id", "727720655"),
            ("0.0.subject_ids", ("220810QSK8S7BX",)),
            ("0.0.update_time", 1660123127),
        ],
    ),
    "metric_source_detail.json": (
        content,
        [
            ("judged.error", ""),
            ("told.response.lsr_order_list.0.order_sn", "220809NFRFE424"),
            ("told.response.metrics_id", 1),
            ("refusal.error", "InvalidRequest"),
            ("refusal.code", "SERVER_ERROR"),
        ],
    ),
    "offer_return.json": (
        act(
            Operation.offer_solution,
            parameters={"proposed_solution": "RETURN_REFUND", "proposed_adjusted_refund_amount": "100"},
        ),
        [
            ("operation", "returns.offer"),
            ("reference", "772aff4cd09f4f649e32efa36d4546fd"),
            ("refusals.0.error", "NotFound"),
        ],
    ),
    "order_detail_vn_masked_cod.json": (
        orders,
        [
            ("0.order_id", "2404098R48U37H"),
            ("0.total_minor", 32119),
            ("0.payment", "paid"),
            ("0.recipient.masked", {"name", "phone", "full_address"}),
            ("0.lines.0.unit_price_minor", 48000),
            ("0.lines.0.sku", "QAZ-SADOER-05"),
            ("0.packages.0.shipment_id", ""),
            ("0.packages.0.lines.0.quantity", 1),
            ("0.shipped_at", datetime.fromtimestamp(1712726577, UTC)),
        ],
    ),
    "package_detail_id_masked.json": (
        packages,
        [
            ("order.packages.0.package_id", "OFG1156498731071468"),
            ("order.packages.0.tracking_number", ""),
            ("told.order_sn", "220831EGF1JMXF"),
            ("told.fulfillment_status", "LOGISTICS_READY"),
        ],
    ),
    "punishment_history.json": (
        content,
        [
            ("judged.error", ""),
            ("told.response.punishment_list.0.punishment_type", 1110),
            ("told.response.punishment_list.4.reason", 1109),
            ("told.response.total_count", 5),
        ],
    ),
    "push_0_verification.json": (
        pushes,
        [("0.0.code", 0), ("0.0.shop_id", ""), ("0.0.subject_ids", ()), ("0.0.update_time", None)],
    ),
    "push_10_webchat.json": (
        pushes,
        [
            ("0.0.code", None),
            ("0.0.shop_id", ""),
            ("0.0.subject_ids", ("4670954831706433",)),
            ("0.0.update_time", 1719883961),
            ("1.0.code", 10),
            ("1.0.shop_id", "947042923"),
            ("1.0.subject_ids", ("2302748948493123953", "709122092476686867")),
            ("2.0.update_time", 1660799914),
        ],
    ),
    "push_12_authorization_expiry.json": (
        pushes,
        [("0.0.code", 12), ("0.3.shop_id", "42342345656"), ("0.4.shop_id", "45345"), ("0.0.update_time", 1568606634)],
    ),
    "push_1_main_account_variants.json": (
        pushes,
        [
            ("0.0.code", 1),
            ("0.0.shop_id", "62000001"),
            ("0.3.shop_id", "62000004"),
            ("1.0.shop_id", ""),
            ("1.0.update_time", 1660616278),
        ],
    ),
    "push_1_shop_authorization.json": (
        pushes,
        [("0.0.code", 1), ("0.0.shop_id", "60011111"), ("0.0.update_time", 1660616278)],
    ),
    "push_28_penalty_points_issued.json": (
        pushes,
        [("0.0.code", 28), ("0.0.shop_id", "127449165"), ("0.0.update_time", 1660124246)],
    ),
    "push_28_points_removed_all_strings.json": (
        pushes,
        [("0.0.code", 28), ("0.0.shop_id", "484829995"), ("0.0.update_time", 1739352219)],
    ),
    "push_29_return_updates.json": (
        pushes,
        [
            ("0.0.code", 29),
            ("0.0.shop_id", "220004993"),
            ("0.0.subject_ids", ("241128EDQ9YKJ0", "2411280EDT4JRV5")),
            ("0.0.update_time", 1732796767),
        ],
    ),
    "push_2_variants.json": (
        pushes,
        [
            ("0.0.code", 2),
            ("0.0.shop_id", ""),
            ("1.0.shop_id", ""),
            ("2.0.shop_id", "22000000"),
            ("4.0.update_time", 1653026985),
        ],
    ),
    "push_30_package_fulfillment.json": (
        pushes,
        [
            ("0.0.code", 30),
            ("0.0.subject_ids", ("250421TPSF33R6", "OFG198917831207390")),
            ("0.0.update_time", 1660123127),
        ],
    ),
    "push_3_order_status.json": (
        pushes,
        [("0.0.code", 3), ("0.0.shop_id", "727720655"), ("0.0.subject_ids", ("220810QSK8S7BX",))],
    ),
    "push_3_to_confirm_receive_empty_msg_id.json": (
        pushes,
        [("0.0.code", 3), ("0.0.subject_ids", ("240716R9SYG4X5",)), ("0.0.update_time", 1721298318)],
    ),
    "push_3_unpaid_with_msg_id.json": (
        pushes,
        [("0.0.shop_id", "226289035"), ("0.0.subject_ids", ("2501080NKAMXA8",)), ("0.0.update_time", 1736323997)],
    ),
    "push_47_package_info.json": (
        pushes,
        [
            ("0.0.code", 47),
            ("0.0.subject_ids", ("2512017TFPB0HF", "OFG218268963204539")),
            ("0.0.update_time", 1764569831),
        ],
    ),
    "push_4_trackingno.json": (
        pushes,
        [
            ("0.0.code", 4),
            ("0.0.subject_ids", ("220809MDBFYFT2", "OFG113701539238152")),
            ("0.0.update_time", 1660123089),
        ],
    ),
    "return_detail_sg.json": (
        return_detail,
        [
            ("request_id", "2206140TA5PM808"),
            ("state", "agreed"),
            ("kind", "return_refund"),
            ("goods", "to_send_back"),
            ("refund_minor", 1397),
            ("reason", "not_received"),
            ("evidence_by", datetime.fromtimestamp(1655438336, UTC)),
            ("raw_details.dispute_reason", "2"),
            ("raw_details.negotiation_status", "PENDING_RESPOND"),
            ("lines.0.refund_minor", 1234),
        ],
    ),
    "returns_cancel_dispute.json": (
        act(Operation.cancel_dispute, parameters={"email": "test@example.com"}),
        [
            ("operation", "returns.cancel_dispute"),
            ("refusals.0.error", "Conflict"),
            ("refusals.0.code", "dispute.cancel.ineligible"),
        ],
    ),
    "returns_dispute.json": (
        dispute,
        [
            ("operation", "returns.dispute"),
            ("reference", "33e099960cdf420393ca5d5c35016f6d"),
            ("refusals.0.code", "returnsn.illegal"),
        ],
    ),
    "returns_get_return_dispute_reason.json": (
        content,
        [
            ("judged.error", ""),
            ("told.response.dispute_reason_list.0.dispute_reason", 50),
            ("told.response.dispute_reason_list.1.dispute_reason", 49),
            ("refusal.error", "NotFound"),
        ],
    ),
    "returns_get_reverse_tracking_info.json": (
        content,
        [
            ("told.response.return_sn", "2206150VT13E3MQ"),
            ("told.response.tracking_number", "MY257829361436J"),
            ("refusal.error", "NotFound"),
        ],
    ),
    "ship_order.json": (
        shipping,
        [
            ("sent.pickup.address_id", 123),
            ("sent.pickup.pickup_time_id", "1639472400"),
            ("reference", "3dad66f43b8447d282ae6da36626c6b7"),
            ("tracking.tracking_number", "MY200448706479IT"),
        ],
    ),
    "token_get.json": (
        exchange,
        [
            ("external_id", "54804"),
            ("credential.access_token", "6a55746e61546f707579627656637464"),
            ("credential.expires_at", NOW + timedelta(seconds=13859)),
        ],
    ),
    "token_get_main_account.json": (
        main_account,
        [
            ("0.0.external_id", "33142"),
            ("0.1.external_id", "46154"),
            ("0.1.credential.access_token", "44776151594778486943647644745361"),
            ("1.2.external_id", "368765097"),
            ("1.0.credential.expires_at", datetime.fromtimestamp(1767001812, UTC)),
        ],
    ),
    "tracking_info_delivery_failed.json": (
        content,
        [
            ("told.response.order_sn", "2409177JCSRTEU"),
            ("told.response.logistics_status", "LOGISTICS_DELIVERY_FAILED"),
            ("told.response.reversed_tracking_number", "SG246907296501CU"),
        ],
    ),
    "upload_proof.json": (
        content,
        [("judged.error", ""), ("told.message", "success"), ("refusal.code", "format.unsupported")],
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
async def test_an_example_payload(name: str, paper: Any, rows: Any) -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS=1, but there is no folder of example payloads"
    reader, facts = ROWS[name]
    understood = await reader(decode((FOLDER / name).read_bytes()), Kit(paper, rows))
    for path, expected in facts:
        found = dig(understood, path)
        if expected is not ...:
            assert found == expected, path

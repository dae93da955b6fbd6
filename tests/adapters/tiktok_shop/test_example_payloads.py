"""Every example payload beside the project goes through the adapter: its kind, and values that must come out.

The payloads are read where they lie and are no part of the project: a folder `shared` beside the project's own, or
what ORDER_GATEWAY_SHARED names. Without it these tests are skipped, unless ORDER_GATEWAY_REQUIRE_PAYLOADS=1.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.tiktok_shop import adapter
from gateway.errors import PlatformError
from gateway.model.store import Store, StoreMode
from gateway.ports import Act, Answer, AuthorisationNews, Call, Operation, Window
from gateway.transport.json import decode, encode

pytestmark = pytest.mark.payloads

NOW = datetime(2026, 3, 10, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW)


def folder() -> Path | None:
    named = os.environ.get("ORDER_GATEWAY_SHARED")
    roots = [Path(named)] if named else [parent / "shared" for parent in Path(__file__).resolve().parents]
    places = [root / "platforms" / "tiktok_shop" / "examples" for root in roots]
    return next((place for place in places if place.is_dir()), None)


FOLDER = folder()
REQUIRED = os.environ.get("ORDER_GATEWAY_REQUIRE_PAYLOADS") == "1"
needs_payloads = pytest.mark.skipif(
    FOLDER is None and not REQUIRED,
    reason="no folder `shared` beside the project: name it in ORDER_GATEWAY_SHARED",
)


@dataclass
class Paper:
    """A shop that answers each call from a script and keeps what was sent; failures are judged by the adapter."""

    script: Mapping[str, Any]
    calls: list[Call] = field(default_factory=list)
    store: Store = field(
        default_factory=lambda: Store(
            id="shop-1",
            app="app-1",
            platform="tiktok_shop",
            external_id="7494049642642441621",
            region="JP",
            currency="JPY",
            time_zone="Asia/Tokyo",
            mode=StoreMode.act,
        )
    )

    async def send(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = Answer(200, {}, encode(self.script[call.operation]))
        failure = adapter.classify(call, answer)
        if failure is not None:
            raise failure
        return answer

    @property
    def written(self) -> Any:
        (write,) = [call for call in self.calls if call.effect]
        return decode(write.body or b"null")


def ok(content: Any) -> Any:
    return {"code": 0, "message": "Success", "request_id": "r-1", "data": content}


Reader = Callable[[Any], Awaitable[Any]]


async def order_list(document: Any) -> Any:
    page = await adapter.list_orders(Paper({"order.search": document}), DAY, None)
    assert page.batch is not None
    assert (list(page.batch.bad), list(page.batch.unmapped)) == ([], [])
    return {"ids": page.ids, "next_page": page.next_page, "orders": page.batch.orders}


async def order_detail(document: Any) -> Any:
    ids = [row["id"] for row in document["data"]["orders"]]
    batch = await adapter.fetch_orders(Paper({"order.detail": document}), ids)
    assert (list(batch.bad), list(batch.missing), list(batch.unmapped)) == ([], [], [])
    return batch.orders[0]


async def cancellations(document: Any) -> Any:
    page = await adapter.list_after_sales(Paper({"cancellation.search": document}), DAY, None)
    assert list(page.unmapped) == []
    return page


async def returns(document: Any) -> Any:
    page = await adapter.list_after_sales(Paper({"return.search": document}), DAY, "return_orders:")
    assert (list(page.bad), list(page.unmapped)) == ([], [])
    return page


async def tokens(document: Any) -> Any:
    call = Call(operation="token.get", method="GET", path="/api/v2/token/get", scope="app")
    return adapter.read_grants(call, Answer(200, {}, encode(document)), NOW)[0]


async def shops(document: Any) -> Any:
    return await adapter.describe_shops(Paper({"authorization.shops": document}))


async def reasons(document: Any) -> Any:
    return await adapter.reject_reasons(Paper({"aftersale.reject_reasons": document}), "4035318504086604100")


async def pushed(document: Any) -> Any:
    return adapter.read_pushes(encode(document))[0]


async def judged(document: Any) -> Any:
    call = Call(operation="any.write", method="POST", path="/x", effect=True, idempotent="no")
    error = adapter.classify(call, Answer(200, {}, encode(document)))
    if error is None:
        return {"error": "", "code": str(document["code"]), "request_id": document["request_id"]}
    assert isinstance(error, PlatformError) or hasattr(error, "code")
    code, request = getattr(error, "code", ""), getattr(error, "request_id", "")
    return {"error": type(error).__name__, "code": code, "request_id": request}


def written(answers: Mapping[str, Any], **act: Any) -> Reader:
    """Return what tells the body that an act sends; the example is what the platform takes."""

    async def read(document: Any) -> Any:
        paper = Paper(answers)
        await adapter.perform(paper, Act(key="key-1", **act))
        return {"sent": paper.written, "example": document, "same": paper.written == document}

    return read


def answered(**act: Any) -> Reader:
    """Return what an act makes of the platform's answer."""

    async def read(document: Any) -> Any:
        paper = Paper(
            {
                "aftersale.eligibility": ok({"sku_eligibility": []}),
                "cancellation.create": document,
                "cancellation.approve": document,
            }
        )
        try:
            reference = await adapter.perform(paper, Act(key="key-1", **act))
        except PlatformError as error:
            return {"reference": "", "error": type(error).__name__}
        return {"reference": reference, "error": "", "told": document["data"], "calls": len(paper.calls)}

    return read


ELIGIBLE = {"request_type": "CANCEL", "eligible": True, "available_reason_names": ["seller_cancel_reason_out_of_stock"]}
PARCEL = {"return_id": "404", "return_type": "RETURN_AND_REFUND", "return_status": "BUYER_SHIPPED_ITEM"}
RETURNED = ok({"return_orders": [PARCEL]})
MONEY = ok(
    {
        "return_orders": [
            {
                "return_id": "404",
                "return_type": "REFUND",
                "return_status": "RETURN_OR_REFUND_REQUEST_PENDING",
                "refund_amount": {"currency": "IDR", "refund_total": "100"},
            }
        ]
    }
)
SOLD_OUT = "seller_cancel_reason_out_of_stock"
NOT_COME = "seller_reject_apply_package_has_not_exceeded_estimated_delivery_time"
MISSING = "ecom_order_delivered_refund_reason_missing_product_seller"

UNITS = [
    {"id": "455764739172614518516", "sku_id": "1729386416015578024", "display_status": "DELIVERED"},
    {"id": "455764739172614518517", "sku_id": "1729386416015578024", "display_status": "DELIVERED"},
]

TABLE: Mapping[str, tuple[Reader, list[tuple[str, Any]]]] = {
    "approve_cancellation_response.json": (
        answered(operation=Operation.accept_cancellation, order_id="1", request_id="403"),
        [("reference", "202203070749000101890810281E8C70B7"), ("error", ""), ("told", {})],
    ),
    # Breaks the page's own rules: `buyer_keep_item` goes with APPROVE_RETURN only, `partial_refund` with an offer only.
    # The adapter never sends it: an approval carries neither, an offer carries the decision that fits.
    "approve_return_request_inconsistent.json": (
        written(
            {"return.search": MONEY, "return.approve": ok({})},
            operation=Operation.offer_solution,
            order_id="1",
            request_id="404",
            parameters={"amount": "10"},
        ),
        [
            ("same", False),
            ("sent.decision", "OFFER_PARTIAL_REFUND"),
            ("sent.partial_refund", {"currency": "IDR", "amount": "10.00"}),
            ("example.decision", "APPROVE_REFUND"),
        ],
    ),
    "authorized_shops_response.json": (
        shops,
        [
            ("0.external_id", "7000714532876273420"),
            ("0.region", "GB"),
            ("0.extra.shop_cipher", "GCP_XF90igAAAABh00qsWgtvOiGFNqyubMt3"),
            ("0.extra.seller_type", "CROSS_BORDER"),
        ],
    ),
    "cancel_order_request_full.json": (
        written(
            {
                "aftersale.eligibility": ok({"sku_eligibility": [{"line_item_eligibility": [ELIGIBLE]}]}),
                "cancellation.create": ok({}),
            },
            operation=Operation.seller_close,
            order_id="576461413038785752",
            reason=SOLD_OUT,
        ),
        [("same", True), ("sent.order_id", "576461413038785752"), ("sent.cancel_reason", SOLD_OUT)],
    ),
    # Fills both exclusive line fields, with a reason that is no cancel reason; and parts of orders end in the US and
    # the UK only. The adapter ends whole orders: it sends neither.
    "cancel_order_request_partial.json": (
        written(
            {"aftersale.eligibility": ok({}), "cancellation.create": ok({})},
            operation=Operation.seller_close,
            order_id="577087614418520388",
            reason=SOLD_OUT,
            lines=(("1729386416015578024", 1),),
        ),
        [
            ("same", False),
            ("sent", {"order_id": "577087614418520388", "cancel_reason": SOLD_OUT}),
            ("example.order_line_item_ids.0", "577087614418716996"),
        ],
    ),
    "cancel_order_response.json": (
        answered(operation=Operation.seller_close, order_id="576461413038785752", reason=SOLD_OUT),
        [
            ("reference", "202203070749000101890810281E8C70B7"),
            ("error", ""),
            ("told.cancel_status", "CANCELLATION_REQUEST_SUCCESS"),
            ("calls", 2),
        ],
    ),
    # Names the unit by id and by SKU at once, and a way back for money only; the adapter names units and no way.
    "create_return_request.json": (
        written(
            {
                "order.detail": ok({"orders": [{"id": "576473917261320779", "line_items": UNITS}]}),
                "refund.calculate": ok({"order_refund_amount": {"currency": "USD", "refund_total": "10.5"}}),
                "return.create": ok({}),
            },
            operation=Operation.refund_return,
            order_id="576473917261320779",
            reason=MISSING,
            lines=(("1729386416015578024", 1),),
        ),
        [
            ("sent.order_line_item_ids", ["455764739172614518516"]),
            ("sent.refund_total", "10.5"),
            ("sent.currency", "USD"),
            ("sent.return_reason", MISSING),
            ("sent.return_type", "REFUND"),
            ("example.return_type", "REFUND"),
        ],
    ),
    "error_invalid_sign_response.json": (
        judged,
        [
            ("error", "StoreDisconnected"),
            ("code", "106001"),
            ("request_id", "202203070749000101890810281E8C70B7"),
        ],
    ),
    "error_reason_mismatch_response.json": (
        judged,
        [("error", "Refused"), ("code", "25001021"), ("request_id", "202203070749000101890810281E8C70B7")],
    ),
    "order_detail_response_id_awaiting_collection.json": (
        order_detail,
        [
            ("order_id", "580193230867958565"),
            ("fulfillment", "arranged"),
            ("total_minor", 1000100),
            ("recipient.masked", {"name", "phone", "full_address", "district", "town"}),
            ("packages.0.tracking_number", "17398843105328"),
            ("shipped_at", None),
            ("region", "ID"),
        ],
    ),
    "order_search_response_jp_awaiting_shipment.json": (
        order_list,
        [
            ("ids", ["576461413038785752"]),
            ("next_page", None),
            ("orders.0.total_minor", 4180),
            ("orders.0.lines.0.quantity", 2),
            ("orders.0.lines.0.unit_ids", ("577086512123755123", "577086512123755124")),
            ("orders.0.recipient.name_katakana", "ヤマダ タロウ"),
            ("orders.0.auto_cancel_at", datetime.fromtimestamp(1767743999, UTC)),
            ("orders.0.recipient.state", "東京都"),
        ],
    ),
    "reject_cancellation_request.json": (
        written(
            {"cancellation.reject": ok({})},
            operation=Operation.reject_cancellation,
            order_id="1",
            request_id="403",
            reason="seller_reject_apply_product_has_been_packed",
            parameters={"text": "I have packed the products before cancellation request"},
        ),
        [
            ("sent.reject_reason", "seller_reject_apply_product_has_been_packed"),
            ("sent.comment", "I have packed the products before cancellation request"),
            ("example.images.0.mime_type", "image/png"),  # no documented call gives an image's id: none is sent
        ],
    ),
    "reject_reasons_response.json": (
        reasons,
        [
            ("0.reason_id", "seller_reject_apply_item_is_correct"),
            ("0.title", "Item is correct."),
            ("1.reason_id", "seller_reject_apply_reason_is_unclear_or_lack_of_evidence"),
            ("1.asks.0.name", "text"),
        ],
    ),
    "reject_return_request_received_package.json": (
        written(
            {"return.search": RETURNED, "return.reject": ok({})},
            operation=Operation.open_dispute,
            order_id="1",
            request_id="404",
            reason=NOT_COME,
            parameters={"text": "I have reached an agreement with the buyer"},
        ),
        [
            ("sent.decision", "REJECT_RECEIVED_PACKAGE"),
            ("sent.reject_reason", NOT_COME),
            ("sent.comment", "I have reached an agreement with the buyer"),
            ("example.decision", "REJECT_RECEIVED_PACKAGE"),
        ],
    ),
    "search_cancellations_response_vn_buyer_complete.json": (
        cancellations,
        [
            ("after_sales.0.request_id", "4042092549129209339"),
            ("after_sales.0.state", "done"),
            ("after_sales.0.refund", "unknown"),  # a live record without any amount
            ("after_sales.0.opened_by", "buyer"),
            ("after_sales.0.lines.0.unit_ids", ("585743041784743419",)),
            ("next_page", "return_orders:"),
        ],
    ),
    # Its order number is not shown where it was published (SOURCES): a request of no order is set aside, not lost.
    "search_cancellations_response_vn_system_returned.json": (
        cancellations,
        [
            ("bad.0.external_id", "4042323178361161209"),
            ("bad.0.reason", "order_id: missing"),
            ("after_sales", []),
        ],
    ),
    "search_returns_response_empty_page.json": (
        returns,
        [("after_sales", []), ("next_page", None), ("raws", [])],
    ),
    "search_returns_response_vn_quick_refund.json": (
        returns,
        [
            ("after_sales.0.request_id", "4041558367614568413"),
            ("after_sales.0.refunded_minor", 489681),
            ("after_sales.0.kind", "return_refund"),
            ("after_sales.0.tracking_number", "854151285877"),
            ("after_sales.0.raw_details.is_quick_refund", "true"),
            ("after_sales.0.reason", "changed_mind"),
        ],
    ),
    "ship_package_blocked_response.json": (
        judged,
        [("error", "Conflict"), ("code", "21011007"), ("request_id", "202203070749000101890810281E8C70B7")],
    ),
    "token_get_response.json": (
        tokens,
        [
            ("external_id", ""),
            ("credential.access_token", "TTP_dummy_access_token"),
            ("credential.expires_at", datetime.fromtimestamp(1767830400, UTC)),
            ("credential.refresh_expires_at", datetime.fromtimestamp(1798761600, UTC)),
        ],
    ),
    "webhook_11_cancellation_status_change.json": (
        pushed,
        [
            ("orders", ("576486316948490001",)),
            ("requests", ("4035318504086604100",)),
            ("shop", "7494049642642441621"),
            ("changed_at", datetime.fromtimestamp(1644412885, UTC)),
        ],
    ),
    "webhook_11_cancelled_spelling.json": (
        pushed,
        [
            ("orders", ("576461413038785752",)),
            ("requests", ("4035318504086604100",)),
            ("event_id", "7494049642642441621/11/7327112393057371933"),
        ],
    ),
    "webhook_12_return_status_change.json": (
        pushed,
        [
            ("orders", ("576486316948490001",)),
            ("requests", ("576486316948490001",)),
            ("changed_at", datetime.fromtimestamp(1644412885, UTC)),
        ],
    ),
    "webhook_1_order_status_change.json": (
        pushed,
        [("orders", ("576486316948490001",)), ("requests", ()), ("kind", "1")],
    ),
    "webhook_4_package_update_combine.json": (
        pushed,
        [("orders", ("152523", "532123")), ("kind", "4"), ("authorisation", None)],
    ),
    "webhook_65_rma_status_update.json": (  # the batch return model: kept, and about nothing we read
        pushed,
        [("orders", ()), ("requests", ()), ("kind", "65"), ("shop", "1234567890")],
    ),
    "webhook_67_refund_success.json": (
        pushed,
        [("orders", ("789456123",)), ("requests", ()), ("shop", "123456")],
    ),
}


def at(value: Any, path: str) -> Any:
    for step in path.split("."):
        if step.isdigit():
            value = value[int(step)]
        elif isinstance(value, Mapping):
            value = value[step]
        else:
            value = getattr(value, step)
    return value


@needs_payloads
@pytest.mark.parametrize("name", sorted(TABLE))
async def test_an_example_becomes_what_it_says(name: str) -> None:
    assert FOLDER is not None, "ORDER_GATEWAY_REQUIRE_PAYLOADS is set, and there is no folder `shared`"
    reader, expected = TABLE[name]
    found = await reader(decode((FOLDER / name).read_bytes()))
    assert len(expected) >= 3
    for path, value in expected:
        told = at(found, path)
        assert (list(told) if isinstance(value, list) else told) == value, path


@needs_payloads
def test_every_example_is_in_the_table() -> None:
    assert FOLDER is not None
    assert {path.name for path in FOLDER.glob("*.json")} == set(TABLE)


@needs_payloads
@pytest.mark.parametrize("name", [name for name in sorted(TABLE) if name.startswith("webhook_")])
async def test_pushes_of_the_same_number_and_another_kind_are_two_events(name: str) -> None:
    """The published samples share one notification id over several kinds."""
    assert FOLDER is not None
    document: Any = decode((FOLDER / name).read_bytes())
    other = adapter.read_pushes(encode({**document, "type": 999}))[0]
    assert adapter.read_pushes(encode(document))[0].event_id != other.event_id
    assert asdict(other)["orders"] == ()


def test_news_about_authorisation_is_told() -> None:
    ended = adapter.read_pushes(b'{"type":6,"shop_id":"1","timestamp":1644412885,"data":{"message":"x"}}')[0]
    ending = adapter.read_pushes(b'{"type":7,"shop_id":"1","timestamp":1644412885,"data":{"expiration_time":1}}')[0]
    assert (ended.authorisation, ending.authorisation) == (AuthorisationNews.ended, AuthorisationNews.ending)
